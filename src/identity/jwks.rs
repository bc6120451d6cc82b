//! An issuer's published keys: which of them may check which signature. Pure.

use super::signature::{Algorithm, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// A document longer than this is not a set of keys.
const DOCUMENT_MAX_BYTES: usize = 256 * 1024;
/// More keys than any issuer publishes.
const KEYS_MAX: usize = 100;

/// A key that may check signatures.
#[derive(Debug, Clone)]
pub struct IssuerKey {
    /// Its name among the issuer's keys.
    pub kid: String,
    /// The key, with its algorithm.
    pub key: PublicKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

// Members of RFC 7517 and 7518 that decide about a signature. Private ones are not read.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Reads a set of keys. Those that are of no use here are left out, since issuers publish others beside them.
///
/// # Errors
/// When it is not a set of keys at all.
pub fn read(document: &[u8]) -> Result<Vec<IssuerKey>, &'static str> {
    if document.len() > DOCUMENT_MAX_BYTES {
        return Err("the document is too long");
    }
    let document: Document =
        serde_json::from_slice(document).map_err(|_| "it is not a JSON Web Key Set")?;
    let keys = document.keys.into_iter().take(KEYS_MAX);
    Ok(keys
        .filter_map(|key| usable(&serde_json::from_value(key).ok()?))
        .collect())
}

fn usable(jwk: &Jwk) -> Option<IssuerKey> {
    let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk
            .key_ops
            .as_ref()
            .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    if !signs {
        return None;
    }
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", None) => PublicKey::rsa(&bytes(jwk.n.as_deref())?, &bytes(jwk.e.as_deref())?)?,
        ("EC", Some("P-256")) => PublicKey::p256(
            &coordinate(jwk.x.as_deref())?,
            &coordinate(jwk.y.as_deref())?,
        )?,
        ("OKP", Some("Ed25519")) => PublicKey::ed25519(&coordinate(jwk.x.as_deref())?)?,
        _ => return None,
    };
    let agrees = jwk
        .alg
        .as_deref()
        .is_none_or(|name| Algorithm::named(name) == Some(key.algorithm()));
    agrees.then(|| IssuerKey {
        kid: jwk.kid.clone(),
        key,
    })
}

fn bytes(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn coordinate(text: Option<&str>) -> Option<[u8; 32]> {
    bytes(text)?.try_into().ok()
}
