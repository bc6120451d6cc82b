//! The account's tokens at its gate: the only place where they are refreshed.
//!
//! X's refresh tokens work once, and X rotates them even when its answer is lost. So one refresh at a time, and the new
//! pair is durable here before either token is used; the database gets it right after, and until it has it the gate
//! remembers that it owes it. A crash between X's rotation and our write loses the grant: that moment cannot be closed,
//! and it is one write long.

use super::account::AccountGate;
use super::model::{Grant, RefreshedUntil};
use crate::accounts::{store, tokens};
use crate::platforms::{Class, NotSent, Profile, x};
use crate::ports::{GateStorage, Statement, StorageError};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp, millis};
use secrecy::SecretString;
use serde::Deserialize;

/// Pairs that are newer than what the database may have. `saved` is 1 once the database has them.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS tokens (
  account_id   TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  sealed       TEXT NOT NULL,
  generation   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  saved        INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

/// A token is refreshed this long before it ends, in ms: longer than any call that uses it.
pub const REFRESH_BEFORE_MS: i64 = 5 * MINUTE_MS;

/// How long to wait after a refresh that did not work for a passing reason, in ms.
pub const RETRY_REFRESH_MS: i64 = 5 * SECOND_MS;

const READ: &str = "SELECT sealed, generation, expires_at, saved FROM tokens WHERE account_id = ?1";
const KEEP: &str =
    "INSERT INTO tokens (account_id, workspace_id, sealed, generation, expires_at, saved)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, generation = excluded.generation,
    expires_at = excluded.expires_at, saved = excluded.saved";
const SAVED: &str = "UPDATE tokens SET saved = 1 WHERE account_id = ?1 AND generation = ?2";
const FORGET: &str = "DELETE FROM tokens WHERE account_id = ?1";

#[derive(Deserialize)]
struct Held {
    sealed: String,
    generation: i64,
    #[serde(with = "millis")]
    expires_at: Timestamp,
    saved: i64,
}

/// An access token that is good to use now.
pub struct Usable {
    /// The token.
    pub access: SecretString,
    /// The generation of its pair.
    pub generation: i64,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was fetched just now.
    pub refreshed: bool,
}

type Answer<T> = Result<Result<T, NotSent>, StorageError>;

impl AccountGate {
    pub(super) async fn refresh(&self, grant: &Grant, force: bool) -> Answer<RefreshedUntil> {
        let unusable = if force {
            Some(self.newest(grant)?.generation)
        } else {
            None
        };
        let usable = self.usable(grant, unusable).await?;
        Ok(usable.map(|usable| RefreshedUntil {
            expires_at: usable.expires_at,
            refreshed: usable.refreshed,
        }))
    }

    pub(super) async fn profile(&self, grant: &Grant) -> Answer<Profile> {
        let mut usable = match self.usable(grant, None).await? {
            Ok(usable) => usable,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for may_refresh in [true, false] {
            let http = &*self.ports.http;
            match x::profile::users_me(http, &self.ports.config.x, &usable.access).await {
                Err(refusal) if refusal.class == Class::Token && may_refresh => {
                    usable = match self.usable(grant, Some(usable.generation)).await? {
                        Ok(usable) => usable,
                        Err(refusal) => return Ok(Err(refusal)),
                    };
                }
                answer => return Ok(answer),
            }
        }
        Ok(Err(no_longer_accepted()))
    }

    /// Forgets the tokens here whatever the platform says: who unlinks an account is done with it.
    pub(super) async fn revoke(&self, grant: &Grant) -> Result<bool, StorageError> {
        let guard = self.refreshing.lock().await;
        let newest = self.newest(grant)?;
        let x = &self.ports.config.x;
        let confirmed = match (self.open(grant, &newest.sealed), x::oauth::Client::of(x)) {
            (Ok(pair), Some(client)) => {
                let http = &*self.ports.http;
                x::oauth::revoke(http, x, &client, &pair.access, pair.refresh.as_ref())
                    .await
                    .is_ok()
            }
            _ => false,
        };
        // If the process ends before this, the unlinking is repeated as a whole; revoking twice does no harm.
        self.ports
            .storage
            .execute(Statement::new(FORGET).bind(&grant.account_id))?;
        drop(guard);
        Ok(confirmed)
    }

    /// An access token that lasts for the next call, refreshed if it must be: because it ends soon, or because the
    /// platform has just refused generation `refused`.
    pub(super) async fn usable(&self, grant: &Grant, refused: Option<i64>) -> Answer<Usable> {
        if let Some(answer) = self.usable_at_once(grant, refused)? {
            return Ok(answer);
        }
        // One at a time. Who waited finds the new pair and is done.
        let guard = self.refreshing.lock().await;
        let newest = self.newest(grant)?;
        let answer = if self.is_good(&newest, refused) {
            Ok(self.lend(grant, &newest, false))
        } else {
            self.rotate(grant, newest).await
        };
        drop(guard);
        answer
    }

    /// As [`AccountGate::usable`], without an await: `None` when a refresh is needed.
    pub(super) fn usable_at_once(
        &self,
        grant: &Grant,
        refused: Option<i64>,
    ) -> Result<Option<Result<Usable, NotSent>>, StorageError> {
        let newest = self.newest(grant)?;
        Ok(self
            .is_good(&newest, refused)
            .then(|| self.lend(grant, &newest, false)))
    }

    async fn rotate(&self, grant: &Grant, newest: Held) -> Answer<Usable> {
        let pair = match self.open(grant, &newest.sealed) {
            Ok(pair) => pair,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let config = &self.ports.config;
        let Some(client) = x::oauth::Client::of(&config.x) else {
            return Ok(Err(no_client()));
        };
        let Some(refresh) = &pair.refresh else {
            return Ok(Err(no_refresh_token()));
        };
        // 1. From here on X may have rotated the pair. If the process ends now, or the answer is lost, the grant may
        //    be gone; the next try finds out.
        let http = &*self.ports.http;
        let fetched = match x::oauth::refresh(http, &config.x, &client, refresh, self.now()).await {
            Ok(fetched) => fetched,
            Err(refusal) if refusal.class == Class::Token => {
                return self
                    .newer_in_database(grant, newest.generation, refusal)
                    .await;
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        // 2. Durable here before it is used or even shown to anybody.
        let next = tokens::Pair {
            access: fetched.access,
            refresh: fetched.refresh.or(pair.refresh),
        };
        let (workspace, account) = (&grant.workspace_id, &grant.account_id);
        let Ok(sealed) = tokens::seal(
            &config.keyring,
            &*self.ports.random,
            workspace,
            account,
            &next,
        ) else {
            return Ok(Err(not_readable()));
        };
        let held = Held {
            sealed,
            generation: newest.generation + 1,
            expires_at: fetched.expires_at,
            saved: 0,
        };
        self.keep(grant, &held)?;
        // 3. The database. If this fails or never happens, `saved` stays 0 and the next refresh or send pays the debt.
        self.save(grant, &held).await?;
        Ok(self.lend(grant, &held, true))
    }

    /// Hands the newest pair to the database if it does not have it. A repeat is harmless: the database keeps the
    /// higher generation.
    async fn save(&self, grant: &Grant, held: &Held) -> Result<(), StorageError> {
        let statement = store::save_tokens(
            &grant.workspace_id,
            &grant.account_id,
            &held.sealed,
            held.generation,
            held.expires_at,
            self.now(),
        );
        match self.ports.database.run(statement).await {
            Ok(_) => {
                let saved = Statement::new(SAVED)
                    .bind(&grant.account_id)
                    .bind(held.generation);
                self.ports.storage.execute(saved).map(drop)
            }
            Err(error) => {
                self.warn("tokens_not_yet_saved", &error);
                Ok(())
            }
        }
    }

    /// Pays a debt of [`AccountGate::save`], if there is one.
    pub(super) async fn settle_debt(&self, grant: &Grant) -> Result<(), StorageError> {
        match self.held(grant)? {
            Some(held) if held.saved == 0 => self.save(grant, &held).await,
            _ => Ok(()),
        }
    }

    /// After a refusal: somebody may have connected the account anew meanwhile.
    async fn newer_in_database(
        &self,
        grant: &Grant,
        generation: i64,
        refusal: NotSent,
    ) -> Answer<Usable> {
        let read = store::read_tokens(&grant.workspace_id, &grant.account_id);
        let newer = match self.ports.database.run(read).await {
            Ok(found) => found.first::<Grant>()?,
            Err(error) => {
                self.warn("tokens_not_read", &error);
                None
            }
        };
        match newer.filter(|newer| newer.generation > generation && newer.expires_at > self.now()) {
            Some(newer) => {
                let held = Held {
                    sealed: newer.sealed,
                    generation: newer.generation,
                    expires_at: newer.expires_at,
                    saved: 1,
                };
                // Kept, or the next who asks with the old pair would present its dead refresh token again.
                self.keep(grant, &held)?;
                Ok(self.lend(grant, &held, false))
            }
            None => Ok(Err(refusal)),
        }
    }

    fn keep(&self, grant: &Grant, held: &Held) -> Result<(), StorageError> {
        let keep = Statement::new(KEEP)
            .bind(&grant.account_id)
            .bind(&grant.workspace_id)
            .bind(held.sealed.as_str())
            .bind(held.generation)
            .bind(held.expires_at)
            .bind(held.saved);
        self.ports.storage.execute(keep).map(drop)
    }

    fn is_good(&self, held: &Held, refused: Option<i64>) -> bool {
        refused.is_none_or(|generation| held.generation > generation)
            && held.expires_at.since(self.now()) > REFRESH_BEFORE_MS
    }

    fn lend(&self, grant: &Grant, held: &Held, refreshed: bool) -> Result<Usable, NotSent> {
        Ok(Usable {
            access: self.open(grant, &held.sealed)?.access,
            generation: held.generation,
            expires_at: held.expires_at,
            refreshed,
        })
    }

    fn open(&self, grant: &Grant, sealed: &str) -> Result<tokens::Pair, NotSent> {
        let keyring = &self.ports.config.keyring;
        tokens::open(keyring, &grant.workspace_id, &grant.account_id, sealed)
            .map_err(|_| not_readable())
    }

    fn held(&self, grant: &Grant) -> Result<Option<Held>, StorageError> {
        let storage: &dyn GateStorage = &*self.ports.storage;
        storage
            .execute(Statement::new(READ).bind(&grant.account_id))?
            .first()
    }

    /// The newer of what the gate holds and what the database gave.
    fn newest(&self, grant: &Grant) -> Result<Held, StorageError> {
        let given = Held {
            sealed: grant.sealed.clone(),
            generation: grant.generation,
            expires_at: grant.expires_at,
            saved: 1,
        };
        Ok(match self.held(grant)? {
            Some(held) if held.generation > given.generation => held,
            _ => given,
        })
    }
}

/// There is nothing to send or read with.
pub fn none() -> NotSent {
    NotSent::new(
        Class::Token,
        "no_tokens",
        "The account has to be connected again before anything can be sent.",
        "Connect the account again.",
    )
}

fn no_longer_accepted() -> NotSent {
    NotSent::new(
        Class::Token,
        "token_refused",
        "X does not accept this account's tokens any more, not even a fresh one.",
        "Connect the account again.",
    )
}

fn no_client() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_not_configured",
        "The operator has not set X_CLIENT_ID, so that no token can be refreshed.",
        "The operator sets X_CLIENT_ID; what waits then goes out by itself.",
    )
}

fn no_refresh_token() -> NotSent {
    NotSent::new(
        Class::Token,
        "no_refresh_token",
        "The account's access has ended, and it came without permission to renew it.",
        "Connect the account again and agree to everything that is asked.",
    )
}

fn not_readable() -> NotSent {
    NotSent::new(
        Class::Operator,
        "tokens_not_readable",
        "The stored tokens of this account do not open with the configured ENCRYPTION_KEYS.",
        "Put the key that sealed them back into ENCRYPTION_KEYS, or connect the account again.",
    )
}
