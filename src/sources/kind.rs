//! Short or not, public or not: what the evidence means. Pure.
//!
//! YouTube has no flag for a Short, so that several looks are put together, the surest first:
//!
//! | look | says |
//! |---|---|
//! | a link to `/shorts/…` in the feed, or a place in the list of the channel's Shorts | a Short; the contrary says nothing |
//! | Data API: more than 180 s, or wider than high | no Short |
//! | the page `/shorts/…`: it is there | a Short |
//! | the page `/shorts/…`: it leads to `/watch` | no Short, once the video has been known for [`SETTLED_MS`]; before, it may not be read as one yet |
//! | Data API: up to 180 s and not wider than high | a Short, where the page could not be asked for so long |
//!
//! Whatever is not known never becomes a post: it is asked again, each time later, and left out after a day.

use super::youtube::{ApiVideo, instant};
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
use jiff::{SignedDuration, Span};
use serde::{Deserialize, Serialize};

/// The longest Short, in seconds (<https://support.google.com/youtube/answer/15424877>).
const SHORT_MAX_SECONDS: i64 = 180;
/// After so long in public a page that says "no Short" is believed, in ms.
const SETTLED_MS: i64 = 10 * MINUTE_MS;
/// The shortest and the longest pause between two looks at something that is fresh, in ms.
const PAUSE_MS: (i64, i64) = (MINUTE_MS, 10 * MINUTE_MS);
/// The pause where something is waited for that takes hours, in ms.
const LONG_PAUSE_MS: i64 = 30 * MINUTE_MS;
/// After so long without an answer, a video is left out, in ms.
const PATIENCE_MS: i64 = DAY_MS;
/// How long a stream or a premiere is waited for, in ms: they are announced weeks ahead.
const STREAM_PATIENCE_MS: i64 = 30 * DAY_MS;

/// What is known of a video, each with when it was learned. Stored with it and shown as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// A feed links to it as a Short.
    #[serde(default, skip_serializing_if = "is_false")]
    pub feed_links_to_shorts: bool,
    /// It stands in YouTube's list of the channel's Shorts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_shorts_list: bool,
    /// What its page as a Short answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// What the Data API said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Facts>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What the page `/shorts/…` answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// What that says.
    pub says: Says,
    /// The status.
    pub status: u16,
    /// When.
    pub at: Timestamp,
}

/// What a page says of its video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// It is a Short.
    Short,
    /// It is none.
    Video,
    /// Nothing: it asks for consent, refuses, or fails.
    Nothing,
}

/// What the Data API said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Whether it knows the video; what is not public it may leave out.
    pub known: bool,
    /// `public`, `unlisted` or `private`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
    /// `uploaded`, `processed`, `failed`, `rejected` or `deleted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// `none`, `upcoming` or `live`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<String>,
    /// When what is upcoming begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// Whether it is wider than high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_landscape: Option<bool>,
    /// When it said so.
    pub at: Timestamp,
}

impl Evidence {
    /// What an entry of a feed says by its link.
    #[must_use]
    pub fn of_link(to_shorts: bool) -> Self {
        Self {
            feed_links_to_shorts: to_shorts,
            ..Self::default()
        }
    }

    /// As it is stored.
    #[must_use]
    pub fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads what was stored; what cannot be read is learned again.
    #[must_use]
    pub fn read(stored: &str) -> Self {
        serde_json::from_str(stored).unwrap_or_default()
    }

    /// Learns what the page answered.
    pub fn page_answered(&mut self, status: u16, location: Option<&str>, now: Timestamp) {
        let to_watch = location.is_some_and(|location| location.contains("/watch"));
        let says = match status {
            200 => Says::Short,
            301..=308 if to_watch => Says::Video,
            _ => Says::Nothing,
        };
        // What was once said is not unsaid by a refusal.
        if says == Says::Nothing && self.page.is_some_and(|page| page.says != Says::Nothing) {
            return;
        }
        self.page = Some(Page {
            says,
            status,
            at: now,
        });
    }

    /// Learns what the Data API says, or that it says nothing.
    pub fn api_said(&mut self, video: Option<&ApiVideo>, now: Timestamp) {
        let Some(video) = video else {
            let before = self.api.take();
            self.api = Some(Facts {
                known: false,
                privacy: None,
                upload: None,
                broadcast: None,
                starts_at: None,
                seconds: before.and_then(|facts| facts.seconds),
                is_landscape: None,
                at: now,
            });
            return;
        };
        let number =
            |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u32>().ok());
        let (width, height) = (
            number(&video.player.embed_width),
            number(&video.player.embed_height),
        );
        self.api = Some(Facts {
            known: true,
            privacy: video.status.privacy_status.clone(),
            upload: video.status.upload_status.clone(),
            broadcast: video.snippet.live_broadcast_content.clone(),
            starts_at: instant(video.live_streaming_details.scheduled_start_time.as_deref()),
            seconds: video.content_details.duration.as_deref().and_then(seconds),
            is_landscape: width.zip(height).map(|(width, height)| width > height),
            at: now,
        });
    }
}

/// A duration as YouTube writes it, such as `PT2M59S` or `P1DT2H`, in seconds.
fn seconds(text: &str) -> Option<i64> {
    let span: Span = text.parse().ok()?;
    let exact = SignedDuration::try_from(span).or_else(|_| {
        // A day of a video is 24 hours.
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
    });
    exact.ok().map(|duration| duration.as_secs())
}

/// What has to be known before a video becomes a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Whether it is a Short, and public.
    Kind,
    /// Whether it is public.
    Visibility,
}

/// What the evidence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is a Short, and public.
    Short,
    /// It is another video, and public.
    Video,
    /// It is public, and nobody asked for more.
    Public,
    /// It is to be looked at again.
    Wait {
        /// Why, as a stable code.
        reason: &'static str,
        /// When.
        until: Timestamp,
    },
    /// It becomes nothing.
    LeaveOut {
        /// Why, as a stable code.
        reason: &'static str,
    },
}

/// When a video was seen first; and what time it is.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When it was first seen here.
    pub first_seen_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl Times {
    /// For how long it had been known at this time, in ms. When YouTube says that it was published does not count: what was
    /// private before keeps an older time.
    const fn out_ms(self, at: Timestamp) -> i64 {
        at.since(self.first_seen_at)
    }

    /// When to look again: after as long as it has been known, so that the pauses double, within bounds.
    fn soon(self) -> Timestamp {
        let known = self.now.since(self.first_seen_at);
        let pause = if known > 12 * PAUSE_MS.1 {
            LONG_PAUSE_MS
        } else {
            known.clamp(PAUSE_MS.0, PAUSE_MS.1)
        };
        self.now.plus_ms(pause)
    }

    fn wait(self, reason: &'static str, at_the_end: &'static str) -> Judgement {
        if self.now.since(self.first_seen_at) >= PATIENCE_MS {
            Judgement::LeaveOut { reason: at_the_end }
        } else {
            Judgement::Wait {
                reason,
                until: self.soon(),
            }
        }
    }
}

/// What the evidence means by now.
#[must_use]
pub fn judge(evidence: &Evidence, times: Times, needs: Needs) -> Judgement {
    if let Some(waits) = evidence
        .api
        .as_ref()
        .and_then(|facts| not_public(facts, times))
    {
        return waits;
    }
    match kind(evidence, times) {
        Some(known) => known,
        None if needs == Needs::Visibility => Judgement::Public,
        None => {
            let young = times.out_ms(times.now) < SETTLED_MS;
            times.wait(
                if young { "just_published" } else { "undecided" },
                "undecided",
            )
        }
    }
}

/// Why it is not to be shown to anybody, or not yet.
fn not_public(facts: &Facts, times: Times) -> Option<Judgement> {
    if !facts.known {
        return Some(times.wait("not_public_yet", "removed"));
    }
    match facts.privacy.as_deref() {
        Some("private") => return Some(times.wait("private", "private")),
        Some("unlisted") => return Some(times.wait("unlisted", "unlisted")),
        _ => {}
    }
    match facts.upload.as_deref() {
        Some("failed" | "rejected" | "deleted") => {
            return Some(Judgement::LeaveOut { reason: "removed" });
        }
        Some("uploaded") => return Some(times.wait("processing", "removed")),
        _ => {}
    }
    let stream = |reason, until| {
        if times.now.since(times.first_seen_at) >= STREAM_PATIENCE_MS {
            Judgement::LeaveOut { reason }
        } else {
            Judgement::Wait { reason, until }
        }
    };
    let later = times.now.plus_ms(LONG_PAUSE_MS);
    match facts.broadcast.as_deref() {
        Some("upcoming") => {
            // Starting times move: it is asked again before, and when the time has come.
            let begins = facts.starts_at.unwrap_or(later).plus_ms(PAUSE_MS.0);
            let until = begins.clamp(times.now.plus_ms(PAUSE_MS.0), times.now.plus_ms(DAY_MS / 4));
            Some(stream("upcoming", until))
        }
        Some("live") => Some(stream("live", times.now.plus_ms(PAUSE_MS.1))),
        _ if facts.seconds == Some(0) => Some(times.wait("processing", "removed")),
        _ => None,
    }
}

fn kind(evidence: &Evidence, times: Times) -> Option<Judgement> {
    if evidence.feed_links_to_shorts || evidence.in_shorts_list {
        return Some(Judgement::Short);
    }
    let facts = evidence.api.as_ref();
    let is_long = facts
        .and_then(|facts| facts.seconds)
        .is_some_and(|seconds| seconds > SHORT_MAX_SECONDS);
    let is_landscape = facts.and_then(|facts| facts.is_landscape);
    if is_long || is_landscape == Some(true) {
        return Some(Judgement::Video);
    }
    match evidence.page.map(|page| (page.says, page.at)) {
        Some((Says::Short, _)) => Some(Judgement::Short),
        Some((Says::Video, at)) => (times.out_ms(at) >= SETTLED_MS).then_some(Judgement::Video),
        Some((Says::Nothing, _)) | None => {
            // The page cannot be asked: short and upright is what YouTube itself goes by.
            let is_short = facts.is_some_and(|facts| facts.seconds.is_some());
            let settled = times.out_ms(times.now) >= SETTLED_MS;
            (is_short && is_landscape == Some(false) && settled).then_some(Judgement::Short)
        }
    }
}

/// Whether asking the page, and then the list of Shorts, can tell more.
#[must_use]
pub fn is_open(evidence: &Evidence, times: Times) -> bool {
    let hidden = evidence
        .api
        .as_ref()
        .and_then(|facts| not_public(facts, times));
    hidden.is_none() && kind(evidence, times).is_none()
}

/// What a reason of an item means to a creator.
#[must_use]
pub fn in_words(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "just_published" => {
            "It is not clear yet whether this is a Short: YouTube may not show a fresh one as such. It is looked at again."
        }
        "undecided" => "YouTube does not say whether this is a Short.",
        "not_public_yet" => {
            "YouTube's Data API does not know the video yet. It is looked at again."
        }
        "private" => "The video is private.",
        "unlisted" => "The video is unlisted.",
        "processing" => "YouTube is still processing the video.",
        "removed" => "The video was removed, or is not public.",
        "upcoming" => "The premiere or stream has not begun; it is looked at again when it should.",
        "live" => "The stream is running; it is looked at again when it has ended.",
        "before_baseline" => {
            "It was published before this source began, was resumed, or was pointed at this channel."
        }
        "old_news" => "It was older than two days when it was first seen.",
        "not_a_short" => "It is no Short, and this source posts Shorts.",
        "a_short" => "It is a Short, and this source posts other videos.",
        "excluded_word" => "Its title has a word that this source excludes.",
        "no_included_word" => "Its title has none of the words that this source asks for.",
        "max_per_day" => "The day's posts of this source were used up (max_per_day).",
        "paused" => "The source was paused.",
        "repointed" => "The source was pointed at another channel.",
        "template_too_long" => "The template leaves no room for a post.",
        "account_needs_reconnect" => {
            "An account of this source has to be connected again before it can post."
        }
        "unknown_account" => {
            "An account of this source is not connected any more: change the source's accounts."
        }
        _ => return None,
    })
}
