//! The X apps of workspaces: a workspace may store its own, and its accounts are then connected, refreshed and paid for
//! through that one.
//!
//! What this part promises: credentials are sealed before they reach the database, for their workspace alone, and never
//! leave in an answer, a log line or an address; of each, the last four characters are shown. An account remembers
//! through which app it was connected (`accounts.app`), and whoever acts as it uses that app's credentials as they are
//! now: a secret that is replaced counts for the next call. What it relies on: every query that gives an account's
//! tokens gives its app beside them.

mod bearer; // an app's own token
mod model; // what an app is to the API, and to whom its troubles are told
mod operations; // choose, show, set, remove
mod routes; // the HTTP of all this
mod sealing; // credentials at rest
pub(crate) mod store; // the SQL

pub use bearer::{Bearer, bearer};
pub use model::{addressed, name_of, not_configured, own, removed};
pub use operations::{Chosen, choose, named};
pub use routes::routes;
pub use sealing::{not_readable, open, reseal};
