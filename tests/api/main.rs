//! The HTTP surface, natively: every port in memory, the real router, the real SQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise; its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../sandbox/mod.rs"]
mod sandbox;

mod accounts;
mod admin;
mod budgets;
mod docs;
mod engagement;
mod harness;
mod identity;
mod insights;
mod media;
mod publishing;
mod routes;
mod sources;
