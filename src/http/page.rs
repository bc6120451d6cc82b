//! Pagination: lists are `{items, next_cursor}`, newest first, with an opaque cursor and `Link: rel="next"`.

use super::call::{Call, Reply};
use super::route::Parameter;
use crate::error::Error;
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use schemars::JsonSchema;
use serde::Serialize;

/// The most that one page holds.
pub const LIMIT_MAX: u32 = 100;
/// What a page holds unless asked otherwise.
pub const LIMIT_DEFAULT: u32 = 50;

/// What a page's answer has in its header, for the document.
pub const LINK: &[Parameter] = &[Parameter::new(
    "Link",
    "`<?…>; rel=\"next\"`: the next page, relative to this request; absent on the last",
)];

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give this as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` items: the one too many says that there is a next page.
    /// `key` gives what the next page begins after.
    pub fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| encode(&key(last)));
        Self { items, next_cursor }
    }
}

impl<T> Page<T> {
    /// A page of a list that is somebody else's, where `next` is their token for the next one.
    #[must_use]
    pub fn of_theirs(items: Vec<T>, next: Option<&str>) -> Self {
        Self {
            items,
            next_cursor: next.map(encode),
        }
    }
}

impl<T: Serialize> Page<T> {
    /// The answer, with its `Link` header.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn reply(&self, call: &Call) -> Result<Reply, Error> {
        Ok(linked(Reply::ok(self)?, self.next_cursor.as_deref(), call))
    }
}

/// An answer with the `Link` to the page that `next` stands for, if there is one.
#[must_use]
pub fn linked(reply: Reply, next: Option<&str>, call: &Call) -> Reply {
    let Some(cursor) = next else {
        return reply;
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(
        url::form_urlencoded::parse(call.query.as_bytes()).filter(|(name, _)| name != "cursor"),
    );
    query.append_pair("cursor", cursor);
    let link = format!("<?{}>; rel=\"next\"", query.finish());
    reply.with_header(header::LINK, &link)
}

/// The limit that was asked for, or the default.
///
/// # Errors
/// When it is not from 1 to [`LIMIT_MAX`].
pub fn limit(asked: Option<u32>) -> Result<u32, Error> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::invalid_field(
            "limit",
            "invalid_limit",
            format!("limit must be from 1 to {LIMIT_MAX}."),
        ))
    }
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// What a cursor stands for, read by `parse`.
///
/// # Errors
/// When it is not one that a page gave.
pub fn cursor<T>(
    asked: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(text) = asked else { return Ok(None) };
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|key| parse(&key))
        .map(Some)
        .ok_or_else(|| {
            Error::invalid_field(
                "cursor",
                "unknown_cursor",
                "This cursor was not given by this list.",
            )
        })
}

/// Reads an instant of a query parameter.
///
/// # Errors
/// Names the parameter.
pub fn instant(name: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let Some(text) = text else { return Ok(None) };
    Timestamp::parse_rfc3339(text).map(Some).ok_or_else(|| {
        Error::invalid_field(
            name,
            "invalid_value",
            format!("{name} must be an instant such as 2026-11-21T18:00:00Z."),
        )
    })
}
