//! Every step that can be taken, by whoever takes it, and the world after it.
//!
//! Nothing here is rationed: crashes, repeated messages, lost answers, refusals and failing writes come as often as they
//! like.

use super::gate::{Answer, Chance, Heard};
use super::protocol::{Guard, Protocol, Trust};
use super::world::{Ask, Call, Clock, Entry, Fate, Listener, Settlement, Step, TASKS, Task, World};
use std::collections::HashSet;
use std::sync::Mutex;

/// A step. A number names a place in [`World::tasks`] or [`World::calls`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The sweep sends a message.
    Nudge,
    /// A message comes, for the first time or once more, and its consumer claims. If there was a lease, it has run out.
    Deliver,
    /// The same, but the answer to the claim is lost.
    ClaimUnheard,
    /// A consumer ends, and its request with it, or not.
    Crash(usize, Request),
    /// A consumer has heard nothing of the gate for too long, or that its storage failed.
    GiveUp(usize, Request),
    /// A request whose consumer is gone comes to nothing.
    Vanish(usize),
    /// A request reaches the gate, or goes on there with a fresh token.
    Gate(usize, Chance),
    /// The account's posts are read.
    Look(usize, Sight),
    /// What was read is judged; whether it was the last look.
    Judge(usize, bool),
    /// The progress is written; whether the claim then goes on with the next part.
    Progress(usize, bool),
    /// The settle is written.
    Settle(usize),
    /// Progress or settle is written and its answer lost: it is repeated.
    WriteUnheard(usize),
    /// A call takes effect at the platform.
    Land(usize),
    /// Its answer, or the lack of one, reaches the gate that made it.
    Hear(usize, Heard),
    /// Its answer reaches an instance of the gate that has been replaced. It may not touch the storage any more, and
    /// answers with that failure. <https://developers.cloudflare.com/durable-objects/platform/known-issues/>
    HearInVain(usize),
    /// Its deadline and the grace are over.
    TimePasses(usize),
    /// The gate's memory is gone.
    GateDies,
    /// Another instance takes over, and the old one has not noticed.
    GateMoves,
    /// A person takes the post back.
    Cancel,
    /// A person wants it sent again.
    Retry,
    /// A person has seen the post of a part in doubt, and the gate takes their word.
    Adopt,
    /// The database follows.
    Resolve,
}

/// What becomes of the request of a consumer that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    GoesOn,
    Ends,
}

/// What a look at the account's posts gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sight {
    All,
    /// What has landed is not shown yet.
    Lagging,
    /// Not now.
    Later,
    /// Not now, as so often before.
    Never,
}

/// A protocol as a model to be checked.
pub struct Checked {
    pub protocol: Protocol,
    /// The worlds that are known to come to rest: a memory, so that none is walked twice.
    pub resting: Mutex<HashSet<World>>,
    /// The one claim that is looked at; `None`: all.
    pub only: Option<&'static str>,
}

impl Checked {
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            resting: Mutex::default(),
            only: None,
        }
    }

    pub fn only(protocol: Protocol, claim: &'static str) -> Self {
        Self {
            only: Some(claim),
            ..Self::new(protocol)
        }
    }

    /// The world after a step; `None` when it cannot be taken, or changes nothing.
    pub fn after(&self, before: &World, action: Action) -> Option<World> {
        let mut world = *before;
        self.take(&mut world, action)?;
        if world.crew() > self.protocol.crew {
            return None;
        }
        if self.protocol.has(Guard::Sweep) {
            world.message = !world.delivery.state.is_at_rest();
        }
        if self.protocol.parts == 1 {
            // Only a progress asks for it.
            world.delivery.held = false;
        }
        if self.protocol.has(Guard::WritesNameTheClaim) {
            world.merge_stale();
        }
        world.settle_down(!self.protocol.trusts(Trust::NothingLandsAfterGrace));
        (world != *before).then_some(world)
    }

    fn take(&self, world: &mut World, action: Action) -> Option<()> {
        let protocol = &self.protocol;
        match action {
            Action::Nudge => world.message = true,
            Action::Deliver => {
                world.message = false;
                if let Some(task) = protocol.claim(world) {
                    world.admit(task)?;
                }
            }
            Action::ClaimUnheard => {
                protocol.claim(world)?;
            }
            Action::Crash(at, request) => {
                world.message = true;
                world.leave(at, request)?;
            }
            Action::GiveUp(at, request) => {
                let task = world.leave(at, request)?;
                world.admit(protocol.answered(task, Answer::Lost)?)?;
            }
            Action::Vanish(at) => {
                world.remove(at)?;
            }
            Action::Gate(at, chance) => self.ask(world, at, chance)?,
            Action::Look(at, sight) => self.look(world, at, sight)?,
            Action::Judge(at, last) => {
                let task = world.remove(at)?;
                let Step::Looked(epoch, found) = task.step else {
                    return None;
                };
                let answer = Protocol::judge(world, task, epoch, found, last);
                self.answer(world, task, answer)?;
            }
            Action::Progress(at, goes_on) => {
                let task = world.remove(at)?;
                if let Some(mut task) = protocol.progress(world, task) {
                    if !goes_on {
                        task.settle_as(Settlement::Open);
                    }
                    world.admit(task)?;
                }
            }
            Action::Settle(at) => {
                let task = world.remove(at)?;
                protocol.settle(world, task, task.settlement()?);
            }
            Action::WriteUnheard(at) => {
                let task = world.tasks[at]?;
                match task.settlement() {
                    Some(settlement) => protocol.settle(world, task, settlement),
                    None => drop(protocol.progress(world, task)),
                }
            }
            Action::Cancel => return protocol.cancel(world).then_some(()),
            Action::Retry => return protocol.retry(world).then_some(()),
            Action::Adopt => Protocol::adopt(world)?,
            Action::Resolve => Protocol::resolve(world)?,
            Action::GateDies => self.replace(world, Listener::Nobody),
            Action::GateMoves => self.replace(world, Listener::OldGate),
            Action::Land(at) => {
                let call = world.calls[at].as_mut()?;
                call.fate = Fate::Landed;
                world.posts[usize::from(call.part)] += 1;
            }
            Action::Hear(at, heard) => self.hear(world, at, heard)?,
            Action::HearInVain(at) => {
                let call = world.calls[at]?;
                let task = world.remove_caller(call)?;
                world.calls[at].as_mut()?.listener = Listener::Nobody;
                self.answer(world, task, Answer::Lost)?;
            }
            Action::TimePasses(at) => {
                world.calls[at].as_mut()?.clock = Clock::Settled;
            }
        }
        Some(())
    }

    /// An answer on its way back: to its consumer, if that still waits.
    fn answer(&self, world: &mut World, task: Task, answer: Answer) -> Option<()> {
        match self.protocol.answered(task, answer) {
            Some(task) => world.admit(task),
            None => Some(()),
        }
    }

    fn ask(&self, world: &mut World, at: usize, chance: Chance) -> Option<()> {
        let task = world.remove(at)?;
        let answer = match task.ask {
            Ask::Send => self.protocol.send(world, task, chance),
            Ask::Reconcile => match self.protocol.reconcile(world, task, chance) {
                Ok(task) => return world.admit(task),
                Err(answer) => Some(answer),
            },
        };
        match answer {
            Some(answer) => self.answer(world, task, answer),
            // Without a consumer, the call goes on by itself.
            None if !task.attended => Some(()),
            None => world.admit(Task {
                step: Step::Calling,
                ..task
            }),
        }
    }

    fn look(&self, world: &mut World, at: usize, sight: Sight) -> Option<()> {
        let task = world.remove(at)?;
        let Step::Looking(epoch) = task.step else {
            return None;
        };
        let found = match sight {
            Sight::All => world.posts[usize::from(task.part)] > 0,
            Sight::Lagging => false,
            Sight::Later => return self.answer(world, task, Answer::LookLater),
            Sight::Never => return self.answer(world, task, Answer::NeverReadable),
        };
        let step = Step::Looked(epoch, found);
        world.admit(Task { step, ..task })
    }

    fn hear(&self, world: &mut World, at: usize, heard: Heard) -> Option<()> {
        let call = world.calls[at]?;
        let answer = Protocol::record(world, call, heard);
        let caller = world.remove_caller(call);
        let slot = world.calls[at].as_mut()?;
        slot.listener = Listener::Nobody;
        if heard != Heard::Nothing {
            slot.fate = Fate::Over;
        }
        if heard == Heard::Unauthorized {
            // The gate fetches a token and goes on, whether or not its consumer waits.
            let step = Step::Refreshing;
            return world.admit(Task {
                step,
                ..caller.unwrap_or_else(|| world.request_of(call))
            });
        }
        match caller {
            Some(task) => self.answer(world, task, answer),
            None => Some(()),
        }
    }

    /// The gate's memory is lost, and what runs in it. What is out stays out, and `listener` waits for it.
    fn replace(&self, world: &mut World, listener: Listener) {
        if !self.protocol.has(Guard::OutputGate) {
            world.forget_rows();
        }
        for call in world.calls.iter_mut().flatten() {
            if call.listener == Listener::Gate {
                call.listener = listener;
            }
        }
        for at in 0..TASKS {
            let Some(task) = world.tasks[at] else {
                continue;
            };
            let is_in_gate = match task.step {
                // The old instance still waits for the platform.
                Step::Calling => !world.calls.iter().flatten().any(|call| task.awaits(*call)),
                Step::Refreshing | Step::Looking(_) | Step::Looked(..) => true,
                Step::Asking | Step::Progressing | Step::Settling(_) => false,
            };
            if is_in_gate {
                world.tasks[at] = self.protocol.answered(task, Answer::Lost);
            }
        }
    }
}

impl World {
    /// A write that will be turned away says nothing.
    fn merge_stale(&mut self) {
        let newest = self.delivery.epoch;
        for slot in &mut self.tasks {
            let Some(task) = slot.as_mut().filter(|task| task.epoch < newest) else {
                continue;
            };
            if matches!(task.step, Step::Settling(_) | Step::Progressing) {
                task.part = 0;
                task.settle_as(Settlement::Unchanged);
                if !task.attended {
                    *slot = None;
                }
            }
        }
    }

    /// How many consumers there are, and requests of those that are gone.
    pub fn crew(&self) -> usize {
        self.tasks.iter().flatten().count()
    }

    fn admit(&mut self, task: Task) -> Option<()> {
        let slot = self.tasks.iter_mut().find(|slot| slot.is_none())?;
        *slot = Some(task);
        Some(())
    }

    fn remove(&mut self, at: usize) -> Option<Task> {
        self.tasks.get_mut(at)?.take()
    }

    /// Parts a consumer from its request.
    fn leave(&mut self, at: usize, request: Request) -> Option<Task> {
        let task = self.remove(at)?;
        let goes_on = request == Request::GoesOn;
        if goes_on {
            self.admit(Task {
                attended: false,
                ..task
            })?;
        }
        Some(task)
    }

    fn remove_caller(&mut self, call: Call) -> Option<Task> {
        let mut tasks = self.tasks.iter_mut();
        tasks
            .find(|slot| slot.is_some_and(|task| task.awaits(call)))?
            .take()
    }

    /// The request for which a call was made, if its consumer is gone.
    fn request_of(&self, call: Call) -> Task {
        Task {
            epoch: call.epoch,
            round: self.journal[usize::from(call.part)].round,
            ask: Ask::Send,
            part: call.part,
            doubted: false,
            attended: false,
            step: Step::Calling,
        }
    }

    /// Without the output gate: a row that has just been written is lost with the gate, and its call is not.
    fn forget_rows(&mut self) {
        let out = self.calls;
        for call in out.iter().flatten() {
            let row = &mut self.journal[usize::from(call.part)];
            if call.listener == Listener::Gate && row.entry == Entry::Sending {
                *row = World::accepted().journal[0];
            }
        }
    }
}
