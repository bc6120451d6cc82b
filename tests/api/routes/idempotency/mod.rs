//! `Idempotency-Key` on every route that heeds one: one effect, one answer, whatever happens to the first request.

mod answers;
mod crashes;
mod secrets;

use super::{Asked, Ground, table};
use crate::support::Answer;
use godwit::http::{Idempotency, Route};
use http::HeaderMap;

/// How long a first request that says nothing more counts as running, in ms.
const LEASE_MS: i64 = 60_000;

/// The routes that heed a key.
fn heeding() -> Vec<Route> {
    let routes: Vec<_> = table()
        .into_iter()
        .filter(|route| route.idempotency.is_some())
        .collect();
    assert!(routes.len() >= 4);
    routes
}

/// Those whose key the router claims.
fn claimed() -> impl Iterator<Item = Route> {
    heeding()
        .into_iter()
        .filter(|route| route.idempotency == Some(Idempotency::Claimed))
}

/// A good request with a key.
async fn keyed(ground: &Ground, route: &Route, key: &str) -> Asked {
    // As a page of the service itself sends it: then an answer may carry a cookie.
    ground
        .good(route)
        .await
        .header("sec-fetch-site", b"same-origin")
        .header("idempotency-key", key.as_bytes())
}

/// The same request with another body, which means the same to the operation.
fn with_other_body(asked: &Asked) -> Asked {
    let mut body = asked.body.clone();
    body.push(b' ');
    asked.clone().raw(body)
}

/// How many there are of what a route makes.
fn made(ground: &Ground, route: &Route) -> u64 {
    let count = match route.path {
        "/auth/register" => "SELECT count(*) FROM users",
        "/api-keys" => "SELECT count(*) FROM api_keys",
        "/connections/x/authorize" | "/connections/x/oauth1/authorize" => {
            "SELECT count(*) FROM oauth_states"
        }
        "/posts" => "SELECT count(*) FROM posts",
        "/media" => "SELECT count(*) FROM media",
        "/sources/youtube" => "SELECT count(*) FROM sources",
        path => panic!(
            "Say here what POST {path} makes: then its repeats are held to what all are held to."
        ),
    };
    ground.world().database.value(count).as_u64().unwrap()
}

fn keys_kept(ground: &Ground) -> u64 {
    let count = "SELECT count(*) FROM idempotency_keys";
    ground.world().database.value(count).as_u64().unwrap()
}

/// Without what differs from request to request.
fn lasting(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove("x-request-id");
    headers.remove("idempotency-replayed");
    headers
}

/// Stops the test unless this is the first answer, byte for byte, and says that it is a repeat.
#[track_caller]
fn repeats(what: &str, first: &Answer, again: &Answer) {
    assert_eq!(again.status, first.status, "{what}: {}", again.json);
    assert_eq!(again.body, first.body, "{what}");
    assert_eq!(lasting(&again.headers), lasting(&first.headers), "{what}");
    assert_eq!(again.header("idempotency-replayed"), "true", "{what}");
}

/// Stops the test unless this says that the first request is running; gives when to come back, in seconds.
#[track_caller]
fn in_progress(what: &str, answer: &Answer) -> i64 {
    super::problem(what, answer, 409, "idempotency_in_progress");
    let seconds = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{what}: {seconds}");
    seconds
}
