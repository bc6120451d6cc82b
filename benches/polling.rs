//! How long videos wait until a look finds them, adaptively and at a fixed interval with as many looks; see README.md.

mod common;

#[path = "../src/sources/rhythm/simulation.rs"]
#[allow(dead_code, reason = "the test of it uses the rest")]
mod simulation;

use common::median;
use godwit::sources::rhythm::{Rhythm, Turn};
use godwit::time::Timestamp;
use simulation::{Channel, Dice, MOST, compare};
use std::hint::black_box;

/// How many channels of each kind, and for how long.
const CHANNELS: u64 = 20;
const DAYS: i64 = 180;
/// Looks a day, the smallest interval in minutes, and what has it.
const WAYS: [(u32, i64, &str); 4] = [
    (96, 1, "Data API"),
    (24, 1, "Data API"),
    (24, 15, "feed"),
    (8, 15, "feed"),
];

fn main() {
    for (a_day, minutes, way) in WAYS {
        println!(
            "\n{way}, {a_day} looks a day, {minutes} min apart at least; waits in min, of a fixed interval in brackets"
        );
        println!(
            "{:<24}{:>16}{:>16}{:>16}{:>8}{:>12}",
            "channel", "median", "mean", "95 %", "better", "looks a day"
        );
        for (name, channel) in Channel::ALL {
            // For these the median is to be three times better.
            let name = if channel.is_regular() {
                format!("{name} *")
            } else {
                name.to_owned()
            };
            let (ours, theirs) = compare(channel, CHANNELS, DAYS, a_day, minutes * 60_000);
            let both = |ours: f64, theirs: f64| format!("{ours:.1} ({theirs:.1})");
            println!(
                "{name:<24}{:>16}{:>16}{:>16}{:>8.1}{:>12.2}",
                both(ours.percentile(50), theirs.percentile(50)),
                both(ours.mean(), theirs.mean()),
                both(ours.percentile(95), theirs.percentile(95)),
                theirs.percentile(50) / ours.percentile(50),
                ours.looks_a_day(),
            );
        }
    }
    println!("\nmedian time to learn from 60 videos and choose, in µs");
    for (name, channel) in Channel::ALL {
        let mut published = channel.publishes(400, &mut Dice(1));
        published.truncate(60);
        let now = published
            .last()
            .map_or(Timestamp::from_millis(0), |at| at.plus_ms(3_600_000));
        let turn = Turn {
            now,
            share: 24.0,
            least_ms: 60_000,
            most_ms: MOST,
            random: 0.5,
            failures: 0,
        };
        println!(
            "{name:<24}{:>8.1}{:>8.1}",
            median(|| Rhythm::learn(now, black_box(&published))),
            median(|| Rhythm::learn(now, black_box(&published)).next(&turn))
        );
    }
}
