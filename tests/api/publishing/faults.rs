//! What X, the gate and the database do to a post on its way.

use super::Stage;
use crate::support::Fault;
use godwit::ports::Clock;
use serde_json::{Value, json};

fn once(on: &str, effect: &Value) -> Value {
    json!({ "on": on, "times": 1, "do": effect })
}

#[tokio::test]
async fn a_429_waits_for_the_window_and_then_sends_without_using_an_attempt() {
    let mut stage = Stage::new().await;
    stage.fault(&once(
        "create",
        &json!({ "kind": "status", "name": "rate_limit", "reset_after_s": 300 }),
    ));
    let post = stage.post("patience").await;
    stage.run(1_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("waiting"), &json!("rate_limited"))
    );
    assert!(delivery["next_attempt_at"].is_string());
    assert_eq!(stage.on_x(), 0);
    stage.run(298_000).await;
    assert_eq!(stage.on_x(), 0, "not before the window opens");
    stage.run(5_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_again_and_never_sent_twice() {
    for effect in [
        json!({ "kind": "accept_then_drop" }),
        json!({ "kind": "accept_then_status" }),
        json!({ "kind": "accept_then_empty_201" }),
        json!({ "kind": "accept_then_hang" }),
    ] {
        let mut stage = Stage::new().await;
        stage.fault(&once("create", &effect));
        let post = stage.post("See https://example.com/a & more").await;
        stage.run(22_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["state"], "uncertain", "{effect}");
        assert_eq!(
            stage.get(&format!("/posts/{post}")).await["status"],
            "uncertain"
        );
        stage.run(180_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["state"], "published", "{effect} {delivery}");
        let on_x = stage.x.lock().unwrap().posts();
        assert_eq!(on_x.len(), 1, "{effect}");
        assert_eq!(delivery["parts"][0]["external_id"], on_x[0].id, "{effect}");
        assert_eq!(
            stage.x.lock().unwrap().counts().creates_received,
            1,
            "{effect}"
        );
    }
}

#[tokio::test]
async fn what_never_arrived_is_asked_about_and_sent_again_only_when_a_person_says_so() {
    for effect in [
        json!({ "kind": "drop_before" }),
        json!({ "kind": "status", "name": "service_unavailable" }),
    ] {
        let mut stage = Stage::new().await;
        stage.fault(&once("create", &effect));
        let post = stage.post("lost on the way").await;
        stage.run(600_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(
            (&delivery["state"], &delivery["reason"]),
            (&json!("uncertain"), &json!("needs_decision"))
        );
        assert!(delivery["remedy"].as_str().unwrap().contains("/resolve"));
        assert_eq!(
            stage.x.lock().unwrap().counts().creates_received,
            1,
            "{effect}"
        );
        stage.send_again(&post).await.expect(200);
        stage.run(2_000).await;
        assert_eq!(
            (stage.on_x(), &stage.delivery(&post).await["state"]),
            (1, &json!("published")),
            "{effect}"
        );
    }
}

#[tokio::test]
async fn each_refusal_of_x_ends_or_waits_with_its_reason_and_remedy() {
    for (name, state, reason) in [
        ("duplicate", "failed", "duplicate_content"),
        ("forbidden", "failed", "x_forbidden"),
        ("credits_depleted", "waiting", "x_credits_depleted"),
        ("spend_cap", "waiting", "x_spend_cap_reached"),
        ("client_not_enrolled", "waiting", "x_app_not_enrolled"),
    ] {
        let mut stage = Stage::new().await;
        stage.fault(&once("create", &json!({ "kind": "status", "name": name })));
        let post = stage.post("refused").await;
        stage.run(1_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(
            (delivery["state"].as_str(), delivery["reason"].as_str()),
            (Some(state), Some(reason))
        );
        assert!(!delivery["remedy"].as_str().unwrap().is_empty());
        assert!(
            delivery["upstream"].is_string(),
            "{name}: X's own words are kept"
        );
        if state == "waiting" {
            stage.run(16 * 60_000).await;
            assert_eq!(
                stage.delivery(&post).await["state"],
                "published",
                "{name}: resumes by itself"
            );
        } else {
            stage.run(3_600_000).await;
            assert_eq!(
                stage.x.lock().unwrap().counts().creates_received,
                1,
                "{name}: is not tried again"
            );
        }
    }
}

#[tokio::test]
async fn what_the_token_may_not_do_waits_until_the_account_is_connected_again() {
    let mut stage = Stage::new().await;
    stage.fault(&once(
        "create",
        &json!({ "kind": "status", "name": "missing_scope" }),
    ));
    let post = stage.post("not allowed yet").await;
    stage.run(1_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (
            &delivery["state"],
            &delivery["reason"],
            &delivery["upstream"]
        ),
        (
            &json!("waiting"),
            &json!("account_needs_reconnect"),
            &json!("Forbidden")
        )
    );
    stage
        .walk("/connections/x/authorize", &stage.person, "godwit_demo")
        .await;
    stage.run(120_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
}

#[tokio::test]
async fn three_transient_refusals_end_in_failed_with_the_reason() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().expire_tokens();
    stage.fault(&json!({ "on": "refresh", "times": 9, "do": { "kind": "status", "name": "service_unavailable" } }));
    let post = stage.post("unlucky").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "waiting");
    stage.run(60_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "failed");
    assert!(
        delivery["detail"]
            .as_str()
            .unwrap()
            .starts_with("Refused 3 times"),
        "{delivery}"
    );
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 3);
}

#[tokio::test]
async fn a_gate_that_dies_after_the_call_answers_from_its_journal() {
    let mut stage = Stage::new().await;
    let post = stage.post("once").await;
    // The settle fails until the consumer gives up, and the process ends.
    let mut batches = 0;
    stage.world.database.on_batch(move |statements| {
        let settles = statements
            .iter()
            .any(|statement| statement.sql.contains("attempt_log = json_insert"));
        batches += u32::from(settles);
        if settles && batches <= 4 {
            Fault::Before
        } else {
            Fault::None
        }
    });
    stage.run(5_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("publishing"))
    );
    stage.kill_gates();
    stage.lose_mail();
    stage.run(300_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 1);
}

#[tokio::test]
async fn a_gate_that_dies_during_the_call_is_reconciled() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "accept_then_hang" })));
    let post = stage.post("in doubt").await;
    let body = stage.mail()[0].1.clone();
    stage.lose_mail();
    {
        // The process ends while X is being asked: the future is dropped after its call has left.
        let app = stage.world.app();
        let bodies = [body];
        let mut publishing = Box::pin(godwit::jobs::handle(&app, "godwit-publish", &bodies));
        while stage.on_x() == 0 {
            assert!(
                futures_util::future::poll_immediate(&mut publishing)
                    .await
                    .is_none()
            );
        }
    }
    stage.kill_gates();
    stage.run(300_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published", "{delivery}");
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 1);
}

#[tokio::test]
async fn a_settle_whose_answer_is_lost_is_not_done_twice() {
    let mut stage = Stage::new().await;
    let post = stage.post("settled").await;
    let mut lost = false;
    stage.world.database.on_batch(move |statements| {
        let settles = statements
            .iter()
            .any(|statement| statement.sql.contains("attempt_log = json_insert"));
        if settles && !lost {
            lost = true;
            return Fault::After;
        }
        Fault::None
    });
    stage.run(200_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published");
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_post_whose_time_is_long_past_is_missed_and_not_sent() {
    let mut stage = Stage::new().await;
    let due = stage.world.clock.now().plus_ms(600_000);
    let post = stage
        .post_as(json!({ "text": "yesterday", "accounts": [stage.account], "publish_at": due.to_string() }))
        .await;
    // Nothing ticks for two days.
    stage.world.clock.advance(2 * 86_400_000);
    stage.run(120_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!((&delivery["state"], stage.on_x()), (&json!("missed"), 0));
    assert_eq!(
        stage.get(&format!("/posts/{post}")).await["status"],
        "missed"
    );
}

#[tokio::test]
async fn a_post_whose_gate_answered_into_the_void_cannot_be_taken_back_and_is_found_sent() {
    let mut stage = Stage::new().await;
    stage.lose_gate_answers(1);
    let post = stage.post("out there").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    let token = stage.person.token.clone();
    let path = format!("/posts/{post}");
    let cancel = stage
        .world
        .request("DELETE", &path, Some(&token), None)
        .await;
    cancel.refused(409, "being_published");
    stage.run(10_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 1);
}

#[tokio::test]
async fn what_is_on_x_is_published_and_not_missed_however_late_anybody_looks() {
    let mut stage = Stage::new().await;
    stage.lose_gate_answers(1);
    let post = stage.post("out there").await;
    stage.run(1_000).await;
    stage.lose_mail();
    stage.kill_gates();
    stage.world.clock.advance(3 * 86_400_000);
    stage.run(120_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published", "{delivery}");
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 1);
}

#[tokio::test]
async fn an_account_that_was_unlinked_meanwhile_sends_nothing_and_says_so() {
    let mut stage = Stage::new().await;
    let post = stage.post("never").await;
    let body = stage.mail()[0].1.clone();
    // Claimed, and then the process ended; the person unlinks before it is claimed again.
    stage.world.database.change(&godwit::ports::Statement::new(
        "UPDATE deliveries SET state = 'publishing', epoch = 1, lease_until = 1",
    ));
    let path = format!("/accounts/{}", stage.account);
    let token = stage.person.token.clone();
    stage
        .world
        .request("DELETE", &path, Some(&token), None)
        .await
        .expect(200);
    stage.handle(vec![body]).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("canceled"), &json!("account_unlinked"))
    );
    assert_eq!(stage.on_x(), 0);
}
