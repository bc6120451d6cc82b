//! The subscription: asked for, verified, renewed, refused, over.

use super::{CHANNEL, Following as _, HOUR, MINUTE};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Effect, Mood, On, Outage, Verifies, Video};
use axum::body::Body;
use godwit::ports::Clock as _;
use serde_json::{Value, json};

const DAY: i64 = 24 * HOUR;
const TOPIC: &str =
    "https://www.youtube.com/xml/feeds/videos.xml?channel_id=UCGodwitSandboxChannel00";

async fn in_mood(mood: Mood) -> (Stage, String) {
    let mut stage = Stage::new().await;
    stage.tube.lock().unwrap().settings.hub.mood = mood;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    (stage, source)
}

async fn push(stage: &Stage, source: &str) -> Value {
    stage.get(&format!("/sources/{source}")).await["health"]["push"].clone()
}

#[tokio::test]
async fn it_is_asked_for_as_the_hub_wants_it_and_its_lease_is_what_the_verification_says() {
    let mut stage = Stage::new().await;
    stage.tube.lock().unwrap().settings.hub.longest_lease_s = 86_400;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    let now = stage.world.clock.now().millis();
    let rows = stage.tube.lock().unwrap().subscriptions(now);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].topic, TOPIC);
    assert!(rows[0].has_secret);
    assert!(
        rows[0]
            .callback
            .starts_with("https://godwit.test/hooks/websub/")
    );
    let shown = push(&stage, &source).await;
    let until = shown["lease_until"].as_str().unwrap();
    let until = godwit::time::Timestamp::parse_rfc3339(until).unwrap();
    assert_eq!(until.millis(), rows[0].expires_ms, "{shown}");
    // Another source of the channel shares it.
    stage.follow(json!({ "filter": "videos" })).await;
    stage.run(MINUTE).await;
    assert_eq!(stage.tube.lock().unwrap().subscriptions(now + 1).len(), 1);
}

#[tokio::test]
async fn it_is_renewed_long_before_it_ends_and_both_secrets_are_good_meanwhile() {
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    let first = push(&stage, &source).await["lease_until"].clone();
    // The renewal is asked for, and its verification is late: what is announced meanwhile is signed with the old secret.
    stage.tube.lock().unwrap().settings.hub.verifies_after = 6 * HOUR;
    stage.run(7 * DAY).await;
    let asked = stage.tube.lock().unwrap().counts().of(On::Hub);
    assert!(asked >= 2, "{asked}");
    stage.publish(Video::short("Under the old one"));
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    stage.run(DAY).await;
    stage.sign_in().await;
    let shown = push(&stage, &source).await;
    assert_ne!(shown["lease_until"], first);
    assert_eq!(shown["state"], "verified");
    stage.publish(Video::short("Under the new one"));
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
    assert_eq!(push(&stage, &source).await["ignored"], 0);
}

#[tokio::test]
async fn a_renewal_that_fails_harms_no_living_lease_and_is_tried_until_it_ends() {
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    let until = push(&stage, &source).await["lease_until"].clone();
    {
        let mut tube = stage.tube.lock().unwrap();
        tube.settings.hub.mood = Mood::Outage;
        tube.settings.hub.accepted_share = 0.0;
        tube.settings.hub.verified_share = 0.0;
    }
    stage.run(9 * DAY).await;
    stage.sign_in().await;
    let shown = push(&stage, &source).await;
    assert_eq!(
        (&shown["state"], &shown["lease_until"]),
        (&json!("verified"), &until),
        "{shown}"
    );
    assert!(
        shown["hub_said"].as_str().unwrap().contains("503"),
        "{shown}"
    );
    stage.publish(Video::short("Still announced"));
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    stage.run(2 * DAY).await;
    stage.sign_in().await;
    assert_eq!(push(&stage, &source).await["state"], "unknown");
}

#[tokio::test]
async fn a_503_is_unknown_and_may_be_verified_later() {
    let mut stage = Stage::new().await;
    {
        let mut tube = stage.tube.lock().unwrap();
        tube.settings.hub.mood = Mood::Outage;
        tube.settings.hub.accepted_share = 0.0;
        tube.settings.hub.verified_share = 1.0;
    }
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    let shown = push(&stage, &source).await;
    assert_eq!(shown["state"], "unknown", "{shown}");
    stage.run(5 * MINUTE).await;
    assert_eq!(push(&stage, &source).await["state"], "verified");
}

#[tokio::test]
async fn silence_is_pending_and_asked_again_and_a_denial_is_said() {
    let (mut stage, source) = in_mood(Mood::Silent).await;
    assert_eq!(push(&stage, &source).await["state"], "pending");
    stage.run(HOUR).await;
    let asked = stage.tube.lock().unwrap().counts().of(On::Hub);
    assert!((4..=8).contains(&asked), "{asked} requests in an hour");
    let (mut stage, source) = in_mood(Mood::Denies).await;
    stage.run(MINUTE).await;
    let shown = push(&stage, &source).await;
    assert_eq!(shown["state"], "denied", "{shown}");
    assert_eq!(shown["hub_said"], "Restricted topic");
    // Later, too: a lease that is taken back is over.
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    let now = stage.world.clock.now().millis();
    assert_eq!(stage.tube.lock().unwrap().deny(now, CHANNEL, "Gone"), 1);
    stage.run(1_000).await;
    let shown = push(&stage, &source).await;
    assert_eq!(
        (&shown["state"], &shown["lease_until"]),
        (&json!("denied"), &Value::Null)
    );
}

#[tokio::test]
async fn a_lease_that_was_given_up_is_no_promise_when_the_source_is_resumed() {
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    stage.tube.lock().unwrap().settings.hub.mood = Mood::Silent;
    for (deed, state) in [("pause", "off"), ("resume", "pending")] {
        let path = format!("/sources/{source}/{deed}");
        stage.ask("POST", &path, None).await.expect(200);
        stage.run(1_000).await;
        assert_eq!(push(&stage, &source).await["state"], state, "{deed}");
    }
}

#[tokio::test]
async fn a_secret_whose_key_has_left_the_ring_is_replaced_when_the_hub_is_next_heard() {
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    let other = "k2:AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    stage.deploy(&[("ENCRYPTION_KEYS", other)]);
    stage.publish(Video::short("Not understood"));
    stage.run(3 * MINUTE).await;
    assert_eq!(push(&stage, &source).await["ignored"], 1);
    stage.publish(Video::short("Understood"));
    stage.run(1_000).await;
    let shown = push(&stage, &source).await;
    assert_eq!(
        (&shown["ignored"], &shown["received"]),
        (&json!(1), &json!(1)),
        "{shown}"
    );
}

#[tokio::test]
async fn a_verification_before_the_answer_is_taken_and_a_moved_hub_is_followed() {
    let mut stage = Stage::new().await;
    {
        let mut tube = stage.tube.lock().unwrap();
        tube.settings.hub.verifies = Verifies::Before;
        tube.settings.hub.answers_after = 2_000;
        let location = "https://pubsubhubbub.appspot.com/".to_owned();
        let moved = Effect::Redirect {
            status: 308,
            location,
        };
        tube.begin(Outage::new(On::Hub, moved).times(1));
    }
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    assert_eq!(push(&stage, &source).await["state"], "verified");
}

#[tokio::test]
async fn only_what_was_asked_for_is_confirmed() {
    let (mut stage, source) = in_mood(Mood::Silent).await;
    let callback = stage.world.database.value("SELECT callback FROM channels");
    let callback = callback.as_str().unwrap().to_owned();
    let ask = async |stage: &Stage, query: &str| {
        let uri = format!("https://godwit.test/hooks/websub/{callback}?{query}");
        let request = http::Request::get(uri).body(Body::empty()).unwrap();
        stage.world.serve(request).await
    };
    let good = format!(
        "hub.mode=subscribe&hub.topic={TOPIC}&hub.challenge=c-18010081&hub.lease_seconds=432000"
    );
    for (what, query) in [
        ("another topic", good.replace("Channel00", "Channel01")),
        (
            "the other form of the topic",
            good.replace("/xml/feeds", "/feeds"),
        ),
        ("another mode", good.replace("=subscribe", "=publish")),
        (
            "the end of what is wanted",
            good.replace("=subscribe", "=unsubscribe"),
        ),
        (
            "no challenge",
            good.replace("&hub.challenge=c-18010081", ""),
        ),
        ("no lease", good.replace("&hub.lease_seconds=432000", "")),
        ("a lease of nothing", good.replace("432000", "0")),
        ("a lease before", good.replace("432000", "-5")),
        ("nothing", String::new()),
    ] {
        let answer = ask(&stage, &query).await;
        assert_eq!(answer.status, 404, "{what}: {}", answer.json);
        assert_eq!(push(&stage, &source).await["state"], "pending", "{what}");
    }
    for _ in 0..2 {
        let answer = ask(&stage, &good).await;
        assert_eq!((answer.status, &*answer.body), (200, &b"c-18010081"[..]));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(push(&stage, &source).await["state"], "verified");
    // When nobody follows any more, its end is confirmed and nothing else is.
    let deleted = stage
        .ask("DELETE", &format!("/sources/{source}"), None)
        .await;
    assert_eq!(deleted.status, 204);
    stage.run(1_000).await;
    assert_eq!(ask(&stage, &good).await.status, 404);
    let end = good.replace("=subscribe", "=unsubscribe");
    assert_eq!(ask(&stage, &end).await.status, 200);
}

#[tokio::test]
async fn a_hub_that_has_forgotten_its_promise_is_asked_anew_when_a_look_finds_what_it_should_have_told()
 {
    for before in [20 * MINUTE, 2 * HOUR] {
        forgotten_after(before).await;
    }
}

async fn forgotten_after(before: i64) {
    let (mut stage, source) = in_mood(Mood::Healthy).await;
    stage.run(before).await;
    let asked = stage.tube.lock().unwrap().counts().of(On::Hub);
    // As after its own restart.
    stage.tube.lock().unwrap().forget_subscriptions();
    stage.publish(Video::short("Nobody says so"));
    stage.run(5 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(stage.tube.lock().unwrap().counts().of(On::Hub), asked + 1);
    let summary = stage.get(&format!("/sources/{source}")).await["health"]["summary"].clone();
    let words = "did not announce the last one";
    assert!(summary.as_str().unwrap().contains(words), "{summary}");
    stage.publish(Video::short("Told again"));
    stage.run(2_000).await;
    assert_eq!(stage.on_x(), 2);
    let summary = stage.get(&format!("/sources/{source}")).await["health"]["summary"].clone();
    assert!(
        summary.as_str().unwrap().contains("All is well"),
        "{summary}"
    );
}
