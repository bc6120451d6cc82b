//! Registering, signing in, signing out.
//!
//! Attempts are counted before they are judged, in the transaction that reads the user: however many arrive at once, no
//! more than the limit are tried. A success takes its own attempt back.

use super::model::Role;
use super::session::{self, SESSION_MS, Session};
use super::store::{self, Attempts, NewPerson, Person};
use super::views::{SignedIn, User, Workspace};
use super::{password, people};
use crate::app::App;
use crate::crypto;
use crate::error::{Error, FieldError, Kind};
use crate::http::Reply;
use crate::http::idempotency::{Once, Work};
use crate::ids::{AuditId, SessionId, UserId, WorkspaceId};
use crate::ports::ResultSet;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::net::IpAddr;

/// Attempts are counted in windows of this length.
const SIGN_IN_WINDOW_MS: i64 = 15 * MINUTE_MS;
/// Failures in a window, per identity …
const IDENTITY_FAILURES: i64 = 10;
/// … and per address: more, since many people may share one.
const ADDRESS_FAILURES: i64 = 50;
/// Registrations per address in [`REGISTER_WINDOW_MS`], each of which costs us a slow hash.
const REGISTRATIONS: i64 = 20;
const REGISTER_WINDOW_MS: i64 = HOUR_MS;

/// Who registers.
pub struct Registration {
    /// Their address, as typed.
    pub email: String,
    /// Their password.
    pub password: SecretString,
    /// What to call them.
    pub name: String,
}

/// Registers a person with a personal workspace and signs them in. Answers with [`SignedIn`].
///
/// 1. The attempt is counted. A request that ends here has used up one attempt, and made nobody.
/// 2. The transaction. After it they exist, whatever happens to this request: a repeat under the same key is given the
///    same answer, one without a key is told that the address is taken, and signing in works. When somebody else turned
///    out to be the first of the installation, nothing was written, and another transaction follows.
///
/// # Errors
/// [`Kind::Invalid`], [`Kind::Forbidden`] when strangers may not register, [`Kind::Conflict`] when the address is taken,
/// [`Kind::TooMany`].
pub async fn register(
    app: &App,
    who: Registration,
    address: Option<IpAddr>,
    once: &Once,
) -> Result<Reply, Error> {
    let (email, name) = check(&who)?;
    let now = app.now();
    let mut first = vec![store::any_user()];
    first.extend(address.map(|ip| {
        store::count_attempt(&subject("register", &network(ip)), now, REGISTER_WINDOW_MS)
    }));
    // 1.
    let mut sets = app.database.batch(first).await?.into_iter();
    // Before the hash, so that a closed door costs us nothing. The database decides again below.
    let taken = sets
        .next()
        .map(ResultSet::first::<AnyUser>)
        .transpose()?
        .flatten()
        .is_some_and(|row| row.any_user != 0);
    if taken && !app.config.allow_signup {
        return Err(signup_closed());
    }
    limit(sets.next(), REGISTRATIONS, now)?;

    let (clock, random) = (&*app.clock, &*app.random);
    let password_hash = password::hash(random, &who.password)?;
    let (user_id, workspace_id) = (UserId::new(clock, random), WorkspaceId::new(clock, random));
    let session = Session {
        id: SessionId::new(clock, random),
        user_id: user_id.clone(),
    };
    let new = NewPerson {
        user_id: &user_id,
        workspace_id: &workspace_id,
        audit_id: &AuditId::new(clock, random),
        email: &email,
        name: &name,
        password_hash: &password_hash,
        now,
    };
    // 2.
    if !taken {
        if let Some(reply) = write(app, &new, &session, true, once).await? {
            return Ok(reply);
        }
        // Somebody else was the first, a moment ago.
        if !app.config.allow_signup {
            return Err(signup_closed());
        }
    }
    let reply = write(app, &new, &session, false, once).await?;
    reply.ok_or_else(signup_closed)
}

/// Writes a person down as the first of the installation, or as another, and keeps the answer with them. `None`:
/// nothing was written, as that is not what they are.
async fn write(
    app: &App,
    new: &NewPerson<'_>,
    session: &Session,
    first: bool,
    once: &Once,
) -> Result<Option<Reply>, Error> {
    let expires_at = new.now.plus_ms(SESSION_MS);
    let work = Work {
        statements: store::register(new, first, session, expires_at),
        keep: store::KEEP_REGISTERED,
        made: new.user_id.as_str(),
    };
    let signed_in = SignedIn {
        token: session::issue(&app.config, session, new.now, expires_at)?,
        user: User {
            id: new.user_id.clone(),
            email: Some(new.email.to_owned()),
            name: new.name.to_owned(),
            operator: first,
            created_at: new.now,
        },
        workspace: Workspace {
            id: new.workspace_id.clone(),
            name: new.name.to_owned(),
            role: Role::Owner,
            personal: true,
        },
        expires_at,
    };
    let reply = Reply::json(StatusCode::CREATED, &signed_in)?;
    let sets = once.commit(app, work, &reply).await.map_err(|error| {
        if error.violates_unique("users.email") {
            email_taken()
        } else {
            error.into()
        }
    })?;
    let written = sets.first().is_some_and(|set| set.changes > 0);
    Ok(written.then_some(reply))
}

/// Signs a person in. An unknown address and a wrong password cannot be told apart, by the answer or by its time.
///
/// # Errors
/// [`Kind::Unauthenticated`], or [`Kind::TooMany`] after too many failures.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &SecretString,
    address: Option<IpAddr>,
) -> Result<SignedIn, Error> {
    let now = app.now();
    // What cannot be an address is looked up all the same: it is found nowhere, and takes as long.
    let email = people::email(email).unwrap_or_else(|| email.to_lowercase());
    let identity = subject("email", &email);
    let address = address.map(|ip| subject("address", &network(ip)));
    let mut first = vec![
        store::person_by_email(&email),
        store::count_attempt(&identity, now, SIGN_IN_WINDOW_MS),
    ];
    first.extend(
        address
            .as_deref()
            .map(|address| store::count_attempt(address, now, SIGN_IN_WINDOW_MS)),
    );
    // If the request ends after this, an attempt was counted that did not happen, which errs on the safe side.
    let mut sets = app.database.batch(first).await?.into_iter();
    let person = sets
        .next()
        .map(ResultSet::first::<Person>)
        .transpose()?
        .flatten();
    limit(sets.next(), IDENTITY_FAILURES, now)?;
    limit(sets.next(), ADDRESS_FAILURES, now)?;

    let fits = password::fits(
        password,
        person
            .as_ref()
            .and_then(|person| person.password_hash.as_deref()),
    );
    let person = person.filter(|_| fits).ok_or_else(wrong_credentials)?;
    let (Some(workspace_id), Some(workspace_name), Some(role)) =
        (person.workspace_id, person.workspace_name, person.role)
    else {
        return Err(Error::internal(format!(
            "{} is in no workspace",
            person.user_id
        )));
    };
    let session = Session {
        id: SessionId::new(&*app.clock, &*app.random),
        user_id: person.user_id.clone(),
    };
    let expires_at = now.plus_ms(SESSION_MS);
    let mut second = vec![
        store::begin_session(&session, now, expires_at),
        store::clear_attempts(&identity),
    ];
    second.extend(
        address
            .as_deref()
            .map(|address| store::uncount_attempt(address, now)),
    );
    app.database.batch(second).await?;
    app.info(
        "signed_in",
        &json!({ "user_id": person.user_id, "session_id": session.id }),
    );
    Ok(SignedIn {
        token: session::issue(&app.config, &session, now, expires_at)?,
        user: User {
            id: person.user_id,
            email: person.email,
            name: person.name,
            operator: person.operator != 0,
            created_at: person.created_at,
        },
        workspace: Workspace {
            id: workspace_id,
            name: workspace_name,
            role,
            personal: person.personal != 0,
        },
        expires_at,
    })
}

/// Ends a session. A second time changes nothing.
///
/// # Errors
/// Only the database's.
pub async fn sign_out(app: &App, session: &Session) -> Result<(), Error> {
    app.database
        .run(store::end_session(session, app.now()))
        .await?;
    Ok(())
}

#[derive(Deserialize)]
struct AnyUser {
    any_user: i64,
}

fn check(who: &Registration) -> Result<(String, String), Error> {
    let (email, name) = (people::email(&who.email), people::name(&who.name));
    let password = who.password.expose_secret();
    let mut wrong = Vec::new();
    if email.is_none() {
        wrong.push(FieldError::new(
            "/email",
            "invalid_email",
            "This is not an email address.",
        ));
    }
    if password.chars().count() < password::MIN_CHARS {
        let detail = format!(
            "A password has at least {} characters.",
            password::MIN_CHARS
        );
        wrong.push(FieldError::new("/password", "password_too_short", detail));
    }
    if password.len() > password::MAX_BYTES {
        let detail = format!("A password has at most {} bytes.", password::MAX_BYTES);
        wrong.push(FieldError::new("/password", "password_too_long", detail));
    }
    if name.is_none() {
        let detail = format!(
            "A name is 1 to {} characters without control characters.",
            people::NAME_MAX_CHARS
        );
        wrong.push(FieldError::new("/name", "invalid_name", detail));
    }
    match (email, name) {
        (Some(email), Some(name)) if wrong.is_empty() => Ok((email, name)),
        _ => Err(Error::invalid(wrong)),
    }
}

// Hashed, so that the table does not list who tried to sign in, or from where.
fn subject(kind: &str, of: &str) -> String {
    crypto::sha256(format!("{kind}:{of}").as_bytes())
}

// One customer has a whole /64 of IPv6, and could otherwise take a new address for each attempt.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

// The set is absent when nothing was counted.
fn limit(counted: Option<ResultSet>, most: i64, now: Timestamp) -> Result<(), Error> {
    let Some(attempts) = counted
        .map(ResultSet::first::<Attempts>)
        .transpose()?
        .flatten()
    else {
        return Ok(());
    };
    if attempts.failures <= most {
        return Ok(());
    }
    let seconds = attempts.window_end.since(now).max(0) / SECOND_MS + 1;
    Err(Error {
        retry_after_seconds: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
        ..Error::new(
            Kind::TooMany,
            "too_many_attempts",
            "There were too many attempts for this identity or from this address.",
            format!("Wait {seconds} seconds and try again."),
        )
    })
}

fn wrong_credentials() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "wrong_credentials",
        "There is no user with this email and password.",
        "Check both and try again, or register with POST /api/v1/auth/register.",
    )
}

fn email_taken() -> Error {
    Error::new(
        Kind::Conflict,
        "email_taken",
        "There is a user with this email.",
        "Sign in with POST /api/v1/auth/login.",
    )
}

fn signup_closed() -> Error {
    Error::new(
        Kind::Forbidden,
        "signup_closed",
        "This installation does not let strangers register.",
        "Ask its operator, who can set ALLOW_SIGNUP=true.",
    )
}

#[cfg(test)]
mod tests {
    use super::{Registration, check, network};
    use secrecy::SecretString;

    fn codes(email: &str, password: &str, name: &str) -> Vec<&'static str> {
        let who = Registration {
            email: email.to_owned(),
            password: SecretString::from(password),
            name: name.to_owned(),
        };
        check(&who).err().map_or_else(Vec::new, |error| {
            error.fields.iter().map(|field| field.code).collect()
        })
    }

    #[test]
    fn a_password_is_ten_characters_to_a_kibibyte() {
        let of = |password: &str| codes("a@example.com", password, "A");
        assert_eq!(of(&"\u{1f426}".repeat(9)), ["password_too_short"]);
        assert!(of(&"\u{1f426}".repeat(10)).is_empty());
        assert!(of(&"a".repeat(1024)).is_empty());
        assert_eq!(of(&"a".repeat(1025)), ["password_too_long"]);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(
            codes("nobody", "short", "\n"),
            ["invalid_email", "password_too_short", "invalid_name"]
        );
    }

    #[test]
    fn addresses_of_one_customer_count_as_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
