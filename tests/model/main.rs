//! The protocol by which a delivery is published, checked in every state that it can reach.
//!
//! `protocol` and `gate` say which code they mirror, function by function; a change of the one needs a look at the other.
//! The simulation runs the code itself, and samples its lives. This runs a likeness of it, and all of its lives.
//!
//! **What is in it**: one delivery of one or two parts; consumers that claim, ask the gate, write; a message that may
//! come at any moment, once or often; leases that may run out at any moment; a gate that may die, or be two for a moment;
//! calls that land, are refused, or land when nobody waits for them any more; writes to the database that are lost,
//! repeated, or applied when their consumer is gone; looks that fail; a person who takes back, retries, and sends again.
//! None of these is rationed, and as a lease may run out at any moment, none is noted: nothing rests on it.
//!
//! **What is bounded**: two consumers at a time (three in one check), each counted until its last request is over; and a
//! person chooses at most once to send a doubtful part again. States are told apart by 64 bits.
//!
//! **What it rests on**, beside the atomic steps that `protocol` and `gate` name:
//! - An instance of the gate that was replaced is refused its storage. So it can begin no call, as each begins with a
//!   write, and what it hears is lost. <https://developers.cloudflare.com/durable-objects/platform/known-issues/>
//! - Something that X certainly refused is not there.
//! - For the policy `resend` only, what [`protocol::Trust`] lists.
//!
//! Not in it: two deliveries with the same words (which a look could mistake for each other), windows, tokens, due times.
//!
//! The larger checks, by hand:
//! `cargo test --profile simulation --test model -- --ignored`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod form;
mod gate;
mod gateless;
mod model;
mod mutants;
mod protocol;
mod rest;
mod steps;
mod world;

use protocol::{Policy, Protocol};
use stateright::{Checker, Model};
use std::fmt::Debug;
use std::hash::Hash;
use std::io::Write;
use steps::Checked;

/// One part, two consumers, and a person who may once send again what is in doubt.
const SINGLE: Protocol = Protocol {
    policy: Policy::Ask,
    parts: 1,
    crew: 2,
    again_max: 1,
    without: None,
    betrayed: None,
};

/// Two parts, two consumers.
const THREAD: Protocol = Protocol {
    parts: 2,
    again_max: 0,
    ..SINGLE
};

/// One part, three consumers.
const CROWD: Protocol = Protocol {
    crew: 3,
    again_max: 0,
    ..SINGLE
};

const fn resending(protocol: Protocol) -> Protocol {
    Protocol {
        policy: Policy::Resend,
        ..protocol
    }
}

/// Checks every state. `at_least` so many must there be: fewer, and the model has lost something.
fn holds(name: &str, protocol: Protocol, at_least: usize) {
    let checker = Checked::new(protocol).checker().spawn_bfs().join();
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    summary(&format!(
        "{name}: holds in {states} states, {steps} steps, {} deep",
        checker.max_depth()
    ));
    checker.assert_properties();
    assert!(states >= at_least, "{states} states, not {at_least}");
}

/// Looks for the shortest way, in steps from the beginning, to a state in which `claim` does not hold. It must have
/// `steps` steps: a longer one means that the model has lost something, a shorter one that it does what it must not.
#[track_caller]
fn fails<M>(name: &str, model: impl Fn() -> M, claim: &'static str, steps: usize)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + Debug,
    M::Action: Clone + PartialEq + Send + Sync + Debug,
{
    for allowed in 1.. {
        // A depth counts states, and of those beyond it none is looked at.
        let checker = model().checker().target_max_depth(allowed + 2);
        let checker = checker.spawn_bfs().join();
        if let Some(path) = checker.discovery(claim) {
            let way = path.into_actions();
            summary(&format!("{name}: not \"{claim}\": {way:?}"));
            assert_eq!(way.len(), steps, "{name}: {way:?}");
            return;
        }
        assert!(allowed < steps, "{name}: no way of {steps} steps");
    }
}

/// A line of the summary, shown even when the test passes.
fn summary(line: &str) {
    writeln!(std::io::stderr().lock(), "model: {line}").unwrap();
}

#[test]
fn asking_a_person_holds_for_a_single_post() {
    holds("single, ask", SINGLE, 80_000);
}

#[test]
fn resending_holds_for_a_single_post() {
    holds("single, resend", resending(SINGLE), 120_000);
}

#[test]
fn asking_a_person_holds_for_a_thread() {
    holds("thread, ask", THREAD, 120_000);
}

#[test]
fn resending_holds_for_a_thread() {
    holds("thread, resend", resending(THREAD), 250_000);
}

#[test]
fn a_third_consumer_changes_nothing() {
    holds("crowd, ask", CROWD, 300_000);
}

#[test]
#[ignore = "minutes, and gigabytes"]
fn the_larger_worlds_hold_as_well() {
    let send_again = |protocol| Protocol {
        again_max: 1,
        ..protocol
    };
    holds("crowd, resend", resending(CROWD), 1_000_000);
    holds("thread, ask, again", send_again(THREAD), 800_000);
    holds(
        "thread, resend, again",
        resending(send_again(THREAD)),
        1_000_000,
    );
    holds("crowd, ask, again", send_again(CROWD), 1_000_000);
}
