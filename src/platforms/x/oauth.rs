//! OAuth 2.0 at X: authorization code with PKCE S256, refresh, revoke
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code>).
//!
//! A confidential client shows its secret in a Basic header and never in the body, where X refuses it; a public one
//! names itself in the body. A refresh token works once: X rotates as soon as it has read the request, so that a lost
//! answer costs the grant. Whoever calls [`refresh`] must therefore be the only one, and must save the answer before
//! using it.

use super::app::App;
use super::token_errors::{
    CODE_REFUSED, Dead, GRANT_REVOKED, classify, classify_unreadable, grant_is_dead, unreachable,
};
use crate::config::XConfig;
use crate::crypto::random_token;
use crate::platforms::{Class, NotSent};
use crate::ports::{HttpClient, HttpError, Random};
use crate::time::{SECOND_MS, Timestamp};
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::cell::Cell;
use url::Url;

/// What posting needs; `offline.access` is what brings a refresh token.
pub const SCOPES: [&str; 5] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
];

/// How long X may take to answer about tokens. A code dies after 30 s and a person waits for the callback; a refresh
/// has to end well within the lease of the delivery that needs it.
pub const DEADLINE_MS: u32 = 10_000;

/// Of an access token whose answer does not say, in seconds: what X gives to all.
const LIFETIME_DEFAULT_S: u64 = 7_200;

/// What an app shows at the token endpoints of OAuth 2.0.
#[derive(Clone)]
pub struct Client {
    /// The OAuth 2.0 client id.
    pub id: String,
    /// Its secret; `None` for a public client.
    pub secret: Option<SecretString>,
}

impl Client {
    /// An app's; `None` when it has no client id.
    #[must_use]
    pub fn of(app: &App) -> Option<Self> {
        Some(Self {
            id: app.client_id.clone()?,
            secret: app.client_secret.clone(),
        })
    }

    /// The operator's app, for a call that cannot be made without it.
    ///
    /// # Errors
    /// [`Class::Operator`] with `x_not_configured`.
    pub fn configured(config: &XConfig) -> Result<Self, NotSent> {
        Self::of(&config.app).ok_or_else(|| {
            NotSent::new(
                Class::Operator,
                "x_not_configured",
                "This installation has no X app.",
                "The operator sets X_CLIENT_ID (and X_CLIENT_SECRET for a confidential client); what waits then goes out by itself.",
            )
        })
    }

    fn oauth2<Auth: oauth2::EndpointState, Token: oauth2::EndpointState>(
        &self,
        with: impl FnOnce(
            BasicClient,
        )
            -> BasicClient<Auth, EndpointNotSet, EndpointNotSet, EndpointNotSet, Token>,
    ) -> BasicClient<Auth, EndpointNotSet, EndpointNotSet, EndpointNotSet, Token> {
        let client = BasicClient::new(ClientId::new(self.id.clone()));
        with(match &self.secret {
            Some(secret) => {
                client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
            }
            None => client,
        })
    }

    fn for_tokens(
        &self,
        config: &XConfig,
    ) -> Result<
        BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
        NotSent,
    > {
        let url =
            TokenUrl::new(format!("{}/2/oauth2/token", config.api_base)).map_err(misconfigured)?;
        Ok(self.oauth2(|client| client.set_token_uri(url)))
    }
}

/// A pair of tokens as X gave it.
#[derive(Debug, Clone)]
pub struct TokenPair {
    /// Shown with every call.
    pub access: SecretString,
    /// Fetches the next pair, once; `None` when `offline.access` was not granted.
    pub refresh: Option<SecretString>,
    /// When the access token ends, counted from before it was asked for.
    pub expires_at: Timestamp,
    /// What was granted, which may be less than what was asked for. Empty when X does not say: unchanged.
    pub scopes: Vec<String>,
}

/// All that is asked for: what posting needs and what is configured, each once.
#[must_use]
pub fn scopes(config: &XConfig) -> Vec<String> {
    let mut all: Vec<String> = SCOPES.map(str::to_owned).to_vec();
    for extra in &config.extra_scopes {
        if !all.contains(extra) {
            all.push(extra.clone());
        }
    }
    all
}

/// Which of the scopes that posting needs were not granted.
#[must_use]
pub fn missing_scopes<S: AsRef<str>>(granted: &[S]) -> Vec<&'static str> {
    SCOPES
        .into_iter()
        .filter(|needed| !granted.iter().any(|scope| scope.as_ref() == *needed))
        .collect()
}

/// Where to send the person, and what to keep until they come back.
pub struct Begin {
    /// X's consent page.
    pub url: Url,
    /// The PKCE verifier: a secret.
    pub verifier: SecretString,
}

/// Makes the address of X's consent page.
///
/// # Errors
/// [`Class::Operator`] when the redirect address is not a URL.
pub fn begin(
    config: &XConfig,
    client: &Client,
    redirect_uri: &str,
    state: &str,
    random: &dyn Random,
) -> Result<Begin, NotSent> {
    // 32 bytes are 43 characters: the least that RFC 7636 takes, and 256 bits.
    let verifier = PkceCodeVerifier::new(random_token(random, 32));
    let auth = AuthUrl::from_url(config.authorize_url.clone());
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(misconfigured)?;
    let (mut url, _) = client
        .oauth2(|client| client.set_auth_uri(auth))
        .set_redirect_uri(redirect)
        .authorize_url(|| CsrfToken::new(state.to_owned()))
        .add_scopes(scopes(config).into_iter().map(Scope::new))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    // X documents %20 between scopes. A plus that is meant as one is %2B here, so this changes spaces alone.
    let query = url.query().unwrap_or_default().replace('+', "%20");
    url.set_query(Some(&query));
    Ok(Begin {
        url,
        verifier: SecretString::from(verifier.into_secret()),
    })
}

/// Exchanges the code of a consent. Not repeatable: X takes a code once, within 30 s.
///
/// # Errors
/// [`Class::Token`] with `code_refused`: consent must be asked again. Otherwise as [`refresh`].
pub async fn exchange(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    redirect_uri: &str,
    code: String,
    verifier: &SecretString,
    now: Timestamp,
) -> Result<TokenPair, NotSent> {
    let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(misconfigured)?;
    let oauth2 = client.for_tokens(config)?.set_redirect_uri(redirect);
    let request = oauth2
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
    let status = Cell::new(0);
    let answer = request
        .request_async(&|request| send(http, request, &status))
        .await;
    let mut pair = read(answer, status.get(), &CODE_REFUSED, now)?;
    if pair.scopes.is_empty() {
        // RFC 6749 5.1: an answer without a scope grants what was asked for.
        pair.scopes = scopes(config);
    }
    Ok(pair)
}

/// Fetches the next pair. An answer without a refresh token keeps the old one.
///
/// # Errors
/// [`Class::Token`] with `grant_revoked`: connect again. [`Class::Operator`]: X does not accept the app's credentials
/// or the request. [`Class::Transient`]: no usable answer; the old refresh token may be spent, which the next try shows.
pub async fn refresh(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    refresh_token: &SecretString,
    now: Timestamp,
) -> Result<TokenPair, NotSent> {
    let oauth2 = client.for_tokens(config)?;
    let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
    let status = Cell::new(0);
    let send = |request| send(http, request, &status);
    let answer = oauth2
        .exchange_refresh_token(&token)
        .request_async(&send)
        .await;
    let mut pair = read(answer, status.get(), &GRANT_REVOKED, now)?;
    if pair.refresh.is_none() {
        pair.refresh = Some(refresh_token.clone());
    }
    Ok(pair)
}

/// Ends a grant at X: the refresh token first, so that an interruption cannot leave one that makes new access tokens.
/// Repeating it is harmless; X confirms tokens that are already dead.
///
/// # Errors
/// Why X did not confirm every token. All are tried in any case.
pub async fn revoke(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    access: &SecretString,
    refresh_token: Option<&SecretString>,
) -> Result<(), NotSent> {
    let mut outcome = Ok(());
    for token in refresh_token.into_iter().chain([access]) {
        let revoked = revoke_one(http, config, client, token).await;
        outcome = outcome.and(revoked);
    }
    outcome
}

// By hand, since the oauth2 crate refuses to revoke over plain http, which is how the sandbox is reached.
async fn revoke_one(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    token: &SecretString,
) -> Result<(), NotSent> {
    let form = [("token", token.expose_secret())];
    let answer = post_form(http, config, client, "/2/oauth2/revoke", &form).await?;
    let status = answer.status().as_u16();
    match status {
        200..=299 => Ok(()),
        _ => match serde_json::from_slice::<BasicErrorResponse>(answer.body()) {
            // A token that X does not know any more is what was wanted.
            Ok(error) if grant_is_dead(&error) => Ok(()),
            Ok(error) => Err(classify(status, &error, &GRANT_REVOKED)),
            Err(_) => Err(classify_unreadable(status, answer.body())),
        },
    }
}

/// Sends a form as a client shows itself: a confidential one by Basic, a public one by its id in the form.
pub(super) async fn post_form(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<http::Response<Vec<u8>>, NotSent> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let mut request = http::Request::post(format!("{}{path}", config.api_base))
        .header(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        )
        .header(http::header::ACCEPT, "application/json");
    match &client.secret {
        Some(secret) => {
            request = request.header(http::header::AUTHORIZATION, basic(&client.id, secret));
        }
        None => {
            form.append_pair("client_id", &client.id);
        }
    }
    let request = request
        .body(form.finish().into_bytes())
        .map_err(misconfigured)?;
    let sent = http.send(request, DEADLINE_MS).await;
    sent.map_err(|error| unreachable(&error))
}

// RFC 6749 2.3.1: both halves form-encoded before they are joined.
pub(super) fn basic(id: &str, secret: &SecretString) -> String {
    use base64::Engine as _;
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", encode(id), encode(secret.expose_secret()));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(joined)
    )
}

// The crate's errors do not carry the status, which says whether to try again.
async fn send(
    http: &dyn HttpClient,
    request: http::Request<Vec<u8>>,
    status: &Cell<u16>,
) -> Result<http::Response<Vec<u8>>, HttpError> {
    let answer = http.send(request, DEADLINE_MS).await?;
    status.set(answer.status().as_u16());
    Ok(answer)
}

type Answer = Result<BasicTokenResponse, RequestTokenError<HttpError, BasicErrorResponse>>;

fn read(answer: Answer, status: u16, dead: &Dead, now: Timestamp) -> Result<TokenPair, NotSent> {
    let tokens = answer.map_err(|error| match error {
        RequestTokenError::ServerResponse(error) => classify(status, &error, dead),
        RequestTokenError::Request(error) => unreachable(&error),
        RequestTokenError::Parse(_, body) => classify_unreadable(status, &body),
        RequestTokenError::Other(_) => classify_unreadable(status, &[]),
    })?;
    Ok(pair(&tokens, now))
}

/// A pair as X's answer gives it.
pub(super) fn pair(tokens: &BasicTokenResponse, now: Timestamp) -> TokenPair {
    let secret = |token: &String| SecretString::from(token.as_str());
    let seconds = tokens
        .expires_in()
        .map_or(LIFETIME_DEFAULT_S, |lifetime| lifetime.as_secs());
    let lifetime_ms = i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(SECOND_MS);
    TokenPair {
        access: secret(tokens.access_token().secret()),
        refresh: tokens.refresh_token().map(|token| secret(token.secret())),
        expires_at: now.plus_ms(lifetime_ms),
        scopes: tokens
            .scopes()
            .into_iter()
            .flatten()
            .map(|scope| scope.to_string())
            .collect(),
    }
}

fn misconfigured(error: impl std::fmt::Display) -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_misconfigured",
        format!("An address of X, or of Godwit itself, is not one that can be called: {error}."),
        "The operator corrects BASE_URL and X_API_BASE.",
    )
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
