//! Which endpoints take which kind of credentials, by the `security` of X's OpenAPI document
//! (<https://api.x.com/2/openapi.json>, version 2.173).
//!
//! Asked before a request leaves: X bills some refusals, and its own words for a mismatch do not say what to do.

use super::api::Credentials;
use crate::platforms::{Class, NotSent};
use http::Method;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// A user, by OAuth 2.0.
    OAuth2,
    /// A user, by OAuth 1.0a.
    OAuth1,
    /// The app alone.
    App,
}

/// What an endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    app: bool,
    oauth2: bool,
    oauth1: bool,
}

/// The user, in either way.
pub const USER: Takes = Takes {
    app: false,
    oauth2: true,
    oauth1: true,
};
/// The user, by OAuth 2.0 alone.
pub const OAUTH2: Takes = Takes {
    oauth1: false,
    ..USER
};
/// Anybody.
pub const ANY: Takes = Takes { app: true, ..USER };
/// Anybody but by OAuth 1.0a.
pub const NOT_OAUTH1: Takes = Takes {
    oauth1: false,
    ..ANY
};
/// The app alone.
const APP: Takes = Takes {
    app: true,
    oauth2: false,
    oauth1: false,
};

/// `None` of an endpoint that is not known here: X says what it takes.
fn takes(method: &Method, path: &str) -> Option<Takes> {
    let segments: Vec<&str> = path.strip_prefix("/2/")?.split('/').collect();
    let reads = method == Method::GET;
    Some(match segments.as_slice() {
        ["users", _, "bookmarks", ..] if !reads => OAUTH2,
        ["tweets", "analytics"]
        | ["users", "me" | "search" | "personalized_trends"]
        | [
            "users",
            _,
            "bookmarks" | "likes" | "retweets" | "liked_tweets" | "timelines",
            ..,
        ]
        | ["tweets", _, "liking_users" | "hidden"]
        | ["media", ..] => USER,
        ["tweets" | "users", ..] if reads => ANY,
        ["trends", ..] | ["usage", "credits"] => NOT_OAUTH1,
        ["usage", ..] => APP,
        ["tweets", ..] => USER,
        _ => return None,
    })
}

impl Takes {
    /// Why whoever asks is not answered here, if so: what there is, and what it needs.
    #[must_use]
    pub fn mismatch(self, who: As) -> Option<NotSent> {
        let (is_taken, has, remedy) = match who {
            As::OAuth2 => (
                self.oauth2,
                "OAuth 2.0 as the user",
                "Ask for it without an account: X answers only the app.",
            ),
            As::OAuth1 => (
                self.oauth1,
                "OAuth 1.0a",
                "Exchange the account's token with POST /api/v1/accounts/{id}/upgrade, or connect the account by OAuth 2.0 with POST /api/v1/connections/x/authorize.",
            ),
            As::App => (
                self.app,
                "app-only access, which reads what is public",
                "Connect the account as its user with POST /api/v1/connections/x/authorize.",
            ),
        };
        let needs = match self {
            APP => "app-only access",
            NOT_OAUTH1 => "OAuth 2.0, as the user or app-only",
            OAUTH2 => "OAuth 2.0 as the user",
            _ => "OAuth 2.0 or 1.0a as the user",
        };
        (!is_taken).then(|| {
            NotSent::new(
                Class::Permanent,
                "auth_mismatch",
                format!("The account is connected with {has}; this needs {needs}."),
                remedy,
            )
        })
    }
}

/// Why these credentials are of no use here, if they are not.
#[must_use]
pub fn mismatch(credentials: &Credentials, method: &Method, path: &str) -> Option<NotSent> {
    let who = match credentials {
        Credentials::Bearer(_) => As::OAuth2,
        Credentials::OAuth1(..) => As::OAuth1,
        Credentials::App(_) => As::App,
    };
    takes(method, path)?.mismatch(who)
}

#[cfg(test)]
mod tests {
    use super::mismatch;
    use crate::platforms::x::api::Credentials;
    use crate::platforms::x::oauth1::{Consumer, Token};
    use http::Method;
    use secrecy::SecretString;

    #[test]
    fn each_kind_is_taken_where_x_takes_it() {
        let secret = || SecretString::from("secret");
        let consumer = Consumer {
            key: "key".to_owned(),
            secret: secret(),
        };
        let token = Token {
            token: secret(),
            secret: secret(),
        };
        let all = [
            Credentials::App(secret()),
            Credentials::Bearer(secret()),
            Credentials::OAuth1(consumer, token),
        ];
        for (method, path, taken) in [
            ("POST", "/2/tweets", [false, true, true]),
            ("DELETE", "/2/tweets/1", [false, true, true]),
            ("GET", "/2/tweets", [true, true, true]),
            ("GET", "/2/tweets/1", [true, true, true]),
            ("GET", "/2/tweets/analytics", [false, true, true]),
            ("GET", "/2/users/me", [false, true, true]),
            ("GET", "/2/users/by", [true, true, true]),
            ("GET", "/2/users/1", [true, true, true]),
            ("GET", "/2/users/1/tweets", [true, true, true]),
            ("GET", "/2/users/1/mentions", [true, true, true]),
            ("POST", "/2/users/1/likes", [false, true, true]),
            ("POST", "/2/users/1/bookmarks", [false, true, false]),
            ("DELETE", "/2/users/1/bookmarks/2", [false, true, false]),
            ("GET", "/2/users/1/bookmarks", [false, true, true]),
            ("POST", "/2/media/upload", [false, true, true]),
            ("GET", "/2/trends/by/woeid/1", [true, true, false]),
            ("GET", "/2/users/personalized_trends", [false, true, true]),
            ("GET", "/2/usage/tweets", [true, false, false]),
            ("GET", "/2/usage/credits", [true, true, false]),
            ("GET", "/2/unknown", [true, true, true]),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for (credentials, taken) in all.iter().zip(taken) {
                let refused = mismatch(credentials, &method, path);
                assert_eq!(refused.is_none(), taken, "{method} {path} {refused:?}");
            }
        }
    }
}
