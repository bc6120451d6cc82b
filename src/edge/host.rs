//! Clock, randomness and log of the runtime.

use crate::ports::{Clock, Log, Pending, Random};
use crate::time::Timestamp;
use std::time::Duration;
use worker::{Date, Delay};

/// The runtime's clock. It stands still while the CPU works and moves with I/O.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, ms: u32) -> Pending<'_, ()> {
        Box::pin(Delay::from(Duration::from_millis(u64::from(ms))))
    }
}

/// The runtime's random source.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // The runtime's getRandomValues does not fail. Zeros would be fatal to every secret, so that the request dies
        // instead.
        if getrandom::fill(bytes).is_err() {
            worker::wasm_bindgen::throw_str("no randomness");
        }
    }
}

/// The runtime's log: one line, one JSON object, which Workers Logs indexes.
pub struct Console;

impl Log for Console {
    fn write(&self, line: &serde_json::Value) {
        worker::console_log!("{line}");
    }
}
