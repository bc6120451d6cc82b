//! `X-Hub-Signature`: an HMAC (RFC 2104) of the raw body, written here so that a check of it shares nothing with the code
//! that is checked.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::super::sha1::{self, sha1};

/// The methods that WebSub knows (<https://www.w3.org/TR/websub/#recognized-algorithms-for-x-hub-signature>). Google's
/// hub uses the first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The value of the header.
    pub fn sign(self, secret: &[u8], body: &[u8]) -> String {
        match self {
            Self::Sha1 => format!("sha1={}", hex(&sha1::hmac(secret, body))),
            Self::Sha256 => format!("sha256={}", hex(&hmac::<Sha256, 64>(secret, body))),
            Self::Sha384 => format!("sha384={}", hex(&hmac::<Sha384, 128>(secret, body))),
            Self::Sha512 => format!("sha512={}", hex(&hmac::<Sha512, 128>(secret, body))),
        }
    }
}

/// The SHA-1 of some bytes, in hex: good enough to tell two answers apart.
pub fn digest(bytes: &[u8]) -> String {
    hex(&sha1(bytes))
}

fn hmac<D: Digest, const BLOCK: usize>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        let hashed = D::digest(key);
        block[..hashed.len()].copy_from_slice(&hashed);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = D::new().chain_update(padded(0x36)).chain_update(message);
    let outer = D::new()
        .chain_update(padded(0x5c))
        .chain_update(inner.finalize());
    outer.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |all, byte| all + &format!("{byte:02x}"))
}
