//! The SQL of workspaces' own apps. Every statement names the workspace, except those that seal anew for all of them.

use crate::error::Error;
use crate::ids::{AuditId, WorkspaceId};
use crate::ports::{Database, Statement};
use crate::time::{Timestamp, millis};
use serde::Deserialize;

/// Of a row `a` of accounts joined by [`join_app`]: the sealed app, empty where the workspace has none any more, NULL for
/// the installation's.
macro_rules! sealed_app {
    () => {
        "CASE a.app WHEN 'x' THEN NULL ELSE coalesce(own.sealed, '') END"
    };
}
pub(crate) use sealed_app;

/// Joins the app of a row `a` of accounts; nothing is read for the installation's.
macro_rules! join_app {
    () => {
        "LEFT JOIN workspace_apps own
    ON a.app <> 'x' AND own.workspace_id = a.workspace_id AND own.platform = a.platform"
    };
}
pub(crate) use join_app;

/// An app as it is stored.
#[derive(Debug, Deserialize)]
pub struct AppRow {
    pub sealed: String,
    pub hints: String,
    #[serde(with = "millis")]
    pub set_at: Timestamp,
    /// How many accounts are connected through it, by their way: the first of OAuth 2.0, then 1.0a, then app-only.
    pub oauth2: u32,
    pub oauth1: u32,
    pub app_only: u32,
}

const READ: &str = "SELECT w.sealed, w.hints, w.set_at,
    count(*) FILTER (WHERE a.auth = 'oauth2') AS oauth2, count(*) FILTER (WHERE a.auth = 'oauth1') AS oauth1,
    count(*) FILTER (WHERE a.auth = 'app_only') AS app_only
  FROM workspace_apps w LEFT JOIN accounts a ON a.workspace_id = w.workspace_id AND a.platform = w.platform
    AND a.app = ?2 AND a.status = 'active'
  WHERE w.workspace_id = ?1 AND w.platform = 'x' GROUP BY w.workspace_id, w.platform";

/// The workspace's app; `name` is its name.
#[must_use]
pub fn read(workspace: &WorkspaceId, name: &str) -> Statement {
    Statement::new(READ).bind(workspace).bind(name)
}

const PUT: &str =
    "INSERT INTO workspace_apps (workspace_id, platform, sealed, hints, set_at) VALUES (?1, 'x', ?2, ?3, ?4)
  ON CONFLICT (workspace_id, platform) DO UPDATE
    SET sealed = excluded.sealed, hints = excluded.hints, set_at = excluded.set_at";

/// Sets it, or puts it in the place of another.
#[must_use]
pub fn put(workspace: &WorkspaceId, sealed: &str, hints: &str, now: Timestamp) -> Statement {
    Statement::new(PUT)
        .bind(workspace)
        .bind(sealed)
        .bind(hints)
        .bind(now)
}

// Those who may do without it are not asked for anything: they go on with the installation's.
const RELEASE: &str = "UPDATE accounts SET app = 'x', updated_at = ?3
  WHERE workspace_id = ?1 AND app = ?2 AND auth = 'app_only'";
const DISCONNECT: &str =
    "UPDATE accounts SET status = 'needs_reconnect', status_reason = ?4, updated_at = ?3
  WHERE workspace_id = ?1 AND app = ?2 AND status = 'active' AND auth = ?5";

/// The app-only accounts of an app go on with the installation's.
#[must_use]
pub fn release(workspace: &WorkspaceId, name: &str, now: Timestamp) -> Statement {
    Statement::new(RELEASE).bind(workspace).bind(name).bind(now)
}

/// The accounts of an app that are connected in this way have to be connected again.
#[must_use]
pub fn disconnect(
    workspace: &WorkspaceId,
    name: &str,
    auth: &'static str,
    reason: &'static str,
    now: Timestamp,
) -> Statement {
    Statement::new(DISCONNECT)
        .bind(workspace)
        .bind(name)
        .bind(now)
        .bind(reason)
        .bind(auth)
}

const REMOVE: &str = "DELETE FROM workspace_apps WHERE workspace_id = ?1 AND platform = 'x'
  AND (?3 OR NOT EXISTS (SELECT 1 FROM accounts WHERE workspace_id = ?1 AND app = ?2 AND status = 'active'))";

/// Removes it; `force`: whoever uses it. A change when it was there.
#[must_use]
pub fn remove(workspace: &WorkspaceId, name: &str, force: bool) -> Statement {
    Statement::new(REMOVE)
        .bind(workspace)
        .bind(name)
        .bind(u32::from(force))
}

const FORGET_PAUSE: &str = "DELETE FROM app_pauses WHERE app = ?2
  AND NOT EXISTS (SELECT 1 FROM workspace_apps WHERE workspace_id = ?1 AND platform = 'x')";

/// Behind [`remove`]: an app that is not there is not paused.
#[must_use]
pub fn forget_pause(workspace: &WorkspaceId, name: &str) -> Statement {
    Statement::new(FORGET_PAUSE).bind(workspace).bind(name)
}

// Nothing of an app that is not there, or that may not be removed.
const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6
  WHERE EXISTS (SELECT 1 FROM workspace_apps WHERE workspace_id = ?1 AND platform = 'x')
    AND (?7 OR NOT EXISTS (SELECT 1 FROM accounts WHERE workspace_id = ?1 AND app = ?5 AND status = 'active'))";

/// Who did what to the app: behind the statement that sets it, before the one that removes it, with its `force`.
#[must_use]
pub fn audit(
    workspace: &WorkspaceId,
    id: &AuditId,
    actor: &str,
    action: &str,
    name: &str,
    force: bool,
    now: Timestamp,
) -> Statement {
    Statement::new(AUDIT)
        .bind(workspace)
        .bind(id)
        .bind(actor)
        .bind(action)
        .bind(name)
        .bind(now)
        .bind(u32::from(force))
}

/// An app under an older key.
#[derive(Debug, Deserialize)]
pub struct Outdated {
    pub workspace_id: WorkspaceId,
    pub sealed: String,
}

const OUTDATED: &str = "SELECT workspace_id, sealed FROM workspace_apps WHERE key_id = ?1 LIMIT ?2";
const PUT_ANEW: &str = "UPDATE workspace_apps SET sealed = ?3 WHERE workspace_id = ?1 AND platform = 'x' AND sealed = ?2";

/// Apps that this key sealed.
///
/// # Errors
/// When the database does not answer.
pub async fn outdated(
    database: &dyn Database,
    key_id: &str,
    limit: u32,
) -> Result<Vec<Outdated>, Error> {
    let statement = Statement::new(OUTDATED).bind(key_id).bind(limit);
    Ok(database.run(statement).await?.all()?)
}

/// The same app under another key, in the place of the very text that was read.
#[must_use]
pub fn put_anew(read: &Outdated, sealed: &str) -> Statement {
    Statement::new(PUT_ANEW)
        .bind(&read.workspace_id)
        .bind(read.sealed.as_str())
        .bind(sealed)
}
