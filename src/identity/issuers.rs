//! JWTs of trusted issuers: their public keys, and what a token of theirs proves.
//!
//! Keys are fetched through the HTTP port and remembered in the isolate. A request never waits for another's fetch (on
//! Workers that would hang it): while keys are known, one request fetches and the others go on with what is there.

use super::jwks::{self, IssuerKey};
use super::jws::{Flaw, LEEWAY_MS, Unverified};
use super::people;
use super::signature::{Algorithm, PublicKey};
use crate::app::App;
use crate::config::{Config, Issuer};
use crate::error::{Error, Kind};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From this age on, keys are fetched again: a key that the issuer withdrew is accepted no longer than this.
const FRESH_MS: i64 = HOUR_MS;
/// While an issuer cannot be reached, its last keys are used for this long.
const STALE_MS: i64 = 24 * HOUR_MS;
/// How long the issuer may take to answer.
const DEADLINE_MS: u32 = 5_000;
/// In this time there is one fetch, whatever key ids strangers make up …
const WINDOW_MS: i64 = MINUTE_MS;
/// … or this many while no key is known, when each request has to fetch for itself.
const COLD_FETCHES: u32 = 10;
/// <https://openid.net/specs/openid-connect-core-1_0.html#IDToken>
const SUBJECT_MAX_BYTES: usize = 255;

/// Public keys of trusted issuers, remembered between requests of an isolate.
#[derive(Default)]
pub struct IssuerKeys {
    // By the address of the keys. Plain data, locked for a look or a note and never across an await.
    known: Mutex<BTreeMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    keys: Vec<IssuerKey>,
    fetched_at: Option<Timestamp>,
    window_began: Option<Timestamp>,
    fetches: u32,
    // A fetch whose request was cut off leaves this behind; it is heeded only as long as a fetch can take.
    fetching_since: Option<Timestamp>,
}

/// What to do about a key.
#[derive(Debug)]
enum Next {
    /// This is it.
    Use(PublicKey),
    /// Fetch; if that fails, this may still be used.
    Fetch(Option<PublicKey>),
    /// The issuer has no such key.
    Unknown,
    /// It cannot be said at the moment.
    Wait,
}

/// Whom an issuer's token speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The issuer.
    pub issuer: String,
    /// What the issuer calls the person (`sub`); with the issuer it names them for good.
    pub sub: String,
    /// The address, lower case, unless the issuer says that it is not checked.
    pub email: Option<String>,
    /// What to call them.
    pub name: Option<String>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// Which key a token asks for.
#[derive(Debug)]
pub struct Wanted {
    /// Its name.
    pub kid: String,
    /// What it is used with.
    pub algorithm: Algorithm,
}

/// A token that is good if its signature is.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Whose key signed it.
    pub issuer: &'a Issuer,
    /// Which key.
    pub wanted: Wanted,
    /// Whom it would speak of.
    pub subject: Subject,
}

impl IssuerKeys {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        // A panic elsewhere cannot leave half a note: each is one assignment.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, issuer: &Issuer, wanted: &Wanted, now: Timestamp) -> Next {
        self.known()
            .entry(issuer.jwks_url.to_string())
            .or_default()
            .look(wanted, now)
    }

    fn fetched(&self, issuer: &Issuer, keys: Option<Vec<IssuerKey>>, now: Timestamp) {
        let mut all = self.known();
        let known = all.entry(issuer.jwks_url.to_string()).or_default();
        known.fetching_since = None;
        if let Some(keys) = keys {
            known.keys = keys;
            known.fetched_at = Some(now);
        }
    }
}

impl Known {
    fn look(&mut self, wanted: &Wanted, now: Timestamp) -> Next {
        let age = self.fetched_at.map_or(i64::MAX, |at| now.since(at));
        let cold = age >= STALE_MS;
        let key = (!cold).then(|| find(&self.keys, wanted)).flatten();
        match key {
            Some(key) if age < FRESH_MS => Next::Use(key),
            key if self.may_fetch(now, if cold { COLD_FETCHES } else { 1 }) => Next::Fetch(key),
            Some(key) => Next::Use(key),
            None if cold || self.is_fetching(now) => Next::Wait,
            None => Next::Unknown,
        }
    }

    fn may_fetch(&mut self, now: Timestamp, most: u32) -> bool {
        if self
            .window_began
            .is_none_or(|at| now.since(at) >= WINDOW_MS)
        {
            self.window_began = Some(now);
            self.fetches = 0;
        }
        if self.fetches >= most {
            return false;
        }
        self.fetches += 1;
        self.fetching_since = Some(now);
        true
    }

    fn is_fetching(&self, now: Timestamp) -> bool {
        self.fetching_since
            .is_some_and(|at| now.since(at) <= i64::from(DEADLINE_MS) + SECOND_MS)
    }
}

/// The key that is wanted. One of the same name for another algorithm is not it.
#[must_use]
pub fn find(keys: &[IssuerKey], wanted: &Wanted) -> Option<PublicKey> {
    let fits = |key: &&IssuerKey| key.kid == wanted.kid && key.key.algorithm() == wanted.algorithm;
    keys.iter().find(fits).map(|key| key.key.clone())
}

/// Whom a token of a trusted issuer speaks of.
///
/// # Errors
/// [`Kind::Unauthenticated`] when it is not good, [`Kind::Unavailable`] when the issuer's keys cannot be fetched.
pub async fn verify(app: &App, token: &Unverified<'_>) -> Result<Subject, Error> {
    let checked = check(&app.config, token, app.now())?;
    let key = key(app, checked.issuer, &checked.wanted).await?;
    token.verify(&key)?;
    Ok(checked.subject)
}

/// All that can be checked without a key, so that a token that is worthless anyway costs no fetch.
///
/// # Errors
/// When the token is not good, whoever signed it.
pub fn check<'a>(
    config: &'a Config,
    token: &Unverified<'a>,
    now: Timestamp,
) -> Result<Checked<'a>, Flaw> {
    let (header, claims) = (&token.header, &token.claims);
    let of_issuer = || {
        config
            .jwt_issuers
            .iter()
            .filter(|issuer| issuer.issuer == claims.iss)
    };
    let issuer = of_issuer()
        .find(|issuer| claims.aud.includes(&issuer.audience))
        .ok_or_else(|| {
            Flaw::Invalid(if of_issuer().next().is_some() {
                "The token is for another audience."
            } else {
                "The token's issuer is not trusted here."
            })
        })?;
    let algorithm = Algorithm::named(&header.alg).ok_or(Flaw::Invalid(
        "An issuer's token is signed with RS256, ES256 or EdDSA.",
    ))?;
    let kid = header
        .kid
        .clone()
        .ok_or(Flaw::Invalid("The token's header names no key (kid)."))?;
    // An issuer signs other things with the same keys: logout and event tokens have a type of their own.
    let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    if !matches!(
        typ.strip_prefix("application/").unwrap_or(&typ),
        "jwt" | "at+jwt"
    ) {
        return Err(Flaw::Invalid(
            "The token is of a type that does not sign anybody in.",
        ));
    }
    if claims.sub.is_empty() || claims.sub.len() > SUBJECT_MAX_BYTES {
        return Err(Flaw::Invalid("The token's subject is empty or too long."));
    }
    let expires_at = claims.check_times(now, LEEWAY_MS)?;
    // Some issuers write it as a text. An address that nobody has checked would take the place of its owner's.
    let verified = claims.email_verified == true || claims.email_verified == "true";
    let subject = Subject {
        issuer: issuer.issuer.clone(),
        sub: claims.sub.clone(),
        email: claims
            .email
            .as_str()
            .filter(|_| verified)
            .and_then(people::email),
        name: claims.name.as_str().and_then(people::name),
        expires_at,
    };
    Ok(Checked {
        issuer,
        wanted: Wanted { kid, algorithm },
        subject,
    })
}

async fn key(app: &App, issuer: &Issuer, wanted: &Wanted) -> Result<PublicKey, Error> {
    let unknown = || {
        Error::from(Flaw::Invalid(
            "The issuer has no key of the token's kid for its algorithm.",
        ))
    };
    let fallback = match app.issuer_keys.look(issuer, wanted, app.now()) {
        Next::Use(key) => return Ok(key),
        Next::Unknown => return Err(unknown()),
        Next::Wait => return Err(unreachable(None)),
        Next::Fetch(fallback) => fallback,
    };
    // If the request ends here, the note of a running fetch loses its meaning by itself, and a later one fetches.
    match fetch(app, issuer).await {
        Ok(keys) => {
            let key = find(&keys, wanted);
            app.issuer_keys.fetched(issuer, Some(keys), app.now());
            key.ok_or_else(unknown)
        }
        Err(why) => {
            app.issuer_keys.fetched(issuer, None, app.now());
            app.warn(
                "issuer_keys_not_fetched",
                &json!({ "issuer": issuer.issuer, "why": why }),
            );
            fallback.ok_or_else(|| unreachable(Some(why)))
        }
    }
}

async fn fetch(app: &App, issuer: &Issuer) -> Result<Vec<IssuerKey>, String> {
    let request = http::Request::get(issuer.jwks_url.as_str())
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    let response = app
        .http
        .send(request, DEADLINE_MS)
        .await
        .map_err(|error| error.to_string())?;
    if response.status() != http::StatusCode::OK {
        return Err(format!("it answered {}", response.status()));
    }
    jwks::read(response.body()).map_err(str::to_owned)
}

fn unreachable(internal: Option<String>) -> Error {
    Error {
        retry_after_seconds: Some(5),
        internal,
        ..Error::new(
            Kind::Unavailable,
            "issuer_unreachable",
            "The public keys of the token's issuer could not be fetched.",
            "Try again in a few seconds. If it persists, the operator should check jwks_url in JWT_ISSUERS.",
        )
    }
}
