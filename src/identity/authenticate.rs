//! Who calls: from the `Authorization` and `X-Workspace` headers to a [`Caller`].
//!
//! One round trip to the database for each kind of credential; two the first time that a person of a trusted issuer is
//! seen. Nothing here is remembered between requests but the issuers' public keys, so a revoked key or an ended session
//! is refused by the very next request.

use super::issuers::{self, Subject};
use super::jws::{Flaw, TOKEN_MAX_BYTES, Unverified};
use super::keys::{self, KEY_PREFIX};
use super::model::{Caller, Credential, Scope};
use super::not_signed_in;
use super::session::{self, Session};
use super::store::{self, KeyRow, SessionRow, Standing};
use crate::app::App;
use crate::crypto;
use crate::error::{Error, Kind};
use crate::ids::{AuditId, UserId, WorkspaceId};
use crate::ports::{ResultSet, Statement};
use crate::time::Timestamp;
use http::{HeaderMap, header};

/// Names the workspace where a person has several.
const WORKSPACE_HEADER: &str = "x-workspace";

/// Who calls. See [`super::authenticate()`].
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
    let token = bearer(headers)?;
    let workspace = workspace(headers)?;
    let workspace = workspace.as_ref();
    if token.starts_with(KEY_PREFIX) {
        return by_key(app, token, workspace).await;
    }
    let token = Unverified::read(token)?;
    if session::claims_to_be_ours(&app.config, &token) {
        let session = session::verify(&app.config, &token, app.now())?;
        return by_session(app, session, workspace).await;
    }
    let subject = issuers::verify(app, &token).await?;
    by_issuer(app, subject, workspace).await
}

/// The session that a request shows, ended or not; only its signature is checked.
///
/// # Errors
/// [`Kind::Unauthenticated`] when it shows none of ours, [`Kind::Forbidden`] for an API key.
pub fn shown_session(app: &App, headers: &HeaderMap) -> Result<Session, Error> {
    let token = bearer(headers)?;
    if token.starts_with(KEY_PREFIX) {
        return Err(Error::new(
            Kind::Forbidden,
            "person_required",
            "An API key has no session that could end.",
            "Revoke a key with DELETE /api/v1/api-keys/{id}.",
        ));
    }
    let token = Unverified::read(token)?;
    if !session::claims_to_be_ours(&app.config, &token) {
        return Err(Flaw::Invalid(
            "This is not a session of ours. Sign out where the token came from.",
        )
        .into());
    }
    Ok(session::recognise(&app.config, &token)?)
}

async fn by_key(app: &App, token: &str, workspace: Option<&WorkspaceId>) -> Result<Caller, Error> {
    if !keys::has_shape(token) {
        return Err(no_such_key());
    }
    let key: KeyRow = one(app, store::key(&crypto::sha256(token.as_bytes())))
        .await?
        .ok_or_else(no_such_key)?;
    if key.revoked_at.is_some() {
        return Err(refused_key("key_revoked", "This API key was revoked."));
    }
    if key.expires_at.is_some_and(|at| at <= app.now()) {
        return Err(refused_key("key_expired", "This API key has expired."));
    }
    let (Some(workspace_id), Some(role)) = (key.standing.workspace_id, key.standing.role) else {
        return Err(refused_key(
            "key_revoked",
            "Whoever made this API key is no longer a member of its workspace.",
        ));
    };
    // A key belongs to one workspace, whatever others its maker has.
    if workspace.is_some_and(|asked| *asked != workspace_id) {
        return Err(no_such_workspace());
    }
    let scopes = key.scopes.split(' ').filter_map(Scope::parse).collect();
    let credential = Credential::ApiKey(key.id, scopes);
    Ok(Caller {
        user_id: key.standing.user_id,
        workspace_id,
        role,
        operator: key.standing.operator != 0,
        credential,
        expires_at: key.expires_at,
    })
}

async fn by_session(
    app: &App,
    session: Session,
    workspace: Option<&WorkspaceId>,
) -> Result<Caller, Error> {
    let row: Option<SessionRow> = one(app, store::session(&session, workspace)).await?;
    let row = row
        .filter(|row| row.ended_at.is_none() && row.expires_at > app.now())
        .ok_or_else(|| {
            Error::new(
                Kind::Unauthenticated,
                "session_ended",
                "This session was ended.",
                "Sign in again with POST /api/v1/auth/login.",
            )
        })?;
    caller(
        row.standing,
        Credential::Session(session.id),
        Some(row.expires_at),
    )
}

async fn by_issuer(
    app: &App,
    subject: Subject,
    workspace: Option<&WorkspaceId>,
) -> Result<Caller, Error> {
    let standing = match one(app, store::subject(&subject, workspace)).await? {
        Some(standing) => standing,
        None => adopt(app, &subject, workspace).await?,
    };
    caller(standing, Credential::Issuer, Some(subject.expires_at))
}

/// Writes down a person seen for the first time, and reads them back in the same transaction. Of two first requests at
/// once the second finds what the first wrote; one that is cut off has written all or nothing.
async fn adopt(
    app: &App,
    subject: &Subject,
    workspace: Option<&WorkspaceId>,
) -> Result<Standing, Error> {
    let (clock, random) = (&*app.clock, &*app.random);
    let user_id = UserId::new(clock, random);
    let workspace_id = WorkspaceId::new(clock, random);
    let audit_id = AuditId::new(clock, random);
    let name = subject
        .name
        .as_deref()
        .or(subject.email.as_deref())
        .unwrap_or("Unnamed");
    let mut statements = store::adopt(subject, name, &user_id, &workspace_id, &audit_id, app.now());
    statements.push(store::subject(subject, workspace));
    let found = app
        .database
        .batch(statements)
        .await?
        .pop()
        .map(ResultSet::first)
        .transpose()?
        .flatten();
    found.ok_or_else(|| {
        Error::internal("a person of an issuer was not there right after being written")
    })
}

fn caller(
    standing: Standing,
    credential: Credential,
    expires_at: Option<Timestamp>,
) -> Result<Caller, Error> {
    let (Some(workspace_id), Some(role)) = (standing.workspace_id, standing.role) else {
        return Err(no_such_workspace());
    };
    Ok(Caller {
        user_id: standing.user_id,
        workspace_id,
        role,
        operator: standing.operator != 0,
        credential,
        expires_at,
    })
}

async fn one<T: serde::de::DeserializeOwned>(
    app: &App,
    statement: Statement,
) -> Result<Option<T>, Error> {
    Ok(app.database.run(statement).await?.first()?)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(not_signed_in)?;
    if values.next().is_some() {
        return Err(malformed("There are several Authorization headers."));
    }
    if value.len() > TOKEN_MAX_BYTES + "Bearer ".len() {
        return Err(Flaw::Invalid("The token is longer than 8 KiB.").into());
    }
    let text = value
        .to_str()
        .map_err(|_| malformed("The Authorization header is not plain ASCII."))?
        .trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed(
            "The Authorization header is not of the scheme Bearer.",
        ));
    }
    let token = token.trim_start();
    if token.is_empty() || token.contains(|c: char| c.is_ascii_whitespace() || c == ',') {
        return Err(malformed(
            "After Bearer comes one token, without spaces or commas.",
        ));
    }
    Ok(token)
}

fn workspace(headers: &HeaderMap) -> Result<Option<WorkspaceId>, Error> {
    let mut values = headers.get_all(WORKSPACE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(WorkspaceId::parse)
            .map(Some)
            .ok_or_else(no_such_workspace),
        (Some(_), Some(_)) => Err(no_such_workspace()),
    }
}

fn malformed(detail: &str) -> Error {
    Error::new(
        Kind::Unauthenticated,
        "malformed_authorization",
        detail,
        "Send one header of the form Authorization: Bearer <token or API key>.",
    )
}

fn no_such_key() -> Error {
    refused_key("key_invalid", "There is no such API key.")
}

fn refused_key(code: &'static str, detail: &str) -> Error {
    let remedy =
        "Use another key. A signed-in admin of the workspace makes one with POST /api/v1/api-keys.";
    Error::new(Kind::Unauthenticated, code, detail, remedy)
}

fn no_such_workspace() -> Error {
    Error::new(
        Kind::NotFound,
        "not_found",
        "There is no such workspace, or these credentials do not reach it.",
        "Leave X-Workspace out, or name one of the workspaces of GET /api/v1/me.",
    )
}

#[cfg(test)]
mod tests {
    use super::{bearer, workspace};
    use http::{HeaderMap, HeaderValue, header};

    fn authorization(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn code(values: &[&str]) -> &'static str {
        bearer(&authorization(values)).unwrap_err().code
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for good in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(bearer(&authorization(&[good])).unwrap(), "abc");
        }
    }

    #[test]
    fn a_malformed_header_says_so() {
        assert_eq!(code(&[]), "not_signed_in");
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "abc",
            "Basic abc",
            "Bearer a b",
            "Bearer a, Bearer b",
            "Bearerabc",
        ] {
            assert_eq!(code(&[bad]), "malformed_authorization", "{bad:?}");
        }
        assert_eq!(code(&["Bearer a", "Bearer b"]), "malformed_authorization");
        assert_eq!(
            code(&[&format!("Bearer {}", "a".repeat(9_000))]),
            "token_invalid"
        );
    }

    #[test]
    fn a_malformed_workspace_is_one_that_does_not_exist() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            workspace(
                &[("x-workspace".parse().unwrap(), value)]
                    .into_iter()
                    .collect(),
            )
        };
        assert_eq!(workspace(&HeaderMap::new()).unwrap(), None);
        assert!(
            of("ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c")
                .unwrap()
                .is_some()
        );
        for bad in ["", "mine", "post_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c"] {
            assert_eq!(of(bad).unwrap_err().code, "not_found");
        }
    }
}
