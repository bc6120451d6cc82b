//! What people do with sources: make, read, change, pause, resume, delete.

use super::connect::{self, Found};
use super::health;
use super::ids::ChannelId;
use super::model::{Channel, Source, State};
use super::settings::{Change, NewSource, Settings};
use super::store::channels::{self, ChannelRow};
use super::store::{self, Count, SourceRow};
use super::websub;
use crate::app::App;
use crate::error::{Error, FieldError, Kind};
use crate::http::idempotency::{Once, Work};
use crate::http::{Page, Reply};
use crate::identity::Caller;
use crate::ids::{AuditId, SourceId, WorkspaceId};
use crate::jobs::Job;
use crate::ports::Statement;
use crate::posts;
use crate::time::{SECOND_MS, Timestamp};
use http::{StatusCode, header};
use serde_json::json;

/// How many sources a workspace has at most: all of an installation share what may be asked of YouTube in a day.
const SOURCES_MAX: u32 = 100;

fn too_many() -> Error {
    Error::new(
        Kind::Conflict,
        "too_many_sources",
        format!("The workspace has {SOURCES_MAX} sources, which is as many as there may be."),
        "Delete one that is not needed, or give one source several accounts.",
    )
}

/// Makes a source: 201 with it. What its channel has published so far is not posted.
///
/// 1. The channel is looked up.
/// 2. The transaction. Before it nothing exists; after it the channel is followed.
/// 3. The nudges. If they are lost, the sweep sends others.
///
/// # Errors
/// What is wrong with it, by field; `too_many_sources`; `youtube_unreachable`.
pub async fn connect(
    app: &App,
    caller: &Caller,
    new: &NewSource,
    once: &Once,
) -> Result<Reply, Error> {
    let workspace = &caller.workspace_id;
    let settings = Settings::of(new, Vec::new());
    let mut errors = settings.problems();
    let accounts = posts::accounts_that_post(app, workspace, &new.accounts).await;
    let accounts = accounts.or_else(|error| collect(error, &mut errors))?;
    if !errors.is_empty() {
        return Err(Error::invalid(errors));
    }
    let settings = Settings {
        accounts,
        ..settings
    };
    let count = app.database.run(store::count(workspace)).await?.first()?;
    if count.is_some_and(|Count { count }| count >= SOURCES_MAX) {
        return Err(too_many());
    }
    // 1.
    let found = connect::find(app, &new.channel).await?;
    let now = app.now();
    let row = SourceRow {
        id: SourceId::new(&*app.clock, &*app.random),
        workspace_id: workspace.clone(),
        channel_id: found.id.clone(),
        created_by: Some(caller.user_id.clone()),
        state: State::Active,
        settings: store::stored(&settings),
        baseline_at: baseline(now),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let known: Option<ChannelRow> = app.database.run(channels::read(&found.id)).await?.first()?;
    let mut channel = known.unwrap_or_else(|| ChannelRow::unknown(found.id.clone(), now));
    channel.title = found.title.clone().or(channel.title);
    channel.followed = 1;
    channel.poll_at = Some(now);
    let reply = Reply::json(StatusCode::CREATED, &shown(app, row.clone(), &channel)?)?
        .with_header(header::LOCATION, &format!("/api/v1/sources/{}", row.id))
        .with_header(header::ETAG, &tag(1));
    let mut statements = vec![
        follow(app, &found, now)?,
        store::insert(&row, settings.max_per_day),
    ];
    statements.push(audit(app, caller, "source.created", &row.id, now));
    let work = Work {
        statements,
        keep: store::KEEP,
        made: row.id.as_str(),
    };
    // 2.
    once.commit(app, work, &reply).await?;
    // 3.
    begin(app, &found.id).await;
    Ok(reply)
}

/// The baseline of a source that begins now. YouTube gives whole seconds: what is of the same second counts as new, lest it be
/// passed over.
const fn baseline(now: Timestamp) -> Timestamp {
    now.plus_ms(-now.millis().rem_euclid(SECOND_MS))
}

/// Fields of an error beside others.
fn collect<T: Default>(error: Error, errors: &mut Vec<FieldError>) -> Result<T, Error> {
    if error.kind != Kind::Invalid {
        return Err(error);
    }
    errors.extend(error.fields);
    Ok(T::default())
}

fn follow(app: &App, found: &Found, now: Timestamp) -> Result<Statement, Error> {
    let (callback, secret) = (
        websub::new_callback(app),
        websub::new_secret(app, &found.id)?,
    );
    let title = found.title.as_deref();
    Ok(channels::follow(&found.id, title, &callback, &secret, now))
}

async fn begin(app: &App, channel: &ChannelId) {
    let channel_id = channel.clone();
    let poll = Job::Poll {
        channel_id: channel_id.clone(),
    };
    let jobs = vec![(poll, 0), (Job::Subscribe { channel_id }, 0)];
    if let Err(error) = app.queue.send(jobs).await {
        app.warn(
            "nudge_failed",
            &json!({ "channel": channel, "error": error.0 }),
        );
    }
}

fn audit(app: &App, caller: &Caller, action: &str, id: &SourceId, now: Timestamp) -> Statement {
    let audit = AuditId::new(&*app.clock, &*app.random);
    store::audit(
        &caller.workspace_id,
        &audit,
        &caller.actor(),
        action,
        id,
        now,
    )
}

fn audit_of_change(app: &App, caller: &Caller, before: &SourceRow, now: Timestamp) -> Statement {
    let audit = AuditId::new(&*app.clock, &*app.random);
    store::audit_of_change(before, &audit, &caller.actor(), now)
}

/// The entity tag of a revision.
#[must_use]
pub fn tag(revision: u32) -> String {
    format!("\"{revision}\"")
}

/// One source.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn get(app: &App, workspace: &WorkspaceId, id: &SourceId) -> Result<Source, Error> {
    let row = find(app, workspace, id).await?;
    let channel = channel(app, &row.channel_id).await?;
    shown(app, row, &channel)
}

/// A source as it is stored.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn find(app: &App, workspace: &WorkspaceId, id: &SourceId) -> Result<SourceRow, Error> {
    let row = app.database.run(store::read(workspace, id)).await?;
    row.first()?.ok_or_else(|| Error::not_found("source"))
}

async fn channel(app: &App, id: &ChannelId) -> Result<ChannelRow, Error> {
    let row = app.database.run(channels::read(id)).await?;
    row.first()?
        .ok_or_else(|| Error::internal(format!("the channel {id} of a source is missing")))
}

/// Sources, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    workspace: &WorkspaceId,
    state: Option<State>,
    before: Option<&SourceId>,
    limit: u32,
) -> Result<Page<Source>, Error> {
    let rows = store::list(workspace, before, state, limit.saturating_add(1));
    let rows: Vec<SourceRow> = app.database.run(rows).await?.all()?;
    let ids: Vec<ChannelId> = rows.iter().map(|row| row.channel_id.clone()).collect();
    let known: Vec<ChannelRow> = app.database.run(channels::many(&ids)).await?.all()?;
    let of = |row: &SourceRow| known.iter().find(|one| one.channel_id == row.channel_id);
    let shown = rows.into_iter().filter_map(|row| {
        let channel = of(&row)?.clone();
        Some(shown(app, row, &channel))
    });
    let sources = shown.collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(sources, limit, |source: &Source| {
        source.id.to_string()
    }))
}

/// Changes a source. Another channel takes a new baseline, and what is still open of the old one becomes no post.
///
/// # Errors
/// What is wrong, by field; [`Kind::Outdated`] when the source is of another revision than `revisions`, or was changed
/// meanwhile.
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
    // Before the update, which takes the revision that it asks for.
    let mut statements = vec![audit_of_change(app, caller, &before, now)];
    if let Some(found) = &other {
        after.channel_id = found.id.clone();
        after.baseline_at = baseline(now);
        statements.push(follow(app, found, now)?);
    }
    let updated = statements.len();
    statements.push(store::update(&after, settings.max_per_day, now));
    if other.is_some() {
        let revision = before.revision.saturating_add(1);
        statements.push(store::repointed(&after, revision, now));
        statements.push(channels::unfollow(&before.channel_id, now));
        // Of a paused source, the channel is only noted.
        statements.push(channels::unfollow(&after.channel_id, now));
    }
    let sets = app.database.batch(statements).await?;
    if sets.get(updated).is_none_or(|set| set.rows.is_empty()) {
        return Err(outdated(find(app, workspace, id).await?.revision));
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

fn shown(app: &App, row: SourceRow, channel: &ChannelRow) -> Result<Source, Error> {
    let settings = row.settings()?;
    let mut health = health::of(channel, app.now());
    if row.state == State::Paused {
        "Paused: nothing becomes a post until it is resumed.".clone_into(&mut health.summary);
    }
    Ok(Source {
        id: row.id,
        workspace_id: row.workspace_id,
        kind: "youtube",
        channel: Channel {
            url: format!("https://www.youtube.com/channel/{}", row.channel_id),
            id: row.channel_id,
            title: channel.title.clone(),
        },
        state: row.state,
        accounts: settings.accounts,
        mode: settings.mode,
        filter: settings.filter,
        template: settings.template,
        link: settings.link,
        hashtags: settings.hashtags,
        include: settings.include,
        exclude: settings.exclude,
        delay_seconds: settings.delay_seconds,
        max_per_day: settings.max_per_day,
        thumbnail: settings.thumbnail,
        baseline_at: row.baseline_at,
        created_by: row.created_by,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
        health,
    })
}
