//! The crash matrix: a short life, and the end of a process at every single port call of it, before and after its
//! effect; and at every pair of them. Not a sample: all of one crash and all of two.

use super::driver::on_all_cores;
use super::executor::{Core, Executor};
use super::fate::Plan;
use super::people::{People, Promise, Writing};
use super::reckoning;
use super::run::{Outcome, come_to_rest, finish};
use super::town::{Habits, Town, Workshop};
use crate::sandbox::faults::{Effect, Fault, On};
use crate::sandbox::refusals::Refusal;
use crate::support::clock::START;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A short life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// A post, at once.
    Post,
    /// A thread of three.
    Thread,
    /// A post whose account's token has ended.
    EndedToken,
    /// A post that X takes without a word.
    SilentX,
    /// A post for later.
    Scheduled,
    /// The second part of a thread, which X takes without a word.
    SilentThread,
    /// A post that is taken back after a while.
    Canceled,
    /// A post that is edited before its time.
    Edited,
    /// A post that X takes without a word, and of which a person says where it is.
    Found,
    /// A post that never arrives, and that a person sends again.
    SentAgain,
    /// A post of an app without credits, which are bought a minute later.
    Paused,
    /// A thread of two that is deleted when it is there.
    Deleted,
}

/// Ends a process at these calls (by number, and whether after the effect), brings the story to its end and reckons.
/// Gives how many calls there were as well.
fn tell(workshop: &Workshop, story: Story, ends: &[(u64, bool)], traced: bool) -> (Outcome, u64) {
    let core = Core::new(START.millis(), 7, Plan::Calm, traced);
    let mut executor = Executor::new(&core);
    let town = Town::new(workshop, &core, 7, &Habits::default(), None);
    let people = People::of(&town);
    let begin = core.now();
    core.lock().plan = Plan::Ends {
        at: ends.to_vec(),
        seen: 0,
    };
    begin_story(story, &people);
    let is_done = |promise: &Promise| story != Story::Deleted || promise.is_wanted_no_more();
    let resting = || {
        let promises = people.promises.lock().unwrap();
        !promises.is_empty() && promises.iter().all(is_done) && reckoning::waiting(&people) == 0
    };
    town.run_until(&mut executor, begin + 20 * 60_000, &resting);
    let plan = std::mem::take(&mut core.lock().plan);
    let Plan::Ends { seen, .. } = plan else {
        unreachable!("the plan was set above")
    };
    come_to_rest(&people, &mut executor);
    reckoning::reckon(&people);
    let or_otherwise = match story {
        Story::Canceled => &["canceled"][..],
        Story::Deleted => &["deleted", "canceled"],
        _ => &[],
    };
    reckoning::all_published(&people, or_otherwise);
    (finish(&core, begin), seen)
}

fn begin_story(story: Story, people: &Arc<People>) {
    let town = &people.town;
    let silent = |after| Fault::next(On::Create, Effect::AcceptThenHang).after(after);
    let parts = match story {
        Story::Thread | Story::SilentThread => 3,
        Story::Deleted => 2,
        _ => 1,
    };
    match story {
        Story::EndedToken => town.x.lock().unwrap().expire_tokens(),
        Story::SilentX | Story::Found => town.x.lock().unwrap().script(silent(0)),
        Story::SilentThread => town.x.lock().unwrap().script(silent(1)),
        Story::SentAgain => town
            .x
            .lock()
            .unwrap()
            .script(Fault::next(On::Create, Effect::HangBefore)),
        Story::Paused => {
            town.x.lock().unwrap().script(
                Fault::next(On::Create, Effect::status(Refusal::CreditsDepleted)).times(1_000),
            );
        }
        _ => {}
    }
    let later = matches!(story, Story::Scheduled | Story::Edited | Story::Canceled);
    let writing = Writing {
        workspace: 0,
        accounts: vec![0],
        texts: (0..parts).map(|part| format!("part {part}")).collect(),
        publish_at: later.then(|| town.core.now() + 150_000),
        key: Some("a key".to_owned()),
    };
    let friend = Arc::clone(people);
    town.meanwhile(async move {
        let Some(at) = friend.write(writing).await else {
            return;
        };
        match story {
            Story::Edited => drop(friend.edit(at).await),
            Story::Canceled => drop(friend.cancel(at).await),
            Story::Found | Story::SentAgain => friend.watch(at).await,
            Story::Deleted => friend.delete_at_last(at).await,
            Story::Paused => {
                friend.town.core.sleep(60_000).await;
                friend.town.x.lock().unwrap().clear_faults();
                friend.resume().await;
            }
            _ => {}
        }
    });
}

/// Every end of one process, and of every two. Gives how many lives that were.
pub fn explore(story: Story) -> u64 {
    let (calm, calls) = tell(&Workshop::new(), story, &[], false);
    assert!(
        calm.violations.is_empty(),
        "{story:?} without an end: {:?}",
        calm.violations
    );
    let lives = AtomicU64::new(1);
    on_all_cores(2 * calls, |workshop, number| {
        let first = (number / 2 + 1, number % 2 == 1);
        let calls = check(workshop, story, &[first]);
        lives.fetch_add(1, Ordering::Relaxed);
        for second in first.0 + 1..=calls {
            for after in [false, true] {
                check(workshop, story, &[first, (second, after)]);
                lives.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    lives.into_inner()
}

fn check(workshop: &Workshop, story: Story, ends: &[(u64, bool)]) -> u64 {
    let (outcome, calls) = tell(workshop, story, ends, false);
    if !outcome.violations.is_empty() {
        super::driver::show(&tell(workshop, story, ends, true).0);
        panic!(
            "{story:?} with processes ending at {ends:?} breaks {:?}",
            outcome.violations
        );
    }
    calls
}
