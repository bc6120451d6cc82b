//! Doing it, and taking it back.

use super::model::Engaged;
use crate::accounts::{Asker, Need};
use crate::app::App;
use crate::budgets::Charge;
use crate::error::Error;
use crate::gate::Bucket;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::engage::{self, Engagement};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It shall be so.
    Do,
    /// It shall not be so.
    TakeBack,
}

/// Makes it so at X. Asks X whatever was asked before: a person may have changed it there. If X's answer is lost, the
/// same request again is safe.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound) for the account or the post; `auth_mismatch`, `x_missing_scope`,
/// `x_plan_forbids`, and X's other refusals.
pub async fn engage(
    app: &App,
    workspace: &WorkspaceId,
    account: &AccountId,
    what: Engagement,
    post: &str,
    wish: Wish,
) -> Result<Engaged, Error> {
    let asker = Asker::find(app, workspace, account).await?;
    let user = asker.external_id();
    let answer = asker
        .ask(&need(what, wish), async |api| match wish {
            Wish::Do => engage::engage(&api, user, what, post).await,
            Wish::TakeBack => engage::take_back(&api, user, what, post).await,
        })
        .await?;
    Ok(Engaged {
        account_id: account.clone(),
        kind: what,
        external_id: post.to_owned(),
        url: format!("{}/i/status/{post}", app.config.x.web_base),
        // X says so in every answer that it documents; one that it leaves out was a success all the same.
        active: what.is_done(&answer).unwrap_or(wish == Wish::Do),
    })
}

const fn need(what: Engagement, wish: Wish) -> Need {
    Need {
        bucket: match what {
            Engagement::Like => Bucket::Like,
            Engagement::Repost => Bucket::Repost,
            Engagement::Bookmark => Bucket::Bookmark,
        },
        scopes: what.scopes(),
        takes: what.takes(),
        charge: match (what, wish) {
            (_, Wish::TakeBack) => Charge::InteractionDelete,
            (Engagement::Bookmark, Wish::Do) => Charge::Bookmark,
            (Engagement::Like | Engagement::Repost, Wish::Do) => Charge::Interaction,
        },
        at_most: 1,
    }
}
