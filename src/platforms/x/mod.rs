//! X (API v2): requests, answers and what they mean. Facts and their sources are named where they are used.

pub mod access; // which endpoints take which credentials
pub mod api; // X's API as one caller
pub mod app; // the X app as which Godwit speaks
pub mod apponly; // the app's own token
pub mod ask; // what may be asked again, and what refusals of it mean
#[cfg(test)]
mod bodies_tests; // every error body that X is known to send
pub mod create; // creating a post, and what the answer means
pub mod delete; // deleting one
pub mod engage; // likes, reposts, bookmarks, and taking them back
pub mod errors; // X's error bodies in one form
pub mod exchange; // an OAuth 1.0a token for a pair of OAuth 2.0
#[cfg(test)]
mod fake; // an HTTP client for the tests of this folder
pub mod legs; // OAuth 1.0a: consent and tokens
pub mod limits; // what headers say of limits
pub mod matching; // whether a post of the timeline is what was to be sent
pub mod media; // uploading media in chunks
pub mod oauth; // OAuth 2.0: consent, token exchange, refresh, revoke
pub mod oauth1; // signatures of OAuth 1.0a
pub mod profile; // who the account is
pub mod read; // users, posts, metrics, trends: the requests
pub mod shown; // the same as the answers show them
pub mod status; // posts as people name them
pub mod timeline; // the account's own posts
mod token_errors; // what the token endpoint's refusals mean
pub mod usage; // what X says that an app has used
pub mod vocabulary; // one set of names for X's answers
