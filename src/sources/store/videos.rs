//! The SQL of videos, which are of no workspace, and of claiming them for the sources of their channel, all at once: that
//! gives or changes nothing beyond the rows of the channel.

use crate::ids::{PostId, WorkspaceId};
use crate::ports::Statement;
use crate::sources::ids::{ChannelId, VideoId};
use crate::sources::model::SeenBy;
use crate::sources::sight::Sighting;
use crate::time::{Timestamp, millis, optional_millis};
use serde::{Deserialize, Serialize};

/// A video that was seen.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    pub video_id: VideoId,
    pub title: Option<String>,
    #[serde(with = "optional_millis")]
    pub published_at: Option<Timestamp>,
    /// What the sighting itself says of it: JSON of [`crate::sources::kind::Evidence`].
    pub evidence: String,
}

// A later sighting of what is not decided yet may know more, and so may one of what waits to be posted; of what is done it
// changes nothing, so that an edit of an old video costs no row.
const SEE: &str = "INSERT INTO videos (channel_id, video_id, title, published_at, first_seen_at, evidence)
  SELECT ?1, value ->> 'video_id', value ->> 'title', value ->> 'published_at', ?3, value ->> 'evidence' FROM json_each(?2)
  WHERE EXISTS (SELECT 1 FROM channels WHERE channel_id = ?1 AND followed)
  ON CONFLICT (channel_id, video_id) DO UPDATE SET title = coalesce(excluded.title, title),
    published_at = coalesce(published_at, excluded.published_at), evidence = json_patch(excluded.evidence, evidence)
  WHERE (verdict = 'undecided' OR EXISTS (SELECT 1 FROM source_items i
      WHERE i.channel_id = ?1 AND i.video_id = videos.video_id AND i.state = 'pending'))
    AND (coalesce(excluded.title, title, '') <> coalesce(title, '')
    OR coalesce(published_at, excluded.published_at, 0) <> coalesce(published_at, 0)
    OR json_patch(excluded.evidence, evidence) <> evidence)";

/// The claim: whoever comes first makes the row, and whatever comes later finds it. With `?6`, what seems to be old is looked
/// at first: the time that a feed gives is not always that of going public.
const CLAIM: &str = "INSERT INTO source_items (source_id, video_id, workspace_id, channel_id, state, reason, seen_at, seen_by,
    settled_at)
  SELECT s.id, v.video_id, s.workspace_id, ?1,
    CASE WHEN ?6 THEN 'pending' WHEN v.published_at < s.baseline_at OR v.published_at < ?3 - ?5 THEN 'recorded'
      ELSE 'pending' END,
    CASE WHEN ?6 THEN NULL WHEN v.published_at < s.baseline_at THEN 'before_baseline'
      WHEN v.published_at < ?3 - ?5 THEN 'old_news' END,
    ?3, ?4, CASE WHEN ?6 THEN NULL WHEN v.published_at < s.baseline_at OR v.published_at < ?3 - ?5 THEN ?3 END
  FROM json_each(?2) seen
    JOIN videos v ON v.channel_id = ?1 AND v.video_id = seen.value ->> 'video_id'
    JOIN sources s ON s.channel_id = ?1 AND s.state = 'active'
  WHERE NOT EXISTS (SELECT 1 FROM source_items i WHERE i.source_id = s.id AND i.video_id = v.video_id)
  ON CONFLICT (source_id, video_id) DO NOTHING";

const WAKE: &str = "UPDATE videos SET look_at = ?3
  WHERE channel_id = ?1 AND look_at IS NULL AND video_id IN (SELECT value ->> 'video_id' FROM json_each(?2))
    AND EXISTS (SELECT 1 FROM source_items i WHERE i.channel_id = ?1 AND i.video_id = videos.video_id
      AND i.state IN ('pending', 'posting'))
  RETURNING video_id";

/// Notes what was seen of a channel, claims it for each of its sources, and has what is new looked at. The last gives the
/// videos to look at. `ask_when`: whether the Data API is to be asked when they were published.
#[must_use]
pub fn see(
    channel: &ChannelId,
    seen: &[Seen],
    by: SeenBy,
    (news_ms, ask_when): (i64, bool),
    now: Timestamp,
) -> [Statement; 3] {
    let list = serde_json::to_string(seen).unwrap_or_default();
    let about = |sql| {
        Statement::new(sql)
            .bind(channel)
            .bind(list.as_str())
            .bind(now)
    };
    [
        about(SEE),
        about(CLAIM).bind(by.as_str()).bind(news_ms).bind(ask_when),
        about(WAKE),
    ]
}

// A video that is not known yet is noted as well: its entry may come behind the word that it is gone. One that is open for
// anybody is looked at anew. JSON keeps a number as it is bound, and D1 binds them all as floating point.
const GONE: &str = "INSERT INTO videos (channel_id, video_id, first_seen_at, evidence)
  SELECT ?1, value, ?3, json_object('deleted', CAST(?3 AS INTEGER)) FROM json_each(?2)
  WHERE EXISTS (SELECT 1 FROM channels WHERE channel_id = ?1 AND followed)
  ON CONFLICT (channel_id, video_id) DO UPDATE SET
    evidence = json_set(evidence, '$.deleted', CAST(?3 AS INTEGER))";
const REOPEN: &str = "UPDATE videos SET verdict = 'undecided', reason = 'absent', look_at = ?3
  WHERE channel_id = ?1 AND video_id IN (SELECT value FROM json_each(?2))
    AND EXISTS (SELECT 1 FROM source_items i
      WHERE i.channel_id = ?1 AND i.video_id = videos.video_id AND i.state IN ('pending', 'posting'))";
const UNTAKE: &str = "UPDATE source_items SET state = 'pending', claimed_on = NULL, reason = NULL, detail = NULL
  WHERE channel_id = ?1 AND video_id IN (SELECT value FROM json_each(?2)) AND state IN ('pending', 'posting')";
const POSTS_OF: &str = "SELECT workspace_id, post_id FROM source_items i
  WHERE channel_id = ?1 AND video_id IN (SELECT value FROM json_each(?2)) AND state = 'posted'
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = i.workspace_id AND d.post_id = i.post_id
      AND d.state IN ('draft', 'in_review', 'scheduled', 'queued', 'waiting'))";

/// Notes that videos were deleted or made private, and has what is not a post by now looked at then. The last gives the
/// posts of them that are not out.
#[must_use]
pub fn gone(
    channel: &ChannelId,
    videos: &[VideoId],
    now: Timestamp,
    look_at: Timestamp,
) -> [Statement; 4] {
    let list = serde_json::to_string(videos).unwrap_or_default();
    let about = |sql| Statement::new(sql).bind(channel).bind(list.as_str());
    [
        about(GONE).bind(now),
        about(REOPEN).bind(look_at),
        about(UNTAKE),
        about(POSTS_OF),
    ]
}

/// What the last of [`gone`] gives.
#[derive(Debug, Deserialize)]
pub struct PostOfRow {
    pub workspace_id: WorkspaceId,
    pub post_id: PostId,
}

/// A row of `videos`.
#[derive(Debug, Clone, Deserialize)]
pub struct VideoRow {
    pub video_id: VideoId,
    pub title: Option<String>,
    #[serde(with = "optional_millis")]
    pub published_at: Option<Timestamp>,
    #[serde(with = "millis")]
    pub first_seen_at: Timestamp,
    pub evidence: String,
    pub verdict: Verdict,
    pub reason: Option<String>,
}

impl VideoRow {
    /// One that was seen and is not kept.
    #[must_use]
    pub fn seen(seen: Sighting, now: Timestamp) -> Self {
        Self {
            video_id: seen.video_id,
            title: seen.title,
            published_at: seen.published_at,
            first_seen_at: now,
            evidence: seen.evidence.stored(),
            verdict: Verdict::Undecided,
            reason: None,
        }
    }
}

/// What a video is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is not known.
    Undecided,
    /// A Short.
    Short,
    /// Something else, and public.
    Video,
    /// Nothing that is posted.
    LeftOut,
}

impl Verdict {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Short => "short",
            Self::Video => "video",
            Self::LeftOut => "left_out",
        }
    }
}

const DUE: &str =
    "SELECT channel_id, video_id FROM videos WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2";

/// What [`due`] gives.
#[derive(Debug, Deserialize)]
pub struct DueRow {
    pub channel_id: ChannelId,
    pub video_id: VideoId,
}

/// Videos that are to be looked at.
#[must_use]
pub fn due(now: Timestamp, limit: u32) -> Statement {
    Statement::new(DUE).bind(now).bind(limit)
}

const TAKE: &str = "UPDATE videos SET look_at = ?4
  WHERE channel_id = ?1 AND look_at <= ?3 AND video_id IN (SELECT value FROM json_each(?2))
  RETURNING video_id, title, published_at, first_seen_at, evidence, verdict, reason";

/// Takes the due ones among these videos, until `until`.
#[must_use]
pub fn take(
    channel: &ChannelId,
    videos: &[VideoId],
    now: Timestamp,
    until: Timestamp,
) -> Statement {
    Statement::new(TAKE)
        .bind(channel)
        .bind(serde_json::to_string(videos).unwrap_or_default())
        .bind(now)
        .bind(until)
}

// What was seen of it meanwhile stays. A source may have begun and claimed it: what is open for anybody stays due.
const LOOKED: &str = "UPDATE videos SET title = coalesce(?3, title), published_at = coalesce(?4, published_at),
    evidence = json_patch(evidence, ?5),
    verdict = ?6, reason = ?7, look_at = coalesce(?8, CASE WHEN EXISTS (SELECT 1 FROM source_items i
      WHERE i.channel_id = ?1 AND i.video_id = ?2 AND i.state IN ('pending', 'posting')) THEN ?9 END)
  WHERE channel_id = ?1 AND video_id = ?2 AND look_at = ?9";

/// What a look gave, by whoever took it until `held`; the title only where it has become another.
#[must_use]
pub fn looked(
    channel: &ChannelId,
    video: &VideoRow,
    title: Option<String>,
    look_at: Option<Timestamp>,
    held: Timestamp,
) -> Statement {
    Statement::new(LOOKED)
        .bind(channel)
        .bind(&video.video_id)
        .bind(title)
        .bind(video.published_at)
        .bind(video.evidence.as_str())
        .bind(video.verdict.as_str())
        .bind(video.reason.clone())
        .bind(look_at)
        .bind(held)
}

const HISTORY: &str =
    "SELECT published_at FROM videos WHERE channel_id = ?1 AND published_at IS NOT NULL
  ORDER BY published_at DESC LIMIT ?2";
const NEWEST: &str =
    "SELECT video_id, title, published_at, first_seen_at, evidence, verdict, reason
  FROM videos WHERE channel_id = ?1 AND title IS NOT NULL ORDER BY coalesce(published_at, first_seen_at) DESC LIMIT ?2";

/// When the channel published, newest first.
#[must_use]
pub fn history(channel: &ChannelId, limit: u32) -> Statement {
    Statement::new(HISTORY).bind(channel).bind(limit)
}

/// What [`history`] gives.
#[derive(Debug, Deserialize)]
pub struct PublishedRow {
    #[serde(with = "millis")]
    pub published_at: Timestamp,
}

/// The newest videos that are known of a channel.
#[must_use]
pub fn newest(channel: &ChannelId, limit: u32) -> Statement {
    Statement::new(NEWEST).bind(channel).bind(limit)
}
