//! What is known of a video, by whom and since when. Kept with the item, so the names are short and stay.

use super::TAKEN_BACK_AFTER_MS;
use crate::time::{Timestamp, millis, optional_millis};
use jiff::SpanRelativeTo;
use jiff::fmt::temporal::SpanParser;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All that has been found out about one video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// When it was last seen in a public list: the hub's push, the channel's feed or its uploads.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub listed: Option<Timestamp>,
    /// When the channel's feed linked to it as `/shorts/…`. A link as `/watch` proves nothing and is not kept.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub feed_link: Option<Timestamp>,
    /// What `https://www.youtube.com/shorts/{id}` answered.
    #[serde(skip_serializing_if = "Probes::is_empty")]
    pub probe: Probes,
    /// What the channel's playlist of Shorts (`UUSH…`) said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub playlist: Option<Playlist>,
    /// When it was found in the channel's playlist for members (`UUMO…`, which YouTube does not document).
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub members: Option<Timestamp>,
    /// When the hub said that it was deleted, or made private.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
    /// What the Data API said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
}

/// The newest answer of each kind to the probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Probes {
    /// When it was 200: a Short.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub short: Option<Timestamp>,
    /// When it was 303 to `/watch`: none, or not yet.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub watch: Option<Timestamp>,
    /// When it was anything else, such as a consent page or 429.
    #[serde(with = "optional_millis", skip_serializing_if = "Option::is_none")]
    pub other: Option<Timestamp>,
    /// The status of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// An answer to the probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// 200.
    Short,
    /// 303 to `/watch?v=` with the same id.
    Watch,
    /// Any other status, or another target.
    Other(u16),
}

/// A look into the playlist of Shorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playlist {
    /// When.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Whether the video was in it. That it was not proves nothing.
    pub found: bool,
}

/// What `videos.list` says of a video, as far as it matters here
/// (<https://developers.google.com/youtube/v3/docs/videos>).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// When it was asked.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Whether the video was in the answer at all; a private or deleted one is not.
    pub present: bool,
    /// `contentDetails.duration` in seconds; 0 while it is upcoming or live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// `player.embedWidth`; there only if a greatest width or height was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// `player.embedHeight`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `snippet.liveBroadcastContent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// `liveStreamingDetails.scheduledStartTime`.
    #[serde(
        default,
        with = "optional_millis",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<Timestamp>,
    /// `liveStreamingDetails.actualEndTime`.
    #[serde(
        default,
        with = "optional_millis",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<Timestamp>,
    /// `status.privacyStatus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    /// `status.uploadStatus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
}

/// `snippet.liveBroadcastContent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// An ordinary video, or a broadcast that is over.
    None,
    /// A broadcast or premiere that has not begun.
    Upcoming,
    /// One that goes on.
    Live,
    /// A word that is not known here.
    #[serde(other)]
    Other,
}

/// `status.privacyStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// For everybody.
    Public,
    /// For who has the link.
    Unlisted,
    /// For who was invited, or not yet for anybody.
    Private,
    /// A word that is not known here.
    #[serde(other)]
    Other,
}

/// `status.uploadStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upload {
    /// It is there, and not yet worked through.
    Uploaded,
    /// It can be watched.
    Processed,
    /// It could not be worked through.
    Failed,
    /// It was refused.
    Rejected,
    /// It was deleted.
    Deleted,
    /// A word that is not known here.
    #[serde(other)]
    Other,
}

impl Evidence {
    /// As it is stored.
    #[must_use]
    pub fn stored(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads what was stored; what cannot be read is found out again.
    #[must_use]
    pub fn read(stored: &str) -> Self {
        serde_json::from_str(stored).unwrap_or_default()
    }

    /// Whether the Data API was asked, and after a deletion late enough to know of it.
    #[must_use]
    pub fn api_has_spoken(&self) -> bool {
        let since = self.deleted.map(|at| at.plus_ms(TAKEN_BACK_AFTER_MS));
        let api = self.api.as_ref();
        api.is_some_and(|api| since.is_none_or(|since| api.at >= since))
    }

    /// Keeps an answer to the probe.
    pub fn probed(&mut self, answer: Probe, at: Timestamp) {
        let probe = &mut self.probe;
        match answer {
            Probe::Short => probe.short = Some(at),
            Probe::Watch => probe.watch = Some(at),
            Probe::Other(status) => {
                probe.other = Some(at);
                probe.status = Some(status);
            }
        }
    }

    /// Keeps what the playlist of Shorts said; once found stays found.
    pub fn looked_in_playlist(&mut self, found: bool, at: Timestamp) {
        if !self.playlist.is_some_and(|before| before.found) {
            self.playlist = Some(Playlist { at, found });
        }
    }
}

impl Probes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// When the last of them came.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.short.max(self.watch).max(self.other)
    }
}

/// Reads a duration of the Data API, such as `PT3M`, `P0D` or `P1DT2H` (ISO 8601; a day has 24 hours), in whole seconds.
#[must_use]
pub fn duration_seconds(text: &str) -> Option<u32> {
    let span = SpanParser::new().parse_span(text).ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    u32::try_from(duration.as_secs()).ok()
}

/// What was stored, as the API shows it: with instants in the place of numbers of milliseconds.
#[must_use]
pub fn evidence_shown(stored: &str) -> Value {
    let mut value = serde_json::from_str(stored).unwrap_or_default();
    show(&mut value);
    value
}

/// The fields that are instants, by their names in [`Evidence`].
const INSTANTS: [&str; 10] = [
    "listed",
    "feed_link",
    "short",
    "watch",
    "other",
    "at",
    "members",
    "deleted",
    "start",
    "end",
];

fn show(value: &mut Value) {
    let Value::Object(fields) = value else {
        return;
    };
    for (name, field) in fields {
        match field.as_i64() {
            Some(ms) if INSTANTS.contains(&name.as_str()) => {
                *field = Timestamp::from_millis(ms).to_string().into();
            }
            _ => show(field),
        }
    }
}
