//! Writing a post down: its shown text, its links, what it belongs to.

use super::{
    attach::Attached,
    draft::Create,
    ledger::{Extras, Poll, Post},
    people::User,
    text::{self, Link, ORDINARY_LENGTH, Piece, Reading},
    x::X,
};

/// What a post comes from: nothing, the post that it replies to, or the version that it edits.
#[derive(Debug, Default)]
pub struct Origin {
    reply_to: Option<u64>,
    conversation: Option<u64>,
    /// The versions before this one, oldest first.
    earlier: Vec<u64>,
    repost_of: Option<u64>,
}

impl Origin {
    pub fn reply_to(target: &Post) -> Self {
        Self {
            reply_to: Some(target.id),
            conversation: Some(target.conversation),
            ..Self::default()
        }
    }

    pub fn repost_of(post: u64) -> Self {
        Self {
            repost_of: Some(post),
            ..Self::default()
        }
    }

    /// It stays where the version before it was.
    pub fn edit_of(before: &Post) -> Self {
        let mut earlier = before.earlier().to_vec();
        earlier.push(before.id);
        Self {
            reply_to: before.reply_to,
            conversation: Some(before.conversation),
            earlier,
            repost_of: None,
        }
    }
}

/// A post that may be posted.
pub struct Whole<'a> {
    pub create: &'a Create,
    pub reading: &'a Reading,
    pub attached: &'a Attached,
    pub origin: Origin,
}

/// Writes down what no rule has to be asked about.
pub fn write(x: &mut X, now_ms: i64, author: &User, create: &Create, origin: Origin) -> u64 {
    let whole = Whole {
        create,
        reading: &text::read(&create.text),
        attached: &Attached::default(),
        origin,
    };
    publish(x, now_ms, author, whole)
}

/// Writes the post down and gives its id.
pub fn publish(x: &mut X, now_ms: i64, author: &User, whole: Whole<'_>) -> u64 {
    let Whole {
        create,
        reading,
        attached,
        origin,
    } = whole;
    let id = x.ids.post(now_ms);
    // X shows a text without the white space around it.
    let trimmed = text::read(create.text.trim());
    let mut pieces = trimmed.pieces(|| x.ids.word(10));
    for piece in &mut pieces {
        if let Piece::Link(link) = piece {
            link.unwound = x.settings.redirects.get(&link.expanded).cloned();
        }
    }
    if let Some(link) = last_link(x, id, author, create, attached) {
        if !pieces.is_empty() {
            pieces.push(Piece::Text(" ".into()));
        }
        pieces.push(Piece::Link(link));
    }
    let (shown, note) = if reading.weighted_length > ORDINARY_LENGTH {
        let link = Link::new(&x.ids.word(10), &format!("https://x.com/i/web/status/{id}"));
        (text::cut(&pieces, link), Some(pieces))
    } else {
        (pieces, None)
    };
    let extras = extras(create, id, now_ms, &origin);
    x.ledger.add(Post {
        id,
        author: author.id,
        sent: create.text.clone(),
        shown,
        note,
        media_ids: create.media_ids.clone(),
        media_keys: attached.keys.clone(),
        created_ms: now_ms,
        deleted_ms: None,
        reply_to: origin.reply_to,
        conversation: origin.conversation.unwrap_or(id),
        reply_settings: create
            .reply_settings
            .clone()
            .unwrap_or_else(|| "everyone".into()),
        hidden: create.hidden,
        replaced_by: None,
        extras,
    });
    id
}

/// X ends the text with a link to what was attached.
fn last_link(
    x: &mut X,
    id: u64,
    author: &User,
    create: &Create,
    attached: &Attached,
) -> Option<Link> {
    if let Some(quoted) = &create.quote_of {
        let quoted = quoted.parse().ok().and_then(|id| x.ledger.get(id))?;
        let of = x.people.get(quoted.author)?;
        let page = format!("https://x.com/{}/status/{}", of.profile.username, quoted.id);
        return Some(Link::new(&x.ids.word(10), &page));
    }
    if attached.keys.is_empty() {
        return None;
    }
    let name = x.ids.word(10);
    let page = format!("https://x.com/{}/status/{id}", author.profile.username);
    let what = if attached.is_video { "video" } else { "photo" };
    let mut media = Link::new(&name, &format!("{page}/{what}/1"));
    media.display = format!("pic.x.com/{name}");
    media.media_keys.clone_from(&attached.keys);
    Some(media)
}

/// Most posts have none of these.
fn extras(create: &Create, id: u64, now_ms: i64, origin: &Origin) -> Option<Box<Extras>> {
    let extras = Extras {
        poll: create.poll.as_ref().map(|poll| Poll {
            // May be the id of a post too: polls have ids of their own kind.
            id: id + 1,
            options: poll.options.clone(),
            minutes: poll.minutes,
            ends_ms: now_ms + poll.minutes * 60_000,
        }),
        quote_of: create.quote_of.as_ref().and_then(|id| id.parse().ok()),
        community: create.community.clone(),
        made_with_ai: create.made_with_ai,
        paid_partnership: create.paid_partnership,
        earlier: origin.earlier.clone(),
        repost_of: origin.repost_of,
    };
    let is_plain = extras.poll.is_none()
        && extras.quote_of.is_none()
        && extras.repost_of.is_none()
        && extras.community.is_none()
        && !extras.made_with_ai
        && !extras.paid_partnership
        && extras.earlier.is_empty();
    (!is_plain).then(|| Box::new(extras))
}
