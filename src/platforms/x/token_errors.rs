//! What X's token endpoint means by its refusals.
//!
//! | answer | class |
//! |---|---|
//! | `invalid_grant`; `invalid_request` about the token or the authorization code | [`Class::Token`]: connect again |
//! | `unauthorized_client`, `invalid_client`, at 400 or 401 | [`Class::Operator`]; the account is not to blame |
//! | `invalid_scope` | [`Class::Permanent`]: the app may do less than was asked for |
//! | any other OAuth error | [`Class::Operator`]: a bug of ours, which no repeat cures |
//! | 429, 5xx, no answer, an answer that is not readable | [`Class::Transient`] |
//!
//! The shapes are reported by those who call it, not documented (`Value passed for the token was invalid.` and its
//! kin), so a new one falls into the class that loses nothing.

use super::errors::ErrorBody;
use crate::platforms::{Class, NotSent};
use crate::ports::HttpError;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};

/// How a grant that X does not accept is told to a person.
pub(super) struct Dead {
    code: &'static str,
    detail: &'static str,
    remedy: &'static str,
}

pub(super) const CODE_REFUSED: Dead = Dead {
    code: "code_refused",
    detail: "X did not accept the consent any more: it is good for 30 seconds and for one use.",
    remedy: "Begin connecting again.",
};

pub(super) const GRANT_REVOKED: Dead = Dead {
    code: "grant_revoked",
    detail: "X does not accept the account's refresh token: the access was taken back, or the token is spent.",
    remedy: "Connect the account again; what waits then goes out by itself.",
};

// 400 `invalid_grant`, or as X does it `invalid_request` with "Value passed for the token was invalid." A parameter
// that is missing may be named `refresh_token` too, but that is a bug of ours and says nothing of the grant.
pub(super) fn grant_is_dead(error: &BasicErrorResponse) -> bool {
    let words = error
        .error_description()
        .map(|text| text.to_ascii_lowercase())
        .unwrap_or_default();
    match error.error() {
        BasicErrorResponseType::InvalidGrant => true,
        BasicErrorResponseType::InvalidRequest => {
            !words.starts_with("missing required parameter")
                && (words.contains("token") || words.contains("authorization code"))
        }
        _ => false,
    }
}

pub(super) fn classify(status: u16, error: &BasicErrorResponse, dead: &Dead) -> NotSent {
    let upstream =
        ErrorBody::from_words(status, error.error_description().map(String::as_str)).words();
    let refusal = if status == 429 || status >= 500 || says_later(error.error().as_ref()) {
        busy(status)
    } else if grant_is_dead(error) {
        NotSent::new(Class::Token, dead.code, dead.detail, dead.remedy)
    } else {
        match error.error() {
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                NotSent::new(
                    Class::Operator,
                    "x_client_rejected",
                    "X does not accept the app's client id and secret.",
                    "The operator checks X_CLIENT_ID and X_CLIENT_SECRET: the OAuth 2.0 pair, not the API key; no secret for a public client. Accounts stay connected.",
                )
            }
            BasicErrorResponseType::InvalidScope => super::exchange::too_narrow(),
            // Not the account's fault, and not cured by trying again: the operator sees it and updates.
            _ => NotSent::new(
                Class::Operator,
                "x_request_rejected",
                "X refused a token request of Godwit as malformed.",
                "The operator updates Godwit, or reports this as a bug.",
            ),
        }
    };
    refusal.with_upstream(upstream)
}

fn says_later(code: &str) -> bool {
    matches!(
        code,
        "rate_limited" | "temporarily_unavailable" | "server_error"
    )
}

// Not OAuth's form: a problem, HTML, nothing, or a success that is cut off.
pub(super) fn classify_unreadable(status: u16, body: &[u8]) -> NotSent {
    let error = ErrorBody::read(status, body);
    // Of a success the body may hold tokens, whose words nobody may see.
    if (200..300).contains(&status) {
        return NotSent::new(
            Class::Transient,
            "x_unreachable",
            "X answered about the tokens, but the answer is not readable.",
            "Try again; if X has already changed the tokens, connect the account again.",
        );
    }
    error
        .refusal_of_the_app()
        .unwrap_or_else(|| busy(status).with_upstream(error.words()))
}

fn busy(status: u16) -> NotSent {
    match status {
        429 => NotSent::new(
            Class::Transient,
            "x_rate_limited",
            "X has had as many token requests as it takes for now.",
            "Try again in a few minutes.",
        ),
        0 => NotSent::new(
            Class::Transient,
            "x_unreachable",
            "X was not reached.",
            "Try again in a minute.",
        ),
        status => NotSent::new(
            Class::Transient,
            "x_unreachable",
            format!("X answered {status} and no reason."),
            "Try again in a minute.",
        ),
    }
}

pub(super) fn unreachable(error: &HttpError) -> NotSent {
    NotSent::new(
        Class::Transient,
        "x_unreachable",
        format!("X gave no answer: {error}."),
        "Try again in a minute.",
    )
}
