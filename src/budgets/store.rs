//! The SQL of budgets: asking whether something fits, reserving, and booking what was paid for. What is shown and set is
//! in `views`.

pub mod views;

use super::model::{Charge, Cost, Over, Period, Standing};
use super::plans::Quota;
use crate::ids::{AccountId, DeliveryId, MediaId, WorkspaceId};
use crate::platforms::x::app::INSTALLATION;
use crate::ports::{ResultSet, Statement, StorageError};
use crate::time::{MINUTE_MS, Timestamp};

/// How long after it was reserved something may still be sent, in ms: what is reserved just before midnight counts for the
/// next day as well. Longer than the longest lease (`LEASE_SECONDS`) and a call.
const MARGIN_MS: i64 = 20 * MINUTE_MS;

/// How long a reading may take, in ms.
const READING_MS: i64 = 2 * MINUTE_MS;

/// Who is about to pay.
#[derive(Clone, Copy)]
pub struct Payer<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceId,
    /// The account; `None` where the app itself asks.
    pub account: Option<&'a AccountId>,
    /// The X app, by name.
    pub app: &'a str,
}

impl Payer<'_> {
    fn account(&self) -> &str {
        self.account.map_or("", AccountId::as_str)
    }

    /// The quota of the app's plan, where the operator knows it.
    fn quota(&self, plan: Quota) -> Quota {
        if self.app == INSTALLATION {
            plan
        } else {
            Quota::default()
        }
    }
}

// What others are about to use of the limit `b`. What a delivery reserved counts while it may send by it.
macro_rules! reserved {
    ($whose:literal) => {
        concat!(
            "(SELECT coalesce(sum(CASE b.measure WHEN 'usd' THEN r.micros WHEN 'posts' THEN r.posts ELSE r.reads END), 0)
      FROM reservations r WHERE ", $whose, "
        AND NOT (r.workspace_id = ?1 AND r.holder = ?2)
        AND r.made_at >= CASE b.period WHEN 'day' THEN ?8 ELSE ?9 END
        AND (r.ends_at > ?5 OR r.ends_at IS NULL AND EXISTS (
          SELECT 1 FROM deliveries d WHERE d.id = r.holder AND d.workspace_id = r.workspace_id
            AND d.state IN ('queued', 'publishing', 'uncertain'))))"
        )
    };
}

// The limits that bind workspace ?1, account ?3 and app ?4 at ?5. ?2 is who asks, ?6 and ?7 the first days of the
// periods, ?8 and ?9 what reservations count in them, ?10 and ?11 the quota of the app.
macro_rules! standings {
    ($which:literal) => {
        concat!(
            "SELECT b.workspace_id, b.account_id, b.measure, b.period,
    CASE WHEN b.workspace_id <> '' THEN b.amount
      WHEN b.measure = 'posts' THEN CAST(?10 AS INTEGER) ELSE CAST(?11 AS INTEGER) END AS amount,
    CASE WHEN b.began_on >= CASE b.period WHEN 'day' THEN ?6 ELSE ?7 END THEN b.used ELSE 0 END AS used,
    CASE b.workspace_id WHEN '' THEN ",
            reserved!("r.app = ?4"),
            " ELSE ",
            reserved!("r.workspace_id = ?1 AND (b.account_id = '' OR r.account_id = b.account_id)"),
            " END AS reserved
  FROM budgets b WHERE (", $which, ")
    AND (b.workspace_id <> '' OR CASE b.measure WHEN 'posts' THEN ?10 ELSE ?11 END IS NOT NULL)"
        )
    };
}

// `OR` between two ranges of the key: both are read by it.
macro_rules! binding {
    () => {
        standings!(
            "b.workspace_id = ?1 AND b.account_id IN ('', ?3) OR b.workspace_id = '' AND b.account_id = ?4"
        )
    };
}

const STANDINGS: &str = binding!();

const ALL: &str = concat!(
    standings!("b.workspace_id = ?1 AND ?3 = '' OR b.workspace_id = '' AND b.account_id = ?4"),
    " ORDER BY b.workspace_id = '', b.account_id, b.measure DESC, b.period LIMIT 1000"
);

const RESERVE: &str = concat!(
    "WITH standing AS (", binding!(), ")
  INSERT INTO reservations (workspace_id, holder, account_id, app, micros, posts, reads, made_at, ends_at)
  SELECT ?1, ?2, ?3, ?4, ?12, ?13, ?14, ?5, ?15
  WHERE EXISTS (SELECT 1 FROM standing) AND NOT EXISTS (
    SELECT 1 FROM standing
    WHERE CASE measure WHEN 'usd' THEN ?12 WHEN 'posts' THEN ?13 ELSE ?14 END > 0
      AND used + reserved + CASE measure WHEN 'usd' THEN ?12 WHEN 'posts' THEN ?13 ELSE ?14 END > amount)
  ON CONFLICT (workspace_id, holder) DO UPDATE SET micros = excluded.micros, posts = excluded.posts,
    reads = excluded.reads, made_at = excluded.made_at, ends_at = excluded.ends_at
  RETURNING holder"
);

/// Who holds a reservation.
#[derive(Clone, Copy)]
pub enum Holder<'a> {
    /// A delivery. A later reservation of it takes the place of the one before.
    Delivery(&'a DeliveryId),
    /// One reading, by a name of its own.
    Reading(&'a str),
}

impl Holder<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Delivery(id) => id.as_str(),
            Self::Reading(name) => name,
        }
    }
}

/// A look at the limits that bind a payer, without what `holder` reserved.
#[must_use]
pub fn standings(
    payer: &Payer<'_>,
    holder: Option<Holder<'_>>,
    plan: Quota,
    now: Timestamp,
) -> Statement {
    of_standings(STANDINGS, payer, holder, plan, now)
}

/// A look at all limits of a workspace and its accounts, and of the app; the first 1,000.
#[must_use]
pub fn all(payer: &Payer<'_>, plan: Quota, now: Timestamp) -> Statement {
    of_standings(ALL, payer, None, plan, now)
}

fn of_standings(
    sql: &'static str,
    payer: &Payer<'_>,
    holder: Option<Holder<'_>>,
    plan: Quota,
    now: Timestamp,
) -> Statement {
    let (day, month) = (Period::Day.start(now), Period::Month.start(now));
    let quota = payer.quota(plan);
    Statement::new(sql)
        .bind(payer.workspace)
        .bind(holder.as_ref().map_or("", Holder::name))
        .bind(payer.account())
        .bind(payer.app)
        .bind(now)
        .bind(day.day())
        .bind(month.day())
        .bind(day.plus_ms(-MARGIN_MS))
        .bind(month.plus_ms(-MARGIN_MS))
        .bind(quota.posts)
        .bind(quota.reads)
}

/// Reserves what something costs, if there are limits and it fits into all of them: one batch. What the same holder
/// reserved before is replaced, so that a repeat reserves nothing twice. Read the answer with [`reserved()`].
#[must_use]
pub fn reserve(
    payer: &Payer<'_>,
    holder: Holder<'_>,
    cost: Cost,
    plan: Quota,
    now: Timestamp,
) -> Vec<Statement> {
    let ends_at = match holder {
        Holder::Delivery(_) => None,
        Holder::Reading(_) => Some(now.plus_ms(READING_MS)),
    };
    let reserve = of_standings(RESERVE, payer, Some(holder), plan, now)
        .bind(cost.money.as_micros())
        .bind(cost.posts)
        .bind(cost.reads)
        .bind(ends_at);
    vec![standings(payer, Some(holder), plan, now), reserve]
}

/// What came of a reservation.
pub enum Reserved {
    /// Nothing limits this.
    Unlimited,
    /// It fits, and is kept for the holder.
    Kept,
    /// It does not fit.
    Over(Box<Over>),
}

/// Reads the results of [`reserve`].
///
/// # Errors
/// When a row does not fit.
pub fn reserved(
    sets: Vec<ResultSet>,
    cost: Cost,
    now: Timestamp,
) -> Result<Reserved, StorageError> {
    let mut sets = sets.into_iter();
    let standings: Vec<Standing> = sets.next().unwrap_or_default().all()?;
    if sets.next().is_some_and(|kept| !kept.rows.is_empty()) {
        return Ok(Reserved::Kept);
    }
    if standings.is_empty() {
        return Ok(Reserved::Unlimited);
    }
    Over::of(standings, cost, now)
        .map(|over| Reserved::Over(Box::new(over)))
        .ok_or_else(|| StorageError::Failed("a cost that fits was not reserved".to_owned()))
}

const RELEASE: &str = "DELETE FROM reservations WHERE workspace_id = ?1 AND holder = ?2";

/// Gives back what a reading reserved.
#[must_use]
pub fn release(workspace: &WorkspaceId, holder: Holder<'_>) -> Statement {
    Statement::new(RELEASE).bind(workspace).bind(holder.name())
}

const RELEASE_SETTLED: &str = "DELETE FROM reservations WHERE workspace_id = ?1 AND holder = ?2
  AND EXISTS (SELECT 1 FROM deliveries WHERE id = ?2 AND workspace_id = ?1 AND epoch = ?3
    AND state NOT IN ('queued', 'publishing', 'uncertain'))";

/// Gives back what a delivery reserved, after the settlement that says that it needs it no more. Changes nothing when
/// the claim of this epoch does not hold any more.
#[must_use]
pub fn release_settled(workspace: &WorkspaceId, delivery: &DeliveryId, epoch: i64) -> Statement {
    Statement::new(RELEASE_SETTLED)
        .bind(workspace)
        .bind(delivery)
        .bind(epoch)
}

const TIDY: &str = "DELETE FROM reservations WHERE ends_at <= ?1 OR ends_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM deliveries d WHERE d.id = reservations.holder AND d.workspace_id = reservations.workspace_id
    AND d.state IN ('queued', 'publishing', 'uncertain'))";

/// Forgets what counts no more. Serves all workspaces.
#[must_use]
pub fn tidy(now: Timestamp) -> Statement {
    Statement::new(TIDY).bind(now)
}

// ?1 is the workspace, ?2 the account, ?3 to ?5 belong to the condition under which it is booked.
macro_rules! booking {
    ($condition:literal) => {
        [
            concat!(
                "INSERT INTO usage (workspace_id, account_id, day, kind, count, micros)
  SELECT ?1, ?2, ?6, ?8, ?9, ?10 WHERE ", $condition, "
  ON CONFLICT (workspace_id, day, account_id, kind) DO UPDATE
    SET count = count + excluded.count, micros = micros + excluded.micros"
            ),
            concat!(
                "UPDATE budgets SET
    used = CASE began_on WHEN CASE period WHEN 'day' THEN ?6 ELSE ?7 END THEN used ELSE 0 END
      + CASE measure WHEN 'usd' THEN ?8 WHEN 'posts' THEN ?9 ELSE ?10 END,
    began_on = CASE period WHEN 'day' THEN ?6 ELSE ?7 END
  WHERE workspace_id = ?1 AND account_id IN ('', ?2) AND began_on <= CASE period WHEN 'day' THEN ?6 ELSE ?7 END
    AND CASE measure WHEN 'usd' THEN ?8 WHEN 'posts' THEN ?9 ELSE ?10 END > 0
    AND ", $condition
            ),
            concat!(
                "INSERT INTO budgets (workspace_id, account_id, measure, period, amount, used, began_on)
  SELECT '', ?8, ?9, 'month', 0, ?10, ?7 WHERE ", $condition, "
  ON CONFLICT (workspace_id, account_id, measure, period) DO UPDATE
    SET used = CASE began_on WHEN excluded.began_on THEN used ELSE 0 END + excluded.used, began_on = excluded.began_on
    WHERE began_on <= excluded.began_on"
            ),
        ]
    };
}

const BOOK: [&str; 3] = booking!("?3 IS NULL AND ?4 IS NULL AND ?5 IS NULL");

// As the part's row itself is written: by the claim that holds, and once.
const BOOK_PART: [&str; 3] = booking!(
    "EXISTS (SELECT 1 FROM deliveries WHERE id = ?3 AND workspace_id = ?1 AND epoch = ?4)
    AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery_id = ?3 AND workspace_id = ?1 AND position = ?5
      AND state IN ('sent', 'deleted'))"
);

// As the part's row is marked: by the claim that holds, and once.
const BOOK_DELETED: [&str; 3] = booking!(
    "EXISTS (SELECT 1 FROM deliveries WHERE id = ?3 AND workspace_id = ?1 AND epoch = ?4)
    AND EXISTS (SELECT 1 FROM parts WHERE delivery_id = ?3 AND workspace_id = ?1 AND position = ?5
      AND state = 'sent')"
);

// Before the settlement, which ends the lease.
const BOOK_LOOKS: [&str; 3] = booking!(
    "EXISTS (SELECT 1 FROM deliveries WHERE id = ?3 AND workspace_id = ?1 AND epoch = ?4 AND lease_until IS NOT NULL)
    AND ?5 IS NULL"
);

// Before the row of the upload says that X has it whole, or its alt text: by the claim that holds it.
const BOOK_MEDIA: [&str; 3] = booking!(
    "EXISTS (SELECT 1 FROM media_uploads WHERE media_id = ?3 AND account_id = ?2 AND workspace_id = ?1 AND holder = ?4
      AND CASE ?5 WHEN 'media_upload' THEN state = 'uploading' ELSE labeled = 0 END)"
);

/// What has been paid for, how often, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// What.
    pub charge: Charge,
    /// How many.
    pub count: u32,
    /// What they cost.
    pub cost: Cost,
    /// When.
    pub at: Timestamp,
}

fn book(
    [usage, budgets, quotas]: [&'static str; 3],
    payer: &Payer<'_>,
    paid: &Paid,
    plan: Quota,
    condition: impl Fn(Statement) -> Statement,
) -> Vec<Statement> {
    let Cost {
        money,
        posts,
        reads,
    } = paid.cost;
    let of = |sql| {
        let statement = Statement::new(sql)
            .bind(payer.workspace)
            .bind(payer.account());
        condition(statement)
            .bind(Period::Day.start(paid.at).day())
            .bind(Period::Month.start(paid.at).day())
    };
    let mut statements = vec![
        of(usage)
            .bind(paid.charge.as_str())
            .bind(paid.count)
            .bind(money.as_micros()),
        of(budgets).bind(money.as_micros()).bind(posts).bind(reads),
    ];
    let quota = payer.quota(plan);
    for (measure, quota, used) in [("posts", quota.posts, posts), ("reads", quota.reads, reads)] {
        if quota.is_some() && used > 0 {
            statements.push(of(quotas).bind(payer.app).bind(measure).bind(used));
        }
    }
    statements
}

/// Books what was read or done. A repeat books it twice.
#[must_use]
pub fn book_once(payer: &Payer<'_>, paid: &Paid, plan: Quota) -> Vec<Statement> {
    let nothing = || Option::<i64>::None;
    book(BOOK, payer, paid, plan, |statement| {
        statement.bind(nothing()).bind(nothing()).bind(nothing())
    })
}

/// Books a part that is on the platform: before its row is written in the same batch, which is what makes a repeat book
/// nothing.
#[must_use]
pub fn book_part(
    payer: &Payer<'_>,
    delivery: &DeliveryId,
    epoch: i64,
    position: u32,
    paid: &Paid,
    plan: Quota,
) -> Vec<Statement> {
    book(
        BOOK_PART,
        payer,
        paid,
        plan,
        of_part(delivery, epoch, position),
    )
}

/// Books that a part was deleted: before its row says so in the same batch, which is what makes a repeat book nothing.
#[must_use]
pub fn book_deleted(
    payer: &Payer<'_>,
    delivery: &DeliveryId,
    epoch: i64,
    position: u32,
    paid: &Paid,
    plan: Quota,
) -> Vec<Statement> {
    book(
        BOOK_DELETED,
        payer,
        paid,
        plan,
        of_part(delivery, epoch, position),
    )
}

/// Binds what names a part under a claim.
fn of_part(
    delivery: &DeliveryId,
    epoch: i64,
    position: u32,
) -> impl Fn(Statement) -> Statement + use<'_> {
    move |statement| statement.bind(delivery).bind(epoch).bind(position)
}

/// Books what was read to look for an uncertain part: before the settlement in the same batch, whose end of the lease is
/// what makes a repeat book nothing.
#[must_use]
pub fn book_looks(
    payer: &Payer<'_>,
    delivery: &DeliveryId,
    epoch: i64,
    paid: &Paid,
    plan: Quota,
) -> Vec<Statement> {
    book(BOOK_LOOKS, payer, paid, plan, |statement| {
        let nothing = Option::<i64>::None;
        statement.bind(delivery).bind(epoch).bind(nothing)
    })
}

/// Books an upload or its alt text: before that is noted in the same batch, which is what makes a repeat book nothing.
#[must_use]
pub fn book_media(
    payer: &Payer<'_>,
    media: &MediaId,
    holder: &str,
    paid: &Paid,
    plan: Quota,
) -> Vec<Statement> {
    book(BOOK_MEDIA, payer, paid, plan, |statement| {
        let charge = paid.charge.as_str();
        statement.bind(media).bind(holder).bind(charge)
    })
}
