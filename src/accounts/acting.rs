//! Calling the platform as an account, for what may be repeated. The gate counts the calls and lends what they are signed
//! with; they leave from here.

use super::store::{AccountRow, grant};
use super::tokens;
use crate::app::App;
use crate::apps;
use crate::gate::{
    Bucket, GateName, GateReply, GateRequest, Grant, Lend, LendAnswer, Observe, no_tokens,
};
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::ask::{Answered, Refusal};
use crate::platforms::{Class, NotSent};
use serde_json::json;

/// Somebody who acts as an account.
pub struct Acting<'a> {
    app: &'a App,
    gate: GateName,
    grant: Grant,
}

/// What the gate has lent.
pub struct Lent {
    /// What calls are signed with.
    pub credentials: Credentials,
    /// The generation of the token, for when the platform refuses it.
    pub generation: i64,
}

impl<'a> Acting<'a> {
    /// As an account.
    ///
    /// # Errors
    /// [`Class::Token`] when it has no tokens.
    pub fn of(app: &'a App, account: &AccountRow) -> Result<Self, NotSent> {
        let grant = grant(account).ok_or_else(no_tokens)?;
        Ok(Self::with(app, &account.external_id, grant))
    }

    /// As the account of a grant.
    #[must_use]
    pub fn with(app: &'a App, external_id: &str, grant: Grant) -> Self {
        Self {
            app,
            gate: GateName::x(external_id),
            grant,
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
        let request = GateRequest::Lend(Lend {
            grant: self.grant.clone(),
            bucket,
            calls,
            refused,
        });
        match self.app.gates.call(&self.gate, request).await {
            Ok(GateReply::Lend(LendAnswer::Lent {
                sealed,
                generation,
                app,
            })) => self.open(&sealed, generation, app).map_err(Refusal::of),
            Ok(GateReply::Lend(LendAnswer::Later { at, detail })) => {
                let remedy = "Try again when the window opens.";
                let why = NotSent::new(Class::Transient, "rate_limited", detail, remedy);
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

    /// Tells the gate that the platform refuses more. If that is lost, the next call is refused too.
    pub async fn observe(&self, bucket: Bucket, refusal: &Refusal) {
        if refusal.until.is_none() {
            return;
        }
        let request = GateRequest::Observe(Observe {
            bucket,
            observed: refusal.observed.clone(),
            shut_until: refusal.until,
        });
        if let Err(lost) = self.app.gates.call(&self.gate, request).await {
            self.app
                .warn("limit_not_noted", &json!({ "error": lost.0 }));
        }
    }

    fn open(
        &self,
        sealed: &str,
        generation: i64,
        sealed_app: Option<String>,
    ) -> Result<Lent, NotSent> {
        let config = &self.app.config;
        let (workspace, account) = (&self.grant.workspace_id, &self.grant.account_id);
        let pair = tokens::open(&config.keyring, workspace, account, sealed)
            .map_err(|_| gate_unreachable())?;
        let app = match sealed_app {
            Some(sealed) if pair.secret.is_some() => {
                apps::open(&config.keyring, workspace, &sealed).map_err(|_| apps::not_readable())?
            }
            _ => config.x.app.clone(),
        };
        let is_own = self.grant.app.is_some();
        let credentials = Credentials::of(&app, &pair.access, pair.secret.as_ref())
            .map_err(|refusal| apps::addressed(refusal, is_own))?;
        Ok(Lent {
            credentials,
            generation,
        })
    }
}

fn gate_unreachable() -> NotSent {
    NotSent::new(
        Class::Transient,
        "gate_unreachable",
        "The part of Godwit that talks to X did not answer.",
        "Try again in a few seconds.",
    )
}
