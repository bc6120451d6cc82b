//! `Idempotency-Key`: a request and its repeats have the effect of one, and all get the first answer.
//!
//! A route says in the table how it heeds the header ([`Idempotency`]). Either way the effect and the answer are
//! written in **one transaction**: an answer is kept if and only if its effect is there. That, and no timing, is what
//! keeps a repeat from doing the work twice.
//!
//! For [`Idempotency::Claimed`] the router claims the key before the operation ([`begin`]), and the operation runs its
//! one batch through [`Once::commit`], which refuses to commit for a claim that is no longer the key's. The lease of a
//! claim decides only how long a repeat is told that the first request is still running:
//!
//! | the first request … | its repeat |
//! |---|---|
//! | is running | 409 `idempotency_in_progress`, to come again in some seconds |
//! | died before its commit | the same until the lease ends, then does the work: nothing was done |
//! | died after its commit, or its answer was lost | gets the first answer |
//! | is slower than its lease | does the work; the commit of the slow one is rolled back as a whole |
//! | was refused, or failed | does the work: what was refused keeps no key, so that a corrected body may take it |
//!
//! A repeat after a 5xx is right in each case: the failed commit either took effect, and its answer is there, or did
//! not, and cannot later, since its claim was released.
//!
//! **Who may be shown an answer.** A key belongs to a workspace, and its fingerprint names the caller too, since an
//! answer may hold what only they may know. Registering belongs to nobody: there the fingerprint of the body, with the
//! password in it, is the proof. So that a password cannot be guessed through a key that somebody overheard, a key
//! that came with [`MISMATCHES_MAX`] other requests shows nothing more. Answers are sealed, and fingerprints made with
//! a key of the server, so that the table betrays neither. An answer whose sealing key has left the ring cannot be shown:
//! its repeat is a 500, and still makes nothing.

pub mod store;

use super::{Call, Reply};
use crate::app::App;
use crate::crypto;
use crate::error::{Error, Kind};
use crate::ports::{ResultSet, Statement, StorageError};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use http::{HeaderName, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Row;

/// The longest key, in characters.
const KEY_MAX: usize = 255;
/// How long an answer is kept, in ms.
pub const KEY_LIFE_MS: i64 = DAY_MS;
/// How long a first request that says nothing more counts as running, in ms.
const LEASE_MS: i64 = MINUTE_MS;
/// The most that a repeat is told to wait, in seconds: a first request that lives is done long before its lease ends.
const RETRY_AFTER_MAX_SECONDS: i64 = 5;
/// After so many other requests under a key, it shows its answer to nobody.
pub const MISMATCHES_MAX: u32 = 10;
/// Random bytes of a claim.
const CLAIM_BYTES: usize = 16;

/// How a route heeds the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// The router claims the key, and the operation commits through [`Once::commit`].
    Claimed,
    /// The operation claims the key in the very transaction that does its work, and answers repeats itself.
    OwnTransaction,
}

/// What a request under a key is.
pub enum Begun {
    /// The first of its key, or one without a key: it does the work.
    First(Once),
    /// A repeat: this was the first answer.
    Again(Reply),
}

/// The right to do the work of a request, once. [`Once::default`] is that of a request without a key, which nothing
/// limits.
#[derive(Clone, Default)]
pub struct Once(Option<Claim>);

#[derive(Clone)]
struct Claim {
    /// The workspace, or nothing where nobody is signed in.
    scope: String,
    key: String,
    /// Random, so that no other request can be taken for this one.
    token: String,
}

/// The one transaction of an operation that makes something.
pub struct Work<'a> {
    /// What it writes.
    pub statements: Vec<Statement>,
    /// The statement that keeps the answer if the thing was made: a text of
    /// [`keep_answer_if_made!`](crate::keep_answer_if_made).
    pub keep: &'static str,
    /// What is made, as `keep` finds it.
    pub made: &'a str,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body: String,
}

/// Claims the key of a request, if it has one.
///
/// # Errors
/// `invalid_idempotency_key`, `idempotency_key_reused`, `idempotency_in_progress`, or when the database does not answer.
pub async fn begin(app: &App, call: &Call) -> Result<Begun, Error> {
    let Some(key) = key(call)? else {
        return Ok(Begun::First(Once::default()));
    };
    let scope = call.who.as_ref().map(|who| who.workspace_id.to_string());
    let claim = Claim {
        scope: scope.unwrap_or_default(),
        key: key.to_owned(),
        token: crypto::random_token(&*app.random, CLAIM_BYTES),
    };
    let fingerprints = fingerprints(app, call);
    let newest = fingerprints
        .first()
        .ok_or_else(|| Error::internal("no key makes a fingerprint"))?;
    let now = app.now();
    let statements = vec![
        claim
            .bound(store::CLAIM, newest)
            .bind(claim.token.as_str())
            .bind(now.plus_ms(LEASE_MS))
            .bind(now),
        claim.bound(
            store::COUNT_MISMATCH,
            &serde_json::to_string(&fingerprints).unwrap_or_default(),
        ),
        Statement::new(store::READ)
            .bind(claim.scope.as_str())
            .bind(claim.key.as_str())
            .bind(now),
    ];
    // If the process ends after this, nothing was done, and the key is free when the lease ends. A repeat that comes in
    // between reads the row that this wrote.
    let sets = match app.database.batch(statements).await {
        Ok(sets) => sets,
        Err(error) => {
            // It may have taken effect, and this request goes no further.
            claim.release(app).await;
            return Err(error.into());
        }
    };
    let row: Option<Row> = sets.into_iter().next_back().unwrap_or_default().first()?;
    let row = row.ok_or_else(|| Error::unavailable("a key was neither free nor taken"))?;
    if row.resource_id == claim.token {
        return Ok(Begun::First(Once(Some(claim))));
    }
    if !fingerprints.contains(&row.fingerprint) || row.mismatches >= MISMATCHES_MAX {
        return Err(reused());
    }
    if row.status == store::RUNNING {
        return Err(in_progress(row.expires_at.since(now)));
    }
    claim.open(app, &row).map(Begun::Again)
}

impl Once {
    /// Runs the work's statements as one transaction that keeps `reply` too, and gives their results. Nothing is kept
    /// when the work made nothing.
    ///
    /// If the process ends before this is done, either all of it is there or nothing. A second time it fails: by then
    /// the claim has its answer.
    ///
    /// # Errors
    /// As [`Database::batch`](crate::ports::Database::batch); [`StorageError::Transient`], and nothing was done, when
    /// the lease ran out and another request took the key.
    pub async fn commit(
        &self,
        app: &App,
        work: Work<'_>,
        reply: &Reply,
    ) -> Result<Vec<ResultSet>, StorageError> {
        let Some(claim) = &self.0 else {
            return app.database.batch(work.statements).await;
        };
        let mut statements = vec![claim.bound(store::HOLD, &claim.token)];
        statements.extend(work.statements);
        statements.push(
            claim
                .bound(work.keep, &claim.token)
                .bind(u32::from(reply.status.as_u16()))
                .bind(claim.seal(app, reply)?)
                .bind(app.now().plus_ms(KEY_LIFE_MS))
                .bind(work.made),
        );
        let mut sets = app.database.batch(statements).await.map_err(taken_over)?;
        sets.pop();
        // The hold gives nothing.
        Ok(sets.into_iter().skip(1).collect())
    }

    /// Frees the key of a request that made nothing. Does nothing when its answer is kept.
    ///
    /// If the process ends before this, or the database does not answer, the key is free when the lease ends.
    pub async fn release(&self, app: &App) {
        if let Some(claim) = &self.0 {
            claim.release(app).await;
        }
    }
}

impl Claim {
    fn bound(&self, sql: &'static str, third: &str) -> Statement {
        Statement::new(sql)
            .bind(self.scope.as_str())
            .bind(self.key.as_str())
            .bind(third)
    }

    async fn release(&self, app: &App) {
        let release = self.bound(store::RELEASE, &self.token);
        if let Err(error) = app.database.run(release).await {
            app.warn(
                "idempotency_key_not_released",
                &json!({ "workspace": self.scope, "error": error.to_string() }),
            );
        }
    }

    fn seal(&self, app: &App, reply: &Reply) -> Result<String, StorageError> {
        let body = reply.body.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let kept = Kept {
            headers: reply
                .headers
                .iter()
                .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())))
                .collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        let text = serde_json::to_string(&kept).unwrap_or_default();
        let place = place(&self.scope, &self.key, &self.token);
        app.config
            .keyring
            .seal(&*app.random, &place, &SecretString::from(text))
            .map_err(|_| StorageError::Failed("an answer could not be sealed".to_owned()))
    }

    fn open(&self, app: &App, row: &Row) -> Result<Reply, Error> {
        let place = place(&self.scope, &self.key, &row.resource_id);
        let kept: Kept = app
            .config
            .keyring
            .open(&place, &row.answer)
            .ok()
            .and_then(|text| serde_json::from_str(text.expose_secret()).ok())
            .ok_or_else(|| Error::internal("a kept answer does not open"))?;
        let reply = replayed(row.status, kept.body);
        Ok(kept.headers.iter().fold(reply, |reply, (name, value)| {
            match HeaderName::try_from(name) {
                Ok(name) => reply.with_header(name, value),
                Err(_) => reply,
            }
        }))
    }
}

/// What an answer is sealed for. The key comes last: it alone may hold any character.
fn place(scope: &str, key: &str, claim: &str) -> String {
    format!("idempotency_keys.answer/{claim}/{scope}/{key}")
}

/// The request's fingerprint under each of the server's keys, the newest first: a repeat is known after a rotation too.
fn fingerprints(app: &App, call: &Call) -> Vec<String> {
    let who = call.who.as_ref().map_or("", |who| who.user_id.as_str());
    let message = [
        call.target.as_bytes(),
        b"\n",
        who.as_bytes(),
        b"\n",
        &call.body,
    ];
    app.config
        .keyring
        .macs("idempotency_keys.fingerprint", &message.concat())
}

fn taken_over(error: StorageError) -> StorageError {
    match error {
        StorageError::Constraint(text) if text.contains(store::HOLD_BREAKS) => {
            StorageError::Transient("another request took the idempotency key over".to_owned())
        }
        other => other,
    }
}

/// A first answer, once more.
#[must_use]
pub fn replayed(status: u16, body: String) -> Reply {
    // Only statuses of replies are kept.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Reply::bytes(status, "application/json", body.into_bytes())
        .with_header(HeaderName::from_static("idempotency-replayed"), "true")
}

/// The key stands for another request.
#[must_use]
pub fn reused() -> Error {
    Error::new(
        Kind::Invalid,
        "idempotency_key_reused",
        "This Idempotency-Key belongs to another request of the last 24 hours.",
        "Use a new key for a new request, and the same body when you repeat one.",
    )
}

fn in_progress(lease_ms: i64) -> Error {
    let seconds = (lease_ms + SECOND_MS - 1) / SECOND_MS;
    let seconds = seconds.clamp(1, RETRY_AFTER_MAX_SECONDS);
    Error {
        retry_after_seconds: u32::try_from(seconds).ok(),
        ..Error::new(
            Kind::Conflict,
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still running, or was cut off less than a minute ago.",
            "Send the same request again, with the same key, after the seconds of Retry-After.",
        )
    }
}

/// The request's key, if it has one.
///
/// # Errors
/// `invalid_idempotency_key`.
pub fn key(call: &Call) -> Result<Option<&str>, Error> {
    let mut values = call.headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or("").trim();
    // Two keys say two things: taking one of them would let a repeat with the other do the work again.
    let several = values.next().is_some();
    if several || key.is_empty() || key.len() > KEY_MAX || key.contains(char::is_control) {
        return Err(Error::new(
            Kind::Malformed,
            "invalid_idempotency_key",
            format!("Idempotency-Key must be 1 to {KEY_MAX} visible ASCII characters."),
            "Use a UUID, made before the first try and kept for its repeats.",
        ));
    }
    Ok(Some(key))
}
