//! From an order to a post: what is common to a person's request and to what a source makes by itself.
//!
//! The post and its deliveries are written in one transaction, in which its accounts are checked once more.

use super::compose::compose;
use super::edit_of;
use super::model::{Delivery, Post, Progress, Source, Status};
use super::schedule::Schedule;
use super::store;
use super::targets::{self, Fitted, Target};
use super::wording::Wording;
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::error::{Error, FieldError, Kind};
use crate::ids::{AccountId, DeliveryId, PostId, SourceId, UserId, WorkspaceId};
use crate::jobs::Job;
use crate::media;
use crate::ports::{ResultSet, Statement};
use crate::publish::State;
use crate::publish::content::Written;
use crate::sources::ids::VideoId;
use crate::time::Timestamp;
use serde_json::json;

/// The most accounts that one post goes to.
const ACCOUNTS_MAX: usize = 50;

/// A post that somebody, or something, wants.
#[derive(Clone)]
pub struct Order {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Who wrote it, or set up what writes it.
    pub author: Option<UserId>,
    /// Where it comes from.
    pub source: Source,
    /// Whether a person has to let it go first.
    pub hold: Option<Hold>,
    /// What it says.
    pub wording: Wording,
    /// Where it goes.
    pub accounts: Vec<AccountId>,
    /// When.
    pub schedule: Schedule,
    /// What makes it, if no person does.
    pub cause: Option<Cause>,
}

/// The item of a source that an order is of: it is accepted only while that is taken for it.
#[derive(Clone)]
pub struct Cause {
    /// The source.
    pub source: SourceId,
    /// The video.
    pub video: VideoId,
}

/// What a post waits for that nobody has let go yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// To be submitted.
    Draft,
    /// To be approved.
    Review,
}

/// A post that may be written.
pub struct Draft {
    /// The post, as it is answered with.
    pub post: Post,
    written: Written,
    /// What accounts get that do not get what was written.
    fitted: Fitted,
    schedule: Schedule,
    cause: Option<Cause>,
    state: State,
    due_at: Timestamp,
    sweep_at: Timestamp,
}

impl Draft {
    /// When it was made.
    pub const fn now(&self) -> Timestamp {
        self.post.created_at
    }

    /// The accounts that it goes to.
    pub fn accounts(&self) -> Vec<&AccountId> {
        let deliveries = self.post.deliveries.iter();
        deliveries.map(|delivery| &delivery.account_id).collect()
    }

    /// Writes it, if its accounts are good and, where there is a `key`, the key was claimed for it. The first gives a row
    /// when it was written, the last the accounts as they are.
    pub fn insertion(&self, key: Option<&str>) -> Vec<Statement> {
        let (post, now) = (&self.post, self.now());
        let workspace = &post.workspace_id;
        let accounts = json(&self.accounts());
        let count = u32::try_from(post.deliveries.len()).unwrap_or(u32::MAX);
        let deliveries: Vec<_> = post
            .deliveries
            .iter()
            .map(|one| {
                let segments = self.fitted.get(&one.account_id);
                json!({ "id": one.id, "account_id": one.account_id, "segments": segments })
            })
            .collect();
        let mut statements = vec![
            Statement::new(store::INSERT_POST)
                .bind(workspace)
                .bind(accounts.as_str())
                .bind(count)
                .bind(key)
                .bind(&post.id)
                .bind(post.author_id.as_ref().map(UserId::as_str))
                .bind(post.source.as_str())
                .bind(post.status.as_str())
                .bind(json(&self.written.segments))
                .bind(self.schedule.at)
                .bind(self.schedule.wall_clock.clone())
                .bind(self.schedule.timezone.clone())
                .bind(now)
                .bind(self.written.options.stored())
                .bind(self.cause.as_ref().map(|cause| cause.source.as_str()))
                .bind(self.cause.as_ref().map(|cause| cause.video.as_str())),
            Statement::new(store::INSERT_DELIVERIES)
                .bind(workspace)
                .bind(&post.id)
                .bind(json(&deliveries))
                .bind(self.state.as_str())
                .bind(self.due_at)
                .bind(self.sweep_at)
                .bind(now),
        ];
        statements.extend(media::store::used(
            workspace,
            &post.id,
            self.written.media(),
        ));
        statements.push(
            Statement::new(store::ACCOUNTS)
                .bind(workspace)
                .bind(accounts),
        );
        statements
    }

    /// What makes it go out in time: the sweep does where this is lost.
    pub fn nudges(&self) -> Vec<(Job, u32)> {
        let now = self.now();
        if !matches!(self.state, State::Queued | State::Scheduled)
            || self.due_at.since(now) > SWEEP_AHEAD_MS
        {
            return Vec::new();
        }
        let job = |delivery: &Delivery| Job::Deliver {
            delivery_id: delivery.id.clone(),
            workspace_id: self.post.workspace_id.clone(),
            account_id: delivery.account_id.clone(),
            not_before: self.due_at,
        };
        let delay = crate::publish::delay_seconds(self.due_at, now);
        self.post
            .deliveries
            .iter()
            .map(|delivery| (job(delivery), delay))
            .collect()
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Looks whether an order can be accepted, and makes it out. At most one round trip.
///
/// # Errors
/// What is wrong with it, by field.
pub async fn draft(app: &App, order: Order) -> Result<Draft, Error> {
    let now = app.now();
    let web_base = &app.config.x.web_base;
    let Order {
        id,
        workspace,
        author,
        source,
        hold,
        wording,
        accounts,
        schedule,
        cause,
    } = order;
    let (written, mut errors) = compose(wording, web_base);
    let (due_at, sweep_at) = schedule.due(now, &app.config.timing);
    let no_edit = edit_of::not_possible(&written, accounts.len(), due_at, web_base);
    errors.extend(no_edit);
    let (state, status) = match hold {
        Some(Hold::Draft) => (State::Draft, Status::Draft),
        Some(Hold::Review) => (State::InReview, Status::InReview),
        None if due_at > now => (State::Scheduled, Status::Scheduled),
        None => (State::Queued, Status::Publishing),
    };
    let fitted = targets::fitted(app, &workspace, &accounts, &written, errors).await?;
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
                next_attempt_at: hold.is_none().then_some(due_at),
                attempts: Vec::new(),
                published_at: None,
                url: None,
            }
        })
        .collect();
    let post = Post {
        id,
        workspace_id: workspace,
        status,
        text: written.text().to_owned(),
        segments: written.texts(),
        options: written.options.clone(),
        publish_at: schedule.at,
        wall_clock: schedule.wall_clock.clone(),
        timezone: schedule.timezone.clone(),
        source,
        author_id: author,
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
        cause,
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
///
/// # Errors
/// When what was found cannot be read.
pub(super) fn bad_accounts(wanted: &[&AccountId], found: ResultSet) -> Result<Error, Error> {
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

/// What became of an order.
pub enum Accepted {
    /// It is a post, now or since an earlier time.
    Post,
    /// These fields stand in the way; accounts may change, words do not.
    Refused(Vec<FieldError>),
    /// It is not, and nothing was written: what makes it was taken away from it, or an account was broken for a moment.
    Not,
}

/// Accepts an order that no person waits for, with `also` in the same transaction, which must change nothing where the post
/// is not there. Under the same id, any number of times makes one post.
///
/// 1. The transaction. Before it nothing exists; after it the post is accepted, whatever happens here.
/// 2. The nudge. If it is lost, the sweep sends another.
///
/// # Errors
/// When the database does not answer; the order can be given again.
pub async fn accept(app: &App, order: Order, also: Vec<Statement>) -> Result<Accepted, Error> {
    let draft = match draft(app, order).await {
        Ok(draft) => draft,
        Err(error) if error.kind == Kind::Invalid => return Ok(Accepted::Refused(error.fields)),
        Err(error) => return Err(error),
    };
    let mut statements = draft.insertion(None);
    let last = statements.len();
    statements.extend(also.clone());
    // 1.
    let mut sets = match app.database.batch(statements).await {
        Ok(sets) => sets,
        Err(error) if error.violates_unique("posts.workspace_id, posts.id") => {
            app.database.batch(also).await?;
            return Ok(Accepted::Post);
        }
        Err(error) => return Err(error.into()),
    };
    if sets.first().is_none_or(|written| written.rows.is_empty()) {
        let accounts = sets.swap_remove(last.saturating_sub(1));
        let refused = bad_accounts(&draft.accounts(), accounts)?;
        return Ok(if refused.fields.is_empty() {
            Accepted::Not
        } else {
            Accepted::Refused(refused.fields)
        });
    }
    // 2.
    if let Err(error) = app.queue.send(draft.nudges()).await {
        let details = json!({ "post": draft.post.id, "error": error.0 });
        app.warn("nudge_failed", &details);
    }
    let details = json!({ "post": draft.post.id, "workspace": draft.post.workspace_id });
    app.info("post_accepted", &details);
    Ok(Accepted::Post)
}

/// Reads the accounts that something is to post to, and sees that each can.
///
/// # Errors
/// What is wrong with them, by field.
pub async fn accounts_that_post(
    app: &App,
    workspace: &WorkspaceId,
    ids: &[String],
) -> Result<Vec<AccountId>, Error> {
    let accounts = accounts(ids)?;
    let read = Statement::new(store::ACCOUNTS)
        .bind(workspace)
        .bind(json(&accounts));
    let found: Vec<Target> = app.database.run(read).await?.all()?;
    let errors = accounts
        .iter()
        .enumerate()
        .filter_map(|(index, id)| cannot_post(index, found.iter().find(|one| one.id == *id)));
    let errors: Vec<FieldError> = errors.collect();
    if errors.is_empty() {
        Ok(accounts)
    } else {
        Err(Error::invalid(errors))
    }
}
