//! A long text, cut.

use std::borrow::Cow;

use super::breaks::Rank;
use super::cuts::Cuttable;
use super::{Problem, measure};

/// What stands where the rest was.
const ELLIPSIS: char = '…';

/// How full, in hundredths, the room has to be for the cut to be between words.
const FULL_ENOUGH: u32 = 75;

/// Why a text cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncateError {
    /// There is nothing in it but white space.
    Blank,
    /// It has a character that X accepts nowhere ([`Problem::InvalidCharacter`]).
    InvalidCharacter {
        /// Its code point offset in the text in NFC.
        at: usize,
    },
    /// The link has such a character, or is nothing.
    InvalidLink,
    /// The limit does not even take the ellipsis and the link.
    NoRoom,
}

/// Cuts `text` to a weighted length of at most `limit`. What is left ends in `…` and, if `link` is
/// given, a space and the link.
///
/// The cut is between words if that leaves three quarters of the room filled, or else between
/// grapheme clusters; never in a link, a mention, a hashtag, a cashtag or an emoji, and what X finds
/// in what is left is what it finds there in the text. White space before the ellipsis goes. If not
/// even the beginning fits, only ellipsis and link are left.
///
/// A text that fits is as it was, and the link is not added. The result is in NFC.
///
/// The link counts as what X takes it for: 23, or by its characters if its domain is none that X
/// knows.
///
/// # Errors
/// A text or a link that X would refuse at any length, or a limit with no room.
pub fn truncate<'t>(
    text: &'t str,
    limit: u32,
    link: Option<&str>,
) -> Result<Cow<'t, str>, TruncateError> {
    let measured = measure(text);
    match measured.problem(limit) {
        None => return Ok(measured.text),
        Some(Problem::Blank) => return Err(TruncateError::Blank),
        Some(Problem::InvalidCharacter { at }) => {
            return Err(TruncateError::InvalidCharacter { at });
        }
        Some(Problem::TooLong { .. }) => {}
    }
    let end = ending(link)?;
    let ending_length = measure(&end).weighted_length;
    let Some(room) = limit.checked_sub(ending_length) else {
        return Err(TruncateError::NoRoom);
    };
    let characters: Vec<char> = measured.text.chars().collect();
    let mut text = Cuttable::new(&measured.text, &characters);
    let wishes = [
        (Rank::Word, FULL_ENOUGH),
        (Rank::Cluster, 0),
        (Rank::Awkward, 0),
    ];
    let cut = text.best(0, room, &wishes, |text, cut| {
        text.keeps_before(0, cut.end, &[ELLIPSIS])
    });
    let mut kept: String = text.slice(0, cut.map_or(0, |cut| cut.end)).iter().collect();
    kept += &end;
    Ok(Cow::Owned(kept))
}

/// What ends a text that was cut.
fn ending(link: Option<&str>) -> Result<String, TruncateError> {
    let Some(link) = link else {
        return Ok(ELLIPSIS.to_string());
    };
    let link = measure(link.trim());
    if link.is_valid(u32::MAX) {
        Ok(format!("{ELLIPSIS} {}", link.text))
    } else {
        Err(TruncateError::InvalidLink)
    }
}

#[cfg(test)]
#[path = "truncate_tests.rs"]
mod tests;
