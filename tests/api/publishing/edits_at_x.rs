//! Posts that take the place of another one at X.

use super::Stage;
use crate::support::Answer;
use godwit::ports::Statement;
use serde_json::{Value, json};

/// A stage whose account has X Premium, and a post of it on X.
async fn stage() -> (Stage, String) {
    let mut stage = Stage::new().await;
    stage.account = stage.connect("long_bill");
    let post = stage.post("With a tpyo").await;
    stage.run(5_000).await;
    let url = stage.delivery(&post).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    (stage, url)
}

async fn ask(stage: &Stage, url: &str, more: Value) -> Answer {
    let mut body = json!({ "text": "Without a typo", "accounts": [stage.account], "edit_of": url });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let token = Some(stage.person.token.as_str());
    stage
        .world
        .request("POST", "/posts", token, Some(body))
        .await
}

async fn edit(stage: &Stage, url: &str) -> String {
    let answer = ask(stage, url, json!({})).await;
    answer.expect(202)["id"].as_str().unwrap().to_owned()
}

/// What the timeline shows: the text, and which post each is an edit of.
fn shown(stage: &Stage) -> Vec<(String, Option<String>)> {
    let posts = stage.x.lock().unwrap().posts().into_iter();
    posts.map(|post| (post.text, post.edit_of)).collect()
}

#[tokio::test]
async fn an_edit_takes_the_place_of_the_older_post() {
    let (mut stage, url) = stage().await;
    let post = edit(&stage, &url).await;
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published");
    assert_ne!(delivery["url"], json!(url));
    let older = url.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        shown(&stage),
        [
            ("With a tpyo".to_owned(), None),
            ("Without a typo".to_owned(), Some(older))
        ]
    );
    assert_eq!(stage.x.lock().unwrap().counts().against_the_document, 0);
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_is_found_and_made_once() {
    let (mut stage, url) = stage().await;
    stage.fault(&json!({ "on": "create", "times": 1, "do": { "kind": "accept_then_hang" } }));
    let post = edit(&stage, &url).await;
    stage.run(300_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published", "{delivery}");
    assert_eq!(shown(&stage).len(), 2);
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 2);
}

#[tokio::test]
async fn what_x_does_not_let_be_edited_ends_with_its_reason() {
    let mut stage = Stage::new().await;
    let first = stage.post("With a tpyo").await;
    stage.run(5_000).await;
    let url = stage.delivery(&first).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    // X alone knows yet that this account has no Premium.
    let post = edit(&stage, &url).await;
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "failed");
    assert!(delivery["reason"].is_string() && delivery["remedy"].is_string());
    assert_eq!(shown(&stage).len(), 1);
    // When it has said so, it is not asked any more.
    let known = Statement::new("UPDATE accounts SET subscription = 'None'");
    stage.world.database.change(&known);
    let refused = ask(&stage, &url, json!({})).await;
    refused.refused(422, "edit_needs_premium");
}

#[tokio::test]
async fn what_cannot_be_an_edit_is_refused_at_once() {
    let (mut stage, url) = stage().await;
    let other = stage.connect("second_bird");
    for (more, code, pointer) in [
        (
            json!({ "poll": { "options": ["a", "b"], "duration_minutes": 5 } }),
            "not_together",
            "/poll",
        ),
        (json!({ "quote": "1" }), "not_together", "/quote"),
        (json!({ "reply_to": "1" }), "not_together", "/reply_to"),
        (
            json!({ "community_id": "1" }),
            "not_together",
            "/community_id",
        ),
        (
            json!({ "text": null, "thread": ["a", "b"] }),
            "not_together",
            "/thread",
        ),
        (json!({ "overflow": "thread" }), "not_together", "/overflow"),
        (
            json!({ "edit_of": "https://example.com" }),
            "not_a_post_link",
            "/edit_of",
        ),
        (
            json!({ "accounts": [stage.account, other] }),
            "edit_of_one_account",
            "/accounts",
        ),
        (
            json!({ "publish_at": "2026-11-21T13:30:00Z" }),
            "edit_too_late",
            "/edit_of",
        ),
    ] {
        let answer = ask(&stage, &url, more.clone()).await;
        answer.refused(422, code);
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{more}");
    }
    stage.world.clock.advance(3_700_000);
    ask(&stage, &url, json!({}))
        .await
        .refused(422, "edit_too_late");
    stage.run(5_000).await;
    assert_eq!(shown(&stage).len(), 1);
}
