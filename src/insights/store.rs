//! The SQL of what was read of accounts. Every statement names the workspace.

use crate::error::Error;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::shown::User;
use crate::ports::{Database, Statement};
use crate::time::{DAY_MS, Timestamp, millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For how many days the counts of an account are kept: longer than anybody can ask for, and a year can be compared
/// with the one before.
const DAYS_KEPT: i64 = 800;

/// What X said, as it is kept.
#[derive(Debug, Deserialize)]
pub struct Reading {
    /// JSON.
    pub body: String,
    /// When X said it.
    #[serde(with = "millis")]
    pub read_at: Timestamp,
    /// X is not asked again before.
    #[serde(with = "millis")]
    pub next_at: Timestamp,
    /// The code of the refusal, where X was asked later and did not say.
    pub problem: Option<String>,
}

const READ: &str = "SELECT body, read_at, next_at, problem FROM readings
  WHERE workspace_id = ?1 AND account_id = ?2 AND kind = ?3";

/// What is kept of this kind.
///
/// # Errors
/// When the database does not answer.
pub async fn read(
    database: &dyn Database,
    workspace: &WorkspaceId,
    account: &AccountId,
    kind: &str,
) -> Result<Option<Reading>, Error> {
    let statement = Statement::new(READ)
        .bind(workspace)
        .bind(account)
        .bind(kind);
    Ok(database.run(statement).await?.first()?)
}

/// Of two readings at once the later one stays.
const KEEP: &str =
    "INSERT INTO readings (workspace_id, account_id, kind, body, read_at, next_at, problem)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)
  ON CONFLICT (workspace_id, account_id, kind) DO UPDATE SET body = excluded.body, read_at = excluded.read_at,
    next_at = excluded.next_at, problem = NULL WHERE excluded.read_at >= readings.read_at";

/// Keeps what X said.
#[must_use]
pub fn keep(
    workspace: &WorkspaceId,
    account: &AccountId,
    kind: &str,
    body: &str,
    read_at: Timestamp,
    next_at: Timestamp,
) -> Statement {
    Statement::new(KEEP)
        .bind(workspace)
        .bind(account)
        .bind(kind)
        .bind(body)
        .bind(read_at)
        .bind(next_at)
}

const PUT_OFF: &str = "UPDATE readings SET next_at = ?4, problem = ?5
  WHERE workspace_id = ?1 AND account_id = ?2 AND kind = ?3 AND read_at = ?6";

/// X was asked and did not say: it is not asked again before `next_at`, unless somebody else had an answer meanwhile.
#[must_use]
pub fn put_off(
    workspace: &WorkspaceId,
    account: &AccountId,
    kind: &str,
    next_at: Timestamp,
    problem: &str,
    read_at: Timestamp,
) -> Statement {
    Statement::new(PUT_OFF)
        .bind(workspace)
        .bind(account)
        .bind(kind)
        .bind(next_at)
        .bind(problem)
        .bind(read_at)
}

/// An account's counts on a day, as they were last read on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccountDay")]
pub struct Counted {
    /// The day, of UTC.
    #[schemars(extend("format" = "date"))]
    pub day: String,
    /// How many followed it.
    pub followers: u64,
    /// How many it followed.
    pub following: u64,
    /// How many posts it had.
    pub posts: u64,
}

/// The day of UTC in which an instant lies.
#[must_use]
pub fn day_of(at: Timestamp) -> String {
    at.day()
}

const KEEP_DAY: &str =
    "INSERT INTO account_days (workspace_id, account_id, day, followers, following, posts)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (workspace_id, account_id, day) DO UPDATE SET followers = excluded.followers,
    following = excluded.following, posts = excluded.posts";
const FORGET_DAYS: &str =
    "DELETE FROM account_days WHERE workspace_id = ?1 AND account_id = ?2 AND day < ?3";

/// Keeps the counts of today, and forgets those that nobody asks for any more; nothing where X does not count.
#[must_use]
pub fn keep_day(
    workspace: &WorkspaceId,
    account: &AccountId,
    user: &User,
    now: Timestamp,
) -> Vec<Statement> {
    let (Some(followers), Some(following), Some(posts)) =
        (user.followers, user.following, user.posts)
    else {
        return Vec::new();
    };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let of_account = |sql| Statement::new(sql).bind(workspace).bind(account);
    vec![
        of_account(KEEP_DAY)
            .bind(day_of(now))
            .bind(number(followers))
            .bind(number(following))
            .bind(number(posts)),
        of_account(FORGET_DAYS).bind(day_of(now.plus_ms(-DAYS_KEPT * DAY_MS))),
    ]
}

const DAYS: &str = "SELECT day, followers, following, posts FROM account_days
  WHERE workspace_id = ?1 AND account_id = ?2 AND day >= ?3 ORDER BY day";

/// The account's counts by day since then, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn days(
    database: &dyn Database,
    workspace: &WorkspaceId,
    account: &AccountId,
    since: Timestamp,
) -> Result<Vec<Counted>, Error> {
    let statement = Statement::new(DAYS)
        .bind(workspace)
        .bind(account)
        .bind(day_of(since));
    Ok(database.run(statement).await?.all()?)
}
