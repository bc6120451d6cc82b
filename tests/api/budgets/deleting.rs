//! What is deleted at X is booked once, and no budget keeps it there.

use super::{MINUTE_MS, only, per_day, published};
use crate::publishing::Stage;
use crate::support::Fault;
use serde_json::json;

async fn thread(stage: &mut Stage) -> String {
    let body = json!({ "thread": ["one", "two", "three"], "accounts": [stage.account] });
    let post = stage.post_as(body).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&post).await, published());
    post
}

async fn delete(stage: &Stage, post: &str) {
    let path = format!("/posts/{post}?platform=true");
    let token = Some(stage.person.token.as_str());
    let answer = stage.world.request("DELETE", &path, token, None).await;
    answer.expect(200);
}

#[tokio::test]
async fn each_part_that_x_deletes_is_booked_once_whatever_the_database_loses() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    let post = thread(&mut stage).await;
    delete(&stage, &post).await;
    let mut writes = 0;
    stage.world.database.on_batch(move |statements| {
        let notes = statements
            .iter()
            .any(|one| one.sql.contains("UPDATE parts SET state = 'deleted'"));
        writes += u32::from(notes);
        // Every second time: each of the three parts is written twice.
        if notes && writes % 2 == 1 {
            Fault::After
        } else {
            Fault::None
        }
    });
    stage.run(5 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await.0, "deleted");
    stage.cost(3 * 15_000 + 3 * 5_000).await;
    let limit = only(&stage.get(&stage.budgets()).await);
    assert_eq!(limit["used"], 0.06, "{limit}");
    let kinds = stage.get("/usage").await["totals"]["kinds"].clone();
    assert_eq!(
        kinds,
        json!([
            { "kind": "post", "count": 3, "spend_usd": 0.045 },
            { "kind": "post_delete", "count": 3, "spend_usd": 0.015 },
        ])
    );
}

#[tokio::test]
async fn what_was_gone_already_costs_nothing() {
    let mut stage = Stage::new().await;
    let post = thread(&mut stage).await;
    stage.fault(&json!({ "on": "delete", "do": { "kind": "status", "name": "not_found" } }));
    delete(&stage, &post).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&post).await.0, "deleted");
    stage.cost(3 * 15_000 + 2 * 5_000).await;
}

#[tokio::test]
async fn a_used_up_budget_keeps_nothing_at_x_that_somebody_wants_deleted() {
    let mut stage = Stage::new().await;
    let post = thread(&mut stage).await;
    stage
        .limit(json!({ "usd_per_day": 0.0, "usd_per_month": 0.045 }))
        .await;
    delete(&stage, &post).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&post).await.0, "deleted");
    stage.cost(60_000).await;
    let limits = stage.get(&stage.budgets()).await;
    for limit in limits["limits"].as_array().unwrap() {
        assert_eq!(
            (&limit["used"], &limit["remaining"]),
            (&json!(0.06), &json!(0.0))
        );
    }
}
