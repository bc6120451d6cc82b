//! One run: a town, a while of life under faults, then calm until everything has come to rest, then the reckoning.

use super::announced;
use super::creators;
use super::executor::{Core, Executor};
use super::fate::{Plan, Rates};
use super::following;
use super::mutations::Mutation;
use super::people::{People, Writing};
use super::reckoning;
use super::rules::Violation;
use super::tally::Tally;
use super::town::{Habits, Town, Workshop};
use crate::sandbox::faults::{Effect, Fault, On};
use crate::sandbox::refusals::Refusal;
use crate::support::clock::START;
use futures_util::future::join;
use std::sync::Arc;

/// In ms.
pub const MINUTE: i64 = 60_000;

/// What one run came to.
pub struct Outcome {
    pub violations: Vec<Violation>,
    pub tally: Tally,
    pub trace: Vec<String>,
}

/// Lives one seed. The same seed lives the same life.
pub fn live(workshop: &Workshop, seed: u64, mutation: Option<Mutation>, traced: bool) -> Outcome {
    let core = Core::new(START.millis(), seed, Plan::Calm, traced);
    let mut executor = Executor::new(&core);
    let habits = habits(&core);
    core.note(|| format!("seed {seed}: {habits:?}"));
    let town = Town::new(workshop, &core, seed, &habits, mutation);
    let people = People::of(&town);
    let rates = Rates::drawn(&mut core.lock());
    core.note(|| format!("{rates:?}"));
    core.lock().plan = Plan::Drawn(rates);
    script_x(&town);
    plan_lives(&people);
    if habits.follows {
        creators::furnish(&town);
        creators::script(&town);
        let crowded = core.chance(600).then(|| core.between(0, 4 * MINUTE));
        creators::plan(&town, crowded);
        following::plan(&people, crowded);
    }
    let begin = core.now();
    town.run_until(&mut executor, begin + 9 * MINUTE, &|| false);
    come_to_rest(&people, &mut executor);
    reckoning::reckon(&people);
    finish(&core, begin)
}

/// What a core has seen, once its run is over.
pub fn finish(core: &Core, begin: i64) -> Outcome {
    let now = core.now();
    let mut state = core.lock();
    state.tally.runs = 1;
    state.tally.virtual_ms = now - begin;
    Outcome {
        violations: std::mem::take(&mut state.violations),
        tally: std::mem::take(&mut state.tally),
        trace: state.trace.take().unwrap_or_default(),
    }
}

fn habits(core: &Core) -> Habits {
    Habits {
        post_limit: if core.chance(300) {
            3 + u32::try_from(core.below(4)).unwrap()
        } else {
            0
        },
        resend: [core.chance(500), core.chance(500)],
        missed_after_ms: if core.chance(200) {
            core.between(1, 6) * MINUTE
        } else {
            0
        },
        x_knows_duplicates: core.chance(300),
        timeline_lag: if core.chance(300) {
            core.between(1_000, 60_000)
        } else {
            0
        },
        family_kill: core.chance(500),
        shared_user: core.chance(200),
        token_life_ms: if core.chance(300) {
            core.between(5, 12) * MINUTE
        } else {
            0
        },
        follows: core.chance(250),
        youtube_key: core.chance(300),
    }
}

/// Calm, the day after: no faults, and people look after what needs them, until nothing waits.
pub fn come_to_rest(people: &Arc<People>, executor: &mut Executor) {
    let town = &people.town;
    let core = &town.core;
    core.note(|| "calm".to_owned());
    core.lock().plan = Plan::Calm;
    town.x.lock().unwrap().clear_faults();
    town.tube.lock().unwrap().clear_outages();
    // Whatever is still under way in the old weather ends.
    town.run_until(executor, core.now() + 3 * MINUTE, &|| false);
    let since = core.now();
    for _ in 0..6 {
        for at in reckoning::to_reconnect(people) {
            let people = Arc::clone(people);
            town.meanwhile(async move {
                people.connect(at).await;
            });
        }
        // However silent the hub is: no channel waits for longer to be looked at.
        let calm = || announced::is_calm(people, since);
        if !calm() {
            town.run_with_ticks(executor, 5 * MINUTE, core.now() + 8 * 60 * MINUTE, &calm);
        }
        let resting = || reckoning::waiting(people) == 0;
        town.run_until(executor, core.now() + 100 * MINUTE, &resting);
        let decisions = reckoning::undecided(people);
        if decisions.is_empty() && resting() {
            return;
        }
        for decision in decisions {
            let people = Arc::clone(people);
            town.meanwhile(async move { people.decide(decision).await });
        }
    }
}

// Refusals and troubles that X has by itself.
fn script_x(town: &Town) {
    let core = &town.core;
    let mut x = town.x.lock().unwrap();
    if core.lock().plan.rates().drag > 0 {
        x.script(Fault::next(
            On::Create,
            Effect::status(Refusal::CreditsDepleted),
        ));
    }
    for _ in 0..core.below(5) {
        let effect = match core.below(14) {
            0 => Effect::status(Refusal::ServiceUnavailable),
            1 => Effect::AcceptThenStatus {
                name: Refusal::ServiceUnavailable,
            },
            2 => Effect::AcceptThenEmpty201,
            3 => Effect::AcceptThenDrop,
            4 => Effect::AcceptThenHang,
            5 => Effect::HangBefore,
            6 => Effect::DropBefore,
            7 => Effect::Status {
                name: Refusal::RateLimit,
                reset_after_s: 30 + u32::try_from(core.below(300)).unwrap(),
            },
            8 => Effect::status(Refusal::CreditsDepleted),
            9 => Effect::status(Refusal::Unauthorized),
            10 => Effect::status(Refusal::Forbidden),
            11 => Effect::status(Refusal::ServerError),
            12 => Effect::status(Refusal::Duplicate),
            _ => Effect::Delay {
                ms: core.below(30_000),
            },
        };
        let on = [
            On::Create,
            On::Create,
            On::Create,
            On::Delete,
            On::Refresh,
            On::Timeline,
            On::UsersMe,
        ];
        let on = on[usize::try_from(core.below(7)).unwrap()];
        let times = 1 + u32::try_from(core.below(3)).unwrap();
        let after = u32::try_from(core.below(4)).unwrap();
        core.note(|| format!("X will {effect:?} {times} times on {on:?} after {after}"));
        x.script(Fault::next(on, effect).times(times).after(after));
    }
}

fn plan_lives(people: &Arc<People>) {
    let town = &people.town;
    let core = &town.core;
    let posts = 1 + core.below(3);
    let mut last: Vec<String> = Vec::new();
    for number in 0..posts {
        let writing = writing(people, number, &last);
        last.clone_from(&writing.texts);
        let begin = core.between(0, 4 * MINUTE) * core.between(0, 1);
        let (friend, clock) = (Arc::clone(people), Arc::clone(core));
        town.meanwhile(async move {
            clock.sleep(begin).await;
            if let Some(at) = friend.write(writing).await {
                meddle(&friend, at).await;
            }
        });
    }
    trouble(people);
    outage(people);
}

// X takes nothing of the app for a while, until somebody has paid.
fn outage(people: &Arc<People>) {
    let core = &people.town.core;
    if !core.chance(120) {
        return;
    }
    let refusal = [
        Refusal::CreditsDepleted,
        Refusal::SpendCap,
        Refusal::ClientNotEnrolled,
    ];
    let refusal = refusal[usize::try_from(core.below(3)).unwrap()];
    let (when, long) = (core.between(0, 5 * MINUTE), core.between(0, 20 * MINUTE));
    let says_so = core.chance(500);
    let (friend, clock) = (Arc::clone(people), Arc::clone(core));
    people.town.meanwhile(async move {
        clock.sleep(when).await;
        clock.note(|| format!("X refuses the app: {refusal:?}"));
        let all = Fault::next(On::Create, Effect::status(refusal)).times(1_000);
        friend.town.x.lock().unwrap().script(all);
        clock.sleep(long).await;
        friend.town.x.lock().unwrap().clear_faults();
        clock.note(|| "X accepts the app again".to_owned());
        if says_so {
            friend.resume().await;
        }
    });
}

fn writing(people: &People, number: u64, last: &[String]) -> Writing {
    let core = &people.town.core;
    let workspace = usize::from(core.chance(400));
    let theirs: Vec<usize> = (0..people.town.accounts.len())
        .filter(|at| people.town.accounts[*at].workspace == workspace)
        .collect();
    let mut accounts: Vec<usize> = theirs
        .iter()
        .copied()
        .filter(|_| core.chance(500))
        .collect();
    if accounts.is_empty() {
        accounts.push(theirs[0]);
    }
    let parts = if core.chance(400) {
        2 + core.below(3)
    } else {
        1
    };
    let texts = if !last.is_empty() && core.chance(120) {
        last.to_vec()
    } else {
        (0..parts)
            .map(|part| format!("post {number} part {part} & so on https://example.com/{number}"))
            .collect()
    };
    let publish_at = core
        .chance(300)
        .then(|| core.now() + core.between(10_000, 8 * MINUTE));
    let key = core.chance(850).then(|| format!("key-{number}"));
    Writing {
        workspace,
        accounts,
        texts,
        publish_at,
        key,
    }
}

// What an author does with a post after it was accepted.
async fn meddle(people: &Arc<People>, at: usize) {
    let core = &people.town.core;
    // Some look now and then, some cannot leave it alone, and some want one thing, at once.
    let drags = core.lock().plan.rates().drag > 0;
    if drags || core.chance(120) {
        let edits = core.below(3) == 0;
        for _ in 0..20 {
            core.sleep(core.between(0, 12_000)).await;
            let over = if edits {
                people.edit(at).await
            } else {
                people.cancel(at).await
            };
            if over {
                return;
            }
        }
        return;
    }
    let (deeds, pause) = if core.chance(200) {
        (10, MINUTE / 2)
    } else {
        (core.below(4), 3 * MINUTE)
    };
    for _ in 0..deeds {
        core.sleep(core.between(0, pause)).await;
        match core.below(12) {
            0..=2 => drop(people.cancel(at).await),
            3..=4 => people.retry(at).await,
            5..=6 => drop(people.edit(at).await),
            7 => people.decide_hastily(at).await,
            8..=9 => people.delete(at).await,
            _ => people.look(at).await,
        }
    }
}

// What happens to accounts meanwhile.
fn trouble(people: &Arc<People>) {
    let town = &people.town;
    let core = &town.core;
    for _ in 0..core.below(4) {
        let when = core.between(0, 7 * MINUTE);
        let at = usize::try_from(core.below(u64::try_from(town.accounts.len()).unwrap())).unwrap();
        let what = core.below(14);
        let (friend, clock) = (Arc::clone(people), Arc::clone(core));
        town.meanwhile(async move {
            clock.sleep(when).await;
            let username = friend.town.accounts[at].username;
            match what {
                0 => friend.unlink(at).await,
                1 => {
                    friend.town.x.lock().unwrap().revoke_user(username);
                    clock.sleep(clock.between(0, 4 * MINUTE)).await;
                    friend.connect(at).await;
                }
                2 => {
                    friend.connect(at).await;
                }
                3..=5 => friend.town.x.lock().unwrap().expire_tokens(),
                6..=7 => friend.refresh(at).await,
                8 => drop(join(friend.refresh(at), friend.refresh(at)).await),
                9 | 10 => friend.begin_connect(at, format!("connect {when}")).await,
                _ => {
                    let number = clock.below(1_000_000);
                    friend.write_by_hand(username, &format!("by hand {number}"));
                }
            }
        });
    }
}
