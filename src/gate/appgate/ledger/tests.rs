use super::{Drawn, Ledger, Rules, Verdict};
use crate::gate::appgate::Seen;
use crate::ids::AccountId;
use crate::platforms::{Observed, Span};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

const LANDING_MS: i64 = 30 * SECOND_MS;

fn ledger(limit: u32) -> Ledger {
    Ledger::new(Rules {
        limit,
        window_ms: DAY_MS,
        landing_ms: LANDING_MS,
    })
}

fn account(number: u32) -> AccountId {
    AccountId::parse(&format!("acct_019a9b1c-7d2e-7c11-8f00-{number:012x}")).unwrap()
}

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Asks for one call, and draws or waits as the app's gate does.
fn ask(ledger: &mut Ledger, who: u32, now: Timestamp) -> Verdict {
    ledger.expire(now);
    let verdict = ledger.weigh(&account(who), 1, now, 0);
    match verdict {
        Verdict::Grant(calls) => {
            let drawn = Drawn {
                account_id: account(who),
                calls,
                granted_at: now,
                until: now.plus_ms(MINUTE_MS),
            };
            let id = format!("{}/{}", ledger.draws.len(), now.millis());
            ledger.add(id, drawn, now);
        }
        Verdict::Later(later) => ledger.turned_away(&account(who), later, now),
    }
    verdict
}

fn later(verdict: Verdict) -> Timestamp {
    match verdict {
        Verdict::Later(at) => at,
        Verdict::Grant(calls) => panic!("{calls} were granted"),
    }
}

#[test]
fn a_draw_counts_until_a_window_after_its_last_call_can_land() {
    let mut ledger = ledger(1);
    assert_eq!(ask(&mut ledger, 1, at(0)), Verdict::Grant(1));
    let opens = MINUTE_MS + DAY_MS + LANDING_MS;
    assert_eq!(later(ask(&mut ledger, 1, at(1))), at(opens));
    later(ask(&mut ledger, 1, at(opens - 1)));
    assert_eq!(ask(&mut ledger, 1, at(opens)), Verdict::Grant(1));
}

#[test]
fn what_becomes_free_goes_to_whoever_has_had_least() {
    let mut ledger = ledger(3);
    for second in 0..3 {
        ask(&mut ledger, 1, at(second * 60 * SECOND_MS));
    }
    let first = later(ask(&mut ledger, 1, at(HOUR_MS)));
    let second = later(ask(&mut ledger, 2, at(2 * HOUR_MS)));
    let third = later(ask(&mut ledger, 3, at(3 * HOUR_MS)));
    assert_eq!((first, second), (at(DAY_MS + 90 * SECOND_MS), first));
    assert_eq!(third, first.plus_ms(MINUTE_MS));
    // The one with three comes first, and finds that the call is not its own.
    later(ask(&mut ledger, 1, first));
    assert_eq!(ask(&mut ledger, 2, second), Verdict::Grant(1));
    later(ask(&mut ledger, 1, third));
    assert_eq!(ask(&mut ledger, 3, third), Verdict::Grant(1));
}

#[test]
fn a_turn_that_nobody_takes_is_kept_for_a_while_only() {
    let mut ledger = ledger(2);
    ask(&mut ledger, 1, at(0));
    ask(&mut ledger, 1, at(0));
    let turn = later(ask(&mut ledger, 2, at(HOUR_MS)));
    later(ask(&mut ledger, 3, at(HOUR_MS)));
    assert_eq!(
        ask(&mut ledger, 1, turn.plus_ms(1)),
        Verdict::Later(turn.plus_ms(1 + 15 * MINUTE_MS))
    );
    assert_eq!(
        ask(&mut ledger, 1, turn.plus_ms(6 * MINUTE_MS)),
        Verdict::Grant(1)
    );
}

#[test]
fn beyond_its_share_an_account_leaves_the_others_what_they_use_at_their_pace() {
    let mut ledger = ledger(100);
    // Four that use one an hour, which makes 24 of the 20 that are each one's share.
    for hour in 0..4 {
        for who in 1..5 {
            assert_eq!(ask(&mut ledger, who, at(hour * HOUR_MS)), Verdict::Grant(1));
        }
    }
    let now = at(4 * HOUR_MS);
    for _ in 0..20 {
        assert_eq!(ask(&mut ledger, 9, now), Verdict::Grant(1));
    }
    assert_eq!(ledger.free(), 64);
    assert_eq!(later(ask(&mut ledger, 9, now)), now.plus_ms(15 * MINUTE_MS));
    // They stop; a day later their pace is little, and what they leave is there for all.
    let mut granted = 0;
    let now = at(20 * HOUR_MS);
    while ask(&mut ledger, 9, now) == Verdict::Grant(1) {
        granted += 1;
    }
    assert_eq!(granted, 64);
}

#[test]
fn more_is_drawn_ahead_by_who_spends_it_and_nothing_when_it_is_scarce() {
    let mut ledger = ledger(10_000);
    let draws: Vec<Verdict> = (0..6).map(|_| ask(&mut ledger, 1, at(0))).collect();
    let sizes = [1, 2, 4, 8, 10, 10].map(Verdict::Grant);
    assert_eq!(draws, sizes);
    // While somebody waits, nobody draws ahead.
    let waits = account(7);
    ledger.turned_away(&waits, at(HOUR_MS), at(0));
    assert_eq!(ask(&mut ledger, 1, at(0)), Verdict::Grant(1));
    ledger.shares.remove(&waits);
    // The last one was not spent in time.
    assert_eq!(ask(&mut ledger, 1, at(2 * MINUTE_MS)), Verdict::Grant(1));
    let large = Drawn {
        account_id: account(2),
        calls: 5_000,
        granted_at: at(0),
        until: at(DAY_MS),
    };
    ledger.add("much".to_owned(), large, at(0));
    assert_eq!(ask(&mut ledger, 1, at(2 * MINUTE_MS)), Verdict::Grant(1));
}

#[test]
fn what_is_given_back_is_free_and_no_more_than_was_drawn() {
    let mut ledger = ledger(10);
    let of = |who, calls| Drawn {
        account_id: account(who),
        calls,
        granted_at: at(0),
        until: at(MINUTE_MS),
    };
    ledger.add("a".to_owned(), of(1, 4), at(0));
    assert_eq!(ledger.give_back("a", 3), Some(1));
    assert_eq!(ledger.free(), 9);
    ledger.add("c".to_owned(), of(2, 4), at(0));
    assert_eq!(ledger.give_back("a", 3), Some(0));
    assert_eq!((ledger.free(), ledger.give_back("b", 3)), (6, None));
}

#[test]
fn the_platforms_word_narrows_the_window_and_never_widens_it() {
    let mut ledger = ledger(10);
    ask(&mut ledger, 1, at(0));
    let said = |remaining, at: Timestamp| Seen {
        observed: Observed {
            span: Span::AppDay,
            limit: 5,
            remaining,
            reset_at: Timestamp::from_millis(HOUR_MS),
        },
        at,
    };
    assert!(ledger.observe(Some(&account(1)), said(100, at(1))));
    assert_eq!(ledger.free(), 9);
    assert!(ledger.observe(Some(&account(1)), said(2, at(2))));
    assert_eq!(ledger.free(), 2, "it knows of the own call");
    assert!(
        !ledger.observe(Some(&account(1)), said(1, at(1))),
        "an older answer that came late"
    );
    assert!(ledger.observe(Some(&account(2)), said(2, at(3))));
    assert_eq!(ledger.free(), 1, "it may not know of another's");
    assert_eq!(ask(&mut ledger, 2, at(4)), Verdict::Grant(1));
    assert_eq!(later(ask(&mut ledger, 2, at(5))), at(HOUR_MS));
    assert!(ledger.observe(None, said(0, at(6))));
    assert!(
        !ledger.observe(None, said(4, at(7))),
        "an answer that was overtaken"
    );
    ledger.expire(at(HOUR_MS));
    assert_eq!((ledger.free(), ledger.allowed()), (8, None));
}
