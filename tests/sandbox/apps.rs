//! The client apps of this X: the first one, whose credentials are members of the settings themselves, and others.
//!
//! Tokens belong to the app that they were granted by; limits, credits and plans are each app's own.

use serde::{Deserialize, Serialize};

use super::{
    money::Purse,
    settings::{Plan, Settings},
};

/// What an OAuth 1.0a token of the app may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permissions {
    Read,
    ReadWrite,
    ReadWriteMessages,
}

/// An app beside the first. Credentials that are left out are credentials that the app does not have.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    pub name: String,
    pub client_id: String,
    /// `None` registers a public client.
    #[serde(skip_serializing)]
    pub client_secret: Option<String>,
    pub consumer_key: Option<String>,
    #[serde(skip_serializing)]
    pub consumer_secret: Option<String>,
    /// The app-only token.
    #[serde(skip_serializing)]
    pub bearer: Option<String>,
    pub redirect_uris: Vec<String>,
    pub plan: Plan,
    pub permissions: Permissions,
    pub purse: Purse,
}

impl Default for App {
    fn default() -> Self {
        Self {
            name: "Another app".into(),
            client_id: String::new(),
            client_secret: None,
            consumer_key: None,
            consumer_secret: None,
            bearer: None,
            redirect_uris: Vec::new(),
            plan: Plan::SelfServe,
            permissions: Permissions::ReadWrite,
            purse: Purse::default(),
        }
    }
}

/// Any of the apps, seen alike.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    /// 0 is the first.
    pub index: usize,
    pub name: &'a str,
    pub client_id: &'a str,
    pub client_secret: Option<&'a str>,
    pub consumer_key: Option<&'a str>,
    pub consumer_secret: Option<&'a str>,
    pub app_bearer: Option<&'a str>,
    pub redirect_uris: &'a [String],
    pub plan: Plan,
    pub permissions: Permissions,
    pub purse: &'a Purse,
}

impl Settings {
    pub fn registered(&self) -> impl Iterator<Item = Registered<'_>> {
        let first = Registered {
            index: 0,
            name: &self.app_name,
            client_id: &self.client_id,
            client_secret: self.client_secret.as_deref(),
            consumer_key: self.consumer_key.as_deref(),
            consumer_secret: self.consumer_secret.as_deref(),
            app_bearer: self.app_bearer.as_deref(),
            redirect_uris: &self.redirect_uris,
            plan: self.plan,
            permissions: self.permissions,
            purse: &self.purse,
        };
        let others = (1..).zip(&self.apps).map(|(index, app)| Registered {
            index,
            name: &app.name,
            client_id: &app.client_id,
            client_secret: app.client_secret.as_deref(),
            consumer_key: app.consumer_key.as_deref(),
            consumer_secret: app.consumer_secret.as_deref(),
            app_bearer: app.bearer.as_deref(),
            redirect_uris: &app.redirect_uris,
            plan: app.plan,
            permissions: app.permissions,
            purse: &app.purse,
        });
        std::iter::once(first).chain(others)
    }

    pub fn app(&self, index: usize) -> Option<Registered<'_>> {
        self.registered().nth(index)
    }

    pub fn app_of_client(&self, client_id: &str) -> Option<Registered<'_>> {
        self.registered().find(|app| app.client_id == client_id)
    }
}
