//! From what a person calls a channel to its id.

use super::data_api;
use super::ids::ChannelId;
use super::poll::{self, Way};
use super::youtube::{self, FeedAnswer, Trouble};
use crate::app::App;
use crate::error::{Error, Kind};
use url::Url;

/// A channel that was found.
pub struct Found {
    /// Its id.
    pub id: ChannelId,
    /// Its name, if it was said.
    pub title: Option<String>,
}

/// What a person may call a channel.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// By its id.
    Id(ChannelId),
    /// By its handle, with its `@`.
    Handle(String),
    /// By the path of its page, such as `c/name`.
    Page(String),
}

/// Finds a channel by its id, its @handle, or the address of its page.
///
/// # Errors
/// `invalid_channel`, `unknown_channel`, `youtube_unreachable`.
pub async fn find(app: &App, channel: &str) -> Result<Found, Error> {
    let named = read(channel).ok_or_else(|| {
        Error::invalid_field(
            "/channel",
            "invalid_channel",
            "This is neither the id of a YouTube channel (UC…), nor a @handle, nor the address of a channel's page.",
        )
    })?;
    let path = match named {
        Named::Id(id) => {
            // The channel is taken as it is: that its feed does not answer proves nothing about it.
            let mut title = None;
            if poll::spend_for_person(app, Way::Feed).await?
                && let Ok(FeedAnswer::Feed { feed, .. }) =
                    youtube::feed(app, &id, (None, None)).await
            {
                title = feed.title;
            }
            return Ok(Found { id, title });
        }
        Named::Handle(handle) => {
            let has_key = app.config.youtube.api_key.is_some();
            if has_key && poll::spend_for_person(app, Way::Api).await? {
                match data_api::channel_of_handle(app, &handle).await {
                    Ok(Some((id, title))) => return Ok(Found { id, title }),
                    Ok(None) => return Err(unknown()),
                    // The page may say it.
                    Err(_) => {}
                }
            }
            handle
        }
        Named::Page(path) => path,
    };
    if !poll::spend_for_person(app, Way::Feed).await? {
        return Err(poll::used_up());
    }
    match youtube::channel_of_page(app, &path).await {
        Ok(Some(id)) => Ok(Found { id, title: None }),
        Ok(None) | Err(Trouble::Refused(404, _)) => Err(unknown()),
        Err(trouble) => Err(Error::new(
            Kind::Upstream,
            "youtube_unreachable",
            format!("The channel could not be looked up: {trouble}."),
            "Try again in a minute, or give the channel's id (UC…), which needs no looking up: youtube.com/account_advanced shows your own.",
        )),
    }
}

fn unknown() -> Error {
    Error::invalid_field(
        "/channel",
        "unknown_channel",
        "YouTube knows no channel of this name.",
    )
}

fn read(text: &str) -> Option<Named> {
    let text = text.trim();
    if let Some(id) = ChannelId::parse(text) {
        return Some(Named::Id(id));
    }
    if let Some(handle) = handle(text) {
        return Some(Named::Handle(handle));
    }
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&with_scheme).ok()?;
    let host = url.host_str()?;
    if !matches!(url.scheme(), "http" | "https")
        || !(host == "youtube.com" || host.ends_with(".youtube.com"))
    {
        return None;
    }
    let mut segments = url.path_segments()?.filter(|segment| !segment.is_empty());
    match (segments.next()?, segments.next()) {
        ("channel", Some(id)) => ChannelId::parse(id).map(Named::Id),
        (kind @ ("c" | "user"), Some(name)) if is_name(name) => {
            Some(Named::Page(format!("{kind}/{name}")))
        }
        (first, _) => {
            // In an address, letters beyond ASCII are escaped.
            let mut parsed = url::form_urlencoded::parse(first.as_bytes());
            handle(&parsed.next()?.0).map(Named::Handle)
        }
    }
}

/// A handle, with its `@`: letters and digits of any script, `.`, `_`, `-` and `·`
/// (<https://support.google.com/youtube/answer/11585688>).
fn handle(text: &str) -> Option<String> {
    let name = text.strip_prefix('@')?;
    is_name(name).then(|| format!("@{name}"))
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '\u{b7}' | '%');
    (1..=200).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::{Named, read};

    #[test]
    fn a_channel_is_known_by_many_names() {
        let id = "UCzNWVDZQ55bjq8uILZ7_wyQ";
        for text in [
            id.to_owned(),
            format!(" {id} "),
            format!("https://www.youtube.com/channel/{id}"),
            format!("http://m.youtube.com/channel/{id}/shorts?x=1"),
            format!("youtube.com/channel/{id}"),
        ] {
            assert!(
                matches!(read(&text), Some(Named::Id(found)) if found.as_str() == id),
                "{text}"
            );
        }
        for text in [
            "@god.wit",
            "https://youtube.com/@god.wit",
            "www.youtube.com/@god.wit/shorts",
            "https://www.youtube.com/%40god.wit",
        ] {
            assert_eq!(
                read(text),
                Some(Named::Handle("@god.wit".to_owned())),
                "{text}"
            );
        }
        assert_eq!(
            read("https://www.youtube.com/c/Godwit"),
            Some(Named::Page("c/Godwit".to_owned()))
        );
        for text in [
            "",
            "@",
            "godwit",
            "https://example.com/@godwit",
            "https://youtube.com.example.com/@godwit",
            "ftp://youtube.com/@godwit",
            "https://www.youtube.com/watch?v=KXjiJpsl3d8",
            "https://www.youtube.com/channel/UCshort",
            "@a/../b",
            "@a?b",
            "@a b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
