//! An account's profile, and how it does.

use super::kept::{Kept, Wanted, kept};
use super::model::{AccountInsights, Growth, Info, Report, Totals, engagement_rate, top};
use super::reader::{ME, OWN, POSTS};
use super::store;
use crate::accounts::store::save_profile;
use crate::accounts::{Asker, Auth};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::Profile;
use crate::platforms::x::read::{self, Measured, PageOf};
use crate::platforms::x::shown::{self, Author, Post, User};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// How long a profile is good for, in ms.
const INFO_MS: i64 = HOUR_MS;
/// How long insights are, in ms.
const INSIGHTS_MS: i64 = 15 * MINUTE_MS;

/// For how long X shows what it shows to the author alone: 30 days
/// (<https://docs.x.com/x-api/fundamentals/metrics>), and an hour less, as the posts at its end grow too old meanwhile.
pub const PRIVATE_MS: i64 = 30 * DAY_MS - HOUR_MS;

/// The most that X gives on one page.
const PAGE_SIZE: u32 = 100;
/// How many pages are read for insights: 500 posts, which cost $2.50 at $0.005 each, or $0.50 where the account owns the
/// app; X does not charge twice for a post on one day (UTC).
const PAGES_MAX: u32 = 5;

/// The account as X shows it, an hour old at most, or as old as it must be when X does not answer.
///
/// # Errors
/// [`Kind::NotFound`], X's refusals, or when the database does not answer.
pub async fn info(app: &App, workspace: &WorkspaceId, id: &AccountId) -> Result<Info, Error> {
    let asker = Asker::find(app, workspace, id).await?;
    let profile = profile(app, &asker).await?;
    Ok(Info {
        account_id: id.clone(),
        profile: profile.value,
        cached_at: profile.read_at,
        stale: profile.stale.is_some(),
        stale_reason: profile.stale,
    })
}

/// How the account did in the last `days` days, a quarter of an hour old at most, or as old as it must be.
///
/// # Errors
/// As [`info`].
pub async fn insights(
    app: &App,
    workspace: &WorkspaceId,
    id: &AccountId,
    days: u32,
) -> Result<AccountInsights, Error> {
    let asker = Asker::find(app, workspace, id).await?;
    let wanted = Wanted {
        asker: &asker,
        kind: &format!("insights:{days}"),
        keep_ms: INSIGHTS_MS,
    };
    let fresh = async || Ok((report(app, &asker, days).await?, Vec::new()));
    let report = kept(app, &wanted, fresh).await?;
    Ok(AccountInsights {
        account_id: id.clone(),
        days,
        report: report.value,
        cached_at: report.read_at,
        stale: report.stale.is_some(),
        stale_reason: report.stale,
    })
}

async fn profile(app: &App, asker: &Asker<'_>) -> Result<Kept<User>, Error> {
    let wanted = Wanted {
        asker,
        kind: "info",
        keep_ms: INFO_MS,
    };
    let row = asker.row();
    let fresh = async || {
        let answer = asker
            .ask(&ME, async |api| match row.auth {
                Auth::OAuth2 | Auth::OAuth1 => read::me(&api).await,
                Auth::AppOnly => read::user(&api, &row.external_id).await,
            })
            .await?;
        let user = shown::user(&answer).filter(|user| user.external_id == row.external_id);
        let user = user.ok_or_else(|| unreadable("this account"))?;
        let now = app.now();
        let mut statements = store::keep_day(&row.workspace_id, &row.id, &user, now);
        if row.auth != Auth::AppOnly {
            let profile = profile_of(&user);
            statements.push(save_profile(&row.workspace_id, &row.id, &profile, now));
        }
        Ok((user, statements))
    };
    kept(app, &wanted, fresh).await
}

fn profile_of(user: &User) -> Profile {
    Profile {
        external_id: user.external_id.clone(),
        handle: user.handle.clone(),
        name: user.name.clone(),
        avatar_url: user.avatar_url.clone(),
        subscription: user.subscription.clone(),
    }
}

async fn report(app: &App, asker: &Asker<'_>, days: u32) -> Result<Report, Error> {
    let to = app.now();
    let from = to.plus_ms(-i64::from(days) * DAY_MS);
    let row = asker.row();
    // First, since it writes the counts of today.
    let user = profile(app, asker).await?.value;
    let (posts, posts_complete) = measured(app, asker, from, to).await?;
    let by_day = store::days(&*app.database, &row.workspace_id, &row.id, from).await?;
    let totals = Totals::of(&posts);
    let posts_read = u32::try_from(posts.len()).unwrap_or(u32::MAX);
    Ok(Report {
        from,
        to,
        followers: Growth::of(user.followers, &by_day, |day| day.followers),
        following: Growth::of(user.following, &by_day, |day| day.following),
        posts: Growth::of(user.posts, &by_day, |day| day.posts),
        by_day,
        posts_read,
        posts_complete,
        averages: totals.averages(posts_read),
        engagement_rate: engagement_rate(&posts),
        top_post: top(&posts).cloned(),
        totals,
    })
}

/// The account's posts of a span with their metrics, and whether those are all. Older ones than [`PRIVATE_MS`] are read
/// by themselves: asked for their private metrics, X gives errors in their place.
async fn measured(
    app: &App,
    asker: &Asker<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<(Vec<Post>, bool), Error> {
    let private_from = to.plus_ms(-PRIVATE_MS);
    let mut spans = Vec::new();
    if asker.row().auth == Auth::AppOnly {
        spans.push(Measured {
            from,
            to: None,
            with_private: false,
        });
    } else {
        spans.push(Measured {
            from: from.max(private_from),
            to: None,
            with_private: true,
        });
        spans.extend((from < private_from).then_some(Measured {
            from,
            to: Some(private_from),
            with_private: false,
        }));
    }
    let (mut posts, mut pages_left) = (Vec::new(), PAGES_MAX);
    for span in spans {
        let mut next: Option<String> = None;
        loop {
            if pages_left == 0 {
                return Ok((posts, false));
            }
            pages_left -= 1;
            let page = PageOf {
                limit: PAGE_SIZE,
                next: next.as_deref(),
            };
            let need = if span.with_private { &OWN } else { &POSTS };
            let user = asker.external_id();
            let answer = asker
                .ask(&need.up_to(PAGE_SIZE), async |api| {
                    read::measured(&api, user, span, page).await
                })
                .await?;
            let shown = shown::posts(&answer, &app.config.x.web_base);
            posts.extend(shown.into_iter().map(|post| signed(app, asker, post)));
            next = shown::next(&answer).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
    }
    Ok((posts, true))
}

/// A post of the account's own timeline, whose author X is not asked for.
pub fn signed(app: &App, asker: &Asker<'_>, post: Post) -> Post {
    let row = asker.row();
    Post {
        url: format!(
            "{}/{}/status/{}",
            app.config.x.web_base, row.handle, post.external_id
        ),
        author: Some(Author {
            external_id: row.external_id.clone(),
            handle: Some(row.handle.clone()),
            name: Some(row.name.clone()),
            avatar_url: row.avatar_url.clone(),
        }),
        ..post
    }
}

/// X's answer does not show what was asked for.
pub fn unreadable(what: &str) -> Error {
    Error::new(
        Kind::Upstream,
        "x_unreachable",
        format!("X's answer does not show {what}."),
        "Try again in a minute.",
    )
}
