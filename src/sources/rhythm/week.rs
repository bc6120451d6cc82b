//! How likely a channel is to publish at each time of its week, from when it has published. Pure.

use super::real;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// A week is looked at in slots of ten minutes: finer than any rhythm of people, and few enough to count through.
pub const SLOT_MS: i64 = 10 * MINUTE_MS;
const SLOTS_OF_DAY: usize = 144;
const SLOTS: usize = 7 * SLOTS_OF_DAY;
const SLOT_MINUTES: f64 = 10.0;
const DAYS_OF_WEEK: f64 = 7.0;
const DAY_MINUTES: f64 = 1_440.0;
const WEEK_MINUTES: f64 = 10_080.0;
const WEEK_MS: i64 = 7 * DAY_MS;
/// After this long a video weighs half: a creator's habits change in months.
const HALF_LIFE_MS: i64 = 28 * DAY_MS;
/// Videos that come closer together than this are one decision of the creator, and weigh as one …
const TOGETHER_MS: i64 = HOUR_MS;
/// … and those that come closer than this say nothing about each other's rhythm: that they are near is no habit.
const ANOTHER_DAY_MS: i64 = 12 * HOUR_MS;
/// As many videos without a rhythm are taken as seen, besides those of the history.
const DOUBT: f64 = 3.0;
/// However regular a channel is, this part of its videos is expected at any time.
const EVEN_LEAST: f64 = 0.05;
/// How often the parts of the mixture are weighed.
const ROUNDS: u32 = 12;
/// How far a change to or from summer time moves a creator, in minutes …
const SHOULDER: f64 = 60.0;
/// … and the part of the videos that is expected there, on each side.
const SHOULDER_PART: f64 = 0.04;

/// How far the two hills around the time of a video reach, in minutes: whoever keeps an hour, and whoever keeps a part of
/// the day.
const NARROW: f64 = 30.0;
const BROAD: f64 = 150.0;
/// The same in ms: a whole number of slots.
const BROAD_MS: i64 = 15 * SLOT_MS;

/// How much each part of the mixture counts; together 1.
#[derive(Debug, Clone, Copy)]
struct Mixture {
    /// At any time.
    even: f64,
    /// Around the time of the day of earlier videos: narrowly, broadly.
    day: [f64; 2],
    /// Around the time of the week of earlier videos.
    week: [f64; 2],
}

/// A video of the history.
#[derive(Debug, Clone, Copy)]
struct Video {
    at: Timestamp,
    /// Minutes since the day and the week began.
    of_day: f64,
    of_week: f64,
    weight: f64,
    /// The weight of all videos of other days.
    others: f64,
    /// How likely each part of the mixture makes it from those, where `others` is what is so at any time.
    day: [f64; 2],
    week: [f64; 2],
}

/// The slot of the week in which an instant lies.
pub fn slot_of(at: Timestamp) -> usize {
    usize::try_from(at.millis().rem_euclid(WEEK_MS) / SLOT_MS).unwrap_or(0)
}

/// The density in each slot of the week, 1 on average; `published` is in order.
pub fn density(now: Timestamp, published: &[Timestamp]) -> impl Iterator<Item = f64> {
    let mut videos = weighed(now, published);
    let mut left = videos.as_mut_slice();
    while let Some((video, others)) = left.split_first_mut() {
        for other in others.iter_mut() {
            video.predict(other);
        }
        left = others;
    }
    let mixture = Mixture::learn(&videos);
    // Today's videos say nothing about today: they would draw requests to where the next one is not.
    let earlier = || {
        videos
            .iter()
            .filter(|video| now.since(video.at) >= ANOTHER_DAY_MS)
    };
    let all: f64 = earlier().map(|video| video.weight).sum();
    let mut day = vec![0.0; SLOTS_OF_DAY];
    let mut week = vec![0.0; SLOTS];
    for video in earlier() {
        mixture.add(&mut day, &mut week, video, video.weight / all);
    }
    let even = if all > 0.0 { mixture.even } else { 1.0 };
    let days = day.repeat(7);
    week.into_iter()
        .zip(days)
        .map(move |(week, day)| even + week + day)
}

/// The videos with their weights: those of a burst together that of one, and the newest 1.
fn weighed(now: Timestamp, published: &[Timestamp]) -> Vec<Video> {
    let mut videos = Vec::with_capacity(published.len());
    for together in published.chunk_by(|a, b| b.since(*a) <= TOGETHER_MS) {
        let many: f64 = together.iter().map(|_| 1.0).sum();
        videos.extend(together.iter().map(|at| Video {
            at: *at,
            of_day: minutes_of(*at, DAY_MS),
            of_week: minutes_of(*at, WEEK_MS),
            weight: (-real(now.since(*at)) / real(HALF_LIFE_MS)).exp2() / many,
            others: 0.0,
            day: [0.0; 2],
            week: [0.0; 2],
        }));
    }
    videos
}

impl Mixture {
    /// Weighs the parts by how well they predict each video from those of other days.
    fn learn(videos: &[Video]) -> Self {
        let mut mixture = Self {
            even: 0.2,
            day: [0.2; 2],
            week: [0.2; 2],
        };
        for _ in 0..ROUNDS {
            let mut sums = Self {
                even: DOUBT,
                day: [0.0; 2],
                week: [0.0; 2],
            };
            for video in videos.iter().filter(|video| video.others > 0.0) {
                let likely = mixture.even * video.others
                    + product(mixture.day, video.day)
                    + product(mixture.week, video.week);
                let factor = video.weight / likely;
                sums.even += factor * mixture.even * video.others;
                add_products(&mut sums.day, factor, mixture.day, video.day);
                add_products(&mut sums.week, factor, mixture.week, video.week);
            }
            mixture = sums.to_one(0.0);
        }
        mixture.to_one(EVEN_LEAST)
    }

    /// The same proportions with the sum 1, and of the even part at least so much.
    fn to_one(self, even_least: f64) -> Self {
        let others = self.day.iter().chain(&self.week).sum::<f64>();
        let even = (self.even / (self.even + others)).max(even_least);
        let factor = if others > 0.0 {
            (1.0 - even) / others
        } else {
            0.0
        };
        Self {
            even,
            day: self.day.map(|part| part * factor),
            week: self.week.map(|part| part * factor),
        }
    }

    /// Adds the hills around one video to the slots of the day and of the week.
    fn add(&self, day: &mut [f64], week: &mut [f64], video: &Video, weight: f64) {
        let into_slot = minutes_of(video.at, SLOT_MS);
        let mut apart = SLOT_MINUTES / 2.0 - into_slot - BROAD;
        let mut at = slot_of(video.at.plus_ms(-BROAD_MS));
        while apart < BROAD {
            let heights = heights(apart.abs());
            if let Some(density) = day.get_mut(at % SLOTS_OF_DAY) {
                *density += weight * product(self.day, heights);
            }
            if let Some(density) = week.get_mut(at) {
                *density += weight * DAYS_OF_WEEK * product(self.week, heights);
            }
            apart += SLOT_MINUTES;
            at = (at + 1) % SLOTS;
        }
    }
}

impl Video {
    /// Lets two videos predict each other.
    fn predict(&mut self, other: &mut Self) {
        if self.at.since(other.at).abs() < ANOTHER_DAY_MS {
            return;
        }
        self.others += other.weight;
        other.others += self.weight;
        let of_day = around(self.of_day - other.of_day, DAY_MINUTES);
        if of_day >= BROAD {
            return;
        }
        let heights = heights(of_day);
        add_products(&mut self.day, other.weight, heights, [1.0; 2]);
        add_products(&mut other.day, self.weight, heights, [1.0; 2]);
        // What is near in the day is near in the week too, or more than half a day away from it.
        if around(self.of_week - other.of_week, WEEK_MINUTES) < BROAD {
            add_products(
                &mut self.week,
                other.weight * DAYS_OF_WEEK,
                heights,
                [1.0; 2],
            );
            add_products(
                &mut other.week,
                self.weight * DAYS_OF_WEEK,
                heights,
                [1.0; 2],
            );
        }
    }
}

/// The density so many minutes from the time of day of a video: narrowly, broadly. In a week it is seven times as high.
fn heights(apart: f64) -> [f64; 2] {
    let narrow = (1.0 - 2.0 * SHOULDER_PART) * hill(apart, NARROW)
        + SHOULDER_PART * hill(apart - SHOULDER, NARROW);
    [narrow, hill(apart, BROAD)]
}

/// A hill of the area of a day, this many minutes from its middle (the biweight kernel: smooth, and nothing outside its
/// reach).
fn hill(minutes: f64, reach: f64) -> f64 {
    let part = minutes * (1.0 / reach);
    let outside = (1.0 - part * part).max(0.0);
    outside * outside * (15.0 / 16.0 * DAY_MINUTES / reach)
}

fn product(a: [f64; 2], b: [f64; 2]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_products(sums: &mut [f64; 2], factor: f64, a: [f64; 2], b: [f64; 2]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum += factor * a * b;
    }
}

/// How far two times are apart that recur after `period`.
fn around(apart: f64, period: f64) -> f64 {
    let apart = apart.abs();
    apart.min(period - apart)
}

fn minutes_of(at: Timestamp, period_ms: i64) -> f64 {
    real(at.millis().rem_euclid(period_ms)) / real(MINUTE_MS)
}
