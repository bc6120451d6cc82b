//! Giving an account up: one batch, all or nothing, and the same the second time.

use crate::ids::{AccountId, WorkspaceId};
use crate::ports::Statement;
use crate::posts::store::parts_sent;
use crate::publish::store::post_status;
use crate::time::Timestamp;

// Not `publishing`, `uncertain`, or what an earlier round left in doubt: something of those may be on the platform
// already, and publishing settles them.
const CANCEL: &str = concat!(
    "UPDATE deliveries SET state = 'canceled', reason = 'account_unlinked',
    detail = 'The account was unlinked before this was sent.' || coalesce(' ' || ",
    parts_sent!(),
    ", ''),
    remedy = 'Connect the account again and post anew.',
    upstream = NULL, lease_until = NULL, next_attempt_at = NULL, sweep_at = NULL, updated_at = ?3
  WHERE workspace_id = ?1 AND account_id = ?2
    AND state IN ('scheduled', 'queued', 'waiting', 'draft', 'in_review')
    AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'uncertain')"
);

// Of every post that the statement before has touched.
const POST_STATUSES: &str = concat!(
    "UPDATE posts SET updated_at = ?3, status = (",
    post_status!(),
    ") WHERE workspace_id = ?1 AND id IN (
    SELECT post_id FROM deliveries
    WHERE workspace_id = ?1 AND account_id = ?2 AND reason = 'account_unlinked' AND updated_at = ?3)"
);

const FORGET_TOKENS: &str =
    "DELETE FROM account_tokens WHERE workspace_id = ?1 AND account_id = ?2";

const UNLINK: &str =
    "UPDATE accounts SET status = 'unlinked', status_reason = NULL, updated_at = ?3
  WHERE workspace_id = ?1 AND id = ?2 AND status <> 'unlinked'";

/// Cancels what was not sent yet (its set's `changes` says how many), brings the posts' status up to date, deletes the
/// tokens and marks the account. The history stays.
#[must_use]
pub fn unlink(workspace: &WorkspaceId, account: &AccountId, now: Timestamp) -> [Statement; 4] {
    [CANCEL, POST_STATUSES, FORGET_TOKENS, UNLINK].map(|sql| {
        let statement = Statement::new(sql).bind(workspace).bind(account);
        if sql == FORGET_TOKENS {
            statement
        } else {
            statement.bind(now)
        }
    })
}
