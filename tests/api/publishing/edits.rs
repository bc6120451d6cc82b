//! Changing a post: what is sent is the newest text that was acknowledged, and what has begun is left alone.

use super::Stage;
use super::stage::LOOSE;
use crate::support::Answer;
use futures_util::future::{join, poll_immediate};
use godwit::gate::GateRequest;
use godwit::jobs;
use godwit::ports::{Clock, Statement};
use serde_json::{Value, json};

async fn edit(stage: &Stage, post: &str, body: Value) -> Answer {
    edit_if(stage, post, &[], body).await
}

async fn edit_if(stage: &Stage, post: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let (path, token) = (format!("/posts/{post}"), stage.person.token.clone());
    let world = &stage.world;
    world
        .request_with("PATCH", &path, Some(&token), headers, Some(body))
        .await
}

async fn ask(stage: &Stage, method: &str, path: &str) -> Answer {
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, path, token, None).await
}

fn texts(stage: &Stage) -> Vec<String> {
    let posts = stage.x.lock().unwrap().posts();
    posts.into_iter().map(|post| post.text).collect()
}

async fn scheduled(stage: &Stage, ahead_ms: i64) -> String {
    let due = stage.world.clock.now().plus_ms(ahead_ms).to_string();
    stage
        .post_as(json!({ "text": "old", "accounts": [stage.account], "publish_at": due }))
        .await
}

#[tokio::test]
async fn the_new_text_is_sent_and_each_change_is_a_revision() {
    let mut stage = Stage::new().await;
    let post = scheduled(&stage, 600_000).await;
    let before = stage.get(&format!("/posts/{post}")).await;
    let answer = edit(&stage, &post, json!({ "text": "new" })).await;
    assert_eq!(answer.header("etag"), "\"2\"");
    let shown = answer.expect(200);
    assert_eq!(
        (
            &shown["text"],
            &shown["segments"],
            &shown["revision"],
            &shown["status"]
        ),
        (
            &json!("new"),
            &json!(["new"]),
            &json!(2),
            &json!("scheduled")
        )
    );
    assert_eq!(shown["publish_at"], before["publish_at"]);
    assert_eq!(shown["deliveries"][0]["parts"][0]["text"], "new");
    assert_eq!(
        shown["deliveries"][0]["next_attempt_at"],
        before["deliveries"][0]["next_attempt_at"]
    );
    let shown = edit(&stage, &post, json!({ "thread": ["newer", "and newest"] }))
        .await
        .expect(200);
    assert_eq!(
        (&shown["revision"], &shown["deliveries"][0]["parts_total"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        ask(&stage, "GET", &format!("/posts/{post}"))
            .await
            .header("etag"),
        "\"3\""
    );
    stage.run(700_000).await;
    assert_eq!(texts(&stage), ["newer", "and newest"]);
    assert_eq!(
        stage.get(&format!("/posts/{post}")).await["status"],
        "published"
    );
}

#[tokio::test]
async fn a_change_for_an_older_revision_is_refused_and_of_two_at_once_one_wins() {
    let stage = Stage::new().await;
    let body = json!({ "text": "old", "accounts": [stage.account] });
    let token = Some(stage.person.token.as_str());
    let accepted = stage
        .world
        .request("POST", "/posts", token, Some(body))
        .await;
    let tag = accepted.header("etag").to_owned();
    assert_eq!(tag, "\"1\"");
    let post = accepted.expect(202)["id"].as_str().unwrap().to_owned();
    let headers = [("if-match", tag.as_str())];
    let (one, two) = join(
        edit_if(&stage, &post, &headers, json!({ "text": "one" })),
        edit_if(&stage, &post, &headers, json!({ "text": "two" })),
    )
    .await;
    let (won, lost) = if one.status == 200 {
        (one, two)
    } else {
        (two, one)
    };
    let text = won.expect(200)["text"].clone();
    lost.refused(412, "revision_changed");
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!((&shown["text"], &shown["revision"]), (&text, &json!(2)));
    for (tag, status) in [
        ("\"1\"", 412),
        ("\"3\"", 412),
        ("W/\"2\"", 412),
        ("\"x\"", 412),
        ("2", 400),
        ("\"1\", \"2\"", 200),
        ("*", 200),
    ] {
        let answer = edit_if(
            &stage,
            &post,
            &[("if-match", tag)],
            json!({ "text": "more" }),
        )
        .await;
        assert_eq!(answer.status, status, "{tag}: {}", answer.json);
    }
    assert_eq!(stage.get(&format!("/posts/{post}")).await["revision"], 4);
}

#[tokio::test]
async fn another_time_moves_the_post_and_none_sends_it_at_once() {
    let mut stage = Stage::new().await;
    let post = scheduled(&stage, 60_000).await;
    let later = json!({ "publish_at": "2026-11-21T14:00:00", "timezone": "Europe/Rome" });
    let shown = edit(&stage, &post, later).await.expect(200);
    assert_eq!(
        (&shown["publish_at"], &shown["timezone"], &shown["text"]),
        (
            &json!("2026-11-21T13:00:00.000Z"),
            &json!("Europe/Rome"),
            &json!("old")
        )
    );
    assert!(shown["wall_clock"].is_string());
    stage.run(3_590_000).await;
    assert_eq!(texts(&stage), Vec::<String>::new(), "not at its old time");
    let shown = edit(
        &stage,
        &post,
        json!({ "publish_at": "2026-11-21T13:30:00Z" }),
    )
    .await
    .expect(200);
    assert_eq!(
        (&shown["wall_clock"], &shown["timezone"]),
        (&Value::Null, &Value::Null)
    );
    stage.run(1_900_000).await;
    assert_eq!(texts(&stage), ["old"]);
    let post = scheduled(&stage, 86_400_000).await;
    let shown = edit(
        &stage,
        &post,
        json!({ "text": "at once", "publish_at": null }),
    )
    .await
    .expect(200);
    assert_eq!(
        (&shown["publish_at"], &shown["status"]),
        (&Value::Null, &json!("publishing"))
    );
    stage.run(1_000).await;
    assert_eq!(texts(&stage), ["old", "at once"]);
    // What was queued can be put off.
    let post = stage.post("soon").await;
    let due = stage.world.clock.now().plus_ms(600_000).to_string();
    let shown = edit(&stage, &post, json!({ "publish_at": due }))
        .await
        .expect(200);
    assert_eq!(shown["status"], "scheduled");
    stage.run(590_000).await;
    assert_eq!(texts(&stage).len(), 2);
    stage.run(20_000).await;
    assert_eq!(texts(&stage).len(), 3);
}

#[tokio::test]
async fn a_post_that_waits_keeps_its_wait_unless_a_time_is_given() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    stage.post("uses up the window").await;
    stage.run(1_000).await;
    let post = stage.post("old").await;
    stage.run(1_000).await;
    let before = stage.delivery(&post).await;
    assert_eq!(before["reason"], "rate_limited");
    let shown = edit(&stage, &post, json!({ "text": "new" }))
        .await
        .expect(200);
    let after = &shown["deliveries"][0];
    for field in ["state", "reason", "next_attempt_at"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let shown = edit(&stage, &post, json!({ "publish_at": null }))
        .await
        .expect(200);
    let after = &shown["deliveries"][0];
    assert_eq!(
        (&after["state"], &after["reason"]),
        (&json!("queued"), &Value::Null)
    );
    stage.run(1_000).await;
    assert_eq!(
        stage.delivery(&post).await["reason"],
        "rate_limited",
        "it was asked for"
    );
    stage.run(900_000).await;
    assert_eq!(texts(&stage), ["uses up the window", "new"]);
}

#[tokio::test]
async fn what_has_begun_or_ended_is_not_changed() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "2")]).await;
    let published = stage.post("published").await;
    let canceled = scheduled(&stage, 600_000).await;
    ask(&stage, "DELETE", &format!("/posts/{canceled}"))
        .await
        .expect(200);
    stage.run(1_000).await;
    let begun = stage
        .post_as(json!({ "thread": ["one", "two"], "accounts": [stage.account] }))
        .await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&begun).await["progress"], "1 of 2 sent");
    let doubtful = scheduled(&stage, 60_000).await;
    let claimed = scheduled(&stage, 60_000).await;
    for (state, post) in [("uncertain", &doubtful), ("publishing", &claimed)] {
        stage.world.database.change(
            &Statement::new("UPDATE deliveries SET state = ?1 WHERE post_id = ?2")
                .bind(state)
                .bind(post.as_str()),
        );
    }
    let dump = stage.world.database.dump();
    for (post, code) in [
        (&published, "already_final"),
        (&canceled, "already_final"),
        (&begun, "being_published"),
        (&doubtful, "being_published"),
        (&claimed, "being_published"),
    ] {
        for body in [json!({ "text": "too late" }), json!({ "publish_at": null })] {
            edit(&stage, post, body).await.refused(409, code);
        }
    }
    assert_eq!(stage.world.database.dump(), dump);
    // One of two accounts has it.
    let mut stage = Stage::new().await;
    let second = stage.connect("second_bird");
    let both = stage
        .post_as(json!({ "text": "both", "accounts": [stage.account, second] }))
        .await;
    stage.world.database.change(
        &Statement::new("UPDATE deliveries SET next_attempt_at = next_attempt_at + 60000 WHERE post_id = ?1 AND account_id = ?2")
            .bind(both.as_str())
            .bind(second.as_str()),
    );
    stage.run(1_000).await;
    edit(&stage, &both, json!({ "text": "too late" }))
        .await
        .refused(409, "being_published");
}

#[tokio::test]
async fn what_cannot_be_sent_is_no_change() {
    let stage = Stage::new().await;
    let post = scheduled(&stage, 600_000).await;
    let dump = stage.world.database.dump();
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({ "text": null }), "missing_field"),
        (json!({ "text": "" }), "text_empty"),
        (
            json!({ "thread": ["one", "a".repeat(281)] }),
            "text_too_long",
        ),
        (
            json!({ "text": "one", "thread": ["two"] }),
            "text_and_thread",
        ),
        (json!({ "timezone": "Europe/Rome" }), "missing_field"),
        (
            json!({ "text": "new", "publish_at": "2020-01-01T00:00:00Z" }),
            "publish_at_past",
        ),
        (json!({ "accounts": [stage.account] }), "unknown_field"),
    ] {
        let what = body.to_string();
        let answer = edit(&stage, &post, body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, code),
            "{what}: {}",
            answer.json
        );
    }
    assert_eq!(stage.world.database.dump(), dump);
}

#[tokio::test]
async fn at_every_moment_of_a_publish_an_edit_is_refused_or_is_what_is_sent() {
    let (mut early, mut late) = (0, 0);
    for polls in 0..40 {
        let mut stage = Stage::new().await;
        let post = stage.post("old").await;
        let bodies = [stage.mail()[0].1.clone()];
        let app = stage.world.app();
        let mut publishing = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
        let mut done = false;
        for _ in 0..polls {
            done = done || poll_immediate(&mut publishing).await.is_some();
        }
        let answer = edit(&stage, &post, json!({ "text": "new" })).await;
        let expected = if answer.status == 200 {
            early += 1;
            "new"
        } else {
            late += 1;
            assert_eq!(answer.status, 409, "{}", answer.json);
            "old"
        };
        if !done {
            publishing.await;
        }
        stage.run(200_000).await;
        assert_eq!(texts(&stage), [expected], "after {polls} polls");
    }
    assert!(early > 0 && late > 0, "{early} {late}");
}

#[tokio::test]
async fn a_call_of_an_older_claim_does_not_bring_the_older_text_after_the_edit() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    stage.post("uses up the window").await;
    stage.run(870_000).await; // opens in about 30 s
    let post = stage.post("old").await;
    stage.detach_next_call(0);
    stage.run(7_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "waiting");
    edit(&stage, &post, json!({ "text": "new" }))
        .await
        .expect(200);
    stage.world.clock.advance(30_000);
    for mut call in LOOSE.with_borrow_mut(std::mem::take) {
        for _ in 0..1_000 {
            if poll_immediate(&mut call).await.is_some() {
                break;
            }
        }
    }
    assert_eq!(stage.on_x(), 1, "sent after an acknowledged edit");
    stage.run(120_000).await;
    assert_eq!(texts(&stage), ["uses up the window", "new"]);
}

#[tokio::test]
async fn a_gate_call_that_arrives_twice_does_not_bring_the_older_text_after_the_edit() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    stage.post("uses up the window").await;
    stage.run(850_000).await;
    let post = stage.post("old").await;
    stage.world.gates.calls().take();
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "waiting");
    let (gate, mut request) = stage.world.gates.calls().take().remove(0);
    edit(&stage, &post, json!({ "text": "new" }))
        .await
        .expect(200);
    stage.world.clock.advance(51_000);
    // Even if its lease had not run out by then.
    if let GateRequest::Send(part) = &mut request {
        part.lease_until = part.lease_until.plus_ms(600_000);
    }
    stage.world.app().gates.call(&gate, request).await.unwrap();
    assert_eq!(stage.on_x(), 1, "sent after an acknowledged edit");
    stage.run(120_000).await;
    assert_eq!(texts(&stage), ["uses up the window", "new"]);
}

#[tokio::test]
async fn what_was_taken_from_one_account_can_still_be_edited_for_the_other() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    let due = stage.world.clock.now().plus_ms(60_000).to_string();
    let post = stage
        .post_as(json!({ "text": "old", "accounts": [stage.account, other], "publish_at": due }))
        .await;
    ask(&stage, "DELETE", &format!("/accounts/{other}"))
        .await
        .expect(200);
    let body = json!({ "text": "new", "publish_at": null });
    let shown = edit(&stage, &post, body).await.expect(200);
    assert_eq!(shown["status"], "publishing");
    stage.run(120_000).await;
    assert_eq!(texts(&stage), ["new"]);
}
