//! What may be asked about a part of which nobody knows whether it is there.

use super::{Grant, PartKey};
use crate::platforms::{Content, NotSent};
use crate::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};

/// "Is this uncertain part on the platform?"
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcilePart {
    /// Which.
    pub part: PartKey,
    /// The claim under which it is asked.
    pub epoch: i64,
    /// The account's id at the platform.
    pub external_id: String,
    /// The tokens to read with; `None` when the account has none. The journal answers all the same.
    pub grant: Option<Grant>,
    /// What was to be sent.
    pub content: Content,
}

/// What a look at the account's own posts gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ReconcileAnswer {
    /// It is there, and the journal now says so.
    Found {
        /// Its id there.
        external_id: String,
        /// When it appeared.
        #[serde(with = "millis")]
        at: Timestamp,
        /// How many posts were read for it, which the platform charges for.
        #[serde(default)]
        read: u32,
    },
    /// The whole time since the call left was read, and it is not there.
    NotFound {
        /// Whether a call of an earlier round was in doubt already: then this part was sent again once.
        doubted_before: bool,
        /// How many posts were read for it.
        #[serde(default)]
        read: u32,
    },
    /// Nothing is uncertain: the journal says that it was not sent, and it may be.
    NotSent,
    /// It could not be looked at; again at this time.
    Later {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Why, for a person.
        detail: String,
    },
    /// It cannot be looked at until somebody repairs this.
    Refused(NotSent),
}

/// "A person says that this part is on the platform, as this post."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptPart {
    /// Which.
    pub part: PartKey,
    /// The platform's id of the post.
    pub external_id: String,
    /// When the platform made it.
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    /// When the post was accepted here: no call of the part is older.
    #[serde(with = "millis")]
    pub accepted_at: Timestamp,
}

/// What the journal makes of a person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AdoptAnswer {
    /// The journal says so now, or said so before.
    Adopted,
    /// The part is on the platform as another post.
    Another {
        /// The id of that one.
        external_id: String,
    },
    /// The post belongs to another part.
    Taken,
    /// The post is older than the part's first call.
    TooOld {
        /// When that call left.
        #[serde(with = "millis")]
        since: Timestamp,
    },
    /// A call is under way; after this time its outcome can be known.
    Busy {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
    },
}
