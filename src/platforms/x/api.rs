//! X's API as one caller: where it is, what requests are signed with, and the little that all of them share.

use super::access;
use super::app::App;
use super::oauth1::{self, Consumer, Moment, Token};
use crate::config::XConfig;
use crate::crypto::random_token;
use crate::platforms::{Class, NotSent};
use crate::ports::{Around, Blobs, Clock, HttpClient, HttpError, Random, StorageError};
use http::{HeaderValue, Method, Request, Response, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

/// What a request is signed with.
#[derive(Clone)]
pub enum Credentials {
    /// An OAuth 2.0 access token of a user.
    Bearer(SecretString),
    /// The app-only token.
    App(SecretString),
    /// OAuth 1.0a, as a user.
    OAuth1(Consumer, Token),
}

impl Credentials {
    /// Those of a token: OAuth 1.0a where it has a secret, in the name of `app`.
    ///
    /// # Errors
    /// [`Class::Operator`] when the app has no consumer key.
    pub fn of(
        app: &App,
        access: &SecretString,
        secret: Option<&SecretString>,
    ) -> Result<Self, NotSent> {
        let Some(secret) = secret else {
            return Ok(Self::Bearer(access.clone()));
        };
        let token = Token {
            token: access.clone(),
            secret: secret.clone(),
        };
        let consumer = app.consumer().ok_or_else(no_consumer)?;
        Ok(Self::OAuth1(consumer, token))
    }
}

fn no_consumer() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_not_configured",
        "This account is connected by OAuth 1.0a, and the X app has no consumer key any more.",
        "The operator sets X_API_KEY and X_API_SECRET, or the account is connected again by OAuth 2.0; what waits then goes out by itself.",
    )
}

/// The API as one caller.
#[derive(Clone, Copy)]
pub struct Api<'a> {
    /// Calls out.
    pub http: &'a dyn HttpClient,
    /// How X is reached.
    pub config: &'a XConfig,
    /// What requests are signed with.
    pub credentials: &'a Credentials,
    /// The time, which is in a signature.
    pub clock: &'a dyn Clock,
    /// Randomness, which keeps a signature from being good twice.
    pub random: &'a dyn Random,
}

/// What a request carries.
pub enum Body<'a> {
    /// Nothing.
    None,
    /// JSON.
    Json(&'a Value),
}

/// A body with a piece of a file in it.
pub struct WithPiece<'a> {
    /// Its media type, such as that of a multipart body with its boundary.
    pub media_type: &'a str,
    /// Where the piece lies.
    pub blobs: &'a dyn Blobs,
    /// Its key there.
    pub key: &'a str,
    /// The rest of the body.
    pub around: Around,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Silence {
    /// The request could not be made: nothing has left.
    NotPossible(NotSent),
    /// It left, or may have.
    Lost(HttpError),
}

impl Silence {
    /// The same as a refusal, where a request that may have taken effect may be repeated all the same.
    #[must_use]
    pub fn harmless(self) -> NotSent {
        match self {
            Self::NotPossible(refusal) => refusal,
            Self::Lost(error) => unreachable(format!("X gave no answer: {error}.")),
        }
    }
}

impl Api<'_> {
    /// Sends a request to `path`, which begins with `/2/`, and reads the whole answer within `deadline_ms`.
    ///
    /// # Errors
    /// When there is no answer; of credentials that the endpoint does not take, without asking.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body<'_>,
        deadline_ms: u32,
    ) -> Result<Response<Vec<u8>>, Silence> {
        let (media_type, bytes) = match body {
            Body::None => (None, Vec::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
        };
        let request = self.allowed(method, path, query, media_type, bytes)?;
        let sent = self.http.send(request, deadline_ms).await;
        sent.map_err(Silence::Lost)
    }

    /// As [`Api::send`], a POST with a piece of a file in its body. `None`: the piece is not there, and nothing was sent.
    ///
    /// # Errors
    /// Outside, of the bucket: nothing was sent. Inside, as [`Api::send`].
    pub async fn send_piece(
        &self,
        path: &str,
        body: WithPiece<'_>,
        deadline_ms: u32,
    ) -> Result<Option<Result<Response<Vec<u8>>, Silence>>, StorageError> {
        let media_type = Some(body.media_type);
        let request = match self.allowed(Method::POST, path, &[], media_type, body.around) {
            Ok(request) => request,
            Err(silence) => return Ok(Some(Err(silence))),
        };
        let sent = body.blobs.send(body.key, request, self.http, deadline_ms);
        let answer = sent.await?;
        Ok(answer.map(|answer| answer.map_err(Silence::Lost)))
    }

    /// The request, if these credentials are taken there.
    fn allowed<B>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        media_type: Option<&str>,
        body: B,
    ) -> Result<Request<B>, Silence> {
        if let Some(mismatch) = access::mismatch(self.credentials, &method, path) {
            return Err(Silence::NotPossible(mismatch));
        }
        self.request(method, path, query, media_type, body)
            .ok_or_else(|| Silence::NotPossible(not_possible()))
    }

    fn request<B>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        media_type: Option<&str>,
        body: B,
    ) -> Option<Request<B>> {
        let mut url = Url::parse(&format!("{}{path}", self.config.api_base)).ok()?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut authorization = self.authorization(&method, &url)?;
        authorization.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json");
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        request.body(body).ok()
    }

    fn authorization(&self, method: &Method, url: &Url) -> Option<HeaderValue> {
        let value = match self.credentials {
            Credentials::Bearer(token) | Credentials::App(token) => {
                format!("Bearer {}", token.expose_secret())
            }
            Credentials::OAuth1(consumer, token) => {
                let moment = Moment {
                    at: self.clock.now(),
                    nonce: random_token(self.random, 24),
                };
                let signed =
                    oauth1::authorization(consumer, Some(token), &moment, (method, url), &[], &[]);
                signed.expose_secret().to_owned()
            }
        };
        HeaderValue::from_str(&value).ok()
    }
}

/// The base address, or the token, cannot stand in a request.
fn not_possible() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_request_not_possible",
        "The request to X cannot be made with the configured address and credentials.",
        "The operator checks X_API_BASE.",
    )
}

/// X could not be asked, or did not answer anything that makes sense.
#[must_use]
pub fn unreachable(detail: String) -> NotSent {
    NotSent::new(
        Class::Transient,
        "x_unreachable",
        detail,
        "Try again in a minute.",
    )
}
