//! Threads whose consumer, gate or database fails between two parts, and parts of which nobody knows.

use super::super::Stage;
use super::{chained, creates, fault, texts, thread};
use crate::support::Fault;
use futures_util::future::poll_immediate;
use godwit::jobs;
use godwit::ports::Statement;
use serde_json::json;

fn is_progress(statements: &[Statement]) -> bool {
    let renews = |statement: &Statement| statement.sql.contains("lease_until IS NOT NULL\n");
    statements.iter().any(renews)
}

#[tokio::test]
async fn a_thread_whose_consumer_and_gate_die_in_any_call_goes_on_without_a_double() {
    for dies_at in 1..=5 {
        let mut stage = Stage::new().await;
        let texts = texts(5);
        let post = thread(&stage, &texts).await;
        let bodies = [stage.mail()[0].1.clone()];
        stage.lose_mail();
        {
            let app = stage.world.app();
            let mut publishing = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
            while stage.on_x() < dies_at {
                assert!(poll_immediate(&mut publishing).await.is_none());
            }
        }
        stage.kill_gates();
        let delivery = stage.delivery(&post).await;
        assert_eq!(
            delivery["parts_sent"],
            dies_at - 1,
            "what left was durable before"
        );
        stage.run(400_000).await;
        chained(&stage, &texts);
        assert_eq!(
            stage.delivery(&post).await["state"],
            "published",
            "{dies_at}"
        );
        assert_eq!(creates(&stage), 5, "{dies_at}");
    }
}

#[tokio::test]
async fn a_thread_whose_gate_answers_get_lost_goes_on_from_the_journal() {
    for lost_at in 0..5 {
        let mut stage = Stage::new().await;
        let texts = texts(5);
        let post = thread(&stage, &texts).await;
        stage.lose_gate_answers_after(lost_at, 1);
        stage.run(1_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(
            (&delivery["state"], &delivery["parts_sent"]),
            (&json!("publishing"), &json!(lost_at)),
        );
        stage.kill_gates();
        stage.run(10_000).await;
        chained(&stage, &texts);
        assert_eq!(stage.delivery(&post).await["state"], "published");
        assert_eq!(creates(&stage), 5);
    }
}

#[tokio::test]
async fn nothing_follows_a_part_that_the_database_does_not_take() {
    for failing in 0..4 {
        let mut stage = Stage::new().await;
        let texts = texts(5);
        let post = thread(&stage, &texts).await;
        let mut seen = 0;
        stage.world.database.on_batch(move |statements| {
            seen += u32::from(is_progress(statements));
            let fails = is_progress(statements) && (failing + 1..failing + 5).contains(&seen);
            if fails { Fault::Before } else { Fault::None }
        });
        stage.run(10_000).await;
        assert_eq!(
            stage.on_x(),
            failing as usize + 1,
            "the next part has not left"
        );
        stage.kill_gates();
        stage.lose_mail();
        stage.run(300_000).await;
        chained(&stage, &texts);
        assert_eq!(stage.delivery(&post).await["state"], "published");
        assert_eq!(creates(&stage), 5);
    }
}

#[tokio::test]
async fn a_progress_whose_answer_is_lost_is_written_once_more_and_the_thread_goes_on() {
    let mut stage = Stage::new().await;
    let texts = texts(3);
    thread(&stage, &texts).await;
    let mut seen = 0;
    stage.world.database.on_batch(move |statements| {
        seen += u32::from(is_progress(statements));
        if is_progress(statements) && seen == 1 {
            return Fault::After;
        }
        Fault::None
    });
    stage.run(2_000).await;
    chained(&stage, &texts);
    assert_eq!(creates(&stage), 3);
}

#[tokio::test]
async fn an_uncertain_part_stops_the_thread_until_it_is_found() {
    for kind in ["accept_then_hang", "accept_then_drop"] {
        let mut stage = Stage::new().await;
        let texts = texts(5);
        stage.fault(&fault("create", 2, &json!({ "kind": kind })));
        let post = thread(&stage, &texts).await;
        stage.run(22_000).await;
        let shown = stage.get(&format!("/posts/{post}")).await;
        let delivery = &shown["deliveries"][0];
        assert_eq!(
            (&shown["status"], &delivery["state"], &delivery["progress"]),
            (
                &json!("uncertain"),
                &json!("uncertain"),
                &json!("2 of 5 sent")
            )
        );
        let states: Vec<_> = delivery["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| &part["state"])
            .collect();
        assert_eq!(states, ["sent", "sent", "uncertain", "pending", "pending"]);
        assert_eq!(stage.on_x(), 3);
        stage.run(60_000).await;
        chained(&stage, &texts);
        assert_eq!(
            stage.get(&format!("/posts/{post}")).await["status"],
            "published"
        );
        assert_eq!(creates(&stage), 5);
    }
}

#[tokio::test]
async fn after_a_found_part_the_rest_is_sent_under_the_same_claim() {
    let mut stage = Stage::new().await;
    let texts = texts(4);
    stage.fault(&fault("create", 1, &json!({ "kind": "accept_then_drop" })));
    let post = thread(&stage, &texts).await;
    stage.run(29_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    // The third part is under way: the post is not in doubt any more, and cannot be taken back.
    stage.fault(&fault(
        "create",
        0,
        &json!({ "kind": "delay", "ms": 5_000 }),
    ));
    let bodies = [stage.mail()[0].1.clone()];
    stage.world.clock.advance(3_000);
    let app = stage.world.app();
    let mut publishing = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
    while stage.on_x() < 3 {
        assert!(poll_immediate(&mut publishing).await.is_none());
    }
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(
        (&shown["status"], &shown["deliveries"][0]["state"]),
        (&json!("publishing"), &json!("publishing"))
    );
    publishing.await;
    chained(&stage, &texts);
    assert_eq!(
        stage.world.database.value("SELECT epoch FROM deliveries"),
        2
    );
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn a_part_that_never_arrived_waits_for_a_person_and_then_the_thread_goes_on() {
    let mut stage = Stage::new().await;
    let texts = texts(4);
    stage.fault(&fault("create", 1, &json!({ "kind": "drop_before" })));
    let post = thread(&stage, &texts).await;
    stage.run(600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["reason"], &delivery["progress"]),
        (&json!("needs_decision"), &json!("1 of 4 sent"))
    );
    stage.send_again(&post).await.expect(200);
    stage.run(2_000).await;
    chained(&stage, &texts);
    assert_eq!(creates(&stage), 5);
}

#[tokio::test]
async fn the_policy_sends_each_part_again_once() {
    let mut stage = Stage::new().await;
    stage.world.database.change(&Statement::new(
        "UPDATE workspaces SET uncertain_policy = 'resend'",
    ));
    let texts = texts(4);
    // Two parts never arrive the first time, and the fourth never does.
    stage.fault(&fault("create", 0, &json!({ "kind": "drop_before" })));
    stage.fault(&json!({ "on": "create", "after": 1, "times": 1, "text_contains": "Part 3", "do": { "kind": "drop_before" } }));
    stage.fault(&json!({ "on": "create", "times": 1, "text_contains": "Part 3", "do": { "kind": "drop_before" } }));
    stage.fault(&json!({ "on": "create", "times": 9, "text_contains": "Part 4", "do": { "kind": "drop_before" } }));
    let post = thread(&stage, &texts).await;
    stage.run(3_600_000).await;
    let delivery = stage.delivery(&post).await;
    // Part 3 was dropped twice: sent again once, and then a person is asked.
    assert_eq!(
        (&delivery["reason"], &delivery["progress"]),
        (&json!("needs_decision"), &json!("2 of 4 sent")),
        "{delivery}"
    );
    assert_eq!(creates(&stage), 2 + 1 + 2);
    stage.send_again(&post).await.expect(200);
    stage.run(3_600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["reason"], &delivery["progress"]),
        (&json!("needs_decision"), &json!("3 of 4 sent")),
        "{delivery}"
    );
    assert_eq!(
        creates(&stage),
        5 + 1 + 2,
        "the fourth was sent again once as well"
    );
    chained(&stage, &texts[..3]);
}

#[tokio::test]
async fn a_consumer_that_slept_through_its_lease_sends_no_further_part() {
    let mut stage = Stage::new().await;
    let texts = texts(4);
    let post = thread(&stage, &texts).await;
    let bodies = [stage.mail()[0].1.clone()];
    stage.lose_mail();
    stage.fault(&fault("create", 1, &json!({ "kind": "delay", "ms": 100 })));
    let app = stage.world.app();
    let mut sleeping = Box::pin(jobs::handle(&app, "godwit-publish", &bodies));
    while stage.on_x() < 2 {
        assert!(poll_immediate(&mut sleeping).await.is_none());
    }
    stage.world.clock.advance(61_000);
    stage.handle(bodies.to_vec()).await;
    let second_claim = (
        stage.delivery(&post).await["state"].clone(),
        stage.world.database.value("SELECT epoch FROM deliveries"),
    );
    assert_eq!(
        second_claim,
        (json!("uncertain"), json!(2)),
        "the second claim found the call open"
    );
    // The first one hears of its call, and may not go on.
    sleeping.await;
    assert_eq!(stage.on_x(), 2);
    assert_eq!(stage.delivery(&post).await["parts_sent"], 1, "nor write");
    stage.run(120_000).await;
    chained(&stage, &texts);
    assert_eq!(creates(&stage), 4);
    assert_eq!(stage.delivery(&post).await["state"], "published");
}
