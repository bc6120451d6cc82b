//! Accounts that are read as the X app alone.

use crate::error::Error;
use crate::identity::Caller;
use crate::ids::{AccountId, AuditId};
use crate::platforms::Profile;
use crate::ports::{Database, Statement};
use crate::time::Timestamp;
use serde::Deserialize;

/// What is known of one.
pub struct Connect<'a> {
    /// If it is new.
    pub id: &'a AccountId,
    pub caller: &'a Caller,
    pub profile: &'a Profile,
    pub app: &'a str,
    pub audit_id: &'a AuditId,
    pub now: Timestamp,
}

// One that is connected as its user is left as it is.
const UPSERT: &str = "INSERT INTO accounts
    (id, workspace_id, connected_by, platform, external_id, handle, name, avatar_url, subscription, profile_at,
     status, auth, app, scopes, connected_at, updated_at)
  VALUES (?1, ?2, ?3, 'x', ?4, ?5, ?6, ?7, NULL, ?8, 'active', 'app_only', ?9, '', ?8, ?8)
  ON CONFLICT (workspace_id, platform, external_id) DO UPDATE SET connected_by = excluded.connected_by,
    handle = excluded.handle, name = excluded.name, avatar_url = excluded.avatar_url,
    profile_at = excluded.profile_at, status = 'active', status_reason = NULL, auth = 'app_only', app = excluded.app,
    scopes = '', connected_at = excluded.connected_at, updated_at = excluded.updated_at
    WHERE accounts.auth = 'app_only' OR accounts.status = 'unlinked'
  RETURNING id";

const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, 'account.connected', id, ?4 FROM accounts
  WHERE workspace_id = ?1 AND platform = 'x' AND external_id = ?5 AND auth = 'app_only'";

/// Saves one, and who did it; gives its id, or nothing when the X user is connected as a user already.
///
/// # Errors
/// When the database does not answer.
pub async fn connect(
    database: &dyn Database,
    connect: &Connect<'_>,
) -> Result<Option<AccountId>, Error> {
    #[derive(Deserialize)]
    struct IdRow {
        id: AccountId,
    }
    let Connect {
        caller, profile, ..
    } = connect;
    let upsert = Statement::new(UPSERT)
        .bind(connect.id)
        .bind(&caller.workspace_id)
        .bind(&caller.user_id)
        .bind(profile.external_id.as_str())
        .bind(profile.handle.as_str())
        .bind(profile.name.as_str())
        .bind(profile.avatar_url.as_deref())
        .bind(connect.now)
        .bind(connect.app);
    let audit = Statement::new(AUDIT)
        .bind(&caller.workspace_id)
        .bind(connect.audit_id)
        .bind(caller.actor())
        .bind(connect.now)
        .bind(profile.external_id.as_str());
    let mut sets = database.batch(vec![upsert, audit]).await?.into_iter();
    let row: Option<IdRow> = sets.next().unwrap_or_default().first()?;
    Ok(row.map(|row| row.id))
}
