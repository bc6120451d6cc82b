//! From an item to a post, once.
//!
//! 1. The item is taken, with the id that its post will have: one statement, which finds it only once, and only while the
//!    day has room.
//! 2. The post is accepted under that id, and the item settled in the same transaction.
//!
//! If the process ends between the two, the item is found taken, and the second step is done again under the same id:
//! the post exists already, or it does not.

use super::decide::wanted_at;
use super::kind::Evidence;
use super::model::ItemState;
use super::settings::{Mode, Settings};
use super::store::items::{self, OpenRow, TakenRow};
use super::store::videos::{Verdict, VideoRow};
use super::wording::{self, Rendered, Words};
use super::{ids::VideoId, store};
use crate::app::App;
use crate::error::{Error, FieldError};
use crate::ids::{AccountId, PostId};
use crate::media;
use crate::posts::{self, Accepted, Cause, Hold, Order, Schedule, ThreadPart, Wording};
use crate::text::STANDARD_LIMIT;
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
use serde_json::json;

/// How long after a failure an item is tried again, in ms.
const AGAIN_MS: i64 = 5 * MINUTE_MS;
/// How long an item waits for an account that cannot post, in ms.
const PATIENCE_MS: i64 = DAY_MS;
/// How long the accounts that can post wait for those that cannot, in ms.
const COMPANY_MS: i64 = 10 * MINUTE_MS;
/// The reason of an item that went to some of its accounts alone.
const LEFT_SOME_OUT: &str = "accounts_left_out";
/// Where YouTube keeps the pictures of its videos.
const THUMBNAILS: &str = "https://i.ytimg.com/vi";

/// Makes an item of a decided video a post, or settles that it becomes none; gives when to try again, if it is neither.
///
/// # Errors
/// When the database does not answer; everything can be done again.
pub async fn announce(
    app: &App,
    channel: Option<&str>,
    video: &VideoRow,
    item: &OpenRow,
    held: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let now = app.now();
    let settings = store::settings(&item.settings)?;
    let leave_out = |reason: &'static str, detail: Option<String>| async move {
        let left_out = items::left_out(item, reason, detail.as_deref(), now);
        app.database.run(left_out).await?;
        Ok(None)
    };
    // What has been taken may be a post by now, of which this does not know.
    if item.active == 0 && item.state != ItemState::Posting {
        return leave_out("paused", None).await;
    }
    let title = video.title.as_deref().unwrap_or("");
    let post_id = match &item.post_id {
        Some(id) if item.state == ItemState::Posting => id.clone(),
        _ => match take(app, &settings, video, item, held).await? {
            Taken::As(id) => id,
            Taken::Unwanted(reason) => return leave_out(reason, None).await,
            Taken::Not => return Ok(None),
        },
    };
    let rendered = match render(&settings, channel, &video.video_id, title, video.verdict) {
        Ok(rendered) => rendered,
        Err(why) => return leave_out("template_too_long", Some(why)).await,
    };
    let since = wanted_at(item, &Evidence::read(&video.evidence), now)?;
    let order = order(app, item, &settings, post_id, rendered, video).await;
    // 2.
    let fields = match accept(app, item, order, since).await? {
        Accepted::Post => return Ok(None),
        Accepted::Not => return Ok(Some(now.plus_ms(MINUTE_MS))),
        Accepted::Refused(fields) => fields,
    };
    let passing = |field: &FieldError| field.pointer.starts_with("/accounts");
    let waits = fields.iter().all(passing) && now.since(since) < PATIENCE_MS;
    let reason = fields.first().map_or("refused", |field| field.code);
    let detail = fields.first().map(|field| field.detail.clone());
    app.info(
        "item_refused",
        &json!({ "source": item.source_id, "video": item.video_id, "why": reason }),
    );
    if waits {
        app.database
            .run(items::put_back(item, reason, detail.as_deref()))
            .await?;
        return Ok(Some(now.plus_ms(AGAIN_MS)));
    }
    leave_out(reason, detail).await
}

/// Has an order accepted. Accounts that can post do not wait long for those that cannot: then it goes to those alone.
async fn accept(
    app: &App,
    item: &OpenRow,
    order: Order,
    since: Timestamp,
) -> Result<Accepted, Error> {
    let now = app.now();
    let again = order.clone();
    let fields = match posts::accept(app, order, vec![items::posted(item, now)]).await? {
        Accepted::Refused(fields) => fields,
        other @ (Accepted::Post | Accepted::Not) => return Ok(other),
    };
    let broken: Vec<usize> = fields
        .iter()
        .filter_map(|field| field.pointer.strip_prefix("/accounts/")?.parse().ok())
        .collect();
    let mut index = 0..;
    let mut rest = again;
    rest.accounts
        .retain(|_| index.next().is_none_or(|index| !broken.contains(&index)));
    let waited = now.since(since) >= COMPANY_MS;
    if broken.len() < fields.len() || broken.is_empty() || rest.accounts.is_empty() || !waited {
        return Ok(Accepted::Refused(fields));
    }
    let detail = fields.first().map(|field| field.detail.as_str());
    let noted = items::noted(item, LEFT_SOME_OUT, detail);
    posts::accept(app, rest, vec![noted, items::posted(item, now)]).await
}

/// Whether an item is to be posted.
enum Taken {
    /// As this post.
    As(PostId),
    /// Not, for this reason.
    Unwanted(&'static str),
    /// Not: its day is full, another source posts it, or somebody else has taken it, whom this does not touch.
    Not,
}

async fn take(
    app: &App,
    settings: &Settings,
    video: &VideoRow,
    item: &OpenRow,
    held: Timestamp,
) -> Result<Taken, Error> {
    if let Some(reason) = unwanted(settings, video, video.title.as_deref().unwrap_or("")) {
        return Ok(Taken::Unwanted(reason));
    }
    let (now, id) = (app.now(), PostId::new(&*app.clock, &*app.random));
    let taken = items::take_item(item, &now.day(), &id, held);
    let taken: Option<TakenRow> = app.database.run(taken).await?.first()?;
    if let Some(taken) = taken {
        return Ok(Taken::As(taken.post_id));
    }
    let why = vec![
        items::posted_by_another(item, now),
        items::day_is_full(item, &now.day(), now),
    ];
    app.database.batch(why).await?;
    Ok(Taken::Not)
}

/// Why a decided video is not one that the source wants.
pub(super) fn unwanted(settings: &Settings, video: &VideoRow, title: &str) -> Option<&'static str> {
    use super::settings::Filter;
    match (settings.filter, video.verdict) {
        (Filter::Shorts, Verdict::Video) => Some("not_a_short"),
        (Filter::Videos, Verdict::Short) => Some("a_short"),
        _ => settings.unwanted(title),
    }
}

/// The parts of the post.
pub(super) fn render(
    settings: &Settings,
    channel: Option<&str>,
    video: &VideoId,
    title: &str,
    verdict: Verdict,
) -> Result<Rendered, String> {
    let url = wording::url(video, verdict == Verdict::Short);
    let words = Words {
        title,
        url: &url,
        channel: channel.unwrap_or(""),
        hashtags: &settings.hashtags,
        link: settings.link,
    };
    wording::render(&settings.template, &words, STANDARD_LIMIT).map_err(|why| why.to_string())
}

/// The wording of a post with these parts.
pub(super) fn worded(rendered: Rendered) -> Wording {
    let mut parts = rendered.parts;
    if parts.len() == 1 {
        return Wording {
            text: parts.pop(),
            ..Wording::default()
        };
    }
    let part = |text| ThreadPart {
        text,
        media: Vec::new(),
    };
    Wording {
        thread: Some(parts.into_iter().map(part).collect()),
        ..Wording::default()
    }
}

async fn order(
    app: &App,
    item: &OpenRow,
    settings: &Settings,
    id: PostId,
    rendered: Rendered,
    video: &VideoRow,
) -> Order {
    let hold = match settings.mode {
        Mode::Publish => None,
        Mode::Review => Some(Hold::Review),
        Mode::Draft => Some(Hold::Draft),
    };
    let mut wording = worded(rendered);
    if settings.thumbnail && some_can_post(app, item, &settings.accounts).await {
        wording.media = picture(app, item, &video.video_id).await;
    }
    Order {
        id,
        workspace: item.workspace_id.clone(),
        author: item.created_by.clone(),
        source: posts::Source::Youtube,
        hold,
        wording,
        accounts: settings.accounts.clone(),
        schedule: Schedule::default(),
        cause: Some(Cause {
            source: item.source_id.clone(),
            video: video.video_id.clone(),
        }),
    }
}

/// Whether any of the accounts can post now: until then no picture is fetched.
async fn some_can_post(app: &App, item: &OpenRow, accounts: &[AccountId]) -> bool {
    let ids: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    match posts::accounts_that_post(app, &item.workspace_id, &ids).await {
        Ok(_) => true,
        Err(error) => error.fields.len() < ids.len(),
    }
}

/// The video's picture, in the best size that there is; without one, the post goes without.
async fn picture(app: &App, item: &OpenRow, video: &VideoId) -> Vec<crate::ids::MediaId> {
    let Some(owner) = &item.created_by else {
        return Vec::new();
    };
    for size in ["maxresdefault", "hqdefault"] {
        let address = format!("{THUMBNAILS}/{video}/{size}.jpg");
        match media::fetched(app, &item.workspace_id, owner, &address).await {
            Ok(id) => return vec![id],
            Err(error) => {
                let details = json!({ "video": video, "why": error.code });
                app.info("thumbnail_not_there", &details);
            }
        }
    }
    Vec::new()
}
