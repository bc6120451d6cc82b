//! Deleting what a delivery has put onto the platform: part after part, the last one first, so that no reply is left
//! without what it replies to.
//!
//! A delete may be repeated: what is gone is gone. So there is no journal of it; a part is noted as deleted when the
//! platform has said so, and asked for once more if that could not be noted. What a delete costs is booked with that note;
//! no budget stops one, since whoever deletes wants it gone.

use super::advance::{Step, jitter};
use super::deliver::persist;
use super::model::State;
use super::settlement::{self as rules, Settlement};
use super::spend;
use super::store::{self, Loaded, PartRow};
use crate::accounts::Acting;
use crate::app::App;
use crate::gate::{Bucket, Closed, SendAnswer, no_tokens};
use crate::platforms::Class;
use crate::platforms::x::ask::Refusal;
use crate::platforms::x::delete;
use crate::platforms::x::limits::WINDOW_MS;
use crate::time::Timestamp;
use serde_json::json;

/// Deletes each part that is on the platform, the last one first, until one stays there. After `work_ms` nothing further
/// is begun, though one part is always asked for.
///
/// If the process ends between the platform's answer and the note of it, the next claim asks again and is told that
/// there is no such post, which is as good.
pub async fn remove(app: &App, delivery: &mut Loaded, rows: &[PartRow], work_ms: i64) -> Step {
    let work_until = app.now().plus_ms(work_ms);
    let settle = |settlement| Step::Settle(settlement, Vec::new());
    if let Some(hold) = &delivery.hold {
        let held = rules::held(delivery.standing(), hold, jitter(&*app.random));
        return settle(rules::while_deleting(held, is_whole(delivery, rows)));
    }
    let there = rows.iter().filter(|row| row.state == "sent");
    for (done, row) in there.rev().enumerate() {
        if done > 0 && is_over(app, delivery, work_until) {
            return settle(rules::goes_on_deleting(delivery.standing(), app.now()));
        }
        let Some(external_id) = &row.external_id else {
            continue;
        };
        let is_done = match ask(app, delivery, external_id).await {
            Ok(is_done) => is_done,
            Err(refusal) => {
                let settlement = refused(app, delivery, refusal, is_whole(delivery, rows));
                return Step::Settle(settlement, Vec::new());
            }
        };
        let now = app.now();
        let lease_until = now.plus_ms(app.config.timing.lease_ms);
        let paid = is_done.then(|| spend::deletion(&app.config.x.prices, now));
        let plan = app.config.x.plan.quota();
        let noted = store::deleted(
            delivery,
            row.position,
            paid.as_ref(),
            plan,
            lease_until,
            now,
        );
        match persist(app, noted).await {
            Ok(sets) if sets.first().is_some_and(|held| !held.rows.is_empty()) => {
                delivery.lease_until = Some(lease_until);
                delivery.attempts = 0;
            }
            Ok(_) => return Step::Gone,
            Err(error) => {
                app.warn(
                    "deletion_not_noted",
                    &json!({ "delivery": delivery.id, "part": row.position, "error": error.to_string() }),
                );
                return Step::Stopped;
            }
        }
    }
    let standing = delivery.standing();
    if rows.iter().any(|row| row.state == "uncertain") {
        return settle(rules::while_deleting(rules::may_be_left(standing), false));
    }
    settle(rules::deleted(standing))
}

/// Whether the platform has deleted it now; if not, there was nothing any more, which it charges nothing for.
async fn ask(app: &App, delivery: &Loaded, external_id: &str) -> Result<bool, Refusal> {
    let grant = delivery.grant().ok_or_else(|| Refusal::of(no_tokens()))?;
    let acting = Acting::with(app, &delivery.external_id, grant);
    let answer = acting
        .call(Bucket::Delete, async |api| {
            delete::post(&api, external_id).await
        })
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(refusal) if delete::is_gone(&refusal) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// Whether every part went out.
fn is_whole(delivery: &Loaded, rows: &[PartRow]) -> bool {
    let out = rows.iter().filter(|row| row.external_id.is_some()).count();
    delivery
        .content()
        .is_ok_and(|(segments, _)| segments.len() == out)
}

fn is_over(app: &App, delivery: &Loaded, work_until: Timestamp) -> bool {
    let now = app.now();
    now >= work_until || delivery.lease_until.is_none_or(|until| now >= until)
}

fn refused(app: &App, delivery: &Loaded, refusal: Refusal, is_whole: bool) -> Settlement {
    let (standing, now, timing) = (delivery.standing(), app.now(), &app.config.timing);
    let jitter = jitter(&*app.random);
    let why = refusal.why;
    let is_limit = matches!(&*why.code, "x_rate_limited" | "x_usage_capped");
    let until = refusal
        .until
        .or_else(|| is_limit.then(|| now.plus_ms(WINDOW_MS)));
    let settlement = match until {
        _ if delivery.is_unlinked() => rules::unlinked_while_deleting(standing),
        _ if why.code == "gate_unreachable" => rules::gate_lost(standing, State::Deleting, now),
        Some(at) => {
            let later = SendAnswer::Later {
                at,
                closed: Closed::of(&why.code),
                detail: why.detail,
            };
            let waits = rules::after_send(standing, later, now, timing, jitter);
            waits.unwrap_or_else(|| rules::goes_on_deleting(standing, now))
        }
        None if why.class == Class::Transient => {
            rules::deletes_again(standing, why, now, timing, jitter)
        }
        None => {
            let answer = SendAnswer::Refused(why);
            let ends = rules::after_send(standing, answer, now, timing, jitter);
            ends.unwrap_or_else(|| rules::goes_on_deleting(standing, now))
        }
    };
    rules::while_deleting(settlement, is_whole)
}
