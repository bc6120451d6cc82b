//! The SQL of the subscriptions at the hub: one for each channel, shared by all of its sources.

use super::channels::Ask;
use crate::ports::Statement;
use crate::sources::ids::ChannelId;
use crate::time::Timestamp;

const ASKING: &str =
    "UPDATE channels SET ask = CASE WHEN ask = 'unknown' THEN ask ELSE 'pending' END,
    asked_at = ?2, verify_until = ?3, next_secret = ?4
  WHERE channel_id = ?1";

/// Before the request with this secret leaves: its verification may come before its answer.
#[must_use]
pub fn asking(
    channel: &ChannelId,
    now: Timestamp,
    verify_until: Timestamp,
    secret: &str,
) -> Statement {
    Statement::new(ASKING)
        .bind(channel)
        .bind(now)
        .bind(verify_until)
        .bind(secret)
}

const ASK_NOW: &str =
    "UPDATE channels SET ask_at = ?2 WHERE channel_id = ?1 AND followed AND ask_at > ?2";

/// Has the hub asked now, and not when that is due.
#[must_use]
pub fn ask_now(channel: &ChannelId, now: Timestamp) -> Statement {
    Statement::new(ASK_NOW).bind(channel).bind(now)
}

const ANSWERED: &str =
    "UPDATE channels SET ask = ?3, ask_note = ?4, ask_failures = ask_failures + ?5,
    ask_at = CASE WHEN followed THEN ?6 END
  WHERE channel_id = ?1 AND asked_at = ?2 AND ask IN ('pending', 'unknown')";

/// What the hub answered to the request of `asked_at`, unless its verification has come since.
#[must_use]
pub fn answered(
    channel: &ChannelId,
    asked_at: Timestamp,
    ask: Ask,
    note: Option<&str>,
    failed: bool,
    ask_at: Timestamp,
) -> Statement {
    Statement::new(ANSWERED)
        .bind(channel)
        .bind(asked_at)
        .bind(ask.as_str())
        .bind(note.map(str::to_owned))
        .bind(failed)
        .bind(ask_at)
}

// A second verification of one request, or that of an earlier one, finds no other secret and only moves the lease.
const VERIFIED: &str = "UPDATE channels SET
    last_secret = CASE WHEN next_secret IS NULL THEN last_secret ELSE secret END,
    last_secret_until = CASE WHEN next_secret IS NULL THEN last_secret_until ELSE ?5 END,
    secret = coalesce(next_secret, secret), next_secret = NULL,
    ask = 'none', ask_note = NULL, ask_failures = 0, lease_until = ?3, ask_at = ?4
  WHERE channel_id = ?1 AND followed AND verify_until > ?2 RETURNING channel_id";

/// The hub has verified that we asked: the lease begins. Gives a row if something was asked for.
#[must_use]
pub fn verified(
    channel: &ChannelId,
    now: Timestamp,
    lease_until: Timestamp,
    renew_at: Timestamp,
    old_until: Timestamp,
) -> Statement {
    Statement::new(VERIFIED)
        .bind(channel)
        .bind(now)
        .bind(lease_until)
        .bind(renew_at)
        .bind(old_until)
}

const DENIED: &str =
    "UPDATE channels SET ask = 'denied', ask_note = ?2, lease_until = NULL, verify_until = NULL,
    ask_failures = ask_failures + 1, ask_at = CASE WHEN followed THEN ?3 ELSE NULL END
  WHERE channel_id = ?1";

/// The hub will not send anything any more; it is asked again at `ask_at`.
#[must_use]
pub fn denied(channel: &ChannelId, reason: &str, ask_at: Timestamp) -> Statement {
    Statement::new(DENIED)
        .bind(channel)
        .bind(reason)
        .bind(ask_at)
}

const UNSUBSCRIBED: &str =
    "UPDATE channels SET lease_until = NULL, verify_until = NULL, ask = 'none', ask_at = NULL
  WHERE channel_id = ?1 AND NOT followed RETURNING channel_id";

/// The hub has verified that nothing is wanted any more. Gives a row if that is so.
#[must_use]
pub fn unsubscribed(channel: &ChannelId) -> Statement {
    Statement::new(UNSUBSCRIBED).bind(channel)
}

const PUSHED: &str =
    "UPDATE channels SET pushes = pushes + 1, pushed_at = ?2 WHERE channel_id = ?1";
const IGNORED: &str =
    "UPDATE channels SET ignored = ignored + 1, ignored_at = ?2 WHERE channel_id = ?1";

/// Counts a notification.
#[must_use]
pub fn pushed(channel: &ChannelId, now: Timestamp) -> Statement {
    Statement::new(PUSHED).bind(channel).bind(now)
}

/// Counts a notification that had no effect.
#[must_use]
pub fn ignored(channel: &ChannelId, now: Timestamp) -> Statement {
    Statement::new(IGNORED).bind(channel).bind(now)
}

const UNANNOUNCED: &str = "UPDATE channels SET unannounced_at = ?2,
    ask_at = min(coalesce(ask_at, asked_at + ?4), max(?2, asked_at + ?4))
  WHERE channel_id = ?1 AND lease_until > ?2 AND asked_at < ?3 AND coalesce(pushed_at, 0) < ?3";

/// Notes that a new video was found by looking, though the hub had promised to announce it, unless it has promised or sent
/// something since `late`; it is asked anew, `pause_ms` after it was asked last.
#[must_use]
pub fn unannounced(
    channel: &ChannelId,
    now: Timestamp,
    late: Timestamp,
    pause_ms: i64,
) -> Statement {
    Statement::new(UNANNOUNCED)
        .bind(channel)
        .bind(now)
        .bind(late)
        .bind(pause_ms)
}
