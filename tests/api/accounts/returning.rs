//! Connecting the same X user again.

use super::Town;
use futures_util::future::join;
use godwit::gate::GateReply;
use godwit::platforms::{Class, NotSent};
use serde_json::json;

#[tokio::test]
async fn the_same_x_user_keeps_the_account_and_gets_newer_tokens() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let first = town.connect(&anna, "godwit_demo").await;
    let before = town
        .world
        .database
        .look("SELECT sealed, generation FROM account_tokens");
    // Within the same millisecond, where the clock alone would not tell the two apart.
    let second = town.connect(&anna, "godwit_demo").await;
    let after = town
        .world
        .database
        .look("SELECT sealed, generation FROM account_tokens");
    assert_eq!(first, second);
    assert_eq!(after.len(), 1);
    assert!(after[0]["generation"].as_i64() > before[0]["generation"].as_i64());
    assert_ne!(after[0]["sealed"], before[0]["sealed"]);
    let other = town.connect(&anna, "second_bird").await;
    assert_ne!(first, other);
    assert_eq!(town.accounts(&anna).await.len(), 2);
}

#[tokio::test]
async fn two_people_have_an_account_each_of_one_x_user() {
    let town = Town::new();
    let (anna, ben) = (
        town.world.person("anna").await,
        town.world.person("ben").await,
    );
    let ours = town.connect(&anna, "godwit_demo").await;
    let theirs = town.connect(&ben, "godwit_demo").await;
    assert_ne!(ours, theirs);
    assert_eq!(
        (
            town.accounts(&anna).await.len(),
            town.accounts(&ben).await.len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn two_first_connects_at_the_same_moment_make_one_account() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let mut paths = Vec::new();
    for _ in 0..2 {
        let begun = town.begin(&anna.token, json!({})).await;
        paths.push(town.consent(&begun, "godwit_demo", "authorize"));
    }
    let (one, other) = join(town.browse(&paths[0]), town.browse(&paths[1])).await;
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(town.accounts(&anna).await.len(), 1);
    assert_eq!(
        town.world
            .database
            .value("SELECT count(*) FROM account_tokens"),
        1
    );
    assert_eq!(
        town.world
            .database
            .value("SELECT count(*) FROM audit_log WHERE action = 'account.connected'"),
        2
    );
}

#[tokio::test]
async fn what_waited_for_the_account_goes_on_once_it_is_connected_again() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let dead = NotSent::new(Class::Token, "grant_revoked", "Revoked.", "Connect again.");
    town.gates_answer(GateReply::Refresh(Err(dead)));
    let path = format!("/accounts/{id}/refresh");
    let answer = town
        .world
        .request("POST", &path, Some(&anna.token), None)
        .await;
    answer.refused(409, "account_needs_reconnect");
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("needs_reconnect"), &json!("grant_revoked"))
    );
    assert!(
        account["remedy"]
            .as_str()
            .unwrap()
            .contains("Connect the account again")
    );

    town.delivery(&anna, &id, 1, "waiting", Some("account_needs_reconnect"));
    town.delivery(&anna, &id, 2, "waiting", Some("window_closed"));
    town.delivery(&anna, &id, 3, "scheduled", None);
    assert_eq!(town.connect(&anna, "godwit_demo").await, id);
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "active"
    );
    let now = town.world.app().now().millis();
    let woken = town.world.database.look(
        "SELECT id, next_attempt_at, sweep_at FROM deliveries WHERE sweep_at < 9000000000000",
    );
    assert_eq!(woken.len(), 1);
    assert!(woken[0]["id"].as_str().unwrap().ends_with("01"));
    assert_eq!(woken[0]["next_attempt_at"], json!(now));
    assert_eq!(town.world.queue.take().len(), 1, "it is nudged at once");
}

#[tokio::test]
async fn too_narrow_a_consent_wakes_nothing() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    town.delivery(&anna, &id, 1, "waiting", Some("account_needs_reconnect"));
    town.x().settings.withheld_scopes = vec!["tweet.write".into()];
    town.connect(&anna, "godwit_demo").await;
    assert_eq!(
        town.world
            .database
            .value("SELECT count(*) FROM deliveries WHERE sweep_at < 9000000000000"),
        0
    );
}

#[tokio::test]
async fn an_unlinked_account_comes_back_under_its_id_with_tokens_newer_than_any_the_gate_may_hold()
{
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    // The gate has refreshed three times, and could not tell the database.
    let held = town
        .world
        .database
        .value("SELECT generation + 3 FROM account_tokens")
        .as_i64()
        .unwrap();
    town.world
        .gates
        .on_call(|_, _| Err(godwit::ports::GateLost("by the test".into())));
    town.world
        .request(
            "DELETE",
            &format!("/accounts/{id}"),
            Some(&anna.token),
            None,
        )
        .await
        .expect(200);
    assert!(town.accounts(&anna).await.is_empty());
    town.world.clock.advance(60_000);
    assert_eq!(town.connect(&anna, "godwit_demo").await, id);
    assert!(
        town.world
            .database
            .value("SELECT generation FROM account_tokens")
            .as_i64()
            .unwrap()
            > held
    );
}
