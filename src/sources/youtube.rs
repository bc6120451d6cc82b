//! Asking YouTube: its public feeds and pages, and the Data API.
//!
//! Nothing here decides anything: an answer is what it says, and whatever is not an answer is [`Trouble`]. A feed that is
//! not there proves nothing about its channel: whole days of 404 have been seen.

use super::feed::{self, Feed};
use super::ids::{ChannelId, VideoId};
use super::kind::{self, Api, Probe};
use crate::app::App;
use crate::ports::HttpError;
use crate::time::Timestamp;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use url::form_urlencoded::byte_serialize;

/// How long an answer may take, in ms.
const DEADLINE_MS: u32 = 10_000;
/// The most videos in one question (<https://developers.google.com/youtube/v3/docs/videos/list>).
pub const VIDEOS_MAX: usize = 50;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It did not come in time, or not whole.
    Lost(String),
    /// It came with this status, in these words.
    Refused(u16, String),
    /// It cannot be read.
    Unreadable(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "YouTube did not answer ({why})"),
            Self::Refused(status, words) if words.is_empty() => {
                write!(f, "YouTube answered {status}")
            }
            Self::Refused(status, words) => write!(f, "YouTube answered {status}: {words}"),
            Self::Unreadable(why) => write!(f, "YouTube's answer could not be read ({why})"),
        }
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        Self::Lost(error.to_string())
    }
}

/// A feed that was asked for.
pub enum FeedAnswer {
    /// It is as it was.
    Unchanged,
    /// This is in it.
    Feed {
        /// What it holds.
        feed: Feed,
        /// For the next conditional request.
        etag: Option<String>,
        /// The same.
        modified: Option<String>,
    },
}

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

/// The public feed of a channel, newest first, 15 entries; `known` is what the last answer said for a conditional request.
///
/// # Errors
/// [`Trouble`], which proves nothing about the channel.
pub async fn feed(
    app: &App,
    channel: &ChannelId,
    known: (Option<&str>, Option<&str>),
) -> Result<FeedAnswer, Trouble> {
    let address = format!(
        "{}/feeds/videos.xml?channel_id={channel}",
        app.config.youtube.web_base
    );
    let mut request = Request::get(address);
    for (name, value) in [
        (header::IF_NONE_MATCH, known.0),
        (header::IF_MODIFIED_SINCE, known.1),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let answer = send(app, request).await?;
    if answer.status() == StatusCode::NOT_MODIFIED {
        return Ok(FeedAnswer::Unchanged);
    }
    let answer = good(answer)?;
    let text = |name| text_of(answer.headers(), name);
    Ok(FeedAnswer::Feed {
        feed: read_feed(answer.body())?,
        etag: text(header::ETAG),
        modified: text(header::LAST_MODIFIED),
    })
}

/// The lists that YouTube makes by itself of a channel's Shorts and of what is for its members, by what stands in the place of
/// `UC` in the channel's id. Neither is documented.
pub const OF_SHORTS: &str = "UUSH";
pub const FOR_MEMBERS: &str = "UUMO";

/// The newest videos of one of a channel's lists.
///
/// # Errors
/// [`Trouble`]; a channel that has none of the kind has no such list.
pub async fn list_feed(app: &App, channel: &ChannelId, list: &str) -> Result<Feed, Trouble> {
    let base = &app.config.youtube.web_base;
    let rest = channel.as_str().trim_start_matches("UC");
    let address = format!("{base}/feeds/videos.xml?playlist_id={list}{rest}");
    read_feed(good(send(app, Request::get(address)).await?)?.body())
}

fn read_feed(body: &[u8]) -> Result<Feed, Trouble> {
    feed::parse(body).map_err(|why| Trouble::Unreadable(why.to_string()))
}

/// Asks for the page of a video as a Short.
///
/// # Errors
/// [`Trouble::Lost`]; every status is an answer.
pub async fn probe(app: &App, video: &VideoId) -> Result<Probe, Trouble> {
    let address = format!("{}/shorts/{video}", app.config.youtube.web_base);
    let answer = send(app, Request::builder().method(Method::HEAD).uri(address)).await?;
    let location = text_of(answer.headers(), header::LOCATION).unwrap_or_default();
    let to_watch = location.contains(&format!("/watch?v={video}"));
    Ok(match answer.status().as_u16() {
        200 => Probe::Short,
        301 | 302 | 303 | 307 | 308 if to_watch => Probe::Watch,
        other => Probe::Other(other),
    })
}

/// The page of a channel by its handle or another name: the id that it says.
///
/// # Errors
/// [`Trouble`].
pub async fn channel_of_page(app: &App, path: &str) -> Result<Option<ChannelId>, Trouble> {
    let mut address = format!("{}/{path}", app.config.youtube.web_base);
    // A page leads on to its canonical address, or to the same with a language.
    for _ in 0..3 {
        let answer = send(app, Request::get(address.as_str())).await?;
        if !answer.status().is_redirection() {
            let page = good(answer)?;
            return Ok(named_channel(&String::from_utf8_lossy(page.body())));
        }
        let next = text_of(answer.headers(), header::LOCATION).unwrap_or_default();
        let base =
            url::Url::parse(&address).map_err(|error| Trouble::Unreadable(error.to_string()))?;
        let next = base
            .join(&next)
            .map_err(|error| Trouble::Unreadable(error.to_string()))?;
        if next.origin() != base.origin() {
            return Err(Trouble::Refused(
                answer.status().as_u16(),
                "it leads elsewhere".to_owned(),
            ));
        }
        address = next.into();
    }
    Err(Trouble::Unreadable("it leads on and on".to_owned()))
}

/// The channel that a page is of: its canonical address, or what it is marked with.
fn named_channel(page: &str) -> Option<ChannelId> {
    [
        "rel=\"canonical\" href=\"https://www.youtube.com/channel/",
        "itemprop=\"identifier\" content=\"",
        "\"externalId\":\"",
    ]
    .into_iter()
    .find_map(|before| {
        let (_, rest) = page.split_once(before)?;
        ChannelId::parse(rest.get(..24)?)
    })
}

/// The newest uploads of a channel, in the order of their upload, which is not that of their publication. One unit.
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
    let found: Items<InList> = match ask(app, &query).await {
        // A channel that has uploaded nothing has no list of uploads.
        Err(Trouble::Refused(404, _)) => return Ok(Vec::new()),
        found => found?,
    };
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

async fn send(app: &App, request: http::request::Builder) -> Result<Response<Vec<u8>>, Trouble> {
    let request = request
        .header(header::USER_AGENT, "Godwit")
        .body(Vec::new())
        .map_err(|error| Trouble::Lost(error.to_string()))?;
    Ok(app.http.send(request, DEADLINE_MS).await?)
}

fn good(answer: Response<Vec<u8>>) -> Result<Response<Vec<u8>>, Trouble> {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    #[derive(Deserialize)]
    struct Problem {
        error: Said,
    }
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let said = serde_json::from_slice(answer.body()).map(|Problem { error }| error.message);
    let words: String = said.unwrap_or_default().chars().take(200).collect();
    Err(Trouble::Refused(status.as_u16(), words))
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::named_channel;

    #[test]
    fn a_page_says_which_channel_it_is_of() {
        let id = "UCzNWVDZQ55bjq8uILZ7_wyQ";
        for page in [
            format!(r#"<link rel="canonical" href="https://www.youtube.com/channel/{id}">"#),
            format!(r#"<meta itemprop="identifier" content="{id}">"#),
            format!(r#"{{"metadata":{{"externalId":"{id}"}}}}"#),
        ] {
            assert_eq!(named_channel(&page).unwrap().as_str(), id);
        }
        for page in [
            "",
            "/channel/",
            "/channel/UCshort",
            "/channel/\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}",
        ] {
            assert!(named_channel(page).is_none(), "{page}");
        }
    }
}
