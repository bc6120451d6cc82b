//! The send journal: one row per part, written before its create call leaves. This is the fence.
//!
//! | state | meaning | who moves it on |
//! |---|---|---|
//! | `sending` | a call has left, or is about to | the call's outcome; without a living call, whoever asks next makes it `uncertain` |
//! | `sent` | it is on the platform, with its id | nobody: final |
//! | `refused` | certainly not there, and the same would be refused again | a later round, which only a person begins |
//! | `free` | certainly not there, and may be tried again | a send under a newer epoch |
//! | `uncertain` | may or may not be there | reconcile, or a person's word (→ `sent`), or a later round |

use super::model::{PartKey, SendAnswer, SendPart};
use crate::crypto::sha256;
use crate::platforms::Content;
use crate::platforms::x::matching;
use crate::ports::{GateStorage, Statement, StorageError};
use crate::time::{DAY_MS, HOUR_MS, Timestamp, millis, optional_millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The journal's table; the key clusters a delivery's parts together.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS journal (
  delivery_id TEXT NOT NULL,
  position    INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  round       INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'refused', 'free', 'uncertain')),
  started_at  INTEGER NOT NULL,
  deadline_at INTEGER NOT NULL,
  doubt_since INTEGER,
  words       TEXT,
  external_id TEXT,
  answer      TEXT,
  PRIMARY KEY (delivery_id, position)
) STRICT, WITHOUT ROWID";

/// Rows older than this answer nothing any more: their deliveries are long final. In ms.
const KEEP_MS: i64 = 30 * DAY_MS;

/// How long a doubt keeps others from what it may have become, in ms: it may be one that nobody looks for any more, since
/// a person gave it up, or its account.
const DOUBTED_MS: i64 = HOUR_MS;

const READ: &str = "SELECT epoch, round, state, started_at, deadline_at, doubt_since, answer
  FROM journal WHERE delivery_id = ?1 AND position = ?2";

// What was uncertain before stays so, whatever a later round brings: `doubt_since` keeps its first moment.
const ARM: &str = "INSERT INTO journal
    (delivery_id, position, epoch, round, state, started_at, deadline_at, words)
  VALUES (?1, ?2, ?3, ?4, 'sending', ?5, ?6, ?7)
  ON CONFLICT (delivery_id, position) DO UPDATE SET epoch = excluded.epoch, round = excluded.round,
    doubt_since = CASE WHEN journal.state = 'uncertain'
      THEN coalesce(journal.doubt_since, journal.started_at) ELSE journal.doubt_since END,
    state = 'sending', started_at = excluded.started_at, deadline_at = excluded.deadline_at,
    words = excluded.words, answer = NULL";

// A recorded answer of `free` belongs to the epoch that got it.
const SEEN: &str = "INSERT INTO journal
    (delivery_id, position, epoch, round, state, started_at, deadline_at)
  VALUES (?1, ?2, ?3, 0, 'free', ?4, ?4)
  ON CONFLICT (delivery_id, position) DO UPDATE SET epoch = excluded.epoch,
    answer = CASE WHEN journal.state = 'free' THEN NULL ELSE journal.answer END
    WHERE journal.epoch < excluded.epoch";

const CLOSE: &str = "UPDATE journal SET state = ?3, external_id = ?4, answer = ?5
  WHERE delivery_id = ?1 AND position = ?2 AND state IN ('sending', 'uncertain') AND epoch = ?6";

// A scan. An index on `external_id` would cost one more row with every post, a third on top of the three that a post
// writes here; this is asked once for a doubt whose words were found, of what one account has sent in a month: at most
// 72,000 rows, since X lets an account post 2,400 times a day.
const KNOWN: &str = "SELECT external_id FROM journal
  WHERE state = 'sent' AND external_id IN (SELECT value FROM json_each(?1))";

const ELSEWHERE: &str = "SELECT delivery_id FROM journal
  WHERE state = 'sent' AND external_id = ?1 AND NOT (delivery_id = ?2 AND position = ?3) LIMIT 1";

// It begins anew to be kept, so that a row that was in doubt for long still answers.
const ADOPT: &str = "INSERT INTO journal
    (delivery_id, position, epoch, round, state, started_at, deadline_at, external_id, answer)
  VALUES (?1, ?2, 0, 0, 'sent', ?5, ?5, ?3, ?4)
  ON CONFLICT (delivery_id, position) DO UPDATE SET state = 'sent', started_at = excluded.started_at,
    external_id = excluded.external_id, answer = excluded.answer
  WHERE journal.state <> 'sent'";

const UNDER_WAY: &str = "SELECT delivery_id FROM journal
  WHERE state = 'sending' AND words GLOB ?1 || '/*' AND deadline_at > ?2 AND NOT (delivery_id = ?3 AND position = ?4)";

// A scan, as `KNOWN` is.
const DOUBTS: &str = "SELECT coalesce(doubt_since, started_at) AS since, deadline_at FROM journal
  WHERE state IN ('sending', 'uncertain') AND words = ?1 AND NOT (delivery_id = ?2 AND position = ?3)
    AND deadline_at > ?4";

const SENDING_ELSEWHERE: &str = "SELECT max(deadline_at) AS at FROM journal
  WHERE state = 'sending' AND deadline_at > ?1 AND started_at <= ?2 AND NOT (delivery_id = ?3 AND position = ?4)";

const PRUNE: &str =
    "DELETE FROM journal WHERE started_at < ?1 AND state IN ('sent', 'refused', 'free')";

/// A row's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A call has left, or is about to.
    Sending,
    /// It is there.
    Sent,
    /// It is not there, for good.
    Refused,
    /// It is not there, and may be tried again.
    Free,
    /// Nobody knows.
    Uncertain,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Free => "free",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What the journal knows of a part.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// The claim under which it was last sent.
    pub epoch: i64,
    /// The round in which it was.
    pub round: i64,
    /// Its state.
    pub state: State,
    /// When the call left.
    #[serde(with = "millis")]
    pub started_at: Timestamp,
    /// When the call was given up at the latest.
    #[serde(with = "millis")]
    pub deadline_at: Timestamp,
    /// Since when it may be on the platform from an earlier round that nobody could decide.
    #[serde(with = "optional_millis")]
    pub doubt_since: Option<Timestamp>,
    /// The answer that was given, as JSON; absent while `sending`.
    pub answer: Option<String>,
}

impl Entry {
    /// The answer that was given then.
    #[must_use]
    pub fn recorded(&self) -> Option<SendAnswer> {
        serde_json::from_str(self.answer.as_deref()?).ok()
    }
}

/// What the journal knows of a part, if anything.
///
/// # Errors
/// When the storage fails.
pub fn read(storage: &dyn GateStorage, part: &PartKey) -> Result<Option<Entry>, StorageError> {
    storage
        .execute(
            Statement::new(READ)
                .bind(&part.delivery_id)
                .bind(part.position),
        )?
        .first()
}

/// Writes the fence: from here on, until an outcome is written, the part counts as possibly sent.
///
/// # Errors
/// When the storage fails; then nothing may be sent.
pub fn arm(
    storage: &dyn GateStorage,
    request: &SendPart,
    now: Timestamp,
    deadline_at: Timestamp,
) -> Result<(), StorageError> {
    let statement = Statement::new(ARM)
        .bind(&request.part.delivery_id)
        .bind(request.part.position)
        .bind(request.epoch)
        .bind(request.round)
        .bind(now)
        .bind(deadline_at)
        .bind(words(&request.content));
    storage.execute(statement).map(drop)
}

/// Notes that a claim has asked about a part without sending it, so that the call of an older claim, still on its way
/// to the gate, is turned away.
///
/// # Errors
/// When the storage fails; then the claim must not be told that the part is free.
pub fn seen(
    storage: &dyn GateStorage,
    part: &PartKey,
    epoch: i64,
    now: Timestamp,
) -> Result<(), StorageError> {
    let statement = Statement::new(SEEN)
        .bind(&part.delivery_id)
        .bind(part.position)
        .bind(epoch)
        .bind(now);
    storage.execute(statement).map(drop)
}

/// Whether another part with the same words is being sent: a post that appears now may be that one.
///
/// # Errors
/// When the storage fails.
pub fn is_sent_elsewhere(
    storage: &dyn GateStorage,
    part: &PartKey,
    content: &Content,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let statement = Statement::new(UNDER_WAY)
        .bind(text(&content.text))
        .bind(now)
        .bind(&part.delivery_id)
        .bind(part.position);
    Ok(!storage.execute(statement)?.rows.is_empty())
}

/// Until when another part may be under way whose call left by `left_by`; `None`: there is none.
///
/// # Errors
/// When the storage fails.
pub fn sending_elsewhere(
    storage: &dyn GateStorage,
    part: &PartKey,
    left_by: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    #[derive(Deserialize)]
    struct Until {
        #[serde(with = "optional_millis")]
        at: Option<Timestamp>,
    }
    let statement = Statement::new(SENDING_ELSEWHERE)
        .bind(now)
        .bind(left_by)
        .bind(&part.delivery_id)
        .bind(part.position);
    let until: Option<Until> = storage.execute(statement)?.first()?;
    Ok(until.and_then(|until| until.at))
}

/// A call of another part of which nobody knows what became.
#[derive(Debug, Clone, Deserialize)]
pub struct Doubt {
    /// When it left.
    #[serde(with = "millis")]
    pub since: Timestamp,
    /// When the platform must have answered.
    #[serde(with = "millis")]
    pub deadline_at: Timestamp,
}

/// The doubts about other parts with the same words in the same place: a post that is like this part may be one of
/// theirs.
///
/// # Errors
/// When the storage fails.
pub fn doubts_elsewhere(
    storage: &dyn GateStorage,
    part: &PartKey,
    content: &Content,
    now: Timestamp,
) -> Result<Vec<Doubt>, StorageError> {
    let statement = Statement::new(DOUBTS)
        .bind(words(content))
        .bind(&part.delivery_id)
        .bind(part.position)
        .bind(now.plus_ms(-DOUBTED_MS));
    storage.execute(statement)?.all()
}

// Enough to recognise what X shows as the same text, without keeping it twice; and what else a post shows, by which two
// with the same text differ.
fn words(content: &Content) -> String {
    let media: Vec<&str> = content.media.iter().map(|one| one.id.as_str()).collect();
    let quote = content.extras.quote.as_deref();
    let is_edit = content.replaces.is_some();
    let beside = format!("{:?} {media:?} {quote:?} {is_edit}", content.reply_to);
    format!("{}/{}", text(&content.text), sha256(beside.as_bytes()))
}

fn text(text: &str) -> String {
    sha256(matching::canonical(text).as_bytes())
}

/// Writes an outcome over `sending` or `uncertain` of the same epoch. A row that has moved on is left alone.
///
/// # Errors
/// When the storage fails; the row then still says `sending`, which becomes uncertain.
pub fn close(
    storage: &dyn GateStorage,
    part: &PartKey,
    epoch: i64,
    state: State,
    answer: &SendAnswer,
) -> Result<(), StorageError> {
    let external_id = match answer {
        SendAnswer::Sent { external_id, .. } => Some(external_id.as_str()),
        _ => None,
    };
    let statement = Statement::new(CLOSE)
        .bind(&part.delivery_id)
        .bind(part.position)
        .bind(state.as_str())
        .bind(external_id)
        .bind(serde_json::to_string(answer).ok())
        .bind(epoch);
    storage.execute(statement).map(drop)
}

/// Which of these posts of the platform already belong to parts of ours.
///
/// # Errors
/// When the storage fails.
pub fn ours(
    storage: &dyn GateStorage,
    external_ids: &[&str],
) -> Result<BTreeSet<String>, StorageError> {
    #[derive(Deserialize)]
    struct Known {
        external_id: String,
    }
    if external_ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let list = serde_json::to_string(external_ids).unwrap_or_default();
    let known: Vec<Known> = storage.execute(Statement::new(KNOWN).bind(list))?.all()?;
    Ok(known.into_iter().map(|known| known.external_id).collect())
}

/// Whether a post of the platform already belongs to another part than this one.
///
/// # Errors
/// When the storage fails.
pub fn belongs_elsewhere(
    storage: &dyn GateStorage,
    part: &PartKey,
    external_id: &str,
) -> Result<bool, StorageError> {
    let statement = Statement::new(ELSEWHERE)
        .bind(external_id)
        .bind(&part.delivery_id)
        .bind(part.position);
    Ok(!storage.execute(statement)?.rows.is_empty())
}

/// Writes that a part is on the platform, by a person's word. What is `sent` already is left alone.
///
/// # Errors
/// When the storage fails; then nothing has changed.
pub fn adopt(
    storage: &dyn GateStorage,
    part: &PartKey,
    external_id: &str,
    answer: &SendAnswer,
    now: Timestamp,
) -> Result<(), StorageError> {
    let statement = Statement::new(ADOPT)
        .bind(&part.delivery_id)
        .bind(part.position)
        .bind(external_id)
        .bind(serde_json::to_string(answer).ok())
        .bind(now);
    storage.execute(statement).map(drop)
}

/// Clears what is long final, in bulk.
///
/// # Errors
/// When the storage fails.
pub fn prune(storage: &dyn GateStorage, now: Timestamp) -> Result<(), StorageError> {
    storage
        .execute(Statement::new(PRUNE).bind(now.plus_ms(-KEEP_MS)))
        .map(drop)
}
