//! What a claim writes: the progress of a thread, and the settlement that ends the claim.
//!
//! Both are one batch whose first statement gives a row only if the claim still holds.

use super::super::model::{Attempt, State};
use super::super::settlement::Settlement;
use super::{Loaded, POST_STATUS};
use crate::budgets::{Charge, Over, Paid, Quota, store as budgets};
use crate::config::XConfig;
use crate::gate::{GateReply, SendAnswer};
use crate::platforms::Class;
use crate::ports::{ResultSet, Statement, StorageError};
use crate::time::Timestamp;
use serde::Deserialize;

// What was refused or looked for until here was about the parts until here. A late repeat of it, after the claim was
// given back, finds no lease and changes nothing.
const PROGRESS: &str = "UPDATE deliveries
  SET state = 'publishing', lease_until = ?4, updated_at = ?5, attempts = 0, reconciles = 0, refused_looks = 0,
    reason = NULL, detail = NULL, remedy = NULL, upstream = NULL
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3 AND state IN ('publishing', 'uncertain')
    AND lease_until IS NOT NULL
  RETURNING (SELECT status FROM accounts WHERE id = deliveries.account_id AND workspace_id = ?2) AS account_status";

// json_remove keeps the log bounded: a delivery that waits for weeks must not grow with it.
const SETTLE: &str = "UPDATE deliveries
  SET state = ?4, reason = ?5, detail = ?6, remedy = ?7, upstream = ?8, next_attempt_at = ?9, sweep_at = ?10,
    attempts = ?11, reconciles = ?12, round = ?13,
    published_at = CASE state WHEN 'deleting' THEN published_at ELSE ?14 END, updated_at = ?15, lease_until = NULL, paused_app = ?17, refused_looks = ?18,
    attempt_log = json_insert(
      CASE WHEN json_array_length(attempt_log) < 50 THEN attempt_log ELSE json_remove(attempt_log, '$[0]') END,
      '$[#]', json(?16))
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3 AND state IN ('publishing', 'uncertain', 'deleting')
  RETURNING id";

const SETTLE_PART: &str =
    "INSERT INTO parts (delivery_id, position, workspace_id, state, external_id, sent_at)
  SELECT ?1, ?4, ?2, ?5, ?6, ?7
  WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3)
  ON CONFLICT (delivery_id, position) DO UPDATE
    SET state = excluded.state, external_id = excluded.external_id, sent_at = excluded.sent_at
    WHERE parts.state = 'refused' OR excluded.state <> 'refused' AND parts.state NOT IN ('sent', 'deleted')";

// The connecting woke what was waiting then; this one was being worked on.
const WAKE_IF_RECONNECTED: &str = "UPDATE deliveries SET next_attempt_at = ?3, sweep_at = ?3
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?4 AND next_attempt_at IS NOT NULL
    AND state IN ('waiting', 'uncertain', 'deleting') AND EXISTS (
      SELECT 1 FROM accounts WHERE id = deliveries.account_id AND workspace_id = ?2 AND status = 'active'
        AND connected_at <> ?5)";

/// For the end of a settlement that says that the account must be connected again: if it has been, meanwhile, the
/// delivery is due at once.
#[must_use]
pub fn wake_if_reconnected(delivery: &Loaded, now: Timestamp) -> Statement {
    Statement::new(WAKE_IF_RECONNECTED)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(now)
        .bind(delivery.epoch)
        .bind(delivery.connected_at)
}

// It was raised or removed while the delivery was being put off.
const WAKE_IF_RAISED: &str = "UPDATE deliveries SET next_attempt_at = ?3, sweep_at = ?3
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?4 AND state = 'waiting' AND ?5 <> '' AND NOT EXISTS (
    SELECT 1 FROM budgets WHERE workspace_id = ?5 AND account_id = ?6 AND measure = ?7 AND period = ?8 AND amount <= ?9)";

/// For the end of a settlement that waits for a limit: if that has been raised meanwhile, the delivery is due at once.
#[must_use]
pub fn wake_if_raised(delivery: &Loaded, over: &Over, now: Timestamp) -> Statement {
    let limit = &over.standing;
    Statement::new(WAKE_IF_RAISED)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(now)
        .bind(delivery.epoch)
        .bind(&*limit.workspace_id)
        .bind(&*limit.account_id)
        .bind(limit.measure.as_str())
        .bind(limit.period.as_str())
        .bind(limit.amount)
}

/// A part's outcome, to be written with the settlement.
#[derive(Debug, Clone)]
pub struct PartOutcome {
    /// Which, from 0.
    pub position: u32,
    /// `sent`, `refused` or `uncertain`.
    pub state: &'static str,
    /// Its id at the platform, once sent.
    pub external_id: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// What was paid for it, once sent.
    pub paid: Option<Paid>,
}

impl PartOutcome {
    /// The part is on the platform.
    #[must_use]
    pub fn sent(position: u32, external_id: &str, at: Timestamp, paid: Option<Paid>) -> Self {
        Self {
            position,
            state: "sent",
            external_id: Some(external_id.to_owned()),
            sent_at: Some(at),
            paid,
        }
    }

    /// What an answer says of a part that is not there, or not known to be; `None` when it is simply still to be sent.
    #[must_use]
    pub fn of(position: u32, reply: &GateReply) -> Option<Self> {
        let state = match reply {
            GateReply::Send(SendAnswer::Uncertain { .. }) => "uncertain",
            GateReply::Send(SendAnswer::Refused(reason)) if reason.class == Class::Permanent => {
                "refused"
            }
            _ => return None,
        };
        Some(Self {
            position,
            state,
            external_id: None,
            sent_at: None,
            paid: None,
        })
    }
}

/// The progress of a thread: a part is on the platform, and its row and a lease for the next one are written together.
/// Read the answer with [`progressed`].
#[must_use]
pub fn progress(
    delivery: &Loaded,
    part: &PartOutcome,
    lease_until: Timestamp,
    x: &XConfig,
    now: Timestamp,
) -> Vec<Statement> {
    let renew = Statement::new(PROGRESS)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(lease_until)
        .bind(now);
    let mut statements = vec![renew];
    let (id, epoch, payer, plan) = (
        &delivery.id,
        delivery.epoch,
        delivery.payer(),
        x.plan.quota(),
    );
    let read = looked(delivery, x, now);
    let book = |read: Paid| budgets::book_part(&payer, id, epoch, part.position, &read, plan);
    statements.extend(read.into_iter().flat_map(book));
    statements.extend(settle_part(delivery, part, plan));
    // The post's status does not tell parts apart, but a doubt.
    if delivery.state == State::Uncertain {
        statements.push(post_status(delivery, now));
    }
    statements
}

/// The account's status, which may have changed since the claim; `None` when the claim does not hold any more.
///
/// # Errors
/// When a row does not fit.
pub fn progressed(sets: Vec<ResultSet>) -> Result<Option<String>, StorageError> {
    #[derive(Deserialize)]
    struct Renewed {
        account_status: String,
    }
    let renewed: Option<Renewed> = sets.into_iter().next().unwrap_or_default().first()?;
    Ok(renewed.map(|row| row.account_status))
}

// What was paid is booked first: the part's row says whether it has been.
fn settle_part(delivery: &Loaded, part: &PartOutcome, plan: Quota) -> Vec<Statement> {
    let (id, epoch, payer) = (&delivery.id, delivery.epoch, delivery.payer());
    let book = |paid: &Paid| budgets::book_part(&payer, id, epoch, part.position, paid, plan);
    let mut statements: Vec<Statement> = part.paid.iter().flat_map(book).collect();
    let row = Statement::new(SETTLE_PART)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(part.position)
        .bind(part.state)
        .bind(part.external_id.clone())
        .bind(part.sent_at);
    statements.push(row);
    statements
}

fn post_status(delivery: &Loaded, now: Timestamp) -> Statement {
    Statement::new(POST_STATUS)
        .bind(&delivery.workspace_id)
        .bind(&delivery.post_id)
        .bind(now)
}

/// What was read to look for an uncertain part.
fn looked(delivery: &Loaded, x: &XConfig, now: Timestamp) -> Option<Paid> {
    let (charge, count) = (Charge::PostRead, delivery.read);
    (count > 0).then(|| Paid {
        charge,
        count,
        cost: charge.times(count, &x.prices),
        at: now,
    })
}

/// Whether the batch of [`settle`] found its claim.
#[must_use]
pub fn settled(sets: &[ResultSet]) -> bool {
    // What comes before it, and after it up to the part's row, gives no rows.
    sets.iter().any(|set| !set.rows.is_empty())
}

/// The settle: one batch. One statement gives a row, and only if the claim still holds; the others change nothing if it
/// does not.
#[must_use]
pub fn settle(
    delivery: &Loaded,
    settlement: &Settlement,
    parts: &[PartOutcome],
    sweep_at: Option<Timestamp>,
    x: &XConfig,
    now: Timestamp,
) -> Vec<Statement> {
    let reason = settlement.reason.as_ref();
    let attempt = Attempt {
        at: now,
        state: settlement.state,
        code: reason.map(|reason| reason.code.clone()),
        detail: reason.map(|reason| reason.detail.clone()),
    };
    let settle = Statement::new(SETTLE)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(settlement.state.as_str())
        .bind(reason.map(|reason| reason.code.clone()))
        .bind(reason.map(|reason| reason.detail.clone()))
        .bind(reason.map(|reason| reason.remedy.clone()))
        .bind(reason.and_then(|reason| reason.upstream.clone()))
        .bind(settlement.next_attempt_at)
        .bind(sweep_at)
        .bind(settlement.attempts)
        .bind(settlement.reconciles)
        .bind(settlement.round)
        .bind(settlement.published_at)
        .bind(now)
        .bind(serde_json::to_string(&attempt).unwrap_or_else(|_| "null".to_owned()))
        .bind(settlement.paused.then_some(&*delivery.app))
        .bind(settlement.refused_looks);
    let (workspace, id, plan) = (&delivery.workspace_id, &delivery.id, x.plan.quota());
    let book = |read: Paid| budgets::book_looks(&delivery.payer(), id, delivery.epoch, &read, plan);
    let release = || budgets::release_settled(workspace, id, delivery.epoch);
    looked(delivery, x, now)
        .into_iter()
        .flat_map(book)
        .chain(std::iter::once(settle))
        .chain(
            parts
                .iter()
                .flat_map(|part| settle_part(delivery, part, plan)),
        )
        .chain(std::iter::once(post_status(delivery, now)))
        .chain(delivery.is_limited().then(release))
        .collect()
}
