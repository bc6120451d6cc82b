//! Session tokens: JWTs of our own, HS256, each naming a row of `sessions` that can be ended.

use super::jws::{Flaw, Unverified};
use super::signature;
use crate::config::Config;
use crate::error::Error;
use crate::ids::{SessionId, UserId};
use crate::time::{DAY_MS, SECOND_MS, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::json;

/// How long a session lasts: a week, since there is no refresh and ending one takes effect at once.
pub const SESSION_MS: i64 = 7 * DAY_MS;
/// For whom the tokens are.
const AUDIENCE: &str = "godwit";
/// Keeps other JWTs that may be signed with the same secret from being taken for sessions (RFC 8725, section 3.11).
const TYPE: &str = "godwit-session+jwt";

/// Whom a session token speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// The person.
    pub user_id: UserId,
}

/// Signs a session token.
///
/// # Errors
/// Only when the cipher refuses the secret, which is a bug.
pub fn issue(
    config: &Config,
    session: &Session,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<SecretString, Error> {
    let header = json!({ "alg": "HS256", "typ": TYPE });
    let claims = json!({
        "iss": config.base_url,
        "aud": AUDIENCE,
        "sub": session.user_id,
        "sid": session.id,
        "iat": now.millis() / SECOND_MS,
        "exp": expires_at.millis() / SECOND_MS,
    });
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = signature::hs256(&config.jwt_secret, message.as_bytes())
        .ok_or_else(|| Error::internal("JWT_SECRET cannot sign a session token"))?;
    Ok(SecretString::from(format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(signature)
    )))
}

/// Whether a token says that it is one of ours. Nothing is proved by that.
pub fn claims_to_be_ours(config: &Config, token: &Unverified<'_>) -> bool {
    token.claims.iss == config.base_url
}

/// Whose session it is, by the signature alone: an expired token is recognised too, so that it can be ended.
///
/// # Errors
/// When it is not a session token of ours.
pub fn recognise(config: &Config, token: &Unverified<'_>) -> Result<Session, Flaw> {
    if token.header.alg != "HS256" {
        return Err(Flaw::Invalid("A session token is signed with HS256."));
    }
    token.verify_hs256(&config.jwt_secret)?;
    if token.header.typ.as_deref() != Some(TYPE) || !token.claims.aud.includes(AUDIENCE) {
        return Err(Flaw::Invalid("This is not a session token."));
    }
    let id = token.claims.sid.as_deref().and_then(SessionId::parse);
    let user_id = UserId::parse(&token.claims.sub);
    match (id, user_id) {
        (Some(id), Some(user_id)) => Ok(Session { id, user_id }),
        _ => Err(Flaw::Invalid("The token names no session.")),
    }
}

/// Whose session it is, if the token still holds. No leeway: it is our own clock that wrote the time.
///
/// # Errors
/// As [`recognise`], or when it has expired.
pub fn verify(config: &Config, token: &Unverified<'_>, now: Timestamp) -> Result<Session, Flaw> {
    let session = recognise(config, token)?;
    token.claims.check_times(now, 0)?;
    Ok(session)
}
