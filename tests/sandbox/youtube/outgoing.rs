//! What the hub is about to send, and what became of it.

use std::collections::BTreeMap;

use http::Method;

use super::{
    distribution::{Delivery, Signed},
    hub::{Intent, Key, Verification},
    record::Sent,
    tube::Tube,
};

/// The hub that its notifications name, which is not the address that its documents name.
const HUB: &str = "http://pubsubhubbub.appspot.com/";

/// A request that the hub makes. Its driver performs it, follows no redirect, and reports with [`Tube::answered`].
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub id: u64,
    pub method: Method,
    pub url: String,
    /// All but `Host` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// When it was due.
    pub at: i64,
}

#[derive(Clone, Debug)]
pub enum Errand {
    Verify(Verification),
    Deny { key: Key, reason: String },
    Deliver(Delivery),
}

impl Errand {
    fn key(&self) -> &Key {
        match self {
            Self::Verify(Verification { key, .. })
            | Self::Deny { key, .. }
            | Self::Deliver(Delivery { key, .. }) => key,
        }
    }
}

#[derive(Debug, Default)]
pub struct Outbox {
    last: u64,
    /// By time, then by order.
    waiting: BTreeMap<(i64, u64), Errand>,
    away: BTreeMap<u64, Errand>,
}

impl Outbox {
    pub fn post(&mut self, at: i64, errand: Errand) {
        self.last += 1;
        self.waiting.insert((at, self.last), errand);
    }

    /// Without anything in it, and numbered on.
    pub fn emptied(self) -> Self {
        Self {
            last: self.last,
            ..Self::default()
        }
    }
}

impl Tube {
    /// What is to be sent by now. Each is given once.
    pub fn due(&mut self, now_ms: i64) -> Vec<Outgoing> {
        self.advance(now_ms);
        let mut due = Vec::new();
        while let Some(entry) = self.outbox.waiting.first_entry() {
            let (at, id) = *entry.key();
            if at > now_ms {
                break;
            }
            let errand = entry.remove();
            if let Some(outgoing) = self.outgoing(now_ms, at, id, &errand) {
                self.outbox.away.insert(id, errand);
                due.push(outgoing);
            }
        }
        due
    }

    /// When there is next something to send, or something that happens by itself.
    pub fn next_at(&self) -> Option<i64> {
        let waiting = self.outbox.waiting.keys().map(|(at, _)| *at).next();
        let event = self.library.due.first().map(|(at, _)| *at);
        waiting.into_iter().chain(event).min()
    }

    /// What came of a request: its status and body, or no answer.
    pub fn answered(&mut self, now_ms: i64, id: u64, status: Option<u16>, body: &[u8]) {
        let Some(errand) = self.outbox.away.remove(&id) else {
            return;
        };
        self.record.answered(id, now_ms, status);
        let is_good = status.is_some_and(|status| (200..300).contains(&status));
        match errand {
            Errand::Verify(verification) => {
                // Anything but exactly the challenge is a failure, and leaves what was there before.
                if is_good && body == verification.challenge.as_bytes() {
                    self.record.counts.verifications_confirmed += 1;
                    self.hub.confirmed(now_ms, verification);
                }
            }
            Errand::Deny { .. } => {}
            Errand::Deliver(delivery) => self.delivered(now_ms, delivery, status, is_good),
        }
    }

    fn outgoing(&mut self, now_ms: i64, at: i64, id: u64, errand: &Errand) -> Option<Outgoing> {
        let key = errand.key();
        let counts = &mut self.record.counts;
        let (name, attempt) = match errand {
            Errand::Verify(_) => {
                counts.verifications_sent += 1;
                ("verify", 1)
            }
            Errand::Deny { .. } => {
                counts.denials_sent += 1;
                ("deny", 1)
            }
            Errand::Deliver(delivery) => {
                // A lease that is over falls silent, also in the middle of its retries.
                self.hub.living(key, now_ms)?;
                counts.notices_sent += 1;
                counts.notices_forged += u64::from(delivery.signed != Signed::Right);
                ("deliver", delivery.failures + 1)
            }
        };
        self.record.sent(Sent {
            id,
            at_ms: now_ms,
            errand: name,
            topic: key.topic.clone(),
            callback: key.callback.clone(),
            attempt,
            status: None,
            answered_ms: None,
        });
        let mut headers = google();
        let (method, url, body) = match errand {
            Errand::Verify(verification) => (Method::GET, verification.url(), Vec::new()),
            Errand::Deny { key, reason } => (Method::GET, denial(key, reason), Vec::new()),
            Errand::Deliver(delivery) => {
                let links = format!("<{}>; rel=self, <{HUB}>; rel=hub", key.topic);
                headers.push(("content-type", "application/atom+xml".into()));
                headers.push(("link", links));
                let signature = self.signature(now_ms, delivery);
                headers.extend(signature.map(|signature| ("x-hub-signature", signature)));
                (Method::POST, key.callback.clone(), delivery.body.to_vec())
            }
        };
        Some(Outgoing {
            id,
            method,
            url,
            headers,
            body,
            at,
        })
    }
}

impl Verification {
    /// The legacy token comes back, and an unsubscription names a lease too, which means nothing.
    fn url(&self) -> String {
        let lease = self.lease_s.to_string();
        let mode = match self.intent {
            Intent::Subscribe => "subscribe",
            Intent::Unsubscribe => "unsubscribe",
        };
        let mut pairs = vec![
            ("hub.topic", self.key.topic.as_str()),
            ("hub.challenge", &self.challenge),
            ("hub.mode", mode),
            ("hub.lease_seconds", &lease),
        ];
        if let Some(token) = &self.verify_token {
            pairs.push(("hub.verify_token", token));
        }
        appended(&self.key.callback, &pairs)
    }
}

fn denial(key: &Key, reason: &str) -> String {
    let mut pairs = vec![("hub.mode", "denied"), ("hub.topic", &key.topic)];
    if !reason.is_empty() {
        pairs.push(("hub.reason", reason));
    }
    appended(&key.callback, &pairs)
}

/// The callback with a query behind its own, of which nothing is changed.
fn appended(callback: &str, pairs: &[(&str, &str)]) -> String {
    let separator = if callback.contains('?') { '&' } else { '?' };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{callback}{separator}{query}")
}

/// The headers of everything that Google's hub sends.
fn google() -> Vec<(&'static str, String)> {
    [
        (
            "user-agent",
            "FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)",
        ),
        ("from", "googlebot(at)googlebot.com"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate, br"),
        ("cache-control", "no-cache,max-age=0"),
        ("pragma", "no-cache"),
        ("connection", "close"),
    ]
    .map(|(name, value)| (name, value.into()))
    .into()
}
