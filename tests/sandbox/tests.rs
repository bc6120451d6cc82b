//! What the sandbox promises, as claims. The root of the test target `sandbox`; the claims are in `claims/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "mod.rs"]
mod sandbox;

#[path = "claims/mod.rs"]
mod claims;
