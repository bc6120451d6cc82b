//! What only the real runtime can show of the edges: broken queue messages, dead letters, bad requests, health.

use crate::edge::Edge;
use serde_json::json;

#[tokio::test]
async fn broken_messages_are_recorded_and_hold_nobody_up() {
    let edge = Edge::start().await;
    for body in ["not json", "{}", "{\"job\":\"deliver\"}"] {
        edge.enqueue("publish", body).await;
    }
    edge.enqueue("publish-dead", "given up").await;
    let post = edge.post("all the same").await;
    edge.until(&post, "published").await;
    let recorded = async || {
        let counted = edge.sql("SELECT count(*) AS n FROM dead_letters").await;
        (counted["rows"][0]["n"] == 4).then_some(())
    };
    edge.wait(recorded).await;
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
