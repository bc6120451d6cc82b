//! What follows from an answer: the rules by which a delivery is settled. Pure.

mod doubts;

pub use doubts::{after_reconcile, in_doubt, undecided};

use super::model::State;
use super::pause::{CHECK_MS, Hold, is_of_the_app};
use crate::budgets::{Over, Scope};
use crate::config::Timing;
use crate::gate::{Closed, SendAnswer};
use crate::platforms::{Class, NotSent};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// The reason of what waits for its account to be connected again.
pub const NEEDS_RECONNECT: &str = "account_needs_reconnect";

/// How often a delivery looks whether its account has been connected again, in ms. Connecting wakes it at once.
const RECONNECT_CHECK_MS: i64 = HOUR_MS;

/// How often a delete is asked for while X does not answer: with the pauses doubling up to an hour, for about a day.
const DELETE_ATTEMPTS_MAX: u32 = 34;

/// How long to wait when the gate could not be asked, in ms.
const GATE_LOST_MS: i64 = 5 * SECOND_MS;

/// Where a delivery stands before an answer is applied.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Certain refusals so far in this round.
    pub attempts: u32,
    /// Reads so far since it became uncertain.
    pub reconciles: u32,
    /// Reads that the platform refused since it became uncertain.
    pub refused_looks: u32,
    /// How often a person, or the policy, has asked for it to be sent.
    pub round: i64,
}

/// What the settle writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The new state.
    pub state: State,
    /// Why.
    pub reason: Option<NotSent>,
    /// From when on something is to happen; `None` when it is final, or a person's turn.
    pub next_attempt_at: Option<Timestamp>,
    /// Certain refusals in this round.
    pub attempts: u32,
    /// Reads since it became uncertain.
    pub reconciles: u32,
    /// Reads that the platform refused since then.
    pub refused_looks: u32,
    /// The round that the next send belongs to.
    pub round: i64,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Whether the account has to be connected again.
    pub reconnect: bool,
    /// Whether it waits for its app to be accepted again.
    pub paused: bool,
}

impl Settlement {
    fn of(standing: Standing, state: State, next_attempt_at: Option<Timestamp>) -> Self {
        Self {
            state,
            reason: None,
            next_attempt_at,
            attempts: standing.attempts,
            reconciles: standing.reconciles,
            refused_looks: standing.refused_looks,
            round: standing.round,
            published_at: None,
            reconnect: false,
            paused: false,
        }
    }

    fn because(mut self, reason: NotSent) -> Self {
        self.reason = Some(reason);
        self
    }
}

/// Every part is on the platform.
#[must_use]
pub fn published(standing: Standing, at: Timestamp) -> Settlement {
    Settlement {
        published_at: Some(at),
        ..Settlement::of(standing, State::Published, None)
    }
}

/// Its time is longer past than the workspace wants.
#[must_use]
pub fn missed(standing: Standing, due_at: Timestamp) -> Settlement {
    Settlement::of(standing, State::Missed, None).because(NotSent::new(
        Class::Permanent,
        "missed",
        format!("It was due at {due_at} and could not be sent until it was too late."),
        "Retry it if it is still wanted, or write it anew.",
    ))
}

/// Its account was unlinked.
#[must_use]
pub fn unlinked(standing: Standing) -> Settlement {
    Settlement::of(standing, State::Canceled, None).because(NotSent::new(
        Class::Permanent,
        "account_unlinked",
        "The account was unlinked before the post was sent.",
        "Connect the account again and write the post anew.",
    ))
}

/// The stored post cannot be read.
#[must_use]
pub fn broken(standing: Standing) -> Settlement {
    Settlement::of(standing, State::Failed, None).because(NotSent::new(
        Class::Permanent,
        "post_not_readable",
        "The stored post cannot be read.",
        "Write the post anew, and give the operator its id.",
    ))
}

/// The claim has worked long enough on a thread: the next one goes on with the next part, when others had their turn.
#[must_use]
pub fn to_be_continued(standing: Standing, now: Timestamp) -> Settlement {
    Settlement::of(standing, State::Queued, Some(now))
}

/// Every part that was on the platform is deleted there.
#[must_use]
pub fn deleted(standing: Standing) -> Settlement {
    Settlement::of(standing, State::Deleted, None)
}

/// The claim has worked long enough on deleting a thread.
#[must_use]
pub fn goes_on_deleting(standing: Standing, now: Timestamp) -> Settlement {
    Settlement::of(standing, State::Deleting, Some(now))
}

/// X did not delete a part now. That is asked for again, for about a day: it may have been deleted all the same, and another
/// time does no harm.
#[must_use]
pub fn deletes_again(
    standing: Standing,
    why: NotSent,
    now: Timestamp,
    timing: &Timing,
    jitter: u32,
) -> Settlement {
    let standing = Standing {
        attempts: standing.attempts.saturating_add(1),
        ..standing
    };
    if standing.attempts >= DELETE_ATTEMPTS_MAX {
        return Settlement::of(standing, State::Failed, None).because(why);
    }
    let at = now.plus_ms(backoff_ms(standing.attempts, timing.backoff_ms, jitter));
    Settlement::of(standing, State::Deleting, Some(at)).because(why)
}

/// The account was unlinked while its post was to be deleted.
#[must_use]
pub fn unlinked_while_deleting(standing: Standing) -> Settlement {
    Settlement::of(standing, State::Failed, None).because(NotSent::new(
        Class::Token,
        "account_unlinked",
        "The account was unlinked before X was asked.",
        "Delete it on X.",
    ))
}

/// Every part of which something is known is deleted, and of another nobody knows whether it is there.
#[must_use]
pub fn may_be_left(standing: Standing) -> Settlement {
    Settlement::of(standing, State::Failed, None).because(NotSent::new(
        Class::Transient,
        "outcome_unknown",
        "A part of which nobody could say whether X took it may still be there.",
        "Look at the account on X, and delete it there.",
    ))
}

/// What an answer to a send is to a delete: it waits in its own state, and what cannot be deleted stays there. `is_whole`:
/// every part had gone out. What had not is not sent either: nobody wants it any more.
#[must_use]
pub fn while_deleting(settlement: Settlement, is_whole: bool) -> Settlement {
    if !settlement.state.is_final() {
        return Settlement {
            state: State::Deleting,
            ..settlement
        };
    }
    let state = if is_whole {
        State::Published
    } else {
        State::Canceled
    };
    let reason = settlement.reason.map(|why| NotSent {
        code: "not_deleted".to_owned(),
        detail: format!("It was not deleted. {}", why.detail),
        remedy: "Delete it on X, or here once more when the cause is gone.".to_owned(),
        ..why
    });
    Settlement {
        state,
        reason,
        ..settlement
    }
}

/// Its pictures or videos are not ready at the platform.
#[must_use]
pub fn waits_for_media(
    standing: Standing,
    at: Timestamp,
    why: NotSent,
    now: Timestamp,
) -> Settlement {
    let at = at.clamp(now.plus_ms(SECOND_MS), now.plus_ms(DAY_MS));
    Settlement::of(standing, State::Waiting, Some(at)).because(why)
}

/// The gate could not be asked. What it did, if anything, is in its journal, and asking again is safe. The delivery
/// stays in `state`: it may have been sent, so that nobody may cancel it.
#[must_use]
pub fn gate_lost(standing: Standing, state: State, now: Timestamp) -> Settlement {
    let reason = NotSent::new(
        Class::Transient,
        "gate_unreachable",
        "The part of Godwit that talks to X did not answer.",
        "Nothing to do: it is tried again in a few seconds.",
    );
    Settlement::of(standing, state, Some(now.plus_ms(GATE_LOST_MS))).because(reason)
}

/// What follows from a gate's answer to a send that did not end in `sent`; `None` when nothing may be written.
/// `jitter` is from 0 to 1000.
#[must_use]
pub fn after_send(
    standing: Standing,
    answer: SendAnswer,
    now: Timestamp,
    timing: &Timing,
    jitter: u32,
) -> Option<Settlement> {
    Some(match answer {
        SendAnswer::Sent { at, .. } => published(standing, at),
        SendAnswer::Refused(reason) => refused(standing, reason, now, timing, jitter),
        SendAnswer::Later { at, closed, detail } => {
            let remedy = match closed {
                Closed::Account => "Nothing to do: it goes on when the window opens.",
                Closed::App => {
                    "Nothing to do: it goes on when the app's window opens. A workspace that brings its own X app does not share its limits."
                }
                Closed::Unasked => "Nothing to do: it is tried again in a moment.",
            };
            let reason = NotSent::new(Class::Transient, closed.code(), detail, remedy);
            let at = at.clamp(now.plus_ms(SECOND_MS), now.plus_ms(DAY_MS));
            Settlement::of(standing, State::Waiting, Some(at)).because(reason)
        }
        SendAnswer::Uncertain {
            since,
            settled_at,
            detail,
        } => {
            let first = timing.reconcile_after_ms.first().copied().unwrap_or(0);
            let at = settled_at.max(since.plus_ms(first));
            let standing = Standing {
                reconciles: 0,
                refused_looks: 0,
                ..standing
            };
            Settlement::of(standing, State::Uncertain, Some(at)).because(NotSent::new(
                Class::Transient,
                "outcome_unknown",
                detail,
                "Nothing to do yet: Godwit looks for the post among the account's own posts before anything else.",
            ))
        }
        // It may be under way: nobody may take it back, and nothing is decided.
        SendAnswer::Busy { at, detail } => {
            let at = at.clamp(now.plus_ms(SECOND_MS), now.plus_ms(DAY_MS));
            Settlement::of(standing, State::Publishing, Some(at)).because(NotSent::new(
                Class::Transient,
                "under_way",
                detail,
                "Nothing to do: it is looked at again in a moment.",
            ))
        }
        SendAnswer::TooLate | SendAnswer::Stale => return None,
    })
}

/// Its app is paused, and nobody knows it to be sent. What is held comes back spread over one interval after the next
/// check, which wakes it earlier if it goes well. `jitter` is from 0 to 1000.
#[must_use]
pub fn held(standing: Standing, hold: &Hold, jitter: u32) -> Settlement {
    let spread = CHECK_MS * i64::from(jitter.min(1_000)) / 1_000;
    paused(standing, hold.reason.clone(), hold.until.plus_ms(spread))
}

/// How long something waits at most for an app's quota, in ms: nobody tells when the operator has raised it.
const QUOTA_CHECK_MS: i64 = HOUR_MS;

/// When to look again whether what others reserved is free, in ms.
const RESERVED_CHECK_MS: i64 = 2 * MINUTE_MS;

/// It does not fit into a budget or quota, and nobody knows it to be sent. It waits until that begins anew, or somebody
/// raises it; `missed_at` is when it will not be wanted any more, if that is so, and to be said then.
#[must_use]
pub fn over_budget(
    standing: Standing,
    over: &Over,
    missed_at: Option<Timestamp>,
    now: Timestamp,
) -> Settlement {
    let at = match over.standing.scope() {
        _ if !over.is_for_good() => over.anew_at.min(now.plus_ms(RESERVED_CHECK_MS)),
        Scope::App => over.anew_at.min(now.plus_ms(QUOTA_CHECK_MS)),
        Scope::Workspace | Scope::Account => over.anew_at,
    };
    let missed_at = missed_at.filter(|missed_at| *missed_at > now);
    let at = missed_at.map_or(at, |missed_at| at.min(missed_at));
    Settlement::of(standing, State::Waiting, Some(at)).because(over.reason())
}

fn paused(standing: Standing, reason: NotSent, at: Timestamp) -> Settlement {
    Settlement {
        paused: true,
        ..Settlement::of(standing, State::Waiting, Some(at)).because(reason)
    }
}

fn refused(
    standing: Standing,
    reason: NotSent,
    now: Timestamp,
    timing: &Timing,
    jitter: u32,
) -> Settlement {
    match reason.class {
        Class::Transient => {
            let standing = Standing {
                attempts: standing.attempts.saturating_add(1),
                ..standing
            };
            if standing.attempts >= timing.max_attempts {
                let detail = format!(
                    "Refused {} times; the last time: {}",
                    standing.attempts, reason.detail
                );
                let remedy = "Retry the post when the cause is gone.".to_owned();
                return Settlement::of(standing, State::Failed, None).because(NotSent {
                    detail,
                    remedy,
                    ..reason
                });
            }
            let at = now.plus_ms(backoff_ms(standing.attempts, timing.backoff_ms, jitter));
            Settlement::of(standing, State::Waiting, Some(at)).because(reason)
        }
        Class::Token => Settlement {
            reconnect: true,
            ..Settlement::of(
                standing,
                State::Waiting,
                Some(now.plus_ms(RECONNECT_CHECK_MS)),
            )
            .because(needs_reconnect(reason))
        },
        Class::Operator => Settlement {
            paused: is_of_the_app(&reason),
            ..paused(standing, reason, now.plus_ms(CHECK_MS))
        },
        Class::Permanent => Settlement::of(standing, State::Failed, None).because(reason),
    }
}

/// Says of a thread that ends early how far it came.
#[must_use]
pub fn as_far_as(mut settlement: Settlement, sent: usize, parts: usize) -> Settlement {
    let ends = settlement.state.is_final() && settlement.state != State::Published;
    if let Some(reason) = settlement.reason.as_mut().filter(|_| ends && sent > 0) {
        reason.detail = format!("{} {sent} of {parts} parts were sent.", reason.detail);
    }
    settlement
}

fn needs_reconnect(cause: NotSent) -> NotSent {
    NotSent::new(
        Class::Token,
        NEEDS_RECONNECT,
        cause.detail,
        "Connect the account again (POST /api/v1/connections/x/authorize); what waits then goes on by itself.",
    )
    .with_upstream(cause.upstream)
}

/// 5 s, 10 s, 20 s … for the first, second, third refusal, at most an hour, and up to a fifth more so that what failed
/// together does not come back together.
fn backoff_ms(attempts: u32, first_ms: i64, jitter: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(20);
    let base = first_ms.saturating_mul(1_i64 << doublings).min(HOUR_MS);
    base + base * i64::from(jitter.min(1_000)) / 5_000
}

#[cfg(test)]
mod tests;
