//! The errors of the domain, by consequence: what the caller has to do next.
//!
//! A core operation returns [`Error`]; `http/problem.rs` makes the problem document of it. `code` is part of the API
//! and never changes its meaning; `remedy` says what a person can do; `internal` is for the log alone.

use crate::ports::{GateLost, QueueError, StorageError};
use schemars::JsonSchema;
use serde::Serialize;

/// What an error means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request itself cannot be read (400).
    Malformed,
    /// Nobody is signed in, or what they showed is not good (401).
    Unauthenticated,
    /// Signed in, but this is not theirs to do (403).
    Forbidden,
    /// It does not exist, or belongs to somebody else: the two look the same (404).
    NotFound,
    /// The method is not one of this address (405).
    MethodNotAllowed,
    /// It does not fit the present state (409).
    Conflict,
    /// It was decided upon an older state than the present one (412).
    Outdated,
    /// The body is larger than allowed (413).
    TooLarge,
    /// The body is not JSON (415).
    UnsupportedMedia,
    /// The request can be read, and asks for something that is not allowed (422).
    Invalid,
    /// Too many; again after `retry_after_seconds` (429).
    TooMany,
    /// Our own fault, and no use to repeat (500).
    Internal,
    /// A platform that we depend on gave no usable answer (502).
    Upstream,
    /// Not now; the same request may work in a moment (503).
    Unavailable,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// Where: a JSON pointer into the body, or the name of a query parameter.
    pub pointer: String,
    /// What, as a stable word.
    pub code: &'static str,
    /// What, for a person.
    pub detail: String,
}

impl FieldError {
    /// One field that is wrong.
    #[must_use]
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }
}

/// An operation that did not do what was asked.
#[derive(Debug, Clone)]
pub struct Error {
    /// What it means to the caller.
    pub kind: Kind,
    /// Stable, `snake_case`.
    pub code: &'static str,
    /// What happened, for a person.
    pub detail: String,
    /// What to do about it, for a person.
    pub remedy: String,
    /// The fields that are wrong, if any.
    pub fields: Vec<FieldError>,
    /// A platform's own words, if any.
    pub upstream: Option<String>,
    /// When to come back.
    pub retry_after_seconds: Option<u32>,
    /// What only the log may see.
    pub internal: Option<String>,
}

impl Error {
    /// An error of a kind, with its stable code, what happened and what to do.
    #[must_use]
    pub fn new(
        kind: Kind,
        code: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            remedy: remedy.into(),
            fields: Vec::new(),
            upstream: None,
            retry_after_seconds: None,
            internal: None,
        }
    }

    /// The body can be read, but these fields are wrong.
    #[must_use]
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let detail = match fields.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            more => format!("{} fields are not valid.", more.len()),
        };
        let code = match fields.as_slice() {
            [one] => one.code,
            _ => "invalid_request",
        };
        Self {
            fields,
            ..Self::new(
                Kind::Invalid,
                code,
                detail,
                "Correct what `errors` names and send the request again.",
            )
        }
    }

    /// One field is wrong.
    #[must_use]
    pub fn invalid_field(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// `what` ("post", "account") does not exist here. Says the same of another workspace's.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "not_found",
            format!("There is no such {what} in this workspace."),
            "Check the id, and that the credentials belong to the workspace that owns it.",
        )
    }

    /// Something of ours broke. The text goes to the log only.
    #[must_use]
    pub fn internal(text: impl Into<String>) -> Self {
        Self {
            internal: Some(text.into()),
            ..Self::new(
                Kind::Internal,
                "internal",
                "Something broke on our side. Nothing that was accepted before is lost.",
                "Try again; if it persists, give the request_id to the operator.",
            )
        }
    }

    /// Something that we need is not there at the moment. The text goes to the log only.
    #[must_use]
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(2),
            internal: Some(text.into()),
            ..Self::new(
                Kind::Unavailable,
                "temporarily_unavailable",
                "A part of the service did not answer.",
                "Send the same request again in a few seconds, with the same Idempotency-Key if it creates something.",
            )
        }
    }

    /// Adds the platform's own words.
    #[must_use]
    pub fn with_upstream(mut self, words: impl Into<String>) -> Self {
        self.upstream = Some(words.into());
        self
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Transient(text) => Self::unavailable(format!("database: {text}")),
            other => Self::internal(format!("database: {other}")),
        }
    }
}

impl From<GateLost> for Error {
    fn from(GateLost(text): GateLost) -> Self {
        Self::unavailable(format!("gate: {text}"))
    }
}

impl From<QueueError> for Error {
    fn from(QueueError(text): QueueError) -> Self {
        Self::unavailable(format!("queue: {text}"))
    }
}
