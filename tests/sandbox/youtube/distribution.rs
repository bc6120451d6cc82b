//! Telling subscribers: what goes to whom, how it is signed, and how often it is tried.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{hub::Key, library::Upload, library::Video, notice, outgoing::Errand, tube::Tube};

/// What a forger signs with.
const GUESS: &[u8] = b"not the secret";

/// A notification on its way to one subscriber.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub key: Key,
    pub body: Arc<Vec<u8>>,
    pub signed: Signed,
    pub failures: u32,
}

/// How a notification is signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    /// With the subscription's secret; not at all when it has none.
    Right,
    Wrong,
    Missing,
}

impl Tube {
    /// Sends this body to the subscribers of a channel, once. Gives how many there are.
    pub fn distribute(
        &mut self,
        now_ms: i64,
        channel: &str,
        body: impl Into<Vec<u8>>,
        signed: Signed,
    ) -> usize {
        self.advance(now_ms);
        let Some(channel) = self.library.find(channel) else {
            return 0;
        };
        let keys = self.hub.of_channel(&channel.id, now_ms);
        let body = Arc::new(body.into());
        for key in &keys {
            self.deliver(now_ms, key, &body, signed);
        }
        keys.len()
    }

    /// Tells the subscribers of a channel, with all that the settings have go wrong.
    pub(super) fn announce(&mut self, now_ms: i64, channel: &str, body: String) {
        let how = self.settings.hub.distribution.clone();
        if !how.on {
            return;
        }
        let body = Arc::new(body.into_bytes());
        for key in self.hub.of_channel(channel, now_ms) {
            let at = self.departure(now_ms);
            self.deliver(at, &key, &body, Signed::Right);
            if self.ids.chance(how.duplicate_share) {
                let at = self.departure(now_ms);
                self.deliver(at, &key, &body, Signed::Right);
            }
            let forgeries = [
                (how.forged_share, Signed::Wrong),
                (how.unsigned_share, Signed::Missing),
            ];
            for (share, signed) in forgeries {
                if self.ids.chance(share) {
                    let forged = self.forgery(now_ms, channel);
                    let at = self.departure(now_ms);
                    self.deliver(at, &key, &Arc::new(forged), signed);
                }
            }
        }
    }

    pub(super) fn signature(&self, now_ms: i64, delivery: &Delivery) -> Option<String> {
        let method = self.settings.hub.distribution.method;
        let secret = match delivery.signed {
            Signed::Missing => return None,
            Signed::Wrong => GUESS,
            Signed::Right => {
                let subscription = self.hub.living(&delivery.key, now_ms)?;
                subscription.secret.as_ref()?.as_bytes()
            }
        };
        Some(method.sign(secret, &delivery.body))
    }

    /// What came of one attempt.
    pub(super) fn delivered(
        &mut self,
        now_ms: i64,
        mut delivery: Delivery,
        status: Option<u16>,
        is_good: bool,
    ) {
        if is_good {
            self.record.counts.notices_delivered += 1;
            return;
        }
        // The hub hears its own requests alone, never the answer to a forger.
        if delivery.signed != Signed::Right {
            return;
        }
        if status == Some(410) {
            self.hub.remove(&delivery.key);
            return;
        }
        let how = &self.settings.hub.distribution;
        delivery.failures += 1;
        if delivery.failures >= how.attempts {
            self.record.counts.notices_given_up += 1;
            return;
        }
        let wait = how.retry << (delivery.failures - 1).min(20);
        self.outbox.post(now_ms + wait, Errand::Deliver(delivery));
    }

    fn deliver(&mut self, at: i64, key: &Key, body: &Arc<Vec<u8>>, signed: Signed) {
        let delivery = Delivery {
            key: key.clone(),
            body: Arc::clone(body),
            signed,
            failures: 0,
        };
        self.outbox.post(at, Errand::Deliver(delivery));
    }

    fn departure(&mut self, now_ms: i64) -> i64 {
        let how = &self.settings.hub.distribution;
        let (delay, spread) = (how.delay, u64::try_from(how.spread).unwrap_or(0));
        let more = i64::try_from(self.ids.below(spread + 1)).expect("a spread");
        now_ms + delay + more
    }

    /// A notification about a video that does not exist.
    fn forgery(&mut self, now_ms: i64, channel: &str) -> Vec<u8> {
        let id = self.ids.name(11);
        let channel = self.library.find(channel).expect("it has subscribers");
        let upload = Upload {
            id,
            channel: channel.id.clone(),
            uploaded_ms: now_ms,
            published_ms: Some(now_ms),
            updated_ms: now_ms,
            updated_nanos: 0,
            started_ms: None,
            ended_ms: None,
            deleted_ms: None,
            video: Video::short("Forged"),
        };
        notice::changed(channel, &upload, now_ms).into_bytes()
    }
}
