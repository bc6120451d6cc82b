//! What in a text means something to X: links, mentions, hashtags, cashtags.
//!
//! Each kind has a scanner of its own, as in X's library. It makes an attempt at each place in
//! order; a match is consumed, whether or not it turns out to be an entity, and the next attempt is
//! made after it. Where entities of two kinds overlap, the one that begins first stands.

use super::urls::{self, Url};
use super::{Entity, cashtags, hashtags, mentions};

/// What in a text means something to X. Each list is in order, and no two entities overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    /// Links, bare domains among them.
    pub urls: Vec<Entity>,
    /// Names with their `@`; that of a list (`@name/list`) is one mention.
    pub mentions: Vec<Entity>,
    /// With their `#`.
    pub hashtags: Vec<Entity>,
    /// With their `$`.
    pub cashtags: Vec<Entity>,
}

/// A place where an entity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The kinds of entities. Of two that begin at one place, the kind named first here stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Url,
    Mention,
    Hashtag,
    Cashtag,
}

/// What a scanner consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// The place of the attempt: that of the preceding character, if there is one.
    pub(super) at: usize,
    /// Where the next attempt is made.
    pub(super) end: usize,
    /// Start and end of the entity, if it is one.
    pub(super) entity: Option<(usize, usize)>,
}

/// All that the scanners found.
#[derive(Debug)]
pub(super) struct Scan {
    /// The links that count as links, whatever they overlap.
    pub(super) urls: Vec<Url>,
    /// What the scanner of links consumed.
    pub(super) url_matches: Vec<(usize, usize)>,
    /// What the other scanners consumed, by [`SIGNED`].
    pub(super) matches: [Vec<Match>; 3],
    /// The entities, in order, none overlapping another.
    pub(super) spans: Vec<Span>,
}

/// A kind that begins with a sign.
pub(super) struct Signed {
    kind: Kind,
    is_sign: fn(char) -> bool,
    /// The match whose preceding character is at a place, or that begins there if the text does.
    pub(super) attempt: fn(&[char], usize, bool) -> Option<Match>,
}

pub(super) const SIGNED: [Signed; 3] = [
    Signed {
        kind: Kind::Mention,
        is_sign: mentions::is_at,
        attempt: mentions::attempt,
    },
    Signed {
        kind: Kind::Hashtag,
        is_sign: hashtags::is_hash,
        attempt: hashtags::attempt,
    },
    Signed {
        kind: Kind::Cashtag,
        is_sign: |c| c == '$',
        attempt: cashtags::attempt,
    },
];

impl Signed {
    fn matches(&self, text: &[char]) -> Vec<Match> {
        let mut matches = Vec::new();
        if !text.iter().any(|&c| (self.is_sign)(c)) {
            return matches;
        }
        let mut at = 0;
        while at < text.len() {
            let found = (self.attempt)(text, at, at == 0);
            matches.extend(found);
            at = found.map_or(at + 1, |found| found.end);
        }
        matches
    }
}

/// Finds all that means something in `text`.
pub(super) fn scan(text: &[char]) -> Scan {
    let (urls, url_matches) = urls::find(text);
    let matches = SIGNED.map(|signed| signed.matches(text));
    let mut spans: Vec<Span> = urls
        .iter()
        .map(|url| Span {
            kind: Kind::Url,
            start: url.start,
            end: url.end,
        })
        .collect();
    for (signed, matches) in SIGNED.iter().zip(&matches) {
        let found = matches.iter().filter_map(|found| found.entity);
        spans.extend(found.map(|(start, end)| Span {
            kind: signed.kind,
            start,
            end,
        }));
    }
    spans.sort_by_key(|span| span.start);
    let mut free = 0;
    spans.retain(|span| {
        let is_free = free <= span.start;
        if is_free {
            free = span.end;
        }
        is_free
    });
    Scan {
        urls,
        url_matches,
        matches,
        spans,
    }
}

/// The entities of `text` by kind.
pub(super) fn by_kind(text: &[char]) -> Entities {
    let mut entities = Entities::default();
    for Span { kind, start, end } in scan(text).spans {
        let list = match kind {
            Kind::Url => &mut entities.urls,
            Kind::Mention => &mut entities.mentions,
            Kind::Hashtag => &mut entities.hashtags,
            Kind::Cashtag => &mut entities.cashtags,
        };
        list.push(Entity::of(text, start, end));
    }
    entities
}

/// Whether `://` stands at `at`: what looks like a name before it is the scheme of an address.
pub(super) fn is_scheme_end(text: &[char], at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.starts_with(&[':', '/', '/']))
}

#[cfg(test)]
#[path = "entities_tests.rs"]
mod tests;
