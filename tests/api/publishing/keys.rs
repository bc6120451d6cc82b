//! Encryption keys that change while publishing goes on.

use super::Stage;
use crate::support::Fault;
use godwit::accounts::sealed_by_key;
use godwit::jobs::{EVERY_HALF_HOUR, tick};
use serde_json::json;

const NEW: &str = "k2:AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const BOTH: &str = "k2:AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=,k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn sealed_with(stage: &Stage) -> Vec<String> {
    stage
        .world
        .database
        .look("SELECT key_id FROM account_tokens ORDER BY account_id")
        .iter()
        .map(|row| row["key_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn left(stage: &Stage) -> Vec<(String, u64)> {
    sealed_by_key(&stage.world.app())
        .await
        .unwrap()
        .into_iter()
        .map(|sealed| (sealed.key_id, sealed.tokens))
        .collect()
}

#[tokio::test]
async fn keys_are_changed_in_the_middle_of_a_burst_and_the_old_one_taken_away() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "100")]).await;
    let other = stage.connect("second_bird");
    let accounts = [stage.account.clone(), other];
    for number in 0..20 {
        for account in &accounts {
            stage
                .post_as(json!({ "text": format!("burst {number}"), "accounts": [account] }))
                .await;
        }
    }
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let (before, after) = bodies.split_at(15);
    stage.handle(before.to_vec()).await;
    stage.deploy(&[("ENCRYPTION_KEYS", BOTH), ("X_POST_LIMIT_15MIN", "100")]);
    assert_eq!(left(&stage).await, [("k1".to_owned(), 2)]);
    let tokens = stage
        .world
        .database
        .look("SELECT generation, updated_at FROM account_tokens");
    // The tick runs while the rest goes out.
    let app = stage.world.app();
    let (done, ()) = tokio::join!(
        godwit::jobs::handle(&app, "godwit-publish", after),
        tick(&app, EVERY_HALF_HOUR)
    );
    assert_eq!(done.len(), 25);
    assert_eq!(stage.on_x(), 40);
    assert_eq!(left(&stage).await, []);
    assert_eq!(sealed_with(&stage), ["k2", "k2"]);
    assert_eq!(
        stage
            .world
            .database
            .look("SELECT generation, updated_at FROM account_tokens"),
        tokens,
        "the tokens are the same"
    );
    let noted = stage.world.log.events("sealed_with_older_keys");
    assert!(noted.is_empty(), "{noted:?}");
    stage.deploy(&[("ENCRYPTION_KEYS", NEW), ("X_POST_LIMIT_15MIN", "100")]);
    for account in &accounts {
        stage
            .post_as(json!({ "text": "the old key is gone", "accounts": [account] }))
            .await;
    }
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 42);
    stage.world.clock.advance(7_200_000);
    stage.post("and a refresh works").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 43);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

#[tokio::test]
async fn a_connect_while_the_tokens_are_sealed_anew_is_not_lost() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(1_000);
    stage.deploy(&[("ENCRYPTION_KEYS", BOTH)]);
    stage.before_next_call(stage.reconnection("godwit_demo"));
    tick(&stage.world.app(), EVERY_HALF_HOUR).await;
    let connected = godwit::ports::Clock::now(&*stage.world.clock).millis();
    let generation = "SELECT generation FROM account_tokens";
    assert_eq!(stage.world.database.value(generation), connected);
    stage.deploy(&[("ENCRYPTION_KEYS", NEW)]);
    stage.post("with the pair of the new connect").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_refresh_while_the_tokens_are_sealed_anew_is_not_lost() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    stage.deploy(&[("ENCRYPTION_KEYS", BOTH)]);
    stage.post("refreshed meanwhile").await;
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    tokio::join!(
        tick(&app, EVERY_HALF_HOUR),
        godwit::jobs::handle(&app, "godwit-publish", &bodies),
        tick(&app, EVERY_HALF_HOUR),
    );
    let generation = "SELECT generation FROM account_tokens";
    assert_eq!(stage.world.database.value(generation), 2);
    stage.deploy(&[("ENCRYPTION_KEYS", NEW)]);
    stage.post("the new pair").await;
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), sealed_with(&stage)),
        (2, vec!["k2".to_owned()])
    );
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

#[tokio::test]
async fn what_a_gate_owes_under_an_older_key_is_sealed_anew_where_it_is() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(7_200_000);
    stage.world.database.on_batch(|statements| {
        let saves = statements
            .iter()
            .any(|statement| statement.sql.contains("generation < ?4"));
        if saves { Fault::Before } else { Fault::None }
    });
    stage.post("refreshed under the old key").await;
    stage.run(1_000).await;
    let held = |stage: &Stage| {
        let rows = stage.storage().look("SELECT sealed FROM tokens");
        rows[0]["sealed"].as_str().unwrap()[..6].to_owned()
    };
    assert_eq!(held(&stage), "v1.k1.");
    stage.deploy(&[("ENCRYPTION_KEYS", BOTH)]);
    // It wakes to pay, cannot, and has at least changed the key.
    stage.run(61_000).await;
    assert_eq!(held(&stage), "v1.k2.");
    tick(&stage.world.app(), EVERY_HALF_HOUR).await;
    stage.deploy(&[("ENCRYPTION_KEYS", NEW)]);
    stage.world.database.on_batch(|_| Fault::None);
    stage.run(61_000).await;
    let generation = "SELECT generation FROM account_tokens";
    assert_eq!(stage.world.database.value(generation), 2);
    stage.post("nothing was lost").await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

#[tokio::test]
async fn a_key_that_is_taken_away_too_early_can_be_put_back() {
    let mut stage = Stage::new().await;
    stage.deploy(&[("ENCRYPTION_KEYS", NEW)]);
    let post = stage.post("sealed for nobody").await;
    stage.run(2_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("waiting"), &json!("tokens_not_readable"))
    );
    assert!(
        delivery["remedy"]
            .as_str()
            .unwrap()
            .contains("ENCRYPTION_KEYS")
    );
    let account = stage.get(&format!("/accounts/{}", stage.account)).await;
    assert_eq!(account["status"], "active");
    assert_eq!(left(&stage).await, [("k1".to_owned(), 1)]);
    tick(&stage.world.app(), EVERY_HALF_HOUR).await;
    stage.deploy(&[("ENCRYPTION_KEYS", BOTH)]);
    stage.run(16 * 60_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
}
