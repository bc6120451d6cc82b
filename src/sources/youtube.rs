//! Asking YouTube: its public feeds and pages. [`super::data_api`] asks by the same two functions.
//!
//! Nothing here decides anything: an answer is what it says, and whatever is not an answer is [`Trouble`]. A feed that is
//! not there proves nothing about its channel: whole days of 404 have been seen.

use super::feed::{self, Feed};
use super::ids::{ChannelId, VideoId};
use super::kind::Probe;
use crate::app::App;
use crate::ports::HttpError;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde::Deserialize;
use std::fmt;

/// How long an answer may take, in ms.
const DEADLINE_MS: u32 = 10_000;

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

pub(super) async fn send(
    app: &App,
    request: http::request::Builder,
) -> Result<Response<Vec<u8>>, Trouble> {
    let request = request
        .header(header::USER_AGENT, "Godwit")
        .body(Vec::new())
        .map_err(|error| Trouble::Lost(error.to_string()))?;
    Ok(app.http.send(request, DEADLINE_MS).await?)
}

pub(super) fn good(answer: Response<Vec<u8>>) -> Result<Response<Vec<u8>>, Trouble> {
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
