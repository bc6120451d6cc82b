//! The SQL of deliveries: claim and sweep; progress and settle are in `settle`.
//!
//! Every write after a claim names the claim's epoch, so that a consumer that slept through its lease cannot finish
//! the next one's run.

mod settle;

pub use settle::{
    PartOutcome, progress, progressed, settle, settled, wake_if_raised, wake_if_reconnected,
};

use super::content::{self, Options, Segment};
use super::model::{State, UncertainPolicy};
use super::pause::{self, Hold, Pause};
use super::settlement::Standing;
use crate::apps::store::{join_app, sealed_app};
use crate::budgets::{Over, Paid, Payer, Quota, store as budgets};
use crate::config::Timing;
use crate::gate::{Grant, PartKey};
use crate::ids::{AccountId, DeliveryId, PostId, WorkspaceId};
use crate::ports::{ResultSet, Statement, StorageError};
use crate::time::{Timestamp, millis, optional_millis};
use serde::Deserialize;

/// Takes the delivery if it is due and free: once per epoch, whoever asks and however often.
pub const CLAIM: &str = "UPDATE deliveries
  SET epoch = epoch + 1, lease_until = ?3, updated_at = ?4,
    state = CASE WHEN state IN ('uncertain', 'deleting') THEN state ELSE 'publishing' END
  WHERE id = ?1 AND workspace_id = ?2 AND next_attempt_at <= ?4 AND (lease_until IS NULL OR lease_until <= ?4)
    AND state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting')
  RETURNING epoch";

/// Says of a post whose time has come that it is being published, as long as that is still to be said. `?1` is the
/// delivery that was claimed, `?2` the workspace, `?3` now.
const BEGUN: &str = "UPDATE posts SET status = 'publishing', updated_at = ?3
  WHERE workspace_id = ?2 AND status = 'scheduled' AND id = (
    SELECT post_id FROM deliveries WHERE id = ?1 AND workspace_id = ?2 AND state = 'publishing')";

/// Everything that publishing needs, in one row.
pub const LOAD: &str = concat!(
    "SELECT d.workspace_id, d.id, d.post_id, d.account_id, d.state, d.epoch, d.round, d.attempts,
    d.reconciles, d.refused_looks, d.due_at, d.next_attempt_at, d.lease_until,
    coalesce(d.segments, p.segments) AS segments, p.options, w.missed_after_ms, w.uncertain_policy,
    d.created_at, a.status AS account_status, a.connected_at, a.external_id, a.handle, a.app,
    t.sealed, t.generation, t.expires_at, ",
    sealed_app!(),
    " AS sealed_app, EXISTS (SELECT 1 FROM budgets b WHERE b.measure <> 'reads'
      AND (b.workspace_id = d.workspace_id AND b.account_id IN ('', d.account_id)
        OR b.workspace_id = '' AND b.account_id = a.app)) AS limited
  FROM deliveries d
  JOIN posts p ON p.workspace_id = d.workspace_id AND p.id = d.post_id
  JOIN workspaces w ON w.id = d.workspace_id
  JOIN accounts a ON a.id = d.account_id
  LEFT JOIN account_tokens t ON t.account_id = d.account_id
  ",
    join_app!(),
    "
  WHERE d.id = ?1 AND d.workspace_id = ?2"
);

/// What became of its parts so far.
pub const PARTS: &str = "SELECT position, state, external_id FROM parts
  WHERE delivery_id = ?1 AND workspace_id = ?2 ORDER BY position";

/// A post's status, from its deliveries: a subquery over the row of `posts` in workspace `?1`.
macro_rules! post_status {
    () => {
        "SELECT CASE
      WHEN sum(state = 'draft') > 0 THEN 'draft'
      WHEN sum(state = 'in_review') > 0 THEN 'in_review'
      WHEN sum(state = 'uncertain') > 0 THEN 'uncertain'
      WHEN sum(state IN ('queued', 'publishing', 'waiting')) > 0 THEN 'publishing'
      WHEN sum(state = 'scheduled') = count(*) THEN 'scheduled'
      WHEN sum(state = 'scheduled') > 0 AND sum(state IN ('published', 'deleting')) > 0 THEN 'publishing'
      WHEN sum(state = 'scheduled') > 0 THEN 'scheduled'
      WHEN sum(state IN ('published', 'deleting')) = count(*) THEN 'published'
      WHEN sum(state IN ('published', 'deleting')) > 0 THEN 'partly_published'
      WHEN EXISTS (SELECT 1 FROM parts WHERE state = 'sent' AND delivery_id IN (
        SELECT id FROM deliveries WHERE workspace_id = ?1 AND post_id = posts.id)) THEN 'partly_published'
      WHEN sum(state = 'deleted') > 0 THEN 'deleted'
      WHEN sum(state = 'failed') > 0 THEN 'failed'
      WHEN sum(state = 'missed') > 0 THEN 'missed'
      ELSE 'canceled' END
    FROM deliveries WHERE workspace_id = ?1 AND post_id = posts.id"
    };
}
pub(crate) use post_status;

/// Brings one post's status up to date. `?1` is the workspace, `?2` the post, `?3` now.
pub const POST_STATUS: &str = concat!(
    "UPDATE posts SET updated_at = ?3, status = (",
    post_status!(),
    ") WHERE workspace_id = ?1 AND id = ?2"
);

/// What the sweep has to look at by now, `?1`. The one query that names no workspace: it serves them all, and gives
/// nothing but ids.
pub const OVERDUE: &str = "SELECT id AS delivery_id, workspace_id, account_id, next_attempt_at
  FROM deliveries
  WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting') AND sweep_at <= ?1
  ORDER BY sweep_at LIMIT ?2";

/// Notes that these were handed to the queue, so that the next sweeps leave them alone for a while.
pub const NUDGED: &str =
    "UPDATE deliveries SET sweep_at = max(coalesce(next_attempt_at, ?1), ?1) + ?2
  WHERE state IN ('scheduled', 'queued', 'publishing', 'waiting', 'uncertain', 'deleting') AND sweep_at <= ?1
    AND id IN (SELECT value FROM json_each(?3))";

/// A claimed delivery with everything that publishing needs.
#[derive(Debug, Clone, Deserialize)]
pub struct Loaded {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The delivery.
    pub id: DeliveryId,
    /// Its post.
    pub post_id: PostId,
    /// Its account.
    pub account_id: AccountId,
    /// Its state.
    pub state: State,
    /// Its newest claim.
    pub epoch: i64,
    /// Its round.
    pub round: i64,
    /// Certain refusals in this round.
    pub attempts: u32,
    /// Reads since it became uncertain.
    pub reconciles: u32,
    /// Reads that the platform refused since then.
    pub refused_looks: u32,
    /// When it was accepted.
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    /// When the post was wanted.
    #[serde(with = "millis")]
    pub due_at: Timestamp,
    /// Nothing happens before.
    #[serde(with = "optional_millis")]
    pub next_attempt_at: Option<Timestamp>,
    /// Until when somebody works on it.
    #[serde(with = "optional_millis")]
    pub lease_until: Option<Timestamp>,
    segments: String,
    options: Option<String>,
    /// How late is too late, in ms.
    pub missed_after_ms: i64,
    /// What to do when nobody can say whether a part is there.
    pub uncertain_policy: UncertainPolicy,
    account_status: String,
    /// When the account was last connected.
    #[serde(with = "millis")]
    pub connected_at: Timestamp,
    /// The account's id at the platform.
    pub external_id: String,
    /// The account's name there, without `@`.
    pub handle: String,
    /// The X app through which it is connected, by name.
    pub app: String,
    /// Whether anything limits what it may cost: not 0.
    limited: i64,
    sealed_app: Option<String>,
    sealed: Option<String>,
    generation: Option<i64>,
    #[serde(with = "optional_millis")]
    expires_at: Option<Timestamp>,
    /// Why it is only asked about, and not sent.
    #[serde(skip)]
    pub hold: Option<Hold>,
    /// The budget or quota that it does not fit into.
    #[serde(skip)]
    pub over: Option<Box<Over>>,
    /// How many posts the platform gave to whoever looked for its uncertain part, and charges for.
    #[serde(skip)]
    pub read: u32,
}

/// A part with an outcome.
#[derive(Debug, Clone, Deserialize)]
pub struct PartRow {
    /// Which, from 0.
    pub position: u32,
    /// `sent`, `refused`, `uncertain` or `deleted`.
    pub state: String,
    /// Its id at the platform, once sent.
    pub external_id: Option<String>,
}

impl Loaded {
    /// What each part should say, in order, and what is wanted beside.
    ///
    /// # Errors
    /// When the columns cannot be read, which is a bug.
    pub fn content(&self) -> Result<(Vec<Segment>, Options), StorageError> {
        let segments = content::segments(&self.segments)?;
        Ok((segments, Options::read(self.options.as_deref())?))
    }

    /// The account's tokens; `None` when it has none, or none that may be used.
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        if self.account_status != "active" {
            return None;
        }
        Some(Grant {
            account_id: self.account_id.clone(),
            workspace_id: self.workspace_id.clone(),
            sealed: self.sealed.clone()?,
            generation: self.generation?,
            expires_at: self.expires_at?,
            app: self.sealed_app.clone(),
        })
    }

    /// What a progress has changed: the rest is sent, under a lease until `lease_until`, if the account still allows it.
    pub fn progressed(&mut self, lease_until: Timestamp, account_status: String) {
        self.state = State::Publishing;
        self.lease_until = Some(lease_until);
        self.account_status = account_status;
        self.attempts = 0;
        self.reconciles = 0;
        self.refused_looks = 0;
        self.read = 0;
    }

    /// Who pays for it.
    #[must_use]
    pub fn payer(&self) -> Payer<'_> {
        Payer {
            workspace: &self.workspace_id,
            account: Some(&self.account_id),
            app: &self.app,
        }
    }

    /// Whether there is a budget or quota for what it costs.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limited != 0
    }

    /// Where it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        Standing {
            attempts: self.attempts,
            reconciles: self.reconciles,
            refused_looks: self.refused_looks,
            round: self.round,
        }
    }

    /// Whether its account was unlinked.
    #[must_use]
    pub fn is_unlinked(&self) -> bool {
        self.account_status == "unlinked"
    }

    /// The key of one of its parts.
    #[must_use]
    pub fn part(&self, position: u32) -> PartKey {
        PartKey {
            delivery_id: self.id.clone(),
            position,
        }
    }
}

/// The claim: one batch.
#[must_use]
pub fn claim(
    workspace: &WorkspaceId,
    delivery: &DeliveryId,
    now: Timestamp,
    timing: &Timing,
) -> Vec<Statement> {
    vec![
        Statement::new(CLAIM)
            .bind(delivery)
            .bind(workspace)
            .bind(now.plus_ms(timing.lease_ms))
            .bind(now),
        Statement::new(LOAD).bind(delivery).bind(workspace),
        Statement::new(PARTS).bind(delivery).bind(workspace),
        pause::look_for(workspace, delivery),
        Statement::new(BEGUN)
            .bind(delivery)
            .bind(workspace)
            .bind(now),
    ]
}

/// Renews the lease of a claim that does something else than sending a part. Gives a row if the claim still holds.
const RENEW: &str = "UPDATE deliveries SET lease_until = ?4, updated_at = ?5
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3 AND state IN ('publishing', 'uncertain') AND lease_until IS NOT NULL
  RETURNING id";

/// Renews the lease of a claim.
#[must_use]
pub fn renew(delivery: &Loaded, until: Timestamp, now: Timestamp) -> Statement {
    Statement::new(RENEW)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(until)
        .bind(now)
}

// What was refused until here was about the parts until here.
const GOES_ON: &str = "UPDATE deliveries SET lease_until = ?4, updated_at = ?5, attempts = 0
  WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3 AND state = 'deleting' AND lease_until IS NOT NULL
  RETURNING id";

/// Notes a part that is gone.
const DELETED: &str = "UPDATE parts SET state = 'deleted'
  WHERE delivery_id = ?1 AND workspace_id = ?2 AND position = ?4 AND state = 'sent'
    AND EXISTS (SELECT 1 FROM deliveries WHERE id = ?1 AND workspace_id = ?2 AND epoch = ?3)";

/// A part is deleted at the platform: what was paid for that, its row, and the lease for the next, together. The first
/// statement gives a row only if the claim still holds.
#[must_use]
pub fn deleted(
    delivery: &Loaded,
    position: u32,
    paid: Option<&Paid>,
    plan: Quota,
    lease_until: Timestamp,
    now: Timestamp,
) -> Vec<Statement> {
    let goes_on = Statement::new(GOES_ON)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(lease_until)
        .bind(now);
    let part = Statement::new(DELETED)
        .bind(&delivery.id)
        .bind(&delivery.workspace_id)
        .bind(delivery.epoch)
        .bind(position);
    let (id, epoch, payer) = (&delivery.id, delivery.epoch, delivery.payer());
    let book = |paid| budgets::book_deleted(&payer, id, epoch, position, paid, plan);
    // The part's row says whether it has been booked.
    std::iter::once(goes_on)
        .chain(paid.into_iter().flat_map(book))
        .chain(std::iter::once(part))
        .collect()
}

/// The same look at a delivery, for whoever does not work on it.
#[must_use]
pub fn look(workspace: &WorkspaceId, delivery: &DeliveryId) -> Vec<Statement> {
    [LOAD, PARTS]
        .map(|sql| Statement::new(sql).bind(delivery).bind(workspace))
        .into()
}

/// Reads the results of [`look`].
///
/// # Errors
/// When a row does not fit.
pub fn looked(results: Vec<ResultSet>) -> Result<Option<(Loaded, Vec<PartRow>)>, StorageError> {
    let mut results = results.into_iter();
    let mut next = || results.next().unwrap_or_default();
    match next().first()? {
        Some(delivery) => Ok(Some((delivery, next().all()?))),
        None => Ok(None),
    }
}

/// What a claim gave.
pub struct Claim {
    /// Whether it is ours now.
    pub taken: bool,
    /// The delivery as it stands; `None` when there is none of that id.
    pub delivery: Option<Loaded>,
    /// Its parts that have an outcome.
    pub parts: Vec<PartRow>,
    /// The pause of its app, if it is paused.
    pub pause: Option<Pause>,
}

/// Reads the results of [`claim`].
///
/// # Errors
/// When a row does not fit.
pub fn claimed(results: Vec<ResultSet>) -> Result<Claim, StorageError> {
    let mut results = results.into_iter();
    let mut next = || results.next().unwrap_or_default();
    Ok(Claim {
        taken: !next().rows.is_empty(),
        delivery: next().first()?,
        parts: next().all()?,
        pause: next().first()?,
    })
}
