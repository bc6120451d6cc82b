//! What YouTube says about a channel's videos: the notifications that the hub pushes, and the feed that is polled.
//!
//! Promises to read any bytes: what is no such document is refused whole, and what is one is read by namespaces,
//! whatever the prefixes, so that a video that can be named is never lost to an entry that cannot. Takes time and
//! memory in proportion to the body, which is at most [`BODY_MAX_BYTES`]. Entries and tombstones are in the order of
//! the document, a video named twice among them twice: who claims them makes one of them.
//!
//! Does not decide whose videos they are, whether they are Shorts, nor what to do with them; and does not check what
//! it does not read (attributes that mean nothing here, names of elements, characters that XML forbids).
//! <https://developers.google.com/youtube/v3/guides/push_notifications>

mod draft;
mod walk;

use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, Event};
use std::str;

use super::ids::{ChannelId, VideoId};
use crate::time::Timestamp;
use walk::Walk;
#[cfg(test)]
use walk::{ATOM, MEDIA, TOMBSTONES, YOUTUBE};

/// The longest body that is read. A notification has 900 bytes, a feed of 15 videos with long descriptions 100 kB.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;

/// How many namespaces may be declared around an element. YouTube declares three; every name is looked up among them.
const NAMESPACES_MAX: usize = 32;

/// A notification, or the channel's feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Of a notification `YouTube video feed`, of a polled feed the channel's name.
    pub title: Option<String>,
    /// Videos that are new or were edited.
    pub entries: Vec<Entry>,
    /// Videos that were deleted, or made private.
    pub deleted: Vec<Deleted>,
    /// How many entries and tombstones were left out: they name no video, or an entry names a channel that is none.
    pub skipped: u32,
}

/// A video as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub video_id: VideoId,
    /// Whose; that of its author where the entry does not say.
    pub channel_id: Option<ChannelId>,
    /// Its title, as it is written; empty if there is none.
    pub title: String,
    /// Whether it is linked to as a Short. A link that says otherwise proves nothing.
    pub short_link: bool,
    /// When it was made public, as YouTube says. For one that was private or scheduled, it may be long before.
    pub published: Option<Timestamp>,
    /// When it was edited last.
    pub updated: Option<Timestamp>,
    /// The channel's name.
    pub author: Option<String>,
    /// The address of its picture; only the polled feed has it.
    pub thumbnail: Option<String>,
}

/// A video that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Which.
    pub video_id: VideoId,
    /// Whose.
    pub channel_id: Option<ChannelId>,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// Why nothing of a body was read. Sent again, it is still unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It has more than [`BODY_MAX_BYTES`].
    TooLarge,
    /// It is not in UTF-8, or says that it is not.
    NotUtf8,
    /// It has a document type, and with it, maybe, entities of its own.
    Doctype,
    /// It is not well-formed XML, or uses an entity that XML does not define.
    Malformed,
    /// It is XML, and no Atom feed.
    NotAFeed,
}

/// Reads a notification or a feed.
///
/// # Errors
/// Nothing in the body can be relied on.
pub fn parse(body: &[u8]) -> Result<Feed, Unreadable> {
    if body.len() > BODY_MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let text = str::from_utf8(body).map_err(|_| Unreadable::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // XML wants its declaration to come first; whoever re-wraps a body may leave a blank line there.
    let mut reader = NsReader::from_str(text.trim_start_matches(is_xml_blank));
    reader.config_mut().expand_empty_elements = true;
    reader
        .resolver_mut()
        .set_max_namespace_bindings(NAMESPACES_MAX);
    let mut walk = Walk::default();
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|_| Unreadable::Malformed)?;
        match event {
            Event::Start(start) => walk.open(&namespace, &start)?,
            Event::End(_) => walk.close(),
            Event::Text(text) => walk.text(&text.xml10_content())?,
            Event::CData(text) => walk.characters(&text.xml10_content())?,
            Event::GeneralRef(reference) => walk.reference(&reference)?,
            Event::Decl(declaration) => is_utf8(&declaration)?,
            Event::DocType(_) => return Err(Unreadable::Doctype),
            Event::Eof => return walk.end(),
            // The reader makes two events of an empty element; the others say nothing.
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

/// <https://www.w3.org/TR/xml/#charsets>
fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// <https://www.w3.org/TR/xml/#NT-S>
fn is_xml_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A body may be valid UTF-8 by chance and still mean something else.
fn is_utf8(declaration: &BytesDecl<'_>) -> Result<(), Unreadable> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["utf-8", "utf8", "us-ascii"].contains(&&*name.to_ascii_lowercase()) => {
            Ok(())
        }
        Some(Ok(_)) => Err(Unreadable::NotUtf8),
        Some(Err(_)) => Err(Unreadable::Malformed),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
