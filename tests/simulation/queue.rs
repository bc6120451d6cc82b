//! The queue: at least once, in any order, late, twice, and now and then not at all.

use super::executor::{Core, ProcessId};
use super::fate::{Fate, Plan, Point};
use godwit::jobs::{Disposition, Job};
use godwit::ports::{JobQueue, Pending, QueueError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// After so many returns a message goes to the dead letters.
const RETRIES_MAX: u32 = 5;

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    pub body: String,
    pub visible_at: i64,
    returns: u32,
}

#[derive(Default)]
struct Content {
    waiting: Vec<Message>,
    dead: Vec<Message>,
    under_way: BTreeMap<ProcessId, Vec<Message>>,
}

/// The queue of a world.
pub struct SimQueue {
    pub core: Arc<Core>,
    content: Mutex<Content>,
}

impl SimQueue {
    /// An empty one.
    pub fn new(core: &Arc<Core>) -> Self {
        Self {
            core: Arc::clone(core),
            content: Mutex::default(),
        }
    }

    /// When the next message may be taken.
    pub fn next_at(&self) -> Option<i64> {
        let content = self.content.lock().unwrap();
        content
            .waiting
            .iter()
            .chain(&content.dead)
            .map(|message| message.visible_at)
            .min()
    }

    /// How many invocations are at work.
    pub fn at_work(&self) -> usize {
        self.content.lock().unwrap().under_way.len()
    }

    /// Takes what one invocation is given, and whether it comes from the dead letters' queue.
    pub fn take(&self, process: ProcessId) -> Option<(Vec<String>, bool)> {
        let now = self.core.now();
        let mut content = self.content.lock().unwrap();
        let dead = content.dead.iter().any(|message| message.visible_at <= now);
        let from = if dead {
            &mut content.dead
        } else {
            &mut content.waiting
        };
        let mut batch = Vec::new();
        let most = 1 + self.core.below(5);
        while let Some(nth) = pick(&self.core, from, now).filter(|_| (batch.len() as u64) < most) {
            batch.push(from.swap_remove(nth));
        }
        if batch.is_empty() {
            return None;
        }
        let bodies = batch.iter().map(|message| message.body.clone()).collect();
        content.under_way.insert(process, batch);
        Some((bodies, dead))
    }

    /// An invocation has settled its messages. An acknowledgement may get lost.
    pub fn settle(&self, process: ProcessId, dispositions: &[Disposition]) {
        let now = self.core.now();
        let mut content = self.content.lock().unwrap();
        let batch = content.under_way.remove(&process).unwrap_or_default();
        assert_eq!(batch.len(), dispositions.len(), "each message is settled");
        for (mut message, disposition) in batch.into_iter().zip(dispositions) {
            match disposition {
                Disposition::Done => {
                    let rates = self.core.lock().plan.rates();
                    if self.core.chance(rates.repeat / 4) {
                        self.core.lock().tally.duplicates += 1;
                        message.visible_at = now + self.core.between(0, 60_000);
                        content.waiting.push(message);
                    }
                }
                Disposition::Again { delay_seconds } => {
                    message.visible_at = now + i64::from(*delay_seconds) * 1_000;
                    self.put_back(&mut content, message);
                }
            }
        }
    }

    /// An invocation has ended: what it had comes again.
    pub fn orphaned(&self, process: ProcessId) {
        let now = self.core.now();
        let mut content = self.content.lock().unwrap();
        for mut message in content.under_way.remove(&process).unwrap_or_default() {
            message.visible_at = now + self.core.between(1_000, 30_000);
            self.put_back(&mut content, message);
        }
    }

    fn put_back(&self, content: &mut Content, mut message: Message) {
        message.returns += 1;
        if message.returns > RETRIES_MAX {
            self.core.lock().tally.dead_letters += 1;
            message.returns = 0;
            content.dead.push(message);
        } else {
            content.waiting.push(message);
        }
    }
}

fn pick(core: &Core, from: &[Message], now: i64) -> Option<usize> {
    let visible: Vec<usize> = (0..from.len())
        .filter(|at| from[*at].visible_at <= now)
        .collect();
    let count = u64::try_from(visible.len()).unwrap();
    (count > 0).then(|| visible[usize::try_from(core.below(count)).unwrap()])
}

impl JobQueue for SimQueue {
    fn send(&self, jobs: Vec<(Job, u32)>) -> Pending<'_, Result<(), QueueError>> {
        Box::pin(async move {
            let fate = self
                .core
                .enter(Point::Queue, || format!("{} jobs", jobs.len()))
                .await;
            let failed = || QueueError("the queue did not answer".to_owned());
            if matches!(fate, Fate::FailBefore | Fate::HangBefore(_)) {
                return Err(failed());
            }
            let rates = self.core.lock().plan.rates();
            for (job, delay) in jobs {
                let body = serde_json::to_string(&job).unwrap();
                let mut copies = 1;
                if self.core.chance(rates.repeat) {
                    copies = self.core.below(4);
                    let tally = &mut self.core.lock().tally;
                    if copies == 0 {
                        tally.lost_messages += 1;
                    } else {
                        tally.duplicates += copies - 1;
                    }
                }
                for _ in 0..copies {
                    let late = if self.core.chance(rates.slow) {
                        self.core.between(0, 200_000)
                    } else {
                        0
                    };
                    let visible_at = self.core.now() + i64::from(delay) * 1_000 + late;
                    let message = Message {
                        body: body.clone(),
                        visible_at,
                        returns: 0,
                    };
                    self.content.lock().unwrap().waiting.push(message);
                }
            }
            if self.core.leave(fate).await {
                Ok(())
            } else {
                Err(failed())
            }
        })
    }
}

impl Plan {
    /// The rates, all 0 where nothing is drawn.
    pub fn rates(&self) -> super::fate::Rates {
        match self {
            Self::Drawn(rates) => *rates,
            _ => super::fate::Rates::default(),
        }
    }
}
