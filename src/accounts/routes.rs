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
use serde::Deserialize;
use serde_json::json;

const READ: Access = Access::Scoped(Scope::AccountsRead);
const WRITE: Access = Access::Scoped(Scope::AccountsWrite);

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
        .takes::<Authorize>()
        .gives::<Begun>(200, "Send the person's browser to `authorization_url`"),
        Route::new(
            Method::GET,
            "/connections/x/callback",
            "Where X sends the browser after consent",
            Access::Public,
            handler!(callback),
        )
        .with_query(&[
            Parameter {
                name: "state",
                meaning: "As it was given when the connect was begun",
            },
            Parameter {
                name: "code",
                meaning: "X's code, good for 30 seconds",
            },
            Parameter {
                name: "error",
                meaning: "`access_denied` when the person refused",
            },
        ])
        .gives_nothing(200, "A page that says as whom the account is connected")
        .gives_nothing(303, "To `redirect_to`, with the outcome in its query"),
        Route::new(
            Method::GET,
            "/accounts",
            "The connected accounts, newest first",
            READ,
            handler!(list),
        )
        .with_query(&[
            Parameter {
                name: "status",
                meaning: "`active` or `needs_reconnect`",
            },
            Parameter {
                name: "limit",
                meaning: "At most so many, 1 to 100; 50 unless given",
            },
            Parameter {
                name: "cursor",
                meaning: "`next_cursor` of the page before",
            },
        ])
        .gives::<Page<Account>>(200, "A page of accounts"),
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
        .gives::<Refreshed>(200, "When the new access token ends"),
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
    let (begun, cookie) = connect::begin(&app, call.caller()?, &asked, from_our_own_page).await?;
    let reply = Reply::ok(&begun)?;
    Ok(match cookie {
        Some(cookie) => reply.with_header(header::SET_COOKIE, &cookie),
        None => reply,
    })
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    status: Option<Status>,
    limit: Option<u32>,
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
