//! The HTTP of connecting.

use super::app_only::AppOnly;
use super::callback::{Connected, Ending, finish};
use super::connect::{self, Asking, Authorize, Begun, BegunOAuth1};
use super::model::{Account, Auth};
use super::{app_only, page, redirect};
use crate::app::App;
use crate::crypto::sha256;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Parameter, Reply, Route};
use crate::identity::Scope;
use http::{Method, StatusCode, header};
use serde_json::json;

const WRITE: Access = Access::Scoped(Scope::AccountsWrite);

const CALLBACK_QUERY: &[Parameter] = &[
    Parameter::new("state", "As it was given when the connect was begun"),
    Parameter::new("code", "X's code, good for 30 seconds"),
    Parameter::new("error", "`access_denied` when the person refused"),
];

const OAUTH1_CALLBACK_QUERY: &[Parameter] = &[
    Parameter::new(
        "oauth_token",
        "X's request token, as it was given as `state`",
    ),
    Parameter::new("oauth_verifier", "X's proof of the consent"),
    Parameter::new("denied", "The request token, when the person refused"),
];

const CALLBACK_HEADERS: &[Parameter] = &[Parameter::new(
    "Location",
    "`redirect_to` with `status=connected&account_id=…&state=…` or `status=failed&code=…&state=…`",
)];

/// The routes of connecting.
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
        .refuses(
            409,
            "`state_used`, `x_not_configured`, or X refused the code",
        )
        .refuses(
            502,
            "X gave no usable answer: `consent_failed`, `x_unreachable`",
        ),
        Route::new(
            Method::POST,
            "/connections/x/oauth1/authorize",
            "Begin connecting an X account by OAuth 1.0a, which X is retiring",
            WRITE,
            handler!(authorize_oauth1),
        )
        .idempotent()
        .may_take::<Authorize>()
        .gives::<BegunOAuth1>(200, "Send the person's browser to `authorization_url`")
        .refuses(409, "The X app has no API key: `x_not_configured`")
        .refuses(502, "X gave no request token: `x_unreachable`, …"),
        Route::new(
            Method::POST,
            "/connections/x/app-only",
            "Add an X user as an account that is only read",
            WRITE,
            handler!(connect_app_only),
        )
        .takes::<AppOnly>()
        .gives::<Account>(200, "The account")
        .refuses(404, "X has no such user: `x_user_not_found`")
        .refuses(
            409,
            "It is connected as its user: `account_already_connected`",
        )
        .refuses(502, "X gave no usable answer: `x_unreachable`, …"),
        Route::new(
            Method::GET,
            "/connections/x/oauth1/callback",
            "Where X sends the browser after consent by OAuth 1.0a",
            Access::Public,
            handler!(callback_oauth1),
        )
        .with_query(OAUTH1_CALLBACK_QUERY)
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
        .refuses(
            409,
            "`state_used`, `x_not_configured`, or X refused the verifier",
        )
        .refuses(
            502,
            "X gave no usable answer: `consent_failed`, `x_unreachable`",
        ),
    ]
}

async fn authorize(app: App, call: Call) -> Result<Reply, Error> {
    let asked = asked(&call)?;
    connect::begin(&app, &asking(&call, &asked)?).await
}

async fn authorize_oauth1(app: App, call: Call) -> Result<Reply, Error> {
    let asked = asked(&call)?;
    connect::begin_oauth1(&app, &asking(&call, &asked)?).await
}

async fn connect_app_only(app: App, call: Call) -> Result<Reply, Error> {
    let asked: AppOnly = call.json()?;
    Reply::ok(&app_only::connect(&app, call.caller()?, &asked).await?)
}

// Everything in the body is optional, and so is the body.
fn asked(call: &Call) -> Result<Authorize, Error> {
    if call.body.is_empty() {
        Ok(Authorize::default())
    } else {
        call.json()
    }
}

fn asking<'a>(call: &'a Call, asked: &'a Authorize) -> Result<Asking<'a>, Error> {
    Ok(Asking {
        caller: call.caller()?,
        asked,
        // `same-site` would not do: such a page is of another origin, and keeps no cookie of ours.
        from_our_own_page: call.header("sec-fetch-site") == Some("same-origin"),
        once: &call.once,
    })
}

async fn callback(app: App, call: Call) -> Result<Reply, Error> {
    end(&app, Auth::OAuth2, &call).await
}

async fn callback_oauth1(app: App, call: Call) -> Result<Reply, Error> {
    end(&app, Auth::OAuth1, &call).await
}

async fn end(app: &App, auth: Auth, call: &Call) -> Result<Reply, Error> {
    let Ending {
        redirect_to,
        state,
        outcome,
    } = finish(app, auth, call).await;
    let mut reply =
        match redirect_to.and_then(|to| redirected(app, &to, state.as_deref(), &outcome)) {
            Some(location) => Reply {
                status: StatusCode::SEE_OTHER,
                ..Reply::no_content()
            }
            .with_header(header::LOCATION, &location),
            None => match &outcome {
                Ok(connected) => page::connected(&app.config.base_url, connected),
                Err(error) if wants_html(call) => page::failed(error, &call.request_id),
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
        reply = reply.with_header(header::SET_COOKIE, &connect::cookie(app, &hash, "", 0));
    }
    Ok(reply)
}

fn redirected(
    app: &App,
    to: &str,
    state: Option<&str>,
    outcome: &Result<Connected, Error>,
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
