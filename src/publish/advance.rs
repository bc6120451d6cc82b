//! The parts of a claimed delivery, in order, until one does not get onto the platform.
//!
//! - Part n + 1 is asked for only when part n's row is in the database, so that a claim finds at most one part of which
//!   the gate's journal alone knows.
//! - Every claim asks the gate about the first part that has no `sent` row before it settles anything, so that the gate
//!   has seen its epoch where a call of an older claim may still be on its way.

use super::attach::{self, Brings, MEDIA_PENDING, Media};
use super::deliver::persist;
use super::model::State;
use super::settlement::{self as rules, Settlement};
use super::spend::{self, Bill};
use super::store::{self, Loaded, PartOutcome, PartRow};
use crate::app::App;
use crate::gate::{
    GateName, GateReply, GateRequest, ReconcileAnswer, ReconcilePart, SendAnswer, SendPart,
};
use crate::platforms::{Class, Content, NotSent};
use crate::ports::Random;
use crate::time::{SECOND_MS, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;

/// What a claim came to.
pub enum Step {
    /// This is to be written, and ends the claim.
    Settle(Settlement, Vec<PartOutcome>),
    /// There is a newer claim, which settles. Nothing may be written.
    Gone,
    /// The database did not take a part's outcome. Nothing may follow: when the lease has run out, the journal answers
    /// the next claim.
    Stopped,
}

/// Asks the gate about each part that is not sent, in order, until one is not. Whatever the account's state, the journal
/// is asked first: what is on the platform is published, even if it is too late or the account is gone by now.
///
/// After `work_ms` nothing further is begun, though a part is always asked for.
pub async fn advance(app: &App, delivery: &mut Loaded, rows: &[PartRow], work_ms: i64) -> Step {
    let Ok((segments, options)) = delivery.content() else {
        return Step::Settle(rules::broken(delivery.standing()), Vec::new());
    };
    let work_until = app.now().plus_ms(work_ms);
    let gate = GateName::x(&delivery.external_id);
    let total = segments.len();
    let mut parts = Parts::of(rows);
    let mut progress_made = false;
    let bill = Bill::of(&segments);
    for (position, segment) in (0_u32..).zip(segments) {
        if parts.sent.contains(&position) {
            parts.reply_to = external_id(rows, position);
            continue;
        }
        if progress_made && is_over(app, delivery, work_until) {
            let settlement = rules::to_be_continued(delivery.standing(), app.now());
            return Step::Settle(settlement, Vec::new());
        }
        let mut content = options.part(position, segment.text, parts.reply_to.take());
        let missing = match attach::look(app, delivery, &segment.media).await {
            Some(Media::There(there)) => {
                content.media = there;
                false
            }
            Some(Media::Missing(remembered)) => {
                content.media = remembered;
                delivery.state != State::Uncertain
            }
            None => return Step::Stopped,
        };
        let reserved = spend::reserve(app, delivery, &bill, position, missing).await;
        if reserved.is_err() {
            return Step::Stopped;
        }
        let hold = hold(delivery).or_else(|| missing.then(attach::pending));
        let reply = match app
            .gates
            .call(&gate, request(delivery, position, content, hold))
            .await
        {
            Ok(GateReply::Send(SendAnswer::Refused(why))) if why.code == MEDIA_PENDING => {
                return match attach::bring(app, delivery, &segment.media, work_until).await {
                    Brings::Settle(settlement) => {
                        let settlement = with_doubts(delivery, &parts, total, settlement);
                        Step::Settle(settlement, Vec::new())
                    }
                    Brings::Answer(answer) => {
                        let reply = GateReply::Send(answer);
                        stopped(app, delivery, &parts, total, position, reply)
                    }
                    Brings::Gone => Step::Gone,
                };
            }
            Ok(reply) => reply,
            Err(lost) => {
                app.warn(
                    "gate_lost",
                    &json!({ "delivery": delivery.id, "error": lost.0 }),
                );
                let settlement = rules::gate_lost(delivery.standing(), delivery.state, app.now());
                return Step::Settle(settlement, Vec::new());
            }
        };
        delivery.read = spend::read(&reply);
        let (external_id, at) = match reply {
            GateReply::Send(SendAnswer::Sent { external_id, at })
            | GateReply::Reconcile(ReconcileAnswer::Found {
                external_id, at, ..
            }) => (external_id, at),
            reply => return stopped(app, delivery, &parts, total, position, reply),
        };
        let paid = bill.paid(position, at, &app.config.x.prices);
        let outcome = PartOutcome::sent(position, &external_id, at, paid);
        parts.is_sent(position, external_id);
        if parts.sent.len() == total {
            return Step::Settle(rules::published(delivery.standing(), at), vec![outcome]);
        }
        if let Err(step) = progress(app, delivery, &outcome).await {
            return step;
        }
        progress_made = true;
    }
    // Every part had its row: only the settle was missing.
    Step::Settle(rules::published(delivery.standing(), app.now()), Vec::new())
}

/// What is known of the parts.
struct Parts {
    sent: BTreeSet<u32>,
    /// Those that may be on the platform from a call that nobody could decide.
    doubted: BTreeSet<u32>,
    /// The platform's id of the part before.
    reply_to: Option<String>,
}

impl Parts {
    fn of(rows: &[PartRow]) -> Self {
        let those = |state| {
            let rows = rows.iter().filter(|part| part.state == state);
            rows.map(|part| part.position).collect()
        };
        Self {
            sent: those("sent"),
            doubted: those("uncertain"),
            reply_to: None,
        }
    }

    fn is_sent(&mut self, position: u32, external_id: String) {
        self.sent.insert(position);
        self.doubted.remove(&position);
        self.reply_to = Some(external_id);
    }
}

/// Why a part is only asked about.
fn hold(delivery: &Loaded) -> Option<NotSent> {
    let hold = delivery.hold.as_ref().map(|hold| hold.reason.clone());
    hold.or_else(|| delivery.over.as_ref().map(|over| over.reason()))
}

fn external_id(rows: &[PartRow], position: u32) -> Option<String> {
    let row = rows
        .iter()
        .find(|part| part.position == position && part.state == "sent");
    row.and_then(|part| part.external_id.clone())
}

/// Whether the next part is another claim's: this one has worked long enough, or its lease would end before the
/// platform must have answered.
fn is_over(app: &App, delivery: &Loaded, work_until: Timestamp) -> bool {
    let now = app.now();
    let answered_by = now.plus_ms(i64::from(app.config.timing.platform_deadline_ms));
    now >= work_until || delivery.lease_until.is_none_or(|until| answered_by > until)
}

/// Makes a part that went out durable, and the lease that its successor is sent under.
///
/// If the process ends before it is applied, the journal answers the next claim for the part; if its answer is lost, the
/// repeat renews the same lease once more.
async fn progress(app: &App, delivery: &mut Loaded, part: &PartOutcome) -> Result<(), Step> {
    let now = app.now();
    let lease_until = now.plus_ms(app.config.timing.lease_ms);
    let statements = store::progress(delivery, part, lease_until, &app.config.x, now);
    match persist(app, statements).await.and_then(store::progressed) {
        Ok(Some(account_status)) => {
            delivery.progressed(lease_until, account_status);
            Ok(())
        }
        Ok(None) => Err(Step::Gone),
        Err(error) => {
            app.warn(
                "progress_failed",
                &json!({ "delivery": delivery.id, "part": part.position, "error": error.to_string() }),
            );
            Err(Step::Stopped)
        }
    }
}

/// Until when a part is wanted. A thread that has begun is wanted to its end, however late.
fn not_after(delivery: &Loaded, position: u32) -> Option<Timestamp> {
    (position == 0).then(|| delivery.due_at.plus_ms(delivery.missed_after_ms))
}

fn request(
    delivery: &Loaded,
    position: u32,
    content: Content,
    hold: Option<NotSent>,
) -> GateRequest {
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
        not_after: not_after(delivery, position),
        grant: delivery.grant(),
        hold,
        content,
    })
}

/// What follows when a part did not get onto the platform.
fn stopped(
    app: &App,
    delivery: &Loaded,
    parts: &Parts,
    total: usize,
    position: u32,
    reply: GateReply,
) -> Step {
    let outcome = PartOutcome::of(position, &reply);
    let Some(settlement) = settlement(app, delivery, position, reply) else {
        return Step::Gone;
    };
    let settlement = with_doubts(delivery, parts, total, settlement);
    Step::Settle(settlement, outcome.into_iter().collect())
}

/// What a settlement is of a thread that has begun, or of which a part may be on the platform.
fn with_doubts(
    delivery: &Loaded,
    parts: &Parts,
    total: usize,
    settlement: Settlement,
) -> Settlement {
    let settlement = if parts.doubted.is_empty() {
        settlement
    } else {
        rules::in_doubt(settlement, delivery.standing())
    };
    rules::as_far_as(settlement, parts.sent.len(), total)
}

/// What follows from an answer that did not bring a part onto the platform; `None` when nothing may be written.
fn settlement(app: &App, delivery: &Loaded, position: u32, reply: GateReply) -> Option<Settlement> {
    let (standing, now, timing) = (delivery.standing(), app.now(), &app.config.timing);
    match reply {
        GateReply::Send(SendAnswer::Refused(reason)) if spend::is_over(&reason) => {
            let over = delivery.over.as_ref()?;
            // A moment later, so that the gate finds it too late.
            let missed_at = not_after(delivery, position).map(|at| at.plus_ms(SECOND_MS));
            Some(rules::over_budget(standing, over, missed_at, now))
        }
        GateReply::Send(SendAnswer::Refused(reason))
            if reason.class == Class::Token && delivery.is_unlinked() =>
        {
            Some(rules::unlinked(standing))
        }
        GateReply::Send(SendAnswer::Refused(reason)) if reason.class == Class::Operator => {
            let jitter = jitter(&*app.random);
            let held = delivery.hold.as_ref();
            held.map(|hold| rules::held(standing, hold, jitter))
                .or_else(|| {
                    rules::after_send(standing, SendAnswer::Refused(reason), now, timing, jitter)
                })
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

/// From 0 to 1000.
pub(super) fn jitter(random: &dyn Random) -> u32 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    u32::from(u16::from_le_bytes(bytes)) % 1_001
}
