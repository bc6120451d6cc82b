//! The SQL of media. Every query names its workspace, but the clean-up, which gives nothing but ids.

use crate::http::Given;
use crate::ids::{AccountId, MediaId, PostId, UserId, WorkspaceId};
use crate::ports::Statement;
use crate::time::{DAY_MS, Timestamp, millis, optional_millis};
use serde::Deserialize;

/// How long what never became whole is kept, in ms.
const UNFINISHED_MS: i64 = DAY_MS;

/// How many of those are cleared away at once.
const CLEAR_MAX: u32 = 50;

/// A row of `media`.
#[derive(Debug, Clone, Deserialize)]
pub struct MediaRow {
    pub id: MediaId,
    pub status: super::Status,
    pub kind: Option<super::Kind>,
    pub media_type: Option<String>,
    pub bytes: u64,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub frames: Option<u32>,
    pub facts: Option<String>,
    pub alt_text: Option<String>,
    pub subtitles: Option<String>,
    pub problem: Option<String>,
    pub received: String,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    #[serde(with = "millis")]
    pub updated_at: Timestamp,
}

impl MediaRow {
    /// One whose bytes are to come.
    #[must_use]
    pub fn uploading(id: MediaId, bytes: u64, now: Timestamp) -> Self {
        Self {
            id,
            status: super::Status::Uploading,
            kind: None,
            media_type: None,
            bytes,
            width: None,
            height: None,
            duration_ms: None,
            frames: None,
            facts: None,
            alt_text: None,
            subtitles: None,
            problem: None,
            received: "[]".to_owned(),
            created_at: now,
            updated_at: now,
        }
    }
}

const INSERT: &str = "INSERT INTO media (workspace_id, id, created_by, status, bytes, alt_text, created_at, updated_at)
  VALUES (?1, ?2, ?3, 'uploading', ?4, ?5, ?6, ?6)";

/// Keeps the answer of a request that made a medium, as [`crate::http::idempotency`] binds it.
pub const KEEP: &str = "UPDATE idempotency_keys SET status = ?4, answer = ?5, expires_at = ?6
  WHERE workspace_id = ?1 AND key = ?2 AND resource_id = ?3 AND status = 0
    AND EXISTS (SELECT 1 FROM media WHERE workspace_id = ?1 AND id = ?7)";

/// A medium whose bytes are to come.
#[must_use]
pub fn insert(
    workspace: &WorkspaceId,
    id: &MediaId,
    by: &UserId,
    bytes: u64,
    alt_text: Option<&str>,
    now: Timestamp,
) -> Statement {
    Statement::new(INSERT)
        .bind(workspace)
        .bind(id)
        .bind(by)
        .bind(whole(bytes))
        .bind(alt_text)
        .bind(now)
}

const READ: &str = "SELECT id, status, kind, media_type, bytes, width, height, duration_ms, frames, facts, alt_text, subtitles,
    problem, received, created_at, updated_at
  FROM media WHERE workspace_id = ?1 AND id = ?2 AND status <> 'deleted'";

/// One medium.
#[must_use]
pub fn read(workspace: &WorkspaceId, id: &MediaId) -> Statement {
    Statement::new(READ).bind(workspace).bind(id)
}

const READ_MANY: &str = "SELECT id, status, kind, media_type, bytes, width, height, duration_ms, frames, facts, alt_text, subtitles,
    problem, received, created_at, updated_at
  FROM media WHERE workspace_id = ?1 AND id IN (SELECT value FROM json_each(?2)) AND status <> 'deleted'";

/// Those of a list that there are.
#[must_use]
pub fn read_many<'a>(workspace: &WorkspaceId, ids: impl Iterator<Item = &'a MediaId>) -> Statement {
    let ids: Vec<&MediaId> = ids.collect();
    Statement::new(READ_MANY)
        .bind(workspace)
        .bind(serde_json::to_string(&ids).unwrap_or_default())
}

const LIST: &str = "SELECT id, status, kind, media_type, bytes, width, height, duration_ms, frames, facts, alt_text, subtitles,
    problem, received, created_at, updated_at
  FROM media WHERE workspace_id = ?1 AND id < ?2 AND status <> 'deleted' ORDER BY id DESC LIMIT ?3";

/// The newest before a cursor.
#[must_use]
pub fn list(workspace: &WorkspaceId, before: Option<&MediaId>, limit: u32) -> Statement {
    Statement::new(LIST)
        .bind(workspace)
        // Every id is smaller than this.
        .bind(before.map_or("media_~", MediaId::as_str))
        .bind(limit.saturating_add(1))
}

// A list without repeats, whatever comes twice. D1 binds numbers as doubles, and 0.0 would be written as such.
const RECEIVED: &str = "UPDATE media SET updated_at = ?4, received = (
    SELECT json_group_array(value) FROM (SELECT value FROM json_each(received) UNION SELECT CAST(?3 AS INTEGER) ORDER BY 1))
  WHERE workspace_id = ?1 AND id = ?2 AND status = 'uploading' RETURNING id";

/// A chunk is there.
#[must_use]
pub fn received(workspace: &WorkspaceId, id: &MediaId, chunk: u32, now: Timestamp) -> Statement {
    Statement::new(RECEIVED)
        .bind(workspace)
        .bind(id)
        .bind(chunk)
        .bind(now)
}

const FINISH: &str = "UPDATE media SET status = ?3, kind = ?4, media_type = ?5, bytes = ?6, width = ?7, height = ?8,
    duration_ms = ?9, frames = ?10, problem = ?11, alt_text = ?13, facts = ?14, received = '[]', updated_at = ?12
  WHERE workspace_id = ?1 AND id = ?2 AND status = 'uploading'";

/// What a medium is, now that it is whole; or why it is nothing.
#[must_use]
pub fn finish(workspace: &WorkspaceId, medium: &MediaRow, now: Timestamp) -> Statement {
    Statement::new(FINISH)
        .bind(workspace)
        .bind(&medium.id)
        .bind(medium.status.as_str())
        .bind(medium.kind.map(super::Kind::as_str))
        .bind(medium.media_type.clone())
        .bind(whole(medium.bytes))
        .bind(medium.width)
        .bind(medium.height)
        .bind(medium.duration_ms.map(whole))
        .bind(medium.frames)
        .bind(medium.problem.clone())
        .bind(now)
        .bind(medium.alt_text.clone())
        .bind(medium.facts.clone())
}

const CHANGE: &str = "UPDATE media SET alt_text = CASE WHEN ?3 THEN ?4 ELSE alt_text END,
    subtitles = CASE WHEN ?5 THEN ?6 ELSE subtitles END, updated_at = ?7
  WHERE workspace_id = ?1 AND id = ?2 RETURNING id";
const FORGET_LABELS: &str = "UPDATE media_uploads SET labeled = 0, updated_at = ?3 WHERE media_id = ?2 AND workspace_id = ?1";

/// Another alt text, where one is given, and other subtitles; the platform is told when it is posted next.
#[must_use]
pub fn change(
    workspace: &WorkspaceId,
    id: &MediaId,
    alt_text: &Given<String>,
    subtitles: &Given<String>,
    now: Timestamp,
) -> [Statement; 2] {
    [
        Statement::new(CHANGE)
            .bind(workspace)
            .bind(id)
            .bind(alt_text.is_given())
            .bind(alt_text.value().cloned())
            .bind(subtitles.is_given())
            .bind(subtitles.value().cloned())
            .bind(now),
        Statement::new(FORGET_LABELS)
            .bind(workspace)
            .bind(id)
            .bind(now),
    ]
}

// A post that may still be sent needs its media.
const DELETE: &str = "UPDATE media SET status = 'deleted' WHERE workspace_id = ?1 AND id = ?2 AND status <> 'deleted' AND NOT EXISTS (
    SELECT 1 FROM post_media u JOIN deliveries d ON d.workspace_id = u.workspace_id AND d.post_id = u.post_id
    WHERE u.workspace_id = ?1 AND u.media_id = ?2
      AND d.state IN ('draft', 'in_review', 'scheduled', 'queued', 'publishing', 'waiting', 'uncertain'))
  RETURNING id";
const DELETE_UPLOADS: &str = "DELETE FROM media_uploads WHERE media_id = ?2 AND workspace_id = ?1
    AND EXISTS (SELECT 1 FROM media WHERE workspace_id = ?1 AND id = ?2 AND status = 'deleted')";

/// Gives up a medium that no post needs any more; the first statement gives it if it did. Its pieces are still there, and
/// so is its row, by which they are found.
#[must_use]
pub fn delete(workspace: &WorkspaceId, id: &MediaId) -> [Statement; 2] {
    [DELETE, DELETE_UPLOADS].map(|sql| Statement::new(sql).bind(workspace).bind(id))
}

/// Notes which media a post uses, of the JSON list `?3`, if there is such a post.
pub const USE: &str = "INSERT INTO post_media (workspace_id, media_id, post_id)
  SELECT DISTINCT ?1, value, ?2 FROM json_each(?3)
  WHERE EXISTS (SELECT 1 FROM posts WHERE workspace_id = ?1 AND id = ?2)
  ON CONFLICT DO NOTHING";

/// A post uses these media. What it used before stays noted: it costs nothing but their room.
#[must_use]
pub fn used<'a>(
    workspace: &WorkspaceId,
    post: &PostId,
    media: impl Iterator<Item = &'a MediaId>,
) -> Option<Statement> {
    let media: Vec<&MediaId> = media.collect();
    let list = serde_json::to_string(&media).unwrap_or_default();
    (!media.is_empty()).then(|| Statement::new(USE).bind(workspace).bind(post).bind(list))
}

/// What never became whole, or was deleted.
#[derive(Debug, Deserialize)]
pub struct Unfinished {
    pub workspace_id: WorkspaceId,
    pub id: MediaId,
    pub bytes: u64,
}

const UNFINISHED: &str = "SELECT workspace_id, id, bytes FROM media
  WHERE status <> 'ready' AND created_at < ?1 ORDER BY created_at LIMIT ?2";
const CLEAR: &str = "DELETE FROM media WHERE workspace_id = ?1 AND id = ?2 AND status <> 'ready'";

/// What never became whole within a day, the oldest first.
#[must_use]
pub fn unfinished(now: Timestamp) -> Statement {
    Statement::new(UNFINISHED)
        .bind(now.plus_ms(-UNFINISHED_MS))
        .bind(CLEAR_MAX)
}

/// Forgets one of those.
#[must_use]
pub fn clear(workspace: &WorkspaceId, id: &MediaId) -> Statement {
    Statement::new(CLEAR).bind(workspace).bind(id)
}

/// What a platform has of a medium.
#[derive(Debug, Clone, Deserialize)]
pub struct UploadRow {
    pub media_id: MediaId,
    pub external_id: Option<String>,
    pub external_key: Option<String>,
    pub state: super::UploadState,
    pub sent: u32,
    #[serde(with = "optional_millis")]
    pub check_at: Option<Timestamp>,
    pub labeled: u32,
    pub problem: Option<String>,
    #[serde(with = "optional_millis")]
    pub expires_at: Option<Timestamp>,
}

const UPLOADS: &str = "SELECT media_id, external_id, external_key, state, sent, check_at, labeled, problem, expires_at
  FROM media_uploads WHERE workspace_id = ?1 AND account_id = ?2 AND media_id IN (SELECT value FROM json_each(?3))";

/// What the platform of an account has of these media.
#[must_use]
pub fn uploads(workspace: &WorkspaceId, account: &AccountId, media: &[MediaId]) -> Statement {
    Statement::new(UPLOADS)
        .bind(workspace)
        .bind(account)
        .bind(serde_json::to_string(media).unwrap_or_default())
}

// One claim at a time uploads a medium to an account; a claim that died leaves it when its lease is over.
const HOLD: &str = "INSERT INTO media_uploads (media_id, account_id, workspace_id, state, holder, held_until, updated_at)
  VALUES (?1, ?2, ?3, 'uploading', ?4, ?5, ?6)
  ON CONFLICT (media_id, account_id) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until,
    updated_at = excluded.updated_at
  WHERE media_uploads.holder IS NULL OR media_uploads.holder = excluded.holder OR media_uploads.held_until <= ?6
  RETURNING media_id, external_id, external_key, state, sent, check_at, labeled, problem, expires_at";

/// Who uploads, for whom, and until when.
#[derive(Debug, Clone)]
pub struct Holder<'a> {
    pub workspace_id: &'a WorkspaceId,
    pub account_id: &'a AccountId,
    /// The claim.
    pub name: String,
}

/// Takes the right to upload a medium; gives what the platform has of it, or nothing when somebody else is at it.
#[must_use]
pub fn hold(holder: &Holder<'_>, media: &MediaId, until: Timestamp, now: Timestamp) -> Statement {
    Statement::new(HOLD)
        .bind(media)
        .bind(holder.account_id)
        .bind(holder.workspace_id)
        .bind(holder.name.as_str())
        .bind(until)
        .bind(now)
}

const SAVE: &str = "UPDATE media_uploads SET external_id = ?5, external_key = ?6, state = ?7, sent = ?8, check_at = ?9,
    labeled = ?10, problem = ?11, expires_at = ?12, held_until = ?13, updated_at = ?14
  WHERE media_id = ?1 AND account_id = ?2 AND workspace_id = ?3 AND holder = ?4 RETURNING media_id";

/// Keeps how far an upload is, if it is still this holder's.
#[must_use]
pub fn save(
    holder: &Holder<'_>,
    upload: &UploadRow,
    until: Timestamp,
    now: Timestamp,
) -> Statement {
    Statement::new(SAVE)
        .bind(&upload.media_id)
        .bind(holder.account_id)
        .bind(holder.workspace_id)
        .bind(holder.name.as_str())
        .bind(upload.external_id.clone())
        .bind(upload.external_key.clone())
        .bind(upload.state.as_str())
        .bind(upload.sent)
        .bind(upload.check_at)
        .bind(upload.labeled)
        .bind(upload.problem.clone())
        .bind(upload.expires_at)
        .bind(until)
        .bind(now)
}

const RELEASE: &str = "UPDATE media_uploads SET holder = NULL, held_until = NULL
  WHERE media_id = ?1 AND account_id = ?2 AND workspace_id = ?3 AND holder = ?4";

/// Gives the right to upload back.
#[must_use]
pub fn release(holder: &Holder<'_>, media: &MediaId) -> Statement {
    Statement::new(RELEASE)
        .bind(media)
        .bind(holder.account_id)
        .bind(holder.workspace_id)
        .bind(holder.name.as_str())
}

// D1 carries numbers up to 2^53; no file is that long.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
