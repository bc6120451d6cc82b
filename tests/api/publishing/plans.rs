//! No frequent query reads a table from end to end.

use super::Stage;
use serde_json::json;

/// Steps that read everything there is, of a table that grows. Temporary lists (`json_each`, a subquery's result) and
/// the single row of a constant do not grow with the table.
fn scans(plan: &[String]) -> Vec<&String> {
    const TABLES: [&str; 9] = [
        "deliveries",
        "posts",
        "parts",
        "accounts",
        "account_tokens",
        "workspaces",
        "sessions",
        "memberships",
        "users",
    ];
    plan.iter()
        .filter(|step| step.starts_with("SCAN"))
        .filter(|step| {
            let name = step.split_whitespace().nth(1).unwrap_or("");
            TABLES.contains(&name) || ["d", "p", "a", "t", "w", "u", "m", "s"].contains(&name)
        })
        .collect()
}

#[tokio::test]
async fn no_query_of_the_sweep_the_claim_the_history_or_the_lists_scans_a_table() {
    let mut stage = Stage::new().await;
    let post = stage.post("one").await;
    stage.post("two").await;
    let thread = json!({ "thread": ["three", "four"], "accounts": [stage.account] });
    stage.post_as(thread).await;
    stage.lose_mail();
    stage.run(300_000).await;
    let account = stage.account.clone();
    for path in [
        "/posts".to_owned(),
        format!("/posts?account={account}&status=published&from=2026-01-01T00:00:00Z&source=api"),
        format!("/posts/{post}"),
        "/history".to_owned(),
        format!("/history?account={account}"),
        "/accounts".to_owned(),
        format!("/accounts/{account}"),
        "/me".to_owned(),
    ] {
        stage.get(&path).await;
    }
    let path = format!("/posts/{post}/retry");
    stage
        .world
        .request("POST", &path, Some(&stage.person.token), None)
        .await;
    stage
        .world
        .request(
            "DELETE",
            &format!("/posts/{post}"),
            Some(&stage.person.token),
            None,
        )
        .await;
    let seen = stage.world.database.seen();
    for needed in [
        "sweep_at <= ?1",
        "epoch = epoch + 1",
        "lease_until IS NOT NULL\n",
        "d.published_at, d.id",
        "ORDER BY id DESC",
    ] {
        assert!(
            seen.iter().any(|sql| sql.contains(needed)),
            "no query with {needed} ran"
        );
    }
    // Registering asks whether there is any user at all, and stops at the first.
    for sql in seen.into_iter().filter(|sql| !sql.contains("FROM users)")) {
        let plan = stage.world.database.plan(sql);
        assert_eq!(scans(&plan), Vec::<&String>::new(), "{sql}\n{plan:#?}");
    }
}

#[tokio::test]
async fn the_sweep_reads_by_its_own_index() {
    let mut stage = Stage::new().await;
    stage.post("one").await;
    stage.lose_mail();
    stage.run(300_000).await;
    let sweep = stage
        .world
        .database
        .seen()
        .into_iter()
        .find(|sql| sql.contains("sweep_at <= ?1\n"))
        .unwrap();
    let plan = stage.world.database.plan(sweep);
    assert!(
        plan.iter().any(|step| step.contains("deliveries_to_sweep")),
        "{plan:?}"
    );
}

#[tokio::test]
async fn the_statistics_count_each_delivery_once() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    stage.post("one").await;
    stage
        .post_as(json!({ "text": "two", "accounts": [stage.account, other] }))
        .await;
    let due = godwit::ports::Clock::now(&*stage.world.clock)
        .plus_ms(3_600_000)
        .to_string();
    stage
        .post_as(json!({ "text": "later", "accounts": [other], "publish_at": due }))
        .await;
    stage.run(1_000).await;
    let stats = stage.get("/stats").await;
    assert_eq!(
        (&stats["total"], &stats["published"], &stats["scheduled"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(stats["by_account"].as_array().unwrap().len(), 2);
    assert_eq!(
        stats["by_day"],
        json!([{ "day": "2026-11-21", "published": 3 }])
    );
}
