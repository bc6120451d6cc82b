//! Looking at videos until it is known what they are, and then having them announced.
//!
//! One look asks the Data API about all of its videos at once, where there is a key, and then YouTube's pages about each
//! that is not clear yet. What was found is kept with the video, and what it means is decided by [`super::kind`].

use super::announce::announce;
use super::ids::{ChannelId, VideoId};
use super::kind::{self, Evidence, Judgement, Needs, Says, Times};
use super::model::ItemState;
use super::poll::{self, Way};
use super::store;
use super::store::channels::{self, ChannelRow};
use super::store::videos::{self, OpenRow, Verdict, VideoRow};
use super::youtube::{self, ApiVideo, VIDEOS_MAX};
use crate::app::App;
use crate::error::Error;
use crate::time::{MINUTE_MS, Timestamp};
use futures_util::future::join_all;
use serde_json::json;

/// How long whoever looks has the videos to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
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
    let mut statements = vec![
        videos::take(channel, ids, now, held),
        channels::read(channel),
    ];
    statements.extend(ids.iter().map(|id| videos::open(channel, id)));
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let taken: Vec<VideoRow> = next().all()?;
    let row: Option<ChannelRow> = next().first()?;
    let mut open = Vec::new();
    for _ in ids {
        open.extend(next().all::<OpenRow>()?);
    }
    if taken.is_empty() {
        return Ok(());
    }
    // 2.
    let facts = facts(app, channel, &taken).await?;
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
        let facts = facts.as_deref();
        async move { job.at(video, &items, facts).await }
    };
    for done in join_all(taken.into_iter().map(one)).await {
        done?;
    }
    Ok(())
}

/// What the Data API says of those that are not decided; `None` where it was not asked, or did not answer.
async fn facts(
    app: &App,
    channel: &ChannelId,
    taken: &[VideoRow],
) -> Result<Option<Vec<ApiVideo>>, Error> {
    let open = taken
        .iter()
        .filter(|video| video.verdict == Verdict::Undecided);
    let ids: Vec<VideoId> = open.map(|video| video.video_id.clone()).collect();
    let has_key = app.config.youtube.api_key.is_some();
    if ids.is_empty() || !has_key || !poll::spend(app, Way::Api, 1).await? {
        return Ok(None);
    }
    match youtube::videos(app, &ids).await {
        Ok(found) => Ok(Some(found)),
        Err(trouble) => {
            app.warn(
                "youtube_api_failed",
                &json!({ "channel": channel, "why": trouble.to_string() }),
            );
            Ok(None)
        }
    }
}

/// A look at one video.
struct Looked<'a> {
    app: &'a App,
    channel: &'a ChannelId,
    title: Option<&'a str>,
    held: Timestamp,
}

impl Looked<'_> {
    async fn at(
        &self,
        mut video: VideoRow,
        items: &[&OpenRow],
        facts: Option<&[ApiVideo]>,
    ) -> Result<(), Error> {
        let app = self.app;
        if video.verdict == Verdict::Undecided {
            let mut most = Needs::Visibility;
            for item in items {
                if needs(item)? == Needs::Kind {
                    most = Needs::Kind;
                }
            }
            self.learn(&mut video, facts, most).await;
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
}

impl Looked<'_> {
    /// Asks what is not known yet, and notes what that means.
    async fn learn(&self, video: &mut VideoRow, facts: Option<&[ApiVideo]>, needs: Needs) {
        let (app, now) = (self.app, self.app.now());
        let mut evidence = Evidence::read(&video.evidence);
        if let Some(facts) = facts {
            let said = facts.iter().find(|one| one.id == video.video_id);
            if let Some(said) = said {
                video.title = Some(said.snippet.title.clone());
                let published = youtube::instant(said.snippet.published_at.as_deref());
                video.published_at = published.or(video.published_at);
            }
            evidence.api_said(said, now);
        }
        let times = times(video, now);
        if needs == Needs::Kind && kind::is_open(&evidence, times) {
            if let Ok((status, location)) = youtube::probe(app, &video.video_id).await {
                evidence.page_answered(status, location.as_deref(), now);
            }
            let silent = evidence.page.is_none_or(|page| page.says == Says::Nothing);
            if silent && kind::is_open(&evidence, times) {
                evidence.in_shorts_list = self.is_listed(&video.video_id).await;
            }
        }
        video.evidence = evidence.stored();
        let (verdict, reason) = match kind::judge(&evidence, times, needs) {
            Judgement::Short => (Verdict::Short, None),
            Judgement::Video => (Verdict::Video, None),
            Judgement::Public => (Verdict::Undecided, None),
            Judgement::Wait { reason, .. } => (Verdict::Undecided, Some(reason)),
            Judgement::LeaveOut { reason } => (Verdict::LeftOut, Some(reason)),
        };
        video.verdict = verdict;
        video.reason = reason.map(str::to_owned);
    }

    /// Whether YouTube's list of the channel's Shorts has it; where that cannot be asked, it is not known to.
    async fn is_listed(&self, video: &VideoId) -> bool {
        let budget = poll::spend(self.app, Way::Feed, 1).await.unwrap_or(false);
        if !budget {
            return false;
        }
        let list = youtube::shorts_feed(self.app, self.channel).await;
        list.is_ok_and(|list| list.entries.iter().any(|entry| entry.video_id == *video))
    }

    /// Brings an item to its end, if that has come; gives when to try again, if not.
    async fn settle(
        &self,
        video: &VideoRow,
        item: &OpenRow,
        needs: Needs,
    ) -> Result<Option<Timestamp>, Error> {
        let (app, now) = (self.app, self.app.now());
        // What has been taken to be posted is posted.
        let judgement = match (video.verdict, item.state) {
            (_, ItemState::Posting) => Judgement::Public,
            (Verdict::Short, _) => Judgement::Short,
            (Verdict::Video, _) => Judgement::Video,
            (Verdict::LeftOut, _) => {
                let reason = video.reason.as_deref().unwrap_or("removed");
                app.database
                    .run(videos::left_out(item, reason, None, now))
                    .await?;
                return Ok(None);
            }
            (Verdict::Undecided, _) => {
                let evidence = Evidence::read(&video.evidence);
                kind::judge(&evidence, times(video, now), needs)
            }
        };
        match judgement {
            Judgement::Wait { until, .. } => Ok(Some(until)),
            Judgement::LeaveOut { reason } => {
                app.database
                    .run(videos::left_out(item, reason, None, now))
                    .await?;
                Ok(None)
            }
            Judgement::Short | Judgement::Video | Judgement::Public => {
                match announce(app, self.title, video, item).await {
                    Ok(again) => Ok(again),
                    Err(error) => {
                        let why = error.internal.unwrap_or(error.detail);
                        let details =
                            json!({ "source": item.source_id, "video": item.video_id, "why": why });
                        app.warn("item_not_announced", &details);
                        Ok(Some(now.plus_ms(AGAIN_MS)))
                    }
                }
            }
        }
    }
}

fn times(video: &VideoRow, now: Timestamp) -> Times {
    Times {
        first_seen_at: video.first_seen_at,
        now,
    }
}

/// What has to be known for an item.
fn needs(item: &OpenRow) -> Result<Needs, Error> {
    let settings = store::settings(&item.settings)?;
    Ok(if settings.filter.needs_kind() {
        Needs::Kind
    } else {
        Needs::Visibility
    })
}
