//! The SQL of idempotency keys. A key belongs to a workspace; `''` stands for the requests that nobody is signed in for.

use crate::ports::Statement;
use crate::time::{Timestamp, millis};
use serde::Deserialize;

/// A key that is held: what it stands for, and until when.
#[derive(Deserialize)]
pub struct Row {
    /// Of the request that holds it.
    pub fingerprint: String,
    /// What that request made, or its claim.
    pub resource_id: String,
    /// The status of its answer; [`RUNNING`] until there is one.
    pub status: u16,
    /// Its answer.
    pub answer: String,
    /// The end of the lease while it runs, then of the key's life.
    #[serde(with = "millis")]
    pub expires_at: Timestamp,
    /// How often the key came with another request.
    pub mismatches: u32,
}

/// The `status` of a key whose request has no answer yet.
pub const RUNNING: u16 = 0;

/// What a key stands for, unless its time is over.
pub const READ: &str = "SELECT fingerprint, resource_id, status, answer, expires_at, mismatches
  FROM idempotency_keys WHERE workspace_id = ?1 AND key = ?2 AND expires_at > ?3";

/// Takes a key that is free: one that was never used, whose lease has run out, or whose life is over.
pub const CLAIM: &str = "INSERT INTO idempotency_keys (workspace_id, key, fingerprint, resource_id, status, answer, expires_at)
  VALUES (?1, ?2, ?3, ?4, 0, '', ?5)
  ON CONFLICT (workspace_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
    resource_id = excluded.resource_id, status = excluded.status, answer = excluded.answer,
    expires_at = excluded.expires_at, mismatches = 0
  WHERE idempotency_keys.expires_at <= ?6";

/// Counts a request that is none of the fingerprints `?3`, a JSON list.
pub const COUNT_MISMATCH: &str = "UPDATE idempotency_keys SET mismatches = mismatches + 1
  WHERE workspace_id = ?1 AND key = ?2 AND fingerprint NOT IN (SELECT value FROM json_each(?3))";

/// Breaks [`HOLD_BREAKS`] unless the key is held by the claim `?3`, and changes nothing otherwise. A batch that begins
/// with it is rolled back as a whole when somebody else has the key, as a statement that changes no row would not do.
pub const HOLD: &str = "INSERT INTO idempotency_keys (workspace_id, key, fingerprint, resource_id, status, answer, expires_at)
  SELECT ?1, ?2, NULL, ?3, 0, '', 0 WHERE NOT EXISTS (
    SELECT 1 FROM idempotency_keys WHERE workspace_id = ?1 AND key = ?2 AND resource_id = ?3 AND status = 0)";

/// The column that must not be NULL.
pub const HOLD_BREAKS: &str = "idempotency_keys.fingerprint";

/// The statement that keeps the answer `?4`, `?5` of the claim `?3` until `?6`, if a table has the row `?7` that the
/// request was to make: the text for [`Work::keep`](super::Work).
#[macro_export]
macro_rules! keep_answer_if_made {
    ($table:literal, $column:literal) => {
        concat!(
            "UPDATE idempotency_keys SET status = ?4, answer = ?5, expires_at = ?6
  WHERE workspace_id = ?1 AND key = ?2 AND resource_id = ?3 AND status = 0
    AND EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE ",
            $column,
            " = ?7)"
        )
    };
}

/// Frees the key of a claim that has no answer.
pub const RELEASE: &str = "DELETE FROM idempotency_keys
  WHERE workspace_id = ?1 AND key = ?2 AND resource_id = ?3 AND status = 0";

const EXPIRED: &str = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";

/// Deletes the keys whose time is over, for the daily clean-up, which serves all workspaces. May run twice.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    vec![Statement::new(EXPIRED).bind(now)]
}
