//! From what comes in to what is stored: the checks that do not depend on the account.

use super::edit_of;
use super::wording::{ThreadPart, Wording};
use crate::error::FieldError;
use crate::platforms::x::status;
use crate::platforms::{Extras, Poll};
use crate::publish::content::{Options, Overflow, Segment, Written};
use crate::text::{self, PARTS_MAX};

/// The most media that a part has (<https://docs.x.com/x-api/posts/create-post>).
const MEDIA_MAX: usize = 4;
/// The most hashtags that are taken in a list.
const HASHTAGS_MAX: usize = 30;

/// What is said, and every field in which it cannot be said so, as `/text`, `/thread/2` or `/poll/options/0`. Only what
/// has no errors may be kept.
#[must_use]
pub fn compose(wording: Wording, web_base: &str) -> (Written, Vec<FieldError>) {
    let mut errors = Vec::new();
    let is_thread = wording.thread.is_some();
    let segments = segments(&wording, &mut errors);
    together(&wording, &segments, &mut errors);
    errors.extend(edit_of::not_together(&wording));
    if let Some(poll) = &wording.poll {
        check_poll(poll, &mut errors);
    }
    overflow(&wording, &mut errors);
    let mut post_of = |pointer: &str, link: Option<String>| {
        let link = link?;
        let read = status::read(&link, web_base);
        if read.is_none() {
            let detail = "This is neither the link of a post on X nor its id.";
            errors.push(FieldError::new(pointer, "not_a_post_link", detail));
        }
        read.map(|status| status.external_id)
    };
    let reply_to = post_of("/reply_to", wording.reply_to);
    let edit_of = post_of("/edit_of", wording.edit_of);
    let quote = post_of("/quote", wording.quote);
    if let Some(id) = &wording.community_id
        && !((1..=19).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()))
    {
        let detail = "A community's id is a number, as it stands in its address on X.";
        errors.push(FieldError::new(
            "/community_id",
            "invalid_community",
            detail,
        ));
    }
    let written = Written {
        segments,
        is_thread,
        options: Options {
            reply_to,
            edit_of,
            extras: Extras {
                quote,
                poll: wording.poll,
                reply_settings: wording.reply_settings,
                community_id: wording.community_id,
                made_with_ai: wording.made_with_ai,
                paid_partnership: wording.paid_partnership,
            },
            hashtags: wording.hashtags,
            overflow: wording.overflow,
            numbering: wording.numbering,
            link: wording.link,
        },
    };
    (written, errors)
}

/// The parts as they were written.
fn segments(wording: &Wording, errors: &mut Vec<FieldError>) -> Vec<Segment> {
    let of_text = |text: Option<&String>| {
        vec![Segment {
            text: text.cloned().unwrap_or_default(),
            media: wording.media.clone(),
        }]
    };
    let segments = match (&wording.text, &wording.thread) {
        (None, None) if wording.media.is_empty() => {
            errors.push(FieldError::new(
                "/text",
                "missing_field",
                "There is neither a text, nor a thread, nor a picture or video.",
            ));
            return Vec::new();
        }
        (Some(_), Some(_)) => {
            errors.push(FieldError::new(
                "/thread",
                "text_and_thread",
                "A post has either a text or a thread, and this one has both.",
            ));
            return Vec::new();
        }
        (text, None) => of_text(text.as_ref()),
        (None, Some(parts)) => thread(parts, wording, errors),
    };
    let is_thread = wording.thread.is_some();
    for (index, segment) in segments.iter().enumerate() {
        let pointer = if is_thread {
            format!("/thread/{index}")
        } else {
            "/text".to_owned()
        };
        errors.extend(unsayable(&pointer, segment));
        let media = if is_thread && (index > 0 || wording.media.is_empty()) {
            format!("{pointer}/media")
        } else {
            "/media".to_owned()
        };
        errors.extend(too_many(&media, segment));
    }
    segments
}

fn thread(parts: &[ThreadPart], wording: &Wording, errors: &mut Vec<FieldError>) -> Vec<Segment> {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        errors.push(thread_too_long("/thread", parts.len()));
        return Vec::new();
    }
    let mut segments: Vec<Segment> = parts
        .iter()
        .map(|part| Segment {
            text: part.text.clone(),
            media: part.media.clone(),
        })
        .collect();
    if let Some(first) = segments.first_mut().filter(|_| !wording.media.is_empty()) {
        if first.media.is_empty() {
            first.media.clone_from(&wording.media);
        } else {
            errors.push(FieldError::new(
                "/media",
                "media_twice",
                "The first part of the thread has media of its own.",
            ));
        }
    }
    segments
}

/// That a thread has more parts than it may, or none.
pub fn thread_too_long(pointer: &str, parts: usize) -> FieldError {
    FieldError::new(
        pointer,
        "invalid_thread",
        format!("A thread has 1 to {PARTS_MAX} parts; this one has {parts}."),
    )
}

/// What X takes at no length.
fn unsayable(pointer: &str, segment: &Segment) -> Option<FieldError> {
    // Without a limit, only what is wrong with the characters is left.
    let (code, detail) = match text::measure(&segment.text).problem(u32::MAX)? {
        text::Problem::Blank if !segment.media.is_empty() => return None,
        text::Problem::Blank => ("text_empty", "There is no text.".to_owned()),
        text::Problem::InvalidCharacter { at } => (
            "text_invalid_character",
            format!("X does not accept the character at position {at}."),
        ),
        text::Problem::TooLong { .. } => return None,
    };
    Some(FieldError::new(pointer, code, detail))
}

fn too_many(pointer: &str, segment: &Segment) -> Option<FieldError> {
    let mut once = segment.media.clone();
    once.sort_unstable();
    once.dedup();
    (segment.media.len() > MEDIA_MAX || once.len() < segment.media.len()).then(|| {
        FieldError::new(
            pointer,
            "too_many_media",
            format!("A post has up to {MEDIA_MAX} pictures, each once, or 1 GIF, or 1 video."),
        )
    })
}

/// X takes one of these in a post (`PostsCreateRequest`: they are mutually exclusive).
fn together(wording: &Wording, segments: &[Segment], errors: &mut Vec<FieldError>) {
    let has_media = segments
        .first()
        .is_some_and(|first| !first.media.is_empty());
    let given = [
        ("/media", has_media),
        ("/quote", wording.quote.is_some()),
        ("/poll", wording.poll.is_some()),
    ];
    let given: Vec<&str> = given
        .into_iter()
        .filter_map(|(pointer, given)| given.then_some(pointer))
        .collect();
    if let [_, .., last] = given.as_slice() {
        let names: Vec<&str> = given
            .iter()
            .map(|name| name.trim_start_matches('/'))
            .collect();
        let detail = format!("X takes only one of {} in a post.", names.join(", "));
        errors.push(FieldError::new(*last, "not_together", detail));
    }
}

fn check_poll(poll: &Poll, errors: &mut Vec<FieldError>) {
    if !(2..=4).contains(&poll.options.len()) {
        let detail = format!(
            "A poll has 2 to 4 options; this one has {}.",
            poll.options.len()
        );
        errors.push(FieldError::new("/poll/options", "invalid_poll", detail));
    }
    for (index, option) in poll.options.iter().enumerate() {
        if option.trim().is_empty() || option.chars().count() > 25 {
            let pointer = format!("/poll/options/{index}");
            let detail = "An option of a poll has 1 to 25 characters.";
            errors.push(FieldError::new(pointer, "invalid_poll", detail));
        }
    }
    if !(5..=10_080).contains(&poll.duration_minutes) {
        let detail = "A poll is open for 5 to 10,080 minutes, which are seven days.";
        errors.push(FieldError::new(
            "/poll/duration_minutes",
            "invalid_poll",
            detail,
        ));
    }
}

fn overflow(wording: &Wording, errors: &mut Vec<FieldError>) {
    if wording.numbering && wording.overflow != Overflow::Thread {
        let detail = "Parts are numbered only with overflow: thread.";
        errors.push(FieldError::new(
            "/numbering",
            "numbering_without_thread",
            detail,
        ));
    }
    if wording.numbering && wording.thread.as_ref().is_some_and(|parts| parts.len() > 1) {
        let detail = "What is a thread already is numbered as it is written.";
        errors.push(FieldError::new("/numbering", "numbering_of_thread", detail));
    }
    if let Some(link) = &wording.link {
        if wording.overflow != Overflow::Truncate {
            let detail = "A link ends a cut text only with overflow: truncate.";
            errors.push(FieldError::new("/link", "link_without_truncate", detail));
        }
        let urls = text::urls(link);
        let length = link.chars().count();
        if !matches!(urls.as_slice(), [url] if url.start == 0 && url.end == length) {
            let detail = "X would not take this for a link.";
            errors.push(FieldError::new("/link", "not_a_link", detail));
        }
    }
    if wording.hashtags.len() > HASHTAGS_MAX {
        let detail = format!("There are at most {HASHTAGS_MAX} hashtags.");
        errors.push(FieldError::new("/hashtags", "too_many_hashtags", detail));
    }
    if let Err(text::InvalidHashtag { index }) =
        text::with_hashtags("", &wording.hashtags, u32::MAX)
    {
        let pointer = format!("/hashtags/{index}");
        let detail = "X would not take this for a hashtag, which has letters, digits and underscores, and not only digits.";
        errors.push(FieldError::new(pointer, "invalid_hashtag", detail));
    }
}
