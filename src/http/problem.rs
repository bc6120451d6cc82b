//! RFC 9457 problem documents: what every error of the API looks like.

use crate::error::{Error, FieldError, Kind};
use crate::ids::RequestId;
use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

/// The body of every answer that is not a success (RFC 9457, with our members).
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// A URI that names the kind of problem: `urn:godwit:problem:` and the `code`.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "uri", "examples" = ["urn:godwit:problem:text_too_long"]))]
    pub kind: String,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// Stable, `snake_case`; what a program may rely on.
    #[schemars(extend("examples" = ["text_too_long"]))]
    pub code: &'static str,
    /// What happened.
    pub detail: String,
    /// What to do about it.
    pub remedy: String,
    /// Names this request in the log.
    pub request_id: RequestId,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The platform's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// The HTTP status of a kind of error.
#[must_use]
pub const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Outdated => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Renders an error. `internal` stays behind: the caller logs it.
#[must_use]
pub fn render(error: Error, request_id: RequestId) -> Response<Body> {
    let status = status_of(error.kind);
    let problem = Problem {
        kind: format!("urn:godwit:problem:{}", error.code),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        code: error.code,
        detail: error.detail,
        remedy: error.remedy,
        request_id,
        errors: error.fields,
        upstream: error.upstream,
    };
    let mut response = Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = error.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
