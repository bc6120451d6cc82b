//! What only the real runtime can show of the edges: broken queue messages, dead letters, bad requests, health.

use crate::edge::{Edge, text};
use godwit::time::Timestamp;
use serde_json::json;

#[tokio::test]
async fn broken_messages_are_recorded_and_hold_nobody_up() {
    let edge = Edge::start().await;
    let huge = "a".repeat(100_000);
    for body in ["not json", "{}", "{\"job\":\"deliver\"}", "\0", &huge] {
        edge.enqueue("publish", body).await;
    }
    // Not even text.
    edge.enqueue_value("publish", &json!({ "job": "deliver" }))
        .await;
    edge.enqueue("publish-dead", "given up").await;
    let post = edge.post("all the same").await;
    edge.until(&post, "published").await;
    let recorded = async || {
        let (status, shown) = edge.get("/admin/queue").await;
        assert_eq!(status.as_u16(), 200, "{shown}");
        (shown["dead_letters"]["open"] == 7).then_some(shown)
    };
    let shown = edge.wait(recorded).await;
    let newest = shown["dead_letters"]["newest"].as_array().unwrap();
    assert!(newest.iter().all(|letter| letter["retryable"] == false));
    assert!(newest.iter().any(|letter| letter["body"] == huge[..4_096]));
}

#[tokio::test]
async fn the_operator_sees_what_waits_and_a_retried_dead_letter_moves_it() {
    let edge = Edge::start().await;
    let sent = edge.post("to learn the time").await;
    edge.until(&sent, "published").await;
    let (_, sent) = edge.get(&format!("/posts/{sent}")).await;
    let due = Timestamp::parse_rfc3339(&text(&sent["updated_at"]))
        .unwrap()
        .plus_ms(3_600_000);
    let later =
        json!({ "text": "given up", "accounts": [edge.account], "publish_at": due.to_string() });
    let post = edge.post_as(later).await;
    let shown = edge.get("/admin/queue").await.1;
    assert_eq!(
        (
            &shown["waiting"]["total"],
            &shown["waiting"]["groups"][0]["state"]
        ),
        (&json!(1), &json!("scheduled"))
    );
    // Its time has come, and the queue gives up the message that said so; no cron ticks here.
    edge.sql("UPDATE deliveries SET next_attempt_at = 0 WHERE state = 'scheduled'")
        .await;
    let delivery = edge
        .sql("SELECT id, workspace_id FROM deliveries WHERE state = 'scheduled'")
        .await["rows"][0]
        .clone();
    let body = json!({
        "job": "deliver", "delivery_id": delivery["id"], "workspace_id": delivery["workspace_id"],
        "account_id": edge.account, "not_before": 0,
    });
    edge.enqueue("publish-dead", &body.to_string()).await;
    let letter = edge
        .wait(async || {
            let (_, shown) = edge.get("/admin/dead-letters").await;
            shown["items"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
    assert_eq!(edge.sandbox.x().posts().len(), 1);
    let path = format!("/admin/dead-letters/{letter}/retry");
    let (status, retried) = edge.send(edge.client.post(edge.at(&path))).await;
    assert_eq!(
        (status.as_u16(), &retried["retries"]),
        (202, &json!(1)),
        "{retried}"
    );
    edge.until(&post, "published").await;
    assert_eq!(edge.sandbox.x().posts().len(), 2);
    edge.tick().await;
    let (_, shown) = edge.get("/admin/queue").await;
    assert_eq!(
        (
            &shown["dead_letters"]["open"],
            &shown["waiting"]["total"],
            &shown["crons"][0]["result"]
        ),
        (&json!(0), &json!(0), &json!("ok")),
        "{shown:#}"
    );
}

#[tokio::test]
async fn bad_requests_are_problems_and_never_a_500() {
    let edge = Edge::start().await;
    let at = |path: &str| {
        edge.client
            .post(edge.at(path))
            .bearer_auth(&edge.token)
            .header("content-type", "application/json")
    };
    let huge = vec![b' '; 10 * 1024 * 1024];
    for (request, status, code) in [
        (at("/posts").body(huge), 413, "body_too_large"),
        (at("/posts").body(vec![0xff, 0xfe]), 400, "malformed_json"),
        (
            at("/posts").body("{\"text\": 7, \"accounts\": []}"),
            422,
            "invalid_value",
        ),
        (
            at("/posts").body("{\"text\": \"a\", \"accounts\": [], \"nope\": 1}"),
            422,
            "unknown_field",
        ),
        (at("/nowhere").body("{}"), 404, "no_such_route"),
        (
            edge.client.get(edge.at("/posts/%FF%FE")),
            401,
            "not_signed_in",
        ),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let seen = answer.status().as_u16();
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(
            (seen, problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        assert!(!problem["remedy"].as_str().unwrap().is_empty());
    }
    assert_eq!(edge.sandbox.x().posts().len(), 0);
}

#[tokio::test]
async fn health_shows_the_scheduler_s_last_tick() {
    let edge = Edge::start().await;
    let health = async || {
        edge.client
            .get(format!("{}/health", edge.url()))
            .send()
            .await
            .unwrap()
            .json::<serde_json::Value>()
            .await
            .unwrap()
    };
    assert_eq!(
        health().await["scheduler"],
        json!({ "last_tick_at": null, "healthy": true })
    );
    edge.tick().await;
    let after = health().await;
    assert_eq!(after["status"], "ok");
    assert!(after["scheduler"]["last_tick_at"].is_string());
}
