//! What people do with sources: make and read. [`super::change`] has the rest.

use super::connect::{self, Found};
use super::health;
use super::ids::ChannelId;
use super::model::{Channel, Source, State};
use super::poll;
use super::settings::{NewSource, Settings};
use super::store::channels::{self, ChannelRow};
use super::store::{self, AccountRow, Count, RivalRow, SourceRow};
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

/// That another source announces the same videos by one of the same accounts.
pub(super) fn exists(other: Option<RivalRow>) -> Error {
    let other = other.map_or_else(|| "another".to_owned(), |other| other.id.to_string());
    Error::new(
        Kind::Conflict,
        "source_exists",
        format!(
            "The source {other} is for the same videos of this channel and one of these accounts."
        ),
        "Change or delete that source, or give one of the two other accounts, another filter, or other words.",
    )
}

pub(super) async fn rival(app: &App, row: &SourceRow) -> Result<Option<RivalRow>, Error> {
    Ok(app.database.run(store::rival(row)).await?.first()?)
}

/// Makes a source: 201 with it. What its channel has published so far is not posted.
///
/// 1. The channel is looked up.
/// 2. The transaction. Before it nothing exists; after it the channel is followed.
/// 3. The nudges. If they are lost, the sweep sends others.
///
/// # Errors
/// What is wrong with it, by field; `too_many_sources`; `source_exists`; `youtube_unreachable`.
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
    channel.poll_at = channel.poll_at.or(Some(now));
    let reply = Reply::json(
        StatusCode::CREATED,
        &shown(app, row.clone(), &channel, &[])?,
    )?
    .with_header(header::LOCATION, &format!("/api/v1/sources/{}", row.id))
    .with_header(header::ETAG, &tag(1));
    let statements = vec![
        follow(app, &found, now)?,
        store::insert(&row, settings.max_per_day, SOURCES_MAX),
        // It may not have been made.
        channels::unfollow(&found.id, now),
        audit(app, caller, "source.created", &row.id, now),
    ];
    let work = Work {
        statements,
        keep: store::KEEP,
        made: row.id.as_str(),
    };
    // 2.
    let sets = once.commit(app, work, &reply).await?;
    if sets.get(1).is_none_or(|made| made.rows.is_empty()) {
        return Err(match rival(app, &row).await? {
            Some(other) => exists(Some(other)),
            None => too_many(),
        });
    }
    // 3.
    begin(app, &found.id).await;
    Ok(reply)
}

/// The baseline of a source that begins now. YouTube gives whole seconds: what is of the same second counts as new, lest it be
/// passed over.
pub(super) const fn baseline(now: Timestamp) -> Timestamp {
    now.plus_ms(-now.millis().rem_euclid(SECOND_MS))
}

/// Fields of an error beside others.
pub(super) fn collect<T: Default>(error: Error, errors: &mut Vec<FieldError>) -> Result<T, Error> {
    if error.kind != Kind::Invalid {
        return Err(error);
    }
    errors.extend(error.fields);
    Ok(T::default())
}

pub(super) fn follow(app: &App, found: &Found, now: Timestamp) -> Result<Statement, Error> {
    let (callback, secret) = (
        websub::new_callback(app),
        websub::new_secret(app, &found.id)?,
    );
    let title = found.title.as_deref();
    let pause = poll::FEED_LEAST_MS;
    Ok(channels::follow(
        &found.id, title, &callback, &secret, now, pause,
    ))
}

pub(super) async fn begin(app: &App, channel: &ChannelId) {
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

pub(super) fn audit(
    app: &App,
    caller: &Caller,
    action: &str,
    id: &SourceId,
    now: Timestamp,
) -> Statement {
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
    let statements = vec![
        channels::read(&row.channel_id),
        store::that_cannot_post(workspace),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let channel: Option<ChannelRow> = sets.next().unwrap_or_default().first()?;
    let broken: Vec<AccountRow> = sets.next().unwrap_or_default().all()?;
    let channel = channel.ok_or_else(|| {
        Error::internal(format!(
            "the channel {} of a source is missing",
            row.channel_id
        ))
    })?;
    shown(app, row, &channel, &broken)
}

/// A source as it is stored.
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn find(app: &App, workspace: &WorkspaceId, id: &SourceId) -> Result<SourceRow, Error> {
    let row = app.database.run(store::read(workspace, id)).await?;
    row.first()?.ok_or_else(|| Error::not_found("source"))
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
    let statements = vec![channels::many(&ids), store::that_cannot_post(workspace)];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let known: Vec<ChannelRow> = sets.next().unwrap_or_default().all()?;
    let broken: Vec<AccountRow> = sets.next().unwrap_or_default().all()?;
    let of = |row: &SourceRow| known.iter().find(|one| one.channel_id == row.channel_id);
    let shown = rows.into_iter().filter_map(|row| {
        let channel = of(&row)?.clone();
        Some(shown(app, row, &channel, &broken))
    });
    let sources = shown.collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(sources, limit, |source: &Source| {
        source.id.to_string()
    }))
}

fn shown(
    app: &App,
    row: SourceRow,
    channel: &ChannelRow,
    broken: &[AccountRow],
) -> Result<Source, Error> {
    let settings = row.settings()?;
    let mut health = health::of(channel, app.now(), app.config.youtube.api_key.is_some());
    if row.state == State::Paused {
        "Paused: nothing becomes a post until it is resumed.".clone_into(&mut health.summary);
    } else if let Some(account) = broken
        .iter()
        .find(|one| settings.accounts.contains(&one.id))
    {
        let detail = format!(
            "The account {} of this source cannot post: connect it again. A new video waits for it {}. ",
            account.id,
            if settings.accounts.len() > 1 {
                "ten minutes, and then goes without it"
            } else {
                "up to a day"
            }
        );
        health.summary.insert_str(0, &detail);
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
