//! The SQL of what each source made of its channel's videos. Every statement names the workspace but the one that gives the
//! open items of a channel, of all its sources.

use super::videos::Verdict;
use crate::ids::{PostId, SourceId, UserId, WorkspaceId};
use crate::ports::Statement;
use crate::posts::Status;
use crate::sources::ids::{ChannelId, VideoId};
use crate::sources::model::{ItemState, SeenBy};
use crate::time::{Timestamp, millis, optional_millis};
use serde::Deserialize;

/// The characters at the end of an id that are all chance.
pub const TURNS: u32 = 12;

const OPEN: &str = "SELECT i.source_id, i.workspace_id, i.video_id, i.state, i.seen_at, i.post_id, s.baseline_at, s.settings, s.revision, s.created_by, s.state = 'active' AS active,
    i.reason IS NOT NULL AS tried
  FROM source_items i JOIN sources s ON s.workspace_id = i.workspace_id AND s.id = i.source_id
  WHERE i.channel_id = ?1 AND i.video_id IN (SELECT value FROM json_each(?2)) AND i.state IN ('pending', 'posting')
  ORDER BY i.reason IS NOT NULL, substr(i.source_id, -?4), i.video_id LIMIT ?3";

/// An item that has not come to its end, with its source.
#[derive(Debug, Deserialize)]
pub struct OpenRow {
    pub source_id: SourceId,
    pub workspace_id: WorkspaceId,
    pub video_id: VideoId,
    pub state: ItemState,
    #[serde(with = "millis")]
    pub seen_at: Timestamp,
    pub post_id: Option<PostId>,
    #[serde(with = "millis")]
    pub baseline_at: Timestamp,
    pub settings: String,
    /// Of the source, with these settings.
    pub revision: u32,
    pub created_by: Option<UserId>,
    pub active: u32,
    /// Whether it was tried before, and waits for something.
    pub tried: u32,
}

/// Items of these videos that have not come to their end, of all sources: up to `limit`, those that were not tried yet
/// first, and each `turn` from 1 to [`TURNS`] in another order, so that where there are more each has its own.
#[must_use]
pub fn open(channel: &ChannelId, videos: &[VideoId], limit: u32, turn: u32) -> Statement {
    Statement::new(OPEN)
        .bind(channel)
        .bind(serde_json::to_string(videos).unwrap_or_default())
        .bind(limit)
        .bind(turn)
}

/// An item of the video ?3 of another source of the workspace is in one of these states, and is for an account of the source
/// ?2.
macro_rules! is_of_another {
    ($states:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM source_items other
      JOIN sources theirs ON theirs.workspace_id = ?1 AND theirs.id = other.source_id
      JOIN sources ours ON ours.workspace_id = ?1 AND ours.id = ?2
    WHERE other.channel_id = source_items.channel_id AND other.video_id = ?3 AND other.workspace_id = ?1
      AND other.source_id <> ?2 AND other.state IN (",
            $states,
            ")
      AND EXISTS (SELECT 1 FROM json_each(ours.settings, '$.accounts') account
        WHERE account.value IN (SELECT value FROM json_each(theirs.settings, '$.accounts'))
          OR account.value IN (SELECT account_id FROM deliveries d WHERE d.workspace_id = ?1 AND d.post_id = other.post_id)))"
        )
    };
}

// Whoever took it before may not know yet that it was put back, and makes its post under the same id.
const TAKE_ITEM: &str = concat!(
    "UPDATE source_items SET state = 'posting', claimed_on = ?4, post_id = coalesce(post_id, ?5),
    reason = NULL, detail = NULL
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state = 'pending'
    AND EXISTS (SELECT 1 FROM sources WHERE workspace_id = ?1 AND id = ?2 AND state = 'active' AND revision = ?7)
    AND EXISTS (SELECT 1 FROM videos v WHERE v.channel_id = source_items.channel_id AND v.video_id = ?3 AND v.look_at = ?6)
    AND (SELECT count(*) FROM source_items i WHERE i.source_id = ?2 AND i.claimed_on = ?4)
      < coalesce((SELECT max_per_day FROM sources WHERE workspace_id = ?1 AND id = ?2), 1e9)
    AND NOT ",
    is_of_another!("'posting', 'posted'"),
    " RETURNING post_id"
);

/// What [`take_item`] gives: the id of the post to make.
#[derive(Debug, Deserialize)]
pub struct TakenRow {
    pub post_id: PostId,
}

/// Takes an item to be posted, as this post or as the one that it was taken for before, if its source was not changed, the
/// day still has room for it, no other source of the workspace posts the video by one of its accounts, and its video is still
/// held until `held`; gives a row if so.
#[must_use]
pub fn take_item(item: &OpenRow, day: &str, post: &PostId, held: Timestamp) -> Statement {
    about(TAKE_ITEM, item)
        .bind(day)
        .bind(post)
        .bind(held)
        .bind(item.revision)
}

const DAY_IS_FULL: &str =
    "UPDATE source_items SET state = 'left_out', reason = 'max_per_day', settled_at = ?5
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state = 'pending'
    AND (SELECT count(*) FROM source_items i WHERE i.source_id = ?2 AND i.claimed_on = ?4)
      >= (SELECT max_per_day FROM sources WHERE workspace_id = ?1 AND id = ?2)";

// What is only being posted may become no post yet: until that is known, this one waits.
const POSTED_BY_ANOTHER: &str = concat!(
    "UPDATE source_items SET state = 'left_out', reason = 'another_source', settled_at = ?4
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state = 'pending' AND ",
    is_of_another!("'posted'")
);

/// Settles an item that was not taken since another source has posted the video.
#[must_use]
pub fn posted_by_another(item: &OpenRow, now: Timestamp) -> Statement {
    about(POSTED_BY_ANOTHER, item).bind(now)
}

/// Settles an item that was not taken since its day is full.
#[must_use]
pub fn day_is_full(item: &OpenRow, day: &str, now: Timestamp) -> Statement {
    about(DAY_IS_FULL, item).bind(day).bind(now)
}

const POSTED: &str = "UPDATE source_items SET state = 'posted', settled_at = ?4,
    reason = CASE reason WHEN 'accounts_left_out' THEN reason END,
    detail = CASE reason WHEN 'accounts_left_out' THEN detail END
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state IN ('pending', 'posting')
    AND EXISTS (SELECT 1 FROM posts WHERE posts.workspace_id = ?1 AND posts.id = source_items.post_id)";
const LEFT_OUT: &str = "UPDATE source_items SET state = 'left_out', reason = ?4, detail = ?5, claimed_on = NULL, settled_at = ?6
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state IN ('pending', 'posting')
    AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.workspace_id = ?1 AND posts.id = source_items.post_id)";
const RECORDED: &str = "UPDATE source_items SET state = 'recorded', reason = ?4, settled_at = ?5
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state = 'pending'";
const NOTED: &str = "UPDATE source_items SET reason = ?4, detail = ?5
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state IN ('pending', 'posting')";
const PUT_BACK: &str =
    "UPDATE source_items SET state = 'pending', claimed_on = NULL, reason = ?4, detail = ?5
  WHERE workspace_id = ?1 AND source_id = ?2 AND video_id = ?3 AND state = 'posting'";

/// It is a post now, if that is there.
#[must_use]
pub fn posted(item: &OpenRow, now: Timestamp) -> Statement {
    about(POSTED, item).bind(now)
}

/// It becomes none.
#[must_use]
pub fn left_out(item: &OpenRow, reason: &str, detail: Option<&str>, now: Timestamp) -> Statement {
    about(LEFT_OUT, item)
        .bind(reason)
        .bind(detail.map(str::to_owned))
        .bind(now)
}

/// It is old.
#[must_use]
pub fn recorded(item: &OpenRow, reason: &str, now: Timestamp) -> Statement {
    about(RECORDED, item).bind(reason).bind(now)
}

/// It is to be told of it.
#[must_use]
pub fn noted(item: &OpenRow, reason: &str, detail: Option<&str>) -> Statement {
    about(NOTED, item)
        .bind(reason)
        .bind(detail.map(str::to_owned))
}

/// It was taken and is no post, and waits for something.
#[must_use]
pub fn put_back(item: &OpenRow, reason: &str, detail: Option<&str>) -> Statement {
    about(PUT_BACK, item)
        .bind(reason)
        .bind(detail.map(str::to_owned))
}

fn about(sql: &'static str, item: &OpenRow) -> Statement {
    Statement::new(sql)
        .bind(&item.workspace_id)
        .bind(&item.source_id)
        .bind(&item.video_id)
}

const WAKE: &str = "UPDATE videos SET look_at = ?2
  WHERE look_at > ?2 AND (channel_id, video_id) IN (
    SELECT i.channel_id, i.video_id FROM sources s JOIN source_items i ON i.source_id = s.id AND i.seen_at > ?3
    WHERE s.workspace_id = ?1 AND i.state = 'pending' AND i.reason IN ('account_needs_reconnect', 'unknown_account'))";

/// What waits for an account of this workspace, and was seen since `since`, is looked at now: one was connected.
#[must_use]
pub fn wake(workspace: &WorkspaceId, now: Timestamp, since: Timestamp) -> Statement {
    Statement::new(WAKE).bind(workspace).bind(now).bind(since)
}

const LOOK_AGAIN: &str = "UPDATE videos SET look_at = ?3
  WHERE look_at > ?3 AND (channel_id, video_id) IN (
    SELECT channel_id, video_id FROM source_items WHERE workspace_id = ?1 AND source_id = ?2 AND state = 'pending' AND reason IS NOT NULL)";

/// What waits for something is looked at now: its source was changed. Nothing is lost if somebody is looking at it.
#[must_use]
pub fn look_again(workspace: &WorkspaceId, source: &SourceId, now: Timestamp) -> Statement {
    Statement::new(LOOK_AGAIN)
        .bind(workspace)
        .bind(source)
        .bind(now)
}

const ITEMS: &str =
    "SELECT i.video_id, i.state, i.reason, i.detail, i.seen_at, i.seen_by, i.post_id, i.channel_id,
    v.title, v.published_at, v.evidence, v.verdict, v.reason AS video_reason, v.look_at, p.status AS post_status
  FROM source_items i
    LEFT JOIN posts p ON p.workspace_id = i.workspace_id AND p.id = i.post_id
    LEFT JOIN videos v ON v.channel_id = i.channel_id AND v.video_id = i.video_id
  WHERE i.workspace_id = ?1 AND i.source_id = ?2 AND (i.seen_at, i.video_id) < (?3, ?4)
    AND (?5 IS NULL OR i.state = ?5)
  ORDER BY i.seen_at DESC, i.video_id DESC LIMIT ?6";

/// An item with its video.
#[derive(Debug, Deserialize)]
pub struct ItemRow {
    pub video_id: VideoId,
    pub state: ItemState,
    pub reason: Option<String>,
    pub detail: Option<String>,
    #[serde(with = "millis")]
    pub seen_at: Timestamp,
    pub seen_by: SeenBy,
    pub post_id: Option<PostId>,
    pub post_status: Option<Status>,
    pub title: Option<String>,
    #[serde(with = "optional_millis")]
    pub published_at: Option<Timestamp>,
    pub evidence: Option<String>,
    pub verdict: Option<Verdict>,
    pub video_reason: Option<String>,
    #[serde(with = "optional_millis")]
    pub look_at: Option<Timestamp>,
}

/// A source's items, newest first, before the cursor.
#[must_use]
pub fn page(
    workspace: &WorkspaceId,
    source: &SourceId,
    before: (i64, &str),
    state: Option<ItemState>,
    limit: u32,
) -> Statement {
    let state = state.and_then(|state| serde_json::to_value(state).ok());
    let state = state.as_ref().and_then(serde_json::Value::as_str);
    Statement::new(ITEMS)
        .bind(workspace)
        .bind(source)
        .bind(before.0)
        .bind(before.1)
        .bind(state.map(str::to_owned))
        .bind(limit)
}
