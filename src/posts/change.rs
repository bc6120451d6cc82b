//! What a person does to a post that exists: take it back, try it again, wait for it.

use super::model::{Delivery, Post};
use super::{accept, read, store};
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::error::{Error, Kind};
use crate::identity::Caller;
use crate::ids::{AuditId, PostId, WorkspaceId};
use crate::ports::Statement;
use crate::publish::{self, State};
use crate::time::{SECOND_MS, Timestamp};
use std::collections::BTreeMap;

/// The first and the longest pause between looks while waiting for an outcome, in ms.
const LOOK_MS: (u32, u32) = (100, 1_000);
/// The longest that a request waits, in seconds.
const WAIT_MAX_SECONDS: u32 = 30;

/// Takes back every delivery that has not been handed to the platform. Repeating it is safe.
///
/// # Errors
/// [`Kind::Conflict`] when nothing can be taken back any more.
pub async fn cancel(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Post, Error> {
    let now = app.now();
    let mut statements =
        taken_back(workspace, std::slice::from_ref(id), "canceled", None, now).to_vec();
    statements.extend(read::post_query(workspace, id));
    let sets = app.database.batch(statements).await?;
    let canceled = sets.first().map_or(0, |canceled| canceled.rows.len());
    let post = read::found(app, sets)?;
    let already = post
        .deliveries
        .iter()
        .any(|delivery| delivery.state == State::Canceled);
    if canceled > 0 || already {
        return Ok(post);
    }
    let (code, detail, remedy) = if post
        .deliveries
        .iter()
        .any(|delivery| !delivery.state.is_final())
    {
        (
            "being_published",
            "The post is being sent, or its outcome is not known yet.",
            "GET /api/v1/posts/{id} shows what is waited for, or what you have to decide. What is on X is deleted with DELETE /api/v1/posts/{id}?platform=true.",
        )
    } else {
        (
            "already_final",
            "The post has been published or has ended otherwise; there is nothing to take back. `platform=true` deletes it on X.",
            "GET /api/v1/posts/{id} shows what became of it.",
        )
    };
    Err(Error::new(Kind::Conflict, code, detail, remedy))
}

/// What takes posts of a workspace back, as far as they have not been handed to the platform.
fn taken_back(
    workspace: &WorkspaceId,
    ids: &[PostId],
    reason: &'static str,
    words: Option<&'static str>,
    now: Timestamp,
) -> [Statement; 2] {
    let ids = accept::json(&ids);
    let about = |sql| {
        Statement::new(sql)
            .bind(workspace)
            .bind(ids.as_str())
            .bind(now)
    };
    [
        about(store::CANCEL)
            .bind(reason)
            .bind(words.map(str::to_owned)),
        about(store::POST_STATUSES),
    ]
}

/// Takes back posts whose cause is gone, for this reason and with these words. What has been handed to the platform stays.
/// Repeating it is safe.
///
/// # Errors
/// When the database does not answer; it can be done again.
pub async fn withdraw(
    app: &App,
    posts: &BTreeMap<WorkspaceId, Vec<PostId>>,
    reason: &'static str,
    words: &'static str,
) -> Result<(), Error> {
    let now = app.now();
    let statements = posts
        .iter()
        .flat_map(|(workspace, ids)| taken_back(workspace, ids, reason, Some(words), now));
    let statements: Vec<Statement> = statements.collect();
    if !statements.is_empty() {
        app.database.batch(statements).await?;
    }
    Ok(())
}

/// Takes back what has not been handed to the platform, and deletes there what has: the queue does it, from the last part
/// of a thread to the first. Repeating it is safe.
///
/// # Errors
/// [`Kind::Conflict`] when nothing, or not everything, can be taken back or deleted now; what can be is.
pub async fn delete(app: &App, caller: &Caller, id: &PostId) -> Result<Post, Error> {
    let now = app.now();
    let workspace = &caller.workspace_id;
    let about = |sql| Statement::new(sql).bind(workspace).bind(id).bind(now);
    let [cancel, status] = taken_back(workspace, std::slice::from_ref(id), "canceled", None, now);
    let mut statements = vec![
        cancel,
        about(store::DELETE).bind(now.plus_ms(app.config.timing.requeue_after_ms)),
        status,
        Statement::new(store::AUDIT_DELETE)
            .bind(workspace)
            .bind(id)
            .bind(&AuditId::new(&*app.clock, &*app.random))
            .bind(&caller.user_id)
            .bind(now),
    ];
    statements.extend(read::post_query(workspace, id));
    let mut sets = app.database.batch(statements).await?;
    let moved = sets.get_mut(1).map(std::mem::take).unwrap_or_default();
    let post = read::found(app, sets)?;
    // If the process ends before it, the sweep nudges.
    publish::nudge_all(app, workspace, moved, now).await;
    match not_deleted(&post) {
        None => Ok(post),
        Some(error) => Err(error),
    }
}

/// Why not all of a post is gone, or about to be.
fn not_deleted(post: &Post) -> Option<Error> {
    let any = |is: fn(State) -> bool| post.deliveries.iter().any(|one| is(one.state));
    let (code, detail, remedy) = if any(|state| !state.is_final() && state != State::Deleting) {
        (
            "being_published",
            "On an account the post is being sent, or its outcome is not known yet. What could be taken back or deleted is.",
            "Try again when GET /api/v1/posts/{id} shows an outcome; what waits for your decision is decided first.",
        )
    } else if any(|state| state == State::Published) {
        (
            "account_unlinked",
            "Its account is unlinked or only read, so that Godwit cannot delete anything of it. What could be taken back or deleted is.",
            "Delete the post on X, or connect the account again first.",
        )
    } else if any(|state| matches!(state, State::Canceled | State::Deleting | State::Deleted)) {
        return None;
    } else {
        (
            "nothing_to_delete",
            "Nothing of this post is on X.",
            "GET /api/v1/posts/{id} shows what became of it.",
        )
    };
    Some(Error::new(Kind::Conflict, code, detail, remedy))
}

/// Lets a post go that waits for a person, as it is of one of `revisions` if they are given: at its time, or now. Repeating
/// it is safe.
///
/// # Errors
/// [`Kind::Outdated`] when it is of another revision; [`Kind::Conflict`] when it does not wait for anybody.
pub async fn approve(
    app: &App,
    caller: &Caller,
    id: &PostId,
    revisions: Option<&[u32]>,
) -> Result<Post, Error> {
    let now = app.now();
    let workspace = &caller.workspace_id;
    let wanted = revisions.map(|wanted| serde_json::to_string(wanted).unwrap_or_default());
    let mut statements = vec![
        Statement::new(store::AUDIT_APPROVAL)
            .bind(workspace)
            .bind(id)
            .bind(&AuditId::new(&*app.clock, &*app.random))
            .bind(caller.actor())
            .bind(now)
            .bind(wanted.clone()),
        Statement::new(store::APPROVE)
            .bind(workspace)
            .bind(id)
            .bind(now)
            .bind(now.plus_ms(app.config.timing.requeue_after_ms))
            .bind(SWEEP_AHEAD_MS)
            .bind(wanted),
        Statement::new(publish::store::POST_STATUS)
            .bind(workspace)
            .bind(id)
            .bind(now),
    ];
    statements.extend(read::post_query(workspace, id));
    let mut sets = app.database.batch(statements).await?;
    let let_go = sets.get_mut(1).map(std::mem::take).unwrap_or_default();
    let nothing = let_go.rows.is_empty();
    let post = read::found(app, sets)?;
    let waits = |delivery: &Delivery| matches!(delivery.state, State::Draft | State::InReview);
    if nothing && post.deliveries.iter().any(waits) {
        return Err(Error::new(
            Kind::Outdated,
            "revision_changed",
            format!(
                "The post is of revision {}, which is none of those in If-Match.",
                post.revision
            ),
            "Read the post again, and decide whether it is still to be sent.",
        ));
    }
    let is_let_go = |delivery: &Delivery| delivery.state != State::Canceled;
    if nothing && !post.deliveries.iter().any(is_let_go) {
        return Err(Error::new(
            Kind::Conflict,
            "already_final",
            "The post was taken back.",
            "GET /api/v1/posts/{id} shows what became of it.",
        ));
    }
    // If the process ends before it, the sweep nudges.
    if post.publish_at.is_none_or(|at| at <= now) {
        publish::nudge_all(app, workspace, let_go, now).await;
    }
    Ok(post)
}

/// Sends again what failed or was missed; what waits is tried now. What may be on the platform is another matter
/// (`resolve`).
///
/// # Errors
/// [`Kind::Conflict`] when there is nothing to retry.
pub async fn retry(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Post, Error> {
    let now = app.now();
    let mut statements = vec![
        Statement::new(store::RETRY)
            .bind(workspace)
            .bind(id)
            .bind(now)
            .bind(now.plus_ms(app.config.timing.requeue_after_ms)),
        Statement::new(publish::store::POST_STATUS)
            .bind(workspace)
            .bind(id)
            .bind(now),
    ];
    // In the same batch: were the post read after it, a failure to read would hide that it is on its way, and keep the
    // nudge back.
    statements.extend(read::post_query(workspace, id));
    let mut sets = app.database.batch(statements).await?;
    let retried = sets.first_mut().map(std::mem::take).unwrap_or_default();
    let post = read::found(app, sets)?;
    if retried.rows.is_empty() {
        return Err(nothing_to_retry(&post));
    }
    publish::nudge_all(app, workspace, retried, now).await;
    Ok(post)
}

fn nothing_to_retry(post: &Post) -> Error {
    let mut deliveries = post.deliveries.iter();
    let (detail, remedy) = if deliveries.any(|delivery| delivery.state == State::Uncertain) {
        (
            "Nobody can say yet whether this post is on X, and a retry might send it twice.",
            "When its reason is needs_decision, POST /api/v1/deliveries/{id}/resolve says whether it is there or is to be sent again.",
        )
    } else {
        (
            "No delivery of this post has failed or was missed, and none waits.",
            "GET /api/v1/posts/{id} shows where each delivery stands.",
        )
    };
    Error::new(Kind::Conflict, "nothing_to_retry", detail, remedy)
}

/// How long the caller wants to wait, from `Prefer: wait=10` (RFC 7240); `None` when they do not.
#[must_use]
pub fn wait_seconds(prefer: Option<&str>) -> Option<u32> {
    prefer?
        .split([',', ';'])
        .filter_map(|preference| preference.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse().ok())
        .map(|seconds: u32| seconds.min(WAIT_MAX_SECONDS))
}

/// Waits until every delivery of a post has an outcome, or none can have one within the time: then there is nothing to
/// wait for, and what each waits for can be said at once. Gives the post as it stands.
///
/// # Errors
/// When the database does not answer.
pub async fn outcome(
    app: &App,
    workspace: &WorkspaceId,
    id: &PostId,
    seconds: u32,
) -> Result<Post, Error> {
    let deadline = app.now().plus_ms(i64::from(seconds) * SECOND_MS);
    let mut pause = LOOK_MS.0;
    loop {
        let left = deadline.since(app.now()).clamp(0, i64::from(pause));
        app.clock.sleep(u32::try_from(left).unwrap_or(pause)).await;
        let post = read::post(app, workspace, id).await?;
        let moves = |delivery: &Delivery| {
            !delivery.state.is_final() && delivery.next_attempt_at.is_some_and(|at| at < deadline)
        };
        if app.now() >= deadline || !post.deliveries.iter().any(moves) {
            return Ok(post);
        }
        pause = (pause * 2).min(LOOK_MS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::wait_seconds;

    #[test]
    fn the_preference_to_wait_is_found_among_others_and_bounded() {
        assert_eq!(wait_seconds(Some("wait=10")), Some(10));
        assert_eq!(wait_seconds(Some("respond-async, Wait = 5")), Some(5));
        assert_eq!(wait_seconds(Some("wait=9999")), Some(30));
        assert_eq!(wait_seconds(Some("wait=soon")), None);
        assert_eq!(wait_seconds(Some("return=minimal")), None);
        assert_eq!(wait_seconds(None), None);
    }
}
