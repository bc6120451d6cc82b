//! Moving one delivery forward: claim, then send or reconcile, then settle.

use super::model::State;
use super::settlement::{self as rules, NEEDS_RECONNECT, Settlement};
use super::store::{self, Loaded, PartOutcome, PartRow};
use crate::accounts;
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::gate::{
    Content, GateName, GateReply, GateRequest, ReconcileAnswer, ReconcilePart, SendAnswer, SendPart,
};
use crate::ids::{AccountId, DeliveryId, WorkspaceId};
use crate::jobs::{Disposition, Job};
use crate::platforms::Class;
use crate::ports::{Random, StorageError};
use crate::time::{SECOND_MS, Timestamp};
use serde_json::json;

/// A message may arrive this early, since a queue's delays are whole seconds; then its consumer waits, in ms.
const EARLY_MS: i64 = 2 * SECOND_MS;

/// Pauses between tries of the settle, in ms. It is guarded by the claim, so a repeat does nothing.
const SETTLE_PAUSES_MS: [u32; 3] = [100, 500, 2_000];

/// Handles one message: looks whether the delivery can be moved forward, and does it.
///
/// 1. The claim. If the process ends after it, the lease runs out and the next nudge claims again, with a higher
///    epoch. 2. The gate. If the process ends during or after it, its journal answers the next claim; the platform is
///    not asked again. 3. The settle. If it was applied and its answer lost, a repeat finds the claim gone and changes
///    nothing. 4. The next nudge. If it is lost, the sweep sends one.
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
    let Some(delivery) = claim.delivery else {
        app.warn("delivery_unknown", &json!({ "delivery": delivery_id }));
        return Disposition::Done;
    };
    if !claim.taken {
        return not_taken(app, &delivery);
    }
    // 2.
    let Some((settlement, parts)) = advance(app, &delivery, &claim.parts).await else {
        // The gate knows a newer claim. That one settles.
        return Disposition::Done;
    };
    // 3. and 4.
    settle(app, &delivery, &settlement, &parts).await
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

/// What to write, and what became of the parts. `None`: nothing may be written.
type Step = Option<(Settlement, Vec<PartOutcome>)>;

/// Asks the gate about each part that is not sent, in order, until one is not. Whatever the account's state, the
/// journal is asked first: what is on X is published, even if it is too late or the account is gone by now.
async fn advance(app: &App, delivery: &Loaded, parts: &[PartRow]) -> Step {
    let Ok(segments) = delivery.segments() else {
        return Some((rules::broken(delivery.standing()), Vec::new()));
    };
    let gate = GateName::x(&delivery.external_id);
    let mut outcomes = Vec::new();
    let mut reply_to = None;
    let mut last_sent_at = app.now();
    for (position, text) in (0_u32..).zip(segments) {
        let sent = parts
            .iter()
            .find(|part| part.position == position && part.state == "sent");
        if let Some(part) = sent {
            reply_to.clone_from(&part.external_id);
            continue;
        }
        let content = Content { text, reply_to };
        let request = request(delivery, position, content);
        match app.gates.call(&gate, request).await {
            Ok(
                GateReply::Send(SendAnswer::Sent { external_id, at })
                | GateReply::Reconcile(ReconcileAnswer::Found { external_id, at }),
            ) => {
                outcomes.push(PartOutcome::sent(position, &external_id, at));
                last_sent_at = at;
                reply_to = Some(external_id);
            }
            Ok(reply) => {
                outcomes.extend(PartOutcome::of(position, &reply));
                let doubted = parts.iter().any(|part| part.state == "uncertain");
                return settlement(app, delivery, reply)
                    .map(|settlement| {
                        if doubted {
                            rules::in_doubt(settlement, delivery.standing())
                        } else {
                            settlement
                        }
                    })
                    .map(|settlement| (settlement, outcomes));
            }
            Err(lost) => {
                app.warn(
                    "gate_lost",
                    &json!({ "delivery": delivery.id, "error": lost.0 }),
                );
                let settlement = rules::gate_lost(delivery.standing(), delivery.state, app.now());
                return Some((settlement, outcomes));
            }
        }
    }
    Some((
        rules::published(delivery.standing(), last_sent_at),
        outcomes,
    ))
}

fn request(delivery: &Loaded, position: u32, content: Content) -> GateRequest {
    let part = delivery.part(position);
    if delivery.state == State::Uncertain {
        return GateRequest::Reconcile(ReconcilePart {
            part,
            epoch: delivery.epoch,
            external_id: delivery.external_id.clone(),
            grant: delivery.grant(),
            content,
        });
    }
    GateRequest::Send(SendPart {
        part,
        epoch: delivery.epoch,
        round: delivery.round,
        lease_until: delivery.lease_until.unwrap_or(delivery.due_at),
        // A thread that has begun is wanted to its end, however late.
        not_after: (position == 0).then(|| delivery.due_at.plus_ms(delivery.missed_after_ms)),
        grant: delivery.grant(),
        content,
    })
}

/// What follows from an answer that did not bring a part onto X.
fn settlement(app: &App, delivery: &Loaded, reply: GateReply) -> Option<Settlement> {
    let (standing, now, timing) = (delivery.standing(), app.now(), &app.config.timing);
    match reply {
        GateReply::Send(SendAnswer::Refused(reason))
            if reason.class == Class::Token && delivery.is_unlinked() =>
        {
            Some(rules::unlinked(standing))
        }
        // Nobody will ever be able to look again.
        GateReply::Reconcile(ReconcileAnswer::Refused(reason)) if delivery.is_unlinked() => {
            Some(rules::undecided(standing, reason.detail))
        }
        GateReply::Send(SendAnswer::TooLate) => Some(rules::missed(standing, delivery.due_at)),
        GateReply::Send(answer) => {
            rules::after_send(standing, answer, now, timing, jitter(&*app.random))
        }
        GateReply::Reconcile(answer) => Some(rules::after_reconcile(
            standing,
            answer,
            now,
            timing,
            delivery.uncertain_policy,
        )),
        other => {
            app.warn(
                "gate_failed",
                &json!({ "delivery": delivery.id, "answer": format!("{other:?}") }),
            );
            Some(rules::gate_lost(standing, delivery.state, now))
        }
    }
}

fn jitter(random: &dyn Random) -> u32 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    u32::from(u16::from_le_bytes(bytes)) % 1_001
}

async fn settle(
    app: &App,
    delivery: &Loaded,
    settlement: &Settlement,
    parts: &[PartOutcome],
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
    let mut statements = store::settle(delivery, settlement, parts, sweep_at, now);
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
    let held = match persist(app, statements).await {
        Ok(held) => held,
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

/// Writes the settlement; whether the claim still held.
async fn persist(
    app: &App,
    statements: Vec<crate::ports::Statement>,
) -> Result<bool, StorageError> {
    let mut pauses = SETTLE_PAUSES_MS.into_iter();
    loop {
        match app.database.batch(statements.clone()).await {
            Ok(results) => {
                return Ok(results
                    .first()
                    .is_some_and(|settled| !settled.rows.is_empty()));
            }
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

/// Whole seconds until `at`, rounded down: the consumer waits the rest.
#[must_use]
pub fn delay_seconds(at: Timestamp, now: Timestamp) -> u32 {
    u32::try_from((at.since(now) / SECOND_MS).max(0)).unwrap_or(u32::MAX)
}
