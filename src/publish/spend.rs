//! What a delivery costs: reserved before its next part may be sent, booked with the row that says that it was.

use super::content::Segment;
use super::model::State;
use super::store::Loaded;
use crate::app::App;
use crate::budgets::{self, BUDGET_USED_UP, Charge, Cost, Paid, Prices, QUOTA_USED_UP};
use crate::gate::{GateReply, ReconcileAnswer};
use crate::platforms::NotSent;
use crate::ports::StorageError;
use crate::text;
use crate::time::Timestamp;
use serde_json::json;

/// What each part of a delivery is charged for.
pub struct Bill(Vec<Item>);

struct Item {
    charge: Charge,
    media: u32,
}

impl Bill {
    /// What these parts will be charged for.
    pub fn of(segments: &[Segment]) -> Self {
        let item = |segment: &Segment| {
            let measured = text::measure(&segment.text);
            let has_url = !text::entities(&measured.text).urls.is_empty();
            Item {
                charge: Charge::of_post(has_url),
                media: u32::try_from(segment.media.len()).unwrap_or(u32::MAX),
            }
        };
        Self(segments.iter().map(item).collect())
    }

    /// What is booked of a part that is on the platform since `at`.
    pub fn paid(&self, position: u32, at: Timestamp, prices: &Prices) -> Option<Paid> {
        let item = self.0.get(usize::try_from(position).ok()?)?;
        Some(Paid {
            charge: item.charge,
            count: 1,
            cost: item.charge.times(1, prices),
            at,
        })
    }

    /// What the rest costs at most, from a part on whose media are at the platform unless they are `missing`. Whether
    /// media have alt texts is not known here.
    fn rest(&self, position: u32, missing: bool, prices: &Prices) -> Cost {
        let skipped = usize::try_from(position).unwrap_or(usize::MAX);
        let rest = self.0.iter().enumerate().skip(skipped);
        let costs = rest.map(|(index, item)| {
            let post = item.charge.times(1, prices);
            if index == skipped && !missing {
                return post;
            }
            post + Charge::MediaUpload.times(item.media, prices)
                + Charge::MediaMetadata.times(item.media, prices)
        });
        costs.sum()
    }
}

/// Reserves what the rest of a delivery costs, beginning with the part that is next, so that a thread which has begun
/// comes to its end, unless it has to wait for something else in between; `missing` says that this part's media are not at the platform yet. Notes the limit that it does not
/// fit into. Where nothing is limited, or nothing is sent, the database is not asked.
///
/// # Errors
/// When the database does not answer. Then nothing may be sent.
pub async fn reserve(
    app: &App,
    delivery: &mut Loaded,
    bill: &Bill,
    position: u32,
    missing: bool,
) -> Result<(), StorageError> {
    delivery.over = None;
    if !delivery.is_limited() || delivery.state == State::Uncertain || delivery.hold.is_some() {
        return Ok(());
    }
    let cost = bill.rest(position, missing, &app.config.x.prices);
    match budgets::reserve(app, &delivery.payer(), &delivery.id, cost).await {
        Ok(over) => {
            delivery.over = over;
            Ok(())
        }
        Err(error) => {
            app.warn(
                "not_reserved",
                &json!({ "delivery": delivery.id, "error": error.to_string() }),
            );
            Err(error)
        }
    }
}

/// What is booked of a part that was deleted at `at`.
pub fn deletion(prices: &Prices, at: Timestamp) -> Paid {
    let charge = Charge::PostDelete;
    Paid {
        charge,
        count: 1,
        cost: charge.times(1, prices),
        at,
    }
}

/// What was read to look for an uncertain part. No budget stops a look: it is what keeps a post from being sent twice.
pub const fn read(reply: &GateReply) -> u32 {
    match reply {
        GateReply::Reconcile(
            ReconcileAnswer::Found { read, .. } | ReconcileAnswer::NotFound { read, .. },
        ) => *read,
        _ => 0,
    }
}

/// Whether this refusal is a limit's.
pub fn is_over(reason: &NotSent) -> bool {
    [BUDGET_USED_UP, QUOTA_USED_UP].contains(&&*reason.code)
}
