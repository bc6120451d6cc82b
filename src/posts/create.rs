//! Accepting a post: validate, make it durable in one transaction, nudge.
//!
//! The idempotency key is claimed in the very transaction that makes the post, with the answer beside it. So a first
//! request that crashed either left nothing, and the repeat does the work, or left everything, and the repeat is
//! answered with what the first one would have been.

use super::accept::{self, Draft, Order};
use super::idempotency::{self, KEY_LIFE_MS, KeyRow};
use super::model::{NewPost, Source};
use super::{schedule, store};
use crate::app::App;
use crate::crypto;
use crate::error::Error;
use crate::http::{Call, Reply};
use crate::ids::PostId;
use crate::ports::Statement;
use http::StatusCode;
use serde_json::json;

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
    let draft = match read(app, call, call.json()?).await {
        Ok(draft) => draft,
        Err(error) => return idempotency::replay_or(app, call, key, &fingerprint, error).await,
    };
    let location = format!("/api/v1/posts/{}", draft.post.id);
    let reply = Reply::json(StatusCode::ACCEPTED, &draft.post)?
        .with_header(http::header::LOCATION, &location);
    check_size(&reply)?;
    let mut statements = match key {
        Some(key) => claim(&draft, key, &fingerprint, &reply),
        None => Vec::new(),
    };
    statements.extend(draft.insertion(key));
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
        return Err(accept::bad_accounts(&draft.accounts(), last)?);
    }
    // 2.
    let jobs = draft.nudges();
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

/// Takes the key for this post, with the answer that repeats of the request get.
fn claim(draft: &Draft, key: &str, fingerprint: &str, reply: &Reply) -> Vec<Statement> {
    let (post, now) = (&draft.post, draft.now());
    let accounts = draft.accounts();
    let count = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
    let answer = reply.body.as_ref().map_or(String::new(), |(_, bytes)| {
        String::from_utf8_lossy(bytes).into_owned()
    });
    vec![
        Statement::new(store::CLAIM_KEY)
            .bind(&post.workspace_id)
            .bind(accept::json(&accounts))
            .bind(count)
            .bind(key)
            .bind(fingerprint)
            .bind(&post.id)
            .bind(u32::from(reply.status.as_u16()))
            .bind(answer)
            .bind(now.plus_ms(KEY_LIFE_MS))
            .bind(now),
        idempotency::read(&post.workspace_id, key, now),
    ]
}

async fn read(app: &App, call: &Call, new: NewPost) -> Result<Draft, Error> {
    let caller = call.caller()?;
    let accounts = accept::accounts(&new.accounts)?;
    let schedule = schedule::read(
        new.publish_at.as_deref(),
        new.timezone.as_deref(),
        app.now(),
    )?;
    let order = Order {
        id: PostId::new(&*app.clock, &*app.random),
        workspace: caller.workspace_id.clone(),
        author: Some(caller.user_id.clone()),
        source: Source::Api,
        hold: None,
        wording: new.wording(),
        accounts,
        schedule,
        cause: None,
    };
    accept::draft(app, order).await
}
