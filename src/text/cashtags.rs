//! Cashtags as X finds them: a symbol of up to six letters, as in `$TWTR`, and after a dot or an
//! underscore up to two more.

use super::entities::Match;

/// The longest symbol, without what follows its dot or underscore.
const MAX_SYMBOL_LENGTH: usize = 6;

/// The most letters after the dot or underscore.
const MAX_SUFFIX_LENGTH: usize = 2;

/// The cashtag whose preceding white space is at `at`, or, where a text begins at `at`, that begins
/// there.
pub(super) fn attempt(text: &[char], at: usize, is_start: bool) -> Option<Match> {
    if is_start && let Some(found) = cashtag(text, at, at) {
        return Some(found);
    }
    if text.get(at + 1) == Some(&'$') && text.get(at).copied().is_some_and(is_space) {
        cashtag(text, at, at + 1)
    } else {
        None
    }
}

fn cashtag(text: &[char], at: usize, dollar: usize) -> Option<Match> {
    text.get(dollar).filter(|&&c| c == '$')?;
    let symbol = dollar + 1;
    let symbol_end = symbol + letters(text, symbol, MAX_SYMBOL_LENGTH);
    if symbol_end == symbol {
        return None;
    }
    let suffix_length = match text.get(symbol_end) {
        Some('.' | '_') => letters(text, symbol_end + 1, MAX_SUFFIX_LENGTH),
        _ => 0,
    };
    // The longest that ends well; with no letter of the suffix, its dot is not part of it either.
    let end = (1..=suffix_length)
        .rev()
        .map(|length| symbol_end + 1 + length)
        .chain([symbol_end])
        .find(|&end| text.get(end).is_none_or(|&c| may_follow(c)))?;
    Some(Match {
        at,
        end,
        entity: Some((dollar, end)),
    })
}

fn letters(text: &[char], at: usize, most: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .take(most)
        .take_while(|c| c.is_ascii_alphabetic())
        .count()
}

/// The library's white space: Unicode's, and U+180E, which was among it once.
fn is_space(c: char) -> bool {
    c == '\u{180e}' || c.is_whitespace()
}

/// White space as JavaScript has it, or ASCII punctuation but for quotation marks and the grave.
fn may_follow(c: char) -> bool {
    c == '\u{feff}'
        || (c != '\u{85}' && c.is_whitespace())
        || (c.is_ascii_punctuation() && !matches!(c, '"' | '`'))
}
