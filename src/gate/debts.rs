//! What the gate owes the database: pairs of tokens that it fetched and the database does not have yet.
//!
//! A debt is durable here from the moment of the rotation, and is paid by whichever comes first: the refresh itself,
//! any later request of an account of this gate, or the gate's own waking, which it asks for together with every
//! rotation. So it is paid even if nobody publishes any more and the process has ended in between. Paying twice is
//! harmless: the database keeps the higher generation, so that it keeps a pair of a new connect as well.

use super::account::AccountGate;
use super::model::Grant;
use super::tokens::{Answer, Held};
use crate::accounts::store;
use crate::ports::{Statement, StorageError};
use crate::time::{MINUTE_MS, SECOND_MS};

/// When the gate wakes to look for debts after a rotation, and again while it has some, in ms.
const WAKE_AFTER_MS: i64 = MINUTE_MS;

/// How long one try to pay keeps others from trying, in ms: longer than D1 takes to answer or give up.
const PAYING_MS: i64 = 40 * SECOND_MS;

const SAVED: &str = "UPDATE tokens SET saved = 1 WHERE account_id = ?1 AND generation = ?2";
const GIVE_UP: &str =
    "UPDATE tokens SET sealed = '', saved = 1 WHERE account_id = ?1 AND generation = ?2";

impl AccountGate {
    /// What the gate does when it is woken: pays its debts, and asks to be woken again while it has some. A failure of
    /// anything but its own storage is met by the next waking.
    pub async fn wake(&self) {
        let paid = self.pay_debts().await;
        let woken_again = match self.owed() {
            Ok(owed) if owed.is_empty() => Ok(()),
            _ => self.wake_for_debts(),
        };
        if let Err(error) = paid.and(woken_again) {
            self.warn("debts_not_paid", &error);
        }
    }

    /// Hands the database the pairs that it does not have. While somebody else is at it, this does nothing.
    pub(super) async fn pay_debts(&self) -> Result<(), StorageError> {
        if self.owed()?.is_empty() {
            return Ok(());
        }
        let Some(_turn) = self.paying.take(self.now(), PAYING_MS) else {
            return Ok(());
        };
        for held in self.owed()? {
            self.pay(&held).await?;
        }
        // A waking that finds nothing to do costs more than to take it back.
        if self.owed()?.is_empty() {
            self.ports.storage.wake_at(None)?;
        }
        Ok(())
    }

    pub(super) fn wake_for_debts(&self) -> Result<(), StorageError> {
        let at = self.now().plus_ms(WAKE_AFTER_MS);
        self.ports.storage.wake_at(Some(at))
    }

    /// The database's answer decides; without one the debt stays. If the process ends in between, it is paid twice.
    async fn pay(&self, held: &Held) -> Result<(), StorageError> {
        let (workspace, account) = (&held.workspace_id, &held.account_id);
        let save = store::save_tokens(
            workspace,
            account,
            &held.sealed,
            held.generation,
            held.expires_at,
            self.now(),
        );
        let there = store::read_tokens(workspace, account);
        let storage = &*self.ports.storage;
        let statements = std::iter::once(save)
            .chain(self.upgrade(held)?)
            .chain(std::iter::once(there));
        let settled = match self.ports.database.batch(statements.collect()).await {
            // An account that was given up meanwhile: nobody wants these any more.
            Ok(sets) if sets.last().is_none_or(|there| there.rows.is_empty()) => GIVE_UP,
            Ok(_) => SAVED,
            Err(error) => {
                self.warn("tokens_not_yet_saved", &error);
                return Ok(());
            }
        };
        self.forget_scopes(held)?;
        let settle = Statement::new(settled).bind(account).bind(held.generation);
        storage.execute(settle).map(drop)
    }

    /// Has the tokens under the newest key in the database: its own newer ones by paying the debt, or else those of
    /// the request, in the place of the very text that was read. Repeating it, or coming too late, changes nothing.
    pub(super) async fn reseal(&self, grant: &Grant) -> Answer<bool> {
        let mut newest = self.newest(grant)?;
        if newest.is_given_up() {
            newest = Held::from(grant);
        }
        let keyring = &self.ports.config.keyring;
        if newest.generation > grant.generation || keyring.is_current(&grant.sealed) {
            return Ok(Ok(newest.saved == 1));
        }
        let sealed = match self
            .open(&Held::from(grant))
            .and_then(|pair| self.seal(grant, &pair))
        {
            Ok(sealed) => sealed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self
            .ports
            .database
            .run(store::reseal_tokens(grant, &sealed))
            .await
        {
            Ok(_) => Ok(Ok(true)),
            Err(error) => {
                self.warn("tokens_not_resealed", &error);
                Ok(Ok(false))
            }
        }
    }
}
