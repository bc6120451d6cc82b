//! YouTube in a town: creators who publish, edit and delete, YouTube's own troubles, and the hub that tells of it all:
//! late, in another order, twice, never, and beside it whoever forges.

use super::executor::Core;
use super::run::MINUTE;
use super::town::Town;
use crate::sandbox::youtube::notice;
use crate::sandbox::youtube::{
    DEMO_CHANNEL, Distribution, Effect, HubSettings, Mood, On, Outage, Outgoing, Settings, Signed,
    Tube, Verifies, Video,
};
use crate::support::clock::START;
use axum::body::Body;
use http::Request;
use std::sync::Arc;

/// The channels, each with its handle.
pub const CHANNELS: [(&str, &str); 2] = [
    (DEMO_CHANNEL, "@godwit"),
    ("UCGodwitSandboxChannel01", "@curlew"),
];

/// Whether YouTube stands behind a host.
pub fn is_youtubes(host: Option<&str>) -> bool {
    const HOSTS: [&str; 3] = ["youtube.com", "googleapis.com", "appspot.com"];
    host.is_some_and(|host| HOSTS.iter().any(|one| host.ends_with(one)))
}

/// A YouTube without troubles, and without anything on it.
pub fn quiet(seed: u64) -> Tube {
    Tube::new(Settings {
        seed,
        ..Settings::default()
    })
}

/// How YouTube is in this life, and what was on it before.
pub fn furnish(town: &Town) {
    let core = &town.core;
    let mut tube = town.tube.lock().unwrap();
    tube.settings = Settings {
        hub: hub(core),
        validators: core.chance(700),
        recognition: core.between(0, 5 * MINUTE) * core.between(0, 1),
        ..tube.settings.clone()
    };
    core.note(|| format!("{:?}", tube.settings));
    let (id, handle) = CHANNELS[1];
    let long_ago = START.millis() - 72 * 60 * MINUTE;
    tube.add_channel(long_ago, Some(id.to_owned()), handle, "Curlew")
        .unwrap();
    // The times of the stand-in do not go back.
    for (ago, title) in [(60, "Three days old"), (1, "An hour old")] {
        for (channel, _) in CHANNELS {
            if core.chance(500) {
                let at = START.millis() - ago * 60 * MINUTE;
                tube.publish(at, channel, Video::short(title));
            }
        }
    }
}

fn hub(core: &Core) -> HubSettings {
    let mood = match core.below(10) {
        0..=5 => Mood::Healthy,
        6..=7 => Mood::Outage,
        8 => Mood::Silent,
        _ => Mood::Denies,
    };
    let share = |most: u64| [0.0, 0.1, 0.4][usize::try_from(core.below(most)).unwrap()];
    HubSettings {
        mood,
        accepted_share: share(3),
        verified_share: 2.0 * share(3),
        late_verification: core.between(0, 4 * MINUTE),
        verifies: if core.chance(300) {
            Verifies::Before
        } else {
            Verifies::After
        },
        verifies_after: core.between(0, MINUTE) * core.between(0, 1),
        // Of a lease of some minutes the renewal comes into these lives.
        longest_lease_s: if core.chance(300) {
            core.between(120, 900)
        } else {
            864_000
        },
        distribution: Distribution {
            on: core.chance(900),
            delay: core.between(0, 20_000) * core.between(0, 1),
            spread: core.between(0, 90_000) * core.between(0, 1),
            duplicate_share: share(3),
            forged_share: share(3),
            unsigned_share: share(2),
            ..Distribution::default()
        },
        ..HubSettings::default()
    }
}

/// Troubles that YouTube has by itself, for some requests or for some minutes.
pub fn script(town: &Town) {
    let core = &town.core;
    let mut tube = town.tube.lock().unwrap();
    for _ in 0..core.below(4) {
        let effect = match core.below(8) {
            0 | 1 => Effect::Status { status: 404 },
            2 => Effect::Status { status: 500 },
            3 => Effect::Status { status: 429 },
            4 => Effect::Drop,
            5 => Effect::Hang,
            6 => Effect::Consent,
            _ => Effect::Delay {
                ms: core.below(30_000),
            },
        };
        let on = [
            On::Feed,
            On::Feed,
            On::Probe,
            On::Hub,
            On::Api,
            On::Page,
            On::Any,
        ];
        let outage = Outage::new(on[usize::try_from(core.below(7)).unwrap()], effect);
        let outage = if core.chance(500) {
            outage.times(1 + u32::try_from(core.below(3)).unwrap())
        } else {
            outage.until(core.now() + core.between(0, 9 * MINUTE))
        };
        core.note(|| format!("YouTube: {outage:?}"));
        tube.begin(outage);
    }
}

/// When something begins, in ms: at any time, or soon after the moment at which many things happen in this life.
pub fn moment(core: &Core, crowded: Option<i64>, latest: i64) -> i64 {
    match crowded.filter(|_| core.chance(600)) {
        Some(at) => at + core.between(0, 15_000),
        None => core.between(0, latest),
    }
}

/// What creators do.
pub fn plan(town: &Arc<Town>, crowded: Option<i64>) {
    let core = &town.core;
    for number in 0..1 + core.below(4) {
        let (channel, _) = CHANNELS[usize::from(core.chance(200))];
        let begin = moment(core, crowded, 8 * MINUTE);
        let (there, clock) = (Arc::clone(town), Arc::clone(core));
        town.meanwhile(async move {
            clock.sleep(begin).await;
            let title = format!("Video {number}");
            let video = if clock.chance(750) {
                Video {
                    short_link: clock.chance(500),
                    ..Video::short(&title)
                }
            } else {
                Video::long(&title)
            };
            let id = there
                .tube
                .lock()
                .unwrap()
                .publish(clock.now(), channel, video);
            let id = id.unwrap();
            clock.note(|| format!("{channel} publishes {id}"));
            there.reconsider(channel, &id).await;
        });
    }
}

impl Town {
    // What a creator does with a video after it was published, and somebody else pretends.
    async fn reconsider(&self, channel: &str, id: &str) {
        let core = &self.core;
        for _ in 0..core.below(4) {
            core.sleep(core.between(0, 3 * MINUTE)).await;
            let now = core.now();
            let mut tube = self.tube.lock().unwrap();
            match core.below(10) {
                0..=2 => drop(tube.edit(now, id, &format!("Edited {}", core.below(1_000)))),
                3..=4 => drop(tube.touch(now, id)),
                5 => {
                    core.note(|| format!("{id} is deleted"));
                    tube.delete(now, id);
                }
                6..=7 => {
                    let channels = tube.channels();
                    let of_it = channels.iter().find(|one| one.id == channel).unwrap();
                    let untrue = notice::removed(of_it, tube.video(id).unwrap());
                    let signed = [Signed::Wrong, Signed::Missing][usize::from(core.chance(500))];
                    tube.distribute(now, channel, untrue, signed);
                }
                _ => {}
            }
        }
    }

    /// When the hub has next something to send.
    pub fn hub_next_at(&self) -> Option<i64> {
        self.tube.lock().unwrap().next_at()
    }

    /// Sends what the hub has to send by now: each on a way of its own.
    pub fn send_of_the_hub(self: &Arc<Self>) {
        let due = self.tube.lock().unwrap().due(self.core.now());
        let rates = self.core.lock().plan.rates();
        for one in due {
            let town = Arc::clone(self);
            self.meanwhile(async move {
                let core = &town.core;
                if core.chance(rates.slow) {
                    core.sleep(core.between(0, 2 * MINUTE)).await;
                }
                if core.chance(rates.repeat / 2) {
                    core.sleep(10_000).await;
                    town.tube
                        .lock()
                        .unwrap()
                        .answered(core.now(), one.id, None, &[]);
                    return;
                }
                let answer = town.bring(&one).await;
                let (status, body) = answer.unzip();
                let body = body.unwrap_or_default();
                town.tube
                    .lock()
                    .unwrap()
                    .answered(core.now(), one.id, status, &body);
                if core.chance(rates.repeat) {
                    core.sleep(core.between(0, 5 * MINUTE)).await;
                    core.lock().tally.notices_repeated += 1;
                    town.bring(&one).await;
                }
            });
        }
    }

    // One request of the hub, and its answer.
    async fn bring(&self, one: &Outgoing) -> Option<(u16, Vec<u8>)> {
        let mut request = Request::builder()
            .method(one.method.clone())
            .uri(one.url.as_str());
        for (name, value) in &one.headers {
            request = request.header(*name, value);
        }
        let answer = self
            .serve(request.body(Body::from(one.body.clone())).unwrap())
            .await;
        let is_notice = one.method == http::Method::POST;
        let status = answer.as_ref().map(|answer| answer.status);
        self.core
            .note(|| format!("the hub's {} is answered {status:?}", one.method));
        let mut state = self.core.lock();
        match status {
            Some(200..=299) if is_notice => state.tally.notices += 1,
            Some(200) => state.tally.verifications += 1,
            _ => {}
        }
        drop(state);
        answer.map(|answer| (answer.status, answer.bytes))
    }
}
