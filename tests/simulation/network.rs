//! The way to X and YouTube, and back. A request that has left lands whatever becomes of its sender, at the latest when its deadline
//! and the landing grace have passed; what leaves is checked against the rules at that moment.

use super::creators::is_youtubes;
use super::executor::{Core, Kind, ProcessId, WORLD};
use super::fate::{Fate, Point};
use super::gates::SimGates;
use super::oneshot;
use super::rules::Rule;
use crate::sandbox::youtube::Tube;
use crate::sandbox::{Reply, X};
use crate::support::Sqlite;
use futures_util::future::{Either, select};
use godwit::accounts::tokens;
use godwit::config::Config;
use godwit::ids::{AccountId, WorkspaceId};
use godwit::ports::{GateStorage as _, HttpClient, HttpError, Pending, Statement};
use secrecy::ExposeSecret as _;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex};

/// A refresh token on its way.
struct Presented {
    process: ProcessId,
    until: i64,
    answered: bool,
}

/// The network of a world, with X and YouTube behind it.
pub struct Network {
    pub core: Arc<Core>,
    pub x: Arc<Mutex<X>>,
    pub tube: Arc<Mutex<Tube>>,
    pub gates: Arc<SimGates>,
    pub sqlite: Arc<Sqlite>,
    pub config: Arc<Config>,
    /// When each create call left, by gate.
    pub departures: Mutex<BTreeMap<String, Vec<i64>>>,
    presented: Mutex<BTreeMap<String, Presented>>,
    /// Every token that X gave, and every secret that the hub was given.
    pub secrets: Mutex<Vec<String>>,
    /// The access tokens among them that came from a refresh.
    refreshed: Mutex<BTreeSet<String>>,
}

impl Network {
    /// A network in which nothing has been sent.
    pub fn new(
        core: &Arc<Core>,
        x: &Arc<Mutex<X>>,
        tube: &Arc<Mutex<Tube>>,
        gates: &Arc<SimGates>,
        sqlite: &Arc<Sqlite>,
        config: &Arc<Config>,
    ) -> Self {
        Self {
            core: Arc::clone(core),
            x: Arc::clone(x),
            tube: Arc::clone(tube),
            gates: Arc::clone(gates),
            sqlite: Arc::clone(sqlite),
            config: Arc::clone(config),
            departures: Mutex::default(),
            presented: Mutex::default(),
            secrets: Mutex::default(),
            refreshed: Mutex::default(),
        }
    }

    /// One request, as X or YouTube carries it out now.
    pub fn carry_out(&self, request: http::Request<Vec<u8>>) -> Reply {
        if is_youtubes(request.uri().host()) {
            let secret =
                form_urlencoded::parse(request.body()).find(|(name, _)| name == "hub.secret");
            self.secrets
                .lock()
                .unwrap()
                .extend(secret.map(|(_, secret)| secret.into_owned()));
            return self.tube.lock().unwrap().handle(self.core.now(), request);
        }
        let refreshes = request
            .body()
            .windows(13)
            .any(|part| part == b"refresh_token");
        let reply = self.x.lock().unwrap().handle(self.core.now(), request);
        if let Reply::Answer(answer) = &reply {
            let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            for name in ["access_token", "refresh_token"] {
                if let Some(token) = body[name].as_str() {
                    self.secrets.lock().unwrap().push(token.to_owned());
                    if refreshes && name == "access_token" {
                        self.refreshed.lock().unwrap().insert(token.to_owned());
                    }
                }
            }
        }
        reply
    }

    fn leaves(&self, request: &http::Request<Vec<u8>>, deadline_ms: u32) -> Option<String> {
        let path = request.uri().path();
        if path == "/2/tweets" && request.method() == http::Method::POST {
            self.check_create(request);
        } else if path.ends_with("/token") {
            return self.check_refresh(request.body(), deadline_ms);
        }
        None
    }

    fn check_create(&self, request: &http::Request<Vec<u8>>) {
        let (process, kind) = self.core.current();
        let Some((name, storage)) = self.gates.of(process).filter(|_| kind == Kind::Gate) else {
            self.core.violate(Rule::FencedFirst, || {
                "a create call left from outside a gate".to_owned()
            });
            return;
        };
        self.departures
            .lock()
            .unwrap()
            .entry(name)
            .or_default()
            .push(self.core.now());
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let text = body["text"].as_str().unwrap();
        let armed = storage
            .execute(Statement::new(
                "SELECT delivery_id, position FROM journal WHERE state = 'sending'",
            ))
            .unwrap();
        if armed.rows.is_empty() {
            self.core.violate(Rule::FencedFirst, || {
                format!("{text:?} left without a journal row")
            });
        }
        // Of the parts that are being sent, one says these words.
        let written = armed.rows.iter().any(|row| {
            let statement = Statement::new(
                "SELECT p.segments ->> ('$[' || CAST(?2 AS INTEGER) || ']') AS text FROM deliveries d
                 JOIN posts p ON p.workspace_id = d.workspace_id AND p.id = d.post_id WHERE d.id = ?1",
            )
            .bind(row["delivery_id"].as_str().unwrap())
            .bind(row["position"].as_i64().unwrap());
            let sets = self.sqlite.transact(&[statement]).unwrap();
            sets[0].rows.first().is_some_and(|row| row["text"] == text)
        });
        if !armed.rows.is_empty() && !written {
            self.core.violate(Rule::ExactlyWritten, || {
                format!("{text:?} left, which is not what the post says")
            });
        }
        let bearer = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .trim_start_matches("Bearer ");
        let refreshed = self.refreshed.lock().unwrap().contains(bearer);
        if refreshed && !self.is_durable(bearer, &storage) {
            self.core.violate(Rule::TokensDurable, || {
                "a token was used that is nowhere durable".to_owned()
            });
        }
    }

    // Whether the token can be found in the gate's storage or in the database.
    fn is_durable(&self, bearer: &str, storage: &crate::support::SqliteGate) -> bool {
        let kept = "SELECT account_id, workspace_id, sealed FROM tokens";
        let saved = "SELECT account_id, workspace_id, sealed FROM account_tokens";
        let rows = [
            storage.execute(Statement::new(kept)).unwrap().rows,
            self.sqlite.look(saved),
        ]
        .concat();
        rows.iter().any(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            let workspace = WorkspaceId::parse(text("workspace_id")).unwrap();
            let account = AccountId::parse(text("account_id")).unwrap();
            tokens::open(&self.config.keyring, &workspace, &account, text("sealed"))
                .is_ok_and(|pair| pair.access.expose_secret() == bearer)
        })
    }

    fn check_refresh(&self, body: &[u8], deadline_ms: u32) -> Option<String> {
        let token = form_urlencoded::parse(body)
            .find(|(name, _)| name == "refresh_token")?
            .1
            .into_owned();
        self.core.lock().tally.refreshes += 1;
        let now = self.core.now();
        let mut presented = self.presented.lock().unwrap();
        let (process, _) = self.core.current();
        if let Some(before) = presented.get(&token) {
            // Of a call of an object that was replaced, its successor cannot know whether it is still under way.
            if before.until > now && self.gates.may_write(before.process) {
                self.core.violate(Rule::RefreshedAlone, || {
                    "two refreshes of one grant at the same time".to_owned()
                });
            } else if before.answered {
                self.core.violate(Rule::RefreshedAlone, || {
                    "a refresh token was presented after it was spent".to_owned()
                });
            }
        }
        let until = now + i64::from(deadline_ms);
        presented.insert(
            token.clone(),
            Presented {
                process,
                until,
                answered: false,
            },
        );
        Some(token)
    }

    // The presenter of this token has its answer, or never will.
    fn heard(&self, token: Option<&String>, answered: bool) {
        if let Some(token) = token
            && let Some(presented) = self.presented.lock().unwrap().get_mut(token)
        {
            presented.until = 0;
            presented.answered |= answered;
        }
    }
}

/// Ends a presentation whose presenter is gone.
struct Presenter {
    network: Arc<Network>,
    token: Option<String>,
}

impl Drop for Presenter {
    fn drop(&mut self) {
        self.network.heard(self.token.as_ref(), false);
    }
}

/// The network as Godwit sees it.
pub struct Wire(pub Arc<Network>);

impl HttpClient for Wire {
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
        deadline_ms: u32,
    ) -> Pending<'_, Result<http::Response<Vec<u8>>, HttpError>> {
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let core = Arc::clone(&network.core);
            let name = format!("{} {}", request.method(), request.uri().path());
            let is_create = name == "POST /2/tweets";
            let fate = core.fate(Point::Http, || name.clone());
            let deadline = i64::from(deadline_ms);
            match fate {
                Fate::EndBefore => core.end().await,
                Fate::FailBefore => {
                    core.sleep(core.between(0, 500)).await;
                    return Err(HttpError::Lost("not reached".to_owned()));
                }
                Fate::HangBefore(_) => {
                    core.sleep(deadline).await;
                    return Err(HttpError::Timeout);
                }
                _ => {}
            }
            let token = network.leaves(&request, deadline_ms);
            let presenter = Presenter {
                network: Arc::clone(&network),
                token,
            };
            let (answer, answered) = oneshot::channel();
            let travel = match fate {
                // As late as a call can still land.
                Fate::Slow(ms) => ms.min(deadline + network.config.timing.landing_grace_ms - 1),
                _ => core.between(0, 300) * core.between(0, 1),
            };
            let (far, clock) = (Arc::clone(&network), Arc::clone(&core));
            core.spawn(WORLD, async move {
                clock.sleep(travel).await;
                if is_create && travel >= deadline {
                    clock.lock().tally.late_landings += 1;
                }
                let mut reply = far.carry_out(request);
                loop {
                    match reply {
                        Reply::Answer(response) => {
                            clock
                                .sleep(clock.between(0, 300) * clock.between(0, 1))
                                .await;
                            answer.send(Ok(response));
                            return;
                        }
                        Reply::Drop => {
                            answer.send(Err(HttpError::Lost("reset".to_owned())));
                            return;
                        }
                        Reply::Hang => std::future::pending().await,
                        Reply::Delay(ms, after) => {
                            clock.sleep(i64::try_from(ms).unwrap()).await;
                            reply = *after;
                        }
                    }
                }
            });
            let lost = match fate {
                Fate::EndAfter => {
                    core.end().await;
                    None
                }
                Fate::FailAfter => {
                    core.sleep(core.between(0, 500)).await;
                    Some(HttpError::Lost("reset".to_owned()))
                }
                Fate::HangAfter(_) => {
                    core.sleep(deadline).await;
                    Some(HttpError::Timeout)
                }
                _ => None,
            };
            if let Some(error) = lost {
                if is_create {
                    core.lock().tally.lost_answers += 1;
                }
                return Err(error);
            }
            let answer = match select(answered, pin!(core.sleep(deadline))).await {
                Either::Left((Some(answer), _)) => answer,
                Either::Left((None, _)) => Err(HttpError::Lost("gone".to_owned())),
                Either::Right(_) => Err(HttpError::Timeout),
            };
            core.note(|| match &answer {
                Ok(response) => format!("X answers {name} with {}", response.status()),
                Err(error) => format!("X does not answer {name}: {error}"),
            });
            // An answer that cannot be read is a lost one.
            let rotated = answer.as_ref().is_ok_and(|response| {
                let body: serde_json::Value =
                    serde_json::from_slice(response.body()).unwrap_or_default();
                body["access_token"].is_string()
            });
            // What an object hears that was replaced is lost as well: it can write nothing down.
            let (process, _) = core.current();
            let kept = rotated && network.gates.may_write(process);
            presenter.network.heard(presenter.token.as_ref(), kept);
            answer
        })
    }
}
