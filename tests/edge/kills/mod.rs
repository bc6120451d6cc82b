//! workerd is ended with SIGKILL at random moments under load, again and again; in the end all of it is on X, once.
//!
//! One workerd, one state folder and one sandbox live through all rounds. A round lets clients ask for posts, threads
//! and scheduled posts, each under a key that they repeat until they are answered; ends workerd at a random moment; and
//! starts it again on what it had written. Work that one kill interrupts is met by the next ones, as the rounds are
//! shorter than a lease. Whoever is asked about a part decides truthfully, from what is on X.
//!
//! The sandbox takes the same text any number of times here: nothing but Godwit keeps a part from being there twice.
//!
//! | variable | meaning |
//! |---|---|
//! | `GODWIT_KILL_ROUNDS` | how many rounds, 10 unless set |
//! | `GODWIT_KILL_SEED` | what to draw from; the clock's unless set. The load and the moments repeat, the machine does not |
#![expect(clippy::disallowed_methods, reason = "workerd lives in real time")]

mod load;
mod person;
mod verdict;

use crate::edge::Edge;
use crate::sandbox::{Effect, Fault, On, Refusal};
use load::{Accepted, Writer};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Short, so that what a kill leaves is taken up again after two or three more of them. A lease must exceed the timeout
/// by 5 s.
const VARIABLES: &[(&str, &str)] = &[
    ("PLATFORM_TIMEOUT_SECONDS", "2"),
    ("LANDING_GRACE_SECONDS", "1"),
    ("LEASE_SECONDS", "7"),
    ("REQUEUE_SECONDS", "1"),
    ("RECONCILE_SECONDS", "3,4"),
    ("X_POST_LIMIT_15MIN", "1000000"),
];

/// The accounts that posts go to: messages of one account are handled one after the other.
const USERS: [&str; 3] = ["godwit_demo", "second_bird", "long_bill"];

/// The latest moment of a kill, in ms after workerd took requests.
const LATEST_KILL_MS: u64 = 1_500;

/// How long it may take after the last kill until fewer deliveries than before are open. How long all of them take
/// depends on their number and on the machine; that they go on ending does not.
const STALLED: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_every_part_is_on_x_once() {
    run(Weather::Fair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_while_d1_fails_and_x_hangs_every_part_is_on_x_once() {
    run(Weather::Foul).await;
}

/// What goes on beside the kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Fair,
    /// D1 refuses a kind of write for a while, or X loses some creates or its answers to them, or both: each round
    /// another. The workspace has what is not found sent again, once, without being asked.
    Foul,
}

/// Writes that D1 refuses: those that accept, claim, make a part durable, settle, and note a nudge.
const TRIGGERS: [&str; 5] = [
    "BEFORE INSERT ON posts",
    "BEFORE UPDATE ON deliveries WHEN NEW.epoch > OLD.epoch",
    "BEFORE INSERT ON parts",
    "BEFORE UPDATE ON deliveries WHEN NEW.lease_until IS NULL AND OLD.lease_until IS NOT NULL",
    "BEFORE UPDATE OF sweep_at ON deliveries WHEN NEW.epoch = OLD.epoch",
];

async fn run(weather: Weather) {
    let rounds = variable("GODWIT_KILL_ROUNDS").unwrap_or(10);
    let seed = variable("GODWIT_KILL_SEED").unwrap_or_else(|| now_ms().unsigned_abs());
    println!("{weather:?} weather: {rounds} rounds, GODWIT_KILL_SEED={seed}");
    let mut stage = Stage::start(weather, seed).await;
    for round in 1..=rounds {
        stage.round(round).await;
    }
    stage.finish(rounds).await;
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

struct Stage {
    edge: Edge,
    weather: Weather,
    dice: Dice,
    accounts: Vec<String>,
    /// Whether there is a workerd to be asked.
    up: watch::Sender<bool>,
    /// Clients that are not answered yet.
    clients: JoinSet<Accepted>,
    /// What a person was asked, and had it sent again.
    resent: u64,
    begun: Instant,
}

impl Stage {
    async fn start(weather: Weather, seed: u64) -> Self {
        let edge = Edge::with(VARIABLES).await;
        {
            let mut x = edge.sandbox.x();
            x.settings.duplicate_window = 0;
            let limits = &mut x.settings.limits;
            limits.create = 1_000_000;
            limits.create_user_day = 1_000_000;
            limits.create_app_day = 1_000_000;
            limits.timeline = 1_000_000;
        }
        let mut accounts = Vec::new();
        for user in USERS {
            accounts.push(edge.connect(user).await);
        }
        if weather == Weather::Foul {
            resend_what_is_not_found(&edge).await;
        }
        Self {
            edge,
            weather,
            dice: Dice(seed),
            accounts,
            up: watch::Sender::new(true),
            clients: JoinSet::new(),
            resent: 0,
            begun: Instant::now(),
        }
    }

    /// Load, a kill in the midst of it, and a restart.
    async fn round(&mut self, round: u64) {
        self.load(round);
        let mut errands = self.errands();
        // Clients and queues are busiest in the first moments.
        let latest = *self.dice.pick(&[300, LATEST_KILL_MS, LATEST_KILL_MS]);
        let kill_at = self.dice.below(latest);
        let begun = Instant::now();
        let (d1_fails, x_hangs) = match self.weather {
            Weather::Fair => (false, false),
            Weather::Foul => (round % 3 != 1, round % 3 != 2),
        };
        self.script_x(x_hangs);
        if d1_fails {
            self.fail_d1(kill_at).await;
        } else {
            sleep(Duration::from_millis(kill_at)).await;
        }
        let lived = begun.elapsed();
        self.up.send_replace(false);
        self.edge.kill_and_restart().await;
        self.edge.sql("DROP TRIGGER IF EXISTS trouble").await;
        self.up.send_replace(true);
        println!(
            "{:?} round {round}: killed after {} ms, serving again {} ms later; {} deliveries under way, {} posts on X",
            self.weather,
            lived.as_millis(),
            begun.elapsed().saturating_sub(lived).as_millis(),
            verdict::open(&self.edge).await,
            self.edge.sandbox.x().counts().creates_accepted,
        );
        while let Some(resent) = errands.join_next().await {
            self.resent += resent.unwrap();
        }
    }

    /// What a round asks for: each begins at its own moment, some only when workerd is up again.
    fn load(&mut self, round: u64) {
        let singles = 2 + self.dice.below(2);
        let threads = 1 + self.dice.below(2);
        let scheduled = 1 + self.dice.below(2);
        for number in 0..singles + threads + scheduled {
            let parts = match number {
                _ if number < singles => 1,
                _ if number < singles + threads => 2 + self.dice.below(4),
                _ => 1 + 2 * self.dice.below(2),
            };
            let writer = Writer {
                client: self.edge.client.clone(),
                url: self.edge.at("/posts"),
                token: self.edge.token.clone(),
                up: self.up.subscribe(),
                account: self.dice.pick(&self.accounts).clone(),
                name: format!("round {round}, post {number}"),
                texts: (0..parts)
                    .map(|part| format!("round {round}, post {number}, part {part} & its end"))
                    .collect(),
                ahead_ms: (number >= singles + threads)
                    .then(|| i64::try_from(1_500 + self.dice.below(4_000)).unwrap()),
            };
            let wait = Duration::from_millis(self.dice.below(LATEST_KILL_MS * 2 / 3));
            self.clients.spawn(async move {
                sleep(wait).await;
                writer.accept().await
            });
        }
    }

    /// Two ticks of the cron and a look by the person, at moments of their own. A kill may end each in the middle.
    fn errands(&mut self) -> JoinSet<u64> {
        let mut errands = JoinSet::new();
        for latest in [LATEST_KILL_MS / 10, LATEST_KILL_MS] {
            let tick = self
                .edge
                .client
                .post(self.edge.control_at("cron"))
                .json(&json!({ "cron": "* * * * *" }));
            let wait = Duration::from_millis(self.dice.below(latest));
            errands.spawn(async move {
                sleep(wait).await;
                let _ = tick.timeout(load::PATIENCE).send().await;
                0
            });
        }
        let person = person::Person::of(&self.edge, self.up.subscribe());
        errands.spawn(async move { person.decide().await });
        errands
    }

    /// D1 refuses a kind of write from some moment on, until another or until workerd is up again.
    async fn fail_d1(&mut self, kill_at: u64) {
        let trigger = *self.dice.pick(&TRIGGERS);
        let from = self.dice.below(kill_at + 1);
        let until = from + self.dice.below(LATEST_KILL_MS);
        sleep(Duration::from_millis(from)).await;
        let raise = "BEGIN SELECT RAISE(ABORT, 'injected'); END";
        self.edge
            .sql(&format!("CREATE TRIGGER trouble {trigger} {raise}"))
            .await;
        sleep(Duration::from_millis(until.min(kill_at) - from)).await;
        if until < kill_at {
            self.edge.sql("DROP TRIGGER trouble").await;
            sleep(Duration::from_millis(kill_at - until)).await;
        }
    }

    /// X takes its time for every create, and with `hangs` some of them do not go well.
    fn script_x(&mut self, hangs: bool) {
        let mut x = self.edge.sandbox.x();
        x.clear_faults();
        for _ in 0..if hangs { 1 + self.dice.below(3) } else { 0 } {
            let effect = match self.dice.below(7) {
                0 | 1 => Effect::AcceptThenHang,
                2 => Effect::HangBefore,
                3 => Effect::AcceptThenDrop,
                4 => Effect::DropBefore,
                5 => Effect::AcceptThenStatus {
                    name: Refusal::ServiceUnavailable,
                },
                _ => Effect::LandLater { ms: 2_500 },
            };
            let after = u32::try_from(self.dice.below(5)).unwrap();
            x.script(Fault::next(On::Create, effect).after(after));
        }
        for _ in 0..50 {
            let ms = self.dice.below(100);
            x.script(Fault::next(On::Create, Effect::Delay { ms }));
        }
    }

    /// No more kills and no more trouble: everything becomes final. Then everything is counted.
    async fn finish(mut self, rounds: u64) {
        self.edge.sandbox.x().clear_faults();
        let mut accepted = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            accepted.push(client.unwrap());
        }
        let drained = Instant::now();
        let (mut fewest, mut progress) = (u64::MAX, drained);
        loop {
            let open = verdict::open(&self.edge).await;
            if open == 0 {
                break;
            }
            if open < fewest {
                (fewest, progress) = (open, Instant::now());
            }
            assert!(
                progress.elapsed() < STALLED,
                "not final: {}",
                self.edge
                    .sql("SELECT * FROM deliveries WHERE state <> 'published'")
                    .await
            );
            self.edge.tick().await;
            let person = person::Person::of(&self.edge, self.up.subscribe());
            self.resent += person.decide().await;
            sleep(Duration::from_millis(200)).await;
        }
        let interrupted = verdict::interrupted(&self.edge).await;
        let threads = accepted.iter().filter(|one| one.texts.len() > 1).count();
        let scheduled = accepted.iter().filter(|one| one.due_ms.is_some()).count();
        let parts: usize = accepted.iter().map(|one| one.texts.len()).sum();
        let repeats: u64 = accepted.iter().map(|one| one.repeats).sum();
        let (counts, lost) = {
            let x = self.edge.sandbox.x();
            let requests = x.requests();
            let lost = requests
                .iter()
                .filter(|one| one.fault.is_some_and(|fault| fault != "delay"));
            (x.counts().clone(), lost.count())
        };
        println!(
            "{:?}: {rounds} rounds in {} s (the last {} s to drain): {} posts ({threads} threads, {scheduled} scheduled), {parts} parts; \
             requests repeated {repeats} times, deliveries claimed again {interrupted}; X received {} creates and took {}, \
             {lost} were scripted to go wrong, {} looks at timelines; a person was asked {} times",
            self.weather,
            self.begun.elapsed().as_secs(),
            drained.elapsed().as_secs(),
            accepted.len(),
            counts.creates_received,
            counts.creates_accepted,
            counts.timeline_reads,
            self.resent,
        );
        let wrong = verdict::wrong(&self.edge, &accepted).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(
            interrupted > 0,
            "the kills met no work: no delivery was claimed again"
        );
    }
}

/// The workspace's policy: what is not found after all looks is sent again, once, without asking.
async fn resend_what_is_not_found(edge: &Edge) {
    let (_, me) = edge.get("/me").await;
    let workspace = crate::edge::text(&me["workspaces"][0]["id"]);
    let change = edge
        .client
        .patch(edge.at(&format!("/workspaces/{workspace}")))
        .json(&json!({ "uncertain_policy": "resend" }));
    let (status, answer) = edge.send(change).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
}

/// Draws from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let count = u64::try_from(from.len()).unwrap();
        &from[usize::try_from(self.below(count)).unwrap()]
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
