//! The SQL of operations. No query here names a workspace: they serve the operator, who looks after all of them, and
//! give ids, states and counts alone.

use super::model::Pulse;
use crate::identity::Caller;
use crate::ids::{AuditId, DeadLetterId};
use crate::ports::{ResultSet, Statement, StorageError};
use crate::publish::State;
use crate::time::{DAY_MS, Timestamp, millis, optional_millis};
use serde::Deserialize;

/// The most rows that one look counts: the deliveries whose turn comes first, or the letters.
pub const COUNTED_MAX: u64 = 10_000;

/// How long a dead letter is kept, in ms.
const LETTER_KEPT_MS: i64 = 30 * DAY_MS;

// By the index of the sweep, which holds nothing that is final. What waits for a decision has no time there and comes
// first; then what is overdue the longest.
const WAITING: &str = "SELECT state, reason, max(remedy) AS remedy, count(*) AS deliveries,
    count(CASE WHEN sweep_at <= ?1 THEN 1 END) AS overdue, min(sweep_at) AS oldest_sweep_at,
    min(created_at) AS oldest_created_at, min(due_at) AS oldest_due_at, min(next_attempt_at) AS next_attempt_at
  FROM (SELECT state, reason, remedy, sweep_at, created_at, due_at, next_attempt_at FROM deliveries
    WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting') ORDER BY sweep_at LIMIT ?2)
  GROUP BY state, reason ORDER BY state, reason";

const OPEN_LETTERS: &str = "SELECT queue, count(*) AS letters, min(received_at) AS oldest_at
  FROM (SELECT queue, received_at FROM dead_letters WHERE retried_at IS NULL ORDER BY queue, received_at LIMIT ?1)
  GROUP BY queue ORDER BY queue";

const LETTERS: &str =
    "SELECT id, queue, reason, body, received_at, retries, retried_at FROM dead_letters
  WHERE id < ?1 ORDER BY id DESC LIMIT ?2";

const LETTER: &str = "SELECT id, queue, reason, body, received_at, retries, retried_at FROM dead_letters WHERE id = ?1";

const BURY: &str = "INSERT INTO dead_letters (id, message_id, queue, body, reason, received_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (message_id) DO NOTHING";

const RETRIED: &str =
    "UPDATE dead_letters SET retries = retries + 1, retried_at = ?2 WHERE id = ?1";

const DISMISS: &str = "DELETE FROM dead_letters WHERE id = ?1";

// In the log of the workspace that the operator acts from: a letter belongs to none.
const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, ?4, id, ?6 FROM dead_letters WHERE id = ?5";

const CRONS: &str = "SELECT cron, started_at, finished_at, outcome, done, ok_at, unended_at FROM cron_ticks ORDER BY cron";

const TICK_BEGAN: &str = "INSERT INTO cron_ticks (cron, first_at, started_at) VALUES (?1, ?2, ?2)
  ON CONFLICT (cron) DO UPDATE SET
    first_at = coalesce(first_at, excluded.first_at),
    unended_at = CASE WHEN finished_at IS NULL THEN started_at ELSE unended_at END,
    started_at = excluded.started_at, finished_at = NULL, outcome = NULL, done = NULL";

// Of a tick that a newer one has overtaken, only that it ended, and whether well. Its own start comes with it, in case
// that could not be written down.
const TICK_ENDED: &str =
    "INSERT INTO cron_ticks (cron, first_at, started_at, finished_at, outcome, done, ok_at)
  VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (cron) DO UPDATE SET
    finished_at = CASE WHEN started_at <= excluded.started_at THEN excluded.finished_at ELSE finished_at END,
    outcome = CASE WHEN started_at <= excluded.started_at THEN excluded.outcome ELSE outcome END,
    done = CASE WHEN started_at <= excluded.started_at THEN excluded.done ELSE done END,
    started_at = max(started_at, excluded.started_at),
    ok_at = nullif(max(coalesce(ok_at, 0), coalesce(excluded.ok_at, 0)), 0),
    unended_at = nullif(unended_at, excluded.started_at)";

const PULSE_TICKS: &str = "SELECT first_at, ok_at FROM cron_ticks WHERE cron = ?1";

const PULSE_OLDEST: &str = "SELECT sweep_at FROM deliveries
  WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting') AND sweep_at IS NOT NULL
  ORDER BY sweep_at LIMIT 1";

// An id begins with its time.
const PULSE_SINCE: &str = "SELECT created_at FROM users ORDER BY id LIMIT 1";

/// Deliveries in one state for one reason.
#[derive(Deserialize)]
pub struct WaitingRow {
    pub state: State,
    pub reason: Option<String>,
    pub remedy: Option<String>,
    pub deliveries: u64,
    pub overdue: u64,
    #[serde(with = "optional_millis")]
    pub oldest_sweep_at: Option<Timestamp>,
    #[serde(with = "millis")]
    pub oldest_created_at: Timestamp,
    #[serde(with = "millis")]
    pub oldest_due_at: Timestamp,
    #[serde(with = "optional_millis")]
    pub next_attempt_at: Option<Timestamp>,
}

/// Open letters of one queue.
#[derive(Deserialize)]
pub struct OpenRow {
    pub queue: String,
    pub letters: u64,
    #[serde(with = "millis")]
    pub oldest_at: Timestamp,
}

/// A dead letter.
#[derive(Deserialize)]
pub struct LetterRow {
    pub id: DeadLetterId,
    pub queue: String,
    pub reason: String,
    pub body: String,
    #[serde(with = "millis")]
    pub received_at: Timestamp,
    pub retries: u32,
    #[serde(with = "optional_millis")]
    pub retried_at: Option<Timestamp>,
}

/// What is noted of a cron trigger.
#[derive(Deserialize)]
pub struct CronRow {
    pub cron: String,
    #[serde(with = "millis")]
    pub started_at: Timestamp,
    #[serde(with = "optional_millis")]
    pub finished_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub done: Option<u64>,
    #[serde(with = "optional_millis")]
    pub ok_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub unended_at: Option<Timestamp>,
}

/// The waiting deliveries by state and reason, of which those count as overdue that the sweep should have taken by
/// `overdue_before`.
pub fn waiting(overdue_before: Timestamp) -> Statement {
    Statement::new(WAITING)
        .bind(overdue_before)
        .bind(u32::try_from(COUNTED_MAX).unwrap_or(u32::MAX))
}

/// The letters that nobody has looked after, by queue.
pub fn open_letters() -> Statement {
    Statement::new(OPEN_LETTERS).bind(u32::try_from(COUNTED_MAX).unwrap_or(u32::MAX))
}

/// Letters, newest first, older than `before`.
pub fn letters(before: Option<&DeadLetterId>, limit: u32) -> Statement {
    // '~' comes after every character of an id.
    Statement::new(LETTERS)
        .bind(before.map_or("dead_~", DeadLetterId::as_str))
        .bind(limit)
}

/// One letter.
pub fn letter(id: &DeadLetterId) -> Statement {
    Statement::new(LETTER).bind(id)
}

/// A letter's row.
pub struct NewLetter<'a> {
    pub id: &'a DeadLetterId,
    pub message_id: Option<&'a str>,
    pub queue: &'a str,
    pub body: &'a str,
    pub reason: &'a str,
    pub now: Timestamp,
}

/// Records a message; a second time changes nothing, where its id is known.
pub fn bury(new: &NewLetter<'_>) -> Statement {
    Statement::new(BURY)
        .bind(new.id)
        .bind(new.message_id)
        .bind(new.queue)
        .bind(new.body)
        .bind(new.reason)
        .bind(new.now)
}

/// Marks a letter as retried.
pub fn retried(
    id: &DeadLetterId,
    caller: &Caller,
    audit_id: &AuditId,
    now: Timestamp,
) -> Vec<Statement> {
    vec![
        audit("dead_letter.retried", id, caller, audit_id, now),
        Statement::new(RETRIED).bind(id).bind(now),
    ]
}

/// Deletes a letter; the last statement changes a row if there was one.
pub fn dismiss(
    id: &DeadLetterId,
    caller: &Caller,
    audit_id: &AuditId,
    now: Timestamp,
) -> Vec<Statement> {
    vec![
        audit("dead_letter.dismissed", id, caller, audit_id, now),
        Statement::new(DISMISS).bind(id),
    ]
}

fn audit(
    action: &str,
    id: &DeadLetterId,
    caller: &Caller,
    audit_id: &AuditId,
    now: Timestamp,
) -> Statement {
    Statement::new(AUDIT)
        .bind(&caller.workspace_id)
        .bind(audit_id)
        .bind(caller.actor())
        .bind(action)
        .bind(id)
        .bind(now)
}

// In the log of the workspace that the operator acts from: an app belongs to all of them.
const AUDIT_RESUME: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, 'app.resumed', app, ?4 FROM app_pauses";

/// Notes that an operator ends a pause, if there is one.
pub fn resumed(caller: &Caller, audit_id: &AuditId, now: Timestamp) -> Statement {
    Statement::new(AUDIT_RESUME)
        .bind(&caller.workspace_id)
        .bind(audit_id)
        .bind(caller.actor())
        .bind(now)
}

/// Deletes letters that nobody will look at any more, for the daily clean-up. May run twice.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    const SQL: &str = "DELETE FROM dead_letters WHERE received_at <= ?1";
    vec![Statement::new(SQL).bind(now.plus_ms(-LETTER_KEPT_MS))]
}

/// What is noted of the cron triggers, a row each.
pub const fn crons() -> Statement {
    Statement::new(CRONS)
}

/// Notes that a tick began.
pub fn tick_began(cron: &str, started_at: Timestamp) -> Statement {
    Statement::new(TICK_BEGAN).bind(cron).bind(started_at)
}

/// Notes that a tick ended: with how much done, or with an error's code.
pub fn tick_ended(
    cron: &str,
    started_at: Timestamp,
    ended_at: Timestamp,
    result: Result<u32, &str>,
) -> Statement {
    let outcome = match result {
        Ok(_) => "ok".to_owned(),
        Err(code) => format!("failed: {code}"),
    };
    Statement::new(TICK_ENDED)
        .bind(cron)
        .bind(started_at)
        .bind(ended_at)
        .bind(outcome)
        .bind(result.ok())
        .bind(result.ok().map(|_| ended_at))
}

/// What [`read_pulse`] reads: the ticks of `cron`, and the delivery that the sweep should have taken first.
pub fn pulse(cron: &str) -> Vec<Statement> {
    vec![
        Statement::new(PULSE_TICKS).bind(cron),
        Statement::new(PULSE_OLDEST),
        Statement::new(PULSE_SINCE),
    ]
}

/// Reads the results of [`pulse`].
///
/// # Errors
/// When a row does not fit.
pub fn read_pulse(sets: Vec<ResultSet>) -> Result<Pulse, StorageError> {
    #[derive(Deserialize)]
    struct Ticks {
        #[serde(with = "optional_millis")]
        first_at: Option<Timestamp>,
        #[serde(with = "optional_millis")]
        ok_at: Option<Timestamp>,
    }
    #[derive(Deserialize)]
    struct Oldest {
        #[serde(with = "millis")]
        sweep_at: Timestamp,
    }
    #[derive(Deserialize)]
    struct Since {
        #[serde(with = "millis")]
        created_at: Timestamp,
    }
    let mut sets = sets.into_iter();
    let ticks: Option<Ticks> = sets.next().unwrap_or_default().first()?;
    let oldest: Option<Oldest> = sets.next().unwrap_or_default().first()?;
    let since: Option<Since> = sets.next().unwrap_or_default().first()?;
    Ok(Pulse {
        in_use_since: since.map(|since| since.created_at),
        first_tick_at: ticks.as_ref().and_then(|ticks| ticks.first_at),
        last_tick_at: ticks.and_then(|ticks| ticks.ok_at),
        oldest_sweep_at: oldest.map(|oldest| oldest.sweep_at),
    })
}
