//! The SQL of what is done for all accounts at once, whatever their workspace: renewing, sealing anew, counting keys.

use crate::apps::store::{join_app, sealed_app};
use crate::error::Error;
use crate::gate::Grant;
use crate::ids::{AccountId, WorkspaceId};
use crate::ports::{Database, Statement};
use crate::time::{DAY_MS, HOUR_MS, Timestamp};
use serde::Deserialize;

/// Tokens that have not changed for this long are renewed, in ms: a sixth of what X's refresh tokens live
/// (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>), so that many tries remain.
pub const RENEW_AFTER_MS: i64 = 30 * DAY_MS;

/// When a renewal that did not work is tried again, in ms: some 600 times before the refresh token ends.
pub const RENEW_AGAIN_MS: i64 = 6 * HOUR_MS;

/// An account whose turn it is.
#[derive(Debug, Deserialize)]
pub struct Due {
    pub account_id: AccountId,
    pub workspace_id: WorkspaceId,
}

const DUE: &str = "UPDATE account_tokens SET renew_at = ?2 WHERE account_id IN
    (SELECT account_id FROM account_tokens WHERE renew_at <= ?1 ORDER BY renew_at LIMIT ?3)
  RETURNING account_id, workspace_id";

/// Takes up to `limit` accounts whose tokens are due for renewal, those that waited longest, and puts them off by
/// [`RENEW_AGAIN_MS`]: whatever becomes of them, the next call gives others.
///
/// # Errors
/// When the database does not answer. They may have been put off.
pub async fn take_due(
    database: &dyn Database,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Due>, Error> {
    let take = Statement::new(DUE)
        .bind(now)
        .bind(now.plus_ms(RENEW_AGAIN_MS))
        .bind(limit);
    Ok(database.run(take).await?.all()?)
}

const PUT_OFF: &str = "UPDATE account_tokens SET renew_at = ?3
  WHERE workspace_id = ?1 AND account_id = ?2 AND renew_at < ?3";

/// Nothing is to be renewed here for a while.
#[must_use]
pub fn put_off(due: &Due, now: Timestamp) -> Statement {
    Statement::new(PUT_OFF)
        .bind(&due.workspace_id)
        .bind(&due.account_id)
        .bind(now.plus_ms(RENEW_AFTER_MS))
}

/// Tokens under an older key, and the gate that serves them.
#[derive(Debug, Deserialize)]
pub struct Outdated {
    #[serde(flatten)]
    pub grant: Grant,
    pub external_id: String,
}

const OUTDATED: &str = concat!(
    "SELECT t.account_id, t.workspace_id, t.sealed, t.generation, t.expires_at, a.external_id, ",
    sealed_app!(),
    " AS app
  FROM account_tokens t JOIN accounts a ON a.id = t.account_id AND a.workspace_id = t.workspace_id
  ",
    join_app!(),
    "
  WHERE t.key_id = ?1 AND t.account_id > ?2 ORDER BY t.account_id LIMIT ?3"
);
const READ_CURSOR: &str = "SELECT after FROM cursors WHERE name = ?1";
const MOVE_CURSOR: &str = "INSERT INTO cursors (name, after) VALUES (?1, ?2)
  ON CONFLICT (name) DO UPDATE SET after = excluded.after";

/// Tokens that this key sealed, of the accounts after this one.
///
/// # Errors
/// When the database does not answer.
pub async fn outdated(
    database: &dyn Database,
    key_id: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<Outdated>, Error> {
    let statement = Statement::new(OUTDATED)
        .bind(key_id)
        .bind(after)
        .bind(limit);
    Ok(database.run(statement).await?.all()?)
}

/// Where work in portions goes on; empty at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn cursor(database: &dyn Database, name: &str) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Cursor {
        after: String,
    }
    let read = Statement::new(READ_CURSOR).bind(name);
    let cursor: Option<Cursor> = database.run(read).await?.first()?;
    Ok(cursor.map(|cursor| cursor.after).unwrap_or_default())
}

/// Notes where it goes on.
#[must_use]
pub fn move_cursor(name: &str, after: &str) -> Statement {
    Statement::new(MOVE_CURSOR).bind(name).bind(after)
}

/// How many values a key has sealed.
#[derive(Debug, Deserialize)]
pub struct Count {
    pub key_id: String,
    pub sealed: u64,
}

// Two ranges of the index, around the newest key: what is under that, nearly everything, is not read.
const TOKENS_BY_OTHER_KEYS: &str =
    "SELECT key_id, count(*) AS sealed FROM account_tokens WHERE key_id < ?1 GROUP BY key_id
  UNION ALL
  SELECT key_id, count(*) AS sealed FROM account_tokens WHERE key_id > ?1 GROUP BY key_id";

// Consents live ten minutes: only those under way.
const VERIFIERS_BY_OTHER_KEYS: &str = "SELECT key_id, count(*) AS sealed FROM
    (SELECT substr(verifier, 4, instr(substr(verifier, 4), '.') - 1) AS key_id
     FROM oauth_states WHERE expires_at > ?2 AND used_at IS NULL)
  WHERE key_id <> ?1 GROUP BY key_id";

const APPS_BY_OTHER_KEYS: &str =
    "SELECT key_id, count(*) AS sealed FROM workspace_apps WHERE key_id < ?1 GROUP BY key_id
  UNION ALL
  SELECT key_id, count(*) AS sealed FROM workspace_apps WHERE key_id > ?1 GROUP BY key_id";

/// What is sealed with other keys than the newest: tokens, consents under way, then workspaces' apps.
///
/// # Errors
/// When the database does not answer.
pub async fn sealed_by_other_keys(
    database: &dyn Database,
    newest: &str,
    now: Timestamp,
) -> Result<[Vec<Count>; 3], Error> {
    let statements = vec![
        Statement::new(TOKENS_BY_OTHER_KEYS).bind(newest),
        Statement::new(VERIFIERS_BY_OTHER_KEYS)
            .bind(newest)
            .bind(now),
        Statement::new(APPS_BY_OTHER_KEYS).bind(newest),
    ];
    let mut sets = database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default().all();
    Ok([next()?, next()?, next()?])
}
