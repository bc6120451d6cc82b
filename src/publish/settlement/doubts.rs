//! What follows from looking for an uncertain part, and from not being able to.

use super::super::model::{State, UncertainPolicy};
use super::{Settlement, Standing, backoff_ms, published};
use crate::config::Timing;
use crate::gate::ReconcileAnswer;
use crate::platforms::{Class, NotSent};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// How often a look that the platform refuses is tried again, in ms.
const REFUSED_LOOK_MS: i64 = 15 * MINUTE_MS;

/// What follows from a look for an uncertain part; `None` when it is to be sent on at once.
#[must_use]
pub fn after_reconcile(
    standing: Standing,
    answer: ReconcileAnswer,
    now: Timestamp,
    timing: &Timing,
    policy: UncertainPolicy,
) -> Settlement {
    match answer {
        ReconcileAnswer::Found { at, .. } => published(standing, at),
        ReconcileAnswer::NotSent => Settlement::of(standing, State::Queued, Some(now)),
        ReconcileAnswer::Later { at, detail } => look_later(standing, at, detail, now, timing),
        ReconcileAnswer::Refused(reason) => cannot_look(standing, reason, now),
        ReconcileAnswer::NotFound { doubted_before, .. } => {
            let resend = policy == UncertainPolicy::Resend && !doubted_before;
            not_found(standing, now, timing, resend)
        }
    }
}

/// How often a look that X refuses is tried, every [`REFUSED_LOOK_MS`], before a person is asked.
const REFUSED_LOOKS_MAX: u32 = 96;

/// X did not answer the look, or it is too early for one. Not as often as X would bear, since looks cost: the first pauses
/// are short, and when they add up to a day, a person is asked.
fn look_later(
    standing: Standing,
    at: Timestamp,
    detail: String,
    now: Timestamp,
    timing: &Timing,
) -> Settlement {
    let standing = Standing {
        refused_looks: standing.refused_looks.saturating_add(1),
        ..standing
    };
    if standing.refused_looks > REFUSED_LOOKS_MAX {
        return undecided(standing, format!("It cannot be looked for: {detail}"));
    }
    let pause = backoff_ms(standing.refused_looks, timing.backoff_ms, 0).min(REFUSED_LOOK_MS);
    let at = at.clamp(now.plus_ms(SECOND_MS), now.plus_ms(DAY_MS));
    let at = at.max(now.plus_ms(pause - timing.backoff_ms));
    Settlement::of(standing, State::Uncertain, Some(at)).because(unknown(detail))
}

fn cannot_look(standing: Standing, reason: NotSent, now: Timestamp) -> Settlement {
    let standing = Standing {
        refused_looks: standing.refused_looks.saturating_add(1),
        ..standing
    };
    let reconnect = reason.class == Class::Token;
    if standing.refused_looks > REFUSED_LOOKS_MAX {
        let detail = format!("It cannot be looked for: {}", reason.detail);
        return Settlement {
            reconnect,
            ..undecided(standing, detail)
        };
    }
    let at = now.plus_ms(REFUSED_LOOK_MS);
    Settlement {
        reconnect,
        ..Settlement::of(standing, State::Uncertain, Some(at)).because(reason)
    }
}

fn not_found(standing: Standing, now: Timestamp, timing: &Timing, resend: bool) -> Settlement {
    let looked = usize::try_from(standing.reconciles).unwrap_or(usize::MAX);
    let standing = Standing {
        reconciles: standing.reconciles.saturating_add(1),
        ..standing
    };
    let reads = &timing.reconcile_after_ms;
    if let (Some(before), Some(after)) = (reads.get(looked), reads.get(looked.saturating_add(1))) {
        let at = now.plus_ms(after - before);
        let detail = format!(
            "Look {} did not find it among the account's posts; timelines lag.",
            standing.reconciles
        );
        return Settlement::of(standing, State::Uncertain, Some(at)).because(unknown(detail));
    }
    // Once per part. Sending again and again would end in a second post when X forgets the first.
    if resend {
        let standing = Standing {
            round: standing.round + 1,
            reconciles: 0,
            refused_looks: 0,
            attempts: 0,
        };
        return Settlement::of(standing, State::Queued, Some(now));
    }
    let looks = standing.reconciles;
    undecided(
        standing,
        format!(
            "X never said whether it took the post, and {looks} looks at the account's posts did not find it."
        ),
    )
}

/// Nobody but a person can say whether it is there.
#[must_use]
pub fn undecided(standing: Standing, detail: String) -> Settlement {
    Settlement::of(standing, State::Uncertain, None).because(NotSent::new(
        Class::Permanent,
        "needs_decision",
        detail,
        "Look at the account on X, and POST /api/v1/deliveries/{id}/resolve: {\"outcome\": \"sent\", \"url\": …} if the post is there, {\"outcome\": \"send_again\"} if it is not, {\"outcome\": \"give_up\"} if you do not want it any more.",
    ))
}

/// What a settlement comes to when an earlier round left a part in doubt: nothing that says "it was not sent".
#[must_use]
pub fn in_doubt(settlement: Settlement, standing: Standing) -> Settlement {
    match (settlement.state, settlement.reason) {
        (State::Failed | State::Canceled | State::Missed, reason) => {
            let detail = reason.map(|reason| reason.detail).unwrap_or_default();
            undecided(
                standing,
                format!(
                    "An earlier call may have put it on X, and it was not sent again: {detail}"
                ),
            )
        }
        (_, reason) => Settlement {
            reason,
            ..settlement
        },
    }
}

fn unknown(detail: String) -> NotSent {
    NotSent::new(
        Class::Transient,
        "outcome_unknown",
        detail,
        "Nothing to do yet: Godwit looks again by itself.",
    )
}
