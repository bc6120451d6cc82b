//! From OAuth 1.0a to OAuth 2.0: the exchange of an account's token for a pair that is refreshed from then on.
//!
//! The pair is durable here before it is used, with what it was granted; the database gets both, and the account's new
//! way, in one transaction (`debts`). The OAuth 1.0a token stays good at X, so that nothing is lost by an answer that is:
//! the exchange is asked for again.

use super::account::AccountGate;
use super::model::Grant;
use super::refusals::no_client;
use super::tokens::{Answer, Held};
use crate::accounts::store;
use crate::accounts::tokens::Pair;
use crate::platforms::x;
use crate::platforms::x::api::unreachable;
use crate::ports::{Statement, StorageError};
use serde::Deserialize;

/// What a pair was granted that the database does not know yet: until its debt is paid.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS exchanges (
  account_id TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  scopes     TEXT NOT NULL
) STRICT, WITHOUT ROWID";

const NOTE: &str = "INSERT INTO exchanges (account_id, generation, scopes) VALUES (?1, ?2, ?3)
  ON CONFLICT (account_id) DO UPDATE SET generation = excluded.generation, scopes = excluded.scopes";
// Refreshed since then, perhaps.
const READ: &str = "SELECT scopes FROM exchanges WHERE account_id = ?1 AND generation <= ?2";
const FORGET: &str = "DELETE FROM exchanges WHERE account_id = ?1 AND generation <= ?2";

impl AccountGate {
    /// Exchanges the account's OAuth 1.0a token, if it has one still; whether it was done now.
    ///
    /// 1. One at a time, and none during a refresh. 2. X is asked. 3. The pair is written, and the gate asks to be woken in
    ///    case the database does not get it.
    ///
    /// If the process ends before 3, X has given a pair that nobody holds, and the next try ends it. After 3, the next
    /// try finds that it was done.
    pub(super) async fn exchange(&self, grant: &Grant) -> Answer<bool> {
        // 1.
        let turn = self.refreshing_turn().await;
        let newest = self.newest(grant)?;
        let pair = match self.open(&newest) {
            Ok(pair) => pair,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(secret) = pair.secret else {
            return Ok(Ok(false));
        };
        let app = match self.app_of(grant, &newest).await? {
            Ok(app) => self.open_app(&grant.workspace_id, &app),
            Err(refusal) => Err(refusal),
        };
        let client = match app {
            Ok(app) => x::oauth::Client::of(&app).ok_or_else(no_client),
            Err(refusal) => Err(refusal),
        };
        let client = match client {
            Ok(client) => client,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let config = &self.ports.config;
        let token = x::oauth1::Token {
            token: pair.access,
            secret,
        };
        // 2.
        let http = &*self.ports.http;
        let answer = x::exchange::exchange(http, &config.x, &client, &token, self.now()).await;
        let fetched = match answer {
            Ok(fetched) => fetched,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Somebody connected the account anew, or gave it up, meanwhile; or another exchange has ended this pair.
        let current = self.newest(grant)?;
        if current.generation > newest.generation || !turn.is_current() {
            return Ok(Err(unreachable(
                "The account's tokens changed while X was asked.".to_owned(),
            )));
        }
        // 3.
        let next = Pair {
            access: fetched.access,
            refresh: fetched.refresh,
            secret: None,
        };
        let sealed = match self.seal(grant, &next) {
            Ok(sealed) => sealed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let held = Held {
            account_id: newest.account_id,
            workspace_id: newest.workspace_id,
            sealed,
            generation: newest.generation + 1,
            expires_at: fetched.expires_at,
            saved: 0,
        };
        self.note_scopes(&held, &fetched.scopes.join(" "))?;
        self.keep(&held)?;
        self.wake_for_debts()?;
        drop(turn);
        self.pay_debts().await?;
        Ok(Ok(true))
    }

    fn note_scopes(&self, held: &Held, scopes: &str) -> Result<(), StorageError> {
        let note = Statement::new(NOTE)
            .bind(&held.account_id)
            .bind(held.generation)
            .bind(scopes);
        self.ports.storage.execute(note).map(drop)
    }

    /// What tells the database, together with the pair, that the account is one of OAuth 2.0 now; nothing where it knows.
    pub(super) fn upgrade(&self, held: &Held) -> Result<Option<Statement>, StorageError> {
        #[derive(Deserialize)]
        struct Noted {
            scopes: String,
        }
        let read = Statement::new(READ)
            .bind(&held.account_id)
            .bind(held.generation);
        let noted: Option<Noted> = self.ports.storage.execute(read)?.first()?;
        let (workspace, account) = (&held.workspace_id, &held.account_id);
        Ok(noted.map(|noted| {
            let (generation, now) = (held.generation, self.now());
            store::upgraded(workspace, account, &noted.scopes, generation, now)
        }))
    }

    /// The database knows.
    pub(super) fn forget_scopes(&self, held: &Held) -> Result<(), StorageError> {
        let forget = Statement::new(FORGET)
            .bind(&held.account_id)
            .bind(held.generation);
        self.ports.storage.execute(forget).map(drop)
    }
}
