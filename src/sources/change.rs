//! What people do with sources that are there: change, pause, resume, delete.

use super::connect::{self, Found};
use super::model::{Source, State};
use super::operations::{audit, baseline, begin, collect, exists, find, follow, get, rival};
use super::settings::Change;
use super::store;
use super::store::{channels, items};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::identity::Caller;
use crate::ids::{AuditId, SourceId};
use crate::posts;

/// Changes a source. Another channel takes a new baseline, and what is still open of the old one becomes no post.
///
/// # Errors
/// What is wrong, by field; `source_exists`; [`Kind::Outdated`] when the source is of another revision than `revisions`, or
/// was changed meanwhile.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: &SourceId,
    change: &Change,
    revisions: Option<&[u32]>,
) -> Result<Source, Error> {
    if change.is_empty() {
        return Err(Error::invalid_field(
            "/channel",
            "missing_field",
            "There is nothing to change: no field of the source is given.",
        ));
    }
    let workspace = &caller.workspace_id;
    let before = find(app, workspace, id).await?;
    if revisions.is_some_and(|wanted| !wanted.contains(&before.revision)) {
        return Err(outdated(before.revision));
    }
    let mut errors = Vec::new();
    let accounts = match &change.accounts {
        Some(accounts) => posts::accounts_that_post(app, workspace, accounts)
            .await
            .map(Some)
            .or_else(|error| collect(error, &mut errors))?,
        None => None,
    };
    let settings = before.settings()?.changed(change, accounts);
    errors.extend(settings.problems());
    if !errors.is_empty() {
        return Err(Error::invalid(errors));
    }
    let found = match &change.channel {
        Some(channel) => Some(connect::find(app, channel).await?),
        None => None,
    };
    let other = found.filter(|found| found.id != before.channel_id);
    let now = app.now();
    let mut after = before.clone();
    after.settings = store::stored(&settings);
    let mut statements = Vec::new();
    if let Some(found) = &other {
        after.channel_id = found.id.clone();
        after.baseline_at = baseline(now);
        statements.push(follow(app, found, now)?);
    }
    let audit = AuditId::new(&*app.clock, &*app.random);
    statements.push(store::audit_of_change(&after, &audit, &caller.actor(), now));
    let updated = statements.len();
    statements.push(store::update(&after, settings.max_per_day, now));
    statements.push(items::look_again(workspace, id, now));
    if other.is_some() {
        let revision = before.revision.saturating_add(1);
        statements.push(store::repointed(&after, revision, now));
        statements.push(channels::unfollow(&before.channel_id, now));
        // Of a paused source, the channel is only noted.
        statements.push(channels::unfollow(&after.channel_id, now));
    }
    let sets = app.database.batch(statements).await?;
    if sets.get(updated).is_none_or(|set| set.rows.is_empty()) {
        let now = find(app, workspace, id).await?;
        return Err(if now.revision == before.revision {
            exists(rival(app, &after).await?)
        } else {
            outdated(now.revision)
        });
    }
    if after.state == State::Active
        && let Some(found) = &other
    {
        begin(app, &found.id).await;
    }
    get(app, workspace, id).await
}

fn outdated(revision: u32) -> Error {
    Error::new(
        Kind::Outdated,
        "revision_changed",
        format!("The source has been changed; it is of revision {revision} now."),
        "Read the source again, and send the change with its new ETag if it is still wanted.",
    )
}

/// Pauses a source: nothing becomes a post until it is resumed. Repeating it is safe.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn pause(app: &App, caller: &Caller, id: &SourceId) -> Result<Source, Error> {
    let workspace = &caller.workspace_id;
    let row = find(app, workspace, id).await?;
    let now = app.now();
    if row.state == State::Active {
        let statements = vec![
            store::pause(workspace, id, now),
            store::drop_open(workspace, id, "paused", now),
            channels::unfollow(&row.channel_id, now),
            audit(app, caller, "source.paused", id, now),
        ];
        app.database.batch(statements).await?;
    }
    get(app, workspace, id).await
}

/// Resumes a source. What was published meanwhile is not posted. Repeating it is safe.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn resume(app: &App, caller: &Caller, id: &SourceId) -> Result<Source, Error> {
    let workspace = &caller.workspace_id;
    let row = find(app, workspace, id).await?;
    let now = app.now();
    if row.state == State::Paused {
        let found = Found {
            id: row.channel_id.clone(),
            title: None,
        };
        let statements = vec![
            follow(app, &found, now)?,
            store::resume(&row, baseline(now), now),
            // Somebody may have pointed it elsewhere meanwhile.
            channels::unfollow(&row.channel_id, now),
            audit(app, caller, "source.resumed", id, now),
        ];
        let sets = app.database.batch(statements).await?;
        if sets.get(1).is_none_or(|resumed| resumed.rows.is_empty()) {
            // Somebody else has resumed it, or has pointed it elsewhere.
            let now = find(app, workspace, id).await?;
            if now.state == State::Paused {
                return Err(outdated(now.revision));
            }
        }
        begin(app, &row.channel_id).await;
    }
    get(app, workspace, id).await
}

/// Deletes a source; its posts stay.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn delete(app: &App, caller: &Caller, id: &SourceId) -> Result<(), Error> {
    let workspace = &caller.workspace_id;
    let row = find(app, workspace, id).await?;
    let now = app.now();
    let mut statements = vec![audit(app, caller, "source.deleted", id, now)];
    statements.extend(store::delete(workspace, id));
    statements.push(channels::unfollow(&row.channel_id, now));
    app.database.batch(statements).await?;
    Ok(())
}
