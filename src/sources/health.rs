//! How new videos of a channel are noticed, and whether that works: in words that a creator understands.

use super::store::channels::ChannelRow;
use super::websub::{Standing, standing};
use crate::time::{HOUR_MS, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// After so long without a good look, looking does not work, in ms: more than the longest pause between two looks.
const SILENT_MS: i64 = 7 * HOUR_MS;

/// How new videos are noticed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceHealth")]
pub struct Health {
    /// Whether new videos are noticed, and how soon.
    pub summary: String,
    /// YouTube's announcements, within seconds.
    pub push: Push,
    /// Looking at the channel, within minutes.
    pub poll: Poll,
}

/// YouTube's announcements.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourcePush")]
pub struct Push {
    /// `verified`: YouTube has promised to announce new videos. `pending`: it was asked, and has not confirmed. `unknown`: it
    /// failed, and may confirm yet. `denied`: it refuses. `expired`: its promise has run out. `off`: the channel is not
    /// followed.
    #[schemars(extend("enum" = ["verified", "pending", "unknown", "denied", "expired", "off"]))]
    pub state: &'static str,
    /// The same for a person.
    pub detail: String,
    /// Until when the promise holds.
    pub lease_until: Option<Timestamp>,
    /// When YouTube is asked again.
    pub next_request_at: Option<Timestamp>,
    /// How many announcements came.
    pub received: u32,
    /// When the last one came.
    pub last_received_at: Option<Timestamp>,
    /// How many had no effect, since they were not signed as they should be or not readable.
    pub ignored: u32,
    /// What the hub said when it last failed or refused.
    pub hub_said: Option<String>,
}

/// Looking at the channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourcePoll")]
pub struct Poll {
    /// `working`: the last look was answered. `failing`: it was not, and a later one may be. `pending`: there was none yet.
    /// `off`: the channel is not followed.
    #[schemars(extend("enum" = ["working", "failing", "pending", "off"]))]
    pub state: &'static str,
    /// The same for a person.
    pub detail: String,
    /// By what the last good look was made.
    #[schemars(extend("enum" = ["feed", "api", null]))]
    pub by: Option<String>,
    /// When the last look was made.
    pub last_look_at: Option<Timestamp>,
    /// When the last one was answered.
    pub last_good_at: Option<Timestamp>,
    /// When the next one is made.
    pub next_look_at: Option<Timestamp>,
}

/// How a channel stands now. `with_key`: whether there is a key to the Data API.
#[must_use]
pub fn of(row: &ChannelRow, now: Timestamp, with_key: bool) -> Health {
    let (push, poll) = (push(row, now), poll(row, now, with_key));
    let summary = match (push.state, poll.state) {
        ("off", _) | (_, "off") => "Paused: nothing is noticed.",
        (_, "failing") if row.poll_good_at.is_none() => {
            "YouTube has not shown this channel yet: check that its id is right. If it is, new videos are found as soon as YouTube answers."
        }
        ("verified", "pending") if row.pushes == 0 => {
            "YouTube has promised to announce new videos; the first look at the channel is about to be made."
        }
        ("verified", "working") if row.was_not_announced() => {
            "New videos are found by looking, usually within minutes. YouTube has promised to announce them, but did not announce the last one; Godwit asks anew."
        }
        ("verified", "working") if row.pushes == 0 => {
            "New videos are looked for, and YouTube has promised to announce them; it has not announced any yet."
        }
        ("verified", "working") => {
            "All is well: new videos are announced by YouTube within seconds, and looked for besides."
        }
        ("verified", "pending") => {
            "New videos are announced by YouTube within seconds; the first look at the channel is about to be made."
        }
        ("verified", _) if row.pushes == 0 || row.was_not_announced() => {
            "YouTube has promised to announce new videos, but has announced none lately. Looking at the channel fails at the moment, so that they may be found later than usual."
        }
        ("verified", _) => {
            "New videos are announced by YouTube within seconds. Looking at the channel fails at the moment, so that what YouTube does not announce is found later."
        }
        ("pending", "working") => {
            "New videos are found by looking, usually within minutes. YouTube was asked to announce them within seconds, and has not confirmed yet."
        }
        (_, "working") => {
            "New videos are found by looking, usually within minutes. YouTube's announcements, which take seconds, do not work at the moment; Godwit keeps asking for them."
        }
        (_, "pending") => "Just connected: the first look at the channel is about to be made.",
        _ if row
            .poll_good_at
            .is_some_and(|good| now.since(good) < SILENT_MS) =>
        {
            "New videos are found later than usual: YouTube neither announces them nor answers at the moment. None is lost."
        }
        _ => {
            "New videos are not noticed at the moment: YouTube neither announces them nor answers. They are found as soon as it does, and posted if they are not older than two days."
        }
    };
    Health {
        summary: summary.to_owned(),
        push,
        poll,
    }
}

fn push(row: &ChannelRow, now: Timestamp) -> Push {
    let (state, detail) = match standing(row, now) {
        _ if row.followed == 0 => ("off", "No active source follows this channel."),
        Standing::Verified if row.ask_failures > 0 => (
            "verified",
            "YouTube announces new videos. It did not take the renewal yet; Godwit keeps asking.",
        ),
        Standing::Verified if row.was_not_announced() => (
            "verified",
            "YouTube has promised to announce new videos, but did not announce the last one. Godwit asks anew.",
        ),
        Standing::Verified if row.pushes == 0 => {
            ("verified", "YouTube has promised to announce new videos.")
        }
        Standing::Verified => ("verified", "YouTube announces new videos."),
        Standing::Pending => (
            "pending",
            "YouTube was asked to announce new videos, and has not confirmed yet.",
        ),
        Standing::Unknown => (
            "unknown",
            "YouTube's announcement service failed when it was asked. It may confirm all the same; Godwit keeps asking.",
        ),
        Standing::Denied => (
            "denied",
            "YouTube's announcement service refuses this channel. Godwit asks again later.",
        ),
        Standing::Expired => (
            "expired",
            "YouTube's promise to announce new videos has run out, and was not renewed yet. Godwit keeps asking.",
        ),
    };
    Push {
        state,
        detail: detail.to_owned(),
        lease_until: row.lease_until.filter(|until| *until > now),
        next_request_at: row.ask_at,
        received: row.pushes,
        last_received_at: row.pushed_at,
        ignored: row.ignored,
        hub_said: row.ask_note.clone(),
    }
}

fn poll(row: &ChannelRow, now: Timestamp, with_key: bool) -> Poll {
    let (state, detail) = match &row.poll_note {
        _ if row.followed == 0 => ("off", "No active source follows this channel.".to_owned()),
        Some(note) => (
            "failing",
            format!("The last look at the channel failed, and it is looked at again: {note}"),
        ),
        None if row.poll_good_at.is_none() => {
            ("pending", "The first look is about to be made.".to_owned())
        }
        None => ("working", working(row, now, with_key)),
    };
    Poll {
        state,
        detail,
        by: row.poll_by.clone(),
        last_look_at: row.polled_at,
        last_good_at: row.poll_good_at,
        next_look_at: row.poll_at,
    }
}

fn working(row: &ChannelRow, now: Timestamp, with_key: bool) -> String {
    let by = match row.poll_by.as_deref() {
        Some("api") => "YouTube's Data API",
        _ if with_key => {
            "the channel's public feed, since YouTube's Data API does not answer or its units for today are used up"
        }
        _ => "the channel's public feed",
    };
    let minutes = row.poll_at.map_or(0, |at| at.since(now).max(0) / 60_000);
    let next = match minutes {
        0 => "within a minute".to_owned(),
        1 => "in a minute".to_owned(),
        more => format!("in {more} minutes"),
    };
    format!("New videos are looked for in {by}; the next look is {next}.")
}
