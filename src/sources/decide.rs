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

/// How long whoever looks has the videos to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
/// When a video is looked at again of which YouTube has not said enough, in ms, and for how long that is waited for: for the
/// Data API, and for a title.
const UNREADY_MS: i64 = 5 * MINUTE_MS;
const API_SILENT_MS: i64 = 6 * HOUR_MS;
const TITLE_PATIENCE_MS: i64 = DAY_MS;
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
        items::open(channel, ids),
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
    let one = |video: VideoRow| {
        let items = open.iter().filter(|item| item.video_id == video.video_id);
        let items: Vec<&OpenRow> = items.collect();
        let job = Looked {
            app,
            channel,
            title: title.as_deref(),
            held,
        };
        let said = &said;
        async move { job.at(video, &items, said).await }
    };
    for done in join_all(taken.into_iter().map(one)).await {
        done?;
    }
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
}

impl Looked<'_> {
    async fn at(&self, mut video: VideoRow, items: &[&OpenRow], said: &Said) -> Result<(), Error> {
        let app = self.app;
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
        let looked = videos::looked(self.channel, &video, again, self.held);
        app.database.run(looked).await?;
        Ok(())
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
        if item.state == ItemState::Pending
            && let Some(reason) = old(video, item)
        {
            if !is_settled(app, video, &evidence, now) {
                return Ok(Some(now.plus_ms(UNREADY_MS)));
            }
            app.database.run(items::recorded(item, reason, now)).await?;
            return Ok(None);
        }
        match self.wait(video, item, needs) {
            Some(Wait::Until(at)) => Ok(Some(at)),
            Some(Wait::Never(reason)) => {
                let left_out = items::left_out(item, &reason, None, now);
                app.database.run(left_out).await?;
                Ok(None)
            }
            None => match announce(app, self.title, video, item).await {
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

/// Whether the Data API has spoken of a video, where there is a key; if it stays silent for hours, the rest has to do.
fn is_settled(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    app.config.youtube.api_key.is_none()
        || evidence.api.is_some()
        || now.since(video.first_seen_at) >= API_SILENT_MS
}

/// Whether enough is known of a video to believe what it seems to be: its title, and what the Data API says, without which
/// only what YouTube shows as a Short is sure to be public and no stream.
fn is_ready(app: &App, video: &VideoRow, evidence: &Evidence, now: Timestamp) -> bool {
    let shown_as_short = evidence.feed_link.is_some()
        || evidence.probe.short.is_some()
        || evidence.playlist.is_some_and(|playlist| playlist.found);
    video.title.is_some() && (shown_as_short || is_settled(app, video, evidence, now))
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
