//! What was received and what became of it.

use std::collections::VecDeque;

use serde::Serialize;

use super::faults::On;

/// The log keeps this many requests; the counts keep them all.
const LOG_LENGTH: usize = 50_000;

/// Requests since the start or the last reset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    pub creates_received: u64,
    /// Posts that exist because of a request, whether or not its answer arrived.
    pub creates_accepted: u64,
    pub deletes: u64,
    pub token_exchanges: u64,
    pub token_exchanges_accepted: u64,
    pub refreshes: u64,
    pub refreshes_accepted: u64,
    pub revokes: u64,
    pub app_tokens: u64,
    pub oauth1: u64,
    pub users_me: u64,
    pub timeline_reads: u64,
    pub lookups: u64,
    pub mentions_reads: u64,
    pub users_reads: u64,
    pub likes: u64,
    pub reposts: u64,
    pub bookmarks: u64,
    pub analytics: u64,
    pub trends: u64,
    pub usage: u64,
    pub media_uploads: u64,
    pub media_initializes: u64,
    pub media_appends: u64,
    pub media_finalizes: u64,
    pub media_statuses: u64,
    pub media_metadata: u64,
    pub media_subtitles: u64,
    /// Requests that the document does not allow, old names included.
    pub against_the_document: u64,
    /// Answers of 429.
    pub throttled: u64,
    /// Requests that a scripted fault took.
    pub faults: u64,
}

/// One request. Holds no query, header or body, so that no token, code or state is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// From 1.
    pub number: u64,
    pub at: String,
    pub at_ms: i64,
    pub method: String,
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
    /// Whose token it carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    pub fate: Fate,
    /// The status that left, or that was lost on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The scripted fault that took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Answered,
    Dropped,
    Hung,
}

#[derive(Debug, Default)]
pub struct Record {
    pub counts: Counts,
    log: VecDeque<Entry>,
    received: u64,
}

impl Record {
    pub fn received(&mut self, class: Option<On>) -> u64 {
        self.received += 1;
        let counts = &mut self.counts;
        match class {
            Some(On::Create) => counts.creates_received += 1,
            Some(On::Delete) => counts.deletes += 1,
            Some(On::Token) => counts.token_exchanges += 1,
            Some(On::Refresh) => counts.refreshes += 1,
            Some(On::Revoke) => counts.revokes += 1,
            Some(On::AppToken) => counts.app_tokens += 1,
            Some(On::OAuth1) => counts.oauth1 += 1,
            Some(On::UsersMe) => counts.users_me += 1,
            Some(On::Timeline) => counts.timeline_reads += 1,
            Some(On::Lookup) => counts.lookups += 1,
            Some(On::Mentions) => counts.mentions_reads += 1,
            Some(On::Users) => counts.users_reads += 1,
            Some(On::Like) => counts.likes += 1,
            Some(On::Repost) => counts.reposts += 1,
            Some(On::Bookmark) => counts.bookmarks += 1,
            Some(On::Analytics) => counts.analytics += 1,
            Some(On::Trends) => counts.trends += 1,
            Some(On::Usage) => counts.usage += 1,
            Some(On::MediaUpload) => counts.media_uploads += 1,
            Some(On::MediaInitialize) => counts.media_initializes += 1,
            Some(On::MediaAppend) => counts.media_appends += 1,
            Some(On::MediaFinalize) => counts.media_finalizes += 1,
            Some(On::MediaStatus) => counts.media_statuses += 1,
            Some(On::MediaMetadata) => counts.media_metadata += 1,
            Some(On::Subtitles) => counts.media_subtitles += 1,
            Some(On::Any) | None => {}
        }
        self.received
    }

    pub fn log(&mut self, entry: Entry) {
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        if entry.status == Some(429) {
            self.counts.throttled += 1;
        }
        if entry.fault.is_some() {
            self.counts.faults += 1;
        }
        self.log.push_back(entry);
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter()
    }
}
