//! A deterministic simulation of all of Godwit but its adapters: the real operations, gates, SQL and migrations, on
//! `SQLite`, with the sandbox's X and YouTube in process, a clock that stands still while anybody can work, and a seed that
//! decides everything else: who goes on next, what arrives late, twice or never, which call fails before or after its
//! effect, and where a process ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../support/mod.rs"]
mod support;

mod announced;
mod clockwork;
mod creators;
mod deleting;
mod driver;
mod executor;
mod fate;
mod following;
mod gates;
mod linking;
mod matrix;
mod mutations;
mod network;
mod oneshot;
mod people;
mod ports;
mod queue;
mod reckoning;
mod rules;
mod run;
mod tally;
mod town;

use matrix::Story;
use mutations::Mutation;
use town::Workshop;

/// With the system's, half of the time goes into it, as the cores wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many lives `npm test` lives.
const RUNS: u64 = 20_000;
/// Within how many of them a missing safeguard is noticed.
const MUTANT_RUNS: u64 = 20_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_life_breaks_a_promise() {
    let runs = number("GODWIT_SIMULATE_RUNS").unwrap_or(RUNS);
    let seed = number("GODWIT_SIMULATE_SEED").unwrap_or(1);
    if runs == 1 {
        let outcome = run::live(&Workshop::new(), seed, None, true);
        driver::show(&outcome);
        assert!(outcome.violations.is_empty());
        return;
    }
    let tally = driver::search(seed, runs);
    println!("{}", tally.summary());
    if runs >= RUNS {
        tally.assert_everything_happened();
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let workshop = Workshop::new();
    for seed in 1..40 {
        let [one, two] = [0, 1].map(|_| run::live(&workshop, seed, None, true).trace);
        assert!(one.len() > 10);
        assert_eq!(one, two);
    }
}

fn is_found_out(mutation: Mutation) {
    let Some((seed, violation)) = driver::find_out(mutation, MUTANT_RUNS) else {
        panic!("{MUTANT_RUNS} lives without {mutation:?} break nothing");
    };
    println!(
        "without {mutation:?}, seed {seed} breaks {:?}: {}",
        violation.rule, violation.how
    );
}

#[test]
fn without_the_journal_posts_are_doubled() {
    is_found_out(Mutation::Journal);
}

#[test]
fn without_the_epoch_check_at_the_gate_an_old_claim_sends() {
    is_found_out(Mutation::EpochCheck);
}

#[test]
fn without_the_guard_of_the_settle_an_old_claim_writes() {
    is_found_out(Mutation::SettleGuard);
}

#[test]
fn without_the_reconcile_posts_are_doubled() {
    is_found_out(Mutation::Reconcile);
}

#[test]
fn without_the_single_flight_a_refresh_token_is_presented_twice() {
    is_found_out(Mutation::SingleFlight);
}

#[test]
fn without_the_lease_of_a_key_its_repeats_are_refused() {
    is_found_out(Mutation::IdempotencyLease);
}

#[test]
fn without_the_sweep_posts_are_stuck() {
    is_found_out(Mutation::Sweep);
}

#[test]
fn without_the_claim_a_video_becomes_a_post_at_every_sight() {
    is_found_out(Mutation::Claim);
}

#[test]
fn without_the_baseline_what_is_old_becomes_a_post() {
    is_found_out(Mutation::Baseline);
}

fn every_end(story: Story) {
    let lives = matrix::explore(story);
    println!("{story:?}: {lives} lives, every end of one and of two processes");
}

#[test]
fn a_post_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Post);
}

#[test]
fn a_thread_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Thread);
}

#[test]
fn a_thread_of_which_x_takes_a_part_in_silence_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::SilentThread);
}

#[test]
fn an_edited_post_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Edited);
}

#[test]
fn a_post_with_an_ended_token_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::EndedToken);
}

#[test]
fn a_post_that_x_takes_in_silence_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::SilentX);
}

#[test]
fn a_scheduled_post_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Scheduled);
}

#[test]
fn a_canceled_post_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Canceled);
}

#[test]
fn a_deleted_thread_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Deleted);
}

#[test]
fn a_post_that_a_person_finds_on_x_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Found);
}

#[test]
fn a_post_that_a_person_sends_again_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::SentAgain);
}

#[test]
fn a_post_of_an_app_without_credits_survives_every_end_of_one_and_of_two_processes() {
    every_end(Story::Paused);
}
