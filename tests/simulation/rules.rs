//! What must always hold, whatever the seed: the invariants that the design promises.

use super::executor::Core;

/// A promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// At most one post per part, unless a person chose to send it again.
    SentOnce,
    /// A create call leaves from a gate alone, after its journal row is written.
    FencedFirst,
    /// Parts are sent in order, each as a reply to the one before.
    InOrder,
    /// Every accepted post reaches a final state, or visibly waits for a person.
    NothingStuck,
    /// What the API accepted exists.
    NothingLost,
    /// `published` is on X, with these ids and words; what ended otherwise is not.
    ToldTruly,
    /// After an acknowledged cancel nothing is sent.
    CanceledStays,
    /// What was acknowledged to be deleted is gone from X, or says why not; what is said to be deleted is.
    DeletedIsGone,
    /// A token pair is durable before it is used.
    TokensDurable,
    /// A refresh token is presented once, as far as answers arrive, and never twice at the same time.
    RefreshedAlone,
    /// What is sent is the newest acknowledged text, byte for byte.
    ExactlyWritten,
    /// Nothing of one workspace reaches the accounts of another, or is shown there.
    Apart,
    /// No secret in an answer, a log line or a URL.
    Secret,
    /// No window is exceeded.
    WithinWindows,
    /// Nothing is sent before its time.
    NotEarly,
    /// A repeated request under one key is answered like the first, and makes one thing.
    AnsweredOnce,
    /// A source makes at most one post of a video.
    SourceOnce,
    /// What was published before a source began becomes no post.
    NothingOld,
    /// What was published since is a post, or says why not.
    NothingMissed,
    /// What the hub did not sign has no effect.
    Unforged,
    /// No storage error that is a bug, no answer of 500.
    NothingBreaks,
}

/// A promise that was broken.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How.
    pub how: String,
}

impl Core {
    /// Notes that a promise was broken.
    pub fn violate(&self, rule: Rule, how: impl FnOnce() -> String) {
        let how = how();
        self.note(|| format!("VIOLATION of {rule:?}: {how}"));
        self.lock().violations.push(Violation { rule, how });
    }
}
