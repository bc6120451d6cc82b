//! How an installation looks to its operator, and when it counts as stuck. Pure.

use crate::ids::DeadLetterId;
use crate::jobs::Job;
use crate::publish::State;
use crate::time::{MINUTE_MS, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Three of the sweep's minutes, in ms: without a tick for this long the scheduler counts as stopped, and what the sweep
/// should have taken this long ago counts as stuck.
pub const SILENCE_MS: i64 = 3 * MINUTE_MS;

/// The longest that a cron invocation may last, in ms
/// (<https://developers.cloudflare.com/workers/platform/limits/#wall-time>): one that began before and has no end died.
const TICK_MAX_MS: i64 = 15 * MINUTE_MS;

/// Whether the installation lives, in what `GET /health` needs to know of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pulse {
    /// When the first person registered.
    pub in_use_since: Option<Timestamp>,
    /// When a tick of the sweep was first noted.
    pub first_tick_at: Option<Timestamp>,
    /// When a sweep last ended well.
    pub last_tick_at: Option<Timestamp>,
    /// The earliest moment from which on the sweep should have taken a delivery that it has not.
    pub oldest_sweep_at: Option<Timestamp>,
}

impl Pulse {
    /// Whether deliveries are left lying that the sweep should have taken.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.oldest_sweep_at
            .is_some_and(|at| now.since(at) >= SILENCE_MS)
    }

    /// Whether the scheduler ticks. A sweep that fails is none. Where none was ever noted, silence is counted from the
    /// first person's coming: an installation that nobody uses is well, and one without cron is not for long.
    #[must_use]
    pub fn is_ticking(&self, now: Timestamp) -> bool {
        match self
            .last_tick_at
            .or(self.first_tick_at)
            .or(self.in_use_since)
        {
            Some(at) => now.since(at) < SILENCE_MS,
            None => !self.is_overdue(now),
        }
    }
}

/// What waits, what was given up, and what ran.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QueueOverview")]
pub struct Overview {
    /// When it looked so.
    pub at: Timestamp,
    /// Deliveries that are not final.
    pub waiting: Waiting,
    /// Queue messages that could not be handled.
    pub dead_letters: OpenLetters,
    /// The cron triggers, each with its newest tick.
    pub crons: Vec<CronTicks>,
    /// The apps that a platform refuses as a whole. Their deliveries wait, and go out by themselves when it is repaired.
    pub pauses: Vec<AppPause>,
}

/// An app that a platform refuses as a whole: no credits, a spend cap, not enrolled, wrong credentials.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppPause {
    /// The app: `x` is the installation's own at X, `x:` and a workspace's id that workspace's own.
    pub app: String,
    /// Why, as the stable code that its deliveries show.
    pub reason: String,
    /// What happened.
    pub detail: String,
    /// What to do. `POST /admin/queue/resume` then hurries what waits: it goes out within a minute.
    pub remedy: String,
    /// The platform's own words.
    pub upstream: Option<String>,
    /// When it was first refused.
    pub since: Timestamp,
    /// When one delivery is tried again; if that goes well, the others follow.
    pub next_check_at: Timestamp,
}

/// Deliveries that are not final.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WaitingDeliveries")]
pub struct Waiting {
    /// How many.
    pub total: u64,
    /// False when there are more than 10,000: then all numbers here are of the 10,000 whose turn comes first.
    pub all_counted: bool,
    /// How many of them the sweep should have taken more than three minutes ago and has not. Anything but 0 means that
    /// something is stuck.
    pub overdue: u64,
    /// Since when the sweep should have taken the oldest of those; null when there is none.
    pub oldest_overdue_at: Option<Timestamp>,
    /// The same as an age, in seconds.
    pub oldest_overdue_seconds: Option<i64>,
    /// What to do about what is overdue; null when nothing is.
    pub remedy: Option<&'static str>,
    /// How many wait in which state and why.
    pub groups: Vec<WaitingGroup>,
}

/// Deliveries in one state for one reason.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaitingGroup {
    /// Their state.
    pub state: State,
    /// Why they wait, as the stable code that each of them shows; null when they just wait for their turn.
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
    /// How many of them the sweep should have taken more than three minutes ago.
    pub overdue: u64,
    /// When the oldest was accepted.
    pub oldest_created_at: Timestamp,
    /// When the oldest was wanted.
    pub oldest_due_at: Timestamp,
    /// When the first of them is tried next; null when all wait for a person's decision.
    pub next_attempt_at: Option<Timestamp>,
    /// What to do about the reason, in the words that the deliveries show; null when there is no reason.
    pub remedy: Option<String>,
}

/// What to do when the sweep leaves deliveries lying.
pub const STUCK_REMEDY: &str = "The sweep does not reach these. Look at the trigger * * * * * among `crons`: if it does not tick, check the Worker's cron triggers; if it fails, its log line cron_failed says why.";

/// Queue messages that could not be handled and that nobody has looked after.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenDeadLetters")]
pub struct OpenLetters {
    /// How many were neither retried nor dismissed; at most 10,000 are counted.
    pub open: u64,
    /// By the queue that they came from.
    pub queues: Vec<LettersOfQueue>,
    /// The newest of all, retried ones too; `GET /admin/dead-letters` has the rest.
    pub newest: Vec<DeadLetter>,
}

/// Dead letters of one queue that nobody has looked after.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeadLettersOfQueue")]
pub struct LettersOfQueue {
    /// The queue: one that ends in `-dead` gave them up after all of its retries, another had them refused as not readable.
    pub queue: String,
    /// How many.
    pub open: u64,
    /// When the oldest came.
    pub oldest_at: Timestamp,
}

/// A queue message that could not be handled.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The queue that it came from.
    pub queue: String,
    /// Why it is here.
    pub reason: String,
    /// What it says, at most its first 4,096 bytes. A message of Godwit holds ids alone.
    pub body: String,
    /// Whether it is a message of Godwit, which can be retried.
    pub retryable: bool,
    /// What to do about it.
    pub remedy: &'static str,
    /// When it came.
    pub received_at: Timestamp,
    /// How often it was retried.
    pub retries: u32,
    /// When it was last retried; null: nobody has looked after it.
    pub retried_at: Option<Timestamp>,
}

impl DeadLetter {
    /// The message, if it is one of ours.
    #[must_use]
    pub fn job(body: &str) -> Option<Job> {
        serde_json::from_str(body).ok()
    }

    /// What to do about a letter.
    #[must_use]
    pub const fn remedy(retryable: bool) -> &'static str {
        if retryable {
            "Nothing is lost: the sweep looks after the delivery itself. POST /api/v1/admin/dead-letters/{id}/retry hurries it, DELETE /api/v1/admin/dead-letters/{id} dismisses the letter."
        } else {
            "It is no message of Godwit, or one of another version, and cannot be retried. Find out who writes to the queue, and dismiss it with DELETE /api/v1/admin/dead-letters/{id}."
        }
    }
}

/// A cron trigger and its newest tick.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CronTicks {
    /// Its expression, in UTC.
    pub cron: String,
    /// What it does.
    pub purpose: &'static str,
    /// How the newest tick went.
    pub result: TickResult,
    /// When it began; null before the first.
    pub started_at: Option<Timestamp>,
    /// How long it took, in milliseconds; null while it has no end.
    pub duration_ms: Option<i64>,
    /// How much it did: deliveries nudged, tokens fetched, rows deleted; null unless it ended well.
    pub done: Option<u64>,
    /// The code of the error that it failed with; null unless it failed. The log line `cron_failed` says more.
    pub error: Option<String>,
    /// When a tick last ended well; null when none ever did.
    pub last_ok_at: Option<Timestamp>,
    /// The start of the last tick that was still without an end when the next began: it died, or is slow.
    pub last_unended_at: Option<Timestamp>,
}

/// How a tick went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TickResult {
    /// There was none yet.
    Never,
    /// It began a moment ago.
    Running,
    /// It ended well.
    Ok,
    /// It ended with an error.
    Failed,
    /// It began, and cannot be running any more: the process died, or its end could not be written down.
    Unended,
}

impl TickResult {
    /// From what was noted of a tick: its start, and its outcome if it has one.
    #[must_use]
    pub fn of(started_at: Timestamp, outcome: Option<&str>, now: Timestamp) -> Self {
        match outcome {
            Some("ok") => Self::Ok,
            Some(_) => Self::Failed,
            None if now.since(started_at) < TICK_MAX_MS => Self::Running,
            None => Self::Unended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pulse, SILENCE_MS, TICK_MAX_MS, TickResult};
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    #[test]
    fn silence_is_counted_from_the_last_good_tick_or_else_from_the_first() {
        let ago = |ms: i64| NOW.plus_ms(-ms);
        let ticking = |first: Option<i64>, last: Option<i64>, oldest: Option<i64>| {
            let pulse = Pulse {
                in_use_since: None,
                first_tick_at: first.map(ago),
                last_tick_at: last.map(ago),
                oldest_sweep_at: oldest.map(ago),
            };
            pulse.is_ticking(NOW)
        };
        assert!(ticking(None, None, None), "a fresh installation");
        assert!(ticking(None, None, Some(SILENCE_MS - 1)));
        assert!(!ticking(None, None, Some(SILENCE_MS)), "no cron at all");
        assert!(ticking(Some(SILENCE_MS - 1), None, None));
        assert!(!ticking(Some(SILENCE_MS), None, None), "it only ever fails");
        let long = Some(9 * SILENCE_MS);
        assert!(ticking(long, Some(SILENCE_MS - 1), None));
        assert!(!ticking(long, Some(SILENCE_MS), None));
        let in_use = |ms: i64| Pulse {
            in_use_since: Some(ago(ms)),
            ..Pulse::default()
        };
        assert!(in_use(SILENCE_MS - 1).is_ticking(NOW));
        assert!(!in_use(SILENCE_MS).is_ticking(NOW), "nothing ever ticked");
    }

    #[test]
    fn a_tick_without_an_end_runs_for_as_long_as_it_may_and_then_has_died() {
        let of = |ms: i64, outcome| TickResult::of(NOW.plus_ms(-ms), outcome, NOW);
        assert_eq!(of(0, None), TickResult::Running);
        assert_eq!(of(TICK_MAX_MS - 1, None), TickResult::Running);
        assert_eq!(of(TICK_MAX_MS, None), TickResult::Unended);
        assert_eq!(of(TICK_MAX_MS, Some("ok")), TickResult::Ok);
        assert_eq!(of(0, Some("failed: internal")), TickResult::Failed);
    }
}
