//! `POST /posts`: what is not accepted, and why.

use super::{Ground, problem};
use crate::support::Answer;
use godwit::http::Route;
use godwit::ports::{Clock as _, Statement};
use godwit::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use serde_json::{Value, json};

fn route() -> Route {
    let mut table = godwit::http::routes().into_iter();
    table
        .find(|route| route.path == "/posts" && route.method == "POST")
        .unwrap()
}

/// The good body with something else in some fields.
async fn post(ground: &Ground, changes: Value) -> Answer {
    let good = ground.good(&route()).await;
    let mut body = good.value();
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    ground.send(good.json(&body)).await
}

/// Sees that nothing was accepted, and why.
async fn refused(ground: &Ground, changes: Value, code: &str, pointer: &str) -> Answer {
    let before = ground.traces();
    let what = changes.to_string().chars().take(200).collect::<String>();
    let answer = post(ground, changes).await;
    problem(&what, &answer, 422, code);
    assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{what}");
    assert_eq!(ground.traces(), before, "{what}");
    answer
}

fn weigh(count: usize, unit: &str) -> Value {
    json!({ "text": unit.repeat(count) })
}

#[tokio::test]
async fn a_text_of_280_is_accepted_and_one_of_281_is_not_and_both_numbers_are_named() {
    let ground = Ground::new().await;
    // How often of what: each 280 as X counts.
    for (count, unit) in [
        (280, "a"),
        (140, "\u{1f426}"),
        (140, "\u{65e5}"),
        (140, "\u{c548}"),
        // One emoji, whatever it is made of.
        (
            140,
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
        ),
        (140, "\u{1f1ee}\u{1f1f9}"),
        // Composed first: NFC makes one character of these two.
        (280, "e\u{301}"),
    ] {
        let answer = post(&ground, weigh(count, unit)).await;
        assert_eq!(answer.status, 202, "{unit}: {}", answer.json);
        let mut text = unit.repeat(count);
        text.push('a');
        let answer = refused(&ground, json!({ "text": text }), "text_too_long", "/text").await;
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(
            detail.contains("281") && detail.contains("280"),
            "{unit}: {detail}"
        );
    }
    // A link is 23, short or long.
    for link in [
        "https://a.co".to_owned(),
        format!("https://example.com/{}", "a".repeat(900)),
    ] {
        let fits = format!("{} {link}", "a".repeat(256));
        assert_eq!(post(&ground, json!({ "text": fits })).await.status, 202);
        let text = format!("{} {link}", "a".repeat(257));
        let answer = refused(&ground, json!({ "text": text }), "text_too_long", "/text").await;
        assert!(answer.json["detail"].as_str().unwrap().contains("281"));
    }
    let far = refused(&ground, weigh(500_000, "a"), "text_too_long", "/text").await;
    assert!(
        far.json["detail"].as_str().unwrap().contains("500000"),
        "{}",
        far.json
    );
}

#[tokio::test]
async fn a_text_of_nothing_or_with_what_x_takes_nowhere_is_refused() {
    let ground = Ground::new().await;
    for blank in ["", " ", "\n\t ", "\u{a0}", "\u{2003}\u{3000}"] {
        refused(&ground, json!({ "text": blank }), "text_empty", "/text").await;
    }
    for bad in ["a\u{feff}", "\u{fffe}a", "a\u{ffff}b"] {
        refused(
            &ground,
            json!({ "text": bad }),
            "text_invalid_character",
            "/text",
        )
        .await;
    }
}

#[tokio::test]
async fn the_accounts_are_one_to_fifty_of_ones_own_each_once() {
    let ground = Ground::new().await;
    let own = ground.ours.account.as_str();
    let unknown = |number: usize| format!("acct_019a9b1c-7d2e-7c11-8f00-{number:012x}");
    let many = |count: usize| json!({ "accounts": (0..count).map(unknown).collect::<Vec<_>>() });
    refused(
        &ground,
        json!({ "accounts": [] }),
        "invalid_accounts",
        "/accounts",
    )
    .await;
    refused(&ground, many(51), "invalid_accounts", "/accounts").await;
    let answer = post(&ground, many(50)).await;
    problem("fifty unknown", &answer, 422, "invalid_request");
    assert_eq!(answer.json["errors"].as_array().unwrap().len(), 50);
    refused(
        &ground,
        json!({ "accounts": [own, own] }),
        "duplicate_account",
        "/accounts/1",
    )
    .await;
    for bad in [
        "",
        "x",
        "acct_",
        &own.to_uppercase(),
        &format!("{own} "),
        &ground.hers.account,
        &ground.ours.post,
    ] {
        refused(
            &ground,
            json!({ "accounts": [own, bad] }),
            "unknown_account",
            "/accounts/1",
        )
        .await;
    }
}

#[tokio::test]
async fn an_account_that_must_be_connected_again_is_refused_with_what_to_do() {
    let ground = Ground::new().await;
    let sql = "UPDATE accounts SET status = 'needs_reconnect' WHERE id = ?1";
    let change = Statement::new(sql).bind(ground.ours.account.as_str());
    ground.world().database.change(&change);
    let answer = refused(&ground, json!({}), "account_needs_reconnect", "/accounts/0").await;
    assert!(
        answer.json["detail"]
            .as_str()
            .unwrap()
            .contains("/connections/x/authorize")
    );
    let sql = "UPDATE accounts SET status = 'unlinked' WHERE id = ?1";
    let change = Statement::new(sql).bind(ground.ours.account.as_str());
    ground.world().database.change(&change);
    refused(&ground, json!({}), "unknown_account", "/accounts/0").await;
}

#[tokio::test]
async fn a_time_past_by_more_than_a_minute_or_over_a_year_ahead_is_refused() {
    let ground = Ground::new().await;
    let now = ground.world().clock.now();
    let at = |ms: i64| json!({ "publish_at": now.plus_ms(ms).to_string() });
    for past in [-MINUTE_MS - 1, -2 * MINUTE_MS, -DAY_MS, -60 * 365 * DAY_MS] {
        refused(&ground, at(past), "publish_at_past", "/publish_at").await;
    }
    for far in [366 * DAY_MS + 1, 400 * DAY_MS, 7_000 * 365 * DAY_MS] {
        refused(&ground, at(far), "publish_at_too_far", "/publish_at").await;
    }
    for (good, status) in [
        (-MINUTE_MS, "publishing"),
        (-SECOND_MS, "publishing"),
        (0, "publishing"),
        (SECOND_MS, "scheduled"),
        (365 * DAY_MS, "scheduled"),
    ] {
        let answer = post(&ground, at(good)).await;
        assert_eq!(
            (answer.status, answer.json["status"].as_str()),
            (202, Some(status)),
            "{good}"
        );
    }
    let past = json!({ "publish_at": "2026-11-21T12:58:00", "timezone": "Europe/Rome" });
    refused(&ground, past, "publish_at_past", "/publish_at").await;
}

#[tokio::test]
async fn a_zone_that_is_none_and_a_time_that_is_none_are_refused_by_name() {
    let ground = Ground::new().await;
    let wall = "2026-12-01T09:00:00";
    for zone in [
        "Mars/Olympus",
        "",
        "+02:00",
        "GMT+25",
        "Europe",
        "Europe/../etc/passwd",
        "europe rome",
        "\u{0}",
        &"a".repeat(100_000),
    ] {
        let body = json!({ "publish_at": wall, "timezone": zone });
        refused(&ground, body, "unknown_timezone", "/timezone").await;
    }
    for time in [
        "",
        "tomorrow",
        "2026-12-01",
        "2026-12-01T09:00+05:00",
        "09:00",
        "2026-13-01T09:00:00",
        "2026-12-01T25:00:00",
        "1795262400",
        "99999-01-01T00:00:00Z",
    ] {
        let body = json!({ "publish_at": time, "timezone": "Europe/Rome" });
        let answer = post(&ground, body).await;
        let code = answer.code().to_owned();
        problem(time, &answer, 422, &code);
        assert_eq!(
            answer.json["errors"][0]["pointer"], "/publish_at",
            "{time:?}"
        );
    }
    refused(
        &ground,
        json!({ "publish_at": wall }),
        "missing_field",
        "/timezone",
    )
    .await;
    refused(
        &ground,
        json!({ "timezone": "Europe/Rome" }),
        "missing_field",
        "/publish_at",
    )
    .await;
}

#[tokio::test]
async fn a_query_is_refused_and_nothing_is_posted() {
    let ground = Ground::new().await;
    let good = ground.good(&route()).await;
    let before = ground.traces();
    for query in ["dry_run=true", "wait=10", "=", "a"] {
        let answer = ground
            .send(good.clone().at(format!("/posts?{query}")))
            .await;
        problem(query, &answer, 422, "invalid_query");
    }
    assert_eq!(ground.traces(), before);
    assert_eq!(ground.send(good.at("/posts?")).await.status, 202);
}

#[tokio::test]
async fn a_preference_that_is_not_understood_is_ignored() {
    let ground = Ground::new().await;
    for prefer in [
        &b"wait=soon"[..],
        b"wait=-1",
        b"wait=99999999999999999999",
        b"return=minimal",
        b"\xff",
        b"",
        b"=;,=",
        b"wait",
    ] {
        let good = ground.good(&route()).await;
        let answer = ground.send(good.header("prefer", prefer)).await;
        let what = String::from_utf8_lossy(prefer);
        assert_eq!(answer.status, 202, "{what}: {}", answer.json);
        assert_eq!(answer.header("preference-applied"), "", "{what}");
    }
}
