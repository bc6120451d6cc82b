//! The SQL of channels: what is known of them once for all workspaces, and holds nothing of any.

use crate::ports::Statement;
use crate::sources::ids::ChannelId;
use crate::time::{Timestamp, millis, optional_millis};
use serde::Deserialize;

/// How the last request to the hub stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// There is none: verified, or not begun.
    None,
    /// Sent, or accepted; the verification is to come.
    Pending,
    /// The hub failed or did not answer; the verification may come all the same.
    Unknown,
    /// The hub refused the request.
    Refused,
    /// The hub will not send anything for this channel.
    Denied,
}

impl Ask {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Denied => "denied",
        }
    }
}

/// A row of `channels`.
#[derive(Debug, Clone, Deserialize)]
pub struct ChannelRow {
    pub channel_id: ChannelId,
    pub title: Option<String>,
    pub followed: u32,
    pub callback: String,
    pub secret: String,
    pub next_secret: Option<String>,
    pub last_secret: Option<String>,
    #[serde(with = "optional_millis")]
    pub last_secret_until: Option<Timestamp>,
    pub ask: Ask,
    pub ask_note: Option<String>,
    #[serde(with = "optional_millis")]
    pub asked_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub verify_until: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub lease_until: Option<Timestamp>,
    pub ask_failures: u32,
    #[serde(with = "optional_millis")]
    pub ask_at: Option<Timestamp>,
    pub pushes: u32,
    #[serde(with = "optional_millis")]
    pub pushed_at: Option<Timestamp>,
    pub ignored: u32,
    #[serde(with = "optional_millis")]
    pub poll_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub polled_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub poll_good_at: Option<Timestamp>,
    pub poll_by: Option<String>,
    pub poll_failures: u32,
    pub poll_note: Option<String>,
    pub etag: Option<String>,
    pub modified: Option<String>,
    #[serde(with = "optional_millis")]
    pub unannounced_at: Option<Timestamp>,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
}

impl ChannelRow {
    /// One that nobody has followed yet, as it is shown; its address and secret are made when it is stored.
    #[must_use]
    pub fn unknown(channel_id: ChannelId, now: Timestamp) -> Self {
        Self {
            channel_id,
            title: None,
            followed: 0,
            callback: String::new(),
            secret: String::new(),
            next_secret: None,
            last_secret: None,
            last_secret_until: None,
            ask: Ask::None,
            ask_note: None,
            asked_at: None,
            verify_until: None,
            lease_until: None,
            ask_failures: 0,
            ask_at: Some(now),
            pushes: 0,
            pushed_at: None,
            ignored: 0,
            poll_at: Some(now),
            polled_at: None,
            poll_good_at: None,
            poll_by: None,
            poll_failures: 0,
            poll_note: None,
            etag: None,
            modified: None,
            unannounced_at: None,
            created_at: now,
        }
    }

    /// Whether the last new video was found by looking, though the hub had promised to announce it.
    #[must_use]
    pub fn was_not_announced(&self) -> bool {
        self.unannounced_at.is_some() && self.unannounced_at > self.pushed_at
    }

    /// Whether the hub has promised to send what is new, now.
    #[must_use]
    pub fn has_lease(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

macro_rules! columns {
    () => {
        "channel_id, title, followed, callback, secret, next_secret, last_secret, last_secret_until, ask, ask_note,
    asked_at, verify_until, lease_until, ask_failures, ask_at, pushes, pushed_at, ignored, poll_at, polled_at,
    poll_good_at, poll_by, poll_failures, poll_note, etag, modified, unannounced_at, created_at"
    };
}

const READ: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM channels WHERE channel_id = ?1"
);
const BY_CALLBACK: &str = concat!("SELECT ", columns!(), " FROM channels WHERE callback = ?1");
const MANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM channels WHERE channel_id IN (SELECT value FROM json_each(?1))"
);

/// One channel.
#[must_use]
pub fn read(channel: &ChannelId) -> Statement {
    Statement::new(READ).bind(channel)
}

/// The channel whose address at us this is.
#[must_use]
pub fn by_callback(token: &str) -> Statement {
    Statement::new(BY_CALLBACK).bind(token)
}

/// Several.
#[must_use]
pub fn many(channels: &[ChannelId]) -> Statement {
    Statement::new(MANY).bind(serde_json::to_string(channels).unwrap_or_default())
}

/// Whoever comes first decides address and secret; whoever comes later begins what had ended. The next look reads the whole
/// feed: what others have seen since the new source's baseline, it has not. It comes in its turn, or a pause after the last
/// one: who follows anew again and again does not take the others' part of the day.
const FOLLOW: &str = "INSERT INTO channels (channel_id, title, followed, callback, secret, ask, ask_at, poll_at, created_at)
  VALUES (?1, ?2, 1, ?3, ?4, 'none', ?5, ?5, ?5)
  ON CONFLICT (channel_id) DO UPDATE SET title = coalesce(excluded.title, title), followed = 1,
    lease_until = CASE WHEN followed THEN lease_until END,
    ask_at = CASE WHEN followed AND ask_at IS NOT NULL THEN ask_at ELSE ?5 END,
    poll_at = CASE WHEN followed THEN coalesce(poll_at, ?5) ELSE max(?5, coalesce(polled_at + ?6, ?5)) END,
    etag = NULL, modified = NULL";

/// Follows a channel from now on, if nobody does; looks at it now, or `pause_ms` after the last time.
#[must_use]
pub fn follow(
    channel: &ChannelId,
    title: Option<&str>,
    callback: &str,
    secret: &str,
    now: Timestamp,
    pause_ms: i64,
) -> Statement {
    Statement::new(FOLLOW)
        .bind(channel)
        .bind(title.map(str::to_owned))
        .bind(callback)
        .bind(secret)
        .bind(now)
        .bind(pause_ms)
}

const UNFOLLOW: &str = "UPDATE channels SET followed = 0, poll_at = NULL,
    ask_at = CASE WHEN lease_until > ?2 THEN ?2 ELSE NULL END
  WHERE channel_id = ?1 AND followed
    AND NOT EXISTS (SELECT 1 FROM sources WHERE channel_id = ?1 AND state = 'active')";

/// Behind what takes a source away: follows its channel no more, if no other source does. The hub is told, if it would
/// still send something.
#[must_use]
pub fn unfollow(channel: &ChannelId, now: Timestamp) -> Statement {
    Statement::new(UNFOLLOW).bind(channel).bind(now)
}

/// What no race of two people may leave for ever: a channel is followed if and only if a source is active for it.
const UNFOLLOWED: &str = "UPDATE channels SET followed = 0, poll_at = NULL, ask_at = NULL
  WHERE followed AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.channel_id = channels.channel_id AND s.state = 'active')";
const FOLLOWED: &str = "UPDATE channels SET followed = 1, poll_at = ?1, ask_at = ?1
  WHERE NOT followed AND EXISTS (SELECT 1 FROM sources s WHERE s.channel_id = channels.channel_id AND s.state = 'active')";

/// Brings it in line that a channel is followed, for the daily clean-up.
#[must_use]
pub fn align(now: Timestamp) -> [Statement; 2] {
    [
        Statement::new(UNFOLLOWED),
        Statement::new(FOLLOWED).bind(now),
    ]
}

const FORGET: &str = "DELETE FROM channels WHERE NOT followed AND coalesce(lease_until, 0) <= ?1 AND created_at <= ?2
  AND NOT EXISTS (SELECT 1 FROM sources WHERE channel_id = channels.channel_id)";
const FORGET_VIDEOS: &str = "DELETE FROM videos WHERE channel_id IN (
    SELECT channel_id FROM channels WHERE NOT followed AND coalesce(lease_until, 0) <= ?1 AND created_at <= ?2
      AND NOT EXISTS (SELECT 1 FROM sources WHERE channel_id = channels.channel_id))";

/// Deletes channels, with their videos, that have no source and no lease any more.
#[must_use]
pub fn forget(now: Timestamp, made_before: Timestamp) -> Vec<Statement> {
    [FORGET_VIDEOS, FORGET]
        .map(|sql| Statement::new(sql).bind(now).bind(made_before))
        .into()
}

const TO_ASK: &str = "SELECT channel_id FROM channels WHERE ask_at <= ?1 ORDER BY ask_at LIMIT ?2";
const TO_POLL: &str =
    "SELECT channel_id FROM channels WHERE poll_at <= ?1 ORDER BY poll_at LIMIT ?2";

/// Channels for which the hub is to be asked.
#[must_use]
pub fn to_ask(now: Timestamp, limit: u32) -> Statement {
    Statement::new(TO_ASK).bind(now).bind(limit)
}

/// Channels that are to be looked at.
#[must_use]
pub fn to_poll(now: Timestamp, limit: u32) -> Statement {
    Statement::new(TO_POLL).bind(now).bind(limit)
}

/// Whoever takes it moves the time on; nobody else finds it due before.
const TAKE_ASK: &str = concat!(
    "UPDATE channels SET ask_at = ?3 WHERE channel_id = ?1 AND ask_at <= ?2 RETURNING ",
    columns!()
);
const TAKE_POLL: &str = concat!(
    "UPDATE channels SET poll_at = ?3 WHERE channel_id = ?1 AND poll_at <= ?2 RETURNING ",
    columns!()
);

/// Takes a due request to the hub, until `until`.
#[must_use]
pub fn take_ask(channel: &ChannelId, now: Timestamp, until: Timestamp) -> Statement {
    Statement::new(TAKE_ASK).bind(channel).bind(now).bind(until)
}

/// Takes a due look, until `until`.
#[must_use]
pub fn take_poll(channel: &ChannelId, now: Timestamp, until: Timestamp) -> Statement {
    Statement::new(TAKE_POLL)
        .bind(channel)
        .bind(now)
        .bind(until)
}

const POLLED: &str = "UPDATE channels SET polled_at = ?2, poll_good_at = ?2, poll_by = ?3, poll_failures = 0,
    poll_note = NULL, etag = CASE WHEN ?8 THEN etag ELSE ?4 END, modified = CASE WHEN ?8 THEN modified ELSE ?5 END, title = coalesce(?6, title), poll_at = CASE WHEN followed THEN ?7 ELSE NULL END
  WHERE channel_id = ?1";
const NOT_POLLED: &str =
    "UPDATE channels SET polled_at = ?2, poll_failures = poll_failures + 1, poll_note = ?3,
    poll_at = CASE WHEN followed THEN ?4 ELSE NULL END
  WHERE channel_id = ?1";

/// What a look gave, beside the videos.
pub struct Polled<'a> {
    /// `feed` or `api`.
    pub by: &'a str,
    /// Whether the feed was as it had been: then what is kept for the next conditional request stays, or stays forgotten.
    pub unchanged: bool,
    /// Of the feed, for the next conditional request.
    pub etag: Option<String>,
    /// The same.
    pub modified: Option<String>,
    /// The channel's name.
    pub title: Option<String>,
    /// When to look next.
    pub next: Timestamp,
}

/// A look that was answered.
#[must_use]
pub fn polled(channel: &ChannelId, now: Timestamp, look: Polled<'_>) -> Statement {
    Statement::new(POLLED)
        .bind(channel)
        .bind(now)
        .bind(look.by)
        .bind(look.etag)
        .bind(look.modified)
        .bind(look.title)
        .bind(look.next)
        .bind(look.unchanged)
}

/// A look that was not; or that had to wait, with what for.
#[must_use]
pub fn not_polled(channel: &ChannelId, now: Timestamp, note: &str, next: Timestamp) -> Statement {
    Statement::new(NOT_POLLED)
        .bind(channel)
        .bind(now)
        .bind(note)
        .bind(next)
}
