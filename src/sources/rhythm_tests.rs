//! The bounds that hold whatever comes in, the budget, and how long videos wait.

use super::*;
use proptest::prelude::*;
use simulation::{Channel, Dice, MOST, compare};

#[path = "rhythm/simulation.rs"]
mod simulation;

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;
/// Noon of a Saturday.
const NOW: Timestamp = Timestamp::from_millis(1_795_262_400_000);

fn turn(share: f64) -> Turn {
    Turn {
        now: NOW,
        share,
        least_ms: QUARTER_MS,
        most_ms: MOST,
        random: 0.5,
        failures: 0,
    }
}

fn minutes_until_next(published: &[Timestamp], turn: &Turn) -> i64 {
    Rhythm::learn(turn.now, published)
        .next(turn)
        .since(turn.now)
        / MINUTE_MS
}

/// Published so many minutes before now.
fn ago(minutes: &[i64]) -> Vec<Timestamp> {
    minutes
        .iter()
        .map(|minutes| NOW.plus_ms(-minutes * MINUTE_MS))
        .collect()
}

/// Published on each of the last 40 days, so many minutes after the time that it is now.
fn daily(minutes: i64) -> Vec<Timestamp> {
    (1..=40)
        .map(|days| NOW.plus_ms(minutes * MINUTE_MS - days * DAY_MS))
        .collect()
}

#[test]
fn regular_channels_wait_a_third_and_others_hardly_longer() {
    let failures: Vec<String> = WAYS
        .iter()
        .flat_map(|way| Channel::ALL.map(|channel| (*way, channel)))
        .filter_map(|((a_day, least_ms, channels), (name, channel))| {
            let (ours, theirs) = compare(channel, channels, DAYS, a_day, least_ms);
            let allowed = if channel.is_regular() {
                1.0 / 3.0
            } else {
                1.15
            };
            let medians = (ours.percentile(50), theirs.percentile(50));
            let means = (ours.mean(), theirs.mean());
            let looks = (ours.looks_a_day(), theirs.looks_a_day());
            let fine = medians.0 <= allowed * medians.1
                && means.0 <= allowed.max(0.5) * means.1
                && looks.0 <= looks.1;
            (!fine)
                .then(|| format!("{name}, {a_day} a day: {medians:?}, {means:?}, looks {looks:?}"))
        })
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Looks a day, the smallest interval and how many channels of a kind: with the Data API, of the public feed, and when
/// the budget is small.
const WAYS: [(u32, i64, u64); 3] = [(96, MINUTE_MS, 4), (24, QUARTER_MS, 4), (8, QUARTER_MS, 4)];
const DAYS: i64 = 90;

#[test]
fn without_a_history_looks_are_as_far_apart_as_the_share_says() {
    for (share, minutes) in [(24.0, 60), (48.0, 30), (8.0, 180)] {
        let next = minutes_until_next(&[], &turn(share));
        assert!((minutes..=minutes + 2).contains(&next), "{share}: {next}");
    }
}

#[test]
fn no_share_is_too_small_or_too_large_for_the_bounds() {
    for share in [0.0, -3.0, f64::NAN, 0.01, 4.0, f64::NEG_INFINITY] {
        let next = minutes_until_next(&[], &turn(share));
        assert!((300..=360).contains(&next), "{share}: {next}");
    }
    for share in [96.0, 1e9, f64::INFINITY] {
        assert_eq!(minutes_until_next(&[], &turn(share)), 15);
    }
}

#[test]
fn before_the_hour_of_a_channel_looks_wait_for_it_and_then_come_at_once() {
    // In three hours, in one minute, and at a time that a clock's change makes of it.
    let next = minutes_until_next(&daily(180), &turn(8.0));
    assert!((150..=190).contains(&next), "{next}");
    assert_eq!(minutes_until_next(&daily(1), &turn(24.0)), 15);
    assert!(minutes_until_next(&daily(60), &turn(96.0)) <= 20);
}

#[test]
fn a_day_of_the_week_is_kept_as_an_hour_is() {
    let weekly: Vec<_> = (1..=20)
        .map(|weeks| NOW.plus_ms(-weeks * 7 * DAY_MS))
        .collect();
    let at = |now| {
        let turn = Turn { now, ..turn(12.0) };
        minutes_until_next(&weekly, &turn)
    };
    assert_eq!(at(NOW), 15);
    let tomorrow = at(NOW.plus_ms(DAY_MS));
    assert!(tomorrow > 100, "{tomorrow}");
}

#[test]
fn newer_habits_outweigh_older_ones() {
    let moved: Vec<_> = (1..=60)
        .map(|days| NOW.plus_ms(-days * DAY_MS + if days > 15 { 6 * HOUR_MS } else { 0 }))
        .collect();
    assert_eq!(minutes_until_next(&moved, &turn(24.0)), 15);
}

#[test]
fn a_burst_raises_the_rate_for_an_hour_after_its_newest_video() {
    let before = [60 * 24 * 3 + 700, 60 * 24 * 11 + 400];
    let burst = |minutes: &[i64]| {
        let published = ago(&[minutes, &before].concat());
        minutes_until_next(&published, &turn(24.0))
    };
    assert!(burst(&[10, 30]) <= 25);
    assert!(burst(&[50, 100]) > 25, "ten minutes are left of it");
    assert!(burst(&[61, 90]) > 50, "it is over");
    assert!(burst(&[10]) > 50, "one is no burst");
}

#[test]
fn failures_make_it_slower_but_never_slower_than_the_largest_interval() {
    let after = |failures| {
        let turn = Turn {
            failures,
            ..turn(96.0)
        };
        minutes_until_next(&[], &turn)
    };
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 40, u32::MAX].map(after),
        [15, 30, 60, 120, 240, 360, 360, 360]
    );
}

#[test]
fn a_share_is_fair() {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    // 100 looks: 8 channels with a whole part and 8 with a quarter.
    assert!(close(share(100.0, 0.0, 1.0, 8, 8, false), 10.0));
    assert!(close(share(100.0, 0.0, 1.0, 8, 8, true), 2.5));
    // What was not used in the morning is spread over the afternoon, and what was overspent is saved there.
    assert!(close(share(100.0, 20.0, 0.5, 8, 8, false), 16.0));
    assert!(close(share(100.0, 80.0, 0.5, 8, 8, true), 1.0));
    // The last seconds do not spend it all.
    assert!(close(share(100.0, 0.0, 0.0, 10, 0, false), 240.0));
    // Alone, and when the counts forget the one that asks.
    assert!(close(share(100.0, 0.0, 1.0, 0, 1, true), 100.0));
    assert!(close(share(100.0, 0.0, 1.0, 0, 0, false), 100.0));
    assert!(close(share(100.0, 120.0, 0.5, 1, 0, false), 0.0));
}

proptest! {
    #[test]
    fn the_next_look_is_within_the_bounds_whatever_comes_in(
        published in proptest::collection::vec(prop_oneof![
            any::<i64>(),
            (-400 * DAY_MS..DAY_MS).prop_map(|past| NOW.millis() + past),
            Just(NOW.millis()),
        ], 0..100),
        now in prop_oneof![Just(NOW.millis()), any::<i64>()],
        share in any::<f64>(),
        least_ms in any::<i64>(),
        most_ms in any::<i64>(),
        random in any::<f64>(),
        failures in any::<u32>(),
    ) {
        let published: Vec<_> = published.into_iter().map(Timestamp::from_millis).collect();
        let now = Timestamp::from_millis(now);
        let turn = Turn { now, share, least_ms, most_ms, random, failures };
        let next = Rhythm::learn(now, &published).next(&turn);
        let most = most_ms.clamp(SECOND_MS, 7 * DAY_MS);
        let least = least_ms.clamp(SECOND_MS, most);
        // To the precision of a number with a fraction.
        prop_assert!(next >= now.plus_ms(least - least / 1_000_000_000));
        prop_assert!(next <= now.plus_ms(most.saturating_add(most / 1_000_000_000)));
    }

    #[test]
    fn shares_add_up_to_what_is_left(
        budget in 1.0..1e6_f64,
        part_used in 0.0..1.0_f64,
        left in 0.05..1.0_f64,
        without in 0..1000_u32,
        with in 0..1000_u32,
    ) {
        prop_assume!(without + with > 0);
        let each = |this_has_push| share(budget, budget * part_used, left, without, with, this_has_push);
        let mut all = 0.0;
        if without > 0 {
            all += f64::from(without) * each(false);
        }
        if with > 0 {
            all += f64::from(with) * each(true);
            prop_assert!(each(true) > 0.0);
        }
        let expected = budget * (1.0 - part_used);
        prop_assert!((all * left - expected).abs() <= 1e-6 * budget);
    }

    #[test]
    fn looks_follow_the_share_over_a_week(
        seed in any::<u64>(),
        share in 8.0..90.0_f64,
        kind in 0..Channel::ALL.len(),
    ) {
        let mut dice = Dice(seed);
        let published = Channel::ALL[kind].1.publishes(90, &mut dice);
        // Three hours later no burst is under way.
        let begin = published.last().unwrap().plus_ms(3 * HOUR_MS);
        let rhythm = Rhythm::learn(begin, &published);
        let (mut now, mut looks) = (begin, 0.0);
        while now < begin.plus_ms(7 * DAY_MS) {
            now = rhythm.next(&Turn { now, random: dice.roll(), ..turn(share) });
            looks += 1.0;
        }
        prop_assert!(looks <= 1.02 * 7.0 * share + 2.0, "{looks} of {}", 7.0 * share);
        prop_assert!(looks >= 0.7 * 7.0 * share, "{looks} of {}", 7.0 * share);
    }
}
