//! What a delivery carries, as it is stored: segments, and what is wanted beside the words.

use crate::ids::MediaId;
use crate::platforms::{Content, Extras};
use crate::ports::StorageError;
use schemars::JsonSchema;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

/// What to do with a text that is longer than an account may post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Refuse the post.
    #[default]
    Reject,
    /// Cut it, so that it ends in `…`, and in `link` where there is one.
    Truncate,
    /// Make a thread of it.
    Thread,
}

/// One part as it is stored: its text, and its media where it has some.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "StoredSegment")]
pub struct Segment {
    /// The text.
    pub text: String,
    /// Its media, in order.
    pub media: Vec<MediaId>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredSegment {
    Text(String),
    Full { text: String, media: Vec<MediaId> },
}

impl From<StoredSegment> for Segment {
    fn from(stored: StoredSegment) -> Self {
        match stored {
            StoredSegment::Text(text) => Self {
                text,
                media: Vec::new(),
            },
            StoredSegment::Full { text, media } => Self { text, media },
        }
    }
}

impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.media.is_empty() {
            return serializer.serialize_str(&self.text);
        }
        let mut full = serializer.serialize_struct("Segment", 2)?;
        full.serialize_field("text", &self.text)?;
        full.serialize_field("media", &self.media)?;
        full.end()
    }
}

/// What is wanted beside the words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PostOptions")]
pub struct Options {
    /// The id at the platform of the post that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The id at the platform of the post that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_of: Option<String>,
    /// What the platform is told of it.
    #[serde(flatten)]
    pub extras: Extras,
    /// Appended where they fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashtags: Vec<String>,
    /// What is done with a text that is too long for an account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overflow: Overflow,
    /// Whether parts that it is split into are numbered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub numbering: bool,
    /// What a cut text ends in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a person wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The parts as they were written, in order.
    pub segments: Vec<Segment>,
    /// What is wanted beside.
    pub options: Options,
    /// Whether it was written as a thread, however short.
    pub is_thread: bool,
}

impl Options {
    /// As it is stored; nothing where nothing is wanted.
    #[must_use]
    pub fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// What was stored.
    ///
    /// # Errors
    /// When it cannot be read, which is a bug.
    pub fn read(stored: Option<&str>) -> Result<Self, StorageError> {
        let Some(text) = stored else {
            return Ok(Self::default());
        };
        serde_json::from_str(text)
            .map_err(|error| StorageError::Failed(format!("options: {error}")))
    }
}

/// Reads stored segments.
///
/// # Errors
/// When they cannot be read, which is a bug.
pub fn segments(stored: &str) -> Result<Vec<Segment>, StorageError> {
    serde_json::from_str(stored).map_err(|error| StorageError::Failed(format!("segments: {error}")))
}

impl Options {
    /// What one part asks the platform for. What begins a thread stands at its first part; labels are for each.
    #[must_use]
    pub fn part(&self, position: u32, text: String, reply_to: Option<String>) -> Content {
        let extras = if position == 0 {
            self.extras.clone()
        } else {
            Extras {
                made_with_ai: self.extras.made_with_ai,
                paid_partnership: self.extras.paid_partnership,
                ..Extras::default()
            }
        };
        Content {
            text,
            reply_to: if position == 0 {
                self.reply_to.clone()
            } else {
                reply_to
            },
            replaces: self.edit_of.clone().filter(|_| position == 0),
            extras,
            ..Content::default()
        }
    }
}

impl Written {
    /// Where in a request the text of a part stands.
    #[must_use]
    pub fn pointer(&self, index: usize) -> String {
        if self.is_thread {
            format!("/thread/{index}")
        } else {
            "/text".to_owned()
        }
    }

    /// The text; of a thread, that of the first part.
    #[must_use]
    pub fn text(&self) -> &str {
        self.segments.first().map_or("", |first| &first.text)
    }

    /// The text of each part.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let texts = self.segments.iter().map(|segment| segment.text.clone());
        texts.collect()
    }

    /// The media of all parts.
    pub fn media(&self) -> impl Iterator<Item = &MediaId> {
        self.segments.iter().flat_map(|segment| &segment.media)
    }
}
