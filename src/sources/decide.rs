//! Looking at videos until it is known what they are, and then having them announced.
//!
//! One look asks the Data API about all of its videos at once, where there is a key, and then YouTube's pages about each
//! that is not clear yet. What was found is kept with the video, and what it means is decided by [`super::kind`].

use super::announce::announce;
use super::data_api::{self, ApiVideo, VIDEOS_MAX};
use super::ids::{ChannelId, VideoId};
use super::kind::{self, Evidence, Hold, Left, Look, Needs, Verdict as Judged};
use super::model::{ItemState, NEWS_MS};
use super::poll::{self, Way};
use super::sight;
use super::store;
use super::store::channels::{self, ChannelRow};
use super::store::items::{self, OpenRow};
use super::store::videos::{self, Verdict, VideoRow};
use super::youtube;
use crate::app::App;
use crate::error::Error;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use futures_util::future::{join, join_all};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How long whoever looks has the videos to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
/// When a video is looked at again of which YouTube has not said enough, in ms, and for how long that is waited for: for the
/// Data API, and for a title.
const UNREADY_MS: i64 = 5 * MINUTE_MS;
const API_SILENT_MS: i64 = 6 * HOUR_MS;
const TITLE_PATIENCE_MS: i64 = DAY_MS;
/// How many open items one look reads, and how many it brings to an end: each takes some four round trips to the database, an
/// invocation has 1,000 (<https://developers.cloudflare.com/d1/platform/limits/>) and up to 25 messages.
const OPEN_MAX: u32 = 200;
const SETTLED_MAX: usize = 8;
/// When what a failure of ours kept from being done is tried again, in ms.
const AGAIN_MS: i64 = MINUTE_MS;

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
        items::open(channel, ids, OPEN_MAX),
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
        let needs = most(open.iter().filter(|item| item.video_id == video.video_id))?;
        let evidence = Evidence::read(&video.evidence);
        if video.verdict == Verdict::Undecided
            && looks(video, &evidence, needs, now, true).contains(&Look::DataApi)
        {
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

/// The newest videos that are for the channel's members alone; nothing where that is not known.
async fn members(
    app: &App,
    channel: &ChannelId,
    taken: &[VideoRow],
) -> Result<Vec<VideoId>, Error> {
    let undecided = |video: &VideoRow| video.verdict == Verdict::Undecided;
    if !taken.iter().any(undecided) || !poll::spend(app, Way::Feed, 1).await? {
        return Ok(Vec::new());
    }
    let list = youtube::list_feed(app, channel, youtube::FOR_MEMBERS).await;
    let entries = list.map_or_else(|_| Vec::new(), |list| list.entries);
    Ok(entries.into_iter().map(|entry| entry.video_id).collect())
}

/// What has to be known for all of these items.
fn most<'a>(items: impl Iterator<Item = &'a OpenRow>) -> Result<Needs, Error> {
    let mut most = Needs::VisibilityOnly;
    for item in items {
        if needs(item)? == Needs::Kind {
            most = Needs::Kind;
        }
    }
    Ok(most)
}

/// What the Data API said.
struct Facts {
    /// About these videos it was asked,
    asked: Vec<VideoId>,
    /// and these it knows.
    found: Vec<ApiVideo>,
}

/// What was said of all videos at once.
struct Said {
    facts: Option<Facts>,
    members: Vec<VideoId>,
}

/// Why an item does not become a post now.
enum Wait {
    /// It is looked at again then.
    Until(Timestamp),
    /// It becomes none, for this reason.
    Never(String),
}

/// A look at one video.
struct Looked<'a> {
    app: &'a App,
    channel: &'a ChannelId,
    title: Option<&'a str>,
    held: Timestamp,
    /// How many items this look has brought to an end.
    settled: &'a AtomicUsize,
}

impl Looked<'_> {
    /// Gives the video where some of its items are left for the next look.
    async fn at(
        &self,
        mut video: VideoRow,
        items: &[&OpenRow],
        said: &Said,
    ) -> Result<Option<VideoId>, Error> {
        let app = self.app;
        let title = video.title.clone();
        if video.verdict == Verdict::Undecided {
            let most = most(items.iter().copied())?;
            self.learn(&mut video, said, most).await;
        }
        // 3.
        let mut again: Option<Timestamp> = None;
        for item in items {
            let later = self.settle(&video, item, needs(item)?).await?;
            again = [again, later].into_iter().flatten().min();
        }
        // 4.
        let title = video
            .title
            .clone()
            .filter(|now| title.as_ref() != Some(now));
        let looked = videos::looked(self.channel, &video, title, again, self.held);
        app.database.run(looked).await?;
        let is_due = again.is_some_and(|again| again <= app.now());
        Ok(is_due.then_some(video.video_id))
    }

    /// Asks what is not known yet, and notes what that means.
    async fn learn(&self, video: &mut VideoRow, said: &Said, needs: Needs) {
        let (app, now) = (self.app, self.app.now());
        let mut evidence = Evidence::read(&video.evidence);
        if said.members.contains(&video.video_id) {
            evidence.members = Some(now);
        }
        let facts = said.facts.as_ref();
        if let Some(facts) = facts.filter(|facts| facts.asked.contains(&video.video_id)) {
            let found = facts.found.iter().find(|one| one.id == video.video_id);
            if let Some(found) = found {
                video.title = Some(found.snippet.title.clone());
                let published = data_api::instant(found.snippet.published_at.as_deref());
                video.published_at = published.or(video.published_at);
            }
            evidence.api = Some(data_api::facts(found, now));
        }
        for look in looks(video, &evidence, needs, now, false) {
            match look {
                Look::Probe => {
                    // What is lost is asked for again with the next look.
                    if let Ok(answer) = youtube::probe(app, &video.video_id).await {
                        evidence.probed(answer, now);
                    }
                }
                Look::Playlist => {
                    if let Some(found) = self.is_listed(&video.video_id).await {
                        evidence.looked_in_playlist(found, now);
                    }
                }
                Look::DataApi => {}
            }
            if !matches!(judged(video, &evidence, needs, now), Judged::Hold { .. }) {
                break;
            }
        }
        video.evidence = evidence.stored();
        if !is_ready(app, video, &evidence, now) {
            // Nothing is final yet.
            video.reason = Some(Hold::VisibilityUnknown.code().to_owned());
            return;
        }
        let (verdict, reason) = match judged(video, &evidence, needs, now) {
            Judged::Short { by } => (Verdict::Short, by.code()),
            Judged::NotShort { by } => (Verdict::Video, by.code()),
            Judged::Visible { by } => (Verdict::Undecided, by.code()),
            Judged::Hold { reason, .. } => (Verdict::Undecided, reason.code()),
            Judged::LeaveOut { reason } => (Verdict::LeftOut, reason.code()),
        };
        video.verdict = verdict;
        video.reason = Some(reason.to_owned());
    }

    /// Whether YouTube's list of the channel's Shorts has it; `None` where that could not be asked.
    async fn is_listed(&self, video: &VideoId) -> Option<bool> {
        if !poll::spend(self.app, Way::Feed, 1).await.unwrap_or(false) {
            return None;
        }
        let list = youtube::list_feed(self.app, self.channel, youtube::OF_SHORTS)
            .await
            .ok()?;
        Some(list.entries.iter().any(|entry| entry.video_id == *video))
    }

    /// What keeps an item from becoming a post; `None`: nothing does.
    fn wait(&self, video: &VideoRow, item: &OpenRow, needs: Needs) -> Option<Wait> {
        // What has been taken to be posted is posted.
        if item.state == ItemState::Posting {
            return None;
        }
        match video.verdict {
            Verdict::Short | Verdict::Video => None,
            Verdict::LeftOut => Some(Wait::Never(video.reason.clone().unwrap_or_default())),
            Verdict::Undecided => {
                let evidence = Evidence::read(&video.evidence);
                let now = self.app.now();
                if !is_ready(self.app, video, &evidence, now) {
                    let over = now.since(video.first_seen_at) >= TITLE_PATIENCE_MS;
                    let left_out = Wait::Never(Left::VisibilityUnknown.code().to_owned());
                    return Some(if over {
                        left_out
                    } else {
                        Wait::Until(now.plus_ms(UNREADY_MS))
                    });
                }
                match judged(video, &evidence, needs, now) {
                    Judged::Hold { look_again_at, .. } => Some(Wait::Until(look_again_at)),
                    Judged::LeaveOut { reason } => Some(Wait::Never(reason.code().to_owned())),
                    Judged::Short { .. } | Judged::NotShort { .. } | Judged::Visible { .. } => None,
                }
            }
        }
    }

    /// Brings an item to its end, if that has come; gives when to try again, if not.
    async fn settle(
        &self,
        video: &VideoRow,
        item: &OpenRow,
        needs: Needs,
    ) -> Result<Option<Timestamp>, Error> {
        let (app, now) = (self.app, self.app.now());
        let evidence = Evidence::read(&video.evidence);
        let is_old = item.state == ItemState::Pending && old(video, item).is_some();
        if is_old && !is_settled(app, video, &evidence, now) {
            return Ok(Some(now.plus_ms(UNREADY_MS)));
        }
        let wait = if is_old {
            None
        } else {
            self.wait(video, item, needs)
        };
        if let Some(Wait::Until(at)) = wait {
            return Ok(Some(at));
        }
        if self.settled.fetch_add(1, Ordering::Relaxed) >= SETTLED_MAX {
            // What waits for something already need not be hurried.
            let again = if item.tried > 0 { AGAIN_MS } else { 0 };
            return Ok(Some(now.plus_ms(again)));
        }
        if item.state == ItemState::Pending
            && let Some(reason) = old(video, item)
        {
            app.database.run(items::recorded(item, reason, now)).await?;
            return Ok(None);
        }
        match wait {
            Some(Wait::Until(at)) => Ok(Some(at)),
            Some(Wait::Never(reason)) => {
                let left_out = items::left_out(item, &reason, None, now);
                app.database.run(left_out).await?;
                Ok(None)
            }
            None => match announce(app, self.title, video, item, self.held).await {
                Ok(again) => Ok(again),
                Err(error) => {
                    let why = error.internal.unwrap_or(error.detail);
                    let details =
                        json!({ "source": item.source_id, "video": item.video_id, "why": why });
                    app.warn("item_not_announced", &details);
                    Ok(Some(now.plus_ms(AGAIN_MS)))
                }
            },
        }
    }
}

fn judged(video: &VideoRow, evidence: &Evidence, needs: Needs, now: Timestamp) -> Judged {
    let (published, first_seen) = (video.published_at, video.first_seen_at);
    kind::judge(evidence, published, first_seen, now, needs)
}

fn looks(
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
fn is_settled(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    app.config.youtube.api_key.is_none()
        || evidence.api_has_spoken()
        || now.since(video.first_seen_at) >= API_SILENT_MS
}

/// Whether enough is known of a video to believe what it seems to be: its title, its age, and what the Data API says, without
/// which only what YouTube shows as a Short is sure to be public and no stream.
fn is_ready(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    let shown_as_short = evidence.feed_link.is_some()
        || evidence.probe.short.is_some()
        || evidence.playlist.is_some_and(|playlist| playlist.found);
    let shown_as_short = shown_as_short && evidence.deleted.is_none();
    let is_known = video.title.is_some() && video.published_at.is_some();
    is_known && (shown_as_short || is_settled(app, video, evidence, now))
}

/// Why a video is old for a source, if it is.
fn old(video: &VideoRow, item: &OpenRow) -> Option<&'static str> {
    let published = video.published_at?;
    if published < item.baseline_at {
        return Some("before_baseline");
    }
    (published < item.seen_at.plus_ms(-NEWS_MS)).then_some("old_news")
}

/// What has to be known for an item.
fn needs(item: &OpenRow) -> Result<Needs, Error> {
    let settings = store::settings(&item.settings)?;
    Ok(if settings.filter.needs_kind() {
        Needs::Kind
    } else {
        Needs::VisibilityOnly
    })
}
