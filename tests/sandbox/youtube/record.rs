//! What was received and sent, and what became of it.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::{super::record::Fate, outages::On};

/// Each log keeps this many entries; the counts keep them all.
const LOG_LENGTH: usize = 50_000;

/// Since the start or the last reset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// Requests by class.
    pub requests: BTreeMap<On, u64>,
    /// Requests that an outage took.
    pub outages: u64,
    /// 304s of the feed.
    pub feeds_unchanged: u64,
    /// Units of the Data API, of all days.
    pub units: u64,
    /// Answers of 202.
    pub subscriptions_accepted: u64,
    /// The 503s of the hub's outage.
    pub subscriptions_stalled: u64,
    pub verifications_sent: u64,
    pub verifications_confirmed: u64,
    pub denials_sent: u64,
    /// Attempts to deliver, repeats and forgeries included.
    pub notices_sent: u64,
    /// Answered 2xx, forgeries included.
    pub notices_delivered: u64,
    /// With a wrong signature or none, though there is a secret.
    pub notices_forged: u64,
    pub notices_given_up: u64,
}

impl Counts {
    /// Requests of this class.
    pub fn of(&self, class: On) -> u64 {
        self.requests.get(&class).copied().unwrap_or(0)
    }
}

/// One request. Holds no header, body or key, so that no secret is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// From 1.
    pub number: u64,
    pub at_ms: i64,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
    pub fate: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether an outage took it.
    pub outage: bool,
}

/// One request that the hub made.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    pub id: u64,
    pub at_ms: i64,
    pub errand: &'static str,
    pub topic: String,
    pub callback: String,
    /// From 1.
    pub attempt: u32,
    /// The status of the answer; 0 when none came. Absent while it is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_ms: Option<i64>,
}

#[derive(Debug, Default)]
pub struct Record {
    pub counts: Counts,
    requests: VecDeque<Entry>,
    sent: VecDeque<Sent>,
    received: u64,
}

impl Record {
    pub fn received(&mut self, class: Option<On>) -> u64 {
        self.received += 1;
        if let Some(class) = class {
            *self.counts.requests.entry(class).or_default() += 1;
        }
        self.received
    }

    pub fn log(&mut self, entry: Entry) {
        self.counts.outages += u64::from(entry.outage);
        keep(&mut self.requests, entry);
    }

    pub fn sent(&mut self, sent: Sent) {
        keep(&mut self.sent, sent);
    }

    pub fn answered(&mut self, id: u64, now_ms: i64, status: Option<u16>) {
        // Answers come soon: from the end it is a short way.
        if let Some(sent) = self.sent.iter_mut().rev().find(|sent| sent.id == id) {
            sent.status = Some(status.unwrap_or(0));
            sent.answered_ms = Some(now_ms);
        }
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.requests.iter()
    }

    pub fn outgoing(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter()
    }
}

fn keep<T>(log: &mut VecDeque<T>, entry: T) {
    if log.len() == LOG_LENGTH {
        log.pop_front();
    }
    log.push_back(entry);
}
