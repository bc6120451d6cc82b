//! What a consent ends in: an account with its tokens, in one batch.

use super::model::{Auth, MISSING_SCOPE};
use super::store::connecting::{Connected as NewAccount, TakenState, known, save};
use super::{store, tokens};
use crate::app::App;
use crate::apps::Chosen;
use crate::budgets::{self, Charge, Payer};
use crate::error::Error;
use crate::ids::{AccountId, AuditId, UserId};
use crate::platforms::x::api::Credentials;
use crate::platforms::x::app::App as XApp;
use crate::platforms::x::{legs, oauth, oauth1, profile};
use crate::platforms::{Class, NotSent, Profile};
use crate::sources;
use crate::time::Timestamp;

/// What X gave for a consent.
pub struct Granted {
    auth: Auth,
    pair: tokens::Pair,
    expires_at: Timestamp,
    scopes: Vec<String>,
}

impl From<oauth::TokenPair> for Granted {
    fn from(pair: oauth::TokenPair) -> Self {
        Self {
            auth: Auth::OAuth2,
            pair: tokens::Pair {
                access: pair.access,
                refresh: pair.refresh,
                secret: None,
            },
            expires_at: pair.expires_at,
            scopes: pair.scopes,
        }
    }
}

impl From<oauth1::Token> for Granted {
    fn from(token: oauth1::Token) -> Self {
        Self {
            auth: Auth::OAuth1,
            pair: tokens::Pair {
                access: token.token,
                refresh: None,
                secret: Some(token.secret),
            },
            expires_at: tokens::NEVER,
            scopes: legs::SCOPES.map(str::to_owned).to_vec(),
        }
    }
}

impl Granted {
    fn credentials(&self, app: &XApp) -> Result<Credentials, NotSent> {
        let (access, secret) = (&self.pair.access, self.pair.secret.as_ref());
        Credentials::of(app, access, secret)
    }

    /// What posting needs and was not granted.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = oauth::missing_scopes(&self.scopes);
        let ends = self.auth == Auth::OAuth2 && self.pair.refresh.is_none();
        if ends && !missing.contains(&"offline.access") {
            missing.push("offline.access");
        }
        missing
    }
}

/// Who the tokens belong to. A second try for a question that got no answer: a consent is a person's effort, and the
/// question may be repeated.
///
/// # Errors
/// Why X does not say.
pub async fn who(app: &App, chosen: &Chosen, granted: &Granted) -> Result<Profile, Error> {
    let credentials = granted.credentials(&chosen.app);
    let credentials = credentials.map_err(|refusal| chosen.refused(refusal))?;
    let api = app.x(&credentials);
    let answer = match profile::users_me(&api).await {
        Err(refusal) if refusal.class == Class::Transient => profile::users_me(&api).await,
        answer => answer,
    };
    answer.map_err(|refusal| chosen.refused(refusal))
}

/// Saves the account and its tokens, and makes due what waited for them.
///
/// # Errors
/// When the database does not answer.
pub async fn keep(
    app: &App,
    taken: &TakenState,
    profile: &Profile,
    granted: Granted,
) -> Result<AccountId, Error> {
    let workspace = &taken.workspace_id;
    let scopes = granted.scopes.join(" ");
    let lacking = !granted.missing().is_empty();
    let tokens = &granted.pair;
    // More than once only when another callback made the account in between: see `store::connecting`.
    for _ in 0..3 {
        let id = known(&*app.database, workspace, &profile.external_id)
            .await?
            .unwrap_or_else(|| AccountId::new(&*app.clock, &*app.random));
        let sealed = tokens::seal(&app.config.keyring, &*app.random, workspace, &id, tokens)
            .map_err(|_| Error::internal("tokens could not be sealed"))?;
        let now = app.now();
        let [account, put_tokens] = save(&NewAccount {
            id: &id,
            workspace_id: workspace,
            user_id: taken.user_id.as_ref(),
            profile,
            lacking: lacking.then_some(MISSING_SCOPE),
            auth: granted.auth,
            app: &taken.app,
            scopes: &scopes,
            sealed: &sealed,
            token_expires_at: granted.expires_at,
            now,
        });
        let actor = taken.user_id.as_ref().map_or("system", UserId::as_str);
        let audit_id = AuditId::new(&*app.clock, &*app.random);
        let statements = vec![
            account,
            put_tokens,
            store::wake_deliveries(workspace, &id, now),
            sources::wake(workspace, now),
            store::audit(workspace, &audit_id, actor, "account.connected", &id, now),
        ];
        let sets = app.database.batch(statements).await?;
        if sets.get(1).is_some_and(|tokens| !tokens.rows.is_empty()) {
            let payer = Payer {
                workspace,
                account: Some(&id),
                app: &taken.app,
            };
            budgets::note(app, &payer, Charge::UserRead).await;
            return Ok(id);
        }
    }
    Err(Error::unavailable(
        "an account was connected by somebody else at the same moment, three times",
    ))
}
