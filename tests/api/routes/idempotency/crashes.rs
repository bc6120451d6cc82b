//! The first request dies, is slow, or is not alone; the database fails. One thing is made, and the key is soon free.

use super::{
    LEASE_MS, claimed, heeding, in_progress, keyed, keys_kept, made, repeats, with_other_body,
};
use crate::routes::{Asked, Ground, name, problem};
use crate::support::{Answer, Fault};
use futures_util::future::join_all;
use futures_util::task::noop_waker;
use godwit::http::Route;
use godwit::jobs;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Takes a request `steps` steps further, each up to the next call of a port; gives its answer if it comes to one.
fn step(request: &mut Pin<&mut impl Future<Output = Answer>>, steps: usize) -> Option<Answer> {
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    for _ in 0..steps {
        if let Poll::Ready(answer) = request.as_mut().poll(&mut context) {
            return Some(answer);
        }
    }
    None
}

/// Begins a request and lets it die after `steps` steps. Gives whether it came to its answer.
fn die_after(ground: &Ground, asked: &Asked, steps: usize) -> bool {
    step(&mut pin!(ground.send(asked.clone())), steps).is_some()
}

/// Comes back when it is told to, a minute at most, until there is an answer.
async fn insist(what: &str, ground: &Ground, asked: &Asked) -> Answer {
    let mut waited = 0;
    loop {
        let answer = ground.send(asked.clone()).await;
        if answer.status != 409 {
            assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
            return answer;
        }
        let seconds = in_progress(what, &answer);
        ground.world().clock.advance(seconds * 1_000);
        waited += seconds * 1_000;
        assert!(waited <= LEASE_MS, "{what}: the key is blocked");
    }
}

/// Runs `scenario` on a fresh ground for each route and each number of steps, until the scenario says that its request
/// came to its answer in so many.
async fn at_every_step(
    routes: impl IntoIterator<Item = Route>,
    mut scenario: impl AsyncFnMut(&str, &Ground, &Route, Asked, usize) -> bool,
) {
    for route in routes {
        for steps in 0.. {
            let ground = Ground::new().await;
            let asked = keyed(&ground, &route, "once").await;
            let what = format!("{}, {steps} steps", name(&route));
            if scenario(&what, &ground, &route, asked, steps).await {
                assert!(steps > 1, "{what}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn requests_at_once_make_one_thing() {
    for route in heeding() {
        for number in [2, 5] {
            let ground = Ground::new().await;
            let asked = keyed(&ground, &route, "once").await;
            let before = made(&ground, &route);
            let all = (0..number).map(|_| ground.send(asked.clone()));
            let (answers, others): (Vec<_>, Vec<_>) = join_all(all)
                .await
                .into_iter()
                .partition(|answer| answer.status == asked.success);
            let what = name(&route);
            assert!(!answers.is_empty(), "{what}");
            for answer in &answers {
                assert_eq!(answer.body, answers[0].body, "{what}");
            }
            for other in &others {
                in_progress(&what, other);
            }
            assert_eq!(made(&ground, &route), before + 1, "{what}");
            repeats(&what, &answers[0], &ground.send(asked).await);
        }
    }
}

#[tokio::test]
async fn a_first_request_that_dies_anywhere_blocks_its_key_for_a_minute_at_most() {
    at_every_step(heeding(), async |what, ground, route, asked, steps| {
        let before = made(ground, route);
        let done = die_after(ground, &asked, steps);
        let answer = insist(what, ground, &asked).await;
        assert_eq!(made(ground, route), before + 1, "{what}");
        repeats(what, &answer, &ground.send(asked).await);
        assert_eq!(made(ground, route), before + 1, "{what}");
        done
    })
    .await;
}

#[tokio::test]
async fn two_requests_that_die_anywhere_leave_one_thing_to_the_third() {
    at_every_step(heeding(), async |what, _, route, _, first| {
        for second in 0.. {
            let ground = Ground::new().await;
            let asked = keyed(&ground, route, "once").await;
            let before = made(&ground, route);
            let done = die_after(&ground, &asked, first);
            ground.world().clock.advance(LEASE_MS);
            let ended = die_after(&ground, &asked, second);
            let what = format!("{what}, then {second}");
            insist(&what, &ground, &asked).await;
            assert_eq!(made(&ground, route), before + 1, "{what}");
            if ended {
                return done;
            }
        }
        false
    })
    .await;
}

#[tokio::test]
async fn a_first_request_that_outlives_its_lease_makes_nothing_beside_the_second() {
    at_every_step(heeding(), async |what, ground, route, asked, steps| {
        let before = made(ground, route);
        let mut slow = pin!(ground.send(asked.clone()));
        let early = step(&mut slow, steps);
        ground.world().clock.advance(LEASE_MS);
        let second = ground.send(asked.clone()).await;
        assert_eq!(second.status, asked.success, "{what}: {}", second.json);
        let done = early.is_some();
        let late = match early {
            Some(answer) => answer,
            None => slow.await,
        };
        if late.status == asked.success {
            assert_eq!(late.body, second.body, "{what}");
        } else {
            problem(what, &late, 503, "temporarily_unavailable");
        }
        assert_eq!(made(ground, route), before + 1, "{what}");
        let again = ground.send(asked).await;
        assert_eq!(again.body, second.body, "{what}");
        done
    })
    .await;
}

#[tokio::test]
async fn a_first_request_whose_key_is_gone_makes_nothing() {
    at_every_step(claimed(), async |what, ground, route, asked, steps| {
        let before = made(ground, route);
        let mut slow = pin!(ground.send(asked.clone()));
        let early = step(&mut slow, steps);
        ground.world().clock.advance(LEASE_MS);
        let held = ground
            .world()
            .database
            .value("SELECT count(*) FROM idempotency_keys WHERE status = 0");
        let held = held.as_u64().unwrap() > 0;
        jobs::tick(&ground.world().app(), jobs::DAILY).await;
        if early.is_some() || !held {
            return early.is_some();
        }
        problem(what, &slow.await, 503, "temporarily_unavailable");
        assert_eq!(made(ground, route), before, "{what}");
        let answer = ground.send(asked.clone()).await;
        assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
        assert_eq!(made(ground, route), before + 1, "{what}");
        false
    })
    .await;
}

#[tokio::test]
async fn while_the_first_request_runs_its_repeat_waits_and_another_body_is_refused() {
    for route in claimed() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        // As far as the claim: the look at the caller comes before it.
        let mut first = pin!(ground.send(asked.clone()));
        while keys_kept(&ground) == 0 {
            assert!(step(&mut first, 1).is_none());
        }
        let what = name(&route);
        for _ in 0..3 {
            in_progress(&what, &ground.send(asked.clone()).await);
        }
        let answer = ground.send(with_other_body(&asked)).await;
        problem(&what, &answer, 422, "idempotency_key_reused");
        // The wait is never longer than the lease.
        ground.world().clock.advance(LEASE_MS - 1);
        assert_eq!(in_progress(&what, &ground.send(asked.clone()).await), 1);
        let first = first.await;
        assert_eq!(first.status, asked.success, "{what}: {}", first.json);
        repeats(&what, &first, &ground.send(asked).await);
    }
}

#[tokio::test]
async fn a_refused_request_that_dies_anywhere_leaves_the_key_to_a_good_one() {
    at_every_step(heeding(), async |what, ground, route, asked, steps| {
        let before = made(ground, route);
        let done = die_after(ground, &asked.clone().raw(b"{".to_vec()), steps);
        ground.world().clock.advance(LEASE_MS);
        insist(what, ground, &asked).await;
        assert_eq!(made(ground, route), before + 1, "{what}");
        done
    })
    .await;
}

/// Lets the batches that `fails` chooses by their number suffer `fault`.
fn fail(ground: &Ground, fault: Fault, fails: impl Fn(usize) -> bool + Send + 'static) {
    let mut number = 0;
    ground.world().database.on_batch(move |_| {
        number += 1;
        if fails(number - 1) {
            fault
        } else {
            Fault::None
        }
    });
}

#[tokio::test]
async fn when_the_database_fails_once_anywhere_the_repeat_works_at_once() {
    for route in heeding() {
        for fault in [Fault::Before, Fault::After] {
            for at in 0.. {
                let ground = Ground::new().await;
                let asked = keyed(&ground, &route, "once").await;
                let before = made(&ground, &route);
                fail(&ground, fault, move |number| number == at);
                let first = ground.send(asked.clone()).await;
                ground.world().database.on_batch(|_| Fault::None);
                let what = format!("{}, {fault:?} round trip {at}", name(&route));
                if first.status == asked.success {
                    assert!(at > 1, "{what}");
                    break;
                }
                problem(&what, &first, 503, "temporarily_unavailable");
                let again = ground.send(asked.clone()).await;
                assert_eq!(again.status, asked.success, "{what}: {}", again.json);
                assert_eq!(made(&ground, &route), before + 1, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn when_the_database_goes_on_failing_the_repeat_works_within_a_minute() {
    for route in heeding() {
        for fault in [Fault::Before, Fault::After] {
            for from in 0.. {
                let ground = Ground::new().await;
                let asked = keyed(&ground, &route, "once").await;
                let before = made(&ground, &route);
                fail(&ground, fault, move |number| number >= from);
                let first = ground.send(asked.clone()).await;
                ground.world().database.on_batch(|_| Fault::None);
                let what = format!("{}, {fault:?} from round trip {from}", name(&route));
                if first.status == asked.success {
                    assert!(from > 1, "{what}");
                    break;
                }
                problem(&what, &first, 503, "temporarily_unavailable");
                insist(&what, &ground, &asked).await;
                assert_eq!(made(&ground, &route), before + 1, "{what}");
            }
        }
    }
}
