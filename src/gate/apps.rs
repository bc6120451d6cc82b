//! As which X app an account's calls are made.
//!
//! A grant brings the app as the database had it beside the tokens. The gate may hold a pair that is newer than the
//! grant's: then the account may have been connected through another app in between, and the database is asked.

use super::account::AccountGate;
use super::model::Grant;
use super::refusals::none;
use super::rotation::Way;
use super::tokens::{Answer, Held};
use crate::accounts::store;
use crate::accounts::tokens::NEVER;
use crate::apps;
use crate::ids::WorkspaceId;
use crate::platforms::NotSent;
use crate::platforms::x::api::unreachable;
use crate::platforms::x::app::App as XApp;

/// The app of a pair, as a [`Grant`] has it.
pub(super) type SealedApp = Option<String>;

impl AccountGate {
    /// The app of the pair `newest`, if it is known without asking, or if it does not matter on this way: with a call
    /// of OAuth 2.0 the app is not shown.
    pub(super) fn app_at_hand(grant: &Grant, newest: &Held, way: &Way) -> Option<SealedApp> {
        let is_own = newest.generation <= grant.generation || newest.is_given_up();
        let matters = match way {
            Way::Rotate(..) => true,
            Way::Lend => newest.expires_at >= NEVER,
            Way::Refuse(_) => false,
        };
        (is_own || !matters).then(|| grant.app.clone())
    }

    /// The app of the account, as the database has it.
    pub(super) async fn app_in_database(&self, grant: &Grant) -> Answer<SealedApp> {
        let read = store::read_tokens(&grant.workspace_id, &grant.account_id);
        Ok(match self.ports.database.run(read).await {
            Ok(found) => match found.first::<Grant>()? {
                Some(found) => Ok(found.app),
                None => Err(none()),
            },
            Err(error) => {
                self.warn("app_not_read", &error);
                let detail = "The account's X app could not be looked up.";
                Err(NotSent {
                    code: "gate_unreachable".to_owned(),
                    ..unreachable(detail.to_owned())
                })
            }
        })
    }

    /// The app of the pair `newest`, wherever it is known.
    pub(super) async fn app_of(&self, grant: &Grant, newest: &Held) -> Answer<SealedApp> {
        if newest.generation <= grant.generation {
            return Ok(Ok(grant.app.clone()));
        }
        self.app_in_database(grant).await
    }

    /// The app's credentials.
    pub(super) fn open_app(
        &self,
        workspace: &WorkspaceId,
        app: &SealedApp,
    ) -> Result<XApp, NotSent> {
        let config = &self.ports.config;
        match app.as_deref() {
            None => Ok(config.x.app.clone()),
            Some("") => Err(apps::removed()),
            Some(sealed) => {
                apps::open(&config.keyring, workspace, sealed).map_err(|_| apps::not_readable())
            }
        }
    }
}

/// Whether nothing may be done with an account any more, since its app was removed.
pub(super) fn is_removed(app: &SealedApp) -> bool {
    app.as_deref() == Some("")
}
