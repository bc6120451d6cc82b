//! From an accepted post to one post on X, whatever happens on the way.

mod app_only;
mod apps;
mod debts;
mod decisions;
mod deleting;
mod doubts;
mod edits;
mod edits_at_x;
mod faults;
mod keys;
mod limits;
mod matching;
mod oauth1;
mod path;
mod pauses;
mod plans;
mod queue;
mod reconciling;
mod refreshing;
mod shares;
mod stage;
mod threads;
mod tokens;
mod upgrading;
mod wording;

pub use stage::{Stage, own_app, x_settings};
