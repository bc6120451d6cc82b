//! From an accepted post to one post on X, whatever happens on the way.

mod doubts;
mod faults;
mod limits;
mod path;
mod plans;
mod queue;
mod stage;
mod threads;
mod tokens;

pub use stage::Stage;
