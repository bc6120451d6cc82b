//! What may be asked of a gate, and what it answers.
//!
//! These cross from the Worker to the Durable Object as JSON; tokens travel sealed.

mod doubts;

pub use doubts::{AdoptAnswer, AdoptPart, ReconcileAnswer, ReconcilePart};

use super::appgate::{Draw, DrawAnswer};
use super::windows::Bucket;
use crate::error::Error;
use crate::ids::{AccountId, DeliveryId, WorkspaceId};
use crate::platforms::{Content, NotSent, Observed, Profile};
use crate::time::{Timestamp, millis, optional_millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a gate: `x:<external id>`, since X counts per X user, whatever the workspace; and `app:<name>` of an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GateName(String);

/// How the names of apps' gates begin.
const APP: &str = "app:";

impl GateName {
    /// The gate of an X user.
    #[must_use]
    pub fn x(external_id: &str) -> Self {
        Self(format!("x:{external_id}"))
    }

    /// The gate of an app, by the name that [`crate::apps::name_of`] gives.
    #[must_use]
    pub fn app(name: &str) -> Self {
        Self(format!("{APP}{name}"))
    }

    /// Whether a gate of this name is an app's.
    #[must_use]
    pub fn is_app(name: &str) -> bool {
        name.starts_with(APP)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account's tokens as the database has them. The gate uses its own where those are newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose.
    pub account_id: AccountId,
    /// The workspace of the account.
    pub workspace_id: WorkspaceId,
    /// Both tokens, sealed in one envelope.
    pub sealed: String,
    /// Rises with every new pair.
    pub generation: i64,
    /// When the access token ends.
    #[serde(with = "millis")]
    pub expires_at: Timestamp,
    /// The X app through which they were granted, sealed; absent for the installation's, empty where the workspace has
    /// removed its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// One segment of one delivery: exactly one create call, or none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartKey {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// Which segment, from 0.
    pub position: u32,
}

/// "Send this part."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPart {
    /// Which.
    pub part: PartKey,
    /// The claim under which it is asked; an older one than the gate has seen is turned away.
    pub epoch: i64,
    /// How often a person has asked for this delivery to be sent, from 1. A refusal or doubt of an earlier round does
    /// not bind a later one.
    pub round: i64,
    /// When the claim ends. The gate sends only what the platform must answer before that.
    #[serde(with = "millis")]
    pub lease_until: Timestamp,
    /// After this it is not wanted any more; `None`: however late.
    #[serde(with = "optional_millis")]
    pub not_after: Option<Timestamp>,
    /// The tokens to send it with; `None` when the account has none. The journal answers all the same.
    pub grant: Option<Grant>,
    /// Why it is not to be sent now; the journal answers all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<NotSent>,
    /// What to send.
    pub content: Content,
}

/// Whose window is closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// The account's.
    #[default]
    Account,
    /// The one that the app's accounts share.
    App,
    /// Nobody knows: the app's gate could not be asked.
    Unasked,
}

impl Closed {
    /// The stable code of what waits for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Account => "rate_limited",
            Self::App => "app_limit",
            Self::Unasked => "gate_unreachable",
        }
    }

    /// Which one has this code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let all = [Self::App, Self::Unasked];
        let found = all.into_iter().find(|one| one.code() == code);
        found.unwrap_or_default()
    }
}

/// What became of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum SendAnswer {
    /// It is on the platform.
    Sent {
        /// Its id there.
        external_id: String,
        /// When it was sent.
        #[serde(with = "millis")]
        at: Timestamp,
    },
    /// It is certainly not there, and this is why.
    Refused(NotSent),
    /// It is certainly not there; its window opens at this time.
    Later {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Whose window it is.
        #[serde(default)]
        closed: Closed,
        /// Why, for a person.
        detail: String,
    },
    /// It may or may not be there. Nothing can land any more after `settled_at`.
    Uncertain {
        /// When the call left.
        #[serde(with = "millis")]
        since: Timestamp,
        /// From when on the platform can be asked whether it is there.
        #[serde(with = "millis")]
        settled_at: Timestamp,
        /// What happened, for a person.
        detail: String,
    },
    /// An earlier call is under way, or may still take effect; after this time its outcome can be known. Nothing may
    /// be decided before, least of all that it was taken back.
    Busy {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Why, for a person.
        detail: String,
    },
    /// It is certainly not there, and its time is over.
    TooLate,
    /// The claim is not the newest. Whoever asked must not write anything.
    Stale,
}

/// "Lend me what calls as this account are signed with, for so many calls of this kind."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lend {
    /// The tokens as the database has them.
    pub grant: Grant,
    /// What the calls count as.
    pub bucket: Bucket,
    /// How many they are.
    pub calls: u32,
    /// The generation that the platform has just refused with a 401; it is not lent again.
    pub refused: Option<i64>,
}

/// What is lent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum LendAnswer {
    /// The token, sealed for its account like a pair, without what refreshes it. Good for some minutes at least.
    Lent {
        /// The envelope.
        sealed: String,
        /// The generation of its pair.
        generation: i64,
        /// The X app through which it was granted, as in [`Grant`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<String>,
    },
    /// The window opens at this time. Nothing was counted.
    Later {
        /// When to come back.
        #[serde(with = "millis")]
        at: Timestamp,
        /// Whose window it is.
        #[serde(default)]
        closed: Closed,
        /// Why, for a person.
        detail: String,
    },
    /// There is none.
    Refused(NotSent),
}

/// "The platform's answers to such calls said this of its limits."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observe {
    /// What the calls counted as.
    pub bucket: Bucket,
    /// What the headers said.
    pub observed: Vec<Observed>,
    /// Until when the platform refuses more.
    #[serde(with = "optional_millis")]
    pub shut_until: Option<Timestamp>,
}

/// A request to a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum GateRequest {
    /// Send a part. Repeating it is safe.
    Send(SendPart),
    /// Look for an uncertain part. Repeating it is safe.
    Reconcile(ReconcilePart),
    /// Take a person's word for where a part is. Repeating it is safe.
    Adopt(AdoptPart),
    /// Refresh the tokens: when they end within five minutes, or at once if `force`. Tokens that work are left alone
    /// for ten minutes after a refresh, whoever asks.
    Refresh {
        /// The tokens.
        grant: Grant,
        /// Even if they still have time.
        force: bool,
    },
    /// Seal the tokens with the newest key, here and in the database. Repeating it is safe.
    Reseal {
        /// The tokens.
        grant: Grant,
    },
    /// Ask the platform who the account is, refreshing the tokens if they need it.
    Profile {
        /// The tokens.
        grant: Grant,
    },
    /// Revoke the tokens at the platform and forget them.
    Revoke {
        /// The tokens.
        grant: Grant,
    },
    /// Exchange an OAuth 1.0a token for a pair of OAuth 2.0. Repeating it is safe.
    Exchange {
        /// The token.
        grant: Grant,
    },
    /// Lend what calls are signed with. Repeating it counts the calls once more.
    Lend(Lend),
    /// Take notice of the platform's limits.
    Observe(Observe),
    /// Draw on what an app's accounts share; for an app's gate alone. Repeating it under the same name is safe.
    Draw(Draw),
    /// Show the windows, of an account or of an app.
    Limits,
}

impl GateRequest {
    /// Whether it is for an account that is connected through its workspace's own app.
    #[must_use]
    pub fn is_for_own_app(&self) -> bool {
        let grant = match self {
            Self::Send(part) => part.grant.as_ref(),
            Self::Reconcile(part) => part.grant.as_ref(),
            Self::Lend(lend) => Some(&lend.grant),
            Self::Refresh { grant, .. }
            | Self::Reseal { grant }
            | Self::Profile { grant }
            | Self::Revoke { grant }
            | Self::Exchange { grant } => Some(grant),
            Self::Adopt(_) | Self::Observe(_) | Self::Draw(_) | Self::Limits => None,
        };
        grant.is_some_and(|grant| grant.app.is_some())
    }
}

/// A gate's answer, of the same name as the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "with", rename_all = "snake_case")]
pub enum GateReply {
    /// To `Send`.
    Send(SendAnswer),
    /// To `Reconcile`.
    Reconcile(ReconcileAnswer),
    /// To `Adopt`.
    Adopt(AdoptAnswer),
    /// To `Refresh`: when the access token ends, or why it could not be refreshed.
    Refresh(Result<RefreshedUntil, NotSent>),
    /// To `Reseal`: whether the database has the tokens of the request under the newest key, or newer ones.
    Reseal(Result<bool, NotSent>),
    /// To `Profile`.
    Profile(Result<Profile, NotSent>),
    /// To `Revoke`: whether the platform confirmed. The gate has forgotten the tokens in any case.
    Revoke {
        /// False when the platform could not be reached or refused.
        confirmed: bool,
    },
    /// To `Exchange`: whether it was done now, and not before; or why not. The database may get the pair some time later.
    Exchange(Result<bool, NotSent>),
    /// To `Lend`.
    Lend(LendAnswer),
    /// To `Observe`.
    Observed,
    /// To `Draw`.
    Draw(DrawAnswer),
    /// To `Limits`.
    Limits(Vec<Window>),
    /// The gate's own storage failed, or the request does not make sense. Nothing was sent.
    Failed(String),
}

impl GateReply {
    /// With its refusal, if it is one, told in other words.
    #[must_use]
    pub fn told(self, tell: impl Fn(NotSent) -> NotSent) -> Self {
        match self {
            Self::Send(SendAnswer::Refused(why)) => Self::Send(SendAnswer::Refused(tell(why))),
            Self::Reconcile(ReconcileAnswer::Refused(why)) => {
                Self::Reconcile(ReconcileAnswer::Refused(tell(why)))
            }
            Self::Lend(LendAnswer::Refused(why)) => Self::Lend(LendAnswer::Refused(tell(why))),
            Self::Refresh(Err(why)) => Self::Refresh(Err(tell(why))),
            Self::Reseal(Err(why)) => Self::Reseal(Err(tell(why))),
            Self::Profile(Err(why)) => Self::Profile(Err(tell(why))),
            Self::Exchange(Err(why)) => Self::Exchange(Err(tell(why))),
            other => other,
        }
    }
}

/// When an access token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshedUntil {
    /// That moment.
    #[serde(with = "millis")]
    pub expires_at: Timestamp,
    /// Whether a new pair was fetched for this request.
    pub refreshed: bool,
}

/// A limit as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LimitWindow")]
pub struct Window {
    /// What it counts: `post`, `delete`, `media`, `like`, `repost`, `bookmark`, `read`, `mentions`, `search`, `trends` or
    /// `profile`.
    pub bucket: String,
    /// Over how many seconds.
    pub window_seconds: u32,
    /// How many are allowed.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// When the next one becomes free; null when nothing is used.
    pub reset_at: Option<Timestamp>,
    /// Who counts: `godwit` for our own count, `x` where X's last answer was stricter or counts something else, `app` for
    /// what all accounts of the X app share.
    pub counted_by: String,
}

/// An answer that does not belong to the request, which is a bug.
#[must_use]
pub fn unexpected(reply: &GateReply) -> Error {
    match reply {
        GateReply::Failed(text) => Error::unavailable(format!("gate: {text}")),
        other => Error::internal(format!("the gate answered something else: {other:?}")),
    }
}
