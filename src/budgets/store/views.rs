//! The SQL of setting limits and showing what was used.

use super::super::model::{Charge, Measure, Period};
use crate::ids::{AuditId, WorkspaceId};
use crate::ports::Statement;
use crate::time::Timestamp;
use serde::Deserialize;

/// One limit that is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// What it counts.
    pub measure: Measure,
    /// How long it is for.
    pub period: Period,
    /// How much may be used; `None`: there shall be no such limit.
    pub amount: Option<i64>,
}

// What was used in this period is counted from the history, once.
const SET: &str =
    "INSERT INTO budgets (workspace_id, account_id, measure, period, amount, used, began_on)
  SELECT ?1, ?2, ?3, ?4, ?5, (
    SELECT coalesce(sum(CASE ?3 WHEN 'usd' THEN micros
      WHEN 'posts' THEN CASE WHEN kind IN ('post', 'post_with_url') THEN count ELSE 0 END
      ELSE CASE kind WHEN 'post_read' THEN count ELSE 0 END END), 0)
    FROM usage WHERE workspace_id = ?1 AND day >= ?6 AND (?2 = '' OR account_id = ?2)), ?6
  WHERE 1
  ON CONFLICT (workspace_id, account_id, measure, period) DO UPDATE
    SET amount = excluded.amount, used = excluded.used, began_on = excluded.began_on";

const UNSET: &str = "DELETE FROM budgets WHERE workspace_id = ?1 AND account_id = ?2 AND measure = ?3 AND period = ?4";

// What waits for a limit asks again: it is settled there whether it fits now.
const WAKE: &str = "UPDATE deliveries SET next_attempt_at = ?3, sweep_at = ?3, updated_at = ?3
  WHERE account_id IN (SELECT id FROM accounts WHERE workspace_id = ?1 AND (?2 = '' OR id = ?2))
    AND state = 'waiting' AND +workspace_id = ?1 AND reason IN ('budget_used_up', 'quota_used_up')
  RETURNING id, account_id";

const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  VALUES (?1, ?2, ?3, 'budgets.changed', ?4, ?5)";

/// Who sets limits, and of what.
pub struct Change<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceId,
    /// The account; empty: of all of them together.
    pub account: &'a str,
    /// For the audit log.
    pub audit_id: &'a AuditId,
    /// Who.
    pub actor: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Sets limits, and wakes what waits for any: the last statement gives what that is.
#[must_use]
pub fn set(change: &Change<'_>, wanted: &[Wanted]) -> Vec<Statement> {
    let of_scope = |sql| {
        Statement::new(sql)
            .bind(change.workspace)
            .bind(change.account)
    };
    let one = |one: &Wanted| match one.amount {
        Some(amount) => of_scope(SET)
            .bind(one.measure.as_str())
            .bind(one.period.as_str())
            .bind(amount)
            .bind(one.period.start(change.now).day()),
        None => of_scope(UNSET)
            .bind(one.measure.as_str())
            .bind(one.period.as_str()),
    };
    let subject = match change.account {
        "" => change.workspace.as_str(),
        account => account,
    };
    let audit = Statement::new(AUDIT)
        .bind(change.workspace)
        .bind(change.audit_id)
        .bind(change.actor)
        .bind(subject)
        .bind(change.now);
    let mut statements: Vec<Statement> = wanted.iter().map(one).collect();
    statements.extend([audit, of_scope(WAKE).bind(change.now)]);
    statements
}

/// Which usage is looked at. Days are texts such as `2026-11-21`, the last one included.
pub struct Range<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceId,
    /// The first day.
    pub from: &'a str,
    /// The last day.
    pub to: &'a str,
    /// The account; `None`: all of them.
    pub account: Option<&'a str>,
}

/// A day of an account.
#[derive(Debug, Deserialize)]
pub struct DayRow {
    /// The day.
    pub day: String,
    /// The account, or nothing.
    pub account_id: String,
    /// JSON: a list of [`KindRow`].
    pub kinds: String,
}

/// What was used of a kind.
#[derive(Debug, Clone, Deserialize)]
pub struct KindRow {
    /// The kind.
    pub kind: Charge,
    /// How many.
    pub count: u64,
    /// What they cost, in millionths of a dollar.
    pub micros: i64,
}

const DAYS: &str = "SELECT day, account_id,
    json_group_array(json_object('kind', kind, 'count', count, 'micros', micros)) AS kinds
  FROM usage
  WHERE workspace_id = ?1 AND day BETWEEN ?2 AND ?3 AND (?4 IS NULL OR account_id = ?4)
    AND (?5 IS NULL OR (day, account_id) < (?5, ?6))
  GROUP BY day, account_id ORDER BY day DESC, account_id DESC LIMIT ?7";

/// The days of a range, the newest first, after `after`; one more than `limit`.
#[must_use]
pub fn days(range: &Range<'_>, after: Option<(&str, &str)>, limit: u32) -> Statement {
    // The day of the cursor ends the range as well, so that pages before it are not read again.
    let to = after.map_or(range.to, |(day, _)| day.min(range.to));
    Statement::new(DAYS)
        .bind(range.workspace)
        .bind(range.from)
        .bind(to)
        .bind(range.account)
        .bind(after.map(|(day, _)| day))
        .bind(after.map(|(_, account)| account))
        .bind(limit.saturating_add(1))
}

const TOTALS: &str = "SELECT kind, sum(count) AS count, sum(micros) AS micros FROM usage
  WHERE workspace_id = ?1 AND day BETWEEN ?2 AND ?3 AND (?4 IS NULL OR account_id = ?4)
  GROUP BY kind ORDER BY kind";

/// A whole range by kind.
#[must_use]
pub fn totals(range: &Range<'_>) -> Statement {
    Statement::new(TOTALS)
        .bind(range.workspace)
        .bind(range.from)
        .bind(range.to)
        .bind(range.account)
}
