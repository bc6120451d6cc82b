//! Tokens that end, are refused, or are lost on the way.

use super::Stage;
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn a_token_that_ends_soon_is_refreshed_once_and_the_post_goes_out() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000 - 4 * 60_000);
    stage.post("first").await;
    stage.post("second").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
    let generation = stage
        .world
        .database
        .value("SELECT generation FROM account_tokens");
    assert_eq!(generation, 2, "the database has the new pair");
}

#[tokio::test]
async fn a_401_is_answered_with_one_refresh_and_the_same_gate_call_sends() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().expire_tokens();
    let post = stage.post("after a 401").await;
    let gates = stage.world.gates.calls().count();
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.world.gates.calls().count() - gates, 1);
    let x = stage.x.lock().unwrap();
    assert_eq!(
        (
            x.counts().refreshes,
            x.counts().creates_received,
            x.posts().len()
        ),
        (1, 2, 1)
    );
}

#[tokio::test]
async fn a_burst_of_sends_refreshes_once() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    for number in 0..20 {
        stage.post(&format!("burst {number}")).await;
    }
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    let app = stage.world.app();
    join_all(
        bodies
            .iter()
            .map(|body| godwit::jobs::handle(&app, "godwit-publish", std::slice::from_ref(body))),
    )
    .await;
    assert_eq!(stage.on_x(), 20);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

#[tokio::test]
async fn a_revoked_grant_waits_for_the_person_and_resumes_when_they_reconnect() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    let post = stage.post("revoked").await;
    stage.run(2_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "waiting");
    assert_eq!(delivery["reason"], "account_needs_reconnect");
    assert!(
        delivery["remedy"]
            .as_str()
            .unwrap()
            .contains("Connect the account again")
    );
    let account = stage.get(&format!("/accounts/{}", stage.account)).await;
    assert_eq!(account["status"], "needs_reconnect");
    let refused = stage
        .world
        .request(
            "POST",
            "/posts",
            Some(&stage.person.token),
            Some(json!({ "text": "more", "accounts": [stage.account] })),
        )
        .await;
    refused.refused(422, "account_needs_reconnect");
    assert_eq!(stage.on_x(), 0);
    stage.reconnection("godwit_demo")();
    stage.run(61_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
}

#[tokio::test]
async fn a_refresh_that_the_database_does_not_take_is_kept_by_the_gate() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    stage.world.database.on_batch(|statements| {
        let saves = statements
            .iter()
            .any(|statement| statement.sql.starts_with("UPDATE account_tokens"));
        if saves {
            crate::support::Fault::Before
        } else {
            crate::support::Fault::None
        }
    });
    stage.post("kept").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(
        stage
            .world
            .database
            .value("SELECT generation FROM account_tokens"),
        1
    );
    stage
        .world
        .database
        .on_batch(|_| crate::support::Fault::None);
    stage.kill_gates();
    stage.post("and handed over").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
    assert_eq!(
        stage
            .world
            .database
            .value("SELECT generation FROM account_tokens"),
        2
    );
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

#[tokio::test]
async fn no_secret_is_in_the_log_the_answers_or_the_database() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().expire_tokens();
    let post = stage.post("discreet").await;
    stage.run(1_000).await;
    let answers = [
        stage.get(&format!("/posts/{post}")).await,
        stage.get(&format!("/accounts/{}", stage.account)).await,
        stage
            .get(&format!("/accounts/{}/limits", stage.account))
            .await,
    ];
    let said = format!("{answers:?} {:?}", stage.world.log.lines());
    let stored = format!(
        "{:?}",
        stage.world.database.look("SELECT * FROM account_tokens")
    );
    for secret in ["client-secret", "correct horse", "long enough to be one"] {
        assert!(!said.contains(secret), "{secret}");
    }
    let tokens = stage
        .x
        .lock()
        .unwrap()
        .grant(0, "godwit_demo", &["tweet.read", "offline.access"])
        .unwrap();
    let shape = &tokens.access[..6];
    assert!(
        !said.contains(shape) && !stored.contains(shape),
        "a token of the shape {shape}… is shown"
    );
}

#[tokio::test]
async fn a_refusal_of_old_tokens_does_not_harm_an_account_that_was_connected_meanwhile() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    let post = stage.post("between two grants").await;
    // While X refuses the old tokens, the person connects again.
    let body = stage.mail()[0].1.clone();
    stage.lose_mail();
    {
        let app = stage.world.app();
        let bodies = [body];
        let mut publishing = Box::pin(godwit::jobs::handle(&app, "godwit-publish", &bodies));
        let refused = || stage.x.lock().unwrap().counts().refreshes > 0;
        while !refused() {
            assert!(
                futures_util::future::poll_immediate(&mut publishing)
                    .await
                    .is_none()
            );
        }
        stage.world.database.change(&godwit::ports::Statement::new(
            "UPDATE accounts SET connected_at = connected_at + 1000",
        ));
        publishing.await;
    }
    let account = stage.get(&format!("/accounts/{}", stage.account)).await;
    assert_eq!(account["status"], "active");
    assert_eq!(stage.delivery(&post).await["state"], "waiting");
}
