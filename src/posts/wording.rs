//! What a person may ask for in a post, as it comes in: the same for a new post and for a preview.

use crate::ids::MediaId;
use crate::platforms::{Poll, ReplySettings};
use crate::publish::content::Overflow;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A part of a thread: a text, or a text with media.
#[derive(Debug, Clone, Default)]
pub struct ThreadPart {
    /// The text.
    pub text: String,
    /// Its media.
    pub media: Vec<MediaId>,
}

/// The same where it is an object.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ThreadPart")]
struct Full {
    /// The text; may be left out where there are media.
    #[serde(default)]
    text: String,
    /// Up to 4 pictures, or 1 GIF, or 1 video, as `POST /media` gave their ids.
    #[serde(default)]
    #[schemars(length(max = 4))]
    media: Vec<MediaId>,
}

impl<'de> Deserialize<'de> for ThreadPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ThreadPart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or an object with text and media")
            }

            fn visit_str<E>(self, text: &str) -> Result<ThreadPart, E> {
                Ok(ThreadPart {
                    text: text.to_owned(),
                    media: Vec::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ThreadPart, A::Error> {
                let full = Full::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ThreadPart {
                    text: full.text,
                    media: full.media,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for ThreadPart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TextOrPart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<Full>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, full] })
    }
}

/// Everything about what is said, and nothing about where and when.
#[derive(Debug, Clone, Default)]
pub struct Wording {
    /// One text.
    pub text: Option<String>,
    /// Or the parts of a thread.
    pub thread: Option<Vec<ThreadPart>>,
    /// The media of the first part.
    pub media: Vec<MediaId>,
    /// The post that it replies to, by link or id.
    pub reply_to: Option<String>,
    /// The post that it is an edit of, by link or id.
    pub edit_of: Option<String>,
    /// The post that it quotes, by link or id.
    pub quote: Option<String>,
    /// A poll.
    pub poll: Option<Poll>,
    /// Who may reply.
    pub reply_settings: Option<ReplySettings>,
    /// The community that it is posted in.
    pub community_id: Option<String>,
    /// Labelled so.
    pub made_with_ai: bool,
    /// Labelled so.
    pub paid_partnership: bool,
    /// Appended where they fit.
    pub hashtags: Vec<String>,
    /// What to do with a text that is too long.
    pub overflow: Overflow,
    /// With `overflow: thread`, whether parts are numbered.
    pub numbering: bool,
    /// With `overflow: truncate`, what the cut text ends in.
    pub link: Option<String>,
}

/// Declares a body with the fields of [`Wording`] and some of its own, so that a post and its preview cannot drift apart.
macro_rules! worded {
    ($(#[$of_type:meta])* pub struct $name:ident { $($(#[$of_field:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$of_type])*
        pub struct $name {
            /// The text, at most 280 as X counts it: most letters are 1, emoji and the letters of many other scripts 2,
            /// and a link is 23 whatever its length. An account with X Premium may have 25,000.
            #[serde(default)]
            #[schemars(length(min = 1), extend("examples" = ["Hello from Godwit"]))]
            pub text: Option<String>,
            /// Instead of `text`: the parts of a thread, 1 to 100. Each is a post of its own that replies to the one
            /// before.
            #[serde(default)]
            #[schemars(length(min = 1, max = 100), extend("examples" = [["First", "Second"]]))]
            pub thread: Option<Vec<ThreadPart>>,
            /// Up to 4 pictures, or 1 GIF, or 1 video, as `POST /media` gave their ids; of a thread, for its first part.
            #[serde(default)]
            #[schemars(length(max = 4))]
            pub media: Option<Vec<MediaId>>,
            /// The post that this one replies to, as a link or an id. X lets most apps reply only where the account is
            /// mentioned, and to its own posts.
            #[serde(default)]
            #[schemars(extend("examples" = ["https://x.com/name/status/1212092628029698048"]))]
            pub reply_to: Option<String>,
            /// The account's own post that this one takes the place of at X, as a link or an id: its newest version. X
            /// takes edits of accounts with X Premium, within an hour and five times.
            #[serde(default)]
            pub edit_of: Option<String>,
            /// The post that this one quotes, as a link or an id.
            #[serde(default)]
            pub quote: Option<String>,
            /// A poll.
            #[serde(default)]
            pub poll: Option<Poll>,
            /// Who may reply; left out: everybody.
            #[serde(default)]
            pub reply_settings: Option<ReplySettings>,
            /// The id of the community that it is posted in.
            #[serde(default)]
            #[schemars(extend("pattern" = "^[0-9]{1,19}$"))]
            pub community_id: Option<String>,
            /// Whether X is to label it as made with AI.
            #[serde(default)]
            pub made_with_ai: Option<bool>,
            /// Whether X is to label it as a paid partnership.
            #[serde(default)]
            pub paid_partnership: Option<bool>,
            /// Appended to the text, each as far as it fits; with or without `#`.
            #[serde(default)]
            #[schemars(length(max = 30), extend("examples" = [["godwit", "edge"]]))]
            pub hashtags: Option<Vec<String>>,
            /// What to do with a text that is longer than an account may post.
            #[serde(default)]
            pub overflow: Option<Overflow>,
            /// With `overflow: thread`, whether each part ends in its number, such as `1/5`.
            #[serde(default)]
            pub numbering: Option<bool>,
            /// With `overflow: truncate`, a link to the whole text, behind the `…`.
            #[serde(default)]
            pub link: Option<String>,
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl $name {
            /// What is said.
            #[must_use]
            pub fn wording(&self) -> Wording {
                let own = self.clone();
                Wording {
                    text: own.text,
                    thread: own.thread,
                    media: own.media.unwrap_or_default(),
                    reply_to: own.reply_to,
                    edit_of: own.edit_of,
                    quote: own.quote,
                    poll: own.poll,
                    reply_settings: own.reply_settings,
                    community_id: own.community_id,
                    made_with_ai: own.made_with_ai.unwrap_or_default(),
                    paid_partnership: own.paid_partnership.unwrap_or_default(),
                    hashtags: own.hashtags.unwrap_or_default(),
                    overflow: own.overflow.unwrap_or_default(),
                    numbering: own.numbering.unwrap_or_default(),
                    link: own.link,
                }
            }
        }
    };
}
pub(super) use worded;
