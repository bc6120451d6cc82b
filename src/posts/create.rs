//! Accepting a post: validate, make it durable in one transaction, nudge.
//!
//! The idempotency key is claimed in the very transaction that makes the post, with the answer beside it. So a first
//! request that crashed either left nothing, and the repeat does the work, or left everything, and the repeat is
//! answered with what the first one would have been.

use super::compose::compose;
use super::edit_of;
use super::idempotency::{self, KEY_LIFE_MS, KeyRow};
use super::model::{Delivery, NewPost, Post, Progress, Source, Status};
use super::schedule::{self, Schedule};
use super::store;
use super::targets::{self, Fitted, Target};
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::crypto;
use crate::error::{Error, FieldError};
use crate::http::{Call, Reply};
use crate::ids::{AccountId, DeliveryId, PostId, UserId};
use crate::jobs::Job;
use crate::media;
use crate::ports::{ResultSet, Statement};
use crate::publish::State;
use crate::publish::content::Written;
use crate::time::Timestamp;
use http::StatusCode;
use serde_json::json;

/// The most accounts that one post goes to.
const ACCOUNTS_MAX: usize = 50;
/// The largest answer, in bytes: what is left of a row of D1, 2,000,000
/// (<https://developers.cloudflare.com/d1/platform/limits/>), beside the other columns.
const ANSWER_MAX_BYTES: usize = 1_900_000;

/// What came of a request to create a post.
pub enum Created {
    /// A post of this id is accepted, and this is the answer.
    New(PostId, Reply),
    /// It was accepted before under the same key, and this was the answer.
    Replayed(PostId, Reply),
}

/// A post that may be written.
struct Draft {
    post: Post,
    written: Written,
    /// What accounts get that do not get what was written.
    fitted: Fitted,
    schedule: Schedule,
    state: State,
    due_at: Timestamp,
    sweep_at: Timestamp,
}

/// Accepts a post. One round trip to the database and one to the queue.
///
/// 1. The transaction. Before it nothing exists; after it the post is accepted, whatever happens to this request.
/// 2. The nudge. If it is lost, the sweep sends another.
///
/// # Errors
/// What is wrong with the post, by field; or that its key belongs to another request.
pub async fn create(app: &App, call: &Call) -> Result<Created, Error> {
    let caller = call.caller()?;
    let key = idempotency::key(call)?;
    let fingerprint = crypto::sha256(&[call.target.as_bytes(), b"\n", &call.body].concat());
    let draft = match draft(app, call, call.json()?).await {
        Ok(draft) => draft,
        Err(error) => return idempotency::replay_or(app, call, key, &fingerprint, error).await,
    };
    let location = format!("/api/v1/posts/{}", draft.post.id);
    let reply = Reply::json(StatusCode::ACCEPTED, &draft.post)?
        .with_header(http::header::LOCATION, &location);
    check_size(&reply)?;
    let now = draft.post.created_at;
    let accounts: Vec<&AccountId> = draft
        .post
        .deliveries
        .iter()
        .map(|delivery| &delivery.account_id)
        .collect();
    let statements = statements(&draft, key, &fingerprint, &reply, &json(&accounts), now);
    // 1.
    let mut results = app.database.batch(statements).await?.into_iter();
    let mut next = || results.next().unwrap_or_default();
    let known = if key.is_some() {
        next();
        next().first::<KeyRow>()?
    } else {
        None
    };
    if next().rows.is_empty() {
        if let Some(known) = known {
            return idempotency::replay(known, &fingerprint);
        }
        let last = results.next_back().unwrap_or_default();
        return Err(bad_accounts(&accounts, last)?);
    }
    // 2.
    let jobs = nudges(&draft, now);
    if !jobs.is_empty()
        && let Err(error) = app.queue.send(jobs).await
    {
        app.warn(
            "nudge_failed",
            &json!({ "post": draft.post.id, "error": error.0 }),
        );
    }
    app.info(
        "post_accepted",
        &json!({ "post": draft.post.id, "workspace": caller.workspace_id }),
    );
    Ok(Created::New(draft.post.id, reply))
}

/// The answer is kept with its key, in one row.
fn check_size(reply: &Reply) -> Result<(), Error> {
    let size = reply.body.as_ref().map_or(0, |(_, bytes)| bytes.len());
    if size <= ANSWER_MAX_BYTES {
        return Ok(());
    }
    Err(Error::invalid_field(
        "/accounts",
        "post_too_large",
        "The texts of all parts, for all accounts together, are more than can be kept.",
    ))
}

fn statements(
    draft: &Draft,
    key: Option<&str>,
    fingerprint: &str,
    reply: &Reply,
    accounts: &str,
    now: Timestamp,
) -> Vec<Statement> {
    let post = &draft.post;
    let count = u32::try_from(post.deliveries.len()).unwrap_or(u32::MAX);
    let workspace = &post.workspace_id;
    let answer = reply.body.as_ref().map_or(String::new(), |(_, bytes)| {
        String::from_utf8_lossy(bytes).into_owned()
    });
    let mut statements = Vec::new();
    if let Some(key) = key {
        statements.push(
            Statement::new(store::CLAIM_KEY)
                .bind(workspace)
                .bind(accounts)
                .bind(count)
                .bind(key)
                .bind(fingerprint)
                .bind(&post.id)
                .bind(u32::from(reply.status.as_u16()))
                .bind(answer)
                .bind(now.plus_ms(KEY_LIFE_MS))
                .bind(now),
        );
        statements.push(idempotency::read(workspace, key, now));
    }
    let deliveries: Vec<_> = post
        .deliveries
        .iter()
        .map(|one| {
            let segments = draft.fitted.get(&one.account_id);
            json!({ "id": one.id, "account_id": one.account_id, "segments": segments })
        })
        .collect();
    statements.push(
        Statement::new(store::INSERT_POST)
            .bind(workspace)
            .bind(accounts)
            .bind(count)
            .bind(key)
            .bind(&post.id)
            .bind(post.author_id.as_ref().map(UserId::as_str))
            .bind(post.source.as_str())
            .bind(post.status.as_str())
            .bind(json(&draft.written.segments))
            .bind(draft.schedule.at)
            .bind(draft.schedule.wall_clock.clone())
            .bind(draft.schedule.timezone.clone())
            .bind(now)
            .bind(draft.written.options.stored()),
    );
    statements.push(
        Statement::new(store::INSERT_DELIVERIES)
            .bind(workspace)
            .bind(&post.id)
            .bind(json(&deliveries))
            .bind(draft.state.as_str())
            .bind(draft.due_at)
            .bind(draft.sweep_at)
            .bind(now),
    );
    statements.extend(media::store::used(
        workspace,
        &post.id,
        draft.written.media(),
    ));
    statements.push(
        Statement::new(store::ACCOUNTS)
            .bind(workspace)
            .bind(accounts),
    );
    statements
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn nudges(draft: &Draft, now: Timestamp) -> Vec<(Job, u32)> {
    if draft.due_at.since(now) > SWEEP_AHEAD_MS {
        return Vec::new();
    }
    let job = |delivery: &Delivery| Job::Deliver {
        delivery_id: delivery.id.clone(),
        workspace_id: draft.post.workspace_id.clone(),
        account_id: delivery.account_id.clone(),
        not_before: draft.due_at,
    };
    let delay = crate::publish::delay_seconds(draft.due_at, now);
    draft
        .post
        .deliveries
        .iter()
        .map(|delivery| (job(delivery), delay))
        .collect()
}

async fn draft(app: &App, call: &Call, new: NewPost) -> Result<Draft, Error> {
    let caller = call.caller()?;
    let now = app.now();
    let web_base = &app.config.x.web_base;
    let (written, mut errors) = compose(new.wording(), web_base);
    let accounts = accounts(&new.accounts)?;
    let schedule = schedule::read(new.publish_at.as_deref(), new.timezone.as_deref(), now)?;
    let (due_at, sweep_at) = schedule.due(now, &app.config.timing);
    let no_edit = edit_of::not_possible(&written, accounts.len(), due_at, web_base);
    errors.extend(no_edit);
    let (state, status) = if due_at > now {
        (State::Scheduled, Status::Scheduled)
    } else {
        (State::Queued, Status::Publishing)
    };
    let fitted = targets::fitted(app, &caller.workspace_id, &accounts, &written, errors).await?;
    let id = PostId::new(&*app.clock, &*app.random);
    let deliveries = accounts
        .into_iter()
        .map(|account_id| {
            let delivery_id = DeliveryId::new(&*app.clock, &*app.random);
            let segments = fitted.get(&account_id).unwrap_or(&written.segments);
            let parts = store::parts(segments, &[], &delivery_id, &app.config.x.web_base, "");
            let so_far = Progress::of(&parts);
            Delivery {
                parts_sent: so_far.sent,
                parts_total: so_far.total,
                progress: so_far.words,
                parts,
                id: delivery_id,
                post_id: id.clone(),
                account_id,
                platform: "x".to_owned(),
                state,
                reason: None,
                detail: None,
                remedy: None,
                upstream: None,
                next_attempt_at: Some(due_at),
                attempts: Vec::new(),
                published_at: None,
                url: None,
            }
        })
        .collect();
    let post = Post {
        id,
        workspace_id: caller.workspace_id.clone(),
        status,
        text: written.text().to_owned(),
        segments: written.texts(),
        options: written.options.clone(),
        publish_at: schedule.at,
        wall_clock: schedule.wall_clock.clone(),
        timezone: schedule.timezone.clone(),
        source: Source::Api,
        author_id: Some(caller.user_id.clone()),
        revision: 1,
        created_at: now,
        updated_at: now,
        deliveries,
    };
    Ok(Draft {
        post,
        written,
        fitted,
        schedule,
        state,
        due_at,
        sweep_at,
    })
}

/// Reads the list of accounts.
pub(super) fn accounts(ids: &[String]) -> Result<Vec<AccountId>, Error> {
    if ids.is_empty() || ids.len() > ACCOUNTS_MAX {
        return Err(Error::invalid_field(
            "/accounts",
            "invalid_accounts",
            format!(
                "A post goes to 1 to {ACCOUNTS_MAX} accounts; this one names {}.",
                ids.len()
            ),
        ));
    }
    let mut accounts = Vec::new();
    let mut errors = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        match AccountId::parse(id) {
            Some(id) if accounts.contains(&id) => errors.push(FieldError::new(
                format!("/accounts/{index}"),
                "duplicate_account",
                "This account is named before; a post goes to an account once.",
            )),
            Some(id) => accounts.push(id),
            None => errors.push(unknown_account(index)),
        }
    }
    if errors.is_empty() {
        Ok(accounts)
    } else {
        Err(Error::invalid(errors))
    }
}

pub(super) fn unknown_account(index: usize) -> FieldError {
    FieldError::new(
        format!("/accounts/{index}"),
        "unknown_account",
        "There is no such account in this workspace; GET /api/v1/accounts lists them.",
    )
}

/// Why an account cannot post, if it cannot.
pub(super) fn cannot_post(index: usize, target: Option<&Target>) -> Option<FieldError> {
    let pointer = format!("/accounts/{index}");
    match target.map(|target| (&*target.status, &*target.auth)) {
        Some(("active", "app_only")) => Some(FieldError::new(
            pointer,
            "auth_mismatch",
            "This account is connected app-only, which X lets read and not post. Posting needs OAuth 2.0 of that user (POST /api/v1/connections/x/authorize), or OAuth 1.0a.",
        )),
        Some(("active", _)) => None,
        Some(("needs_reconnect", _)) => Some(FieldError::new(
            pointer,
            "account_needs_reconnect",
            "This account has to be connected again (POST /api/v1/connections/x/authorize) before it can post.",
        )),
        _ => Some(unknown_account(index)),
    }
}

/// Why the accounts were not accepted.
fn bad_accounts(wanted: &[&AccountId], found: ResultSet) -> Result<Error, Error> {
    let found: Vec<Target> = found.all()?;
    let errors = wanted
        .iter()
        .enumerate()
        .filter_map(|(index, id)| cannot_post(index, found.iter().find(|one| one.id == **id)));
    let errors: Vec<FieldError> = errors.collect();
    Ok(if errors.is_empty() {
        // The accounts were good again by the time they were read.
        Error::unavailable("the accounts changed while the post was made")
    } else {
        Error::invalid(errors)
    })
}
