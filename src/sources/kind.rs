//! Is a video a Short, and can everybody see it? The rules by which what is known is combined.
//!
//! Promises: nothing becomes a post by accident. A video is called a Short only if something says so, and an ordinary
//! one only if something says so; whatever is unknown waits, and after a day is left out. Pure: it asks nobody.
//! [`next_looks`] says whom to ask; what they say is put into [`Evidence`], and [`judge`] decides. A decision is final
//! for its caller: what is found out later does not take a post back.
//!
//! YouTube has no flag for Shorts. What there is, and what wins:
//!
//! 1. Who can see it comes first. A video that is deleted, private, unlisted, for members, refused, unfinished, upcoming
//!    or live is not announced, Short or not; nor is one of which nothing says that it is public. The newest word counts:
//!    after a deletion, what the Data API says two minutes later or more; without that, the deletion.
//! 2. Longer than 180 s is no Short, whatever else is said: it is the rule (<https://support.google.com/youtube/answer/15424877>),
//!    and a page for consent may look like the probe's 200.
//! 3. The feed's link, the list of Shorts and the probe's 200 are YouTube's own word, and believed at once, also against the
//!    shape and against any 303.
//! 4. A 303 is YouTube's own word too, but a new Short is not known as one for some minutes
//!    (<https://github.com/Benjamin-Loison/YouTube-operational-API/issues/341>): it is believed if it came ten minutes
//!    after the video did and after it was first seen. Then it also wins over an upright shape, which is an inference.
//! 5. The shape: wider than high is none; upright or square and at most 180 s is one. (What was uploaded before 2024-10-15
//!    had 60 s; nothing as old is announced.)
//!
//! `#shorts` in a title is no evidence.

mod evidence; // what is known
mod verdict; // what is decided, and why

pub use evidence::{
    Api, Evidence, Live, Playlist, Privacy, Probe, Probes, Upload, duration_seconds, evidence_shown,
};
pub use verdict::{By, Hold, Left, Verdict};

use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// The longest Short, in seconds.
const SHORT_MAX_SECONDS: u32 = 180;
/// How long after the video a 303 is believed, in ms.
const WATCH_BELIEVED_AFTER_MS: i64 = 10 * MINUTE_MS;
/// When a video is looked at again, in minutes since the day of looking began: after 1, 2, 4, 8 and 10 minutes, …
const BACKOFF_MINUTES: [i64; 5] = [1, 3, 7, 15, 25];
/// … and then each so many.
const BACKOFF_MAX_MS: i64 = 10 * MINUTE_MS;
/// Two looks are at least so far apart.
const BREATH_MS: i64 = 30 * SECOND_MS;
/// How long after the word that a video is gone the Data API is asked whether it is, in ms: before, it may not know yet.
pub const TAKEN_BACK_AFTER_MS: i64 = 2 * MINUTE_MS;
/// How long one that is told to be gone is looked at whether it comes back: who hides a video to mend it is quick.
const GONE_PATIENCE_MS: i64 = HOUR_MS;
/// After this long it is left out.
const PATIENCE_MS: i64 = DAY_MS;
/// How long a video may be announced before it begins: rooms that are scheduled in years never begin.
const UPCOMING_MAX_MS: i64 = 30 * DAY_MS;
/// The playlist of Shorts costs more than a probe, and is only looked into when that takes long.
const PLAYLIST_AFTER_MS: i64 = 3 * MINUTE_MS;

/// What is to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Whether it is a Short, and whether everybody can see it.
    Kind,
    /// Only whether everybody can see it: the source takes both kinds.
    VisibilityOnly,
}

/// Whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// `videos.list`; 1 unit for up to 50 videos.
    DataApi,
    /// HEAD `https://www.youtube.com/shorts/{id}`.
    Probe,
    /// The channel's playlist of Shorts.
    Playlist,
}

/// Decides about a video, which was published then (if that is known) and first seen then.
#[must_use]
pub fn judge(
    evidence: &Evidence,
    published_at: Option<Timestamp>,
    first_seen: Timestamp,
    now: Timestamp,
    needs: Needs,
) -> Verdict {
    let begin = since(evidence, first_seen, now);
    if let Some(unseen) = hidden(evidence, begin, first_seen, now) {
        return unseen;
    }
    let Some(seen) = seen(evidence) else {
        return hold(Hold::VisibilityUnknown, Left::VisibilityUnknown, begin, now);
    };
    if let Some(decided) = kind(evidence, published_at, first_seen) {
        return decided;
    }
    match needs {
        Needs::Kind => hold(Hold::KindUnknown, Left::Undecided, begin, now),
        Needs::VisibilityOnly => Verdict::Visible { by: seen },
    }
}

/// Whom to ask now, most telling first, before [`judge`] is asked; empty when nobody can add anything. `api`: whether
/// there is a key and units are left.
///
/// With a key, the Data API is asked about every video once, since nobody else says who can see it.
#[must_use]
pub fn next_looks(
    evidence: &Evidence,
    published_at: Option<Timestamp>,
    first_seen: Timestamp,
    now: Timestamp,
    needs: Needs,
    api: bool,
) -> Vec<Look> {
    let rested = |last: Option<Timestamp>| last.is_none_or(|last| now.since(last) >= BREATH_MS);
    let asked = evidence.api.as_ref().map(|api| api.at);
    let can_ask = api && rested(asked);
    let waits_for = match judge(evidence, published_at, first_seen, now, needs) {
        Verdict::LeaveOut { .. } => {
            // A deletion may have been taken back; nobody else can say that.
            let is_news = evidence.deleted.is_some() && !evidence.api_has_spoken();
            return if is_news && evidence.members.is_none() && can_ask {
                vec![Look::DataApi]
            } else {
                Vec::new()
            };
        }
        Verdict::Hold { reason, .. } => Some(reason),
        _ => None,
    };
    let mut looks = Vec::new();
    if can_ask && (asked.is_none() || waits_for.is_some()) {
        looks.push(Look::DataApi);
    }
    if !matches!(waits_for, Some(Hold::KindUnknown | Hold::VisibilityUnknown)) {
        return looks;
    }
    // The probe's 200 does not say that everybody can see it.
    if waits_for == Some(Hold::KindUnknown) && rested(evidence.probe.last()) {
        looks.push(Look::Probe);
    }
    let looked = evidence.playlist.map(|playlist| playlist.at);
    let playlist_is_due = looked.is_none_or(|at| now.since(at) >= BACKOFF_MAX_MS);
    if playlist_is_due && now.since(first_seen) >= PLAYLIST_AFTER_MS {
        looks.push(Look::Playlist);
    }
    looks
}

/// Since when a video is waited for: since it was first seen, or due, or over, as far as that is known now.
#[must_use]
pub fn since(evidence: &Evidence, first_seen: Timestamp, now: Timestamp) -> Timestamp {
    let turns = evidence
        .api
        .iter()
        .flat_map(|api| [api.start, api.end])
        .flatten()
        .filter(|at| *at <= now);
    turns.fold(first_seen.min(now), Timestamp::max)
}

/// What to do with a video that not everybody can see, or not yet; `None`: nothing says so.
fn hidden(
    evidence: &Evidence,
    begin: Timestamp,
    first_seen: Timestamp,
    now: Timestamp,
) -> Option<Verdict> {
    let out = |reason| Some(Verdict::LeaveOut { reason });
    let wait = |reason, left| Some(hold(reason, left, begin, now));
    if evidence.members.is_some() {
        return out(Left::MembersOnly);
    }
    if let Some(deleted) = evidence.deleted
        && !evidence.api_has_spoken()
    {
        // Whoever noted it may have a clock that is ahead.
        let believed = deleted.min(now).plus_ms(TAKEN_BACK_AFTER_MS);
        return if now < believed {
            Some(Verdict::Hold {
                reason: Hold::Absent,
                look_again_at: believed,
            })
        } else {
            out(Left::Removed)
        };
    }
    let api = evidence.api.as_ref()?;
    if !api.present {
        let was_told = |gone: Timestamp| now.since(gone) >= GONE_PATIENCE_MS;
        if evidence.deleted.is_some_and(was_told) {
            return out(Left::Removed);
        }
        return wait(Hold::Absent, Left::Removed);
    }
    match api.upload {
        Some(Upload::Failed | Upload::Rejected) => return out(Left::Rejected),
        Some(Upload::Deleted) => return out(Left::Removed),
        _ => {}
    }
    match api.privacy {
        Some(Privacy::Private) => return wait(Hold::Private, Left::Private),
        Some(Privacy::Unlisted) => return wait(Hold::Unlisted, Left::Unlisted),
        Some(Privacy::Other) | None => {
            return wait(Hold::VisibilityUnknown, Left::VisibilityUnknown);
        }
        Some(Privacy::Public) => {}
    }
    match api.live {
        Some(Live::Upcoming) => Some(upcoming(api, begin, first_seen, now)),
        Some(Live::Live) => wait(Hold::Live, Left::Live),
        Some(Live::Other) | None => wait(Hold::VisibilityUnknown, Left::VisibilityUnknown),
        Some(Live::None) if api.upload == Some(Upload::Processed) => None,
        Some(Live::None) => wait(Hold::Processing, Left::NeverProcessed),
    }
}

/// A broadcast or premiere that has not begun: looked at when it is due, and once a day before, since that moves.
fn upcoming(api: &Api, begin: Timestamp, first_seen: Timestamp, now: Timestamp) -> Verdict {
    let Some(start) = api.start.filter(|start| *start > now) else {
        return hold(Hold::Upcoming, Left::NeverStarted, begin, now);
    };
    let last = first_seen.plus_ms(UPCOMING_MAX_MS);
    if now >= last || start > last {
        return Verdict::LeaveOut {
            reason: Left::NeverStarted,
        };
    }
    Verdict::Hold {
        reason: Hold::Upcoming,
        look_again_at: start.min(now.plus_ms(DAY_MS)).max(now.plus_ms(BREATH_MS)),
    }
}

/// Whether it is a Short, by the order of the module's doc; `None`: nothing says so.
fn kind(
    evidence: &Evidence,
    published_at: Option<Timestamp>,
    first_seen: Timestamp,
) -> Option<Verdict> {
    let short = |by| Some(Verdict::Short { by });
    let none = |by| Some(Verdict::NotShort { by });
    let api = evidence.api.as_ref();
    if api.is_some_and(|api| {
        api.seconds
            .is_some_and(|seconds| seconds > SHORT_MAX_SECONDS)
    }) {
        return none(By::ApiDuration);
    }
    if evidence.feed_link.is_some() {
        return short(By::FeedLink);
    }
    if evidence.playlist.is_some_and(|playlist| playlist.found) {
        return short(By::Playlist);
    }
    if evidence.probe.short.is_some() {
        return short(By::Probe);
    }
    let came = published_at.map_or(first_seen, |published| published.max(first_seen));
    let believed = came.plus_ms(WATCH_BELIEVED_AFTER_MS);
    if evidence.probe.watch.is_some_and(|watch| watch >= believed) {
        return none(By::ProbeWatch);
    }
    let api = api?;
    let (width, height) = (api.width.filter(|width| *width > 0)?, api.height?);
    if width > height {
        return none(By::ApiLandscape);
    }
    // While it is upcoming or live, the duration is 0.
    let fits = api
        .seconds
        .is_some_and(|seconds| (1..=SHORT_MAX_SECONDS).contains(&seconds));
    if fits { short(By::ApiShape) } else { None }
}

/// What says that everybody can see it, when nothing says the opposite.
fn seen(evidence: &Evidence) -> Option<By> {
    if evidence.api.as_ref().is_some_and(Api::is_public) {
        return Some(By::ApiPublic);
    }
    let listed = evidence.listed.or(evidence.feed_link).is_some()
        || evidence.playlist.is_some_and(|playlist| playlist.found);
    listed.then_some(By::Listed)
}

/// Looks again by the backoff, until the day is over.
fn hold(reason: Hold, left: Left, begin: Timestamp, now: Timestamp) -> Verdict {
    let end = begin.plus_ms(PATIENCE_MS);
    if now >= end {
        return Verdict::LeaveOut { reason: left };
    }
    // By the time that has passed and not by a count, so that a look too many changes nothing.
    let soon = now.since(begin).max(0).saturating_add(BREATH_MS);
    let next = BACKOFF_MINUTES
        .into_iter()
        .map(|minutes| minutes * MINUTE_MS)
        .find(|next| *next >= soon)
        .unwrap_or_else(|| {
            let rounds = soon
                .saturating_sub(5 * MINUTE_MS)
                .div_euclid(BACKOFF_MAX_MS);
            5 * MINUTE_MS + (rounds + 1) * BACKOFF_MAX_MS
        });
    Verdict::Hold {
        reason,
        look_again_at: begin.plus_ms(next).min(end),
    }
}

impl Api {
    fn is_public(&self) -> bool {
        self.present && self.privacy == Some(Privacy::Public)
    }
}

#[cfg(test)]
#[path = "kind_tests.rs"]
mod tests;
