//! Videos that are not to be seen yet, or do not read yet as what they are.

use super::{CHANNEL, Following as _, HOUR, MINUTE, WITH_KEY, following, pair, states};
use crate::sandbox::youtube::{On, Outage, Privacy, Video};
use godwit::ports::Clock as _;
use serde_json::json;

#[tokio::test]
async fn a_short_that_does_not_read_as_one_yet_is_asked_about_again() {
    for variables in [&[][..], WITH_KEY] {
        let (mut stage, source) = following(variables, json!({})).await;
        stage.tube.lock().unwrap().settings.recognition = 5 * MINUTE;
        let video = Video {
            short_link: false,
            ..Video::short("Slowly")
        };
        stage.publish(video);
        stage.run(1_000).await;
        if variables.is_empty() {
            assert_eq!(
                states(&stage, &source).await,
                [pair("pending", "kind_unknown")]
            );
        }
        stage.run(15 * MINUTE).await;
        assert_eq!(stage.on_x(), 1, "{:?}", stage.items(&source).await);
    }
}

#[tokio::test]
async fn what_is_not_public_waits_and_what_stays_so_is_left_out() {
    let (mut stage, source) = following(
        WITH_KEY,
        json!({ "filter": "all", "template": "{{title}}" }),
    )
    .await;
    let now = stage.world.clock.now().millis();
    stage.publish(Video::premiere("A premiere", now + 2 * HOUR));
    stage.run(1_000).await;
    let live = stage.publish(Video::live("A stream"));
    stage.run(1_000).await;
    let hidden = stage.publish(Video::long("Hidden at once"));
    let now = stage.world.clock.now().millis();
    stage
        .tube
        .lock()
        .unwrap()
        .set_privacy(now, &hidden, Privacy::Unlisted);
    stage.run(HOUR).await;
    assert_eq!(stage.texts_on_x(), [""; 0]);
    let waiting: Vec<String> = states(&stage, &source)
        .await
        .into_iter()
        .map(|(state, _)| state)
        .collect();
    assert_eq!(waiting, ["pending", "pending", "pending"]);
    let now = stage.world.clock.now().millis();
    stage.tube.lock().unwrap().end(now, &live);
    stage.run(30 * HOUR).await;
    let mut posted = stage.texts_on_x();
    posted.sort();
    assert_eq!(posted, ["A premiere", "A stream"]);
    let last = states(&stage, &source).await.pop();
    assert_eq!(last, Some(pair("left_out", "unlisted")));
}

#[tokio::test]
async fn what_is_for_members_alone_is_left_out() {
    for variables in [&[][..], WITH_KEY] {
        let (mut stage, source) = following(variables, json!({ "filter": "all" })).await;
        let video = Video {
            members_only: true,
            ..Video::short("For members")
        };
        stage.publish(video);
        stage.run(HOUR).await;
        assert_eq!(stage.on_x(), 0);
        let left_out = [pair("left_out", "members_only")];
        assert_eq!(states(&stage, &source).await, left_out);
        stage.publish(Video::short("For everybody"));
        stage.run(HOUR).await;
        assert_eq!(stage.on_x(), 1);
    }
}

#[tokio::test]
async fn a_video_that_was_uploaded_long_ago_and_goes_public_now_is_news() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let now = stage.world.clock.now().millis();
    let video = Video {
        public_at: Some(now + 72 * HOUR),
        ..Video::short("Scheduled")
    };
    stage.publish(video);
    stage.run(73 * HOUR).await;
    assert_eq!(stage.on_x(), 1, "{:?}", stage.items(&source).await);
}

#[tokio::test]
async fn with_a_key_nothing_is_posted_before_the_data_api_has_spoken() {
    let (mut stage, source) = following(WITH_KEY, json!({ "filter": "all" })).await;
    let hour = stage.world.clock.now().millis() + HOUR;
    let away = Outage::status(On::Api, 503).until(hour);
    stage.tube.lock().unwrap().begin(away);
    let now = stage.world.clock.now().millis();
    stage.publish(Video::premiere("Not begun", now + 20 * HOUR));
    stage.run(50 * MINUTE).await;
    assert_eq!(stage.on_x(), 0, "{:?}", stage.items(&source).await);
    let path = format!("/sources/{source}");
    let poll = &stage.get(&path).await["health"]["poll"];
    let detail = poll["detail"].as_str().unwrap();
    assert!(detail.contains("Data API does not answer"), "{poll}");
    stage.run(2 * HOUR).await;
    let poll = &stage.get(&path).await["health"]["poll"];
    let detail = poll["detail"].as_str().unwrap();
    assert!(
        detail.contains("looked for in YouTube's Data API;"),
        "{poll}"
    );
    assert_eq!(states(&stage, &source).await, [pair("pending", "upcoming")]);
    assert_eq!(stage.on_x(), 0);
}

#[tokio::test]
async fn what_seems_old_while_the_data_api_is_away_is_asked_about_when_it_is_back() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let path = format!("/sources/{source}");
    stage
        .ask("POST", &format!("{path}/pause"), None)
        .await
        .expect(200);
    stage.publish(Video::short("In the pause"));
    stage.run(MINUTE).await;
    let back = stage.world.clock.now().millis() + 30 * MINUTE;
    let away = Outage::status(On::Api, 503).until(back);
    stage.tube.lock().unwrap().begin(away);
    stage
        .ask("POST", &format!("{path}/resume"), None)
        .await
        .expect(200);
    stage.run(25 * MINUTE).await;
    assert_eq!(states(&stage, &source).await, [pair("pending", "")]);
    stage.run(20 * MINUTE).await;
    assert_eq!(
        states(&stage, &source).await,
        [pair("recorded", "before_baseline")]
    );
}

#[tokio::test]
async fn what_another_workspace_wants_to_know_of_a_video_costs_nobody_else_theirs() {
    let settings = json!({ "filter": "all", "delay_seconds": 86_400 });
    let (mut stage, source) = following(&[], settings).await;
    let eve = stage.world.person("eve").await;
    let body = json!({ "channel": CHANNEL, "accounts": [stage.connect_for(&eve, "long_bill")] });
    let follow = stage
        .world
        .request("POST", "/sources/youtube", Some(&eve.token), Some(body));
    let hers = follow.await.expect(201)["id"].as_str().unwrap().to_owned();
    stage.run(MINUTE).await;
    stage.tube.lock().unwrap().settings.recognition = 400 * HOUR;
    stage
        .tube
        .lock()
        .unwrap()
        .begin(Outage::status(On::Probe, 429));
    stage.publish(Video {
        short_link: false,
        ..Video::short("Slowly")
    });
    stage.run(26 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
    let items = "SELECT source_id, state, reason FROM source_items";
    for item in stage.world.database.look(items) {
        let expected = if item["source_id"] == source.as_str() {
            json!(["posted", null])
        } else {
            json!(["left_out", "undecided"])
        };
        assert_eq!(json!([item["state"], item["reason"]]), expected, "{hers}");
    }
}
