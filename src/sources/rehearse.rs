//! What the newest video of a channel would become. Nothing is sent and nothing is kept.

use super::announce::{render, unwanted, worded};
use super::operations;
use super::poll::{self, Way};
use super::said;
use super::settings::{Filter, Mode, Settings};
use super::sight::Sighting;
use super::store::channels::{self, ChannelRow};
use super::store::videos::{self, Verdict, VideoRow};
use super::youtube::{self, FeedAnswer};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ids::{AccountId, SourceId, WorkspaceId};
use crate::posts::{self, Preview};
use schemars::JsonSchema;
use serde::Serialize;

/// What a source would make of the newest video.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rehearsal {
    /// The video.
    pub item: RehearsedItem,
    /// Whether it would become a post if it were new.
    pub would_post: bool,
    /// Why not, as a stable code.
    pub reason: Option<String>,
    /// What would happen, for a person.
    pub detail: String,
    /// The post, as it would be on each account, with its price; null where there would be none.
    pub preview: Option<Preview>,
}

/// A video that is rehearsed with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RehearsedItem {
    /// Its page.
    pub url: String,
    /// Its title, once it is known.
    pub title: Option<String>,
    /// When it was published, once it is known.
    pub published_at: Option<crate::time::Timestamp>,
    /// Whether it is a Short; null where that is not known.
    pub is_short: Option<bool>,
}

/// Looks at what the newest video would become. What is not known yet of the channel is looked up.
///
/// # Errors
/// [`Kind::NotFound`]; `nothing_to_test`; `youtube_unreachable`.
pub async fn rehearse(
    app: &App,
    workspace: &WorkspaceId,
    id: &SourceId,
) -> Result<Rehearsal, Error> {
    let source = operations::find(app, workspace, id).await?;
    let settings = source.settings()?;
    let channel = app.database.run(channels::read(&source.channel_id)).await?;
    let channel: Option<ChannelRow> = channel.first()?;
    let title = channel.and_then(|channel| channel.title);
    let newest = app
        .database
        .run(videos::newest(&source.channel_id, NEWEST))
        .await?;
    let newest: Vec<VideoRow> = newest.all()?;
    // One that is what the source looks for says most; else the very newest.
    let fits = |video: &&VideoRow| {
        unwanted(&settings, video, video.title.as_deref().unwrap_or("")).is_none()
    };
    let video = match newest.iter().find(fits).or_else(|| newest.first()) {
        Some(video) => video.clone(),
        None => look(app, &source.channel_id).await?,
    };
    let name = video.title.clone().unwrap_or_default();
    let item = RehearsedItem {
        url: super::wording::url(&video.video_id, video.verdict == Verdict::Short),
        title: video.title.clone(),
        published_at: video.published_at,
        is_short: match video.verdict {
            Verdict::Short => Some(true),
            Verdict::Video => Some(false),
            Verdict::Undecided | Verdict::LeftOut => None,
        },
    };
    let reason = match video.verdict {
        Verdict::LeftOut => video.reason.clone(),
        _ => unwanted(&settings, &video, &name).map(str::to_owned),
    };
    // What it is is not known of what was there before the source: it is taken for what the source looks for.
    let verdict = match (video.verdict, settings.filter) {
        (Verdict::Undecided, Filter::Shorts | Filter::All) => Verdict::Short,
        (verdict, _) => verdict,
    };
    let rendered = render(&settings, title.as_deref(), &video.video_id, &name, verdict);
    let (reason, preview) = match (reason, rendered) {
        (Some(reason), _) => (Some(reason), None),
        (None, Err(_)) => (Some("template_too_long".to_owned()), None),
        (None, Ok(rendered)) => {
            let accounts: Vec<String> =
                settings.accounts.iter().map(AccountId::to_string).collect();
            let preview =
                posts::preview_of(app, workspace, worded(rendered), &accounts, &[]).await?;
            (None, Some(preview))
        }
    };
    Ok(Rehearsal {
        item,
        would_post: reason.is_none(),
        detail: in_words(reason.as_deref(), &settings, video.verdict),
        reason,
        preview,
    })
}

/// How many videos are looked through for one that fits.
const NEWEST: u32 = 15;

fn in_words(reason: Option<&str>, settings: &Settings, verdict: Verdict) -> String {
    let Some(reason) = reason else {
        let would = match settings.mode {
            Mode::Publish => "It would be published.",
            Mode::Review => "It would wait for approval.",
            Mode::Draft => "It would be a draft.",
        };
        if verdict != Verdict::Undecided {
            return would.to_owned();
        }
        let taken_for = match settings.filter {
            Filter::Shorts | Filter::All => "taken for a Short",
            Filter::Videos => "taken for an ordinary video",
        };
        return format!(
            "{would} It is {taken_for} here: YouTube was not asked what it is, since it is older than this source or not looked at yet."
        );
    };
    let why = said::reason(reason).unwrap_or("It would be refused.");
    format!("It would not become a post. {why}")
}

async fn look(app: &App, channel: &super::ids::ChannelId) -> Result<VideoRow, Error> {
    if !poll::spend_for_person(app, Way::Feed).await? {
        return Err(poll::used_up());
    }
    let answer = youtube::feed(app, channel, (None, None))
        .await
        .map_err(|trouble| {
            Error::new(
                Kind::Upstream,
                "youtube_unreachable",
                format!("The channel could not be looked at: {trouble}."),
                "Try again in some minutes: feeds of YouTube have outages.",
            )
        })?;
    let FeedAnswer::Feed { feed, .. } = answer else {
        return Err(nothing());
    };
    let newest = feed.entries.into_iter().next().ok_or_else(nothing)?;
    Ok(VideoRow::seen(Sighting::of(newest, app.now()), app.now()))
}

fn nothing() -> Error {
    Error::new(
        Kind::NotFound,
        "nothing_to_test",
        "The channel has published nothing yet.",
        "Publish a video, and try again.",
    )
}
