//! An app's limit as the people of an account see it.

use crate::publishing::Stage;
use crate::publishing::stage::Loss;
use godwit::time::{HOUR_MS, MINUTE_MS};
use serde_json::{Value, json};

/// Two accounts of one app that may send three posts in 24 hours.
async fn three_a_day() -> (Stage, String) {
    let stage = Stage::with(&[("X_APP_POSTS_PER_DAY", "3")]).await;
    stage.x.lock().unwrap().settings.limits.create_app_day = 3;
    let other = stage.connect("long_bill");
    (stage, other)
}

async fn post_to(stage: &Stage, account: &str, text: &str) -> String {
    stage
        .post_as(json!({ "text": text, "accounts": [account] }))
        .await
}

async fn shared(stage: &Stage, account: &str) -> Value {
    let shown = stage.get(&format!("/accounts/{account}/limits")).await;
    let items = shown["items"].as_array().unwrap().clone();
    let found = items
        .into_iter()
        .find(|one| one["counted_by"] == "app" && one["bucket"] == "post");
    found.unwrap()
}

#[tokio::test]
async fn what_the_app_may_not_send_any_more_waits_and_goes_out_when_its_window_opens() {
    let (mut stage, other) = three_a_day().await;
    let first = stage.account.clone();
    assert_eq!(shared(&stage, &other).await["remaining"], 3);
    for (account, text) in [(&first, "one"), (&other, "two"), (&first, "three")] {
        post_to(&stage, account, text).await;
        stage.run(1_000).await;
    }
    let window = shared(&stage, &other).await;
    assert_eq!(
        (
            &window["limit"],
            &window["remaining"],
            &window["window_seconds"]
        ),
        (&json!(3), &json!(0), &json!(86_400))
    );
    stage.run(10 * MINUTE_MS).await;
    let four = post_to(&stage, &other, "four").await;
    stage.run(5_000).await;
    let waiting = stage.delivery(&four).await;
    assert_eq!(
        (&waiting["state"], &waiting["reason"]),
        (&json!("waiting"), &json!("app_limit")),
        "{waiting}"
    );
    assert!(waiting["next_attempt_at"].is_string() && waiting["remedy"].is_string());
    // A restart of every gate changes nothing.
    stage.kill_gates();
    stage.run(23 * HOUR_MS).await;
    assert_eq!(stage.on_x(), 3);
    stage.run(2 * HOUR_MS).await;
    assert_eq!(stage.on_x(), 4);
    assert_eq!(stage.delivery(&four).await["state"], "published");
    let x = stage.x.lock().unwrap();
    assert_eq!((x.counts().throttled, x.counts().creates_received), (0, 4));
}

#[tokio::test]
async fn a_delivery_that_could_not_ask_its_apps_gate_is_not_sent_and_comes_back_soon() {
    for loss in [Loss::Request, Loss::Answer] {
        let mut stage = Stage::new().await;
        // More often than an attempt may fail.
        stage.lose_inner_calls(loss, 4);
        let post = stage.post("held up").await;
        stage.run(1_000).await;
        let waiting = stage.delivery(&post).await;
        assert_eq!(
            (&waiting["state"], &waiting["reason"]),
            (&json!("waiting"), &json!("gate_unreachable"))
        );
        assert_eq!(stage.x.lock().unwrap().counts().creates_received, 0);
        stage.run(MINUTE_MS).await;
        assert_eq!(stage.delivery(&post).await["state"], "published");
        assert_eq!(stage.on_x(), 1);
    }
}

#[tokio::test]
async fn while_there_is_plenty_the_apps_gate_is_not_asked_for_every_post() {
    let mut stage = Stage::new().await;
    for number in 0..40 {
        stage.post(&format!("number {number}")).await;
        stage.run(1_000).await;
    }
    assert_eq!(stage.on_x(), 40);
    // 1, 2, 4, 8, and 10 from then on.
    assert_eq!(stage.inner_calls(), 7);
}

#[tokio::test]
async fn what_x_says_of_the_app_counts_for_all_its_accounts() {
    let mut stage = Stage::new().await;
    let other = stage.connect("long_bill");
    stage.x.lock().unwrap().settings.limits.create_app_day = 3;
    for text in ["one", "two", "three"] {
        stage.post(text).await;
        stage.run(1_000).await;
    }
    let window = shared(&stage, &other).await;
    assert_eq!(
        (&window["limit"], &window["remaining"]),
        (&json!(3), &json!(0))
    );
    let post = post_to(&stage, &other, "four").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["reason"], "app_limit");
    assert_eq!(stage.x.lock().unwrap().counts().throttled, 0);
    stage.run(25 * HOUR_MS).await;
    assert_eq!(stage.on_x(), 4);
}

#[tokio::test]
async fn when_x_refuses_the_app_its_other_accounts_do_not_find_out_one_by_one() {
    let mut stage = Stage::new().await;
    let other = stage.connect("long_bill");
    stage.x.lock().unwrap().settings.limits.create_app_day = 0;
    let refused = stage.post("refused").await;
    stage.run(1_000).await;
    let waiting = stage.delivery(&refused).await;
    assert_eq!(waiting["reason"], "app_limit");
    // X's word outlives who heard it.
    stage.kill_gates();
    let held = post_to(&stage, &other, "held").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&held).await["reason"], "app_limit");
    assert_eq!(stage.x.lock().unwrap().counts().throttled, 1);
}

#[tokio::test]
async fn a_workspaces_own_app_has_a_window_of_its_own() {
    let (mut stage, _) = three_a_day().await;
    stage.x.lock().unwrap().settings.apps = vec![crate::publishing::own_app()];
    for text in ["one", "two", "three", "four"] {
        stage.post(text).await;
        stage.run(1_000).await;
    }
    assert_eq!(stage.on_x(), 3);
    stage.set_app("own-client-secret-5678").await;
    let person = stage.person.clone();
    let own = stage
        .walk("/connections/x/authorize", &person, "long_bill")
        .await;
    assert_eq!(shared(&stage, &own).await["remaining"], 3);
    post_to(&stage, &own, "five").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 4);
    assert_eq!(shared(&stage, &own).await["remaining"], 2);
}
