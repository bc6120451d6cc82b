//! Mentions of an account (`@name`) or of one of its lists (`@name/list`), as X finds them.

use super::entities::Match;

/// The longest name that is read; what goes on after it does not belong to the mention. X gives out
/// 15 at most. <https://help.x.com/en/managing-your-account/x-username-rules>
const MAX_NAME_LENGTH: usize = 20;

/// The longest name of a list.
const MAX_LIST_LENGTH: usize = 25;

/// Whether `c` begins a mention.
pub(super) fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠')
}

/// The mention whose preceding character is at `at`, or, where a text begins at `at`, that begins
/// there. What precedes it may also be `RT`, with or without a colon; before that, other characters
/// are allowed than before the sign.
pub(super) fn attempt(text: &[char], at: usize, is_start: bool) -> Option<Match> {
    let c = *text.get(at)?;
    if is_start && is_at(c) {
        return name(text, at, at);
    }
    if is_start && matches!(c, 'r' | 'R') {
        return after_rt(text, at, at);
    }
    match text.get(at + 1)? {
        '@' | '＠' if may_precede(c) => name(text, at, at + 1),
        'r' | 'R' if may_precede_rt(c) => after_rt(text, at, at + 1),
        _ => None,
    }
}

fn after_rt(text: &[char], at: usize, rt: usize) -> Option<Match> {
    if !matches!(text.get(rt..rt + 2)?, ['r' | 'R', 't' | 'T']) {
        return None;
    }
    let after = rt + 2;
    let colon = usize::from(text.get(after) == Some(&':'));
    name(text, at, after + colon)
}

/// The mention whose sign is to be at `sign`.
fn name(text: &[char], at: usize, sign: usize) -> Option<Match> {
    text.get(sign).filter(|&&c| is_at(c))?;
    let first = sign + 1;
    let length = text
        .get(first..)?
        .iter()
        .take(MAX_NAME_LENGTH)
        .take_while(|&&c| c.is_ascii_alphanumeric() || c == '_')
        .count();
    if length == 0 {
        return None;
    }
    let end = list_end(text, first + length);
    let is_more = match text.get(end) {
        Some(&c) => is_at(c) || is_accented(c) || super::entities::is_scheme_end(text, end),
        None => false,
    };
    Some(Match {
        at,
        end,
        entity: (!is_more).then_some((sign, end)),
    })
}

/// The end of the name of a list that begins with the slash at `at`; `at` if none does.
fn list_end(text: &[char], at: usize) -> usize {
    match text.get(at..at + 2) {
        Some(['/', first]) if first.is_ascii_alphabetic() => {
            let rest = text.get(at + 2..).unwrap_or_default();
            let length = rest
                .iter()
                .take(MAX_LIST_LENGTH - 1)
                .take_while(|&&c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                .count();
            at + 2 + length
        }
        _ => at,
    }
}

fn may_precede(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '_' | '!' | '#' | '$' | '%' | '&' | '*') || is_at(c))
}

fn may_precede_rt(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '~' | '.' | '-'))
}

/// Whether `c` is a Latin letter with an accent: a word that goes on with one is no name. Unlike
/// that of links, this class does not ignore case.
fn is_accented(c: char) -> bool {
    matches!(
        u32::from(c),
        0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x24f | 0x253..=0x254 | 0x256..=0x257 | 0x259 | 0x25b
            | 0x263 | 0x268 | 0x26f | 0x272 | 0x289 | 0x28b | 0x2bb | 0x300..=0x36f
            | 0x1e00..=0x1eff
    )
}
