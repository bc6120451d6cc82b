//! Sealing of secrets at rest, hashes, codes that recognise a message, and comparison in constant time.
//!
//! A sealed value is `v1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)>`: AES-256-GCM with a random 96-bit nonce, and
//! the identity of the row and column as associated data, so that a value copied elsewhere does not open. The first key
//! of the ring seals; every key opens. At one refresh in two hours per account, a key would last for 2^32 seals
//! (NIST SP 800-38D, section 8.3), which is hundreds of thousands of account-years.

use crate::ports::Random;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

const NONCE_BYTES: usize = 12;

/// The keys that seal secrets, newest first.
pub struct Keyring {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    secret: SecretBox<[u8; 32]>,
}

/// A sealed value did not open: wrong key, wrong place, or damaged. Says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoesNotOpen;

impl Keyring {
    /// Reads `id:base64,id:base64`, newest first, each key 32 bytes.
    ///
    /// # Errors
    /// What is wrong, without any of the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keys = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let (id, encoded) = entry
                    .split_once(':')
                    .ok_or("each key has the form id:base64")?;
                if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return Err("a key's id is letters and digits".to_owned());
                }
                let bytes: [u8; 32] = STANDARD
                    .decode(encoded)
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| format!("key {id} is not 32 bytes in base64"))?;
                Ok(Key {
                    id: id.to_owned(),
                    secret: SecretBox::new(Box::new(bytes)),
                })
            })
            .collect::<Result<Vec<_>, String>>()?;
        if keys.is_empty() {
            return Err("no key is given".to_owned());
        }
        Ok(Self { keys })
    }

    /// Seals a secret for one place, named by `context` (table, column and ids).
    ///
    /// # Errors
    /// Only if the cipher refuses, which it does for texts beyond 64 GiB.
    pub fn seal(
        &self,
        random: &dyn Random,
        context: &str,
        secret: &SecretString,
    ) -> Result<String, DoesNotOpen> {
        let key = self.keys.first().ok_or(DoesNotOpen)?;
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: context.as_bytes(),
        };
        let ciphertext = key
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| DoesNotOpen)?;
        let mut envelope = nonce.to_vec();
        envelope.extend_from_slice(&ciphertext);
        Ok(format!(
            "v1.{}.{}",
            key.id,
            URL_SAFE_NO_PAD.encode(envelope)
        ))
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn newest(&self) -> &str {
        self.keys.first().map_or("", |key| &key.id)
    }

    /// The ids of the keys that only open: the older ones.
    pub fn older(&self) -> impl Iterator<Item = &str> {
        let newest = self.newest();
        let ids = self.keys.iter().map(|key| key.id.as_str());
        ids.filter(move |id| *id != newest)
    }

    /// Whether a value is sealed with the newest key.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        key_id(sealed) == Some(self.newest())
    }

    /// Opens what [`Keyring::seal`] sealed for the same `context`.
    ///
    /// # Errors
    /// [`DoesNotOpen`], whatever the reason.
    pub fn open(&self, context: &str, sealed: &str) -> Result<SecretString, DoesNotOpen> {
        let (key_id, envelope) = fields(sealed).ok_or(DoesNotOpen)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == key_id)
            .ok_or(DoesNotOpen)?;
        let envelope = URL_SAFE_NO_PAD.decode(envelope).map_err(|_| DoesNotOpen)?;
        let (nonce, ciphertext) = envelope
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(DoesNotOpen)?;
        let payload = Payload {
            msg: ciphertext,
            aad: context.as_bytes(),
        };
        let plain = key
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| DoesNotOpen)?;
        String::from_utf8(plain)
            .map(SecretString::from)
            .map_err(|_| DoesNotOpen)
    }
}

impl Keyring {
    /// The message's HMAC-SHA-256 under each key, newest first, as unpadded base64url: recognises a message that must
    /// not be kept, and that somebody who has the database could guess. `purpose` keeps the values of different places
    /// apart, and from the sealing.
    #[must_use]
    pub fn macs(&self, purpose: &str, message: &[u8]) -> Vec<String> {
        let mac = |key: &[u8], message: &[u8]| {
            let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            Some(mac.chain_update(message).finalize().into_bytes())
        };
        self.keys
            .iter()
            .filter_map(|key| mac(key.secret.expose_secret(), purpose.as_bytes()))
            .filter_map(|derived| mac(&derived, message))
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
            .collect()
    }
}

/// The id of the key that sealed a value; `None` when it is no sealed value.
#[must_use]
pub fn key_id(sealed: &str) -> Option<&str> {
    fields(sealed).map(|(key_id, _)| key_id)
}

fn fields(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix("v1.")?.split_once('.')
}

impl Key {
    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.secret.expose_secret().into())
    }
}

/// `bytes` random bytes as unpadded base64url: 32 give 256 bits, which nobody guesses.
#[must_use]
pub fn random_token(random: &dyn Random, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    random.fill(&mut buffer);
    URL_SAFE_NO_PAD.encode(buffer)
}

/// SHA-256 as unpadded base64url: how a token of full entropy is kept, and a body is recognised.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

/// HMAC-SHA1, which OAuth 1.0a asks for; nothing of ours is signed with it.
#[must_use]
pub fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length does.
    Hmac::<Sha1>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// Compares in a time that depends on the lengths alone.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::{DoesNotOpen, Keyring};
    use crate::ports::Random;
    use secrecy::{ExposeSecret, SecretString};

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    const OLD: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn seal(ring: &Keyring) -> String {
        ring.seal(&Sevens, "a", &SecretString::from("token"))
            .unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let ring = Keyring::parse(OLD).unwrap();
        let sealed = seal(&ring);
        assert_eq!(ring.open("a", &sealed).unwrap().expose_secret(), "token");
        assert_eq!(ring.open("b", &sealed).err(), Some(DoesNotOpen));
    }

    #[test]
    fn after_a_rotation_the_newest_key_seals_and_old_values_still_open() {
        let old = Keyring::parse(OLD).unwrap();
        let both = Keyring::parse(&format!("{NEW},{OLD}")).unwrap();
        assert!(both.open("a", &seal(&old)).is_ok());
        assert!(seal(&both).starts_with("v1.k2."));
        assert_eq!(old.open("a", &seal(&both)).err(), Some(DoesNotOpen));
    }

    #[test]
    fn a_damaged_value_is_an_error_at_every_byte_and_never_a_panic() {
        let ring = Keyring::parse(OLD).unwrap();
        let sealed = seal(&ring);
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(bytes).unwrap();
            // The last character carries padding bits that mean nothing, and a strict decoder refuses them.
            assert!(ring.open("a", &damaged).is_err(), "byte {at}");
            assert!(ring.open("a", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_message_is_recognised_under_every_key_and_for_one_purpose() {
        let old = Keyring::parse(OLD).unwrap().macs("a", b"message");
        let both = Keyring::parse(&format!("{NEW},{OLD}")).unwrap();
        assert_eq!(both.macs("a", b"message")[1..], old);
        assert_ne!(both.macs("a", b"message")[0], old[0]);
        assert_ne!(both.macs("b", b"message")[1..], old);
        assert_ne!(both.macs("a", b"massage")[1..], old);
        // RFC 2104 over SHA-256, twice: the purpose gives the key.
        assert_eq!(old, ["4oMzoCZ2k4YnjZe6XvULgjtxBWlqWed2WC2039SSsgY"]);
    }

    #[test]
    fn a_malformed_ring_is_refused_without_showing_the_key() {
        for bad in ["", "k1", "k1:short", "k 1:AAAA", ":AAAA"] {
            let message = Keyring::parse(bad).err().unwrap();
            assert!(
                !message.contains("AAAA") && !message.contains("short"),
                "{message}"
            );
        }
    }
}
