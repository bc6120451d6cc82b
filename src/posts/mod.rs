//! Posts: accept, schedule, read, edit, take back, retry, decide.
//!
//! A post is what a person wrote; its deliveries carry it to the accounts and belong to `publish/`. A post is accepted
//! when its transaction is: from then on it reaches a final state or visibly waits.

mod accept; // from an order to rows
mod change;
mod compose;
mod create;
mod edit;
mod edit_of;
mod files;
mod fit;
mod idempotency;
mod model;
mod overlay;
mod preview;
mod read;
mod resolve;
mod routes;
mod schedule;
pub(crate) mod store;
mod targets;
mod wording;

pub(crate) use accept::{Accepted, Cause, Hold, Order, accept, accounts_that_post};
pub(crate) use change::withdraw;
pub use model::{
    Decision, Delivery, Edit, NewPost, Part, Post, Publication, Source, Stats, Status,
};
pub(crate) use preview::{Preview, preview_of};
pub use routes::routes;
pub(crate) use schedule::Schedule;
pub(crate) use wording::{ThreadPart, Wording};
