//! What of sources is due: channels to look at, subscriptions to ask for, videos to look at. The sweep sends the nudges, any
//! number of times: whoever is nudged takes only what is due.

use super::data_api::VIDEOS_MAX;
use super::ids::{ChannelId, VideoId};
use super::store::videos::{self, DueRow};
use super::store::{channels, items, usage};
use crate::app::App;
use crate::error::Error;
use crate::ids::WorkspaceId;
use crate::jobs::Job;
use crate::ports::Statement;
use crate::time::{DAY_MS, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many channels are looked at in a minute, at most.
const POLLS_MAX: u32 = 500;
/// How many times the hub is asked in a minute, at most: it does not like a rush, and each may stall for 20 s.
const ASKS_MAX: u32 = 5;
/// How many videos are looked at in a minute, at most.
const LOOKS_MAX: u32 = 500;
/// How long a channel that nobody follows is remembered, in ms.
const CHANNEL_KEPT_MS: i64 = 2 * DAY_MS;
/// How long an item waits at most, from when it was seen, in ms: for a premiere, and then for an account.
const WAITING_MAX_MS: i64 = 40 * DAY_MS;
/// How long the use of budgets is remembered, in ms.
const USAGE_KEPT_MS: i64 = 40 * DAY_MS;

#[derive(Deserialize)]
struct Due {
    channel_id: ChannelId,
}

/// Nudges what is due; how many that were. One round trip to the database, one to the queue.
///
/// # Errors
/// When the database or the queue does not answer: it is due a minute later as well.
pub async fn sweep(app: &App) -> Result<u32, Error> {
    let now = app.now();
    let statements = vec![
        channels::to_poll(now, POLLS_MAX),
        channels::to_ask(now, ASKS_MAX),
        videos::due(now, LOOKS_MAX),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let polls: Vec<Due> = next().all()?;
    let asks: Vec<Due> = next().all()?;
    let looks: Vec<DueRow> = next().all()?;
    let mut of_channel: BTreeMap<ChannelId, Vec<VideoId>> = BTreeMap::new();
    for one in looks {
        of_channel
            .entry(one.channel_id)
            .or_default()
            .push(one.video_id);
    }
    let mut jobs = Vec::new();
    for (channel_id, videos) in of_channel {
        jobs.extend(videos.chunks(VIDEOS_MAX).map(|some| Job::Look {
            channel_id: channel_id.clone(),
            video_ids: some.to_vec(),
        }));
    }
    jobs.extend(
        polls
            .into_iter()
            .map(|Due { channel_id }| Job::Poll { channel_id }),
    );
    jobs.extend(
        asks.into_iter()
            .map(|Due { channel_id }| Job::Subscribe { channel_id }),
    );
    let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    if count > 0 {
        app.queue
            .send(jobs.into_iter().map(|job| (job, 0)).collect())
            .await?;
    }
    Ok(count)
}

/// Has what waits for an account of a workspace looked at by the next sweep, since one was connected. May run twice.
#[must_use]
pub fn wake(workspace: &WorkspaceId, now: Timestamp) -> Statement {
    items::wake(workspace, now, now.plus_ms(-WAITING_MAX_MS))
}

/// Deletes what nobody needs any more, for the daily clean-up, which serves all workspaces. May run twice.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    let mut statements: Vec<Statement> = channels::align(now).into();
    statements.extend(channels::forget(now, now.plus_ms(-CHANNEL_KEPT_MS)));
    statements.push(usage::expired(&now.plus_ms(-USAGE_KEPT_MS).day()));
    statements
}
