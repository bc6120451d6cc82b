//! What an app is to the API, and to whom its troubles are told.

use crate::error::{Error, FieldError, Kind};
use crate::ids::WorkspaceId;
use crate::platforms::x::app::{App as XApp, INSTALLATION};
use crate::platforms::{Class, NotSent};
use crate::time::Timestamp;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The reason of an account whose app was removed from its workspace.
pub const REMOVED: &str = "app_removed";

/// The reason of an account whose app was replaced by another.
pub const REPLACED: &str = "app_replaced";

/// The longest credential, in characters; X's have about 110.
const LENGTH_MAX: usize = 500;

/// What is shown of the end of a credential, in characters …
const HINT_CHARS: usize = 4;
/// … where it has so many at least: of a shorter one that would be too much.
const HINTED_MIN: usize = 12;

/// The name of a workspace's own app.
#[must_use]
pub fn own(workspace: &WorkspaceId) -> String {
    format!("{INSTALLATION}:{workspace}")
}

/// The name of the app that a query gave beside tokens: nothing stands for the installation's.
#[must_use]
pub fn name_of(workspace: &WorkspaceId, sealed_app: Option<&str>) -> String {
    sealed_app.map_or_else(|| INSTALLATION.to_owned(), |_| own(workspace))
}

/// A workspace's own X app, as X's developer console shows its credentials. White space around them is cut off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OwnXApp", extend("dependentRequired" = { "api_key": ["api_secret"], "api_secret": ["api_key"] }))]
pub struct NewApp {
    /// OAuth 2.0 client id.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    pub client_id: SecretString,
    /// Its secret; left out for a public client.
    #[serde(default, deserialize_with = "optional")]
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<SecretString>,
    /// Consumer key of OAuth 1.0a, which X also calls API key. With `api_secret`, or not at all.
    #[serde(default, deserialize_with = "optional")]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Its secret.
    #[serde(default, deserialize_with = "optional")]
    #[schemars(with = "Option<String>")]
    pub api_secret: Option<SecretString>,
    /// App-only token, for reads that need no account.
    #[serde(default, deserialize_with = "optional")]
    #[schemars(with = "Option<String>")]
    pub bearer_token: Option<SecretString>,
}

// serde's own message for a wrong type repeats the value. The two that are not secret are treated like the others: one
// is easily pasted in the place of another.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    optional(deserializer)?.ok_or_else(|| D::Error::custom("not a string"))
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(Some(SecretString::from(text))),
        serde_json::Value::Null => Ok(None),
        _ => Err(D::Error::custom("not a string")),
    }
}

impl NewApp {
    /// The app, if its credentials can be some.
    ///
    /// # Errors
    /// Names what is wrong, and never says what it is.
    pub fn read(&self) -> Result<XApp, Error> {
        let mut wrong = Vec::new();
        let mut read = |name: &str, given: Option<&SecretString>| {
            let text = given?.expose_secret().trim();
            let is_one = (1..=LENGTH_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_one {
                let detail = "A credential is 1 to 500 visible ASCII characters without spaces.";
                wrong.push(FieldError::new(
                    format!("/{name}"),
                    "invalid_credential",
                    detail,
                ));
            }
            is_one.then(|| text.to_owned())
        };
        let app = XApp {
            client_id: read("client_id", Some(&self.client_id)),
            client_secret: read("client_secret", self.client_secret.as_ref()).map(Into::into),
            api_key: read("api_key", self.api_key.as_ref()),
            api_secret: read("api_secret", self.api_secret.as_ref()).map(Into::into),
            bearer_token: read("bearer_token", self.bearer_token.as_ref()).map(Into::into),
        };
        for (name, given, other) in [
            ("api_secret", &self.api_secret, &self.api_key),
            ("api_key", &self.api_key, &self.api_secret),
        ] {
            if given.is_none() && other.is_some() {
                wrong.push(FieldError::new(
                    format!("/{name}"),
                    "missing_field",
                    "The API key and its secret belong together.",
                ));
            }
        }
        if wrong.is_empty() {
            Ok(app)
        } else {
            Err(Error::invalid(wrong))
        }
    }
}

/// The ends of an app's credentials, by name.
#[must_use]
pub fn hints(app: &XApp) -> BTreeMap<&'static str, String> {
    let exposed = |secret: &Option<SecretString>| {
        let text = secret.as_ref().map(ExposeSecret::expose_secret);
        text.map(str::to_owned)
    };
    let all = [
        ("client_id", app.client_id.clone()),
        ("client_secret", exposed(&app.client_secret)),
        ("api_key", app.api_key.clone()),
        ("api_secret", exposed(&app.api_secret)),
        ("bearer_token", exposed(&app.bearer_token)),
    ];
    all.into_iter()
        .filter_map(|(name, text)| Some((name, hint(&text?))))
        .collect()
}

fn hint(text: &str) -> String {
    let end = text.len().saturating_sub(HINT_CHARS);
    let shown = if text.len() < HINTED_MIN {
        ""
    } else {
        text.get(end..).unwrap_or_default()
    };
    format!("…{shown}")
}

/// A workspace's own app, by the ends of its credentials: `…abcd`. Null is one that is not set.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "OwnXAppShown")]
pub struct Hints {
    /// Of the OAuth 2.0 client id.
    pub client_id: Option<String>,
    /// Of its secret; null for a public client.
    pub client_secret: Option<String>,
    /// Of the consumer key of OAuth 1.0a.
    pub api_key: Option<String>,
    /// Of its secret.
    pub api_secret: Option<String>,
    /// Of the app-only token.
    pub bearer_token: Option<String>,
}

/// A workspace's own app, without its secrets.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WorkspaceApp")]
pub struct Shown {
    /// The platform: `x`.
    pub platform: &'static str,
    /// The name under which its pauses are shown.
    pub app: String,
    /// The ends of its credentials.
    pub hints: Hints,
    /// When they were set.
    pub set_at: Timestamp,
    /// How many accounts are connected through it.
    pub accounts: u32,
    /// Where the app must let X send people back to, to the letter.
    pub callbacks: Vec<String>,
}

/// What to do where there is no app, or one that lacks something. `what` is what it needs.
#[must_use]
pub fn not_configured(is_own: bool, what: &str, operator: &str) -> Error {
    if is_own {
        return Error::new(
            Kind::Conflict,
            "x_not_configured",
            format!("This workspace's X app has no {what}."),
            "Add it with PUT /api/v1/workspaces/{id}/apps/x, which replaces all credentials of the app.",
        );
    }
    Error::new(
        Kind::Conflict,
        "x_not_configured",
        format!("This installation's X app has no {what}."),
        operator,
    )
}

/// The app through which an account was connected is not there any more.
#[must_use]
pub fn removed() -> NotSent {
    NotSent::new(
        Class::Token,
        REMOVED,
        "The X app through which the account was connected was removed from the workspace.",
        "Connect the account again.",
    )
}

const SET: &str =
    "set them again with PUT /api/v1/workspaces/{id}/apps/x; what waits then goes out by itself.";

/// A refusal of a workspace's own app, told to the people of that workspace: the operator can do nothing about it.
#[must_use]
pub fn addressed(mut refusal: NotSent, is_own: bool) -> NotSent {
    if !is_own {
        return refusal;
    }
    refusal.remedy = match &*refusal.code {
        "x_client_rejected" => format!(
            "Copy the client id and secret, and the API key and secret, of your workspace's X app from https://console.x.com, and {SET} Accounts stay connected."
        ),
        "x_not_configured" => {
            "This workspace's X app lacks the credentials for this.".clone_into(&mut refusal.detail);
            format!("Copy them from https://console.x.com, and {SET}")
        }
        "x_credits_depleted" => "Buy credits for your workspace's X app at https://console.x.com; what waits then goes out by itself.".to_owned(),
        "x_spend_cap_reached" => "Raise the spending limit of your workspace's X app at https://console.x.com, or wait for the next cycle; what waits then goes out by itself.".to_owned(),
        "x_app_not_enrolled" => "Move your workspace's X app into the Pay-per-use package and the Production environment at https://console.x.com; what waits then goes out by itself.".to_owned(),
        "x_authentication_unsupported" => "Set up user authentication (OAuth 2.0) for your workspace's X app at https://console.x.com.".to_owned(),
        _ => return refusal,
    };
    refusal
}

#[cfg(test)]
mod tests {
    use super::{addressed, hint};
    use crate::platforms::{Class, NotSent};

    #[test]
    fn of_a_credential_four_characters_are_shown_and_of_a_short_one_none() {
        assert_eq!(hint("0123456789abcdef"), "…cdef");
        assert_eq!(hint("0123456789a"), "…");
        assert_eq!(hint(""), "…");
    }

    #[test]
    fn what_is_refused_of_an_own_app_is_told_to_its_owners() {
        for code in [
            "x_client_rejected",
            "x_not_configured",
            "x_credits_depleted",
            "x_spend_cap_reached",
            "x_app_not_enrolled",
            "x_authentication_unsupported",
        ] {
            let of = |is_own| {
                let told = "The operator does it.";
                addressed(NotSent::new(Class::Operator, code, "No.", told), is_own)
            };
            assert_eq!(of(false).remedy, "The operator does it.");
            assert!(!of(true).remedy.contains("perator"), "{code}");
            assert!(of(true).remedy.contains("workspace"), "{code}");
        }
    }
}
