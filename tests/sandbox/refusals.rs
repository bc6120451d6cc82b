//! X's refusals, by name and in X's own words (<https://docs.x.com/x-api/fundamentals/response-codes-and-errors> and reports of users).
//!
//! The host in `type` is `api.twitter.com` in some and `api.x.com` in others, as seen live.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Answer;

/// Both the reasons for which this X refuses by itself and those that a fault may name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// 429 with its window spent; as a fault, the window opens after `reset_after_s`.
    RateLimit,
    /// The same in the old shape, `{"errors":[{"code":88,…}]}`.
    RateLimitCode88,
    /// 429 while the 15-minute window is open: the 24-hour cap is spent.
    DayCap,
    /// 429 of the app's monthly cap.
    UsageCap,
    ServerError,
    ServiceUnavailable,
    ServiceUnavailableHtml,
    CreditsDepleted,
    SpendCap,
    ClientNotEnrolled,
    /// 403 "You are not permitted to perform this action.": too long, an integrity block, bad media, permissions.
    Forbidden,
    Duplicate,
    ReplyNotAllowed,
    ReplyOrQuoteNotAllowed,
    ReplyToDeleted,
    MentionsNotAllowed,
    TooManyCashtags,
    InvalidUrl,
    UserSuspended,
    UserLocked,
    MissingScope,
    Unauthorized,
    AppOnly,
    NotFound,
    MethodNotAllowed,
    /// A body, or a segment of media, that is longer than X takes.
    TooLarge,
    TokenInvalid,
    CodeInvalid,
    BadClient,
    InvalidGrant,
    TokenRateLimited,
    TemporarilyUnavailable,
}

impl Refusal {
    #[allow(clippy::too_many_lines, reason = "a table, one entry for each name")]
    pub fn answer(self) -> Answer {
        match self {
            Self::RateLimit | Self::DayCap => plain(429, "Too Many Requests", "Too Many Requests"),
            Self::RateLimitCode88 => Answer::json(
                429,
                &json!({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
            ),
            Self::UsageCap => typed(
                429,
                "https://api.twitter.com/2/problems/usage-capped",
                &json!({
                    "title": "UsageCapExceeded",
                    "detail": "Usage cap exceeded: Monthly product cap",
                    "period": "Monthly",
                    "scope": "Product",
                }),
            ),
            Self::ServerError => plain(500, "Internal Server Error", "Internal Server Error"),
            Self::ServiceUnavailable => plain(503, "Service Unavailable", "Service Unavailable"),
            Self::ServiceUnavailableHtml => Answer::html(
                503,
                "<!DOCTYPE html><html><head><title>X / ?</title></head><body><h1>503 Service Unavailable</h1>\
                 <p>No server is available to handle this request.</p></body></html>",
            ),
            Self::CreditsDepleted => Answer::problem(
                402,
                &json!({
                    "title": "CreditsDepleted",
                    "detail": "Your enrolled account [1843] does not have any credits to fulfill this request.",
                    "type": "https://api.twitter.com/2/problems/credits",
                }),
            ),
            Self::SpendCap => Answer::problem(
                403,
                &json!({
                    "title": "Forbidden",
                    "detail": "Your monthly spend cap has been reached.",
                    "type": "https://api.x.com/2/problems/spend-cap-reached",
                }),
            ),
            Self::ClientNotEnrolled => Answer::problem(
                403,
                &json!({
                    "client_id": "1843",
                    "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens \
                               from a Twitter developer App that is attached to a Project. You can create a project via \
                               the developer portal.",
                    "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
                    "title": "Client Forbidden",
                    "required_enrollment": "Appropriate Level of API Access",
                    "reason": "client-not-enrolled",
                    "type": "https://api.twitter.com/2/problems/client-forbidden",
                }),
            ),
            Self::Forbidden => forbidden("You are not permitted to perform this action."),
            Self::Duplicate => {
                forbidden("You are not allowed to create a Tweet with duplicate content.")
            }
            Self::ReplyNotAllowed => forbidden(
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged \
                 by the author of the post you are replying to.",
            ),
            Self::ReplyOrQuoteNotAllowed => forbidden(
                "You can only reply to or quote posts where you are mentioned or are the author.",
            ),
            // Seen at https://github.com/plhery/node-twitter-api-v2/issues/366.
            Self::ReplyToDeleted => forbidden(
                "You attempted to reply to a Tweet that is deleted or not visible to you.",
            ),
            Self::MentionsNotAllowed => {
                forbidden("Creating posts with @mentions is not allowed for your access package.")
            }
            // The rule is official, its text is not known; this one is modelled on that of mentions.
            Self::TooManyCashtags => forbidden(
                "Creating posts with more than one cashtag is not allowed for your access package.",
            ),
            Self::InvalidUrl => plain(400, "Invalid Request", "The Tweet contains an invalid URL."),
            Self::UserSuspended => typed(
                403,
                "https://api.twitter.com/2/problems/user-suspended",
                &json!({"title": "Forbidden", "detail": "Your account is suspended and is not permitted to access this feature."}),
            ),
            Self::UserLocked => typed(
                403,
                "https://api.twitter.com/2/problems/user-suspended",
                &json!({"title": "Forbidden", "detail": "To protect our users from spam and other malicious activity, this account is temporarily locked."}),
            ),
            Self::MissingScope => forbidden("Forbidden"),
            Self::Unauthorized => plain(401, "Unauthorized", "Unauthorized"),
            Self::AppOnly => unsupported_authentication(
                "OAuth 2.0 Application-Only",
                "OAuth 1.0a User Context, OAuth 2.0 User Context",
            ),
            Self::NotFound => plain(404, "Not Found", "Not Found"),
            Self::MethodNotAllowed => plain(405, "Method Not Allowed", "Method Not Allowed"),
            Self::TooLarge => plain(413, "Payload Too Large", "Payload Too Large"),
            Self::TokenInvalid => oauth(
                400,
                "invalid_request",
                "Value passed for the token was invalid.",
            ),
            Self::CodeInvalid => oauth(
                400,
                "invalid_request",
                "Value passed for the authorization code was invalid.",
            ),
            Self::BadClient => oauth(
                401,
                "unauthorized_client",
                "Missing valid authorization header",
            ),
            Self::InvalidGrant => oauth(400, "invalid_grant", "The grant is no longer valid."),
            Self::TokenRateLimited => oauth(429, "rate_limited", "Too many requests."),
            Self::TemporarilyUnavailable => oauth(
                503,
                "temporarily_unavailable",
                "The service is temporarily unavailable.",
            ),
        }
    }

    /// Whether X turns the request away before it counts it.
    pub fn is_throttle(self) -> bool {
        self.answer().status == 429
    }
}

/// Error family (c): what X says of a request that does not fit its schema. `parameters` names what was sent.
pub fn invalid_request(parameters: &Value, message: &str) -> Answer {
    Answer::problem(
        400,
        &json!({
            "errors": [{"parameters": parameters, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request",
        }),
    )
}

pub fn video_too_long(minutes: i64) -> Answer {
    forbidden(&format!(
        "This user is not allowed to post a video longer than {minutes} minutes."
    ))
}

/// Two spaces after the first sentence, as X has them.
pub fn unsupported_authentication(kind: &str, supported: &str) -> Answer {
    typed(
        403,
        "https://api.twitter.com/2/problems/unsupported-authentication",
        &json!({
            "title": "Unsupported Authentication",
            "detail": format!(
                "Authenticating with {kind} is forbidden for this endpoint.  Supported authentication types are \
                 [{supported}]."
            ),
        }),
    )
}

/// Error family (b).
pub fn coded(status: u16, code: u32, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({"errors": [{"code": code, "message": message}]}),
    )
}

pub fn oauth1_permissions() -> Answer {
    typed(
        403,
        "https://api.twitter.com/2/problems/oauth1-permissions",
        &json!({
            "title": "Forbidden",
            "detail": "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
        }),
    )
}

pub fn missing_parameter(name: &str) -> Answer {
    oauth(
        400,
        "invalid_request",
        &format!("Missing required parameter [{name}]."),
    )
}

/// An entry of `errors` beside `data`: X answers 200 when a thing that was asked for by id is not there.
pub fn not_found(kind: &str, parameter: &str, id: &str) -> Value {
    json!({
        "value": id,
        "detail": format!("Could not find {kind} with {parameter}: [{id}]."),
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    })
}

/// The same for what is there and not the reader's.
pub fn not_authorized(kind: &str, parameter: &str, id: &str) -> Value {
    json!({
        "value": id,
        "detail": format!("Sorry, you are not authorized to see the {kind} with {parameter}: [{id}]."),
        "title": "Authorization Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": id,
        "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
    })
}

pub fn oauth(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

fn plain(status: u16, title: &str, detail: &str) -> Answer {
    typed(
        status,
        "about:blank",
        &json!({"title": title, "detail": detail}),
    )
}

fn forbidden(detail: &str) -> Answer {
    plain(403, "Forbidden", detail)
}

fn typed(status: u16, kind: &str, members: &Value) -> Answer {
    let mut body = members.clone();
    body["type"] = kind.into();
    body["status"] = status.into();
    Answer::problem(status, &body)
}
