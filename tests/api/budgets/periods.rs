//! Days and months end while something is under way.

use super::{HOUR_MS, MINUTE_MS, only, per_day, published, waits};
use crate::publishing::{Stage, own_app};
use godwit::ports::Statement;
use serde_json::{Value, json};

/// The installation's quota of posts, as the workspace sees it.
async fn quota(stage: &Stage) -> Value {
    let shown = stage.get(&stage.budgets()).await;
    let limits = shown["limits"].as_array().unwrap();
    let is_it = |one: &&Value| one["scope"] == "app" && one["measure"] == "posts";
    limits.iter().find(is_it).unwrap().clone()
}

#[tokio::test]
async fn what_was_reserved_just_before_midnight_may_be_spent_after_it_and_counts_in_both_days() {
    for (reserved_at, sent) in [("23:59:00", 0), ("23:20:00", 1)] {
        let mut stage = Stage::new().await;
        stage.jump(&format!("2026-11-21T{reserved_at}Z"));
        stage.sign_in().await;
        stage.limit(per_day(0.02)).await;
        stage.fault(&json!({ "on": "create", "do": { "kind": "drop_before" } }));
        let posts = stage.posts(&["nowhere", "after it"]).await;
        stage.run(1_000).await;
        assert_eq!(stage.stands(&posts[1]).await, waits("budget_used_up"));
        stage.jump("2026-11-21T23:59:30Z");
        stage.run(5 * MINUTE_MS).await;
        assert_eq!(stage.stands(&posts[0]).await.0, "uncertain");
        assert_eq!(stage.on_x(), sent, "{reserved_at}");
    }
}

#[tokio::test]
async fn a_limit_that_is_set_again_on_another_day_counts_that_day() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    stage.post("of the day before").await;
    stage.run(1_000).await;
    stage.jump("2026-11-22T00:00:00Z");
    stage.sign_in().await;
    assert_eq!(only(&stage.limit(per_day(1.0)).await)["used"], 0.0);
    stage.post("of the day").await;
    stage.run(1_000).await;
    assert_eq!(only(&stage.limit(per_day(1.0)).await)["used"], 0.015);
}

#[tokio::test]
async fn what_was_sent_before_midnight_and_settled_after_it_is_of_the_day_before() {
    let mut stage = Stage::new().await;
    stage.jump("2026-11-21T23:59:40Z");
    stage.sign_in().await;
    stage.limit(per_day(1.0)).await;
    stage.lose_gate_answers(1);
    let late = stage.post("late").await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&late).await.0, "publishing");
    stage.lose_mail();
    let later = "UPDATE deliveries SET next_attempt_at = next_attempt_at + 60000, sweep_at = sweep_at + 60000";
    stage.world.database.change(&Statement::new(later));
    stage.jump("2026-11-22T00:00:01Z");
    let next = stage.post("the next day").await;
    stage.run(2_000).await;
    assert_eq!(stage.stands(&next).await, published());
    assert_eq!(stage.stands(&late).await.0, "publishing");
    stage.run(5 * MINUTE_MS).await;
    assert_eq!(stage.stands(&late).await, published());
    assert_eq!(only(&stage.get(&stage.budgets()).await)["used"], 0.015);
    let usage = stage.get("/usage").await;
    let days: Vec<(&Value, &Value)> = usage["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (&day["day"], &day["posts"]))
        .collect();
    assert_eq!(
        days,
        [
            (&json!("2026-11-22"), &json!(1)),
            (&json!("2026-11-21"), &json!(1))
        ]
    );
}

#[tokio::test]
async fn an_old_plan_s_quota_begins_anew_with_the_month_and_binds_no_own_app() {
    let mut stage = Stage::with(&[("X_PLAN", "free")]).await;
    stage.x.lock().unwrap().settings.apps = vec![own_app()];
    let posts = stage.posts(&["the first"]).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&posts[0]).await, published());
    let count = Statement::new("UPDATE budgets SET used = 500 WHERE measure = 'posts'");
    stage.world.database.change(&count);
    stage.set_app("own-client-secret-5678").await;
    let own = stage
        .walk("/connections/x/authorize", &stage.person, "long_bill")
        .await;
    let body = json!({ "text": "by the own app", "accounts": [own] });
    let by_own = stage.post_as(body).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&by_own).await, published());
    stage.world.database.change(&count);
    let body = json!({ "text": "once more by the own app", "accounts": [own] });
    let by_own = stage.post_as(body).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&by_own).await, published());
    assert_eq!(quota(&stage).await["used"], 500);
    stage.jump("2026-11-30T23:58:00Z");
    stage.sign_in().await;
    let post = stage.post("of December").await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, waits("quota_used_up"));
    stage.run(HOUR_MS + 3 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await, published());
    let quota = quota(&stage).await;
    assert_eq!(
        (&quota["used"], &quota["amount"], &quota["resets_at"]),
        (&json!(1), &json!(500), &json!("2027-01-01T00:00:00.000Z"))
    );
}
