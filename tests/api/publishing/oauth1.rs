//! Accounts that are connected by OAuth 1.0a: their calls are signed, and nothing is refreshed.

use super::Stage;
use crate::support::Answer;
use godwit::time::{DAY_MS, MINUTE_MS};
use serde_json::{Value, json};

async fn stage() -> Stage {
    with(&[]).await
}

async fn with(variables: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::with(variables).await;
    stage.account = stage.connect_oauth1(&stage.person, "second_bird").await;
    stage
}

async fn ask(stage: &Stage, method: &str, rest: &str) -> Answer {
    let path = format!("/accounts/{}{rest}", stage.account);
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, &path, token, None).await
}

async fn account(stage: &Stage) -> Value {
    ask(stage, "GET", "").await.expect(200)
}

#[tokio::test]
async fn a_post_goes_out_months_later_and_nothing_was_refreshed() {
    let mut stage = stage().await;
    let post = stage.post("signed").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    // A session does not last so long, a key does.
    let key = stage
        .world
        .key(&stage.person, &["posts:read", "posts:write"]);
    stage.person.token = key.await;
    stage.world.clock.advance(200 * DAY_MS);
    assert_eq!(
        godwit::accounts::renew(&stage.world.app()).await.unwrap(),
        0
    );
    let post = stage.post("signed again").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    let x = stage.x.lock().unwrap();
    assert_eq!(x.counts().refreshes_accepted, 0);
    assert_eq!(x.posts().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_found() {
    let mut stage = stage().await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
    let post = stage.post("is it there?").await;
    stage.run(10 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_test_says_that_it_can_post_and_a_refresh_has_nothing_to_do() {
    let stage = stage().await;
    let tested = ask(&stage, "POST", "/test").await.expect(200);
    assert_eq!(
        (
            &tested["auth"],
            &tested["can_post"],
            &tested["missing_scopes"]
        ),
        (&json!("oauth1"), &json!(true), &json!([])),
        "{tested}"
    );
    assert_eq!(tested["token"]["expires_at"], Value::Null);
    let refreshed = ask(&stage, "POST", "/refresh").await.expect(200);
    assert_eq!(refreshed, json!({ "refreshed": false, "expires_at": null }));
    assert_eq!(account(&stage).await["status"], "active");
}

#[tokio::test]
async fn a_token_that_was_taken_back_asks_for_a_reconnect_and_what_waits_goes_out_then() {
    let mut stage = stage().await;
    stage.x.lock().unwrap().revoke_user("second_bird");
    let post = stage.post("waits").await;
    stage.run(1_000).await;
    let shown = stage.delivery(&post).await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("waiting"), &json!("account_needs_reconnect")),
        "{shown}"
    );
    assert_eq!(account(&stage).await["status"], "needs_reconnect");
    let again = stage.connect_oauth1(&stage.person, "second_bird").await;
    assert_eq!(again, stage.account);
    stage.run(MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn a_wrong_consumer_secret_is_the_operator_s_matter_and_nobody_has_to_reconnect() {
    let mut stage = stage().await;
    stage.deploy(&[("X_API_SECRET", "wrong")]);
    let post = stage.post("waits").await;
    stage.run(1_000).await;
    let shown = stage.delivery(&post).await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("waiting"), &json!("x_client_rejected")),
        "{shown}"
    );
    assert_eq!(account(&stage).await["status"], "active");
    stage.deploy(&[]);
    stage.run(17 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn an_app_that_may_only_read_is_told_when_it_posts() {
    let mut stage = Stage::new().await;
    let permissions = json!({ "permissions": "read" });
    let settings = stage
        .x
        .lock()
        .unwrap()
        .settings
        .patched(&permissions)
        .unwrap();
    stage.x.lock().unwrap().settings = settings;
    stage.account = stage.connect_oauth1(&stage.person, "second_bird").await;
    let post = stage.post("not allowed").await;
    stage.run(1_000).await;
    assert_eq!(
        stage.delivery(&post).await["reason"],
        "account_needs_reconnect"
    );
}

#[tokio::test]
async fn unlinking_ends_the_token_at_x_unless_another_workspace_lives_on_it() {
    let stage = stage().await;
    let eve = stage.world.person("eve").await;
    let hers = stage.connect_oauth1(&eve, "second_bird").await;
    let unlinked = ask(&stage, "DELETE", "").await.expect(200);
    assert_eq!(unlinked["revoked_at_x"], false, "{unlinked}");
    let path = format!("/accounts/{hers}");
    let test = format!("{path}/test");
    let world = &stage.world;
    let tested = world.request("POST", &test, Some(&eve.token), None).await;
    assert_eq!(tested.expect(200)["can_post"], true);
    let unlinked = world.request("DELETE", &path, Some(&eve.token), None).await;
    assert_eq!(unlinked.expect(200)["revoked_at_x"], true);
}
