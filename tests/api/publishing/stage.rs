//! A world with X in it, real gates, and a queue whose time is virtual.

use crate::accounts::{consent, outcome, tokens_in};
use crate::sandbox::apps::App as SandboxApp;
use crate::sandbox::youtube::{self, Tube};
use crate::sandbox::{Reply, Settings, X};
use crate::support::world::{BASE_URL, config};
use crate::support::{Answer, Person, SqliteGate, World, yield_once};
use axum::body::Body;
use futures_util::task::noop_waker_ref;
use godwit::accounts::tokens;
use godwit::app::App;
use godwit::gate::{Gate, GateName, GatePorts, GateReply, GateRequest};
use godwit::ids::{AccountId, WorkspaceId};
use godwit::jobs::{self, Disposition};
use godwit::ports::{Clock, GateLost, GateStorage as _, Gates, HttpError, Pending, Statement};
use godwit::time::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::Context;

/// Godwit, X, YouTube with its hub, and one connected account of one person.
pub struct Stage {
    pub world: World,
    pub x: Arc<Mutex<X>>,
    pub tube: Arc<Mutex<Tube>>,
    pub person: Person,
    pub account: String,
    /// Every token that X gave.
    pub tokens: Arc<Mutex<Vec<String>>>,
    gates: Arc<Mutex<Registry>>,
    mail: Vec<(Timestamp, String)>,
}

type Hook = Box<dyn FnOnce() + Send>;
type LooseCall = Pin<Box<dyn Future<Output = GateReply>>>;

thread_local! {
    /// Gate calls whose asker is gone; they go on when the test polls them.
    pub static LOOSE: RefCell<Vec<LooseCall>> = const { RefCell::new(Vec::new()) };
}

struct Registry {
    /// What gates are made with from now on.
    app: App,
    lost_answers: u32,
    /// So many answers arrive before those are lost.
    answers_before: u32,
    /// The next gate call is cut off after so many polls; it goes on when the test polls it.
    detach: Option<u32>,
    before: Option<Hook>,
    after: Option<Hook>,
    storages: BTreeMap<String, Arc<SqliteGate>>,
    living: BTreeMap<String, Arc<Gate>>,
    /// How often gates have asked gates.
    inner_calls: usize,
    /// The next of those calls are lost: on their way, or with their answers.
    lost_inner: Vec<Loss>,
}

/// Where a call is lost.
#[derive(Clone, Copy)]
pub enum Loss {
    Request,
    Answer,
}

/// The gates as gates see them. Weak, since they are among those.
struct Among(Weak<Mutex<Registry>>);

impl Gates for Among {
    fn call(
        &self,
        gate: &GateName,
        request: GateRequest,
    ) -> Pending<'_, Result<GateReply, GateLost>> {
        let (registry, name) = (self.0.upgrade().unwrap(), gate.as_str().to_owned());
        Box::pin(async move {
            let loss = {
                let mut gates = registry.lock().unwrap();
                gates.inner_calls += 1;
                gates.lost_inner.pop()
            };
            yield_once().await;
            if matches!(loss, Some(Loss::Request)) {
                return Err(GateLost("the request was lost".to_owned()));
            }
            let gate = Registry::gate(&registry, &name);
            let reply = gate.ask(request).await;
            match loss {
                Some(_) => Err(GateLost("the answer was lost".to_owned())),
                None => Ok(reply),
            }
        })
    }
}

impl Registry {
    /// What its asker hears of an answer.
    fn arrived(&mut self, reply: GateReply) -> Result<GateReply, GateLost> {
        if self.answers_before > 0 {
            self.answers_before -= 1;
        } else if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Err(GateLost("the answer was lost".to_owned()));
        }
        Ok(reply)
    }

    fn of(app: App) -> Self {
        Self {
            app,
            lost_answers: 0,
            answers_before: 0,
            detach: None,
            before: None,
            after: None,
            storages: BTreeMap::new(),
            living: BTreeMap::new(),
            inner_calls: 0,
            lost_inner: Vec::new(),
        }
    }

    /// The living gate of this name, or a new one on what is in its storage.
    fn gate(registry: &Arc<Mutex<Self>>, name: &str) -> Arc<Gate> {
        let mut gates = registry.lock().unwrap();
        let storage = Arc::clone(gates.storages.entry(name.to_owned()).or_default());
        let app = gates.app.clone();
        let ports = || GatePorts {
            config: app.config,
            storage,
            database: app.database,
            gates: Arc::new(Among(Arc::downgrade(registry))),
            http: app.http,
            clock: app.clock,
            random: app.random,
            log: app.log,
        };
        let living = gates.living.entry(name.to_owned());
        Arc::clone(living.or_insert_with(|| Arc::new(Gate::open(name, ports()).unwrap())))
    }

    /// The gate that wants to be woken first, and when.
    fn alarm(&self) -> Option<(Timestamp, String)> {
        let alarms = self.storages.iter();
        alarms
            .filter_map(|(name, storage)| Some((storage.alarm()?, name.clone())))
            .min()
    }
}

/// Another app that X knows: a workspace's own.
pub fn own_app() -> SandboxApp {
    let first = x_settings();
    SandboxApp {
        name: "Ada's own".to_owned(),
        client_id: "own-client-id-1234".to_owned(),
        client_secret: Some("own-client-secret-5678".to_owned()),
        consumer_key: Some("own-consumer-key-abcd".to_owned()),
        consumer_secret: Some("own-consumer-secret-efgh".to_owned()),
        bearer: Some("own-bearer-token-ijkl".to_owned()),
        redirect_uris: first.redirect_uris,
        ..SandboxApp::default()
    }
}

/// An X that knows the app of the tests' Godwit.
pub fn x_settings() -> Settings {
    let callback = |rest: &str| format!("{BASE_URL}/api/v1/connections/x/{rest}");
    Settings {
        client_id: "client-id".to_owned(),
        client_secret: Some("client-secret".to_owned()),
        consumer_key: Some("consumer-key".to_owned()),
        consumer_secret: Some("consumer-secret".to_owned()),
        redirect_uris: vec![callback("callback"), callback("oauth1/callback")],
        ..Settings::default()
    }
}

/// Whether YouTube stands behind a host.
fn is_google(host: Option<&str>) -> bool {
    host.is_some_and(|host| {
        ["youtube.com", "googleapis.com", "appspot.com", "ytimg.com"]
            .iter()
            .any(|ours| host.ends_with(ours))
    })
}

const SCOPES: [&str; 7] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
    "like.write",
    "bookmark.write",
];

impl Stage {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let world = World::with(variables);
        let x = Arc::new(Mutex::new(X::new(x_settings())));
        let tube = Arc::new(Mutex::new(Tube::new(youtube::Settings::default())));
        let tokens = Arc::<Mutex<Vec<String>>>::default();
        let shared = (
            Arc::clone(&x),
            Arc::clone(&tube),
            Arc::clone(&world.clock),
            Arc::clone(&tokens),
        );
        world.http.on_request_async(move |request, deadline_ms| {
            let (server, tube, clock, tokens) = shared.clone();
            async move {
                let now = clock.now().millis();
                let mut reply = if is_google(request.uri().host()) {
                    tube.lock().unwrap().handle(now, request)
                } else {
                    server.lock().unwrap().handle(now, request)
                };
                let mut left = u64::from(deadline_ms);
                loop {
                    match reply {
                        Reply::Answer(response) => {
                            tokens.lock().unwrap().extend(tokens_in(response.body()));
                            return Ok(response);
                        }
                        Reply::Drop => return Err(HttpError::Lost("reset".to_owned())),
                        Reply::Delay(ms, after) if ms < left => {
                            clock.sleep(u32::try_from(ms).unwrap()).await;
                            left -= ms;
                            reply = *after;
                        }
                        Reply::Hang | Reply::Delay(..) => {
                            clock.sleep(u32::try_from(left).unwrap()).await;
                            return Err(HttpError::Timeout);
                        }
                    }
                }
            }
        });
        let gates = Arc::new(Mutex::new(Registry::of(world.app())));
        let registry = Arc::clone(&gates);
        world.gates.on_call_async(move |name, request| {
            let gate = Registry::gate(&registry, name.as_str());
            let registry = Arc::clone(&registry);
            async move {
                let before = registry.lock().unwrap().before.take();
                if let Some(before) = before {
                    before();
                }
                let detach = registry.lock().unwrap().detach.take();
                if let Some(polls) = detach {
                    let mut call: LooseCall = Box::pin(async move { gate.ask(request).await });
                    // Nobody is woken by it, so that it does not hold the time back either.
                    let mut nobody = Context::from_waker(noop_waker_ref());
                    for _ in 0..polls {
                        assert!(call.as_mut().poll(&mut nobody).is_pending());
                    }
                    LOOSE.with_borrow_mut(|loose| loose.push(call));
                    return Err(GateLost("the connection to the gate broke".to_owned()));
                }
                let reply = gate.ask(request).await;
                let after = registry.lock().unwrap().after.take();
                if let Some(after) = after {
                    after();
                }
                registry.lock().unwrap().arrived(reply)
            }
        });
        let person = world.person("ada").await;
        let mut stage = Self {
            world,
            x,
            tube,
            account: String::new(),
            tokens,
            person,
            gates,
            mail: Vec::new(),
        };
        stage.account = stage.connect("godwit_demo");
        stage
    }

    /// Connects an X user to the person's workspace; gives the account's id.
    pub fn connect(&self, username: &str) -> String {
        self.connect_for(&self.person, username)
    }

    /// Connects an X user to somebody's workspace; gives the account's id.
    pub fn connect_for(&self, person: &Person, username: &str) -> String {
        let app = self.world.app();
        let now = app.now();
        let (user_id, granted) = {
            let mut x = self.x.lock().unwrap();
            let granted = x.grant(now.millis(), username, &SCOPES).unwrap();
            let user = x
                .users()
                .into_iter()
                .find(|user| user.profile.username == username)
                .unwrap();
            (user.id.to_string(), granted)
        };
        let account = AccountId::new(&*app.clock, &*app.random);
        let workspace = WorkspaceId::parse(&person.workspace_id).unwrap();
        let pair = tokens::Pair {
            access: SecretString::from(granted.access),
            refresh: granted.refresh.map(SecretString::from),
            secret: None,
        };
        let sealed = tokens::seal(
            &app.config.keyring,
            &*app.random,
            &workspace,
            &account,
            &pair,
        )
        .unwrap();
        self.world.database.change(
            &Statement::new(
                "INSERT INTO accounts (id, workspace_id, platform, external_id, handle, name, profile_at, status, auth,
                   scopes, connected_at, updated_at)
                 VALUES (?1, ?2, 'x', ?3, ?4, ?4, ?5, 'active', 'oauth2', ?6, ?5, ?5)",
            )
            .bind(&account)
            .bind(&workspace)
            .bind(user_id.as_str())
            .bind(username)
            .bind(now)
            .bind(SCOPES.join(" ")),
        );
        self.world.database.change(
            &Statement::new(
                "INSERT INTO account_tokens (account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at)
                 VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5 + 2592000000)",
            )
            .bind(&account)
            .bind(&workspace)
            .bind(sealed)
            .bind(now.plus_ms(7_200_000))
            .bind(now),
        );
        account.to_string()
    }

    /// Gives the person's workspace an X app of its own, with this client secret.
    pub async fn set_app(&self, client_secret: &str) -> Value {
        let body = json!({
            "client_id": "own-client-id-1234", "client_secret": client_secret, "api_key": "own-consumer-key-abcd",
            "api_secret": "own-consumer-secret-efgh", "bearer_token": "own-bearer-token-ijkl",
        });
        let path = format!("/workspaces/{}/apps/x", self.person.workspace_id);
        let token = Some(self.person.token.as_str());
        let set = self.world.request("PUT", &path, token, Some(body));
        set.await.expect(200)
    }

    /// Connects an X user by OAuth 1.0a, by the same doors as everybody; gives the account's id.
    pub async fn connect_oauth1(&self, person: &Person, username: &str) -> String {
        self.walk("/connections/x/oauth1/authorize", person, username)
            .await
    }

    /// Connects an X user through the consent that is begun at `path`; gives the account's id.
    pub async fn walk(&self, path: &str, person: &Person, username: &str) -> String {
        let body = Some(json!({ "redirect_to": "/done" }));
        let begun = self
            .world
            .request("POST", path, Some(&person.token), body)
            .await
            .expect(200);
        let now = self.world.clock.now().millis();
        let back = consent(
            &mut self.x.lock().unwrap(),
            now,
            &begun,
            username,
            "authorize",
        );
        let answer = self.world.request("GET", &back, None, None).await;
        let outcome = outcome(&answer);
        assert_eq!(outcome["status"], "connected", "{outcome}");
        outcome["account_id"].as_str().unwrap().to_owned()
    }

    /// Accepts a post of this text to the account; gives its id.
    pub async fn post(&self, text: &str) -> String {
        self.post_as(json!({ "text": text, "accounts": [self.account] }))
            .await
    }

    pub async fn post_as(&self, body: Value) -> String {
        let answer = self
            .world
            .request("POST", "/posts", Some(&self.person.token), Some(body))
            .await;
        answer.expect(202)["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.world
            .request("GET", path, Some(&self.person.token), None)
            .await
            .expect(200)
    }

    /// Signs the person in once more, when the session has ended.
    pub async fn sign_in(&mut self) {
        let body = json!({ "email": "ada@example.com", "password": "correct horse" });
        let signed_in = self.world.request("POST", "/auth/login", None, Some(body));
        let token = signed_in.await.expect(200)["token"].clone();
        token.as_str().unwrap().clone_into(&mut self.person.token);
    }

    /// The first delivery of a post.
    pub async fn delivery(&self, post: &str) -> Value {
        self.get(&format!("/posts/{post}")).await["deliveries"][0].clone()
    }

    /// The next answers of the gates get lost on the way back.
    pub fn lose_gate_answers(&self, times: u32) {
        self.gates.lock().unwrap().lost_answers = times;
    }

    /// As [`Stage::lose_gate_answers`], when `after` more answers have arrived.
    pub fn lose_gate_answers_after(&self, after: u32, times: u32) {
        self.gates.lock().unwrap().answers_before = after;
        self.lose_gate_answers(times);
    }

    /// How often gates have asked gates.
    pub fn inner_calls(&self) -> usize {
        self.gates.lock().unwrap().inner_calls
    }

    /// The next calls among gates are lost, each in this way.
    pub fn lose_inner_calls(&self, loss: Loss, times: usize) {
        self.gates.lock().unwrap().lost_inner = vec![loss; times];
    }

    /// The next gate call loses its asker after so many polls.
    pub fn detach_next_call(&self, polls: u32) {
        self.gates.lock().unwrap().detach = Some(polls);
    }

    /// Runs before the next gate call reaches its gate.
    pub fn before_next_call(&self, hook: impl FnOnce() + Send + 'static) {
        self.gates.lock().unwrap().before = Some(Box::new(hook));
    }

    /// Runs after the next gate call was answered, before its asker hears of it.
    pub fn after_next_call(&self, hook: impl FnOnce() + Send + 'static) {
        self.gates.lock().unwrap().after = Some(Box::new(hook));
    }

    /// A person's decision that what may be on X is to be sent again.
    pub async fn send_again(&self, post: &str) -> Answer {
        let delivery = self.delivery(post).await;
        let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
        let (token, body) = (&self.person.token, json!({ "outcome": "send_again" }));
        let world = &self.world;
        world.request("POST", &path, Some(token), Some(body)).await
    }

    /// What a callback writes when the person connects again.
    pub fn reconnection(&self, username: &str) -> impl FnOnce() + Send + 'static {
        let (x, clock, random, database, config) = (
            Arc::clone(&self.x),
            Arc::clone(&self.world.clock),
            Arc::clone(&self.world.random),
            Arc::clone(&self.world.database),
            Arc::clone(&self.world.config),
        );
        let (username, account, workspace) = (
            username.to_owned(),
            self.account.clone(),
            self.person.workspace_id.clone(),
        );
        move || {
            let now = clock.now();
            x.lock().unwrap().revoke_user(&username);
            let granted = x
                .lock()
                .unwrap()
                .grant(now.millis(), &username, &SCOPES)
                .unwrap();
            let account = AccountId::parse(&account).unwrap();
            let workspace = WorkspaceId::parse(&workspace).unwrap();
            let pair = tokens::Pair {
                access: SecretString::from(granted.access),
                refresh: granted.refresh.map(SecretString::from),
                secret: None,
            };
            let sealed =
                tokens::seal(&config.keyring, &*random, &workspace, &account, &pair).unwrap();
            database.change(&Statement::new(
                "UPDATE accounts SET status = 'active', status_reason = NULL, connected_at = ?2 WHERE id = ?1").bind(&account).bind(now));
            database.change(&Statement::new(
                "INSERT INTO account_tokens (account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at)
                 VALUES (?1, ?5, ?2, ?3, ?4, ?3, ?3 + 2592000000)
                 ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, generation = excluded.generation,
                   expires_at = excluded.expires_at, updated_at = excluded.updated_at, renew_at = excluded.renew_at")
                .bind(&account).bind(sealed).bind(now).bind(now.plus_ms(7_200_000)).bind(&workspace));
            database.change(&Statement::new(
                "UPDATE deliveries SET next_attempt_at = ?2, sweep_at = ?2 WHERE account_id = ?1 AND state = 'waiting'
                 AND reason = 'account_needs_reconnect'").bind(&account).bind(now));
        }
    }

    /// Every gate's process ends; what is in its storage stays.
    pub fn kill_gates(&self) {
        self.gates.lock().unwrap().living.clear();
    }

    /// The queue loses everything that it holds.
    pub fn lose_mail(&mut self) {
        self.world.queue.take();
        self.mail.clear();
    }

    /// What the queue holds, the earliest first.
    pub fn mail(&mut self) -> &[(Timestamp, String)] {
        let now = self.world.clock.now();
        for (job, delay) in self.world.queue.take() {
            let body = serde_json::to_string(&job).unwrap();
            self.mail
                .push((now.plus_ms(i64::from(delay) * 1_000), body));
        }
        self.mail.sort();
        &self.mail
    }

    /// Wakes a gate as the runtime does: its alarm is over, and its process is begun if there is none.
    async fn wake(&self, name: &str) {
        let gate = {
            let storage = Arc::clone(&self.gates.lock().unwrap().storages[name]);
            storage.wake_at(None).unwrap();
            Registry::gate(&self.gates, name)
        };
        gate.wake().await;
    }

    /// The storage of the account's gate.
    pub fn storage(&self) -> Arc<SqliteGate> {
        let gates = self.gates.lock().unwrap();
        let mut accounts = gates
            .storages
            .iter()
            .filter(|(name, _)| !GateName::is_app(name));
        Arc::clone(accounts.next().unwrap().1)
    }

    /// A deployment with other variables: everything goes on with these, and the gates begin anew.
    pub fn deploy(&mut self, variables: &[(&str, &str)]) {
        self.world.config = Arc::new(config(variables));
        self.gates.lock().unwrap().app = self.world.app();
        self.kill_gates();
    }

    /// Lets `ms` milliseconds pass: the queue delivers on time, the sweep runs each minute, gates wake when they asked
    /// to.
    pub async fn run(&mut self, ms: i64) {
        let end = self.world.clock.now().plus_ms(ms);
        loop {
            let now = self.world.clock.now();
            let tick = Timestamp::from_millis((now.millis() / 60_000 + 1) * 60_000);
            let mail = self.mail().first().map(|(at, _)| *at);
            let alarm = self.gates.lock().unwrap().alarm();
            // What the hub sends goes first at its time: it does not wait for anybody.
            let hub = self.tube.lock().unwrap().next_at();
            let hub = hub.map(Timestamp::from_millis).map(|at| at.max(now));
            if let Some(at) = hub.filter(|at| *at <= end && *at <= tick)
                && mail.is_none_or(|mail| at <= mail)
            {
                self.world.clock.set(at);
                self.deliver_of_the_hub().await;
                continue;
            }
            if let Some((at, name)) = alarm
                && at <= end
                && at <= tick
                && mail.is_none_or(|mail| at <= mail)
            {
                self.world.clock.set(at);
                self.wake(&name).await;
                continue;
            }
            match mail.filter(|at| *at <= end && *at <= tick) {
                Some(at) => {
                    self.world.clock.set(at);
                    let (_, body) = self.mail.remove(0);
                    self.handle(vec![body]).await;
                }
                None if tick <= end => {
                    self.world.clock.set(tick);
                    jobs::tick(&self.world.app(), jobs::EVERY_MINUTE).await;
                }
                None => {
                    self.world.clock.set(end);
                    return;
                }
            }
        }
    }

    /// Sends what YouTube's hub has to send by now.
    pub async fn deliver_of_the_hub(&self) {
        let now = self.world.clock.now().millis();
        let due = self.tube.lock().unwrap().due(now);
        for one in due {
            let mut request = http::Request::builder()
                .method(one.method)
                .uri(one.url.as_str());
            for (name, value) in &one.headers {
                request = request.header(*name, value);
            }
            let request = request.body(Body::from(one.body)).unwrap();
            let answer = self.world.serve(request).await;
            let now = self.world.clock.now().millis();
            let mut tube = self.tube.lock().unwrap();
            tube.answered(now, one.id, Some(answer.status), &answer.body);
        }
    }

    /// Handles one batch of messages, and keeps what has to come again.
    pub async fn handle(&mut self, bodies: Vec<String>) -> Vec<Disposition> {
        let dispositions = jobs::handle(&self.world.app(), "godwit-publish", &bodies).await;
        let now = self.world.clock.now();
        for (body, disposition) in bodies.into_iter().zip(&dispositions) {
            if let Disposition::Again { delay_seconds } = disposition {
                self.mail
                    .push((now.plus_ms(i64::from(*delay_seconds) * 1_000), body));
            }
        }
        dispositions
    }

    /// Scripts a fault of X.
    pub fn fault(&self, fault: &Value) {
        self.x
            .lock()
            .unwrap()
            .script(serde_json::from_value(fault.clone()).unwrap());
    }

    /// How many posts X has.
    pub fn on_x(&self) -> usize {
        self.x.lock().unwrap().posts().len()
    }
}
