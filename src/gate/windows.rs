//! Sliding windows: how many calls of a kind an account has made, and what the platform says of it.
//!
//! Every call is a row, written before it leaves, so that a restart forgets none. The platform's own count (its
//! headers) can only make a window narrower, never wider: its `x-rate-limit-limit` on posts is at times a nonsense
//! number such as 40000.

use super::model::Window;
use crate::config::Config;
use crate::platforms::{Observed, Span};
use crate::ports::{GateStorage, Statement, StorageError};
use crate::time::{DAY_MS, MINUTE_MS, Timestamp, millis};
use serde::{Deserialize, Serialize};

/// The tables of this file. A grant is one row in one tree, counted as a range of it.
pub const SCHEMA: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS grants (
  bucket TEXT NOT NULL,
  at     INTEGER NOT NULL,
  tag    TEXT NOT NULL,
  PRIMARY KEY (bucket, at, tag)
) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS observed (
  bucket   TEXT NOT NULL,
  span_ms  INTEGER NOT NULL,
  allowed  INTEGER NOT NULL,
  left     INTEGER NOT NULL,
  reset_at INTEGER NOT NULL,
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (bucket, span_ms)
) STRICT, WITHOUT ROWID",
];

const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// An observation that is not stricter than our own count is written at most this often: each write costs a row.
const OBSERVE_EVERY_MS: i64 = MINUTE_MS;

const GRANT: &str = "INSERT INTO grants (bucket, at, tag) VALUES (?1, ?2, ?3)";
const NTH_NEWEST: &str =
    "SELECT at FROM grants WHERE bucket = ?1 AND at > ?2 ORDER BY at DESC LIMIT 1 OFFSET ?3";
const COUNT: &str =
    "SELECT count(*) AS used, min(at) AS oldest FROM grants WHERE bucket = ?1 AND at > ?2";
const FORGET: &str = "DELETE FROM grants WHERE bucket = ?1 AND at <= ?2";
const OBSERVE: &str = "INSERT INTO observed (bucket, span_ms, allowed, left, reset_at, seen_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (bucket, span_ms) DO UPDATE SET allowed = excluded.allowed, left = excluded.left,
    reset_at = excluded.reset_at, seen_at = excluded.seen_at";
const OBSERVED: &str = "SELECT span_ms, allowed, left, reset_at, seen_at,
    (SELECT count(*) FROM grants WHERE grants.bucket = observed.bucket AND at > seen_at) AS since
  FROM observed WHERE bucket = ?1 AND reset_at > ?2";

/// What a call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Creating a post.
    Post,
    /// Deleting one.
    Delete,
    /// Uploading media: one chunk, one step, one alt text.
    Media,
    /// Liking, and taking a like back.
    Like,
    /// Reposting, and taking it back.
    Repost,
    /// Bookmarking, and taking it back.
    Bookmark,
    /// Reading posts and users.
    Read,
    /// Reading mentions.
    Mentions,
    /// Searching users.
    Search,
    /// Reading trends.
    Trends,
    /// Reading the own profile.
    Profile,
}

impl Bucket {
    pub(super) const ALL: [Self; 11] = [
        Self::Post,
        Self::Delete,
        Self::Media,
        Self::Like,
        Self::Repost,
        Self::Bookmark,
        Self::Read,
        Self::Mentions,
        Self::Search,
        Self::Trends,
        Self::Profile,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Delete => "delete",
            Self::Media => "media",
            Self::Like => "like",
            Self::Repost => "repost",
            Self::Bookmark => "bookmark",
            Self::Read => "read",
            Self::Mentions => "mentions",
            Self::Search => "search",
            Self::Trends => "trends",
            Self::Profile => "profile",
        }
    }

    /// Calls in 15 minutes. X's own, per user (<https://docs.x.com/x-api/fundamentals/rate-limits>), of each kind those of
    /// the endpoint that is called most: of media the chunks, of reads the timeline. Trends have one for the whole app
    /// alone, which no account can have more of. Posts are configured, by default half of X's 100, which leaves the
    /// person room.
    const fn limit(self, config: &Config) -> u32 {
        match self {
            Self::Post => config.x.post_limit_15min,
            Self::Media => 1_875,
            Self::Delete | Self::Like | Self::Repost | Self::Bookmark => 50,
            Self::Read | Self::Search => 900,
            Self::Mentions => 300,
            Self::Trends | Self::Profile => 75,
        }
    }

    /// Calls of all accounts of one X app together, and in how many ms; `None` where X counts none that are made as a user
    /// (<https://docs.x.com/x-api/fundamentals/rate-limits>). Of media those of the chunks, as above.
    pub(super) const fn limit_of_app(self, config: &Config) -> Option<(u32, i64)> {
        match self {
            Self::Post => Some((config.x.app_posts_per_day, DAY_MS)),
            Self::Media => Some((180_000, DAY_MS)),
            Self::Trends => Some((75, QUARTER_MS)),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct ObservedRow {
    span_ms: i64,
    allowed: i64,
    left: i64,
    #[serde(with = "millis")]
    reset_at: Timestamp,
    #[serde(with = "millis")]
    seen_at: Timestamp,
    since: i64,
}

impl ObservedRow {
    const fn remaining(&self) -> i64 {
        let left = self.left.saturating_sub(self.since);
        if left < 0 { 0 } else { left }
    }
}

/// `None` when a call may leave now, else when it may.
///
/// # Errors
/// When the storage fails; then nothing may leave.
pub fn opens_at(
    storage: &dyn GateStorage,
    config: &Config,
    bucket: Bucket,
    now: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    #[derive(Deserialize)]
    struct At {
        #[serde(with = "millis")]
        at: Timestamp,
    }
    let nth = Statement::new(NTH_NEWEST)
        .bind(bucket.as_str())
        .bind(now.plus_ms(-QUARTER_MS))
        .bind(bucket.limit(config).saturating_sub(1));
    let ours = storage
        .execute(nth)?
        .first::<At>()?
        .map(|row| row.at.plus_ms(QUARTER_MS));
    let theirs = observed(storage, bucket, now)?
        .into_iter()
        .filter(|row| row.remaining() == 0)
        .map(|row| row.reset_at)
        .max();
    Ok(ours.max(theirs).filter(|at| *at > now))
}

/// Counts one call. `tag` tells calls of the same millisecond apart.
///
/// # Errors
/// When the storage fails; then nothing may leave.
pub fn take(
    storage: &dyn GateStorage,
    bucket: Bucket,
    now: Timestamp,
    tag: &str,
) -> Result<(), StorageError> {
    storage
        .execute(
            Statement::new(GRANT)
                .bind(bucket.as_str())
                .bind(now)
                .bind(tag),
        )
        .map(drop)
}

/// How many calls were counted from `since` on.
///
/// # Errors
/// When the storage fails.
pub fn counted_since(
    storage: &dyn GateStorage,
    bucket: Bucket,
    since: Timestamp,
) -> Result<i64, StorageError> {
    let count = Statement::new(COUNT)
        .bind(bucket.as_str())
        .bind(since.plus_ms(-1));
    let used: Option<Used> = storage.execute(count)?.first()?;
    Ok(used.map_or(0, |used| used.used))
}

/// Takes notice of what an answer's headers say of the account.
///
/// # Errors
/// When the storage fails.
pub fn correct(
    storage: &dyn GateStorage,
    config: &Config,
    bucket: Bucket,
    observations: &[Observed],
    now: Timestamp,
) -> Result<(), StorageError> {
    let known = observed(storage, bucket, now)?;
    let of_account = observations.iter().filter(|one| one.span != Span::AppDay);
    let ours = i64::from(bucket.limit(config)) - used(storage, bucket, now)?.used;
    for observation in of_account {
        let span_ms = span_ms(observation.span);
        let left = i64::from(observation.remaining);
        let stricter = match observation.span {
            Span::Quarter => left < ours,
            // We keep no count of our own over a day: what may run out before the next look is written at once.
            Span::Day | Span::AppDay => left < i64::from(bucket.limit(config)),
        };
        let before = known.iter().find(|row| row.span_ms == span_ms);
        let due = before
            .is_none_or(|row| now.since(row.seen_at) >= OBSERVE_EVERY_MS || left < row.remaining());
        // Answers overtake each other: one that left before a 429 must not open what that has shut.
        let overtaken = before
            .is_some_and(|row| row.left == 0 && left > 0 && observation.reset_at <= row.reset_at);
        let worth_a_row = match observation.span {
            Span::Quarter => stricter || before.is_some(),
            Span::Day | Span::AppDay => true,
        };
        if (stricter || due) && worth_a_row && !overtaken && observation.reset_at > now {
            let statement = Statement::new(OBSERVE)
                .bind(bucket.as_str())
                .bind(span_ms)
                .bind(observation.limit)
                .bind(observation.remaining)
                .bind(observation.reset_at)
                .bind(now);
            storage.execute(statement)?;
        }
    }
    Ok(())
}

/// Closes a window until `until`, as the platform has just said.
///
/// # Errors
/// When the storage fails.
pub fn shut(
    storage: &dyn GateStorage,
    bucket: Bucket,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StorageError> {
    let statement = Statement::new(OBSERVE)
        .bind(bucket.as_str())
        .bind(QUARTER_MS)
        .bind(0_i64)
        .bind(0_i64)
        .bind(until)
        .bind(now);
    storage.execute(statement).map(drop)
}

/// All windows as they stand.
///
/// # Errors
/// When the storage fails.
pub fn show(
    storage: &dyn GateStorage,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Window>, StorageError> {
    let mut windows = Vec::new();
    for bucket in Bucket::ALL {
        let used = used(storage, bucket, now)?;
        let limit = bucket.limit(config);
        let mut ours = Window {
            bucket: bucket.as_str().to_owned(),
            window_seconds: seconds(QUARTER_MS),
            limit,
            remaining: limit.saturating_sub(count(used.used)),
            reset_at: used
                .oldest
                .map(|at| Timestamp::from_millis(at).plus_ms(QUARTER_MS)),
            counted_by: "godwit".to_owned(),
        };
        for row in observed(storage, bucket, now)? {
            let remaining = count(row.remaining());
            if row.span_ms == QUARTER_MS && remaining < ours.remaining {
                ours.remaining = remaining;
                ours.reset_at = Some(row.reset_at);
                "x".clone_into(&mut ours.counted_by);
            } else if row.span_ms == DAY_MS {
                windows.push(Window {
                    bucket: bucket.as_str().to_owned(),
                    window_seconds: seconds(DAY_MS),
                    limit: count(row.allowed),
                    remaining,
                    reset_at: Some(row.reset_at),
                    counted_by: "x".to_owned(),
                });
            }
        }
        windows.push(ours);
    }
    Ok(windows)
}

/// Clears grants that no window reaches any more.
///
/// # Errors
/// When the storage fails.
pub fn prune(storage: &dyn GateStorage, now: Timestamp) -> Result<(), StorageError> {
    for bucket in Bucket::ALL {
        // A day, since the platform's 24-hour count is corrected by the calls made after it was seen.
        storage.execute(
            Statement::new(FORGET)
                .bind(bucket.as_str())
                .bind(now.plus_ms(-DAY_MS)),
        )?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Used {
    used: i64,
    oldest: Option<i64>,
}

fn used(storage: &dyn GateStorage, bucket: Bucket, now: Timestamp) -> Result<Used, StorageError> {
    let count = Statement::new(COUNT)
        .bind(bucket.as_str())
        .bind(now.plus_ms(-QUARTER_MS));
    Ok(storage.execute(count)?.first()?.unwrap_or(Used {
        used: 0,
        oldest: None,
    }))
}

fn observed(
    storage: &dyn GateStorage,
    bucket: Bucket,
    now: Timestamp,
) -> Result<Vec<ObservedRow>, StorageError> {
    storage
        .execute(Statement::new(OBSERVED).bind(bucket.as_str()).bind(now))?
        .all()
}

const fn span_ms(span: Span) -> i64 {
    match span {
        Span::Quarter => QUARTER_MS,
        Span::Day | Span::AppDay => DAY_MS,
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

pub(super) fn seconds(ms: i64) -> u32 {
    count(ms / crate::time::SECOND_MS)
}
