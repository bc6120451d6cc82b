//! Who calls, and what they may do. Pure.

use crate::error::{Error, Kind};
use crate::http::Access;
use crate::ids::{ApiKeyId, SessionId, UserId, WorkspaceId};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a key may do, and what a route asks for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Scope {
    /// Read posts, history and statistics.
    #[serde(rename = "posts:read")]
    PostsRead,
    /// Create, cancel and retry posts.
    #[serde(rename = "posts:write")]
    PostsWrite,
    /// Read accounts and their limits.
    #[serde(rename = "accounts:read")]
    AccountsRead,
    /// Connect, refresh and unlink accounts.
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    /// Everything in the workspace, and the workspace itself.
    #[serde(rename = "admin")]
    Admin,
    /// Look after the whole installation, across its workspaces; only an operator can grant it, and `admin` does not
    /// include it.
    #[serde(rename = "operator")]
    Operator,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::PostsRead,
        Self::PostsWrite,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::Admin,
        Self::Operator,
    ];

    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostsRead => "posts:read",
            Self::PostsWrite => "posts:write",
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A member's role in a workspace, the mightiest last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes; what they write needs approval.
    Author,
    /// Publishes and approves.
    Publisher,
    /// Runs the workspace.
    Admin,
    /// Owns it.
    Owner,
}

impl Role {
    /// What a member of this role may do. No role in a workspace makes anybody an operator of the installation.
    #[must_use]
    pub const fn allows(self, scope: Scope) -> bool {
        match scope {
            Scope::PostsRead | Scope::AccountsRead => true,
            Scope::PostsWrite => matches!(self, Self::Publisher | Self::Admin | Self::Owner),
            Scope::AccountsWrite | Scope::Admin => matches!(self, Self::Admin | Self::Owner),
            Scope::Operator => false,
        }
    }
}

/// How the caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A session token of ours.
    Session(SessionId),
    /// A JWT of a trusted issuer.
    Issuer,
    /// An API key, which may do only what its scopes say.
    ApiKey(ApiKeyId, Vec<Scope>),
}

/// Who calls, in which workspace.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person; for a key, who made it.
    pub user_id: UserId,
    /// The workspace that every query of this request names.
    pub workspace_id: WorkspaceId,
    /// The person's role in it.
    pub role: Role,
    /// Whether the person is an operator of the installation.
    pub operator: bool,
    /// How they proved it.
    pub credential: Credential,
    /// When the proof ends; `None` for a key without an end.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// Whether both what the person may do and, for a key, its scopes include this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        let by_key = match &self.credential {
            Credential::ApiKey(_, scopes) => {
                scopes.contains(&scope)
                    || (scope != Scope::Operator && scopes.contains(&Scope::Admin))
            }
            Credential::Session(_) | Credential::Issuer => true,
        };
        by_key && self.can_grant(scope)
    }

    /// Whether the person may do this, and so may make a key that does.
    #[must_use]
    pub const fn can_grant(&self, scope: Scope) -> bool {
        match scope {
            Scope::Operator => self.operator,
            scope => self.role.allows(scope),
        }
    }

    /// Refuses what the route's access does not allow.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], naming what is missing.
    pub fn require(&self, access: Access) -> Result<(), Error> {
        match access {
            Access::Public | Access::OwnToken | Access::SignedIn => Ok(()),
            Access::Person => self.require_person(),
            Access::Scoped(scope) => self.require_scope(scope),
            Access::Operator => self.require_scope(Scope::Operator),
            Access::PersonScoped(scope) => self
                .require_person()
                .and_then(|()| self.require_scope(scope)),
        }
    }

    fn require_person(&self) -> Result<(), Error> {
        match self.credential {
            Credential::Session(_) | Credential::Issuer => Ok(()),
            Credential::ApiKey(..) => Err(Error::new(
                Kind::Forbidden,
                "person_required",
                "An API key cannot do this.",
                "Sign in with POST /api/v1/auth/login and use that token.",
            )),
        }
    }

    fn require_scope(&self, scope: Scope) -> Result<(), Error> {
        if self.may(scope) {
            return Ok(());
        }
        let name = scope.as_str();
        Err(match self.credential {
            _ if scope == Scope::Operator && !self.operator => Error::new(
                Kind::Forbidden,
                "operator_required",
                "This shows the whole installation, across its workspaces, and is for its operators alone.",
                "Sign in as an operator, or use an API key that one made with the scope operator. GET /api/v1/me says who is one; the README, section Operate, how to become one.",
            ),
            Credential::ApiKey(..) if self.can_grant(scope) => Error::new(
                Kind::Forbidden,
                "missing_scope",
                format!("This needs the scope {name}, which this API key does not have."),
                "Use an API key with that scope; POST /api/v1/api-keys makes one.",
            ),
            _ => Error::new(
                Kind::Forbidden,
                "missing_role",
                format!("This needs {name}, which your role in this workspace does not include."),
                "Ask an owner or admin of the workspace for a role that does.",
            ),
        })
    }

    /// Who it was, for the audit log.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.credential {
            Credential::ApiKey(id, _) => id.to_string(),
            Credential::Session(_) | Credential::Issuer => self.user_id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Credential, Role, Scope};
    use crate::http::Access;
    use crate::ids::{ApiKeyId, SessionId, UserId, WorkspaceId};

    const UUID: &str = "019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c";

    const IN_A_WORKSPACE: [Scope; 5] = [
        Scope::PostsRead,
        Scope::PostsWrite,
        Scope::AccountsRead,
        Scope::AccountsWrite,
        Scope::Admin,
    ];

    fn operator(mut caller: Caller) -> Caller {
        caller.operator = true;
        caller
    }

    fn caller(role: Role, key: Option<&[Scope]>) -> Caller {
        let credential = match key {
            None => Credential::Session(SessionId::parse(&format!("sess_{UUID}")).unwrap()),
            Some(scopes) => Credential::ApiKey(
                ApiKeyId::parse(&format!("key_{UUID}")).unwrap(),
                scopes.to_vec(),
            ),
        };
        Caller {
            user_id: UserId::parse(&format!("user_{UUID}")).unwrap(),
            workspace_id: WorkspaceId::parse(&format!("ws_{UUID}")).unwrap(),
            role,
            operator: false,
            credential,
            expires_at: None,
        }
    }

    fn code(caller: &Caller, access: Access) -> &'static str {
        caller
            .require(access)
            .err()
            .map_or("allowed", |error| error.code)
    }

    #[test]
    fn a_key_may_do_what_both_its_scopes_and_its_makers_role_include() {
        let reader = caller(Role::Owner, Some(&[Scope::PostsRead]));
        assert!(reader.may(Scope::PostsRead));
        assert_eq!(
            code(&reader, Access::Scoped(Scope::PostsWrite)),
            "missing_scope"
        );
        let everything = caller(Role::Viewer, Some(&[Scope::Admin]));
        assert!(everything.may(Scope::PostsRead));
        assert_eq!(
            code(&everything, Access::Scoped(Scope::PostsWrite)),
            "missing_role"
        );
    }

    #[test]
    fn a_persons_role_decides() {
        let table: [(Role, &[Scope]); 5] = [
            (Role::Viewer, &[Scope::PostsRead, Scope::AccountsRead]),
            (Role::Author, &[Scope::PostsRead, Scope::AccountsRead]),
            (
                Role::Publisher,
                &[Scope::PostsRead, Scope::PostsWrite, Scope::AccountsRead],
            ),
            (Role::Admin, &IN_A_WORKSPACE),
            (Role::Owner, &IN_A_WORKSPACE),
        ];
        for (role, allowed) in table {
            for scope in Scope::ALL {
                assert_eq!(
                    caller(role, None).may(scope),
                    allowed.contains(&scope),
                    "{role:?} {scope:?}"
                );
            }
        }
    }

    #[test]
    fn an_operator_is_one_by_their_own_row_and_a_key_of_theirs_by_its_own_scope() {
        let of = |caller: &Caller| code(caller, Access::Operator);
        let all = Some(&Scope::ALL[..]);
        assert_eq!(of(&caller(Role::Owner, None)), "operator_required");
        assert_eq!(of(&caller(Role::Owner, all)), "operator_required");
        assert_eq!(of(&operator(caller(Role::Viewer, None))), "allowed");
        assert_eq!(of(&operator(caller(Role::Viewer, all))), "allowed");
        let workspace_key = operator(caller(Role::Owner, Some(&IN_A_WORKSPACE)));
        assert_eq!(of(&workspace_key), "missing_scope");
        let operator_key = operator(caller(Role::Owner, Some(&[Scope::Operator])));
        assert_eq!(
            code(&operator_key, Access::Scoped(Scope::PostsRead)),
            "missing_scope"
        );
    }

    #[test]
    fn a_key_never_does_what_is_for_persons() {
        let key = caller(Role::Owner, Some(&[Scope::Admin]));
        assert_eq!(code(&key, Access::Person), "person_required");
        assert_eq!(
            code(&key, Access::PersonScoped(Scope::Admin)),
            "person_required"
        );
        assert_eq!(code(&key, Access::Scoped(Scope::Admin)), "allowed");
        assert_eq!(
            code(
                &caller(Role::Publisher, None),
                Access::PersonScoped(Scope::Admin)
            ),
            "missing_role"
        );
        assert_eq!(
            code(
                &caller(Role::Admin, None),
                Access::PersonScoped(Scope::Admin)
            ),
            "allowed"
        );
    }

    #[test]
    fn every_scope_is_read_back_from_its_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        assert_eq!(Scope::parse("posts"), None);
    }
}
