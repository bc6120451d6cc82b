//! What is said: previews, long texts, and everything beside the words.

use super::Stage;
use crate::support::Answer;
use godwit::ports::Statement;
use serde_json::{Value, json};

async fn ask(stage: &Stage, method: &str, path: &str, body: Value) -> Answer {
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, path, token, Some(body)).await
}

async fn preview(stage: &Stage, body: Value) -> Value {
    let mut shown = ask(stage, "POST", "/posts/preview", body).await.expect(200);
    shown["targets"][0].take()
}

/// The texts that X has, oldest first.
fn on_x(stage: &Stage) -> Vec<String> {
    let x = stage.x.lock().unwrap();
    x.posts().iter().map(|post| post.text.clone()).collect()
}

fn make_premium(stage: &Stage, account: &str) {
    let premium = "UPDATE accounts SET subscription = 'Premium' WHERE id = ?1";
    stage
        .world
        .database
        .change(&Statement::new(premium).bind(account));
}

#[tokio::test]
async fn a_preview_measures_prices_and_warns_and_leaves_no_trace() {
    let stage = Stage::new().await;
    let before = stage.world.database.dump();
    let text = "Cafe\u{301} @ada #one $AB $CD see example.com";
    let seen = preview(&stage, json!({ "text": text })).await;
    assert_eq!(
        (&seen["platform"], &seen["valid"], &seen["weighted_length"]),
        (&json!("x"), &json!(true), &json!(50))
    );
    assert_eq!(
        (&seen["limit"], &seen["remaining"]),
        (&json!(280), &json!(230))
    );
    assert_eq!(seen["price_usd"], 0.2);
    assert_eq!(
        seen["entities"],
        json!({
            "urls": [{ "text": "example.com", "start": 27, "end": 38 }],
            "mentions": [{ "text": "@ada", "start": 5, "end": 9 }],
            "hashtags": [{ "text": "#one", "start": 10, "end": 14 }],
            "cashtags": [
                { "text": "$AB", "start": 15, "end": 18 },
                { "text": "$CD", "start": 19, "end": 22 },
            ],
        })
    );
    let codes: Vec<&str> = seen["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["many_cashtags", "mention", "url_multiplies_price"]);
    assert!(
        stage.world.database.dump() == before,
        "something was written"
    );
    assert_eq!(stage.on_x(), 0);
}

#[tokio::test]
async fn a_preview_says_what_is_wrong_instead_of_refusing() {
    let stage = Stage::new().await;
    for (body, code, length) in [
        (json!({ "text": "" }), "text_empty", 0),
        (json!({ "text": "a".repeat(281) }), "text_too_long", 281),
        (json!({ "text": "a\u{feff}" }), "text_invalid_character", 3),
        (
            json!({ "thread": ["one", "b".repeat(300)] }),
            "text_too_long",
            300,
        ),
    ] {
        let seen = preview(&stage, body).await;
        assert_eq!(
            (
                &seen["valid"],
                &seen["errors"][0]["code"],
                &seen["weighted_length"]
            ),
            (&json!(false), &json!(code), &json!(length)),
            "{seen}"
        );
    }
    ask(
        &stage,
        "POST",
        "/posts/preview",
        json!({ "text": "a", "platforms": ["y"] }),
    )
    .await
    .refused(422, "unknown_platform");
    let nobody = json!({ "text": "a", "accounts": ["acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c"] });
    ask(&stage, "POST", "/posts/preview", nobody)
        .await
        .refused(422, "unknown_account");
}

#[tokio::test]
async fn each_account_gets_as_much_of_a_long_text_as_it_may_post() {
    let mut stage = Stage::new().await;
    let second = stage.connect("long_bill");
    make_premium(&stage, &second);
    let text = "One sentence of a long text. ".repeat(20);
    let accounts = [stage.account.clone(), second.clone()];
    let fields =
        json!({ "text": text, "accounts": accounts, "overflow": "thread", "numbering": true });
    let seen = ask(&stage, "POST", "/posts/preview", fields.clone())
        .await
        .expect(200);
    let limits: Vec<&Value> = [0, 1].map(|at| &seen["targets"][at]["limit"]).into();
    assert_eq!(limits, [280, 25_000]);
    let parts = seen["targets"][0]["parts"].as_array().unwrap();
    assert!(
        parts.len() > 2 && parts[0]["text"].as_str().unwrap().ends_with(" 1/3"),
        "{parts:?}"
    );
    let post = stage.post_as(fields).await;
    stage.run(30_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    assert_eq!(
        (&shown["status"], &shown["text"]),
        (&json!("published"), &json!(text))
    );
    let totals: Vec<_> = shown["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["account_id"] == second,
                one["parts_sent"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(
        totals.contains(&(false, 3)) && totals.contains(&(true, 1)),
        "{totals:?}"
    );
    let there = on_x(&stage);
    assert_eq!(there.len(), 4);
    for part in parts {
        let text = part["text"].as_str().unwrap();
        assert!(there.iter().any(|one| one == text), "{text:?} in {there:?}");
    }
}

#[tokio::test]
async fn a_long_text_is_cut_with_its_link_and_hashtags_are_appended_where_they_fit() {
    let mut stage = Stage::new().await;
    let account = stage.account.clone();
    stage
        .post_as(json!({
            "text": "word ".repeat(100), "accounts": [account], "overflow": "truncate",
            "link": "https://example.com/whole", "hashtags": ["no"],
        }))
        .await;
    stage
        .post_as(
            json!({ "text": "Short #One", "accounts": [account], "hashtags": ["one", "#two"] }),
        )
        .await;
    stage.run(30_000).await;
    let there = on_x(&stage);
    assert!(
        there.iter().any(|text| text == "Short #One #two"),
        "{there:?}"
    );
    let cut = there.iter().find(|text| text.starts_with("word")).unwrap();
    assert!(cut.ends_with("word… https://example.com/whole"), "{cut}");
}

#[tokio::test]
async fn what_cannot_be_said_together_or_at_all_is_named() {
    let stage = Stage::new().await;
    let poll = json!({ "options": ["yes", "no"], "duration_minutes": 60 });
    for (fields, code, pointer) in [
        (
            json!({ "poll": poll, "quote": "1212092628029698048" }),
            "not_together",
            "/poll",
        ),
        (
            json!({ "poll": { "options": ["yes"], "duration_minutes": 60 } }),
            "invalid_poll",
            "/poll/options",
        ),
        (
            json!({ "poll": { "options": ["yes", "x".repeat(26)], "duration_minutes": 60 } }),
            "invalid_poll",
            "/poll/options/1",
        ),
        (
            json!({ "poll": { "options": ["yes", "no"], "duration_minutes": 4 } }),
            "invalid_poll",
            "/poll/duration_minutes",
        ),
        (
            json!({ "reply_to": "https://example.com/1" }),
            "not_a_post_link",
            "/reply_to",
        ),
        (json!({ "quote": "x" }), "not_a_post_link", "/quote"),
        (
            json!({ "community_id": "abc" }),
            "invalid_community",
            "/community_id",
        ),
        (
            json!({ "hashtags": ["good", "not good"] }),
            "invalid_hashtag",
            "/hashtags/1",
        ),
        (
            json!({ "numbering": true }),
            "numbering_without_thread",
            "/numbering",
        ),
        (
            json!({ "link": "https://example.com" }),
            "link_without_truncate",
            "/link",
        ),
        (
            json!({ "link": "no link", "overflow": "truncate" }),
            "not_a_link",
            "/link",
        ),
    ] {
        let mut body = json!({ "text": "words", "accounts": [stage.account] });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = ask(&stage, "POST", "/posts", body).await;
        answer.refused(422, code);
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{fields}");
    }
    assert_eq!(stage.world.database.value("SELECT count(*) FROM posts"), 0);
}

#[tokio::test]
async fn what_is_wanted_beside_the_words_reaches_x_and_is_shown() {
    let mut stage = Stage::new().await;
    let account = stage.account.clone();
    let first = stage.post("the first").await;
    stage.run(1_000).await;
    let url = stage.delivery(&first).await["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = stage.delivery(&first).await["parts"][0]["external_id"].clone();
    let reply = stage
        .post_as(json!({
            "thread": ["a reply", "and more"], "accounts": [account], "reply_to": url,
            "reply_settings": "following", "made_with_ai": true, "paid_partnership": true,
        }))
        .await;
    let asked = stage
        .post_as(json!({
            "text": "what do you think?", "accounts": [account],
            "poll": { "options": ["this", "that"], "duration_minutes": 60 },
        }))
        .await;
    stage.run(30_000).await;
    let shown = stage.get(&format!("/posts/{reply}")).await;
    assert_eq!(
        (
            &shown["status"],
            &shown["reply_to"],
            &shown["reply_settings"],
            &shown["made_with_ai"]
        ),
        (&json!("published"), &id, &json!("following"), &json!(true)),
        "{shown}"
    );
    let replied = {
        let x = stage.x.lock().unwrap();
        let posts = x.posts();
        let reply = posts.iter().find(|post| post.text == "a reply");
        json!(reply.unwrap().reply_to)
    };
    assert_eq!(replied, id);
    let shown = stage.get(&format!("/posts/{asked}")).await;
    assert_eq!(
        (&shown["status"], &shown["poll"]["options"][1]),
        (&json!("published"), &json!("that")),
        "{shown}"
    );
}

#[tokio::test]
async fn a_change_of_one_thing_leaves_the_others() {
    let mut stage = Stage::new().await;
    let account = stage.account.clone();
    let post = stage
        .post_as(json!({
            "text": "words ".repeat(60), "accounts": [account], "overflow": "thread", "made_with_ai": true,
            "publish_at": "2026-11-21T13:00:00Z",
        }))
        .await;
    let path = format!("/posts/{post}");
    let parts = stage.get(&path).await["deliveries"][0]["parts_total"].clone();
    assert_eq!(parts, 2);
    let shown = ask(&stage, "PATCH", &path, json!({ "overflow": "truncate" }))
        .await
        .expect(200);
    assert_eq!(
        (
            &shown["deliveries"][0]["parts_total"],
            &shown["made_with_ai"]
        ),
        (&json!(1), &json!(true))
    );
    ask(&stage, "PATCH", &path, json!({ "overflow": "reject" }))
        .await
        .refused(422, "text_too_long");
    let shown = ask(
        &stage,
        "PATCH",
        &path,
        json!({ "text": "fewer words", "made_with_ai": false }),
    )
    .await
    .expect(200);
    assert_eq!(
        (
            &shown["revision"],
            &shown["publish_at"],
            &shown["made_with_ai"]
        ),
        (&json!(3), &json!("2026-11-21T13:00:00.000Z"), &Value::Null)
    );
    stage.run(3_700_000).await;
    assert_eq!(on_x(&stage), ["fewer words"]);
}
