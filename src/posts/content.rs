//! What a person wrote, as the parts that are sent: one text, or a thread.

use crate::error::{Error, FieldError};
use crate::text;

/// The most parts that a thread has.
const PARTS_MAX: usize = 100;

/// The parts of `text` or of `thread`, of which exactly one is given; `None` when neither is.
///
/// # Errors
/// Names every part that X would not take, as `/text` or `/thread/2`.
pub fn segments(
    text: Option<String>,
    thread: Option<Vec<String>>,
) -> Result<Option<Vec<String>>, Error> {
    match (text, thread) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::invalid_field(
            "/thread",
            "text_and_thread",
            "A post has either a text or a thread, and this one has both.",
        )),
        (Some(text), None) => match problem("/text".to_owned(), &text) {
            None => Ok(Some(vec![text])),
            Some(error) => Err(Error::invalid(vec![error])),
        },
        (None, Some(thread)) => {
            if thread.is_empty() || thread.len() > PARTS_MAX {
                return Err(Error::invalid_field(
                    "/thread",
                    "invalid_thread",
                    format!(
                        "A thread has 1 to {PARTS_MAX} parts; this one has {}.",
                        thread.len()
                    ),
                ));
            }
            let parts = thread.iter().enumerate();
            let errors: Vec<FieldError> = parts
                .filter_map(|(index, text)| problem(format!("/thread/{index}"), text))
                .collect();
            if errors.is_empty() {
                Ok(Some(thread))
            } else {
                Err(Error::invalid(errors))
            }
        }
    }
}

/// That there is nothing to send.
#[must_use]
pub fn missing() -> Error {
    Error::invalid_field(
        "/text",
        "missing_field",
        "There is neither a text nor a thread.",
    )
}

fn problem(pointer: String, text: &str) -> Option<FieldError> {
    let measured = text::measure(text);
    let (code, detail) = match measured.problem(text::STANDARD_LIMIT)? {
        text::Problem::Blank => ("text_empty", "There is no text.".to_owned()),
        text::Problem::InvalidCharacter { at } => (
            "text_invalid_character",
            format!("X does not accept the character at position {at}."),
        ),
        text::Problem::TooLong { .. } => (
            "text_too_long",
            format!(
                "The text has a weighted length of {}, and the limit is {}.",
                measured.weighted_length,
                text::STANDARD_LIMIT
            ),
        ),
    };
    Some(FieldError::new(pointer, code, detail))
}
