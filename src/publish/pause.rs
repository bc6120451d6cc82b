//! The pause of an app that a platform refuses as a whole: no credits, a spend cap, not enrolled, wrong credentials. The
//! installation's app and those of workspaces are paused each by itself (`accounts.app`).
//!
//! The first such refusal begins it. From then on the app's deliveries are held with its reason, and a gate that is asked
//! for one says only what its journal knows. Every [`CHECK_MS`] one delivery is sent all the same; when the platform
//! treats it as usual, the pause ends, and the next sweep makes due what it held.
//!
//! Neither begin nor end needs to be exact. A pause that begins late costs a refused call; one that is begun by a
//! refusal from before the repair costs one more interval.

use super::model::State;
use super::settlement::Settlement;
use super::store::Loaded;
use crate::app::App;
use crate::ids::{DeliveryId, WorkspaceId};
use crate::platforms::{Class, NotSent};
use crate::ports::Statement;
use crate::time::{MINUTE_MS, Timestamp, millis};
use serde::Deserialize;
use serde_json::json;

/// How often a paused app is tried, in ms.
pub const CHECK_MS: i64 = 15 * MINUTE_MS;

const LOOK: &str = "SELECT app, code, detail, remedy, upstream, since, next_check_at FROM app_pauses ORDER BY app LIMIT ?1";

/// How many are shown at once.
const SHOWN_MAX: u32 = 100;

const LOOK_FOR: &str =
    "SELECT app, code, detail, remedy, upstream, since, next_check_at FROM app_pauses
  WHERE app = (SELECT a.app FROM deliveries d JOIN accounts a ON a.id = d.account_id
    WHERE d.id = ?1 AND d.workspace_id = ?2)";

/// One claim at a time may try a paused app.
const PROBE: &str = "UPDATE app_pauses SET next_check_at = ?3
  WHERE app = ?1 AND next_check_at <= ?2 RETURNING app";

// The claim that took the right to try has learned nothing: it was too late to be sent, say.
const GIVE_BACK: &str = "UPDATE app_pauses SET next_check_at = ?2 WHERE app = ?1";

const BEGIN: &str =
    "INSERT INTO app_pauses (app, code, detail, remedy, upstream, since, next_check_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  ON CONFLICT (app) DO UPDATE SET code = excluded.code, detail = excluded.detail, remedy = excluded.remedy,
    upstream = excluded.upstream, next_check_at = max(next_check_at, excluded.next_check_at)";

const END: &str = "DELETE FROM app_pauses WHERE app = ?1";
const END_ALL: &str = "DELETE FROM app_pauses";

// Names no workspace: an app may be everybody's. Steps from app to app through the index, so that what waits for one that
// is still paused is not read. `min` over nothing is NULL, which ends the steps.
const WAKE: &str = "WITH RECURSIVE waiting (app) AS (
    SELECT min(paused_app) FROM deliveries WHERE paused_app IS NOT NULL
    UNION ALL
    SELECT (SELECT min(paused_app) FROM deliveries WHERE paused_app > waiting.app) FROM waiting WHERE app IS NOT NULL)
  UPDATE deliveries SET paused_app = NULL,
    next_attempt_at = CASE WHEN state IN ('waiting', 'deleting') THEN ?1 ELSE next_attempt_at END,
    sweep_at = CASE WHEN state IN ('waiting', 'deleting') THEN ?1 ELSE sweep_at END
  WHERE id IN (SELECT id FROM deliveries
    WHERE paused_app IN (SELECT app FROM waiting
      WHERE app IS NOT NULL AND NOT EXISTS (SELECT 1 FROM app_pauses WHERE app_pauses.app = waiting.app))
    LIMIT ?2)";

/// The refusals that are about the app, and not about an account or a request.
const OF_THE_APP: [&str; 6] = [
    "x_credits_depleted",
    "x_spend_cap_reached",
    "x_app_not_enrolled",
    "x_authentication_unsupported",
    "x_client_rejected",
    "x_not_configured",
];

/// How many are woken in one statement.
const WAKE_CHUNK: u32 = 500;

/// Whether a refusal is about the app, so that it holds for everything of it.
#[must_use]
pub fn is_of_the_app(reason: &NotSent) -> bool {
    OF_THE_APP.contains(&&*reason.code)
}

/// A pause as it is stored.
#[derive(Debug, Clone, Deserialize)]
pub struct Pause {
    /// The app.
    pub app: String,
    /// The stable code of the refusal that began it, or of the newest check's.
    pub code: String,
    /// What happened, for a person.
    pub detail: String,
    /// What to do, for the operator, or for the people of the workspace whose app it is.
    pub remedy: String,
    /// The platform's own words.
    pub upstream: Option<String>,
    /// When it began.
    #[serde(with = "millis")]
    pub since: Timestamp,
    /// When the app is tried next.
    #[serde(with = "millis")]
    pub next_check_at: Timestamp,
}

/// What a pause means for one claim.
#[derive(Debug, Clone)]
pub enum Course {
    /// The app is not paused, as far as was known when the claim was taken.
    Open,
    /// It is, and this claim tries it.
    Probe,
    /// It is, and this claim only asks what is known.
    Held(Hold),
}

/// Why, and until when, a delivery is held.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The refusal that the pause is for.
    pub reason: NotSent,
    /// When the app is tried next.
    pub until: Timestamp,
}

impl Course {
    /// The hold, if there is one.
    #[must_use]
    pub const fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Held(hold) => Some(hold),
            Self::Open | Self::Probe => None,
        }
    }
}

/// What a pause means for the claim of `delivery`. A delivery that is looked for is not sent, and so not held.
///
/// If the process ends after the right to try was taken, nobody tries for one interval.
pub async fn course(app: &App, delivery: &Loaded, pause: Option<Pause>) -> Course {
    let Some(pause) = pause.filter(|_| delivery.state != State::Uncertain) else {
        return Course::Open;
    };
    let now = app.now();
    let mut until = pause.next_check_at;
    if until <= now {
        until = now.plus_ms(CHECK_MS);
        let probe = Statement::new(PROBE)
            .bind(&*pause.app)
            .bind(now)
            .bind(until);
        match app.database.batch(vec![probe]).await {
            Ok(sets) if sets.first().is_some_and(|set| !set.rows.is_empty()) => {
                return Course::Probe;
            }
            Ok(_) => {}
            Err(error) => app.warn("probe_failed", &json!({ "error": error.to_string() })),
        }
    }
    let reason = NotSent::new(Class::Operator, &pause.code, pause.detail, pause.remedy)
        .with_upstream(pause.upstream);
    Course::Held(Hold { reason, until })
}

/// What a settlement means for the pause of its app: a statement for the end of its batch.
#[must_use]
pub fn consequence(
    course: &Course,
    app: &str,
    settlement: &Settlement,
    now: Timestamp,
) -> Option<Statement> {
    match (course, &settlement.reason) {
        (Course::Open | Course::Probe, Some(reason)) if settlement.paused => {
            Some(begin(app, reason, now))
        }
        (Course::Probe, reason) if is_as_usual(settlement.state, reason.as_ref()) => Some(end(app)),
        (Course::Probe, _) => Some(Statement::new(GIVE_BACK).bind(app).bind(now)),
        _ => None,
    }
}

/// Whether the platform has treated the app's call like any other.
fn is_as_usual(state: State, reason: Option<&NotSent>) -> bool {
    match state {
        // Queued and deleting: so far it went well, and the rest follows. Published with a reason: it was not deleted.
        State::Published | State::Queued | State::Deleting | State::Deleted => {
            reason.is_none_or(|reason| reason.class == Class::Permanent)
        }
        State::Failed => reason.is_some_and(|reason| reason.class == Class::Permanent),
        _ => false,
    }
}

fn begin(app: &str, reason: &NotSent, now: Timestamp) -> Statement {
    Statement::new(BEGIN)
        .bind(app)
        .bind(&*reason.code)
        .bind(&*reason.detail)
        .bind(&*reason.remedy)
        .bind(reason.upstream.as_deref())
        .bind(now)
        .bind(now.plus_ms(CHECK_MS))
}

/// Ends the pause of an app; once more changes nothing. The next sweep wakes what it held.
#[must_use]
pub fn end(app: &str) -> Statement {
    Statement::new(END).bind(app)
}

/// Ends every pause.
#[must_use]
pub fn end_all() -> Statement {
    Statement::new(END_ALL)
}

/// Makes due what pauses held that are over, as much as one statement should. Repeating it goes on with the rest.
#[must_use]
pub fn wake(now: Timestamp) -> Statement {
    Statement::new(WAKE).bind(now).bind(WAKE_CHUNK)
}

/// A look at the pauses, the installation's first.
#[must_use]
pub fn look() -> Statement {
    Statement::new(LOOK).bind(SHOWN_MAX)
}

/// A look at the pause of the app of a delivery: one row, if there is one.
#[must_use]
pub fn look_for(workspace: &WorkspaceId, delivery: &DeliveryId) -> Statement {
    Statement::new(LOOK_FOR).bind(delivery).bind(workspace)
}
