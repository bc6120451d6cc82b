//! Reading posts, the history and the statistics.

use super::model::{
    AccountCounts, Counts, DayCount, Delivery, Post, Progress, Publication, Stats, Status,
};
use super::store::{self, DeliveryRow, HistoryRow, PartRow, PostRow};
use crate::app::App;
use crate::error::Error;
use crate::ids::{AccountId, DeliveryId, PostId, WorkspaceId};
use crate::ports::{ResultSet, Statement, StorageError, Value};
use crate::publish::State;
use crate::publish::content::{self, Written};
use crate::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which posts, and how many.
#[derive(Debug, Default)]
pub struct Filter {
    /// Of this status.
    pub status: Option<Status>,
    /// With a delivery to this account.
    pub account: Option<AccountId>,
    /// From this source.
    pub source: Option<super::model::Source>,
    /// Accepted (in the history: published) at this time or later.
    pub from: Option<Timestamp>,
    /// Accepted (in the history: published) before this time.
    pub to: Option<Timestamp>,
    /// How many.
    pub limit: u32,
}

/// One post with its deliveries. One round trip.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] when the workspace has no such post.
pub async fn post(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Post, Error> {
    let statements = post_query(workspace, id).into();
    found(app, app.database.batch(statements).await?)
}

/// What was written, as it is stored. One round trip.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] when the workspace has no such post.
pub async fn written(app: &App, workspace: &WorkspaceId, id: &PostId) -> Result<Written, Error> {
    let query = Statement::new(store::READ_POST).bind(workspace).bind(id);
    let row: Option<PostRow> = app.database.run(query).await?.first()?;
    Ok(row.ok_or_else(|| Error::not_found("post"))?.written()?)
}

/// What reads a post with its deliveries, for [`found`]. Other statements may stand before it in a batch.
#[must_use]
pub fn post_query(workspace: &WorkspaceId, id: &PostId) -> [Statement; 3] {
    let ids = list_of(std::iter::once(id.as_str()));
    [
        Statement::new(store::READ_POST).bind(workspace).bind(id),
        Statement::new(store::DELIVERIES)
            .bind(workspace)
            .bind(ids.as_str()),
        Statement::new(store::PARTS_OF_POSTS)
            .bind(workspace)
            .bind(ids.as_str()),
    ]
}

/// The post that a batch ended with, by [`post_query`].
///
/// # Errors
/// [`crate::error::Kind::NotFound`] when the workspace has no such post.
pub fn found(app: &App, mut results: Vec<ResultSet>) -> Result<Post, Error> {
    let mut results = results
        .split_off(results.len().saturating_sub(3))
        .into_iter();
    let mut next = || results.next().unwrap_or_default();
    let row = next()
        .first::<PostRow>()?
        .ok_or_else(|| Error::not_found("post"))?;
    Ok(assemble(app, row, &next().all()?, &next().all()?)?)
}

/// Posts, newest first, up to one more than the limit. Two round trips.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    workspace: &WorkspaceId,
    filter: &Filter,
    before: Option<&PostId>,
) -> Result<Vec<Post>, Error> {
    let query = Statement::new(store::LIST_POSTS)
        .bind(workspace)
        // Every id is smaller than this.
        .bind(before.map_or("post_~", PostId::as_str))
        .bind(filter.status.map(Status::as_str))
        .bind(filter.source.map(super::model::Source::as_str))
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.account.as_ref().map(AccountId::as_str))
        .bind(filter.limit.saturating_add(1));
    let rows: Vec<PostRow> = app.database.run(query).await?.all()?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = list_of(rows.iter().map(|row| row.id.as_str()));
    let statements = vec![
        Statement::new(store::DELIVERIES)
            .bind(workspace)
            .bind(ids.as_str()),
        Statement::new(store::PARTS_OF_POSTS)
            .bind(workspace)
            .bind(ids.as_str()),
    ];
    let mut results = app.database.batch(statements).await?.into_iter();
    let deliveries: Vec<DeliveryRow> = results.next().unwrap_or_default().all()?;
    let parts: Vec<PartRow> = results.next().unwrap_or_default().all()?;
    let mut of_post: BTreeMap<PostId, Vec<DeliveryRow>> = BTreeMap::new();
    for delivery in deliveries {
        of_post
            .entry(delivery.post_id.clone())
            .or_default()
            .push(delivery);
    }
    rows.into_iter()
        .map(|row| {
            let deliveries = of_post.remove(&row.id).unwrap_or_default();
            Ok(assemble(app, row, &deliveries, &parts)?)
        })
        .collect()
}

fn assemble(
    app: &App,
    row: PostRow,
    deliveries: &[DeliveryRow],
    parts: &[PartRow],
) -> Result<Post, StorageError> {
    let written = row.written()?;
    let deliveries = deliveries
        .iter()
        .map(|delivery| {
            let own = delivery.segments.as_deref().map(content::segments);
            let own = own.transpose()?;
            let parts = store::parts(
                own.as_ref().unwrap_or(&written.segments),
                parts,
                &delivery.id,
                &app.config.x.web_base,
                &delivery.handle,
            );
            let so_far = Progress::of(&parts);
            Ok(Delivery {
                id: delivery.id.clone(),
                post_id: delivery.post_id.clone(),
                account_id: delivery.account_id.clone(),
                platform: delivery.platform.clone(),
                state: delivery.state,
                reason: delivery.reason.clone(),
                detail: delivery.detail.clone(),
                remedy: delivery.remedy.clone(),
                upstream: delivery.upstream.clone(),
                next_attempt_at: delivery.next_attempt_at,
                attempts: serde_json::from_str(&delivery.attempt_log)
                    .map_err(|error| StorageError::Failed(format!("attempt_log: {error}")))?,
                published_at: delivery.published_at,
                url: parts.first().and_then(|part| part.url.clone()),
                parts_sent: so_far.sent,
                parts_total: so_far.total,
                progress: so_far.words,
                parts,
            })
        })
        .collect::<Result<_, StorageError>>()?;
    Ok(Post {
        id: row.id,
        workspace_id: row.workspace_id,
        status: row.status,
        text: written.text().to_owned(),
        segments: written.texts(),
        options: written.options,
        publish_at: row.publish_at,
        wall_clock: row.wall_clock,
        timezone: row.timezone,
        source: row.source,
        author_id: row.author_id,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
        deliveries,
    })
}

/// What was published, newest first, up to one more than the limit. Two round trips.
///
/// # Errors
/// When the database does not answer.
pub async fn history(
    app: &App,
    workspace: &WorkspaceId,
    filter: &Filter,
    before: Option<&(Timestamp, DeliveryId)>,
) -> Result<Vec<Publication>, Error> {
    let (at, id): (Value, &str) = match before {
        Some((at, id)) => ((*at).into(), id.as_str()),
        None => (Value::Integer(i64::from(u32::MAX) * 1_000_000), "~"),
    };
    let query = Statement::new(store::HISTORY)
        .bind(workspace)
        .bind(at)
        .bind(id)
        .bind(filter.account.as_ref().map(AccountId::as_str))
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.limit.saturating_add(1));
    let rows: Vec<HistoryRow> = app.database.run(query).await?.all()?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = list_of(rows.iter().map(|row| row.delivery_id.as_str()));
    let query = Statement::new(store::PARTS_OF_DELIVERIES)
        .bind(workspace)
        .bind(ids);
    let parts: Vec<PartRow> = app.database.run(query).await?.all()?;
    rows.into_iter()
        .map(|row| {
            let segments = content::segments(&row.segments)?;
            let parts = store::parts(
                &segments,
                &parts,
                &row.delivery_id,
                &app.config.x.web_base,
                &row.handle,
            );
            Ok(Publication {
                delivery_id: row.delivery_id,
                post_id: row.post_id,
                account_id: row.account_id,
                handle: row.handle,
                platform: row.platform,
                text: parts
                    .first()
                    .map_or(String::new(), |part| part.text.clone()),
                source: row.source,
                url: parts.first().and_then(|part| part.url.clone()),
                published_at: row.published_at,
                parts,
            })
        })
        .collect()
}

/// Where everything stands. One round trip.
///
/// # Errors
/// When the database does not answer.
pub async fn stats(app: &App, workspace: &WorkspaceId) -> Result<Stats, Error> {
    #[derive(Deserialize)]
    struct Row {
        account_id: AccountId,
        handle: String,
        state: State,
        number: u64,
    }
    let statements = vec![
        Statement::new(store::COUNTS).bind(workspace),
        Statement::new(store::BY_DAY).bind(workspace),
    ];
    let mut results = app.database.batch(statements).await?.into_iter();
    let rows: Vec<Row> = results.next().unwrap_or_default().all()?;
    let by_day: Vec<DayCount> = results.next().unwrap_or_default().all()?;
    let mut counts = Counts::default();
    let mut of_account: BTreeMap<AccountId, AccountCounts> = BTreeMap::new();
    for row in rows {
        add(&mut counts, row.state, row.number);
        let account = of_account
            .entry(row.account_id.clone())
            .or_insert_with(|| AccountCounts {
                account_id: row.account_id,
                handle: row.handle,
                counts: Counts::default(),
            });
        add(&mut account.counts, row.state, row.number);
    }
    let mut by_account: Vec<AccountCounts> = of_account.into_values().collect();
    by_account.sort_by_key(|account| std::cmp::Reverse(account.counts.total));
    Ok(Stats {
        counts,
        by_account,
        by_day,
    })
}

fn add(counts: &mut Counts, state: State, number: u64) {
    counts.total += number;
    let place = match state {
        State::Published | State::Deleting => &mut counts.published,
        State::Failed => &mut counts.failed,
        State::Queued | State::Publishing | State::Waiting => &mut counts.waiting,
        State::Scheduled => &mut counts.scheduled,
        State::Uncertain => &mut counts.uncertain,
        State::Canceled => &mut counts.canceled,
        State::Missed => &mut counts.missed,
        State::Deleted => &mut counts.deleted,
        State::Draft | State::InReview => return,
    };
    *place += number;
}

fn list_of<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    serde_json::to_string(&ids.collect::<Vec<_>>()).unwrap_or_default()
}
