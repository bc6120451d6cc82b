//! Moving one delivery forward: claim, then send or reconcile, then settle.

use super::advance::{self, Step};
use super::model::State;
use super::pause::{self, Course};
use super::remove;
use super::settlement::{NEEDS_RECONNECT, Settlement};
use super::store::{self, Loaded, PartOutcome};
use crate::accounts;
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::ids::{AccountId, DeliveryId, WorkspaceId};
use crate::jobs::{Disposition, Job};
use crate::ports::{ResultSet, Statement, StorageError};
use crate::time::{SECOND_MS, Timestamp};
use serde::Deserialize;
use serde_json::json;

/// A message may arrive this early, since a queue's delays are whole seconds; then its consumer waits, in ms.
const EARLY_MS: i64 = 2 * SECOND_MS;

/// How long a claim goes on with a thread, in leases. A queue's consumer may take 15 minutes
/// (<https://developers.cloudflare.com/queues/platform/limits/>), and the account's other deliveries wait behind it.
const WORK_LEASES: i64 = 2;

/// Pauses between tries of a write that the claim guards, in ms.
const PERSIST_PAUSES_MS: [u32; 3] = [100, 500, 2_000];

/// Handles one message: looks whether the delivery can be moved forward, and does it.
///
/// 1. The claim. If the process ends after it, the lease runs out and the next nudge claims again, with a higher
///    epoch. 2. The gate, for each part that is not sent. If the process ends during or after it, its journal answers
///    the next claim; the platform is not asked again. 3. Between two parts, the progress: the part's row, and a renewed
///    lease. If the process ends before it, the journal answers for the part; after it, the next claim goes on with the
///    next part. 4. The settle. If it was applied and its answer lost, a repeat finds the claim gone and changes
///    nothing. 5. The next nudge. If it is lost, the sweep sends one.
///
/// The case that it cannot deal with, a gate that died while the platform was being asked, ends as `uncertain`.
pub async fn deliver(
    app: &App,
    workspace_id: &WorkspaceId,
    delivery_id: &DeliveryId,
    not_before: Timestamp,
) -> Disposition {
    let early = not_before.since(app.now());
    if early > EARLY_MS {
        return Disposition::again_in(early);
    }
    if early > 0 {
        app.clock.sleep(u32::try_from(early).unwrap_or(0)).await;
    }
    work(
        app,
        workspace_id,
        delivery_id,
        WORK_LEASES * app.config.timing.lease_ms,
    )
    .await
}

/// As [`deliver`], for somebody who waits for the answer: settles what is known of a part that is found, and leaves the
/// parts after it to the queue.
pub async fn deliver_found(app: &App, workspace_id: &WorkspaceId, delivery_id: &DeliveryId) {
    // What could not be settled is nudged by the sweep.
    work(app, workspace_id, delivery_id, 0).await;
}

async fn work(
    app: &App,
    workspace_id: &WorkspaceId,
    delivery_id: &DeliveryId,
    work_ms: i64,
) -> Disposition {
    // 1.
    let statements = store::claim(workspace_id, delivery_id, app.now(), &app.config.timing);
    let claim = match app
        .database
        .batch(statements)
        .await
        .and_then(store::claimed)
    {
        Ok(claim) => claim,
        Err(error) => {
            app.warn(
                "claim_failed",
                &json!({ "delivery": delivery_id, "error": error.to_string() }),
            );
            return Disposition::again_in(10 * SECOND_MS);
        }
    };
    let Some(mut delivery) = claim.delivery else {
        app.warn("delivery_unknown", &json!({ "delivery": delivery_id }));
        return Disposition::Done;
    };
    if !claim.taken {
        return not_taken(app, &delivery);
    }
    let course = pause::course(app, &delivery, claim.pause).await;
    delivery.hold = course.hold().cloned();
    // 2. and 3.
    let step = if delivery.state == State::Deleting {
        remove::remove(app, &mut delivery, &claim.parts, work_ms).await
    } else {
        advance::advance(app, &mut delivery, &claim.parts, work_ms).await
    };
    match step {
        // 4. and 5.
        Step::Settle(settlement, parts) => {
            settle(app, &delivery, &settlement, &parts, &course).await
        }
        Step::Gone => Disposition::Done,
        Step::Stopped => Disposition::again_in(app.config.timing.lease_ms + SECOND_MS),
    }
}

/// Somebody else works on it, or it is not its time, or it is final.
fn not_taken(app: &App, delivery: &Loaded) -> Disposition {
    let now = app.now();
    // Come back when the other one must be done: if it died, this message is the quickest to notice. And when a timer
    // was a moment early, this message is the one that was meant.
    let lease = delivery.lease_until.map(|until| until.plus_ms(SECOND_MS));
    let soon = delivery
        .next_attempt_at
        .filter(|at| at.since(now) <= SWEEP_AHEAD_MS);
    match lease.filter(|at| *at > now).or(soon.filter(|at| *at > now)) {
        Some(at) if !delivery.state.is_final() => Disposition::again_in(at.since(now)),
        _ => Disposition::Done,
    }
}

async fn settle(
    app: &App,
    delivery: &Loaded,
    settlement: &Settlement,
    parts: &[PartOutcome],
    course: &Course,
) -> Disposition {
    let now = app.now();
    let soon = settlement
        .next_attempt_at
        .filter(|at| at.since(now) <= SWEEP_AHEAD_MS);
    // What is nudged from here is left to the sweep only when that nudge seems to be lost.
    let sweep_at = match soon {
        Some(at) => Some(at.plus_ms(app.config.timing.requeue_after_ms)),
        None => settlement
            .next_attempt_at
            .map(|at| at.plus_ms(-SWEEP_AHEAD_MS)),
    };
    let x = &app.config.x;
    let mut statements = store::settle(delivery, settlement, parts, sweep_at, x, now);
    if let Some(over) = delivery.over.as_ref().filter(|over| over.is_for_good()) {
        statements.push(store::wake_if_raised(delivery, over, now));
    }
    if settlement.reconnect {
        let (workspace, account) = (&delivery.workspace_id, &delivery.account_id);
        statements.push(accounts::store::mark_needs_reconnect(
            workspace,
            account,
            NEEDS_RECONNECT,
            delivery.connected_at,
            now,
        ));
        statements.push(store::wake_if_reconnected(delivery, now));
    }
    statements.extend(pause::consequence(course, &delivery.app, settlement, now));
    let held = match persist(app, statements).await {
        Ok(sets) => store::settled(&sets),
        Err(error) => {
            app.warn(
                "settle_failed",
                &json!({ "delivery": delivery.id, "error": error.to_string() }),
            );
            return Disposition::again_in(app.config.timing.lease_ms + SECOND_MS);
        }
    };
    app.info(
        "delivery",
        &json!({
            "delivery": delivery.id, "account": delivery.account_id, "epoch": delivery.epoch, "claim_held": held,
            "state": settlement.state, "code": settlement.reason.as_ref().map(|reason| &reason.code),
            "next_attempt_at": settlement.next_attempt_at,
        }),
    );
    if let Some(at) = soon.filter(|_| held) {
        nudge(
            app,
            &delivery.workspace_id,
            &delivery.id,
            &delivery.account_id,
            at,
        )
        .await;
    }
    Disposition::Done
}

/// Writes what a claim guards, and tries again when the database does not answer: what was applied, and its answer lost,
/// is applied once more with the same result.
pub(super) async fn persist(
    app: &App,
    statements: Vec<Statement>,
) -> Result<Vec<ResultSet>, StorageError> {
    let mut pauses = PERSIST_PAUSES_MS.into_iter();
    loop {
        match app.database.batch(statements.clone()).await {
            Ok(sets) => return Ok(sets),
            Err(error) => match pauses.next() {
                Some(pause) => app.clock.sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}

/// Sends a nudge that arrives at `at`. A lost one costs time: the sweep sends another.
pub async fn nudge(
    app: &App,
    workspace: &WorkspaceId,
    delivery: &DeliveryId,
    account: &AccountId,
    at: Timestamp,
) {
    let job = Job::Deliver {
        delivery_id: delivery.clone(),
        workspace_id: workspace.clone(),
        account_id: account.clone(),
        not_before: at,
    };
    let delay = delay_seconds(at, app.now());
    if let Err(error) = app.queue.send(vec![(job, delay)]).await {
        app.warn(
            "nudge_failed",
            &json!({ "delivery": delivery, "error": error.0 }),
        );
    }
}

/// Sends a nudge that arrives at `at` for each of the deliveries that a statement gave, as `id` and `account_id`. Lost
/// ones cost time: the sweep sends others.
pub async fn nudge_all(app: &App, workspace: &WorkspaceId, moved: ResultSet, at: Timestamp) {
    #[derive(Deserialize)]
    struct Moved {
        id: DeliveryId,
        account_id: AccountId,
    }
    let delay = delay_seconds(at, app.now());
    let moved: Vec<Moved> = moved.all().unwrap_or_default();
    let nudge = |one: Moved| {
        let job = Job::Deliver {
            delivery_id: one.id,
            workspace_id: workspace.clone(),
            account_id: one.account_id,
            not_before: at,
        };
        (job, delay)
    };
    let jobs: Vec<(Job, u32)> = moved.into_iter().map(nudge).collect();
    if !jobs.is_empty()
        && let Err(error) = app.queue.send(jobs).await
    {
        app.warn("nudge_failed", &json!({ "error": error.0 }));
    }
}

/// Whole seconds until `at`, rounded down: the consumer waits the rest.
#[must_use]
pub fn delay_seconds(at: Timestamp, now: Timestamp) -> u32 {
    u32::try_from((at.since(now) / SECOND_MS).max(0)).unwrap_or(u32::MAX)
}
