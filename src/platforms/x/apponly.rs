//! The app-only token: for reads of what is public
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only>).
//!
//! X gives an app the same token as often as it asks, until it is invalidated.

use super::api::unreachable;
use super::errors::ErrorBody;
use super::oauth::{DEADLINE_MS, basic};
use super::oauth1::Consumer;
use crate::config::XConfig;
use crate::platforms::{Class, NotSent};
use crate::ports::HttpClient;
use http::{Request, header};
use secrecy::SecretString;
use serde::Deserialize;

/// Fetches it. Repeating it is harmless.
///
/// # Errors
/// [`Class::Operator`] with `x_client_rejected`; otherwise why there is no answer.
pub async fn fetch(
    http: &dyn HttpClient,
    config: &XConfig,
    consumer: &Consumer,
) -> Result<SecretString, NotSent> {
    #[derive(Deserialize)]
    struct Given {
        access_token: String,
    }
    let request = Request::post(format!("{}/oauth2/token", config.api_base))
        .header(
            header::AUTHORIZATION,
            basic(&consumer.key, &consumer.secret),
        )
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(b"grant_type=client_credentials".to_vec())
        .map_err(|_| unreachable("X's address is not one that can be called.".to_owned()))?;
    let sent = http.send(request, DEADLINE_MS).await;
    let answer = sent.map_err(|error| unreachable(format!("X gave no answer: {error}.")))?;
    let status = answer.status().as_u16();
    if answer.status().is_success() {
        let given: Option<Given> = serde_json::from_slice(answer.body()).ok();
        // Never its words: they may hold the token.
        return given
            .map(|given| SecretString::from(given.access_token))
            .ok_or_else(|| unreachable("X answered something that holds no token.".to_owned()));
    }
    let error = ErrorBody::read(status, answer.body());
    if let Some(refusal) = error.refusal_of_the_app() {
        return Err(refusal);
    }
    Err(match status {
        400 | 401 | 403 => refused().with_upstream(error.words()),
        429 => NotSent::new(
            Class::Transient,
            "x_rate_limited",
            "X has had as many token requests as it takes for now.",
            "Try again in a few minutes.",
        ),
        status => unreachable(format!("X answered {status} about the app-only token.")),
    })
}

/// X does not accept the app, or its token.
#[must_use]
pub fn refused() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_client_rejected",
        "X does not accept the app's bearer token, or the API key and secret that fetch one.",
        "The operator checks X_BEARER_TOKEN, or X_API_KEY and X_API_SECRET.",
    )
}

/// The app has nothing to read with.
#[must_use]
pub fn none() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_not_configured",
        "The X app has neither a bearer token nor an API key and secret that fetch one.",
        "The operator sets X_BEARER_TOKEN, or X_API_KEY and X_API_SECRET.",
    )
}
