//! The SQL of sources. Every statement names the workspace; channels, videos and items have files of their own.

pub mod channels;
pub mod hub;
pub mod items;
pub mod usage;
pub mod videos;

use super::ids::ChannelId;
use super::model::State;
use super::settings::Settings;
use crate::ids::{AccountId, AuditId, SourceId, UserId, WorkspaceId};
use crate::keep_answer_if_made;
use crate::ports::{Statement, StorageError};
use crate::time::{Timestamp, millis};
use serde::Deserialize;

/// A row of `sources`.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRow {
    pub id: SourceId,
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    pub created_by: Option<UserId>,
    pub state: State,
    pub settings: String,
    #[serde(with = "millis")]
    pub baseline_at: Timestamp,
    pub revision: u32,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    #[serde(with = "millis")]
    pub updated_at: Timestamp,
}

impl SourceRow {
    /// Its settings.
    ///
    /// # Errors
    /// When they cannot be read, which is a bug.
    pub fn settings(&self) -> Result<Settings, StorageError> {
        settings(&self.settings)
    }
}

/// Reads stored settings.
///
/// # Errors
/// When they cannot be read, which is a bug.
pub fn settings(stored: &str) -> Result<Settings, StorageError> {
    serde_json::from_str(stored)
        .map_err(|error| StorageError::Failed(format!("settings of a source: {error}")))
}

/// How they are stored.
#[must_use]
pub fn stored(settings: &Settings) -> String {
    serde_json::to_string(settings).unwrap_or_default()
}

macro_rules! columns {
    () => {
        "id, workspace_id, channel_id, created_by, state, settings, baseline_at, revision, created_at, updated_at"
    };
}

/// Another source would announce the same videos by the same accounts: with settings of this parameter, ?2 of ?1 at ?3.
macro_rules! rival {
    ($settings:literal) => {
        concat!(
            "SELECT o.id FROM sources o WHERE o.workspace_id = ?1 AND o.channel_id = ?3 AND o.id <> ?2
    AND o.settings ->> '$.include' = ",
            $settings,
            " ->> '$.include' AND o.settings ->> '$.exclude' = ",
            $settings,
            " ->> '$.exclude'
    AND (o.settings ->> '$.filter' IN ('all', ",
            $settings,
            " ->> '$.filter') OR ",
            $settings,
            " ->> '$.filter' = 'all')
    AND EXISTS (SELECT 1 FROM json_each(o.settings, '$.accounts') a
      WHERE a.value IN (SELECT value FROM json_each(",
            $settings,
            ", '$.accounts')))"
        )
    };
}

const INSERT: &str = concat!(
    "INSERT INTO sources (workspace_id, id, channel_id, created_by, state, settings, max_per_day, baseline_at,
    created_at, updated_at)
  SELECT ?1, ?2, ?3, ?4, 'active', ?5, ?6, ?7, ?8, ?8
  WHERE (SELECT count(*) FROM sources WHERE workspace_id = ?1) < ?9 AND NOT EXISTS (",
    rival!("?5"),
    ") RETURNING id"
);
const RIVAL: &str = concat!(rival!("?4"), " LIMIT 1");
const READ: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sources WHERE workspace_id = ?1 AND id = ?2"
);
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sources WHERE workspace_id = ?1 AND id < ?2 AND (?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4"
);
const THAT_CANNOT_POST: &str =
    "SELECT id FROM accounts WHERE workspace_id = ?1 AND (status <> 'active' OR auth = 'app_only')";
const COUNT: &str = "SELECT count(*) AS count FROM sources WHERE workspace_id = ?1";

/// Keeps the answer of whoever made a source.
pub const KEEP: &str = keep_answer_if_made!("sources", "id");

/// A new source, unless another announces the same or there are `most`; gives a row if it was made.
#[must_use]
pub fn insert(row: &SourceRow, max_per_day: Option<u32>, most: u32) -> Statement {
    Statement::new(INSERT)
        .bind(&row.workspace_id)
        .bind(&row.id)
        .bind(&row.channel_id)
        .bind(row.created_by.as_ref().map(UserId::as_str))
        .bind(row.settings.as_str())
        .bind(max_per_day)
        .bind(row.baseline_at)
        .bind(row.created_at)
        .bind(most)
}

/// The other source that announces the same videos of a channel by one of the same accounts.
#[must_use]
pub fn rival(row: &SourceRow) -> Statement {
    about(RIVAL, row)
}

fn about(sql: &'static str, row: &SourceRow) -> Statement {
    Statement::new(sql)
        .bind(&row.workspace_id)
        .bind(&row.id)
        .bind(&row.channel_id)
        .bind(row.settings.as_str())
}

/// What [`rival()`] gives.
#[derive(Debug, Deserialize)]
pub struct RivalRow {
    pub id: SourceId,
}

/// One source.
#[must_use]
pub fn read(workspace: &WorkspaceId, id: &SourceId) -> Statement {
    Statement::new(READ).bind(workspace).bind(id)
}

/// Accounts of a workspace that cannot post now.
#[must_use]
pub fn that_cannot_post(workspace: &WorkspaceId) -> Statement {
    Statement::new(THAT_CANNOT_POST).bind(workspace)
}

/// What [`that_cannot_post`] gives.
#[derive(Debug, Deserialize)]
pub struct AccountRow {
    pub id: AccountId,
}

/// How many sources a workspace has.
#[must_use]
pub fn count(workspace: &WorkspaceId) -> Statement {
    Statement::new(COUNT).bind(workspace)
}

/// What [`count`] gives.
#[derive(Debug, Deserialize)]
pub struct Count {
    pub count: u32,
}

/// Sources, newest first, before the cursor.
#[must_use]
pub fn list(
    workspace: &WorkspaceId,
    before: Option<&SourceId>,
    state: Option<State>,
    limit: u32,
) -> Statement {
    let state = state.map(|state| match state {
        State::Active => "active",
        State::Paused => "paused",
    });
    Statement::new(LIST)
        .bind(workspace)
        // Behind every id: `~` comes after all that ids are made of.
        .bind(before.map_or("~", SourceId::as_str))
        .bind(state)
        .bind(limit)
}

const UPDATE: &str = concat!(
    "UPDATE sources SET channel_id = ?3, settings = ?4, max_per_day = ?5, baseline_at = ?6, revision = revision + 1,
    updated_at = ?7
  WHERE workspace_id = ?1 AND id = ?2 AND revision = ?8 AND NOT EXISTS (",
    rival!("?4"),
    ") RETURNING revision"
);

/// Another state of a source, over the revision that was read, unless another announces the same; gives a row if it was done.
#[must_use]
pub fn update(row: &SourceRow, max_per_day: Option<u32>, now: Timestamp) -> Statement {
    about(UPDATE, row)
        .bind(max_per_day)
        .bind(row.baseline_at)
        .bind(now)
        .bind(row.revision)
}

const PAUSE: &str = "UPDATE sources SET state = 'paused', revision = revision + 1, updated_at = ?3
  WHERE workspace_id = ?1 AND id = ?2 AND state = 'active'";
const RESUME: &str = "UPDATE sources SET state = 'active', baseline_at = ?4, revision = revision + 1, updated_at = ?3
  WHERE workspace_id = ?1 AND id = ?2 AND state = 'paused' AND channel_id = ?5 RETURNING revision";

/// Pauses a source that is active.
#[must_use]
pub fn pause(workspace: &WorkspaceId, id: &SourceId, now: Timestamp) -> Statement {
    Statement::new(PAUSE).bind(workspace).bind(id).bind(now)
}

/// Resumes a source that is paused, of the channel that was read; gives a row if it was that.
#[must_use]
pub fn resume(row: &SourceRow, baseline: Timestamp, now: Timestamp) -> Statement {
    Statement::new(RESUME)
        .bind(&row.workspace_id)
        .bind(&row.id)
        .bind(now)
        .bind(baseline)
        .bind(&row.channel_id)
}

// Whoever is making a post of one does not any more: that is accepted only while its item is taken.
const DROP_OPEN: &str =
    "UPDATE source_items SET state = 'left_out', reason = ?3, detail = NULL, claimed_on = NULL, settled_at = ?4
  WHERE workspace_id = ?1 AND source_id = ?2 AND state IN ('pending', 'posting')";

/// What is not a post by now becomes none: the source was paused, or follows another channel.
#[must_use]
pub fn drop_open(
    workspace: &WorkspaceId,
    id: &SourceId,
    reason: &'static str,
    now: Timestamp,
) -> Statement {
    Statement::new(DROP_OPEN)
        .bind(workspace)
        .bind(id)
        .bind(reason)
        .bind(now)
}

const DELETE_ITEMS: &str = "DELETE FROM source_items WHERE workspace_id = ?1 AND source_id = ?2";
const DELETE: &str = "DELETE FROM sources WHERE workspace_id = ?1 AND id = ?2 RETURNING channel_id";

/// Deletes a source and what it noted; its posts stay. The second gives a row if it was there.
#[must_use]
pub fn delete(workspace: &WorkspaceId, id: &SourceId) -> [Statement; 2] {
    [DELETE_ITEMS, DELETE].map(|sql| Statement::new(sql).bind(workspace).bind(id))
}

const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?2, ?3, ?4, id, ?6 FROM sources WHERE workspace_id = ?1 AND id = ?5";

/// Who did what to a source, if it is there.
#[must_use]
pub fn audit(
    workspace: &WorkspaceId,
    audit: &AuditId,
    actor: &str,
    action: &str,
    id: &SourceId,
    now: Timestamp,
) -> Statement {
    Statement::new(AUDIT)
        .bind(workspace)
        .bind(audit)
        .bind(actor)
        .bind(action)
        .bind(id)
        .bind(now)
}

const AUDIT_OF_CHANGE: &str = concat!(
    "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
  SELECT ?1, ?5, ?6, 'source.changed', id, ?7 FROM sources
  WHERE workspace_id = ?1 AND id = ?2 AND revision = ?8 AND NOT EXISTS (",
    rival!("?4"),
    ")"
);

/// Before an update: who changes a source, if that will be done.
#[must_use]
pub fn audit_of_change(row: &SourceRow, audit: &AuditId, actor: &str, now: Timestamp) -> Statement {
    about(AUDIT_OF_CHANGE, row)
        .bind(audit)
        .bind(actor)
        .bind(now)
        .bind(row.revision)
}

const REPOINTED: &str =
    "UPDATE source_items SET state = 'left_out', reason = 'repointed', detail = NULL, claimed_on = NULL, settled_at = ?4
  WHERE workspace_id = ?1 AND source_id = ?2 AND state IN ('pending', 'posting')
    AND EXISTS (SELECT 1 FROM sources WHERE workspace_id = ?1 AND id = ?2 AND revision = ?3 AND channel_id = ?5)";

/// Behind an update to another channel that gave this revision: what is open of the old one becomes no post.
#[must_use]
pub fn repointed(after: &SourceRow, revision: u32, now: Timestamp) -> Statement {
    Statement::new(REPOINTED)
        .bind(&after.workspace_id)
        .bind(&after.id)
        .bind(revision)
        .bind(now)
        .bind(&after.channel_id)
}
