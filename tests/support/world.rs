//! A whole Godwit in memory, and a way to call its API.

use super::clock::START;
use super::{
    Bucket, Outbound, RecordingLog, RecordingQueue, SeededRandom, Sqlite, StubGates, VirtualClock,
};
use axum::body::Body;
use godwit::app::App;
use godwit::config::Config;
use godwit::identity::IssuerKeys;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The address under which the tests' Godwit believes to be reached.
pub const BASE_URL: &str = "https://godwit.test";

const ENVIRONMENT: &[(&str, &str)] = &[
    ("BASE_URL", BASE_URL),
    ("JWT_SECRET", "a secret for tests, long enough to be one"),
    (
        "ENCRYPTION_KEYS",
        "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    ),
    ("ALLOW_SIGNUP", "true"),
    ("X_CLIENT_ID", "client-id"),
    ("X_CLIENT_SECRET", "client-secret"),
    ("X_API_KEY", "consumer-key"),
    ("X_API_SECRET", "consumer-secret"),
    ("X_API_BASE", "https://api.x.test"),
    ("X_AUTHORIZE_URL", "https://x.test/i/oauth2/authorize"),
    ("FRONTEND_ORIGINS", "https://app.test"),
];

/// The tests' configuration, with other values for these variables; an empty one is not set.
pub fn config(variables: &[(&str, &str)]) -> Config {
    let environment: BTreeMap<_, _> = ENVIRONMENT.iter().chain(variables).copied().collect();
    Config::read(|name| environment.get(name).map(|value| (*value).to_owned())).unwrap()
}

/// Everything an operation needs, each part within the test's reach.
pub struct World {
    /// The configuration.
    pub config: Arc<Config>,
    /// D1.
    pub database: Arc<Sqlite>,
    /// The queues.
    pub queue: Arc<RecordingQueue>,
    /// R2.
    pub bucket: Arc<Bucket>,
    /// The gates.
    pub gates: Arc<StubGates>,
    /// Everybody out there.
    pub http: Arc<Outbound>,
    /// The time.
    pub clock: Arc<VirtualClock>,
    /// Randomness.
    pub random: Arc<SeededRandom>,
    /// The log.
    pub log: Arc<RecordingLog>,
    /// What the isolate remembers of issuers' keys.
    pub issuer_keys: Arc<IssuerKeys>,
}

/// A registered person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their session token.
    pub token: String,
    /// Their id.
    pub user_id: String,
    /// Their personal workspace.
    pub workspace_id: String,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when there is none, a string when it is not JSON.
    pub json: Value,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The `code` of a problem document.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    /// Stops the test unless the status is this one; gives the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// Stops the test unless this is a problem document of this status and code, with a remedy.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.json);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert!(
            self.json["remedy"]
                .as_str()
                .is_some_and(|remedy| !remedy.is_empty()),
            "{}",
            self.json
        );
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for World {
    /// Who plays the gates holds an `App` with these same gates, and its databases would never be freed.
    fn drop(&mut self) {
        self.gates.forget();
        self.http.forget();
    }
}

impl World {
    /// A world with an empty database, in which strangers may register.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A world where these variables have other values; an empty one is not set.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        Self {
            config: Arc::new(config(variables)),
            database: Arc::new(Sqlite::new()),
            queue: Arc::default(),
            bucket: Arc::default(),
            gates: Arc::default(),
            http: Arc::default(),
            clock: Arc::new(VirtualClock::at(START)),
            random: Arc::new(SeededRandom::new(1)),
            log: Arc::default(),
            issuer_keys: Arc::default(),
        }
    }

    /// What every operation is given. Cheap: each call shares the same parts.
    pub fn app(&self) -> App {
        App {
            config: Arc::clone(&self.config),
            database: Arc::clone(&self.database) as _,
            queue: Arc::clone(&self.queue) as _,
            blobs: Arc::clone(&self.bucket) as _,
            gates: Arc::clone(&self.gates) as _,
            http: Arc::clone(&self.http) as _,
            clock: Arc::clone(&self.clock) as _,
            random: Arc::clone(&self.random) as _,
            log: Arc::clone(&self.log) as _,
            issuer_keys: Arc::clone(&self.issuer_keys),
        }
    }

    /// Another isolate on the same database: nothing that was remembered in memory is there.
    #[must_use]
    pub fn fresh_isolate(mut self) -> Self {
        self.issuer_keys = Arc::default();
        self
    }

    /// Calls the API: `path` below `/api/v1`, with a bearer token and a JSON body where they are given.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        self.request_with(method, path, token, &[], body).await
    }

    /// As [`World::request`], with more headers.
    pub async fn request_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{BASE_URL}/api/v1{path}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Body::empty(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(serde_json::to_vec(&json).unwrap())
            }
        };
        self.serve(request.body(body).unwrap()).await
    }

    /// Answers any request, however malformed.
    pub async fn serve(&self, request: Request<Body>) -> Answer {
        let (parts, body) = godwit::http::serve(self.app(), request).await.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let json = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json,
            body: bytes.to_vec(),
        }
    }

    /// Registers a person with the address `<name>@example.com`.
    pub async fn person(&self, name: &str) -> Person {
        let body = json!({ "email": format!("{name}@example.com"), "password": "correct horse", "name": name });
        let answer = self
            .request("POST", "/auth/register", None, Some(body))
            .await
            .expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Person {
            token: text(&answer["token"]),
            user_id: text(&answer["user"]["id"]),
            workspace_id: text(&answer["workspace"]["id"]),
        }
    }

    /// Makes an API key with these scopes; gives the key itself.
    pub async fn key(&self, person: &Person, scopes: &[&str]) -> String {
        let body = json!({ "name": "a key", "scopes": scopes });
        let answer = self
            .request("POST", "/api-keys", Some(&person.token), Some(body))
            .await
            .expect(201);
        answer["key"].as_str().unwrap().to_owned()
    }
}
