//! The ticks of the cron triggers, as the operator sees them.

use super::{Stage, overview};
use crate::support::Fault;
use futures_util::future::poll_immediate;
use godwit::jobs::{self, DAILY, EVERY_HALF_HOUR, EVERY_MINUTE};
use serde_json::{Value, json};

async fn of(stage: &Stage, cron: &str) -> Value {
    let shown = overview(stage).await;
    let crons = shown["crons"].as_array().unwrap().clone();
    crons.into_iter().find(|one| one["cron"] == cron).unwrap()
}

/// Fails every batch with a statement that contains this.
fn fail(stage: &Stage, needle: &'static str) {
    stage.world.database.on_batch(move |statements| {
        if statements.iter().any(|one| one.sql.contains(needle)) {
            Fault::Before
        } else {
            Fault::None
        }
    });
}

fn recover(stage: &Stage) {
    stage.world.database.on_batch(|_| Fault::None);
}

#[tokio::test]
async fn every_trigger_is_there_before_it_ever_ticked() {
    let stage = Stage::new().await;
    let shown = overview(&stage).await;
    let crons: Vec<_> = shown["crons"].as_array().unwrap().iter().collect();
    let named: Vec<_> = crons
        .iter()
        .map(|one| one["cron"].as_str().unwrap())
        .collect();
    assert_eq!(named, [EVERY_MINUTE, EVERY_HALF_HOUR, DAILY]);
    for one in crons {
        assert_eq!(
            (&one["result"], &one["started_at"], &one["last_ok_at"]),
            (&json!("never"), &Value::Null, &Value::Null)
        );
        assert!(!one["purpose"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_triggers_of_the_deployment_are_those_that_are_shown() {
    let wrangler = concat!(env!("CARGO_MANIFEST_DIR"), "/wrangler.toml");
    let wrangler = std::fs::read_to_string(wrangler).unwrap();
    let (_, crons) = wrangler.split_once("crons = [").unwrap();
    let (crons, _) = crons.split_once("\n]").unwrap();
    let deployed: Vec<_> = crons.split('"').skip(1).step_by(2).collect();
    assert_eq!(deployed, jobs::CRONS.map(|(cron, _)| cron));
}

#[tokio::test]
async fn a_tick_shows_when_it_began_how_long_it_took_and_what_it_did() {
    let mut stage = Stage::new().await;
    stage.post("forgotten").await;
    stage.lose_mail();
    stage.world.clock.advance(180_000);
    // Each look of the sweep at the database takes a second.
    let clock = std::sync::Arc::clone(&stage.world.clock);
    stage.world.database.on_batch(move |_| {
        clock.advance(1_000);
        Fault::None
    });
    jobs::tick(&stage.world.app(), EVERY_MINUTE).await;
    recover(&stage);
    let tick = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&tick["result"], &tick["done"], &tick["error"]),
        (&json!("ok"), &json!(1), &Value::Null)
    );
    assert_eq!(
        (
            &tick["started_at"],
            &tick["duration_ms"],
            &tick["last_ok_at"]
        ),
        (
            &json!("2026-11-21T12:03:00.000Z"),
            &json!(4_000),
            &json!("2026-11-21T12:03:04.000Z")
        )
    );
    assert_eq!(of(&stage, DAILY).await["result"], "never");
}

#[tokio::test]
async fn a_tick_that_fails_says_so_and_keeps_when_the_last_good_one_was() {
    let stage = Stage::new().await;
    let app = stage.world.app();
    jobs::tick(&app, EVERY_MINUTE).await;
    stage.world.clock.advance(60_000);
    fail(&stage, "sweep_at <= ?1\n  ORDER BY");
    jobs::tick(&app, EVERY_MINUTE).await;
    recover(&stage);
    let tick = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&tick["result"], &tick["error"], &tick["done"]),
        (
            &json!("failed"),
            &json!("temporarily_unavailable"),
            &Value::Null
        )
    );
    assert_eq!(
        (&tick["started_at"], &tick["last_ok_at"]),
        (
            &json!("2026-11-21T12:01:00.000Z"),
            &json!("2026-11-21T12:00:00.000Z")
        )
    );
    assert_eq!(stage.world.log.events("cron_failed").len(), 1);
}

#[tokio::test]
async fn a_tick_that_began_and_never_ended_is_seen_by_whoever_looks_and_by_the_next() {
    let stage = Stage::new().await;
    let app = stage.world.app();
    // A good one before it must not be taken for its outcome.
    jobs::tick(&app, EVERY_MINUTE).await;
    stage.world.clock.advance(60_000);
    {
        // The process ends after the first round trip: the start is written, and nothing else.
        let mut dying = Box::pin(jobs::tick(&app, EVERY_MINUTE));
        for _ in 0..2 {
            assert!(poll_immediate(&mut dying).await.is_none());
        }
    }
    let alive = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&alive["result"], &alive["duration_ms"], &alive["done"]),
        (&json!("running"), &Value::Null, &Value::Null)
    );
    stage.world.clock.advance(15 * 60_000);
    let dead = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&dead["result"], &dead["duration_ms"], &dead["last_ok_at"]),
        (
            &json!("unended"),
            &Value::Null,
            &json!("2026-11-21T12:00:00.000Z")
        )
    );
    jobs::tick(&app, EVERY_MINUTE).await;
    let next = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&next["result"], &next["last_unended_at"]),
        (&json!("ok"), &json!("2026-11-21T12:01:00.000Z"))
    );
}

#[tokio::test]
async fn a_slow_tick_does_not_pass_for_the_one_that_overtook_it() {
    let stage = Stage::new().await;
    let app = stage.world.app();
    let mut slow = Box::pin(jobs::tick(&app, EVERY_MINUTE));
    for _ in 0..2 {
        assert!(poll_immediate(&mut slow).await.is_none());
    }
    stage.world.clock.advance(60_000);
    jobs::tick(&app, EVERY_MINUTE).await;
    let newer = of(&stage, EVERY_MINUTE).await;
    assert_eq!(newer["last_unended_at"], "2026-11-21T12:00:00.000Z");
    stage.world.clock.advance(30_000);
    slow.await;
    let after = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (
            &after["result"],
            &after["started_at"],
            &after["duration_ms"]
        ),
        (&json!("ok"), &json!("2026-11-21T12:01:00.000Z"), &json!(0))
    );
    // It has ended, after all, and that is when a sweep last did.
    assert_eq!(
        (&after["last_unended_at"], &after["last_ok_at"]),
        (&Value::Null, &json!("2026-11-21T12:01:30.000Z"))
    );
}

#[tokio::test]
async fn a_lost_note_of_the_start_is_made_good_by_that_of_the_end() {
    let stage = Stage::new().await;
    fail(
        &stage,
        "INSERT INTO cron_ticks (cron, first_at, started_at) VALUES",
    );
    jobs::tick(&stage.world.app(), EVERY_MINUTE).await;
    recover(&stage);
    assert_eq!(stage.world.log.events("cron_not_noted").len(), 1);
    let tick = of(&stage, EVERY_MINUTE).await;
    assert_eq!(
        (&tick["result"], &tick["started_at"]),
        (&json!("ok"), &json!("2026-11-21T12:00:00.000Z"))
    );
}

#[tokio::test]
async fn a_trigger_that_nobody_knows_is_shown_as_failing() {
    let stage = Stage::new().await;
    jobs::tick(&stage.world.app(), "5 4 * * 7").await;
    let tick = of(&stage, "5 4 * * 7").await;
    assert_eq!(
        (&tick["result"], &tick["error"]),
        (&json!("failed"), &json!("internal"))
    );
}
