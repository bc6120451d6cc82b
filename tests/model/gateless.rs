//! How others publish: from the consumer, with a row of the database and no gate. Four ways that post twice, and the two
//! that do not.
//!
//! Faults are not rationed here either. A look sees all that has landed.

use super::{fails, summary};
use stateright::{Checker, Model, Property};

/// How a consumer goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Reads the state, posts, marks.
    Naive,
    /// Claims by compare-and-set; when the lease has run out, the next one posts.
    LeaseAndRetry,
    /// The same, but looks first; and when no answer comes, looks at once.
    LookAtOnce,
    /// Looks when the lease has run out, which no call outlives that was begun under it.
    LookAfterLease,
    /// The same, and in the moment of the call checks that the lease is still its own.
    LookAfterLeaseAndCheck,
    /// What has no answer is a person's.
    AskAPerson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Due,
    Claimed,
    Published,
    /// A person's turn.
    Asked,
}

/// Which claim something belongs to. Of any other than the newest nothing counts but that it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Claim {
    Newest,
    Old,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Consumer {
    claim: Claim,
    /// Its call, if it has begun one.
    call: Option<Call>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Call {
    landed: bool,
    /// It can still land.
    in_flight: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    state: State,
    leased: bool,
    consumers: Vec<Consumer>,
    /// Calls whose consumer is gone, and that may still land.
    loose: Vec<Claim>,
    posts: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// A message comes, for the first time or once more.
    Deliver,
    LeaseRunsOut,
    /// The call leaves.
    Send(usize),
    Land(usize),
    LandLoose(usize),
    /// It can no longer land.
    Expire(usize),
    ExpireLoose(usize),
    /// The platform's yes arrives.
    Hear(usize),
    /// The platform's no arrives.
    Refuse(usize),
    /// No answer arrives.
    Timeout(usize),
    Crash(usize),
}

/// How many consumers, and how many loose calls.
const MOST: usize = 2;

impl Way {
    const fn call_dies_with_lease(self) -> bool {
        matches!(self, Self::LookAfterLease | Self::LookAfterLeaseAndCheck)
    }

    fn claim(self, world: &mut World) -> Option<()> {
        let is_first = match (self, world.state) {
            (Self::Naive, State::Published) | (_, State::Published | State::Asked) => return None,
            (Self::Naive, _) | (_, State::Due) => true,
            (_, State::Claimed) if world.leased => return None,
            (_, State::Claimed) => false,
        };
        if self != Self::Naive {
            for old in &mut world.consumers {
                old.claim = Claim::Old;
            }
            world.loose.fill(Claim::Old);
            world.state = State::Claimed;
            world.leased = true;
        }
        match self {
            _ if is_first => {}
            Self::AskAPerson => {
                world.state = State::Asked;
                return Some(());
            }
            Self::LookAtOnce | Self::LookAfterLease | Self::LookAfterLeaseAndCheck
                if world.posts > 0 =>
            {
                world.state = State::Published;
                return Some(());
            }
            _ => {}
        }
        world.consumers.push(Consumer {
            claim: Claim::Newest,
            call: None,
        });
        Some(())
    }

    fn timeout(self, world: &mut World, at: usize) -> Option<()> {
        let (claim, call) = world.lose(at)?;
        match self {
            Self::LookAtOnce if world.posts > 0 => world.write(claim, State::Published),
            Self::LookAtOnce => world.consumers.push(Consumer { claim, call: None }),
            Self::AskAPerson => world.write(claim, State::Asked),
            // The next message, or the next claim, goes on.
            _ => {}
        }
        call.map(drop)
    }
}

impl World {
    /// A consumer goes; its call goes on.
    fn lose(&mut self, at: usize) -> Option<(Claim, Option<Call>)> {
        let Consumer { claim, call } = self.consumers.remove(at);
        if call.is_some_and(|call| call.in_flight && !call.landed) {
            if self.loose.len() == MOST {
                return None;
            }
            self.loose.push(claim);
        }
        Some((claim, call))
    }

    /// Guarded by the claim.
    fn write(&mut self, claim: Claim, state: State) {
        if claim == Claim::Newest {
            self.state = state;
            self.leased = false;
        }
    }
}

impl Model for Way {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            state: State::Due,
            leased: false,
            consumers: Vec::new(),
            loose: Vec::new(),
            posts: 0,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.consumers.len() < MOST {
            actions.push(Action::Deliver);
        }
        actions.push(Action::LeaseRunsOut);
        for (at, consumer) in world.consumers.iter().enumerate() {
            actions.push(Action::Crash(at));
            let Some(call) = consumer.call else {
                actions.push(Action::Send(at));
                continue;
            };
            actions.push(Action::Timeout(at));
            if call.landed {
                actions.push(Action::Hear(at));
            } else if call.in_flight {
                actions.extend([Action::Land(at), Action::Refuse(at), Action::Expire(at)]);
            }
        }
        for at in 0..world.loose.len() {
            actions.extend([Action::LandLoose(at), Action::ExpireLoose(at)]);
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Deliver => self.claim(&mut world)?,
            Action::LeaseRunsOut => {
                let is_flying = |consumer: &Consumer| {
                    consumer.claim == Claim::Newest
                        && consumer.call.is_some_and(|call| call.in_flight)
                };
                let flies =
                    world.consumers.iter().any(is_flying) || world.loose.contains(&Claim::Newest);
                if flies && self.call_dies_with_lease() {
                    return None;
                }
                world.leased = false;
            }
            Action::Send(at) => {
                let holds = world.leased && world.consumers[at].claim == Claim::Newest;
                if *self == Self::LookAfterLeaseAndCheck && !holds {
                    world.consumers.remove(at);
                } else {
                    world.consumers[at].call = Some(Call {
                        landed: false,
                        in_flight: true,
                    });
                }
            }
            Action::Land(at) => {
                world.consumers[at].call.as_mut()?.landed = true;
                world.posts += 1;
            }
            Action::LandLoose(at) => {
                world.loose.remove(at);
                world.posts += 1;
            }
            Action::Expire(at) => world.consumers[at].call.as_mut()?.in_flight = false,
            Action::ExpireLoose(at) => {
                world.loose.remove(at);
            }
            Action::Hear(at) => {
                let claim = world.consumers.remove(at).claim;
                world.write(claim, State::Published);
            }
            Action::Refuse(at) => {
                let claim = world.consumers.remove(at).claim;
                if *self != Self::Naive {
                    world.write(claim, State::Due);
                }
            }
            Action::Timeout(at) => self.timeout(&mut world, at)?,
            Action::Crash(at) => {
                world.lose(at)?;
            }
        }
        world.consumers.sort_unstable();
        world.loose.sort_unstable();
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, world: &World| world.posts <= 1),
            Property::always("published means posted", |_, world: &World| {
                world.state != State::Published || world.posts > 0
            }),
            Property::sometimes(
                "a call flies when its consumer is gone",
                |_, world: &World| !world.loose.is_empty(),
            ),
        ]
    }
}

const ONCE: &str = "posted once";

#[track_caller]
fn posts_twice(way: Way, steps: usize) {
    fails(&format!("{way:?}"), || way, ONCE, steps);
}

#[track_caller]
fn posts_once(way: Way, at_least: usize) {
    let checker = way.checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    summary(&format!("{way:?}: posts once in {states} states"));
    checker.assert_properties();
    assert!(states >= at_least, "{states} states, not {at_least}");
}

#[test]
fn read_post_mark_posts_twice() {
    posts_twice(Way::Naive, 6);
}

#[test]
fn a_lease_and_a_retry_post_twice() {
    posts_twice(Way::LeaseAndRetry, 7);
}

#[test]
fn looking_at_once_posts_twice() {
    posts_twice(Way::LookAtOnce, 6);
}

#[test]
fn looking_after_the_lease_without_a_check_posts_twice() {
    posts_twice(Way::LookAfterLease, 7);
}

#[test]
fn looking_after_the_lease_with_a_check_in_the_moment_of_the_call_posts_once() {
    posts_once(Way::LookAfterLeaseAndCheck, 10);
}

#[test]
fn asking_a_person_posts_once() {
    posts_once(Way::AskAPerson, 10);
}
