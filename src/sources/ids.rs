//! Ids that YouTube gives: of a video and of a channel.
//!
//! YouTube promises no shape. Every id in use has this one, and it is asked for because ids stand in URLs and in the
//! text of posts: what an id is made of needs no escaping there.

use crate::ports::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::fmt;

/// Whether `text` is `prefix` and `length` characters of the base64 alphabet for URLs after it.
fn has_shape(text: &str, prefix: &str, length: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == length
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal + $length:literal, $what:literal, $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(description = concat!("YouTube's id of a ", $what, "."), extend(
            "pattern" = concat!("^", $prefix, "[A-Za-z0-9_-]{", $length, "}$"),
            "examples" = [$example],
        ))]
        pub struct $name(String);

        impl $name {
            /// Reads one; `None` when the text does not have the shape of this kind of id.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                has_shape(text, $prefix, $length).then(|| Self(text.to_owned()))
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for Value {
            fn from(id: &$name) -> Self {
                Self::Text(id.0.clone())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| D::Error::custom(concat!("not the id of a YouTube ", $what, " such as ", $example)))
            }
        }
    )*};
}

ids! {
    /// A video, Shorts included.
    VideoId = "" + 11, "video", "KXjiJpsl3d8";
    /// A channel.
    ChannelId = "UC" + 22, "channel", "UCzNWVDZQ55bjq8uILZ7_wyQ";
}

#[cfg(test)]
mod tests {
    use super::{ChannelId, VideoId};

    #[test]
    fn an_id_has_its_length_and_its_alphabet() {
        for id in ["KXjiJpsl3d8", "-_-_-_-_-_-", "00000000000"] {
            assert_eq!(VideoId::parse(id).unwrap().as_str(), id);
        }
        for text in [
            "",
            "VIDEO_ID",
            "KXjiJpsl3d88",
            "KXjiJpsl3d",
            "KXjiJpsl3d.",
            "KXjiJpsl3é",
            " KXjiJpsl3d",
        ] {
            assert_eq!(VideoId::parse(text), None, "{text:?}");
        }
        let channel = "UCzNWVDZQ55bjq8uILZ7_wyQ";
        assert_eq!(ChannelId::parse(channel).unwrap().to_string(), channel);
        for text in [
            "CHANNEL_ID",
            "zNWVDZQ55bjq8uILZ7_wyQ",
            "ucNWVDZQ55bjq8uILZ7_wyQ00",
            "UCzNWVDZQ55bjq8uILZ7_wy/",
        ] {
            assert_eq!(ChannelId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn json_holds_the_id_and_nothing_else_is_read() {
        let id = VideoId::parse("KXjiJpsl3d8").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"KXjiJpsl3d8\"");
        assert_eq!(
            serde_json::from_str::<VideoId>("\"KXjiJpsl3d8\"").unwrap(),
            id
        );
        let error = serde_json::from_str::<ChannelId>("\"KXjiJpsl3d8\"").unwrap_err();
        assert!(error.to_string().contains("YouTube channel"), "{error}");
        let schema = schemars::schema_for!(ChannelId);
        assert_eq!(schema.get("pattern").unwrap(), "^UC[A-Za-z0-9_-]{22}$");
    }
}
