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
}

impl Post {
    pub fn exists(&self) -> bool {
        self.deleted_ms.is_none()
    }

    pub fn row(&self, author: &str) -> Row {
        Row {
            id: self.id.to_string(),
            author: author.into(),
            text: self.sent.clone(),
            text_shown: text::plain(&self.shown),
            media_ids: self.media_ids.clone(),
            created_at: instants::format(self.created_ms),
            deleted_at: self.deleted_ms.map(instants::format),
            reply_to: self.reply_to.map(|id| id.to_string()),
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

    pub fn delete(&mut self, id: u64, now_ms: i64) {
        if let Some(post) = self.posts.get_mut(&id) {
            post.deleted_ms.get_or_insert(now_ms);
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
