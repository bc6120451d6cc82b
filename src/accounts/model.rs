//! What an account is to the API.

use super::store::AccountRow;
use super::tokens::NEVER;
use crate::ids::AccountId;
use crate::platforms::x::access::As;
use crate::platforms::x::oauth;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reason of an account whose consent did not cover all that posting needs.
pub const MISSING_SCOPE: &str = "missing_scope";

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccountStatus")]
pub enum Status {
    /// It can be posted to. Leaves this state when the platform refuses its grant, or when somebody unlinks it.
    Active,
    /// The platform does not accept its grant, or the grant is too narrow: somebody must connect it again.
    NeedsReconnect,
    /// Given up; its history stays. Connecting it again revives it.
    Unlinked,
}

impl Status {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NeedsReconnect => "needs_reconnect",
            Self::Unlinked => "unlinked",
        }
    }
}

/// How an account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccountAuth")]
pub enum Auth {
    /// OAuth 2.0, as the user.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// OAuth 1.0a, as the user. X is retiring it.
    #[serde(rename = "oauth1")]
    OAuth1,
    /// As the X app alone, which may read what is public.
    AppOnly,
}

impl Auth {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OAuth2 => "oauth2",
            Self::OAuth1 => "oauth1",
            Self::AppOnly => "app_only",
        }
    }
}

impl From<Auth> for As {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::OAuth2 => Self::OAuth2,
            Auth::OAuth1 => Self::OAuth1,
            Auth::AppOnly => Self::App,
        }
    }
}

/// What to know of a way that X is retiring
/// (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>).
pub const OAUTH1_NOTICE: &str = "X has announced that it will retire OAuth 1.0a, without a date. Exchange the account's token for OAuth 2.0 with POST /api/v1/accounts/{id}/upgrade, or connect the account again with POST /api/v1/connections/x/authorize.";

/// A connected account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Account {
    /// Its id here.
    pub id: AccountId,
    /// The platform: `x`.
    pub platform: String,
    /// Its id at the platform, which never changes.
    pub external_id: String,
    /// The name in its address, without `@`.
    pub handle: String,
    /// The name that is shown.
    pub name: String,
    /// Its picture.
    #[schemars(extend("format" = "uri"))]
    pub avatar_url: Option<String>,
    /// `active`, or `needs_reconnect` when somebody must connect it again.
    pub status: Status,
    /// Why it must be connected again: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// What to do about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// How it is connected.
    pub auth: Auth,
    /// Of a way that X is retiring, what that means and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<&'static str>,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// When it was last connected.
    pub connected_at: Timestamp,
    /// When its access token ends; Godwit refreshes it before that. Null where it does not end.
    pub token_expires_at: Option<Timestamp>,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            remedy: remedy(&row),
            scopes: scopes(&row),
            id: row.id,
            platform: row.platform,
            external_id: row.external_id,
            handle: row.handle,
            name: row.name,
            avatar_url: row.avatar_url,
            status: row.status,
            status_reason: row.status_reason,
            auth: row.auth,
            deprecated: (row.auth == Auth::OAuth1).then_some(OAUTH1_NOTICE),
            connected_at: row.connected_at,
            token_expires_at: ends(row.token_expires_at),
        }
    }
}

/// When a token ends, if it does.
#[must_use]
pub fn ends(expires_at: Option<Timestamp>) -> Option<Timestamp> {
    expires_at.filter(|at| *at < NEVER)
}

/// The scopes that were granted.
#[must_use]
pub fn scopes(row: &AccountRow) -> Vec<String> {
    row.scopes.split_whitespace().map(str::to_owned).collect()
}

/// What a person does about an account that must be connected again.
#[must_use]
pub fn remedy(row: &AccountRow) -> Option<String> {
    if row.status != Status::NeedsReconnect {
        return None;
    }
    Some(match row.status_reason.as_deref() {
        Some(MISSING_SCOPE) => remedy_for_scopes(&oauth::missing_scopes(&scopes(row))),
        Some("x_account_locked") => {
            "Sign in at https://x.com, do what X asks there, then connect the account again with POST /api/v1/connections/x/authorize.".to_owned()
        }
        Some("app_removed") => "The X app through which the account was connected was removed from the workspace. Connect the account again with POST /api/v1/connections/x/authorize; what waits then goes out by itself.".to_owned(),
        Some("app_replaced") => "The workspace's X app was replaced by another, which X wants asked for anew. Connect the account again with POST /api/v1/connections/x/authorize; what waits then goes out by itself.".to_owned(),
        _ => "Connect the account again with POST /api/v1/connections/x/authorize; what waits then goes out by itself.".to_owned(),
    })
}

/// What a person does about a consent that did not cover these.
#[must_use]
pub fn remedy_for_scopes(missing: &[&str]) -> String {
    format!(
        "Check that the X app may read and write, then connect the account again and allow everything that the consent page lists. Missing: {}.",
        missing.join(", ")
    )
}

/// One thing that was looked at when an account was tested.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountCheck")]
pub struct Check {
    /// What.
    #[schemars(extend("enum" = ["reachable", "app", "grant", "scopes", "profile"]))]
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, for a person.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What an account can do. Never a secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountTest")]
pub struct Tested {
    /// How it is connected.
    pub auth: Auth,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// The scopes that posting needs and that were not granted.
    pub missing_scopes: Vec<String>,
    /// Whether the platform answered.
    pub reachable: bool,
    /// The account's handle, as the platform has it now if it answered.
    pub handle: String,
    /// Its access token.
    pub token: TokenState,
    /// Whether a post to it would be tried now.
    pub can_post: bool,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// An access token, without the token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenState {
    /// When it ends; null where it does not.
    pub expires_at: Option<Timestamp>,
}

/// The outcome of a refresh.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountRefresh")]
pub struct Refreshed {
    /// Whether a new pair of tokens was fetched. False within ten minutes of the last one, while that works.
    pub refreshed: bool,
    /// When the access token ends; null where it does not.
    pub expires_at: Option<Timestamp>,
}

/// The outcome of unlinking.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountUnlinked")]
pub struct Unlinked {
    /// The account that was given up.
    pub id: AccountId,
    /// Whether X confirmed that the access has ended.
    pub revoked_at_x: bool,
    /// How many deliveries were canceled.
    pub canceled_deliveries: u64,
    /// The same in a sentence, with what to do when X did not confirm.
    pub detail: String,
}

/// An account's limits.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountLimits")]
pub struct Limits {
    /// One for each thing that is counted.
    pub items: Vec<crate::gate::Window>,
}
