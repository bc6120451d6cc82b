//! What is answered, and its arithmetic. Pure.

use super::store::Counted;
use crate::ids::AccountId;
use crate::platforms::x::shown::{Metrics, Post, Trend, User};
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account as X shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountInfo")]
pub struct Info {
    /// The account.
    pub account_id: AccountId,
    /// What X shows.
    pub profile: User,
    /// When X was asked; it is asked again an hour later.
    pub cached_at: Timestamp,
    /// Whether X was asked again since, and did not answer.
    pub stale: bool,
    /// Why it did not: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_reason: Option<String>,
}

/// How a post does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PostInsights {
    /// The post.
    #[serde(flatten)]
    pub post: Post,
    /// What was done with it, for each time that it was seen: 0.05 is 5 %. Null when it was not seen.
    pub engagement_rate: Option<f64>,
    /// Whether link and profile clicks are among its metrics.
    pub private_metrics: PrivateMetrics,
}

/// Whether what X shows to the author alone is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivateMetrics {
    /// It is.
    Shown,
    /// The author is not an account of this workspace, or not the one that was named.
    NotYours,
    /// X shows it for 30 days.
    TooOld,
    /// X does not show it now: the account cannot be asked as.
    NotReadable,
}

/// How an account did over some days.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccountReport")]
pub struct Report {
    /// From here on …
    pub from: Timestamp,
    /// … until here.
    pub to: Timestamp,
    /// Followers.
    pub followers: Growth,
    /// How many the account follows.
    pub following: Growth,
    /// All its posts, not only those of these days.
    pub posts: Growth,
    /// Its counts by day, as far as they were read.
    pub by_day: Vec<Counted>,
    /// How many posts of these days were looked at, without reposts …
    pub posts_read: u32,
    /// … and whether those are all.
    pub posts_complete: bool,
    /// Sums over them. Clicks and X's own count of engagements are of the last 30 days.
    pub totals: Totals,
    /// For each of them, on average; null when there are none.
    pub averages: Option<Averages>,
    /// What was done with them, for each time that one was seen: 0.05 is 5 %. Null when none was seen.
    pub engagement_rate: Option<f64>,
    /// The one with which most was done.
    pub top_post: Option<Post>,
}

/// How an account did, and how new that is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountInsights {
    /// The account.
    pub account_id: AccountId,
    /// Over how many days.
    pub days: u32,
    /// How it did.
    #[serde(flatten)]
    pub report: Report,
    /// When X was asked; it is asked again a quarter of an hour later.
    pub cached_at: Timestamp,
    /// Whether X was asked again since, and did not answer.
    pub stale: bool,
    /// Why it did not: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_reason: Option<String>,
}

/// A count and how it grew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Growth {
    /// Now; null where X does not say.
    pub now: Option<u64>,
    /// Since the first of `by_day`; null when there is no earlier day.
    pub change: Option<i64>,
}

/// Sums.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "InsightTotals")]
pub struct Totals {
    /// Likes.
    pub likes: u64,
    /// Reposts.
    pub reposts: u64,
    /// Replies.
    pub replies: u64,
    /// Quotes.
    pub quotes: u64,
    /// Bookmarks.
    pub bookmarks: u64,
    /// How often they were seen.
    pub impressions: u64,
    /// Clicks on links.
    pub url_clicks: u64,
    /// Clicks on the author.
    pub profile_clicks: u64,
    /// Everything that anybody did with them.
    pub engagements: u64,
}

/// Averages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "InsightAverages")]
pub struct Averages {
    /// Likes.
    pub likes: f64,
    /// Reposts.
    pub reposts: f64,
    /// Replies.
    pub replies: f64,
    /// Quotes.
    pub quotes: f64,
    /// Bookmarks.
    pub bookmarks: f64,
    /// How often one was seen.
    pub impressions: f64,
    /// Everything that anybody did with one.
    pub engagements: f64,
}

/// What is talked about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Trends {
    /// Where: a Yahoo id, 1 is the world.
    pub woeid: u32,
    /// The greatest first.
    pub items: Vec<Trend>,
}

impl Totals {
    /// The sums over posts.
    #[must_use]
    pub fn of(posts: &[Post]) -> Self {
        let sum = |count: fn(&Metrics) -> Option<u64>| {
            let counts = posts.iter().filter_map(|post| count(&post.metrics));
            counts.fold(0, u64::saturating_add)
        };
        Self {
            likes: sum(|metrics| metrics.likes),
            reposts: sum(|metrics| metrics.reposts),
            replies: sum(|metrics| metrics.replies),
            quotes: sum(|metrics| metrics.quotes),
            bookmarks: sum(|metrics| metrics.bookmarks),
            impressions: sum(|metrics| metrics.impressions),
            url_clicks: sum(|metrics| metrics.url_clicks),
            profile_clicks: sum(|metrics| metrics.profile_clicks),
            engagements: sum(|metrics| Some(metrics.engaged())),
        }
    }

    /// The same for each of so many; `None` for none.
    #[must_use]
    pub fn averages(&self, posts: u32) -> Option<Averages> {
        let each = |sum: u64| ratio(sum, u64::from(posts));
        Some(Averages {
            likes: each(self.likes)?,
            reposts: each(self.reposts)?,
            replies: each(self.replies)?,
            quotes: each(self.quotes)?,
            bookmarks: each(self.bookmarks)?,
            impressions: each(self.impressions)?,
            engagements: each(self.engagements)?,
        })
    }
}

/// What was done, for each time that something was seen. Only over posts of which X says how often they were seen.
#[must_use]
pub fn engagement_rate(posts: &[Post]) -> Option<f64> {
    let seen = posts.iter().filter_map(|post| {
        let impressions = post.metrics.impressions?;
        Some((post.metrics.engaged(), impressions))
    });
    let (engaged, impressions) = seen.fold((0, 0), |(a, b): (u64, u64), (c, d)| {
        (a.saturating_add(c), b.saturating_add(d))
    });
    ratio(engaged, impressions)
}

/// The one with which most was done; of several the one that was seen most, then the newest.
#[must_use]
pub fn top(posts: &[Post]) -> Option<&Post> {
    posts.iter().max_by_key(|post| {
        let metrics = &post.metrics;
        (metrics.engaged(), metrics.impressions, post.created_at)
    })
}

impl Growth {
    /// Of a count, since the first of some days.
    #[must_use]
    pub fn of(now: Option<u64>, days: &[Counted], count: fn(&Counted) -> u64) -> Self {
        let earlier = match days {
            [first, .., _] => Some(count(first)),
            _ => None,
        };
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            now,
            change: now
                .zip(earlier)
                .map(|(now, then)| signed(now).saturating_sub(signed(then))),
        }
    }
}

/// To four places; `None` of nothing.
fn ratio(part: u64, of: u64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of posts and people are far below 2^53"
    )]
    let (part, of) = (part as f64, of as f64);
    (of > 0.0).then(|| (part / of * 10_000.0).round() / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::{Growth, Totals, engagement_rate, top};
    use crate::insights::store::Counted;
    use crate::platforms::x::shown::{Metrics, Post};

    fn post(id: &str, likes: u64, impressions: Option<u64>) -> Post {
        Post {
            external_id: id.to_owned(),
            url: String::new(),
            text: String::new(),
            created_at: None,
            author: None,
            reply_to: None,
            quote_of: None,
            repost_of: None,
            metrics: Metrics {
                likes: Some(likes),
                impressions,
                ..Metrics::default()
            },
        }
    }

    #[test]
    fn sums_averages_and_the_rate_are_over_the_posts_that_say_so() {
        let posts = [
            post("1", 3, Some(100)),
            post("2", 1, None),
            post("3", 2, Some(25)),
        ];
        let totals = Totals::of(&posts);
        assert_eq!(
            (totals.likes, totals.impressions, totals.engagements),
            (6, 125, 6)
        );
        assert_eq!(totals.averages(3).map(|one| one.likes), Some(2.0));
        assert_eq!(engagement_rate(&posts), Some(0.04), "5 of 125");
        assert_eq!(top(&posts).map(|post| &*post.external_id), Some("1"));
    }

    #[test]
    fn of_nothing_there_is_no_average_no_rate_and_no_top() {
        assert_eq!(Totals::of(&[]).averages(0), None);
        assert_eq!(engagement_rate(&[]), None);
        assert_eq!(engagement_rate(&[post("1", 1, Some(0))]), None);
        assert_eq!(top(&[]), None);
    }

    #[test]
    fn growth_needs_an_earlier_day_and_may_be_negative() {
        let day = |day: &str, followers| Counted {
            day: day.to_owned(),
            followers,
            following: 0,
            posts: 0,
        };
        let days = [day("2026-11-20", 12), day("2026-11-21", 10)];
        let change = |days: &[Counted]| Growth::of(Some(10), days, |day| day.followers).change;
        assert_eq!(change(&days), Some(-2));
        assert_eq!(change(&days[..1]), None);
        assert_eq!(change(&[]), None);
        assert_eq!(Growth::of(None, &days, |day| day.followers).change, None);
    }
}
