//! Which steps can be taken in a world, and the claims that must hold in each.

use super::gate::{Chance, Heard, is_alive};
use super::protocol::{Guard, Policy, Protocol, Trust};
use super::rest;
use super::steps::{Action, Checked, Request, Sight};
use super::world::{
    Ask, CALLS, Call, Clock, Entry, Fate, Listener, PARTS, Part, Settlement, State, Step, TASKS,
    Task, World,
};
use stateright::{Model, Property};

impl Model for Checked {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::accepted()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let is_at_rest = world.delivery.state.is_at_rest();
        if !world.message && !is_at_rest && self.protocol.has(Guard::Sweep) {
            actions.push(Action::Nudge);
        }
        if world.message {
            if world.crew() < self.protocol.crew {
                actions.push(Action::Deliver);
            }
            actions.push(Action::ClaimUnheard);
        }
        actions.extend([Action::Cancel, Action::Retry]);
        actions.extend([Action::Adopt, Action::Resolve]);
        for (at, task) in (0..TASKS).filter_map(|at| Some((at, world.tasks[at]?))) {
            self.task_actions(world, at, task, actions);
        }
        for (at, call) in (0..CALLS).filter_map(|at| Some((at, world.calls[at]?))) {
            Self::call_actions(world, at, call, actions);
        }
        actions.extend([Action::GateDies, Action::GateMoves]);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        self.after(world, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = claims();
        properties.extend(examples(&self.protocol));
        properties.retain(|property| self.only.is_none_or(|only| only == property.name));
        properties
    }
}

impl Checked {
    fn task_actions(&self, world: &World, at: usize, task: Task, actions: &mut Vec<Action>) {
        match task.step {
            Step::Settling(_) => actions.push(Action::Settle(at)),
            Step::Progressing => {
                actions.extend([true, false].map(|goes_on| Action::Progress(at, goes_on)));
            }
            Step::Asking | Step::Refreshing => {
                actions.push(Action::Gate(at, Chance::Go));
                if is_alive(world, task.part) {
                    actions.push(Action::Gate(at, Chance::CallOverdue));
                }
                let goes = self.protocol.permit(world, task, Chance::Go).is_none();
                if task.ask == Ask::Send && goes {
                    actions.push(Action::Gate(at, Chance::WindowShut));
                    actions.push(Action::Gate(at, Chance::LeaseTooShort));
                    // A thread that has begun is wanted to its end.
                    if task.part == 0 {
                        actions.push(Action::Gate(at, Chance::TooLate));
                    }
                }
            }
            Step::Looking(_) => {
                actions.push(Action::Look(at, Sight::All));
                if !self.protocol.trusts(Trust::ReadsAreComplete) {
                    actions.push(Action::Look(at, Sight::Lagging));
                }
                actions.extend([Sight::Later, Sight::Never].map(|sight| Action::Look(at, sight)));
            }
            Step::Looked(_, true) => actions.push(Action::Judge(at, true)),
            Step::Looked(_, false) => {
                actions.extend([true, false].map(|last| Action::Judge(at, last)));
            }
            Step::Calling => {}
        }
        if !task.attended {
            actions.push(Action::Vanish(at));
            return;
        }
        let is_writing = matches!(task.step, Step::Settling(_) | Step::Progressing);
        if is_writing {
            actions.push(Action::WriteUnheard(at));
        }
        for request in [Request::Ends, Request::GoesOn] {
            // The call of one that is calling goes on in any case.
            if task.step != Step::Calling || request == Request::Ends {
                actions.push(Action::Crash(at, request));
                if !is_writing {
                    actions.push(Action::GiveUp(at, request));
                }
            }
        }
    }

    fn call_actions(world: &World, at: usize, call: Call, actions: &mut Vec<Action>) {
        if call.fate == Fate::Flying {
            actions.push(Action::Land(at));
        }
        if call.clock != Clock::Settled {
            actions.push(Action::TimePasses(at));
        }
        match call.listener {
            Listener::Nobody => return,
            Listener::OldGate => return actions.push(Action::HearInVain(at)),
            Listener::Gate => actions.push(Action::Hear(at, Heard::Nothing)),
        }
        if call.fate == Fate::Landed {
            actions.push(Action::Hear(at, Heard::Sent));
        }
        if call.fate == Fate::Flying {
            for heard in [Heard::Refused, Heard::TryLater, Heard::GivenUp] {
                actions.push(Action::Hear(at, heard));
            }
            if world.posts[usize::from(call.part)] > 0 {
                actions.push(Action::Hear(at, Heard::Duplicate));
            }
            if !call.again {
                actions.push(Action::Hear(at, Heard::Unauthorized));
            }
        }
    }
}

fn claims() -> Vec<Property<Checked>> {
    vec![
        Property::always(claim::ONCE, |_, world: &World| {
            (0..PARTS).all(|part| world.posts[part] <= 1 + world.again[part])
        }),
        Property::always(claim::PUBLISHED, |model: &Checked, world: &World| {
            (0..usize::from(model.protocol.parts)).all(|part| {
                let is_said = world.delivery.state == State::Published
                    || world.delivery.parts[part] == Part::Sent
                    || world.journal[part].entry == Entry::Sent;
                !is_said || world.posts[part] > 0
            })
        }),
        Property::always(claim::TAKEN_BACK, |_, world: &World| {
            world.delivery.state != State::Canceled || world.is_unsent()
        }),
        Property::always(claim::NOT_SENT, |_, world: &World| {
            world.delivery.state != State::Failed || world.is_unsent()
        }),
        Property::always(claim::IN_ORDER, |_, world: &World| {
            world.posts[0] > 0 || world.posts[1] == 0
        }),
        Property::always(claim::COMES_TO_REST, rest::comes_to_rest),
    ]
}

/// What must have happened somewhere, for the claims to mean something.
fn examples(protocol: &Protocol) -> Vec<Property<Checked>> {
    let mut examples = vec![
        Property::sometimes(
            "a late call finds its post taken for doubtful",
            |_, world: &World| {
                world.calls.iter().flatten().any(|call| {
                    let entry = world.journal[usize::from(call.part)].entry;
                    (call.listener, call.fate, entry)
                        == (Listener::Gate, Fate::Landed, Entry::Uncertain)
                })
            },
        ),
        Property::sometimes(
            "a gate that was replaced waits for its call",
            |_, world: &World| {
                let mut calls = world.calls.iter().flatten();
                calls.any(|call| call.listener == Listener::OldGate) && world.tasks[1].is_none()
            },
        ),
        Property::sometimes("a look finds a post", |_, world: &World| {
            world.is_at(|task| matches!(task.step, Step::Looked(_, true)) && task.attended)
                && world.tasks[1].is_none()
        }),
        Property::sometimes(
            "an old settle comes when the post is taken back",
            |_, world: &World| {
                world.delivery.state == State::Canceled
                    && world.is_at(|task| task.settlement().is_some())
                    && world.tasks[1].is_none()
            },
        ),
        Property::sometimes(
            "a token is fetched for a consumer that is gone",
            |_, world: &World| {
                world.is_at(|task| task.step == Step::Refreshing && !task.attended)
                    && world.tasks[1].is_none()
            },
        ),
    ];
    if protocol.again_max > 0 {
        examples.push(Property::sometimes(
            "a person has it posted twice",
            |_, world: &World| world.posts[0] == 2 && world.delivery.state == State::Published,
        ));
    }
    if protocol.policy == Policy::Resend {
        examples.push(Property::sometimes(
            "the policy sends it again",
            |_, world: &World| {
                world.is_at(|task| task.settlement() == Some(Settlement::Resend))
                    && world.tasks[1].is_none()
            },
        ));
    }
    if protocol.parts > 1 {
        examples.push(Property::sometimes(
            "half a thread is taken back",
            |_, world: &World| {
                let half = [Part::Sent, Part::Pending];
                world.delivery.state == State::Canceled && world.delivery.parts == half
            },
        ));
    }
    examples
}

impl World {
    fn is_at(&self, step: impl Fn(&Task) -> bool) -> bool {
        self.tasks.iter().flatten().any(step)
    }

    /// Nothing is on the platform but what the database says.
    fn is_unsent(&self) -> bool {
        let mut pairs = self.posts.iter().zip(self.delivery.parts);
        pairs.all(|(posts, part)| *posts == 0 || part == Part::Sent)
    }
}

/// The claims, by name.
pub mod claim {
    pub const ONCE: &str =
        "a part is posted once, and once more for each time that a person chose so";
    pub const PUBLISHED: &str = "what the database calls sent is on the platform";
    pub const TAKEN_BACK: &str = "what was taken back is not on the platform, and never will be";
    pub const NOT_SENT: &str = "what is called not sent is not on the platform";
    pub const IN_ORDER: &str = "no part is posted before the one that it replies to";
    pub const COMES_TO_REST: &str = "if nothing more goes wrong, the work comes to rest";
}
