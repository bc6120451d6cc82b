//! `GET /admin/queue`: what waits, by state and reason.

use super::{Stage, overview};
use godwit::ports::{Clock, Statement};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

fn group<'a>(shown: &'a Value, state: &str, reason: &Value) -> &'a Value {
    let groups = shown["waiting"]["groups"].as_array().unwrap();
    let found = |one: &&Value| one["state"] == state && one["reason"] == *reason;
    groups
        .iter()
        .find(found)
        .unwrap_or_else(|| panic!("no {state} for {reason} in {shown:#}"))
}

async fn scheduled(stage: &Stage, minutes: i64) -> String {
    let due = stage.world.clock.now().plus_ms(minutes * MINUTE_MS);
    let body =
        json!({ "text": "later", "accounts": [stage.account], "publish_at": due.to_string() });
    stage.post_as(body).await
}

/// Without credits at X, until the test says otherwise.
fn no_credits(stage: &Stage) {
    stage.fault(&json!({ "on": "create", "times": 9, "do": { "kind": "status", "name": "credits_depleted" } }));
}

#[tokio::test]
async fn what_waits_is_counted_by_state_and_reason_with_its_times_and_what_to_do() {
    let mut stage = Stage::new().await;
    no_credits(&stage);
    stage.post("cannot be paid for").await;
    stage.post("nor this").await;
    stage.run(1_000).await;
    scheduled(&stage, 60).await;
    scheduled(&stage, 30).await;
    stage.post("in the queue").await;
    let sent = stage.post("done with").await;
    stage.world.database.change(
        &Statement::new("UPDATE deliveries SET state = 'published', next_attempt_at = NULL, sweep_at = NULL WHERE post_id = ?1")
            .bind(sent.as_str()),
    );

    let shown = overview(&stage).await;
    let waiting = &shown["waiting"];
    assert_eq!(
        (
            &waiting["total"],
            &waiting["overdue"],
            &waiting["all_counted"]
        ),
        (&json!(5), &json!(0), &json!(true)),
        "{shown:#}"
    );
    assert_eq!(waiting["remedy"], Value::Null);
    assert_eq!(waiting["groups"].as_array().unwrap().len(), 3);

    let unpaid = group(&shown, "waiting", &json!("x_credits_depleted"));
    assert_eq!(
        (
            &unpaid["count"],
            &unpaid["oldest_created_at"],
            &unpaid["next_attempt_at"]
        ),
        (
            &json!(2),
            &json!("2026-11-21T12:00:00.000Z"),
            &json!("2026-11-21T12:15:00.000Z")
        )
    );
    assert!(
        unpaid["remedy"].as_str().unwrap().contains("buys credits"),
        "{unpaid}"
    );
    let later = group(&shown, "scheduled", &Value::Null);
    assert_eq!(
        (&later["count"], &later["oldest_due_at"], &later["remedy"]),
        (&json!(2), &json!("2026-11-21T12:30:01.000Z"), &Value::Null)
    );
    assert_eq!(group(&shown, "queued", &Value::Null)["count"], 1);
}

#[tokio::test]
async fn what_waits_for_a_decision_waits_for_nothing_else_and_is_never_overdue() {
    let stage = Stage::new().await;
    stage.post("who knows").await;
    stage.world.database.change(&Statement::new(
        "UPDATE deliveries SET state = 'uncertain', reason = 'needs_decision', remedy = 'Look.',
           next_attempt_at = NULL, sweep_at = NULL",
    ));
    stage.world.clock.advance(60 * MINUTE_MS);
    let shown = overview(&stage).await;
    let undecided = group(&shown, "uncertain", &json!("needs_decision"));
    assert_eq!(
        (
            &undecided["count"],
            &undecided["overdue"],
            &undecided["next_attempt_at"]
        ),
        (&json!(1), &json!(0), &Value::Null)
    );
    assert_eq!(undecided["remedy"], "Look.");
    assert_eq!(shown["waiting"]["overdue"], 0);
}

#[tokio::test]
async fn what_the_sweep_left_lying_for_three_minutes_is_overdue_until_it_is_swept() {
    let mut stage = Stage::new().await;
    stage.post("forgotten").await;
    stage.lose_mail();
    // The queue has two minutes, then it is the sweep's turn, which has three.
    stage.world.clock.advance(5 * MINUTE_MS - 1);
    assert_eq!(overview(&stage).await["waiting"]["overdue"], 0);
    stage.world.clock.advance(1);
    let shown = overview(&stage).await;
    let waiting = &shown["waiting"];
    assert_eq!(
        (
            &waiting["overdue"],
            &waiting["oldest_overdue_at"],
            &waiting["oldest_overdue_seconds"]
        ),
        (&json!(1), &json!("2026-11-21T12:02:00.000Z"), &json!(180))
    );
    assert_eq!(group(&shown, "queued", &Value::Null)["overdue"], 1);
    assert!(waiting["remedy"].as_str().unwrap().contains("cron"));
    stage.run(MINUTE_MS).await;
    let waiting = overview(&stage).await["waiting"].clone();
    assert_eq!(
        (&waiting["total"], &waiting["oldest_overdue_at"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn it_is_over_all_workspaces_and_shows_nothing_that_anybody_wrote() {
    let mut stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    let account = stage.connect_for(&eve, "second_bird");
    let body = json!({ "text": "Eve's secret plan", "accounts": [account] });
    let posted = stage
        .world
        .request("POST", "/posts", Some(&eve.token), Some(body));
    posted.await.expect(202);
    stage.post("Ada's own").await;
    let (_, mail) = stage.mail()[0].clone();
    let app = stage.world.app();
    godwit::jobs::handle_dead(&app, "godwit-publish-dead", &[mail]).await;
    let shown = overview(&stage).await;
    assert_eq!(shown["waiting"]["total"], 2);
    let shown = shown.to_string();
    for word in ["secret plan", "own", "second_bird", "eve@example.com"] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    let sealed = stage
        .world
        .database
        .look("SELECT sealed FROM account_tokens");
    for row in sealed {
        assert!(!shown.contains(row["sealed"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn beyond_ten_thousand_those_whose_turn_comes_first_are_counted() {
    let stage = Stage::new().await;
    let post = stage.post("many").await;
    // 10,050 of them, each due a second after the one before.
    stage.world.database.change(
        &Statement::new(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10050)
             INSERT INTO deliveries (id, workspace_id, post_id, account_id, platform, state, due_at, next_attempt_at,
               sweep_at, created_at, updated_at)
             SELECT 'dlv_' || n, workspace_id, post_id, account_id, 'x', 'scheduled', due_at + n * 1000, due_at + n * 1000,
               due_at + n * 1000, created_at, updated_at
             FROM deliveries, numbers WHERE post_id = ?1",
        )
        .bind(post.as_str()),
    );
    stage.world.clock.advance(5 * MINUTE_MS);
    let shown = overview(&stage).await;
    let waiting = &shown["waiting"];
    assert_eq!(
        (&waiting["total"], &waiting["all_counted"]),
        (&json!(10_000), &json!(false))
    );
    // Two minutes' worth of seconds, and the first post, whose turn comes after that.
    assert_eq!(waiting["overdue"], 121);
}

#[tokio::test]
async fn it_takes_two_round_trips_and_reads_by_index_what_is_not_final() {
    let mut stage = Stage::new().await;
    stage.post("one").await;
    stage.run(1_000).await;
    let (before, seen) = (
        stage.world.database.round_trips(),
        stage.world.database.seen(),
    );
    overview(&stage).await;
    super::ask(&stage, "GET", "/admin/dead-letters")
        .await
        .expect(200);
    super::health(&stage.world).await;
    // One to see who asks, one to answer; health asks nobody.
    assert_eq!(stage.world.database.round_trips() - before, 5);
    let new = stage.world.database.seen();
    let new: Vec<_> = new.into_iter().filter(|sql| !seen.contains(sql)).collect();
    assert_eq!(new.len(), 8, "{new:#?}");
    for sql in new {
        let plan = stage.world.database.plan(sql);
        for table in ["deliveries", "dead_letters"] {
            if !sql.contains(&format!("FROM {table}")) {
                continue;
            }
            // A partial index holds only what waits, or what is open: read from one end, up to a limit.
            let by_index = |step: &String| {
                step.contains("INDEX deliveries_to_sweep")
                    || step.contains("INDEX dead_letters_open")
                    || step.contains("USING PRIMARY KEY")
            };
            let reads: Vec<_> = plan.iter().filter(|step| step.contains(table)).collect();
            assert!(!reads.is_empty(), "{sql}\n{plan:#?}");
            assert!(reads.into_iter().all(by_index), "{sql}\n{plan:#?}");
            assert!(sql.contains("LIMIT"), "{sql}");
        }
        // What is read is read in order, so that the limit stops it.
        assert!(
            !plan.iter().any(|step| step.contains("FOR ORDER BY")),
            "{sql}\n{plan:#?}"
        );
    }
}
