//! Setting limits and showing them.

use super::model::{Measure, Period, Scope, Standing};
use super::prices::Usd;
use super::store::views::{self, Change, Wanted};
use super::store::{self, Payer};
use crate::accounts::Asker;
use crate::app::App;
use crate::apps;
use crate::error::{Error, FieldError};
use crate::identity::Caller;
use crate::ids::{AccountId, AuditId, WorkspaceId};
use crate::platforms::x::app::INSTALLATION;
use crate::ports::{ResultSet, Statement};
use crate::publish;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest quota: more than X would ever take.
const COUNT_MAX: u32 = 1_000_000_000;

/// How many messages a queue takes in one call (<https://developers.cloudflare.com/queues/platform/limits/>).
const NUDGED_MAX: usize = 100;

/// The limits that are to be; all of them: what is left out or null is unlimited.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Dollars in a day, which begins at midnight of UTC. 0 stops everything that X charges for, except deletes.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub usd_per_day: Option<f64>,
    /// Dollars in a calendar month.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub usd_per_month: Option<f64>,
    /// Posts in a day; each part of a thread is one.
    #[serde(default)]
    #[schemars(range(max = COUNT_MAX))]
    pub posts_per_day: Option<u32>,
    /// Posts in a calendar month.
    #[serde(default)]
    #[schemars(range(max = COUNT_MAX))]
    pub posts_per_month: Option<u32>,
    /// Posts that are read in a day.
    #[serde(default)]
    #[schemars(range(max = COUNT_MAX))]
    pub reads_per_day: Option<u32>,
    /// Posts that are read in a calendar month.
    #[serde(default)]
    #[schemars(range(max = COUNT_MAX))]
    pub reads_per_month: Option<u32>,
}

/// Limits, and how much of them is used.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Budgets {
    /// Those of the workspace, of its accounts, and of the X app's plan. What they do not name is unlimited.
    pub limits: Vec<Limit>,
}

/// One limit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BudgetLimit")]
pub struct Limit {
    /// Whose it is.
    pub scope: Scope,
    /// The account, of a limit of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// What it counts.
    pub measure: Measure,
    /// How long it is for.
    pub period: Period,
    /// How much may be used.
    pub amount: Amount,
    /// How much is.
    pub used: Amount,
    /// How much is about to be, or may have been: what is being sent, and what is uncertain.
    pub reserved: Amount,
    /// What is left; 0 where more was used than is allowed by now.
    pub remaining: Amount,
    /// When it begins anew.
    pub resets_at: Timestamp,
}

/// An amount in the limit's measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// Dollars.
    Usd(Usd),
    /// A number of posts.
    Count(i64),
}

impl Limit {
    /// A limit as it stands.
    #[must_use]
    pub fn of(standing: &Standing, now: Timestamp) -> Self {
        let amount = |amount: i64| match standing.measure {
            Measure::Usd => Amount::Usd(Usd::micros(amount)),
            Measure::Posts | Measure::Reads => Amount::Count(amount),
        };
        let scope = standing.scope();
        let left = standing.amount - standing.used - standing.reserved;
        Self {
            scope,
            account_id: AccountId::parse(&standing.account_id).filter(|_| scope == Scope::Account),
            measure: standing.measure,
            period: standing.period,
            amount: amount(standing.amount),
            used: amount(standing.used),
            reserved: amount(standing.reserved),
            remaining: amount(left.max(0)),
            resets_at: standing.period.end(now),
        }
    }
}

/// All limits of the caller's workspace and its accounts.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for another workspace.
pub async fn of_workspace(app: &App, caller: &Caller, id: &WorkspaceId) -> Result<Budgets, Error> {
    own(caller, id)?;
    shown(app, vec![all(app, id)]).await
}

/// The limits that bind one account.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound).
pub async fn of_account(app: &App, caller: &Caller, id: &AccountId) -> Result<Budgets, Error> {
    let asker = Asker::find(app, &caller.workspace_id, id).await?;
    let statement = binding(app, &asker, id);
    shown(app, vec![statement]).await
}

/// Sets the limits of the caller's workspace, and wakes what waits for any. One transaction, which may be repeated.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for another workspace;
/// [`Kind::Invalid`](crate::error::Kind::Invalid) for what is no amount.
pub async fn set_workspace(
    app: &App,
    caller: &Caller,
    id: &WorkspaceId,
    limits: &Limits,
) -> Result<Budgets, Error> {
    own(caller, id)?;
    set(app, caller, "", limits, all(app, id)).await
}

/// The same of one account.
///
/// # Errors
/// As [`set_workspace`].
pub async fn set_account(
    app: &App,
    caller: &Caller,
    id: &AccountId,
    limits: &Limits,
) -> Result<Budgets, Error> {
    let asker = Asker::find(app, &caller.workspace_id, id).await?;
    let look = binding(app, &asker, id);
    set(app, caller, id.as_str(), limits, look).await
}

async fn set(
    app: &App,
    caller: &Caller,
    account: &str,
    limits: &Limits,
    look: Statement,
) -> Result<Budgets, Error> {
    let wanted = wanted(limits)?;
    let (workspace, now) = (&caller.workspace_id, app.now());
    let change = Change {
        workspace,
        account,
        audit_id: &AuditId::new(&*app.clock, &*app.random),
        actor: &caller.actor(),
        now,
    };
    let mut statements = views::set(&change, &wanted);
    statements.push(look);
    let mut sets = app.database.batch(statements).await?;
    let budgets = read(sets.pop(), now)?;
    // If the process ends before it, the sweep sends the nudges, as it does those beyond what a queue takes at once.
    let mut woken = sets.pop().unwrap_or_default();
    woken.rows.truncate(NUDGED_MAX);
    publish::nudge_all(app, workspace, woken, now).await;
    Ok(budgets)
}

fn wanted(limits: &Limits) -> Result<Vec<Wanted>, Error> {
    let mut wrong = Vec::new();
    let mut money = |pointer: &str, dollars: Option<f64>| {
        let micros = dollars.map(|dollars| Usd::from_dollars(dollars).map(Usd::as_micros));
        if micros == Some(None) {
            let detail = "It is a number of dollars, from 0 to less than a million.";
            wrong.push(FieldError::new(pointer, "invalid_amount", detail));
        }
        micros.flatten()
    };
    let (per_day, per_month) = (
        money("/usd_per_day", limits.usd_per_day),
        money("/usd_per_month", limits.usd_per_month),
    );
    for (pointer, count) in [
        ("/posts_per_day", limits.posts_per_day),
        ("/posts_per_month", limits.posts_per_month),
        ("/reads_per_day", limits.reads_per_day),
        ("/reads_per_month", limits.reads_per_month),
    ] {
        if count.is_some_and(|count| count > COUNT_MAX) {
            let detail = format!("It is a number from 0 to {COUNT_MAX}.");
            wrong.push(FieldError::new(pointer, "invalid_amount", detail));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    let one = |measure, period, amount| Wanted {
        measure,
        period,
        amount,
    };
    let count = |count: Option<u32>| count.map(i64::from);
    Ok(vec![
        one(Measure::Usd, Period::Day, per_day),
        one(Measure::Usd, Period::Month, per_month),
        one(Measure::Posts, Period::Day, count(limits.posts_per_day)),
        one(Measure::Posts, Period::Month, count(limits.posts_per_month)),
        one(Measure::Reads, Period::Day, count(limits.reads_per_day)),
        one(Measure::Reads, Period::Month, count(limits.reads_per_month)),
    ])
}

/// All limits of a workspace; the app's only where the workspace could use it.
pub(super) fn all(app: &App, workspace: &WorkspaceId) -> Statement {
    let payer = Payer {
        workspace,
        account: None,
        app: INSTALLATION,
    };
    store::all(&payer, app.config.x.plan.quota(), app.now())
}

fn binding(app: &App, asker: &Asker<'_>, id: &AccountId) -> Statement {
    let row = asker.row();
    let payer = Payer {
        workspace: &row.workspace_id,
        account: Some(id),
        app: &apps::name_of(&row.workspace_id, row.sealed_app.as_deref()),
    };
    store::standings(&payer, None, app.config.x.plan.quota(), app.now())
}

/// All limits of a workspace, its accounts and the installation's app.
///
/// # Errors
/// When the database does not answer.
pub async fn standings(app: &App, workspace: &WorkspaceId) -> Result<Vec<Standing>, Error> {
    Ok(app.database.run(all(app, workspace)).await?.all()?)
}

async fn shown(app: &App, statements: Vec<Statement>) -> Result<Budgets, Error> {
    let now = app.now();
    let mut sets = app.database.batch(statements).await?;
    read(sets.pop(), now)
}

pub(super) fn read(set: Option<ResultSet>, now: Timestamp) -> Result<Budgets, Error> {
    let standings: Vec<Standing> = set.unwrap_or_default().all()?;
    let limits = standings.iter().map(|one| Limit::of(one, now)).collect();
    Ok(Budgets { limits })
}

// Whoever may not see a workspace must not learn that it is there.
fn own(caller: &Caller, id: &WorkspaceId) -> Result<(), Error> {
    if caller.workspace_id == *id {
        Ok(())
    } else {
        Err(Error::not_found("workspace"))
    }
}
