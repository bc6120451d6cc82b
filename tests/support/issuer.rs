//! A trusted issuer: signs tokens with ES256 under any key id, and publishes its key under the ids that it is told.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// The issuer's name.
pub const ISSUER: &str = "https://id.test";
/// The audience of its tokens.
pub const AUDIENCE: &str = "godwit-api";
/// `JWT_ISSUERS` that trusts it.
pub const JWT_ISSUERS: &str =
    r#"[{"issuer":"https://id.test","audience":"godwit-api","jwks_url":"https://id.test/keys"}]"#;

// Made for these tests with openssl; it guards nothing.
const PRIVATE: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmKRX0ZfteZDQRCTXsLi+8JMqU/iqbc6hwFn3pNfE0VahRANCAAS4+lftAPCe",
    "3IHzHE8F1KZDbS+2k78rMmemkYk6NL02TeQ1LwbtG0gMK9lwjiz/QMcIUvOLNHe4Xlv41gXuQIwz",
);

/// The key set with the public key under each of these ids.
pub fn key_set(kids: &[&str]) -> Value {
    let key = |kid: &&str| {
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
            "x": "uPpX7QDwntyB8xxPBdSmQ20vtpO_KzJnppGJOjS9Nk0",
            "y": "5DUvBu0bSAwr2XCOLP9AxwhS84s0d7heW_jWBe5AjDM",
        })
    };
    json!({ "keys": kids.iter().map(key).collect::<Vec<_>>() })
}

/// A token with these claims, signed under this key id; `iss` and `aud` are filled in.
pub fn token(kid: &str, claims: &Value) -> String {
    let mut all = json!({ "iss": ISSUER, "aud": AUDIENCE });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!(
        "{}.{}",
        encode(&json!({ "alg": "ES256", "typ": "JWT", "kid": kid })),
        encode(&all)
    );
    let key = EncodingKey::from_ec_der(&STANDARD.decode(PRIVATE).unwrap());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}
