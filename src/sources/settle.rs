//! One video in a look: asking what is not known yet, and bringing its items to their end, as far as that has come.

use super::announce::announce;
use super::data_api;
use super::decide::{Said, is_ready, is_settled, judged, looks, most, needs, wanted_at};
use super::ids::{ChannelId, VideoId};
use super::kind::{Evidence, Hold, Left, Look, Needs, Verdict as Judged};
use super::model::{ItemState, NEWS_MS};
use super::poll::{self, Way};
use super::store::items::{self, OpenRow};
use super::store::videos::{self, Verdict, VideoRow};
use super::youtube;
use crate::app::App;
use crate::error::Error;
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
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

/// What is next for an item.
enum Step {
    /// It is looked at again then.
    Wait(Timestamp),
    /// It is known what it is, and posted then.
    Delay(Timestamp),
    /// It is old, for this reason.
    Record(&'static str),
    /// It becomes no post, for this reason.
    LeaveOut(String),
    /// It becomes a post.
    Announce,
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
        if video.verdict == Verdict::Undecided || said.about(&video.video_id).is_some() {
            let most = most(items.iter().copied())?;
            self.learn(&mut video, said, most).await;
        }
        // 3.
        let mut again: Option<Timestamp> = None;
        for item in items {
            let later = self.settle(&video, item).await?;
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
        if let Some(facts) = said.about(&video.video_id) {
            let found = facts.of(&video.video_id);
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
            // Not every source asks what it is.
            Judged::LeaveOut {
                reason: reason @ Left::Undecided,
            } => (Verdict::Undecided, reason.code()),
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

    fn step(&self, video: &VideoRow, item: &OpenRow) -> Result<Step, Error> {
        // What has been taken to be posted is posted.
        if item.state == ItemState::Posting {
            return Ok(Step::Announce);
        }
        let (app, now) = (self.app, self.app.now());
        let evidence = Evidence::read(&video.evidence);
        if let Some(reason) = old(video, item) {
            return Ok(if is_settled(app, video, &evidence, now) {
                Step::Record(reason)
            } else {
                Step::Wait(now.plus_ms(UNREADY_MS))
            });
        }
        let judged = match video.verdict {
            Verdict::Short | Verdict::Video => None,
            Verdict::LeftOut => {
                return Ok(Step::LeaveOut(video.reason.clone().unwrap_or_default()));
            }
            Verdict::Undecided if is_ready(app, video, &evidence, now) => {
                Some(judged(video, &evidence, needs(item)?, now))
            }
            Verdict::Undecided if now.since(video.first_seen_at) < TITLE_PATIENCE_MS => {
                return Ok(Step::Wait(now.plus_ms(UNREADY_MS)));
            }
            Verdict::Undecided => Some(Judged::LeaveOut {
                reason: Left::VisibilityUnknown,
            }),
        };
        Ok(match judged {
            Some(Judged::Hold { look_again_at, .. }) => Step::Wait(look_again_at),
            Some(Judged::LeaveOut { reason }) => Step::LeaveOut(reason.code().to_owned()),
            Some(Judged::Short { .. } | Judged::NotShort { .. } | Judged::Visible { .. })
            | None => match wanted_at(item, &evidence, now)? {
                at if at > now => Step::Delay(at),
                _ => Step::Announce,
            },
        })
    }

    /// Whether this look may bring one more item to an end.
    fn has_room(&self) -> bool {
        self.settled.fetch_add(1, Ordering::Relaxed) < SETTLED_MAX
    }

    /// Brings an item to its end, if that has come; gives when to try again, if not.
    async fn settle(&self, video: &VideoRow, item: &OpenRow) -> Result<Option<Timestamp>, Error> {
        let (app, now) = (self.app, self.app.now());
        let (statement, again) = match self.step(video, item)? {
            Step::Wait(at) => return Ok(Some(at)),
            // It has been told so.
            Step::Delay(at) if item.tried > 0 => return Ok(Some(at)),
            _ if !self.has_room() => {
                // What waits for something already need not be hurried.
                let again = if item.tried > 0 { AGAIN_MS } else { 0 };
                return Ok(Some(now.plus_ms(again)));
            }
            Step::Delay(at) => (items::noted(item, "delayed", None), Some(at)),
            Step::Record(reason) => (items::recorded(item, reason, now), None),
            Step::LeaveOut(reason) => (items::left_out(item, &reason, None, now), None),
            Step::Announce => return Ok(self.announced(video, item).await),
        };
        app.database.run(statement).await?;
        Ok(again)
    }

    /// Makes an item a post; gives when to try again, if that failed or has to wait.
    async fn announced(&self, video: &VideoRow, item: &OpenRow) -> Option<Timestamp> {
        let app = self.app;
        match announce(app, self.title, video, item, self.held).await {
            Ok(again) => again,
            Err(error) => {
                let why = error.internal.unwrap_or(error.detail);
                let details =
                    json!({ "source": item.source_id, "video": item.video_id, "why": why });
                app.warn("item_not_announced", &details);
                Some(app.now().plus_ms(AGAIN_MS))
            }
        }
    }
}

/// Why a video is old for a source, if it is.
pub(super) fn old(video: &VideoRow, item: &OpenRow) -> Option<&'static str> {
    let published = video.published_at?;
    if published < item.baseline_at {
        return Some("before_baseline");
    }
    (published < item.seen_at.plus_ms(-NEWS_MS)).then_some("old_news")
}
