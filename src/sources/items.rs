//! What became of each video that a source saw, for people.

use super::ids::VideoId;
use super::kind::evidence_shown;
use super::model::{Item, ItemState};
use super::operations::find;
use super::store::items::{self as store, ItemRow};
use super::store::videos::Verdict;
use super::{said, wording};
use crate::app::App;
use crate::error::Error;
use crate::http::Page;
use crate::ids::{SourceId, WorkspaceId};

/// What a source saw, newest first.
///
/// # Errors
/// When there is no such source.
pub async fn list(
    app: &App,
    workspace: &WorkspaceId,
    id: &SourceId,
    state: Option<ItemState>,
    before: Option<(i64, String)>,
    limit: u32,
) -> Result<Page<Item>, Error> {
    find(app, workspace, id).await?;
    let (at, video) = before.unwrap_or((1 << 52, String::new()));
    let rows = store::page(workspace, id, (at, &video), state, limit.saturating_add(1));
    let rows: Vec<ItemRow> = app.database.run(rows).await?.all()?;
    let items = rows.into_iter().map(item).collect();
    Ok(Page::of(items, limit, |item: &Item| {
        format!("{}.{}", item.seen_at.millis(), item.video_id)
    }))
}

/// What the cursor of a page of items stands for.
#[must_use]
pub fn cursor(text: &str) -> Option<(i64, String)> {
    let (at, video) = text.split_once('.')?;
    let at = at.parse().ok().filter(|at| (0..1 << 52).contains(at))?;
    VideoId::parse(video).map(|video| (at, video.to_string()))
}

fn item(row: ItemRow) -> Item {
    let is_open = matches!(row.state, ItemState::Pending | ItemState::Posting);
    let is_short = match row.verdict {
        Some(Verdict::Short) => Some(true),
        Some(Verdict::Video) => Some(false),
        Some(Verdict::Undecided | Verdict::LeftOut) | None => None,
    };
    let is_decided = is_short.is_some();
    let decided_by = row.video_reason.clone().filter(|_| is_decided);
    let of_video = row.video_reason.filter(|_| is_open && !is_decided);
    let reason = row.reason.or(of_video);
    let detail = row.detail.or_else(|| {
        let code = reason.as_deref()?;
        let words = if is_open {
            said::waiting(code)
        } else {
            said::reason(code)
        };
        words.map(str::to_owned)
    });
    let evidence = row.evidence.as_deref().unwrap_or("{}");
    Item {
        url: wording::url(&row.video_id, is_short == Some(true)),
        video_id: row.video_id,
        title: row.title,
        published_at: row.published_at,
        seen_at: row.seen_at,
        seen_by: row.seen_by,
        state: row.state,
        is_short,
        reason,
        detail,
        decided_by,
        evidence: evidence_shown(evidence),
        next_look_at: row.look_at.filter(|_| is_open),
        post_id: row.post_id.filter(|_| row.state == ItemState::Posted),
        post_status: row.post_status.filter(|_| row.state == ItemState::Posted),
    }
}
