//! Hashtags as X finds them.

use super::entities::{Match, is_scheme_end};
use super::letters::{in_hashtag, is_letter};

const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';

/// Whether `c` begins a hashtag.
pub(super) fn is_hash(c: char) -> bool {
    matches!(c, '#' | '＃')
}

/// The hashtag whose preceding character is at `at`, or, where a text begins at `at`, that begins
/// there.
pub(super) fn attempt(text: &[char], at: usize, is_start: bool) -> Option<Match> {
    if is_start && let Some(found) = hashtag(text, at, at) {
        return Some(found);
    }
    text.get(at + 1).filter(|&&c| is_hash(c))?;
    if may_precede(*text.get(at)?) {
        hashtag(text, at, at + 1)
    } else {
        None
    }
}

/// The hashtag whose sign is to be at `sign`: at least one letter, after which no second sign and no
/// `://` follows. `#️⃣` begins none.
fn hashtag(text: &[char], at: usize, sign: usize) -> Option<Match> {
    text.get(sign).filter(|&&c| is_hash(c))?;
    let rest = text.get(sign + 1..)?;
    if matches!(rest.first()?, &(EMOJI_STYLE | KEYCAP)) {
        return None;
    }
    let length = rest.iter().take_while(|&&c| in_hashtag(c)).count();
    if !rest.iter().take(length).any(|&c| is_letter(c)) {
        return None;
    }
    let end = sign + 1 + length;
    let is_more = text.get(end).is_some_and(|&c| is_hash(c)) || is_scheme_end(text, end);
    Some(Match {
        at,
        end,
        entity: (!is_more).then_some((sign, end)),
    })
}

fn may_precede(c: char) -> bool {
    matches!(c, TEXT_STYLE | EMOJI_STYLE) || !(c == '&' || in_hashtag(c))
}
