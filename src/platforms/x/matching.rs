//! Whether a post of the account's timeline is what was to be sent.
//!
//! X rewrites what it is given: links become t.co, bare domains get a scheme, `&`, `<` and `>` become entities, the text
//! is NFC and trimmed, attached media add a link at the end, and of a long post `text` is only the beginning. All that
//! is undone as far as X tells, and then both texts are brought into one form in which little things that X or a server
//! may change in a link (scheme, case of the host, encoding, a closing slash) do not count. In doubt two texts count as
//! the same: the only posts that are looked at are the account's own of the few seconds around a call, so that a
//! mistaken difference, which may end in a second post, is the likelier harm.
//!
//! What cannot be told apart: a post with the same words in the same place that a person wrote by hand in those seconds.
//! It counts as the one that was meant, as the words are there.

use super::timeline::{Link, OwnPost, ReplyTo, after_status};
use crate::platforms::Content;
use crate::text::{STANDARD_LIMIT, measure};
use unicode_normalization::UnicodeNormalization as _;

/// How much a post is like what was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// All that X shows is the same.
    Whole,
    /// X shows the beginning of a long text, and that is the same.
    Beginning,
}

/// The least weight of a beginning that stands for the whole. X shows some 280, and the word that is left out at the end
/// may hold several links of 23.
const BEGINNING_MIN: u32 = STANDARD_LIMIT / 2;

/// How many characters at the end of a beginning may be half of something, where no space shows its edge.
const EDGE: usize = 24;

/// How much a post is like what was to be sent; `None`: it is another.
#[must_use]
pub fn likeness(content: &Content, post: &OwnPost) -> Option<Likeness> {
    if !has_its_media(content, post) || !is_in_place(content, &post.reply_to) {
        return None;
    }
    let meant = canonical(&content.text);
    let shown = canonical(&expanded(content, post, &meant));
    if post.is_cut {
        return begins(content, &meant, &shown).then_some(Likeness::Beginning);
    }
    // Before a reply X may put the names of those who are replied to.
    let may_reply = content.reply_to.is_some() || content.replaces.is_some();
    let same = shown == meant || (may_reply && without_mentions(&shown) == meant);
    same.then_some(Likeness::Whole)
}

/// As many media as were meant; the very same, where X says which.
fn has_its_media(content: &Content, post: &OwnPost) -> bool {
    let is_known = |id: &str| post.media_ids.contains(id);
    post.media == content.media.len()
        && (post.media_ids.is_empty() || content.media.iter().all(|one| is_known(&one.id)))
}

fn is_in_place(content: &Content, reply_to: &ReplyTo) -> bool {
    // An edit stays in the conversation of the older post, whatever place that has, and X calls both no reply.
    if content.replaces.is_some() {
        return true;
    }
    match (&content.reply_to, reply_to) {
        (None, ReplyTo::Nobody) | (Some(_), ReplyTo::Somebody) => true,
        (Some(meant), ReplyTo::Post(shown)) => meant == shown,
        _ => false,
    }
}

fn without_mentions(mut text: &str) -> &str {
    while let Some((name, rest)) = text.split_once(' ')
        && name.starts_with('@')
    {
        text = rest;
    }
    text
}

fn begins(content: &Content, meant: &str, shown: &str) -> bool {
    // The last word may be half a word, or lack half a link.
    let by_word = shown.rsplit_once(' ').map(|(beginning, _)| beginning);
    let by_length = || {
        let end = shown.char_indices().rev().nth(EDGE).map(|(at, _)| at);
        shown.get(..end.unwrap_or(0)).unwrap_or_default()
    };
    let is_enough = |text: &&str| measure(text).weighted_length >= BEGINNING_MIN;
    let beginning = by_word.filter(is_enough).unwrap_or_else(by_length);
    measure(&content.text).weighted_length > STANDARD_LIMIT
        && is_enough(&beginning)
        && meant.starts_with(beginning)
}

/// The text as it was given to X, as far as X tells.
fn expanded(content: &Content, post: &OwnPost, meant: &str) -> String {
    let mut text = String::new();
    let mut rest = post.text.as_str();
    while let Some((at, link)) = first_link(rest, &post.links) {
        let (before, from) = rest.split_at(at);
        text.push_str(&decoded(before));
        text.push_str(typed(content, link, meant));
        rest = from.get(link.short.len()..).unwrap_or_default();
    }
    text.push_str(&decoded(rest));
    text
}

/// The first place where a t.co link stands, and the longest one that does.
fn first_link<'a>(text: &str, links: &'a [Link]) -> Option<(usize, &'a Link)> {
    links
        .iter()
        .filter_map(|link| Some((text.find(link.short.as_str())?, link)))
        .min_by_key(|(at, link)| (*at, std::cmp::Reverse(link.short.len())))
}

/// What stood there: where the link leads, at once or in the end, or the t.co link itself, whichever was meant.
fn typed<'a>(content: &Content, link: &'a Link, meant: &str) -> &'a str {
    let leads_to = |id: &String| {
        let mut long = link.long.iter();
        long.any(|long| after_status(id, long) == Some("") && !meant.contains(&canonical(long)))
    };
    // Of a quoted post X may add the link.
    if link.is_attached || content.extras.quote.as_ref().is_some_and(leads_to) {
        return "";
    }
    let mut ways = link.long.iter().map(String::as_str).chain([&*link.short]);
    let first = link.long.first().map_or(&*link.short, String::as_str);
    ways.find(|way| meant.contains(&canonical(way)))
        .unwrap_or(first)
}

/// HTML entities as characters, each once: `&amp;lt;` is `&lt;`.
pub(super) fn decoded(text: &str) -> String {
    const ENTITIES: [(&str, char); 5] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
    ];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let known = ENTITIES.iter().find(|(entity, _)| from.starts_with(entity));
        let (entity, character) = known.map_or(("&", '&'), |(entity, c)| (*entity, *c));
        plain.push(character);
        rest = from.get(entity.len()..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// A form in which the same text is the same: NFC, white space single, and in every word that may be or hold a link
/// what X and servers change in links left out. It does not ask what is a link: X's own idea of that may differ.
#[must_use]
pub fn canonical(text: &str) -> String {
    let text: String = text.nfc().collect();
    let words = text.split_whitespace().map(word);
    let mut canonical = String::with_capacity(text.len());
    for word in words.filter(|word| !word.is_empty()) {
        if !canonical.is_empty() {
            canonical.push(' ');
        }
        canonical.push_str(&word);
    }
    canonical
}

fn word(word: &str) -> String {
    if !word.contains(['.', '%', '/']) {
        return word.to_owned();
    }
    let word: String = percent_decoded(&without_schemes(word)).nfc().collect();
    let head_end = word.find(['/', '?', '#']).unwrap_or(word.len());
    let (head, tail) = word.split_at(head_end);
    let host = if head.contains('.') {
        host(head)
    } else {
        head.to_owned()
    };
    without_closing_slashes(&(host + tail))
}

fn without_schemes(word: &str) -> String {
    const SCHEMES: [&str; 2] = ["https://", "http://"];
    let is_scheme = |at: usize, scheme: &str| {
        let there = word.get(at..at + scheme.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(scheme))
    };
    let mut bare = String::with_capacity(word.len());
    let mut at = 0;
    while let Some(c) = word.get(at..).and_then(|rest| rest.chars().next()) {
        if let Some(scheme) = SCHEMES.iter().find(|scheme| is_scheme(at, scheme)) {
            at += scheme.len();
        } else {
            bare.push(c);
            at += c.len_utf8();
        }
    }
    bare
}

/// `%C3%A9` as `é`; what is not UTF-8 stays as it is, in capitals.
fn percent_decoded(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let escaped: Vec<u8> = from.as_bytes().chunks(3).map_while(escape).collect();
        let (escape, after) = from.split_at(escaped.len() * 3);
        match String::from_utf8(escaped) {
            Ok(text) if !text.is_empty() => plain.push_str(&text),
            Ok(_) => plain.push('%'),
            Err(_) => plain.push_str(&escape.to_ascii_uppercase()),
        }
        rest = if escape.is_empty() {
            after.get(1..).unwrap_or_default()
        } else {
            after
        };
    }
    plain.push_str(rest);
    plain
}

fn escape(chunk: &[u8]) -> Option<u8> {
    let [b'%', digits @ ..] = chunk else {
        return None;
    };
    let is_whole = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16)
        .ok()
        .filter(|_| is_whole)
}

/// Lower case, labels in their own script, X under its newer name. What stands before the host without a space, a
/// bracket or another script, stays.
fn host(head: &str) -> String {
    const OTHER_NAMES: [&str; 5] = [
        "www.twitter.com",
        "mobile.twitter.com",
        "twitter.com",
        "www.x.com",
        "mobile.x.com",
    ];
    let labels: Vec<String> = head.to_lowercase().split('.').map(label).collect();
    let host: String = labels.join(".").nfc().collect();
    let is_whole = |before: &&str| !before.ends_with(|c: char| is_of_host(c) || c == '.');
    let before = OTHER_NAMES
        .iter()
        .find_map(|name| host.strip_suffix(name).filter(is_whole));
    before.map_or_else(|| host.clone(), |before| format!("{before}x.com"))
}

fn label(label: &str) -> String {
    let begin = label
        .char_indices()
        .rfind(|(_, c)| !is_of_host(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    let (before, name) = label.split_at(begin);
    let decoded = name
        .strip_prefix("xn--")
        .and_then(idna::punycode::decode_to_string);
    decoded.map_or_else(|| label.to_owned(), |decoded| format!("{before}{decoded}"))
}

const fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// Without the slashes that end a path: X and servers put one behind a bare host.
fn without_closing_slashes(word: &str) -> String {
    let mut kept = String::with_capacity(word.len());
    let mut slashes = 0;
    for c in word.chars().chain([' ']) {
        if c == '/' {
            slashes += 1;
            continue;
        }
        let ends = c.is_whitespace() || r#".,;:!?#)]}"'…”’»"#.contains(c);
        if !ends || kept.is_empty() {
            kept.extend(std::iter::repeat_n('/', slashes));
        }
        slashes = 0;
        kept.push(c);
    }
    kept.pop();
    kept
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
