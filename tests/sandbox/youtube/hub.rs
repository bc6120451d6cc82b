//! The hub's subscriptions: asking for one, verifying it, its lease, its end.
//!
//! Texts of refusals are those of Google's published hub
//! (<https://github.com/pubsubhubbub/PubSubHubbub/blob/master/hub/main.py>) where it has such a check.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use super::{
    super::{answer::Reply, call::first},
    answer::{Answer, answer},
    call::Call,
    outgoing::Errand,
    settings::{Mood, Verifies},
    tube::Tube,
};

/// How the topic of a channel begins. The hub compares topics as strings; these two forms are distributed to.
const TOPICS: [&str; 2] = [
    "https://www.youtube.com/xml/feeds/videos.xml?channel_id=",
    "https://www.youtube.com/feeds/videos.xml?channel_id=",
];

/// Ports that Google's published hub calls (`VALID_PORTS`).
const PORTS: [u16; 16] = [
    80, 443, 4443, 8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087, 8088, 8089, 8188, 8444, 8990,
];

/// The answer that came before the call returned, at the earliest, when the verification does.
const VERIFIED_BEFORE_MS: u64 = 300;

/// One subscription for each.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Key {
    pub topic: String,
    pub callback: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Intent {
    Subscribe,
    Unsubscribe,
}

/// A request that waits for its subscriber's word. Nothing of it counts before.
#[derive(Clone, Debug)]
pub struct Verification {
    pub key: Key,
    pub intent: Intent,
    pub secret: Option<String>,
    pub lease_s: i64,
    pub challenge: String,
    pub verify_token: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Subscription {
    pub secret: Option<String>,
    pub lease_s: i64,
    pub expires_ms: i64,
}

/// A subscription, as the control surface shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub topic: String,
    pub callback: String,
    pub lease_s: i64,
    pub expires_ms: i64,
    pub has_secret: bool,
}

/// The subscriptions that were verified, also those whose lease is over.
#[derive(Debug, Default)]
pub struct Subscriptions(BTreeMap<Key, Subscription>);

impl Subscriptions {
    pub fn confirmed(&mut self, now_ms: i64, verification: Verification) {
        match verification.intent {
            Intent::Unsubscribe => {
                self.0.remove(&verification.key);
            }
            Intent::Subscribe => {
                let subscription = Subscription {
                    secret: verification.secret,
                    lease_s: verification.lease_s,
                    expires_ms: now_ms + verification.lease_s * 1000,
                };
                self.0.insert(verification.key, subscription);
            }
        }
    }

    pub fn living(&self, key: &Key, now_ms: i64) -> Option<&Subscription> {
        let found = self.0.get(key);
        found.filter(|subscription| subscription.expires_ms > now_ms)
    }

    pub fn remove(&mut self, key: &Key) {
        self.0.remove(key);
    }

    /// The living subscriptions to a channel, under either form of its topic.
    pub fn of_channel(&self, channel: &str, now_ms: i64) -> Vec<Key> {
        let topics = TOPICS.map(|start| format!("{start}{channel}"));
        let living = self.0.iter().filter(|(key, subscription)| {
            subscription.expires_ms > now_ms && topics.contains(&key.topic)
        });
        living.map(|(key, _)| key.clone()).collect()
    }

    pub fn rows(&self, now_ms: i64) -> Vec<Row> {
        let living = self.0.iter().filter(|(_, found)| found.expires_ms > now_ms);
        living
            .map(|(key, subscription)| Row {
                topic: key.topic.clone(),
                callback: key.callback.clone(),
                lease_s: subscription.lease_s,
                expires_ms: subscription.expires_ms,
                has_secret: subscription.secret.is_some(),
            })
            .collect()
    }
}

/// `POST /subscribe`.
pub fn subscribe(tube: &mut Tube, call: &Call) -> Reply {
    // What is malformed is refused at once, also in an outage.
    let asked = match read(tube, call) {
        Ok(asked) => asked,
        Err(wrong) => return Reply::Answer(refused(&wrong)),
    };
    let hub = tube.settings.hub.clone();
    let now_ms = call.now_ms;
    if hub.mood == Mood::Outage && !tube.ids.chance(hub.accepted_share) {
        tube.record.counts.subscriptions_stalled += 1;
        if tube.ids.chance(hub.verified_share) {
            let stalled = now_ms + i64::try_from(hub.stall).expect("a stall of this age");
            let at = stalled + hub.late_verification;
            tube.outbox.post(at, Errand::Verify(asked));
        }
        return Reply::Delay(hub.stall, Box::new(Reply::Answer(unavailable())));
    }
    tube.record.counts.subscriptions_accepted += 1;
    let (at, answers_after) = match hub.verifies {
        Verifies::Before => (now_ms, hub.answers_after.max(VERIFIED_BEFORE_MS)),
        Verifies::After => {
            let answered = now_ms + i64::try_from(hub.answers_after).expect("soon");
            (answered + hub.verifies_after, hub.answers_after)
        }
    };
    match hub.mood {
        Mood::Healthy | Mood::Outage => tube.outbox.post(at, Errand::Verify(asked)),
        Mood::Silent => {}
        Mood::Denies => {
            tube.hub.remove(&asked.key);
            let (key, reason) = (asked.key, hub.denial_reason);
            tube.outbox.post(at, Errand::Deny { key, reason });
        }
    }
    let accepted = Reply::Answer(accepted(&tube.ids.decimal(20)));
    match answers_after {
        0 => accepted,
        ms => Reply::Delay(ms, Box::new(accepted)),
    }
}

impl Tube {
    /// The hub ends every subscription to a channel, and says so. Gives how many there were.
    pub fn deny(&mut self, now_ms: i64, channel: &str, reason: &str) -> usize {
        self.advance(now_ms);
        let Some(channel) = self.library.find(channel) else {
            return 0;
        };
        let keys = self.hub.of_channel(&channel.id, now_ms);
        for key in &keys {
            self.hub.remove(key);
            let (key, reason) = (key.clone(), reason.into());
            self.outbox.post(now_ms, Errand::Deny { key, reason });
        }
        keys.len()
    }
}

fn read(tube: &mut Tube, call: &Call) -> Result<Verification, String> {
    let form = call.form().ok_or("Expected a form")?;
    let field = |name: &str| first(&form, name).filter(|value| !value.is_empty());
    let strict = tube.settings.hub.strict_ports;
    let url = |name: &str, strict: bool| {
        let value = field(name).filter(|value| is_callable(value, strict));
        value.map(str::to_owned).ok_or_else(|| {
            let ports = PORTS.map(|port| port.to_string()).join(",");
            format!(
                "Invalid parameter: {name}; must be valid URI with no fragment and optional port {ports}"
            )
        })
    };
    let key = Key {
        callback: url("hub.callback", strict)?,
        topic: url("hub.topic", false)?,
    };
    let intent = match field("hub.mode") {
        Some("subscribe") => Intent::Subscribe,
        Some("unsubscribe") => Intent::Unsubscribe,
        other => {
            return Err(format!(
                "Invalid value for hub.mode: {}",
                other.unwrap_or("")
            ));
        }
    };
    let verify = form.iter().filter(|(name, _)| name == "hub.verify");
    let mut verify = verify.map(|(_, value)| value.as_str()).peekable();
    if verify.peek().is_some() && !verify.any(|value| matches!(value, "async" | "sync")) {
        return Err("Invalid values for hub.verify".into());
    }
    let secret = first(&form, "hub.secret").map(str::to_owned);
    if secret.as_ref().is_some_and(|secret| secret.len() >= 200) {
        return Err("Invalid value for hub.secret: must be less than 200 bytes".into());
    }
    let hub = &tube.settings.hub;
    let lease_s = match first(&form, "hub.lease_seconds") {
        None | Some("") => hub.default_lease_s,
        Some(asked) => lease(asked)
            .ok_or_else(|| format!("Invalid value for hub.lease_seconds: {asked}"))?
            .min(hub.longest_lease_s),
    };
    Ok(Verification {
        key,
        intent,
        secret,
        lease_s,
        challenge: tube.ids.decimal(20),
        verify_token: field("hub.verify_token").map(str::to_owned),
    })
}

/// A positive number, written as numbers are written. One beyond all reason is as good as the longest lease.
fn lease(asked: &str) -> Option<i64> {
    let is_number = asked.bytes().all(|byte| byte.is_ascii_digit()) && !asked.starts_with('0');
    is_number.then(|| asked.parse().unwrap_or(i64::MAX))
}

fn is_callable(address: &str, strict: bool) -> bool {
    Url::parse(address).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && !address.contains('#')
            && (!strict || url.port().is_none_or(|port| PORTS.contains(&port)))
    })
}

fn accepted(trace: &str) -> Answer {
    let headers = [
        ("cache-control", "no-cache"),
        ("content-type", "text/plain; charset=utf-8"),
        ("x-cloud-trace-context", trace),
        ("server", "Google Frontend"),
    ];
    answer(202, &headers, "")
}

fn unavailable() -> Answer {
    let headers = [
        ("cache-control", "no-cache"),
        ("content-type", "text/plain; charset=utf-8"),
        ("retry-after", "120"),
        ("server", "Google Frontend"),
    ];
    answer(503, &headers, "Transient error; please try again later")
}

fn refused(wrong: &str) -> Answer {
    let headers = [
        ("cache-control", "no-cache"),
        ("content-type", "text/plain; charset=utf-8"),
        ("server", "Google Frontend"),
    ];
    answer(400, &headers, wrong)
}
