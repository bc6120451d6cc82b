//! What a post is at the API.

use super::wording::{ThreadPart, Wording, worded};
use crate::http::Given;
use crate::ids::{AccountId, DeliveryId, MediaId, PostId, UserId, WorkspaceId};
use crate::platforms::{Poll, ReplySettings};
use crate::publish::content::{Options, Overflow};
use crate::publish::{Attempt, State};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

worded! {
/// What a person sends to make a post.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["text"] }, { "required": ["thread"] }, { "required": ["media"] }]))]
pub struct NewPost {
    /// The accounts that it goes to, 1 to 50, each once.
    #[schemars(with = "Vec<AccountId>", length(min = 1, max = 50), extend("uniqueItems" = true))]
    pub accounts: Vec<String>,
    /// When. Either an instant (`2026-12-01T09:00:00+01:00`), or a wall clock (`2026-12-01T09:00:00`) with `timezone`.
    /// Left out: at once. At most a year ahead.
    #[serde(default)]
    #[schemars(extend("examples" = ["2026-12-01T09:00:00+01:00", "2026-12-01T09:00:00"]))]
    pub publish_at: Option<String>,
    /// The IANA time zone of a wall clock, such as `Europe/Rome`.
    #[serde(default)]
    #[schemars(extend("examples" = ["Europe/Rome"]))]
    pub timezone: Option<String>,
}
}

/// What a person changes about a post. What is left out stays as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Another text, as `text` of a new post. A thread becomes a single post by it.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub text: Option<String>,
    /// Instead of `text`: the parts of a thread, with their media.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    pub thread: Option<Vec<ThreadPart>>,
    /// Other media of the first part, or none.
    #[serde(default)]
    #[schemars(length(max = 4))]
    pub media: Option<Vec<MediaId>>,
    /// Another post to reply to; null: none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub reply_to: Given<String>,
    /// Another post to quote; null: none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub quote: Given<String>,
    /// Another poll; null: none.
    #[serde(default)]
    #[schemars(with = "Option<Poll>")]
    pub poll: Given<Poll>,
    /// Who may reply; null: everybody.
    #[serde(default)]
    #[schemars(with = "Option<ReplySettings>")]
    pub reply_settings: Given<ReplySettings>,
    /// Another community; null: none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub community_id: Given<String>,
    /// Whether X is to label it as made with AI.
    #[serde(default)]
    pub made_with_ai: Option<bool>,
    /// Whether X is to label it as a paid partnership.
    #[serde(default)]
    pub paid_partnership: Option<bool>,
    /// Other hashtags.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub hashtags: Option<Vec<String>>,
    /// What to do with a text that is longer than an account may post.
    #[serde(default)]
    pub overflow: Option<Overflow>,
    /// Whether parts that it is split into are numbered.
    #[serde(default)]
    pub numbering: Option<bool>,
    /// What a cut text ends in; null: nothing.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub link: Given<String>,
    /// Another time, as `publish_at` of a new post; null: at once.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("examples" = ["2026-12-01T09:00:00+01:00"]))]
    pub publish_at: Given<String>,
    /// The IANA time zone of a wall clock in `publish_at`.
    #[serde(default)]
    #[schemars(extend("examples" = ["Europe/Rome"]))]
    pub timezone: Option<String>,
}

/// The status of a post, from its deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PostStatus")]
pub enum Status {
    /// Not submitted.
    Draft,
    /// Waits for a reviewer.
    InReview,
    /// Waits for its time.
    Scheduled,
    /// On its way to at least one account.
    Publishing,
    /// On every account.
    Published,
    /// On some accounts, or some parts of a thread; the rest ended otherwise.
    PartlyPublished,
    /// Refused everywhere.
    Failed,
    /// At least one delivery may or may not be there.
    Uncertain,
    /// Taken back.
    Canceled,
    /// Too late to be wanted.
    Missed,
    /// Was on at least one account, and was deleted there.
    Deleted,
}

impl Status {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::PartlyPublished => "partly_published",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Canceled => "canceled",
            Self::Missed => "missed",
            Self::Deleted => "deleted",
        }
    }
}

/// Where posts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PostSource")]
pub enum Source {
    /// The API.
    Api,
    /// A YouTube channel that is followed.
    Youtube,
}

impl Source {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Youtube => "youtube",
        }
    }
}

/// What a person wrote, and what became of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// Where it stands, over all its deliveries.
    pub status: Status,
    /// The text; of a thread, the first part.
    pub text: String,
    /// The text of each part, in order, as it was written. What an account's parts say in the end is in its delivery.
    pub segments: Vec<String>,
    /// What is wanted beside.
    #[serde(flatten)]
    pub options: Options,
    /// When it is to be published; null: at once.
    pub publish_at: Option<Timestamp>,
    /// The wall clock that was chosen, where one was.
    pub wall_clock: Option<String>,
    /// Its time zone.
    pub timezone: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// Who wrote it.
    pub author_id: Option<UserId>,
    /// Rises with every edit.
    pub revision: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// One for each account.
    pub deliveries: Vec<Delivery>,
}

/// A post going to one account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its post.
    pub post_id: PostId,
    /// Its account.
    pub account_id: AccountId,
    /// The account's platform.
    pub platform: String,
    /// Where it stands.
    pub state: State,
    /// Why it waits or ended, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The platform's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// When something is to happen next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// What was tried, the oldest first; the last 50.
    pub attempts: Vec<Attempt>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Where it is; of a thread, its first part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// How many of its parts are there.
    pub parts_sent: u32,
    /// How many parts it has.
    pub parts_total: u32,
    /// Of a thread, how far it is: `3 of 5 sent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["3 of 5 sent"]))]
    pub progress: Option<String>,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// What a person decides about a delivery of which nobody can say whether it is there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What they saw.
    pub outcome: Decided,
    /// With `sent`: where it is, as a link or as the post's id; of a thread, the part that is uncertain.
    #[serde(default)]
    #[schemars(extend("examples" = ["https://x.com/name/status/1212092628029698048"]))]
    pub url: Option<String>,
}

/// What a person saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// It is there, at `url`.
    Sent,
    /// It is not there; send it again.
    SendAgain,
    /// Whether it is there or not: nothing more is to be done.
    GiveUp,
}

/// How far a delivery is.
pub(super) struct Progress {
    /// How many of its parts are there.
    pub sent: u32,
    /// How many it has.
    pub total: u32,
    /// The same in words, of a thread.
    pub words: Option<String>,
}

impl Progress {
    /// Counted from its parts.
    pub fn of(parts: &[Part]) -> Self {
        let sent = parts.iter().filter(|part| part.state == PartState::Sent);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (sent, total) = (count(sent.count()), count(parts.len()));
        Self {
            sent,
            total,
            words: (total > 1).then(|| format!("{sent} of {total} sent")),
        }
    }
}

/// One segment of one delivery.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Part {
    /// Which, from 0.
    pub position: u32,
    /// What it says.
    pub text: String,
    /// Its media.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaId>,
    /// What became of it.
    pub state: PartState,
    /// Its id at the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Nothing yet.
    Pending,
    /// It is there.
    Sent,
    /// It is not there.
    Refused,
    /// Nobody knows.
    Uncertain,
    /// It was there, and was deleted.
    Deleted,
}

/// One publication, as the history shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Publication {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Its post.
    pub post_id: PostId,
    /// Its account.
    pub account_id: AccountId,
    /// The account's name at the platform, without `@`.
    pub handle: String,
    /// The platform.
    pub platform: String,
    /// The text; of a thread, the first part.
    pub text: String,
    /// Where the post comes from.
    pub source: Source,
    /// Where it is; of a thread, its first part.
    #[schemars(extend("format" = "uri"))]
    pub url: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// How many deliveries are in which state.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// On their platform.
    pub published: u64,
    /// Refused.
    pub failed: u64,
    /// On their way: queued, being sent, or waiting for a window or a repair.
    pub waiting: u64,
    /// Wait for their time.
    pub scheduled: u64,
    /// May or may not be there.
    pub uncertain: u64,
    /// Taken back.
    pub canceled: u64,
    /// Too late to be wanted.
    pub missed: u64,
    /// Deleted there.
    pub deleted: u64,
}

/// The counts of one account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AccountCounts {
    /// The account.
    pub account_id: AccountId,
    /// Its name at the platform, without `@`.
    pub handle: String,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The publications of one day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DayCount {
    /// The day in UTC, `2026-11-21`.
    #[schemars(extend("format" = "date"))]
    pub day: String,
    /// How many were published.
    pub published: u64,
}

/// What was published, and what was not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Stats {
    /// Over everything.
    #[serde(flatten)]
    pub counts: Counts,
    /// By account, the busiest first.
    pub by_account: Vec<AccountCounts>,
    /// By day, the newest first; the last 30 days on which something was published.
    pub by_day: Vec<DayCount>,
}
