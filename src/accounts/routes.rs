//! The HTTP of accounts.

use super::model::{Account, Limits, Refreshed, Status, Tested, Unlinked};
use super::{connections, operations, upgrade as upgrading};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Reply, Route, page as paging};
use crate::identity::Scope;
use crate::ids::AccountId;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

const READ: Access = Access::Scoped(Scope::AccountsRead);
const WRITE: Access = Access::Scoped(Scope::AccountsWrite);

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = connections::routes();
    routes.extend([
        Route::new(
            Method::GET,
            "/accounts",
            "The connected accounts, newest first",
            READ,
            handler!(list),
        )
        .asks::<Listing>()
        .gives::<Page<Account>>(200, "A page of accounts")
        .with_answer_headers(paging::LINK),
        Route::new(
            Method::GET,
            "/accounts/{id}",
            "One account",
            READ,
            handler!(get),
        )
        .gives::<Account>(200, "The account"),
        Route::new(
            Method::DELETE,
            "/accounts/{id}",
            "Unlink an account: end the access at X, cancel what was scheduled, keep the history",
            WRITE,
            handler!(unlink),
        )
        .gives::<Unlinked>(200, "Unlinked; says whether X confirmed"),
        Route::new(
            Method::POST,
            "/accounts/{id}/test",
            "What works with this account",
            WRITE,
            handler!(test),
        )
        .gives::<Tested>(200, "What was found"),
        Route::new(
            Method::POST,
            "/accounts/{id}/refresh",
            "Fetch new tokens now",
            WRITE,
            handler!(refresh),
        )
        .gives::<Refreshed>(
            200,
            "When the access token ends. `refreshed` is false where it works and was fetched within the last ten minutes: X is then not asked again",
        )
        .refuses(
            409,
            "X refuses the account or the app, and `upstream` says in which words: `account_needs_reconnect`, …",
        )
        .refuses(502, "X gave no usable answer: `x_unreachable`"),
        Route::new(
            Method::POST,
            "/accounts/{id}/upgrade",
            "Exchange the account's OAuth 1.0a token for OAuth 2.0; once more changes nothing",
            WRITE,
            handler!(upgrade),
        )
        .gives::<Account>(200, "The account, connected by OAuth 2.0")
        .refuses(
            409,
            "`account_needs_reconnect`; `auth_mismatch`; `x_scope_refused`: the X app may do less than posting needs",
        )
        .refuses(502, "X gave no usable answer: `x_unreachable`"),
        Route::new(
            Method::GET,
            "/accounts/{id}/limits",
            "How much may still be sent, and when more",
            READ,
            handler!(limits),
        )
        .gives::<Limits>(200, "The account's windows, and those that the accounts of its X app share"),
    ]);
    routes
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Only accounts that stand so. Unlinked ones are not listed.
    status: Option<Status>,
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn list(app: App, call: Call) -> Result<Reply, Error> {
    let asked: Listing = call.query()?;
    let limit = paging::limit(asked.limit)?;
    let after = paging::cursor(asked.cursor.as_deref(), AccountId::parse)?;
    let workspace = &call.caller()?.workspace_id;
    operations::list(&app, workspace, asked.status, after.as_ref(), limit)
        .await?
        .reply(&call)
}

async fn get(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::get(&app, &call.caller()?.workspace_id, &id).await?)
}

async fn unlink(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::unlink(&app, call.caller()?, &id).await?)
}

async fn test(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::test(&app, &call.caller()?.workspace_id, &id).await?)
}

async fn refresh(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::refresh(&app, &call.caller()?.workspace_id, &id).await?)
}

async fn upgrade(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&upgrading::upgrade(&app, call.caller()?, &id).await?)
}

async fn limits(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::limits(&app, &call.caller()?.workspace_id, &id).await?)
}

fn id(call: &Call) -> Result<AccountId, Error> {
    call.id("account", AccountId::parse)
}
