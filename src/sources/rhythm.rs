//! When to look at a channel next, so that few requests find its videos soon.
//!
//! Promises: over a week as many requests as the channel's share allows, most of them around the times at which it has
//! published before; never two closer than the smallest interval, never none for longer than the largest, whatever is
//! given. The largest interval wins over the share: a quiet channel is still looked at. Pure: the time, the history and
//! the die come in; nothing is remembered between two looks. Times of the day are those of UTC.
//!
//! # How
//!
//! **Where requests are worth most.** Let a channel publish at the time t of its week with density f(t), and let it be
//! asked at rate r(t). A video then waits for a time that is spread evenly between 0 and 1/r, 1/(2r) on average. To make
//! the mean of the waits smallest, ∫ f/r with ∫ r fixed, the derivative f/r² must be the same everywhere: r goes as √f.
//! The same for the mean of their q-th powers gives r ~ f^(1/(1+q)), and as q goes to 0 it is the geometric mean, which
//! moves with the median, and r ~ f. What a creator notices is how long it usually takes, but not at the price of a day's
//! wait after the one upload at an odd hour: q = 1/3 is between the two, r ~ f^(3/4). `benches/polling.rs` prints what
//! it achieves.
//!
//! **What f is.** A mixture: evenly at any time; at the time of the day of earlier videos; at the time of the week of
//! earlier ones; each of the last two narrowly and broadly. Newer videos weigh more. How much each part of the mixture counts
//! is what explains the history best when every video is predicted from those of other days (expectation maximisation on
//! what is left when one is left out), so that a channel without a rhythm is asked evenly, not at the times of its last
//! accidents. A clock that is put forward or back moves a creator by one hour, so the narrow parts have shoulders there.
//!
//! **Bursts.** While the newest videos are within an hour of each other, the rate is raised by as much as bursts of this
//! channel have brought more, and all else is lowered by what that costs.

mod week; // how likely a channel is to publish at each time of its week

use crate::time::{DAY_MS, HOUR_MS, SECOND_MS, Timestamp};
use week::{SLOT_MS, density, slot_of};

/// How many videos are looked back at, at most: more neither sharpen the picture nor come cheap.
pub const HISTORY_MAX: usize = 60;
/// What was published this long ago says nothing any more.
const HISTORY_AGE_MS: i64 = 366 * DAY_MS;
/// Videos that come closer together are a burst.
const BURST_MS: i64 = HOUR_MS;
/// How much likelier a further video is held to be in a burst, as long as the history does not say …
const BURST_EXPECTED: f64 = 6.0;
/// … and how many videos of history outweigh that.
const BURST_DOUBT: f64 = 0.25;
/// The rate is raised by no more than this.
const BURST_MAX: f64 = 10.0;
/// No interval is longer, whatever is allowed: the rhythm is that of a week.
const LONGEST_MS: i64 = 7 * DAY_MS;
/// The part of an interval by which chance makes it longer or shorter, so that channels do not all ask at once, nor one
/// of them every day at the same bad moment.
const JITTER: f64 = 0.1;
/// How many times the fair pace may be reached by what others left over of the day.
const PACE_MAX: f64 = 24.0;
/// What is planned of a share; the rest is for what comes of chance.
const SPENT: f64 = 0.99;
/// How often [`scale`] tries, and how exact it is; mostly four steps are enough.
const SCALE_STEPS: u32 = 24;
const SCALE_EXACT: f64 = 0.001;
/// What a channel takes whose push lease is alive, of what one takes that has none.
const WITH_PUSH: f64 = 0.25;

/// What the history of a channel says about its future, at one moment.
#[derive(Debug, Clone)]
pub struct Rhythm {
    /// The rate that is wanted in each slot of the week, in proportion to the others.
    wanted: Vec<f64>,
    /// The same in ascending order, each with the sum of those before it.
    levels: Vec<(f64, f64)>,
    /// The last burst.
    burst: Burst,
}

/// How a channel bursts.
#[derive(Debug, Clone, Copy)]
struct Burst {
    /// Until when one is under way; `None`: it is not.
    until: Option<Timestamp>,
    /// By how much the rate is raised in one, 1 or more.
    factor: f64,
    /// The part of its time that the channel spends in bursts.
    part: f64,
}

/// What the next look depends on, besides the rhythm.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The time of the look that was just made.
    pub now: Timestamp,
    /// How many requests the channel has on an average day; see [`share`].
    pub share: f64,
    /// The smallest interval in ms: 15 min for the public feed, 1 min for the Data API.
    pub least_ms: i64,
    /// The largest interval in ms, at most a week, after which even a channel without a share is looked at. Wins over the smallest.
    pub most_ms: i64,
    /// Evenly from 0 to 1.
    pub random: f64,
    /// How many looks in a row have failed, up to and with this one.
    pub failures: u32,
}

impl Rhythm {
    /// Learns from when a channel has published, in any order. What lies in the future, more than a year back, before
    /// the newest [`HISTORY_MAX`] or at the very instant of another is left aside.
    #[must_use]
    pub fn learn(now: Timestamp, published: &[Timestamp]) -> Self {
        let mut past: Vec<Timestamp> = published
            .iter()
            .copied()
            .filter(|at| (0..=HISTORY_AGE_MS).contains(&now.since(*at)))
            .collect();
        past.sort_unstable();
        past.dedup();
        let past = past.split_off(past.len().saturating_sub(HISTORY_MAX));
        let wanted: Vec<f64> = density(now, &past).map(to_three_quarters).collect();
        Self {
            levels: levels(&wanted),
            wanted,
            burst: Burst::learn(now, &past),
        }
    }

    /// When to look again.
    #[must_use]
    pub fn next(&self, turn: &Turn) -> Timestamp {
        let least = real(turn.least_ms.max(SECOND_MS));
        let most = real(turn.most_ms.clamp(SECOND_MS, LONGEST_MS));
        let least = least.min(most);
        let jitter = 1.0 + JITTER * (2.0 * between_0_and_1(turn.random) - 1.0);
        let interval = self.interval(turn, least, most, jitter);
        let backed_off = if turn.failures == 0 {
            0.0
        } else {
            least * f64::from(1_u32 << turn.failures.min(20)) * jitter
        };
        turn.now
            .plus_ms(whole(interval.max(backed_off).clamp(least, most)))
    }

    /// How long until the rate, added up from now on, makes one request.
    fn interval(&self, turn: &Turn, least: f64, most: f64, jitter: f64) -> f64 {
        let high = 1.0 / least;
        // Even an interval that chance makes longer is then no longer than the largest, and need not be cut: cutting
        // would cost more requests than the share has.
        let low = ((1.0 + JITTER) / most).min(high);
        let mean = (SPENT * at_least_0(turn.share) / real(DAY_MS)).clamp(low, high);
        let raised = self.burst.factor.min(high / mean);
        let cost = (raised - 1.0) * self.burst.part * part_seen(1.0 / mean);
        let mean = (mean / (1.0 + cost)).max(low);
        let scale = scale(&self.levels, mean, low, high);
        let burst_left = self.burst.until.map_or(0, |until| until.since(turn.now));

        let mut missing = jitter;
        let mut passed = 0_i64;
        let from = slot_of(turn.now);
        let mut rest = SLOT_MS - turn.now.millis().rem_euclid(SLOT_MS);
        for wanted in self.wanted.iter().cycle().skip(from) {
            let rate = (scale * wanted).clamp(low, high);
            let raise = if passed < burst_left { raised } else { 1.0 };
            let rate = (rate * raise).min(high);
            let brings = rate * real(rest);
            if brings >= missing || real(passed) >= most {
                return real(passed) + missing / rate;
            }
            missing -= brings;
            passed += rest;
            rest = SLOT_MS;
        }
        most
    }
}

impl Burst {
    /// Learns from when a channel has published, in order.
    fn learn(now: Timestamp, past: &[Timestamp]) -> Self {
        // What happened in the hour after each video that itself came within an hour of the one before it.
        let mut until = None;
        let (mut in_bursts_ms, mut further) = (0_i64, 0.0);
        let next = past.iter().skip(2).map(Some).chain([None]);
        for ((before, at), next) in past.iter().zip(past.iter().skip(1)).zip(next) {
            if at.since(*before) > BURST_MS {
                continue;
            }
            in_bursts_ms += next.unwrap_or(&now).since(*at).min(BURST_MS);
            match next {
                Some(next) if next.since(*at) <= BURST_MS => further += 1.0,
                Some(_) => {}
                None => until = Some(at.plus_ms(BURST_MS)).filter(|until| *until > now),
            }
        }
        let span = past
            .first()
            .map_or(0, |first| now.since(*first))
            .max(7 * DAY_MS);
        let bursting = real(in_bursts_ms) / real(span);
        let by_chance = bursting * many(past.len());
        let likelier = (further + BURST_EXPECTED * BURST_DOUBT) / (by_chance + BURST_DOUBT);
        Self {
            until,
            factor: to_three_quarters(likelier).clamp(1.0, BURST_MAX),
            part: bursting,
        }
    }
}

/// How many requests a day one channel has, of a budget for all.
///
/// What is left of the budget is spread over what is left of the day, so that what some did not use comes to all. A channel
/// whose push lease is alive takes a quarter of what one without takes. While anything is left, every channel has a part
/// of it; afterwards the largest interval of [`Turn`] keeps it from being forgotten.
///
/// `part_of_day_left` is 1 when the budget is new and 0 when it ends; less than an hour counts as one, lest the last
/// minute spend what is left at once. The two counts include the channel that asks.
#[must_use]
pub fn share(
    budget_per_day: f64,
    used_today: f64,
    part_of_day_left: f64,
    channels_without_push: u32,
    channels_with_push: u32,
    this_has_push: bool,
) -> f64 {
    let left = at_least_0(at_least_0(budget_per_day) - at_least_0(used_today));
    let pace = left / between_0_and_1(part_of_day_left).max(1.0 / PACE_MAX);
    let mine = if this_has_push { WITH_PUSH } else { 1.0 };
    let all = f64::from(channels_without_push) + WITH_PUSH * f64::from(channels_with_push);
    pace * mine / all.max(mine)
}

/// Sorts, and adds up.
fn levels(wanted: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = wanted.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut sum = 0.0;
    let with_sum = |level| {
        let before = sum;
        sum += level;
        (level, before)
    };
    // One beyond the last, so that the sum of all is there too.
    sorted
        .into_iter()
        .chain([f64::INFINITY])
        .map(with_sum)
        .collect()
}

/// The factor by which the levels are multiplied so that the rates have this mean, none of them outside the bounds.
///
/// The mean grows with the factor, in straight pieces: Newton's method finds it in a few steps, and halving keeps it
/// from running away where a bound is reached.
fn scale(levels: &[(f64, f64)], mean: f64, low: f64, high: f64) -> f64 {
    let count = levels.len().saturating_sub(1);
    let sum_before = |slot: usize| levels.get(slot).map_or(0.0, |(_, sum)| *sum);
    let (mut below, mut above) = (0.0, f64::INFINITY);
    let mut factor = mean;
    for _ in 0..SCALE_STEPS {
        let first = levels
            .partition_point(|(level, _)| factor * level <= low)
            .min(count);
        let last = levels
            .partition_point(|(level, _)| factor * level < high)
            .min(count);
        let slope = sum_before(last) - sum_before(first);
        let sum = low * many(first) + factor * slope + high * many(count - last);
        let missing = mean * many(count) - sum;
        if missing.abs() <= mean * many(count) * SCALE_EXACT {
            break;
        }
        if missing > 0.0 {
            below = factor;
        } else {
            above = factor;
        }
        let newton = factor + missing / slope;
        factor = if newton > below && newton < above {
            newton
        } else if above.is_finite() {
            f64::midpoint(below, above)
        } else {
            2.0 * factor
        };
    }
    factor
}

/// The part of its bursts that a channel is known to be in, when it is looked at after so many ms. A burst is found half an
/// interval late, but most of it, what follows once the rate is raised, at once. How much that is, is what makes the looks
/// of the simulation add up to the share.
fn part_seen(interval: f64) -> f64 {
    let intervals = real(BURST_MS) / interval;
    if intervals < 1.0 {
        0.85 * intervals
    } else {
        1.0 - 0.15 / intervals
    }
}

/// x^(3/4), by what every processor has.
fn to_three_quarters(x: f64) -> f64 {
    let root = x.sqrt();
    root * root.sqrt()
}

/// What is not a number counts as 0.
fn at_least_0(x: f64) -> f64 {
    if x > 0.0 { x.min(1e15) } else { 0.0 }
}

fn between_0_and_1(x: f64) -> f64 {
    at_least_0(x).min(1.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a year are far below 2^53"
)]
fn real(ms: i64) -> f64 {
    ms as f64
}

/// How many slots.
fn many(slots: usize) -> f64 {
    f64::from(u32::try_from(slots).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and parts of a millisecond do not matter"
)]
fn whole(ms: f64) -> i64 {
    ms as i64
}

#[cfg(test)]
#[path = "rhythm_tests.rs"]
mod tests;
