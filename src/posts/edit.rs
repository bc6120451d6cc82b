//! Changing a post that nobody has begun to send.
//!
//! An edit is one transaction over the post and all its deliveries. A claim comes before it, and then the edit is
//! refused; or after it, and then the claim reads the new text. A call of an older claim that is still on its way to the
//! gate, with the older text, is turned away there: a delivery is back in a state that can be edited only when a newer
//! claim has been seen by its gate.

use super::compose::compose;
use super::model::{Edit, Post};
use super::schedule::{self, Schedule};
use super::targets::{self, Fitted};
use super::{read, store};
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::error::{Error, Kind};
use crate::http::Given;
use crate::ids::{AccountId, PostId, WorkspaceId};
use crate::media;
use crate::ports::{ResultSet, Statement};
use crate::publish::content::Written;
use crate::publish::{self, State};
use crate::time::Timestamp;
use serde_json::json;

/// How often a change of words is tried again when somebody else has changed the post meanwhile.
const TRIES: u32 = 5;

/// Changes what a post says, or its time; what is not given stays, and so does what a delivery waits for unless a time is
/// given.
///
/// 1. What is said now is read, where words change: the rest of them stays, and the new ones must fit the accounts.
/// 2. The transaction, for that very revision. If its answer is lost, a repeat makes the same change again, as another
///    revision. 3. The nudges. If one is lost, the sweep sends another.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Invalid`], by field; [`Kind::Outdated`] when the post is of another revision than
/// `revisions`; [`Kind::Conflict`] when some of it has begun to be sent.
pub async fn edit(
    app: &App,
    workspace: &WorkspaceId,
    id: &PostId,
    edit: Edit,
    revisions: Option<&[u32]>,
) -> Result<Post, Error> {
    let now = app.now();
    let zone = edit.timezone.as_deref();
    let schedule = match (&edit.publish_at, zone) {
        (Given::Nothing, None) => None,
        (Given::Nothing | Given::Null, _) => Some(schedule::read(None, zone, now)?),
        (Given::Value(at), _) => Some(schedule::read(Some(at), zone, now)?),
    };
    if !edit.changes_the_words() {
        if schedule.is_none() {
            return Err(nothing_to_change());
        }
        let change = Change {
            schedule,
            words: None,
        };
        return match change.commit(app, workspace, id, revisions).await? {
            Ok(post) => Ok(post),
            Err(post) => Err(refusal(&post, revisions)),
        };
    }
    for _ in 0..TRIES {
        // 1.
        let before = read::post(app, workspace, id).await?;
        if revisions.is_some_and(|list| !list.contains(&before.revision)) {
            return Err(refusal(&before, revisions));
        }
        let words = words(app, workspace, &before, edit.clone()).await?;
        let change = Change {
            schedule: schedule.clone(),
            words: Some(words),
        };
        // 2. and 3.
        let only = [before.revision];
        match change.commit(app, workspace, id, Some(&only)).await? {
            Ok(post) => return Ok(post),
            Err(post) if post.revision == before.revision => return Err(refusal(&post, None)),
            // Somebody else was quicker.
            Err(post) if revisions.is_some() => return Err(refusal(&post, revisions)),
            Err(_) => {}
        }
    }
    Err(Error::unavailable(
        "a post was changed by others all the time",
    ))
}

fn nothing_to_change() -> Error {
    Error::invalid_field(
        "/text",
        "missing_field",
        "There is nothing to change: no field of the post is given.",
    )
}

/// What is said after a change, and what each account gets of it.
struct Words {
    written: Written,
    fitted: Fitted,
}

async fn words(
    app: &App,
    workspace: &WorkspaceId,
    before: &Post,
    edit: Edit,
) -> Result<Words, Error> {
    let accounts: Vec<AccountId> = before
        .deliveries
        .iter()
        .map(|delivery| delivery.account_id.clone())
        .collect();
    let written = read::written(app, workspace, &before.id).await?;
    let (written, errors) = compose(edit.over(written), &app.config.x.web_base);
    let fitted = targets::fitted(app, workspace, &accounts, &written, errors).await?;
    Ok(Words { written, fitted })
}

/// A change that may be made.
struct Change {
    schedule: Option<Schedule>,
    words: Option<Words>,
}

impl Change {
    /// Makes it, for one of these revisions; gives the post as it then stands. The inner error is a post that was not
    /// changed.
    async fn commit(
        self,
        app: &App,
        workspace: &WorkspaceId,
        id: &PostId,
        revisions: Option<&[u32]>,
    ) -> Result<Result<Post, Post>, Error> {
        let now = app.now();
        let guard = |sql| {
            let revisions = revisions.map(|list| serde_json::to_string(list).unwrap_or_default());
            Statement::new(sql).bind(workspace).bind(id).bind(revisions)
        };
        let schedule = self.schedule.as_ref();
        let due = schedule.map(|schedule| Due::of(app, schedule, now));
        let mut statements = Vec::new();
        if let Some(due) = &due {
            statements.push(
                guard(store::EDIT_DELIVERIES)
                    .bind(due.state.as_str())
                    .bind(due.at)
                    .bind(due.sweep_at)
                    .bind(now),
            );
        }
        if let Some(words) = &self.words {
            statements.push(guard(store::EDIT_PARTS).bind(list(&words.fitted)).bind(now));
        }
        let new = self.schedule.unwrap_or_default();
        let written = self.words.as_ref().map(|words| &words.written);
        let segments =
            written.map(|written| serde_json::to_string(&written.segments).unwrap_or_default());
        statements.push(
            guard(store::EDIT_POST)
                .bind(segments)
                .bind(due.is_some())
                .bind(new.at)
                .bind(new.wall_clock)
                .bind(new.timezone)
                .bind(now)
                .bind(written.and_then(|written| written.options.stored())),
        );
        let writes = statements.len();
        statements.extend(read::post_query(workspace, id));
        let noted = written.and_then(|written| media::store::used(workspace, id, written.media()));
        statements.splice(writes..writes, noted);
        let mut sets = app.database.batch(statements).await?;
        let edited = sets
            .get(writes.saturating_sub(1))
            .is_some_and(|post| !post.rows.is_empty());
        let moved = match &due {
            Some(_) if !sets.is_empty() => sets.remove(0),
            _ => ResultSet::default(),
        };
        let post = read::found(app, sets)?;
        if !edited {
            return Ok(Err(post));
        }
        if let Some(due) = due.filter(|due| due.at.since(now) <= SWEEP_AHEAD_MS) {
            publish::nudge_all(app, workspace, moved, due.at).await;
        }
        Ok(Ok(post))
    }
}

/// What accounts get that do not get what was written, as [`store::EDIT_PARTS`] takes it.
fn list(fitted: &Fitted) -> String {
    let list: Vec<_> = fitted
        .iter()
        .map(|(account, segments)| json!({ "account_id": account, "segments": segments }))
        .collect();
    serde_json::to_string(&list).unwrap_or_default()
}

/// When the deliveries are due from now on, and what they are until then.
struct Due {
    at: Timestamp,
    state: State,
    sweep_at: Timestamp,
}

impl Due {
    fn of(app: &App, schedule: &Schedule, now: Timestamp) -> Self {
        let (at, sweep_at) = schedule.due(now, &app.config.timing);
        let state = if at > now {
            State::Scheduled
        } else {
            State::Queued
        };
        Self {
            at,
            state,
            sweep_at,
        }
    }
}

/// Why a post was not changed.
fn refusal(post: &Post, revisions: Option<&[u32]>) -> Error {
    if revisions.is_some_and(|list| !list.contains(&post.revision)) {
        return Error::new(
            Kind::Outdated,
            "revision_changed",
            format!(
                "The post is of revision {}, which is none of those in If-Match.",
                post.revision
            ),
            "Read the post again, and decide whether the change still fits.",
        );
    }
    let begun = post
        .deliveries
        .iter()
        .any(|delivery| !delivery.state.is_final());
    if begun {
        return Error::new(
            Kind::Conflict,
            "being_published",
            "Some of the post is being sent, was sent, or may have been.",
            "GET /api/v1/posts/{id} shows what is waited for; what is on X can be deleted there.",
        );
    }
    Error::new(
        Kind::Conflict,
        "already_final",
        "The post has been published or has ended otherwise.",
        "GET /api/v1/posts/{id} shows what became of it; write it anew.",
    )
}
