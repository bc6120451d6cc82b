//! The draws, and what the platform said, as they are kept.

use super::ledger::Drawn;
use super::model::Seen;
use crate::gate::windows::Bucket;
use crate::ids::AccountId;
use crate::platforms::{Observed, Span};
use crate::ports::{GateStorage, Statement, StorageError};
use crate::time::{Timestamp, millis};
use serde::Deserialize;

/// The tables of an app's gate.
pub const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS draws (
  bucket     TEXT NOT NULL,
  id         TEXT NOT NULL,
  account_id TEXT NOT NULL,
  calls      INTEGER NOT NULL,
  granted_at INTEGER NOT NULL,
  until      INTEGER NOT NULL,
  PRIMARY KEY (bucket, id)
) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS words (
  bucket   TEXT PRIMARY KEY,
  allowed  INTEGER NOT NULL,
  left     INTEGER NOT NULL,
  reset_at INTEGER NOT NULL,
  seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID",
];

const DRAW: &str = "INSERT INTO draws (bucket, id, account_id, calls, granted_at, until)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const DRAWS: &str = "SELECT id, account_id, calls, granted_at, until FROM draws
  WHERE bucket = ?1 AND until > ?2";
const LEAVE: &str = "UPDATE draws SET calls = ?3 WHERE bucket = ?1 AND id = ?2";
const FORGET: &str = "DELETE FROM draws WHERE bucket = ?1 AND until <= ?2";
const HEAR: &str = "INSERT INTO words (bucket, allowed, left, reset_at, seen_at)
  VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (bucket) DO UPDATE SET allowed = excluded.allowed, left = excluded.left,
    reset_at = excluded.reset_at, seen_at = excluded.seen_at";
const HEARD: &str = "SELECT allowed, left, reset_at, seen_at FROM words WHERE bucket = ?1";

/// Keeps a draw.
///
/// # Errors
/// When the storage fails, or knows the name; then nothing is granted.
pub fn draw(
    storage: &dyn GateStorage,
    bucket: Bucket,
    id: &str,
    drawn: &Drawn,
) -> Result<(), StorageError> {
    let keep = Statement::new(DRAW)
        .bind(bucket.as_str())
        .bind(id)
        .bind(&drawn.account_id)
        .bind(drawn.calls)
        .bind(drawn.granted_at)
        .bind(drawn.until);
    storage.execute(keep).map(drop)
}

/// The draws whose time ended after `since`.
///
/// # Errors
/// When the storage fails.
pub fn draws(
    storage: &dyn GateStorage,
    bucket: Bucket,
    since: Timestamp,
) -> Result<Vec<(String, Drawn)>, StorageError> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        account_id: AccountId,
        calls: u32,
        #[serde(with = "millis")]
        granted_at: Timestamp,
        #[serde(with = "millis")]
        until: Timestamp,
    }
    let read = Statement::new(DRAWS).bind(bucket.as_str()).bind(since);
    let rows: Vec<Row> = storage.execute(read)?.all()?;
    let drawn = |row: Row| {
        let drawn = Drawn {
            account_id: row.account_id,
            calls: row.calls,
            granted_at: row.granted_at,
            until: row.until,
        };
        (row.id, drawn)
    };
    Ok(rows.into_iter().map(drawn).collect())
}

/// Leaves so many calls of a draw.
///
/// # Errors
/// When the storage fails; then all of them count.
pub fn leave(
    storage: &dyn GateStorage,
    bucket: Bucket,
    id: &str,
    calls: u32,
) -> Result<(), StorageError> {
    let leave = Statement::new(LEAVE).bind(bucket.as_str()).bind(id);
    storage.execute(leave.bind(calls)).map(drop)
}

/// Clears the draws whose time ended until `since`.
///
/// # Errors
/// When the storage fails.
pub fn forget(
    storage: &dyn GateStorage,
    bucket: Bucket,
    since: Timestamp,
) -> Result<(), StorageError> {
    let forget = Statement::new(FORGET).bind(bucket.as_str()).bind(since);
    storage.execute(forget).map(drop)
}

/// Keeps what the platform said.
///
/// # Errors
/// When the storage fails.
pub fn hear(storage: &dyn GateStorage, bucket: Bucket, seen: &Seen) -> Result<(), StorageError> {
    let hear = Statement::new(HEAR)
        .bind(bucket.as_str())
        .bind(seen.observed.limit)
        .bind(seen.observed.remaining)
        .bind(seen.observed.reset_at)
        .bind(seen.at);
    storage.execute(hear).map(drop)
}

/// What the platform said last.
///
/// # Errors
/// When the storage fails.
pub fn heard(storage: &dyn GateStorage, bucket: Bucket) -> Result<Option<Seen>, StorageError> {
    #[derive(Deserialize)]
    struct Row {
        allowed: u32,
        left: u32,
        #[serde(with = "millis")]
        reset_at: Timestamp,
        #[serde(with = "millis")]
        seen_at: Timestamp,
    }
    let read = Statement::new(HEARD).bind(bucket.as_str());
    let row: Option<Row> = storage.execute(read)?.first()?;
    Ok(row.map(|row| Seen {
        observed: Observed {
            span: Span::AppDay,
            limit: row.allowed,
            remaining: row.left,
            reset_at: row.reset_at,
        },
        at: row.seen_at,
    }))
}
