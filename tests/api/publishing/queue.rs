//! The queue repeats itself, loses, mixes up; a person changes their mind.

use super::Stage;
use godwit::jobs::Disposition;
use godwit::ports::Statement;
use serde_json::json;

#[tokio::test]
async fn a_message_that_comes_twice_or_late_sends_once() {
    let mut stage = Stage::new().await;
    stage.post("once only").await;
    let body = stage.mail()[0].1.clone();
    stage.handle(vec![body.clone(), body.clone()]).await;
    stage.handle(vec![body.clone()]).await;
    stage.run(3_600_000).await;
    stage.handle(vec![body]).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 1);
}

#[tokio::test]
async fn two_consumers_at_once_send_once() {
    let mut stage = Stage::new().await;
    stage.post("raced").await;
    let body = vec![stage.mail()[0].1.clone()];
    let app = stage.world.app();
    let handle = || godwit::jobs::handle(&app, "godwit-publish", &body);
    futures_util::future::join3(handle(), handle(), handle()).await;
    assert_eq!(
        (
            stage.on_x(),
            stage.x.lock().unwrap().counts().creates_received
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn what_the_queue_loses_the_sweep_finds() {
    let mut stage = Stage::new().await;
    let post = stage.post("forgotten").await;
    stage.lose_mail();
    stage.run(60_000).await;
    assert_eq!(stage.on_x(), 0, "the queue has two minutes");
    stage.run(121_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
}

#[tokio::test]
async fn a_queue_that_takes_nothing_does_not_refuse_the_post() {
    let mut stage = Stage::new().await;
    stage.world.queue.refuse(1);
    stage.post("accepted all the same").await;
    stage.run(181_000).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_malformed_message_is_recorded_and_done_and_its_neighbours_are_handled() {
    let mut stage = Stage::new().await;
    stage.post("neighbour").await;
    let good = stage.mail()[0].1.clone();
    let unknown = good.replace("dlv_", "dlx_");
    let dispositions = stage
        .handle(vec![
            "not json".to_owned(),
            good,
            unknown,
            "{\"job\":\"dance\"}".to_owned(),
        ])
        .await;
    assert_eq!(dispositions, [Disposition::Done; 4]);
    assert_eq!(stage.on_x(), 1);
    assert_eq!(
        stage
            .world
            .database
            .value("SELECT count(*) FROM dead_letters"),
        3
    );
    let app = stage.world.app();
    godwit::jobs::handle_dead(&app, "godwit-publish-dead", &["given up".to_owned()]).await;
    assert_eq!(
        stage
            .world
            .database
            .value("SELECT count(*) FROM dead_letters"),
        4
    );
}

#[tokio::test]
async fn a_post_that_is_taken_back_is_never_sent() {
    let mut stage = Stage::new().await;
    let post = stage.post("regretted").await;
    let path = format!("/posts/{post}");
    let token = stage.person.token.clone();
    let canceled = stage
        .world
        .request("DELETE", &path, Some(&token), None)
        .await
        .expect(200);
    assert_eq!(canceled["status"], "canceled");
    stage
        .world
        .request("DELETE", &path, Some(&token), None)
        .await
        .expect(200);
    stage.run(3_600_000).await;
    assert_eq!(stage.on_x(), 0);
    let retry = stage
        .world
        .request("POST", &format!("{path}/retry"), Some(&token), None)
        .await;
    retry.refused(409, "nothing_to_retry");

    let sent = stage.post("too late").await;
    stage.run(1_000).await;
    let late = stage
        .world
        .request("DELETE", &format!("/posts/{sent}"), Some(&token), None)
        .await;
    late.refused(409, "already_final");
}

#[tokio::test]
async fn a_refused_post_is_sent_by_a_retry_when_the_cause_is_gone() {
    let mut stage = Stage::new().await;
    stage.fault(
        &json!({ "on": "create", "times": 1, "do": { "kind": "status", "name": "forbidden" } }),
    );
    let post = stage.post("second chance").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "failed");
    let path = format!("/posts/{post}/retry");
    stage
        .world
        .request("POST", &path, Some(&stage.person.token), None)
        .await
        .expect(202);
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_answered_like_the_first() {
    let mut stage = Stage::new().await;
    let token = stage.person.token.clone();
    let body = json!({ "text": "keyed", "accounts": [stage.account] });
    let headers = [("idempotency-key", "k-1")];
    let first = stage
        .world
        .request_with("POST", "/posts", Some(&token), &headers, Some(body.clone()))
        .await;
    let first = first.expect(202);
    stage.run(1_000).await;
    let again = stage
        .world
        .request_with("POST", "/posts", Some(&token), &headers, Some(body))
        .await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(202), first);
    let other = json!({ "text": "another", "accounts": [stage.account] });
    let reused = stage
        .world
        .request_with(
            "POST",
            "/posts",
            Some(&token),
            &headers,
            Some(other.clone()),
        )
        .await;
    reused.refused(422, "idempotency_key_reused");
    // The key is kept for 24 hours, per workspace.
    stage.world.clock.advance(86_400_001);
    let later = stage
        .world
        .request_with("POST", "/posts", Some(&token), &headers, Some(other))
        .await;
    later.expect(202);
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
}

#[tokio::test]
async fn concurrent_repeats_with_the_same_key_make_one_post() {
    let mut stage = Stage::new().await;
    let body = json!({ "text": "keyed", "accounts": [stage.account] });
    let send = || {
        let token = Some(stage.person.token.as_str());
        stage.world.request_with(
            "POST",
            "/posts",
            token,
            &[("idempotency-key", "k")],
            Some(body.clone()),
        )
    };
    let (a, b, c) = futures_util::future::join3(send(), send(), send()).await;
    let ids = [a, b, c].map(|answer| answer.expect(202)["id"].clone());
    assert!(ids[0] == ids[1] && ids[1] == ids[2]);
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_refused_request_keeps_no_key() {
    let stage = Stage::new().await;
    let token = Some(stage.person.token.as_str());
    let headers = [("idempotency-key", "k")];
    let stranger = "acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c";
    let bad = json!({ "text": "hi", "accounts": [stranger] });
    let refused = stage
        .world
        .request_with("POST", "/posts", token, &headers, Some(bad))
        .await;
    refused.refused(422, "unknown_account");
    let good = json!({ "text": "hi", "accounts": [stage.account] });
    stage
        .world
        .request_with("POST", "/posts", token, &headers, Some(good))
        .await
        .expect(202);
}

#[tokio::test]
async fn a_missed_post_is_sent_by_a_retry_though_its_time_is_past() {
    let mut stage = Stage::new().await;
    let post = stage.post("late").await;
    let change = Statement::new("UPDATE deliveries SET due_at = due_at - 90000000");
    stage.world.database.change(&change);
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "missed");
    let (path, token) = (format!("/posts/{post}/retry"), stage.person.token.clone());
    let retry = stage.world.request("POST", &path, Some(&token), None);
    retry.await.expect(202);
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}
