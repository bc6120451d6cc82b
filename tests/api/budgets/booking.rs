//! What X charges for is booked once, and what may have been charged is kept free until that is known.

use super::{MINUTE_MS, per_day, published, waits};
use crate::publishing::Stage;
use crate::support::Fault;
use serde_json::json;

#[tokio::test]
async fn a_settle_whose_answer_is_lost_and_a_repeated_message_book_once() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    let body = json!({ "thread": ["one", "two", "three"], "accounts": [stage.account] });
    stage.post_as(body).await;
    let mut writes = 0;
    stage.world.database.on_batch(move |statements| {
        let books = statements
            .iter()
            .any(|one| one.sql.contains("INSERT INTO usage"));
        writes += u32::from(books);
        // Every second time: each of the three parts is written twice.
        if books && writes % 2 == 1 {
            Fault::After
        } else {
            Fault::None
        }
    });
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    for _ in 0..3 {
        stage.handle(bodies.clone()).await;
    }
    stage.run(5 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 3);
    stage.cost(45_000).await;
    let limit = super::only(&stage.get(&stage.budgets()).await);
    assert_eq!(
        (&limit["used"], &limit["reserved"]),
        (&json!(0.045), &json!(0.0))
    );
    assert_eq!(stage.reservations(), 0);
}

#[tokio::test]
async fn what_the_gate_has_sent_keeps_its_money_until_it_is_settled() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.015)).await;
    stage.lose_gate_answers(1);
    let posts = stage.posts(&["sent", "too much"]).await;
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&posts[0]).await.0),
        (1, "publishing".to_owned())
    );
    assert_eq!(stage.reservations(), 1);
    stage.run(MINUTE_MS).await;
    assert_eq!(stage.stands(&posts[0]).await, published());
    stage.run(5 * MINUTE_MS).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&posts[1]).await),
        (1, waits("budget_used_up"))
    );
    stage.cost(15_000).await;
}

#[tokio::test]
async fn a_process_that_ends_after_reserving_reserves_nothing_twice() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.015)).await;
    let post = stage.post("once").await;
    let mut lost = false;
    stage.world.database.on_batch(move |statements| {
        let reserves = statements
            .iter()
            .any(|one| one.sql.contains("INSERT INTO reservations"));
        if reserves && !lost {
            lost = true;
            return Fault::After;
        }
        Fault::None
    });
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), stage.reservations()), (0, json!(1)));
    stage.run(3 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await, published());
    assert_eq!(stage.reservations(), 0);
    stage.cost(15_000).await;
}

#[tokio::test]
async fn what_is_uncertain_keeps_its_money_until_it_is_found() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.02)).await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
    let posts = stage.posts(&["there", "after it"]).await;
    stage.run(10_000).await;
    assert_eq!(stage.stands(&posts[0]).await.0, "uncertain");
    let waiting = stage.delivery(&posts[1]).await;
    assert_eq!(waiting["reason"], "budget_used_up");
    assert!(
        waiting["detail"]
            .as_str()
            .unwrap()
            .contains("$0.015 under way"),
        "{waiting}"
    );
    // It may not be spent after all: it is asked for again soon.
    let again_at = waiting["next_attempt_at"].as_str().unwrap();
    assert!(again_at < "2026-11-21T12:05", "{again_at}");
    godwit::jobs::tick(&stage.world.app(), godwit::jobs::DAILY).await;
    assert_eq!(stage.reservations(), 1);
    stage.run(10 * MINUTE_MS).await;
    assert_eq!(stage.stands(&posts[0]).await, published());
    assert_eq!(
        (stage.on_x(), stage.stands(&posts[1]).await),
        (1, waits("budget_used_up"))
    );
    // The post, and one post read to find it.
    stage.cost(15_000 + 5_000).await;
}

#[tokio::test]
async fn what_a_person_gives_up_frees_its_money() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.02)).await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "drop_before" } }));
    let posts = stage.posts(&["nowhere", "after it"]).await;
    stage.run(20 * MINUTE_MS).await;
    assert_eq!(
        stage.stands(&posts[0]).await,
        ("uncertain".to_owned(), "needs_decision".to_owned())
    );
    assert_eq!(
        (stage.on_x(), stage.stands(&posts[1]).await),
        (0, waits("budget_used_up"))
    );
    let delivery = stage.delivery(&posts[0]).await;
    let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
    let (token, body) = (
        Some(stage.person.token.as_str()),
        json!({ "outcome": "give_up" }),
    );
    let given_up = stage.world.request("POST", &path, token, Some(body)).await;
    given_up.expect(200);
    stage.run(5 * MINUTE_MS).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&posts[1]).await),
        (1, published())
    );
    stage.cost(15_000).await;
    godwit::jobs::tick(&stage.world.app(), godwit::jobs::DAILY).await;
    assert_eq!(stage.reservations(), 0);
}

#[tokio::test]
async fn what_x_refuses_costs_nothing_and_frees_its_money() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.015)).await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "status", "name": "forbidden" } }));
    let posts = stage.posts(&["refused", "taken"]).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&posts[0]).await.0, "failed");
    assert_eq!(stage.stands(&posts[1]).await, published());
    stage.cost(15_000).await;
}

#[tokio::test]
async fn pictures_are_paid_for_once_and_need_room_in_the_budget() {
    let mut stage = Stage::new().await;
    let photo = stage.picture().await;
    let body = json!({ "text": "a bird", "accounts": [stage.account], "media": [photo] });
    stage.limit(per_day(0.034)).await;
    let first = stage.post_as(body).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&first).await, waits("budget_used_up"));
    stage.cost(0).await;
    stage.limit(per_day(0.05)).await;
    // The answer about the upload is lost on its way into the database, after it was written.
    let mut lost = false;
    stage.world.database.on_batch(move |statements| {
        let uploads = statements
            .iter()
            .any(|one| one.sql.contains("media_uploads SET external_id"));
        let books = statements
            .iter()
            .any(|one| one.sql.contains("INSERT INTO usage"));
        if uploads && books && !lost {
            lost = true;
            return Fault::After;
        }
        Fault::None
    });
    stage.run(3 * MINUTE_MS).await;
    assert_eq!(stage.stands(&first).await, published());
    stage.cost(35_000).await;
    let again = json!({ "accounts": [stage.account], "media": [photo] });
    let second = stage.post_as(again).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&second).await, published());
    stage.cost(50_000).await;
    assert_eq!(stage.reservations(), 0);
}

#[tokio::test]
async fn without_limits_a_publish_takes_two_round_trips_and_with_them_three() {
    let mut stage = Stage::new().await;
    for (limits, expected) in [(json!({ "reads_per_day": 1 }), 2), (per_day(1.0), 3)] {
        stage.limit(limits).await;
        stage.post("counted").await;
        let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
        stage.lose_mail();
        let before = stage.world.database.round_trips();
        stage.handle(bodies).await;
        assert_eq!(stage.world.database.round_trips() - before, expected);
    }
}

#[tokio::test]
async fn a_look_is_booked_once_when_the_answer_about_its_settlement_is_lost() {
    for (body, parts) in [
        (json!({ "text": "one" }), 1),
        (json!({ "thread": ["one", "two"] }), 2),
    ] {
        let mut stage = Stage::new().await;
        stage.limit(per_day(1.0)).await;
        stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
        let mut body = body;
        body["accounts"] = json!([stage.account]);
        let post = stage.post_as(body).await;
        let mut lost = 0;
        stage.world.database.on_batch(move |statements| {
            let books = statements
                .iter()
                .any(|one| one.sql.contains("INSERT INTO usage"));
            if books && lost < 3 {
                lost += 1;
                return Fault::After;
            }
            Fault::None
        });
        stage.run(10 * MINUTE_MS).await;
        assert_eq!(stage.stands(&post).await, published());
        stage.cost(parts * 15_000 + 5_000).await;
        let limits = stage.get(&stage.budgets()).await["limits"].clone();
        let used = if parts == 1 { 0.02 } else { 0.035 };
        assert_eq!(
            (&limits[0]["used"], &limits[1]["used"]),
            (&json!(used), &json!(1))
        );
    }
}

#[tokio::test]
async fn a_claim_that_was_taken_over_books_nothing_and_its_successor_all() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    let post = stage.post("slow").await;
    let database = std::sync::Arc::clone(&stage.world.database);
    stage.after_next_call(move || {
        database.change(&godwit::ports::Statement::new(
            "UPDATE deliveries SET epoch = epoch + 1",
        ));
    });
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), stage.spent().await), (1, 0));
    assert_eq!(stage.reservations(), 1);
    stage.run(10 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await, published());
    stage.cost(15_000).await;
    assert_eq!(stage.reservations(), 0);
}
