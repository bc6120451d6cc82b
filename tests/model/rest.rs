//! Whether there is always a way on: from a world, without another fault, to a delivery that is final or visibly waits
//! for a person.
//!
//! One way is enough, so one is walked: whoever can do something useful does it, then time passes, then leases run out,
//! then a message comes.

use super::gate::{Chance, Heard};
use super::protocol::Guard;
use super::steps::{Action, Checked, Sight};
use super::world::{Clock, Fate, Listener, Step, World};
use std::sync::PoisonError;

/// More steps than any way needs.
const STEPS_MAX: usize = 200;

/// Walks on until the delivery is at rest, or a world is reached from which that is known.
pub fn comes_to_rest(model: &Checked, from: &World) -> bool {
    let mut known = model.resting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut walked = Vec::new();
    let mut world = *from;
    while !world.delivery.state.is_at_rest() && !known.contains(&world) {
        let next = helpful(&world, model).and_then(|action| model.after(&world, action));
        match next {
            Some(next) if walked.len() < STEPS_MAX => {
                walked.push(std::mem::replace(&mut world, next));
            }
            _ => return false,
        }
    }
    known.extend(walked);
    true
}

fn helpful(world: &World, model: &Checked) -> Option<Action> {
    for (at, task) in world.tasks.iter().enumerate() {
        let Some(task) = task else { continue };
        match task.step {
            Step::Progressing => return Some(Action::Progress(at, true)),
            Step::Settling(_) => return Some(Action::Settle(at)),
            Step::Asking | Step::Refreshing => return Some(Action::Gate(at, Chance::Go)),
            Step::Looking(_) => return Some(Action::Look(at, Sight::All)),
            Step::Looked(..) => return Some(Action::Judge(at, true)),
            Step::Calling => {}
        }
    }
    for (at, call) in world.calls.iter().enumerate() {
        let Some(call) = call else { continue };
        match (call.listener, call.fate) {
            (Listener::OldGate, _) => return Some(Action::HearInVain(at)),
            (Listener::Gate, Fate::Landed) => return Some(Action::Hear(at, Heard::Sent)),
            (Listener::Gate, Fate::Over) => return Some(Action::Hear(at, Heard::Nothing)),
            (Listener::Gate, Fate::Flying) => return Some(Action::Land(at)),
            (Listener::Nobody, _) if call.clock != Clock::Settled => {
                return Some(Action::TimePasses(at));
            }
            (Listener::Nobody, _) => {}
        }
    }
    let nudge = if world.message {
        Action::Deliver
    } else {
        Action::Nudge
    };
    (nudge == Action::Deliver || model.protocol.has(Guard::Sweep)).then_some(nudge)
}
