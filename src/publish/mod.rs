//! Deliveries: the state machine, its consumer, the sweep.
//!
//! The database holds the truth; a message is a nudge. A delivery is worked on under a claim (a lease with an epoch
//! that rises each time), only the gate talks to the platform, and every write after the claim names its epoch.

mod advance;
mod attach;
pub(crate) mod content;
mod deliver;
mod model;
pub(crate) mod pause;
mod remove;
mod settlement;
mod spend;
pub(crate) mod store;
mod sweep;

pub use deliver::{delay_seconds, deliver, deliver_found, nudge, nudge_all};
pub use model::{Attempt, State, UncertainPolicy};
pub use sweep::sweep;
