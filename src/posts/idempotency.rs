//! Repeats of a request under its `Idempotency-Key`: the same request is answered as the first time, another is refused.

use super::create::Created;
use super::store;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::http::{Call, Reply};
use crate::ids::PostId;
use crate::ports::Statement;
use http::{HeaderName, StatusCode};
use serde::Deserialize;

/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// What a key stands for.
#[derive(Deserialize)]
pub(super) struct KeyRow {
    fingerprint: String,
    resource_id: PostId,
    status: u16,
    answer: String,
}

/// A post that may not be made now may have been made before: a repeat of a scheduled post comes when its time is past.
pub(super) async fn replay_or(
    app: &App,
    call: &Call,
    key: Option<&str>,
    fingerprint: &str,
    error: Error,
) -> Result<Created, Error> {
    let Some(key) = key else { return Err(error) };
    let read = Statement::new(store::READ_KEY)
        .bind(&call.caller()?.workspace_id)
        .bind(key)
        .bind(app.now());
    match app.database.run(read).await?.first()? {
        Some(known) => replay(known, fingerprint),
        None => Err(error),
    }
}

/// The first answer once more, if the request is the same.
pub(super) fn replay(known: KeyRow, fingerprint: &str) -> Result<Created, Error> {
    if known.fingerprint != fingerprint {
        return Err(Error::new(
            Kind::Invalid,
            "idempotency_key_reused",
            "This Idempotency-Key belongs to another request of the last 24 hours.",
            "Use a new key for a new request, and the same body when you repeat one.",
        ));
    }
    let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::ACCEPTED);
    let location = format!("/api/v1/posts/{}", known.resource_id);
    let reply = Reply::bytes(status, "application/json", known.answer.into_bytes())
        .with_header(http::header::LOCATION, &location)
        .with_header(HeaderName::from_static("idempotency-replayed"), "true");
    Ok(Created::Replayed(known.resource_id, reply))
}

/// The request's key, if it has one.
pub(super) fn key(call: &Call) -> Result<Option<&str>, Error> {
    let mut values = call.headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or("").trim();
    // Two keys say two things: taking one of them would let a repeat with the other make a second post.
    let several = values.next().is_some();
    if several || key.is_empty() || key.len() > KEY_MAX || key.contains(char::is_control) {
        return Err(Error::new(
            Kind::Malformed,
            "invalid_idempotency_key",
            format!("Idempotency-Key must be 1 to {KEY_MAX} visible ASCII characters."),
            "Use a UUID, made before the first try and kept for its repeats.",
        ));
    }
    Ok(Some(key))
}
