//! Bringing media to the platform before a post that uses them is sent.
//!
//! What the platform has confirmed is kept chunk by chunk, so that whoever goes on, after the end of a process or a window,
//! sends nothing twice that is known to be there; at most the chunk whose answer was lost goes again, in place of itself.
//! Processing is waited for by coming back. An id is remembered as long as the platform does, so that a retry, or another
//! post of the account, uploads nothing.
//!
//! A claim holds what it uploads, together with its delivery's lease: both are renewed with every chunk, in one
//! transaction. Nothing here makes a post.

use super::model::{UploadState, subtitles};
use super::steps::{Run, Stop};
use super::store::{self, Holder, MediaRow, UploadRow};
use crate::accounts::Acting;
use crate::app::App;
use crate::budgets::Payer;
use crate::ids::{AccountId, MediaId, WorkspaceId};
use crate::platforms::x::ask::Refusal;
use crate::platforms::{Attached, Class, NotSent};
use crate::ports::{Statement, StorageError};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};

/// An id is used only while the platform keeps it for at least this long, in ms: longer than a claim and its post.
const LASTING_MS: i64 = 10 * MINUTE_MS;

/// When to come back for what somebody else uploads, in ms.
const HELD_MS: i64 = 5 * SECOND_MS;

/// For whom, and under which claim.
pub struct Work<'a> {
    /// The workspace.
    pub workspace_id: &'a WorkspaceId,
    /// The account.
    pub account_id: &'a AccountId,
    /// Who pays for it.
    pub payer: Payer<'a>,
    /// As whom the platform is called.
    pub acting: Acting<'a>,
    /// The claim, as it is noted.
    pub claim: String,
    /// A statement that renews the delivery's lease until a moment, and gives a row if the claim still holds.
    pub renew: &'a dyn Fn(Timestamp, Timestamp) -> Statement,
    /// Nothing is begun after this.
    pub until: Timestamp,
}

/// What came of it.
#[derive(Debug)]
pub enum Brought {
    /// All of it is there.
    All,
    /// Not all yet: come back at this time.
    Later(Timestamp, NotSent),
    /// There is more to do, and this claim has worked long enough.
    More,
    /// The platform refused.
    Refused(Refusal),
    /// There is a newer claim.
    Gone,
}

/// What the platform has of these media, if it has all of them and keeps them long enough.
#[must_use]
pub fn attached(media: &[MediaId], uploads: &[UploadRow], now: Timestamp) -> Option<Vec<Attached>> {
    let one = |id: &MediaId| {
        let upload = uploads.iter().find(|upload| upload.media_id == *id)?;
        is_ready(upload, now).then(|| attachment(upload)).flatten()
    };
    media.iter().map(one).collect()
}

/// What the platform had of these media, whether it still keeps them or not: by that a post is recognised.
#[must_use]
pub fn remembered(media: &[MediaId], uploads: &[UploadRow]) -> Vec<Attached> {
    let one = |id: &MediaId| {
        let upload = uploads.iter().find(|upload| upload.media_id == *id);
        upload.and_then(attachment).unwrap_or_else(|| Attached {
            id: String::new(),
            key: String::new(),
        })
    };
    media.iter().map(one).collect()
}

fn attachment(upload: &UploadRow) -> Option<Attached> {
    Some(Attached {
        id: upload.external_id.clone()?,
        key: upload.external_key.clone()?,
    })
}

fn is_ready(upload: &UploadRow, now: Timestamp) -> bool {
    upload.state == UploadState::Ready && upload.labeled == 1 && is_kept(upload, now)
}

pub(super) fn is_kept(upload: &UploadRow, now: Timestamp) -> bool {
    upload.external_id.is_some()
        && upload
            .expires_at
            .is_some_and(|at| at.since(now) >= LASTING_MS)
}

/// Brings media to the platform, one after the other, with the subtitles of videos.
///
/// # Errors
/// When the database or the bucket does not answer. What was confirmed is kept.
pub async fn bring(app: &App, work: &Work<'_>, media: &[MediaId]) -> Result<Brought, StorageError> {
    let read = store::read_many(work.workspace_id, media.iter());
    let rows: Vec<MediaRow> = app.database.run(read).await?.all()?;
    for id in media {
        let Some(row) = rows.iter().find(|row| row.id == *id) else {
            return Ok(Brought::Refused(Refusal::of(gone(id))));
        };
        let mut needed = Vec::new();
        for one in subtitles(row) {
            let read = store::read(work.workspace_id, &one.media_id);
            let file: Option<MediaRow> = app.database.run(read).await?.first()?;
            match file {
                Some(file) => needed.push((one, file)),
                None => return Ok(Brought::Refused(Refusal::of(gone(&one.media_id)))),
            }
        }
        let mut named = Vec::new();
        for (one, file) in &needed {
            match bring_one(app, work, file, &[]).await? {
                Ok(upload) => named.push((one, upload.external_id.unwrap_or_default())),
                Err(brought) => return Ok(brought),
            }
        }
        let labels: Vec<Label<'_>> = named
            .iter()
            .map(|(one, id)| Label {
                id,
                language_code: &one.language_code,
                display_name: &one.display_name,
            })
            .collect();
        if let Err(brought) = bring_one(app, work, row, &labels).await? {
            return Ok(brought);
        }
    }
    Ok(Brought::All)
}

/// Subtitles as the platform has them.
pub(super) struct Label<'a> {
    pub(super) id: &'a str,
    pub(super) language_code: &'a str,
    pub(super) display_name: &'a str,
}

/// 1. The right to upload it. 2. Its announcement. 3. Its chunks. 4. Finalizing. 5. Processing. 6. What it is labeled with.
///    After each, what has come of it is kept, and the claim renewed. If the process ends in between, the step whose
///    answer was not kept is done once more.
async fn bring_one(
    app: &App,
    work: &Work<'_>,
    medium: &MediaRow,
    labels: &[Label<'_>],
) -> Result<Result<UploadRow, Brought>, StorageError> {
    let holder = Holder {
        workspace_id: work.workspace_id,
        account_id: work.account_id,
        name: work.claim.clone(),
    };
    // 1.
    let now = app.now();
    let hold = store::hold(&holder, &medium.id, lease_until(app), now);
    let Some(upload) = app.database.run(hold).await?.first::<UploadRow>()? else {
        let why = not_yet("Another post of this account is uploading the same file.");
        return Ok(Err(Brought::Later(now.plus_ms(HELD_MS), why)));
    };
    let mut run = Run {
        app,
        work,
        medium,
        holder,
        upload,
        lent: None,
    };
    let outcome = run.steps(labels).await;
    // What is not given back is free when the lease is over.
    let release = store::release(&run.holder, &medium.id);
    app.database.run(release).await?;
    Ok(match outcome {
        Ok(()) => Ok(run.upload),
        Err(Stop::Brought(brought)) => Err(brought),
        Err(Stop::Storage(error)) => return Err(error),
    })
}

pub(super) fn lease_until(app: &App) -> Timestamp {
    app.now().plus_ms(app.config.timing.lease_ms)
}

/// Whether the platform refused what was asked for, and not who asked or when.
pub(super) fn is_of_the_request(refusal: &Refusal) -> bool {
    matches!(refusal.status, Some(400 | 404 | 409 | 422))
}

pub(super) fn transient(refusal: Refusal) -> NotSent {
    NotSent::new(
        Class::Transient,
        "media_incomplete",
        "X does not have the whole file.",
        "Nothing to do: it is uploaded anew.",
    )
    .with_upstream(refusal.why.upstream)
}

pub(super) fn processing() -> NotSent {
    not_yet("X is still working on the picture or video.")
}

fn not_yet(detail: &str) -> NotSent {
    NotSent::new(
        Class::Transient,
        "media_processing",
        detail,
        "Nothing to do: it is posted when the file is ready.",
    )
}

pub(super) fn gone(id: &MediaId) -> NotSent {
    NotSent::new(
        Class::Permanent,
        "media_missing",
        format!("The file {id} is not there any more."),
        "Upload it anew and write the post again.",
    )
}
