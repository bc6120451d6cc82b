//! The HTTP of posts, history and statistics.

use super::change;
use super::create::{self, Created};
use super::edit;
use super::model::{Decision, Delivery, Edit, NewPost, Post, Publication, Source, Stats, Status};
use super::preview::{self, Preview, PreviewRequest};
use super::read::{self, Filter};
use super::resolve;
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, if_match, page};
use crate::identity::Scope;
use crate::ids::{AccountId, DeliveryId, PostId};
use crate::time::Timestamp;
use http::{HeaderName, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

/// What an instant of a cursor may be: whoever makes one up must not reach numbers that the database does not take.
const MILLIS_OF_A_CURSOR: std::ops::Range<i64> = 0..1 << 53;

const READ: Access = Access::Scoped(Scope::PostsRead);
const WRITE: Access = Access::Scoped(Scope::PostsWrite);

const CREATE_HEADERS: &[Parameter] = &[Parameter::new(
    "Prefer",
    "`wait=10` waits up to so many seconds (at most 30) for the outcome",
)];

const LOCATION: Parameter = Parameter::new("Location", "The post");
const ETAG: Parameter = Parameter::new("ETag", "The post's revision, for If-Match");
const TAGGED: &[Parameter] = &[ETAG];
const ACCEPTED_HEADERS: &[Parameter] = &[LOCATION, ETAG];
const RETRY_AFTER: &[Parameter] = &[Parameter::new(
    "Retry-After",
    "With `still_looking` and `being_sent`: when to come back, in seconds",
)];
const EDIT_HEADERS: &[Parameter] = &[Parameter::new(
    "If-Match",
    "The ETag of the post as it was read: the change is refused if there is another revision by now",
)];
const WAITED_HEADERS: &[Parameter] = &[
    LOCATION,
    ETAG,
    Parameter::new("Preference-Applied", "`wait=…`, as it was heeded"),
];

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = writing();
    routes.extend(deciding());
    routes.extend(looking_back());
    routes
}

fn writing() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/posts",
            "Accept a post or a thread, for now or for later",
            WRITE,
            handler!(accept),
        )
        .idempotent_by_itself()
        .with_headers(CREATE_HEADERS)
        .takes::<NewPost>()
        .gives::<Post>(
            201,
            "Every delivery has an outcome (only with Prefer: wait)",
        )
        .with_answer_headers(WAITED_HEADERS)
        .gives::<Post>(202, "The post is durable and on its way")
        .with_answer_headers(ACCEPTED_HEADERS)
        .refuses(
            422,
            "The post cannot be accepted as it is: `text_empty`, `text_too_long`, `text_invalid_character`, `text_and_thread`, `text_not_cut`, `text_not_split`, `invalid_thread`, `too_many_media`, `media_twice`, `not_together`, `invalid_poll`, `invalid_community`, `not_a_post_link`, `not_a_link`, `invalid_hashtag`, `too_many_hashtags`, `numbering_without_thread`, `numbering_of_thread`, `link_without_truncate`, `edit_of_one_account`, `edit_too_late`, `edit_needs_premium`, `post_too_large`, `auth_mismatch`, `invalid_accounts`, `unknown_account`, `duplicate_account`, `account_needs_reconnect`, `publish_at_past`, `publish_at_too_far`, `unknown_timezone`; or a field is missing, unknown or of another type",
        ),
        Route::new(
            Method::POST,
            "/posts/preview",
            "Look at what a post would become on each account, and what it would cost; nothing is sent",
            READ,
            handler!(look_ahead),
        )
        .takes::<PreviewRequest>()
        .gives::<Preview>(200, "What it would become")
        .refuses(
            422,
            "It cannot be looked at: `unknown_account`, `unknown_platform`; or a field is unknown or of another type",
        ),
        Route::new(
            Method::GET,
            "/posts",
            "Posts, newest first",
            READ,
            handler!(list),
        )
        .asks::<ListQuery>()
        .gives::<Page<Post>>(200, "A page of posts")
        .with_answer_headers(page::LINK),
        Route::new(
            Method::GET,
            "/posts/{id}",
            "A post with its deliveries, parts and attempts",
            READ,
            handler!(get),
        )
        .gives::<Post>(200, "The post")
        .with_answer_headers(TAGGED),
        Route::new(
            Method::PATCH,
            "/posts/{id}",
            "Change a post that nobody has begun to send",
            WRITE,
            handler!(change_it),
        )
        .with_headers(EDIT_HEADERS)
        .takes::<Edit>()
        .gives::<Post>(200, "The post as it is now")
        .with_answer_headers(TAGGED)
        .refuses(
            409,
            "It is too late for a change: `being_published`, `already_final`",
        )
        .refuses(
            412,
            "The post is of another revision than If-Match says: `revision_changed`",
        )
        .refuses(
            422,
            "The post cannot become what is asked for: the codes of a new post; or there is nothing to change (`missing_field`)",
        ),
    ]
}

fn deciding() -> Vec<Route> {
    vec![
        Route::new(
            Method::DELETE,
            "/posts/{id}",
            "Take back what has not been sent; with `platform=true` also delete what is on X",
            WRITE,
            handler!(cancel),
        )
        .asks::<CancelQuery>()
        .gives::<Post>(
            200,
            "The post, with what could be taken back canceled, and what is on X about to be deleted there where that was asked for",
        )
        .with_answer_headers(TAGGED)
        .refuses(
            409,
            "There is nothing to take back or delete: `being_published`, `already_final`, `nothing_to_delete`, `account_unlinked`",
        ),
        Route::new(
            Method::POST,
            "/posts/{id}/approve",
            "Let a draft go, or what waits for approval; once more changes nothing",
            WRITE,
            handler!(approve),
        )
        .with_headers(EDIT_HEADERS)
        .gives::<Post>(202, "The post, on its way or scheduled")
        .with_answer_headers(TAGGED)
        .refuses(409, "It was taken back: `already_final`")
        .refuses(412, "It is of another revision by now: `revision_changed`"),
        Route::new(
            Method::POST,
            "/posts/{id}/retry",
            "Send again what failed or was missed; what waits is tried now",
            WRITE,
            handler!(retry),
        )
        .gives::<Post>(202, "The post, on its way again")
        .with_answer_headers(TAGGED)
        .refuses(409, "There is nothing to retry: `nothing_to_retry`"),
        Route::new(
            Method::POST,
            "/deliveries/{id}/resolve",
            "Decide about a delivery of which nobody can say whether it is on X: it is there, send it again, or give it up",
            WRITE,
            handler!(decide),
        )
        .takes::<Decision>()
        .gives::<Delivery>(200, "The delivery as it then stands")
        .refuses(
            409,
            "There is nothing to decide, or not yet: `nothing_to_decide`, `still_looking`, `being_sent`, `account_unlinked`; or the link contradicts what is known: `sent_as_another_post`, `post_taken`",
        )
        .with_answer_headers(RETRY_AFTER)
        .refuses(
            422,
            "The link cannot be what was sent: `not_a_post_link`, `post_of_another_account`, `post_in_the_future`, `post_too_old`; or `url_not_wanted`; or a field is missing, unknown or of another type",
        ),
    ]
}

fn looking_back() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/history",
            "What was published, newest first",
            READ,
            handler!(history),
        )
        .asks::<HistoryQuery>()
        .gives::<Page<Publication>>(200, "A page of publications")
        .with_answer_headers(page::LINK),
        Route::new(
            Method::GET,
            "/stats",
            "How many deliveries are in which state, by account and by day",
            READ,
            handler!(stats),
        )
        .gives::<Stats>(200, "The counts"),
    ]
}

async fn accept(app: App, call: Call) -> Result<Reply, Error> {
    // Whoever asks for `?dry_run=true` must not find the post on X.
    call.no_query()?;
    let (id, reply) = match create::create(&app, &call).await? {
        Created::New(id, reply) | Created::Replayed(id, reply) => (id, reply),
    };
    // What was accepted then, and is repeated now, was the first revision.
    let reply = reply.with_header(header::ETAG, &tag(1));
    let Some(seconds) = change::wait_seconds(call.header("prefer")) else {
        return Ok(reply);
    };
    // The post is accepted: a failure to look at it must not look like a failure to accept it.
    let workspace = &call.caller()?.workspace_id;
    let Ok(post) = change::outcome(&app, workspace, &id, seconds).await else {
        return Ok(reply);
    };
    let known = post
        .deliveries
        .iter()
        .all(|delivery| delivery.state.is_final());
    let status = if known {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let applied = HeaderName::from_static("preference-applied");
    let mut answer = tagged(status, &post)?;
    let others = reply.headers.into_iter();
    answer
        .headers
        .extend(others.filter(|(name, _)| name != header::ETAG));
    Ok(answer.with_header(applied, &format!("wait={seconds}")))
}

/// The entity tag of a revision.
fn tag(revision: u32) -> String {
    format!("\"{revision}\"")
}

fn tagged(status: StatusCode, post: &Post) -> Result<Reply, Error> {
    Ok(Reply::json(status, post)?.with_header(header::ETAG, &tag(post.revision)))
}

async fn look_ahead(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&preview::preview(&app, &call.caller()?.workspace_id, call.json()?).await?)
}

async fn get(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("post", PostId::parse)?;
    let post = read::post(&app, &call.caller()?.workspace_id, &id).await?;
    tagged(StatusCode::OK, &post)
}

async fn change_it(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("post", PostId::parse)?;
    let revisions = if_match::revisions(&call)?;
    let workspace = &call.caller()?.workspace_id;
    let post = edit::edit(&app, workspace, &id, call.json()?, revisions.as_deref()).await?;
    tagged(StatusCode::OK, &post)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CancelQuery {
    /// Whether to delete it on X as well, where it is there; of a thread the last part first. The history keeps it. Of a
    /// post that was edited at X, X deletes all versions together.
    #[serde(default)]
    platform: bool,
}

async fn cancel(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("post", PostId::parse)?;
    let caller = call.caller()?;
    let query: CancelQuery = call.query()?;
    let post = if query.platform {
        change::delete(&app, caller, &id).await?
    } else {
        change::cancel(&app, &caller.workspace_id, &id).await?
    };
    tagged(StatusCode::OK, &post)
}

async fn approve(app: App, call: Call) -> Result<Reply, Error> {
    let (id, revisions) = (call.id("post", PostId::parse)?, if_match::revisions(&call)?);
    let post = change::approve(&app, call.caller()?, &id, revisions.as_deref()).await?;
    tagged(StatusCode::ACCEPTED, &post)
}

async fn retry(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("post", PostId::parse)?;
    let post = change::retry(&app, &call.caller()?.workspace_id, &id).await?;
    tagged(StatusCode::ACCEPTED, &post)
}

async fn decide(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("delivery", DeliveryId::parse)?;
    Reply::ok(&resolve::resolve(&app, call.caller()?, &id, call.json()?).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Only posts of this status.
    status: Option<Status>,
    /// Only posts that go to this account.
    account: Option<AccountId>,
    /// Only posts from this source.
    source: Option<Source>,
    /// Only posts accepted at this instant or later.
    #[schemars(with = "Option<Timestamp>")]
    from: Option<String>,
    /// Only posts accepted before this instant.
    #[schemars(with = "Option<Timestamp>")]
    to: Option<String>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn list(app: App, call: Call) -> Result<Reply, Error> {
    let query: ListQuery = call.query()?;
    let before = page::cursor(query.cursor.as_deref(), PostId::parse)?;
    let filter = Filter {
        status: query.status,
        account: query.account,
        source: query.source,
        from: page::instant("from", query.from.as_deref())?,
        to: page::instant("to", query.to.as_deref())?,
        limit: page::limit(query.limit)?,
    };
    let posts = read::list(&app, &call.caller()?.workspace_id, &filter, before.as_ref()).await?;
    Page::of(posts, filter.limit, |post| post.id.to_string()).reply(&call)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    /// Only what was published on this account.
    account: Option<AccountId>,
    /// Only what was published at this instant or later.
    #[schemars(with = "Option<Timestamp>")]
    from: Option<String>,
    /// Only what was published before this instant.
    #[schemars(with = "Option<Timestamp>")]
    to: Option<String>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn history(app: App, call: Call) -> Result<Reply, Error> {
    let query: HistoryQuery = call.query()?;
    let before = page::cursor(query.cursor.as_deref(), read_history_cursor)?;
    let filter = Filter {
        account: query.account,
        from: page::instant("from", query.from.as_deref())?,
        to: page::instant("to", query.to.as_deref())?,
        limit: page::limit(query.limit)?,
        ..Filter::default()
    };
    let publications =
        read::history(&app, &call.caller()?.workspace_id, &filter, before.as_ref()).await?;
    Page::of(publications, filter.limit, |one| {
        format!("{} {}", one.published_at.millis(), one.delivery_id)
    })
    .reply(&call)
}

fn read_history_cursor(key: &str) -> Option<(Timestamp, DeliveryId)> {
    let (at, id) = key.split_once(' ')?;
    let at = at
        .parse()
        .ok()
        .filter(|at| MILLIS_OF_A_CURSOR.contains(at))?;
    Some((Timestamp::from_millis(at), DeliveryId::parse(id)?))
}

async fn stats(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&read::stats(&app, &call.caller()?.workspace_id).await?)
}
