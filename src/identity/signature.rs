//! Signatures of tokens: HS256 for our own, RS256, ES256 and `EdDSA` for those of issuers (RFC 7518, RFC 8037). Pure.
//!
//! Written on the primitives themselves: jsonwebtoken's backends link every algorithm that it knows, which is a tenth of
//! the Worker. A key carries its algorithm, so that none can be used with another, and a public key is of another type
//! than a shared secret (RFC 8725, sections 2.1 and 3.1).

use ed25519_dalek as ed25519;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::{self, signature::Verifier as _};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

/// RSA below 2048 bits is not accepted (RFC 7518, section 3.3).
const RSA_MIN_BITS: usize = 2048;
/// The `DigestInfo` of SHA-256 up to the digest itself (RFC 8017, section 9.2, note 1).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// What an issuer may sign with: asymmetric algorithms alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519; no other curve.
    EdDsa,
}

impl Algorithm {
    /// The algorithm of a header or a key, if an issuer may use it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A public key, and with it the only algorithm that it is used with.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// For [`Algorithm::Rs256`].
    Rs256(RsaPublicKey),
    /// For [`Algorithm::Es256`].
    Es256(ecdsa::VerifyingKey),
    /// For [`Algorithm::EdDsa`].
    EdDsa(ed25519::VerifyingKey),
}

impl PublicKey {
    /// From modulus and exponent, big-endian. None if it is shorter than 2048 bits, longer than 4096 (checking costs
    /// time that a stranger can ask for), or no RSA key at all.
    #[must_use]
    pub fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        let n = BigUint::from_bytes_be(n);
        if n.bits() < RSA_MIN_BITS {
            return None;
        }
        let key = RsaPublicKey::new(n, BigUint::from_bytes_be(e)).ok()?;
        Some(Self::Rs256(key))
    }

    /// From the coordinates of a point, big-endian. None if it is not on the curve.
    #[must_use]
    pub fn p256(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        // An uncompressed point (SEC 1, section 2.3.3).
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
        Some(Self::Es256(key))
    }

    /// From an encoded point (RFC 8032, section 5.1.2). None if it is not on the curve.
    #[must_use]
    pub fn ed25519(x: &[u8; 32]) -> Option<Self> {
        let key = ed25519::VerifyingKey::from_bytes(x).ok()?;
        Some(Self::EdDsa(key))
    }

    /// What it is used with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rs256(_) => Algorithm::Rs256,
            Self::Es256(_) => Algorithm::Es256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    /// Whether the holder of the private key signed this message.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rs256(key) => {
                // rsa 0.9 would take the prefix from an older sha2 than the rest of the Worker uses.
                let scheme = Pkcs1v15Sign {
                    hash_len: Some(Sha256::output_size()),
                    prefix: SHA256_PREFIX.into(),
                };
                key.verify(scheme, &Sha256::digest(message), signature)
                    .is_ok()
            }
            Self::Es256(key) => ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            // Strict: refuses points of small order, under which one signature would fit many messages.
            Self::EdDsa(key) => ed25519::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

/// The HS256 signature of a message. None if the secret cannot be a key, and HMAC takes keys of any length.
#[must_use]
pub fn hs256(secret: &SecretString, message: &[u8]) -> Option<[u8; 32]> {
    Some(keyed(secret, message)?.finalize().into_bytes().into())
}

/// Whether this is the HS256 signature of a message. Takes the same time wherever the two differ.
#[must_use]
pub fn is_hs256(secret: &SecretString, message: &[u8], signature: &[u8]) -> bool {
    keyed(secret, message).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

fn keyed(secret: &SecretString, message: &[u8]) -> Option<Hmac<Sha256>> {
    let mac = Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    Some(mac.chain_update(message))
}
