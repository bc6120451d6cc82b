//! What X itself says.

use crate::publishing::{Stage, own_app};
use crate::sandbox::money::Micros;
use serde_json::json;

async fn stage() -> Stage {
    let stage = Stage::with(&[("X_BEARER_TOKEN", "sandbox-app-only")]).await;
    stage.x.lock().unwrap().settings.purse.credits = Some(Micros(1_000_000));
    stage
}

#[tokio::test]
async fn x_s_own_count_and_credits_are_shown_and_kept_for_ten_minutes() {
    let mut stage = stage().await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
    stage.post("looked for").await;
    stage.run(300_000).await;
    let said = stage.get("/x/usage").await;
    assert_eq!(said["app"], "installation");
    assert_eq!(said["posts"]["used"], 1, "{said}");
    assert_eq!(said["posts"]["cap"], 3_000_000);
    assert_eq!(said["posts"]["cap_reset_day"], 1);
    let days = said["posts"]["days"].as_array().unwrap();
    assert_eq!((days.len(), &days.last().unwrap()["used"]), (31, &json!(1)));
    assert_eq!(
        said["credits"],
        json!({ "total_usd": 0.98, "prepaid_usd": 0.98, "free_usd": 0.0 })
    );
    let asked = stage.world.http.requests().count();
    stage.world.clock.advance(9 * 60_000);
    assert_eq!(stage.get("/x/usage").await, said);
    assert_eq!(stage.world.http.requests().count(), asked);
    stage.world.clock.advance(60_000);
    assert_ne!(stage.get("/x/usage").await["cached_at"], said["cached_at"]);
    assert_eq!(stage.x.lock().unwrap().counts().against_the_document, 0);
}

#[tokio::test]
async fn credits_that_x_does_not_tell_are_null_with_the_reason() {
    let stage = Stage::with(&[("X_BEARER_TOKEN", "sandbox-app-only")]).await;
    let said = stage.get("/x/usage").await;
    assert_eq!(
        (&said["credits"], &said["credits_problem"]),
        (&json!(null), &json!("x_not_found"))
    );
    assert_eq!(said["posts"]["used"], 0);
}

#[tokio::test]
async fn without_an_app_only_token_it_says_what_is_missing() {
    let stage = Stage::with(&[("X_API_KEY", ""), ("X_API_SECRET", "")]).await;
    let token = Some(stage.person.token.as_str());
    let answer = stage.world.request("GET", "/x/usage", token, None).await;
    answer.refused(503, "x_not_configured");
    assert!(
        answer.json["remedy"]
            .as_str()
            .unwrap()
            .contains("X_BEARER_TOKEN"),
        "{}",
        answer.json
    );
}

#[tokio::test]
async fn the_installation_s_count_is_the_operator_s_and_an_own_app_s_its_workspace_s() {
    let stage = stage().await;
    stage.x.lock().unwrap().settings.apps = vec![own_app()];
    let eve = stage.world.person("eve").await;
    let token = Some(eve.token.as_str());
    let refused = stage.world.request("GET", "/x/usage", token, None).await;
    refused.refused(403, "operator_required");
    let body = json!({
        "client_id": "own-client-id-1234", "client_secret": "own-client-secret-5678", "bearer_token": "own-bearer-token-ijkl",
    });
    let path = format!("/workspaces/{}/apps/x", eve.workspace_id);
    let set = stage.world.request("PUT", &path, token, Some(body)).await;
    set.expect(200);
    let said = stage.world.request("GET", "/x/usage", token, None).await;
    assert_eq!(said.expect(200)["app"], "workspace");
}
