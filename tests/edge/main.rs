//! The built Worker on workerd, with its real D1, queues, cron and Durable Object, against the sandbox.
//!
//! Few tests, for what only the real runtime can show. Each has a workerd, a sandbox and a state folder of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;

#[path = "../support/files.rs"]
mod files;

mod crashes;
mod edge;
mod kills;
mod media;
mod publishing;
mod sources;
mod surface;
mod video;
