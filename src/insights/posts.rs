//! How one post does.

use super::account::{PRIVATE_MS, unreadable};
use super::model::{PostInsights, PrivateMetrics, engagement_rate};
use super::reader::{OWN, POSTS, Reader};
use crate::accounts::{Asker, Auth};
use crate::app::App;
use crate::error::Error;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::read;
use crate::platforms::x::shown::{self, Metrics, Post};
use serde_json::json;

/// The post with its metrics: the public ones, and of own posts of the last 30 days what X shows to their author alone.
///
/// Those are a second reading, as their author, which X does not charge again for on the same day (UTC). It is not made
/// for posts of others: X answers with errors in their place.
///
/// # Errors
/// `x_not_found`, `no_account`, X's other refusals, or when the database does not answer.
pub async fn insights(
    app: &App,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    id: &str,
) -> Result<PostInsights, Error> {
    let reader = Reader::find(app, workspace, account, &POSTS).await?;
    let answer = reader
        .ask(&POSTS, async |api| read::post(&api, id).await)
        .await?;
    let post = shown::post(&answer, &app.config.x.web_base);
    let mut post = post.ok_or_else(|| unreadable("this post"))?;
    let author = match (&post.author, reader) {
        (None, _) => None,
        (Some(author), Reader::Account(asker)) if author.external_id == asker.external_id() => {
            Some(*asker)
        }
        // Another account was named, and is the one to read as.
        (Some(_), Reader::Account(_)) if account.is_some() => None,
        (Some(author), _) => Asker::of_user(app, workspace, &author.external_id).await?,
    };
    let private_metrics = private(app, author.as_ref(), &mut post).await;
    Ok(PostInsights {
        engagement_rate: engagement_rate(std::slice::from_ref(&post)),
        post,
        private_metrics,
    })
}

// Adds what X shows to the author alone. The public metrics are worth showing without.
async fn private(app: &App, author: Option<&Asker<'_>>, post: &mut Post) -> PrivateMetrics {
    let Some(author) = author else {
        return PrivateMetrics::NotYours;
    };
    let is_old = |post: &Post| {
        let age = post.created_at.map(|at| app.now().since(at));
        age.is_none_or(|age| age >= PRIVATE_MS)
    };
    if is_old(post) {
        return PrivateMetrics::TooOld;
    }
    if author.row().auth == Auth::AppOnly {
        return PrivateMetrics::NotReadable;
    }
    let id = &post.external_id;
    let asked = author
        .ask(&OWN, async |api| read::private_metrics(&api, id).await)
        .await;
    match asked {
        Ok(answer) => {
            post.metrics = both(post.metrics, shown::metrics(&answer));
            PrivateMetrics::Shown
        }
        Err(error) => {
            app.warn(
                "private_metrics_not_read",
                &json!({ "account_id": author.row().id, "code": error.code, "internal": error.internal }),
            );
            PrivateMetrics::NotReadable
        }
    }
}

const fn both(public: Metrics, private: Metrics) -> Metrics {
    Metrics {
        url_clicks: private.url_clicks,
        profile_clicks: private.profile_clicks,
        engagements: private.engagements,
        impressions: match public.impressions {
            Some(seen) => Some(seen),
            None => private.impressions,
        },
        ..public
    }
}
