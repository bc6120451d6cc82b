//! The protocol: its switches, and what is written to the database. What the gate does is in `gate`.
//!
//! | here | mirrors |
//! |---|---|
//! | [`Protocol::claim`] | `src/publish/store.rs` `CLAIM`, `PARTS`; `src/publish/deliver.rs` `deliver` |
//! | [`Protocol::answered`] | `src/publish/advance.rs` `advance`, `stopped`, `settlement`; `src/publish/settlement.rs` |
//! | [`Protocol::progress`] | `src/publish/advance.rs` `progress`; `src/publish/store/settle.rs` `PROGRESS`, `SETTLE_PART` |
//! | [`Protocol::settle`] | `src/publish/store/settle.rs` `SETTLE`, `SETTLE_PART` |
//! | [`Protocol::cancel`] | `src/posts/store.rs` `CANCEL` |
//! | [`Protocol::retry`] | `src/posts/store.rs` `RETRY` of what is not waiting, `SEND_AGAIN` |
//! | [`Protocol::resolve`] | `src/posts/store.rs` `RESOLVE`; `src/posts/resolve.rs` `it_is_there` |
//!
//! Each is one step, as each is one atomic batch.

use super::gate::Answer;
use super::world::{Ask, Entry, Part, Settlement, State, Step, Task, World};

/// What a workspace wants done with a part that was looked for and not found; mirrors `UncertainPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Ask,
    Resend,
}

/// What the protocol does for its promise, and may be told to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The gate writes down what it sends.
    Journal,
    /// A call leaves when its row is durable.
    OutputGate,
    /// The gate turns away a claim that is older than its row.
    EpochCheck,
    /// The gate notes a claim that it has told "not sent".
    Seen,
    /// A row that says `sending`, without a living call, is a doubt.
    DeadCallIsADoubt,
    /// Progress and settle name their claim.
    WritesNameTheClaim,
    /// Between two parts, the first is written down under a claim that holds.
    Progress,
    /// A look waits until the call can no longer land.
    LooksWait,
    /// What may be there is never called "not sent".
    DoubtIsKept,
    /// What is being published cannot be taken back.
    NoCancelInFlight,
    /// What is not at rest is nudged.
    Sweep,
}

/// What `resend` relies on at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// A look that begins after the grace sees everything that has landed.
    ReadsAreComplete,
    /// Nothing lands after the deadline and the grace.
    NothingLandsAfterGrace,
}

/// The protocol, whole or without one of its guards, and what it may trust in.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    pub policy: Policy,
    /// How many parts the delivery has, 1 or 2.
    pub parts: u8,
    /// How many consumers there are; one that is gone counts as long as its request is on its way.
    pub crew: usize,
    /// How often a person chooses "send it again" for a part in doubt.
    pub again_max: u8,
    pub without: Option<Guard>,
    pub betrayed: Option<Trust>,
}

impl Protocol {
    pub fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    pub fn trusts(&self, trust: Trust) -> bool {
        self.betrayed != Some(trust)
    }

    /// Takes the delivery, if it is free and not at rest.
    pub fn claim(&self, world: &mut World) -> Option<Task> {
        let delivery = &mut world.delivery;
        if delivery.state.is_at_rest() {
            return None;
        }
        delivery.epoch += 1;
        delivery.held = true;
        let ask = if delivery.state == State::Uncertain {
            Ask::Reconcile
        } else {
            delivery.state = State::Publishing;
            Ask::Send
        };
        let is_sent = |part: &&Part| **part == Part::Sent;
        let sent = delivery.parts.iter().take_while(is_sent).count();
        let mut task = Task {
            epoch: delivery.epoch,
            round: delivery.round,
            ask,
            part: u8::try_from(sent).unwrap(),
            doubted: delivery.parts.contains(&Part::Uncertain),
            attended: true,
            step: Step::Asking,
        };
        if task.part == self.parts {
            task.settle_as(Settlement::Published);
        }
        Some(task)
    }

    /// What a consumer does with an answer; `None`: it is done, and writes nothing.
    pub fn answered(&self, mut task: Task, answer: Answer) -> Option<Task> {
        if !task.attended {
            return None;
        }
        let kept = task.doubted && self.has(Guard::DoubtIsKept);
        let settlement = match answer {
            Answer::Sent => {
                if task.part + 1 < self.parts {
                    task.step = Step::Progressing;
                    if !self.has(Guard::Progress) {
                        task.part += 1;
                        task.step = Step::Asking;
                    }
                    return Some(task);
                }
                Settlement::Published
            }
            Answer::Stale => return None,
            Answer::Refused | Answer::GivenUp if kept => Settlement::Ask,
            Answer::Refused => Settlement::Refused,
            Answer::GivenUp => Settlement::NotSent,
            Answer::NotSent => Settlement::Open,
            Answer::Uncertain => Settlement::Uncertain,
            Answer::Lost if task.ask == Ask::Reconcile => Settlement::LookAgain,
            Answer::Busy | Answer::Lost => Settlement::Unchanged,
            Answer::LookLater | Answer::NotFound(false) => Settlement::LookAgain,
            // Once for each part.
            Answer::NotFound(true) if self.policy == Policy::Resend && !task.doubted => {
                Settlement::Resend
            }
            Answer::NotFound(true) | Answer::NeverReadable => Settlement::Ask,
        };
        task.settle_as(settlement);
        Some(task)
    }

    /// Between two parts: what was sent is written, and the claim goes on, if it still holds.
    pub fn progress(&self, world: &mut World, task: Task) -> Option<Task> {
        let delivery = &mut world.delivery;
        if task.epoch != delivery.epoch && self.has(Guard::WritesNameTheClaim) {
            return None;
        }
        delivery.parts[usize::from(task.part)] = Part::Sent;
        let is_at_work = matches!(delivery.state, State::Publishing | State::Uncertain);
        if !is_at_work || !delivery.held {
            return None;
        }
        delivery.state = State::Publishing;
        task.attended.then_some(Task {
            ask: Ask::Send,
            part: task.part + 1,
            doubted: false,
            step: Step::Asking,
            ..task
        })
    }

    /// Writes what became of a claim, if it still holds.
    pub fn settle(&self, world: &mut World, task: Task, settlement: Settlement) {
        let delivery = &mut world.delivery;
        if task.epoch != delivery.epoch && self.has(Guard::WritesNameTheClaim) {
            return;
        }
        for part in &mut delivery.parts[..usize::from(task.part)] {
            *part = Part::Sent;
        }
        if let Some(part) = delivery.parts.get_mut(usize::from(task.part)) {
            *part = match (settlement, *part) {
                (Settlement::Published, _) | (_, Part::Sent) => Part::Sent,
                (Settlement::Uncertain, _) => Part::Uncertain,
                (Settlement::Refused, Part::Pending) => Part::Refused,
                (_, part) => part,
            };
        }
        if !matches!(delivery.state, State::Publishing | State::Uncertain) {
            return;
        }
        delivery.held = false;
        delivery.state = match settlement {
            Settlement::Published => State::Published,
            Settlement::Open => State::Open,
            Settlement::Resend => {
                delivery.round += 1;
                State::Open
            }
            Settlement::NotSent | Settlement::Refused => State::Failed,
            Settlement::Uncertain | Settlement::LookAgain => State::Uncertain,
            Settlement::Ask => State::Asking,
            Settlement::Unchanged => State::Publishing,
        };
    }

    /// Takes it back; whether it did.
    pub fn cancel(&self, world: &mut World) -> bool {
        let delivery = &mut world.delivery;
        let in_flight = delivery.state == State::Publishing && !self.has(Guard::NoCancelInFlight);
        let doubted = delivery.parts.contains(&Part::Uncertain);
        let may = (delivery.state == State::Open || in_flight) && !doubted;
        if may {
            delivery.state = State::Canceled;
        }
        may
    }

    /// What the gate has taken a person's word for is due, and nobody who works on it writes any more; `None` when there
    /// is nothing of that kind.
    pub fn resolve(world: &mut World) -> Option<()> {
        let part = world.delivery.doubted()?;
        let delivery = &mut world.delivery;
        let is_open = matches!(delivery.state, State::Uncertain | State::Asking);
        if !is_open || world.journal[part].entry != Entry::Sent {
            return None;
        }
        delivery.state = State::Uncertain;
        delivery.epoch += 1;
        delivery.held = false;
        Some(())
    }

    /// A person wants it sent again; whether that was possible.
    pub fn retry(&self, world: &mut World) -> bool {
        let delivery = &mut world.delivery;
        match delivery.state {
            State::Failed => {}
            State::Asking => {
                let is_unsent = |part: &Part| *part != Part::Sent;
                let doubted = delivery.parts.iter().position(is_unsent);
                let again = doubted.and_then(|part| world.again.get_mut(part));
                let Some(again) = again.filter(|again| **again < self.again_max) else {
                    return false;
                };
                *again += 1;
            }
            _ => return false,
        }
        delivery.round += 1;
        delivery.state = State::Open;
        true
    }
}

impl Task {
    /// What it is about to write, if it settles.
    pub const fn settlement(self) -> Option<Settlement> {
        match self.step {
            Step::Settling(settlement) => Some(settlement),
            _ => None,
        }
    }

    /// From here on nothing counts but what is written.
    pub fn settle_as(&mut self, settlement: Settlement) {
        *self = Self {
            round: 0,
            ask: Ask::Send,
            doubted: false,
            step: Step::Settling(settlement),
            ..*self
        };
    }
}
