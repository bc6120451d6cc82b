//! One Godwit on workerd, and the sandbox that it talks to.

#![expect(clippy::disallowed_methods, reason = "workerd lives in real time")]

use crate::sandbox::{Sandbox, Settings};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

/// Short times, so that a test that waits for a lease waits for seconds.
const VARIABLES: &[(&str, &str)] = &[
    ("BASE_URL", "{url}"),
    ("ALLOW_SIGNUP", "true"),
    ("JWT_SECRET", "a secret for tests, long enough to be one"),
    (
        "ENCRYPTION_KEYS",
        "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    ),
    ("X_CLIENT_ID", "edge-client"),
    ("X_CLIENT_SECRET", "edge-secret"),
    ("PLATFORM_TIMEOUT_SECONDS", "3"),
    ("LANDING_GRACE_SECONDS", "1"),
    ("LEASE_SECONDS", "8"),
    ("REQUEUE_SECONDS", "2"),
    ("RETRY_BACKOFF_SECONDS", "1"),
    ("RECONCILE_SECONDS", "5,7,9"),
];

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running Godwit with a signed-in person and a connected account.
pub struct Edge {
    pub sandbox: Sandbox,
    pub token: String,
    pub account: String,
    pub client: Client,
    variables: BTreeMap<String, String>,
    state: TempDir,
    /// What the runner is asked for beyond serving.
    extra: &'static [&'static str],
    server: Server,
}

/// The most memory that an isolate took, in bytes: all of it at one moment, and of each kind by itself.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub peak: u64,
    pub heap: u64,
    pub buffers: u64,
    pub wasm: u64,
    pub samples: u64,
}

struct Server {
    child: Child,
    url: String,
    control: String,
    workerd: u64,
}

impl Edge {
    /// Starts everything, registers a person and connects an account by walking through the consent form.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::begin(variables, &[]).await
    }

    /// One whose memory is measured: see [`Edge::memory`].
    pub async fn measured() -> Self {
        Self::begin(&[], &["--memory"]).await
    }

    async fn begin(variables: &[(&str, &str)], extra: &'static [&'static str]) -> Self {
        let sandbox = Sandbox::with(Settings {
            client_id: "edge-client".to_owned(),
            client_secret: Some("edge-secret".to_owned()),
            ..Settings::default()
        })
        .await;
        let base = sandbox.url();
        let mut all: BTreeMap<String, String> = VARIABLES
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.insert("X_API_BASE".to_owned(), base.clone());
        all.insert("X_WEB_BASE".to_owned(), base.clone());
        all.insert(
            "X_AUTHORIZE_URL".to_owned(),
            format!("{base}/i/oauth2/authorize"),
        );
        let state = tempfile::tempdir().unwrap();
        let server = Server::start(state.path(), &all, own_port(), extra).await;
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let mut edge = Self {
            sandbox,
            token: String::new(),
            account: String::new(),
            client,
            variables: all,
            state,
            extra,
            server,
        };
        edge.sandbox.x().settings.redirect_uris =
            vec![format!("{}/api/v1/connections/x/callback", edge.server.url)];
        let person =
            json!({ "email": "ada@example.com", "password": "correct horse", "name": "Ada" });
        let (status, person) = edge
            .call(edge.client.post(edge.at("/auth/register")).json(&person))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{person}");
        edge.token = text(&person["token"]);
        edge.account = edge.connect("godwit_demo").await;
        edge
    }

    /// Walks the whole way from `authorize` through the consent form to the connected account; gives its id.
    pub async fn connect(&self, username: &str) -> String {
        let begin = self
            .client
            .post(self.at("/connections/x/authorize"))
            .json(&json!({}));
        let (status, consent) = self.send(begin).await;
        assert_eq!(status, StatusCode::OK, "{consent}");
        let consent = Url::parse(consent["authorization_url"].as_str().unwrap()).unwrap();
        let mut form: Vec<(String, String)> = consent.query_pairs().into_owned().collect();
        form.push(("username".to_owned(), username.to_owned()));
        form.push(("decision".to_owned(), "authorize".to_owned()));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let decided = self
            .client
            .post(format!("{}/i/oauth2/authorize", self.sandbox.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(decided.status(), StatusCode::FOUND);
        let callback = decided.headers()["location"].to_str().unwrap().to_owned();
        let page = self.client.get(callback).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.text().await.unwrap().contains(username));
        let (_, accounts) = self.get("/accounts").await;
        let ours = accounts["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|account| account["handle"] == username);
        text(&ours.unwrap()["id"])
    }

    /// An address of the API.
    pub fn at(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.server.url)
    }

    /// The address of the service itself.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Sends a request as the person.
    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        self.call(request.bearer_auth(&self.token)).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(self.client.get(self.at(path))).await
    }

    /// Accepts a post to the account; gives its id.
    pub async fn post(&self, body: &str) -> String {
        self.post_as(json!({ "text": body, "accounts": [self.account] }))
            .await
    }

    pub async fn post_as(&self, body: Value) -> String {
        let (status, post) = self
            .send(self.client.post(self.at("/posts")).json(&body))
            .await;
        assert_eq!(status, StatusCode::ACCEPTED, "{post}");
        text(&post["id"])
    }

    /// The first delivery of a post.
    pub async fn delivery(&self, post: &str) -> Value {
        let (status, shown) = self.get(&format!("/posts/{post}")).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        shown["deliveries"][0].clone()
    }

    /// Waits until a delivery is in this state.
    pub async fn until(&self, post: &str, state: &str) -> Value {
        self.wait(async || {
            Some(self.delivery(post).await).filter(|delivery| delivery["state"] == state)
        })
        .await
    }

    /// As [`Edge::until`], while the cron ticks.
    pub async fn until_ticking(&self, post: &str, state: &str) -> Value {
        self.wait(async || {
            self.tick().await;
            Some(self.delivery(post).await).filter(|delivery| delivery["state"] == state)
        })
        .await
    }

    /// Waits until `look` gives something.
    pub async fn wait<T>(&self, look: impl AsyncFn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "nothing came; X saw {:#?}",
                self.sandbox.x().requests()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Fires the minute's cron trigger and waits for its end.
    pub async fn tick(&self) {
        let outcome = self.control("cron", json!({ "cron": "* * * * *" })).await;
        assert_eq!(outcome["outcome"], "ok", "{outcome}");
    }

    /// The most memory that the isolate took since this was last asked, or since the start, as `scripts/memory.mjs`
    /// counts it.
    pub async fn memory(&self) -> Memory {
        let seen = self.control("memory", json!({ "since": true })).await;
        let bytes = |name: &str| seen[name].as_u64().unwrap();
        // Another instance would have begun with a memory of its own, and the old one's would be forgotten.
        assert_eq!(seen["instances"], 1, "{seen}");
        Memory {
            peak: bytes("peak"),
            heap: bytes("heap"),
            buffers: bytes("buffers"),
            wasm: bytes("wasm"),
            samples: bytes("samples"),
        }
    }

    /// The most memory that the whole process of workerd took, in bytes, where the system tells it.
    pub fn process_peak(&self) -> Option<u64> {
        let file = format!("/proc/{}/status", self.server.workerd);
        let status = std::fs::read_to_string(file).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Runs SQL in D1, beside Godwit.
    pub async fn sql(&self, sql: &str) -> Value {
        self.control("d1", json!({ "sql": sql })).await
    }

    /// Puts a raw text on a queue.
    pub async fn enqueue(&self, queue: &str, body: &str) {
        self.control("queue", json!({ "queue": queue, "body": body }))
            .await;
    }

    /// Puts something on a queue that is no text.
    pub async fn enqueue_value(&self, queue: &str, body: &Value) {
        let message = json!({ "queue": queue, "body": body, "contentType": "json" });
        self.control("queue", message).await;
    }

    /// An address of the control server, which lives and dies with workerd.
    pub fn control_at(&self, what: &str) -> String {
        format!("{}/{what}", self.server.control)
    }

    async fn control(&self, what: &str, body: Value) -> Value {
        let request = self.client.post(self.control_at(what)).json(&body);
        let (status, answer) = self.call(request).await;
        assert_eq!(status, StatusCode::OK, "{what}: {answer}");
        answer
    }

    async fn call(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        let shown = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or_else(|_| shown()),
        )
    }

    /// Ends workerd at once, as a machine that loses power does, and starts it again on the same state.
    pub async fn kill_and_restart(&mut self) {
        let killed = Command::new("kill")
            .args(["-9", &self.server.workerd.to_string()])
            .status()
            .await
            .unwrap();
        assert!(killed.success());
        // The runner notices and ends; if it does not, it must not hold the port.
        let ended = tokio::time::timeout(Duration::from_secs(10), self.server.child.wait()).await;
        assert!(ended.is_ok(), "the runner outlived its workerd");
        let port = Url::parse(&self.server.url).unwrap().port().unwrap();
        self.server = Server::start(self.state.path(), &self.variables, port, self.extra).await;
    }
}

impl Server {
    async fn start(
        state: &Path,
        variables: &BTreeMap<String, String>,
        port: u16,
        extra: &[&str],
    ) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let node = std::env::var("GODWIT_NODE").unwrap_or_else(|_| "node".to_owned());
        let serve = std::env::var("GODWIT_SERVE")
            .map_or_else(|_| root.join("scripts/serve.mjs"), Into::into);
        assert!(
            root.join("build/index.js").exists(),
            "the Worker is not built: npm run build"
        );
        let file = state.join("variables.json");
        std::fs::write(&file, serde_json::to_vec(variables).unwrap()).unwrap();
        let mut child = Command::new(node)
            .arg(serve)
            .args([
                "--port",
                &port.to_string(),
                "--exit-with-stdin",
                "--quiet",
                "--state",
            ])
            .arg(state)
            .arg("--vars-file")
            .arg(file)
            .args(extra)
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .next_line()
            .await
            .unwrap()
            .expect("the runner says where it serves");
        let ready: Value = serde_json::from_str(&ready).unwrap();
        Self {
            child,
            url: text(&ready["url"]),
            control: text(&ready["control"]),
            workerd: ready["workerd_pid"].as_u64().unwrap(),
        }
    }
}

/// A free port that nobody is given by accident while workerd is down: the kernel takes those of outgoing connections
/// from 32768 on.
fn own_port() -> u16 {
    const PORTS: u32 = 12_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 16 + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(20_000 + number % PORTS).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Bytes as X's stand-in shows a hash.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
