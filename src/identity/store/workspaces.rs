//! The SQL of a workspace's settings.

use crate::ids::{AuditId, WorkspaceId};
use crate::ports::Statement;
use crate::publish::UncertainPolicy;
use crate::time::{Timestamp, millis};
use serde::Deserialize;

/// A row of `workspaces`.
#[derive(Deserialize)]
pub struct SettingsRow {
    pub id: WorkspaceId,
    pub name: String,
    pub uncertain_policy: UncertainPolicy,
    pub missed_after_ms: i64,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
}

/// A workspace with its settings.
pub fn settings(id: &WorkspaceId) -> Statement {
    const SQL: &str = "SELECT id, name, uncertain_policy, missed_after_ms, created_at
        FROM workspaces WHERE id = ?1";
    Statement::new(SQL).bind(id)
}

/// What changes; `None` stays.
pub struct Changed<'a> {
    pub id: &'a WorkspaceId,
    pub name: Option<&'a str>,
    pub uncertain_policy: Option<&'static str>,
    pub missed_after_ms: Option<i64>,
    pub audit_id: &'a AuditId,
    pub actor: &'a str,
    pub now: Timestamp,
}

/// Changes a workspace's settings, with an entry in the audit log if anything becomes another.
pub fn change(changed: &Changed<'_>) -> Vec<Statement> {
    // Before the change, while what differs can be told.
    const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
        SELECT id, ?5, ?6, 'workspace.changed', id, ?7 FROM workspaces
        WHERE id = ?1 AND (name <> coalesce(?2, name) OR uncertain_policy <> coalesce(?3, uncertain_policy)
            OR missed_after_ms <> coalesce(?4, missed_after_ms))";
    const CHANGE: &str = "UPDATE workspaces SET name = coalesce(?2, name),
            uncertain_policy = coalesce(?3, uncertain_policy), missed_after_ms = coalesce(?4, missed_after_ms)
        WHERE id = ?1";
    let of_change = |sql| {
        Statement::new(sql)
            .bind(changed.id)
            .bind(changed.name)
            .bind(changed.uncertain_policy)
            .bind(changed.missed_after_ms)
    };
    vec![
        of_change(AUDIT)
            .bind(changed.audit_id)
            .bind(changed.actor)
            .bind(changed.now),
        of_change(CHANGE),
    ]
}
