//! Accounts that are read as the X app alone.

use super::{Stage, own_app};
use crate::support::Answer;
use godwit::time::{DAY_MS, HOUR_MS};
use serde_json::{Value, json};

async fn connect(stage: &Stage, username: &str) -> Answer {
    let (token, body) = (&stage.person.token, json!({ "username": username }));
    let path = "/connections/x/app-only";
    stage
        .world
        .request("POST", path, Some(token), Some(body))
        .await
}

async fn stage() -> (Stage, String) {
    let stage = Stage::new().await;
    let account = connect(&stage, "second_bird").await.expect(200);
    let id = account["id"].as_str().unwrap().to_owned();
    (stage, id)
}

async fn ask(stage: &Stage, method: &str, path: &str, body: Option<Value>) -> Answer {
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, path, token, body).await
}

/// How often the app's token was fetched since the last look.
fn fetched(stage: &Stage) -> usize {
    let requests = stage.world.http.requests().take();
    let fetches =
        |request: &&String| request.contains("/oauth2/token") && !request.contains("/2/oauth2");
    requests.iter().filter(fetches).count()
}

#[tokio::test]
async fn it_is_read_and_never_posted_to() {
    let (stage, id) = stage().await;
    let account = stage.get(&format!("/accounts/{id}")).await;
    assert_eq!(
        (&account["handle"], &account["auth"], &account["status"]),
        (&json!("second_bird"), &json!("app_only"), &json!("active"))
    );
    assert_eq!(
        (&account["scopes"], &account["token_expires_at"]),
        (&json!([]), &Value::Null)
    );
    let body = json!({ "text": "cannot", "accounts": [id] });
    let posted = ask(&stage, "POST", "/posts", Some(body)).await;
    posted.refused(422, "auth_mismatch");
    let error = &posted.json["errors"][0];
    assert_eq!(error["pointer"], "/accounts/0");
    let detail = error["detail"].as_str().unwrap();
    assert!(
        detail.contains("app-only") && detail.contains("OAuth 2.0"),
        "{detail}"
    );
    for what in ["refresh", "upgrade"] {
        let refused = ask(&stage, "POST", &format!("/accounts/{id}/{what}"), None).await;
        refused.refused(409, "auth_mismatch");
        assert!(
            refused.json["remedy"]
                .as_str()
                .unwrap()
                .contains("/connections/x/authorize")
        );
    }
    let tested = ask(&stage, "POST", &format!("/accounts/{id}/test"), None)
        .await
        .expect(200);
    assert_eq!(
        (&tested["can_post"], &tested["reachable"]),
        (&json!(false), &json!(true)),
        "{tested}"
    );
    assert_eq!(tested["checks"][3]["ok"], false);
    assert!(
        tested["checks"][3]["detail"]
            .as_str()
            .unwrap()
            .contains("app-only")
    );
    assert_eq!(tested["checks"][4]["ok"], true, "{tested}");
}

#[tokio::test]
async fn it_never_waits_for_a_reconnect_and_its_profile_is_read_again() {
    let (mut stage, id) = stage().await;
    let key = stage
        .world
        .key(&stage.person, &["accounts:read", "accounts:write"])
        .await;
    stage.person.token = key;
    stage.x.lock().unwrap().revoke_user("second_bird");
    stage.world.clock.advance(40 * DAY_MS);
    assert_eq!(
        godwit::accounts::renew(&stage.world.app()).await.ok(),
        Some(1),
        "the other account"
    );
    let before = stage
        .world
        .database
        .look("SELECT profile_at FROM accounts WHERE auth = 'app_only'");
    let account = stage.get(&format!("/accounts/{id}")).await;
    assert_eq!(account["status"], "active");
    let after = stage
        .world
        .database
        .look("SELECT profile_at FROM accounts WHERE auth = 'app_only'");
    assert!(after[0]["profile_at"].as_i64() > before[0]["profile_at"].as_i64());
    // Even when X takes nothing of the app.
    stage.fault(
        &json!({ "on": "users", "times": 2, "do": { "kind": "status", "name": "unauthorized" } }),
    );
    let tested = ask(&stage, "POST", &format!("/accounts/{id}/test"), None)
        .await
        .expect(200);
    assert_eq!(tested["checks"][1]["ok"], false, "{tested}");
    assert_eq!(
        stage.get(&format!("/accounts/{id}")).await["status"],
        "active"
    );
}

#[tokio::test]
async fn the_app_s_token_is_fetched_once_and_kept_sealed_and_a_dead_one_is_fetched_again() {
    let stage = Stage::new().await;
    fetched(&stage);
    connect(&stage, "second_bird").await.expect(200);
    connect(&stage, "@long_bill").await.expect(200);
    assert_eq!(fetched(&stage), 1);
    let tokens = stage.tokens.lock().unwrap().clone();
    let shown = format!(
        "{:?} {:?}",
        stage.world.database.dump(),
        stage.world.log.lines()
    );
    assert!(!tokens.is_empty() && tokens.iter().all(|token| !shown.contains(token)));
    // X takes it no more: another is asked for, once.
    stage.fault(&json!({ "on": "users", "do": { "kind": "status", "name": "unauthorized" } }));
    connect(&stage, "second_bird").await.expect(200);
    assert_eq!(fetched(&stage), 1);
    stage.fault(
        &json!({ "on": "users", "times": 2, "do": { "kind": "status", "name": "unauthorized" } }),
    );
    connect(&stage, "second_bird")
        .await
        .refused(503, "x_client_rejected");
}

#[tokio::test]
async fn a_configured_token_is_used_as_it_is() {
    let stage = Stage::with(&[("X_BEARER_TOKEN", "sandbox-app-only"), ("X_API_KEY", "")]).await;
    connect(&stage, "second_bird").await.expect(200);
    assert_eq!(fetched(&stage), 0);
    let stage = Stage::with(&[("X_BEARER_TOKEN", "wrong"), ("X_API_KEY", "")]).await;
    connect(&stage, "second_bird")
        .await
        .refused(503, "x_client_rejected");
    let stage = Stage::with(&[("X_API_KEY", "")]).await;
    connect(&stage, "second_bird")
        .await
        .refused(503, "x_not_configured");
}

#[tokio::test]
async fn a_connect_as_the_user_makes_it_one_that_posts_and_not_the_other_way_round() {
    let (mut stage, id) = stage().await;
    let again = stage
        .walk("/connections/x/authorize", &stage.person, "second_bird")
        .await;
    assert_eq!(again, id);
    connect(&stage, "second_bird")
        .await
        .refused(409, "account_already_connected");
    stage.account.clone_from(&id);
    let post = stage.post("as its user").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    // Given up, it may be read only.
    ask(&stage, "DELETE", &format!("/accounts/{id}"), None)
        .await
        .expect(200);
    let account = connect(&stage, "second_bird").await.expect(200);
    assert_eq!(
        (&account["id"], &account["auth"]),
        (&json!(id), &json!("app_only"))
    );
    let unlinked = ask(&stage, "DELETE", &format!("/accounts/{id}"), None)
        .await
        .expect(200);
    assert!(unlinked["detail"].as_str().unwrap().contains("app-only"));
}

#[tokio::test]
async fn a_name_that_is_none_or_nobody_s_is_refused() {
    let stage = Stage::new().await;
    for name in ["", "@", "a b", "sixteen_letters_", "a,b", "../2"] {
        connect(&stage, name).await.refused(422, "invalid_username");
    }
    connect(&stage, "nobody_at_all")
        .await
        .refused(404, "x_user_not_found");
    stage.fault(&json!({ "on": "users", "do": { "kind": "drop_before" } }));
    connect(&stage, "second_bird")
        .await
        .refused(502, "x_unreachable");
    let made = stage
        .world
        .database
        .value("SELECT count(*) FROM accounts WHERE auth = 'app_only'");
    assert_eq!(made, 0);
}

#[tokio::test]
async fn an_own_app_reads_with_its_own_token_and_leaves_the_account_to_the_installation_s() {
    let stage = Stage::new().await;
    stage.x.lock().unwrap().settings.apps = vec![own_app()];
    stage.set_app("own-client-secret-5678").await;
    let account = connect(&stage, "second_bird").await.expect(200);
    assert!(stage.x.lock().unwrap().money(0)[1].spent.0 > 0);
    let path = format!("/workspaces/{}/apps/x", stage.person.workspace_id);
    ask(&stage, "DELETE", &path, None)
        .await
        .refused(409, "app_in_use");
    ask(&stage, "DELETE", &format!("{path}?force=true"), None)
        .await
        .expect(204);
    let path = format!("/accounts/{}", account["id"].as_str().unwrap());
    stage.world.clock.advance(HOUR_MS);
    let before = stage.x.lock().unwrap().money(0)[0].spent;
    assert_eq!(stage.get(&path).await["status"], "active");
    assert!(stage.x.lock().unwrap().money(0)[0].spent > before);
}
