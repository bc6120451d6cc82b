//! Every post that ever existed here, deleted ones included.

use std::collections::BTreeMap;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::{
    instants,
    text::{self, Piece},
};

#[derive(Clone, Debug)]
pub struct Post {
    pub id: u64,
    pub author: u64,
    /// As it was sent.
    pub sent: String,
    /// As it is shown, links behind t.co. Of a long post only the start.
    pub shown: Vec<Piece>,
    /// The whole of a long post.
    pub note: Option<Vec<Piece>>,
    pub media_ids: Vec<String>,
    pub media_keys: Vec<String>,
    pub created_ms: i64,
    pub deleted_ms: Option<i64>,
    pub reply_to: Option<u64>,
    pub conversation: u64,
    pub reply_settings: String,
    /// Posted with `nullcast`: in no timeline.
    pub hidden: bool,
    /// The version after it: an edited post leaves the timelines.
    pub replaced_by: Option<u64>,
    /// What most posts do not have.
    pub extras: Option<Box<Extras>>,
}

#[derive(Clone, Debug, Default)]
pub struct Extras {
    pub poll: Option<Poll>,
    pub quote_of: Option<u64>,
    pub repost_of: Option<u64>,
    pub community: Option<String>,
    pub made_with_ai: bool,
    pub paid_partnership: bool,
    /// The versions before this one, oldest first.
    pub earlier: Vec<u64>,
}

#[derive(Clone, Debug)]
pub struct Poll {
    pub id: u64,
    pub options: Vec<String>,
    pub minutes: i64,
    pub ends_ms: i64,
}

/// A post as `GET /_sandbox/posts` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub id: String,
    pub author: String,
    pub text: String,
    pub text_shown: String,
    pub media_ids: Vec<String>,
    pub created_at: String,
    pub deleted_at: Option<String>,
    pub reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repost_of: Option<String>,
    /// The id of the version before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_of: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub poll: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub made_with_ai: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paid_partnership: bool,
}

impl Post {
    pub fn exists(&self) -> bool {
        self.deleted_ms.is_none()
    }

    /// Whether it belongs in timelines: there, and the newest version of what it says.
    pub fn is_current(&self) -> bool {
        !self.hidden && self.replaced_by.is_none()
    }

    pub fn quote_of(&self) -> Option<u64> {
        self.extras.as_ref()?.quote_of
    }

    pub fn repost_of(&self) -> Option<u64> {
        self.extras.as_ref()?.repost_of
    }

    /// The versions before this one, oldest first.
    pub fn earlier(&self) -> &[u64] {
        self.extras
            .as_ref()
            .map_or(&[], |extras| extras.earlier.as_slice())
    }

    pub fn row(&self, author: &str) -> Row {
        let extras = self.extras.as_deref();
        Row {
            id: self.id.to_string(),
            author: author.into(),
            text: self.sent.clone(),
            text_shown: text::plain(&self.shown),
            media_ids: self.media_ids.clone(),
            created_at: instants::format(self.created_ms),
            deleted_at: self.deleted_ms.map(instants::format),
            reply_to: self.reply_to.map(|id| id.to_string()),
            quote_of: self.quote_of().map(|id| id.to_string()),
            repost_of: self.repost_of().map(|id| id.to_string()),
            edit_of: self.earlier().last().map(ToString::to_string),
            poll: extras
                .and_then(|extras| extras.poll.as_ref())
                .map_or_else(Vec::new, |poll| poll.options.clone()),
            community_id: extras.and_then(|extras| extras.community.clone()),
            made_with_ai: extras.is_some_and(|extras| extras.made_with_ai),
            paid_partnership: extras.is_some_and(|extras| extras.paid_partnership),
        }
    }
}

#[derive(Debug, Default)]
pub struct Ledger {
    posts: BTreeMap<u64, Post>,
    /// Author and normalised content, with the newest post of them.
    said: BTreeMap<(u64, String), u64>,
}

impl Ledger {
    pub fn add(&mut self, post: Post) {
        let key = (post.author, content(&post.sent, &post.media_ids));
        self.said.insert(key, post.id);
        if let Some(before) = post.earlier().last().and_then(|id| self.posts.get_mut(id)) {
            before.replaced_by = Some(post.id);
        }
        self.posts.insert(post.id, post);
    }

    /// The post, if it exists.
    pub fn get(&self, id: u64) -> Option<&Post> {
        self.posts.get(&id).filter(|post| post.exists())
    }

    /// The post, also when it is deleted.
    pub fn ever(&self, id: u64) -> Option<&Post> {
        self.posts.get(&id)
    }

    /// The post with all its versions.
    pub fn delete(&mut self, id: u64, now_ms: i64) {
        let mut newest = id;
        while let Some(next) = self.posts.get(&newest).and_then(|post| post.replaced_by) {
            newest = next;
        }
        let earlier = self.posts.get(&newest).map(|post| post.earlier().to_vec());
        for version in earlier.into_iter().flatten().chain([newest]) {
            if let Some(post) = self.posts.get_mut(&version) {
                post.deleted_ms.get_or_insert(now_ms);
            }
        }
    }

    /// All of them, oldest first, deleted ones included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Post> {
        self.posts.values()
    }

    /// Those that exist, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Post> {
        self.iter().rev().filter(|post| post.exists())
    }

    /// Whether the author's newest post with this content exists and is younger than `window_ms`.
    pub fn is_duplicate(
        &self,
        author: u64,
        text: &str,
        media_ids: &[String],
        window_ms: i64,
        now_ms: i64,
    ) -> bool {
        self.said
            .get(&(author, content(text, media_ids)))
            .and_then(|id| self.get(*id))
            .is_some_and(|post| now_ms < post.created_ms + window_ms)
    }
}

/// What two posts must share to be duplicates: the text in NFC with runs of white space as one space, and the media.
fn content(text: &str, media_ids: &[String]) -> String {
    let normalized: String = text.nfc().collect();
    let words: Vec<&str> = normalized.split_whitespace().collect();
    format!("{}\n{}", words.join(" "), media_ids.join(" "))
}
