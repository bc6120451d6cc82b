//! The HTTP of insights.

use super::model::{AccountInsights, Info, PostInsights, Trends};
use super::{account, lists, posts};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, page as paging};
use crate::identity::Scope;
use crate::ids::AccountId;
use crate::platforms::x::read::PageOf;
use crate::platforms::x::shown::{Post, User};
use crate::platforms::x::status;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::RangeInclusive;

const READ: Access = Access::Scoped(Scope::AccountsRead);

/// How many items X is asked for unless told otherwise: each costs money.
const LIMIT_DEFAULT: u32 = 20;
/// How many posts X gives on a page (<https://docs.x.com/x-api/users/get-posts>).
const POSTS: RangeInclusive<u32> = 5..=100;
/// How many users are given on a page; X gives up to 1,000, which cost $10.
const USERS: RangeInclusive<u32> = 1..=100;
/// How many trends X gives (<https://docs.x.com/x-api/trends/get-trends-by-woeid>).
const TRENDS: RangeInclusive<u32> = 1..=50;
/// Over how many days insights go.
const DAYS: RangeInclusive<u32> = 1..=90;
const DAYS_DEFAULT: u32 = 28;
/// The world.
const WOEID_DEFAULT: u32 = 1;
/// How long a word for a search may be, by X's OpenAPI document.
const WORDS_MAX: usize = 50;
/// X's tokens for pages are some thirty characters long.
const TOKEN_MAX: usize = 500;

const RETRY_AFTER: &[Parameter] = &[Parameter::new(
    "Retry-After",
    "When the window opens, in seconds",
)];

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let get = |path, summary, handler| Route::new(Method::GET, path, summary, READ, handler);
    let mut routes = vec![
        get(
            "/accounts/{id}/info",
            "An account as X shows it, an hour old at most; older when X does not answer",
            handler!(info),
        )
        .gives::<Info>(200, "The account"),
        get(
            "/accounts/{id}/insights",
            "How an account did: followers, totals, averages, engagement rate, top post; a quarter of an hour old at most",
            handler!(insights),
        )
        .asks::<Days>()
        .gives::<AccountInsights>(200, "How it did"),
        get(
            "/accounts/{id}/timeline",
            "What an account posted, newest first",
            handler!(timeline),
        )
        .asks::<PostsPage>()
        .gives::<Page<Post>>(200, "A page of posts")
        .with_answer_headers(paging::LINK),
        get(
            "/accounts/{id}/mentions",
            "What others posted with an account's name in it, newest first",
            handler!(mentions),
        )
        .asks::<PostsPage>()
        .gives::<Page<Post>>(200, "A page of posts")
        .with_answer_headers(paging::LINK),
        get(
            "/x/posts/{post}/insights",
            "How a post does; of own posts of the last 30 days with link and profile clicks",
            handler!(of_post),
        )
        .asks::<As>()
        .gives::<PostInsights>(200, "How it does"),
        get(
            "/x/users/search",
            "Users of X by name",
            handler!(search_users),
        )
        .asks::<UsersPage>()
        .gives::<Page<User>>(200, "A page of users")
        .with_answer_headers(paging::LINK),
        get(
            "/trends",
            "What is talked about at a place",
            handler!(trends),
        )
        .asks::<Place>()
        .gives::<Trends>(200, "The trends"),
    ];
    routes = routes.into_iter().map(refusing).collect();
    routes
}

fn refusing(route: Route) -> Route {
    route
        .refuses(
            403,
            "Not for these credentials (`missing_scope`, `missing_role`); or X refuses it: `x_plan_forbids`, and `upstream` has X's own words",
        )
        .refuses(
            404,
            "There is no such account (`not_found`), or X has no such thing (`x_not_found`)",
        )
        .refuses(
            409,
            "There is no account to ask as (`no_account`), or the account cannot: `x_missing_scope`, `auth_mismatch`, `x_account_locked`, or its grant is not good any more (`x_unauthorized`, `grant_revoked`, `token_refused`); or X does not take the request (`x_request_rejected`), such as a cursor that is too old",
        )
        .refuses(
            429,
            "The window is used up: by our own count (`rate_limited`) or by X's (`x_rate_limited`, `x_usage_capped`); or a budget or quota is: `budget_used_up`, `quota_used_up`",
        )
        .with_answer_headers(RETRY_AFTER)
        .refuses(502, "X did not answer: `x_unreachable`")
}

async fn info(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("account", AccountId::parse)?;
    call.no_query()?;
    Reply::ok(&account::info(&app, &call.caller()?.workspace_id, &id).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Over how many days, until now.
    #[schemars(range(min = 1, max = 90), extend("default" = 28))]
    days: Option<u32>,
}

async fn insights(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("account", AccountId::parse)?;
    let asked: Days = call.query()?;
    let days = within("days", asked.days, DAYS_DEFAULT, &DAYS)?;
    let workspace = &call.caller()?.workspace_id;
    Reply::ok(&account::insights(&app, workspace, &id, days).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PostsPage {
    /// How many, at most: X bills each.
    #[schemars(range(min = 5, max = 100), extend("default" = 20))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn timeline(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("account", AccountId::parse)?;
    let asked: PostsPage = call.query()?;
    let next = token(asked.cursor.as_deref())?;
    let page = PageOf {
        limit: within("limit", asked.limit, LIMIT_DEFAULT, &POSTS)?,
        next: next.as_deref(),
    };
    let workspace = &call.caller()?.workspace_id;
    let posts = lists::timeline(&app, workspace, &id, page).await?;
    posts.reply(&call)
}

async fn mentions(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("account", AccountId::parse)?;
    let asked: PostsPage = call.query()?;
    let next = token(asked.cursor.as_deref())?;
    let page = PageOf {
        limit: within("limit", asked.limit, LIMIT_DEFAULT, &POSTS)?,
        next: next.as_deref(),
    };
    let workspace = &call.caller()?.workspace_id;
    let posts = lists::mentions(&app, workspace, &id, page).await?;
    posts.reply(&call)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct As {
    /// The account to ask as; else the newest that may, or the app itself.
    account: Option<AccountId>,
}

async fn of_post(app: App, call: Call) -> Result<Reply, Error> {
    let asked: As = call.query()?;
    let text = call.path.get("post").map_or("", String::as_str);
    let post = status::named(text, &app.config.x.web_base)?;
    let workspace = &call.caller()?.workspace_id;
    Reply::ok(&posts::insights(&app, workspace, asked.account.as_ref(), &post).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UsersPage {
    /// Up to 50 letters of English, digits, blanks, `_` and `'`.
    #[schemars(length(min = 1, max = 50))]
    query: String,
    /// The account to ask as; else the newest that may.
    account: Option<AccountId>,
    /// How many, at most: X bills each.
    #[schemars(range(min = 1, max = 100), extend("default" = 20))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn search_users(app: App, call: Call) -> Result<Reply, Error> {
    let asked: UsersPage = call.query()?;
    let next = token(asked.cursor.as_deref())?;
    let page = PageOf {
        limit: within("limit", asked.limit, LIMIT_DEFAULT, &USERS)?,
        next: next.as_deref(),
    };
    let words = words(&asked.query)?;
    let workspace = &call.caller()?.workspace_id;
    let users = lists::search_users(&app, workspace, asked.account.as_ref(), words, page).await?;
    users.reply(&call)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    /// Where, as Yahoo numbered places: 1 is the world, 23424977 the United States.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("default" = 1))]
    woeid: Option<u32>,
    /// The account to ask as; else the newest that may, or the app itself.
    account: Option<AccountId>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 50), extend("default" = 20))]
    limit: Option<u32>,
}

async fn trends(app: App, call: Call) -> Result<Reply, Error> {
    const WOEIDS: RangeInclusive<u32> = 1..=i32::MAX.unsigned_abs();
    let asked: Place = call.query()?;
    let woeid = within("woeid", asked.woeid, WOEID_DEFAULT, &WOEIDS)?;
    let limit = within("limit", asked.limit, LIMIT_DEFAULT, &TRENDS)?;
    let workspace = &call.caller()?.workspace_id;
    let account = asked.account.as_ref();
    Reply::ok(&lists::trends(&app, workspace, account, woeid, limit).await?)
}

fn within(
    name: &str,
    asked: Option<u32>,
    default: u32,
    range: &RangeInclusive<u32>,
) -> Result<u32, Error> {
    let number = asked.unwrap_or(default);
    if range.contains(&number) {
        return Ok(number);
    }
    let code = if name == "limit" {
        "invalid_limit"
    } else {
        "invalid_value"
    };
    let detail = format!("{name} must be from {} to {}.", range.start(), range.end());
    Err(Error::invalid_field(name, code, detail))
}

/// X's token that a cursor stands for.
fn token(cursor: Option<&str>) -> Result<Option<String>, Error> {
    let is_token = |token: &str| {
        (1..=TOKEN_MAX).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic())
    };
    paging::cursor(cursor, |key| is_token(key).then(|| key.to_owned()))
}

/// What X takes for a search; a name is found with and without its `@`.
fn words(query: &str) -> Result<&str, Error> {
    let words = query.trim();
    let words = words.strip_prefix('@').unwrap_or(words);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_' ".contains(&b);
    if (1..=WORDS_MAX).contains(&words.len()) && words.bytes().all(fits) {
        return Ok(words);
    }
    Err(Error::invalid_field(
        "query",
        "invalid_value",
        "X searches for 1 to 50 letters of English, digits, blanks, _ and '.",
    ))
}
