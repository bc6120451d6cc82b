//! The harness itself: what the other tests rely on.

use crate::support::{VirtualClock, World, clock::START};
use futures_util::future::{Either, join, select};
use godwit::ports::{Clock, Database, Statement, StorageError};
use std::pin::pin;

#[tokio::test]
async fn the_earliest_sleeper_wakes_first_whatever_the_order_of_going_to_sleep() {
    let clock = VirtualClock::at(START);
    let order = std::sync::Mutex::new(Vec::new());
    let sleep = async |ms| {
        clock.sleep(ms).await;
        order.lock().unwrap().push((ms, clock.now().since(START)));
    };
    join(sleep(500), join(sleep(20), sleep(70))).await;
    assert_eq!(*order.lock().unwrap(), [(20, 20), (70, 70), (500, 500)]);
}

#[tokio::test]
async fn work_that_is_under_way_ends_before_a_deadline_passes() {
    let world = World::new();
    let work = pin!(
        world
            .database
            .batch(vec![Statement::new("SELECT 1 AS one")])
    );
    assert!(matches!(
        select(world.clock.sleep(1), work).await,
        Either::Right(_)
    ));
    assert_eq!(world.clock.now(), START);
}

#[tokio::test]
async fn a_batch_that_breaks_a_constraint_changes_nothing() {
    let world = World::new();
    let insert = || Statement::new("INSERT INTO cron_ticks (cron, started_at) VALUES ('a', 1)");
    let error = world
        .database
        .batch(vec![insert(), insert()])
        .await
        .unwrap_err();
    assert!(error.violates_unique("cron_ticks.cron"), "{error}");
    assert!(matches!(error, StorageError::Constraint(_)));
    assert_eq!(world.database.value("SELECT count(*) FROM cron_ticks"), 0);
    assert_eq!(
        (world.database.round_trips(), world.database.statements()),
        (1, 2)
    );
}
