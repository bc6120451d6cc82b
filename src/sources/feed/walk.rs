//! The way through the document, element by element.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart};
use quick_xml::name::{Namespace, ResolveResult};
use std::mem;

use super::draft::{Draft, short};
use super::{Feed, Unreadable, is_xml_blank, is_xml_char};

/// <https://www.rfc-editor.org/rfc/rfc4287#section-1.2>
pub(super) const ATOM: &str = "http://www.w3.org/2005/Atom";
/// <https://www.rfc-editor.org/rfc/rfc6721#section-2>
pub(super) const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";
/// <https://developers.google.com/youtube/v3/guides/push_notifications>
pub(super) const YOUTUBE: &str = "http://www.youtube.com/xml/schemas/2015";
/// <https://www.rssboard.org/media-rss#namespace-declaration>
pub(super) const MEDIA: &str = "http://search.yahoo.com/mrss/";

/// An element that means something, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Feed,
    FeedTitle,
    Entry,
    AtomId,
    VideoId,
    ChannelId,
    Title,
    Link,
    Published,
    Updated,
    Author,
    AuthorName,
    AuthorUri,
    MediaGroup,
    Thumbnail,
    Deleted,
    DeletedBy,
    DeletedByUri,
    Other,
}

impl Element {
    fn of(parent: Element, namespace: &str, name: &str) -> Self {
        match (parent, namespace, name) {
            (Self::Feed, ATOM, "title") => Self::FeedTitle,
            (Self::Feed, ATOM, "entry") => Self::Entry,
            (Self::Feed, TOMBSTONES, "deleted-entry") => Self::Deleted,
            (Self::Entry, ATOM, "id") => Self::AtomId,
            (Self::Entry, YOUTUBE, "videoId") => Self::VideoId,
            (Self::Entry, YOUTUBE, "channelId") => Self::ChannelId,
            (Self::Entry, ATOM, "title") => Self::Title,
            (Self::Entry, ATOM, "link") => Self::Link,
            (Self::Entry, ATOM, "published") => Self::Published,
            (Self::Entry, ATOM, "updated") => Self::Updated,
            (Self::Entry, ATOM, "author") => Self::Author,
            (Self::Author, ATOM, "name") => Self::AuthorName,
            (Self::Author, ATOM, "uri") => Self::AuthorUri,
            (Self::Entry, MEDIA, "group") => Self::MediaGroup,
            (Self::MediaGroup, MEDIA, "thumbnail") => Self::Thumbnail,
            (Self::Deleted, TOMBSTONES, "by") => Self::DeletedBy,
            (Self::DeletedBy, ATOM, "uri") => Self::DeletedByUri,
            _ => Self::Other,
        }
    }

    fn has_text(self) -> bool {
        matches!(
            self,
            Self::FeedTitle
                | Self::AtomId
                | Self::VideoId
                | Self::ChannelId
                | Self::Title
                | Self::Published
                | Self::Updated
                | Self::AuthorName
                | Self::AuthorUri
                | Self::DeletedByUri
        )
    }
}

/// Where in the document the reader is.
#[derive(Default)]
pub(super) struct Walk {
    feed: Feed,
    /// The open elements, the root first.
    open: Vec<Element>,
    is_begun: bool,
    draft: Draft,
    /// The text of the innermost element that means something by its text. No such element has another in it.
    text: String,
}

impl Walk {
    pub(super) fn open(
        &mut self,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<(), Unreadable> {
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => namespace,
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
        };
        let name = start.local_name();
        let element = match self.open.last() {
            Some(&parent) => Element::of(parent, namespace, name.as_ref()),
            None if self.is_begun => return Err(Unreadable::Malformed),
            None if (namespace, name.as_ref()) == (ATOM, "feed") => Element::Feed,
            None => return Err(Unreadable::NotAFeed),
        };
        self.is_begun = true;
        self.open.push(element);
        match element {
            Element::Entry => self.draft = Draft::default(),
            Element::Deleted => {
                let [reference, when] = attributes(start, ["ref", "when"])?;
                self.draft = Draft {
                    atom_id: reference,
                    updated: when,
                    ..Draft::default()
                };
            }
            Element::Link => {
                let [rel, href] = attributes(start, ["rel", "href"])?;
                // https://www.rfc-editor.org/rfc/rfc4287#section-4.2.7.2
                if rel.is_none_or(|rel| rel == "alternate") {
                    self.draft.shorts.extend(href.and_then(|href| short(&href)));
                }
            }
            Element::Thumbnail => {
                let [address] = attributes(start, ["url"])?;
                keep(&mut self.draft.thumbnail, address.unwrap_or_default());
            }
            _ if element.has_text() => self.text.clear(),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        let draft = &mut self.draft;
        let said = match element {
            Element::FeedTitle => &mut self.feed.title,
            Element::AtomId => &mut draft.atom_id,
            Element::VideoId => &mut draft.video_id,
            Element::ChannelId => &mut draft.channel_id,
            Element::Title => &mut draft.title,
            Element::Published => &mut draft.published,
            Element::Updated => &mut draft.updated,
            Element::AuthorName => &mut draft.author,
            Element::AuthorUri | Element::DeletedByUri => &mut draft.author_uri,
            Element::Entry => {
                match mem::take(draft).into_entry() {
                    Some(entry) => self.feed.entries.push(entry),
                    None => self.feed.skipped += 1,
                }
                return;
            }
            Element::Deleted => {
                match mem::take(draft).into_deleted() {
                    Some(deleted) => self.feed.deleted.push(deleted),
                    None => self.feed.skipped += 1,
                }
                return;
            }
            _ => return,
        };
        keep(said, mem::take(&mut self.text));
    }

    /// Text with no reference in it. Around the root only blanks may stand.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.open.is_empty() && text.chars().all(is_xml_blank) {
            return Ok(());
        }
        self.characters(text)
    }

    pub(super) fn characters(&mut self, text: &str) -> Result<(), Unreadable> {
        let element = self.open.last().ok_or(Unreadable::Malformed)?;
        if !element.has_text() {
            return Ok(());
        }
        if !text.chars().all(is_xml_char) {
            return Err(Unreadable::Malformed);
        }
        self.text += text;
        Ok(())
    }

    pub(super) fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Unreadable> {
        let character = reference
            .resolve_char_ref()
            .map_err(|_| Unreadable::Malformed)?;
        match character {
            Some(c) if is_xml_char(c) => self.characters(c.encode_utf8(&mut [0; 4])),
            Some(_) => Err(Unreadable::Malformed),
            None => {
                let text = resolve_predefined_entity(reference);
                self.characters(text.ok_or(Unreadable::Malformed)?)
            }
        }
    }

    pub(super) fn end(self) -> Result<Feed, Unreadable> {
        if self.is_begun && self.open.is_empty() {
            Ok(self.feed)
        } else {
            Err(Unreadable::Malformed)
        }
    }
}

fn keep(said: &mut Option<String>, text: String) {
    said.get_or_insert(text);
}

/// The values of the attributes of these names that are in no namespace.
fn attributes<const N: usize>(
    start: &BytesStart<'_>,
    names: [&str; N],
) -> Result<[Option<String>; N], Unreadable> {
    let mut values = [const { None }; N];
    // That no name is there twice is looked at only for those that are asked for.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unreadable::Malformed)?;
        let wanted = names.iter().zip(&mut values);
        for (_, value) in wanted.filter(|&(&name, _)| name == attribute.key.as_ref()) {
            let normalized = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| Unreadable::Malformed)?;
            if !normalized.chars().all(is_xml_char) || value.is_some() {
                return Err(Unreadable::Malformed);
            }
            *value = Some(normalized.into_owned());
        }
    }
    Ok(values)
}
