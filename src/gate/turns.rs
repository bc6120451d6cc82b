//! One at a time, and nobody for ever.
//!
//! Whoever has the turn may be abandoned by the runtime: its future is then neither polled nor dropped any more. So a
//! turn ends when it is dropped or when its time is over, whichever comes first, and who waits looks at the clock.
//! An abandoned holder that comes back after all finds that its turn is no longer the current one.

use crate::ports::Clock;
use crate::time::Timestamp;
use futures_util::future::select;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Hands out turns.
#[derive(Default)]
pub struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    holder: Option<Holder>,
    /// Counts turns and waiters.
    last: u64,
    waiting: BTreeMap<u64, Waker>,
}

struct Holder {
    number: u64,
    until: Timestamp,
}

/// A turn; it ends when it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// The turn, for `lease_ms` at most; `None` while somebody else has it.
    pub fn take(&self, now: Timestamp, lease_ms: i64) -> Option<Turn<'_>> {
        if !self.is_free(now) {
            return None;
        }
        let mut state = self.state();
        let number = state.count();
        state.holder = Some(Holder {
            number,
            until: now.plus_ms(lease_ms),
        });
        Some(Turn {
            turns: self,
            number,
        })
    }

    /// Whether nobody has the turn, or its time is over.
    pub fn is_free(&self, now: Timestamp) -> bool {
        let state = self.state();
        state
            .holder
            .as_ref()
            .is_none_or(|holder| now >= holder.until)
    }

    /// Returns when the turn may be free: it has ended, or its time is over.
    pub async fn wait(&self, clock: &dyn Clock) {
        let (number, left) = match &self.state().holder {
            Some(holder) => (holder.number, holder.until.since(clock.now())),
            None => return,
        };
        // A lease is seconds; what does not fit waits that much shorter and looks again.
        let left = u32::try_from(left).unwrap_or(0);
        let ended = Ended {
            turns: self,
            number,
            key: None,
        };
        if left > 0 {
            select(ended, clock.sleep(left)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while holding it cannot happen; if it did, the state is still plain data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn count(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Turn<'_> {
    /// False when the time was over and somebody else has taken the turn since.
    pub fn is_current(&self) -> bool {
        let state = self.turns.state();
        state
            .holder
            .as_ref()
            .is_some_and(|holder| holder.number == self.number)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        if state
            .holder
            .as_ref()
            .is_some_and(|holder| holder.number == self.number)
        {
            state.holder = None;
            // All of them: the first may be one that nobody polls any more.
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            waiting.into_values().for_each(Waker::wake);
        }
    }
}

/// Ready when a turn is not the current one any more.
struct Ended<'a> {
    turns: &'a Turns,
    number: u64,
    key: Option<u64>,
}

impl Future for Ended<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.turns.state();
        if state
            .holder
            .as_ref()
            .is_none_or(|holder| holder.number != self.number)
        {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| state.count());
        state.waiting.insert(key, context.waker().clone());
        drop(state);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.turns.state().waiting.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use crate::ports::{Clock, Pending};
    use crate::time::Timestamp;
    use futures_util::future::{join, poll_immediate};
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Sleeps end at once, by moving the time.
    #[derive(Default)]
    struct Leaps(AtomicI64);

    impl Clock for Leaps {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
        fn sleep(&self, ms: u32) -> Pending<'_, ()> {
            Box::pin(async move {
                self.0.fetch_add(i64::from(ms), Ordering::Relaxed);
            })
        }
    }

    /// Nobody wakes who sleeps.
    struct Stands;

    impl Clock for Stands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
        fn sleep(&self, _: u32) -> Pending<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn one_has_the_turn_until_it_is_dropped() {
        let turns = Turns::default();
        let now = Timestamp::from_millis(0);
        let first = turns.take(now, 10);
        assert!(first.is_some() && turns.take(now, 10).is_none());
        drop(first);
        assert!(turns.take(now, 10).is_some());
    }

    #[test]
    fn a_turn_whose_time_is_over_can_be_taken_and_its_late_end_changes_nothing() {
        let turns = Turns::default();
        let at = Timestamp::from_millis;
        let abandoned = turns.take(at(0), 10).unwrap();
        assert!(turns.take(at(9), 10).is_none() && abandoned.is_current());
        let second = turns.take(at(10), 10).unwrap();
        assert!(!abandoned.is_current() && second.is_current());
        drop(abandoned);
        assert!(second.is_current() && turns.take(at(11), 10).is_none());
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_end_of_the_turn_or_by_its_time() {
        let turns = Turns::default();
        let turn = turns.take(Timestamp::from_millis(0), 10).unwrap();
        let mut abandoned = Box::pin(turns.wait(&Stands));
        assert!(poll_immediate(&mut abandoned).await.is_none());
        join(turns.wait(&Stands), async { drop(turn) }).await;
        turns.wait(&Stands).await;

        let clock = Leaps::default();
        let abandoned = turns.take(clock.now(), 15).unwrap();
        turns.wait(&clock).await;
        assert!(turns.take(clock.now(), 15).is_some());
        drop(abandoned);
    }
}
