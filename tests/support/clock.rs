//! A clock that moves only when it is told to, or when everybody sleeps.

use futures_util::task::noop_waker_ref;
use godwit::ports::{Clock, Pending};
use godwit::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Where a new clock stands: 2026-11-21T12:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_795_262_400_000);

/// How many turns a sleeper gives to the other tasks before it counts them as asleep. Every port of this harness
/// answers within two, so that work which is under way ends before the time moves.
const TURNS: u32 = 64;

/// Virtual time. A sleep costs no real time: when the earliest sleeper has let everybody else run, the clock jumps to
/// the end of its sleep.
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: i64,
    next: u64,
    // By end and order of arrival; the first one moves the clock.
    sleepers: BTreeMap<(i64, u64), Waker>,
}

impl VirtualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        let state = State {
            now: now.millis(),
            next: 0,
            sleepers: BTreeMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Moves the time by `ms` milliseconds and wakes who slept until then.
    pub fn advance(&self, ms: i64) {
        let now = self.now();
        self.set(now.plus_ms(ms));
    }

    /// Sets the time, which never goes back.
    pub fn set(&self, to: Timestamp) {
        let mut state = self.state.lock().unwrap();
        state.now = state.now.max(to.millis());
        for waker in state.sleepers.values() {
            waker.wake_by_ref();
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.state.lock().unwrap().now)
    }

    fn sleep(&self, ms: u32) -> Pending<'_, ()> {
        let mut state = self.state.lock().unwrap();
        let key = (state.now + i64::from(ms), state.next);
        state.next += 1;
        Box::pin(Sleep {
            key,
            turns: 0,
            state: Arc::clone(&self.state),
        })
    }
}

struct Sleep {
    key: (i64, u64),
    turns: u32,
    state: Arc<Mutex<State>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let key = self.key;
        self.turns += 1;
        let turns = self.turns;
        let mut state = self.state.lock().unwrap();
        // One that is polled by hand, and perhaps never again, holds nobody back.
        let first = state
            .sleepers
            .iter()
            .find(|(_, waker)| !waker.will_wake(noop_waker_ref()))
            .is_none_or(|(earliest, _)| key <= *earliest);
        if state.now < key.0 && first && turns > TURNS {
            state.now = key.0;
        }
        if state.now >= key.0 {
            state.sleepers.remove(&key);
            state.wake_next();
            return Poll::Ready(());
        }
        state.sleepers.insert(key, context.waker().clone());
        // Whoever ends first takes its turns; the others are woken when it is done.
        if first {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // A sleep that lost a race must not hold the others back.
        let mut state = self.state.lock().unwrap();
        state.sleepers.remove(&self.key);
        state.wake_next();
    }
}

impl State {
    fn wake_next(&self) {
        let mut wakers = self.sleepers.values();
        if let Some(next) = wakers.find(|waker| !waker.will_wake(noop_waker_ref())) {
            next.wake_by_ref();
        }
    }
}
