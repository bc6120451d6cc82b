//! Looking at videos until it is known what they are, and then having them announced.
//!
//! One look asks the Data API about all of its videos at once, where there is a key, and then YouTube's pages about each
//! that is not clear yet. What was found is kept with the video, and what it means is decided by [`super::kind`].

use super::data_api::{self, ApiVideo, VIDEOS_MAX};
use super::ids::{ChannelId, VideoId};
use super::kind::{self, By, Evidence, Look, Needs, Verdict as Judged};
use super::model::ItemState;
use super::poll::{self, Way};
use super::settle::{Looked, old};
use super::sight;
use super::store;
use super::store::channels::{self, ChannelRow};
use super::store::items::{self, OpenRow};
use super::store::videos::{self, Verdict, VideoRow};
use super::youtube;
use crate::app::App;
use crate::error::Error;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use futures_util::future::{join, join_all};
use serde_json::json;
use std::sync::atomic::AtomicUsize;

/// How long whoever looks has the videos to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
/// How long the Data API is waited for, in ms.
const API_SILENT_MS: i64 = 6 * HOUR_MS;
/// How long what the Data API said of a video that has to wait is not asked again, in ms.
const CONFIRMED_MS: i64 = HOUR_MS;
/// How many open items one look reads.
const OPEN_MAX: u32 = 200;

/// Looks at videos of a channel that are due, decides what can be decided, and makes posts.
///
/// 1. The videos are taken. If the process ends after it, they are due again when the hold is over.
/// 2. YouTube is asked. Any number of times.
/// 3. Items are settled, each by itself: what is settled is not found open again.
/// 4. What was found is kept, with the time of the next look.
///
/// # Errors
/// When the database does not answer.
pub async fn look(app: &App, channel: &ChannelId, ids: &[VideoId]) -> Result<(), Error> {
    let now = app.now();
    let held = now.plus_ms(HOLD_MS);
    let ids = ids.get(..VIDEOS_MAX).unwrap_or(ids);
    // 1.
    let statements = vec![
        videos::take(channel, ids, now, held),
        channels::read(channel),
        items::open(channel, ids, OPEN_MAX, turn(app)),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let taken: Vec<VideoRow> = next().all()?;
    let row: Option<ChannelRow> = next().first()?;
    let open: Vec<OpenRow> = next().all()?;
    if taken.is_empty() {
        return Ok(());
    }
    // 2.
    let (facts, members) = join(
        facts(app, channel, &taken, &open),
        members(app, channel, &taken),
    )
    .await;
    let said = Said {
        facts: facts?,
        members: members?,
    };
    let title = row.and_then(|row| row.title);
    let settled = AtomicUsize::new(0);
    let one = |video: VideoRow| {
        let items = open.iter().filter(|item| item.video_id == video.video_id);
        let items: Vec<&OpenRow> = items.collect();
        let job = Looked {
            app,
            channel,
            title: title.as_deref(),
            held,
            settled: &settled,
        };
        let said = &said;
        async move { job.at(video, &items, said).await }
    };
    let mut more = Vec::new();
    for done in join_all(taken.into_iter().map(one)).await {
        more.extend(done?);
    }
    // If this is lost, the sweep sends another.
    sight::nudge(app, channel, more).await;
    Ok(())
}

fn turn(app: &App) -> u32 {
    let mut bytes = [0; 1];
    app.random.fill(&mut bytes);
    let [byte] = bytes;
    1 + u32::from(byte) % items::TURNS
}

/// What the Data API says of those about which it is to be asked; `None` where it was not, or did not answer.
async fn facts(
    app: &App,
    channel: &ChannelId,
    taken: &[VideoRow],
    open: &[OpenRow],
) -> Result<Option<Facts>, Error> {
    if app.config.youtube.api_key.is_none() {
        return Ok(None);
    }
    let now = app.now();
    let mut asked = Vec::new();
    for video in taken {
        let items = || open.iter().filter(|item| item.video_id == video.video_id);
        let evidence = Evidence::read(&video.evidence);
        let needs = most(items())?;
        let is_asked = video.verdict == Verdict::Undecided
            && looks(video, &evidence, needs, now, true).contains(&Look::DataApi);
        if is_asked || is_asked_again(app, video, items(), &evidence)? {
            asked.push(video.video_id.clone());
        }
    }
    if asked.is_empty() || !poll::spend(app, Way::Api, 1).await? {
        return Ok(None);
    }
    match data_api::videos(app, &asked).await {
        Ok(found) => Ok(Some(Facts { asked, found })),
        Err(trouble) => {
            let details = json!({ "channel": channel, "why": trouble.to_string() });
            app.warn("youtube_api_failed", &details);
            Ok(None)
        }
    }
}

/// Whether the Data API is asked about a video of which it is known what it is: nobody may have told that it is gone while its
/// post was delayed, or had to wait; and what seems to be old may have gone public only now.
fn is_asked_again<'a>(
    app: &App,
    video: &VideoRow,
    items: impl Iterator<Item = &'a OpenRow>,
    evidence: &Evidence,
) -> Result<bool, Error> {
    let now = app.now();
    let asked = evidence.api.as_ref().map(|api| api.at);
    for item in items.filter(|item| item.state == ItemState::Pending) {
        if old(video, item).is_some() && !is_settled(app, video, evidence, now) {
            return Ok(true);
        }
        let wanted = wanted_at(item, evidence, now)?;
        let is_due = item.tried > 0 && wanted <= now;
        if is_due && asked.is_some_and(|asked| asked < wanted || now.since(asked) >= CONFIRMED_MS) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The newest videos that are for the channel's members alone; nothing where that is not known, or was asked when it was seen
/// that the video is public.
async fn members(
    app: &App,
    channel: &ChannelId,
    taken: &[VideoRow],
) -> Result<Vec<VideoId>, Error> {
    let is_public = [By::Listed, By::ApiPublic].map(By::code);
    let undecided = |video: &VideoRow| {
        let reason = video.reason.as_deref().unwrap_or_default();
        video.verdict == Verdict::Undecided && !is_public.contains(&reason)
    };
    if !taken.iter().any(undecided) || !poll::spend(app, Way::Feed, 1).await? {
        return Ok(Vec::new());
    }
    let list = youtube::list_feed(app, channel, youtube::FOR_MEMBERS).await;
    let entries = list.map_or_else(|_| Vec::new(), |list| list.entries);
    Ok(entries.into_iter().map(|entry| entry.video_id).collect())
}

/// What has to be known for all of these items.
pub(super) fn most<'a>(items: impl Iterator<Item = &'a OpenRow>) -> Result<Needs, Error> {
    let mut most = Needs::VisibilityOnly;
    for item in items {
        if needs(item)? == Needs::Kind {
            most = Needs::Kind;
        }
    }
    Ok(most)
}

/// What the Data API said.
pub(super) struct Facts {
    /// About these videos it was asked,
    asked: Vec<VideoId>,
    /// and these it knows.
    found: Vec<ApiVideo>,
}

/// What was said of all videos at once.
pub(super) struct Said {
    pub(super) facts: Option<Facts>,
    pub(super) members: Vec<VideoId>,
}

impl Said {
    /// What the Data API said where it was asked about a video, and answered.
    pub(super) fn about(&self, video: &VideoId) -> Option<&Facts> {
        let facts = self.facts.as_ref();
        facts.filter(|facts| facts.asked.contains(video))
    }
}

impl Facts {
    /// What it says of a video, if it knows it.
    pub(super) fn of(&self, video: &VideoId) -> Option<&ApiVideo> {
        self.found.iter().find(|one| one.id == *video)
    }
}

pub(super) fn judged(
    video: &VideoRow,
    evidence: &Evidence,
    needs: Needs,
    now: Timestamp,
) -> Judged {
    let (published, first_seen) = (video.published_at, video.first_seen_at);
    kind::judge(evidence, published, first_seen, now, needs)
}

pub(super) fn looks(
    video: &VideoRow,
    evidence: &Evidence,
    needs: Needs,
    now: Timestamp,
    api: bool,
) -> Vec<Look> {
    let (published, first_seen) = (video.published_at, video.first_seen_at);
    kind::next_looks(evidence, published, first_seen, now, needs, api)
}

/// Whether the Data API has spoken of a video, where there is a key, and since it was deleted, if it was; if it stays silent
/// for hours, the rest has to do.
pub(super) fn is_settled(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    app.config.youtube.api_key.is_none()
        || evidence.api_has_spoken()
        || now.since(video.first_seen_at) >= API_SILENT_MS
}

/// Whether enough is known of a video to believe what it seems to be: its title, its age, and what the Data API says, without
/// which only what YouTube shows as a Short is sure to be public and no stream.
pub(super) fn is_ready(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    let shown_as_short = evidence.feed_link.is_some()
        || evidence.probe.short.is_some()
        || evidence.playlist.is_some_and(|playlist| playlist.found);
    let shown_as_short = shown_as_short && evidence.deleted.is_none();
    let is_known = video.title.is_some() && video.published_at.is_some();
    is_known && (shown_as_short || is_settled(app, video, evidence, now))
}

/// When a source wants a video posted: until then its title may be mended, and the video or the source may go.
pub(super) fn wanted_at(
    item: &OpenRow,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let delay = i64::from(store::settings(&item.settings)?.delay_seconds) * SECOND_MS;
    Ok(kind::since(evidence, item.seen_at, now).plus_ms(delay))
}

/// What has to be known for an item.
pub(super) fn needs(item: &OpenRow) -> Result<Needs, Error> {
    let settings = store::settings(&item.settings)?;
    Ok(if settings.filter.needs_kind() {
        Needs::Kind
    } else {
        Needs::VisibilityOnly
    })
}
