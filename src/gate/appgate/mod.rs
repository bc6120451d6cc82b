//! `AppGate`: what a platform counts per app, shared fairly by the accounts that are connected through it.
//!
//! One per X app. An account's gate draws calls on it before it lets them leave: one at a time while they are scarce,
//! in small blocks while there are plenty, so that it is not asked for every post. What it promises: in any stretch as
//! long as the window no more calls leave than the limit allows, whatever dies or is lost in between, since a draw is
//! durable before it is answered and counts until its last call must have reached the platform. How it shares is in
//! `ledger`.
//!
//! The draws are durable; who waits is remembered in memory alone. After a restart those who come back are remembered
//! anew, and until then the draws still tell who has had more than others.

mod ledger; // who has had how much, and who is next
mod model; // what is asked, and answered
mod store; // the SQL

pub use model::{Draw, DrawAnswer, Returned, Seen};

use super::account::GatePorts;
use super::model::{GateReply, GateRequest, Observe, Window};
use super::windows::{Bucket, seconds};
use crate::platforms::Span;
use crate::ports::{Statement, StorageError};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};
use ledger::{Drawn, Ledger, Rules, Verdict};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long one call that was drawn may wait to leave, in ms: it is drawn when everything else is ready.
const ONE_VALID_MS: i64 = 30 * SECOND_MS;

/// The same of a block, in ms: what an account does not use in this time, it gives back with its next draw.
const BLOCK_VALID_MS: i64 = 10 * MINUTE_MS;

/// What the platform said is kept at most this often while it leaves calls, in ms: each time costs a row.
const HEAR_EVERY_MS: i64 = MINUTE_MS;

/// One app's gate. Lives as long as the object that holds it; a new one continues from the same storage.
pub struct AppGate {
    ports: GatePorts,
    ledgers: Mutex<BTreeMap<Bucket, Kept>>,
}

/// A window, and what its storage is owed.
struct Kept {
    ledger: Ledger,
    rules: Rules,
    heard_at: Option<Timestamp>,
}

impl AppGate {
    /// A gate over its storage; makes the tables when they are missing, and reads what still counts.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn new(ports: GatePorts) -> Result<Self, StorageError> {
        let storage = &*ports.storage;
        for table in store::SCHEMA {
            storage.execute(Statement::new(table))?;
        }
        let now = ports.clock.now();
        let mut ledgers = BTreeMap::new();
        for bucket in Bucket::ALL {
            let Some((limit, window_ms)) = bucket.limit_of_app(&ports.config) else {
                continue;
            };
            let timing = &ports.config.timing;
            let rules = Rules {
                limit,
                window_ms,
                landing_ms: i64::from(timing.platform_deadline_ms) + timing.landing_grace_ms,
            };
            let mut ledger = Ledger::new(rules);
            for (id, drawn) in store::draws(storage, bucket, oldest(rules, now))? {
                ledger.add(id, drawn, now);
            }
            let heard = store::heard(storage, bucket)?;
            if let Some(seen) = heard {
                ledger.observe(None, seen);
            }
            let kept = Kept {
                ledger,
                rules,
                heard_at: heard.map(|seen| seen.at),
            };
            ledgers.insert(bucket, kept);
        }
        Ok(Self {
            ports,
            ledgers: Mutex::new(ledgers),
        })
    }

    /// Does what it is asked, without an await. Never fails: a failure of its storage is an answer, and then nothing was
    /// granted.
    pub fn ask(&self, request: GateRequest) -> GateReply {
        let answer = match request {
            GateRequest::Draw(draw) => self.draw(draw).map(GateReply::Draw),
            GateRequest::Observe(observe) => self.observe(&observe).map(|()| GateReply::Observed),
            GateRequest::Limits => Ok(GateReply::Limits(self.show())),
            _ => Err(StorageError::Failed("not for an app's gate".to_owned())),
        };
        answer.unwrap_or_else(|error| GateReply::Failed(error.to_string()))
    }

    /// Grants a draw, or says when to come back.
    ///
    /// If the process ends after the draw was kept, or the answer is lost, calls are counted that are not made: they are
    /// lost for one window. A repeat under the same name is answered alike, and counted once.
    fn draw(&self, draw: Draw) -> Result<DrawAnswer, StorageError> {
        let (storage, now) = (&*self.ports.storage, self.ports.clock.now());
        let mut ledgers = self.lock();
        let Some(kept) = ledgers.get_mut(&draw.bucket) else {
            // Nothing that the platform counts per app.
            return Ok(drawn(draw.calls));
        };
        kept.ledger.expire(now);
        if let Some(before) = kept.ledger.draw(&draw.id) {
            return Ok(drawn(before.calls));
        }
        if let Some(returned) = &draw.returned
            && let Some(left) = kept.ledger.give_back(&returned.id, returned.unspent)
        {
            store::leave(storage, draw.bucket, &returned.id, left)?;
        }
        if let Some(seen) = draw.seen
            && kept.ledger.observe(Some(&draw.account_id), seen)
        {
            self.hear(kept, draw.bucket, seen)?;
        }
        let mut die = [0; 2];
        self.ports.random.fill(&mut die);
        let die = u32::from(u16::from_le_bytes(die)) % 1_001;
        match kept.ledger.weigh(&draw.account_id, draw.calls, now, die) {
            Verdict::Grant(calls) => {
                let granted = Drawn {
                    account_id: draw.account_id,
                    calls,
                    granted_at: now,
                    until: now.plus_ms(valid_ms(calls)),
                };
                store::draw(storage, draw.bucket, &draw.id, &granted)?;
                kept.ledger.add(draw.id, granted, now);
                self.prune(draw.bucket, kept.rules, now)?;
                Ok(drawn(calls))
            }
            Verdict::Later(at) => {
                kept.ledger.turned_away(&draw.account_id, at, now);
                Ok(DrawAnswer::Later { at })
            }
        }
    }

    /// Takes notice of what the platform said of the app's windows.
    fn observe(&self, request: &Observe) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let mut ledgers = self.lock();
        let Some(kept) = ledgers.get_mut(&request.bucket) else {
            return Ok(());
        };
        let of_app = request.observed.iter();
        for observed in of_app.filter(|observed| observed.span == Span::AppDay) {
            let seen = Seen {
                observed: *observed,
                at: now,
            };
            if kept.ledger.observe(None, seen) {
                self.hear(kept, request.bucket, seen)?;
            }
        }
        Ok(())
    }

    fn hear(&self, kept: &mut Kept, bucket: Bucket, seen: Seen) -> Result<(), StorageError> {
        let is_old = kept
            .heard_at
            .is_none_or(|at| seen.at.since(at) >= HEAR_EVERY_MS);
        if is_old || seen.observed.remaining == 0 {
            store::hear(&*self.ports.storage, bucket, &seen)?;
            kept.heard_at = Some(seen.at);
        }
        Ok(())
    }

    fn show(&self) -> Vec<Window> {
        let now = self.ports.clock.now();
        let mut ledgers = self.lock();
        let windows = ledgers.iter_mut().map(|(bucket, kept)| {
            kept.ledger.expire(now);
            let limit = kept.ledger.allowed().unwrap_or(kept.rules.limit);
            Window {
                bucket: bucket.as_str().to_owned(),
                window_seconds: seconds(kept.rules.window_ms),
                limit: limit.min(kept.rules.limit),
                remaining: kept.ledger.free(),
                reset_at: kept.ledger.opens_at(),
                counted_by: "app".to_owned(),
            }
        });
        windows.collect()
    }

    // Old draws count for nothing. At one draw in 256: forgetting to, or doing it twice, costs only space or a statement.
    fn prune(&self, bucket: Bucket, rules: Rules, now: Timestamp) -> Result<(), StorageError> {
        let mut die = [0];
        self.ports.random.fill(&mut die);
        if die == [0] {
            store::forget(&*self.ports.storage, bucket, oldest(rules, now))?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Bucket, Kept>> {
        // A panic while holding it cannot happen; if it did, the ledgers are still plain data.
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A draw whose time ended before this counts no more.
const fn oldest(rules: Rules, now: Timestamp) -> Timestamp {
    now.plus_ms(-rules.window_ms).plus_ms(-rules.landing_ms)
}

const fn valid_ms(calls: u32) -> i64 {
    if calls == 1 {
        ONE_VALID_MS
    } else {
        BLOCK_VALID_MS
    }
}

const fn drawn(calls: u32) -> DrawAnswer {
    DrawAnswer::Drawn {
        calls,
        valid_ms: valid_ms(calls),
    }
}
