//! Users, sign-in, sessions, JWT, API keys, workspaces, members and roles.
//!
//! [`authenticate()`] is the one way to a [`Caller`], and a caller's workspace is the only one that its request can name
//! in a query. People sign in with a password (`sign_in`, `password`) or with the JWT of a trusted issuer (`issuers`);
//! programs use API keys (`keys`). Members and invitations are not built yet: `memberships` and the roles are their
//! place.

mod authenticate;
mod issuers;
mod jwks;
mod jws;
mod keys;
mod me;
mod model;
mod password;
mod people;
mod routes;
mod session;
mod sign_in;
mod signature;
mod store;
#[cfg(test)]
mod token_tests;
mod views;
mod workspaces;

pub use issuers::IssuerKeys;
pub use me::me;
pub use model::{Caller, Credential, Role, Scope};
pub use routes::routes;
pub use store::expired;
pub use views::{ApiKey, CredentialKind, CredentialView, Me, NewApiKey, SignedIn, User, Workspace};
pub use workspaces::WorkspaceSettings;

use crate::app::App;
use crate::error::{Error, Kind};

/// Who calls, by their `Authorization` header and `X-Workspace`. One round trip to the database.
///
/// # Errors
/// [`Kind::Unauthenticated`] with a code for each remedy: `not_signed_in`, `malformed_authorization`, `token_invalid`,
/// `token_expired`, `session_ended`, `key_invalid`, `key_expired`, `key_revoked`. [`Kind::NotFound`] for a workspace that
/// these credentials do not reach. [`Kind::Unavailable`] when an issuer's keys cannot be fetched.
pub async fn authenticate(app: &App, headers: &http::HeaderMap) -> Result<Caller, Error> {
    authenticate::authenticate(app, headers).await
}

/// Nobody is signed in.
#[must_use]
pub fn not_signed_in() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "not_signed_in",
        "There is no Authorization header.",
        "Send Authorization: Bearer with a token of POST /api/v1/auth/login, or an API key.",
    )
}
