//! Passwords: Argon2id, kept as a PHC string that carries its own parameters.
//!
//! 19 MiB, two passes, one lane: what OWASP asks for at least
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id>), and little beside the
//! 128 MB of a Worker's isolate, which may hash several at once.

use crate::error::Error;
use crate::ports::Random;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// The shortest password, in characters.
pub const MIN_CHARS: usize = 10;
/// The longest password, in bytes of UTF-8: room for any passphrase, and a bound on what is hashed.
pub const MAX_BYTES: usize = 1024;

/// What is hashed when there is no such user, so that the answer takes as long as for a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a new password.
///
/// # Errors
/// Only when memory runs out.
pub fn hash(random: &dyn Random, password: &SecretString) -> Result<String, Error> {
    let failed = |error: String| Error::internal(format!("hashing a password: {error}"));
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| failed(error.to_string()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(normal(password).expose_secret().as_bytes(), &salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| failed(error.to_string()))
}

/// Whether the password is the one that was hashed, under the parameters that the hash names. Without a hash it takes
/// as long, and is false.
#[must_use]
pub fn fits(password: &SecretString, stored: Option<&str>) -> bool {
    let Ok(hash) = PasswordHash::new(stored.unwrap_or(NOBODY)) else {
        return false;
    };
    let fits = Argon2::default()
        .verify_password(normal(password).expose_secret().as_bytes(), &hash)
        .is_ok();
    fits && stored.is_some()
}

// Keyboards differ in how they compose an é; a password is the same on each of them (RFC 8265, section 4.2).
fn normal(password: &SecretString) -> SecretString {
    SecretString::from(password.expose_secret().nfc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, fits, hash};
    use crate::ports::Random;
    use secrecy::SecretString;

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn only_the_password_itself_fits_however_it_was_composed() {
        let stored = hash(&Sevens, &SecretString::from("caf\u{e9} au lait")).unwrap();
        assert!(fits(
            &SecretString::from("caf\u{e9} au lait"),
            Some(&stored)
        ));
        assert!(fits(
            &SecretString::from("cafe\u{301} au lait"),
            Some(&stored)
        ));
        assert!(!fits(&SecretString::from("cafe au lait"), Some(&stored)));
        assert!(!fits(&SecretString::from(""), Some(&stored)));
    }

    #[test]
    fn the_stand_in_for_nobody_costs_what_a_real_hash_costs() {
        let parameters = |phc: &str| phc.rsplitn(3, '$').last().map(str::to_owned);
        let real = hash(&Sevens, &SecretString::from("whatever it is")).unwrap();
        assert_eq!(parameters(&real), parameters(NOBODY));
        assert_eq!(real.len(), NOBODY.len());
        assert!(!fits(&SecretString::from("whatever it is"), None));
    }

    #[test]
    fn parameters_are_those_of_the_stored_string() {
        // A vector of the reference implementation (phc-winner-argon2, src/test.c).
        let cheap =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(fits(&SecretString::from("password"), Some(cheap)));
        assert!(!fits(&SecretString::from("passwore"), Some(cheap)));
        assert!(!fits(&SecretString::from("password"), Some("not a hash")));
    }
}
