//! What people are told: why an item stands as it does, and what is wrong with templates and documents.

use super::feed::Unreadable;
use super::kind::{By, Hold, Left};
use super::wording::{RenderError, TemplateError};
use crate::text::InvalidHashtag;
use std::fmt;

/// What an item waits for, to a creator; codes that are also reasons to leave one out mean something else then.
#[must_use]
pub fn waiting(code: &str) -> Option<&'static str> {
    let hold = Hold::ALL.iter().find(|hold| hold.code() == code);
    hold.map(|hold| hold.sentence()).or_else(|| reason(code))
}

/// What the reason of an item, or what a decision rests on, means to a creator.
#[must_use]
pub fn reason(code: &str) -> Option<&'static str> {
    let by = By::ALL.iter().map(|by| (by.code(), by.sentence()));
    let left = Left::ALL.iter().map(|left| (left.code(), left.sentence()));
    let hold = Hold::ALL.iter().map(|hold| (hold.code(), hold.sentence()));
    let of_videos = left.chain(hold).chain(by);
    let sentence = match code {
        "before_baseline" => {
            "It was published before this source began, was resumed, or was pointed at this channel."
        }
        "old_news" => "It was older than two days when it was first seen.",
        "not_a_short" => "It is no Short, and this source posts Shorts.",
        "a_short" => "It is a Short, and this source posts other videos.",
        "excluded_word" => "Its title has a word that this source excludes.",
        "no_included_word" => "Its title has none of the words that this source asks for.",
        "max_per_day" => "The day's posts of this source were used up (max_per_day).",
        "another_source" => {
            "Another source of this workspace has made a post of it for one of the same accounts."
        }
        "accounts_left_out" => {
            "Not every account of this source could post it; it went to the others."
        }
        "delayed" => "It waits for as long as the source's delay says (delay_seconds).",
        "paused" => "The source was paused.",
        "repointed" => "The source was pointed at another channel.",
        "template_too_long" => "The template leaves no room for a post.",
        "account_needs_reconnect" => {
            "An account of this source has to be connected again before it can post."
        }
        "unknown_account" => {
            "An account of this source is not connected any more: change the source's accounts."
        }
        _ => {
            return of_videos
                .into_iter()
                .find(|(known, _)| *known == code)
                .map(|(_, sentence)| sentence);
        }
    };
    Some(sentence)
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => write!(f, "There is nothing in the template."),
            Self::InvalidCharacter { at } => {
                write!(f, "X does not accept the character at position {at}.")
            }
            Self::Unclosed { line } => write!(f, "In line {line}, a {{{{ has no }}}}."),
            Self::UnknownPlaceholder { name } => {
                let name: String = name.chars().take(50).collect();
                write!(
                    f,
                    "There is no {{{{{name}}}}}: a template has {{{{title}}}}, {{{{url}}}}, {{{{channel}}}} and {{{{hashtags}}}}."
                )
            }
            Self::Joined => write!(
                f,
                "The link or the hashtags stand right beside something that makes something else of them: put a space or a line break between."
            ),
        }
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(error) => error.fmt(f),
            Self::Hashtag(InvalidHashtag { index }) => {
                write!(f, "X does not take hashtag {index} of the list for one.")
            }
            Self::TooLong { excess } => write!(
                f,
                "Even without a title, the post would be too long by {excess}: shorten the template or the hashtags."
            ),
            Self::Blank => write!(f, "Nothing is left of the template for this video."),
            Self::Joined => TemplateError::Joined.fmt(f),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "it is too large",
            Self::NotUtf8 => "it is not in UTF-8",
            Self::Doctype => "it has a document type, which is not read",
            Self::Malformed => "it is not well-formed XML",
            Self::NotAFeed => "it is no feed",
        })
    }
}
