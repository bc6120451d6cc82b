//! Outages on command: which service, until when or how often, and what happens instead.

use serde::{Deserialize, Serialize};

use super::call::Call;

/// The class of a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// `/feeds/videos.xml`.
    Feed,
    /// `/xml/feeds/videos.xml`.
    Stub,
    /// `/shorts/{id}`.
    Probe,
    /// A channel's page.
    Page,
    Picture,
    /// The Data API.
    Api,
    /// Subscribing and unsubscribing.
    Hub,
    /// Every class above.
    Any,
}

/// One outage. Without an end it lasts until it is cleared.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    pub on: On,
    #[serde(rename = "do")]
    pub effect: Effect,
    /// Only requests that name this channel, its uploads or its automatic playlists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Epoch milliseconds, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// How many requests it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// What happens to the request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Refused with this status.
    Status { status: u16 },
    /// The connection closes without a byte.
    Drop,
    /// No answer.
    Hang,
    /// Carried out; the answer comes late.
    Delay { ms: u64 },
    /// To the page that asks Europeans for their consent.
    Consent,
    /// 307 or 308, to this address.
    Redirect { status: u16, location: String },
}

impl Outage {
    pub fn new(on: On, effect: Effect) -> Self {
        Self {
            on,
            effect,
            channel: None,
            until: None,
            times: None,
        }
    }

    /// Every request of this class is refused with this status.
    pub fn status(on: On, status: u16) -> Self {
        Self::new(on, Effect::Status { status })
    }

    pub fn until(self, until: i64) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    pub fn channel(self, channel: &str) -> Self {
        Self {
            channel: Some(channel.into()),
            ..self
        }
    }

    fn is_over(&self, now_ms: i64) -> bool {
        self.times == Some(0) || self.until.is_some_and(|until| until <= now_ms)
    }

    fn fits(&self, class: On, call: &Call) -> bool {
        // What UC, UU, UUSH, UULF and UULV stand before is the same.
        let bare = |channel: &str| channel.strip_prefix("UC").unwrap_or(channel).to_owned();
        (self.on == On::Any || self.on == class)
            && self
                .channel
                .as_deref()
                .is_none_or(|channel| call.names(&bare(channel)))
    }
}

#[derive(Debug, Default)]
pub struct Outages(Vec<Outage>);

impl Outages {
    pub fn begin(&mut self, outage: Outage) {
        self.0.push(outage);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Those that are not over.
    pub fn left(&mut self, now_ms: i64) -> &[Outage] {
        self.0.retain(|outage| !outage.is_over(now_ms));
        &self.0
    }

    /// What happens to this request, if it is not answered as on a good day. The first outage that fits takes it.
    pub fn take(&mut self, class: On, call: &Call) -> Option<Effect> {
        self.left(call.now_ms);
        let taken = self.0.iter_mut().find(|outage| outage.fits(class, call))?;
        if let Some(times) = &mut taken.times {
            *times -= 1;
        }
        Some(taken.effect.clone())
    }
}
