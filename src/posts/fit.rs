//! Making what was written fit an account: refuse, cut, or split what is too long; append hashtags where they fit.

use super::compose::thread_too_long;
use crate::error::FieldError;
use crate::media::rules::Plan;
use crate::publish::content::{Options, Overflow, Segment, Written};
use crate::text::{self, PARTS_MAX, SplitError, TruncateError};

/// What a user has paid X for, by X's own word for it. All that is sold includes long posts and long videos
/// (<https://help.x.com/en/using-x/x-premium>).
#[must_use]
pub fn plan(subscription: Option<&str>) -> Plan {
    match subscription {
        Some("Basic" | "Premium" | "PremiumPlus") => Plan::Premium,
        _ => Plan::Standard,
    }
}

/// How long a post of an account with this plan may be, in weighted length.
#[must_use]
pub fn limit(subscription: Option<&str>) -> u32 {
    match plan(subscription) {
        Plan::Premium => text::PREMIUM_LIMIT,
        Plan::Standard => text::STANDARD_LIMIT,
    }
}

/// The parts of an account whose posts may be as long as `limit`.
///
/// # Errors
/// Names every part that cannot be made to fit.
pub fn fit(written: &Written, limit: u32) -> Result<Vec<Segment>, Vec<FieldError>> {
    let Written {
        segments, options, ..
    } = written;
    let mut parts = Vec::new();
    let mut errors = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        match texts(&segment.text, options, limit) {
            Ok(texts) => parts.extend(texts.into_iter().enumerate().map(|(piece, text)| Segment {
                text,
                media: if piece == 0 {
                    segment.media.clone()
                } else {
                    Vec::new()
                },
            })),
            Err((code, detail)) => {
                errors.push(FieldError::new(written.pointer(index), code, detail));
            }
        }
    }
    if errors.is_empty() && parts.len() > PARTS_MAX {
        errors.push(thread_too_long(&written.pointer(0), parts.len()));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if let Some(last) = parts.last_mut().filter(|_| !options.hashtags.is_empty()) {
        // What is no hashtag was refused before.
        if let Ok(with) = text::with_hashtags(&last.text, &options.hashtags, limit) {
            last.text = with.text;
        }
    }
    Ok(parts)
}

fn texts(text: &str, options: &Options, limit: u32) -> Result<Vec<String>, (&'static str, String)> {
    let weighted_length = text::measure(text).weighted_length;
    if weighted_length <= limit {
        return Ok(vec![text.to_owned()]);
    }
    match options.overflow {
        Overflow::Reject => Err((
            "text_too_long",
            format!(
                "The text has a weighted length of {weighted_length}, and the limit is {limit}."
            ),
        )),
        Overflow::Truncate => text::truncate(text, limit, options.link.as_deref())
            .map(|cut| vec![cut.into_owned()])
            .map_err(|error| ("text_not_cut", not_cut(error))),
        Overflow::Thread => text::split(text, limit, options.numbering)
            .map_err(|error| ("text_not_split", not_split(error))),
    }
}

fn not_cut(error: TruncateError) -> String {
    match error {
        TruncateError::Blank => "There is no text.".to_owned(),
        TruncateError::InvalidCharacter { at } => {
            format!("X does not accept the character at position {at}.")
        }
        TruncateError::InvalidLink => "X does not accept the link.".to_owned(),
        TruncateError::NoRoom => "The link leaves no room for any text.".to_owned(),
    }
}

fn not_split(error: SplitError) -> String {
    match error {
        SplitError::Blank => "There is no text.".to_owned(),
        SplitError::InvalidCharacter { at } => {
            format!("X does not accept the character at position {at}.")
        }
        SplitError::Indivisible { start, end } => {
            format!(
                "What stands from position {start} to {end} is too long for one part, and cannot be cut."
            )
        }
        SplitError::TooManyParts => format!("It would be more than {PARTS_MAX} parts."),
    }
}
