//! One request as an operation sees it, and what it answers.

use super::idempotency::Once;
use crate::error::{Error, FieldError, Kind};
use crate::identity::Caller;
use crate::ids::RequestId;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The largest JSON body in bytes. The longest post (25,000 characters, X Premium) fits many times.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// How much of a message that repeats what was sent is given back.
const REPEATED_CHARS: usize = 300;

/// What JSON takes for white space (RFC 8259, section 2).
const JSON_BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The media type of a body, without its parameters; empty where none is named.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> &str {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or("").split(';').next();
    essence.unwrap_or("").trim()
}

/// Whether a body is said to be JSON.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).eq_ignore_ascii_case("application/json")
}

/// One request, read and authenticated.
pub struct Call {
    /// Names it in the answer and the log.
    pub request_id: RequestId,
    /// Who calls; `None` only on public routes.
    pub who: Option<Caller>,
    /// The values of the path's `{…}` segments.
    pub path: BTreeMap<String, String>,
    /// The raw query string.
    pub query: String,
    /// The request headers.
    pub headers: HeaderMap,
    /// The raw body; empty where it is read as it arrives.
    pub body: Vec<u8>,
    /// The body as it arrives, on a route that is streamed, unless it is JSON.
    pub stream: Option<Body>,
    /// Method and path, which an idempotency key is bound to.
    pub target: String,
    /// The right to do the work once, on a route whose key the router claims.
    pub once: Once,
}

impl Call {
    /// Who calls.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] on a public route, where nobody was looked up.
    pub fn caller(&self) -> Result<&Caller, Error> {
        self.who.as_ref().ok_or_else(crate::identity::not_signed_in)
    }

    /// A segment of the path, read by `parse`. A malformed id is answered as one that does not exist.
    ///
    /// # Errors
    /// [`Kind::NotFound`], saying that there is no such `what`.
    pub fn id<T>(&self, what: &str, parse: fn(&str) -> Option<T>) -> Result<T, Error> {
        self.path
            .get("id")
            .and_then(|text| parse(text))
            .ok_or_else(|| Error::not_found(what))
    }

    /// The JSON body as `T`.
    ///
    /// # Errors
    /// [`Kind::UnsupportedMedia`], [`Kind::Malformed`], or [`Kind::Invalid`] with a pointer to the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let essence = media_type(&self.headers);
        if !is_json(&self.headers) {
            return Err(Error::new(
                Kind::UnsupportedMedia,
                "unsupported_media_type",
                format!(
                    "The body's Content-Type is {}.",
                    if essence.is_empty() {
                        "missing"
                    } else {
                        essence
                    }
                ),
                "Send JSON with the header Content-Type: application/json.",
            ));
        }
        let text = std::str::from_utf8(&self.body).map_err(|error| {
            malformed(format!(
                "The body is not UTF-8: the byte at {} does not fit.",
                error.valid_up_to()
            ))
        })?;
        // First whether it is JSON at all, to the end, so that what is said of its fields is said of a whole body.
        serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map_err(|error| malformed(format!("The body is not JSON: {error}.")))?;
        // serde would take a list for a struct, by the order of its fields, and would repeat a text in its message.
        if !text.trim_start_matches(JSON_BLANKS).starts_with('{') {
            return Err(Error::invalid_field(
                "",
                "invalid_value",
                "The body must be a JSON object.",
            ));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut reader).map_err(describe)
    }

    /// The query string as `T`.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when a parameter is unknown or malformed.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let pairs = url::form_urlencoded::parse(self.query.as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(
            |error| {
                let detail = error.inner().to_string();
                let named = named(&detail).map(str::to_owned);
                let name = named.unwrap_or_else(|| error.path().to_string());
                Error::invalid_field(short(&name), "invalid_query", short(&detail))
            },
        )
    }

    /// Sees that there is no query.
    ///
    /// # Errors
    /// [`Kind::Invalid`] that names the first parameter: one that is passed over may be one that somebody relies on.
    pub fn no_query(&self) -> Result<(), Error> {
        match url::form_urlencoded::parse(self.query.as_bytes()).next() {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid_field(
                short(&name),
                "invalid_query",
                "This address takes no query parameters.",
            )),
        }
    }

    /// A request header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A cookie of the request.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

fn malformed(detail: String) -> Error {
    Error::new(
        Kind::Malformed,
        "malformed_json",
        detail,
        "Send one JSON value in UTF-8.",
    )
}

fn describe(error: serde_path_to_error::Error<serde_json::Error>) -> Error {
    let mut pointer = pointer(error.path());
    let inner = error.into_inner();
    if inner.to_string().starts_with("expected value at line ") {
        // What serde_json says where a word is wanted and something else stands: the body is known to be JSON.
        return Error::invalid_field(pointer, "invalid_value", "expected a string");
    }
    match inner.classify() {
        serde_json::error::Category::Data => {
            let text = inner.to_string();
            let detail = text
                .rsplit_once(" at line ")
                .map_or(text.as_str(), |(before, _)| before);
            let code = if detail.starts_with("unknown field") {
                "unknown_field"
            } else if detail.starts_with("missing field") {
                "missing_field"
            } else {
                "invalid_value"
            };
            if let Some(name) = named(detail) {
                let name = escaped(name);
                if !pointer.ends_with(&format!("/{name}")) {
                    pointer = format!("{pointer}/{name}");
                }
            }
            let detail = detail
                .replace("expected u32", "expected a whole number, 0 or more")
                .replace("expected a sequence", "expected a list");
            Error::invalid(vec![FieldError::new(short(&pointer), code, short(&detail))])
        }
        _ => malformed(format!("The body is not JSON: {inner}.")),
    }
}

/// The field that serde's message is about, where it is about one that the path does not lead to.
fn named(detail: &str) -> Option<&str> {
    let rest = detail
        .strip_prefix("missing field `")
        .or_else(|| detail.strip_prefix("unknown field `"))
        .or_else(|| detail.strip_prefix("duplicate field `"))?;
    // What a caller named may hold the delimiter itself.
    let end = ["`, expected", "`, there are no fields", "`"]
        .iter()
        .find_map(|end| rest.rfind(end))?;
    rest.get(..end)
}

// What a caller sent is repeated only in part: an answer is not for carrying a megabyte back.
fn short(text: &str) -> String {
    match text.char_indices().nth(REPEATED_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    use std::fmt::Write as _;
    let mut text = String::new();
    for segment in path {
        let written = match segment {
            Segment::Seq { index } => write!(text, "/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                write!(text, "/{}", escaped(key))
            }
            Segment::Unknown => Ok(()),
        };
        // Writing into a String does not fail.
        let _ = written;
    }
    text
}

/// What an operation answers.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers beyond those that every answer has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The media type and the bytes, if there is a body.
    pub body: Option<(&'static str, Vec<u8>)>,
}

impl Reply {
    /// A JSON answer.
    ///
    /// # Errors
    /// [`Kind::Internal`] when the value cannot be written, which is a bug.
    pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(value)
            .map_err(|error| Error::internal(format!("an answer: {error}")))?;
        Ok(Self::bytes(status, "application/json", bytes))
    }

    /// A JSON answer with 200.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn ok<T: Serialize>(value: &T) -> Result<Self, Error> {
        Self::json(StatusCode::OK, value)
    }

    /// An answer of given bytes.
    #[must_use]
    pub fn bytes(status: StatusCode, media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some((media_type, bytes)),
        }
    }

    /// 204.
    #[must_use]
    pub const fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Adds a header; one whose value cannot stand in a header is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// As an HTTP response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let (media_type, bytes) = match self.body {
            Some((media_type, bytes)) => (Some(media_type), Body::from(bytes)),
            None => (None, Body::empty()),
        };
        let mut response = Response::new(bytes);
        *response.status_mut() = self.status;
        if let Some(media_type) = media_type {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
