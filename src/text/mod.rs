//! Text as X counts it.
//!
//! Promises the weighted length, the validity, and the links, mentions, hashtags and cashtags that
//! X's own library finds (twitter-text 3.1.0, configuration 3), for any text, in time that grows with
//! its length and no faster, whatever is in it. The library's rules are followed to the letter,
//! oddities included: X refuses what exceeds its own count, not what exceeds a better one. Promises
//! too that what makes a text fit (a thread, a cut, hashtags) makes valid posts and changes nothing
//! that X finds in them.
//!
//! Relies on nothing but its tables: no clock, no network. Does not decide which limit an account
//! has, and does not know what a text costs.
//!
//! Four differences from the library are meant. A text of nothing but blanks is invalid here, since X
//! refuses it; the library calls it valid. Normalisation follows a newer Unicode where the library
//! follows that of its JavaScript engine. Where the library throws (a label of thousands of letters),
//! the label is too long here. And offsets count code points, while the library counts UTF-16 units
//! and, asked for code points, still puts the end as many units after the start as the entity is
//! long.
//!
//! - `weight`: the weighted length
//! - `entities`: all that means something, and which of two that overlap stands
//! - `urls`, `domains`: links, and where a domain ends
//! - `mentions`, `hashtags`, `cashtags`: the others
//! - `emoji`: which sequences are one emoji
//! - `split`, `truncate`, `append`: a thread, a cut, hashtags at the end
//! - `cuts`, `breaks`: where a text may be cut, and how good a place is
//! - `characters`, `letters`, `tlds`: classes and tables that those stand on

mod append;
mod breaks;
mod cashtags;
mod characters;
mod cuts;
mod domains;
mod emoji;
mod entities;
mod hashtags;
mod letters;
mod mentions;
mod split;
mod tlds;
mod truncate;
mod urls;
mod weight;

use std::borrow::Cow;
use std::iter;

pub use append::{InvalidHashtag, WithHashtags, with_hashtags};
pub use entities::Entities;
pub use split::{PARTS_MAX, SplitError, split};
pub use truncate::{TruncateError, truncate};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The longest post of an ordinary account, in weighted length.
/// <https://docs.x.com/fundamentals/counting-characters>
pub const STANDARD_LIMIT: u32 = 280;

/// The longest post of a Premium account, in weighted length.
/// <https://help.x.com/en/using-x/x-premium>
pub const PREMIUM_LIMIT: u32 = 25_000;

/// A text, measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured<'t> {
    /// The text in NFC, the form that is counted and that offsets are of.
    pub text: Cow<'t, str>,
    /// The length in X's units: 1 for a character of most alphabets, 2 for one of other scripts and
    /// for an emoji, 23 for a link.
    pub weighted_length: u32,
    /// The links, in order, none overlapping another. Offsets are those in [`Measured::text`].
    pub urls: Vec<Entity>,
    /// The code point offset of the first character that X accepts nowhere.
    invalid_character: Option<usize>,
}

/// A part of a text that means something to X.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// What stands there.
    pub text: String,
    /// The offset of its first code point.
    pub start: usize,
    /// The offset after its last code point.
    pub end: usize,
}

/// Why X would refuse a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing in it but white space.
    Blank,
    /// It has one of U+FEFF, U+FFFE, U+FFFF in it; the first at this code point offset.
    InvalidCharacter {
        /// The offset in the normalised text.
        at: usize,
    },
    /// It is longer than the limit.
    TooLong {
        /// By how much, in X's units.
        excess: u32,
    },
}

impl Entity {
    fn of(text: &[char], start: usize, end: usize) -> Self {
        Self {
            text: text.get(start..end).unwrap_or_default().iter().collect(),
            start,
            end,
        }
    }
}

impl Measured<'_> {
    /// The links, mentions, hashtags and cashtags. Offsets are those in [`Measured::text`].
    #[must_use]
    pub fn entities(&self) -> Entities {
        entities(&self.text)
    }

    /// What keeps the text from being posted where `limit` holds, in weighted length; nothing if it
    /// may be posted.
    #[must_use]
    pub fn problem(&self, limit: u32) -> Option<Problem> {
        if self.text.trim().is_empty() {
            Some(Problem::Blank)
        } else if let Some(at) = self.invalid_character {
            Some(Problem::InvalidCharacter { at })
        } else {
            let excess = self.weighted_length.saturating_sub(limit);
            (excess > 0).then_some(Problem::TooLong { excess })
        }
    }

    /// Whether the text may be posted where `limit` holds, in weighted length.
    #[must_use]
    pub fn is_valid(&self, limit: u32) -> bool {
        self.problem(limit).is_none()
    }
}

/// Measures `text` as X does.
#[must_use]
pub fn measure(text: &str) -> Measured<'_> {
    let text = normalized(text);
    let characters: Vec<char> = text.chars().collect();
    let (urls, _) = urls::find(&characters);
    Measured {
        weighted_length: weight::weighted_length(&characters, &urls),
        invalid_character: weight::first_invalid(&characters),
        urls: links(&characters, &urls),
        text,
    }
}

/// The links, mentions, hashtags and cashtags in `text`. Offsets are those in `text` as it is, not
/// normalised; for those of the text as it is sent, ask [`Measured::entities`].
///
/// A link that overlaps an entity before it is not among them, although it weighs what a link weighs
/// ([`Measured::urls`]).
#[must_use]
pub fn entities(text: &str) -> Entities {
    entities::by_kind(&text.chars().collect::<Vec<char>>())
}

/// The links in `text`, in order, none overlapping another. Offsets are those in `text` as it is,
/// not normalised.
#[must_use]
pub fn urls(text: &str) -> Vec<Entity> {
    let characters: Vec<char> = text.chars().collect();
    links(&characters, &urls::find(&characters).0)
}

/// `text` in NFC.
fn normalized(text: &str) -> Cow<'_, str> {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    // Most of a text that is not in NFC is, and composing is slow.
    let mut composed = String::with_capacity(text.len());
    let (mut done, mut piece, mut is_loose) = (0, 0, false);
    for (at, c) in text.char_indices() {
        if !stands_alone(c) {
            is_loose = true;
            continue;
        }
        if is_loose {
            composed.push_str(text.get(done..piece).unwrap_or_default());
            composed.extend(text.get(piece..at).unwrap_or_default().nfc());
            (done, is_loose) = (at, false);
        }
        piece = at;
    }
    if is_loose {
        composed.push_str(text.get(done..piece).unwrap_or_default());
        composed.extend(text.get(piece..).unwrap_or_default().nfc());
    } else {
        composed.push_str(text.get(done..).unwrap_or_default());
    }
    Cow::Owned(composed)
}

/// Whether `c` is in NFC by itself and combines with nothing before it, so that the text before it
/// and the text from it on can be composed apart.
/// <https://www.unicode.org/reports/tr15/#Stable_Code_Points>
fn stands_alone(c: char) -> bool {
    c < '\u{300}'
        || (is_nfc_quick(iter::once(c)) == IsNormalized::Yes && canonical_combining_class(c) == 0)
}

fn links(text: &[char], urls: &[urls::Url]) -> Vec<Entity> {
    let link = |url: &urls::Url| Entity::of(text, url.start, url.end);
    urls.iter().map(link).collect()
}

#[cfg(test)]
mod tests;
