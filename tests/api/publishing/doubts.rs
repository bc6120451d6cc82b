//! Bad moments: calls that outlive their asker, grants that change under way, doubts that last, cancels in between.

use super::Stage;
use super::stage::LOOSE;
use futures_util::future::poll_immediate;
use godwit::ports::{Clock, Statement};
use serde_json::{Value, json};

fn once(on: &str, effect: &Value) -> Value {
    json!({ "on": on, "times": 1, "do": effect })
}

async fn finish_loose() {
    let loose = LOOSE.with_borrow_mut(std::mem::take);
    for mut call in loose {
        for _ in 0..1_000 {
            if poll_immediate(&mut call).await.is_some() {
                break;
            }
        }
    }
}

async fn send(stage: &Stage, method: &str, path: &str) -> crate::support::Answer {
    stage
        .world
        .request(method, path, Some(&stage.person.token), None)
        .await
}

#[tokio::test]
async fn nothing_is_canceled_while_its_call_is_out() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "delay", "ms": 15_000 })));
    let post = stage.post("in flight").await;
    stage.detach_next_call(20);
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(stage.delivery(&post).await["state"], "publishing");
    stage.run(6_000).await;
    let cancel = send(&stage, "DELETE", &format!("/posts/{post}")).await;
    cancel.refused(409, "being_published");
    stage.world.clock.advance(15_000);
    finish_loose().await;
    stage.run(600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!((stage.on_x(), &delivery["state"]), (1, &json!("published")));
}

#[tokio::test]
async fn a_late_gate_call_of_an_older_claim_is_turned_away() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    stage.post("uses up the window").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    stage.run(870_000).await; // opens in about 30 s
    let post = stage.post("must not leave").await;
    stage.detach_next_call(0);
    stage.run(1_000).await;
    stage.run(6_000).await;
    send(&stage, "DELETE", &format!("/posts/{post}"))
        .await
        .expect(200);
    stage.world.clock.advance(30_000);
    finish_loose().await;
    assert_eq!(stage.on_x(), 1, "sent after an acknowledged cancel");
}

#[tokio::test]
async fn a_gate_whose_grant_was_replaced_does_not_hammer_x() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000 - 60_000);
    stage.before_next_call(stage.reconnection("godwit_demo"));
    stage.fault(
        &json!({ "on": "refresh", "after": 40, "times": 1, "do": { "kind": "hang_before" } }),
    );
    stage.post("hello").await;
    stage.run(1_000).await;
    let asked = stage
        .x
        .lock()
        .unwrap()
        .requests()
        .iter()
        .filter(|r| r.path == "/2/oauth2/token")
        .count();
    assert!(asked <= 2, "{asked} token requests");
}

#[tokio::test]
async fn a_connect_between_the_gate_s_answer_and_the_settle_is_not_undone() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(1_000);
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    stage.after_next_call(stage.reconnection("godwit_demo"));
    stage.post("hello").await;
    stage.run(1_000).await;
    stage.run(300_000).await;
    let account = stage.get(&format!("/accounts/{}", stage.account)).await;
    assert_eq!(
        (account["status"].as_str(), stage.on_x()),
        (Some("active"), 1)
    );
}

async fn doubtful(stage: &mut Stage) -> String {
    stage.x.lock().unwrap().settings.timeline_lag = 400_000;
    stage.fault(&once("create", &json!({ "kind": "accept_then_hang" })));
    let post = stage.post("doubtful").await;
    stage.run(700_000).await;
    post
}

#[tokio::test]
async fn a_duplicate_after_a_person_s_send_again_is_found_and_adopted() {
    let mut stage = Stage::new().await;
    let post = doubtful(&mut stage).await;
    assert_eq!(stage.delivery(&post).await["reason"], "needs_decision");
    stage.send_again(&post).await.expect(200);
    stage.run(3_600_000).await;
    assert_eq!(
        (stage.on_x(), stage.delivery(&post).await["state"].clone()),
        (1, json!("published"))
    );
}

#[tokio::test]
async fn the_policy_to_send_again_ends() {
    let mut stage = Stage::new().await;
    stage.world.database.change(&Statement::new(
        "UPDATE workspaces SET uncertain_policy = 'resend'",
    ));
    stage.x.lock().unwrap().settings.duplicate_window = 3_600_000;
    doubtful(&mut stage).await;
    stage.run(6 * 3_600_000).await;
    let creates = stage.x.lock().unwrap().counts().creates_received;
    assert_eq!((stage.on_x(), creates <= 3), (1, true), "{creates} creates");
}

#[tokio::test]
async fn what_may_be_on_x_does_not_end_as_taken_back_before_it_was_sent() {
    let mut stage = Stage::new().await;
    let post = doubtful(&mut stage).await;
    stage.send_again(&post).await.expect(200);
    let cancel = send(&stage, "DELETE", &format!("/posts/{post}")).await;
    stage.run(3_600_000).await;
    let delivery = stage.delivery(&post).await;
    assert!(
        !(stage.on_x() == 1 && delivery["state"] == "canceled"),
        "{} {delivery}",
        cancel.status
    );
}

#[tokio::test]
async fn a_repeat_under_its_key_is_replayed_even_when_its_time_is_past() {
    let mut stage = Stage::new().await;
    let due = stage.world.clock.now().plus_ms(30_000).to_string();
    let body = json!({ "text": "at half past", "accounts": [stage.account], "publish_at": due });
    let token = Some(stage.person.token.clone());
    let headers = [("idempotency-key", "k")];
    stage
        .world
        .request_with(
            "POST",
            "/posts",
            token.as_deref(),
            &headers,
            Some(body.clone()),
        )
        .await
        .expect(202);
    stage.run(180_000).await;
    assert_eq!(stage.on_x(), 1);
    let again = stage
        .world
        .request_with("POST", "/posts", token.as_deref(), &headers, Some(body))
        .await;
    assert_eq!(again.status, 202, "{}", again.json);
}

#[tokio::test]
async fn an_uncertain_post_of_an_unlinked_account_ends_or_can_be_ended() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "drop_before" })));
    let post = stage.post("who knows").await;
    stage.run(2_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    send(&stage, "DELETE", &format!("/accounts/{}", stage.account))
        .await
        .expect(200);
    stage.run(86_400_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["reason"], "needs_decision");
    stage
        .send_again(&post)
        .await
        .refused(409, "account_unlinked");
    let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
    let (token, body) = (&stage.person.token, json!({ "outcome": "give_up" }));
    let ended = stage
        .world
        .request("POST", &path, Some(token), Some(body))
        .await;
    assert_eq!(ended.expect(200)["state"], "canceled");
}

#[tokio::test]
async fn a_look_that_x_refuses_inside_a_200_is_no_look() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "accept_then_hang" })));
    let post = stage.post("doubtful").await;
    stage.run(21_000).await;
    stage.world.http.on_request(|_, _| {
        crate::support::outside::json_answer(200, &json!({ "errors": [{ "title": "Authorization Error",
            "type": "https://api.x.com/2/problems/not-authorized-for-resource", "detail": "Sorry, you are not authorized to see the user" }] }))
    });
    stage.run(700_000).await;
    assert_ne!(stage.delivery(&post).await["reason"], "needs_decision");
}

#[tokio::test]
async fn a_token_that_x_gives_for_a_minute_is_used_and_not_refreshed_forever() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    stage.x.lock().unwrap().settings.access_token_lifetime = 120_000;
    stage.fault(
        &json!({ "on": "refresh", "after": 40, "times": 1, "do": { "kind": "hang_before" } }),
    );
    stage.post("hello").await;
    stage.run(1_000).await;
    let asked = stage
        .x
        .lock()
        .unwrap()
        .requests()
        .iter()
        .filter(|r| r.path == "/2/oauth2/token")
        .count();
    assert!(asked <= 2, "{asked} token requests");
}

#[tokio::test]
async fn a_doubt_does_not_adopt_what_another_delivery_is_sending() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "hang_before" })));
    let first = stage.post("same words").await;
    stage.run(25_000).await;
    stage.fault(&once("create", &json!({ "kind": "delay", "ms": 12_000 })));
    let second = stage.post("same words").await;
    // Two consumers at once: one asks X for the second, the other looks for the first.
    stage.detach_next_call(20);
    stage.run(1_000).await;
    stage.run(8_000).await;
    stage.world.clock.advance(12_000);
    finish_loose().await;
    stage.run(600_000).await;
    let (a, b) = (stage.delivery(&first).await, stage.delivery(&second).await);
    assert_eq!(stage.on_x(), 1);
    assert!(
        !(a["state"] == "published" && b["state"] == "published"),
        "one post on X, two published deliveries"
    );
}

#[tokio::test]
async fn odd_cursors_are_refused_and_never_a_500() {
    use base64::Engine as _;
    let stage = Stage::new().await;
    for key in [
        "9223372036854775807 x",
        "-9223372036854775808 ",
        "9007199254740993 a",
        "0 \u{0}",
        "1e3 x",
        " ",
    ] {
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key);
        for path in ["/history", "/posts", "/accounts"] {
            let answer = send(&stage, "GET", &format!("{path}?cursor={cursor}")).await;
            assert!(
                answer.status < 500,
                "{path} {key:?}: {} {}",
                answer.status,
                answer.json
            );
        }
    }
}

#[tokio::test]
async fn a_post_beyond_the_pages_that_are_read_is_not_called_absent() {
    let mut stage = Stage::new().await;
    stage.fault(&once("create", &json!({ "kind": "accept_then_hang" })));
    let post = stage.post("doubtful").await;
    stage.run(21_000).await;
    for number in 0..520 {
        let now = stage.world.clock.now().millis();
        stage
            .x
            .lock()
            .unwrap()
            .write_as(now, "godwit_demo", &format!("by hand {number}"));
    }
    stage.run(700_000).await;
    let d = stage.delivery(&post).await;
    assert_eq!(d["state"], "published", "{} {}", d["reason"], d["detail"]);
}

#[tokio::test]
async fn two_workspaces_of_one_x_user_do_not_end_each_other() {
    let mut stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    let hers = stage.connect_for(&eve, "godwit_demo");
    stage
        .world
        .request(
            "DELETE",
            &format!("/accounts/{hers}"),
            Some(&eve.token),
            None,
        )
        .await
        .expect(200);
    let post = stage.post("still mine").await;
    stage.run(5_000).await;
    assert_eq!(stage.on_x(), 1);
    for (method, path) in [
        ("GET", format!("/accounts/{}", stage.account)),
        ("GET", format!("/posts/{post}")),
        ("DELETE", format!("/posts/{post}")),
        ("POST", format!("/posts/{post}/retry")),
        ("GET", format!("/accounts/{}/limits", stage.account)),
    ] {
        assert_eq!(
            stage
                .world
                .request(method, &path, Some(&eve.token), None)
                .await
                .status,
            404,
            "{path}"
        );
    }
    let list = stage
        .world
        .request(
            "GET",
            &format!("/posts?account={}", stage.account),
            Some(&eve.token),
            None,
        )
        .await
        .expect(200);
    assert_eq!(list["items"], json!([]));
    let history = stage
        .world
        .request(
            "GET",
            &format!("/history?account={}", stage.account),
            Some(&eve.token),
            None,
        )
        .await
        .expect(200);
    assert_eq!(history["items"], json!([]));
}

#[tokio::test]
async fn every_state_that_is_not_final_is_moved_by_the_sweep() {
    // Every combination that the code can leave behind: nothing in the queue, an hour passes.
    for (state, sql) in [
        (
            "claimed and died",
            "UPDATE deliveries SET state = 'publishing', epoch = 1, lease_until = ?1 + 60000",
        ),
        (
            "gate lost",
            "UPDATE deliveries SET state = 'publishing', epoch = 1, lease_until = NULL, next_attempt_at = ?1 + 5000, sweep_at = ?1 + 125000",
        ),
        (
            "waiting",
            "UPDATE deliveries SET state = 'waiting', epoch = 1, next_attempt_at = ?1 + 5000, sweep_at = ?1 + 125000",
        ),
        (
            "uncertain without a journal row",
            "UPDATE deliveries SET state = 'uncertain', epoch = 1, next_attempt_at = ?1 + 5000, sweep_at = ?1 + 125000",
        ),
        (
            "uncertain, claimed and died",
            "UPDATE deliveries SET state = 'uncertain', epoch = 1, lease_until = ?1 + 60000, next_attempt_at = ?1, sweep_at = ?1 + 125000",
        ),
    ] {
        let mut stage = Stage::new().await;
        let post = stage.post("moved").await;
        stage.lose_mail();
        let now = stage.world.clock.now();
        let sql: &'static str = sql;
        stage.world.database.change(&Statement::new(sql).bind(now));
        stage.run(3_600_000).await;
        assert_eq!(
            (stage.on_x(), stage.delivery(&post).await["state"].clone()),
            (1, json!("published")),
            "{state}"
        );
    }
}

#[tokio::test]
async fn a_doubt_whose_second_round_is_refused_does_not_end_as_failed_without_a_word_of_it() {
    let mut stage = Stage::new().await;
    let post = doubtful(&mut stage).await;
    stage.x.lock().unwrap().expire_tokens();
    stage.fault(&json!({ "on": "refresh", "times": 9, "do": { "kind": "status", "name": "service_unavailable" } }));
    stage.send_again(&post).await.expect(200);
    stage.run(3_600_000).await;
    let d = stage.delivery(&post).await;
    assert!(
        !(stage.on_x() == 1 && d["state"] == "failed"),
        "{}",
        d["detail"]
    );
}
