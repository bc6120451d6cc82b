//! Ending an account's access at the platform.

use super::account::AccountGate;
use super::apps::SealedApp;
use super::model::Grant;
use super::tokens::Held;
use crate::accounts::{store, tokens};
use crate::platforms::x;
use crate::ports::StorageError;

impl AccountGate {
    /// Forgets the tokens here whatever the platform says: who unlinks an account is done with it.
    pub(super) async fn revoke(&self, grant: &Grant) -> Result<bool, StorageError> {
        let turn = self.refreshing_turn().await;
        let mut newest = self.newest(grant)?;
        if newest.is_given_up() {
            newest = Held::from(grant);
        }
        let confirmed = match self.open(&newest) {
            Ok(pair) => match self.app_of(grant, &newest).await? {
                Ok(app) => self.revoke_at_x(grant, &pair, &app).await,
                Err(_) => false,
            },
            Err(_) => false,
        };
        // If the process ends before this, the unlinking is repeated as a whole; revoking twice does no harm.
        self.keep(&newest.given_up())?;
        drop(turn);
        Ok(confirmed)
    }

    async fn revoke_at_x(&self, grant: &Grant, pair: &tokens::Pair, app: &SealedApp) -> bool {
        let (http, x) = (&*self.ports.http, &self.ports.config.x);
        let Ok(app) = self.open_app(&grant.workspace_id, app) else {
            return false;
        };
        let Some(secret) = &pair.secret else {
            let Some(client) = x::oauth::Client::of(&app) else {
                return false;
            };
            let (access, refresh) = (&pair.access, pair.refresh.as_ref());
            return x::oauth::revoke(http, x, &client, access, refresh)
                .await
                .is_ok();
        };
        // Somebody else's account of this X user may live on the very same token.
        let shared = store::shares_oauth1_token(&grant.workspace_id, &grant.account_id);
        match self.ports.database.run(shared).await {
            Ok(found) if found.rows.is_empty() => {}
            Ok(_) => return false,
            Err(error) => {
                self.warn("token_not_invalidated", &error);
                return false;
            }
        }
        let Some(consumer) = app.consumer() else {
            return false;
        };
        let legs = x::legs::Legs {
            http,
            config: x,
            consumer: &consumer,
            clock: &*self.ports.clock,
            random: &*self.ports.random,
        };
        let token = x::oauth1::Token {
            token: pair.access.clone(),
            secret: secret.clone(),
        };
        legs.invalidate(&token).await.is_ok()
    }
}
