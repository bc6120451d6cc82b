//! A Short goes live, and it is on X, once: on the real runtime, against a hub and a YouTube behind sockets of their own.
//!
//! Where a test would wait for minutes, until a look is due or until what a killed process held is free again, it moves
//! that moment in D1 and lets the cron tick. Nothing else is made shorter.

use crate::edge::{Edge, text};
use crate::sandbox::youtube::{DEMO_CHANNEL, Effect, Mood, On, Outage, Video, YouTube};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A Godwit that knows this YouTube.
struct Stage {
    edge: Edge,
    youtube: YouTube,
}

impl Stage {
    async fn start() -> Self {
        let youtube = YouTube::start().await;
        let (base, hub) = (youtube.url(), youtube.hub_url());
        let edge = Edge::with(&[
            ("YOUTUBE_BASE", &base),
            ("YOUTUBE_API_BASE", &base),
            ("YOUTUBE_API_KEY", "sandbox-api-key"),
            ("WEBSUB_HUB_URL", &hub),
            ("X_POST_LIMIT_15MIN", "1000000"),
        ])
        .await;
        {
            let mut x = edge.sandbox.x();
            let limits = &mut x.settings.limits;
            limits.create = 1_000_000;
            limits.create_user_day = 1_000_000;
            limits.create_app_day = 1_000_000;
        }
        Self { edge, youtube }
    }

    /// Follows a channel for an account; gives the source's id.
    async fn follow(&self, channel: &str, account: &str) -> String {
        let body = json!({ "channel": channel, "accounts": [account] });
        let request = self.edge.client.post(self.edge.at("/sources/youtube"));
        let (status, made) = self.edge.send(request.json(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        text(&made["id"])
    }

    async fn source(&self, id: &str) -> Value {
        self.edge.get(&format!("/sources/{id}")).await.1
    }

    async fn items(&self, source: &str) -> Vec<Value> {
        let (_, page) = self.edge.get(&format!("/sources/{source}/items")).await;
        page["items"].as_array().unwrap().clone()
    }

    /// Waits until the hub has verified, and the channel was looked at.
    async fn until_verified(&self, source: &str) {
        let verified = async || {
            let health = self.source(source).await["health"].clone();
            let is_well = health["push"]["state"] == "verified";
            (is_well && health["poll"]["state"] == "working").then_some(())
        };
        self.edge.wait(verified).await;
    }

    /// The creator publishes now; gives the video's id.
    fn publish(&self, channel: &str, title: &str) -> String {
        let now = YouTube::now_ms();
        let video = self
            .youtube
            .tube()
            .publish(now, channel, Video::short(title));
        video.unwrap()
    }

    /// Waits, while the cron ticks, until as many posts are on X. It may take long where many are to come, as long as some do.
    async fn until_on_x(&self, count: usize) {
        let mut there = 0;
        while there < count {
            let more = async || {
                self.edge.tick().await;
                let now: usize = self.on_x().values().sum();
                (now > there || now >= count).then_some(now)
            };
            there = self.edge.wait(more).await;
        }
    }

    /// Waits until the hub was told of as many notifications that they have arrived, in the same way.
    async fn until_delivered(&self, count: u64) {
        let mut delivered = 0;
        while delivered < count {
            let more = async || {
                let now = self.youtube.tube().counts().notices_delivered;
                (now > delivered || now >= count).then_some(now)
            };
            delivered = self.edge.wait(more).await;
        }
    }

    /// What is on X, and how often.
    fn on_x(&self) -> BTreeMap<String, usize> {
        let mut texts = BTreeMap::new();
        for post in self.edge.sandbox.x().posts() {
            *texts.entry(post.text).or_default() += 1;
        }
        texts
    }

    /// Every channel is to be looked at now.
    async fn polls_are_due(&self) {
        self.edge
            .sql("UPDATE channels SET poll_at = 1 WHERE poll_at IS NOT NULL")
            .await;
    }

    /// What a process that was ended held is free.
    async fn holds_are_over(&self) {
        self.edge
            .sql("UPDATE videos SET look_at = 1 WHERE look_at IS NOT NULL")
            .await;
    }
}

fn announcement(title: &str, video: &str) -> String {
    format!("🎬 New Short: {title}\n\n#Shorts\nhttps://www.youtube.com/shorts/{video}")
}

/// Each of them once.
fn once(texts: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    texts.into_iter().map(|text| (text, 1)).collect()
}

#[tokio::test]
async fn a_short_that_the_hub_announces_is_on_x_without_a_tick_of_the_cron() {
    let stage = Stage::start().await;
    let source = stage.follow("@godwit", &stage.edge.account).await;
    stage.until_verified(&source).await;
    let video = stage.publish(DEMO_CHANNEL, "It flies");
    let created = stage
        .edge
        .wait(async || {
            let x = stage.edge.sandbox.x();
            x.requests().into_iter().find(|one| one.path == "/2/tweets")
        })
        .await;
    assert_eq!(stage.on_x(), once([announcement("It flies", &video)]));
    let sent = stage.youtube.tube().sent();
    let notice = sent.iter().find(|sent| sent.errand == "deliver").unwrap();
    assert!(notice.at_ms <= created.at_ms);
    println!(
        "from the hub's POST to X's create call: {} ms",
        created.at_ms - notice.at_ms
    );
    let posted = async || {
        let items = stage.items(&source).await;
        (items[0]["state"] == "posted").then_some(items)
    };
    let items = stage.edge.wait(posted).await;
    assert_eq!(
        (items.len(), &items[0]["seen_by"]),
        (1, &json!("push")),
        "{items:?}"
    );
    // Again, by every way that there is.
    stage.youtube.tube().touch(YouTube::now_ms(), &video);
    stage.polls_are_due().await;
    stage.edge.tick().await;
    let pushed =
        async || (stage.source(&source).await["health"]["push"]["received"] == 2).then_some(());
    stage.edge.wait(pushed).await;
    stage.edge.tick().await;
    assert_eq!(stage.on_x(), once([announcement("It flies", &video)]));
}

/// What comes in the burst: every second Short is announced twice, beside every sixth comes a forgery.
const SHORTS: usize = 600;
const NOTICES: u64 = 1_000;
const FORGED: u64 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_notifications_in_a_burst_end_in_exactly_the_right_posts() {
    let stage = Stage::start().await;
    let mut channels = vec![(DEMO_CHANNEL.to_owned(), stage.edge.account.clone())];
    for user in ["second_bird", "long_bill"] {
        let account = stage.edge.connect(user).await;
        let added = stage
            .youtube
            .tube()
            .add_channel(YouTube::now_ms(), None, user, user);
        channels.push((added.unwrap().id, account));
    }
    let mut sources = Vec::new();
    for (channel, account) in &channels {
        sources.push(stage.follow(channel, account).await);
    }
    for source in &sources {
        stage.until_verified(source).await;
    }
    let mut wanted = BTreeSet::new();
    {
        // What the hub sends leaves when this is let go.
        let mut tube = stage.youtube.tube();
        tube.settings.hub.distribution.retry = 1_000;
        tube.settings.hub.distribution.attempts = 20;
        for number in 0..SHORTS {
            let how = &mut tube.settings.hub.distribution;
            how.duplicate_share = if number % 2 == 0 { 1.0 } else { 0.0 };
            how.forged_share = if number % 6 == 0 { 1.0 } else { 0.0 };
            let (channel, _) = &channels[number % channels.len()];
            let title = format!("Number {number}");
            let video = tube.publish(YouTube::now_ms(), channel, Video::short(&title));
            wanted.insert(announcement(&title, &video.unwrap()));
        }
    }
    stage.until_delivered(NOTICES).await;
    stage.until_on_x(SHORTS).await;
    // Looks of our own find the same once more.
    stage.polls_are_due().await;
    stage.edge.tick().await;
    stage.edge.tick().await;
    assert_eq!(stage.on_x(), once(wanted));
    let mut ignored = 0;
    for source in &sources {
        let health = stage.source(source).await["health"].clone();
        ignored += health["push"]["ignored"].as_u64().unwrap();
    }
    assert_eq!(ignored, FORGED);
    let items = stage
        .edge
        .sql("SELECT state, count(*) AS n FROM source_items GROUP BY state")
        .await;
    assert_eq!(items["rows"], json!([{ "state": "posted", "n": SHORTS }]));
}

#[tokio::test]
async fn with_the_hub_dead_looks_alone_bring_every_short_and_none_twice() {
    let stage = Stage::start().await;
    {
        let mut tube = stage.youtube.tube();
        let hub = &mut tube.settings.hub;
        hub.mood = Mood::Outage;
        hub.stall = 1_000;
        (hub.accepted_share, hub.verified_share) = (0.0, 0.0);
        tube.publish(
            YouTube::now_ms() - 60_000,
            DEMO_CHANNEL,
            Video::short("Before"),
        );
    }
    let source = stage.follow("@godwit", &stage.edge.account).await;
    let told = async || {
        let health = stage.source(&source).await["health"].clone();
        let is_told = health["push"]["state"] == "unknown" && health["poll"]["state"] == "working";
        is_told.then_some(health)
    };
    let health = stage.edge.wait(told).await;
    let summary = text(&health["summary"]);
    assert!(summary.contains("found by looking"), "{summary}");
    let mut wanted = Vec::new();
    // By the Data API, and where that fails, by the feed and the pages.
    for (round, outage) in [None, Some(Outage::status(On::Api, 503)), None]
        .into_iter()
        .enumerate()
    {
        stage.youtube.tube().clear_outages();
        if let Some(outage) = outage {
            stage.youtube.tube().begin(outage);
        }
        for number in 0..3 {
            let title = format!("Round {round}, number {number}");
            let video = stage.publish(DEMO_CHANNEL, &title);
            wanted.push(announcement(&title, &video));
        }
        stage.polls_are_due().await;
        stage.until_on_x(wanted.len()).await;
        // Several that race, of what is there already.
        for _ in 0..2 {
            stage.polls_are_due().await;
            stage.edge.tick().await;
        }
    }
    assert_eq!(stage.on_x(), once(wanted));
    let items = stage.items(&source).await;
    let pushed = items
        .iter()
        .filter(|item| item["seen_by"] == "push")
        .count();
    assert_eq!((items.len(), pushed), (10, 0), "{items:?}");
    assert_eq!(items[9]["reason"], "before_baseline");
}

#[tokio::test]
async fn killed_between_the_hub_s_204_and_x_s_create_call_it_is_posted_once() {
    let mut stage = Stage::start().await;
    let source = stage.follow("@godwit", &stage.edge.account).await;
    stage.until_verified(&source).await;
    let mut wanted = Vec::new();
    for moment in [Moment::Answered, Moment::Asking, Moment::Claimed] {
        let title = format!("{moment:?}");
        stage.prepare(moment).await;
        let before = stage.youtube.tube().counts().notices_delivered;
        let video = stage.publish(DEMO_CHANNEL, &title);
        wanted.push(announcement(&title, &video));
        stage.until_delivered(before + 1).await;
        stage.until_it_is(moment, &video).await;
        let count = stage.on_x().len();
        stage.edge.kill_and_restart().await;
        stage.repair(moment).await;
        // Of the first it is not known how far it came.
        if moment != Moment::Answered {
            assert_eq!(count, wanted.len() - 1, "it was to be killed before");
        }
        stage.holds_are_over().await;
        stage.until_on_x(wanted.len()).await;
    }
    stage.polls_are_due().await;
    stage.edge.tick().await;
    assert_eq!(stage.on_x(), once(wanted));
    assert_eq!(stage.edge.sandbox.x().counts().creates_received, 3);
}

/// When workerd is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// As soon as the hub has its answer: what was in the queue is gone.
    Answered,
    /// YouTube is being asked what the video is.
    Asking,
    /// The item is claimed under the id of its post, which cannot be written.
    Claimed,
}

impl Stage {
    async fn prepare(&self, moment: Moment) {
        match moment {
            Moment::Answered => {}
            Moment::Asking => self
                .youtube
                .tube()
                .begin(Outage::new(On::Api, Effect::Hang)),
            Moment::Claimed => {
                let trigger = "CREATE TRIGGER no_post BEFORE INSERT ON posts
                  BEGIN SELECT RAISE(ABORT, 'injected'); END";
                self.edge.sql(trigger).await;
            }
        }
    }

    async fn until_it_is(&self, moment: Moment, video: &str) {
        match moment {
            Moment::Answered => {}
            Moment::Asking => {
                let is_about = |(name, value): &(String, String)| name == "id" && value == video;
                let asked = async || {
                    let requests = self.youtube.tube().requests();
                    let mut requests = requests.iter();
                    let asked = requests.any(|one| one.query.iter().any(is_about));
                    asked.then_some(())
                };
                self.edge.wait(asked).await;
            }
            Moment::Claimed => {
                let claimed = format!(
                    "SELECT 1 FROM source_items WHERE video_id = '{video}' AND state = 'posting'"
                );
                let is_claimed = async || {
                    let found = self.edge.sql(&claimed).await;
                    (found["rows"] != json!([])).then_some(())
                };
                self.edge.wait(is_claimed).await;
            }
        }
    }

    async fn repair(&self, moment: Moment) {
        match moment {
            Moment::Answered => {}
            Moment::Asking => self.youtube.tube().clear_outages(),
            Moment::Claimed => drop(self.edge.sql("DROP TRIGGER no_post").await),
        }
    }
}
