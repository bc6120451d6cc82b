//! What was used: by account and day, and in all.

use super::model::Charge;
use super::operations::{self, Limit};
use super::prices::Usd;
use super::store::views::{self, DayRow, KindRow, Range};
use crate::accounts::Asker;
use crate::app::App;
use crate::error::{Error, FieldError};
use crate::http::Page;
use crate::ids::{AccountId, WorkspaceId};
use crate::time::{DAY_MS, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// The longest range, in days: a year and a day.
const DAYS_MAX: i64 = 366;

/// What was asked for.
pub struct Asked<'a> {
    /// The first day; the month's, unless given.
    pub from: Option<&'a str>,
    /// The last day; today, unless given.
    pub to: Option<&'a str>,
    /// One account.
    pub account: Option<&'a AccountId>,
    /// What the page begins after.
    pub after: Option<(String, String)>,
    /// How many days of accounts.
    pub limit: u32,
}

/// What X was paid for in a range of days, at list prices.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Usage {
    /// The first day, of UTC.
    #[schemars(extend("format" = "date"))]
    pub from: String,
    /// The last day.
    #[schemars(extend("format" = "date"))]
    pub to: String,
    /// The whole range.
    pub totals: Used,
    /// What may be used, and how much of it is left now.
    pub budgets: Vec<Limit>,
    /// By day and account, the newest first.
    #[serde(flatten)]
    pub days: Page<UsageDay>,
}

/// What was used.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Used {
    /// What it cost.
    pub spend_usd: Usd,
    /// Posts that were created.
    pub posts: u64,
    /// Posts that were read.
    pub reads: u64,
    /// The same by kind.
    pub kinds: Vec<UsedKind>,
}

/// What was used of one kind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsedKind {
    /// The kind.
    pub kind: Charge,
    /// How many.
    pub count: u64,
    /// What they cost.
    pub spend_usd: Usd,
}

/// What an account used on a day.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsageDay {
    /// The day, of UTC.
    #[schemars(extend("format" = "date"))]
    pub day: String,
    /// The account; null for what was read as the X app itself.
    pub account_id: Option<AccountId>,
    /// What.
    #[serde(flatten)]
    pub used: Used,
}

impl Used {
    fn of(kinds: Vec<KindRow>) -> Self {
        let count = |wanted: &[Charge]| {
            let counted = kinds.iter().filter(|one| wanted.contains(&one.kind));
            counted.map(|one| one.count).sum()
        };
        Self {
            spend_usd: kinds.iter().map(|one| Usd::micros(one.micros)).sum(),
            posts: count(&[Charge::Post, Charge::PostWithUrl]),
            reads: count(&[Charge::PostRead]),
            kinds: kinds
                .into_iter()
                .map(|one| UsedKind {
                    kind: one.kind,
                    count: one.count,
                    spend_usd: Usd::micros(one.micros),
                })
                .collect(),
        }
    }
}

/// What was used in a range of days.
///
/// # Errors
/// [`Kind::Invalid`](crate::error::Kind::Invalid) for what is no range;
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for the account.
pub async fn usage(app: &App, workspace: &WorkspaceId, asked: &Asked<'_>) -> Result<Usage, Error> {
    let now = app.now();
    let (from, to) = range(asked, now)?;
    if let Some(id) = asked.account {
        Asker::find(app, workspace, id).await?;
    }
    let range = Range {
        workspace,
        from: &from,
        to: &to,
        account: asked.account.map(AccountId::as_str),
    };
    let after = asked.after.as_ref();
    let after = after.map(|(day, account)| (day.as_str(), account.as_str()));
    let mut sets = app
        .database
        .batch(vec![
            views::days(&range, after, asked.limit),
            views::totals(&range),
            operations::all(app, workspace),
        ])
        .await?
        .into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let days: Vec<DayRow> = next().all()?;
    let days = days.into_iter().map(day).collect::<Result<_, _>>()?;
    let totals = Used::of(next().all()?);
    let mut budgets = operations::read(Some(next()), now)?.limits;
    if let Some(id) = asked.account {
        let binds = |limit: &Limit| limit.account_id.as_ref().is_none_or(|of| of == id);
        budgets.retain(binds);
    }
    let key = |day: &UsageDay| {
        let account = day.account_id.as_ref().map_or("", AccountId::as_str);
        format!("{}/{account}", day.day)
    };
    Ok(Usage {
        from,
        to,
        totals,
        budgets,
        days: Page::of(days, asked.limit, key),
    })
}

fn day(row: DayRow) -> Result<UsageDay, Error> {
    let mut kinds: Vec<KindRow> = serde_json::from_str(&row.kinds)
        .map_err(|error| Error::internal(format!("kinds of usage: {error}")))?;
    kinds.sort_by_key(|one| one.kind);
    Ok(UsageDay {
        day: row.day,
        account_id: AccountId::parse(&row.account_id),
        used: Used::of(kinds),
    })
}

/// What a cursor stands for.
#[must_use]
pub fn after(key: &str) -> Option<(String, String)> {
    let (day, account) = key.split_once('/')?;
    instant(day)?;
    let is_known = account.is_empty() || AccountId::parse(account).is_some();
    is_known.then(|| (day.to_owned(), account.to_owned()))
}

fn instant(day: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(&format!("{day}T00:00:00Z"))
}

fn range(asked: &Asked<'_>, now: Timestamp) -> Result<(String, String), Error> {
    let mut wrong = Vec::new();
    let mut read = |name: &str, text: Option<&str>, default: Timestamp| {
        let found = text.map_or(Some(default), instant);
        if found.is_none() {
            let detail = format!("{name} must be a day such as 2026-11-21.");
            wrong.push(FieldError::new(name, "invalid_value", detail));
        }
        found.unwrap_or(default)
    };
    let to = read("to", asked.to, now.day_start());
    let from = read("from", asked.from, to.month_start());
    if wrong.is_empty() && !(0..DAYS_MAX * DAY_MS).contains(&to.since(from)) {
        let detail = format!("from must not be after to, and at most {DAYS_MAX} days before it.");
        wrong.push(FieldError::new("from", "invalid_value", detail));
    }
    if wrong.is_empty() {
        Ok((from.day(), to.day()))
    } else {
        Err(Error::invalid(wrong))
    }
}
