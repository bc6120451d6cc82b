//! A workspace's settings: its name, and its policy where publishing leaves a choice.
//!
//! A change takes effect at the next step of every delivery that is not final: the policy is read with each of them.

use super::model::Caller;
use super::people;
use super::store::workspaces::{self as store, SettingsRow};
use crate::app::App;
use crate::error::{Error, FieldError};
use crate::ids::{AuditId, WorkspaceId};
use crate::ports::{ResultSet, Statement};
use crate::publish::UncertainPolicy;
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least lateness that may be called too late: what waits out a rate limit of X is later than seconds.
const MISSED_AFTER_MIN_SECONDS: u32 = seconds(MINUTE_MS);
/// The most.
const MISSED_AFTER_MAX_SECONDS: u32 = seconds(30 * DAY_MS);

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "30 days are 2,592,000 seconds"
)]
const fn seconds(ms: i64) -> u32 {
    (ms / SECOND_MS) as u32
}

/// A workspace with its settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WorkspaceSettings {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What happens to a post of which nobody can say whether it is on X.
    pub uncertain_policy: UncertainPolicy,
    /// How many seconds after its time a post is not wanted any more: it is then `missed`, and shown, and not sent.
    pub missed_after_seconds: u32,
    /// Since when it is there.
    pub created_at: Timestamp,
}

/// What is to be changed; what is not named stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WorkspaceChange")]
pub struct Change {
    /// What to call it, 1 to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// What happens to a post of which nobody can say whether it is on X, because X's answer was lost and several looks
    /// at the account's posts did not find it. `ask`: it waits for a person. `resend`: it is sent once more by itself,
    /// after the first call can no longer land; X has no idempotency key, so if the first one is there after all and X
    /// did not show it, it is there twice.
    #[serde(default)]
    pub uncertain_policy: Option<UncertainPolicy>,
    /// How many seconds after its time a post is not wanted any more, one minute to 30 days.
    #[serde(default)]
    #[schemars(range(min = MISSED_AFTER_MIN_SECONDS, max = MISSED_AFTER_MAX_SECONDS))]
    pub missed_after_seconds: Option<u32>,
}

/// The caller's workspace, if it is `id`.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for any other.
pub async fn get(app: &App, caller: &Caller, id: &WorkspaceId) -> Result<WorkspaceSettings, Error> {
    own(caller, id)?;
    found(app, vec![store::settings(id)]).await
}

/// Changes the caller's workspace, if it is `id`. One transaction; a second time changes nothing, and leaves no second
/// entry in the audit log.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for any other;
/// [`Kind::Invalid`](crate::error::Kind::Invalid) for a value that is not allowed, or when nothing is named.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: &WorkspaceId,
    change: &Change,
) -> Result<WorkspaceSettings, Error> {
    own(caller, id)?;
    let name = check(change)?;
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let mut statements = store::change(&store::Changed {
        id,
        name: name.as_deref(),
        uncertain_policy: change.uncertain_policy.map(UncertainPolicy::as_str),
        missed_after_ms: change
            .missed_after_seconds
            .map(|seconds| i64::from(seconds) * SECOND_MS),
        audit_id: &audit_id,
        actor: &caller.actor(),
        now: app.now(),
    });
    statements.push(store::settings(id));
    found(app, statements).await
}

// Whoever may not see a workspace must not learn that it is there.
fn own(caller: &Caller, id: &WorkspaceId) -> Result<(), Error> {
    if caller.workspace_id == *id {
        Ok(())
    } else {
        Err(Error::not_found("workspace"))
    }
}

/// Gives the name as it is kept.
fn check(change: &Change) -> Result<Option<String>, Error> {
    let Change {
        name,
        uncertain_policy,
        missed_after_seconds,
    } = change;
    let mut wrong = Vec::new();
    if name.is_none() && uncertain_policy.is_none() && missed_after_seconds.is_none() {
        wrong.push(FieldError::new(
            "",
            "missing_field",
            "Name at least one of name, uncertain_policy and missed_after_seconds.",
        ));
    }
    let kept = name.as_deref().and_then(people::name);
    if name.is_some() && kept.is_none() {
        wrong.push(FieldError::new(
            "/name",
            "invalid_name",
            format!(
                "A name is 1 to {} characters without control characters.",
                people::NAME_MAX_CHARS
            ),
        ));
    }
    let allowed = MISSED_AFTER_MIN_SECONDS..=MISSED_AFTER_MAX_SECONDS;
    if missed_after_seconds.is_some_and(|seconds| !allowed.contains(&seconds)) {
        wrong.push(FieldError::new(
            "/missed_after_seconds",
            "invalid_missed_after",
            format!("It is {MISSED_AFTER_MIN_SECONDS} to {MISSED_AFTER_MAX_SECONDS} seconds."),
        ));
    }
    if wrong.is_empty() {
        Ok(kept)
    } else {
        Err(Error::invalid(wrong))
    }
}

async fn found(app: &App, statements: Vec<Statement>) -> Result<WorkspaceSettings, Error> {
    let row: Option<SettingsRow> = app
        .database
        .batch(statements)
        .await?
        .pop()
        .map(ResultSet::first)
        .transpose()?
        .flatten();
    let row =
        row.ok_or_else(|| Error::unavailable("the workspace went away during the request"))?;
    Ok(WorkspaceSettings {
        id: row.id,
        name: row.name,
        uncertain_policy: row.uncertain_policy,
        missed_after_seconds: u32::try_from(row.missed_after_ms / SECOND_MS).unwrap_or(u32::MAX),
        created_at: row.created_at,
    })
}
