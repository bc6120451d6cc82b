//! What a source is to the API: itself, its channel, and what became of its items.

use super::ids::{ChannelId, VideoId};
use super::settings::{Filter, Mode};
use super::wording::Link;
use crate::ids::{AccountId, PostId, SourceId, UserId, WorkspaceId};
use crate::posts::Status;
use crate::time::{DAY_MS, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is older than this when it is first seen is not posted, in ms.
pub const NEWS_MS: i64 = 2 * DAY_MS;

/// Whether a source makes posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SourceState")]
pub enum State {
    /// It does.
    Active,
    /// Not until it is resumed.
    Paused,
}

/// A source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// Where the videos come from.
    #[schemars(extend("enum" = ["youtube"]))]
    pub kind: &'static str,
    /// The channel.
    pub channel: Channel,
    /// Whether it makes posts.
    pub state: State,
    /// The accounts that its posts go to.
    pub accounts: Vec<AccountId>,
    /// What happens with a post.
    pub mode: Mode,
    /// Which videos become posts.
    pub filter: Filter,
    /// The text.
    pub template: String,
    /// Where the link goes.
    pub link: Link,
    /// What `{{hashtags}}` stands for.
    pub hashtags: Vec<String>,
    /// Only videos whose title has one of these words.
    pub include: Vec<String>,
    /// No videos whose title has one of these words.
    pub exclude: Vec<String>,
    /// How long to wait before a video is posted, in seconds.
    pub delay_seconds: u32,
    /// How many posts in a day (UTC) at most.
    pub max_per_day: Option<u32>,
    /// Whether the video's picture goes along.
    pub thumbnail: bool,
    /// What was published before is not posted.
    pub baseline_at: Timestamp,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// Rises with every change.
    pub revision: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// How new videos are noticed, and whether that works.
    pub health: super::health::Health,
}

/// A channel at YouTube.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "SourceChannel")]
pub struct Channel {
    /// Its id there.
    pub id: ChannelId,
    /// Its name, once it is known.
    pub title: Option<String>,
    /// Its page.
    pub url: String,
}

/// How a video was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// The hub announced it.
    Push,
    /// It stood in the channel's public feed.
    Feed,
    /// The Data API listed it.
    Api,
}

impl SeenBy {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Feed => "feed",
            Self::Api => "api",
        }
    }
}

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ItemState")]
pub enum ItemState {
    /// It is not known yet what it is, or it cannot be posted yet.
    Pending,
    /// It is being made a post.
    Posting,
    /// It became a post.
    Posted,
    /// It was there before the source, or is old news.
    Recorded,
    /// It does not become a post.
    LeftOut,
}

/// A video as a source saw it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceItem")]
pub struct Item {
    /// The video.
    pub video_id: VideoId,
    /// Its page.
    pub url: String,
    /// Its title, once it is known.
    pub title: Option<String>,
    /// When it was published, once it is known.
    pub published_at: Option<Timestamp>,
    /// When it was noticed.
    pub seen_at: Timestamp,
    /// By what.
    pub seen_by: SeenBy,
    /// Where it stands.
    pub state: ItemState,
    /// Whether it is a Short; null while that is not known.
    pub is_short: Option<bool>,
    /// Why it stands so, as a stable code.
    pub reason: Option<String>,
    /// Why, for a person.
    pub detail: Option<String>,
    /// By what it is known whether it is a Short, as a stable code.
    pub decided_by: Option<String>,
    /// What is known of it, and since when: where it was listed, what its page as a Short answered, what the Data API
    /// says.
    pub evidence: serde_json::Value,
    /// When it is looked at again.
    pub next_look_at: Option<Timestamp>,
    /// The post that it became.
    pub post_id: Option<PostId>,
    /// How that post stands.
    pub post_status: Option<Status>,
}
