//! Describing media, deleting them, and clearing away what never became whole.

use super::inspect::Kind;
use super::model::{Media, Status, Subtitles, chunks, piece};
use super::receive::{check_alt_text, read};
use super::store::{self, MediaRow, Unfinished};
use crate::app::App;
use crate::error::{Error, Kind as ErrorKind};
use crate::http::Given;
use crate::ids::{MediaId, WorkspaceId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What a person changes about a medium.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MediaChange")]
pub struct Change {
    /// What it shows, for those who do not see it: up to 1,000 characters; null: nothing is said.
    #[serde(default)]
    #[schemars(with = "Option<String>", length(max = 1_000))]
    pub alt_text: Given<String>,
    /// Of a video, its subtitles, one entry a language; null or an empty list: none.
    #[serde(default)]
    #[schemars(with = "Option<Vec<Subtitles>>")]
    pub subtitles: Given<Vec<Subtitles>>,
}

/// Changes how a medium is described. What was posted with it before stays as it is at the platform.
///
/// # Errors
/// [`ErrorKind::NotFound`]; [`ErrorKind::Invalid`] by field.
pub async fn change(
    app: &App,
    workspace: &WorkspaceId,
    id: &MediaId,
    change: Change,
) -> Result<Media, Error> {
    let row = read(app, workspace, id).await?;
    check_alt_text(change.alt_text.value().map(String::as_str))?;
    let alt_text = match change.alt_text {
        Given::Value(text) if text.is_empty() => Given::Null,
        given => given,
    };
    let subtitles = match change.subtitles {
        Given::Nothing => Given::Nothing,
        Given::Value(list) if !list.is_empty() => {
            check_subtitles(app, workspace, &row, &list).await?;
            Given::Value(serde_json::to_string(&list).unwrap_or_default())
        }
        Given::Null | Given::Value(_) => Given::Null,
    };
    if !alt_text.is_given() && !subtitles.is_given() {
        return Err(Error::invalid_field(
            "/alt_text",
            "missing_field",
            "There is nothing to change: neither an alt_text nor subtitles.",
        ));
    }
    let statements = store::change(workspace, id, &alt_text, &subtitles, app.now());
    app.database.batch(statements.into()).await?;
    Ok(read(app, workspace, id).await?.into())
}

async fn check_subtitles(
    app: &App,
    workspace: &WorkspaceId,
    video: &MediaRow,
    list: &[Subtitles],
) -> Result<(), Error> {
    if !list.is_empty() && video.kind != Some(Kind::Video) {
        return Err(Error::invalid_field(
            "/subtitles",
            "no_video",
            "Only a video has subtitles.",
        ));
    }
    let files = store::read_many(workspace, list.iter().map(|one| &one.media_id));
    let files: Vec<MediaRow> = app.database.run(files).await?.all()?;
    for (index, one) in list.iter().enumerate() {
        let code = one.language_code.as_bytes();
        if code.len() != 2 || !code.iter().all(u8::is_ascii_uppercase) {
            return Err(Error::invalid_field(
                format!("/subtitles/{index}/language_code"),
                "invalid_language",
                "A language is two capital letters, such as EN.",
            ));
        }
        let name = one.display_name.chars().count();
        if !(1..=100).contains(&name) {
            return Err(Error::invalid_field(
                format!("/subtitles/{index}/display_name"),
                "invalid_language",
                "The name of a language has 1 to 100 characters.",
            ));
        }
        let file = files.iter().find(|file| file.id == one.media_id);
        let is_good = file
            .is_some_and(|file| file.status == Status::Ready && file.kind == Some(Kind::Subtitles));
        if !is_good {
            return Err(Error::invalid_field(
                format!("/subtitles/{index}/media_id"),
                "subtitles_not_there",
                "There is no file of subtitles of this id in this workspace.",
            ));
        }
    }
    Ok(())
}

/// Deletes a medium: its row is marked, its pieces go, and then the row. If the process ends in between, the daily clean-up
/// goes on.
///
/// # Errors
/// [`ErrorKind::NotFound`]; `media_in_use`.
pub async fn delete(app: &App, workspace: &WorkspaceId, id: &MediaId) -> Result<(), Error> {
    let row = read(app, workspace, id).await?;
    let sets = app
        .database
        .batch(store::delete(workspace, id).into())
        .await?;
    if sets.first().is_none_or(|deleted| deleted.rows.is_empty()) {
        // Somebody else may have deleted it meanwhile.
        read(app, workspace, id).await?;
        return Err(Error::new(
            ErrorKind::Conflict,
            "media_in_use",
            "A post that is not sent yet needs this file.",
            "Cancel or change the post first (DELETE or PATCH /api/v1/posts/{id}).",
        ));
    }
    // It is deleted whatever becomes of this.
    if let Err(error) = clear(app, workspace, id, row.bytes).await {
        app.warn(
            "pieces_left",
            &json!({ "media": id, "internal": error.internal }),
        );
    }
    Ok(())
}

/// The pieces go first, so that what is interrupted is found again by its row.
async fn clear(app: &App, workspace: &WorkspaceId, id: &MediaId, bytes: u64) -> Result<(), Error> {
    let keys = (0..chunks(bytes)).map(|chunk| piece(id, chunk)).collect();
    app.blobs.delete(keys).await?;
    app.database.run(store::clear(workspace, id)).await?;
    Ok(())
}

/// Clears away what never became whole within a day, and what is left of what was deleted; gives how many.
///
/// # Errors
/// When the database or the bucket does not answer.
pub async fn clear_unfinished(app: &App) -> Result<u32, Error> {
    let found = app.database.run(store::unfinished(app.now())).await?;
    let unfinished: Vec<Unfinished> = found.all()?;
    let mut cleared = 0;
    for one in &unfinished {
        clear(app, &one.workspace_id, &one.id, one.bytes).await?;
        cleared += 1;
    }
    Ok(cleared)
}
