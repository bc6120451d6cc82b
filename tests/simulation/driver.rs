//! Many runs on all cores, and what is said of them.

use super::mutations::Mutation;
use super::rules::{Rule, Violation};
use super::run::{self, Outcome};
use super::tally::Tally;
use super::town::Workshop;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives every number of `0..count` to `work`, on all cores, each with a workshop of its own.
pub fn on_all_cores(count: u64, work: impl Fn(&Workshop, u64) + Sync) {
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let workshop = Workshop::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    work(&workshop, number);
                }
            });
        }
    });
}

/// Lives the seeds from `first` on. Stops the test with the trace of the smallest seed that broke a promise.
pub fn search(first: u64, runs: u64) -> Tally {
    let tally = Mutex::new(Tally::default());
    let broken = Mutex::new(BTreeMap::<u64, Violation>::new());
    on_all_cores(runs, |workshop, number| {
        let seed = first + number;
        let outcome = run::live(workshop, seed, None, false);
        tally.lock().unwrap().add(&outcome.tally);
        if let Some(violation) = outcome.violations.into_iter().next() {
            broken.lock().unwrap().insert(seed, violation);
        }
    });
    let broken = broken.into_inner().unwrap();
    if let Some((seed, violation)) = broken.first_key_value() {
        show(&run::live(&Workshop::new(), *seed, None, true));
        let mut rules = BTreeMap::<Rule, Vec<u64>>::new();
        for (seed, violation) in &broken {
            rules.entry(violation.rule).or_default().push(*seed);
        }
        for (rule, seeds) in rules {
            println!(
                "{rule:?}: {} of {runs} runs, such as {:?}",
                seeds.len(),
                &seeds[..seeds.len().min(5)]
            );
        }
        panic!(
            "seed {seed} breaks {:?}: {}\nThe same life again: npm run simulate -- --runs 1 --seed {seed}",
            violation.rule, violation.how
        );
    }
    tally.into_inner().unwrap()
}

/// The first seed that finds the mutation out, within so many runs, and how.
pub fn find_out(mutation: Mutation, runs: u64) -> Option<(u64, Violation)> {
    let found = Mutex::new(None::<(u64, Violation)>);
    on_all_cores(runs, |workshop, number| {
        let seed = 1 + number;
        if found
            .lock()
            .unwrap()
            .as_ref()
            .is_some_and(|(first, _)| *first < seed)
        {
            return;
        }
        let outcome = run::live(workshop, seed, Some(mutation), false);
        let caught = outcome
            .violations
            .into_iter()
            .find(|one| mutation.breaks().contains(&one.rule));
        if let Some(violation) = caught {
            let mut found = found.lock().unwrap();
            if found.as_ref().is_none_or(|(first, _)| *first > seed) {
                *found = Some((seed, violation));
            }
        }
    });
    found.into_inner().unwrap()
}

/// Prints a life step by step.
pub fn show(outcome: &Outcome) {
    for line in &outcome.trace {
        println!("{line}");
    }
    for violation in &outcome.violations {
        println!("{:?}: {}", violation.rule, violation.how);
    }
}
