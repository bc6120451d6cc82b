//! The X app as which Godwit speaks: the installation's, or a workspace's own.

use super::oauth1::Consumer;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The name of the installation's app where apps are told apart; that of a workspace's own is `x:<workspace>`.
pub const INSTALLATION: &str = "x";

/// An app's credentials, as X's developer console shows them. None of them is needed for all that an app can do.
#[derive(Clone, Default)]
pub struct App {
    /// The OAuth 2.0 client id.
    pub client_id: Option<String>,
    /// Its secret; absent for a public client.
    pub client_secret: Option<SecretString>,
    /// The consumer key of OAuth 1.0a, which X also calls API key.
    pub api_key: Option<String>,
    /// Its secret.
    pub api_secret: Option<SecretString>,
    /// The app-only bearer token, for reads that need no user.
    pub bearer_token: Option<SecretString>,
}

/// The same as it is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    client_id: Option<String>,
    client_secret: Option<String>,
    api_key: Option<String>,
    api_secret: Option<String>,
    bearer_token: Option<String>,
}

impl App {
    /// What signs OAuth 1.0a; `None` when the app has no consumer key.
    #[must_use]
    pub fn consumer(&self) -> Option<Consumer> {
        Some(Consumer {
            key: self.api_key.clone()?,
            secret: self.api_secret.clone()?,
        })
    }

    /// All of it as one text, to be sealed.
    #[must_use]
    pub fn to_secret(&self) -> SecretString {
        let plain = |secret: &Option<SecretString>| {
            let text = secret.as_ref().map(ExposeSecret::expose_secret);
            text.map(str::to_owned)
        };
        let all = Plain {
            client_id: self.client_id.clone(),
            client_secret: plain(&self.client_secret),
            api_key: self.api_key.clone(),
            api_secret: plain(&self.api_secret),
            bearer_token: plain(&self.bearer_token),
        };
        SecretString::from(serde_json::to_string(&all).unwrap_or_default())
    }

    /// Reads what [`App::to_secret`] wrote.
    #[must_use]
    pub fn from_secret(text: &SecretString) -> Option<Self> {
        let plain: Plain = serde_json::from_str(text.expose_secret()).ok()?;
        Some(Self {
            client_id: plain.client_id,
            client_secret: plain.client_secret.map(SecretString::from),
            api_key: plain.api_key,
            api_secret: plain.api_secret.map(SecretString::from),
            bearer_token: plain.bearer_token.map(SecretString::from),
        })
    }
}
