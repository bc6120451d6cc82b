//! Compact JWS: reading, and checking a signature under an algorithm that the reader chose. Pure.
//!
//! What a token says about itself is used for one thing only: to find out which check it has to pass. Headers that
//! would bring a key along (`jku`, `x5u`, `jwk`, `x5c`) are not even read (RFC 8725, section 3).

use super::signature::{self, PublicKey};
use crate::error::{Error, Kind};
use crate::time::{SECOND_MS, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The longest token that is looked at.
pub const TOKEN_MAX_BYTES: usize = 8 * 1024;
/// How far an issuer's clock may be off.
pub const LEEWAY_MS: i64 = 60 * SECOND_MS;

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It was good and is too old.
    Expired,
    /// It was never good, for this reason.
    Invalid(&'static str),
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Expired => Self::new(
                Kind::Unauthenticated,
                "token_expired",
                "The token has expired.",
                "Sign in again with POST /api/v1/auth/login, or get a new token where this one came from.",
            ),
            Flaw::Invalid(why) => Self::new(
                Kind::Unauthenticated,
                "token_invalid",
                why,
                "Use the token of POST /api/v1/auth/login as it was given, one of a configured issuer for this service, or an API key (gw_…).",
            ),
        }
    }
}

/// The protected header, as far as it is heeded.
#[derive(Debug, Deserialize)]
pub struct Header {
    /// What the token claims to be signed with; compared with what is allowed, never obeyed.
    pub alg: String,
    /// Which of the issuer's keys.
    pub kid: Option<String>,
    /// What kind of token.
    pub typ: Option<String>,
    crit: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

/// The claims, as far as they are heeded.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it speaks of.
    pub sub: String,
    /// For whom it is.
    pub aud: Audience,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    /// The session, in tokens of ours.
    pub sid: Option<String>,
    /// An issuer's word on the person; of whatever type, since it may not spoil the rest.
    #[serde(default)]
    pub email: serde_json::Value,
    /// False when the issuer knows that it has not checked the address.
    #[serde(default)]
    pub email_verified: serde_json::Value,
    /// The person's name, if the issuer tells.
    #[serde(default)]
    pub name: serde_json::Value,
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether `audience` is among them.
    pub fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

/// Seconds since 1970, with or without a fraction (RFC 7519, section 2).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct NumericDate(Timestamp);

impl TryFrom<serde_json::Number> for NumericDate {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        let text = number.to_string();
        let whole = text
            .split_once('.')
            .map_or(text.as_str(), |(whole, _)| whole);
        let seconds: i64 = whole.parse().map_err(|_| "not a date in seconds")?;
        Ok(Self(Timestamp::from_millis(
            seconds.saturating_mul(SECOND_MS),
        )))
    }
}

impl Claims {
    /// Until when the token holds.
    ///
    /// # Errors
    /// When it is over, has not begun, or never ends.
    pub fn check_times(&self, now: Timestamp, leeway_ms: i64) -> Result<Timestamp, Flaw> {
        let Some(NumericDate(expires_at)) = self.exp else {
            return Err(Flaw::Invalid("The token has no expiry."));
        };
        if now >= expires_at.plus_ms(leeway_ms) {
            return Err(Flaw::Expired);
        }
        match self.nbf {
            Some(NumericDate(begins_at)) if now.plus_ms(leeway_ms) < begins_at => {
                Err(Flaw::Invalid("The token is not valid yet."))
            }
            _ => Ok(expires_at),
        }
    }
}

/// A token whose signature has not been checked.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// Its header.
    pub header: Header,
    /// What it claims.
    pub claims: Claims,
    message: &'a str,
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// When it is too long, not three parts, or asks for something that is not understood here.
    pub fn read(token: &'a str) -> Result<Self, Flaw> {
        const MALFORMED: Flaw = Flaw::Invalid("The token is not a JWT and not an API key.");
        if token.len() > TOKEN_MAX_BYTES {
            return Err(Flaw::Invalid("The token is longer than 8 KiB."));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = message.split_once('.').ok_or(MALFORMED)?;
        let header: Header = part(header).ok_or(MALFORMED)?;
        // A critical extension must be understood (RFC 7515, section 4.1.11), and none is; zip and enc belong to JWE.
        if header.crit.is_some() || header.zip.is_some() || header.enc.is_some() {
            return Err(Flaw::Invalid(
                "The token's header asks for an extension that is not supported.",
            ));
        }
        let claims = part(claims).ok_or(Flaw::Invalid(
            "The token lacks iss, sub or aud, or one of its claims is malformed.",
        ))?;
        Ok(Self {
            header,
            claims,
            message,
            signature,
        })
    }

    /// Checks the signature under an issuer's key, by the key's own algorithm and no other.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(&self, key: &PublicKey) -> Result<(), Flaw> {
        self.fits(|message, signature| key.signed(message, signature))
    }

    /// Checks the signature under a secret of ours, by HS256 and no other algorithm.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify_hs256(&self, secret: &SecretString) -> Result<(), Flaw> {
        self.fits(|message, signature| signature::is_hs256(secret, message, signature))
    }

    fn fits(&self, signed: impl FnOnce(&[u8], &[u8]) -> bool) -> Result<(), Flaw> {
        match URL_SAFE_NO_PAD.decode(self.signature) {
            Ok(signature) if signed(self.message.as_bytes(), &signature) => Ok(()),
            _ => Err(Flaw::Invalid("The token's signature does not fit.")),
        }
    }
}

fn part<T: for<'de> Deserialize<'de>>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}
