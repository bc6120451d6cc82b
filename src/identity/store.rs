//! The SQL of identity. Each query names the workspace, or the very credential or person that it is about.

pub mod workspaces; // a workspace's settings

use super::issuers::Subject;
use super::model::Role;
use super::session::Session;
use crate::ids::{ApiKeyId, AuditId, UserId, WorkspaceId};
use crate::keep_answer_if_made;
use crate::ports::Statement;
use crate::time::{Timestamp, millis, optional_millis};
use serde::Deserialize;

/// A person who signs in, with the workspace that a sign-in leads to.
#[derive(Deserialize)]
pub struct Person {
    pub user_id: UserId,
    pub email: Option<String>,
    pub name: String,
    pub password_hash: Option<String>,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    pub workspace_id: Option<WorkspaceId>,
    pub workspace_name: Option<String>,
    pub role: Option<Role>,
    pub personal: i64,
    pub operator: i64,
}

/// A person alone.
#[derive(Deserialize)]
pub struct PersonRow {
    pub user_id: UserId,
    pub email: Option<String>,
    pub name: String,
    pub operator: i64,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
}

/// A membership of a person who was recognised.
#[derive(Deserialize)]
pub struct Standing {
    pub user_id: UserId,
    pub workspace_id: Option<WorkspaceId>,
    pub role: Option<Role>,
    pub operator: i64,
}

/// A session and where it leads.
#[derive(Deserialize)]
pub struct SessionRow {
    #[serde(with = "millis")]
    pub expires_at: Timestamp,
    #[serde(with = "optional_millis")]
    pub ended_at: Option<Timestamp>,
    #[serde(flatten)]
    pub standing: Standing,
}

/// An API key and its maker's role.
#[derive(Deserialize)]
pub struct KeyRow {
    pub id: ApiKeyId,
    pub scopes: String,
    #[serde(with = "optional_millis")]
    pub expires_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub revoked_at: Option<Timestamp>,
    #[serde(flatten)]
    pub standing: Standing,
}

/// An API key in the list.
#[derive(Deserialize)]
pub struct ListedKey {
    pub id: ApiKeyId,
    pub name: String,
    pub hint: String,
    pub scopes: String,
    pub created_by: UserId,
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    #[serde(with = "optional_millis")]
    pub expires_at: Option<Timestamp>,
    #[serde(with = "optional_millis")]
    pub revoked_at: Option<Timestamp>,
}

/// A workspace of a person.
#[derive(Deserialize)]
pub struct MembershipRow {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub role: Role,
    pub personal: i64,
}

/// A count of attempts.
#[derive(Deserialize)]
pub struct Attempts {
    pub failures: i64,
    #[serde(with = "millis")]
    pub window_end: Timestamp,
}

// Authenticating. In each, the personal workspace comes first, then the oldest membership; ?2 and ?3 choose another.

/// The session with its membership in `workspace`, or in the default one.
pub fn session(session: &Session, workspace: Option<&WorkspaceId>) -> Statement {
    const SQL: &str =
        "SELECT s.user_id, s.expires_at, s.ended_at, m.workspace_id, m.role, u.operator
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        LEFT JOIN memberships m ON m.user_id = s.user_id AND (?3 IS NULL OR m.workspace_id = ?3)
        LEFT JOIN workspaces w ON w.id = m.workspace_id
        WHERE s.id = ?1 AND s.user_id = ?2
        ORDER BY w.personal_of = s.user_id DESC, m.created_at, m.workspace_id LIMIT 1";
    Statement::new(SQL)
        .bind(&session.id)
        .bind(&session.user_id)
        .bind(workspace)
}

/// The person of a trusted issuer with their membership in `workspace`, or in the default one.
pub fn subject(subject: &Subject, workspace: Option<&WorkspaceId>) -> Statement {
    const SQL: &str = "SELECT u.id AS user_id, m.workspace_id, m.role, u.operator
        FROM users u
        LEFT JOIN memberships m ON m.user_id = u.id AND (?3 IS NULL OR m.workspace_id = ?3)
        LEFT JOIN workspaces w ON w.id = m.workspace_id
        WHERE u.issuer = ?1 AND u.subject = ?2
        ORDER BY w.personal_of = u.id DESC, m.created_at, m.workspace_id LIMIT 1";
    Statement::new(SQL)
        .bind(subject.issuer.as_str())
        .bind(subject.sub.as_str())
        .bind(workspace)
}

/// The key of this hash, with what its maker may do today.
pub fn key(hash: &str) -> Statement {
    const SQL: &str = "SELECT k.id, k.scopes, k.expires_at, k.revoked_at, k.created_by AS user_id, k.workspace_id, m.role,
            u.operator
        FROM api_keys k
        JOIN users u ON u.id = k.created_by
        LEFT JOIN memberships m ON m.user_id = k.created_by AND m.workspace_id = k.workspace_id
        WHERE k.hash = ?1";
    Statement::new(SQL).bind(hash)
}

// Registering. All of it is one transaction; what follows the user is written only if the user was.

/// The new person's rows.
pub struct NewPerson<'a> {
    pub user_id: &'a UserId,
    pub workspace_id: &'a WorkspaceId,
    pub audit_id: &'a AuditId,
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    pub now: Timestamp,
}

/// Whether there is any user.
pub const fn any_user() -> Statement {
    Statement::new("SELECT EXISTS (SELECT 1 FROM users) AS any_user")
}

/// Keeps the answer of a registration, if the person was registered.
pub const KEEP_REGISTERED: &str = keep_answer_if_made!("users", "id");

/// Registers a person with a personal workspace and a session. The first of an installation operates it. The first
/// statement changes nothing when whether they are `first` is no longer as it was: that is decided here, in the
/// database, so that two first users cannot both win.
pub fn register(
    new: &NewPerson<'_>,
    first: bool,
    session: &Session,
    session_ends: Timestamp,
) -> Vec<Statement> {
    const USER: &str = "INSERT INTO users (id, email, name, password_hash, created_at, operator)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?6 = NOT EXISTS (SELECT 1 FROM users)";
    const SESSION: &str = "INSERT INTO sessions (id, user_id, created_at, expires_at)
        SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2";
    let user = Statement::new(USER)
        .bind(new.user_id)
        .bind(new.email)
        .bind(new.name)
        .bind(new.password_hash)
        .bind(new.now)
        .bind(first);
    let session = Statement::new(SESSION)
        .bind(&session.id)
        .bind(&session.user_id)
        .bind(new.now)
        .bind(session_ends);
    let mut statements = vec![user];
    statements.extend(personal_workspace(
        new.user_id,
        new.workspace_id,
        new.name,
        new.audit_id,
        new.now,
    ));
    statements.push(session);
    statements
}

/// Writes down a person of a trusted issuer, unless another request was first: then this changes nothing.
pub fn adopt(
    subject: &Subject,
    name: &str,
    user_id: &UserId,
    workspace_id: &WorkspaceId,
    audit_id: &AuditId,
    now: Timestamp,
) -> Vec<Statement> {
    // An address that somebody else has proves nothing about who this is, so it is not kept.
    const USER: &str = "INSERT INTO users (id, email, name, issuer, subject, created_at)
        VALUES (?1, CASE WHEN EXISTS (SELECT 1 FROM users WHERE email = ?2) THEN NULL ELSE ?2 END, ?3, ?4, ?5, ?6)
        ON CONFLICT (issuer, subject) DO NOTHING";
    let user = Statement::new(USER)
        .bind(user_id)
        .bind(subject.email.clone())
        .bind(name)
        .bind(subject.issuer.as_str())
        .bind(subject.sub.as_str())
        .bind(now);
    let mut statements = vec![user];
    statements.extend(personal_workspace(
        user_id,
        workspace_id,
        name,
        audit_id,
        now,
    ));
    statements
}

fn personal_workspace(
    user_id: &UserId,
    workspace_id: &WorkspaceId,
    name: &str,
    audit_id: &AuditId,
    now: Timestamp,
) -> [Statement; 3] {
    const WORKSPACE: &str = "INSERT INTO workspaces (id, name, personal_of, created_at)
        SELECT ?1, ?2, id, ?4 FROM users WHERE id = ?3";
    const MEMBERSHIP: &str = "INSERT INTO memberships (user_id, workspace_id, role, created_at)
        SELECT id, ?1, 'owner', ?3 FROM users WHERE id = ?2";
    const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
        SELECT ?1, ?2, id, 'user.registered', id, ?4 FROM users WHERE id = ?3";
    [
        Statement::new(WORKSPACE)
            .bind(workspace_id)
            .bind(name)
            .bind(user_id)
            .bind(now),
        Statement::new(MEMBERSHIP)
            .bind(workspace_id)
            .bind(user_id)
            .bind(now),
        Statement::new(AUDIT)
            .bind(workspace_id)
            .bind(audit_id)
            .bind(user_id)
            .bind(now),
    ]
}

// Signing in and out.

/// The person of this address and the workspace that the sign-in leads to.
pub fn person_by_email(email: &str) -> Statement {
    const SQL: &str = "SELECT u.id AS user_id, u.email, u.name, u.password_hash, u.created_at, u.operator,
            m.workspace_id, m.role, w.name AS workspace_name, coalesce(w.personal_of = u.id, 0) AS personal
        FROM users u
        LEFT JOIN memberships m ON m.user_id = u.id
        LEFT JOIN workspaces w ON w.id = m.workspace_id
        WHERE u.email = ?1
        ORDER BY personal DESC, m.created_at, m.workspace_id LIMIT 1";
    Statement::new(SQL).bind(email)
}

/// Begins a session.
pub fn begin_session(session: &Session, now: Timestamp, expires_at: Timestamp) -> Statement {
    const SQL: &str =
        "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
    Statement::new(SQL)
        .bind(&session.id)
        .bind(&session.user_id)
        .bind(now)
        .bind(expires_at)
}

/// Ends a session. A second time changes nothing.
pub fn end_session(session: &Session, now: Timestamp) -> Statement {
    const SQL: &str =
        "UPDATE sessions SET ended_at = ?3 WHERE id = ?1 AND user_id = ?2 AND ended_at IS NULL";
    Statement::new(SQL)
        .bind(&session.id)
        .bind(&session.user_id)
        .bind(now)
}

/// Counts an attempt before it is judged, so that many at once cannot all be the first. Gives [`Attempts`].
pub fn count_attempt(subject: &str, now: Timestamp, window_ms: i64) -> Statement {
    const SQL: &str =
        "INSERT INTO sign_in_attempts (subject, failures, window_end) VALUES (?1, 1, ?3)
        ON CONFLICT (subject) DO UPDATE SET
            failures = CASE WHEN window_end <= ?2 THEN 1 ELSE failures + 1 END,
            window_end = CASE WHEN window_end <= ?2 THEN excluded.window_end ELSE window_end END
        RETURNING failures, window_end";
    Statement::new(SQL)
        .bind(subject)
        .bind(now)
        .bind(now.plus_ms(window_ms))
}

/// Forgets the failures of a subject.
pub fn clear_attempts(subject: &str) -> Statement {
    Statement::new("DELETE FROM sign_in_attempts WHERE subject = ?1").bind(subject)
}

/// Takes back one counted attempt, which was none.
pub fn uncount_attempt(subject: &str, now: Timestamp) -> Statement {
    const SQL: &str = "UPDATE sign_in_attempts SET failures = failures - 1
        WHERE subject = ?1 AND failures > 0 AND window_end > ?2";
    Statement::new(SQL).bind(subject).bind(now)
}

/// Deletes counts of attempts and sessions that have lost their meaning, for the daily clean-up. May run twice.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM sign_in_attempts WHERE window_end <= ?1").bind(now),
        Statement::new("DELETE FROM sessions WHERE expires_at <= ?1").bind(now),
    ]
}

// Who am I.

/// A person.
pub fn person(user_id: &UserId) -> Statement {
    const SQL: &str =
        "SELECT id AS user_id, email, name, operator, created_at FROM users WHERE id = ?1";
    Statement::new(SQL).bind(user_id)
}

/// The person's workspaces, the personal one first; only `workspace` where one is given.
pub fn workspaces(user_id: &UserId, workspace: Option<&WorkspaceId>) -> Statement {
    const SQL: &str = "SELECT w.id AS workspace_id, w.name, m.role, coalesce(w.personal_of = m.user_id, 0) AS personal
        FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = ?1 AND (?2 IS NULL OR m.workspace_id = ?2)
        ORDER BY personal DESC, m.created_at, w.id";
    Statement::new(SQL).bind(user_id).bind(workspace)
}

// API keys.

/// A new key's row.
pub struct NewKey<'a> {
    pub id: &'a ApiKeyId,
    pub workspace_id: &'a WorkspaceId,
    pub created_by: &'a UserId,
    pub name: &'a str,
    pub hash: &'a str,
    pub hint: &'a str,
    pub scopes: &'a str,
    pub now: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Keeps the answer that shows a new key, if the key was made.
pub const KEEP_KEY: &str = keep_answer_if_made!("api_keys", "id");

/// Makes a key, unless the workspace has `most` that still work; then the first statement changes nothing.
pub fn create_key(new: &NewKey<'_>, most: u32, audit_id: &AuditId) -> Vec<Statement> {
    const KEY: &str =
        "INSERT INTO api_keys (id, workspace_id, created_by, name, hash, hint, scopes, created_at, expires_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
        WHERE (SELECT count(*) FROM api_keys WHERE workspace_id = ?2 AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > ?8)) < ?10";
    const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
        SELECT workspace_id, ?3, created_by, 'api_key.created', id, ?4
        FROM api_keys WHERE id = ?2 AND workspace_id = ?1";
    let key = Statement::new(KEY)
        .bind(new.id)
        .bind(new.workspace_id)
        .bind(new.created_by)
        .bind(new.name)
        .bind(new.hash)
        .bind(new.hint)
        .bind(new.scopes)
        .bind(new.now)
        .bind(new.expires_at)
        .bind(most);
    let audit = Statement::new(AUDIT)
        .bind(new.workspace_id)
        .bind(new.id)
        .bind(audit_id)
        .bind(new.now);
    vec![key, audit]
}

/// The workspace's keys, newest first, older than `before`.
pub fn list_keys(workspace_id: &WorkspaceId, before: Option<&ApiKeyId>, limit: u32) -> Statement {
    const SQL: &str =
        "SELECT id, name, hint, scopes, created_by, created_at, expires_at, revoked_at
        FROM api_keys WHERE workspace_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    // '~' comes after every character of an id.
    Statement::new(SQL)
        .bind(workspace_id)
        .bind(before.map_or("key_~", ApiKeyId::as_str))
        .bind(limit)
}

/// Revokes a key; the last statement tells whether the workspace has it. A second time changes nothing.
pub fn revoke_key(
    workspace_id: &WorkspaceId,
    id: &ApiKeyId,
    actor: &str,
    audit_id: &AuditId,
    now: Timestamp,
) -> Vec<Statement> {
    // Before the change, so that only the request that revokes is in the log.
    const AUDIT: &str = "INSERT INTO audit_log (workspace_id, id, actor, action, subject, at)
        SELECT workspace_id, ?3, ?4, 'api_key.revoked', id, ?5
        FROM api_keys WHERE id = ?2 AND workspace_id = ?1 AND revoked_at IS NULL";
    const REVOKE: &str = "UPDATE api_keys SET revoked_at = ?3 WHERE id = ?2 AND workspace_id = ?1 AND revoked_at IS NULL";
    const EXISTS: &str = "SELECT id FROM api_keys WHERE id = ?2 AND workspace_id = ?1";
    let of_key = |sql| Statement::new(sql).bind(workspace_id).bind(id);
    vec![
        of_key(AUDIT).bind(audit_id).bind(actor).bind(now),
        of_key(REVOKE).bind(now),
        of_key(EXISTS),
    ]
}
