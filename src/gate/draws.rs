//! The account's part of what its app's accounts share: calls that were drawn on the app's gate, and not made yet.
//!
//! A block is one row, written when it is drawn. What was spent of it is not written: it is what was counted in the
//! account's own window since, which is written before a call leaves anyway. Nothing is spent of a block after its time,
//! which is reckoned from before the asking, so that it ends here no later than at the app's gate.

use super::account::{AccountGate, lock};
use super::appgate::{Draw, DrawAnswer, Returned, Seen};
use super::apps::SealedApp;
use super::model::{Closed, GateName, GateReply, GateRequest, Grant, Observe};
use super::windows::{self, Bucket};
use crate::apps;
use crate::crypto::random_token;
use crate::platforms::{Observed, Span};
use crate::ports::{GateLost, Statement, StorageError};
use crate::time::{SECOND_MS, Timestamp, millis};
use futures_util::future::{Either, select};
use serde::Deserialize;
use std::pin::pin;

/// What is left of the newest draw of each window. `calls` are those of its time, with what was counted at its first
/// moment already.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS blocks (
  app      TEXT NOT NULL,
  bucket   TEXT NOT NULL,
  id       TEXT NOT NULL,
  calls    INTEGER NOT NULL,
  drawn_at INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  PRIMARY KEY (app, bucket)
) STRICT, WITHOUT ROWID";

const READ: &str = "SELECT id, calls, drawn_at, until FROM blocks WHERE app = ?1 AND bucket = ?2";
const KEEP: &str = "INSERT INTO blocks (app, bucket, id, calls, drawn_at, until)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (app, bucket) DO UPDATE SET id = excluded.id, calls = excluded.calls,
    drawn_at = excluded.drawn_at, until = excluded.until";
const CLOSE: &str = "DELETE FROM blocks WHERE app = ?1 AND bucket = ?2";

/// How long the app's gate is waited for, in ms.
const DRAW_DEADLINE_MS: u32 = 5_000;

/// Who has the turn to draw has it for so long at most, in ms: a little longer than the answer is waited for.
const DRAW_LEASE_MS: i64 = 6 * SECOND_MS;

/// When to come back after the app's gate could not be asked, in ms.
const UNREACHED_MS: i64 = 5 * SECOND_MS;

/// What was drawn.
pub(super) enum Drawn {
    /// It is in the block, for whoever comes first.
    Block,
    /// It is for the asker alone, until this time.
    InHand(Timestamp),
}

/// Nothing was: when to come back, and why.
pub(super) struct Shut {
    pub(super) at: Timestamp,
    pub(super) why: Closed,
    pub(super) detail: String,
}

#[derive(Deserialize)]
struct Block {
    id: String,
    calls: i64,
    #[serde(with = "millis")]
    drawn_at: Timestamp,
    #[serde(with = "millis")]
    until: Timestamp,
}

impl AccountGate {
    /// Whether so many calls may leave now as far as the app's window goes. They are spent by counting them in the
    /// account's own.
    pub(super) fn has_share(
        &self,
        app: &str,
        bucket: Bucket,
        calls: u32,
    ) -> Result<bool, StorageError> {
        if bucket.limit_of_app(&self.ports.config).is_none() {
            return Ok(true);
        }
        let now = self.now();
        Ok(match self.block(app, bucket)? {
            // A clock that went back finds no block: its calls would not be counted as the block's.
            Some((block, left)) => {
                left >= i64::from(calls) && (block.drawn_at..block.until).contains(&now)
            }
            None => false,
        })
    }

    /// Draws so many calls on the app's gate, and perhaps some ahead. Others may have run meanwhile.
    ///
    /// 1. One at a time, so that who waits finds the block that somebody else has drawn. 2. What is left of the block
    ///    before is closed. 3. The app's gate is asked. 4. A block is written.
    ///
    /// If the process ends after 2, what was left is lost for one window; after 3, so is what was drawn. If this future is
    /// abandoned at 3, the next asker takes over when the turn is over, and this one's block, if it comes after all, is
    /// of its own name and time.
    pub(super) async fn draw(
        &self,
        grant: &Grant,
        app: &SealedApp,
        bucket: Bucket,
        calls: u32,
    ) -> Result<Result<Drawn, Shut>, StorageError> {
        let app = apps::name_of(&grant.workspace_id, app.as_deref());
        // 1.
        let turn = loop {
            if self.has_share(&app, bucket, calls)? {
                return Ok(Ok(Drawn::Block));
            }
            match self.drawing.take(self.now(), DRAW_LEASE_MS) {
                Some(turn) => break turn,
                None => self.drawing.wait(&*self.ports.clock).await,
            }
        };
        // 2.
        let asked_at = self.now();
        let id = random_token(&*self.ports.random, 12);
        let request = GateRequest::Draw(Draw {
            id: id.clone(),
            account_id: grant.account_id.clone(),
            bucket,
            calls,
            returned: self.close_block(&app, bucket)?,
            seen: lock(&self.seen).remove(&(app.clone(), bucket)),
        });
        // 3.
        let answer = self.ask_app(&app, request).await;
        drop(turn);
        let (drawn, valid_ms) = match answer {
            Ok(GateReply::Draw(DrawAnswer::Drawn { calls, valid_ms })) => (calls, valid_ms),
            Ok(GateReply::Draw(DrawAnswer::Later { at })) => return Ok(Err(used_up(at))),
            other => return Ok(Err(self.unreached(other))),
        };
        let until = asked_at.plus_ms(valid_ms);
        if drawn <= calls {
            return Ok(Ok(Drawn::InHand(until)));
        }
        // 4.
        let drawn_at = self.now();
        let counted = windows::counted_since(&*self.ports.storage, bucket, drawn_at)?;
        let keep = Statement::new(KEEP)
            .bind(&*app)
            .bind(bucket.as_str())
            .bind(&*id)
            .bind(i64::from(drawn).saturating_add(counted))
            .bind(drawn_at)
            .bind(until);
        self.ports.storage.execute(keep)?;
        Ok(Ok(Drawn::Block))
    }

    /// Notes what an answer said of the app's window. The app's gate hears of it with the next draw, and at once of a
    /// window that is used up, since other accounts would find out only by a refusal each. If that is lost, they do.
    pub(super) async fn note_of_app(&self, app: &str, bucket: Bucket, observed: &[Observed]) {
        let of_app = observed.iter().find(|one| one.span == Span::AppDay);
        let Some(of_app) = of_app.copied() else {
            return;
        };
        if of_app.remaining == 0 {
            let request = GateRequest::Observe(Observe {
                bucket,
                observed: vec![of_app],
                shut_until: None,
            });
            if let Err(GateLost(why)) = self.ask_app(app, request).await {
                self.warn("app_limit_not_noted", &StorageError::Transient(why));
            }
            return;
        }
        let seen = Seen {
            observed: of_app,
            at: self.now(),
        };
        lock(&self.seen).insert((app.to_owned(), bucket), seen);
    }

    async fn ask_app(&self, app: &str, request: GateRequest) -> Result<GateReply, GateLost> {
        let name = GateName::app(app);
        let call = self.ports.gates.call(&name, request);
        match select(call, pin!(self.ports.clock.sleep(DRAW_DEADLINE_MS))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(GateLost("no answer in time".to_owned())),
        }
    }

    /// The block, and how many of its calls were not made.
    fn block(&self, app: &str, bucket: Bucket) -> Result<Option<(Block, i64)>, StorageError> {
        let storage = &*self.ports.storage;
        let read = Statement::new(READ).bind(app).bind(bucket.as_str());
        let Some(block) = storage.execute(read)?.first::<Block>()? else {
            return Ok(None);
        };
        let spent = windows::counted_since(storage, bucket, block.drawn_at)?;
        let left = block.calls - spent;
        Ok(Some((block, left)))
    }

    /// From now on nothing is spent of the block.
    fn close_block(&self, app: &str, bucket: Bucket) -> Result<Option<Returned>, StorageError> {
        let Some((block, left)) = self.block(app, bucket)? else {
            return Ok(None);
        };
        let Some(unspent) = u32::try_from(left).ok().filter(|left| *left > 0) else {
            return Ok(None);
        };
        let close = Statement::new(CLOSE).bind(app).bind(bucket.as_str());
        self.ports.storage.execute(close)?;
        Ok(Some(Returned {
            id: block.id,
            unspent,
        }))
    }

    fn unreached(&self, answer: Result<GateReply, GateLost>) -> Shut {
        let why = match answer {
            Err(GateLost(why)) | Ok(GateReply::Failed(why)) => why,
            Ok(other) => format!("the app's gate answered something else: {other:?}"),
        };
        self.warn("app_gate_lost", &StorageError::Transient(why));
        Shut {
            at: self.now().plus_ms(UNREACHED_MS),
            why: Closed::Unasked,
            detail: "What the app's accounts share could not be looked up.".to_owned(),
        }
    }
}

fn used_up(at: Timestamp) -> Shut {
    Shut {
        at,
        why: Closed::App,
        detail: format!(
            "The accounts of this X app share what X allows it, and it is used up for now, or other accounts' turn; this one's comes about {at}."
        ),
    }
}
