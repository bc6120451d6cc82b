//! `AccountGate`: one account's gate. Its storage, its memory, and what it is asked.
//!
//! It relies on two things of its surroundings: between two awaits nothing else runs in it, and what it has written to
//! its storage is durable before a call made afterwards leaves. Its memory may be lost at any moment.

use super::appgate::Seen;
use super::model::{GateReply, GateRequest, PartKey};
use super::turns::Turns;
use super::windows::Bucket;
use super::{draws, exchange, journal, rotation, tokens, windows};
use crate::apps;
use crate::config::Config;
use crate::ports::{
    Clock, Database, GateStorage, Gates, HttpClient, Log, Random, Statement, StorageError,
};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a gate works with.
pub struct GatePorts {
    /// The configuration.
    pub config: Arc<Config>,
    /// Its own storage.
    pub storage: Arc<dyn GateStorage>,
    /// The database of record, to which it hands refreshed tokens.
    pub database: Arc<dyn Database>,
    /// The other gates: an account's draws on its app's.
    pub gates: Arc<dyn Gates>,
    /// Calls to the platform.
    pub http: Arc<dyn HttpClient>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The log.
    pub log: Arc<dyn Log>,
}

/// One account's gate. Lives as long as the object that holds it; a new one continues from the same storage.
pub struct AccountGate {
    pub(super) ports: GatePorts,
    /// Had while tokens are refreshed or revoked: X's refresh tokens work once.
    pub(super) refreshing: Turns,
    /// Had while the database is given what it does not have yet.
    pub(super) paying: Turns,
    /// Had while the app's gate is asked: who waits finds what was drawn.
    pub(super) drawing: Turns,
    /// What the platform said last of an app's windows, until its gate hears of it.
    pub(super) seen: Mutex<BTreeMap<(String, Bucket), Seen>>,
    /// The create calls that are out at the moment. A `sending` row that is not here belongs to a gate that died.
    calls: Mutex<BTreeSet<PartKey>>,
}

/// Keeps a part among the living calls until it is dropped.
pub(super) struct LivingCall<'a> {
    gate: &'a AccountGate,
    part: PartKey,
    /// When it left.
    pub(super) started_at: Timestamp,
}

impl Drop for LivingCall<'_> {
    fn drop(&mut self) {
        lock(&self.gate.calls).remove(&self.part);
    }
}

impl AccountGate {
    /// A gate over its storage; makes the tables when they are missing.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn new(ports: GatePorts) -> Result<Self, StorageError> {
        for table in [
            journal::SCHEMA,
            tokens::SCHEMA,
            rotation::SCHEMA,
            exchange::SCHEMA,
            draws::SCHEMA,
        ]
        .into_iter()
        .chain(windows::SCHEMA)
        {
            ports.storage.execute(Statement::new(table))?;
        }
        let gate = Self {
            ports,
            refreshing: Turns::default(),
            paying: Turns::default(),
            drawing: Turns::default(),
            seen: Mutex::default(),
            calls: Mutex::default(),
        };
        // The process before may have ended between a rotation and its asking to be woken.
        if !gate.owed()?.is_empty() {
            gate.wake_for_debts()?;
        }
        Ok(gate)
    }

    /// Does what it is asked. Never fails: a failure of its own storage is an answer, and then nothing was sent.
    pub async fn ask(&self, request: GateRequest) -> GateReply {
        if let Err(error) = self.pay_debts().await {
            self.warn("debts_not_paid", &error);
        }
        let is_own = request.is_for_own_app();
        let answer = match request {
            GateRequest::Send(part) => self.send(part).await.map(GateReply::Send),
            GateRequest::Reconcile(part) => self.reconcile(part).await.map(GateReply::Reconcile),
            GateRequest::Adopt(part) => self.adopt(&part).map(GateReply::Adopt),
            GateRequest::Refresh { grant, force } => {
                self.refresh(&grant, force).await.map(GateReply::Refresh)
            }
            GateRequest::Reseal { grant } => self.reseal(&grant).await.map(GateReply::Reseal),
            GateRequest::Profile { grant } => self.profile(&grant).await.map(GateReply::Profile),
            GateRequest::Revoke { grant } => self
                .revoke(&grant)
                .await
                .map(|confirmed| GateReply::Revoke { confirmed }),
            GateRequest::Exchange { grant } => self.exchange(&grant).await.map(GateReply::Exchange),
            GateRequest::Lend(request) => self.lend_out(&request).await.map(GateReply::Lend),
            GateRequest::Observe(request) => self.observe(&request).map(|()| GateReply::Observed),
            GateRequest::Draw(_) => {
                Err(StorageError::Failed("not for an account's gate".to_owned()))
            }
            GateRequest::Limits => {
                windows::show(&*self.ports.storage, &self.ports.config, self.now())
                    .map(GateReply::Limits)
            }
        };
        let reply = answer.unwrap_or_else(|error| GateReply::Failed(error.to_string()));
        self.prune();
        // Whoever can repair it is told to.
        reply.told(|why| apps::addressed(why, is_own))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(super) fn begin_call(&self, part: &PartKey, started_at: Timestamp) -> LivingCall<'_> {
        lock(&self.calls).insert(part.clone());
        LivingCall {
            gate: self,
            part: part.clone(),
            started_at,
        }
    }

    /// Whether the create call of a `sending` row may still be answered. A call whose future was abandoned by the
    /// runtime stays in the set, so its deadline counts as well.
    pub(super) fn is_alive(&self, part: &PartKey, deadline_at: Timestamp) -> bool {
        lock(&self.calls).contains(part) && self.now() < deadline_at.plus_ms(1_000)
    }

    // Old rows answer nothing. Done at one ask in 256: looking for them reads the whole journal, and forgetting to
    // prune, or doing it twice, costs only space or a statement.
    fn prune(&self) {
        let mut die = [0];
        self.ports.random.fill(&mut die);
        if die == [0] {
            let (storage, now) = (&*self.ports.storage, self.now());
            if let Err(error) =
                journal::prune(storage, now).and_then(|()| windows::prune(storage, now))
            {
                self.warn("gate_prune_failed", &error);
            }
        }
    }

    pub(super) fn warn(&self, event: &str, error: &StorageError) {
        self.ports.log.write(&serde_json::json!({
            "level": "warn", "event": event, "at": self.now(), "details": { "error": error.to_string() },
        }));
    }
}

// A panic while holding a lock cannot happen without panics; if it did, the data is still plain data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
