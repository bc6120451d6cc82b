//! The limit holds, whatever dies or is lost.

use super::crowd::{Asking, Crowd, Said, step};
use crate::publishing::stage::Loss;
use crate::support::SeededRandom;
use godwit::gate::Closed;
use godwit::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// What a run came to.
#[derive(Debug, Default)]
struct Run {
    /// When calls left.
    left: Vec<Timestamp>,
    turned_away: u32,
    abandoned: u32,
    unreached: u32,
}

impl Run {
    fn heard(&mut self, said: Said, now: Timestamp) {
        match said {
            Said::Go => self.left.push(now),
            Said::Later(at, closed) => {
                assert!(at > now, "it comes back later");
                match closed {
                    Closed::App => self.turned_away += 1,
                    Closed::Unasked => self.unreached += 1,
                    Closed::Account => panic!("no account is limited"),
                }
            }
            Said::Lost => panic!("no answer of an account's gate is lost"),
        }
    }

    #[track_caller]
    fn kept(&self, limit: usize) {
        for (first, next) in self.left.iter().zip(self.left.iter().skip(limit)) {
            let apart = next.since(*first);
            assert!(apart >= DAY_MS, "{} calls within {apart} ms", limit + 1);
        }
    }
}

// Accounts ask in bursts; gates die between any two of their steps, requests and answers among them are lost, and calls
// that nobody waits for go on, late or never.
async fn run(seed: u64, limit: u32, accounts: usize, steps: u64, pause_ms: u64) -> Run {
    let crowd = Crowd::of(accounts, limit).await;
    let random = SeededRandom::new(seed);
    let below = |bound: u64| random.below(bound);
    let mut run = Run::default();
    let mut loose: Vec<Asking> = Vec::new();
    for _ in 0..steps {
        match below(100) {
            0..3 => {
                loose.clear();
                crowd.stage.kill_gates();
            }
            3..8 => crowd.lose(Loss::Request, 1),
            8..16 => crowd.lose(Loss::Answer, 1),
            16..24 => crowd
                .stage
                .world
                .clock
                .advance(i64::try_from(below(pause_ms)).unwrap()),
            24..40 => {
                let now = crowd.now();
                loose.retain_mut(|asking| match step(asking) {
                    Some(said) => {
                        run.heard(said, now);
                        false
                    }
                    None => true,
                });
            }
            40..50 => {
                let mut asking = crowd.begin(usize::try_from(below(accounts as u64)).unwrap());
                let polls = below(6);
                let said = (0..polls).find_map(|_| step(&mut asking));
                if let Some(said) = said {
                    run.heard(said, crowd.now());
                } else {
                    run.abandoned += 1;
                    loose.push(asking);
                }
            }
            _ => {
                let said = crowd
                    .ask(usize::try_from(below(accounts as u64)).unwrap())
                    .await;
                run.heard(said, crowd.now());
            }
        }
    }
    run
}

#[tokio::test]
async fn no_24_hours_see_more_calls_than_the_app_may_make_whatever_dies_or_is_lost() {
    let mut all = Run::default();
    for seed in 0..6 {
        let limit = 5 + u32::try_from(seed).unwrap() % 20;
        let run = run(seed, limit, 4, 600, 5 * HOUR_MS as u64).await;
        run.kept(limit as usize);
        assert!(
            run.left.len() > limit as usize,
            "seed {seed}: {}",
            run.left.len()
        );
        all.turned_away += run.turned_away;
        all.unreached += run.unreached;
        all.abandoned += run.abandoned;
    }
    assert!(
        all.turned_away > 50 && all.unreached > 50 && all.abandoned > 50,
        "{all:?}"
    );
}

#[tokio::test]
async fn blocks_that_were_drawn_ahead_are_within_the_limit() {
    let run = run(1, 2_000, 2, 10_000, 7 * MINUTE_MS as u64).await;
    run.kept(2_000);
    let left = run.left.len();
    assert!(
        left > 2_500 && run.turned_away > 100,
        "{left} and {}",
        run.turned_away
    );
}

#[tokio::test]
async fn alone_an_account_may_have_everything_at_once_and_again_when_it_is_free() {
    let crowd = Crowd::of(1, 200).await;
    for _ in 0..200 {
        assert_eq!(crowd.ask(0).await, Said::Go);
    }
    let mut opens = Vec::new();
    for _ in 0..200 {
        let Said::Later(at, Closed::App) = crowd.ask(0).await else {
            panic!("a 201st call left");
        };
        opens.push(at);
    }
    let free = crowd.now().plus_ms(DAY_MS + MINUTE_MS);
    assert!(opens.iter().all(|at| *at <= free), "{opens:?}");
    crowd.stage.kill_gates();
    assert!(
        matches!(crowd.ask(0).await, Said::Later(..)),
        "a restart forgets nothing"
    );
    crowd.stage.world.clock.set(free);
    for _ in 0..200 {
        assert_eq!(crowd.ask(0).await, Said::Go);
    }
}

#[tokio::test]
async fn what_is_not_used_of_a_block_is_given_back_with_the_next_draw() {
    let crowd = Crowd::of(2, 4_000).await;
    // 1, then blocks of 2 and 4, of which the last has three left.
    for _ in 0..4 {
        assert_eq!(crowd.ask(0).await, Said::Go);
    }
    assert_eq!(crowd.stage.inner_calls(), 3);
    let free = || async {
        let shown = crowd
            .stage
            .get(&format!("/accounts/{}/limits", crowd.stage.account))
            .await;
        let items = shown["items"].as_array().unwrap().clone();
        let shared = items
            .iter()
            .find(|one| one["counted_by"] == "app" && one["bucket"] == "post");
        shared.unwrap()["remaining"].as_u64().unwrap()
    };
    assert_eq!(free().await, 4_000 - 7);
    crowd.stage.world.clock.advance(11 * MINUTE_MS);
    assert_eq!(crowd.ask(0).await, Said::Go);
    assert_eq!(free().await, 4_000 - 5);
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_one_call_and_is_asked_for_again_soon() {
    let crowd = Crowd::of(1, 3).await;
    crowd.lose(Loss::Answer, 1);
    let soon = crowd.now().plus_ms(5_000);
    assert_eq!(crowd.ask(0).await, Said::Later(soon, Closed::Unasked));
    crowd.lose(Loss::Request, 1);
    assert_eq!(crowd.ask(0).await, Said::Later(soon, Closed::Unasked));
    assert_eq!(crowd.ask(0).await, Said::Go);
    assert_eq!(crowd.ask(0).await, Said::Go);
    assert!(matches!(crowd.ask(0).await, Said::Later(_, Closed::App)));
}
