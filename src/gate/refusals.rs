//! Why an account's tokens are of no use, in the words of the API.

use crate::platforms::{Class, NotSent};

/// There is nothing to send or read with.
#[must_use]
pub fn none() -> NotSent {
    NotSent::new(
        Class::Token,
        "no_tokens",
        "The account has to be connected again before anything can be sent.",
        "Connect the account again.",
    )
}

pub(super) fn no_longer_accepted() -> NotSent {
    NotSent::new(
        Class::Token,
        "token_refused",
        "X does not accept this account's tokens any more, not even a fresh one.",
        "Connect the account again.",
    )
}

pub(super) fn no_client() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_not_configured",
        "The operator has not set X_CLIENT_ID, so that no token can be refreshed.",
        "The operator sets X_CLIENT_ID; what waits then goes out by itself.",
    )
}

pub(super) fn no_refresh_token() -> NotSent {
    NotSent::new(
        Class::Token,
        "no_refresh_token",
        "The account's access has ended, and it came without permission to renew it.",
        "Connect the account again and agree to everything that is asked.",
    )
}

pub(super) fn not_readable() -> NotSent {
    NotSent::new(
        Class::Operator,
        "tokens_not_readable",
        "The stored tokens of this account do not open with the configured ENCRYPTION_KEYS.",
        "Put the key that sealed them back into ENCRYPTION_KEYS, or connect the account again.",
    )
}

pub(super) fn ended() -> NotSent {
    NotSent::new(
        Class::Token,
        "token_refused",
        "X does not accept the account's OAuth 1.0a token any more: the access was taken back, or the app's keys were replaced.",
        "Connect the account again.",
    )
}
