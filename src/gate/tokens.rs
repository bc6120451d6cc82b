//! The account's tokens at its gate: the only place where they are opened, and from which they are lent to a call.
//!
//! The gate holds a pair of its own when that is, or was, newer than the database's; the newer of the two counts.
//! When a pair has to be fetched is decided in `rotation`; how the database gets it is in `debts`.

use super::account::AccountGate;
use super::apps::{SealedApp, is_removed};
use super::model::{Grant, RefreshedUntil};
use super::refusals::{no_longer_accepted, none, not_readable};
use super::rotation::{Cause, Fetched, Way};
use crate::accounts::{store, tokens};
use crate::apps::removed;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::app::App as XApp;
use crate::platforms::{Class, NotSent, Profile, x};
use crate::ports::{Statement, StorageError};
use crate::time::{Timestamp, millis};
use secrecy::SecretString;
use serde::Deserialize;

/// Pairs that are, or were, newer than what the database has. `saved` is 1 once the database has them. Of an account that
/// was given up, `sealed` is empty: no pair up to that generation is used any more.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS tokens (
  account_id   TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  sealed       TEXT NOT NULL,
  generation   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  saved        INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

const READ: &str = "SELECT account_id, workspace_id, sealed, generation, expires_at, saved
  FROM tokens WHERE account_id = ?1";
const OWED: &str = "SELECT account_id, workspace_id, sealed, generation, expires_at, saved
  FROM tokens WHERE saved = 0";
// Whoever comes late, with an older pair, changes nothing.
const KEEP: &str =
    "INSERT INTO tokens (account_id, workspace_id, sealed, generation, expires_at, saved)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, generation = excluded.generation,
    expires_at = excluded.expires_at, saved = excluded.saved
    WHERE excluded.generation >= tokens.generation";

/// A pair as the gate or the database has it.
#[derive(Deserialize)]
pub(super) struct Held {
    pub(super) account_id: AccountId,
    pub(super) workspace_id: WorkspaceId,
    pub(super) sealed: String,
    pub(super) generation: i64,
    #[serde(with = "millis")]
    pub(super) expires_at: Timestamp,
    pub(super) saved: i64,
}

impl Held {
    /// What is left of the tokens of an account that was given up. A call that is still on its way with a pair from
    /// before must not use it, least of all to refresh it: X may take a spent token for a stolen one. A new connect
    /// brings a higher generation.
    pub(super) fn given_up(&self) -> Self {
        Self {
            account_id: self.account_id.clone(),
            workspace_id: self.workspace_id.clone(),
            sealed: String::new(),
            // A refresh that comes back late finds that it was overtaken.
            generation: self.generation + 1,
            expires_at: self.expires_at,
            saved: 1,
        }
    }

    pub(super) const fn is_given_up(&self) -> bool {
        self.sealed.is_empty()
    }
}

impl From<&Grant> for Held {
    fn from(grant: &Grant) -> Self {
        Self {
            account_id: grant.account_id.clone(),
            workspace_id: grant.workspace_id.clone(),
            sealed: grant.sealed.clone(),
            generation: grant.generation,
            expires_at: grant.expires_at,
            saved: 1,
        }
    }
}

/// What a caller wants of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// One that lasts for the next call.
    Lasting,
    /// One of a later generation than this, which the platform has just refused.
    NewerThan(i64),
    /// A new one, because somebody asks for it.
    New,
}

/// An access token that is good to use now.
pub struct Usable {
    /// The token.
    pub access: SecretString,
    /// Of an OAuth 1.0a token, its secret.
    pub secret: Option<SecretString>,
    /// The generation of its pair.
    pub generation: i64,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was fetched just now.
    pub refreshed: bool,
    /// The app through which it was granted, as in a [`Grant`].
    pub app: SealedApp,
}

pub(super) type Answer<T> = Result<Result<T, NotSent>, StorageError>;

impl AccountGate {
    pub(super) async fn refresh(&self, grant: &Grant, force: bool) -> Answer<RefreshedUntil> {
        let want = if force { Want::New } else { Want::Lasting };
        let usable = self.obtain(grant, want).await?;
        Ok(usable.map(|usable| RefreshedUntil {
            expires_at: usable.expires_at,
            refreshed: usable.refreshed,
        }))
    }

    /// What calls are signed with.
    pub(super) fn credentials(
        &self,
        grant: &Grant,
        usable: &Usable,
    ) -> Result<Credentials, NotSent> {
        // OAuth 2.0 shows the app when tokens are fetched, and not with a call.
        let app = match usable.secret {
            Some(_) => self.open_app(&grant.workspace_id, &usable.app)?,
            None => XApp::default(),
        };
        Credentials::of(&app, &usable.access, usable.secret.as_ref())
    }

    /// The platform's API as the account.
    pub(super) fn api<'a>(&'a self, credentials: &'a Credentials) -> Api<'a> {
        Api {
            http: &*self.ports.http,
            config: &self.ports.config.x,
            credentials,
            clock: &*self.ports.clock,
            random: &*self.ports.random,
        }
    }

    pub(super) async fn profile(&self, grant: &Grant) -> Answer<Profile> {
        let mut usable = match self.usable(grant, None).await? {
            Ok(usable) => usable,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for may_refresh in [true, false] {
            let credentials = match self.credentials(grant, &usable) {
                Ok(credentials) => credentials,
                Err(refusal) => return Ok(Err(refusal)),
            };
            match x::profile::users_me(&self.api(&credentials)).await {
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

    /// An access token that lasts for the next call, refreshed if it must be: because it ends soon, or because the
    /// platform has just refused generation `refused`.
    pub(super) async fn usable(&self, grant: &Grant, refused: Option<i64>) -> Answer<Usable> {
        self.obtain(grant, wanted(refused)).await
    }

    /// Whether the account was given up since its tokens were lent.
    pub(super) fn is_given_up(&self, grant: &Grant) -> Result<bool, StorageError> {
        Ok(self.newest(grant)?.is_given_up())
    }

    /// As [`AccountGate::usable`], without an await: `None` when a refresh, or another look, is needed.
    pub(super) fn usable_at_once(
        &self,
        grant: &Grant,
        refused: Option<i64>,
    ) -> Result<Option<Result<Usable, NotSent>>, StorageError> {
        let newest = self.newest(grant)?;
        let way = self.way(&newest, wanted(refused))?;
        let Some(app) = Self::app_at_hand(grant, &newest, &way) else {
            return Ok(None);
        };
        Ok(match way {
            Way::Lend => self.lend(&newest, app, false).ok().map(Ok),
            Way::Refuse(refusal) => Some(Err(refusal)),
            Way::Rotate(..) => None,
        })
    }

    /// 1. What is there may do, or may not be asked for. 2. One at a time: who waited looks again, and finds what the
    ///    other has fetched. 3. A pair that was fetched for this call is lent, however short it lives.
    ///
    /// Between the look and the turn there is no await, and none between the turn and the call to the platform. The app
    /// is looked up before, where it is not at hand.
    async fn obtain(&self, grant: &Grant, want: Want) -> Answer<Usable> {
        let mut asked_database = false;
        let mut looked_up: Option<(i64, SealedApp)> = None;
        loop {
            let newest = self.newest(grant)?;
            let pair = match self.open(&newest) {
                Ok(pair) => pair,
                // A key may have been taken away whose values the database has already under another.
                Err(_) if !asked_database => {
                    asked_database = true;
                    self.look_in_database(grant, newest.generation).await?;
                    continue;
                }
                Err(refusal) => return Ok(Err(refusal)),
            };
            // 1.
            let way = self.way(&newest, want)?;
            let known = looked_up.take_if(|(generation, _)| *generation == newest.generation);
            let at_hand = Self::app_at_hand(grant, &newest, &way).or(known.map(|(_, app)| app));
            let Some(app) = at_hand else {
                match self.app_in_database(grant).await? {
                    Ok(app) => looked_up = Some((newest.generation, app)),
                    Err(refusal) => return Ok(Err(refusal)),
                }
                continue;
            };
            let (cause, lost) = match way {
                Way::Lend => return Ok(self.lend(&newest, app, false)),
                Way::Refuse(refusal) => return Ok(Err(refusal)),
                Way::Rotate(cause, lost) => (cause, lost),
            };
            // 2.
            let Some(turn) = self.take_refreshing() else {
                self.refreshing.wait(&*self.ports.clock).await;
                continue;
            };
            // 3.
            let held = (&newest, pair, &app);
            match self.rotate(grant, held, (cause, lost), &turn).await? {
                Fetched::Pair(held) => {
                    drop(turn);
                    self.pay_debts().await?;
                    // Meanwhile another call may have found this pair refused, and fetched the next one.
                    let newest = self.newest(grant)?;
                    let overtaken = newest.generation > held.generation;
                    return Ok(self.lend(if overtaken { &newest } else { &held }, app, true));
                }
                Fetched::Nothing(refusal) => {
                    drop(turn);
                    // Somebody may have connected the account anew meanwhile.
                    let connected_anew = refusal.class == Class::Token
                        && self.look_in_database(grant, newest.generation + 1).await?;
                    if want == Want::New && !connected_anew {
                        return Ok(Err(refusal));
                    }
                }
                // It works as long as it works.
                Fetched::Impossible(_) if cause == Cause::EndsSoon => {
                    return Ok(self.lend(&newest, app, false));
                }
                Fetched::Impossible(refusal) => return Ok(Err(refusal)),
                Fetched::Overtaken => {}
            }
        }
    }

    /// Takes over what the database has, if that is of this generation at least, and opens; whether it did.
    async fn look_in_database(&self, grant: &Grant, at_least: i64) -> Result<bool, StorageError> {
        let read = store::read_tokens(&grant.workspace_id, &grant.account_id);
        let found = match self.ports.database.run(read).await {
            Ok(found) => found.first::<Grant>()?,
            Err(error) => {
                self.warn("tokens_not_read", &error);
                None
            }
        };
        let found = found.map(|found| Held::from(&found));
        match found.filter(|found| found.generation >= at_least && self.open(found).is_ok()) {
            Some(newer) => {
                // Kept, or the next who asks with the old pair would present its dead refresh token again.
                self.keep(&newer)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    pub(super) fn keep(&self, held: &Held) -> Result<(), StorageError> {
        let keep = Statement::new(KEEP)
            .bind(&held.account_id)
            .bind(&held.workspace_id)
            .bind(held.sealed.as_str())
            .bind(held.generation)
            .bind(held.expires_at)
            .bind(held.saved);
        self.ports.storage.execute(keep).map(drop)
    }

    fn lend(&self, held: &Held, app: SealedApp, refreshed: bool) -> Result<Usable, NotSent> {
        if is_removed(&app) {
            return Err(removed());
        }
        let pair = self.open(held)?;
        Ok(Usable {
            access: pair.access,
            secret: pair.secret,
            generation: held.generation,
            expires_at: held.expires_at,
            refreshed,
            app,
        })
    }

    pub(super) fn open(&self, held: &Held) -> Result<tokens::Pair, NotSent> {
        if held.is_given_up() {
            return Err(none());
        }
        let keyring = &self.ports.config.keyring;
        tokens::open(keyring, &held.workspace_id, &held.account_id, &held.sealed)
            .map_err(|_| not_readable())
    }

    pub(super) fn seal(&self, grant: &Grant, pair: &tokens::Pair) -> Result<String, NotSent> {
        let (keyring, random) = (&self.ports.config.keyring, &*self.ports.random);
        tokens::seal(
            keyring,
            random,
            &grant.workspace_id,
            &grant.account_id,
            pair,
        )
        .map_err(|_| not_readable())
    }

    /// What the gate itself holds for an account, under the newest key.
    fn held(&self, account: &AccountId) -> Result<Option<Held>, StorageError> {
        let read = Statement::new(READ).bind(account);
        let held = self.ports.storage.execute(read)?.first()?;
        held.map(|held| self.under_newest_key(held)).transpose()
    }

    /// The pairs that the database does not have yet, under the newest key.
    pub(super) fn owed(&self) -> Result<Vec<Held>, StorageError> {
        let owed: Vec<Held> = self.ports.storage.execute(Statement::new(OWED))?.all()?;
        owed.into_iter()
            .map(|held| self.under_newest_key(held))
            .collect()
    }

    /// Seals what the gate holds anew when that was done with an older key. What does not open stays as it is: its key
    /// may be put back.
    fn under_newest_key(&self, mut held: Held) -> Result<Held, StorageError> {
        if held.is_given_up() || self.ports.config.keyring.is_current(&held.sealed) {
            return Ok(held);
        }
        let (keyring, random) = (&self.ports.config.keyring, &*self.ports.random);
        let (workspace, account) = (&held.workspace_id, &held.account_id);
        if let Ok(sealed) = tokens::reseal(keyring, random, workspace, account, &held.sealed) {
            held.sealed = sealed;
            self.keep(&held)?;
        }
        Ok(held)
    }

    /// The newer of what the gate holds and what the database gave. Of the same pair twice, the one under the newest
    /// key: what is on its way since before the keys changed may not open any more.
    pub(super) fn newest(&self, grant: &Grant) -> Result<Held, StorageError> {
        let is_old = !self.ports.config.keyring.is_current(&grant.sealed);
        Ok(match self.held(&grant.account_id)? {
            Some(held) if held.generation > grant.generation => held,
            Some(held) if held.generation == grant.generation && (is_old || held.is_given_up()) => {
                held
            }
            _ => Held::from(grant),
        })
    }
}

fn wanted(refused: Option<i64>) -> Want {
    refused.map_or(Want::Lasting, Want::NewerThan)
}
