//! Repeats of a post under its `Idempotency-Key`. The key is claimed in the very transaction that makes the post, so
//! that here no claim is ever without an answer; what is common to all routes is in [`crate::http::idempotency`].

use super::create::Created;
use crate::app::App;
use crate::error::Error;
use crate::http::Call;
use crate::http::idempotency::{self, store};
use crate::ids::{PostId, WorkspaceId};
use crate::ports::Statement;
use crate::time::Timestamp;

pub(super) use crate::http::idempotency::{KEY_LIFE_MS, key};
pub(super) use store::Row as KeyRow;

/// Reads what a key stands for.
pub(super) fn read(workspace: &WorkspaceId, key: &str, now: Timestamp) -> Statement {
    Statement::new(store::READ)
        .bind(workspace)
        .bind(key)
        .bind(now)
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
    let read = read(&call.caller()?.workspace_id, key, app.now());
    match app.database.run(read).await?.first()? {
        Some(known) => replay(known, fingerprint),
        None => Err(error),
    }
}

/// The first answer once more, if the request is the same.
pub(super) fn replay(known: KeyRow, fingerprint: &str) -> Result<Created, Error> {
    // A key that stands for another request may stand for something that is no post.
    let post = PostId::parse(&known.resource_id);
    let (true, Some(id)) = (known.fingerprint == fingerprint, post) else {
        return Err(idempotency::reused());
    };
    let location = format!("/api/v1/posts/{id}");
    let reply = idempotency::replayed(known.status, known.answer)
        .with_header(http::header::LOCATION, &location);
    Ok(Created::Replayed(id, reply))
}
