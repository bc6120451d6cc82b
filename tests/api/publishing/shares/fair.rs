//! Nobody's backlog is paid for by the others.

use super::crowd::{Crowd, Said};
use godwit::gate::Closed;
use godwit::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use std::collections::BTreeSet;

/// What one account got.
#[derive(Debug, Default, Clone)]
struct Service {
    calls: u32,
    /// The longest time that one of its calls waited, in ms.
    waited_ms: i64,
}

/// Lets each call ask when it is due, and come back when it is told to, until `end`.
async fn serve(crowd: &Crowd, calls: Vec<(Timestamp, usize)>, end: Timestamp) -> Vec<Service> {
    let accounts = calls.iter().map(|(_, account)| account + 1).max().unwrap();
    let mut service = vec![Service::default(); accounts];
    let mut agenda: BTreeSet<(Timestamp, usize, usize, Timestamp)> = calls
        .into_iter()
        .enumerate()
        .map(|(number, (due, account))| (due, number, account, due))
        .collect();
    while let Some((at, number, account, due)) = agenda.pop_first() {
        let waited_ms = at.min(end).since(due);
        let mine = &mut service[account];
        mine.waited_ms = mine.waited_ms.max(waited_ms);
        if at > end {
            continue;
        }
        crowd.stage.world.clock.set(at);
        match crowd.ask(account).await {
            Said::Go => mine.calls += 1,
            Said::Later(later, Closed::App) => {
                // As a delivery does.
                let later = later.min(at.plus_ms(DAY_MS));
                agenda.insert((later, number, account, due));
            }
            other => panic!("{other:?}"),
        }
    }
    service
}

/// Jain's index: 1 when all got the same, 1/n when one got everything (<https://arxiv.org/abs/cs/9809099>).
fn jain(service: &[Service]) -> f64 {
    let sum: f64 = service.iter().map(|one| f64::from(one.calls)).sum();
    let squares: f64 = service.iter().map(|one| f64::from(one.calls).powi(2)).sum();
    let count = f64::from(u32::try_from(service.len()).unwrap());
    sum * sum / (count * squares)
}

const OTHERS: usize = 100;
const FLOODER: usize = OTHERS;
const LIMIT: u32 = 1_000;

/// The hundred others' calls, `each` in a day and account, spread over `days`.
fn others(start: Timestamp, each: i64, days: i64) -> Vec<(Timestamp, usize)> {
    let apart_ms = DAY_MS / each;
    let calls = |account: usize| {
        let place = |number: usize| i64::try_from(number).unwrap();
        let first = start.plus_ms(apart_ms * place(account) / place(OTHERS));
        (0..each * days).map(move |number| (first.plus_ms(apart_ms * number), account))
    };
    (0..OTHERS).flat_map(calls).collect()
}

#[tokio::test]
async fn a_backlog_of_thousands_does_not_delay_a_hundred_others_that_ask_for_less_than_their_share()
{
    let crowd = Crowd::of(OTHERS + 1, LIMIT).await;
    let start = crowd.now();
    // Eight a day of the ten that are everybody's share, while one has two thousand due at once.
    let mut calls = others(start, 8, 1);
    calls.extend((0..2_000).map(|_| (start.plus_ms(HOUR_MS), FLOODER)));
    let service = serve(&crowd, calls, start.plus_ms(DAY_MS)).await;
    let (others, flooder) = service.split_at(OTHERS);
    assert!(jain(others) >= 0.95, "{}", jain(others));
    assert!(others.iter().all(|one| one.calls >= 7), "{others:?}");
    let longest = others.iter().map(|one| one.waited_ms).max().unwrap();
    println!(
        "jain {} longest {} min, flooder {:?}",
        jain(others),
        longest / MINUTE_MS,
        flooder
    );
    assert!(longest <= 30 * MINUTE_MS, "{} min", longest / MINUTE_MS);
    // What the others leave is the flooder's.
    assert!(flooder[0].calls >= 100, "{flooder:?}");
}

#[tokio::test]
async fn where_everybody_wants_more_than_there_is_all_get_the_same_and_the_flooder_no_more() {
    let crowd = Crowd::of(OTHERS + 1, LIMIT).await;
    let start = crowd.now();
    let mut calls = others(start, 15, 1);
    calls.extend((0..2_000).map(|_| (start.plus_ms(HOUR_MS), FLOODER)));
    let service = serve(&crowd, calls, start.plus_ms(DAY_MS)).await;
    let (others, flooder) = service.split_at(OTHERS);
    println!(
        "jain {} {:?} flooder {:?}",
        jain(others),
        others.iter().map(|one| one.calls).collect::<Vec<_>>(),
        flooder
    );
    assert!(jain(others) >= 0.95, "{}", jain(others));
    let least = others.iter().map(|one| one.calls).min().unwrap();
    assert!(flooder[0].calls <= 2 * least, "{flooder:?} and {least}");
    let all: u32 = service.iter().map(|one| one.calls).sum();
    assert!(all >= LIMIT * 9 / 10, "{all}");
}

#[tokio::test]
async fn who_comes_late_is_served_before_a_backlog_that_has_had_its_share() {
    let crowd = Crowd::of(11, LIMIT).await;
    let start = crowd.now();
    // Alone at first, one takes everything; what becomes free the next day is the others', up to their share.
    let mut calls: Vec<_> = (0..3_000)
        .map(|number| (start.plus_ms(number * MINUTE_MS / 2), 0))
        .collect();
    for account in 1..11 {
        calls.extend((0..50).map(|number| {
            (
                start.plus_ms(20 * HOUR_MS + number * 10 * MINUTE_MS),
                account,
            )
        }));
    }
    let service = serve(&crowd, calls, start.plus_ms(2 * DAY_MS)).await;
    println!("{service:?}");
    assert!(
        service[1..].iter().all(|one| one.calls == 50),
        "{service:?}"
    );
    let longest = service[1..].iter().map(|one| one.waited_ms).max().unwrap();
    // Four hours until anything is free at all, and then two in a minute for all of them, who look once an hour at least.
    assert!(longest <= 6 * HOUR_MS, "{} min", longest / MINUTE_MS);
}
