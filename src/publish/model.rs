//! The states of a delivery and the rules that move it. Pure.
//!
//! | state | who moves it on, and when |
//! |---|---|
//! | `draft`, `in_review` | a person |
//! | `scheduled` | the sweep hands it to the queue in time; the claim takes it when it is due |
//! | `queued` | the claim |
//! | `publishing` | the settle; when the lease has run out, the next claim |
//! | `waiting` | the claim, from `next_attempt_at` on |
//! | `uncertain` | the reconcile, from `next_attempt_at` on; a person when there is none |
//! | `published`, `failed`, `canceled`, `missed` | final; a person may retry what failed or was missed, and delete what is there |
//! | `deleting` | the claim, from `next_attempt_at` on |
//! | `deleted` | final |

use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeliveryState")]
pub enum State {
    /// Not submitted.
    Draft,
    /// Waits for a reviewer.
    InReview,
    /// Waits for its time.
    Scheduled,
    /// May be sent now.
    Queued,
    /// Being sent.
    Publishing,
    /// Could not be sent; again at `next_attempt_at`.
    Waiting,
    /// May or may not be on the platform.
    Uncertain,
    /// On the platform.
    Published,
    /// Refused.
    Failed,
    /// Taken back before it was sent.
    Canceled,
    /// Too late to be wanted.
    Missed,
    /// On the platform, and to be deleted there.
    Deleting,
    /// Was on the platform, and was deleted there.
    Deleted,
}

impl State {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Publishing => "publishing",
            Self::Waiting => "waiting",
            Self::Uncertain => "uncertain",
            Self::Published => "published",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Missed => "missed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// Whether nothing moves it any more but a person.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Published | Self::Failed | Self::Canceled | Self::Missed | Self::Deleted
        )
    }
}

/// What a workspace wants done with a part of which nobody can say whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UncertainPolicy {
    /// Ask a person.
    Ask,
    /// Send it again, once the first call can no longer land and the reads have not found it.
    Resend,
}

impl UncertainPolicy {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Resend => "resend",
        }
    }
}

/// One try to move a delivery forward, as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// The state that it led to.
    pub state: State,
    /// Why, as a stable code; null when it was published.
    pub code: Option<String>,
    /// Why, for a person.
    pub detail: Option<String>,
}
