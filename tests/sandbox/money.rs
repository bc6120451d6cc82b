//! What requests cost, and what happens when there is nothing left (<https://docs.x.com/x-api/getting-started/pricing>,
//! read 2026-09-11).
//!
//! X is paid for what succeeded, whether or not its answer arrived. The balance may go below zero by one request; then
//! everything but the usage endpoints is refused. Not known, and read so that it costs more: uploads are billed (X
//! staff say so, the docs do not), `users/me` is, a read twice in a day is twice, and media do not count as a URL.
//! What refused creates cost is a price of its own, 0 unless set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{admission::Who, answer::Answer, call::Call, instants, refusals::Refusal, x::X};

/// Millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    pub fn dollars(self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "X answers in floating point")]
        let micros = self.0 as f64;
        micros / 1e6
    }
}

/// What an app may spend.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Purse {
    /// Bought before the start. `None` never runs out, and `usage/credits` is a 404, as some apps see it.
    pub credits: Option<Micros>,
    /// In a calendar month, UTC.
    pub spend_cap: Option<Micros>,
    /// Posts that may be read in a calendar month.
    pub posts_cap: u64,
    /// The user whose own timelines cost less to read.
    pub owner: Option<String>,
}

impl Default for Purse {
    fn default() -> Self {
        Self {
            credits: None,
            spend_cap: None,
            posts_cap: 3_000_000,
            owner: None,
        }
    }
}

/// What is paid for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    Create,
    CreateWithUrl,
    /// A reply to a post of another's that called the author.
    CreateSummoned,
    CreateRefused,
    Delete,
    Interaction,
    InteractionDelete,
    Bookmark,
    MediaUpload,
    MediaMetadata,
    PostRead,
    /// A post in a timeline of the app's owner, read by the owner.
    OwnedRead,
    UserRead,
    Trends,
}

/// The price of each [`Charge`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    pub create: Micros,
    pub create_with_url: Micros,
    pub create_summoned: Micros,
    pub create_refused: Micros,
    pub delete: Micros,
    pub interaction: Micros,
    pub interaction_delete: Micros,
    pub bookmark: Micros,
    pub media_upload: Micros,
    pub media_metadata: Micros,
    pub post_read: Micros,
    pub owned_read: Micros,
    pub user_read: Micros,
    pub trends: Micros,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            create: Micros(15_000),
            create_with_url: Micros(200_000),
            create_summoned: Micros(10_000),
            create_refused: Micros(0),
            delete: Micros(5_000),
            interaction: Micros(15_000),
            interaction_delete: Micros(10_000),
            bookmark: Micros(5_000),
            media_upload: Micros(15_000),
            media_metadata: Micros(5_000),
            post_read: Micros(5_000),
            owned_read: Micros(1_000),
            user_read: Micros(10_000),
            trends: Micros(10_000),
        }
    }
}

impl Prices {
    fn of(&self, charge: Charge) -> Micros {
        match charge {
            Charge::Create => self.create,
            Charge::CreateWithUrl => self.create_with_url,
            Charge::CreateSummoned => self.create_summoned,
            Charge::CreateRefused => self.create_refused,
            Charge::Delete => self.delete,
            Charge::Interaction => self.interaction,
            Charge::InteractionDelete => self.interaction_delete,
            Charge::Bookmark => self.bookmark,
            Charge::MediaUpload => self.media_upload,
            Charge::MediaMetadata => self.media_metadata,
            Charge::PostRead => self.post_read,
            Charge::OwnedRead => self.owned_read,
            Charge::UserRead => self.user_read,
            Charge::Trends => self.trends,
        }
    }
}

/// What an app has used.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub spent: Micros,
    /// Months since year 0, to which the next two belong.
    month: i64,
    spent_in_month: Micros,
    posts_in_month: u64,
    /// By day since 1970.
    pub posts_by_day: BTreeMap<i64, u64>,
    lines: BTreeMap<Charge, Line>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Line {
    pub count: u64,
    pub micros: Micros,
}

/// An app as `GET /_sandbox/money` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    pub client_id: String,
    pub spent: Micros,
    pub balance: Option<Micros>,
    pub spent_this_month: Micros,
    pub posts_read_this_month: u64,
    pub lines: BTreeMap<Charge, Line>,
}

impl Account {
    /// Spent and read in this month.
    pub fn this_month(&self, now_ms: i64) -> (Micros, u64) {
        if self.month == instants::month(now_ms) {
            (self.spent_in_month, self.posts_in_month)
        } else {
            (Micros(0), 0)
        }
    }

    fn pay(&mut self, now_ms: i64, charge: Charge, count: u64, price: Micros) {
        let month = instants::month(now_ms);
        if self.month != month {
            (self.month, self.spent_in_month, self.posts_in_month) = (month, Micros(0), 0);
        }
        let micros = price.0 * i64::try_from(count).expect("few");
        self.spent.0 += micros;
        self.spent_in_month.0 += micros;
        if matches!(charge, Charge::PostRead | Charge::OwnedRead) {
            self.posts_in_month += count;
            let day = now_ms.div_euclid(86_400_000);
            *self.posts_by_day.entry(day).or_default() += count;
        }
        let line = self.lines.entry(charge).or_default();
        line.count += count;
        line.micros.0 += micros;
    }
}

impl X {
    /// What the app has left. `None` when it never runs out.
    pub(super) fn balance(&self, app: usize) -> Option<Micros> {
        let credits = self.settings.app(app)?.purse.credits?;
        Some(Micros(credits.0 - self.account(app).spent.0))
    }

    pub(super) fn account(&self, app: usize) -> Account {
        self.accounts.get(&app).cloned().unwrap_or_default()
    }

    /// # Errors
    /// X's refusal of an app that has nothing left: 402, 403 for the app's own cap, 429 for X's.
    pub(super) fn may_pay(&self, who: Who, call: &Call) -> Result<(), Answer> {
        let Some(app) = self.settings.app(who.app).filter(|_| !call.is_free()) else {
            return Ok(());
        };
        let account = self.accounts.get(&who.app);
        let (spent, posts) = account.map_or((Micros(0), 0), |it| it.this_month(call.now_ms));
        let is_out = app.purse.credits.is_some_and(|credits| {
            let spent = account.map_or(0, |account| account.spent.0);
            credits.0 <= spent
        });
        let refusal = if is_out {
            Refusal::CreditsDepleted
        } else if app.purse.spend_cap.is_some_and(|cap| spent >= cap) {
            Refusal::SpendCap
        } else if call.reads_posts() && posts >= app.purse.posts_cap {
            Refusal::UsageCap
        } else {
            return Ok(());
        };
        Err(refusal.answer())
    }

    /// Takes what the answer is worth.
    pub(super) fn bill(&mut self, who: Who, call: &Call, answer: &Answer) {
        let Some((charge, count)) = answer.worth.filter(|(_, count)| *count > 0) else {
            return;
        };
        let is_owned = charge == Charge::PostRead && self.is_owned_read(who, call);
        let charge = if is_owned { Charge::OwnedRead } else { charge };
        let price = self.settings.prices.of(charge);
        let account = self.accounts.entry(who.app).or_default();
        account.pay(call.now_ms, charge, count as u64, price);
    }

    /// What each app has used, the first first.
    pub fn money(&self, now_ms: i64) -> Vec<Statement> {
        let each = self.settings.registered().map(|app| {
            let account = self.account(app.index);
            let (spent_this_month, posts_read_this_month) = account.this_month(now_ms);
            Statement {
                client_id: app.client_id.into(),
                spent: account.spent,
                balance: self.balance(app.index),
                spent_this_month,
                posts_read_this_month,
                lines: account.lines,
            }
        });
        each.collect()
    }

    /// The timelines of a user, read by that user, who owns the app.
    fn is_owned_read(&self, who: Who, call: &Call) -> bool {
        let owner = self
            .settings
            .app(who.app)
            .and_then(|app| app.purse.owner.as_deref());
        let owner = owner.and_then(|name| self.people.named(name));
        let of = call.timeline_of();
        owner.is_some_and(|owner| owner.id == who.user && of == Some(&owner.id.to_string()))
    }
}
