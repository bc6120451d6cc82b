//! What is paid for, what may be spent of it, and when that begins anew. Pure.

use super::prices::{Prices, Usd};
use crate::platforms::{Class, NotSent};
use crate::time::{DAY_MS, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Add;

/// The reason of what waits, and the code of what is refused, because money is used up.
pub const BUDGET_USED_UP: &str = "budget_used_up";
/// The same of a number of posts or reads.
pub const QUOTA_USED_UP: &str = "quota_used_up";

/// A kind of call that X charges for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// A post without a link.
    Post,
    /// A post with a link.
    PostWithUrl,
    /// A picture or video.
    MediaUpload,
    /// An alt text.
    MediaMetadata,
    /// A like or repost.
    Interaction,
    /// Taking that, or a bookmark, back.
    InteractionDelete,
    /// A bookmark.
    Bookmark,
    /// A post that was deleted.
    PostDelete,
    /// A post that was read.
    PostRead,
    /// A user that was read.
    UserRead,
    /// A list of trends.
    Trends,
}

impl Charge {
    /// That of a post.
    #[must_use]
    pub const fn of_post(has_url: bool) -> Self {
        if has_url {
            Self::PostWithUrl
        } else {
            Self::Post
        }
    }

    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::PostWithUrl => "post_with_url",
            Self::MediaUpload => "media_upload",
            Self::MediaMetadata => "media_metadata",
            Self::Interaction => "interaction",
            Self::InteractionDelete => "interaction_delete",
            Self::Bookmark => "bookmark",
            Self::PostDelete => "post_delete",
            Self::PostRead => "post_read",
            Self::UserRead => "user_read",
            Self::Trends => "trends",
        }
    }

    /// What one costs.
    #[must_use]
    pub const fn price(self, prices: &Prices) -> Usd {
        match self {
            Self::Post => prices.post,
            Self::PostWithUrl => prices.post_with_url,
            Self::MediaUpload => prices.media_upload,
            Self::MediaMetadata => prices.media_metadata,
            Self::Interaction => prices.interaction,
            Self::InteractionDelete => prices.interaction_delete,
            Self::Bookmark => prices.bookmark,
            Self::PostDelete => prices.post_delete,
            Self::PostRead => prices.post_read,
            Self::UserRead => prices.user_read,
            Self::Trends => prices.trends,
        }
    }

    /// What so many of them come to.
    #[must_use]
    pub fn times(self, count: u32, prices: &Prices) -> Cost {
        Cost {
            money: self.price(prices) * count,
            posts: match self {
                Self::Post | Self::PostWithUrl => count,
                _ => 0,
            },
            reads: match self {
                Self::PostRead => count,
                _ => 0,
            },
        }
    }
}

/// What calls come to, in each of the measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Money.
    pub money: Usd,
    /// Posts that are created.
    pub posts: u32,
    /// Posts that are read.
    pub reads: u32,
}

impl Cost {
    const fn in_measure(self, measure: Measure) -> i64 {
        match measure {
            Measure::Usd => self.money.as_micros(),
            Measure::Posts => self.posts as i64,
            Measure::Reads => self.reads as i64,
        }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            money: self.money + other.money,
            posts: self.posts.saturating_add(other.posts),
            reads: self.reads.saturating_add(other.reads),
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Dollars.
    Usd,
    /// Posts that are created.
    Posts,
    /// Posts that are read. X's own caps count no users and no trends.
    Reads,
}

impl Measure {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Posts => "posts",
            Self::Reads => "reads",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Usd => BUDGET_USED_UP,
            Self::Posts | Self::Reads => QUOTA_USED_UP,
        }
    }

    fn said(self, amount: i64) -> String {
        match self {
            Self::Usd => format!("${}", Usd::micros(amount).dollars()),
            Self::Posts => format!("{amount} posts"),
            Self::Reads => format!("{amount} posts read"),
        }
    }
}

/// How long a limit is for. Both begin at midnight of UTC, as X's do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A day.
    Day,
    /// A calendar month.
    Month,
}

impl Period {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// When the one began in which `at` lies.
    #[must_use]
    pub fn start(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Day => at.day_start(),
            Self::Month => at.month_start(),
        }
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Day => at.day_start().plus_ms(DAY_MS),
            // No month is longer than 31 days, and none shorter than 28.
            Self::Month => at.month_start().plus_ms(32 * DAY_MS).month_start(),
        }
    }
}

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BudgetScope")]
pub enum Scope {
    /// All accounts of the workspace together.
    Workspace,
    /// One account.
    Account,
    /// The installation's X app, by the operator's plan, for everybody who shares it.
    App,
}

/// A limit, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Without a workspace: the app's quota.
    pub workspace_id: String,
    /// The account, the app, or nothing.
    pub account_id: String,
    /// What it counts.
    pub measure: Measure,
    /// How long it is for.
    pub period: Period,
    /// How much may be used.
    pub amount: i64,
    /// How much is.
    pub used: i64,
    /// How much is about to be.
    pub reserved: i64,
}

impl Standing {
    /// Whose it is.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (&*self.workspace_id, &*self.account_id) {
            ("", _) => Scope::App,
            (_, "") => Scope::Workspace,
            _ => Scope::Account,
        }
    }

    fn lacks(&self, cost: Cost) -> bool {
        let cost = cost.in_measure(self.measure);
        cost > 0 && self.used + self.reserved + cost > self.amount
    }

    /// Whether it lacks whatever becomes of what is about to be used.
    fn lacks_for_good(&self, cost: Cost) -> bool {
        self.used + cost.in_measure(self.measure) > self.amount
    }

    fn named(&self) -> String {
        let whose = match self.scope() {
            Scope::Workspace => "The workspace's".to_owned(),
            Scope::Account => format!("The account's ({})", self.account_id),
            Scope::App => "The X app's".to_owned(),
        };
        let what = match self.measure {
            Measure::Usd => "budget",
            Measure::Posts => "quota of posts",
            Measure::Reads => "quota of reads",
        };
        format!("{whose} {what} for the {}", self.period.as_str())
    }

    fn remedy(&self) -> String {
        let (workspace, account) = (&self.workspace_id, &self.account_id);
        match self.scope() {
            Scope::Workspace => {
                format!("Wait until then, or raise it: PUT /api/v1/workspaces/{workspace}/budgets.")
            }
            Scope::Account => {
                format!("Wait until then, or raise it: PUT /api/v1/accounts/{account}/budgets.")
            }
            Scope::App => {
                "Wait until then; or the operator sets X_PLAN to the plan that the app has at X by now.".to_owned()
            }
        }
    }
}

/// A limit that something does not fit into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Which.
    pub standing: Standing,
    /// What does not fit.
    pub cost: Cost,
    /// When it begins anew.
    pub anew_at: Timestamp,
}

impl Over {
    /// The limit that the cost does not fit into, and of several the one that lasts longest.
    #[must_use]
    pub fn of(standings: Vec<Standing>, cost: Cost, now: Timestamp) -> Option<Self> {
        let lacking = standings.into_iter().filter(|one| one.lacks(cost));
        let over = lacking.map(|standing| Self {
            anew_at: standing.period.end(now),
            standing,
            cost,
        });
        over.max_by_key(|over| (over.is_for_good(), over.anew_at))
    }

    /// Whether only a raise or the next period helps. Otherwise something else that is under way may yet not need what
    /// it reserved.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        self.standing.lacks_for_good(self.cost)
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.standing.measure.code()
    }

    /// What happened, for a person.
    #[must_use]
    pub fn detail(&self) -> String {
        let Standing {
            measure,
            amount,
            used,
            reserved,
            ..
        } = self.standing;
        let under_way = match reserved {
            0 => String::new(),
            _ => format!(" and {} under way", measure.said(reserved)),
        };
        format!(
            "{} is used up: {} of {}{under_way}, and this needs {}. It begins anew at {}.",
            self.standing.named(),
            measure.said(used),
            measure.said(amount),
            measure.said(self.cost.in_measure(measure)),
            self.anew_at,
        )
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.standing.remedy()
    }

    /// As the reason of what waits for it.
    #[must_use]
    pub fn reason(&self) -> NotSent {
        NotSent::new(Class::Operator, self.code(), self.detail(), self.remedy())
    }
}

#[cfg(test)]
mod tests;
