//! What an account's gate asks of the gate of its app, and what that answers.

use crate::gate::windows::Bucket;
use crate::ids::AccountId;
use crate::platforms::Observed;
use crate::time::{Timestamp, millis};
use serde::{Deserialize, Serialize};

/// "Let this account make calls that the app's accounts share."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The name of this draw, of the asker's making; one name is granted once.
    pub id: String,
    /// Whose calls.
    pub account_id: AccountId,
    /// What they count as.
    pub bucket: Bucket,
    /// How many are needed now: all of them, or none.
    pub calls: u32,
    /// An earlier draw of which nothing will be spent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    /// What the platform's last answer said of the app's window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// A draw that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Its name.
    pub id: String,
    /// How many of its calls were not made.
    pub unspent: u32,
}

/// An observation, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What the headers said.
    pub observed: Observed,
    /// When the answer with them came.
    #[serde(with = "millis")]
    pub at: Timestamp,
}

/// What the app's gate says to a draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum DrawAnswer {
    /// So many calls may leave, at least those asked for, each within `valid_ms` after the asking began.
    Drawn {
        /// How many.
        calls: u32,
        /// For how long, in ms.
        valid_ms: i64,
    },
    /// None now. The asker is expected back at this time, and its turn is kept for a while.
    Later {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
    },
}
