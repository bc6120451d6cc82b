//! The HTTP of media.

use super::chunked;
use super::model::Media;
use super::operations::{self, Change};
use super::receive::{self, NewMedia};
use super::store;
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, page};
use crate::identity::Scope;
use crate::ids::MediaId;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

const READ: Access = Access::Scoped(Scope::PostsRead);
const WRITE: Access = Access::Scoped(Scope::PostsWrite);

const LOCATION: &[Parameter] = &[Parameter::new("Location", "The medium")];

const FILES: &[Parameter] = &[
    Parameter::new(
        "multipart/form-data",
        "The file as `file`, and its `alt_text` if it has one",
    ),
    Parameter::new("image/*", "The file itself"),
    Parameter::new("video/*", "The file itself"),
    Parameter::new("text/vtt", "Subtitles themselves"),
    Parameter::new("text/srt", "Subtitles themselves"),
    Parameter::new("application/x-subrip", "Subtitles themselves"),
    Parameter::new("application/octet-stream", "The file itself"),
];
const CHUNK: &[Parameter] = &[Parameter::new(
    "application/octet-stream",
    "The bytes of the chunk",
)];

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/media",
            "Upload a picture, a video or subtitles; have it fetched; or announce a large one that is sent in chunks",
            WRITE,
            handler!(upload),
        )
        .idempotent()
        .takes::<NewMedia>()
        .or_streams(FILES)
        .gives::<Media>(201, "It is there; or, announced, it may be sent in chunks")
        .with_answer_headers(LOCATION)
        .refuses(
            422,
            "It is nothing that can be posted (`not_a_media_file`), or cannot be had: `url_and_bytes`, `file_too_large`, `alt_text_too_long`, `too_many_redirects`, or what is wrong with the address; or a field is missing, unknown or of another type",
        )
        .refuses(502, "The address does not give the file: `url_unreachable`"),
        Route::new(Method::GET, "/media", "Media, newest first", READ, handler!(list))
            .asks::<ListQuery>()
            .gives::<Page<Media>>(200, "A page of media")
            .with_answer_headers(page::LINK),
        Route::new(
            Method::GET,
            "/media/{id}",
            "A medium, and how far its upload is",
            READ,
            handler!(get),
        )
        .gives::<Media>(200, "The medium"),
        Route::new(
            Method::PUT,
            "/media/{id}/chunks/{number}",
            "Send a chunk of a large file; in any order, and again after an interruption",
            WRITE,
            handler!(put_chunk),
        )
        .or_streams(CHUNK)
        .gives::<Media>(200, "The medium, with the chunks that are there")
        .refuses(409, "It takes no chunks: `not_uploading`"),
        Route::new(
            Method::POST,
            "/media/{id}/complete",
            "Say that all chunks are sent",
            WRITE,
            handler!(complete),
        )
        .gives::<Media>(200, "The medium, ready to be posted")
        .refuses(409, "It is not whole: `chunks_missing`")
        .refuses(422, "It is nothing that can be posted: `not_a_media_file`"),
        Route::new(
            Method::PATCH,
            "/media/{id}",
            "Change the alt text, or the subtitles of a video",
            WRITE,
            handler!(change),
        )
        .takes::<Change>()
        .gives::<Media>(200, "The medium as it is now")
        .refuses(
            422,
            "It cannot be described so: `alt_text_too_long`, `subtitles_not_there`, `no_video`, `invalid_language`; or there is nothing to change (`missing_field`)",
        ),
        Route::new(
            Method::DELETE,
            "/media/{id}",
            "Delete a medium that no post needs any more; what is on X stays there",
            WRITE,
            handler!(delete),
        )
        .gives_nothing(204, "It is gone")
        .refuses(409, "A post that is not sent yet needs it: `media_in_use`"),
    ]
}

async fn upload(app: App, call: Call) -> Result<Reply, Error> {
    receive::take(&app, call).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn list(app: App, call: Call) -> Result<Reply, Error> {
    let query: ListQuery = call.query()?;
    let before = page::cursor(query.cursor.as_deref(), MediaId::parse)?;
    let limit = page::limit(query.limit)?;
    let read = store::list(&call.caller()?.workspace_id, before.as_ref(), limit);
    let rows: Vec<store::MediaRow> = app.database.run(read).await?.all()?;
    let media: Vec<Media> = rows.into_iter().map(Media::from).collect();
    Page::of(media, limit, |one| one.id.to_string()).reply(&call)
}

async fn get(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("media", MediaId::parse)?;
    let row = receive::read(&app, &call.caller()?.workspace_id, &id).await?;
    Reply::ok(&Media::from(row))
}

async fn put_chunk(app: App, mut call: Call) -> Result<Reply, Error> {
    let id = call.id("media", MediaId::parse)?;
    Reply::ok(&chunked::take_chunk(&app, &mut call, &id).await?)
}

async fn complete(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("media", MediaId::parse)?;
    Reply::ok(&chunked::complete(&app, &call.caller()?.workspace_id, &id).await?)
}

async fn change(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("media", MediaId::parse)?;
    let workspace = &call.caller()?.workspace_id;
    Reply::ok(&operations::change(&app, workspace, &id, call.json()?).await?)
}

async fn delete(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("media", MediaId::parse)?;
    operations::delete(&app, &call.caller()?.workspace_id, &id).await?;
    Ok(Reply::no_content())
}
