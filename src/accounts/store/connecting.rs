//! Consents under way, and the account that one ends in.

use super::super::model::Auth;
use super::super::tokens::NEVER;
use super::care::RENEW_AFTER_MS;
use crate::error::Error;
use crate::ids::{AccountId, UserId, WorkspaceId};
use crate::keep_answer_if_made;
use crate::platforms::Profile;
use crate::ports::{Database, Statement};
use crate::time::{Timestamp, optional_millis};
use serde::Deserialize;

/// A consent that was begun.
pub struct NewState<'a> {
    pub state_hash: &'a str,
    pub workspace_id: &'a WorkspaceId,
    pub user_id: &'a UserId,
    pub auth: Auth,
    pub app: &'a str,
    pub sealed_verifier: &'a str,
    pub binding_hash: Option<&'a str>,
    pub redirect_to: Option<&'a str>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

const BEGIN: &str = "INSERT INTO oauth_states
    (state_hash, workspace_id, user_id, verifier, binding_hash, redirect_to, created_at, expires_at, auth, app)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Keeps the answer that leads to a consent.
pub const KEEP_BEGUN: &str = keep_answer_if_made!("oauth_states", "state_hash");

/// Remembers a consent that was begun.
#[must_use]
pub fn begin(state: &NewState<'_>) -> Statement {
    Statement::new(BEGIN)
        .bind(state.state_hash)
        .bind(state.workspace_id)
        .bind(state.user_id)
        .bind(state.sealed_verifier)
        .bind(state.binding_hash)
        .bind(state.redirect_to)
        .bind(state.now)
        .bind(state.expires_at)
        .bind(state.auth.as_str())
        .bind(state.app)
}

/// A consent that comes back.
#[derive(Debug, Deserialize)]
pub struct TakenState {
    pub workspace_id: WorkspaceId,
    pub user_id: Option<UserId>,
    pub verifier: String,
    pub binding_hash: Option<String>,
    pub redirect_to: Option<String>,
    pub app: String,
}

/// A consent that cannot be taken.
#[derive(Debug, Deserialize)]
pub struct SpentState {
    #[serde(with = "optional_millis")]
    pub used_at: Option<Timestamp>,
    pub redirect_to: Option<String>,
}

// One statement decides and marks: of two callbacks at the same moment one gets the row. A state of the other way is no
// state here.
const TAKE: &str = "UPDATE oauth_states SET used_at = ?3
  WHERE state_hash = ?1 AND auth = ?2 AND used_at IS NULL AND expires_at > ?3
  RETURNING workspace_id, user_id, verifier, binding_hash, redirect_to, app";
const LOOK: &str =
    "SELECT used_at, redirect_to FROM oauth_states WHERE state_hash = ?1 AND auth = ?2";

/// Takes a consent, once. `Err` in the inner result: it was used, has expired, or never was.
///
/// # Errors
/// When the database does not answer. The consent may then be used up, and the person begins again.
pub async fn take(
    database: &dyn Database,
    state_hash: &str,
    auth: Auth,
    now: Timestamp,
) -> Result<Result<TakenState, Option<SpentState>>, Error> {
    // The look comes first: after the update the row would say that it was used, by this very call.
    let statements = vec![
        Statement::new(LOOK).bind(state_hash).bind(auth.as_str()),
        Statement::new(TAKE)
            .bind(state_hash)
            .bind(auth.as_str())
            .bind(now),
    ];
    let mut sets = database.batch(statements).await?;
    let taken = sets.pop().unwrap_or_default().first()?;
    let before = sets.pop().unwrap_or_default().first()?;
    Ok(taken.ok_or(before))
}

#[derive(Deserialize)]
struct IdRow {
    id: AccountId,
}

const KNOWN: &str =
    "SELECT id FROM accounts WHERE workspace_id = ?1 AND platform = 'x' AND external_id = ?2";

/// The account of this X user in the workspace, an unlinked one too: connecting again keeps its id and history.
///
/// # Errors
/// When the database does not answer.
pub async fn known(
    database: &dyn Database,
    workspace: &WorkspaceId,
    external_id: &str,
) -> Result<Option<AccountId>, Error> {
    let statement = Statement::new(KNOWN).bind(workspace).bind(external_id);
    let set = database.run(statement).await?;
    Ok(set.first::<IdRow>()?.map(|row| row.id))
}

/// An account with its new tokens.
pub struct Connected<'a> {
    pub id: &'a AccountId,
    pub workspace_id: &'a WorkspaceId,
    pub user_id: Option<&'a UserId>,
    pub profile: &'a Profile,
    /// `None`: active. Otherwise it needs to be connected again, and this is why.
    pub lacking: Option<&'a str>,
    pub auth: Auth,
    pub app: &'a str,
    pub scopes: &'a str,
    pub sealed: &'a str,
    pub token_expires_at: Timestamp,
    pub now: Timestamp,
}

// Two first connects of one X user at the same moment choose two ids. The later one changes nothing here, finds no row
// to hang its tokens on, and looks again.
const UPSERT: &str = "INSERT INTO accounts
    (id, workspace_id, connected_by, platform, external_id, handle, name, avatar_url, subscription, profile_at,
     status, status_reason, auth, scopes, connected_at, updated_at, app)
  VALUES (?1, ?2, ?3, 'x', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?13, ?12, ?9, ?9, ?14)
  ON CONFLICT (id) DO UPDATE SET connected_by = excluded.connected_by, handle = excluded.handle,
    name = excluded.name, avatar_url = excluded.avatar_url, subscription = excluded.subscription,
    profile_at = excluded.profile_at, status = excluded.status, status_reason = excluded.status_reason,
    auth = excluded.auth, app = excluded.app, scopes = excluded.scopes, connected_at = excluded.connected_at,
    updated_at = excluded.updated_at
    WHERE accounts.workspace_id = excluded.workspace_id AND accounts.external_id = excluded.external_id
  ON CONFLICT (workspace_id, platform, external_id) DO NOTHING";

// A gate may hold a pair that is newer than the database's by some refreshes, and of an account that was unlinked while
// the gate could not be asked there is no row here at all. The instant of the connect, in ms, is ahead of both: a
// generation grows by one at each refresh.
const PUT_TOKENS: &str =
    "INSERT INTO account_tokens (account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at)
  SELECT id, workspace_id, ?3, ?5, ?4, ?5, ?6 FROM accounts WHERE id = ?1 AND workspace_id = ?2
  ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed,
    generation = MAX(account_tokens.generation + 1, excluded.generation),
    expires_at = excluded.expires_at, updated_at = excluded.updated_at, renew_at = excluded.renew_at
  RETURNING account_id AS id";

/// Saves the account and its tokens, both or neither. The second statement gives a row when it took effect.
#[must_use]
pub fn save(connected: &Connected<'_>) -> [Statement; 2] {
    let profile = connected.profile;
    let account = Statement::new(UPSERT)
        .bind(connected.id)
        .bind(connected.workspace_id)
        .bind(connected.user_id.map(UserId::as_str))
        .bind(profile.external_id.as_str())
        .bind(profile.handle.as_str())
        .bind(profile.name.as_str())
        .bind(profile.avatar_url.as_deref())
        .bind(profile.subscription.as_deref())
        .bind(connected.now)
        .bind(if connected.lacking.is_none() {
            "active"
        } else {
            "needs_reconnect"
        })
        .bind(connected.lacking)
        .bind(connected.scopes)
        .bind(connected.auth.as_str())
        .bind(connected.app);
    let tokens = Statement::new(PUT_TOKENS)
        .bind(connected.id)
        .bind(connected.workspace_id)
        .bind(connected.sealed)
        .bind(connected.token_expires_at)
        .bind(connected.now)
        .bind(renew_at(connected));
    [account, tokens]
}

// What does not end is not renewed.
fn renew_at(connected: &Connected<'_>) -> Timestamp {
    match connected.auth {
        Auth::OAuth1 => NEVER,
        Auth::OAuth2 | Auth::AppOnly => connected.now.plus_ms(RENEW_AFTER_MS),
    }
}
