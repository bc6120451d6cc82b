//! Whatever arrives, and whatever fails: one post for each video.

use super::{CHANNEL, Following as _, HOUR, MINUTE, WITH_KEY};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Signed, Video};
use crate::support::Fault;
use axum::body::Body;
use godwit::jobs;
use godwit::ports::Clock as _;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn followed(variables: &[(&str, &str)]) -> (Stage, String) {
    let mut stage = Stage::with(variables).await;
    stage.run(1_000).await;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    (stage, source)
}

#[tokio::test]
async fn repeats_edits_and_reorderings_make_nothing_more() {
    let (mut stage, source) = followed(&[]).await;
    {
        let mut tube = stage.tube.lock().unwrap();
        let distribution = &mut tube.settings.hub.distribution;
        distribution.duplicate_share = 1.0;
        distribution.spread = 30_000;
    }
    let video = stage.publish(Video::short("Once"));
    for title in ["Once more", "And again"] {
        stage.run(10_000).await;
        let now = stage.world.clock.now().millis();
        assert!(stage.tube.lock().unwrap().edit(now, &video, title));
    }
    stage.run(HOUR).await;
    // A year later its description is changed.
    stage.run(30 * HOUR).await;
    let now = stage.world.clock.now().millis();
    assert!(stage.tube.lock().unwrap().describe(now, &video, "links"));
    stage.run(10 * MINUTE).await;
    assert_eq!(stage.on_x(), 1, "{:?}", stage.texts_on_x());
    assert_eq!(stage.items(&source).await.len(), 1);
    let sent = stage.tube.lock().unwrap().sent().len();
    assert!(sent >= 8, "{sent} notifications and verifications");
}

#[tokio::test]
async fn what_is_not_signed_is_answered_well_counted_and_has_no_effect() {
    let (mut stage, source) = followed(&[]).await;
    let before = stage.world.database.look("SELECT * FROM videos").len();
    let forged =
        include_bytes!("../../../src/sources/feed/samples/01-new-2021-freshmovietrailers.xml");
    let forged = String::from_utf8(forged.to_vec()).unwrap();
    let forged = forged.replace("UCzNWVDZQ55bjq8uILZ7_wyQ", CHANNEL);
    for signed in [Signed::Wrong, Signed::Missing] {
        let now = stage.world.clock.now().millis();
        let to = stage
            .tube
            .lock()
            .unwrap()
            .distribute(now, CHANNEL, forged.as_bytes(), signed);
        assert_eq!(to, 1);
        stage.run(1_000).await;
    }
    assert_eq!(
        stage.world.database.look("SELECT * FROM videos").len(),
        before
    );
    let shown = stage.get(&format!("/sources/{source}")).await;
    assert_eq!(shown["health"]["push"]["ignored"], 2, "{shown}");
    assert_eq!(shown["health"]["push"]["received"], 0);
    let sent = stage.tube.lock().unwrap().sent();
    assert!(
        sent.iter()
            .all(|one| one.status.is_some_and(|status| status < 300)),
        "{sent:?}"
    );
    // The very same, signed, counts: only the signature was missing. It is old, and recorded.
    let now = stage.world.clock.now().millis();
    stage
        .tube
        .lock()
        .unwrap()
        .distribute(now, CHANNEL, forged.as_bytes(), Signed::Right);
    stage.run(1_000).await;
    let items = stage.items(&source).await;
    assert_eq!(
        (items.len(), &items[0]["state"]),
        (1, &json!("recorded")),
        "{items:?}"
    );
}

#[tokio::test]
async fn a_body_of_another_channel_or_of_none_has_no_effect() {
    let (mut stage, source) = followed(&[]).await;
    let other =
        include_bytes!("../../../src/sources/feed/samples/01-new-2021-freshmovietrailers.xml");
    for body in [
        &other[..],
        b"",
        b"<feed>",
        b"\xff\xfe",
        b"<!DOCTYPE feed><feed/>",
        b"{}",
    ] {
        let now = stage.world.clock.now().millis();
        stage
            .tube
            .lock()
            .unwrap()
            .distribute(now, CHANNEL, body, Signed::Right);
        stage.run(1_000).await;
    }
    assert_eq!(stage.items(&source).await.len(), 0);
    let shown = stage.get(&format!("/sources/{source}")).await;
    assert_eq!(shown["health"]["push"]["ignored"], 5, "{shown}");
}

#[tokio::test]
async fn nothing_is_at_an_address_that_nobody_knows() {
    let (stage, _) = followed(&[]).await;
    for (method, rest) in [
        ("POST", ""),
        (
            "GET",
            "?hub.mode=subscribe&hub.challenge=1&hub.lease_seconds=9",
        ),
    ] {
        let uri =
            format!("https://godwit.test/hooks/websub/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA{rest}");
        let request = http::Request::builder().method(method).uri(uri);
        let answer = stage
            .world
            .serve(request.body(Body::empty()).unwrap())
            .await;
        answer.refused(404, "not_found");
    }
}

/// The database fails at each round trip on the way from the notification to the post, before its effect and after it: the
/// Short is on X once all the same.
#[tokio::test]
async fn a_failure_at_any_round_trip_costs_time_and_nothing_else() {
    for (variables, fault) in [
        (&[][..], Fault::Before),
        (&[], Fault::After),
        (WITH_KEY, Fault::After),
    ] {
        for number in 0.. {
            let (mut stage, source) = followed(variables).await;
            let count = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&count);
            stage.world.database.on_batch(move |_| {
                if seen.fetch_add(1, Ordering::SeqCst) == number {
                    fault
                } else {
                    Fault::None
                }
            });
            stage.publish(Video::short("Through it all"));
            stage.run(2_000).await;
            stage.world.database.on_batch(|_| Fault::None);
            let batches = count.load(Ordering::SeqCst);
            stage.run(2 * HOUR).await;
            assert_eq!(
                stage.on_x(),
                1,
                "{fault:?} {number}: {:?}",
                stage.texts_on_x()
            );
            let items = stage.items(&source).await;
            assert_eq!(items[0]["state"], "posted", "{fault:?} {number}: {items:?}");
            if number >= batches {
                assert!(number >= 6, "{number} round trips");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_queue_that_forgets_everything_costs_a_minute_and_nothing_else() {
    let (mut stage, source) = followed(&[]).await;
    stage.publish(Video::short("Forgotten"));
    stage.deliver_of_the_hub().await;
    stage.lose_mail();
    assert_eq!(stage.items(&source).await[0]["state"], "pending");
    stage.run(2 * MINUTE).await;
    assert_eq!(stage.on_x(), 1);
    // A message that comes again, and one that is made up, change nothing.
    let look = json!({ "job": "look", "channel_id": CHANNEL, "video_ids": [stage.items(&source).await[0]["video_id"]] });
    for _ in 0..3 {
        jobs::handle(&stage.world.app(), "godwit-background", &[look.to_string()]).await;
    }
    stage.run(MINUTE).await;
    assert_eq!(stage.on_x(), 1);
}
