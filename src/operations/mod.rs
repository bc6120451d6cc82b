//! What the operator of an installation sees and repairs: what waits and why, dead letters, whether cron ticks, paused apps.
//!
//! The only part whose queries serve every workspace at once, which is why its routes are for operators alone. It shows
//! ids, states, reasons and counts, and never what anybody wrote. Each look costs a bounded number of rows, read by
//! index, however large the tables are. Nothing here publishes anything: a retried dead letter is a nudge like any other.

mod dead_letters;
mod model;
mod overview;
mod routes;
mod store;
mod ticks;

pub use dead_letters::{bury, dismiss, list, retry};
pub use model::{
    AppPause, CronTicks, DeadLetter, LettersOfQueue, OpenLetters, Overview, Pulse, TickResult,
    Waiting, WaitingGroup,
};
pub use overview::{overview, pulse, resume};
pub use routes::routes;
pub use store::expired;
pub use ticks::{Tick, began, ended};
