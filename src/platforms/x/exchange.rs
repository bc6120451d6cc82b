//! The exchange of an OAuth 1.0a token for a pair of OAuth 2.0
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>).
//!
//! The OAuth 1.0a token stays good, so that a lost answer costs nothing: the exchange is asked for again, which ends the
//! pair of the one before. X counts pairs by app and user: an exchange ends the pair of every other one of that user
//! through that app.

use super::legs;
use super::oauth::{Client, TokenPair, missing_scopes, pair, post_form, scopes};
use super::oauth1::Token;
use super::token_errors::{GRANT_REVOKED, classify, classify_unreadable};
use crate::config::XConfig;
use crate::platforms::{Class, NotSent};
use crate::ports::HttpClient;
use crate::time::Timestamp;
use oauth2::basic::{BasicErrorResponse, BasicTokenResponse};
use secrecy::ExposeSecret as _;

/// What is asked for: what a consent of OAuth 2.0 is asked for, as far as an exchange can give it.
fn wanted(config: &XConfig) -> Vec<String> {
    let mut wanted = scopes(config);
    wanted.retain(|scope| legs::SCOPES.contains(&scope.as_str()));
    wanted
}

/// Exchanges a token. Repeating it gives another pair, and ends the one before.
///
/// # Errors
/// [`Class::Token`] with `grant_revoked`: X does not accept the OAuth 1.0a token. [`Class::Permanent`] with
/// `x_scope_refused`: the app may not do what posting needs. Otherwise as a refresh.
pub async fn exchange(
    http: &dyn HttpClient,
    config: &XConfig,
    client: &Client,
    token: &Token,
    now: Timestamp,
) -> Result<TokenPair, NotSent> {
    let wanted = wanted(config);
    let scope = wanted.join(" ");
    let form = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", token.token.expose_secret()),
        (
            "subject_token_type",
            "urn:x:params:oauth:token-type:oauth1_token",
        ),
        ("oauth_token_secret", token.secret.expose_secret()),
        ("scope", &scope),
    ];
    let answer = post_form(http, config, client, "/2/oauth2/token", &form).await?;
    let status = answer.status().as_u16();
    if !answer.status().is_success() {
        return Err(
            match serde_json::from_slice::<BasicErrorResponse>(answer.body()) {
                Ok(error) => classify(status, &error, &GRANT_REVOKED),
                Err(_) => classify_unreadable(status, answer.body()),
            },
        );
    }
    let tokens: BasicTokenResponse = serde_json::from_slice(answer.body())
        .map_err(|_| classify_unreadable(status, answer.body()))?;
    let mut pair = pair(&tokens, now);
    if pair.scopes.is_empty() {
        // RFC 6749 5.1: an answer without a scope grants what was asked for.
        pair.scopes = wanted;
    }
    let missing = missing_scopes(&pair.scopes);
    if missing.is_empty() && pair.refresh.is_some() {
        Ok(pair)
    } else {
        Err(too_narrow())
    }
}

/// The account goes on with what it has, which can post.
pub(super) fn too_narrow() -> NotSent {
    NotSent::new(
        Class::Permanent,
        "x_scope_refused",
        "X does not give what posting needs for the account's OAuth 1.0a token: the X app, or the person, allows less.",
        "Let the X app read and write at https://console.x.com, then connect the account again with POST /api/v1/connections/x/authorize.",
    )
}
