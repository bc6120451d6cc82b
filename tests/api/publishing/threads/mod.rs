//! Threads: in order, each part a reply to the one before, and from any interruption on with the first that is not sent.

mod interrupted;

use super::Stage;
use godwit::ports::{Clock, Statement};
use serde_json::{Value, json};

fn texts(count: usize) -> Vec<String> {
    (1..=count)
        .map(|n| format!("Part {n} of {count}: see https://example.com/{n} & more"))
        .collect()
}

async fn thread(stage: &Stage, texts: &[String]) -> String {
    stage
        .post_as(json!({ "thread": texts, "accounts": [stage.account] }))
        .await
}

fn fault(on: &str, after: u32, effect: &Value) -> Value {
    json!({ "on": on, "after": after, "times": 1, "do": effect })
}

/// What X has is these texts, each once, in order, each a reply to the one before.
#[track_caller]
fn chained(stage: &Stage, texts: &[String]) {
    let posts = stage.x.lock().unwrap().posts();
    let on_x: Vec<&String> = posts.iter().map(|post| &post.text).collect();
    assert_eq!(on_x, texts.iter().collect::<Vec<_>>());
    let mut before = None;
    for post in &posts {
        assert_eq!(post.reply_to, before, "{}", post.text);
        before = Some(post.id.clone());
    }
}

fn creates(stage: &Stage) -> u64 {
    stage.x.lock().unwrap().counts().creates_received
}

async fn ask(stage: &Stage, method: &str, path: &str) -> crate::support::Answer {
    stage
        .world
        .request(method, path, Some(&stage.person.token), None)
        .await
}

#[tokio::test]
async fn a_thread_is_on_x_in_order_and_each_part_shows_its_id_and_url() {
    let mut stage = Stage::new().await;
    let texts = texts(5);
    let post = thread(&stage, &texts).await;
    let accepted = stage.delivery(&post).await;
    assert_eq!(
        (
            &accepted["parts_sent"],
            &accepted["parts_total"],
            &accepted["progress"]
        ),
        (&json!(0), &json!(5), &json!("0 of 5 sent"))
    );
    stage.run(1_000).await;
    chained(&stage, &texts);
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(
        (&shown["status"], &shown["text"], &shown["segments"]),
        (&json!("published"), &json!(texts[0]), &json!(texts))
    );
    let delivery = &shown["deliveries"][0];
    assert_eq!(delivery["progress"], "5 of 5 sent");
    let on_x = stage.x.lock().unwrap().posts();
    for (part, post) in delivery["parts"].as_array().unwrap().iter().zip(&on_x) {
        let url = format!("https://x.com/godwit_demo/status/{}", post.id);
        assert_eq!(
            (&part["state"], &part["external_id"], &part["url"]),
            (&json!("sent"), &json!(post.id), &json!(url))
        );
    }
    assert_eq!(delivery["url"], delivery["parts"][0]["url"]);
    let history = stage.get("/history").await;
    assert_eq!(history["items"][0]["parts"], delivery["parts"]);
}

#[tokio::test]
async fn n_parts_take_one_round_trip_more_than_n_and_n_calls() {
    for parts in [1_u64, 2, 5] {
        let mut stage = Stage::new().await;
        thread(&stage, &texts(usize::try_from(parts).unwrap())).await;
        let bodies = stage.mail().iter().map(|(_, body)| body.clone()).collect();
        let before = (
            stage.world.database.round_trips(),
            stage.world.gates.calls().count() as u64,
            stage.world.http.requests().count() as u64,
        );
        stage.handle(bodies).await;
        assert_eq!(stage.world.database.round_trips() - before.0, parts + 1);
        assert_eq!(stage.world.gates.calls().count() as u64 - before.1, parts);
        assert_eq!(stage.world.http.requests().count() as u64 - before.2, parts);
        assert_eq!(stage.on_x() as u64, parts);
    }
}

#[tokio::test]
async fn a_window_that_closes_in_the_middle_is_waited_for() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "3")]).await;
    let texts = texts(5);
    let post = thread(&stage, &texts).await;
    stage.run(1_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (
            &shown["status"],
            &delivery["state"],
            &delivery["reason"],
            &delivery["progress"]
        ),
        (
            &json!("publishing"),
            &json!("waiting"),
            &json!("rate_limited"),
            &json!("3 of 5 sent")
        )
    );
    stage.run(16 * 60_000).await;
    chained(&stage, &texts);
    assert_eq!(stage.delivery(&post).await["state"], "published");
}

#[tokio::test]
async fn a_thread_of_a_hundred_parts_goes_out_whole() {
    let mut stage = Stage::new().await;
    let texts = texts(100);
    let post = thread(&stage, &texts).await;
    stage.run(1_000).await;
    assert_eq!(stage.delivery(&post).await["progress"], "50 of 100 sent");
    stage.run(16 * 60_000).await;
    chained(&stage, &texts);
    assert_eq!(stage.delivery(&post).await["progress"], "100 of 100 sent");
    assert_eq!(creates(&stage), 100);
}

#[tokio::test]
async fn a_cancel_in_the_middle_stops_the_rest_and_says_how_far_it_came() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "3")]).await;
    let texts = texts(5);
    let post = thread(&stage, &texts).await;
    stage.run(1_000).await;
    let shown = ask(&stage, "DELETE", &format!("/posts/{post}"))
        .await
        .expect(200);
    assert_eq!(shown["status"], "partly_published");
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&delivery["state"], &delivery["detail"]),
        (
            &json!("canceled"),
            &json!("Taken back after 3 of 5 parts were sent.")
        )
    );
    stage.run(3_600_000).await;
    chained(&stage, &texts[..3]);
    assert_eq!(stage.delivery(&post).await["state"], "canceled");
}

#[tokio::test]
async fn a_thread_that_was_not_begun_is_taken_back_as_before_it_was_sent() {
    let stage = Stage::new().await;
    let post = thread(&stage, &texts(2)).await;
    let shown = ask(&stage, "DELETE", &format!("/posts/{post}"))
        .await
        .expect(200);
    assert_eq!(
        (&shown["status"], &shown["deliveries"][0]["detail"]),
        (&json!("canceled"), &json!("Taken back before it was sent."))
    );
}

#[tokio::test]
async fn a_part_that_x_refuses_ends_the_thread_and_a_retry_goes_on_from_there() {
    let mut stage = Stage::new().await;
    let texts = texts(5);
    stage.fault(&fault(
        "create",
        2,
        &json!({ "kind": "status", "name": "forbidden" }),
    ));
    let post = thread(&stage, &texts).await;
    stage.run(1_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (
            &shown["status"],
            &delivery["state"],
            &delivery["parts"][2]["state"]
        ),
        (
            &json!("partly_published"),
            &json!("failed"),
            &json!("refused")
        )
    );
    let detail = delivery["detail"].as_str().unwrap();
    assert!(detail.ends_with(" 2 of 5 parts were sent."), "{detail}");
    ask(&stage, "POST", &format!("/posts/{post}/retry"))
        .await
        .expect(202);
    stage.run(1_000).await;
    chained(&stage, &texts);
    assert_eq!(
        stage.get(&format!("/posts/{post}")).await["status"],
        "published"
    );
    assert_eq!(creates(&stage), 6);
}

#[tokio::test]
async fn refusals_are_counted_anew_for_each_part() {
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    // Every part needs fresh tokens, and gets them at the third try.
    stage.world.clock.advance(7_200_000);
    stage.x.lock().unwrap().settings.access_token_lifetime = 600_000;
    for after in 0..4 {
        stage.fault(&json!({ "on": "refresh", "after": after, "times": 2, "do": { "kind": "status", "name": "service_unavailable" } }));
    }
    let texts = texts(4);
    let post = thread(&stage, &texts).await;
    stage.run(70 * 60_000).await;
    chained(&stage, &texts);
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 12);
}

#[tokio::test]
async fn an_account_that_is_unlinked_in_the_middle_sends_no_further_part() {
    // While it waits …
    let mut stage = Stage::with(&[("X_POST_LIMIT_15MIN", "2")]).await;
    let texts = texts(3);
    let post = thread(&stage, &texts).await;
    stage.run(1_000).await;
    ask(&stage, "DELETE", &format!("/accounts/{}", stage.account))
        .await
        .expect(200);
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(shown["status"], "partly_published");
    let detail = &shown["deliveries"][0]["detail"];
    assert_eq!(
        *detail,
        "The account was unlinked before this was sent. 2 of 3 parts were sent."
    );
    // … and while it is being sent.
    let mut stage = Stage::new().await;
    let post = thread(&stage, &texts).await;
    let database = std::sync::Arc::clone(&stage.world.database);
    stage.after_next_call(move || {
        database.change(&Statement::new("UPDATE accounts SET status = 'unlinked'"));
        database.change(&Statement::new("DELETE FROM account_tokens"));
    });
    stage.run(1_000).await;
    chained(&stage, &texts[..1]);
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("canceled"), &json!("account_unlinked"))
    );
    assert!(
        delivery["detail"]
            .as_str()
            .unwrap()
            .ends_with(" 1 of 3 parts were sent.")
    );
}

#[tokio::test]
async fn a_claim_works_for_two_leases_and_then_lets_others_have_their_turn() {
    let mut stage = Stage::new().await;
    let texts = texts(12);
    stage.fault(&json!({ "on": "create", "times": 12, "do": { "kind": "delay", "ms": 15_000 } }));
    let post = thread(&stage, &texts).await;
    stage.world.clock.advance(1);
    let mail = stage.mail().to_vec();
    stage.lose_mail();
    let begun = stage.world.clock.now();
    stage.handle(vec![mail[0].1.clone()]).await;
    let took = stage.world.clock.now().since(begun);
    assert!((120_000..=135_000).contains(&took), "{took}");
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["parts_sent"]),
        (&json!("queued"), &json!(8))
    );
    let nudges = stage.mail().len();
    assert_eq!(nudges, 1, "its next claim was asked for");
    stage.run(300_000).await;
    chained(&stage, &texts);
    assert_eq!(creates(&stage), 12);
}

#[tokio::test]
async fn a_lease_is_renewed_for_each_part_so_that_a_slow_thread_keeps_its_claim() {
    let mut stage = Stage::new().await;
    let texts = texts(5);
    stage.fault(&json!({ "on": "create", "times": 5, "do": { "kind": "delay", "ms": 19_000 } }));
    let post = thread(&stage, &texts).await;
    // 95 s, and the lease is 60 s; the sweep nudges meanwhile.
    stage.run(200_000).await;
    chained(&stage, &texts);
    assert_eq!(
        stage.world.database.value("SELECT epoch FROM deliveries"),
        1
    );
    assert_eq!(
        stage.delivery(&post).await["attempts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_part_is_named_by_its_place() {
    let stage = Stage::new().await;
    let refused = async |fields: Value, code: &str, pointers: &[&str]| {
        let mut body = json!({ "accounts": [stage.account] });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let token = Some(stage.person.token.as_str());
        let answer = stage
            .world
            .request("POST", "/posts", token, Some(body))
            .await;
        answer.refused(422, code);
        let errors = answer.json["errors"].as_array().unwrap();
        let named: Vec<_> = errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(named, pointers);
    };
    let long = "a".repeat(281);
    refused(
        json!({ "thread": ["one", "two", ""] }),
        "text_empty",
        &["/thread/2"],
    )
    .await;
    refused(json!({ "thread": [long] }), "text_too_long", &["/thread/0"]).await;
    refused(
        json!({ "thread": ["one", "a\u{feff}"] }),
        "text_invalid_character",
        &["/thread/1"],
    )
    .await;
    refused(
        json!({ "thread": [long, "two", " "] }),
        "invalid_request",
        &["/thread/0", "/thread/2"],
    )
    .await;
    refused(json!({ "thread": [] }), "invalid_thread", &["/thread"]).await;
    refused(
        json!({ "thread": vec!["a"; 101] }),
        "invalid_thread",
        &["/thread"],
    )
    .await;
    refused(
        json!({ "thread": ["one", 2] }),
        "invalid_value",
        &["/thread/1"],
    )
    .await;
    refused(
        json!({ "text": "one", "thread": ["one"] }),
        "text_and_thread",
        &["/thread"],
    )
    .await;
    refused(json!({}), "missing_field", &["/text"]).await;
    assert_eq!(stage.world.database.value("SELECT count(*) FROM posts"), 0);
    let second = stage.connect("second_bird");
    let link = format!("https://example.com/{}", "a".repeat(4_000));
    let texts: Vec<String> = (0..100).map(|n| format!("{n} {link} {link}")).collect();
    let fields = json!({ "thread": texts, "accounts": [stage.account, second] });
    refused(fields, "post_too_large", &["/accounts"]).await;
    assert_eq!(stage.world.database.value("SELECT count(*) FROM posts"), 0);
}
