//! Seeing videos: whatever saw them, they are noted once, and claimed once for each source of their channel.

use super::data_api::{Upload, VIDEOS_MAX};
use super::feed::Entry;
use super::ids::{ChannelId, VideoId};
use super::kind::{self, Evidence};
use super::model::{NEWS_MS, SeenBy};
use super::store::hub;
use super::store::videos::{self, PostOfRow, Seen};
use crate::app::App;
use crate::error::Error;
use crate::ids::{PostId, WorkspaceId};
use crate::jobs::Job;
use crate::ports::Statement;
use crate::posts;
use crate::time::{HOUR_MS, MINUTE_MS, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What is kept of a title, in characters; YouTube takes up to 100.
const TITLE_CHARS: usize = 1_000;
/// How long an announcement may take, in ms, and how often at most the hub is asked anew since none came.
const LATE_MS: i64 = 5 * MINUTE_MS;
const ASK_ANEW_MS: i64 = HOUR_MS;
/// Why a post of a video is taken back.
const REMOVED: &str = "Its video was deleted or made private.";

/// A video, as something saw it.
pub struct Sighting {
    /// Which.
    pub video_id: VideoId,
    /// Its title, where that was seen.
    pub title: Option<String>,
    /// When it was published, where that was seen.
    pub published_at: Option<Timestamp>,
    /// What was seen besides.
    pub evidence: Evidence,
}

impl Sighting {
    /// From an entry of a feed or a notification.
    #[must_use]
    pub fn of(entry: Entry, now: Timestamp) -> Self {
        let title: String = entry.title.chars().take(TITLE_CHARS).collect();
        Self {
            video_id: entry.video_id,
            title: (!title.trim().is_empty()).then_some(title),
            published_at: entry.published,
            evidence: Evidence {
                listed: Some(now),
                feed_link: entry.short_link.then_some(now),
                ..Evidence::default()
            },
        }
    }

    /// From the list of a channel's uploads.
    #[must_use]
    pub fn uploaded(upload: Upload, now: Timestamp) -> Self {
        Self {
            video_id: upload.video_id,
            title: upload.title,
            published_at: upload.published_at,
            evidence: Evidence {
                listed: Some(now),
                ..Evidence::default()
            },
        }
    }
}

/// Notes what was seen, and what is gone, with `also` in the same transaction, and has looked at what is new.
///
/// 1. The transaction. Before it nothing is known, after it every video has its rows for ever; a second time finds them.
/// 2. Posts of what is gone are taken back. If the process ends before it, whoever said that it is gone says it again.
/// 3. The nudge. If it is lost, the sweep sends another.
/// 4. What was found by looking was not announced, which its health tells. If that is lost, the next video tells it.
///
/// # Errors
/// When the database does not answer: then nothing was noted, or not all was taken back, and it can be done again.
pub async fn note(
    app: &App,
    channel: &ChannelId,
    seen: Vec<Sighting>,
    gone: Vec<VideoId>,
    by: SeenBy,
    also: Vec<Statement>,
) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct New {
        video_id: VideoId,
    }
    let now = app.now();
    // Of what stands there twice, the last says how it is.
    let once: BTreeMap<VideoId, Sighting> = seen
        .into_iter()
        .map(|one| (one.video_id.clone(), one))
        .collect();
    let seen: Vec<Seen> = once
        .into_values()
        .map(|one| Seen {
            video_id: one.video_id,
            title: one.title,
            published_at: one.published_at,
            evidence: one.evidence.stored(),
        })
        .collect();
    let mut statements = also;
    let before = statements.len();
    if !gone.is_empty() {
        let look_at = now.plus_ms(kind::TAKEN_BACK_AFTER_MS);
        statements.extend(videos::gone(channel, &gone, now, look_at));
    }
    // The Data API says itself when they went public.
    let ask_when = by != SeenBy::Api && app.config.youtube.api_key.is_some();
    if !seen.is_empty() {
        statements.extend(videos::see(channel, &seen, by, (NEWS_MS, ask_when), now));
    }
    // 1.
    let mut sets = app.database.batch(statements).await?;
    // 2.
    if !gone.is_empty() {
        let rows = sets.get_mut(before + 3).map(std::mem::take);
        let rows: Vec<PostOfRow> = rows.unwrap_or_default().all()?;
        let mut posts: BTreeMap<WorkspaceId, Vec<PostId>> = BTreeMap::new();
        for row in rows {
            posts.entry(row.workspace_id).or_default().push(row.post_id);
        }
        posts::withdraw(app, &posts, "video_removed", REMOVED).await?;
    }
    if seen.is_empty() {
        return Ok(());
    }
    let new: Vec<New> = sets.pop().unwrap_or_default().all()?;
    let new: Vec<VideoId> = new.into_iter().map(|new| new.video_id).collect();
    // 3.
    let was_found = by != SeenBy::Push && !new.is_empty();
    nudge(app, channel, new).await;
    // 4.
    if was_found {
        let late = now.plus_ms(-LATE_MS);
        app.database
            .run(hub::unannounced(channel, now, late, ASK_ANEW_MS))
            .await?;
    }
    Ok(())
}

/// Has videos looked at now. A failure is not one: the sweep finds them.
pub async fn nudge(app: &App, channel: &ChannelId, videos: Vec<VideoId>) {
    let jobs: Vec<(Job, u32)> = videos
        .chunks(VIDEOS_MAX)
        .map(|some| {
            let job = Job::Look {
                channel_id: channel.clone(),
                video_ids: some.to_vec(),
            };
            (job, 0)
        })
        .collect();
    if jobs.is_empty() {
        return;
    }
    if let Err(error) = app.queue.send(jobs).await {
        app.warn(
            "nudge_failed",
            &json!({ "channel": channel, "error": error.0 }),
        );
    }
}
