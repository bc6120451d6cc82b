//! The gate: what it is asked, what it writes down, what it answers.
//!
//! | here | mirrors |
//! |---|---|
//! | [`Protocol::permit`] | `src/gate/send.rs` `permit`, `known` |
//! | [`Protocol::send`] | `src/gate/send.rs` `send`, `arm`, `not_sent`; `src/gate/journal.rs` `ARM`, `SEEN` |
//! | [`Protocol::record`] | `src/gate/send.rs` `record`; `src/gate/journal.rs` `CLOSE` |
//! | [`Protocol::reconcile`] | `src/gate/reconcile.rs` `reconcile`, before its reads |
//! | [`Protocol::judge`] | the same, after them |
//! | [`Protocol::adopt`] | `src/gate/adopt.rs` `adopt`; `src/gate/journal.rs` `ADOPT` |
//! | [`is_alive`] | `src/gate/account.rs` `is_alive` |
//!
//! Each is one step: between two awaits nothing else runs in the gate, and a call is held back until what was written
//! before it is durable; if that fails, it does not leave.
//! <https://developers.cloudflare.com/durable-objects/reference/in-memory-state/>

use super::protocol::{Guard, Protocol};
use super::world::{Call, Clock, Entry, Fate, Listener, Row, Step, Task, World};

/// What a gate answers; `SendAnswer` and `ReconcileAnswer` in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `Sent`, or `Found`.
    Sent,
    Refused,
    /// `Later`, or a refusal that may be tried again; of a look: `NotSent`.
    NotSent,
    /// `TooLate`, or the last refusal that is tried again.
    GivenUp,
    Uncertain,
    Busy,
    Stale,
    /// Not there; whether that was the last look.
    NotFound(bool),
    /// `Later` or `Refused`, to a look.
    LookLater,
    /// The same, too often.
    NeverReadable,
    /// None came, or the gate's storage failed.
    Lost,
}

/// What the gate finds beside its journal when it is asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chance {
    /// Nothing against it.
    Go,
    /// The window is closed, or there is no token.
    WindowShut,
    /// Its time is over.
    TooLate,
    /// The lease ends before the platform must have answered. Any claim may be told so at any time: nothing rests on
    /// the lease, which may run out whenever it likes.
    LeaseTooShort,
    /// The call in its memory should have been answered by then. That may be said of any call at any time.
    CallOverdue,
}

/// What comes back from the platform, and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heard {
    Sent,
    Refused,
    /// 429, or another refusal that is tried again.
    TryLater,
    /// The same, once too often.
    GivenUp,
    Duplicate,
    Unauthorized,
    /// Nothing, or nothing that says yes or no.
    Nothing,
}

impl Protocol {
    /// What the journal answers to a request to send; `None` when it lets it pass.
    pub fn permit(&self, world: &World, task: Task, chance: Chance) -> Option<Answer> {
        let row = world.journal[usize::from(task.part)];
        let is_old = task.epoch < row.epoch && self.has(Guard::EpochCheck);
        let same_round = row.round >= task.round;
        let is_alive = chance != Chance::CallOverdue && is_alive(world, task.part);
        match row.entry {
            Entry::None => None,
            Entry::Sent => Some(Answer::Sent),
            _ if is_old => Some(Answer::Stale),
            Entry::Sending if is_alive => Some(Answer::Busy),
            Entry::Sending if self.has(Guard::DeadCallIsADoubt) => Some(Answer::Uncertain),
            Entry::Uncertain if same_round => Some(Answer::Uncertain),
            Entry::Uncertain => (world.clock(task.part) != Clock::Settled).then_some(Answer::Busy),
            Entry::Refused if same_round => Some(Answer::Refused),
            Entry::Refused | Entry::Free | Entry::Sending => None,
        }
    }

    /// A request to send, in the gate: an answer, or `None` when the call has left.
    pub fn send(&self, world: &mut World, task: Task, chance: Chance) -> Option<Answer> {
        if let Some(answer) = self.permit(world, task, chance) {
            let row = &mut world.journal[usize::from(task.part)];
            if row.entry == Entry::Sending && answer == Answer::Uncertain {
                row.entry = Entry::Uncertain;
            }
            return Some(answer);
        }
        match chance {
            Chance::Go | Chance::CallOverdue => {
                self.arm(world, task);
                None
            }
            Chance::LeaseTooShort => Some(Answer::Busy),
            Chance::WindowShut | Chance::TooLate => {
                self.seen(world, task);
                Some(if chance == Chance::TooLate {
                    Answer::GivenUp
                } else {
                    Answer::NotSent
                })
            }
        }
    }

    fn arm(&self, world: &mut World, task: Task) {
        let row = &mut world.journal[usize::from(task.part)];
        if self.has(Guard::Journal) {
            *row = Row {
                entry: Entry::Sending,
                epoch: task.epoch,
                round: task.round,
                doubted: row.doubted || row.entry == Entry::Uncertain,
            };
        }
        for call in world.calls.iter_mut().flatten() {
            call.is_latest &= call.part != task.part;
        }
        let call = Call {
            part: task.part,
            epoch: task.epoch,
            fate: Fate::Flying,
            clock: Clock::Running,
            listener: Listener::Gate,
            is_latest: true,
            again: task.step == Step::Refreshing,
        };
        match world.calls.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(call),
            None => panic!("more calls are out than the model has room for"),
        }
    }

    fn seen(&self, world: &mut World, task: Task) {
        let row = &mut world.journal[usize::from(task.part)];
        if !self.has(Guard::Seen) || !self.has(Guard::Journal) {
            return;
        }
        if row.entry == Entry::None {
            row.entry = Entry::Free;
        }
        row.epoch = row.epoch.max(task.epoch);
    }

    /// The outcome of a call, in the gate that made it.
    pub fn record(world: &mut World, call: Call, heard: Heard) -> Answer {
        let doubted = world.journal[usize::from(call.part)].doubted;
        let (entry, answer) = match heard {
            Heard::Sent => (Entry::Sent, Answer::Sent),
            Heard::Duplicate if doubted => (Entry::Uncertain, Answer::Uncertain),
            Heard::Refused | Heard::Duplicate => (Entry::Refused, Answer::Refused),
            Heard::TryLater | Heard::Unauthorized => (Entry::Free, Answer::NotSent),
            Heard::GivenUp => (Entry::Free, Answer::GivenUp),
            Heard::Nothing => (Entry::Uncertain, Answer::Uncertain),
        };
        close(world, call.part, call.epoch, entry);
        answer
    }

    /// A request to look, until its reads: an answer, or the look that follows.
    pub fn reconcile(&self, world: &mut World, task: Task, chance: Chance) -> Result<Task, Answer> {
        let is_alive = chance != Chance::CallOverdue && is_alive(world, task.part);
        let row = &mut world.journal[usize::from(task.part)];
        if row.entry == Entry::Sending {
            if is_alive {
                return Err(Answer::LookLater);
            }
            row.entry = Entry::Uncertain;
        }
        let row = *row;
        match row.entry {
            Entry::Sent => Err(Answer::Sent),
            Entry::Uncertain => {
                let waits = self.has(Guard::LooksWait);
                if waits && world.clock(task.part) != Clock::Settled {
                    return Err(Answer::LookLater);
                }
                Ok(Task {
                    doubted: row.doubted,
                    step: Step::Looking(row.epoch),
                    ..task
                })
            }
            Entry::None | Entry::Refused | Entry::Free | Entry::Sending => {
                self.seen(world, task);
                Err(Answer::NotSent)
            }
        }
    }

    /// The reads are back.
    pub fn judge(world: &mut World, task: Task, epoch: u8, found: bool, last: bool) -> Answer {
        if found {
            close(world, task.part, epoch, Entry::Sent);
            return Answer::Sent;
        }
        Answer::NotFound(last)
    }

    /// A person's word, true and perhaps late, about the part that is in doubt; `None` when it cannot be taken.
    pub fn adopt(world: &mut World) -> Option<()> {
        let part = world.delivery.doubted()?;
        let is_under_way = world.journal[part].entry == Entry::Sending
            && is_alive(world, u8::try_from(part).ok()?);
        if is_under_way || world.posts[part] == 0 {
            return None;
        }
        world.journal[part].entry = Entry::Sent;
        Some(())
    }
}

/// Writes an outcome over `sending` or `uncertain` of the same epoch.
fn close(world: &mut World, part: u8, epoch: u8, entry: Entry) {
    let row = &mut world.journal[usize::from(part)];
    if matches!(row.entry, Entry::Sending | Entry::Uncertain) && row.epoch == epoch {
        row.entry = entry;
    }
}

/// Whether the gate has the row's call in its memory.
pub fn is_alive(world: &World, part: u8) -> bool {
    let mut calls = world.calls.iter().flatten();
    calls.any(|call| call.part == part && call.is_latest && call.listener == Listener::Gate)
}
