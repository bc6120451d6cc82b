//! The two looks at an installation: the operator's, and the monitor's.

use super::model::{
    AppPause, CronTicks, DeadLetter, LettersOfQueue, OpenLetters, Overview, Pulse, SILENCE_MS,
    STUCK_REMEDY, TickResult, Waiting, WaitingGroup,
};
use super::store::{self, COUNTED_MAX, CronRow, LetterRow, OpenRow, WaitingRow};
use crate::app::App;
use crate::error::Error;
use crate::identity::Caller;
use crate::ids::AuditId;
use crate::jobs;
use crate::ports::StorageError;
use crate::publish::pause::{self, Pause};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// How many of the newest dead letters are shown at once.
const NEWEST: u32 = 10;

/// What waits, what was given up, and what ran. One round trip.
///
/// # Errors
/// When the database does not answer.
pub async fn overview(app: &App) -> Result<Overview, Error> {
    let now = app.now();
    let statements = vec![
        store::waiting(now.plus_ms(-SILENCE_MS)),
        store::open_letters(),
        store::letters(None, NEWEST),
        store::crons(),
        pause::look(),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let waiting: Vec<WaitingRow> = next().all()?;
    let open: Vec<OpenRow> = next().all()?;
    let newest: Vec<LetterRow> = next().all()?;
    let crons: Vec<CronRow> = next().all()?;
    let pauses: Vec<Pause> = next().all()?;
    Ok(Overview {
        at: now,
        waiting: counted(waiting, now),
        dead_letters: OpenLetters {
            open: open.iter().map(|row| row.letters).sum(),
            queues: open.into_iter().map(LettersOfQueue::from).collect(),
            newest: newest.into_iter().map(DeadLetter::from).collect(),
        },
        crons: ticked(crons, now),
        pauses: pauses.into_iter().map(AppPause::from).collect(),
    })
}

/// Ends every pause; the next sweep, within a minute, sends what they held. Doing so twice is harmless: what is still refused pauses again.
///
/// # Errors
/// When the database does not answer.
pub async fn resume(app: &App, caller: &Caller) -> Result<Overview, Error> {
    let now = app.now();
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let statements = vec![store::resumed(caller, &audit_id, now), pause::end_all()];
    app.database.batch(statements).await?;
    overview(app).await
}

/// Whether the sweep ticks and reaches everything. One round trip, three rows.
///
/// # Errors
/// When the database does not answer.
pub async fn pulse(app: &App) -> Result<Pulse, StorageError> {
    let statements = store::pulse(jobs::EVERY_MINUTE);
    app.database
        .batch(statements)
        .await
        .and_then(store::read_pulse)
}

fn counted(rows: Vec<WaitingRow>, now: Timestamp) -> Waiting {
    let total = rows.iter().map(|row| row.deliveries).sum();
    let overdue = rows.iter().map(|row| row.overdue).sum();
    let oldest = rows
        .iter()
        .filter(|row| row.overdue > 0)
        .filter_map(|row| row.oldest_sweep_at)
        .min();
    Waiting {
        total,
        all_counted: total < COUNTED_MAX,
        overdue,
        oldest_overdue_at: oldest,
        oldest_overdue_seconds: oldest.map(|at| now.since(at) / 1_000),
        remedy: (overdue > 0).then_some(STUCK_REMEDY),
        groups: rows.into_iter().map(WaitingGroup::from).collect(),
    }
}

/// Every trigger that should tick, and every other that was ever noted.
fn ticked(rows: Vec<CronRow>, now: Timestamp) -> Vec<CronTicks> {
    let mut noted: BTreeMap<String, CronRow> = rows
        .into_iter()
        .map(|row| (row.cron.clone(), row))
        .collect();
    let mut all: Vec<CronTicks> = jobs::CRONS
        .iter()
        .map(|(cron, purpose)| shown(cron, purpose, noted.remove(*cron), now))
        .collect();
    let others = noted
        .into_iter()
        .map(|(cron, row)| shown(&cron, "Nothing: no operation belongs to it", Some(row), now));
    all.extend(others);
    all
}

fn shown(cron: &str, purpose: &'static str, row: Option<CronRow>, now: Timestamp) -> CronTicks {
    let Some(row) = row else {
        return CronTicks {
            cron: cron.to_owned(),
            purpose,
            result: TickResult::Never,
            started_at: None,
            duration_ms: None,
            done: None,
            error: None,
            last_ok_at: None,
            last_unended_at: None,
        };
    };
    let result = TickResult::of(row.started_at, row.outcome.as_deref(), now);
    let error = row
        .outcome
        .as_deref()
        .and_then(|outcome| outcome.strip_prefix("failed: "));
    CronTicks {
        cron: cron.to_owned(),
        purpose,
        result,
        started_at: Some(row.started_at),
        duration_ms: row.finished_at.map(|at| at.since(row.started_at)),
        done: row.done,
        error: error.map(str::to_owned),
        last_ok_at: row.ok_at,
        last_unended_at: row.unended_at,
    }
}

impl From<WaitingRow> for WaitingGroup {
    fn from(row: WaitingRow) -> Self {
        Self {
            state: row.state,
            reason: row.reason,
            count: row.deliveries,
            overdue: row.overdue,
            oldest_created_at: row.oldest_created_at,
            oldest_due_at: row.oldest_due_at,
            next_attempt_at: row.next_attempt_at,
            remedy: row.remedy,
        }
    }
}

impl From<Pause> for AppPause {
    fn from(pause: Pause) -> Self {
        Self {
            app: pause.app,
            reason: pause.code,
            detail: pause.detail,
            remedy: pause.remedy,
            upstream: pause.upstream,
            since: pause.since,
            next_check_at: pause.next_check_at,
        }
    }
}

impl From<OpenRow> for LettersOfQueue {
    fn from(row: OpenRow) -> Self {
        Self {
            queue: row.queue,
            open: row.letters,
            oldest_at: row.oldest_at,
        }
    }
}
