//! Insights: what X shows of accounts and posts: profiles, timelines, mentions, metrics, users, trends.
//!
//! What this part promises: X is asked as the account that is named, or as the newest one of the workspace that may, and
//! only where no account is there as the app itself. X bills what it returns, so that an account's profile is kept for
//! an hour and its insights for a quarter of one (`kept`); when X does not answer after that, the old ones are shown and
//! said to be old. Lists are X's own: their cursors are X's tokens.

mod account; // an account's profile, and how it does
mod kept; // what was read, for a while
mod lists; // timelines, mentions, users, trends
mod model; // what is answered, and its arithmetic
mod posts; // how one post does
mod reader; // as whom X is asked
mod routes; // the HTTP of all this
mod store; // the SQL

pub use routes::routes;
