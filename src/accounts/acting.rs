//! Calling the platform as an account, for what may be repeated. The gate counts the calls and lends what they are signed
//! with; they leave from here.

use super::model::Auth;
use super::store::{AccountRow, grant};
use super::tokens;
use crate::app::App;
use crate::apps;
use crate::gate::{
    Bucket, GateName, GateReply, GateRequest, Grant, Lend, LendAnswer, Observe, no_tokens,
};
use crate::ids::WorkspaceId;
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::apponly;
use crate::platforms::x::ask::{Answered, Refusal};
use crate::platforms::{Class, NotSent};
use serde_json::json;

/// Somebody who acts as an account.
pub struct Acting<'a> {
    app: &'a App,
    way: Way,
}

/// What calls are signed with, and where that is.
enum Way {
    /// The user's tokens, at the account's gate.
    User { gate: GateName, grant: Grant },
    /// The token of the app of this name. X counts its calls by app, and not by account.
    AppOnly { workspace: WorkspaceId, app: String },
}

/// What the gate has lent.
pub struct Lent {
    /// What calls are signed with.
    pub credentials: Credentials,
    /// The generation of the token, for when the platform refuses it.
    pub generation: i64,
}

impl<'a> Acting<'a> {
    /// As an account, in the way in which it is connected.
    ///
    /// # Errors
    /// [`Class::Token`] when it has no tokens.
    pub fn of(app: &'a App, account: &AccountRow) -> Result<Self, NotSent> {
        if account.auth == Auth::AppOnly {
            let workspace = account.workspace_id.clone();
            let name = apps::name_of(&workspace, account.sealed_app.as_deref());
            let way = Way::AppOnly {
                workspace,
                app: name,
            };
            return Ok(Self { app, way });
        }
        let grant = grant(account).ok_or_else(no_tokens)?;
        Ok(Self::with(app, &account.external_id, grant))
    }

    /// As the account of a grant.
    #[must_use]
    pub fn with(app: &'a App, external_id: &str, grant: Grant) -> Self {
        let gate = GateName::x(external_id);
        Self {
            app,
            way: Way::User { gate, grant },
        }
    }

    /// Makes one call, a second time with a fresh token when the platform does not take the first. What it does may take
    /// effect twice.
    ///
    /// # Errors
    /// Why it was not made, or what the platform said.
    pub async fn call(
        &self,
        bucket: Bucket,
        make: impl AsyncFn(Api<'_>) -> Result<Answered, Refusal>,
    ) -> Result<Answered, Refusal> {
        let mut refused = None;
        loop {
            let lent = self.borrow(bucket, 1, refused).await?;
            let answer = make(self.app.x(&lent.credentials)).await;
            let answer = match &self.way {
                Way::User { .. } => answer,
                Way::AppOnly { .. } if refused.is_none() => answer,
                Way::AppOnly { .. } => answer.map_err(of_the_app),
            };
            match &answer {
                Err(refusal) if refusal.is_unauthorized() && refused.is_none() => {
                    refused = Some(lent.generation);
                    continue;
                }
                Err(refusal) => self.observe(bucket, refusal).await,
                Ok(_) => {}
            }
            return answer;
        }
    }

    /// Borrows for so many calls. `refused` is the generation that the platform did not take.
    ///
    /// # Errors
    /// Why there is nothing to call with now.
    pub async fn borrow(
        &self,
        bucket: Bucket,
        calls: u32,
        refused: Option<i64>,
    ) -> Result<Lent, Refusal> {
        let (gate, grant) = match &self.way {
            Way::User { gate, grant } => (gate, grant),
            Way::AppOnly { workspace, app } => {
                return self.lend_app(workspace, app, refused).await;
            }
        };
        let request = GateRequest::Lend(Lend {
            grant: grant.clone(),
            bucket,
            calls,
            refused,
        });
        match self.app.gates.call(gate, request).await {
            Ok(GateReply::Lend(LendAnswer::Lent {
                sealed,
                generation,
                app,
            })) => self
                .open(grant, &sealed, generation, app)
                .map_err(Refusal::of),
            Ok(GateReply::Lend(LendAnswer::Later { at, closed, detail })) => {
                let remedy = "Try again when the window opens.";
                let why = NotSent::new(Class::Transient, closed.code(), detail, remedy);
                Err(Refusal {
                    until: Some(at),
                    ..Refusal::of(why)
                })
            }
            Ok(GateReply::Lend(LendAnswer::Refused(why))) => Err(Refusal::of(why)),
            other => {
                let answer = format!("{other:?}");
                self.app.warn("nothing_lent", &json!({ "answer": answer }));
                Err(Refusal::of(gate_unreachable()))
            }
        }
    }

    async fn lend_app(
        &self,
        workspace: &WorkspaceId,
        name: &str,
        refused: Option<i64>,
    ) -> Result<Lent, Refusal> {
        let chosen = apps::named(self.app, workspace, name).await;
        let chosen = chosen.map_err(|error| {
            let details = json!({ "code": error.code, "internal": error.internal });
            self.app.warn("app_not_found", &details);
            Refusal::of(gate_unreachable())
        })?;
        let bearer = apps::bearer(self.app, &chosen, refused).await;
        let bearer = bearer.map_err(Refusal::of)?;
        Ok(Lent {
            credentials: Credentials::App(bearer.token),
            generation: bearer.generation,
        })
    }

    /// Tells the gate that the platform refuses more. If that is lost, the next call is refused too.
    pub async fn observe(&self, bucket: Bucket, refusal: &Refusal) {
        let Way::User { gate, .. } = &self.way else {
            return;
        };
        if refusal.until.is_none() {
            return;
        }
        let request = GateRequest::Observe(Observe {
            bucket,
            observed: refusal.observed.clone(),
            shut_until: refusal.until,
        });
        if let Err(lost) = self.app.gates.call(gate, request).await {
            self.app
                .warn("limit_not_noted", &json!({ "error": lost.0 }));
        }
    }

    fn open(
        &self,
        grant: &Grant,
        sealed: &str,
        generation: i64,
        sealed_app: Option<String>,
    ) -> Result<Lent, NotSent> {
        let config = &self.app.config;
        let (workspace, account) = (&grant.workspace_id, &grant.account_id);
        let pair = tokens::open(&config.keyring, workspace, account, sealed)
            .map_err(|_| gate_unreachable())?;
        let app = match sealed_app {
            Some(sealed) if pair.secret.is_some() => {
                apps::open(&config.keyring, workspace, &sealed).map_err(|_| apps::not_readable())?
            }
            _ => config.x.app.clone(),
        };
        let is_own = grant.app.is_some();
        let credentials = Credentials::of(&app, &pair.access, pair.secret.as_ref())
            .map_err(|refusal| apps::addressed(refusal, is_own))?;
        Ok(Lent {
            credentials,
            generation,
        })
    }
}

/// A 401 that no user can do anything about: X does not take the app's own token.
pub(super) fn of_the_app(refusal: Refusal) -> Refusal {
    if refusal.is_unauthorized() {
        let upstream = refusal.why.upstream.clone();
        let why = apponly::refused().with_upstream(upstream);
        return Refusal { why, ..refusal };
    }
    refusal
}

fn gate_unreachable() -> NotSent {
    NotSent::new(
        Class::Transient,
        "gate_unreachable",
        "The part of Godwit that talks to X did not answer.",
        "Try again in a few seconds.",
    )
}
