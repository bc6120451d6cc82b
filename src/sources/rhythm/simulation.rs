//! Channels that publish, and how long their videos wait until somebody looks: for the tests, and for
//! `benches/polling.rs`. Everything follows from a seed.

use super::{Rhythm, Timestamp, Turn};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A Monday.
const BEGIN: i64 = 1_795_392_000_000;
/// How often the fixed interval is run.
const RUNS: i64 = 16;
/// The largest interval.
pub const MOST: i64 = 6 * HOUR;

/// Chance, from a seed (<https://prng.di.unimi.it/splitmix64.c>).
pub struct Dice(pub u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Evenly from 0 to 1.
    pub fn roll(&mut self) -> f64 {
        f64::from(u32::try_from(self.bits() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    /// Evenly between the two.
    fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to - from + 1).unwrap_or(1);
        from + i64::try_from(self.bits() % width).unwrap_or(0)
    }
}

/// How a channel publishes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Channel {
    /// At any time, so often in a week on average.
    Evenly(f64),
    /// Every day at its hour, ten minutes more or less.
    Daily,
    /// The same from Monday to Friday.
    Weekdays,
    /// The same at two hours.
    TwiceADay,
    /// The same on one day of the week.
    Weekly,
    /// On four of five days, half an hour more or less.
    Mostly,
    /// Daily, and an hour earlier after each 60 days.
    ClockChanges,
    /// Three to six within an hour, every other day on average, at any time.
    Bursts,
}

impl Channel {
    pub const ALL: [(&str, Self); 10] = [
        ("3 a week, any time", Self::Evenly(3.0)),
        ("1 a day, any time", Self::Evenly(7.0)),
        ("3 a day, any time", Self::Evenly(21.0)),
        ("bursts, any time", Self::Bursts),
        ("daily at an hour", Self::Daily),
        ("weekdays at an hour", Self::Weekdays),
        ("twice a day", Self::TwiceADay),
        ("weekly", Self::Weekly),
        ("most days, ±30 min", Self::Mostly),
        ("daily, clock changes", Self::ClockChanges),
    ];

    /// Whether it publishes at hours that can be learned within a few days.
    pub fn is_regular(self) -> bool {
        matches!(self, Self::Daily | Self::Weekdays | Self::TwiceADay)
    }

    /// When it publishes, in order.
    pub fn publishes(self, days: i64, dice: &mut Dice) -> Vec<Timestamp> {
        let mut published = Vec::new();
        let hour = dice.between(0, DAY - 1);
        let weekday = dice.between(0, 6);
        for day in 0..days {
            let mut at_about = |hour: i64, minutes: i64, dice: &mut Dice| {
                let around = dice.between(-minutes * MINUTE, minutes * MINUTE);
                published.push(BEGIN + day * DAY + hour + around);
            };
            match self {
                Self::Evenly(a_week) => {
                    // In each quarter of an hour, or not.
                    for quarter in 0..96 {
                        if dice.roll() < a_week / (7.0 * 96.0) {
                            let within = dice.between(0, 15 * MINUTE - 1);
                            at_about(quarter * 15 * MINUTE + within, 0, dice);
                        }
                    }
                }
                Self::Daily => at_about(hour, 10, dice),
                Self::Weekdays if day % 7 < 5 => at_about(hour, 10, dice),
                Self::TwiceADay => {
                    at_about(hour, 10, dice);
                    at_about((hour + 8 * HOUR) % DAY, 10, dice);
                }
                Self::Weekly if day % 7 == weekday => at_about(hour, 10, dice),
                Self::Mostly if dice.roll() < 0.8 => at_about(hour, 30, dice),
                Self::ClockChanges => at_about(hour - day / 60 * HOUR, 10, dice),
                Self::Bursts if dice.roll() < 0.5 => {
                    let from = dice.between(0, DAY - 1);
                    for _ in 0..dice.between(3, 6) {
                        let within = dice.between(0, HOUR);
                        at_about(from + within, 0, dice);
                    }
                }
                _ => {}
            }
        }
        published.sort_unstable();
        published.into_iter().map(Timestamp::from_millis).collect()
    }
}

/// What came of looking at a channel for some days.
#[derive(Debug, Default)]
pub struct Outcome {
    looks: u32,
    days: u32,
    /// How long each video waited, in minutes; in order after [`Outcome::sorted`].
    pub waits: Vec<f64>,
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        self.looks += other.looks;
        self.days += other.days;
        self.waits.extend(other.waits);
    }

    pub fn sorted(mut self) -> Self {
        self.waits.sort_by(f64::total_cmp);
        self
    }

    pub fn looks_a_day(&self) -> f64 {
        f64::from(self.looks) / f64::from(self.days)
    }

    pub fn mean(&self) -> f64 {
        let count: f64 = self.waits.iter().map(|_| 1.0).sum();
        self.waits.iter().sum::<f64>() / count
    }

    /// The wait that this many percent of the videos do not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let at = (self.waits.len() * percent).div_ceil(100).max(1) - 1;
        self.waits.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Looks at the times that `next` gives, until the days are over and everything is found. It is told the time of the
/// look, what has been found until then, and whether that look found anything.
fn look(
    published: &[Timestamp],
    days: i64,
    first: Timestamp,
    mut next: impl FnMut(Timestamp, &[Timestamp], bool) -> Timestamp,
) -> Outcome {
    let end = Timestamp::from_millis(BEGIN + days * DAY);
    let mut outcome = Outcome {
        days: u32::try_from(days).unwrap_or(0),
        ..Outcome::default()
    };
    let mut at = first;
    let mut found = 0;
    while at < end || found < published.len() {
        outcome.looks += u32::from(at < end);
        let before = found;
        while let Some(video) = published.get(found).filter(|video| **video <= at) {
            let seconds = u32::try_from(at.since(*video) / 1000).unwrap_or(u32::MAX);
            outcome.waits.push(f64::from(seconds) / 60.0);
            found += 1;
        }
        at = next(
            at,
            published.get(..found).unwrap_or_default(),
            found > before,
        );
    }
    outcome
}

/// As Godwit looks, learning from what it has found. It learns again after each video, and when the last one has become
/// one of another day: more often changes nothing but the time that this takes.
fn adaptive(
    published: &[Timestamp],
    days: i64,
    share: f64,
    least_ms: i64,
    dice: &mut Dice,
) -> Outcome {
    let first = Timestamp::from_millis(BEGIN);
    let mut rhythm = Rhythm::learn(first, &[]);
    let mut learned = first;
    look(published, days, first, |now, found, new| {
        if new || now.since(learned) > 13 * HOUR {
            rhythm = Rhythm::learn(now, found);
            learned = now;
        }
        rhythm.next(&Turn {
            now,
            share,
            least_ms,
            most_ms: MOST,
            random: dice.roll(),
            failures: 0,
        })
    })
}

/// At a fixed interval. What comes of it for a channel with an hour depends on when the first look is: all that is
/// counted is of as many runs, which begin evenly within the first interval.
fn fixed(published: &[Timestamp], days: i64, interval_ms: i64) -> Outcome {
    let mut all = Outcome::default();
    for run in 0..RUNS {
        let first = Timestamp::from_millis(BEGIN + run * interval_ms / RUNS);
        all.add(look(published, days, first, |now, _, _| {
            now.plus_ms(interval_ms)
        }));
    }
    all
}

/// Several channels of a kind, looked at in both ways: adaptive, fixed.
pub fn compare(
    channel: Channel,
    channels: u64,
    days: i64,
    a_day: u32,
    least_ms: i64,
) -> (Outcome, Outcome) {
    let (mut ours, mut theirs) = (Outcome::default(), Outcome::default());
    for seed in 0..channels {
        let mut dice = Dice(seed);
        let published = channel.publishes(days, &mut dice);
        ours.add(adaptive(
            &published,
            days,
            f64::from(a_day),
            least_ms,
            &mut dice,
        ));
        theirs.add(fixed(&published, days, DAY / i64::from(a_day)));
    }
    (ours.sorted(), theirs.sorted())
}
