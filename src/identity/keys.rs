//! API keys: making, listing and revoking them.
//!
//! A key is `gw_` and 256 random bits, shown once. What is kept is its SHA-256, which is enough at that entropy: there
//! is nothing to guess, and a fast hash keeps every request cheap.

use super::model::{Caller, Scope};
use super::people;
use super::store::{self, ListedKey, NewKey};
use super::views::{ApiKey, NewApiKey};
use crate::app::App;
use crate::crypto;
use crate::error::{Error, FieldError, Kind};
use crate::http::Reply;
use crate::http::idempotency::{Once, Work};
use crate::ids::{ApiKeyId, AuditId};
use crate::ports::ResultSet;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;

/// How every key begins, so that scanners for leaked secrets can tell one.
pub const KEY_PREFIX: &str = "gw_";
const KEY_BYTES: usize = 32;
/// `KEY_BYTES` in unpadded base64url.
const KEY_CHARS: usize = (KEY_BYTES * 4).div_ceil(3);
/// How much of a key is shown in lists: the prefix and 30 bits of 256.
const HINT_CHARS: usize = KEY_PREFIX.len() + 5;
/// How many keys of a workspace may work at once.
const KEYS_MAX: u32 = 100;

/// Whether a token can be a key at all, so that another is refused without a look into the database.
#[must_use]
pub fn has_shape(token: &str) -> bool {
    token.strip_prefix(KEY_PREFIX).is_some_and(|secret| {
        secret.len() == KEY_CHARS
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// What is asked for in a new key.
pub struct Wanted {
    /// What to call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends, if it does.
    pub expires_at: Option<crate::time::Timestamp>,
}

/// Makes a key of the caller's workspace, in one transaction. Answers with [`NewApiKey`]. If the answer is lost, a repeat
/// under the same idempotency key is given it; without one, the key exists and nobody knows it: the list shows it, and
/// it can be revoked.
///
/// # Errors
/// [`Kind::Invalid`] for the name, the scopes or the expiry; [`Kind::Conflict`] at the most keys.
pub async fn create(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    once: &Once,
) -> Result<Reply, Error> {
    let now = app.now();
    let mut scopes = wanted.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let name = people::name(&wanted.name);
    let mut wrong = Vec::new();
    if name.is_none() {
        wrong.push(FieldError::new(
            "/name",
            "invalid_name",
            "A name is 1 to 100 characters without control characters.",
        ));
    }
    if scopes.is_empty() {
        wrong.push(FieldError::new(
            "/scopes",
            "missing_scopes",
            "A key needs at least one scope.",
        ));
    }
    if let Some(scope) = scopes.iter().find(|scope| !caller.can_grant(**scope)) {
        let detail = match scope {
            Scope::Operator => {
                "Only an operator of the installation can grant operator.".to_owned()
            }
            scope => format!(
                "Your role in this workspace does not include {}.",
                scope.as_str()
            ),
        };
        wrong.push(FieldError::new("/scopes", "scope_not_allowed", detail));
    }
    if wanted.expires_at.is_some_and(|at| at <= now) {
        wrong.push(FieldError::new(
            "/expires_at",
            "expiry_in_past",
            "The expiry must be in the future.",
        ));
    }
    let (Some(name), true) = (name, wrong.is_empty()) else {
        return Err(Error::invalid(wrong));
    };

    let key = format!(
        "{KEY_PREFIX}{}",
        crypto::random_token(&*app.random, KEY_BYTES)
    );
    let id = ApiKeyId::new(&*app.clock, &*app.random);
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let hint: String = key.chars().take(HINT_CHARS).collect();
    let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let new = NewKey {
        id: &id,
        workspace_id: &caller.workspace_id,
        created_by: &caller.user_id,
        name: &name,
        hash: &crypto::sha256(key.as_bytes()),
        hint: &hint,
        scopes: &names.join(" "),
        now,
        expires_at: wanted.expires_at,
    };
    let work = Work {
        statements: store::create_key(&new, KEYS_MAX, &audit_id),
        keep: store::KEEP_KEY,
        made: id.as_str(),
    };
    let reply = Reply::json(
        StatusCode::CREATED,
        &NewApiKey {
            key: SecretString::from(key),
            api_key: ApiKey {
                id: id.clone(),
                name: name.clone(),
                hint: hint.clone(),
                scopes,
                created_by: caller.user_id.clone(),
                created_at: now,
                expires_at: wanted.expires_at,
                revoked_at: None,
            },
        },
    )?;
    let sets = once.commit(app, work, &reply).await?;
    if sets.first().is_none_or(|set| set.changes == 0) {
        return Err(Error::new(
            Kind::Conflict,
            "too_many_keys",
            format!("This workspace has {KEYS_MAX} API keys that work."),
            "Revoke one that is no longer needed with DELETE /api/v1/api-keys/{id}.",
        ));
    }
    Ok(reply)
}

/// Up to `limit` keys of the caller's workspace, newest first, older than `before`.
///
/// # Errors
/// Only the database's.
pub async fn list(
    app: &App,
    caller: &Caller,
    before: Option<&ApiKeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>, Error> {
    let statement = store::list_keys(&caller.workspace_id, before, limit);
    let rows: Vec<ListedKey> = app.database.run(statement).await?.all()?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// Revokes a key; a second time changes nothing. The next request with it is refused.
///
/// # Errors
/// [`Kind::NotFound`] when the caller's workspace has no such key.
pub async fn revoke(app: &App, caller: &Caller, id: &ApiKeyId) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Found {}
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let statements = store::revoke_key(
        &caller.workspace_id,
        id,
        &caller.actor(),
        &audit_id,
        app.now(),
    );
    let found = app
        .database
        .batch(statements)
        .await?
        .pop()
        .map(ResultSet::first::<Found>)
        .transpose()?
        .flatten();
    found
        .map(|Found {}| ())
        .ok_or_else(|| Error::not_found("API key"))
}

impl From<ListedKey> for ApiKey {
    fn from(row: ListedKey) -> Self {
        Self {
            id: row.id,
            name: row.name,
            hint: row.hint,
            scopes: row.scopes.split(' ').filter_map(Scope::parse).collect(),
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEY_CHARS, has_shape};

    #[test]
    fn a_key_is_the_prefix_and_256_bits() {
        assert_eq!(KEY_CHARS, 43);
        assert!(has_shape(&format!(
            "gw_{}",
            "A-_9".repeat(11).split_at(43).0
        )));
        for bad in [
            "",
            "gw_",
            "gw_short",
            &"A".repeat(46),
            &format!("gw_{}", "A".repeat(44)),
            &format!("gw_{}", "é".repeat(43)),
        ] {
            assert!(!has_shape(bad), "{bad}");
        }
    }
}
