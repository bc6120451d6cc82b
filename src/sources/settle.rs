//! One video in a look: asking what is not known yet, and bringing its items to their end, as far as that has come.

use super::announce::announce;
use super::data_api;
use super::decide::{Said, is_ready, is_settled, judged, looks, most, needs};
use super::ids::{ChannelId, VideoId};
use super::kind::{self, Evidence, Hold, Left, Look, Needs, Verdict as Judged};
use super::model::{ItemState, NEWS_MS};
use super::poll::{self, Way};
use super::settings::Settings;
use super::store;
use super::store::items::{self, OpenRow};
use super::store::videos::{self, Verdict, VideoRow};
use super::youtube;
use crate::app::App;
use crate::error::Error;
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// When a video is looked at again of which YouTube has not said enough, in ms, and for how long a title is waited for.
const UNREADY_MS: i64 = 5 * MINUTE_MS;
const TITLE_PATIENCE_MS: i64 = DAY_MS;
/// How many items one look brings to an end: each takes some four round trips to the database, an invocation has 1,000
/// (<https://developers.cloudflare.com/d1/platform/limits/>) and up to 25 messages.
const SETTLED_MAX: usize = 8;
/// When what a failure of ours kept from being done is tried again, in ms.
const AGAIN_MS: i64 = MINUTE_MS;

/// Why an item does not become a post now.
enum Wait {
    /// It is looked at again then.
    Until(Timestamp),
    /// It is known what it is, and posted then.
    Delayed(Timestamp),
    /// It becomes none, for this reason.
    Never(String),
}

/// A look at one video.
pub(super) struct Looked<'a> {
    pub(super) app: &'a App,
    pub(super) channel: &'a ChannelId,
    pub(super) title: Option<&'a str>,
    pub(super) held: Timestamp,
    /// How many items this look has brought to an end.
    pub(super) settled: &'a AtomicUsize,
}

impl Looked<'_> {
    /// Gives the video where some of its items are left for the next look.
    pub(super) async fn at(
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
        let settings = store::settings(&item.settings)?;
        let is_old = item.state == ItemState::Pending && old(video, item).is_some();
        if is_old && !is_settled(app, video, &evidence, now) {
            return Ok(Some(now.plus_ms(UNREADY_MS)));
        }
        let wait = if is_old {
            None
        } else {
            self.wait(video, item, needs)
                .or_else(|| delayed(item, &settings, &evidence, now))
        };
        match wait {
            Some(Wait::Until(at)) => return Ok(Some(at)),
            Some(Wait::Delayed(at)) if item.tried > 0 => return Ok(Some(at)),
            _ => {}
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
            Some(Wait::Delayed(at)) => {
                app.database
                    .run(items::noted(item, "delayed", None))
                    .await?;
                Ok(Some(at))
            }
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

/// Until when a source wants its post to wait: until then its title may be mended, and the video or the source may go.
fn delayed(
    item: &OpenRow,
    settings: &Settings,
    evidence: &Evidence,
    now: Timestamp,
) -> Option<Wait> {
    let delay = i64::from(settings.delay_seconds) * SECOND_MS;
    let until = kind::since(evidence, item.seen_at, now).plus_ms(delay);
    (item.state == ItemState::Pending && until > now).then_some(Wait::Delayed(until))
}

/// Why a video is old for a source, if it is.
fn old(video: &VideoRow, item: &OpenRow) -> Option<&'static str> {
    let published = video.published_at?;
    if published < item.baseline_at {
        return Some("before_baseline");
    }
    (published < item.seen_at.plus_ms(-NEWS_MS)).then_some("old_news")
}
