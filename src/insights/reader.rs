//! As whom X is asked.

use crate::accounts::{Asker, Need, refused, refused_until};
use crate::app::App;
use crate::apps;
use crate::budgets::{Charge, Payer, Reading};
use crate::error::{Error, Kind};
use crate::gate::Bucket;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::access::{self, As};
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::ask::{Answered, Refusal};
use crate::platforms::x::read;
use serde_json::Value;

/// Reading posts: as any account, or as the app.
pub const POSTS: Need = Need {
    bucket: Bucket::Read,
    scopes: read::SCOPES,
    takes: access::ANY,
    charge: Charge::PostRead,
    at_most: 1,
};

/// Reading what X shows to an account alone.
pub const OWN: Need = Need {
    bucket: Bucket::Read,
    scopes: read::SCOPES,
    takes: access::USER,
    charge: Charge::PostRead,
    at_most: 1,
};

/// Reading the own profile.
pub const ME: Need = Need {
    bucket: Bucket::Profile,
    scopes: read::SCOPES,
    takes: access::ANY,
    charge: Charge::UserRead,
    at_most: 1,
};

/// Reading mentions.
pub const MENTIONS: Need = Need {
    bucket: Bucket::Mentions,
    scopes: read::SCOPES,
    takes: access::ANY,
    charge: Charge::PostRead,
    at_most: 1,
};

/// Searching users: not as the app.
pub const SEARCH: Need = Need {
    bucket: Bucket::Search,
    scopes: read::SCOPES,
    takes: access::USER,
    charge: Charge::UserRead,
    at_most: 1,
};

/// Reading trends: not with OAuth 1.0a.
pub const TRENDS: Need = Need {
    bucket: Bucket::Trends,
    scopes: &[],
    takes: access::NOT_OAUTH1,
    charge: Charge::Trends,
    at_most: 1,
};

/// Whoever asks.
pub enum Reader<'a> {
    /// An account, with what its gate lends.
    Account(Box<Asker<'a>>),
    /// The app itself, which no gate counts: X's own answer says when it is too much.
    App(Box<AsApp<'a>>),
}

/// The app itself, for a workspace.
pub struct AsApp<'a> {
    app: &'a App,
    workspace: &'a WorkspaceId,
    name: String,
    credentials: Credentials,
}

impl<'a> Reader<'a> {
    /// The account that is named, or the workspace's newest that may, or else the app, where X takes that.
    ///
    /// # Errors
    /// `no_account`; why the accounts may not, as [`Asker::may`] says; not found; or when the database does not answer.
    pub async fn find(
        app: &'a App,
        workspace: &'a WorkspaceId,
        named: Option<&AccountId>,
        need: &Need,
    ) -> Result<Self, Error> {
        if let Some(id) = named {
            let asker = Asker::find(app, workspace, id).await?;
            return Ok(Self::Account(Box::new(asker)));
        }
        match Asker::any(app, workspace, need).await {
            Ok(Some(asker)) => Ok(Self::Account(Box::new(asker))),
            Ok(None) => Self::as_app(app, workspace, need, no_account()).await,
            Err(error) if error.kind == Kind::Conflict => {
                Self::as_app(app, workspace, need, error).await
            }
            Err(error) => Err(error),
        }
    }

    // The app's token may have to be fetched, so that it is asked for last.
    async fn as_app(
        app: &'a App,
        workspace: &'a WorkspaceId,
        need: &Need,
        otherwise: Error,
    ) -> Result<Self, Error> {
        if need.takes.mismatch(As::App).is_some() {
            return Err(otherwise);
        }
        let chosen = apps::choose(app, workspace).await?;
        match apps::bearer(app, &chosen, None).await {
            Ok(bearer) => Ok(Self::App(Box::new(AsApp {
                app,
                workspace,
                name: chosen.name,
                credentials: Credentials::App(bearer.token),
            }))),
            Err(why) if why.code == "x_not_configured" => Err(otherwise),
            Err(why) => Err(refused(why)),
        }
    }

    /// Asks, and gives the answer's JSON in the new vocabulary.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn ask(
        &self,
        need: &Need,
        make: impl AsyncFn(Api<'_>) -> Result<Answered, Refusal>,
    ) -> Result<Value, Error> {
        match self {
            Self::Account(asker) => asker.ask(need, make).await,
            Self::App(as_app) => as_app.ask(need, make).await,
        }
    }
}

impl AsApp<'_> {
    async fn ask(
        &self,
        need: &Need,
        make: impl AsyncFn(Api<'_>) -> Result<Answered, Refusal>,
    ) -> Result<Value, Error> {
        let app = self.app;
        let payer = Payer {
            workspace: self.workspace,
            account: None,
            app: &self.name,
        };
        let reading = Reading::begin(app, payer, need.charge, need.at_most).await?;
        match make(app.x(&self.credentials)).await {
            Ok(answered) => {
                reading.paid(need.count(&answered.body)).await;
                Ok(answered.body)
            }
            Err(refusal) => {
                reading.unpaid().await;
                if refusal.is_unauthorized() {
                    Err(bad_bearer(refusal))
                } else {
                    Err(refused_until(refusal, app.now()))
                }
            }
        }
    }
}

fn no_account() -> Error {
    Error::new(
        Kind::Conflict,
        "no_account",
        "X is asked as a connected account, and this workspace has none that works.",
        "Connect an X account with POST /api/v1/connections/x/authorize. Posts and trends can be read without one where the operator sets X_BEARER_TOKEN.",
    )
}

fn bad_bearer(refusal: Refusal) -> Error {
    Error {
        upstream: refusal.why.upstream,
        ..Error::new(
            Kind::Unavailable,
            "x_client_rejected",
            "X does not accept the app's bearer token.",
            "The operator sets X_BEARER_TOKEN to the one that https://console.x.com shows. Or connect an X account.",
        )
    }
}
