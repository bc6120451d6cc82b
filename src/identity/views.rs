//! How people, workspaces and keys look from outside.

use super::model::{Caller, Credential, Role, Scope};
use crate::ids::{ApiKeyId, UserId, WorkspaceId};
use crate::time::Timestamp;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

/// A person.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address; null when another issuer signs them in and gave none.
    pub email: Option<String>,
    /// What to call them.
    pub name: String,
    /// Whether they are an operator of the installation, who looks after it across its workspaces under `/admin`.
    pub operator: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
}

/// A workspace as one of its members sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Workspace {
    /// Its id, for `X-Workspace`.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The member's role in it.
    pub role: Role,
    /// Whether it is the member's own, which is the default one.
    pub personal: bool,
}

/// What registering and signing in give.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// The workspace that requests go to unless `X-Workspace` names another.
    pub workspace: Workspace,
    /// The session token, for `Authorization: Bearer`.
    #[serde(serialize_with = "expose")]
    #[schemars(with = "String")]
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who calls, as they see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Me {
    /// The person; for an API key, who made it.
    pub user: User,
    /// The workspace of this request.
    pub workspace: Workspace,
    /// The person's role in it.
    pub role: Role,
    /// Every workspace that these credentials reach, the personal one first.
    pub workspaces: Vec<Workspace>,
    /// What was shown.
    pub credential: CredentialView,
}

/// What was shown to prove who calls.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CredentialView {
    /// What kind.
    pub kind: CredentialKind,
    /// What an API key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// When it ends; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The kinds of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A session token of `POST /auth/login`.
    Session,
    /// A JWT of a trusted issuer.
    Issuer,
    /// An API key.
    ApiKey,
}

impl From<&Caller> for CredentialView {
    fn from(caller: &Caller) -> Self {
        let (kind, scopes) = match &caller.credential {
            Credential::Session(_) => (CredentialKind::Session, None),
            Credential::Issuer => (CredentialKind::Issuer, None),
            Credential::ApiKey(_, scopes) => (CredentialKind::ApiKey, Some(scopes.clone())),
        };
        Self {
            kind,
            scopes,
            expires_at: caller.expires_at,
        }
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: String,
    /// How the key begins, to tell keys apart.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends; null when it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked; null while it was not.
    pub revoked_at: Option<Timestamp>,
}

/// An API key that was just made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewApiKey {
    /// The key itself. It is shown this once and not kept.
    #[serde(serialize_with = "expose")]
    #[schemars(with = "String")]
    pub key: SecretString,
    /// How the lists show it.
    #[serde(flatten)]
    pub api_key: ApiKey,
}

// The one place where a secret leaves: to the person whom it belongs to, in the answer that makes it.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
