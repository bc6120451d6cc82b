//! The HTTP of budgets and usage.

use super::operations::{self, Budgets, Limits};
use super::said::{self, XUsage};
use super::usage::{self, Asked, Usage};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Reply, Route, page};
use crate::identity::Scope;
use crate::ids::{AccountId, WorkspaceId};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

const READ: Access = Access::Scoped(Scope::AccountsRead);
const ADMIN: Access = Access::Scoped(Scope::Admin);
const OF_WORKSPACE: &str = "/workspaces/{id}/budgets";
const OF_ACCOUNT: &str = "/accounts/{id}/budgets";

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let get =
        |path, summary, access, handler| Route::new(Method::GET, path, summary, access, handler);
    let put = |path, summary, handler| Route::new(Method::PUT, path, summary, ADMIN, handler);
    vec![
        get(
            OF_WORKSPACE,
            "What the workspace and its accounts may spend, post and read, and what of it is used",
            READ,
            handler!(of_workspace),
        )
        .gives::<Budgets>(200, "The limits; the first 1,000"),
        put(
            OF_WORKSPACE,
            "Set the budgets and quotas of the workspace; what waits for one asks again at once",
            handler!(set_workspace),
        )
        .takes::<Limits>()
        .gives::<Budgets>(200, "The limits, as they are from now on"),
        get(
            OF_ACCOUNT,
            "What an account may spend, post and read, and what of it is used",
            READ,
            handler!(of_account),
        )
        .gives::<Budgets>(200, "The limits that bind it"),
        put(
            OF_ACCOUNT,
            "Set the budgets and quotas of an account; what waits for one asks again at once",
            handler!(set_account),
        )
        .takes::<Limits>()
        .gives::<Budgets>(200, "The limits that bind it from now on"),
        get(
            "/usage",
            "What X was paid for, by account and day, the newest first, at list prices",
            READ,
            handler!(used),
        )
        .asks::<UsageQuery>()
        .gives::<Usage>(200, "A page of days with the totals of the whole range")
        .with_answer_headers(page::LINK),
        get(
            "/x/usage",
            "What X says that the app has used, ten minutes old at most",
            ADMIN,
            handler!(x_says),
        )
        .gives::<XUsage>(200, "What X says")
        .refuses(
            403,
            "Not for these credentials (`missing_scope`, `missing_role`), or the app is the installation's: `operator_required`",
        )
        .refuses(429, "X's window for this is used up: `x_rate_limited`")
        .refuses(502, "X did not answer: `x_unreachable`")
        .refuses(
            503,
            "There is no app-only token (`x_not_configured`), or X does not take it (`x_client_rejected`)",
        ),
    ]
}

async fn of_workspace(app: App, call: Call) -> Result<Reply, Error> {
    let id = workspace(&call)?;
    call.no_query()?;
    Reply::ok(&operations::of_workspace(&app, call.caller()?, &id).await?)
}

async fn set_workspace(app: App, call: Call) -> Result<Reply, Error> {
    let id = workspace(&call)?;
    call.no_query()?;
    let limits: Limits = call.json()?;
    Reply::ok(&operations::set_workspace(&app, call.caller()?, &id, &limits).await?)
}

async fn of_account(app: App, call: Call) -> Result<Reply, Error> {
    let id = account(&call)?;
    call.no_query()?;
    Reply::ok(&operations::of_account(&app, call.caller()?, &id).await?)
}

async fn set_account(app: App, call: Call) -> Result<Reply, Error> {
    let id = account(&call)?;
    call.no_query()?;
    let limits: Limits = call.json()?;
    Reply::ok(&operations::set_account(&app, call.caller()?, &id, &limits).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UsageQuery {
    /// The first day, of UTC; the first of the last day's month, unless given.
    #[schemars(extend("format" = "date"))]
    from: Option<String>,
    /// The last day; today, unless given.
    #[schemars(extend("format" = "date"))]
    to: Option<String>,
    /// One account; all of them, unless given.
    account: Option<AccountId>,
    /// How many days of accounts, 1 to 100; 50 unless given.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn used(app: App, call: Call) -> Result<Reply, Error> {
    let query: UsageQuery = call.query()?;
    let asked = Asked {
        from: query.from.as_deref(),
        to: query.to.as_deref(),
        account: query.account.as_ref(),
        after: page::cursor(query.cursor.as_deref(), usage::after)?,
        limit: page::limit(query.limit)?,
    };
    let usage = usage::usage(&app, &call.caller()?.workspace_id, &asked).await?;
    let reply = Reply::ok(&usage)?;
    Ok(page::linked(
        reply,
        usage.days.next_cursor.as_deref(),
        &call,
    ))
}

async fn x_says(app: App, call: Call) -> Result<Reply, Error> {
    call.no_query()?;
    Reply::ok(&said::said(&app, call.caller()?).await?)
}

fn workspace(call: &Call) -> Result<WorkspaceId, Error> {
    call.id("workspace", WorkspaceId::parse)
}

fn account(call: &Call) -> Result<AccountId, Error> {
    call.id("account", AccountId::parse)
}
