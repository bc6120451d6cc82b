//! The sweep: what makes "never lost" true without trusting a queue.
//!
//! Each minute it nudges every delivery that is not final and whose next action is overdue or comes within the next
//! 90 seconds (its `sweep_at` says so); the nudge is delayed so that it arrives on time. It reads only those, by index.

use super::deliver::delay_seconds;
use super::pause;
use super::store::{NUDGED, OVERDUE};
use crate::app::App;
use crate::error::Error;
use crate::ids::{AccountId, DeliveryId, WorkspaceId};
use crate::jobs::Job;
use crate::ports::Statement;
use crate::time::{Timestamp, optional_millis};
use serde::Deserialize;

/// How many are nudged at once: what a queue takes in one call
/// (<https://developers.cloudflare.com/queues/platform/limits/>).
const CHUNK: u32 = 100;

/// How many chunks a sweep takes at most. What is left is overdue a minute later as well.
const CHUNKS_MAX: u32 = 100;

#[derive(Deserialize)]
struct Overdue {
    delivery_id: DeliveryId,
    workspace_id: WorkspaceId,
    account_id: AccountId,
    #[serde(with = "optional_millis")]
    next_attempt_at: Option<Timestamp>,
}

/// Nudges what is due; how many that were.
///
/// The nudges are sent before they are noted: if the process ends between the two, they are sent twice, which is
/// harmless, and not lost, which would cost two minutes.
///
/// # Errors
/// When the database or the queue does not answer; what was nudged until then stays nudged.
pub async fn sweep(app: &App) -> Result<u32, Error> {
    let mut nudged = 0;
    for _ in 0..CHUNKS_MAX {
        let now = app.now();
        let query = Statement::new(OVERDUE).bind(now).bind(CHUNK);
        let mut sets = app.database.batch(vec![pause::wake(now), query]).await?;
        let overdue: Vec<Overdue> = sets.pop().unwrap_or_default().all()?;
        let Some(found) = u32::try_from(overdue.len()).ok().filter(|found| *found > 0) else {
            break;
        };
        let ids: Vec<&DeliveryId> = overdue.iter().map(|one| &one.delivery_id).collect();
        let noted = Statement::new(NUDGED)
            .bind(now)
            .bind(app.config.timing.requeue_after_ms)
            .bind(serde_json::to_string(&ids).unwrap_or_default());
        let jobs = overdue
            .into_iter()
            .map(|one| {
                let at = one.next_attempt_at.unwrap_or(now).max(now);
                let job = Job::Deliver {
                    delivery_id: one.delivery_id,
                    workspace_id: one.workspace_id,
                    account_id: one.account_id,
                    not_before: at,
                };
                (job, delay_seconds(at, now))
            })
            .collect();
        app.queue.send(jobs).await?;
        app.database.run(noted).await?;
        nudged += found;
        if found < CHUNK {
            break;
        }
    }
    Ok(nudged)
}
