//! How to speak to a platform and what its answers mean. Never touches the database.

mod content;
pub mod x;

pub use content::{Attached, Content, Extras, Poll, ReplySettings};

use crate::time::{Timestamp, millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a refusal means for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It may work if it is tried again: backoff, and an attempt is used up.
    Transient,
    /// The account must be connected again.
    Token,
    /// The operator of the app must repair something; it then resumes by itself.
    Operator,
    /// It will never work as it is.
    Permanent,
}

/// Something was certainly not done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSent {
    /// What follows from it.
    pub class: Class,
    /// Stable, `snake_case`.
    pub code: String,
    /// What happened, for a person.
    pub detail: String,
    /// What to do, for a person.
    pub remedy: String,
    /// The platform's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

impl NotSent {
    /// A refusal with its stable code, what happened and what to do.
    #[must_use]
    pub fn new(
        class: Class,
        code: &str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            class,
            code: code.to_owned(),
            detail: detail.into(),
            remedy: remedy.into(),
            upstream: None,
        }
    }

    /// Adds the platform's own words.
    #[must_use]
    pub fn with_upstream(mut self, words: Option<String>) -> Self {
        self.upstream = words;
        self
    }
}

/// What a create call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The platform gave an id.
    Sent {
        /// The id.
        external_id: String,
    },
    /// The platform refused; nothing was created.
    NotSent(NotSent),
    /// Refused until a window opens: `None` when the platform does not say when.
    Limited {
        /// When it opens.
        until: Option<Timestamp>,
    },
    /// The access token is not good. Nothing was created.
    Unauthorized {
        /// The platform's words.
        upstream: Option<String>,
    },
    /// The platform says that this text is already there.
    Duplicate {
        /// The platform's words.
        upstream: Option<String>,
    },
    /// Nobody knows.
    Uncertain {
        /// What happened, for a person.
        detail: String,
    },
}

/// What an answer's headers say of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Over which span.
    pub span: Span,
    /// How many are allowed.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// When the count begins anew.
    #[serde(with = "millis")]
    pub reset_at: Timestamp,
}

/// The spans over which a platform counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// 15 minutes.
    Quarter,
    /// 24 hours.
    Day,
    /// 24 hours, of all accounts of the app together.
    AppDay,
}

/// Who an account is at its platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The id that never changes.
    pub external_id: String,
    /// The name in the address, without `@`.
    pub handle: String,
    /// The name that is shown.
    pub name: String,
    /// The picture.
    pub avatar_url: Option<String>,
    /// The plan of the user, in the platform's word.
    pub subscription: Option<String>,
}
