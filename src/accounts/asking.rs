//! Asking the platform something as an account of a workspace, from the account's id to the answer or the problem
//! document. What is asked may be repeated (`acting`); a post is never created here.

use super::acting::Acting;
use super::model::{Auth, Status, scopes};
use super::operations::{find, mark};
use super::refusals::{missing_scopes, refused, refused_until};
use super::store::{self, AccountRow};
use crate::app::App;
use crate::apps;
use crate::budgets::{Charge, Payer, Reading};
use crate::error::Error;
use crate::gate::Bucket;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::access::Takes;
use crate::platforms::x::api::Api;
use crate::platforms::x::ask::{Answered, Refusal};
use crate::platforms::{Class, NotSent};
use serde_json::Value;

/// The code of a refusal that is not about the account's tokens as a whole, although another consent repairs it.
const MISSING_SCOPE: &str = "missing_scope";

/// Among how many of a workspace's accounts one is looked for.
const LOOKED_AT: u32 = 100;

/// What is needed to ask something, and what it counts as.
#[derive(Clone, Copy)]
pub struct Need {
    /// What the call counts as.
    pub bucket: Bucket,
    /// The scopes that X asks of OAuth 2.0 tokens.
    pub scopes: &'static [&'static str],
    /// Whom X takes.
    pub takes: Takes,
    /// What X charges for.
    pub charge: Charge,
    /// How many of it, at most.
    pub at_most: u32,
}

impl Need {
    /// The same, where X may give so many.
    #[must_use]
    pub const fn up_to(self, at_most: u32) -> Self {
        Self { at_most, ..self }
    }

    /// How many of what X charges for are in an answer: of lists, what X gives.
    #[must_use]
    pub fn count(&self, answer: &Value) -> u32 {
        let given = match (self.charge, answer.get("data")) {
            (Charge::PostRead | Charge::UserRead, Some(Value::Array(list))) => list.len(),
            (Charge::PostRead | Charge::UserRead, None) => 0,
            _ => 1,
        };
        u32::try_from(given).unwrap_or(u32::MAX)
    }
}

/// An account that may be asked as.
pub struct Asker<'a> {
    app: &'a App,
    row: AccountRow,
}

impl<'a> Asker<'a> {
    /// The account of this id.
    ///
    /// # Errors
    /// [`Kind::NotFound`](crate::error::Kind::NotFound), or when the database does not answer.
    pub async fn find(
        app: &'a App,
        workspace: &WorkspaceId,
        id: &AccountId,
    ) -> Result<Self, Error> {
        let row = find(app, workspace, id).await?;
        Ok(Self { app, row })
    }

    /// The workspace's newest active account that may ask this; `None` when it has no account at all.
    ///
    /// # Errors
    /// Why none of its accounts may, as [`Asker::may`] says of the newest; or when the database does not answer.
    pub async fn any(
        app: &'a App,
        workspace: &WorkspaceId,
        need: &Need,
    ) -> Result<Option<Self>, Error> {
        let active = Some(Status::Active);
        let rows = store::list(&*app.database, workspace, active, None, LOOKED_AT).await?;
        let mut why_not = None;
        for row in rows {
            let asker = Self { app, row };
            match asker.may(need) {
                Ok(()) => return Ok(Some(asker)),
                Err(error) => why_not = why_not.or(Some(error)),
            }
        }
        why_not.map_or(Ok(None), Err)
    }

    /// The workspace's active account that is this user of X.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_user(
        app: &'a App,
        workspace: &WorkspaceId,
        external_id: &str,
    ) -> Result<Option<Self>, Error> {
        let row = store::read_active_user(&*app.database, workspace, external_id).await?;
        Ok(row.map(|row| Self { app, row }))
    }

    /// What is stored of it.
    pub(crate) const fn row(&self) -> &AccountRow {
        &self.row
    }

    /// Its id at X.
    #[must_use]
    pub fn external_id(&self) -> &str {
        &self.row.external_id
    }

    /// Why it cannot ask this, as far as that is known without asking: X answers a missing scope with a bare
    /// "Forbidden", which could mean anything.
    ///
    /// # Errors
    /// `auth_mismatch` or `x_missing_scope`.
    pub fn may(&self, need: &Need) -> Result<(), Error> {
        if let Some(mismatch) = need.takes.mismatch(self.row.auth.into()) {
            return Err(refused(mismatch));
        }
        if self.row.auth != Auth::OAuth2 {
            return Ok(());
        }
        let granted = scopes(&self.row);
        let lacks = |scope: &&&str| !granted.iter().any(|one| one == **scope);
        let missing: Vec<&str> = need.scopes.iter().filter(lacks).copied().collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(missing_scopes(&self.app.config, &missing))
        }
    }

    /// Asks, and gives the answer's JSON in the new vocabulary.
    ///
    /// # Errors
    /// As [`Asker::may`]; `budget_used_up` or `quota_used_up`; X's refusals; `account_needs_reconnect` or another code of its tokens, which the account then
    /// says too.
    pub async fn ask(
        &self,
        need: &Need,
        make: impl AsyncFn(Api<'_>) -> Result<Answered, Refusal>,
    ) -> Result<Value, Error> {
        self.may(need)?;
        let acting = Acting::of(self.app, &self.row).map_err(refused)?;
        let row = &self.row;
        let app_name = apps::name_of(&row.workspace_id, row.sealed_app.as_deref());
        let payer = Payer {
            workspace: &row.workspace_id,
            account: Some(&row.id),
            app: &app_name,
        };
        let reading = Reading::begin(self.app, payer, need.charge, need.at_most).await?;
        match acting.call(need.bucket, make).await {
            Ok(answered) => {
                reading.paid(need.count(&answered.body)).await;
                Ok(answered.body)
            }
            Err(refusal) => {
                reading.unpaid().await;
                Err(self.refused(need, refusal).await)
            }
        }
    }

    async fn refused(&self, need: &Need, refusal: Refusal) -> Error {
        if refusal.why.code == MISSING_SCOPE {
            return Error {
                upstream: refusal.why.upstream,
                ..missing_scopes(&self.app.config, need.scopes)
            };
        }
        if refusal.why.class == Class::Token {
            self.note(&refusal.why).await;
        }
        refused_until(refusal, self.app.now())
    }

    // A refusal must not look like another one because it could not be noted; the next call notes it.
    async fn note(&self, why: &NotSent) {
        if let Err(error) = mark(self.app, &self.row, why).await {
            self.app.warn(
                "refusal_not_noted",
                &serde_json::json!({ "account_id": self.row.id, "code": why.code, "internal": error.internal }),
            );
        }
    }
}
