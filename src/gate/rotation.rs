//! Fetching the next pair of tokens, and when that may be done.
//!
//! X's refresh tokens work once, and X rotates them even when its answer is lost. So:
//! - One refresh at a time. Whoever has the turn may be abandoned by the runtime, so that a turn has a lease, which is
//!   longer than the call may take: the next refresh begins when the one before can no longer be under way.
//! - The new pair is durable here before either token is used; the database gets it right after (`debts`).
//! - What still works is not rotated within ten minutes of the last try, whatever came of it; a 401 asks for a rotation,
//!   but not for a second one when the pair that it brought is refused too.
//! - A refusal is remembered, so that a burst of calls with a dead grant asks X once.
//!
//! A crash between X's rotation and our write, or an answer that is lost, may cost the grant: the next try presents a
//! spent token. That moment cannot be closed. It is counted, and the account has to be connected again only when X
//! really refuses.

use super::account::AccountGate;
use super::apps::SealedApp;
use super::model::Grant;
use super::refusals::{ended, no_client, no_longer_accepted, no_refresh_token};
use super::tokens::{Held, Want};
use super::turns::Turn;
use crate::accounts::tokens::{NEVER, Pair};
use crate::ids::AccountId;
use crate::platforms::{Class, NotSent, x};
use crate::ports::{Statement, StorageError};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp, millis};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The last refresh of each account: what was presented, why, and what came of it.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS refreshes (
  account_id TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  cause      TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  at         INTEGER NOT NULL,
  lost       INTEGER NOT NULL,
  refusal    TEXT
) STRICT, WITHOUT ROWID";

/// A token is refreshed this long before it ends, in ms: longer than any call that uses it.
const REFRESH_BEFORE_MS: i64 = 5 * MINUTE_MS;

/// How long to wait after a refresh that did not work for a passing reason, in ms; less where a delivery that was
/// refused waits less.
pub const RETRY_REFRESH_MS: i64 = 5 * SECOND_MS;

/// Tokens that work are left alone for this long after a refresh, in ms. Rotating them needlessly gets users
/// disconnected (<https://github.com/trypostit/trypost/issues/126>).
const FLOOR_MS: i64 = 10 * MINUTE_MS;

/// A token that is refused so shortly before its end has ended by X's clock, in ms.
const CLOCKS_DIFFER_MS: i64 = MINUTE_MS;

/// How long one refresh may keep the others waiting, in ms: its call has ended by then, with a margin of 5 s.
const LEASE_MS: i64 = x::oauth::DEADLINE_MS as i64 + 5 * SECOND_MS;

const LAST: &str =
    "SELECT generation, cause, outcome, at, lost, refusal FROM refreshes WHERE account_id = ?1";
const NOTE: &str =
    "INSERT INTO refreshes (account_id, generation, cause, outcome, at, lost, refusal)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  ON CONFLICT (account_id) DO UPDATE SET generation = excluded.generation, cause = excluded.cause,
    outcome = excluded.outcome, at = excluded.at, lost = excluded.lost, refusal = excluded.refusal";

/// Why a pair is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    /// The access token has ended.
    Ended,
    /// It ends within [`REFRESH_BEFORE_MS`].
    EndsSoon,
    /// X has refused it before its end.
    Refused,
    /// Somebody wants it.
    Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// X is being asked, or was when the process ended.
    Open,
    /// There is a new pair; `generation` is its.
    Rotated,
    /// X does not accept the refresh token.
    Refused,
    /// It did not work for another reason, most likely a passing one.
    Failed,
}

#[derive(Deserialize)]
struct Last {
    generation: i64,
    cause: Cause,
    outcome: Outcome,
    /// Of the outcome; while it is open, when X was asked.
    #[serde(with = "millis")]
    at: Timestamp,
    /// How often this refresh token was presented without an answer that says what became of it.
    lost: u32,
    /// X's refusal as JSON.
    refusal: Option<String>,
}

impl Last {
    fn refusal(&self) -> NotSent {
        let read = |text| serde_json::from_str(text).ok();
        let recorded = self.refusal.as_deref().and_then(read);
        recorded.unwrap_or_else(no_longer_accepted)
    }
}

/// What may be done for a caller who wants a token.
pub(super) enum Way {
    /// What is there does.
    Lend,
    /// There is none, and X is not asked for one now.
    Refuse(NotSent),
    /// A new pair has to be fetched. The refresh token was presented this often before without an answer.
    Rotate(Cause, u32),
}

/// What came of fetching a pair.
pub(super) enum Fetched {
    /// It is durable here.
    Pair(Held),
    /// X gave none.
    Nothing(NotSent),
    /// X was not asked: there is nothing to ask it with.
    Impossible(NotSent),
    /// Another refresh is, or was, quicker.
    Overtaken,
}

impl AccountGate {
    /// What may be done for a caller who wants a token, going by the pair that is there.
    pub(super) fn way(&self, newest: &Held, want: Want) -> Result<Way, StorageError> {
        let now = self.now();
        let left = newest.expires_at.since(now);
        // A token of OAuth 1.0a works until it is taken back, and nothing fetches another.
        if newest.expires_at >= NEVER {
            return Ok(match want {
                Want::NewerThan(refused) if newest.generation <= refused => Way::Refuse(ended()),
                _ => Way::Lend,
            });
        }
        let cause = match want {
            Want::NewerThan(refused) if newest.generation <= refused => {
                if left > CLOCKS_DIFFER_MS {
                    Cause::Refused
                } else {
                    Cause::Ended
                }
            }
            _ if left <= 0 => Cause::Ended,
            Want::New => Cause::Asked,
            _ if left <= REFRESH_BEFORE_MS => Cause::EndsSoon,
            _ => return Ok(Way::Lend),
        };
        // What is known of an older pair says nothing of this one.
        let last = self.last_refresh(&newest.account_id)?;
        let Some(last) = last.filter(|last| last.generation == newest.generation) else {
            return Ok(Way::Rotate(cause, 0));
        };
        if last.outcome == Outcome::Open && !self.refreshing.is_free(now) {
            return Ok(Way::Rotate(cause, last.lost)); // to wait for the one that is under way
        }
        let ago = now.since(last.at);
        let is_recent = ago < FLOOR_MS;
        let pause_ms = RETRY_REFRESH_MS.min(self.ports.config.timing.backoff_ms);
        Ok(match (last.outcome, cause) {
            // It works to its end, and there will be no other.
            (_, Cause::EndsSoon) if is_recent => Way::Lend,
            (Outcome::Refused, _) if is_recent => Way::Refuse(last.refusal()),
            (_, Cause::Asked) if is_recent => Way::Lend,
            (Outcome::Failed, _) if ago < pause_ms => Way::Refuse(last.refusal()),
            (Outcome::Rotated, Cause::Refused) if is_recent && last.cause == Cause::Refused => {
                Way::Refuse(no_longer_accepted())
            }
            _ => Way::Rotate(cause, last.lost),
        })
    }

    pub(super) fn take_refreshing(&self) -> Option<Turn<'_>> {
        self.refreshing.take(self.now(), LEASE_MS)
    }

    /// The turn to refresh or revoke, as soon as it is free.
    pub(super) async fn refreshing_turn(&self) -> Turn<'_> {
        loop {
            if let Some(turn) = self.take_refreshing() {
                return turn;
            }
            self.refreshing.wait(&*self.ports.clock).await;
        }
    }

    /// Presents the refresh token of `newest`, and keeps what X gives for it.
    ///
    /// 1. What is about to happen is noted. 2. X is asked. 3. The new pair is written, and the gate asks to be woken in
    ///    case the database does not get it.
    ///
    /// If the process ends before 2, nothing has happened. Between 2 and 3 X may have rotated the pair, which is then
    /// lost: the next try presents the spent token, and the note says why. If this future is abandoned at 2, the next
    /// refresh takes over when the lease is over. What X answers to the one that comes late is kept if no other pair
    /// has come in between: it may be the only good one.
    pub(super) async fn rotate(
        &self,
        grant: &Grant,
        (newest, pair, app): (&Held, Pair, &SealedApp),
        (cause, lost): (Cause, u32),
        turn: &Turn<'_>,
    ) -> Result<Fetched, StorageError> {
        let config = &self.ports.config;
        let app = match self.open_app(&grant.workspace_id, app) {
            Ok(app) => app,
            Err(refusal) => return Ok(Fetched::Impossible(refusal)),
        };
        let Some(client) = x::oauth::Client::of(&app) else {
            return Ok(Fetched::Impossible(no_client()));
        };
        let Some(refresh) = &pair.refresh else {
            return Ok(Fetched::Impossible(no_refresh_token()));
        };
        // 1.
        let presented = Last {
            generation: newest.generation,
            cause,
            outcome: Outcome::Open,
            at: self.now(),
            lost: lost.saturating_add(1),
            refusal: None,
        };
        self.note(&newest.account_id, &presented)?;
        // 2.
        let http = &*self.ports.http;
        let answer = x::oauth::refresh(http, &config.x, &client, refresh, self.now()).await;
        let current = self.newest(grant)?;
        let overtaken = current.generation > newest.generation;
        let fetched = match answer {
            Ok(fetched) => fetched,
            Err(_) if overtaken || !turn.is_current() => return Ok(Fetched::Overtaken),
            Err(refusal) => return self.nothing(newest, &presented, refusal),
        };
        // 3. Whose turn it is has asked X last, so that X's newest pair is this one.
        if overtaken && !turn.is_current() {
            self.tell("late_refresh_dropped", newest, &json!({}));
            return Ok(Fetched::Overtaken);
        }
        if !turn.is_current() {
            self.tell("late_refresh_kept", newest, &json!({}));
        }
        let next = Pair {
            access: fetched.access,
            refresh: fetched.refresh.or(pair.refresh),
            secret: None,
        };
        let sealed = match self.seal(grant, &next) {
            Ok(sealed) => sealed,
            Err(refusal) => return Ok(Fetched::Impossible(refusal)),
        };
        let held = Held {
            account_id: newest.account_id.clone(),
            workspace_id: newest.workspace_id.clone(),
            sealed,
            generation: current.generation + 1,
            expires_at: fetched.expires_at,
            saved: 0,
        };
        self.keep(&held)?;
        let rotated = Last {
            generation: held.generation,
            outcome: Outcome::Rotated,
            at: self.now(),
            lost: 0,
            ..presented
        };
        self.note(&newest.account_id, &rotated)?;
        self.wake_for_debts()?;
        Ok(Fetched::Pair(held))
    }

    /// X gave no pair. Counts what may have cost the grant.
    fn nothing(
        &self,
        newest: &Held,
        presented: &Last,
        mut refusal: NotSent,
    ) -> Result<Fetched, StorageError> {
        let lost_before = presented.lost.saturating_sub(1);
        let (outcome, lost) = match refusal.class {
            Class::Token => {
                if lost_before > 0 {
                    refusal.detail = format!(
                        "{} An earlier refresh got no answer; X had most likely changed the tokens by then.",
                        refusal.detail
                    );
                }
                self.tell("grant_refused", newest, &json!({ "lost": lost_before }));
                (Outcome::Refused, lost_before)
            }
            // It was turned away before it was read.
            Class::Transient if refusal.code == "x_rate_limited" => (Outcome::Failed, lost_before),
            Class::Transient => {
                let details = json!({ "cause": presented.cause, "lost": presented.lost });
                self.tell("refresh_unanswered", newest, &details);
                (Outcome::Failed, presented.lost)
            }
            Class::Operator | Class::Permanent => (Outcome::Failed, lost_before),
        };
        let noted = Last {
            generation: presented.generation,
            cause: presented.cause,
            outcome,
            at: self.now(),
            lost,
            refusal: serde_json::to_string(&refusal).ok(),
        };
        self.note(&newest.account_id, &noted)?;
        Ok(Fetched::Nothing(refusal))
    }

    fn last_refresh(&self, account: &AccountId) -> Result<Option<Last>, StorageError> {
        let last = Statement::new(LAST).bind(account);
        self.ports.storage.execute(last)?.first()
    }

    fn note(&self, account: &AccountId, last: &Last) -> Result<(), StorageError> {
        let word = |word: serde_json::Value| word.as_str().unwrap_or_default().to_owned();
        let note = Statement::new(NOTE)
            .bind(account)
            .bind(last.generation)
            .bind(word(json!(last.cause)))
            .bind(word(json!(last.outcome)))
            .bind(last.at)
            .bind(last.lost)
            .bind(last.refusal.as_deref());
        self.ports.storage.execute(note).map(drop)
    }

    fn tell(&self, event: &str, of: &Held, more: &serde_json::Value) {
        self.ports.log.write(&json!({
            "level": "warn", "event": event, "at": self.now(),
            "details": { "account_id": of.account_id, "generation": of.generation, "more": more },
        }));
    }
}
