//! What people are told about templates and documents that cannot be used.

use super::feed::Unreadable;
use super::wording::{RenderError, TemplateError};
use crate::text::InvalidHashtag;
use std::fmt;

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
