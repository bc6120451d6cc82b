//! From an accepted post to one post on X, whatever happens on the way.

mod debts;
mod doubts;
mod faults;
mod keys;
mod limits;
mod path;
mod plans;
mod queue;
mod refreshing;
mod stage;
mod threads;
mod tokens;

pub use stage::Stage;
