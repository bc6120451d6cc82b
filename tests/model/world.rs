//! What the protocol works on: the database's row, the gate's journal, the calls that are out, the consumers.
//!
//! Of epochs and rounds only the order counts, since they are never compared otherwise: `World::settle_down` numbers them
//! anew after each step. So the space of states is finite without a bound on faults or attempts.

/// How many parts a thread may have here.
pub const PARTS: usize = 2;

/// A place of its own for each call that may be out at the same moment.
pub const CALLS: usize = 3;

/// Consumers, and requests on their way to the gate whose consumer is gone.
pub const TASKS: usize = 3;

/// The order in which claims were made.
pub type Epoch = u8;

/// The state of a delivery; mirrors `publish::State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// `scheduled`, `queued` or `waiting`, which differ in nothing but when they are due.
    Open,
    Publishing,
    /// `uncertain` with a next look to come.
    Uncertain,
    /// `uncertain` without one: a person's turn.
    Asking,
    Published,
    /// `failed` or `missed`: it says "not sent".
    Failed,
    Canceled,
}

impl State {
    /// Nothing goes on by itself, and that is visible to a person.
    pub const fn is_at_rest(self) -> bool {
        matches!(
            self,
            Self::Asking | Self::Published | Self::Failed | Self::Canceled
        )
    }
}

/// A part as the database has it: a row of `parts`, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Pending,
    Sent,
    Refused,
    Uncertain,
}

/// The row of `deliveries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delivery {
    pub state: State,
    pub epoch: Epoch,
    /// `lease_until` is not NULL: the newest claim has not been given back. It may have run out all the same.
    pub held: bool,
    pub round: u8,
    pub parts: [Part; PARTS],
}

impl Delivery {
    /// The part of which nobody can say whether it is there. There is at most one, since the next waits for it.
    pub fn doubted(self) -> Option<usize> {
        self.parts.iter().position(|part| *part == Part::Uncertain)
    }
}

/// A row's state in the journal; mirrors `gate::journal::State`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    None,
    Sending,
    Sent,
    Refused,
    Free,
    Uncertain,
}

/// A row of the gate's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    pub entry: Entry,
    pub epoch: Epoch,
    pub round: u8,
    /// `doubt_since` is set.
    pub doubted: bool,
}

/// Where a create call stands at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// May land, be refused, or never arrive.
    Flying,
    Landed,
    /// It can no longer land, and it does not matter whether it has; only its time still counts.
    Over,
}

/// Time, as far as a call knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Before its deadline, or in the grace after it.
    Running,
    /// After both: it can no longer land.
    Settled,
}

/// Who waits for a call's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// The gate as it is.
    Gate,
    /// An instance of the gate that has been replaced and does not know it.
    OldGate,
    Nobody,
}

/// A create call that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    pub part: u8,
    /// The claim under which it left; 0 when nobody listens, since then nothing depends on it.
    pub epoch: Epoch,
    pub fate: Fate,
    pub clock: Clock,
    pub listener: Listener,
    /// Whether the journal's `deadline_at` is that of this call.
    pub is_latest: bool,
    /// It is the second one of a request whose first was refused with 401.
    pub again: bool,
}

/// What a claim asks the gate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ask {
    Send,
    Reconcile,
}

/// What a consumer is about to write; mirrors `publish::settlement`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Settlement {
    Published,
    /// `waiting` or `queued`.
    Open,
    /// Certainly not there, and not tried again: `failed` after too many tries, `missed`, an account unlinked.
    NotSent,
    /// Refused for good.
    Refused,
    /// A doubt, with a look to come.
    Uncertain,
    /// A look found nothing, or could not be made; another one follows.
    LookAgain,
    /// Nobody but a person can say.
    Ask,
    /// Not found, and the policy says: send it again.
    Resend,
    /// Busy, or the gate did not answer: as it was.
    Unchanged,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Its request is on its way to the gate.
    Asking,
    /// The gate has made the call.
    Calling,
    /// The gate is fetching a token after a 401.
    Refreshing,
    /// The gate reads the account's posts; with the row's epoch when it began.
    Looking(Epoch),
    /// It has read, and the part was there, or was not.
    Looked(Epoch, bool),
    /// The part is sent; the progress follows, and then the next part.
    Progressing,
    /// The answer is here; the settle follows.
    Settling(Settlement),
}

/// A consumer with its claim, or what is left of it at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task {
    pub epoch: Epoch,
    pub round: u8,
    pub ask: Ask,
    /// Which part it is at; those before are sent.
    pub part: u8,
    /// A part was uncertain when it claimed; while it looks: the row was in doubt from an earlier round.
    pub doubted: bool,
    /// False when the consumer has died or given up, and only its request to the gate or the database goes on.
    pub attended: bool,
    pub step: Step,
}

/// Everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    pub delivery: Delivery,
    pub journal: [Row; PARTS],
    pub calls: [Option<Call>; CALLS],
    pub tasks: [Option<Task>; TASKS],
    /// A message is in the queue. How many does not matter, since each may come any number of times.
    pub message: bool,
    /// How many posts of a part the platform holds.
    pub posts: [u8; PARTS],
    /// How often a person chose "send it again" for a part in doubt.
    pub again: [u8; PARTS],
}

impl World {
    /// Accepted, and not yet looked at by anybody.
    pub const fn accepted() -> Self {
        Self {
            delivery: Delivery {
                state: State::Open,
                epoch: 0,
                held: false,
                round: 1,
                parts: [Part::Pending; PARTS],
            },
            journal: [Row {
                entry: Entry::None,
                epoch: 0,
                round: 0,
                doubted: false,
            }; PARTS],
            calls: [None; CALLS],
            tasks: [None; TASKS],
            message: true,
            posts: [0; PARTS],
            again: [0; PARTS],
        }
    }

    /// The time of a part's journal row: that of its latest call.
    pub fn clock(&self, part: u8) -> Clock {
        let latest = |call: &&Call| call.part == part && call.is_latest;
        self.calls
            .iter()
            .flatten()
            .find(latest)
            .map_or(Clock::Settled, |call| call.clock)
    }
}

impl Task {
    /// Whether its consumer waits for this call.
    pub fn awaits(self, call: Call) -> bool {
        let is_heard = call.listener != Listener::Nobody;
        let call = (call.epoch, call.part);
        is_heard && self.step == Step::Calling && (self.epoch, self.part) == call
    }
}
