//! A deterministic simulation of all of Godwit but its adapters: the real operations, gates, SQL and migrations, on
//! `SQLite`, with the sandbox's X in process, a clock that stands still while anybody can work, and a seed that decides
//! everything else: who goes on next, what arrives late, twice or never, which call fails before or after its effect,
//! and where a process ends.
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

mod executor;
mod fate;
mod gates;
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

use tally::Tally;
use town::Workshop;

#[test]
fn no_seed_breaks_a_promise() {
    let runs: u64 = std::env::var("GODWIT_SIM_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let first: u64 = std::env::var("GODWIT_SIM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let workshop = Workshop::new();
    let mut tally = Tally::default();
    let mut broken = std::collections::BTreeMap::<_, Vec<(u64, String)>>::new();
    for seed in first..first + runs {
        let outcome = run::live(&workshop, seed, None, runs == 1);
        tally.add(&outcome.tally);
        for line in &outcome.trace {
            println!("{line}");
        }
        if let Some(violation) = outcome.violations.first() {
            broken.entry(violation.rule).or_default().push((seed, violation.how.clone()));
        }
    }
    println!("{}", tally.summary());
    for (rule, all) in &broken {
        println!("{rule:?}: {} seeds, such as {:?}", all.len(), &all[..all.len().min(3)]);
    }
    assert!(broken.is_empty());
}
