//! The HTTP of accounts.

use super::callback::{Ending, finish};
use super::connect::{self, Authorize, Begun};
use super::model::{Account, Limits, Refreshed, Status, Tested, Unlinked};
use super::{operations, page, redirect};
use crate::app::App;
use crate::crypto::sha256;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, page as paging};
use crate::identity::Scope;
use crate::ids::AccountId;
use http::{Method, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

const READ: Access = Access::Scoped(Scope::AccountsRead);
const WRITE: Access = Access::Scoped(Scope::AccountsWrite);

const CALLBACK_QUERY: &[Parameter] = &[
    Parameter::new("state", "As it was given when the connect was begun"),
    Parameter::new("code", "X's code, good for 30 seconds"),
    Parameter::new("error", "`access_denied` when the person refused"),
];

const CALLBACK_HEADERS: &[Parameter] = &[Parameter::new(
    "Location",
    "`redirect_to` with `status=connected&account_id=…&state=…` or `status=failed&code=…&state=…`",
)];

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/connections/x/authorize",
            "Begin connecting an X account",
            WRITE,
            handler!(authorize),
        )
        .idempotent()
        .may_take::<Authorize>()
        .gives::<Begun>(200, "Send the person's browser to `authorization_url`")
        .refuses(
            409,
            "The operator has not configured an X app: `x_not_configured`",
        ),
        Route::new(
            Method::GET,
            "/connections/x/callback",
            "Where X sends the browser after consent",
            Access::Public,
            handler!(callback),
        )
        .with_query(CALLBACK_QUERY)
        .gives_other(
            200,
            "A page that says as whom the account is connected",
            "text/html",
        )
        .gives_nothing(303, "To `redirect_to`, with the outcome in its query")
        .with_answer_headers(CALLBACK_HEADERS)
        .refuses(
            400,
            "`state_unknown`, `state_expired`; a browser is shown a page, here and below",
        )
        .refuses(403, "`consent_denied`, `state_of_other_browser`")
        .refuses(409, "`state_used`, `x_not_configured`, or X refused the code")
        .refuses(502, "X gave no usable answer: `consent_failed`, `x_unreachable`"),
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
            Method::GET,
            "/accounts/{id}/limits",
            "How much may still be sent, and when more",
            READ,
            handler!(limits),
        )
        .gives::<Limits>(200, "The account's windows"),
    ]
}

async fn authorize(app: App, call: Call) -> Result<Reply, Error> {
    // Everything in the body is optional, and so is the body.
    let asked = if call.body.is_empty() {
        Authorize::default()
    } else {
        call.json()?
    };
    // `same-site` would not do: such a page is of another origin, and keeps no cookie of ours.
    let from_our_own_page = call.header("sec-fetch-site") == Some("same-origin");
    connect::begin(&app, call.caller()?, &asked, from_our_own_page, &call.once).await
}

async fn callback(app: App, call: Call) -> Result<Reply, Error> {
    let Ending {
        redirect_to,
        state,
        outcome,
    } = finish(&app, &call).await;
    let mut reply =
        match redirect_to.and_then(|to| redirected(&app, &to, state.as_deref(), &outcome)) {
            Some(location) => Reply {
                status: StatusCode::SEE_OTHER,
                ..Reply::no_content()
            }
            .with_header(header::LOCATION, &location),
            None => match &outcome {
                Ok(connected) => page::connected(&app.config.base_url, connected),
                Err(error) if wants_html(&call) => page::failed(error, &call.request_id),
                // Not a browser: a problem document, and the router logs what is internal.
                Err(_) => return outcome.map(|_| Reply::no_content()),
            },
        };
    if let Err(Error {
        code,
        internal: Some(internal),
        ..
    }) = &outcome
    {
        app.warn(
            "connect_failed",
            &json!({ "request_id": call.request_id, "code": code, "internal": internal }),
        );
    }
    if let Some(hash) = state.map(|state| sha256(state.as_bytes()))
        && call.cookie(&connect::cookie_name(&hash)).is_some()
    {
        reply = reply.with_header(header::SET_COOKIE, &connect::cookie(&app, &hash, "", 0));
    }
    Ok(reply)
}

fn redirected(
    app: &App,
    to: &str,
    state: Option<&str>,
    outcome: &Result<super::callback::Connected, Error>,
) -> Option<String> {
    let state = ("state", state.unwrap_or_default());
    match outcome {
        Ok(connected) => {
            let missing = connected.missing.join(" ");
            let mut pairs = vec![
                ("status", "connected"),
                ("account_id", connected.account_id.as_str()),
                state,
            ];
            if !missing.is_empty() {
                pairs.push(("missing_scope", &missing));
            }
            redirect::with_outcome(&app.config, to, &pairs)
        }
        Err(error) => redirect::with_outcome(
            &app.config,
            to,
            &[("status", "failed"), ("code", error.code), state],
        ),
    }
}

fn wants_html(call: &Call) -> bool {
    call.header("accept")
        .is_some_and(|accept| accept.contains("text/html"))
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

async fn limits(app: App, call: Call) -> Result<Reply, Error> {
    let id = id(&call)?;
    Reply::ok(&operations::limits(&app, &call.caller()?.workspace_id, &id).await?)
}

fn id(call: &Call) -> Result<AccountId, Error> {
    call.id("account", AccountId::parse)
}
