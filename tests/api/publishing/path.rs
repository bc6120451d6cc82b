//! The happy path, and what it costs.

use super::Stage;
use crate::support::World;
use godwit::ports::Clock as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn an_accepted_post_is_on_x_once_and_in_the_history_with_its_url() {
    let mut stage = Stage::new().await;
    let post = stage.post("Hello from the edge").await;
    assert_eq!(stage.delivery(&post).await["state"], "queued");
    stage.run(1_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(shown["status"], "published");
    let delivery = &shown["deliveries"][0];
    assert_eq!(delivery["state"], "published");
    assert_eq!(delivery["attempts"][0]["state"], "published");
    let id = delivery["parts"][0]["external_id"].as_str().unwrap();
    assert_eq!(
        delivery["url"],
        format!("https://x.com/godwit_demo/status/{id}")
    );
    let history = stage.get("/history").await;
    assert_eq!(history["items"][0]["url"], delivery["url"]);
    assert_eq!(history["items"][0]["text"], "Hello from the edge");
    let on_x = stage.x.lock().unwrap().posts();
    assert_eq!(
        (on_x.len(), on_x[0].text.as_str()),
        (1, "Hello from the edge")
    );
}

#[tokio::test]
async fn a_publish_takes_two_round_trips_one_gate_call_and_one_platform_call() {
    let mut stage = Stage::new().await;
    stage.post("counted").await;
    let bodies = stage
        .mail()
        .iter()
        .map(|(_, body)| body.clone())
        .collect::<Vec<_>>();
    let (round_trips, gates, calls) = (
        stage.world.database.round_trips(),
        stage.world.gates.calls().count(),
        stage.world.http.requests().count(),
    );
    stage.handle(bodies).await;
    assert_eq!(stage.world.database.round_trips() - round_trips, 2);
    assert_eq!(stage.world.gates.calls().count() - gates, 1);
    assert_eq!(stage.world.http.requests().count() - calls, 1);
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn accepting_a_post_takes_two_round_trips_and_one_send() {
    let stage = Stage::new().await;
    let second = stage.connect("second_bird");
    for headers in [&[][..], &[("idempotency-key", "once")][..]] {
        let (round_trips, sends) = (
            stage.world.database.round_trips(),
            stage.world.queue.sends(),
        );
        let body = json!({ "text": "counted", "accounts": [stage.account, second] });
        let answer = stage
            .world
            .request_with(
                "POST",
                "/posts",
                Some(&stage.person.token),
                headers,
                Some(body),
            )
            .await;
        assert_eq!(
            answer.expect(202)["deliveries"].as_array().unwrap().len(),
            2
        );
        assert_eq!(stage.world.database.round_trips() - round_trips, 2);
        assert_eq!(stage.world.queue.sends() - sends, 1);
    }
}

#[tokio::test]
async fn a_scheduled_post_leaves_at_its_second_and_not_before() {
    let mut stage = Stage::new().await;
    for (text, ahead_ms) in [("soon", 45_700), ("in an hour", 3_600_000)] {
        let due = stage.world.app().now().plus_ms(ahead_ms);
        let post = stage
            .post_as(
                json!({ "text": text, "accounts": [stage.account], "publish_at": due.to_string() }),
            )
            .await;
        assert_eq!(
            stage.get(&format!("/posts/{post}")).await["status"],
            "scheduled"
        );
        stage.run(ahead_ms - 2_000).await;
        assert_eq!(
            stage.delivery(&post).await["state"],
            "scheduled",
            "{text}: too early"
        );
        stage.run(4_000).await;
        let on_x = stage.x.lock().unwrap().posts();
        let late = godwit::time::Timestamp::parse_rfc3339(&on_x.last().unwrap().created_at)
            .unwrap()
            .since(due);
        assert!((0..=1_000).contains(&late), "{text}: {late} ms late");
    }
}

#[tokio::test]
async fn one_account_s_posts_keep_their_order_and_its_closed_window_delays_nobody() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "2")]).await;
    let other = stage.connect("second_bird");
    for text in ["one", "two", "three", "four"] {
        stage.post(text).await;
        stage.world.clock.advance(1);
    }
    stage
        .post_as(json!({ "text": "from the other", "accounts": [other] }))
        .await;
    let bodies = stage
        .mail()
        .iter()
        .map(|(_, body)| body.clone())
        .collect::<Vec<_>>();
    stage.lose_mail();
    stage.handle(bodies).await;
    let texts: Vec<String> = stage
        .x
        .lock()
        .unwrap()
        .posts()
        .into_iter()
        .map(|post| post.text)
        .collect();
    let mut first: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.contains("other"))
        .collect();
    assert_eq!(first, ["one", "two"]);
    assert_eq!(texts.len(), 3, "the other account's post has gone");
    stage.run(16 * 60_000).await;
    let texts: Vec<String> = stage
        .x
        .lock()
        .unwrap()
        .posts()
        .into_iter()
        .map(|post| post.text)
        .collect();
    first = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.contains("other"))
        .collect();
    first.sort_unstable();
    assert_eq!(first, ["four", "one", "three", "two"]);
}

#[tokio::test]
async fn who_prefers_to_wait_gets_the_outcome_or_the_accepted_post() {
    let stage = Stage::new().await;
    let World { clock, .. } = &stage.world;
    let before = godwit::ports::Clock::now(&**clock);
    let body = json!({ "text": "nobody works", "accounts": [stage.account] });
    let headers = [("prefer", "wait=3")];
    let answer = stage
        .world
        .request_with(
            "POST",
            "/posts",
            Some(&stage.person.token),
            &headers,
            Some(body),
        )
        .await;
    assert_eq!(answer.expect(202)["status"], "publishing");
    assert!(godwit::ports::Clock::now(&**clock).since(before) >= 3_000);
}

#[tokio::test]
async fn a_scheduled_thread_that_is_being_sent_is_shown_as_being_published() {
    let mut stage = Stage::new().await;
    let due = stage.world.clock.now().plus_ms(60_000).to_string();
    let body = json!({ "thread": ["one", "two"], "accounts": [stage.account], "publish_at": due });
    stage.post_as(body).await;
    let status = "SELECT status FROM posts";
    assert_eq!(stage.world.database.value(status), "scheduled");
    let seen = Arc::new(Mutex::new(Value::Null));
    let (found, database) = (Arc::clone(&seen), Arc::clone(&stage.world.database));
    stage.before_next_call(move || *found.lock().unwrap() = database.value(status));
    stage.run(70_000).await;
    assert_eq!(*seen.lock().unwrap(), "publishing");
    assert_eq!(stage.world.database.value(status), "published");
}
