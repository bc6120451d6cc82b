//! Looking for a doubtful post on a real account: late, rewritten, among others, twice, gone.

use super::Stage;
use godwit::gate::{AdoptAnswer, AdoptPart, GateName, GateReply, GateRequest, PartKey};
use godwit::ids::DeliveryId;
use godwit::ports::{Clock as _, Statement};
use serde_json::{Value, json};

fn once(effect: &Value) -> Value {
    json!({ "on": "create", "times": 1, "do": effect })
}

fn lost() -> Value {
    once(&json!({ "kind": "accept_then_hang" }))
}

fn never_arrived() -> Value {
    once(&json!({ "kind": "hang_before" }))
}

fn write(stage: &Stage, text: &str) -> String {
    let now = stage.world.clock.now().millis();
    let mut x = stage.x.lock().unwrap();
    x.write_as(now, "godwit_demo", text).unwrap()
}

fn id(delivery: &Value) -> &str {
    delivery["parts"][0]["external_id"].as_str().unwrap()
}

fn creates(stage: &Stage) -> u64 {
    stage.x.lock().unwrap().counts().creates_received
}

#[tokio::test]
async fn a_timeline_that_lags_by_a_minute_shows_it_in_time() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.timeline_lag = 60_000;
    stage.fault(&lost());
    let post = stage.post("seen a minute later").await;
    stage.run(40_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    stage.run(600_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!((stage.on_x(), creates(&stage)), (1, 1));
    let reads = stage.x.lock().unwrap().counts().timeline_reads;
    assert!((2..=3).contains(&reads), "{reads}");
}

#[tokio::test]
async fn what_x_has_rewritten_is_found_and_adopted() {
    for text in [
        "See https://example.com/a?b=1&c=2 & <more> at example.com.\n",
        "&amp; is &amp;amp; and cafe\u{301} at https://ru.wikipedia.org/wiki/Россия",
        "two links example.com/a/ https://bit.ly/x\n\nand the end ",
    ] {
        let mut stage = Stage::new().await;
        let leads_on = ("https://bit.ly/x".into(), "https://example.com/far".into());
        stage
            .x
            .lock()
            .unwrap()
            .settings
            .redirects
            .extend([leads_on]);
        stage.fault(&lost());
        let post = stage.post(text).await;
        stage.run(60_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["state"], "published", "{text:?}");
        assert_eq!((stage.on_x(), creates(&stage)), (1, 1));
    }
}

#[tokio::test]
async fn two_doubtful_posts_with_the_same_words_adopt_one_each_the_earlier_the_older() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.duplicate_window = 0;
    stage.fault(&lost());
    stage.fault(&lost());
    let first = stage.post("same words").await;
    stage.world.clock.advance(1);
    let second = stage.post("same words").await;
    stage.run(300_000).await;
    let (first, second) = (stage.delivery(&first).await, stage.delivery(&second).await);
    let on_x: Vec<String> = stage
        .x
        .lock()
        .unwrap()
        .posts()
        .into_iter()
        .map(|post| post.id)
        .collect();
    assert_eq!([id(&first), id(&second)], [&on_x[0], &on_x[1]]);
    assert_eq!((on_x.len(), creates(&stage)), (2, 2));
}

#[tokio::test]
async fn what_only_the_later_of_two_can_be_is_left_to_it_although_it_looks_first() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.duplicate_window = 0;
    let lands_after = |ms: u32| once(&json!({ "kind": "land_later", "ms": ms }));
    // The call of the first takes effect at the last moment, when that of the second has left.
    stage.fault(&lands_after(29_000));
    let first = stage.post("same words").await;
    stage.run(26_000).await;
    let wait = Statement::new(
        "UPDATE deliveries SET next_attempt_at = next_attempt_at + 300000, sweep_at = sweep_at + 300000",
    );
    stage.world.database.change(&wait);
    stage.fault(&lands_after(28_000));
    let second = stage.post("same words").await;
    stage.run(900_000).await;
    let (first, second) = (stage.delivery(&first).await, stage.delivery(&second).await);
    let posts = stage.x.lock().unwrap().posts();
    let on_x: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    assert_eq!(on_x, [id(&first), id(&second)]);
    assert_eq!(creates(&stage), 2);
}

#[tokio::test]
async fn of_two_doubtful_posts_with_the_same_words_one_on_x_is_adopted_once() {
    let mut stage = Stage::new().await;
    stage.fault(&lost());
    stage.fault(&never_arrived());
    let first = stage.post("same words").await;
    stage.world.clock.advance(1);
    let second = stage.post("same words").await;
    stage.run(900_000).await;
    let states = [
        stage.delivery(&first).await["state"].clone(),
        stage.delivery(&second).await["state"].clone(),
    ];
    assert_eq!(states, ["published", "uncertain"]);
    assert_eq!(stage.delivery(&second).await["reason"], "needs_decision");
    assert_eq!((stage.on_x(), creates(&stage)), (1, 2));
}

#[tokio::test]
async fn the_same_words_written_by_hand_since_the_call_count_as_the_post() {
    // Nobody can tell them from ours, and the words are there: sending them again is what nobody wants.
    let mut stage = Stage::new().await;
    stage.fault(&never_arrived());
    let post = stage.post("said already").await;
    stage.run(5_000).await;
    let by_hand = write(&stage, "said already");
    stage.run(300_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], id(&delivery)),
        (&json!("published"), &*by_hand)
    );
    assert_eq!((stage.on_x(), creates(&stage)), (1, 1));
}

#[tokio::test]
async fn of_ours_and_the_same_words_by_hand_the_older_is_adopted_and_nothing_sent() {
    let mut stage = Stage::new().await;
    stage.fault(&lost());
    let post = stage.post("said twice").await;
    stage.run(5_000).await;
    write(&stage, "said twice");
    stage.run(300_000).await;
    let delivery = stage.delivery(&post).await;
    let ours = stage.x.lock().unwrap().posts()[0].id.clone();
    assert_eq!(
        (&delivery["state"], id(&delivery)),
        (&json!("published"), &*ours)
    );
    assert_eq!((stage.on_x(), creates(&stage)), (2, 1));
}

#[tokio::test]
async fn what_was_written_by_hand_elsewhere_or_otherwise_is_not_adopted() {
    let mut stage = Stage::new().await;
    let root = write(&stage, "a root");
    // The same words before the call are older than what is looked for.
    write(&stage, "looked for");
    stage.world.clock.advance(10_000);
    stage.fault(&never_arrived());
    let post = stage.post("looked for").await;
    stage.run(5_000).await;
    let now = stage.world.clock.now().millis();
    stage
        .x
        .lock()
        .unwrap()
        .reply_as(now, "godwit_demo", "looked for", &root)
        .unwrap();
    stage
        .x
        .lock()
        .unwrap()
        .write_as(now, "second_bird", "looked for")
        .unwrap();
    for text in [
        "Looked for",
        "looked for it",
        "looked for https://example.com",
    ] {
        write(&stage, text);
    }
    stage.run(900_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("uncertain"), &json!("needs_decision"))
    );
    assert_eq!(creates(&stage), 1);
}

#[tokio::test]
async fn what_was_deleted_before_it_was_looked_for_is_a_person_s_to_decide() {
    let mut stage = Stage::new().await;
    stage.fault(&lost());
    let post = stage.post("regretted").await;
    stage.run(5_000).await;
    let ours = stage.x.lock().unwrap().posts()[0].id.clone();
    let now = stage.world.clock.now().millis();
    stage.x.lock().unwrap().remove(now, &ours);
    stage.run(3_600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("uncertain"), &json!("needs_decision"))
    );
    assert_eq!(creates(&stage), 1);
}

#[tokio::test]
async fn a_quote_by_hand_of_the_same_words_is_another_post() {
    let mut stage = Stage::new().await;
    stage.fault(&never_arrived());
    let post = stage.post("quotable").await;
    stage.run(5_000).await;
    write(&stage, "quotable https://x.com/second_bird/status/1");
    stage.run(900_000).await;
    assert_eq!(stage.delivery(&post).await["reason"], "needs_decision");
}

#[tokio::test]
async fn what_a_person_says_while_x_is_being_read_counts() {
    let mut stage = Stage::new().await;
    stage.fault(&lost());
    let post = stage.post("found twice").await;
    stage.run(25_000).await;
    let by_hand = write(&stage, "the person's own version");
    stage.fault(&json!({ "on": "timeline", "do": { "kind": "delay", "ms": 3_000 } }));
    stage.world.clock.advance(10_000);
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    {
        let mut looking = Box::pin(godwit::jobs::handle(&app, "godwit-publish", &bodies));
        while stage.x.lock().unwrap().counts().timeline_reads == 0 {
            let answer = futures_util::future::poll_immediate(&mut looking).await;
            assert!(answer.is_none());
        }
        let delivery = stage.world.database.value("SELECT id FROM deliveries");
        let said = GateRequest::Adopt(AdoptPart {
            part: PartKey {
                delivery_id: DeliveryId::parse(delivery.as_str().unwrap()).unwrap(),
                position: 0,
            },
            external_id: by_hand.clone(),
            created_at: app.now(),
            accepted_at: app.now(),
        });
        let answer = app.gates.call(&GateName::x("1001"), said).await.unwrap();
        assert_eq!(answer, GateReply::Adopt(AdoptAnswer::Adopted));
        looking.await;
    }
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], id(&delivery)),
        (&json!("published"), &*by_hand)
    );
}

#[tokio::test]
async fn looks_that_x_refuses_take_the_place_of_none() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.timeline_lag = 60_000;
    stage.fault(&lost());
    stage.fault(&json!({ "on": "timeline", "times": 10, "do": { "kind": "status", "name": "credits_depleted" } }));
    let post = stage.post("looked for").await;
    stage.run(2 * 3_600_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    stage.x.lock().unwrap().settings.timeline_lag = 86_400_000;
    stage.run(2 * 3_600_000).await;
    let shown = stage.delivery(&post).await;
    assert_eq!(shown["reason"], "needs_decision");
    let detail = shown["detail"].as_str().unwrap();
    assert!(detail.contains("4 looks"), "{detail}");
}

#[tokio::test]
async fn looks_that_x_does_not_answer_become_rarer_and_end_with_a_person() {
    let mut stage = Stage::new().await;
    stage.fault(&lost());
    stage.fault(&json!({ "on": "timeline", "times": 9_999, "do": { "kind": "status", "name": "server_error" } }));
    let post = stage.post("looked for").await;
    let reads = |stage: &Stage| stage.x.lock().unwrap().counts().timeline_reads;
    stage.run(10 * 60_000).await;
    let at_first = reads(&stage);
    assert!((4..=12).contains(&at_first), "{at_first} in ten minutes");
    stage.run(60 * 60_000).await;
    assert!(
        reads(&stage) - at_first <= 6,
        "{} in an hour",
        reads(&stage) - at_first
    );
    stage.run(26 * 3_600_000).await;
    let shown = stage.delivery(&post).await;
    assert_eq!(shown["reason"], "needs_decision", "{shown}");
}
