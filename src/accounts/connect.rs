//! Beginning a consent: `POST /connections/x/authorize`, and for OAuth 1.0a `POST /connections/x/oauth1/authorize`.
//!
//! The state has 256 random bits; only its hash is kept, beside the PKCE verifier, which is sealed for that hash. It
//! lives ten minutes and works once. Of OAuth 1.0a the state is X's request token, which X appends to the callback in
//! any case: a callback address of X's may carry nothing else, since X compares it as a whole. In the place of the
//! verifier is that token's secret.
//!
//! **Bound to the browser that began.** When a page of this very service begins (`Sec-Fetch-Site: same-origin`, which no
//! page can forge), the answer sets a cookie of its own for this consent, and the callback insists on it: an address
//! that somebody else began is of no use in another browser. Others cannot be bound like that. A client outside a
//! browser has no cookies to keep, and a page of another origin keeps none, since the API takes no credentials across
//! origins. Those get `state` back at `redirect_to`, and must compare it with the one that they were given.

use super::model::{Auth, OAUTH1_NOTICE};
use super::redirect;
use super::refusals::refused;
use super::store::connecting::{KEEP_BEGUN, NewState, begin as insert};
use crate::app::App;
use crate::apps;
use crate::crypto::{random_token, sha256};
use crate::error::Error;
use crate::http::Reply;
use crate::http::idempotency::{Once, Work};
use crate::identity::Caller;
use crate::platforms::x::oauth::{self, Client};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};
use http::header;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
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

/// Where to send the person, for OAuth 1.0a.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OAuth1ConnectBegun")]
pub struct BegunOAuth1 {
    /// X's consent page, for the person's browser.
    #[schemars(extend("format" = "uri"))]
    pub authorization_url: String,
    /// X's request token. Comes back at `redirect_to`; compare it there.
    pub state: String,
    /// Until when the consent may come back.
    pub expires_at: Timestamp,
    /// Always true: X is retiring OAuth 1.0a.
    pub deprecated: bool,
    /// What that means, and what to do instead.
    pub notice: &'static str,
}

/// The X app has no client id.
#[must_use]
pub fn no_client(is_own: bool) -> Error {
    apps::not_configured(
        is_own,
        "OAuth 2.0 client id, so that no account can be connected",
        "The operator sets X_CLIENT_ID (and X_CLIENT_SECRET for a confidential client) and starts the service again; or you set an app of your workspace with PUT /api/v1/workspaces/{id}/apps/x.",
    )
}

/// The X app has nothing to sign OAuth 1.0a with.
#[must_use]
pub fn no_consumer(is_own: bool) -> Error {
    apps::not_configured(
        is_own,
        "API key, so that no account can be connected by OAuth 1.0a",
        "Connect by OAuth 2.0 with POST /api/v1/connections/x/authorize; or the operator sets X_API_KEY and X_API_SECRET.",
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

/// Begins a consent by OAuth 2.0. Answers with [`Begun`], and a cookie when the consent is bound to the caller's
/// browser.
///
/// # Errors
/// `redirect_not_allowed`, `x_not_configured`, or when the database does not answer.
pub async fn begin(app: &App, asking: &Asking<'_>) -> Result<Reply, Error> {
    let redirect_to = asking.redirect_to(app)?;
    let chosen = apps::choose(app, &asking.caller.workspace_id).await?;
    let client = Client::of(&chosen.app).ok_or_else(|| no_client(chosen.is_own()))?;
    let state = random_token(&*app.random, 32);
    let redirect_uri = app.config.x_redirect_uri();
    let begin = oauth::begin(&app.config.x, &client, &redirect_uri, &state, &*app.random)
        .map_err(refused)?;
    let consent = Consent {
        auth: Auth::OAuth2,
        app: &chosen.name,
        state: &state,
        secret: &begin.verifier,
        redirect_to: redirect_to.as_deref(),
    };
    let reply = Reply::ok(&Begun {
        authorization_url: begin.url.into(),
        state: state.clone(),
        expires_at: app.now().plus_ms(STATE_MS),
    })?;
    remember(app, asking, &consent, reply).await
}

/// Begins a consent by OAuth 1.0a. Answers with [`BegunOAuth1`], and a cookie as [`begin`] does.
///
/// X is asked for a request token before anything is kept: if the process ends in between, the token ends by itself.
///
/// # Errors
/// As [`begin`], or what X refuses.
pub async fn begin_oauth1(app: &App, asking: &Asking<'_>) -> Result<Reply, Error> {
    let redirect_to = asking.redirect_to(app)?;
    let chosen = apps::choose(app, &asking.caller.workspace_id).await?;
    let told = |refusal| chosen.refused(refusal);
    let consumer = chosen.app.consumer();
    let consumer = consumer.ok_or_else(|| no_consumer(chosen.is_own()))?;
    let legs = app.x_legs(&consumer);
    let callback = app.config.x_oauth1_redirect_uri();
    let token = legs.request_token(&callback).await.map_err(told)?;
    let page = legs.consent_page(&token).map_err(told)?;
    let state = token.token.expose_secret();
    let consent = Consent {
        auth: Auth::OAuth1,
        app: &chosen.name,
        state,
        secret: &token.secret,
        redirect_to: redirect_to.as_deref(),
    };
    let reply = Reply::ok(&BegunOAuth1 {
        authorization_url: page.into(),
        state: state.to_owned(),
        expires_at: app.now().plus_ms(STATE_MS),
        deprecated: true,
        notice: OAUTH1_NOTICE,
    })?;
    remember(app, asking, &consent, reply).await
}

/// Who begins a consent, and how.
pub struct Asking<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// With what.
    pub asked: &'a Authorize,
    /// Whether a page of this very service does.
    pub from_our_own_page: bool,
    /// The right to do it once.
    pub once: &'a Once,
}

impl Asking<'_> {
    fn redirect_to(&self, app: &App) -> Result<Option<String>, Error> {
        let asked = self.asked.redirect_to.as_deref();
        asked.map(|to| redirect::check(&app.config, to)).transpose()
    }
}

/// A consent that is begun.
struct Consent<'a> {
    auth: Auth,
    app: &'a str,
    state: &'a str,
    /// What the callback needs and nobody may see.
    secret: &'a SecretString,
    redirect_to: Option<&'a str>,
}

/// Keeps it, for one callback.
async fn remember(
    app: &App,
    asking: &Asking<'_>,
    consent: &Consent<'_>,
    mut reply: Reply,
) -> Result<Reply, Error> {
    let state_hash = sha256(consent.state.as_bytes());
    let context = verifier_context(&state_hash);
    let sealed = app
        .config
        .keyring
        .seal(&*app.random, &context, consent.secret)
        .map_err(|_| Error::internal("a verifier could not be sealed"))?;
    let binding = asking
        .from_our_own_page
        .then(|| random_token(&*app.random, 32));
    let binding_hash = binding.as_ref().map(|value| sha256(value.as_bytes()));
    let now = app.now();
    let statement = insert(&NewState {
        state_hash: &state_hash,
        workspace_id: &asking.caller.workspace_id,
        user_id: &asking.caller.user_id,
        auth: consent.auth,
        app: consent.app,
        sealed_verifier: &sealed,
        binding_hash: binding_hash.as_deref(),
        redirect_to: consent.redirect_to,
        now,
        expires_at: now.plus_ms(STATE_MS),
    });
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
    asking.once.commit(app, work, &reply).await?;
    Ok(reply)
}
