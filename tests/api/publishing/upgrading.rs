//! From OAuth 1.0a to OAuth 2.0: `POST /accounts/{id}/upgrade`, with the gate that does it.

use super::Stage;
use crate::support::{Answer, Fault};
use futures_util::future::join;
use godwit::time::{HOUR_MS, MINUTE_MS};
use serde_json::{Value, json};

async fn stage() -> Stage {
    let mut stage = Stage::new().await;
    stage.account = stage.connect_oauth1(&stage.person, "second_bird").await;
    stage
}

async fn upgrade(stage: &Stage) -> Answer {
    let path = format!("/accounts/{}/upgrade", stage.account);
    let token = Some(stage.person.token.as_str());
    stage.world.request("POST", &path, token, None).await
}

async fn account(stage: &Stage) -> Value {
    stage.get(&format!("/accounts/{}", stage.account)).await
}

/// Of the account that was connected last.
fn generation(stage: &Stage) -> i64 {
    let look = "SELECT generation FROM account_tokens ORDER BY account_id DESC LIMIT 1";
    stage.world.database.value(look).as_i64().unwrap()
}

fn exchanges(stage: &Stage) -> usize {
    let requests = stage.world.http.requests().take();
    let to_token = |request: &&String| request.contains("/2/oauth2/token");
    requests.iter().filter(to_token).count()
}

async fn posts(stage: &mut Stage, text: &str) {
    let post = stage.post(text).await;
    stage.run(1_000).await;
    let shown = stage.delivery(&post).await;
    assert_eq!(shown["state"], "published", "{shown}");
}

#[tokio::test]
async fn the_account_keeps_its_id_and_posts_and_refreshes_from_then_on() {
    let mut stage = stage().await;
    posts(&mut stage, "before").await;
    let before = generation(&stage);
    let upgraded = upgrade(&stage).await.expect(200);
    assert_eq!(upgraded["id"], stage.account);
    assert_eq!(
        (&upgraded["auth"], &upgraded["status"]),
        (&json!("oauth2"), &json!("active"))
    );
    assert!(upgraded.get("deprecated").is_none() && upgraded["token_expires_at"].is_string());
    let scopes = [
        "tweet.read",
        "tweet.write",
        "users.read",
        "media.write",
        "offline.access",
    ];
    assert_eq!(upgraded["scopes"], json!(scopes));
    assert!(generation(&stage) > before);
    posts(&mut stage, "after").await;
    stage.run(3 * HOUR_MS).await;
    posts(&mut stage, "after a refresh").await;
    assert_eq!(stage.x.lock().unwrap().counts().refreshes_accepted, 1);
    // Once more changes nothing.
    exchanges(&stage);
    assert_eq!(upgrade(&stage).await.expect(200)["auth"], "oauth2");
    assert_eq!(exchanges(&stage), 0);
    let logged = "SELECT count(*) FROM audit_log WHERE action = 'account.upgraded'";
    assert_eq!(stage.world.database.value(logged), 1);
}

#[tokio::test]
async fn a_lost_answer_costs_nothing_and_the_next_try_does_it() {
    for fault in ["drop_before", "accept_then_drop"] {
        let mut stage = stage().await;
        stage.fault(&json!({ "on": "token", "do": { "kind": fault } }));
        upgrade(&stage).await.refused(502, "x_unreachable");
        let shown = account(&stage).await;
        assert_eq!(
            (&shown["auth"], &shown["status"]),
            (&json!("oauth1"), &json!("active"))
        );
        posts(&mut stage, "with the old token").await;
        assert_eq!(upgrade(&stage).await.expect(200)["auth"], "oauth2");
        posts(&mut stage, "with the new one").await;
    }
}

#[tokio::test]
async fn a_database_that_fails_after_the_exchange_gets_the_pair_later_and_x_is_not_asked_again() {
    let mut stage = stage().await;
    exchanges(&stage);
    stage.world.database.on_batch(|statements| {
        let saves = |sql: &str| sql.starts_with("UPDATE account_tokens");
        if statements.iter().any(|statement| saves(statement.sql)) {
            Fault::Before
        } else {
            Fault::None
        }
    });
    upgrade(&stage)
        .await
        .refused(503, "temporarily_unavailable");
    assert_eq!(account(&stage).await["auth"], "oauth1");
    // The gate has it, and signs with it.
    stage.kill_gates();
    stage.world.database.on_batch(|_| Fault::None);
    posts(&mut stage, "meanwhile").await;
    stage.run(2 * MINUTE_MS).await;
    let shown = account(&stage).await;
    assert_eq!(shown["auth"], "oauth2");
    assert_eq!(shown["scopes"].as_array().unwrap().len(), 5);
    assert_eq!(upgrade(&stage).await.expect(200)["auth"], "oauth2");
    assert_eq!(exchanges(&stage), 1);
}

#[tokio::test]
async fn of_two_at_the_same_moment_one_asks_x() {
    let mut stage = stage().await;
    exchanges(&stage);
    let (one, other) = join(upgrade(&stage), upgrade(&stage)).await;
    assert_eq!(
        (&one.expect(200)["auth"], &other.expect(200)["auth"]),
        (&json!("oauth2"), &json!("oauth2"))
    );
    assert_eq!(exchanges(&stage), 1);
    posts(&mut stage, "after both").await;
}

#[tokio::test]
async fn a_token_that_was_taken_back_asks_for_a_reconnect() {
    let stage = stage().await;
    stage.x.lock().unwrap().revoke_user("second_bird");
    upgrade(&stage)
        .await
        .refused(409, "account_needs_reconnect");
    let shown = account(&stage).await;
    assert_eq!(
        (&shown["auth"], &shown["status"]),
        (&json!("oauth1"), &json!("needs_reconnect"))
    );
}

#[tokio::test]
async fn an_account_that_was_given_up_while_x_was_asked_stays_given_up() {
    let stage = stage().await;
    let path = format!("/accounts/{}", stage.account);
    let token = Some(stage.person.token.as_str());
    let unlink = stage.world.request("DELETE", &path, token, None);
    let (upgraded, unlinked) = join(upgrade(&stage), unlink).await;
    unlinked.expect(200);
    assert!(matches!(upgraded.status, 200 | 404 | 409 | 502 | 503));
    stage
        .world
        .request("GET", &path, token, None)
        .await
        .refused(404, "not_found");
    let left = "SELECT count(*) FROM account_tokens WHERE account_id = (SELECT id FROM accounts WHERE status = 'unlinked')";
    assert_eq!(stage.world.database.value(left), 0);
}

#[tokio::test]
async fn what_x_refuses_is_told_and_the_account_goes_on_as_it_is() {
    let mut stage = stage().await;
    for (name, status, code) in [
        ("bad_client", 503, "x_client_rejected"),
        ("token_rate_limited", 502, "x_rate_limited"),
        ("service_unavailable_html", 502, "x_unreachable"),
    ] {
        stage.fault(&json!({ "on": "token", "do": { "kind": "status", "name": name } }));
        upgrade(&stage).await.refused(status, code);
    }
    posts(&mut stage, "as before").await;
    // An app that may only read gives nothing that could post.
    let permissions = json!({ "permissions": "read" });
    let settings = stage
        .x
        .lock()
        .unwrap()
        .settings
        .patched(&permissions)
        .unwrap();
    stage.x.lock().unwrap().settings = settings;
    let again = stage.connect_oauth1(&stage.person, "second_bird").await;
    assert_eq!(again, stage.account);
    upgrade(&stage).await.refused(409, "x_scope_refused");
    assert_eq!(account(&stage).await["auth"], "oauth1");
}

#[tokio::test]
async fn no_secret_is_in_an_answer_or_the_log() {
    let stage = stage().await;
    let upgraded = upgrade(&stage).await.expect(200);
    let shown = format!("{upgraded} {:?}", stage.world.log.lines());
    let dump = format!("{:?}", stage.world.database.dump());
    let tokens = stage.tokens.lock().unwrap().clone();
    assert_eq!(tokens.len(), 6, "two with secrets, and a pair");
    for token in tokens {
        assert!(!shown.contains(&token) && !dump.contains(&token));
    }
}
