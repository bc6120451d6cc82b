//! While X refuses the app itself: what is held, who asks again, and how it ends.

use super::Stage;
use godwit::ports::Statement;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// X takes nothing from this app for the next `times` create calls.
fn no_credits(stage: &Stage, times: u32) {
    stage.fault(&json!({ "on": "create", "times": times, "do": { "kind": "status", "name": "credits_depleted" } }));
}

fn asked(stage: &Stage) -> u64 {
    let x = stage.x.lock().unwrap();
    serde_json::to_value(x.counts().creates_received)
        .unwrap()
        .as_u64()
        .unwrap()
}

async fn pauses(stage: &Stage) -> Value {
    stage.get("/admin/queue").await["pauses"].clone()
}

async fn resume(stage: &Stage) -> Value {
    let token = Some(stage.person.token.as_str());
    let answer = stage
        .world
        .request("POST", "/admin/queue/resume", token, None)
        .await;
    answer.expect(200)
}

async fn states(stage: &Stage, posts: &[String]) -> Vec<String> {
    let mut states = Vec::new();
    for post in posts {
        let shown = stage.delivery(post).await;
        states.push(shown["state"].as_str().unwrap().to_owned());
    }
    states
}

#[tokio::test]
async fn one_delivery_at_a_time_asks_and_when_one_goes_out_all_do() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 2);
    let mut posts = Vec::new();
    for number in 0..5 {
        posts.push(stage.post(&format!("number {number}")).await);
    }
    stage.run(1_000).await;
    assert_eq!(asked(&stage), 1, "the first refusal holds the others");
    for post in &posts {
        let shown = stage.delivery(post).await;
        assert_eq!(
            (&shown["state"], &shown["reason"]),
            (&json!("waiting"), &json!("x_credits_depleted")),
            "{shown}"
        );
        assert!(shown["remedy"].as_str().unwrap().contains("credits"));
    }
    let shown = pauses(&stage).await;
    assert_eq!(
        (
            &shown[0]["app"],
            &shown[0]["reason"],
            &shown[0]["next_check_at"]
        ),
        (
            &json!("x"),
            &json!("x_credits_depleted"),
            &json!("2026-11-21T12:15:00.000Z")
        ),
        "{shown}"
    );
    // What is written meanwhile waits with them.
    posts.push(stage.post("written meanwhile").await);
    stage.run(10 * MINUTE_MS).await;
    assert_eq!(asked(&stage), 1);
    stage.run(6 * MINUTE_MS).await;
    assert_eq!((asked(&stage), stage.on_x()), (2, 0), "one check");
    stage.run(13 * MINUTE_MS).await;
    assert_eq!((asked(&stage), stage.on_x()), (2, 0));
    // The check goes well, and the next sweep sends the rest.
    stage.run(4 * MINUTE_MS).await;
    assert_eq!((asked(&stage), stage.on_x()), (8, 6));
    assert_eq!(states(&stage, &posts).await, ["published"; 6]);
    assert_eq!(pauses(&stage).await, json!([]));
}

#[tokio::test]
async fn an_operator_ends_it_and_what_is_still_refused_begins_it_again() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 2);
    let posts = [stage.post("one").await, stage.post("two").await];
    stage.run(1_000).await;
    assert_eq!(resume(&stage).await["pauses"], json!([]));
    stage.run(2 * MINUTE_MS).await;
    assert_eq!((asked(&stage), stage.on_x()), (2, 0));
    assert_eq!(pauses(&stage).await[0]["reason"], "x_credits_depleted");
    resume(&stage).await;
    resume(&stage).await;
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(states(&stage, &posts).await, ["published"; 2]);
    let noted = stage
        .world
        .database
        .value("SELECT count(*) FROM audit_log WHERE action = 'app.resumed'");
    assert_eq!(noted, 2, "what changed nothing is not noted");
}

#[tokio::test]
async fn what_the_gate_knows_to_be_sent_is_published_during_a_pause() {
    let mut stage = Stage::new().await;
    let sent = stage.post("sent before").await;
    stage.lose_gate_answers(1);
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), asked(&stage)), (1, 1));
    assert_eq!(stage.delivery(&sent).await["state"], "publishing");
    no_credits(&stage, 99);
    let held = stage.post("held").await;
    stage.run(20_000).await;
    assert_eq!(
        states(&stage, &[sent, held]).await,
        ["published", "waiting"]
    );
}

#[tokio::test]
async fn what_is_held_can_be_taken_back_edited_or_missed() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 2);
    stage.post("begins it").await;
    let [canceled, edited, late] = [
        stage.post("canceled").await,
        stage.post("old").await,
        stage.post("too late").await,
    ];
    stage.run(1_000).await;
    let token = Some(stage.person.token.clone());
    let ask = async |stage: &Stage, method: &str, post: &str, body: Option<Value>| {
        let path = format!("/posts/{post}");
        let answer = stage.world.request(method, &path, token.as_deref(), body);
        answer.await.expect(200)
    };
    ask(&stage, "DELETE", &canceled, None).await;
    ask(&stage, "PATCH", &edited, Some(json!({ "text": "new" }))).await;
    let change =
        Statement::new("UPDATE deliveries SET due_at = due_at - 86400000 WHERE post_id = ?1")
            .bind(late.as_str());
    stage.world.database.change(&change);
    stage.run(60 * MINUTE_MS).await;
    assert_eq!(
        states(&stage, &[canceled, edited, late]).await,
        ["canceled", "published", "missed"]
    );
    let posts = stage.x.lock().unwrap().posts();
    let mut texts: Vec<_> = posts.iter().map(|post| post.text.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["begins it", "new"]);
}

#[tokio::test]
async fn a_pause_that_ends_while_a_delivery_is_being_held_lets_it_go() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 1);
    stage.post("begins it").await;
    stage.run(1_000).await;
    let post = stage.post("held as it ends").await;
    let database = std::sync::Arc::clone(&stage.world.database);
    stage.after_next_call(move || database.change(&Statement::new("DELETE FROM app_pauses")));
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn a_doubt_is_looked_into_during_a_pause() {
    let mut stage = Stage::new().await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_hang" } }));
    let post = stage.post("there already").await;
    stage.run(25_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    no_credits(&stage, 99);
    stage.post("begins it").await;
    stage.run(10 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(pauses(&stage).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_check_that_learns_nothing_leaves_it_to_the_next() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 1);
    let late = stage.post("too late at the check").await;
    stage.run(1_000).await;
    let change = Statement::new("UPDATE deliveries SET due_at = due_at - 86400000");
    stage.world.database.change(&change);
    stage.run(15 * MINUTE_MS).await;
    assert_eq!(stage.delivery(&late).await["state"], "missed");
    assert_eq!(pauses(&stage).await.as_array().unwrap().len(), 1);
    let next = stage.post("the next").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&next).await["state"], "published");
    assert_eq!(pauses(&stage).await, json!([]));
}

#[tokio::test]
async fn tokens_that_do_not_open_are_one_account_s_trouble() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    let change =
        Statement::new("UPDATE account_tokens SET sealed = 'v1.gone.AAAA' WHERE account_id = ?1")
            .bind(stage.account.as_str());
    stage.world.database.change(&change);
    let broken = stage.post("does not open").await;
    stage.run(1_000).await;
    let post = stage
        .post_as(json!({ "text": "opens", "accounts": [other] }))
        .await;
    stage.run(1_000).await;
    assert_eq!(
        stage.delivery(&broken).await["reason"],
        "tokens_not_readable"
    );
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(pauses(&stage).await, json!([]));
}

#[tokio::test]
async fn of_many_that_come_at_the_check_one_asks() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    no_credits(&stage, 2);
    stage.post("begins it").await;
    stage.run(1_000).await;
    let change = Statement::new("UPDATE app_pauses SET next_check_at = 0");
    stage.world.database.change(&change);
    // Two accounts are worked on at the same time.
    stage.post("one").await;
    stage
        .post_as(json!({ "text": "two", "accounts": [other] }))
        .await;
    stage.run(1_000).await;
    assert_eq!((asked(&stage), stage.on_x()), (2, 0));
}

#[tokio::test]
async fn a_refusal_for_good_shows_that_the_app_is_accepted() {
    let mut stage = Stage::new().await;
    no_credits(&stage, 1);
    let first = stage.post("begins it").await;
    stage.run(1_000).await;
    let held = stage.post("held").await;
    stage.run(1_000).await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "status", "name": "forbidden" } }));
    stage.run(17 * MINUTE_MS).await;
    assert_eq!(
        states(&stage, &[first, held]).await,
        ["failed", "published"]
    );
    assert_eq!(pauses(&stage).await, json!([]));
}
