//! Identifiers: `<kind>_<uuid v7>`, sortable by creation and safe in URLs.
//!
//! An id is a type of its own, so that an account's id cannot be passed where a post's is meant. Time and
//! randomness are given by the caller's ports.

use crate::ports::{Clock, Random, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::fmt;
use uuid::{Builder, Uuid};

fn uuid_v7(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

fn has_shape(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|uuid| {
            uuid.len() == 36
                && uuid.bytes().all(|b| !b.is_ascii_uppercase())
                && Uuid::parse_str(uuid).is_ok()
        })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(description = concat!("An id: `", $prefix, "_` and a UUID."), extend(
            "pattern" = concat!("^", $prefix, "_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
            "examples" = [concat!($prefix, "_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c")],
        ))]
        pub struct $name(String);

        impl $name {
            /// A new one, at the clock's time.
            #[must_use]
            pub fn new(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(format!(concat!($prefix, "_{}"), uuid_v7(clock, random)))
            }

            /// Reads one; `None` when the text does not have the shape of this kind of id.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                has_shape(text, $prefix).then(|| Self(text.to_owned()))
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
                    .ok_or_else(|| D::Error::custom(concat!("not an id of the form ", $prefix, "_<uuid>")))
            }
        }
    )*};
}

ids! {
    /// A person who signs in.
    UserId = "user";
    /// The tenant: every row belongs to one.
    WorkspaceId = "ws";
    /// One sign-in, until it expires or is ended.
    SessionId = "sess";
    /// An API key (its name, not its secret).
    ApiKeyId = "key";
    /// A connected X account.
    AccountId = "acct";
    /// What a person wrote.
    PostId = "post";
    /// One post going to one account.
    DeliveryId = "dlv";
    /// Something that makes posts by itself.
    SourceId = "src";
    /// A picture or a video that was uploaded.
    MediaId = "media";
    /// A queue message that could not be handled.
    DeadLetterId = "dead";
    /// An entry of the audit log.
    AuditId = "audit";
    /// One HTTP request, named in its answer and its log lines.
    RequestId = "req";
}

#[cfg(test)]
mod tests {
    use super::{AccountId, PostId};

    #[test]
    fn only_the_right_kind_of_id_is_accepted() {
        let text = "post_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c";
        assert!(PostId::parse(text).is_some());
        assert!(AccountId::parse(text).is_none());
        assert!(PostId::parse("post_").is_none());
        assert!(PostId::parse("post_019A9B1C-7D2E-7C11-8F00-3B5A1E2F4D6C").is_none());
        assert!(PostId::parse("post_019a9b1c7d2e7c118f003b5a1e2f4d6c").is_none());
    }
}
