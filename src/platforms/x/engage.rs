//! Liking, reposting and bookmarking as an account, and taking that back
//! (<https://docs.x.com/x-api/posts/likes/introduction>, <https://docs.x.com/x-api/posts/retweets/introduction>,
//! <https://docs.x.com/x-api/posts/bookmarks/introduction>).
//!
//! All of it may be repeated: doing what is done, and taking back what is not there, changes nothing at X. Self-serve apps
//! may not like (<https://docs.x.com/changelog>, 2026-04-16); X then answers 403.

use super::access::{self, Takes};
use super::api::Api;
use super::ask::{Answered, Ask, Refusal};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// What an account may do with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// Like it.
    Like,
    /// Show it in the own timeline.
    Repost,
    /// Keep it, for oneself alone.
    Bookmark,
}

impl Engagement {
    const fn segment(self) -> &'static str {
        match self {
            Self::Like => "likes",
            Self::Repost => "retweets",
            Self::Bookmark => "bookmarks",
        }
    }

    /// The member that says whether it is so. These were not renamed.
    const fn done(self) -> &'static str {
        match self {
            Self::Like => "liked",
            Self::Repost => "retweeted",
            Self::Bookmark => "bookmarked",
        }
    }

    /// The scopes that X asks for, by its OpenAPI document.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Like => &["like.write", "tweet.read", "users.read"],
            Self::Repost => &["tweet.write", "tweet.read", "users.read"],
            Self::Bookmark => &["bookmark.write", "tweet.read", "users.read"],
        }
    }

    /// Whom X takes. Bookmarks take OAuth 2.0 alone.
    #[must_use]
    pub const fn takes(self) -> Takes {
        match self {
            Self::Like | Self::Repost => access::USER,
            Self::Bookmark => access::OAUTH2,
        }
    }

    /// Whether X's answer says that it is so now; `None` when it does not say.
    #[must_use]
    pub fn is_done(self, answer: &Value) -> Option<bool> {
        answer.get("data")?.get(self.done())?.as_bool()
    }
}

/// Does it, as the user.
///
/// # Errors
/// Why X did not.
pub async fn engage(
    api: &Api<'_>,
    user_id: &str,
    what: Engagement,
    post_id: &str,
) -> Result<Answered, Refusal> {
    let path = format!("/2/users/{user_id}/{}", what.segment());
    Ask::post(&path, &json!({ "tweet_id": post_id }))
        .of(api)
        .await
}

/// Takes it back, as the user.
///
/// # Errors
/// Why X did not.
pub async fn take_back(
    api: &Api<'_>,
    user_id: &str,
    what: Engagement,
    post_id: &str,
) -> Result<Answered, Refusal> {
    let path = format!("/2/users/{user_id}/{}/{post_id}", what.segment());
    Ask::delete(&path).of(api).await
}
