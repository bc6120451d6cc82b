//! The gates: the real logic on its own storage, in objects that die, are replaced, and for a moment are two.
//!
//! What a Durable Object's runtime promises and this keeps: between two awaits nothing else runs in an object; what it
//! wrote is durable before a call made afterwards leaves; and an object that has been replaced can no longer write.
//! What it does not promise, and this does: it may end at any await, its caller may be told that it is lost while it goes
//! on, a call may reach it long after it was made, and a call whose caller is gone may never be continued.

use super::executor::{Core, Kind, ProcessId, WORLD};
use super::fate::{Fate, Plan, Point};
use super::mutations::Mutation;
use super::oneshot;
use crate::support::SqliteGate;
use futures_util::future::{Either, select};
use godwit::app::App;
use godwit::gate::{Gate, GateName, GatePorts, GateReply, GateRequest, ReconcileAnswer};
use godwit::ports::{GateLost, GateStorage, Gates, Pending, ResultSet, Statement, StorageError};
use godwit::time::Timestamp;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// How long a caller waits, in ms: what the Worker's adapter does.
const DEADLINE_MS: i64 = 50_000;

/// A gate's name and what is kept of it.
struct House {
    storage: Arc<SqliteGate>,
    /// The life that may write.
    newest: Arc<AtomicU64>,
    living: Option<(ProcessId, Arc<Gate>)>,
}

/// All gates of a world.
pub struct SimGates {
    pub core: Arc<Core>,
    pub mutation: Option<Mutation>,
    houses: Mutex<BTreeMap<String, House>>,
    spare: Mutex<Vec<Arc<SqliteGate>>>,
    app: OnceLock<App>,
    // Whose gate a process is, and in which of its lives.
    names: Mutex<BTreeMap<ProcessId, (String, u64)>>,
}

impl SimGates {
    /// No gate yet; `spare` are empty storages.
    pub fn new(core: &Arc<Core>, mutation: Option<Mutation>, spare: Vec<Arc<SqliteGate>>) -> Self {
        Self {
            core: Arc::clone(core),
            mutation,
            houses: Mutex::default(),
            spare: Mutex::new(spare),
            app: OnceLock::new(),
            names: Mutex::default(),
        }
    }

    /// What every gate works with.
    pub fn furnish(&self, app: &App) {
        assert!(self.app.set(app.clone()).is_ok());
    }

    /// The storage of a process that is a gate, with its name.
    pub fn of(&self, process: ProcessId) -> Option<(String, Arc<SqliteGate>)> {
        let (name, _) = self.names.lock().unwrap().get(&process)?.clone();
        let storage = Arc::clone(&self.houses.lock().unwrap().get(&name)?.storage);
        Some((name, storage))
    }

    /// Whether the object that a process is may still write: no other has taken its place.
    pub fn may_write(&self, process: ProcessId) -> bool {
        let names = self.names.lock().unwrap();
        let houses = self.houses.lock().unwrap();
        names.get(&process).is_some_and(|(name, life)| {
            let newest = houses.get(name).map(|house| &house.newest);
            newest.is_some_and(|newest| newest.load(Ordering::Relaxed) == *life)
        })
    }

    /// What is kept of every account's gate.
    pub fn storages(&self) -> Vec<Arc<SqliteGate>> {
        let houses = self.houses.lock().unwrap();
        let accounts = houses.iter().filter(|(name, _)| !GateName::is_app(name));
        accounts
            .map(|(_, house)| Arc::clone(&house.storage))
            .collect()
    }

    /// When the next gate wants to be woken.
    pub fn next_alarm(&self) -> Option<i64> {
        let houses = self.houses.lock().unwrap();
        houses
            .values()
            .filter_map(|house| Some(house.storage.alarm()?.millis()))
            .min()
    }

    /// Wakes the gates whose time has come. An alarm is over when it begins; one whose process ends comes again.
    pub fn ring(self: &Arc<Self>) {
        let now = Timestamp::from_millis(self.core.now());
        let due: Vec<(String, Arc<SqliteGate>)> = {
            let houses = self.houses.lock().unwrap();
            let due = houses
                .iter()
                .filter(|(_, house)| house.storage.alarm().is_some_and(|at| at <= now));
            due.map(|(name, house)| (name.clone(), Arc::clone(&house.storage)))
                .collect()
        };
        for (name, storage) in due {
            storage.wake_at(None).unwrap();
            let (process, gate) = self.living(&name);
            let again = Again {
                core: Arc::clone(&self.core),
                storage,
                done: false,
            };
            self.core.spawn(process, async move {
                let mut again = again;
                gate.wake().await;
                again.done = true;
            });
        }
    }

    // A request has come to the gate of this name.
    fn arrive(
        self: &Arc<Self>,
        name: &str,
        request: GateRequest,
        answer: oneshot::Sender<GateReply>,
    ) -> u64 {
        self.disturb(name);
        let alone = self.mutation == Some(Mutation::SingleFlight)
            && !matches!(request, GateRequest::Send(_));
        let (process, gate) = if alone {
            self.open(name, false)
        } else {
            self.living(name)
        };
        let blind = self.mutation == Some(Mutation::Reconcile)
            && matches!(request, GateRequest::Reconcile(_));
        self.core.spawn(process, async move {
            let reply = if blind {
                GateReply::Reconcile(ReconcileAnswer::NotFound {
                    doubted_before: false,
                    read: 0,
                })
            } else {
                gate.ask(request).await
            };
            answer.send(reply);
        })
    }

    // By the seed, the object of this name ends, or a second one takes its place while it still runs.
    fn disturb(&self, name: &str) {
        let rate = match &self.core.lock().plan {
            Plan::Drawn(rates) => rates.end,
            _ => return,
        };
        if !self.core.chance(rate) {
            return;
        }
        let Some((process, _)) = self
            .houses
            .lock()
            .unwrap()
            .get_mut(name)
            .and_then(|house| house.living.take())
        else {
            return;
        };
        if self.core.chance(500) {
            self.core.note(|| format!("gate {name} ends"));
            self.core.lock().tally.gates_replaced += 1;
            self.core.kill(process);
        } else {
            self.core
                .note(|| format!("gate {name} is replaced while it runs"));
            self.core.lock().tally.gates_doubled += 1;
        }
    }

    fn living(&self, name: &str) -> (ProcessId, Arc<Gate>) {
        let known = self
            .houses
            .lock()
            .unwrap()
            .get(name)
            .and_then(|house| house.living.clone());
        match known {
            Some(living) if self.core.is_alive(living.0) => living,
            _ => self.open(name, true),
        }
    }

    fn open(&self, name: &str, lasts: bool) -> (ProcessId, Arc<Gate>) {
        let app = self.app.get().unwrap();
        let process = self.core.process(Kind::Gate);
        let mut houses = self.houses.lock().unwrap();
        let house = houses.entry(name.to_owned()).or_insert_with(|| House {
            storage: self.spare.lock().unwrap().pop().unwrap_or_default(),
            newest: Arc::default(),
            living: None,
        });
        if lasts {
            house.newest.fetch_add(1, Ordering::Relaxed);
        }
        let life = house.newest.load(Ordering::Relaxed);
        let known = (name.to_owned(), life);
        self.names.lock().unwrap().insert(process, known);
        let ports = GatePorts {
            config: Arc::clone(&app.config),
            storage: Arc::new(Storage {
                inner: Arc::clone(&house.storage),
                newest: Arc::clone(&house.newest),
                life,
                mutation: self.mutation,
            }),
            database: Arc::clone(&app.database),
            gates: Arc::clone(&app.gates),
            http: Arc::clone(&app.http),
            clock: Arc::clone(&app.clock),
            random: Arc::clone(&app.random),
            log: Arc::clone(&app.log),
        };
        let living = (process, Arc::new(Gate::open(name, ports).unwrap()));
        if lasts {
            house.living = Some(living.clone());
        }
        living
    }
}

/// The storage as one life of a gate has it.
struct Storage {
    inner: Arc<SqliteGate>,
    newest: Arc<AtomicU64>,
    life: u64,
    mutation: Option<Mutation>,
}

impl GateStorage for Storage {
    fn execute(&self, statement: Statement) -> Result<ResultSet, StorageError> {
        if self.newest.load(Ordering::Relaxed) != self.life {
            return Err(StorageError::Failed(
                "another object has taken over".to_owned(),
            ));
        }
        match self
            .mutation
            .map(|mutation| mutation.at_gate(statement.clone()))
        {
            Some(Ok(changed)) => self.inner.execute(changed),
            Some(Err(made_up)) => Ok(made_up),
            None => self.inner.execute(statement),
        }
    }

    fn wake_at(&self, at: Option<Timestamp>) -> Result<(), StorageError> {
        if self.newest.load(Ordering::Relaxed) != self.life {
            return Err(StorageError::Failed(
                "another object has taken over".to_owned(),
            ));
        }
        self.inner.wake_at(at)
    }
}

/// An alarm at work.
struct Again {
    core: Arc<Core>,
    storage: Arc<SqliteGate>,
    done: bool,
}

impl Drop for Again {
    fn drop(&mut self) {
        if !self.done {
            let soon = Timestamp::from_millis(self.core.now()).plus_ms(2_000);
            self.storage.wake_at(Some(soon)).unwrap();
        }
    }
}

/// The gates as an invocation sees them.
pub struct Doors(pub Arc<SimGates>);

impl Gates for Doors {
    fn call(
        &self,
        gate: &GateName,
        request: GateRequest,
    ) -> Pending<'_, Result<GateReply, GateLost>> {
        let (gates, name) = (Arc::clone(&self.0), gate.as_str().to_owned());
        Box::pin(async move {
            let core = Arc::clone(&gates.core);
            let fate = core.fate(Point::Gate, || format!("{name} {}", brief(&request)));
            if matches!(request, GateRequest::Reconcile(_)) {
                core.lock().tally.reconciles += 1;
            }
            let lost = |why: &str| Err(GateLost(why.to_owned()));
            let travel = match fate {
                Fate::EndBefore => {
                    core.end().await;
                    return lost("never");
                }
                Fate::FailBefore => {
                    core.sleep(core.between(0, 200)).await;
                    return lost("not reached");
                }
                Fate::HangBefore(_) => {
                    core.sleep(DEADLINE_MS).await;
                    return lost("no answer in time");
                }
                Fate::Slow(ms) => ms,
                Fate::FailAfter | Fate::EndAfter => core.between(0, 40_000) * core.between(0, 1),
                _ => core.between(0, 40) * core.between(0, 1),
            };
            let (answer, answered) = oneshot::channel();
            let call = Arc::new(Call::default());
            let (courier, office, task) =
                (Arc::clone(&core), Arc::clone(&gates), Arc::clone(&call));
            let to = name.clone();
            core.spawn(WORLD, async move {
                courier.sleep(travel).await;
                let number = office.arrive(&to, request, answer);
                *task.0.lock().unwrap() = Some(number);
            });
            let guard = Caller {
                core: Arc::clone(&core),
                call,
            };
            match fate {
                Fate::EndAfter => {
                    core.end().await;
                }
                Fate::FailAfter => {
                    core.sleep(core.between(0, 10_000)).await;
                    return lost("the connection broke");
                }
                Fate::HangAfter(_) => {
                    core.sleep(DEADLINE_MS).await;
                    return lost("no answer in time");
                }
                _ => {}
            }
            let reply = match select(answered, pin!(core.sleep(DEADLINE_MS))).await {
                Either::Left((Some(reply), _)) => Ok(reply),
                Either::Left((None, _)) => lost("the object ended"),
                Either::Right(_) => lost("no answer in time"),
            };
            core.note(|| format!("gate {name} answers {}", short(&reply)));
            guard.done();
            reply
        })
    }
}

/// The task that works on a call, once it has come.
#[derive(Default)]
struct Call(Mutex<Option<u64>>);

/// Who waits for a gate. When the waiting ends before the answer, the runtime may stop continuing the call.
struct Caller {
    core: Arc<Core>,
    call: Arc<Call>,
}

impl Caller {
    fn done(self) {
        self.call.0.lock().unwrap().take();
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let task = self.call.0.lock().unwrap().take();
        let drawn = matches!(self.core.lock().plan, Plan::Drawn(_));
        if let Some(task) = task.filter(|_| drawn && self.core.chance(300)) {
            self.core
                .note(|| "nobody continues the gate's call".to_owned());
            self.core.abandon(task);
        }
    }
}

fn brief(request: &GateRequest) -> String {
    match request {
        GateRequest::Send(part) => format!(
            "send {}/{} e{} r{}",
            part.part.delivery_id, part.part.position, part.epoch, part.round
        ),
        GateRequest::Reconcile(part) => format!(
            "reconcile {}/{} e{}",
            part.part.delivery_id, part.part.position, part.epoch
        ),
        other => short(other),
    }
}

fn short(thing: &impl std::fmt::Debug) -> String {
    format!("{thing:?}").chars().take(160).collect()
}
