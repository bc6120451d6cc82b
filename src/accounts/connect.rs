//! Beginning a consent: `POST /connections/x/authorize`.
//!
//! The state has 256 random bits; only its hash is kept, beside the PKCE verifier, which is sealed for that hash. It
//! lives ten minutes and works once.
//!
//! **Bound to the browser that began.** When a page of this very service begins (`Sec-Fetch-Site: same-origin`, which no
//! page can forge), the answer sets a cookie of its own for this consent, and the callback insists on it: an address
//! that somebody else began is of no use in another browser. Others cannot be bound like that. A client outside a
//! browser has no cookies to keep, and a page of another origin keeps none, since the API takes no credentials across
//! origins. Those get `state` back at `redirect_to`, and must compare it with the one that they were given.

use super::redirect;
use super::store::connecting::{KEEP_BEGUN, NewState, begin as insert};
use crate::app::App;
use crate::crypto::{random_token, sha256};
use crate::error::{Error, Kind};
use crate::http::Reply;
use crate::http::idempotency::{Once, Work};
use crate::identity::Caller;
use crate::platforms::x::oauth::{self, Client};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};
use http::header;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a person may take at X's consent page.
pub const STATE_MS: i64 = 10 * MINUTE_MS;

/// What a connect may be begun with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Connect")]
pub struct Authorize {
    /// Where the browser goes in the end: a path of this service, or an address of an origin in `FRONTEND_ORIGINS`.
    /// It gets `status=connected&account_id=…&state=…`, with `missing_scope=…` when the consent was too narrow, or
    /// `status=failed&code=…&state=…`. Without it, the person sees a plain page.
    #[serde(default)]
    pub redirect_to: Option<String>,
}

/// Where to send the person.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConnectBegun")]
pub struct Begun {
    /// X's consent page, for the person's browser.
    #[schemars(extend("format" = "uri"))]
    pub authorization_url: String,
    /// Comes back at `redirect_to`; compare it there.
    pub state: String,
    /// Until when the consent may come back.
    pub expires_at: Timestamp,
}

/// The X app is not configured.
#[must_use]
pub fn not_configured() -> Error {
    Error::new(
        Kind::Conflict,
        "x_not_configured",
        "This installation has no X app, so that no account can be connected.",
        "The operator sets X_CLIENT_ID (and X_CLIENT_SECRET for a confidential client) and starts the service again.",
    )
}

/// What a verifier is sealed for.
#[must_use]
pub fn verifier_context(state_hash: &str) -> String {
    format!("oauth_states.verifier/{state_hash}")
}

/// The cookie of one consent. Each has its own, so that two connects in one browser do not disturb each other.
#[must_use]
pub fn cookie_name(state_hash: &str) -> String {
    format!(
        "godwit_connect_{}",
        state_hash.get(..16).unwrap_or_default()
    )
}

/// The `Set-Cookie` line for a consent's cookie; an age of 0 removes it.
#[must_use]
pub fn cookie(app: &App, state_hash: &str, value: &str, max_age_seconds: i64) -> String {
    let secure = if app.config.base_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{}={value}; Path=/api/v1/connections; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(state_hash)
    )
}

/// Begins a consent. Answers with [`Begun`], and a cookie when the consent is bound to the caller's browser.
///
/// # Errors
/// `redirect_not_allowed`, `x_not_configured`, or when the database does not answer.
pub async fn begin(
    app: &App,
    caller: &Caller,
    asked: &Authorize,
    from_our_own_page: bool,
    once: &Once,
) -> Result<Reply, Error> {
    let redirect_to = asked
        .redirect_to
        .as_deref()
        .map(|to| redirect::check(&app.config, to))
        .transpose()?;
    let client = Client::of(&app.config.x.app).ok_or_else(not_configured)?;
    let state = random_token(&*app.random, 32);
    let state_hash = sha256(state.as_bytes());
    let redirect_uri = app.config.x_redirect_uri();
    let begin = oauth::begin(&app.config.x, &client, &redirect_uri, &state, &*app.random)
        .map_err(super::refusals::refused)?;
    let sealed_verifier = app
        .config
        .keyring
        .seal(
            &*app.random,
            &verifier_context(&state_hash),
            &begin.verifier,
        )
        .map_err(|_| Error::internal("a verifier could not be sealed"))?;
    let binding = from_our_own_page.then(|| random_token(&*app.random, 32));
    let binding_hash = binding.as_ref().map(|value| sha256(value.as_bytes()));
    let now = app.now();
    let expires_at = now.plus_ms(STATE_MS);
    let statement = insert(&NewState {
        state_hash: &state_hash,
        workspace_id: &caller.workspace_id,
        user_id: &caller.user_id,
        sealed_verifier: &sealed_verifier,
        binding_hash: binding_hash.as_deref(),
        redirect_to: redirect_to.as_deref(),
        now,
        expires_at,
    });
    let mut reply = Reply::ok(&Begun {
        authorization_url: begin.url.into(),
        state,
        expires_at,
    })?;
    if let Some(value) = binding {
        let line = cookie(app, &state_hash, &value, STATE_MS / SECOND_MS);
        reply = reply.with_header(header::SET_COOKIE, &line);
    }
    let work = Work {
        statements: vec![statement],
        keep: KEEP_BEGUN,
        made: &state_hash,
    };
    // Repeated without an idempotency key, this begins another consent; the one that nobody uses expires.
    once.commit(app, work, &reply).await?;
    Ok(reply)
}
