//! The database fails at any round trip of any route: the caller is told to come again, and coming again works.

use super::{Ground, name, table, whole};
use crate::support::{Answer, Fault};
use godwit::http::Route;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lets the batch number `at`, counted from now and from 0, suffer `fault`. Gives how many batches there were.
fn fail(ground: &Ground, at: usize, fault: Fault) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    ground.world().database.on_batch(move |_| {
        let number = seen.fetch_add(1, Ordering::SeqCst);
        if number == at { fault } else { Fault::None }
    });
    count
}

/// Whether the route says by itself, with its own status and body, that the database fails.
fn says_so_itself(route: &Route) -> bool {
    route.path == "/health"
}

/// Whether a failure at this round trip may go unnoticed: a fresher profile, a refresh that stays in the gate, a note of
/// what X charged, and a redirect that carries the code of the problem.
fn may_end_well(route: &Route, number: usize) -> bool {
    match route.path {
        "/connections/x/callback" | "/connections/x/oauth1/callback" => number > 0,
        // It is marked as deleted; the clean-up does the rest.
        "/media/{id}" => route.method == "DELETE" && number > 2,
        // The app's token is fetched where it cannot be read, and what the look costs is not booked.
        "/connections/x/app-only" => matches!(number, 2 | 3 | 5),
        // X has answered, and what it charged is not booked.
        "/trends" | "/x/usage" | "/x/users/search" | "/x/posts/{post}/insights" => number > 1,
        path => path.starts_with("/accounts/{id}") && number > 1,
    }
}

#[track_caller]
fn asks_to_come_again(what: &str, answer: &Answer) {
    assert_eq!(
        (answer.status, answer.code()),
        (503, "temporarily_unavailable"),
        "{what}: {}",
        answer.json
    );
    whole(what, answer);
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{what}");
    // What broke is for the log.
    assert!(
        !answer.json.to_string().contains("fault"),
        "{what}: {}",
        answer.json
    );
}

#[tokio::test]
async fn a_database_that_fails_is_503_with_retry_after_and_then_the_same_request_works() {
    for route in table() {
        for number in 0.. {
            let ground = Ground::new().await;
            let asked = ground.good(&route).await;
            let before = ground.world().database.dump();
            let count = fail(&ground, number, Fault::Before);
            let answer = ground.send(asked.clone()).await;
            let what = format!("{}, round trip {number}", name(&route));
            if count.load(Ordering::SeqCst) <= number {
                assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
                assert!(number > 0 || route.path == "/openapi.json", "{what}");
                break;
            }
            if says_so_itself(&route) {
                assert_eq!(answer.status, 503, "{what}: {}", answer.json);
                assert_eq!(answer.json["checks"]["database"], "failing", "{what}");
            } else if answer.status == asked.success {
                assert!(may_end_well(&route, number), "{what}: {}", answer.json);
                continue;
            } else {
                asks_to_come_again(&what, &answer);
            }
            if number == 0 {
                assert_eq!(ground.world().database.dump(), before, "{what}");
            }
            ground.world().database.on_batch(|_| Fault::None);
            let again = ground.send(asked.clone()).await;
            assert_eq!(again.status, asked.success, "{what}, again: {}", again.json);
        }
    }
}

/// What the second try says where the first one did its work, and its answer was lost: the status, and the code where
/// that is a refusal.
fn after_a_lost_answer(route: &Route, number: usize, success: u16) -> (u16, &'static str) {
    match (route.method.as_str(), route.path, number) {
        // They are there: signing in works.
        ("POST", "/auth/register", 1..) => (409, "email_taken"),
        // It is there, and posts the same.
        ("POST", "/sources/youtube", 5..) => (409, "source_exists"),
        // It is unlinked, and gone from the lists.
        ("DELETE", "/accounts/{id}" | "/media/{id}" | "/sources/{id}", 2..)
        | ("DELETE", "/admin/dead-letters/{id}" | "/workspaces/{id}/apps/x", 1..) => {
            (404, "not_found")
        }
        // It is on its way.
        ("POST", "/posts/{id}/retry", 1..) => (409, "nothing_to_retry"),
        ("POST", "/deliveries/{id}/resolve", 2..) => (409, "nothing_to_decide"),
        _ => (success, ""),
    }
}

#[tokio::test]
async fn an_answer_of_the_database_that_is_lost_is_503_and_the_next_try_knows_where_it_stands() {
    for route in table() {
        // A consent works once, and a lost answer costs another one: `accounts` tells the whole of it.
        if route.path.ends_with("/callback") {
            continue;
        }
        for number in 0.. {
            let ground = Ground::new().await;
            let asked = ground.good(&route).await;
            let asked = match route.path {
                "/posts" if route.method == "POST" => asked.header("idempotency-key", b"once"),
                _ => asked,
            };
            let count = fail(&ground, number, Fault::After);
            let answer = ground.send(asked.clone()).await;
            let what = format!("{}, round trip {number}", name(&route));
            if count.load(Ordering::SeqCst) <= number {
                assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
                break;
            }
            if says_so_itself(&route) {
                assert_eq!(answer.status, 503, "{what}: {}", answer.json);
            } else if answer.status == asked.success {
                assert!(may_end_well(&route, number), "{what}: {}", answer.json);
                continue;
            } else {
                asks_to_come_again(&what, &answer);
            }
            ground.world().database.on_batch(|_| Fault::None);
            let again = ground.send(asked.clone()).await;
            let expected = after_a_lost_answer(&route, number, asked.success);
            assert_eq!(
                (again.status, again.code()),
                expected,
                "{what}, again: {}",
                again.json
            );
        }
    }
}

#[tokio::test]
async fn a_post_whose_acceptance_was_not_confirmed_is_made_once_by_its_key() {
    let ground = Ground::new().await;
    let route = table()
        .into_iter()
        .find(|route| route.path == "/posts" && route.method == "POST");
    let asked = ground
        .good(&route.unwrap())
        .await
        .header("idempotency-key", b"once");
    let posts = || {
        ground
            .world()
            .database
            .value("SELECT count(*) FROM posts")
            .as_u64()
            .unwrap()
    };
    let before = posts();
    // The first batch looks the caller up, the second makes the post.
    fail(&ground, 1, Fault::After);
    asks_to_come_again("the first try", &ground.send(asked.clone()).await);
    ground.world().database.on_batch(|_| Fault::None);
    let again = ground.send(asked).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, "true")
    );
    assert_eq!(posts(), before + 1);
}

#[tokio::test]
async fn a_queue_that_does_not_answer_keeps_no_post_from_being_accepted() {
    for route in table() {
        let ground = Ground::new().await;
        let asked = ground.good(&route).await;
        ground.world().queue.refuse(100);
        let success = asked.success;
        let answer = ground.send(asked).await;
        // To put something on the queue is all that it is for.
        if route.path == "/admin/dead-letters/{id}/retry" {
            asks_to_come_again(&name(&route), &answer);
            continue;
        }
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
    }
}

#[tokio::test]
async fn a_gate_that_cannot_be_asked_is_503_where_it_is_needed_and_then_it_works() {
    let mut asked_a_gate = 0;
    for route in table() {
        let ground = Ground::new().await;
        let asked = ground.good(&route).await;
        let before = ground.world().gates.calls().count();
        let gates = ground.world();
        gates
            .gates
            .on_call(|_, _| Err(godwit::ports::GateLost("lost by the test".to_owned())));
        let answer = ground.send(asked.clone()).await;
        if ground.world().gates.calls().count() == before {
            assert_eq!(
                answer.status,
                asked.success,
                "{}: {}",
                name(&route),
                answer.json
            );
            continue;
        }
        asked_a_gate += 1;
        if answer.status == asked.success {
            // Who wants to be rid of an account shall be: it says that X did not confirm.
            assert_eq!(
                (route.method.as_str(), route.path),
                ("DELETE", "/accounts/{id}")
            );
            assert_eq!(answer.json["revoked_at_x"], false);
        } else {
            asks_to_come_again(&name(&route), &answer);
            assert!(!answer.json.to_string().contains("lost by the test"));
        }
    }
    assert!(asked_a_gate >= 4, "{asked_a_gate}");
}
