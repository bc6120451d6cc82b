//! Dead letters: queue messages that cannot be read, or that a queue gave up on. Recorded, shown, retried, dismissed.

use super::model::DeadLetter;
use super::store::{self, LetterRow, NewLetter};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::http::Page;
use crate::identity::Caller;
use crate::ids::{AuditId, DeadLetterId};
use crate::jobs::{Disposition, Message};
use crate::time::SECOND_MS;
use serde_json::json;

/// How much of a body is kept, in bytes; ours have some 250.
const BODY_KEPT_BYTES: usize = 4_096;

/// How much of a reason is kept, in bytes: what serde says repeats words of the message.
const REASON_KEPT_BYTES: usize = 300;

/// Records a message that could not be handled.
///
/// If the process ends after the insert, the message comes again, with the same id, and is not recorded twice. When it
/// cannot be recorded it comes again as well: it must not vanish.
pub async fn bury(app: &App, queue: &str, message: &Message, reason: &str) -> Disposition {
    let reason = beginning(reason, REASON_KEPT_BYTES);
    let new = NewLetter {
        id: &DeadLetterId::new(&*app.clock, &*app.random),
        message_id: message.id.as_deref(),
        queue,
        body: beginning(&message.body, BODY_KEPT_BYTES),
        reason,
        now: app.now(),
    };
    app.warn(
        "dead_letter",
        &json!({ "queue": queue, "reason": reason, "size_bytes": message.body.len() }),
    );
    match app.database.run(store::bury(&new)).await {
        Ok(_) => Disposition::Done,
        Err(error) => {
            app.warn(
                "dead_letter_not_recorded",
                &json!({ "error": error.to_string() }),
            );
            Disposition::again_in(30 * SECOND_MS)
        }
    }
}

/// Letters, newest first, older than `before`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    before: Option<&DeadLetterId>,
    limit: u32,
) -> Result<Page<DeadLetter>, Error> {
    let statement = store::letters(before, limit + 1);
    let rows: Vec<LetterRow> = app.database.run(statement).await?.all()?;
    let letters = rows.into_iter().map(DeadLetter::from).collect();
    Ok(Page::of(letters, limit, |letter: &DeadLetter| {
        letter.id.to_string()
    }))
}

/// Puts a letter back on its queue.
///
/// 1. It is sent.
/// 2. It is marked. If the process ends before, the letter is still open and may be retried again: sent twice it is as
///    harmless as any nudge, marked and never sent it would be forgotten.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Conflict`] for what is no message of ours; [`Kind::Unavailable`] when the queue or the
/// database does not answer.
pub async fn retry(app: &App, caller: &Caller, id: &DeadLetterId) -> Result<DeadLetter, Error> {
    let row: Option<LetterRow> = app.database.run(store::letter(id)).await?.first()?;
    let letter = row.map(DeadLetter::from).ok_or_else(no_such_letter)?;
    let job = DeadLetter::job(&letter.body).ok_or_else(not_readable)?;
    // 1.
    app.queue.send(vec![(job, 0)]).await?;
    // 2.
    let now = app.now();
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    app.database
        .batch(store::retried(id, caller, &audit_id, now))
        .await?;
    Ok(DeadLetter {
        retries: letter.retries.saturating_add(1),
        retried_at: Some(now),
        ..letter
    })
}

/// Forgets a letter.
///
/// # Errors
/// [`Kind::NotFound`], also a second time.
pub async fn dismiss(app: &App, caller: &Caller, id: &DeadLetterId) -> Result<(), Error> {
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let statements = store::dismiss(id, caller, &audit_id, app.now());
    let deleted = app.database.batch(statements).await?.pop();
    if deleted.is_none_or(|set| set.changes == 0) {
        return Err(no_such_letter());
    }
    Ok(())
}

/// There is no such letter.
pub fn no_such_letter() -> Error {
    Error::new(
        Kind::NotFound,
        "not_found",
        "There is no such dead letter.",
        "GET /api/v1/admin/dead-letters lists them; they are kept for 30 days.",
    )
}

fn not_readable() -> Error {
    Error::new(
        Kind::Conflict,
        "dead_letter_not_readable",
        "This letter is no message of Godwit, so that there is nothing to retry.",
        DeadLetter::remedy(false),
    )
}

fn beginning(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes))
        .unwrap_or_default()
}

impl From<LetterRow> for DeadLetter {
    fn from(row: LetterRow) -> Self {
        let retryable = Self::job(&row.body).is_some();
        Self {
            id: row.id,
            queue: row.queue,
            reason: row.reason,
            body: row.body,
            retryable,
            remedy: Self::remedy(retryable),
            received_at: row.received_at,
            retries: row.retries,
            retried_at: row.retried_at,
        }
    }
}
