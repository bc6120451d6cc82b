//! The claims about the stand-in for YouTube and its hub, and how they speak to [`Tube`].

use http::{Request, Response};
use serde_json::Value;

use super::{HOUR, START, Seen};
use crate::sandbox::{
    Reply,
    youtube::{
        DEMO_CHANNEL, Distribution, Effect, HubSettings, Kind, Method, Mood, On, Outage, Outgoing,
        Privacy, Settings, Signed, Tube, Verifies, Video,
    },
};

mod control;
mod data;
mod distribution;
mod feed;
mod hub;
mod probe;
mod signing;
mod socket;
mod studio;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * HOUR;
const CALLBACK: &str = "http://127.0.0.1:8787/hooks/websub/a-token";
const SECRET: &str = "s3cret";

/// A YouTube with a clock.
struct World {
    tube: Tube,
    now: i64,
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self {
            tube: Tube::new(settings),
            now: START,
        }
    }

    fn with_hub(hub: HubSettings) -> Self {
        Self::with(Settings {
            hub,
            ..Settings::default()
        })
    }

    fn with_distribution(distribution: Distribution) -> Self {
        Self::with_hub(HubSettings {
            distribution,
            ..HubSettings::default()
        })
    }

    fn publish(&mut self, video: Video) -> String {
        self.tube.publish(self.now, "@godwit", video).unwrap()
    }

    fn send(&mut self, request: Request<Vec<u8>>) -> Reply {
        self.tube.handle(self.now, request)
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = self.send(request.body(Vec::new()).unwrap());
        seen(reply.answer().expect("an answer"))
    }

    fn get(&mut self, path: &str) -> Seen {
        self.ask("GET", path, &[])
    }

    fn api(&mut self, rest: &str) -> Seen {
        self.get(&format!("/youtube/v3/{rest}&key=sandbox-api-key"))
    }

    fn form(&mut self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.send(super::form(path, pairs, None))
    }

    fn subscribe(&mut self, more: &[(&str, &str)]) -> Reply {
        self.subscribe_to(&topic(DEMO_CHANNEL), more)
    }

    fn subscribe_to(&mut self, topic: &str, more: &[(&str, &str)]) -> Reply {
        let asked = [
            ("hub.callback", CALLBACK),
            ("hub.mode", "subscribe"),
            ("hub.topic", topic),
        ];
        let given = |name: &str| more.iter().any(|(other, _)| *other == name);
        let kept = asked.iter().filter(|(name, _)| !given(name));
        let pairs: Vec<_> = kept.chain(more).copied().collect();
        self.form("/subscribe", &pairs)
    }

    fn due(&mut self) -> Vec<Outgoing> {
        self.tube.due(self.now)
    }

    /// The only thing that the hub sends now.
    fn only(&mut self) -> Outgoing {
        let mut due = self.due();
        assert_eq!(due.len(), 1, "{due:?}");
        due.remove(0)
    }

    fn answer(&mut self, outgoing: &Outgoing, status: u16, body: &str) {
        self.tube
            .answered(self.now, outgoing.id, Some(status), body.as_bytes());
    }

    /// Says yes to the verification that is due.
    fn confirm(&mut self) {
        let verification = self.only();
        let challenge = parameter(&verification, "hub.challenge").unwrap();
        self.answer(&verification, 200, &challenge);
    }

    /// A verified subscription with a secret.
    fn subscribed(&mut self) {
        self.subscribe(&[("hub.secret", SECRET)]);
        self.confirm();
        assert_eq!(self.tube.subscriptions(self.now).len(), 1);
    }
}

fn topic(channel: &str) -> String {
    format!("https://www.youtube.com/xml/feeds/videos.xml?channel_id={channel}")
}

fn seen(response: Response<Vec<u8>>) -> Seen {
    Seen::of(response)
}

/// The milliseconds that an answer takes, and the answer.
fn waited(reply: Reply) -> (u64, Seen) {
    match reply {
        Reply::Delay(ms, inner) => (ms, seen(inner.answer().unwrap())),
        other => (0, seen(other.answer().expect("an answer"))),
    }
}

fn parameter(outgoing: &Outgoing, name: &str) -> Option<String> {
    let url = url::Url::parse(&outgoing.url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

fn header<'a>(outgoing: &'a Outgoing, name: &str) -> Option<&'a str> {
    let found = outgoing.headers.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.as_str())
}

fn text(outgoing: &Outgoing) -> &str {
    std::str::from_utf8(&outgoing.body).unwrap()
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}
