//! The SQL of posts: create, read, list, edit, cancel, retry, resolve, history, statistics. Every query names its workspace.

use super::model::{Part, PartState, Source, Status};
use crate::ids::{AccountId, DeliveryId, PostId, UserId, WorkspaceId};
use crate::ports::StorageError;
use crate::publish::State;
use crate::publish::content::{self, Options, Segment, Written};
use crate::publish::store::post_status;
use crate::time::{Timestamp, millis, optional_millis};
use serde::Deserialize;

/// True when all the accounts of the JSON list `?2` are active accounts of workspace `?1`; `?3` says how many there are.
macro_rules! accounts_are_good {
    () => {
        "(SELECT count(*) FROM accounts WHERE workspace_id = ?1 AND status = 'active' AND auth <> 'app_only'
           AND id IN (SELECT value FROM json_each(?2))) = ?3"
    };
}

/// Claims an idempotency key for a new post; one whose time is over, as a claim's lease may be, is taken over.
pub const CLAIM_KEY: &str = concat!(
    "INSERT INTO idempotency_keys (workspace_id, key, fingerprint, resource_id, status, answer, expires_at)
  SELECT ?1, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ",
    accounts_are_good!(),
    " ON CONFLICT (workspace_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
    resource_id = excluded.resource_id, status = excluded.status, answer = excluded.answer,
    expires_at = excluded.expires_at
  WHERE idempotency_keys.expires_at <= ?10"
);

/// Inserts the post if its accounts are good; where there is a key (`?4`), if that was claimed for this very post; and where
/// a source (`?15`) makes it of a video (`?16`), while that item is taken for it.
pub const INSERT_POST: &str = concat!(
    "INSERT INTO posts (workspace_id, id, author_id, source, status, segments, publish_at, wall_clock, timezone,
    created_at, updated_at, options)
  SELECT ?1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14 WHERE ",
    accounts_are_good!(),
    " AND (?4 IS NULL OR EXISTS (
      SELECT 1 FROM idempotency_keys WHERE workspace_id = ?1 AND key = ?4 AND resource_id = ?5))
    AND (?15 IS NULL OR EXISTS (SELECT 1 FROM source_items
      WHERE source_id = ?15 AND video_id = ?16 AND workspace_id = ?1 AND state = 'posting' AND post_id = ?5))
  RETURNING id"
);

/// Inserts the deliveries of the JSON list `?3` of `{id, account_id, segments}`, if the post was inserted: one that was
/// there before, under whose id an order is given again, has its deliveries.
pub const INSERT_DELIVERIES: &str = "INSERT INTO deliveries (id, workspace_id, post_id, account_id, platform, state,
    segments, due_at, next_attempt_at, sweep_at, created_at, updated_at)
  SELECT value ->> 'id', ?1, ?2, value ->> 'account_id', 'x', ?4, value ->> 'segments', ?5, ?5, ?6, ?7, ?7
  FROM json_each(?3)
  WHERE EXISTS (SELECT 1 FROM posts WHERE workspace_id = ?1 AND id = ?2)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE workspace_id = ?1 AND post_id = ?2)";

/// What decides what may be posted, of each account of the JSON list `?2`.
pub const ACCOUNTS: &str = "SELECT id, status, auth, subscription, app FROM accounts
  WHERE workspace_id = ?1 AND id IN (SELECT value FROM json_each(?2))";

/// One post.
pub const READ_POST: &str =
    "SELECT id, workspace_id, author_id, source, status, segments, options, publish_at, wall_clock,
    timezone, revision, created_at, updated_at
  FROM posts WHERE workspace_id = ?1 AND id = ?2";

/// Posts, newest first, before the cursor `?2`.
pub const LIST_POSTS: &str = "SELECT id, workspace_id, author_id, source, status, segments, options, publish_at, wall_clock,
    timezone, revision, created_at, updated_at
  FROM posts
  WHERE workspace_id = ?1 AND id < ?2 AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR source = ?4)
    AND (?5 IS NULL OR created_at >= ?5) AND (?6 IS NULL OR created_at < ?6)
    AND (?7 IS NULL OR EXISTS (
      SELECT 1 FROM deliveries d WHERE d.workspace_id = ?1 AND d.post_id = posts.id AND d.account_id = ?7))
  ORDER BY id DESC LIMIT ?8";

/// The deliveries of the posts of the JSON list `?2`.
pub const DELIVERIES: &str =
    "SELECT d.id, d.post_id, d.account_id, d.platform, d.state, d.segments, d.reason, d.detail, d.remedy,
    d.upstream, d.next_attempt_at, d.attempt_log, d.published_at, a.handle
  FROM json_each(?2) AS wanted
  JOIN deliveries d ON d.workspace_id = ?1 AND d.post_id = wanted.value
  JOIN accounts a ON a.id = d.account_id
  ORDER BY d.id";

/// The parts of the deliveries of the posts of the JSON list `?2`.
pub const PARTS_OF_POSTS: &str =
    "SELECT p.delivery_id, p.position, p.state, p.external_id, p.sent_at
  FROM json_each(?2) AS wanted
  JOIN deliveries d ON d.workspace_id = ?1 AND d.post_id = wanted.value
  JOIN parts p ON p.delivery_id = d.id
  ORDER BY p.delivery_id, p.position";

/// How many parts of a row of `deliveries` are on the platform, as `3 of 5 parts were sent.`; NULL when none is.
macro_rules! parts_sent {
    () => {
        "(SELECT count(*) || ' of ' || (
          SELECT json_array_length(coalesce(deliveries.segments, posts.segments)) FROM posts
          WHERE posts.workspace_id = deliveries.workspace_id AND posts.id = deliveries.post_id)
        || ' parts were sent.'
      FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'sent' HAVING count(*) > 0)"
    };
}
pub(crate) use parts_sent;

/// The status of the posts of the JSON list `?2`.
pub const POST_STATUSES: &str = concat!(
    "UPDATE posts SET updated_at = ?3, status = (",
    post_status!(),
    ") WHERE workspace_id = ?1 AND id IN (SELECT value FROM json_each(?2))"
);

/// Takes back what has not been handed to the platform, and of what no earlier round left a doubt, of the posts of the JSON
/// list `?2`, for the reason `?4` and with the words `?5`, if there are any. One statement: a claim comes before it or after
/// it. Of a thread that has begun, it stops the rest.
pub const CANCEL: &str = concat!(
    "UPDATE deliveries
  SET state = 'canceled', reason = ?4, remedy = NULL,
    detail = coalesce('Taken back after ' || ",
    parts_sent!(),
    ", 'Taken back before it was sent.') || coalesce(' ' || ?5, ''),
    upstream = NULL, next_attempt_at = NULL, sweep_at = NULL, updated_at = ?3
  WHERE workspace_id = ?1 AND post_id IN (SELECT value FROM json_each(?2))
    AND state IN ('draft', 'in_review', 'scheduled', 'queued', 'waiting')
    AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'uncertain')
  RETURNING id"
);

/// What is on the platform is to be deleted there, as long as its account is linked. A late write of who has sent it finds
/// another epoch.
pub const DELETE: &str = "UPDATE deliveries
  SET state = 'deleting', epoch = epoch + 1, lease_until = NULL, reason = NULL, detail = NULL, remedy = NULL, upstream = NULL,
    attempts = 0, next_attempt_at = ?3, sweep_at = ?4, updated_at = ?3
  WHERE workspace_id = ?1 AND post_id = ?2 AND state IN ('published', 'failed', 'canceled', 'missed')
    AND EXISTS (SELECT 1 FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'sent')
    AND EXISTS (SELECT 1 FROM accounts a
      WHERE a.id = deliveries.account_id AND a.workspace_id = ?1 AND a.status <> 'unlinked' AND a.auth <> 'app_only')
  RETURNING id, account_id";

/// Who wanted a post deleted at the platform.
pub const AUDIT_DELETE: &str =
    "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?3, ?4, 'post.deleted_at_platform', id, ?5 FROM posts WHERE workspace_id = ?1 AND id = ?2";

/// True when nothing of post `?2` has begun to be sent, some of it is still wanted, and it is of one of the revisions in the JSON list `?3`, if there
/// is one. The statements of an edit all ask this, and none changes its answer for the next.
macro_rules! may_be_edited {
    () => {
        "EXISTS (SELECT 1 FROM posts WHERE workspace_id = ?1 AND id = ?2
      AND (?3 IS NULL OR revision IN (SELECT value FROM json_each(?3))))
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = ?1 AND d.post_id = ?2 AND d.state <> 'canceled')
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = ?1 AND d.post_id = ?2
      AND (d.state NOT IN ('draft', 'in_review', 'scheduled', 'queued', 'waiting', 'canceled')
        OR EXISTS (SELECT 1 FROM parts WHERE delivery_id = d.id)))"
    };
}

/// Gives the deliveries of a post another time. What they waited for is forgotten; a person's turn stays theirs.
pub const EDIT_DELIVERIES: &str = concat!(
    "UPDATE deliveries
  SET state = CASE WHEN state IN ('draft', 'in_review') THEN state ELSE ?4 END, due_at = ?5, next_attempt_at = ?5,
    sweep_at = ?6, reason = NULL, detail = NULL, remedy = NULL, upstream = NULL, attempts = 0, updated_at = ?7
  WHERE workspace_id = ?1 AND post_id = ?2 AND state <> 'canceled' AND ",
    may_be_edited!(),
    " RETURNING id, account_id"
);

/// Gives each delivery of a post its own parts, or none, by the JSON list `?4` of `{account_id, segments}`.
pub const EDIT_PARTS: &str = concat!(
    "UPDATE deliveries
  SET segments = (SELECT value ->> 'segments' FROM json_each(?4) WHERE value ->> 'account_id' = account_id), updated_at = ?5
  WHERE workspace_id = ?1 AND post_id = ?2 AND state <> 'canceled' AND ",
    may_be_edited!()
);

/// Changes a post: its parts to the JSON list `?4` and its options to `?10`, if there is such a list; its time, if `?5`.
pub const EDIT_POST: &str = concat!(
    "UPDATE posts
  SET revision = revision + 1, segments = coalesce(?4, segments),
    options = CASE WHEN ?4 IS NULL THEN options ELSE ?10 END,
    publish_at = CASE WHEN ?5 THEN ?6 ELSE publish_at END, wall_clock = CASE WHEN ?5 THEN ?7 ELSE wall_clock END,
    timezone = CASE WHEN ?5 THEN ?8 ELSE timezone END, updated_at = ?9, status = (",
    post_status!(),
    ")
  WHERE workspace_id = ?1 AND id = ?2 AND ",
    may_be_edited!(),
    " RETURNING revision"
);

/// Lets go what nobody has let go yet: due at its time, or now.
pub const APPROVE: &str = "UPDATE deliveries
  SET state = CASE WHEN due_at > ?3 THEN 'scheduled' ELSE 'queued' END, due_at = max(due_at, ?3),
    next_attempt_at = max(due_at, ?3), sweep_at = CASE WHEN due_at > ?3 THEN due_at - ?5 ELSE ?4 END, updated_at = ?3
  WHERE workspace_id = ?1 AND post_id = ?2 AND state IN ('draft', 'in_review')
    AND (?6 IS NULL OR EXISTS (SELECT 1 FROM posts WHERE workspace_id = ?1 AND id = ?2
      AND revision IN (SELECT value FROM json_each(?6))))
  RETURNING id, account_id";

/// Who let a post go. Stands before the statement that does: nothing, if it does nothing.
pub const AUDIT_APPROVAL: &str =
    "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?3, ?4, 'post.approved', id, ?5 FROM posts WHERE workspace_id = ?1 AND id = ?2
    AND (?6 IS NULL OR revision IN (SELECT value FROM json_each(?6)))
    AND EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = ?1 AND d.post_id = ?2 AND d.state IN ('draft', 'in_review'))";

/// Begins a new round of what failed or was missed; what waits is due now. What may be on the platform is not sent again:
/// that is a decision of its own.
pub const RETRY: &str = "UPDATE deliveries
  SET round = CASE WHEN state = 'waiting' THEN round ELSE round + 1 END,
    due_at = CASE WHEN state = 'waiting' THEN due_at ELSE ?3 END,
    state = 'queued', reason = NULL, detail = NULL, remedy = NULL, upstream = NULL, attempts = 0, reconciles = 0, refused_looks = 0,
    next_attempt_at = ?3, sweep_at = ?4, updated_at = ?3
  WHERE workspace_id = ?1 AND post_id = ?2 AND state IN ('failed', 'missed', 'waiting')
    AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'deleted')
  RETURNING id, account_id";

/// True of a row of `deliveries` of which a part may be on the platform: it is uncertain, or is to be sent again and has
/// not been taken up.
macro_rules! is_in_doubt {
    () => {
        "(state = 'uncertain' OR (state IN ('queued', 'waiting') AND EXISTS (
    SELECT 1 FROM parts WHERE delivery_id = deliveries.id AND parts.state = 'uncertain')))"
    };
}

/// A delivery of which a person says where its part is: due now, and nobody who works on it may write any more.
pub const RESOLVE: &str = concat!(
    "UPDATE deliveries
  SET epoch = epoch + 1, lease_until = NULL, next_attempt_at = ?3, sweep_at = ?3, updated_at = ?3
  WHERE id = ?1 AND workspace_id = ?2 AND ",
    is_in_doubt!(),
    " RETURNING id"
);

/// True of a row of `deliveries` whose account is still linked: what else would it be sent with?
macro_rules! is_linked {
    () => {
        "EXISTS (SELECT 1 FROM accounts a
    WHERE a.id = deliveries.account_id AND a.workspace_id = ?2 AND a.status <> 'unlinked')"
    };
}

/// Begins a new round of a delivery that waits for a person's decision, if its account is still linked.
pub const SEND_AGAIN: &str = concat!(
    "UPDATE deliveries
  SET round = round + 1, due_at = ?3, state = 'queued', reason = NULL, detail = NULL, remedy = NULL, upstream = NULL,
    attempts = 0, reconciles = 0, next_attempt_at = ?3, sweep_at = ?4, updated_at = ?3
  WHERE id = ?1 AND workspace_id = ?2 AND state = 'uncertain' AND next_attempt_at IS NULL AND ",
    is_linked!(),
    " RETURNING id"
);

/// Ends a delivery that waits for a person's decision, or for another try after one, without an answer to what is there.
pub const GIVE_UP: &str = concat!(
    "UPDATE deliveries
  SET epoch = epoch + 1, state = 'canceled', reason = 'given_up', remedy = NULL, upstream = NULL,
    detail = 'Given up by a person; nobody knows whether it is there.', next_attempt_at = NULL, sweep_at = NULL,
    updated_at = ?3
  WHERE id = ?1 AND workspace_id = ?2 AND NOT (state = 'uncertain' AND next_attempt_at IS NOT NULL) AND ",
    is_in_doubt!(),
    " RETURNING id"
);

/// Who decided what about an uncertain delivery. Stands before the decision itself: nothing, if there is none to make.
pub const AUDIT_DECISION: &str = concat!(
    "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?2, ?3, ?4, ?5, id, ?6 FROM deliveries
  WHERE id = ?1 AND workspace_id = ?2
    AND (state <> 'uncertain' OR next_attempt_at IS NULL OR ?5 = 'delivery.declared_sent')
    AND (?5 <> 'delivery.sent_again' OR (state = 'uncertain' AND ",
    is_linked!(),
    ")) AND ",
    is_in_doubt!()
);

/// What was published, newest first, before the cursor `?2`, `?3`.
pub const HISTORY: &str =
    "SELECT d.id AS delivery_id, d.post_id, d.account_id, d.platform, d.published_at, a.handle,
    coalesce(d.segments, p.segments) AS segments, p.source
  FROM deliveries d
  JOIN posts p ON p.workspace_id = d.workspace_id AND p.id = d.post_id
  JOIN accounts a ON a.id = d.account_id
  WHERE d.workspace_id = ?1 AND d.state IN ('published', 'deleting', 'deleted') AND (d.published_at, d.id) < (?2, ?3)
    AND (?4 IS NULL OR d.account_id = ?4) AND (?5 IS NULL OR d.published_at >= ?5)
    AND (?6 IS NULL OR d.published_at < ?6)
  ORDER BY d.published_at DESC, d.id DESC LIMIT ?7";

/// The parts of the deliveries of the JSON list `?2`.
pub const PARTS_OF_DELIVERIES: &str =
    "SELECT p.delivery_id, p.position, p.state, p.external_id, p.sent_at
  FROM json_each(?2) AS wanted
  JOIN parts p ON p.delivery_id = wanted.value AND p.workspace_id = ?1
  ORDER BY p.delivery_id, p.position";

/// How many deliveries of each account are in which state.
pub const COUNTS: &str = "SELECT d.account_id, a.handle, d.state, count(*) AS number
  FROM deliveries d JOIN accounts a ON a.id = d.account_id
  WHERE d.workspace_id = ?1 GROUP BY d.account_id, a.handle, d.state";

/// How many were published on which day in UTC, newest first.
pub const BY_DAY: &str =
    "SELECT date(published_at / 1000, 'unixepoch') AS day, count(*) AS published
  FROM deliveries
  WHERE workspace_id = ?1 AND state IN ('published', 'deleting', 'deleted') AND published_at IS NOT NULL
  GROUP BY day ORDER BY day DESC LIMIT 30";

/// A row of `posts`.
#[derive(Debug, Clone, Deserialize)]
pub struct PostRow {
    pub id: PostId,
    pub workspace_id: WorkspaceId,
    pub author_id: Option<UserId>,
    pub source: Source,
    pub status: Status,
    pub segments: String,
    pub options: Option<String>,
    #[serde(with = "optional_millis")]
    pub publish_at: Option<Timestamp>,
    pub wall_clock: Option<String>,
    pub timezone: Option<String>,
    pub revision: u32,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    #[serde(with = "millis")]
    pub updated_at: Timestamp,
}

impl PostRow {
    /// What was written.
    ///
    /// # Errors
    /// When it cannot be read, which is a bug.
    pub fn written(&self) -> Result<Written, StorageError> {
        let segments = content::segments(&self.segments)?;
        Ok(Written {
            is_thread: segments.len() > 1,
            segments,
            options: Options::read(self.options.as_deref())?,
        })
    }
}

/// A row of `deliveries` with its account's handle.
#[derive(Debug, Clone, Deserialize)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub post_id: PostId,
    pub account_id: AccountId,
    pub platform: String,
    pub state: State,
    pub segments: Option<String>,
    pub reason: Option<String>,
    pub detail: Option<String>,
    pub remedy: Option<String>,
    pub upstream: Option<String>,
    #[serde(with = "optional_millis")]
    pub next_attempt_at: Option<Timestamp>,
    pub attempt_log: String,
    #[serde(with = "optional_millis")]
    pub published_at: Option<Timestamp>,
    pub handle: String,
}

/// A row of `parts`.
#[derive(Debug, Clone, Deserialize)]
pub struct PartRow {
    pub delivery_id: DeliveryId,
    pub position: u32,
    pub state: PartState,
    pub external_id: Option<String>,
    #[serde(with = "optional_millis")]
    pub sent_at: Option<Timestamp>,
}

/// A row of the history.
#[derive(Debug, Clone, Deserialize)]
pub struct HistoryRow {
    pub delivery_id: DeliveryId,
    pub post_id: PostId,
    pub account_id: AccountId,
    pub platform: String,
    #[serde(with = "millis")]
    pub published_at: Timestamp,
    pub handle: String,
    pub segments: String,
    pub source: Source,
}

/// The parts of one delivery: those with an outcome from `rows`, the others pending.
#[must_use]
pub fn parts(
    segments: &[Segment],
    rows: &[PartRow],
    delivery: &DeliveryId,
    web_base: &str,
    handle: &str,
) -> Vec<Part> {
    (0_u32..)
        .zip(segments)
        .map(|(position, segment)| {
            let row = rows
                .iter()
                .find(|row| row.delivery_id == *delivery && row.position == position);
            let external_id = row.and_then(|row| row.external_id.clone());
            Part {
                position,
                text: segment.text.clone(),
                media: segment.media.clone(),
                state: row.map_or(PartState::Pending, |row| row.state),
                // What is deleted has an id, and no address any more.
                url: external_id
                    .as_ref()
                    .filter(|_| row.is_some_and(|row| row.state != PartState::Deleted))
                    .map(|id| format!("{web_base}/{handle}/status/{id}")),
                external_id,
                sent_at: row.and_then(|row| row.sent_at),
            }
        })
        .collect()
}
