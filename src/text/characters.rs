//! The classes of characters that decide where a link begins, goes on and ends.
//!
//! The classes are those that X's library has in effect, not those it spells out: its patterns
//! ignore case, so a class with `ŀ` in it also takes whatever has the same capital. A few oddities
//! follow and are kept, such as the Greek iota (its capital is that of U+0345, which is among the
//! accents).

/// Whether `c` may be part of a label of a domain: anything but punctuation, blanks and directional
/// marks. Hyphen and underscore have rules of their own (see `domains`).
pub(super) fn in_label(c: char) -> bool {
    match c {
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '"' | '`' | '\u{7f}' => true,
        '\t'..='\r' | ' '..='~' => false,
        _ => {
            !matches!(
                c,
                '\u{85}'
                    | '\u{a0}'
                    | '\u{61c}'
                    | '\u{1680}'
                    | '\u{180e}'
                    | '\u{2000}'..='\u{200a}'
                    | '\u{200e}'..='\u{200f}'
                    | '\u{2028}'..='\u{202f}'
                    | '\u{205f}'
                    | '\u{2066}'..='\u{2069}'
                    | '\u{3000}'
            ) && !is_invalid(c)
        }
    }
}

/// Whether X refuses a text with `c` in it.
pub(super) fn is_invalid(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a link may begin right after `c`.
pub(super) fn may_precede_url(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃') || is_invalid(c))
}

/// Whether `c` may be part of a domain that is a link without `https://` before it.
pub(super) fn in_latin_label(c: char) -> bool {
    c == '-' || c.is_ascii_alphanumeric() || is_accented_latin(c)
}

/// Whether `c` may be part of a path, parentheses aside.
pub(super) fn in_path(c: char) -> bool {
    ends_path(c)
        || matches!(
            c,
            '!' | '$'..='\'' | '*' | ',' | '.' | ':' | ';' | '@' | '[' | ']' | '|' | '~' | '–'
        )
}

/// Whether a path may end in `c`; what follows the last such character belongs to the sentence
/// around the link.
pub(super) fn ends_path(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '#' | '+' | '-' | '/' | '=' | '_')
        || is_accented_latin(c)
        || is_cyrillic(c)
}

/// Whether `c` may be part of a query.
pub(super) fn in_query(c: char) -> bool {
    matches!(c, '!' | '#'..=';' | '=' | '?'..='[' | ']' | '_' | 'a'..='z' | '|' | '~')
}

/// Whether a query may end in `c`.
pub(super) fn ends_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '#' | '&' | '-' | '/' | '=' | '_')
}

/// `c` in the case in which top-level domains are compared: its capital, where that is one
/// character and does not make an ASCII letter of another one.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut capitals = c.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) if !capital.is_ascii() => capital,
        _ => c,
    }
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}' | '\u{1c80}'..='\u{1c87}')
}

fn is_accented_latin(c: char) -> bool {
    c >= '\u{c0}'
        && matches!(
            c,
            '\u{c0}'..='\u{d6}'
                | '\u{d8}'..='\u{f6}'
                | '\u{f8}'..='\u{24f}'
                | '\u{253}'..='\u{254}'
                | '\u{256}'..='\u{257}'
                | '\u{259}'
                | '\u{25b}'
                | '\u{260}'
                | '\u{263}'
                | '\u{268}'..='\u{269}'
                | '\u{26f}'
                | '\u{272}'
                | '\u{275}'
                | '\u{280}'
                | '\u{283}'
                | '\u{288}'..='\u{28c}'
                | '\u{292}'
                | '\u{2bb}'
                | '\u{300}'..='\u{36f}'
                | '\u{399}'
                | '\u{3b9}'
                | '\u{1e00}'..='\u{1eff}'
                | '\u{1fbe}'
                | '\u{2c65}'..='\u{2c66}'
                | '\u{2c7e}'..='\u{2c7f}'
                | '\u{a7dc}'
        )
}
