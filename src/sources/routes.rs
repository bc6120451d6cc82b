//! The HTTP of sources, and the hub's address.

use super::change;
use super::items;
use super::model::{Item, ItemState, Source, State};
use super::notice::{self, Received};
use super::operations::{self, tag};
use super::rehearse::{self, Rehearsal};
use super::settings::{Change, NewSource};
use super::websub::{self, Verification};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, if_match, page};
use crate::identity::Scope;
use crate::ids::SourceId;
use http::{Method, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

const READ: Access = Access::Scoped(Scope::PostsRead);
const WRITE: Access = Access::Scoped(Scope::PostsWrite);

const HOOK: &str = "/hooks/websub/{token}";
const ETAG: Parameter = Parameter::new("ETag", "The source's revision, for If-Match");
const TAGGED: &[Parameter] = &[ETAG];
const MADE: &[Parameter] = &[Parameter::new("Location", "The source"), ETAG];
const CHANGE_HEADERS: &[Parameter] = &[Parameter::new(
    "If-Match",
    "The ETag of the source as it was read: the change is refused if there is another revision by now",
)];
const VERIFICATION: &[Parameter] = &[
    Parameter::new("hub.mode", "`subscribe`, `unsubscribe` or `denied`"),
    Parameter::new("hub.topic", "The feed that it is about"),
    Parameter::new("hub.challenge", "What is to be sent back"),
    Parameter::new("hub.lease_seconds", "For how long the hub will send"),
    Parameter::new("hub.reason", "Why it was denied"),
];
const SIGNATURE: &[Parameter] = &[Parameter::new(
    "X-Hub-Signature",
    "`method=hex`, an HMAC of the body with the subscription's secret",
)];

const WRONG: &str = "The source cannot be as it is: `invalid_channel`, `unknown_channel`, `invalid_template`, `template_too_long`, `invalid_hashtag`, `too_many_hashtags`, `invalid_word`, `too_many_words`, `invalid_delay`, `invalid_max_per_day`, `invalid_accounts`, `unknown_account`, `duplicate_account`, `account_needs_reconnect`, `auth_mismatch`; or a field is missing, unknown or of another type";
const UNREACHABLE: &str = "The channel could not be looked up: `youtube_unreachable`";

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = making();
    routes.extend(looking());
    routes.extend(hooks());
    routes
}

fn making() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/sources/youtube",
            "Follow a YouTube channel: each new Short becomes a post, once",
            WRITE,
            handler!(connect),
        )
        .idempotent()
        .takes::<NewSource>()
        .gives::<Source>(
            201,
            "Followed from now on; what was published before is not posted",
        )
        .with_answer_headers(MADE)
        .refuses(
            409,
            "Another source would post the same: `source_exists`; or there may be no more sources: `too_many_sources`",
        )
        .refuses(422, WRONG)
        .refuses(502, UNREACHABLE),
        Route::new(
            Method::PATCH,
            "/sources/{id}",
            "Change a source; another channel begins anew",
            WRITE,
            handler!(change),
        )
        .with_headers(CHANGE_HEADERS)
        .takes::<Change>()
        .gives::<Source>(200, "The source as it is now")
        .with_answer_headers(TAGGED)
        .refuses(409, "Another source would post the same: `source_exists`")
        .refuses(412, "It is of another revision by now: `revision_changed`")
        .refuses(422, WRONG)
        .refuses(502, UNREACHABLE),
        Route::new(
            Method::DELETE,
            "/sources/{id}",
            "Delete a source; its posts stay",
            WRITE,
            handler!(delete),
        )
        .gives_nothing(204, "Deleted"),
        Route::new(
            Method::POST,
            "/sources/{id}/pause",
            "Pause a source; once more changes nothing",
            WRITE,
            handler!(pause),
        )
        .gives::<Source>(200, "Paused")
        .with_answer_headers(TAGGED),
        Route::new(
            Method::POST,
            "/sources/{id}/resume",
            "Resume a source; what was published meanwhile is not posted",
            WRITE,
            handler!(resume),
        )
        .gives::<Source>(200, "Active")
        .with_answer_headers(TAGGED),
    ]
}

fn looking() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/sources",
            "Sources, newest first, each with how new videos are noticed",
            READ,
            handler!(list),
        )
        .asks::<Listing>()
        .gives::<Page<Source>>(200, "A page of sources")
        .with_answer_headers(page::LINK),
        Route::new(
            Method::GET,
            "/sources/{id}",
            "One source, with how new videos are noticed and whether that works",
            READ,
            handler!(get),
        )
        .gives::<Source>(200, "The source")
        .with_answer_headers(TAGGED),
        Route::new(
            Method::POST,
            "/sources/{id}/test",
            "What the channel's newest video would become; nothing is sent",
            READ,
            handler!(test),
        )
        .gives::<Rehearsal>(200, "What it would become")
        .refuses(404, "Of a channel that has published nothing yet: `nothing_to_test`")
        .refuses(502, "Nothing is known of the channel yet, and it could not be looked at: `youtube_unreachable`"),
        Route::new(
            Method::GET,
            "/sources/{id}/items",
            "What a source has seen, newest first: what became of each video, and why",
            READ,
            handler!(items),
        )
        .asks::<ItemListing>()
        .gives::<Page<Item>>(200, "A page of items")
        .with_answer_headers(page::LINK),
    ]
}

fn hooks() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            HOOK,
            "For YouTube's hub: it asks whether its subscription is wanted",
            Access::Public,
            handler!(verify),
        )
        .at_the_root()
        .with_query(VERIFICATION)
        .gives_other(200, "It is: the challenge, to the letter", "text/plain")
        .refuses(404, "It is not, or not like this"),
        Route::new(
            Method::POST,
            HOOK,
            "For YouTube's hub: it announces what is new",
            Access::Public,
            handler!(receive),
        )
        .at_the_root()
        .with_headers(SIGNATURE)
        .gives_nothing(204, "It has arrived, whatever it is worth")
        .gives_nothing(410, "Nobody wants it any more")
        .refuses(404, "There is nothing at this address: `not_found`"),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Only sources that stand so.
    state: Option<State>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ItemListing {
    /// Only items that stand so.
    state: Option<ItemState>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn connect(app: App, call: Call) -> Result<Reply, Error> {
    let new: NewSource = call.json()?;
    operations::connect(&app, call.caller()?, &new, &call.once).await
}

async fn change(app: App, call: Call) -> Result<Reply, Error> {
    let (id, revisions) = (id(&call)?, if_match::revisions(&call)?);
    let change: Change = call.json()?;
    let changed = change::change(&app, call.caller()?, &id, &change, revisions.as_deref());
    tagged(&changed.await?)
}

async fn delete(app: App, call: Call) -> Result<Reply, Error> {
    change::delete(&app, call.caller()?, &id(&call)?).await?;
    Ok(Reply::no_content())
}

async fn pause(app: App, call: Call) -> Result<Reply, Error> {
    tagged(&change::pause(&app, call.caller()?, &id(&call)?).await?)
}

async fn resume(app: App, call: Call) -> Result<Reply, Error> {
    tagged(&change::resume(&app, call.caller()?, &id(&call)?).await?)
}

async fn list(app: App, call: Call) -> Result<Reply, Error> {
    let asked: Listing = call.query()?;
    let limit = page::limit(asked.limit)?;
    let before = page::cursor(asked.cursor.as_deref(), SourceId::parse)?;
    let workspace = &call.caller()?.workspace_id;
    operations::list(&app, workspace, asked.state, before.as_ref(), limit)
        .await?
        .reply(&call)
}

async fn get(app: App, call: Call) -> Result<Reply, Error> {
    tagged(&operations::get(&app, &call.caller()?.workspace_id, &id(&call)?).await?)
}

async fn test(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&rehearse::rehearse(&app, &call.caller()?.workspace_id, &id(&call)?).await?)
}

async fn items(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    let asked: ItemListing = call.query()?;
    let limit = page::limit(asked.limit)?;
    let before = page::cursor(asked.cursor.as_deref(), items::cursor)?;
    let workspace = &call.caller()?.workspace_id;
    items::list(&app, workspace, &id, asked.state, before, limit)
        .await?
        .reply(&call)
}

async fn verify(app: App, call: Call) -> Result<Reply, Error> {
    let asked = Verification::read(&call.query);
    let confirmed = websub::verify(&app, token(&call), &asked).await?;
    let challenge = confirmed.ok_or_else(nothing_here)?;
    // As text, and marked as nothing else (http/router.rs): a browser must not be made to run it.
    Ok(Reply::bytes(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        challenge.into_bytes(),
    ))
}

async fn receive(app: App, call: Call) -> Result<Reply, Error> {
    let signed = call.header("x-hub-signature");
    let mut reply = Reply::no_content();
    match notice::receive(&app, token(&call), signed, &call.body).await? {
        Received::Yes => {}
        Received::Gone => reply.status = StatusCode::GONE,
        Received::Unknown => return Err(nothing_here()),
    }
    Ok(reply)
}

fn token(call: &Call) -> &str {
    call.path.get("token").map_or("", String::as_str)
}

fn nothing_here() -> Error {
    Error::not_found("subscription")
}

fn tagged(source: &Source) -> Result<Reply, Error> {
    Ok(Reply::ok(source)?.with_header(header::ETAG, &tag(source.revision)))
}

fn id(call: &Call) -> Result<SourceId, Error> {
    call.id("source", SourceId::parse)
}
