//! Who lives in a simulated world: two workspaces with their people and X accounts, Godwit, and X.

use super::announced::{NOTE_ITEMS, forget};
use super::creators;
use super::executor::{Core, Kind, WORLD};
use super::gates::{Doors, SimGates};
use super::mutations::Mutation;
use super::network::{Network, Wire};
use super::oneshot;
use super::ports::{NOTE_MOVES, SimClock, SimDatabase, SimLog};
use super::queue::SimQueue;
use super::rules::Rule;
use crate::sandbox::youtube::Tube;
use crate::sandbox::{Settings, X};
use crate::support::clock::START;
use crate::support::world::{BASE_URL, config};
use crate::support::{SeededRandom, Sqlite, SqliteGate};
use axum::body::Body;
use futures_util::future::{Either, select};
use godwit::accounts::tokens;
use godwit::app::App;
use godwit::crypto;
use godwit::ids::{AccountId, WorkspaceId};
use godwit::ports::Statement;
use http::{Method, Request};
use secrecy::SecretString;
use serde_json::Value;
use std::pin::pin;
use std::sync::{Arc, Mutex};

/// What posting asks for.
const SCOPES: &str = "tweet.read tweet.write users.read media.write offline.access";
/// How long a client waits for an answer, in ms.
const PATIENCE_MS: i64 = 90_000;

/// What outlives a run, so that the next is spared the making: empty databases with their prepared statements.
pub struct Workshop {
    sqlite: Arc<Sqlite>,
    gates: Vec<Arc<SqliteGate>>,
}

impl Workshop {
    /// One for each thread.
    pub fn new() -> Self {
        let sqlite = Arc::new(Sqlite::new());
        sqlite.plan_once();
        sqlite.script(NOTE_MOVES);
        sqlite.script(NOTE_ITEMS);
        let gates: Vec<Arc<SqliteGate>> = (0..4).map(|_| Arc::default()).collect();
        for gate in &gates {
            gate.plan_once();
        }
        Self { sqlite, gates }
    }
}

/// A connected account.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    /// Which of the two workspaces.
    pub workspace: usize,
    pub username: &'static str,
}

/// A world.
pub struct Town {
    pub core: Arc<Core>,
    pub sqlite: Arc<Sqlite>,
    pub x: Arc<Mutex<X>>,
    pub tube: Arc<Mutex<Tube>>,
    pub queue: Arc<SimQueue>,
    pub gates: Arc<SimGates>,
    pub network: Arc<Network>,
    pub log: Arc<SimLog>,
    pub app: App,
    pub accounts: Vec<Account>,
    pub workspaces: [String; 2],
    /// Every body that the API gave.
    pub answers: Mutex<String>,
}

/// What a town is like.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    /// Posts that one account may send in 15 minutes; 0 is the default.
    pub post_limit: u32,
    /// Which workspaces send again by themselves.
    pub resend: [bool; 2],
    /// How late is too late, in ms; 0 is the default.
    pub missed_after_ms: i64,
    /// X refuses a text that it has seen.
    pub x_knows_duplicates: bool,
    /// X's timelines lag by so many ms.
    pub timeline_lag: i64,
    /// X kills a grant whose refresh token comes twice.
    pub family_kill: bool,
    /// Both workspaces have connected the same X user.
    pub shared_user: bool,
    /// Access tokens last so many ms; 0 is the default.
    pub token_life_ms: i64,
    /// Some follow channels on YouTube.
    pub follows: bool,
    /// YouTube's Data API may be asked.
    pub youtube_key: bool,
}

/// What an API answered.
pub struct Answer {
    pub status: u16,
    pub bytes: Vec<u8>,
    pub json: Value,
    pub retry_after: i64,
}

/// Which of the two people looks after the installation.
pub const OPERATOR: usize = 0;

/// The keys of the two people: a known text each, since nothing here is guessed.
pub const KEYS: [&str; 2] = [
    "gw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "gw_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
];

impl Town {
    /// A town at noon.
    pub fn new(
        workshop: &Workshop,
        core: &Arc<Core>,
        seed: u64,
        habits: &Habits,
        mutation: Option<Mutation>,
    ) -> Arc<Self> {
        workshop.sqlite.clear();
        // The end of a pause was noted even now.
        for notes in forget() {
            workshop.sqlite.change(&notes);
        }
        for gate in &workshop.gates {
            gate.clear();
        }
        let limit = habits.post_limit.to_string();
        let variables = [
            (habits.post_limit > 0).then_some(("X_POST_LIMIT_15MIN", limit.as_str())),
            habits
                .youtube_key
                .then_some(("YOUTUBE_API_KEY", "sandbox-api-key")),
        ];
        let variables: Vec<(&str, &str)> = variables.into_iter().flatten().collect();
        let config = Arc::new(config(&variables));
        let settings = Settings {
            seed,
            client_id: "client-id".to_owned(),
            client_secret: Some("client-secret".to_owned()),
            redirect_uris: vec![format!("{BASE_URL}/api/v1/connections/x/callback")],
            duplicate_window: if habits.x_knows_duplicates {
                86_400_000
            } else {
                0
            },
            timeline_lag: habits.timeline_lag,
            family_kill: habits.family_kill,
            access_token_lifetime: if habits.token_life_ms > 0 {
                habits.token_life_ms
            } else {
                7_200_000
            },
            ..Settings::default()
        };
        let x = Arc::new(Mutex::new(X::new(settings)));
        let tube = Arc::new(Mutex::new(creators::quiet(seed)));
        let gates = Arc::new(SimGates::new(core, mutation, workshop.gates.clone()));
        let network = Arc::new(Network::new(
            core,
            &x,
            &tube,
            &gates,
            &workshop.sqlite,
            &config,
        ));
        let queue = Arc::new(SimQueue::new(core));
        let log = Arc::<SimLog>::default();
        let app = App {
            blobs: Arc::new(crate::support::Bucket::default()),
            config,
            database: Arc::new(SimDatabase {
                core: Arc::clone(core),
                sqlite: Arc::clone(&workshop.sqlite),
                mutation,
            }),
            queue: queue.clone(),
            gates: Arc::new(Doors(Arc::clone(&gates))),
            http: Arc::new(Wire(Arc::clone(&network))),
            clock: Arc::new(SimClock {
                core: Arc::clone(core),
                skew: 0,
            }),
            random: Arc::new(SeededRandom::new(seed)),
            log: log.clone(),
            issuer_keys: Arc::default(),
        };
        gates.furnish(&app);
        let mut town = Self {
            core: Arc::clone(core),
            sqlite: Arc::clone(&workshop.sqlite),
            x,
            tube,
            queue,
            gates,
            network,
            log,
            accounts: Vec::new(),
            workspaces: [0, 1].map(|_| WorkspaceId::new(&*app.clock, &*app.random).to_string()),
            app,
            answers: Mutex::default(),
        };
        town.settle_people(habits);
        town.connect_all(habits);
        Arc::new(town)
    }

    fn settle_people(&self, habits: &Habits) {
        let now = START;
        let mut statements = Vec::new();
        for (person, key) in KEYS.iter().enumerate() {
            let user = format!("user_019a9b1c-7d2e-7c11-8f00-00000000000{person}");
            let workspace = self.workspaces[person].as_str();
            let late = if habits.missed_after_ms > 0 {
                habits.missed_after_ms
            } else {
                86_400_000
            };
            statements.extend([
                Statement::new("INSERT INTO users (id, email, name, operator, created_at) VALUES (?1, ?2, 'Somebody', ?4, ?3)")
                    .bind(user.as_str())
                    .bind(format!("{person}@example.com"))
                    .bind(now)
                    .bind(i64::from(person == OPERATOR)),
                Statement::new(
                    "INSERT INTO workspaces (id, name, personal_of, uncertain_policy, missed_after_ms, created_at)
                     VALUES (?1, 'A workspace', ?2, ?3, ?4, ?5)",
                )
                .bind(workspace)
                .bind(user.as_str())
                .bind(if habits.resend[person] { "resend" } else { "ask" })
                .bind(late)
                .bind(now),
                Statement::new("INSERT INTO memberships (user_id, workspace_id, role, created_at) VALUES (?1, ?2, 'owner', ?3)")
                    .bind(user.as_str())
                    .bind(workspace)
                    .bind(now),
                Statement::new(
                    "INSERT INTO api_keys (id, workspace_id, created_by, name, hash, hint, scopes, created_at)
                     VALUES (?1, ?2, ?3, 'a key', ?4, 'gw_', 'posts:read posts:write accounts:read accounts:write admin operator', ?5)",
                )
                .bind(format!("key_019a9b1c-7d2e-7c11-8f00-00000000000{person}"))
                .bind(workspace)
                .bind(user.as_str())
                .bind(crypto::sha256(key.as_bytes()))
                .bind(now),
            ]);
        }
        self.sqlite.transact(&statements).unwrap();
    }

    fn connect_all(&mut self, habits: &Habits) {
        let mut users = vec![(0, "godwit_demo"), (0, "second_bird"), (1, "long_bill")];
        if habits.shared_user {
            users.push((1, "godwit_demo"));
        }
        for (workspace, username) in users {
            let account = self.connect(workspace, username);
            self.accounts.push(account);
        }
    }

    // What a callback leaves behind, without the walk there.
    fn connect(&self, workspace: usize, username: &'static str) -> Account {
        let now = self.app.now();
        let (external_id, granted) = {
            let mut x = self.x.lock().unwrap();
            let scopes: Vec<&str> = SCOPES.split(' ').collect();
            let granted = x.grant(now.millis(), username, &scopes).unwrap();
            let user = x
                .users()
                .into_iter()
                .find(|user| user.profile.username == username)
                .unwrap();
            (user.id.to_string(), granted)
        };
        let id = AccountId::new(&*self.app.clock, &*self.app.random);
        let workspace_id = WorkspaceId::parse(&self.workspaces[workspace]).unwrap();
        self.network.secrets.lock().unwrap().extend(
            [granted.access.clone()]
                .into_iter()
                .chain(granted.refresh.clone()),
        );
        let pair = tokens::Pair {
            access: SecretString::from(granted.access),
            refresh: granted.refresh.map(SecretString::from),
            secret: None,
        };
        let sealed = tokens::seal(
            &self.app.config.keyring,
            &*self.app.random,
            &workspace_id,
            &id,
            &pair,
        )
        .unwrap();
        let account = Statement::new(
            "INSERT INTO accounts (id, workspace_id, platform, external_id, handle, name, profile_at, status, auth, scopes,
               connected_at, updated_at)
             VALUES (?1, ?2, 'x', ?3, ?4, ?4, ?5, 'active', 'oauth2', ?6, ?5, ?5)",
        )
        .bind(&id)
        .bind(&workspace_id)
        .bind(external_id.as_str())
        .bind(username)
        .bind(now)
        .bind(SCOPES);
        let kept = Statement::new(
            "INSERT INTO account_tokens (account_id, workspace_id, sealed, generation, expires_at, updated_at)
             VALUES (?1, ?2, ?3, 1, ?4, ?5)",
        )
        .bind(&id)
        .bind(&workspace_id)
        .bind(sealed)
        .bind(now.plus_ms(granted.expires_in_s * 1_000))
        .bind(now);
        self.sqlite.transact(&[account, kept]).unwrap();
        Account {
            id: id.to_string(),
            workspace,
            username,
        }
    }

    /// What a new invocation is given: its clock differs a little.
    pub fn invocation(&self) -> App {
        App {
            clock: Arc::new(SimClock {
                core: Arc::clone(&self.core),
                skew: self.core.between(-900, 900),
            }),
            ..self.app.clone()
        }
    }

    /// Asks the API; `None` when no answer came.
    pub async fn ask(
        &self,
        person: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{BASE_URL}/api/v1{path}"))
            .header("authorization", format!("Bearer {}", KEYS[person]));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Body::empty(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        let answer = self.serve(request.body(body).unwrap()).await;
        self.core.note(|| match &answer {
            Some(answer) => format!(
                "{method} {path} answered {} {}",
                answer.status, answer.json["code"]
            ),
            None => format!("{method} {path} was not answered"),
        });
        answer
    }

    /// Gives a request to an invocation of its own.
    pub async fn serve(&self, request: Request<Body>) -> Option<Answer> {
        let process = self.core.process(Kind::Request);
        let (answer, answered) = oneshot::channel();
        let app = self.invocation();
        self.core.spawn(process, async move {
            let (parts, body) = godwit::http::serve(app, request).await.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            answer.send((parts, bytes.to_vec()));
        });
        let patience = self.core.sleep(PATIENCE_MS);
        let Either::Left((Some((parts, bytes)), _)) = select(answered, pin!(patience)).await else {
            return None;
        };
        let retry_after = parts
            .headers
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let answer = Answer {
            status: parts.status.as_u16(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
            retry_after: retry_after.unwrap_or(2),
        };
        if answer.status == 500 {
            let said = String::from_utf8_lossy(&answer.bytes).into_owned();
            self.core.violate(Rule::NothingBreaks, || said);
        }
        self.answers
            .lock()
            .unwrap()
            .push_str(&String::from_utf8_lossy(&answer.bytes));
        Some(answer)
    }

    /// Starts what a person or the world does.
    pub fn meanwhile(self: &Arc<Self>, deed: impl Future<Output = ()> + 'static) {
        self.core.spawn(WORLD, deed);
    }
}
