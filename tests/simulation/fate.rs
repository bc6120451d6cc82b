//! What may happen to a call of a port, and who decides.

use super::executor::{Kind, State};

/// A port's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A batch at the database.
    Database,
    /// A batch that settles a delivery.
    Settle,
    /// A send to the queue.
    Queue,
    /// A call of a gate, at the caller's side.
    Gate,
    /// A request to X.
    Http,
}

/// What happens to it. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It works.
    Well,
    /// It works, after a long while.
    Slow(i64),
    /// It fails, without effect.
    FailBefore,
    /// It takes effect, and fails.
    FailAfter,
    /// Nothing for this long, then a failure without effect.
    HangBefore(i64),
    /// It takes effect; nothing for this long, then a failure.
    HangAfter(i64),
    /// The process ends, without effect.
    EndBefore,
    /// It takes effect, and the process ends.
    EndAfter,
}

/// How often what happens, per 1000 calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    pub end: u64,
    pub fail: u64,
    pub hang: u64,
    pub slow: u64,
    /// As `slow`, for what ends and what begins a send: the settle and the way to the gate.
    pub drag: u64,
    /// Of messages and ticks: repeated, or lost.
    pub repeat: u64,
}

impl Rates {
    /// Of the whole of one run: mostly a little of everything, at times a lot of one thing, at times nothing.
    pub fn drawn(state: &mut State) -> Self {
        // Nothing fails, but what begins and ends a send drags, so that leases run out under those who hold them.
        if state.below(8) == 0 {
            return Self {
                drag: 450,
                repeat: 600,
                ..Self::default()
            };
        }
        let mut rate = |most: u64| match state.below(4) {
            0 => 0,
            1 => most,
            _ => state.below(most / 4 + 1),
        };
        Self {
            end: rate(60),
            fail: rate(80),
            hang: rate(30),
            slow: rate(160),
            drag: 0,
            repeat: rate(200),
        }
    }
}

/// Who decides.
#[derive(Debug, Clone, Default)]
pub enum Plan {
    /// Everything works.
    #[default]
    Calm,
    /// The seed, at these rates.
    Drawn(Rates),
    /// The calls of our processes are counted, and at these numbers, from 1, the process ends: after the effect where
    /// the flag says so.
    Ends {
        /// Where.
        at: Vec<(u64, bool)>,
        /// How many calls there were.
        seen: u64,
    },
}

impl Plan {
    /// What happens to the next call.
    pub fn fate(&mut self, state: &mut State, point: Point, kind: Kind) -> Fate {
        match self {
            _ if kind == Kind::World => Fate::Well,
            Self::Calm => Fate::Well,
            Self::Ends { at, seen } => {
                *seen += 1;
                match at.iter().find(|(number, _)| number == seen) {
                    Some((_, false)) => Fate::EndBefore,
                    Some((_, true)) => Fate::EndAfter,
                    None => Fate::Well,
                }
            }
            Self::Drawn(rates) => drawn(*rates, state, point),
        }
    }
}

fn drawn(rates: Rates, state: &mut State, point: Point) -> Fate {
    let mut draw = state.below(1_000);
    let mut hits = |rate: u64| {
        let hit = draw < rate;
        draw = draw.wrapping_sub(rate);
        hit
    };
    if hits(rates.end) {
        [Fate::EndBefore, Fate::EndAfter][usize::from(state.below(2) == 1)]
    } else if hits(rates.fail) {
        [Fate::FailBefore, Fate::FailAfter][usize::from(state.below(2) == 1)]
    } else if hits(rates.hang) {
        let ms = match point {
            // The gate's caller gives up after its own deadline, a request to X after the one it came with.
            Point::Gate | Point::Http => i64::MAX / 4,
            Point::Database | Point::Settle | Point::Queue => {
                1_000 + i64::try_from(state.below(40_000)).unwrap()
            }
        };
        [Fate::HangBefore(ms), Fate::HangAfter(ms)][usize::from(state.below(2) == 1)]
    } else if point == Point::Settle && hits(rates.drag) {
        Fate::Slow(60_000 + i64::try_from(state.below(20_000)).unwrap())
    } else if point == Point::Gate && hits(rates.drag) {
        Fate::Slow(5_000 + i64::try_from(state.below(30_000)).unwrap())
    } else if hits(rates.slow) {
        // A while, or longer than a lease lasts.
        let ms = if state.below(2) == 0 {
            500 + state.below(20_000)
        } else {
            50_000 + state.below(100_000)
        };
        Fate::Slow(i64::try_from(ms).unwrap())
    } else {
        Fate::Well
    }
}
