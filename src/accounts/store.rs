//! The SQL of accounts and their tokens. Every statement names the workspace, except the one that takes a consent: its
//! state is the credential, and those of `care`, which serves them all.

pub mod app_only; // accounts without tokens
pub mod care; // renewing what is idle, sealing anew
pub mod connecting; // consents under way, and what they end in
pub mod unlinking; // giving an account up

use super::model::{Auth, Status};
use crate::apps::store::{join_app, sealed_app};
use crate::error::Error;
use crate::gate::Grant;
use crate::ids::{AccountId, AuditId, WorkspaceId};
use crate::platforms::Profile;
use crate::ports::{Database, Statement};
use crate::time::{DAY_MS, Timestamp, millis, optional_millis};
use serde::Deserialize;

/// A connected account, with its tokens.
#[derive(Debug, Clone, Deserialize)]
pub struct AccountRow {
    pub id: AccountId,
    pub workspace_id: WorkspaceId,
    pub platform: String,
    pub external_id: String,
    pub handle: String,
    pub name: String,
    pub avatar_url: Option<String>,
    #[serde(with = "millis")]
    pub profile_at: Timestamp,
    pub status: Status,
    pub status_reason: Option<String>,
    pub auth: Auth,
    pub scopes: String,
    #[serde(with = "millis")]
    pub connected_at: Timestamp,
    pub sealed: Option<String>,
    pub generation: Option<i64>,
    #[serde(with = "optional_millis")]
    pub token_expires_at: Option<Timestamp>,
    /// The app through which it is connected, as in a [`Grant`].
    pub sealed_app: Option<String>,
}

/// The account's tokens as the gate takes them; `None` when it has none.
#[must_use]
pub fn grant(row: &AccountRow) -> Option<Grant> {
    Some(Grant {
        account_id: row.id.clone(),
        workspace_id: row.workspace_id.clone(),
        sealed: row.sealed.clone()?,
        generation: row.generation?,
        expires_at: row.token_expires_at?,
        app: row.sealed_app.clone(),
    })
}

const READ: &str = concat!(
    "SELECT a.id, a.workspace_id, a.platform, a.external_id, a.handle, a.name, a.avatar_url,
    a.profile_at, a.status, a.status_reason, a.auth, a.scopes, a.connected_at,
    t.sealed, t.generation, t.expires_at AS token_expires_at, ",
    sealed_app!(),
    " AS sealed_app
  FROM accounts a LEFT JOIN account_tokens t ON t.account_id = a.id AND t.workspace_id = a.workspace_id
  ",
    join_app!(),
    "
  WHERE a.workspace_id = ?1 AND a.id = ?2 AND a.status <> 'unlinked'"
);

/// A workspace has few accounts, and the search by workspace finds them; the newest come first.
const LIST: &str = concat!(
    "SELECT a.id, a.workspace_id, a.platform, a.external_id, a.handle, a.name, a.avatar_url,
    a.profile_at, a.status, a.status_reason, a.auth, a.scopes, a.connected_at,
    t.sealed, t.generation, t.expires_at AS token_expires_at, ",
    sealed_app!(),
    " AS sealed_app
  FROM accounts a LEFT JOIN account_tokens t ON t.account_id = a.id AND t.workspace_id = a.workspace_id
  ",
    join_app!(),
    "
  WHERE a.workspace_id = ?1 AND a.status <> 'unlinked' AND (?2 IS NULL OR a.status = ?2) AND (?3 IS NULL OR a.id < ?3)
  ORDER BY a.id DESC LIMIT ?4"
);

/// Reads one account that is not unlinked.
///
/// # Errors
/// When the database does not answer.
pub async fn read(
    database: &dyn Database,
    workspace: &WorkspaceId,
    account: &AccountId,
) -> Result<Option<AccountRow>, Error> {
    let statement = Statement::new(READ).bind(workspace).bind(account);
    let set = database.run(statement).await?;
    Ok(set.first()?)
}

/// Reads up to `limit + 1` accounts, newest first, after a cursor.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    database: &dyn Database,
    workspace: &WorkspaceId,
    status: Option<Status>,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<AccountRow>, Error> {
    let statement = Statement::new(LIST)
        .bind(workspace)
        .bind(status.map(Status::as_str))
        .bind(after.map(AccountId::as_str))
        .bind(limit.saturating_add(1));
    let set = database.run(statement).await?;
    Ok(set.all()?)
}

const READ_USER: &str = concat!(
    "SELECT a.id, a.workspace_id, a.platform, a.external_id, a.handle, a.name, a.avatar_url,
    a.profile_at, a.status, a.status_reason, a.auth, a.scopes, a.connected_at,
    t.sealed, t.generation, t.expires_at AS token_expires_at, ",
    sealed_app!(),
    " AS sealed_app
  FROM accounts a LEFT JOIN account_tokens t ON t.account_id = a.id AND t.workspace_id = a.workspace_id
  ",
    join_app!(),
    "
  WHERE a.workspace_id = ?1 AND a.platform = 'x' AND a.external_id = ?2 AND a.status = 'active'"
);

/// Reads the active account that is this user of X.
///
/// # Errors
/// When the database does not answer.
pub async fn read_active_user(
    database: &dyn Database,
    workspace: &WorkspaceId,
    external_id: &str,
) -> Result<Option<AccountRow>, Error> {
    let statement = Statement::new(READ_USER).bind(workspace).bind(external_id);
    let set = database.run(statement).await?;
    Ok(set.first()?)
}

const READ_TOKENS: &str = concat!(
    "SELECT t.account_id, t.workspace_id, t.sealed, t.generation, t.expires_at, ",
    sealed_app!(),
    " AS app
  FROM account_tokens t JOIN accounts a ON a.id = t.account_id AND a.workspace_id = t.workspace_id
  ",
    join_app!(),
    "
  WHERE t.workspace_id = ?1 AND t.account_id = ?2"
);

/// The account's tokens, as a [`Grant`].
#[must_use]
pub fn read_tokens(workspace: &WorkspaceId, account: &AccountId) -> Statement {
    Statement::new(READ_TOKENS).bind(workspace).bind(account)
}

// The same X user through the same app in another workspace; the app of a workspace is nobody else's.
const SHARES_OAUTH1: &str = "SELECT other.id FROM accounts own
  JOIN accounts other ON other.external_id = own.external_id AND other.auth = 'oauth1' AND other.app = own.app
    AND other.platform = own.platform AND other.id <> own.id AND other.status <> 'unlinked'
  WHERE own.workspace_id = ?1 AND own.id = ?2 LIMIT 1";

/// Whether another account lives on the same OAuth 1.0a token: X gives a user one for each app. A row if so.
#[must_use]
pub fn shares_oauth1_token(workspace: &WorkspaceId, account: &AccountId) -> Statement {
    Statement::new(SHARES_OAUTH1).bind(workspace).bind(account)
}

/// No INSERT: an account that was unlinked meanwhile gets no tokens back.
const SAVE_TOKENS: &str =
    "UPDATE account_tokens SET sealed = ?3, generation = ?4, expires_at = ?5, updated_at = ?6, renew_at = ?7
  WHERE workspace_id = ?1 AND account_id = ?2 AND generation < ?4";

/// Puts a newer pair in the place of an older one. Repeating it, or coming too late, changes nothing.
#[must_use]
pub fn save_tokens(
    workspace: &WorkspaceId,
    account: &AccountId,
    sealed: &str,
    generation: i64,
    expires_at: Timestamp,
    now: Timestamp,
) -> Statement {
    Statement::new(SAVE_TOKENS)
        .bind(workspace)
        .bind(account)
        .bind(sealed)
        .bind(generation)
        .bind(expires_at)
        .bind(now)
        .bind(now.plus_ms(care::RENEW_AFTER_MS))
}

const UPGRADED: &str = "UPDATE accounts SET auth = 'oauth2', scopes = ?3, updated_at = ?4
  WHERE workspace_id = ?1 AND id = ?2 AND auth = 'oauth1'
    AND EXISTS (SELECT 1 FROM account_tokens WHERE account_id = ?2 AND workspace_id = ?1 AND generation = ?5)";

/// The account is one of OAuth 2.0 from now on, if its tokens are of this generation: behind [`save_tokens`], in one
/// transaction.
#[must_use]
pub fn upgraded(
    workspace: &WorkspaceId,
    account: &AccountId,
    scopes: &str,
    generation: i64,
    now: Timestamp,
) -> Statement {
    Statement::new(UPGRADED)
        .bind(workspace)
        .bind(account)
        .bind(scopes)
        .bind(now)
        .bind(generation)
}

/// Not `updated_at`: the tokens are the same.
const RESEAL_TOKENS: &str = "UPDATE account_tokens SET sealed = ?5
  WHERE workspace_id = ?1 AND account_id = ?2 AND generation = ?3 AND sealed = ?4";

/// Puts the same pair under another key in the place of the very text that was read, and of no other.
#[must_use]
pub fn reseal_tokens(read: &Grant, sealed: &str) -> Statement {
    Statement::new(RESEAL_TOKENS)
        .bind(&read.workspace_id)
        .bind(&read.account_id)
        .bind(read.generation)
        .bind(read.sealed.as_str())
        .bind(sealed)
}

const NEEDS_RECONNECT: &str =
    "UPDATE accounts SET status = 'needs_reconnect', status_reason = ?3, updated_at = ?4
  WHERE workspace_id = ?1 AND id = ?2 AND status = 'active' AND connected_at = ?5
    AND auth <> 'app_only'";

/// The platform does not accept the account's grant any more. `reason` is the stable code of the refusal. Leaves an
/// account alone that is not active, or has been connected anew since `connected_at`: the refusal was of older tokens.
#[must_use]
pub fn mark_needs_reconnect(
    workspace: &WorkspaceId,
    account: &AccountId,
    reason: &str,
    connected_at: Timestamp,
    now: Timestamp,
) -> Statement {
    Statement::new(NEEDS_RECONNECT)
        .bind(workspace)
        .bind(account)
        .bind(reason)
        .bind(now)
        .bind(connected_at)
}

/// A token that works although the account was given up. What was not granted is still not granted.
const REVIVE: &str = "UPDATE accounts SET status = 'active', status_reason = NULL, updated_at = ?3
  WHERE workspace_id = ?1 AND id = ?2 AND status = 'needs_reconnect' AND status_reason NOT IN ('missing_scope', 'app_removed', 'app_replaced')";

/// The account's tokens proved good: it is active again unless it lacks scopes.
#[must_use]
pub fn revive(workspace: &WorkspaceId, account: &AccountId, now: Timestamp) -> Statement {
    Statement::new(REVIVE)
        .bind(workspace)
        .bind(account)
        .bind(now)
}

// What waits for another app than the account has now waits for nothing any more.
const WAKE: &str = "UPDATE deliveries SET next_attempt_at = ?3, sweep_at = ?3, updated_at = ?3, paused_app = NULL
  WHERE account_id = ?2 AND state IN ('waiting', 'deleting') AND +workspace_id = ?1
    AND (reason = 'account_needs_reconnect' OR paused_app <> (SELECT app FROM accounts WHERE id = ?2 AND workspace_id = ?1))
    AND EXISTS (SELECT 1 FROM accounts WHERE id = ?2 AND workspace_id = ?1 AND status = 'active')";

/// What waits for the account to be connected again goes on, if the account is active: the next sweep takes it.
#[must_use]
pub fn wake_deliveries(workspace: &WorkspaceId, account: &AccountId, now: Timestamp) -> Statement {
    Statement::new(WAKE).bind(workspace).bind(account).bind(now)
}

const SAVE_PROFILE: &str = "UPDATE accounts
  SET handle = ?3, name = ?4, avatar_url = ?5, subscription = ?6, profile_at = ?7, updated_at = ?7
  WHERE workspace_id = ?1 AND id = ?2 AND external_id = ?8";

/// Keeps what the platform says of the account.
#[must_use]
pub fn save_profile(
    workspace: &WorkspaceId,
    account: &AccountId,
    profile: &Profile,
    now: Timestamp,
) -> Statement {
    Statement::new(SAVE_PROFILE)
        .bind(workspace)
        .bind(account)
        .bind(profile.handle.as_str())
        .bind(profile.name.as_str())
        .bind(profile.avatar_url.as_deref())
        .bind(profile.subscription.as_deref())
        .bind(now)
        .bind(profile.external_id.as_str())
}

const DEFER_PROFILE: &str =
    "UPDATE accounts SET profile_at = ?3 WHERE workspace_id = ?1 AND id = ?2";

/// Lets the cached profile count as read at `at`, so that a platform that does not answer is not asked at every look.
#[must_use]
pub fn defer_profile(workspace: &WorkspaceId, account: &AccountId, at: Timestamp) -> Statement {
    Statement::new(DEFER_PROFILE)
        .bind(workspace)
        .bind(account)
        .bind(at)
}

/// How long a consent that is over is remembered, in ms, so that who comes late is told what happened.
const STATES_KEPT_MS: i64 = DAY_MS;

const EXPIRED_STATES: &str = "DELETE FROM oauth_states WHERE expires_at < ?1";

/// Deletes what has expired.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    vec![Statement::new(EXPIRED_STATES).bind(now.plus_ms(-STATES_KEPT_MS))]
}

const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?5 AND workspace_id = ?1)";

/// Who did what to which account; nothing when there is no such account.
#[must_use]
pub fn audit(
    workspace: &WorkspaceId,
    id: &AuditId,
    actor: &str,
    action: &str,
    account: &AccountId,
    now: Timestamp,
) -> Statement {
    Statement::new(AUDIT)
        .bind(workspace)
        .bind(id)
        .bind(actor)
        .bind(action)
        .bind(account)
        .bind(now)
}
