//! Tokens that X has rotated and the database does not have yet.

use super::Stage;
use crate::support::Fault;
use godwit::gate::{GateName, GateReply, GateRequest, Grant, SendAnswer};
use godwit::ids::DeliveryId;
use godwit::ports::{Clock as _, Statement};
use serde_json::json;

/// The database takes no tokens until [`recover`].
fn fail_to_save(stage: &Stage, how: Fault) {
    stage.world.database.on_batch(move |statements| {
        let saves = statements
            .iter()
            .any(|statement| statement.sql.contains("generation < ?4"));
        if saves { how } else { Fault::None }
    });
}

fn recover(stage: &Stage) {
    stage.world.database.on_batch(|_| Fault::None);
}

fn generation(stage: &Stage) -> serde_json::Value {
    stage
        .world
        .database
        .value("SELECT generation FROM account_tokens")
}

fn refreshes(stage: &Stage) -> u64 {
    stage.x.lock().unwrap().counts().refreshes
}

/// A stage whose gate owes a pair: one post went out with it.
async fn owing() -> Stage {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    fail_to_save(&stage, Fault::Before);
    stage.post("with the new pair").await;
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (1, 1));
    assert_eq!(generation(&stage), 1);
    stage
}

#[tokio::test]
async fn a_debt_is_paid_though_nobody_publishes_any_more_and_the_gate_has_died() {
    let mut stage = owing().await;
    stage.kill_gates();
    stage.run(300_000).await;
    assert_eq!(generation(&stage), 1, "the database is still away");
    recover(&stage);
    stage.kill_gates();
    let calls = stage.world.gates.calls().count();
    stage.run(61_000).await;
    assert_eq!(generation(&stage), 2);
    assert_eq!(stage.world.gates.calls().count(), calls, "nobody asked it");
    assert_eq!(stage.storage().alarm(), None, "it sleeps again");
    stage.world.database.change(&Statement::new(
        "UPDATE account_tokens SET expires_at = expires_at + 0",
    ));
    stage.post("and the pair is the right one").await;
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (2, 1));
}

#[tokio::test]
async fn any_request_pays_the_debt() {
    for path in ["/test", "/refresh", "/limits"] {
        let stage = owing().await;
        recover(&stage);
        let method = if path == "/limits" { "GET" } else { "POST" };
        let path = format!("/accounts/{}{path}", stage.account);
        let token = Some(stage.person.token.as_str());
        stage
            .world
            .request(method, &path, token, None)
            .await
            .expect(200);
        assert_eq!(generation(&stage), 2, "{path}");
        assert_eq!(refreshes(&stage), 1, "{path}");
    }
    // Looking for a doubtful part does as well.
    let mut stage = owing().await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_hang" } }));
    let post = stage.post("doubtful").await;
    stage.run(21_000).await;
    assert_eq!(generation(&stage), 1);
    recover(&stage);
    stage.kill_gates();
    // Its alarm is not what pays here.
    godwit::ports::GateStorage::wake_at(&*stage.storage(), None).unwrap();
    stage.run(15_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!((generation(&stage), refreshes(&stage)), (json!(2), 1));
}

#[tokio::test]
async fn a_saving_whose_answer_is_lost_is_repeated_and_changes_nothing() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    fail_to_save(&stage, Fault::After);
    stage.post("saved without a word").await;
    stage.run(1_000).await;
    let before = stage.world.database.look("SELECT * FROM account_tokens");
    assert_eq!((generation(&stage), stage.on_x()), (json!(2), 1));
    recover(&stage);
    stage.run(120_000).await;
    let after = stage.world.database.look("SELECT * FROM account_tokens");
    assert_eq!(before, after);
    assert_eq!(stage.storage().alarm(), None);
}

#[tokio::test]
async fn a_debt_never_overwrites_what_a_new_connect_brought() {
    let mut stage = owing().await;
    stage.world.clock.advance(1_000);
    stage.reconnection("godwit_demo")();
    let connected = stage.world.database.look("SELECT * FROM account_tokens");
    recover(&stage);
    stage.run(120_000).await;
    assert_eq!(
        stage.world.database.look("SELECT * FROM account_tokens"),
        connected
    );
    stage.post("with what the person connected").await;
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (2, 1));
}

#[tokio::test]
async fn a_connect_while_x_is_asked_for_a_pair_wins() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    stage.fault(&json!({ "on": "refresh", "do": { "kind": "delay", "ms": 3000 } }));
    let post = stage.post("between two pairs").await;
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    {
        let mut publishing = Box::pin(godwit::jobs::handle(&app, "godwit-publish", &bodies));
        while refreshes(&stage) == 0 {
            assert!(
                futures_util::future::poll_immediate(&mut publishing)
                    .await
                    .is_none()
            );
        }
        stage.reconnection("godwit_demo")();
        let connected = stage.world.database.look("SELECT * FROM account_tokens");
        publishing.await;
        assert_eq!(
            stage.world.database.look("SELECT * FROM account_tokens"),
            connected
        );
    }
    stage.run(200_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.on_x(), 1);
    let account = stage.get(&format!("/accounts/{}", stage.account)).await;
    assert_eq!(account["status"], "active");
}

#[tokio::test]
async fn a_gate_forgets_the_pair_of_an_account_that_was_given_up_meanwhile() {
    let mut stage = owing().await;
    // The gate could not be asked to revoke, so it has not forgotten them by itself.
    stage
        .world
        .database
        .change(&Statement::new("DELETE FROM account_tokens"));
    recover(&stage);
    stage.run(61_000).await;
    let left = stage.storage().look("SELECT sealed, saved FROM tokens");
    assert_eq!(json!(left), json!([{ "sealed": "", "saved": 1 }]));
    assert_eq!(stage.storage().alarm(), None);
}

#[tokio::test]
async fn a_call_that_is_late_does_not_use_the_tokens_of_an_account_that_was_given_up() {
    let mut stage = Stage::new().await;
    stage.post("before").await;
    stage.run(1_000).await;
    let (gate, request) = stage.world.gates.calls().take().remove(0);
    let GateRequest::Send(mut late) = request else {
        panic!("{request:?}");
    };
    let before = late.grant.clone().unwrap();
    let (path, token) = (
        format!("/accounts/{}", stage.account),
        stage.person.token.clone(),
    );
    let unlinked = stage.world.request("DELETE", &path, Some(&token), None);
    assert_eq!(unlinked.await.expect(200)["revoked_at_x"], true);
    late.part.delivery_id = DeliveryId::parse("dlv_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap();
    late.lease_until = stage.world.clock.now().plus_ms(60_000);
    let app = stage.world.app();
    let asked = stage.world.http.requests().count();
    let answer = app.gates.call(&gate, GateRequest::Send(late)).await;
    let GateReply::Send(SendAnswer::Refused(refusal)) = answer.unwrap() else {
        panic!("it was not refused");
    };
    assert_eq!(refusal.code, "no_tokens");
    let refresh = GateRequest::Refresh {
        grant: before.clone(),
        force: true,
    };
    let GateReply::Refresh(Err(refusal)) = app.gates.call(&gate, refresh).await.unwrap() else {
        panic!("it was not refused");
    };
    assert_eq!(refusal.code, "no_tokens");
    assert_eq!(stage.world.http.requests().count(), asked, "X was asked");
    // An unlinking that is repeated revokes once more, and a new connect is another matter.
    let again = app
        .gates
        .call(&gate, GateRequest::Revoke { grant: before })
        .await;
    assert_eq!(again.unwrap(), GateReply::Revoke { confirmed: true });
    stage.reconnection("godwit_demo")();
    let post = stage.post("after").await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn many_requests_at_once_pay_a_debt_once() {
    let stage = owing().await;
    recover(&stage);
    let app = stage.world.app();
    let grant: Grant = app
        .database
        .run(Statement::new("SELECT * FROM account_tokens"))
        .await
        .unwrap()
        .first()
        .unwrap()
        .unwrap();
    let saves = std::sync::Arc::new(std::sync::Mutex::new(0));
    let counted = std::sync::Arc::clone(&saves);
    stage.world.database.on_batch(move |statements| {
        if statements[0].sql.contains("generation < ?4") {
            *counted.lock().unwrap() += 1;
        }
        Fault::None
    });
    let gate = GateName::x("1001");
    let ask = || {
        app.gates.call(
            &gate,
            GateRequest::Refresh {
                grant: grant.clone(),
                force: false,
            },
        )
    };
    futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert_eq!(*saves.lock().unwrap(), 1);
    assert_eq!(generation(&stage), 2);
}
