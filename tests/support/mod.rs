//! The ports on an ordinary machine, for native tests: `SQLite` for D1, a virtual clock, seeded randomness, and
//! recording stand-ins for everything that leaves the process.
//!
//! A test crate takes it in by `#[path = "../support/mod.rs"] mod support;`.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test crate uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a test stops at the first surprise"
)]

pub mod clock;
pub mod files;
pub mod issuer;
pub mod outside;
pub mod random;
pub mod sqlite;
pub mod world;

pub use clock::VirtualClock;
pub use outside::{Bucket, Calls, Outbound, RecordingLog, RecordingQueue, StubGates};
pub use random::SeededRandom;
pub use sqlite::{Fault, Sqlite, SqliteGate};
pub use world::{Answer, Person, World};

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Gives every other task a turn, once: where a real port would wait for the network.
pub async fn yield_once() {
    struct YieldOnce(bool);
    impl Future for YieldOnce {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }
    YieldOnce(false).await;
}
