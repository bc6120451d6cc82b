//! What does not fit waits, says for what, and goes when it fits.

use super::{HOUR_MS, MINUTE_MS, only, per_day};
use crate::publishing::Stage;
use serde_json::json;

#[tokio::test]
async fn a_used_up_budget_stops_before_sending_names_itself_and_goes_on_the_next_day() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.03)).await;
    let mut posts = Vec::new();
    for number in 0..3 {
        posts.push(stage.post(&format!("number {number}")).await);
    }
    stage.run(5_000).await;
    assert_eq!(stage.on_x(), 2);
    let waiting = stage.delivery(&posts[2]).await;
    assert_eq!(
        (
            &waiting["state"],
            &waiting["reason"],
            &waiting["next_attempt_at"]
        ),
        (
            &json!("waiting"),
            &json!("budget_used_up"),
            &json!("2026-11-22T00:00:00.000Z")
        ),
        "{waiting}"
    );
    let shown = waiting.to_string();
    for said in [
        "workspace's budget for the day",
        "$0.03 of $0.03",
        "needs $0.015",
        "2026-11-22T00:00:00.000Z",
        "PUT /api/v1/workspaces/",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert_eq!((stage.spent().await, stage.billed()), (30_000, 30_000));
    stage.run(11 * HOUR_MS + 59 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 2);
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 3);
    let limit = only(&stage.limit(per_day(0.03)).await);
    assert_eq!(
        (&limit["used"], &limit["remaining"]),
        (&json!(0.015), &json!(0.015))
    );
    assert_eq!(stage.reservations(), 0);
}

#[tokio::test]
async fn raising_a_budget_sends_what_waits_at_once() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.0)).await;
    let post = stage.post("waits").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "waiting");
    stage.limit(per_day(0.015)).await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}
