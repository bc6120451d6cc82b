//! A long text as a thread.

use super::breaks::Rank;
use super::cuts::Cuttable;
use super::{Problem, measure};

/// The most parts into which a text is split.
pub const PARTS_MAX: usize = 100;

/// The digits of the largest number in a numbering.
const MAX_DIGITS: u32 = PARTS_MAX.ilog10() + 1;

/// The length of ` ` and `/` in a numbering.
const NUMBER_SIGNS: u32 = 2;

/// How full, in hundredths, a part has to be for its cut to be at a sentence, a line or a paragraph
/// rather than at a later word. If that makes too many parts, the second value is tried.
const FULL_ENOUGH: [u32; 2] = [50, 90];

/// Why a text cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// There is nothing in it but white space.
    Blank,
    /// It has a character that X accepts nowhere ([`Problem::InvalidCharacter`]).
    InvalidCharacter {
        /// Its code point offset in the text in NFC.
        at: usize,
    },
    /// What stands there cannot be cut and is too long for one part: a link, another entity, a
    /// grapheme cluster, or a stretch in which any cut would make an entity of what is none.
    Indivisible {
        /// The offset of its first code point, in the text in NFC.
        start: usize,
        /// The offset after its last code point.
        end: usize,
    },
    /// It needs more than [`PARTS_MAX`] parts.
    TooManyParts,
}

/// Splits `text` into parts of a weighted length of at most `limit`, of which each is a valid post.
///
/// A text that fits is one part, as it stands. Else, parts end at the end of a paragraph (before a
/// blank line), of a line or of a sentence where that leaves them half full at least, or else
/// between words, or where one word is too long, between grapheme clusters; never in a link, a
/// mention, a hashtag, a cashtag or an emoji. What X finds in the parts, taken together, is what it
/// finds in the text.
///
/// With `numbering`, ` 1/5` is at the end of the first of five parts and counts. One part alone has
/// no number.
///
/// Parts are in NFC. Numbers aside, they are the text in NFC less white space (the Unicode property)
/// at its start, at its end and around each cut: between two parts a whole run of it, or nothing, is
/// left out, and no part begins or ends with any. White space with a combining mark on it stays.
///
/// # Errors
/// A text that X would refuse at any length, has something too long in it, or is too long.
pub fn split(text: &str, limit: u32, numbering: bool) -> Result<Vec<String>, SplitError> {
    let measured = measure(text);
    match measured.problem(limit) {
        None => return Ok(vec![measured.text.into_owned()]),
        Some(Problem::Blank) => return Err(SplitError::Blank),
        Some(Problem::InvalidCharacter { at }) => {
            return Err(SplitError::InvalidCharacter { at });
        }
        Some(Problem::TooLong { .. }) => {}
    }
    let characters: Vec<char> = measured.text.chars().collect();
    let mut splitter = Splitter {
        text: Cuttable::new(&measured.text, &characters),
        limit,
    };
    if let Some((start, end)) = splitter.whole() {
        return Ok(vec![characters_of(&splitter.text, start, end).collect()]);
    }
    let mut result = Err(SplitError::TooManyParts);
    for full_enough in FULL_ENOUGH {
        result = splitter.parts(full_enough, numbering);
        if result != Err(SplitError::TooManyParts) {
            break;
        }
    }
    let parts = result?;
    let count = parts.len();
    Ok(parts
        .into_iter()
        .enumerate()
        .map(|(index, (start, end))| {
            let part: String = characters_of(&splitter.text, start, end).collect();
            if numbering {
                format!("{part} {}/{count}", index + 1)
            } else {
                part
            }
        })
        .collect())
}

fn characters_of<'t>(
    text: &Cuttable<'t>,
    start: usize,
    end: usize,
) -> impl Iterator<Item = &'t char> + use<'t> {
    text.slice(start, end).iter()
}

struct Splitter<'t> {
    text: Cuttable<'t>,
    limit: u32,
}

impl Splitter<'_> {
    /// The text without the white space around it, if that is one part.
    fn whole(&mut self) -> Option<(usize, usize)> {
        let start = self.start();
        let (_, end) = self.text.content();
        self.ends(start, end, self.limit).then_some((start, end))
    }

    /// Where the first part starts.
    fn start(&mut self) -> usize {
        let (start, _) = self.text.content();
        if self.text.keeps_after(start) {
            start
        } else {
            0
        }
    }

    /// Whether `start..end`, behind which only white space is left, is a last part.
    fn ends(&self, start: usize, end: usize, room: u32) -> bool {
        self.text.length(start, end) <= room && self.text.keeps_before(start, end, &[])
    }

    /// The parts, by start and end.
    fn parts(
        &mut self,
        full_enough: u32,
        numbering: bool,
    ) -> Result<Vec<(usize, usize)>, SplitError> {
        if !numbering {
            return self.parts_with(full_enough, PARTS_MAX, |_| 0);
        }
        // How many parts there are decides how long each number is, and so how many there are.
        let mut parts = Err(SplitError::TooManyParts);
        for digits in 1..=MAX_DIGITS {
            let most = PARTS_MAX.min(10_usize.pow(digits) - 1);
            let number_length = |number: usize| NUMBER_SIGNS + digits_of(number) + digits;
            parts = self.parts_with(full_enough, most, number_length);
            if parts != Err(SplitError::TooManyParts) {
                break;
            }
        }
        parts
    }

    fn parts_with(
        &mut self,
        full_enough: u32,
        most: usize,
        number_length: impl Fn(usize) -> u32,
    ) -> Result<Vec<(usize, usize)>, SplitError> {
        let wishes = [
            (Rank::Paragraph, full_enough),
            (Rank::Line, full_enough),
            (Rank::Sentence, full_enough),
            (Rank::Word, 0),
            (Rank::Cluster, 0),
            (Rank::Awkward, 0),
        ];
        let (_, end) = self.text.content();
        let mut start = self.start();
        let mut parts = Vec::new();
        while parts.len() < most {
            let room = self.limit.saturating_sub(number_length(parts.len() + 1));
            if self.ends(start, end, room) {
                parts.push((start, end));
                return Ok(parts);
            }
            let cut = self.text.best(start, room, &wishes, |text, cut| {
                text.keeps_after(cut.start) && text.keeps_before(start, cut.end, &[])
            });
            let Some(cut) = cut else {
                let end = self.text.indivisible_end(start, room);
                return Err(SplitError::Indivisible { start, end });
            };
            parts.push((start, cut.end));
            start = cut.start;
        }
        Err(SplitError::TooManyParts)
    }
}

fn digits_of(number: usize) -> u32 {
    number.checked_ilog10().map_or(1, |log| log + 1)
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
