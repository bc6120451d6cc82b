//! The windows: what an account may do, and what X says of it.

use super::Stage;
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn windows(stage: &Stage) -> Vec<Value> {
    let limits = stage
        .get(&format!("/accounts/{}/limits", stage.account))
        .await;
    limits["items"].as_array().unwrap().clone()
}

fn window(windows: &[Value], bucket: &str, seconds: u32) -> Value {
    let found = windows
        .iter()
        .find(|one| one["bucket"] == bucket && one["window_seconds"] == seconds);
    found
        .unwrap_or_else(|| panic!("no window {bucket}/{seconds} in {windows:?}"))
        .clone()
}

#[tokio::test]
async fn a_fresh_account_shows_each_bucket_with_its_limit() {
    let stage = Stage::new().await;
    let shown = windows(&stage).await;
    for (bucket, limit) in [("post", 50), ("media", 1_875), ("like", 50), ("read", 900)] {
        let window = window(&shown, bucket, 900);
        assert_eq!(
            (&window["limit"], &window["remaining"]),
            (&json!(limit), &json!(limit)),
            "{bucket}"
        );
        assert_eq!(window["reset_at"], Value::Null);
    }
}

#[tokio::test]
async fn no_interleaving_grants_more_than_the_window_allows() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "5")]).await;
    for number in 0..20 {
        stage.post(&format!("burst {number}")).await;
    }
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    join_all(
        bodies
            .iter()
            .map(|body| godwit::jobs::handle(&app, "godwit-publish", std::slice::from_ref(body))),
    )
    .await;
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 5);
    // A restart forgets none of them.
    stage.kill_gates();
    stage.run(14 * 60_000).await;
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 5);
    stage.run(60 * 60_000).await;
    assert_eq!(stage.on_x(), 20);
    let posted: Vec<i64> = stage
        .x
        .lock()
        .unwrap()
        .requests()
        .iter()
        .filter(|request| request.path == "/2/tweets")
        .map(|request| request.at_ms)
        .collect();
    for (first, sixth) in posted.iter().zip(posted.iter().skip(5)) {
        assert!(sixth - first >= 900_000, "six within {} ms", sixth - first);
    }
}

#[tokio::test]
async fn x_may_narrow_a_window_and_never_widens_it() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.limits.create = 3;
    stage.post("one").await;
    stage.run(1_000).await;
    let shown = window(&windows(&stage).await, "post", 900);
    assert_eq!(
        (&shown["remaining"], &shown["counted_by"]),
        (&json!(2), &json!("x"))
    );
    stage.kill_gates();
    stage.post("two").await;
    stage.run(1_000).await;
    assert_eq!(window(&windows(&stage).await, "post", 900)["remaining"], 1);
    stage.x.lock().unwrap().settings.limits.create = 40_000;
    stage.run(16 * 60_000).await;
    stage.post("three").await;
    stage.run(1_000).await;
    let shown = window(&windows(&stage).await, "post", 900);
    assert_eq!(
        (&shown["remaining"], &shown["counted_by"]),
        (&json!(49), &json!("godwit"))
    );
}

#[tokio::test]
async fn the_24_hour_count_of_x_is_shown_and_closes_the_window_when_it_is_used_up() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.limits.create_user_day = 2;
    for text in ["one", "two", "three"] {
        stage.post(text).await;
        stage.run(1_000).await;
    }
    assert_eq!(
        stage.x.lock().unwrap().counts().creates_received,
        2,
        "the third is not even tried"
    );
    let day = window(&windows(&stage).await, "post", 86_400);
    assert_eq!(
        (&day["limit"], &day["remaining"], &day["counted_by"]),
        (&json!(2), &json!(0), &json!("x"))
    );
    let waiting = stage.get("/posts?status=publishing").await;
    assert_eq!(
        waiting["items"][0]["deliveries"][0]["reason"],
        "rate_limited"
    );
    stage.run(25 * 3_600_000).await;
    assert_eq!(stage.on_x(), 3);
}
