//! OAuth 1.0a signatures, HMAC-SHA1 (RFC 5849;
//! <https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature>).
//!
//! Signed are the method, the address, and the parameters of the query and of a form. JSON and multipart bodies are not.

use crate::crypto::hmac_sha1;
use crate::time::{SECOND_MS, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt::Write as _;
use url::Url;

/// An app's consumer key and its secret.
#[derive(Clone)]
pub struct Consumer {
    /// The key, which is not secret.
    pub key: String,
    /// The secret.
    pub secret: SecretString,
}

/// A token with its secret: a user's, or one that is good for a step of the connect.
#[derive(Clone)]
pub struct Token {
    /// The token.
    pub token: SecretString,
    /// Its secret.
    pub secret: SecretString,
}

/// What makes a signature good once: the moment, and a word that no other request has.
pub struct Moment {
    /// When the request is made.
    pub at: Timestamp,
    /// Random letters and digits.
    pub nonce: String,
}

/// The value of the `Authorization` header. `extra` are `oauth_` parameters beyond those that every request has, such as
/// `oauth_callback`; `form` the parameters of a body of type `application/x-www-form-urlencoded`.
#[must_use]
pub fn authorization(
    consumer: &Consumer,
    token: Option<&Token>,
    moment: &Moment,
    (method, url): (&Method, &Url),
    extra: &[(&str, &str)],
    form: &[(&str, &str)],
) -> SecretString {
    let timestamp = (moment.at.millis() / SECOND_MS).to_string();
    let mut oauth: Vec<(&str, &str)> = vec![
        ("oauth_consumer_key", &consumer.key),
        ("oauth_nonce", &moment.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &timestamp),
        ("oauth_version", "1.0"),
    ];
    if let Some(token) = token {
        oauth.push(("oauth_token", token.token.expose_secret()));
    }
    oauth.extend(extra);
    let signature = signature(consumer, token, method, url, &[&oauth, form].concat());
    oauth.push(("oauth_signature", &signature));
    oauth.sort_unstable();
    let mut header = String::from("OAuth ");
    for (index, (name, value)) in oauth.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing into a String does not fail.
        let _ = write!(header, "{comma}{}=\"{}\"", encoded(name), encoded(value));
    }
    SecretString::from(header)
}

fn signature(
    consumer: &Consumer,
    token: Option<&Token>,
    method: &Method,
    url: &Url,
    params: &[(&str, &str)],
) -> String {
    let mut pairs: Vec<(String, String)> = params
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .chain(
            url.query_pairs()
                .map(|(name, value)| (encoded(&name), encoded(&value))),
        )
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    let signed = [
        method.as_str().to_owned(),
        encoded(bare.as_str()),
        encoded(&pairs.join("&")),
    ]
    .join("&");
    let token_secret = token.map_or("", |token| token.secret.expose_secret());
    let key = format!(
        "{}&{}",
        encoded(consumer.secret.expose_secret()),
        encoded(token_secret)
    );
    STANDARD.encode(hmac_sha1(key.as_bytes(), signed.as_bytes()))
}

/// RFC 3986: everything but letters, digits and `-._~` as `%XX`, a space as `%20`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{Consumer, Moment, Token, authorization};
    use crate::time::Timestamp;
    use http::Method;
    use secrecy::{ExposeSecret as _, SecretString};
    use url::Url;

    fn header(host: &str) -> String {
        let consumer = Consumer {
            key: "xvz1evFS4wEEPTGEFPHBog".to_owned(),
            secret: SecretString::from("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
        };
        let token = Token {
            token: SecretString::from("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
            secret: SecretString::from("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
        };
        let moment = Moment {
            at: Timestamp::from_millis(1_318_622_958_000),
            nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".to_owned(),
        };
        let url = Url::parse(&format!(
            "https://{host}/1.1/statuses/update.json?include_entities=true"
        ));
        let form = [(
            "status",
            "Hello Ladies + Gentlemen, a signed OAuth request!",
        )];
        let target = (&Method::POST, &url.unwrap());
        let header = authorization(&consumer, Some(&token), &moment, target, &[], &form);
        header.expose_secret().to_owned()
    }

    #[test]
    fn the_signature_is_that_of_the_example_that_x_publishes() {
        for (host, signature) in [
            ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"),
            ("api.twitter.com", "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"),
        ] {
            let header = header(host);
            assert!(
                header.contains(&format!("oauth_signature=\"{signature}\"")),
                "{header}"
            );
            assert!(header.starts_with("OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", "));
        }
    }
}
