//! The messages on the queues and the cron table, each with the operation that handles it.
//!
//! A message is a nudge that carries ids; the truth is in the database. Losing one, or handling one twice, changes
//! nothing but the time at which something happens.

use crate::accounts;
use crate::app::App;
use crate::error::Error;
use crate::http::idempotency;
use crate::ids::{AccountId, DeadLetterId, DeliveryId, WorkspaceId};
use crate::ports::{Statement, StorageError};
use crate::time::{DAY_MS, SECOND_MS, Timestamp, millis};
use crate::{identity, publish};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// A message on a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    /// Look whether this delivery can be moved forward.
    Deliver {
        /// The delivery.
        delivery_id: DeliveryId,
        /// Its workspace.
        workspace_id: WorkspaceId,
        /// Its account: messages of one account are handled in order, those of different accounts at once.
        account_id: AccountId,
        /// Nothing is to happen before; a queue's delays are whole seconds.
        #[serde(with = "millis")]
        not_before: Timestamp,
    },
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is done with.
    Done,
    /// It comes again after this many seconds.
    Again {
        /// At most 12 hours.
        delay_seconds: u32,
    },
}

impl Disposition {
    /// Again after `ms` milliseconds, rounded up to seconds, at most 12 hours.
    #[must_use]
    pub fn again_in(ms: i64) -> Self {
        let seconds = (ms.clamp(0, DAY_MS / 2) + SECOND_MS - 1) / SECOND_MS;
        Self::Again {
            delay_seconds: u32::try_from(seconds).unwrap_or(0),
        }
    }
}

/// The messages of one account, or those that cannot be read, each with its place in the batch.
type Lane = Vec<(usize, Result<Job, String>)>;

/// Handles a batch of messages and says of each, in order, what becomes of it. Never fails as a whole.
///
/// Different accounts are handled at once, so that one account's closed window or slow answer delays nobody else; the
/// messages of one account are handled in the order in which they came.
pub async fn handle(app: &App, queue: &str, bodies: &[String]) -> Vec<Disposition> {
    let mut lanes: BTreeMap<Option<AccountId>, Lane> = BTreeMap::new();
    for (index, body) in bodies.iter().enumerate() {
        let job = serde_json::from_str::<Job>(body).map_err(|error| error.to_string());
        let lane = job
            .as_ref()
            .ok()
            .map(|Job::Deliver { account_id, .. }| account_id.clone());
        lanes.entry(lane).or_default().push((index, job));
    }
    let lanes = lanes.into_values().map(async |lane| {
        let mut dispositions = Vec::new();
        for (index, job) in lane {
            let body = bodies.get(index).map_or("", String::as_str);
            let disposition = match job {
                Ok(Job::Deliver {
                    delivery_id,
                    workspace_id,
                    not_before,
                    ..
                }) => publish::deliver(app, &workspace_id, &delivery_id, not_before).await,
                Err(why) => {
                    bury(app, queue, body, &format!("not a message of Godwit: {why}")).await
                }
            };
            dispositions.push((index, disposition));
        }
        dispositions
    });
    let mut dispositions: Vec<(usize, Disposition)> =
        join_all(lanes).await.into_iter().flatten().collect();
    dispositions.sort_unstable_by_key(|(index, _)| *index);
    dispositions
        .into_iter()
        .map(|(_, disposition)| disposition)
        .collect()
}

/// Handles a batch that a queue gave up on: recorded, and done with. The sweep looks after the deliveries themselves.
pub async fn handle_dead(app: &App, queue: &str, bodies: &[String]) -> Vec<Disposition> {
    let mut dispositions = Vec::new();
    for body in bodies {
        dispositions.push(
            bury(
                app,
                queue,
                body,
                "not settled after all of the queue's retries",
            )
            .await,
        );
    }
    dispositions
}

const BURY: &str =
    "INSERT INTO dead_letters (id, queue, body, reason, received_at) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The longest body that is kept, in bytes; ours have some 250.
const BODY_KEPT_BYTES: usize = 4_096;

// If the process ends after the insert, the message comes again and is recorded twice: better than not at all.
async fn bury(app: &App, queue: &str, body: &str, reason: &str) -> Disposition {
    let end = body.floor_char_boundary(BODY_KEPT_BYTES);
    let statement = Statement::new(BURY)
        .bind(&DeadLetterId::new(&*app.clock, &*app.random))
        .bind(queue)
        .bind(body.get(..end).unwrap_or_default())
        .bind(reason)
        .bind(app.now());
    app.warn("dead_letter", &json!({ "queue": queue, "reason": reason }));
    match app.database.run(statement).await {
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

/// Every minute: what is due, what is stuck.
pub const EVERY_MINUTE: &str = "* * * * *";
/// Every half hour: tokens of idle accounts, and those that are sealed with an older key.
pub const EVERY_HALF_HOUR: &str = "*/30 * * * *";
/// Daily at 02:00 UTC: clean-up.
pub const DAILY: &str = "0 2 * * *";

const STARTED: &str = "INSERT INTO cron_ticks (cron, started_at) VALUES (?1, ?2)
  ON CONFLICT (cron) DO UPDATE SET started_at = excluded.started_at";
const FINISHED: &str = "UPDATE cron_ticks SET finished_at = ?2, outcome = ?3 WHERE cron = ?1";
const LAST: &str = "SELECT finished_at FROM cron_ticks WHERE cron = ?1 AND outcome = 'ok'";

/// Runs what belongs to a cron trigger. A tick may come late, twice or not at all: each operation looks at what is
/// there, so that two ticks at once do the work of one.
pub async fn tick(app: &App, cron: &str) {
    // A lost note of the start changes nothing but what the operator sees.
    let started = Statement::new(STARTED).bind(cron).bind(app.now());
    if let Err(error) = app.database.run(started).await {
        app.warn(
            "cron_not_noted",
            &json!({ "cron": cron, "error": error.to_string() }),
        );
    }
    let result = match cron {
        EVERY_MINUTE => publish::sweep(app).await,
        EVERY_HALF_HOUR => accounts::tend(app).await,
        DAILY => clean_up(app).await,
        other => Err(Error::internal(format!(
            "no operation belongs to the cron trigger {other}"
        ))),
    };
    let outcome = match &result {
        Ok(done) => {
            app.info("cron", &json!({ "cron": cron, "done": done }));
            "ok".to_owned()
        }
        Err(error) => {
            let why = error
                .internal
                .clone()
                .unwrap_or_else(|| error.detail.clone());
            app.warn("cron_failed", &json!({ "cron": cron, "error": why }));
            format!("failed: {}", error.code)
        }
    };
    let finished = Statement::new(FINISHED)
        .bind(cron)
        .bind(app.now())
        .bind(outcome);
    if let Err(error) = app.database.run(finished).await {
        app.warn(
            "cron_not_noted",
            &json!({ "cron": cron, "error": error.to_string() }),
        );
    }
}

/// When the sweep last finished well; `None` before the first time.
///
/// # Errors
/// When the database does not answer.
pub async fn last_sweep(app: &App) -> Result<Option<Timestamp>, StorageError> {
    #[derive(Deserialize)]
    struct Tick {
        #[serde(with = "crate::time::optional_millis")]
        finished_at: Option<Timestamp>,
    }
    let last = Statement::new(LAST).bind(EVERY_MINUTE);
    let tick: Option<Tick> = app.database.run(last).await?.first()?;
    Ok(tick.and_then(|tick| tick.finished_at))
}

/// Deletes what has expired. Each statement stands for itself, so a repeat goes on where the last one stopped.
async fn clean_up(app: &App) -> Result<u32, Error> {
    let now = app.now();
    let mut deleted = 0;
    for statement in [
        identity::expired(now),
        accounts::store::expired(now),
        idempotency::store::expired(now),
    ]
    .concat()
    {
        let changes = app.database.run(statement).await?.changes;
        deleted += u32::try_from(changes).unwrap_or(u32::MAX);
    }
    Ok(deleted)
}
