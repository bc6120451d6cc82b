//! The HTTP of engagement. PUT and DELETE, since repeating either changes nothing.

use super::model::Engaged;
use super::operations::{self, Wish};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Parameter, Reply, Route};
use crate::identity::Scope;
use crate::ids::AccountId;
use crate::platforms::x::engage::Engagement;
use crate::platforms::x::status;
use http::Method;

const WRITE: Access = Access::Scoped(Scope::PostsWrite);

const LIKES: &str = "/accounts/{id}/likes/{post}";
const REPOSTS: &str = "/accounts/{id}/reposts/{post}";
const BOOKMARKS: &str = "/accounts/{id}/bookmarks/{post}";

const RETRY_AFTER: &[Parameter] = &[Parameter::new(
    "Retry-After",
    "When the window opens, in seconds",
)];

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let put =
        |path, summary, handler| described(Route::new(Method::PUT, path, summary, WRITE, handler));
    let delete = |path, summary, handler| {
        described(Route::new(Method::DELETE, path, summary, WRITE, handler))
    };
    vec![
        put(LIKES, "Like a post of X", handler!(like)),
        delete(LIKES, "Take a like back", handler!(unlike)),
        put(REPOSTS, "Repost a post of X", handler!(repost)),
        delete(REPOSTS, "Take a repost back", handler!(unrepost)),
        put(BOOKMARKS, "Bookmark a post of X", handler!(bookmark)),
        delete(BOOKMARKS, "Take a bookmark back", handler!(unbookmark)),
    ]
}

fn described(route: Route) -> Route {
    route
        .gives::<Engaged>(200, "It is so at X, now or already")
        .refuses(
            403,
            "Not for these credentials (`missing_scope`, `missing_role`); or X refuses it: `x_plan_forbids`, and `upstream` has X's own words",
        )
        .refuses(
            404,
            "There is no such account (`not_found`), or X has no such post (`x_not_found`)",
        )
        .refuses(
            409,
            "The account cannot: `x_missing_scope`, `auth_mismatch`, `x_account_locked`, or its grant is not good any more (`x_unauthorized`, `grant_revoked`, `token_refused`)",
        )
        .refuses(422, "`{post}` is not the id of a post: `not_a_post_link`")
        .refuses(
            429,
            "The account's window is used up: by our own count (`rate_limited`) or by X's (`x_rate_limited`, `x_usage_capped`); or a budget or quota is: `budget_used_up`, `quota_used_up`",
        )
        .with_answer_headers(RETRY_AFTER)
        .refuses(502, "X did not answer: `x_unreachable`. The same request again is safe")
}

async fn like(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Like, Wish::Do).await
}

async fn unlike(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Like, Wish::TakeBack).await
}

async fn repost(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Repost, Wish::Do).await
}

async fn unrepost(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Repost, Wish::TakeBack).await
}

async fn bookmark(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Bookmark, Wish::Do).await
}

async fn unbookmark(app: App, call: Call) -> Result<Reply, Error> {
    engage(&app, &call, Engagement::Bookmark, Wish::TakeBack).await
}

async fn engage(app: &App, call: &Call, what: Engagement, wish: Wish) -> Result<Reply, Error> {
    let account = call.id("account", AccountId::parse)?;
    // Whoever asks for `?dry_run=true` must not find the like at X.
    call.no_query()?;
    let text = call.path.get("post").map_or("", String::as_str);
    let post = status::named(text, &app.config.x.web_base)?;
    let workspace = &call.caller()?.workspace_id;
    Reply::ok(&operations::engage(app, workspace, &account, what, &post, wish).await?)
}
