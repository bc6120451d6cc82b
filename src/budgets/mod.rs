//! Money: what calls to X cost, what was spent, and how much may be.
//!
//! What this part promises: what X charges for is booked once, by account, day and kind, in the very transaction that
//! keeps what was done (`store`); what does not fit into a budget or quota is not asked for (`spending`). A delivery
//! reserves the cost of all that it still has to send and settles part by part, so that deliveries at the same moment
//! never spend the same money; one whose outcome is unknown keeps its reservation until it is known. What it relies on:
//! X's prices as they are configured. What X does not say in its answers, such as a discount for what it has shown
//! before on the same day, is not known here, and what is booked is the list price.

mod model; // what is paid for, and what may be
mod operations; // setting limits and showing them
mod plans; // what X's plans allow
mod prices; // what calls cost
mod routes; // the HTTP of all this
mod said; // what X says of an app's usage
mod spending; // reserving and booking
pub(crate) mod store; // the SQL
mod usage; // what was used

pub use model::{BUDGET_USED_UP, Charge, Cost, Over, QUOTA_USED_UP, Scope, Standing};
pub use operations::standings;
pub use plans::{Plan, Quota};
pub use prices::{Prices, Usd};
pub use routes::routes;
pub use spending::{Reading, expired, note, reserve};
pub use store::{Paid, Payer};
