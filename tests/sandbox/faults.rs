//! Scripted faults: which requests, how often, and what happens to them.

use serde::{Deserialize, Serialize};

use super::{media::Failure, refusals::Refusal};

/// The class of a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    Create,
    Delete,
    /// The exchange of an authorization code.
    Token,
    Refresh,
    Revoke,
    /// Getting and invalidating app-only tokens.
    AppToken,
    /// The signed steps of OAuth 1.0a.
    #[serde(rename = "oauth1")]
    OAuth1,
    UsersMe,
    Timeline,
    /// `GET /2/tweets` and `GET /2/tweets/{id}`.
    Lookup,
    Mentions,
    /// `GET /2/users/by`, `/2/users/search` and `/2/users/{id}`.
    Users,
    /// Doing it and taking it back, as with the next two.
    Like,
    Repost,
    Bookmark,
    Analytics,
    /// Of a place and of a user.
    Trends,
    /// Of posts and of credits.
    Usage,
    MediaUpload,
    MediaInitialize,
    MediaAppend,
    MediaFinalize,
    MediaStatus,
    MediaMetadata,
    /// Adding and deleting.
    Subtitles,
    /// Every class above.
    Any,
}

/// One rule: of the requests that fit it, the first `after` pass, the next `times` suffer `effect`. A request that a
/// rule has taken is not seen by the rules behind it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub on: On,
    #[serde(default)]
    pub after: u32,
    #[serde(default = "once")]
    pub times: u32,
    #[serde(rename = "do")]
    pub effect: Effect,
    /// Only creates whose text contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_contains: Option<String>,
    /// Only requests with a token of this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

fn once() -> u32 {
    1
}

/// What happens to the request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Refused, without effect.
    Status {
        name: Refusal,
        /// When a throttle ends, in seconds from now.
        #[serde(default = "quarter_hour_s")]
        reset_after_s: u32,
    },
    /// Dropped, without effect.
    DropBefore,
    /// No answer, without effect.
    HangBefore,
    /// Carried out; the connection drops.
    AcceptThenDrop,
    /// Carried out; the answer is this refusal.
    AcceptThenStatus {
        #[serde(default = "service_unavailable")]
        name: Refusal,
    },
    /// Carried out; the answer is a 201 without a body.
    #[serde(rename = "accept_then_empty_201")]
    AcceptThenEmpty201,
    /// Carried out; no answer.
    AcceptThenHang,
    /// Refresh: the token is rotated and the answer is lost. The same as `accept_then_drop`.
    RotateAndDrop,
    /// Carried out, a finalize; X's work on the media, which has begun then, fails.
    FailProcessing {
        #[serde(default = "Failure::invalid")]
        error: Failure,
    },
    /// Carried out; the answer comes late.
    Delay { ms: u64 },
    /// No answer now; carried out by itself after this time, when the client may long have given up.
    LandLater { ms: u32 },
}

fn quarter_hour_s() -> u32 {
    900
}

fn service_unavailable() -> Refusal {
    Refusal::ServiceUnavailable
}

impl Effect {
    /// As it is written in `do.kind`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::DropBefore => "drop_before",
            Self::HangBefore => "hang_before",
            Self::AcceptThenDrop => "accept_then_drop",
            Self::AcceptThenStatus { .. } => "accept_then_status",
            Self::AcceptThenEmpty201 => "accept_then_empty_201",
            Self::AcceptThenHang => "accept_then_hang",
            Self::RotateAndDrop => "rotate_and_drop",
            Self::FailProcessing { .. } => "fail_processing",
            Self::Delay { .. } => "delay",
            Self::LandLater { .. } => "land_later",
        }
    }

    pub fn status(name: Refusal) -> Self {
        Self::Status {
            name,
            reset_after_s: quarter_hour_s(),
        }
    }
}

impl Fault {
    /// The next request of this class suffers the effect, once.
    pub fn next(on: On, effect: Effect) -> Self {
        Self {
            on,
            after: 0,
            times: 1,
            effect,
            text_contains: None,
            username: None,
        }
    }

    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    pub fn text_contains(self, text: &str) -> Self {
        Self {
            text_contains: Some(text.into()),
            ..self
        }
    }

    pub fn username(self, username: &str) -> Self {
        Self {
            username: Some(username.into()),
            ..self
        }
    }
}

/// What a fault is matched against.
pub struct Subject<'a> {
    pub class: On,
    pub text: &'a str,
    pub username: Option<&'a str>,
}

#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn script(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The rules that still have something to do.
    pub fn left(&self) -> &[Fault] {
        &self.0
    }

    pub fn take(&mut self, subject: &Subject<'_>) -> Option<Effect> {
        let mut taken = None;
        for fault in &mut self.0 {
            if !fault.fits(subject) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            fault.times = fault.times.saturating_sub(1);
            taken = Some(fault.effect.clone());
            break;
        }
        self.0.retain(|fault| fault.times > 0);
        taken
    }
}

impl Fault {
    fn fits(&self, subject: &Subject<'_>) -> bool {
        (self.on == On::Any || self.on == subject.class)
            && self
                .text_contains
                .as_deref()
                .is_none_or(|text| subject.class == On::Create && subject.text.contains(text))
            && self.username.as_deref().is_none_or(|name| {
                subject
                    .username
                    .is_some_and(|username| username.eq_ignore_ascii_case(name))
            })
    }
}
