//! Hashtags given as a list, at the end of a text.

use super::hashtags::is_hash;
use super::{entities, measure, normalized};

/// A text with hashtags at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithHashtags {
    /// The text in NFC, with those that fitted.
    pub text: String,
    /// Those that did not fit, with their `#`, in the order given.
    pub omitted: Vec<String>,
}

/// What was given as a hashtag and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidHashtag {
    /// Its place in the list, from 0.
    pub index: usize,
}

/// Appends to `text` those of `hashtags` that fit into `limit`, each after a space, in order: one
/// that does not fit is left out, and a shorter one after it may still fit.
///
/// They are given with or without `#`. One that is in the text already, in whatever case, is neither
/// appended nor named as left out. A text that is too long already stays as it is.
///
/// # Errors
/// The first that is no hashtag: it has no letter, or something in it that ends one.
pub fn with_hashtags(
    text: &str,
    hashtags: &[String],
    limit: u32,
) -> Result<WithHashtags, InvalidHashtag> {
    let measured = measure(text);
    let mut length = measured.weighted_length;
    let present = measured.entities().hashtags;
    let mut present: Vec<String> = present.iter().map(|tag| folded(&tag.text)).collect();
    let mut text = measured.text.into_owned();
    let mut omitted = Vec::new();
    for (index, given) in hashtags.iter().enumerate() {
        let hashtag = hashtag(given).ok_or(InvalidHashtag { index })?;
        let name = folded(&hashtag);
        if present.contains(&name) {
            continue;
        }
        let is_apart = text.is_empty() || text.ends_with(char::is_whitespace);
        let added = if is_apart {
            hashtag.clone()
        } else {
            format!(" {hashtag}")
        };
        // White space between, what is added weighs what it weighs alone.
        let added_length = measure(&added).weighted_length;
        if length.saturating_add(added_length) <= limit {
            length += added_length;
            text += &added;
            present.push(name);
        } else if !omitted.contains(&hashtag) {
            omitted.push(hashtag);
        }
    }
    Ok(WithHashtags { text, omitted })
}

/// `given` as a hashtag with its sign in NFC, if it is one and nothing else.
fn hashtag(given: &str) -> Option<String> {
    let name = given.strip_prefix(is_hash).unwrap_or(given);
    let hashtag = format!("#{}", normalized(name));
    let found = entities(&hashtag).hashtags;
    matches!(found.as_slice(), [found] if found.text == hashtag).then_some(hashtag)
}

/// What two hashtags have in common that are the same but for case and the kind of sign.
fn folded(hashtag: &str) -> String {
    hashtag.trim_start_matches(is_hash).to_lowercase()
}

#[cfg(test)]
#[path = "append_tests.rs"]
mod tests;
