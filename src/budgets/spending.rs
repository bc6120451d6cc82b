//! Reserving before something is asked for, and booking what it came to.

use super::model::{Charge, Cost, Over};
use super::store::{self, Holder, Paid, Payer, Reserved};
use crate::app::App;
use crate::crypto::random_token;
use crate::error::{Error, Kind};
use crate::ids::DeliveryId;
use crate::ports::{Statement, StorageError};
use crate::time::{SECOND_MS, Timestamp};
use serde_json::json;

/// Reserves what a delivery is about to cost; the limit that it does not fit into, if there is one.
///
/// If the process ends after it, the next claim's reservation takes its place; what is not claimed any more counts for
/// nothing.
///
/// # Errors
/// When the database does not answer. Then nothing may be sent.
pub async fn reserve(
    app: &App,
    payer: &Payer<'_>,
    delivery: &DeliveryId,
    cost: Cost,
) -> Result<Option<Box<Over>>, StorageError> {
    let now = app.now();
    let holder = Holder::Delivery(delivery);
    let statements = store::reserve(payer, holder, cost, app.config.x.plan.quota(), now);
    let sets = app.database.batch(statements).await?;
    Ok(match store::reserved(sets, cost, now)? {
        Reserved::Unlimited | Reserved::Kept => None,
        Reserved::Over(over) => Some(over),
    })
}

/// Deletes the reservations that count no more, for the daily clean-up. May run twice.
#[must_use]
pub fn expired(now: Timestamp) -> Vec<Statement> {
    vec![store::tidy(now)]
}

/// Books what X has just given without a budget being asked: who an account is must be known to connect and to keep it.
/// What cannot be noted is in X's bill alone.
pub async fn note(app: &App, payer: &Payer<'_>, charge: Charge) {
    let x = &app.config.x;
    let paid = Paid {
        charge,
        count: 1,
        cost: charge.times(1, &x.prices),
        at: app.now(),
    };
    let book = store::book_once(payer, &paid, x.plan.quota());
    if let Err(error) = app.database.batch(book).await {
        let details = json!({ "kind": charge, "error": error.to_string() });
        app.warn("usage_not_booked", &details);
    }
}

/// Something that X is about to be asked and will charge for, other than a post.
pub struct Reading<'a> {
    app: &'a App,
    payer: Payer<'a>,
    charge: Charge,
    /// The name of its reservation, where there are limits.
    holder: Option<String>,
}

impl<'a> Reading<'a> {
    /// Reserves what it may cost at most. If the process ends after it, the reservation ends by itself in two minutes.
    ///
    /// # Errors
    /// [`BUDGET_USED_UP`](super::BUDGET_USED_UP) or [`QUOTA_USED_UP`](super::QUOTA_USED_UP), or when the database does
    /// not answer.
    pub async fn begin(
        app: &'a App,
        payer: Payer<'a>,
        charge: Charge,
        at_most: u32,
    ) -> Result<Self, Error> {
        let cost = charge.times(at_most, &app.config.x.prices);
        let (now, plan) = (app.now(), app.config.x.plan.quota());
        let name = random_token(&*app.random, 12);
        let statements = store::reserve(&payer, Holder::Reading(&name), cost, plan, now);
        let sets = app.database.batch(statements).await?;
        let holder = match store::reserved(sets, cost, now)? {
            Reserved::Unlimited => None,
            Reserved::Kept => Some(name),
            Reserved::Over(over) => return Err(refused(&over, now)),
        };
        Ok(Self {
            app,
            payer,
            charge,
            holder,
        })
    }

    /// X has answered, and charges for so many. What cannot be noted is in X's bill alone: what X said is worth more
    /// than the note. If the process ends before it, it is the same.
    pub async fn paid(self, count: u32) {
        let paid = Paid {
            charge: self.charge,
            count,
            cost: self.charge.times(count, &self.app.config.x.prices),
            at: self.app.now(),
        };
        let mut statements = Vec::new();
        if count > 0 {
            let plan = self.app.config.x.plan.quota();
            statements.extend(store::book_once(&self.payer, &paid, plan));
        }
        self.end(statements).await;
    }

    /// X did not do it, and charges nothing.
    pub async fn unpaid(self) {
        self.end(Vec::new()).await;
    }

    async fn end(self, mut statements: Vec<Statement>) {
        if let Some(holder) = &self.holder {
            let (workspace, holder) = (self.payer.workspace, Holder::Reading(holder));
            statements.push(store::release(workspace, holder));
        }
        if statements.is_empty() {
            return;
        }
        if let Err(error) = self.app.database.batch(statements).await {
            let details = json!({ "kind": self.charge, "error": error.to_string() });
            self.app.warn("usage_not_booked", &details);
        }
    }
}

fn refused(over: &Over, now: Timestamp) -> Error {
    let seconds = (over.anew_at.since(now) + SECOND_MS - 1).div_euclid(SECOND_MS);
    Error {
        retry_after_seconds: Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)),
        ..Error::new(Kind::TooMany, over.code(), over.detail(), over.remedy())
    }
}
