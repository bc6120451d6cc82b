//! What an entry or a tombstone says, before it is known whether it can be used.

use url::Url;

use super::{Deleted, Entry};
use crate::sources::ids::{ChannelId, VideoId};
use crate::time::Timestamp;

/// What stands before the video's id where Atom wants a URI.
const VIDEO_URI: &str = "yt:video:";

/// What an entry or a tombstone has said so far. Of what is said twice the first counts.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) atom_id: Option<String>,
    pub(super) video_id: Option<String>,
    pub(super) channel_id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) published: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) author: Option<String>,
    pub(super) author_uri: Option<String>,
    pub(super) thumbnail: Option<String>,
    /// The Shorts that it links to: which video it is may be said after.
    pub(super) shorts: Vec<VideoId>,
}

impl Draft {
    pub(super) fn into_entry(self) -> Option<Entry> {
        let video_id = match &self.video_id {
            Some(id) => VideoId::parse(id.trim())?,
            None => video(&self.atom_id?)?,
        };
        // A channel that cannot be told from the one that is followed is not taken for it.
        let channel_id = match &self.channel_id {
            Some(id) => Some(ChannelId::parse(id.trim())?),
            None => self.author_uri.as_deref().and_then(channel),
        };
        Some(Entry {
            short_link: self.shorts.contains(&video_id),
            video_id,
            channel_id,
            title: self.title.unwrap_or_default(),
            published: self.published.as_deref().and_then(instant),
            updated: self.updated.as_deref().and_then(instant),
            author: self.author,
            thumbnail: self.thumbnail.filter(|address| {
                Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
            }),
        })
    }

    pub(super) fn into_deleted(self) -> Option<Deleted> {
        Some(Deleted {
            video_id: video(&self.atom_id?)?,
            channel_id: self.author_uri.as_deref().and_then(channel),
            at: self.updated.as_deref().and_then(instant),
        })
    }
}

fn video(uri: &str) -> Option<VideoId> {
    VideoId::parse(uri.trim().strip_prefix(VIDEO_URI)?)
}

fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text.trim())
}

/// The channel at this address of YouTube.
fn channel(address: &str) -> Option<ChannelId> {
    ChannelId::parse(&below(address, "channel")?)
}

/// The Short at this address of YouTube.
pub(super) fn short(address: &str) -> Option<VideoId> {
    VideoId::parse(&below(address, "shorts")?)
}

/// What stands in the path of this address of YouTube after `folder`.
fn below(address: &str, folder: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    let is_youtube = matches!(url.scheme(), "http" | "https")
        && matches!(
            url.host_str(),
            Some("www.youtube.com" | "youtube.com" | "m.youtube.com")
        );
    let mut path = url.path_segments().filter(|_| is_youtube)?;
    let is_there = path.next() == Some(folder);
    path.next().filter(|_| is_there).map(str::to_owned)
}
