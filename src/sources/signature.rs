//! `X-Hub-Signature`: whether the hub sent a body, or somebody who knows what it knows.
//!
//! `method=hex` of an HMAC over the raw body, with the methods of WebSub (<https://www.w3.org/TR/websub/#recognized-algorithm-names>).
//! Google's hub signs with SHA-1 alone.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// Whether `header` signs `body` with one of the secrets. In a time that does not tell how much of it is right.
#[must_use]
pub fn is_by<'a>(
    mut secrets: impl Iterator<Item = &'a SecretString>,
    header: Option<&str>,
    body: &[u8],
) -> bool {
    let Some((method, hex)) = header.and_then(|header| header.trim().split_once('=')) else {
        return false;
    };
    let Some(signature) = bytes(hex) else {
        return false;
    };
    let check = match method.to_ascii_lowercase().as_str() {
        "sha1" => verify::<Hmac<Sha1>>,
        "sha256" => verify::<Hmac<Sha256>>,
        "sha384" => verify::<Hmac<Sha384>>,
        "sha512" => verify::<Hmac<Sha512>>,
        _ => return false,
    };
    secrets.any(|secret| check(secret.expose_secret().as_bytes(), body, &signature))
}

fn verify<M: Mac + KeyInit>(key: &[u8], body: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

/// Two digits a byte, in either case.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_by;
    use secrecy::SecretString;

    // Of https://www.rfc-editor.org/rfc/rfc2202 (case 2) and https://www.rfc-editor.org/rfc/rfc4231 (case 2).
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SIGNED: [&str; 4] = [
        "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ];

    fn signed(header: &str) -> bool {
        let secrets = [SecretString::from("other"), SecretString::from("Jefe")];
        is_by(secrets.iter(), Some(header), BODY)
    }

    #[test]
    fn each_method_is_taken_in_either_case_under_any_of_the_secrets() {
        for header in SIGNED {
            assert!(signed(header), "{header}");
            assert!(signed(&header.to_uppercase()), "{header}");
        }
    }

    #[test]
    fn whatever_is_not_signed_is_not_taken() {
        for header in SIGNED {
            let other = if header.ends_with('9') { '8' } else { '9' };
            let wrong = format!("{}{other}", &header[..header.len() - 1]);
            assert!(!signed(&wrong), "{wrong}");
            assert!(!signed(&header[..header.len() - 2]), "{header}");
            assert!(!signed(&header.replace("sha", "md")), "{header}");
        }
        for header in [
            "",
            "sha1",
            "sha1=",
            "sha256=zz",
            "=",
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c7",
        ] {
            assert!(!signed(header), "{header}");
        }
        let secrets = [SecretString::from("Jefe")];
        assert!(!is_by(secrets.iter(), None, BODY));
        assert!(!is_by(
            secrets.iter(),
            Some(SIGNED[0]),
            b"what do ya want for nothing!"
        ));
        assert!(!is_by([].iter(), Some(SIGNED[0]), BODY));
    }
}
