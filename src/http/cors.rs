//! Which pages of other origins may call the API: those in `FRONTEND_ORIGINS`, by header and never by cookie.

use http::{HeaderMap, HeaderValue, header};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, prefer, x-workspace, if-match",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-request-id, etag, link, location, retry-after, idempotency-replayed, preference-applied, www-authenticate",
);
/// How long a browser may remember the answer, in seconds; two hours is the most that Chromium heeds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Adds the headers that let `origin` read the answer, if it is one of `allowed`.
pub fn allow(allowed: &[String], origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    // The answer depends on the header even where it is refused, so that no cache mixes the two up.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return };
    if !allowed
        .iter()
        .any(|one| one.as_bytes() == origin.as_bytes())
    {
        return;
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
}
