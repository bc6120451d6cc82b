//! JWTs of trusted issuers.

use super::{me, register};
use crate::support::World;
use crate::support::issuer::{JWT_ISSUERS, key_set, token};
use crate::support::outside::json_answer;
use futures_util::future::{join, join_all};
use godwit::ports::{Clock, HttpError};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const HOUR_MS: i64 = 3_600 * 1_000;

/// What the issuer publishes; the test may change it at any time. `None`: it cannot be reached.
type Published = Arc<Mutex<Option<Value>>>;

fn world(kids: &[&str]) -> (World, Published) {
    let world = World::with(&[("JWT_ISSUERS", JWT_ISSUERS)]);
    let published: Published = Arc::new(Mutex::new(Some(key_set(kids))));
    let answers = Arc::clone(&published);
    world.http.on_request(move |request, deadline_ms| {
        assert_eq!(
            (request.uri().to_string().as_str(), deadline_ms),
            ("https://id.test/keys", 5_000)
        );
        match &*answers.lock().unwrap() {
            Some(keys) => json_answer(200, keys),
            None => Err(HttpError::Timeout),
        }
    });
    (world, published)
}

fn publish(published: &Published, keys: Option<Value>) {
    *published.lock().unwrap() = keys;
}

fn signed(world: &World, kid: &str, subject: &str) -> String {
    token(
        kid,
        &json!({ "sub": subject, "exp": world.clock.now().millis() / 1_000 + 300 }),
    )
}

async fn status(world: &World, kid: &str) -> u16 {
    me(world, &signed(world, kid, "ada")).await.status
}

#[tokio::test]
async fn a_person_is_written_down_on_first_sight_and_recognised_afterwards() {
    let (world, _) = world(&["k"]);
    let expires = world.clock.now().millis() / 1_000 + 300;
    let claims = json!({ "sub": "ada", "exp": expires, "name": "Ada",
        "email": "Ada@Example.com", "email_verified": true });
    let first = me(&world, &token("k", &claims)).await.expect(200);
    assert_eq!(
        (&first["user"]["email"], &first["user"]["name"]),
        (&json!("ada@example.com"), &json!("Ada"))
    );
    assert_eq!(
        first["credential"],
        json!({ "kind": "issuer", "expires_at": "2026-11-21T12:05:00.000Z" })
    );
    assert_eq!(
        (&first["role"], &first["workspace"]["personal"]),
        (&json!("owner"), &json!(true))
    );
    let before = world.database.round_trips();
    let again = world
        .request(
            "GET",
            "/api-keys?limit=0",
            Some(&signed(&world, "k", "ada")),
            None,
        )
        .await;
    again.refused(422, "invalid_limit");
    assert_eq!(world.database.round_trips() - before, 1);
    assert_eq!(
        me(&world, &signed(&world, "k", "ada")).await.expect(200)["user"],
        first["user"]
    );
    assert_eq!(world.http.requests().count(), 1);
}

#[tokio::test]
async fn an_address_that_the_issuer_has_not_checked_is_not_kept() {
    let (world, _) = world(&["k"]);
    let expires = world.clock.now().millis() / 1_000 + 300;
    for (sub, verified) in [
        ("a", json!(null)),
        ("b", json!(false)),
        ("c", json!("false")),
    ] {
        let claims = json!({ "sub": sub, "exp": expires, "email": "ada@example.com",
            "email_verified": verified });
        let who = me(&world, &token("k", &claims)).await.expect(200);
        assert_eq!(who["user"]["email"], json!(null), "{verified}");
    }
    register(&world, "ada@example.com").await.expect(201);
}

#[tokio::test]
async fn first_requests_at_once_end_with_one_person() {
    let (world, _) = world(&["k"]);
    let token = signed(&world, "k", "ada");
    let answers = join_all((0..8).map(|_| me(&world, &token))).await;
    let ids: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.expect(200)["user"]["id"].clone())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    for table in [
        "SELECT count(*) FROM users",
        "SELECT count(*) FROM workspaces",
        "SELECT count(*) FROM memberships",
    ] {
        assert_eq!(world.database.value(table), 1, "{table}");
    }
}

#[tokio::test]
async fn an_address_that_somebody_else_has_does_not_make_two_people_one() {
    let (world, _) = world(&["k"]);
    let registered = register(&world, "ada@example.com").await.expect(201);
    let expires = world.clock.now().millis() / 1_000 + 300;
    let claims =
        json!({ "sub": "ada", "exp": expires, "email": "ada@example.com", "email_verified": true });
    let who = me(&world, &token("k", &claims)).await.expect(200);
    assert_ne!(who["user"]["id"], registered["user"]["id"]);
    assert_eq!(who["user"]["email"], Value::Null);
}

#[tokio::test]
async fn a_key_that_the_issuer_begins_to_use_is_fetched() {
    let (world, published) = world(&["old"]);
    assert_eq!(status(&world, "old").await, 200);
    publish(&published, Some(key_set(&["new"])));
    world.clock.advance(61_000);
    assert_eq!(status(&world, "new").await, 200);
    assert_eq!(
        status(&world, "old").await,
        401,
        "what the issuer withdrew is no longer accepted"
    );
    assert_eq!(world.http.requests().count(), 2);
}

#[tokio::test]
async fn invented_key_ids_cause_one_fetch_a_minute() {
    let (world, _) = world(&["k"]);
    for minute in 1..=3 {
        for n in 0..20 {
            me(&world, &signed(&world, &format!("invented-{n}"), "ada"))
                .await
                .refused(401, "token_invalid");
            assert_eq!(status(&world, "k").await, 200);
        }
        assert_eq!(world.http.requests().count(), minute);
        world.clock.advance(60_000);
    }
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_not_hammered_and_the_answer_says_try_again() {
    let (world, published) = world(&[]);
    publish(&published, None);
    for _ in 0..30 {
        let answer = me(&world, &signed(&world, "k", "ada")).await;
        answer.refused(503, "issuer_unreachable");
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert_eq!(world.http.requests().count(), 10);
    publish(&published, Some(key_set(&["k"])));
    world.clock.advance(60_000);
    assert_eq!(status(&world, "k").await, 200);
    assert!(!world.log.events("issuer_keys_not_fetched").is_empty());
}

#[tokio::test]
async fn known_keys_outlive_an_outage_of_their_issuer_by_a_day() {
    let (world, published) = world(&["k"]);
    assert_eq!(status(&world, "k").await, 200);
    publish(&published, None);
    world.clock.advance(HOUR_MS);
    assert_eq!(status(&world, "k").await, 200);
    assert_eq!(status(&world, "k").await, 200);
    assert_eq!(
        world.http.requests().count(),
        2,
        "the second of them did not try again"
    );
    world.clock.advance(22 * HOUR_MS);
    assert_eq!(status(&world, "k").await, 200);
    world.clock.advance(HOUR_MS);
    assert_eq!(status(&world, "k").await, 503);
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_counts_as_an_outage() {
    let (world, published) = world(&["k"]);
    assert_eq!(status(&world, "k").await, 200);
    publish(&published, Some(json!({ "error": "maintenance" })));
    world.clock.advance(HOUR_MS);
    assert_eq!(status(&world, "k").await, 200);
    world.http.on_request(|_, _| json_answer(302, &json!({})));
    world.clock.advance(61_000);
    assert_eq!(status(&world, "k").await, 200);
}

#[tokio::test]
async fn while_one_request_fetches_a_new_key_the_others_go_on() {
    let (world, published) = world(&["old"]);
    assert_eq!(status(&world, "old").await, 200);
    world.clock.advance(61_000);
    publish(&published, Some(key_set(&["old", "new"])));
    let clock = Arc::clone(&world.clock);
    world.http.on_request_async(move |_, _| {
        let clock = Arc::clone(&clock);
        async move {
            clock.sleep(2_000).await;
            json_answer(200, &key_set(&["old", "new"]))
        }
    });
    let (fetches, (waits, old)) = join(
        status(&world, "new"),
        join(status(&world, "new"), status(&world, "old")),
    )
    .await;
    assert_eq!(
        (fetches, waits, old),
        (200, 503, 200),
        "a second one is told to come back, not that its key is bad"
    );
    assert_eq!(status(&world, "new").await, 200);
    assert_eq!(world.http.requests().count(), 2);
}

#[tokio::test]
async fn a_request_that_is_cut_off_while_it_fetches_holds_nobody_back() {
    let (world, published) = world(&["k"]);
    let serve = world.http.requests();
    world.http.on_request_async(|_, _| std::future::pending());
    let token = signed(&world, "k", "ada");
    let cut_off = Box::pin(me(&world, &token));
    assert!(futures_util::future::FutureExt::now_or_never(cut_off).is_none());
    assert_eq!(serve.count(), 1);
    let keys = published.lock().unwrap().clone().unwrap();
    world.http.on_request(move |_, _| json_answer(200, &keys));
    assert_eq!(status(&world, "k").await, 200);
}

#[tokio::test]
async fn tokens_that_are_worthless_anyway_cost_no_fetch() {
    let (world, _) = world(&["k"]);
    let now = world.clock.now().millis() / 1_000;
    let refused =
        async |claims: Value, code: &str| me(&world, &token("k", &claims)).await.refused(401, code);
    refused(json!({ "sub": "ada", "exp": now - 61 }), "token_expired").await;
    refused(json!({ "sub": "ada" }), "token_invalid").await;
    refused(
        json!({ "sub": "ada", "exp": now + 300, "aud": "other" }),
        "token_invalid",
    )
    .await;
    refused(
        json!({ "sub": "ada", "exp": now + 300, "iss": "https://evil.test" }),
        "token_invalid",
    )
    .await;
    assert_eq!(world.http.requests().count(), 0);
    let logout = world
        .request(
            "POST",
            "/auth/logout",
            Some(&signed(&world, "k", "ada")),
            None,
        )
        .await;
    logout.refused(401, "token_invalid");
}
