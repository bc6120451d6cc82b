//! What a person decides about a delivery of which nobody knows whether it is on X.

mod again;

use super::Stage;
use super::stage::LOOSE;
use crate::support::{Answer, Fault};
use futures_util::future::poll_immediate;
use godwit::jobs;
use godwit::ports::{Clock, Statement};
use serde_json::{Value, json};

fn fault(on: &str, after: u32, effect: &Value) -> Value {
    json!({ "on": on, "after": after, "times": 1, "do": effect })
}

/// A thread of so many parts, of which the one after `sent` is on X, and neither told nor shown in the timeline.
async fn doubtful(stage: &Stage, parts: usize, sent: u32) -> String {
    stage.x.lock().unwrap().settings.timeline_lag = 86_400_000;
    stage.fault(&fault(
        "create",
        sent,
        &json!({ "kind": "accept_then_drop" }),
    ));
    let texts: Vec<String> = (1..=parts).map(|n| format!("part {n}")).collect();
    stage
        .post_as(json!({ "thread": texts, "accounts": [stage.account] }))
        .await
}

/// As [`doubtful`], when a person's decision is waited for.
async fn undecided(stage: &mut Stage, parts: usize, sent: u32) -> String {
    let post = doubtful(stage, parts, sent).await;
    stage.run(600_000).await;
    assert_eq!(stage.delivery(&post).await["reason"], "needs_decision");
    post
}

async fn decide(stage: &Stage, delivery: &Value, decision: Value) -> Answer {
    let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
    let token = Some(stage.person.token.as_str());
    stage
        .world
        .request("POST", &path, token, Some(decision))
        .await
}

fn last_on_x(stage: &Stage) -> String {
    stage.x.lock().unwrap().posts().last().unwrap().id.clone()
}

fn there(id: &str) -> Value {
    json!({ "outcome": "sent", "url": format!("https://x.com/godwit_demo/status/{id}") })
}

fn creates(stage: &Stage) -> u64 {
    stage.x.lock().unwrap().counts().creates_received
}

fn audited(stage: &Stage) -> Vec<Value> {
    let sql =
        "SELECT action, actor, subject FROM audit_log WHERE action LIKE 'delivery.%' ORDER BY id";
    stage
        .world
        .database
        .look(sql)
        .into_iter()
        .map(Value::from)
        .collect()
}

fn is_claim(statements: &[Statement]) -> bool {
    statements[0]
        .sql
        .contains("SET epoch = epoch + 1, lease_until = ?3")
}

fn is_resolve(statements: &[Statement]) -> bool {
    statements.iter().any(|one| {
        one.sql
            .contains("SET epoch = epoch + 1, lease_until = NULL")
    })
}

#[tokio::test]
async fn what_a_person_says_is_there_is_published_at_once_with_their_link_and_again_the_same() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 1, 0).await;
    let delivery = stage.delivery(&post).await;
    assert!(delivery["remedy"].as_str().unwrap().contains("/resolve"));
    let id = last_on_x(&stage);
    let first = decide(&stage, &delivery, there(&id)).await.expect(200);
    assert_eq!(
        (
            &first["state"],
            &first["parts"][0]["external_id"],
            &first["progress"]
        ),
        (&json!("published"), &json!(id), &Value::Null)
    );
    assert_eq!(
        stage.get(&format!("/posts/{post}")).await["status"],
        "published"
    );
    assert_eq!(
        audited(&stage),
        [
            json!({ "action": "delivery.declared_sent", "actor": stage.person.user_id, "subject": delivery["id"] })
        ]
    );
    for url in [id.clone(), format!("https://twitter.com/i/web/status/{id}")] {
        let again = decide(&stage, &delivery, json!({ "outcome": "sent", "url": url })).await;
        assert_eq!(again.expect(200), first);
    }
    decide(&stage, &delivery, json!({ "outcome": "send_again" }))
        .await
        .refused(409, "nothing_to_decide");
    stage.run(3_600_000).await;
    assert_eq!((stage.on_x(), creates(&stage)), (1, 1));
}

#[tokio::test]
async fn a_person_may_say_that_it_is_there_while_godwit_still_looks() {
    let mut stage = Stage::new().await;
    let post = doubtful(&stage, 1, 0).await;
    stage.run(45_000).await;
    let delivery = stage.delivery(&post).await;
    assert!(delivery["next_attempt_at"].is_string(), "{delivery}");
    let id = last_on_x(&stage);
    let shown = decide(&stage, &delivery, there(&id)).await.expect(200);
    assert_eq!(shown["state"], "published");
    let looks = stage.x.lock().unwrap().counts().timeline_reads;
    stage.run(600_000).await;
    assert_eq!(
        stage.x.lock().unwrap().counts().timeline_reads,
        looks,
        "nobody looks any more"
    );
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn the_middle_part_of_a_thread_is_adopted_and_the_rest_goes_out_as_replies_to_it() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 4, 1).await;
    let delivery = stage.delivery(&post).await;
    // The first part's link is not the second's.
    let first = delivery["parts"][0]["external_id"].as_str().unwrap();
    decide(&stage, &delivery, there(first))
        .await
        .refused(409, "post_taken");
    let second = last_on_x(&stage);
    let shown = decide(&stage, &delivery, there(&second)).await.expect(200);
    assert_eq!(
        (&shown["state"], &shown["progress"]),
        (&json!("queued"), &json!("2 of 4 sent")),
        "the request does not wait for the rest"
    );
    stage.run(1_000).await;
    let posts = stage.x.lock().unwrap().posts();
    let texts: Vec<&str> = posts.iter().map(|post| post.text.as_str()).collect();
    assert_eq!(texts, ["part 1", "part 2", "part 3", "part 4"]);
    assert_eq!(posts[2].reply_to.as_deref(), Some(second.as_str()));
    let shown = decide(&stage, &delivery, there(&second)).await.expect(200);
    assert_eq!((&shown["state"], creates(&stage)), (&json!("published"), 4));
}

#[tokio::test]
async fn a_link_that_cannot_be_the_post_is_refused_and_changes_nothing() {
    let mut stage = Stage::new().await;
    let before = stage.post("an older one").await;
    stage.run(120_000).await;
    let older = last_on_x(&stage);
    let post = undecided(&mut stage, 1, 0).await;
    let delivery = stage.delivery(&post).await;
    let now = stage.world.clock.now().millis();
    let by_hand = stage
        .x
        .lock()
        .unwrap()
        .write_as(now - 700_000, "godwit_demo", "by hand, before")
        .unwrap();
    let snowflake = |at: i64| u64::try_from(at - 1_288_834_974_657).unwrap() << 22;
    let future = snowflake(now + 120_000).to_string();
    let sent = |url: &str| json!({ "outcome": "sent", "url": url });
    let dump = stage.world.database.dump();
    for (decision, status, code) in [
        (json!({ "outcome": "sent" }), 422, "missing_field"),
        (
            json!({ "outcome": "send_again", "url": "1" }),
            422,
            "url_not_wanted",
        ),
        (
            sent("https://example.com/godwit_demo/status/1"),
            422,
            "not_a_post_link",
        ),
        (sent("https://x.com/godwit_demo"), 422, "not_a_post_link"),
        (
            sent("https://x.com/second_bird/status/1990000000000000000"),
            422,
            "post_of_another_account",
        ),
        (sent("20"), 422, "post_too_old"),
        (
            sent(&snowflake(now - 700_000).to_string()),
            422,
            "post_too_old",
        ),
        (sent(&future), 422, "post_in_the_future"),
        (there(&older), 409, "post_taken"),
    ] {
        let what = decision.to_string();
        let answer = decide(&stage, &delivery, decision).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{what}: {}",
            answer.json
        );
        answer.refused(status, code);
    }
    assert_eq!(stage.world.database.dump(), dump);
    assert_ne!(by_hand, older);
    // And what is not uncertain is nothing to decide about.
    let published = stage.delivery(&before).await;
    let other = snowflake(now).to_string();
    decide(&stage, &published, there(&other))
        .await
        .refused(409, "nothing_to_decide");
    decide(&stage, &published, there(&older)).await.expect(200);
}

#[tokio::test]
async fn somebody_else_cannot_decide() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 1, 0).await;
    let delivery = stage.delivery(&post).await;
    let eve = stage.world.person("eve").await;
    let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
    let (dump, calls) = (
        stage.world.database.dump(),
        stage.world.gates.calls().count(),
    );
    for decision in [
        there(&last_on_x(&stage)),
        json!({ "outcome": "send_again" }),
    ] {
        let answer = stage
            .world
            .request("POST", &path, Some(&eve.token), Some(decision))
            .await;
        answer.refused(404, "not_found");
    }
    assert_eq!(stage.world.database.dump(), dump);
    assert_eq!(stage.world.gates.calls().count(), calls);
}

#[tokio::test]
async fn a_look_that_is_under_way_does_not_undo_the_decision() {
    for parts in [1, 3] {
        let mut stage = Stage::new().await;
        let post = doubtful(&stage, parts, 0).await;
        stage.run(29_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["state"], "uncertain");
        let body = stage.mail()[0].1.clone();
        stage.lose_mail();
        stage.world.clock.advance(4_000);
        stage.fault(&fault(
            "timeline",
            0,
            &json!({ "kind": "delay", "ms": 3_000 }),
        ));
        let app = stage.world.app();
        let bodies = [body];
        let mut looking = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
        while stage.x.lock().unwrap().counts().timeline_reads == 0 {
            assert!(poll_immediate(&mut looking).await.is_none());
        }
        let id = last_on_x(&stage);
        let shown = decide(&stage, &delivery, there(&id)).await.expect(200);
        looking.await;
        let after = stage.delivery(&post).await;
        assert_eq!(after["state"], shown["state"], "{after}");
        assert_eq!(
            after["attempts"], shown["attempts"],
            "the look wrote nothing"
        );
        stage.run(120_000).await;
        assert_eq!(stage.delivery(&post).await["state"], "published");
        assert_eq!(creates(&stage), parts as u64);
    }
}

#[tokio::test]
async fn a_decision_that_is_cut_off_anywhere_is_repeated_with_the_same_end() {
    // The gate's answer is lost; the database fails before and after the decision; the claim fails.
    for cut in 0..4 {
        for repeated in [true, false] {
            let mut stage = Stage::new().await;
            let post = doubtful(&stage, 2, 0).await;
            stage.run(35_000).await;
            let delivery = stage.delivery(&post).await;
            let id = last_on_x(&stage);
            if cut == 0 {
                stage.lose_gate_answers(1);
            } else {
                let mut done = false;
                stage.world.database.on_batch(move |statements| {
                    let here = if cut == 3 {
                        is_claim(statements)
                    } else {
                        is_resolve(statements)
                    };
                    if done || !here {
                        return Fault::None;
                    }
                    done = true;
                    if cut == 2 {
                        Fault::After
                    } else {
                        Fault::Before
                    }
                });
            }
            let first = decide(&stage, &delivery, there(&id)).await;
            assert_eq!(first.status, if cut == 3 { 200 } else { 503 }, "{cut}");
            stage.kill_gates();
            stage.lose_mail();
            if repeated {
                let again = decide(&stage, &delivery, there(&id)).await.expect(200);
                assert_eq!(
                    (&again["state"], &again["parts_sent"]),
                    (&json!("queued"), &json!(1)),
                    "{cut}"
                );
            }
            stage.run(400_000).await;
            let delivery = stage.delivery(&post).await;
            assert_eq!(
                (&delivery["state"], &delivery["parts"][0]["external_id"]),
                (&json!("published"), &json!(id)),
                "{cut}"
            );
            assert_eq!((stage.on_x(), creates(&stage)), (2, 2), "{cut}");
        }
    }
}

#[tokio::test]
async fn what_the_journal_knows_better_or_not_yet_is_a_conflict() {
    // It was found, and the settle that says so never came.
    let mut stage = Stage::new().await;
    stage.fault(&fault("create", 0, &json!({ "kind": "accept_then_drop" })));
    let post = stage.post("found").await;
    stage.run(2_000).await;
    stage.world.database.on_batch(|statements| {
        let settles = statements
            .iter()
            .any(|one| one.sql.contains("attempt_log = json_insert"));
        if settles { Fault::Before } else { Fault::None }
    });
    stage.run(40_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "uncertain");
    let now = stage.world.clock.now().millis();
    let other = stage
        .x
        .lock()
        .unwrap()
        .write_as(now, "godwit_demo", "by hand")
        .unwrap();
    let answer = decide(&stage, &delivery, there(&other)).await;
    let known = stage.x.lock().unwrap().posts()[0].id.clone();
    assert!(
        answer.json["detail"].as_str().unwrap().contains(&known),
        "{}",
        answer.json
    );
    answer.refused(409, "sent_as_another_post");
    // A call is out at this moment.
    let mut stage = Stage::new().await;
    stage.fault(&fault(
        "create",
        0,
        &json!({ "kind": "delay", "ms": 15_000 }),
    ));
    let post = stage.post("in flight").await;
    stage.detach_next_call(20);
    stage.run(1_000).await;
    let delivery = stage.delivery(&post).await;
    stage
        .world
        .database
        .change(&Statement::new("UPDATE deliveries SET state = 'uncertain'"));
    let id = last_on_x(&stage);
    let answer = decide(&stage, &delivery, there(&id)).await;
    assert!((15..=20).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
    answer.refused(409, "being_sent");
    LOOSE.with_borrow_mut(Vec::clear);
}

#[tokio::test]
async fn what_an_unlinked_account_has_sent_can_be_said() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 2, 0).await;
    let path = format!("/accounts/{}", stage.account);
    let token = stage.person.token.clone();
    stage
        .world
        .request("DELETE", &path, Some(&token), None)
        .await
        .expect(200);
    let delivery = stage.delivery(&post).await;
    let id = last_on_x(&stage);
    decide(&stage, &delivery, there(&id)).await.expect(200);
    stage.run(60_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(shown["status"], "partly_published");
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&delivery["state"], &delivery["parts"][0]["external_id"]),
        (&json!("canceled"), &json!(id))
    );
}

#[tokio::test]
async fn a_post_that_another_part_may_just_be_making_cannot_be_named() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.timeline_lag = 86_400_000;
    stage.fault(&fault("create", 0, &json!({ "kind": "hang_before" })));
    let first = stage.post("the same words").await;
    stage.run(600_000).await;
    let undecided = stage.delivery(&first).await;
    assert_eq!(undecided["reason"], "needs_decision");
    // X has made it, and its answer is on the way.
    stage.fault(&fault(
        "create",
        0,
        &json!({ "kind": "delay", "ms": 5_000 }),
    ));
    let second = stage.post("the same words").await;
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    {
        let mut sending = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
        while stage.on_x() == 0 {
            assert!(poll_immediate(&mut sending).await.is_none());
        }
        let answer = decide(&stage, &undecided, there(&last_on_x(&stage))).await;
        answer.refused(409, "being_sent");
        assert!(!answer.header("retry-after").is_empty());
        sending.await;
    }
    assert_eq!(stage.delivery(&second).await["state"], "published");
    decide(&stage, &undecided, there(&last_on_x(&stage)))
        .await
        .refused(409, "post_taken");
}
