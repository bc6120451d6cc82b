//! Asking YouTube's Data API (<https://developers.google.com/youtube/v3/docs>), for which there is a key: each request costs
//! one unit of the day's quota.

use super::ids::{ChannelId, VideoId};
use super::kind::{self, Api};
use super::youtube::{Trouble, good, send};
use crate::app::App;
use crate::time::Timestamp;
use http::{Request, header};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::byte_serialize;

/// The most videos in one question (<https://developers.google.com/youtube/v3/docs/videos/list>).
pub const VIDEOS_MAX: usize = 50;

/// What the Data API says of a video.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiVideo {
    pub id: VideoId,
    pub snippet: Snippet,
    pub content_details: ContentDetails,
    pub status: Status,
    #[serde(default)]
    pub live_streaming_details: LiveStreamingDetails,
    #[serde(default)]
    pub player: Player,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snippet {
    pub title: String,
    pub published_at: Option<String>,
    pub live_broadcast_content: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentDetails {
    pub duration: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub privacy_status: Option<String>,
    pub upload_status: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveStreamingDetails {
    pub scheduled_start_time: Option<String>,
    pub actual_end_time: Option<String>,
}

/// The size of the embedded player, which has the shape of the video. Numbers, as text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Player {
    pub embed_width: Option<String>,
    pub embed_height: Option<String>,
}

/// A video in the list of a channel's uploads.
#[derive(Debug, Clone)]
pub struct Upload {
    pub video_id: VideoId,
    pub title: Option<String>,
    pub published_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Items<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

/// The newest uploads of a channel, in the order of their upload, which is not that of their publication. One unit. A channel
/// that has uploaded nothing has no list, which is answered as if there were no such channel.
///
/// # Errors
/// [`Trouble`].
pub async fn uploads(app: &App, channel: &ChannelId) -> Result<Vec<Upload>, Trouble> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Details {
        video_id: String,
        video_published_at: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct InList {
        snippet: Option<Named>,
        content_details: Details,
    }
    #[derive(Deserialize)]
    struct Named {
        title: Option<String>,
    }
    let rest = channel.as_str().trim_start_matches("UC");
    let query = format!(
        "playlistItems?part=snippet,contentDetails&playlistId=UU{rest}&maxResults={VIDEOS_MAX}"
    );
    let found: Items<InList> = ask(app, &query).await?;
    let upload = |one: InList| {
        Some(Upload {
            video_id: VideoId::parse(&one.content_details.video_id)?,
            title: one.snippet.and_then(|snippet| snippet.title),
            published_at: instant(one.content_details.video_published_at.as_deref()),
        })
    };
    Ok(found.items.into_iter().filter_map(upload).collect())
}

/// What there is to know of up to [`VIDEOS_MAX`] videos; those that are not public may be missing. One unit.
///
/// # Errors
/// [`Trouble`].
pub async fn videos(app: &App, ids: &[VideoId]) -> Result<Vec<ApiVideo>, Trouble> {
    let ids: Vec<&str> = ids.iter().map(VideoId::as_str).collect();
    // Without a size to fit into, the player has none.
    let query = format!(
        "videos?part=snippet,contentDetails,status,liveStreamingDetails,player&maxHeight=720&maxWidth=720&id={}",
        ids.join(",")
    );
    let found: Items<ApiVideo> = ask(app, &query).await?;
    Ok(found.items)
}

/// The channel of a handle, with its name. One unit.
///
/// # Errors
/// [`Trouble`].
pub async fn channel_of_handle(
    app: &App,
    handle: &str,
) -> Result<Option<(ChannelId, Option<String>)>, Trouble> {
    #[derive(Deserialize)]
    struct Named {
        title: Option<String>,
    }
    #[derive(Deserialize)]
    struct Found {
        id: String,
        snippet: Option<Named>,
    }
    let handle: String = byte_serialize(handle.as_bytes()).collect();
    let query = format!("channels?part=snippet&forHandle={handle}");
    let found: Items<Found> = ask(app, &query).await?;
    let mut found = found.items.into_iter();
    Ok(found.find_map(|one| {
        let title = one.snippet.and_then(|named| named.title);
        Some((ChannelId::parse(&one.id)?, title))
    }))
}

/// What an answer of the Data API says of a video; `None`: it was not in it.
#[must_use]
pub fn facts(video: Option<&ApiVideo>, now: Timestamp) -> Api {
    fn word<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
        serde_json::from_value(text?.as_str().into()).ok()
    }
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    let Some(video) = video else {
        return Api {
            at: now,
            present: false,
            seconds: None,
            width: None,
            height: None,
            live: None,
            start: None,
            end: None,
            privacy: None,
            upload: None,
        };
    };
    let stream = &video.live_streaming_details;
    Api {
        at: now,
        present: true,
        seconds: video
            .content_details
            .duration
            .as_deref()
            .and_then(kind::duration_seconds),
        width: number(&video.player.embed_width),
        height: number(&video.player.embed_height),
        live: word(video.snippet.live_broadcast_content.as_ref()),
        start: instant(stream.scheduled_start_time.as_deref()),
        end: instant(stream.actual_end_time.as_deref()),
        privacy: word(video.status.privacy_status.as_ref()),
        upload: word(video.status.upload_status.as_ref()),
    }
}

/// An instant as YouTube writes it.
#[must_use]
pub fn instant(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(Timestamp::parse_rfc3339)
}

async fn ask<T: DeserializeOwned>(app: &App, query: &str) -> Result<T, Trouble> {
    let config = &app.config.youtube;
    let address = format!("{}/youtube/v3/{query}", config.api_base);
    let mut request = Request::get(address).header(header::ACCEPT, "application/json");
    // In a header, which no proxy logs, and not in the address.
    if let Some(key) = &config.api_key {
        request = request.header("x-goog-api-key", key.expose_secret());
    }
    let answer = good(send(app, request).await?)?;
    serde_json::from_slice(answer.body()).map_err(|error| Trouble::Unreadable(error.to_string()))
}
