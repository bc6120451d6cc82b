//! What follows from each answer.

use super::super::model::{State, UncertainPolicy};
use super::{NEEDS_RECONNECT, Settlement, Standing, after_reconcile, after_send, backoff_ms};
use crate::config::Timing;
use crate::gate::{Closed, ReconcileAnswer, SendAnswer};
use crate::platforms::{Class, NotSent};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn timing() -> Timing {
    Timing {
        lease_ms: 60_000,
        platform_deadline_ms: 20_000,
        landing_grace_ms: 10_000,
        requeue_after_ms: 120_000,
        backoff_ms: 5_000,
        max_attempts: 3,
        reconcile_after_ms: vec![30_000, 60_000, 120_000],
    }
}

fn standing(attempts: u32, reconciles: u32) -> Standing {
    Standing {
        attempts,
        reconciles,
        refused_looks: 0,
        round: 1,
    }
}

fn sent(attempts: u32, answer: SendAnswer) -> Settlement {
    match after_send(standing(attempts, 0), answer, NOW, &timing(), 0) {
        Some(settlement) => settlement,
        None => panic!("no settlement"),
    }
}

fn refused(attempts: u32, class: Class) -> Settlement {
    sent(
        attempts,
        SendAnswer::Refused(NotSent::new(class, "why", "because", "do this")),
    )
}

fn code(settlement: &Settlement) -> &str {
    settlement
        .reason
        .as_ref()
        .map_or("", |reason| reason.code.as_str())
}

#[test]
fn the_third_transient_refusal_ends_a_delivery_and_says_why() {
    let first = refused(0, Class::Transient);
    assert_eq!((first.state, first.attempts), (State::Waiting, 1));
    assert_eq!(first.next_attempt_at, Some(NOW.plus_ms(5_000)));
    let second = refused(1, Class::Transient);
    assert_eq!(second.next_attempt_at, Some(NOW.plus_ms(10_000)));
    let third = refused(2, Class::Transient);
    assert_eq!((third.state, third.next_attempt_at), (State::Failed, None));
    assert_eq!(code(&third), "why");
}

#[test]
fn a_closed_window_uses_up_no_attempt() {
    let at = NOW.plus_ms(90_000);
    let settlement = sent(
        2,
        SendAnswer::Later {
            closed: Closed::Account,
            at,
            detail: "closed".to_owned(),
        },
    );
    assert_eq!((settlement.state, settlement.attempts), (State::Waiting, 2));
    assert_eq!(
        (code(&settlement), settlement.next_attempt_at),
        ("rate_limited", Some(at))
    );
}

#[test]
fn each_class_of_refusal_has_its_consequence() {
    let token = refused(0, Class::Token);
    assert!(token.reconnect && token.state == State::Waiting && code(&token) == NEEDS_RECONNECT);
    let operator = refused(2, Class::Operator);
    assert!(!operator.reconnect && operator.state == State::Waiting && operator.attempts == 2);
    let permanent = refused(0, Class::Permanent);
    assert_eq!(
        (permanent.state, permanent.next_attempt_at),
        (State::Failed, None)
    );
}

#[test]
fn a_doubt_is_looked_into_only_when_nothing_can_land_any_more() {
    for (settled_ms, first_look_ms) in [(10_000, 30_000), (45_000, 45_000)] {
        let settlement = sent(
            0,
            SendAnswer::Uncertain {
                since: NOW,
                settled_at: NOW.plus_ms(settled_ms),
                detail: "no answer".to_owned(),
            },
        );
        assert_eq!(settlement.state, State::Uncertain);
        assert_eq!(settlement.next_attempt_at, Some(NOW.plus_ms(first_look_ms)));
    }
}

#[test]
fn who_asked_under_an_old_claim_writes_nothing() {
    assert_eq!(
        after_send(standing(0, 0), SendAnswer::Stale, NOW, &timing(), 0),
        None
    );
}

#[test]
fn what_is_not_found_is_looked_for_again_and_then_the_policy_decides() {
    let look_again = |reconciles, policy, doubted_before| {
        after_reconcile(
            standing(0, reconciles),
            ReconcileAnswer::NotFound {
                doubted_before,
                read: 3,
            },
            NOW,
            &timing(),
            policy,
        )
    };
    let look = |reconciles, policy| look_again(reconciles, policy, false);
    let first = look(0, UncertainPolicy::Resend);
    assert_eq!((first.state, first.reconciles), (State::Uncertain, 1));
    assert_eq!(first.next_attempt_at, Some(NOW.plus_ms(30_000)));
    assert_eq!(
        look(1, UncertainPolicy::Resend).next_attempt_at,
        Some(NOW.plus_ms(60_000))
    );
    let asked = look(2, UncertainPolicy::Ask);
    assert_eq!(
        (asked.state, asked.next_attempt_at),
        (State::Uncertain, None)
    );
    assert_eq!(code(&asked), "needs_decision");
    let again = look(2, UncertainPolicy::Resend);
    assert_eq!((again.state, again.round), (State::Queued, 2));
    let twice = look_again(2, UncertainPolicy::Resend, true);
    assert_eq!(
        (twice.state, code(&twice)),
        (State::Uncertain, "needs_decision"),
        "a part is sent again once"
    );
}

#[test]
fn what_is_found_is_published_when_it_appeared() {
    let at = NOW.plus_ms(-20_000);
    let found = ReconcileAnswer::Found {
        external_id: "1".to_owned(),
        at,
        read: 3,
    };
    let settlement = after_reconcile(standing(0, 1), found, NOW, &timing(), UncertainPolicy::Ask);
    assert_eq!(
        (settlement.state, settlement.published_at),
        (State::Published, Some(at))
    );
}

#[test]
fn the_backoff_doubles_has_a_bound_and_spreads_by_a_fifth() {
    assert_eq!(
        [1, 2, 3, 4].map(|attempts| backoff_ms(attempts, 5_000, 0)),
        [5_000, 10_000, 20_000, 40_000]
    );
    assert_eq!(backoff_ms(30, 5_000, 0), 3_600_000);
    assert_eq!(backoff_ms(1, 5_000, 1_000), 6_000);
}
