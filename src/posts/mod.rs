//! Posts: accept, schedule, read, edit, take back, retry, decide.
//!
//! A post is what a person wrote; its deliveries carry it to the accounts and belong to `publish/`. A post is accepted
//! when its transaction is: from then on it reaches a final state or visibly waits.

mod change;
mod content;
mod create;
mod edit;
mod idempotency;
mod model;
mod read;
mod resolve;
mod routes;
mod schedule;
pub(crate) mod store;

pub use model::{
    Decision, Delivery, Edit, NewPost, Part, Post, Publication, Source, Stats, Status,
};
pub use routes::routes;
