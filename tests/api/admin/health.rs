//! `GET /health`: well until the scheduler has been silent, or something left lying, for three minutes.

use super::{Stage, health};
use crate::support::{Fault, World};
use godwit::jobs::{self, EVERY_MINUTE};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// Status, `status`, `scheduler.healthy` and `checks.deliveries`.
async fn state(world: &World) -> (u16, String, bool, String) {
    let (status, shown) = health(world).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        status,
        text(&shown["status"]),
        shown["scheduler"]["healthy"].as_bool().unwrap(),
        text(&shown["checks"]["deliveries"]),
    )
}

fn well() -> (u16, String, bool, String) {
    (200, "ok".to_owned(), true, "ok".to_owned())
}

fn unwell(ticking: bool, deliveries: &str) -> (u16, String, bool, String) {
    (503, "unhealthy".to_owned(), ticking, deliveries.to_owned())
}

#[tokio::test]
async fn a_fresh_installation_is_well_however_long_nothing_is_asked_of_it() {
    let world = World::new();
    world.clock.advance(100 * MINUTE_MS);
    assert_eq!(state(&world).await, well());
    let (_, shown) = health(&world).await;
    assert_eq!(shown["scheduler"]["last_tick_at"], Value::Null);
}

#[tokio::test]
async fn three_minutes_of_silence_are_unhealthy_and_the_next_tick_cures_it() {
    let world = World::new();
    jobs::tick(&world.app(), EVERY_MINUTE).await;
    world.clock.advance(3 * MINUTE_MS - 1);
    assert_eq!(state(&world).await, well());
    world.clock.advance(1);
    assert_eq!(state(&world).await, unwell(false, "ok"));
    let (_, shown) = health(&world).await;
    assert_eq!(
        shown["scheduler"]["last_tick_at"],
        "2026-11-21T12:00:00.000Z"
    );
    jobs::tick(&world.app(), EVERY_MINUTE).await;
    assert_eq!(state(&world).await, well());
}

#[tokio::test]
async fn the_other_triggers_do_not_count() {
    let world = World::new();
    jobs::tick(&world.app(), EVERY_MINUTE).await;
    world.clock.advance(3 * MINUTE_MS);
    jobs::tick(&world.app(), jobs::DAILY).await;
    jobs::tick(&world.app(), jobs::EVERY_HALF_HOUR).await;
    assert_eq!(state(&world).await, unwell(false, "ok"));
}

/// Lets every sweep fail from now on.
fn fail_the_sweep(world: &World) {
    world.database.on_batch(|statements| {
        let sweeps = |sql: &str| sql.contains("sweep_at <= ?1\n  ORDER BY");
        if statements.iter().any(|one| sweeps(one.sql)) {
            Fault::Before
        } else {
            Fault::None
        }
    });
}

#[tokio::test]
async fn a_sweep_that_fails_does_not_count_as_a_tick() {
    for ticked_before in [true, false] {
        let world = World::new();
        if ticked_before {
            jobs::tick(&world.app(), EVERY_MINUTE).await;
        }
        fail_the_sweep(&world);
        for minute in 0..4 {
            jobs::tick(&world.app(), EVERY_MINUTE).await;
            let expected = if minute < 3 {
                well()
            } else {
                unwell(false, "ok")
            };
            assert_eq!(state(&world).await, expected, "minute {minute}");
            world.clock.advance(MINUTE_MS);
        }
        // One that works again is enough.
        world.database.on_batch(|_| Fault::None);
        jobs::tick(&world.app(), EVERY_MINUTE).await;
        assert_eq!(state(&world).await, well());
    }
}

#[tokio::test]
async fn ticks_that_only_ever_die_do_not_count() {
    let world = World::new();
    let app = world.app();
    for minute in 0..4 {
        let mut dying = Box::pin(jobs::tick(&app, EVERY_MINUTE));
        for _ in 0..2 {
            let polled = futures_util::future::poll_immediate(&mut dying).await;
            assert!(polled.is_none());
        }
        drop(dying);
        let expected = if minute < 3 {
            well()
        } else {
            unwell(false, "ok")
        };
        assert_eq!(state(&world).await, expected, "minute {minute}");
        world.clock.advance(MINUTE_MS);
    }
}

#[tokio::test]
async fn without_cron_it_is_unhealthy_three_minutes_after_the_first_person_came() {
    let mut stage = Stage::new().await;
    stage.post("no need of a sweep").await;
    let (_, body) = stage.mail()[0].clone();
    stage.handle(vec![body]).await;
    assert_eq!(stage.on_x(), 1);
    stage.world.clock.advance(3 * MINUTE_MS - 1);
    assert_eq!(state(&stage.world).await, well());
    // Whoever comes later changes nothing about it.
    stage.world.person("later").await;
    stage.world.clock.advance(1);
    assert_eq!(state(&stage.world).await, unwell(false, "ok"));
    stage.post("forgotten").await;
    stage.lose_mail();
    // Two minutes for the queue, three for the sweep.
    stage.world.clock.advance(5 * MINUTE_MS);
    assert_eq!(state(&stage.world).await, unwell(false, "overdue"));
}

#[tokio::test]
async fn what_is_left_lying_is_unhealthy_although_the_sweep_ticks() {
    let mut stage = Stage::new().await;
    stage.post("stuck").await;
    stage.lose_mail();
    stage.world.clock.advance(6 * MINUTE_MS);
    // It ends well, and yet moves nothing.
    stage.world.database.change(&godwit::ports::Statement::new(
        "INSERT INTO cron_ticks (cron, started_at, ok_at) VALUES ('* * * * *', 1795262760000, 1795262760000)",
    ));
    assert_eq!(state(&stage.world).await, unwell(true, "overdue"));
}

#[tokio::test]
async fn a_database_that_fails_leaves_the_rest_unknown() {
    let world = World::new();
    world.database.on_batch(|_| Fault::Before);
    let (status, shown) = health(&world).await;
    assert_eq!(
        (status, &shown["status"], &shown["checks"]),
        (
            503,
            &json!("unhealthy"),
            &json!({ "database": "failing", "deliveries": "unknown" })
        )
    );
}

#[tokio::test]
async fn it_is_one_round_trip() {
    let world = World::new();
    let before = (world.database.round_trips(), world.database.statements());
    health(&world).await;
    let after = (world.database.round_trips(), world.database.statements());
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 3));
}
