//! The world's heart: tasks that a seed interleaves at every await, a clock that moves only when nobody can go on, and
//! processes that end in the middle of whatever they do.
//!
//! Everything is one thread. A task runs until its future waits; which of those that can go on does so next is drawn
//! from the seed. The same seed takes the same way.

use super::fate::{Fate, Plan, Point};
use super::rules::Violation;
use super::tally::Tally;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

type Body = Pin<Box<dyn Future<Output = ()>>>;

/// A process: what ends as a whole.
pub type ProcessId = usize;

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An invocation of the Worker for an HTTP request.
    Request,
    /// An invocation of the Worker for a batch of messages.
    Consumer,
    /// An invocation of the Worker for a cron trigger.
    Cron,
    /// One life of a gate.
    Gate,
    /// What is not ours and never ends: people, networks, X.
    World,
}

struct Process {
    kind: Kind,
    alive: bool,
}

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    id: u64,
    process: ProcessId,
    body: Body,
    ready: Arc<Ready>,
}

thread_local! {
    // Tasks that were started since the last step. Not behind the lock, as a future is not `Send`.
    static NEWBORN: RefCell<Vec<Task>> = const { RefCell::new(Vec::new()) };
}

/// What every part of the world shares.
pub struct Core {
    state: Mutex<State>,
}

/// The state behind [`Core::lock`].
pub struct State {
    now: i64,
    next: u64,
    timers: BTreeMap<(i64, u64), Waker>,
    random: u64,
    current: ProcessId,
    processes: Vec<Process>,
    abandoned: Vec<u64>,
    deaths: Vec<ProcessId>,
    /// How calls of ports are treated.
    pub plan: Plan,
    /// What was seen.
    pub tally: Tally,
    /// Every step, when somebody wants to read it.
    pub trace: Option<Vec<String>>,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
    /// How often a person had a delivery sent again while it was uncertain.
    pub again: BTreeMap<String, u64>,
}

/// The process of everything that is not ours.
pub const WORLD: ProcessId = 0;

impl Core {
    /// A world at this time, whose every choice follows from the seed.
    pub fn new(now: i64, seed: u64, plan: Plan, traced: bool) -> Arc<Self> {
        let world = Process {
            kind: Kind::World,
            alive: true,
        };
        Arc::new(Self {
            state: Mutex::new(State {
                now,
                next: 0,
                timers: BTreeMap::new(),
                random: seed,
                current: WORLD,
                processes: vec![world],
                abandoned: Vec::new(),
                deaths: Vec::new(),
                plan,
                tally: Tally::default(),
                trace: traced.then(Vec::new),
                violations: Vec::new(),
                again: BTreeMap::new(),
            }),
        })
    }

    /// The shared state. Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Now, in epoch ms.
    pub fn now(&self) -> i64 {
        self.lock().now
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.lock().below(bound)
    }

    /// True in `per_mille` of 1000 cases.
    pub fn chance(&self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A number of `from..=to`.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to - from + 1).unwrap();
        from + i64::try_from(self.below(span)).unwrap()
    }

    /// Notes a step, if anybody wants to read it.
    pub fn note(&self, text: impl FnOnce() -> String) {
        let mut state = self.lock();
        if state.trace.is_some() {
            let line = format!(
                "{:>9} p{:<3} {}",
                state.now % 100_000_000,
                state.current,
                text()
            );
            if let Some(trace) = &mut state.trace {
                trace.push(line);
            }
        }
    }

    /// The process whose task runs at this moment, and what it is.
    pub fn current(&self) -> (ProcessId, Kind) {
        let state = self.lock();
        (state.current, state.processes[state.current].kind)
    }

    /// A new process.
    pub fn process(&self, kind: Kind) -> ProcessId {
        let mut state = self.lock();
        state.processes.push(Process { kind, alive: true });
        state.processes.len() - 1
    }

    /// Whether it still runs.
    pub fn is_alive(&self, process: ProcessId) -> bool {
        self.lock().processes[process].alive
    }

    /// Ends a process: none of its tasks takes another step.
    pub fn kill(&self, process: ProcessId) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.processes[process].alive, false) {
            state.deaths.push(process);
        }
    }

    /// The processes that have ended since the last time.
    pub fn deaths(&self) -> Vec<ProcessId> {
        std::mem::take(&mut self.lock().deaths)
    }

    /// Starts a task of a process; gives its number.
    pub fn spawn(&self, process: ProcessId, body: impl Future<Output = ()> + 'static) -> u64 {
        let id = {
            let mut state = self.lock();
            state.next += 1;
            state.next
        };
        let task = Task {
            id,
            process,
            body: Box::pin(body),
            ready: Arc::new(Ready(AtomicBool::new(true))),
        };
        NEWBORN.with_borrow_mut(|newborn| newborn.push(task));
        id
    }

    /// A task is never polled again, and not dropped either: what a runtime does with a call whose caller is gone.
    pub fn abandon(&self, task: u64) {
        self.lock().abandoned.push(task);
    }

    /// Returns after so many ms.
    pub fn sleep(self: &Arc<Self>, ms: i64) -> Sleep {
        let mut state = self.lock();
        state.next += 1;
        let key = (state.now + ms.max(0), state.next);
        Sleep {
            key,
            waited: false,
            core: Arc::clone(self),
        }
    }

    /// What shall happen to a port's call.
    pub fn fate(&self, point: Point, what: impl FnOnce() -> String) -> Fate {
        let (_, kind) = self.current();
        let fate = {
            let mut state = self.lock();
            let mut plan = std::mem::take(&mut state.plan);
            let fate = plan.fate(&mut state, point, kind);
            state.plan = plan;
            state.tally.fate(kind, point, fate);
            fate
        };
        self.note(|| format!("{point:?} {} {fate:?}", what()));
        fate
    }

    /// The beginning of a port's call: its fate is drawn, and others get in between. Does not return when the process
    /// ends here.
    pub async fn enter(self: &Arc<Self>, point: Point, what: impl FnOnce() -> String) -> Fate {
        let fate = self.fate(point, what);
        match fate {
            Fate::EndBefore => self.end().await,
            Fate::HangBefore(ms) | Fate::Slow(ms) => self.sleep(ms).await,
            _ => {
                let latency = self.lock().latency();
                self.sleep(latency).await;
            }
        }
        fate
    }

    /// The end of a port's call, after its effect: false when the caller must see a failure.
    pub async fn leave(self: &Arc<Self>, fate: Fate) -> bool {
        match fate {
            Fate::EndAfter => self.end().await,
            Fate::HangAfter(ms) => self.sleep(ms).await,
            _ => {
                let latency = self.lock().latency();
                self.sleep(latency).await;
            }
        }
        !matches!(fate, Fate::FailAfter | Fate::HangAfter(_))
    }

    /// Ends the process that runs at this moment.
    pub async fn end(&self) {
        let (process, _) = self.current();
        self.note(|| "ends here".to_owned());
        self.kill(process);
        std::future::pending::<()>().await;
    }
}

impl State {
    /// As [`Core::below`]. `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    // Mostly nothing, which still lets others go first.
    fn latency(&mut self) -> i64 {
        match self.below(4) {
            0 => i64::try_from(self.below(80)).unwrap(),
            _ => 0,
        }
    }
}

/// A sleep of [`Core::sleep`].
pub struct Sleep {
    key: (i64, u64),
    waited: bool,
    core: Arc<Core>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Even a sleep of nothing lets others go first: its first poll waits.
        let waited = std::mem::replace(&mut self.waited, true);
        let mut state = self.core.lock();
        if state.now < self.key.0 {
            state.timers.insert(self.key, context.waker().clone());
        } else if waited {
            return Poll::Ready(());
        } else {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.core.lock().timers.remove(&self.key);
    }
}

/// Drives the tasks of one world.
pub struct Executor {
    core: Arc<Core>,
    tasks: Vec<Task>,
    graves: Vec<Task>,
}

impl Executor {
    /// An executor without tasks.
    pub fn new(core: &Arc<Core>) -> Self {
        NEWBORN.with_borrow_mut(Vec::clear);
        Self {
            core: Arc::clone(core),
            tasks: Vec::new(),
            graves: Vec::new(),
        }
    }

    /// One step of one task that can go on; false when none can.
    pub fn step(&mut self) -> bool {
        self.admit();
        let ready = self.ready();
        if ready == 0 {
            return false;
        }
        let nth = usize::try_from(self.core.below(u64::try_from(ready).unwrap())).unwrap();
        let is_ready = |task: &&mut Task| task.ready.0.load(Ordering::Relaxed);
        let Some(task) = self.tasks.iter_mut().filter(is_ready).nth(nth) else {
            return false;
        };
        task.ready.0.store(false, Ordering::Relaxed);
        self.core.lock().current = task.process;
        let waker = Waker::from(Arc::clone(&task.ready));
        let done = task
            .body
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready();
        let id = task.id;
        if done {
            self.tasks.retain(|task| task.id != id);
        }
        self.core.lock().current = WORLD;
        true
    }

    /// Moves the clock to the next moment at which somebody can go on, but not beyond `end`; false when there is none.
    pub fn advance(&mut self, end: i64) -> bool {
        let mut state = self.core.lock();
        let first = state.timers.keys().next().map(|(at, _)| *at);
        let Some(at) = first.filter(|at| *at <= end) else {
            state.now = state.now.max(end);
            return false;
        };
        state.now = state.now.max(at);
        let now = state.now;
        let later = state.timers.split_off(&(now, u64::MAX));
        for waker in std::mem::replace(&mut state.timers, later).into_values() {
            waker.wake();
        }
        true
    }

    /// Takes in new tasks and takes out what has ended, by a death or because nobody waits for it.
    pub fn admit(&mut self) {
        NEWBORN.with_borrow_mut(|newborn| self.tasks.append(newborn));
        let abandoned = std::mem::take(&mut self.core.lock().abandoned);
        for id in abandoned {
            if let Some(at) = self.tasks.iter().position(|task| task.id == id) {
                self.graves.push(self.tasks.remove(at));
            }
        }
        let dead = |task: &Task| !self.core.is_alive(task.process);
        // A future's end may wake or spawn others, so that it is dropped outside of the list.
        let mut at = 0;
        while at < self.tasks.len() {
            if dead(&self.tasks[at]) {
                drop(self.tasks.remove(at));
            } else {
                at += 1;
            }
        }
    }

    fn ready(&self) -> usize {
        let is_ready = |task: &&Task| task.ready.0.load(Ordering::Relaxed);
        self.tasks.iter().filter(is_ready).count()
    }
}
