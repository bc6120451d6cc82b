//! Accounts: connecting by OAuth 2.0, 1.0a or app-only, their tokens at rest, profile, and unlinking.
//!
//! What this part promises: tokens are sealed before they reach the database, what refreshes them is opened by the
//! account's gate alone, and they never leave in an answer, a log line or an address. Connecting the same X user again keeps the account's id and
//! history. What it relies on: the gate refreshes and revokes. X is called as a connected account with what its gate
//! lends for that call (`acting`), and never to create a post.

mod acting; // calling the platform as an account
mod app_only; // accounts that are read as the app alone
mod asking; // the same from an id to an answer
mod callback; // the end of a consent
mod care; // renewing what is idle, sealing anew
mod connect; // its beginning
mod connections; // the HTTP of connecting
mod keep; // the account that it ends in
mod model; // what an account is to the API
mod operations; // list, read, test, refresh, unlink
mod page; // the page on which a consent ends
mod redirect; // where it may return to
mod refusals; // what a platform's refusal is to a caller
mod routes; // the HTTP of all this
pub(crate) mod store; // the SQL
pub mod tokens; // sealing of a pair of tokens
mod upgrade; // from OAuth 1.0a to OAuth 2.0

pub use acting::{Acting, Lent};
pub use asking::{Asker, Need};
pub use care::{Sealed, renew, reseal, sealed_by_key, tend};
pub use model::Auth;
pub(crate) use refusals::{refused, refused_until};
pub use routes::routes;
