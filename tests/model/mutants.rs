//! The protocol without one of its guards, and the policies in a world that breaks its word: what must be found.

use super::model::claim;
use super::protocol::{Guard, Policy, Protocol, Trust};
use super::steps::Checked;
use super::{SINGLE, THREAD, fails, holds, resending};

#[track_caller]
fn breaks(name: &str, protocol: Protocol, claim: &'static str, steps: usize) {
    fails(name, || Checked::only(protocol, claim), claim, steps);
}

fn without(guard: Guard) -> Protocol {
    Protocol {
        without: Some(guard),
        ..SINGLE
    }
}

#[test]
fn without_the_journal_a_repeated_message_posts_twice() {
    breaks("no journal", without(Guard::Journal), claim::ONCE, 6);
}

#[test]
fn without_the_output_gate_a_gate_that_dies_forgets_its_call() {
    breaks("no output gate", without(Guard::OutputGate), claim::ONCE, 7);
}

#[test]
fn without_the_epoch_check_an_old_request_posts_what_was_taken_back() {
    breaks(
        "no epoch check",
        without(Guard::EpochCheck),
        claim::TAKEN_BACK,
        7,
    );
}

#[test]
fn a_claim_that_was_told_not_sent_must_be_noted() {
    breaks("not noted", without(Guard::Seen), claim::TAKEN_BACK, 7);
}

#[test]
fn a_row_without_a_living_call_must_be_a_doubt() {
    breaks("no doubt", without(Guard::DeadCallIsADoubt), claim::ONCE, 6);
}

#[test]
fn without_the_guard_of_the_settle_an_old_consumer_undoes_a_newer_claim() {
    breaks(
        "unguarded writes",
        without(Guard::WritesNameTheClaim),
        claim::TAKEN_BACK,
        7,
    );
}

#[test]
fn without_the_progress_an_old_claim_begins_the_second_part() {
    let protocol = Protocol {
        without: Some(Guard::Progress),
        ..THREAD
    };
    breaks("no progress", protocol, claim::ONCE, 16);
}

#[test]
fn a_look_that_does_not_wait_misses_what_lands_later() {
    let protocol = resending(without(Guard::LooksWait));
    breaks("looks at once", protocol, claim::ONCE, 14);
}

#[test]
fn a_doubt_that_is_forgotten_calls_a_post_not_sent() {
    breaks(
        "doubt forgotten",
        without(Guard::DoubtIsKept),
        claim::NOT_SENT,
        14,
    );
}

#[test]
fn what_is_being_published_cannot_be_taken_back() {
    breaks(
        "cancel in flight",
        without(Guard::NoCancelInFlight),
        claim::TAKEN_BACK,
        4,
    );
}

#[test]
fn without_the_sweep_a_delivery_is_forgotten() {
    breaks("no sweep", without(Guard::Sweep), claim::COMES_TO_REST, 2);
}

fn betrayed(trust: Trust, policy: Policy) -> Protocol {
    Protocol {
        betrayed: Some(trust),
        policy,
        again_max: 0,
        ..SINGLE
    }
}

#[test]
fn resending_rests_on_complete_reads_and_asking_does_not() {
    let trust = Trust::ReadsAreComplete;
    breaks(
        "lagging reads, resend",
        betrayed(trust, Policy::Resend),
        claim::ONCE,
        14,
    );
    holds("lagging reads, ask", betrayed(trust, Policy::Ask), 20_000);
}

#[test]
fn resending_rests_on_the_grace_and_asking_does_not() {
    let trust = Trust::NothingLandsAfterGrace;
    breaks(
        "endless flight, resend",
        betrayed(trust, Policy::Resend),
        claim::ONCE,
        14,
    );
    holds("endless flight, ask", betrayed(trust, Policy::Ask), 20_000);
}
