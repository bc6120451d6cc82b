//! What one create call asks for: the words of a part and everything beside them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person wants to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The text; empty only where there are media.
    pub text: String,
    /// The platform's id of the post that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The platform's id of the post that this one replaces, within the platform's window for edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// What was uploaded for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Attached>,
    /// What is wanted beside.
    #[serde(flatten)]
    pub extras: Extras,
}

impl Content {
    /// Of nothing but a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

/// A medium as the platform has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Its id at the platform.
    pub id: String,
    /// Its key, by which posts name it when they are read.
    pub key: String,
}

/// What a post may have beside words and media.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extras {
    /// The platform's id of the post that is quoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// A poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// Who may reply; absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_settings: Option<ReplySettings>,
    /// The id of the community that it is posted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community_id: Option<String>,
    /// Whether it is labelled as made with AI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_with_ai: bool,
    /// Whether it is labelled as a paid partnership.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_partnership: bool,
}

/// A poll (`PostsCreateRequest.poll` of <https://docs.x.com/x-api/posts/create-post>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// 2 to 4 choices of 1 to 25 characters.
    #[schemars(length(min = 2, max = 4), extend("examples" = [["Yes", "No"]]))]
    pub options: Vec<String>,
    /// How long it is open, in minutes: 5 to 10,080 (a week).
    #[schemars(range(min = 5, max = 10_080))]
    pub duration_minutes: u32,
}

/// Who may reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplySettings {
    /// Whom the account follows.
    Following,
    /// Who is mentioned.
    MentionedUsers,
    /// Who subscribes to the account.
    Subscribers,
    /// Verified accounts.
    Verified,
}

impl ReplySettings {
    /// X's word for it.
    #[must_use]
    pub const fn of_x(self) -> &'static str {
        match self {
            Self::Following => "following",
            Self::MentionedUsers => "mentionedUsers",
            Self::Subscribers => "subscribers",
            Self::Verified => "verified",
        }
    }
}
