//! Measuring: what the benchmarks share.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often something is run at least, and how long at least.
const LEAST: usize = 11;
const TIME: Duration = Duration::from_millis(300);

/// The median time of `run`, in microseconds.
#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
pub fn median<T>(run: impl Fn() -> T) -> f64 {
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < LEAST || begin.elapsed() < TIME {
        let start = Instant::now();
        black_box(run());
        times.push(start.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    median.as_secs_f64() * 1e6
}
