//! [`Gates`] on Durable Objects, and the object itself.
//!
//! A request to a gate is one POST with JSON; remote procedure calls into an object are not available from Rust
//! (<https://github.com/cloudflare/workers-rs/pull/726>).

use super::fetch::Fetcher;
use super::host::{Console, SystemClock, SystemRandom};
use super::{rows, wiring};
use crate::gate::{Gate, GateName, GatePorts, GateReply, GateRequest};
use crate::ports::Clock as _;
use crate::ports::Log as _;
use crate::ports::{
    GateLost, GateStorage, Gates, Pending, ResultSet, Statement, StorageError, Value,
};
use crate::time::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use serde_json::json;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use worker::{
    Delay, DurableObject, Env, Headers, Method, Request, RequestInit, Response, SqlStorageValue,
    State, durable_object,
};

/// Any address does: an object is reached by its name, not by its host.
const ADDRESS: &str = "https://gate.internal/";

/// How long a gate is waited for, in ms: less than a claim lasts. A gate that is given up has its journal, and answers
/// the next claim.
const GATE_DEADLINE_MS: u64 = 50_000;

/// When a gate that cannot read its configuration looks for its debts again.
const MISCONFIGURED_RETRY: Duration = Duration::from_mins(5);

/// The gates of this deployment.
pub struct DurableGates {
    env: Env,
}

impl DurableGates {
    /// The gates behind the binding `ACCOUNT_GATE`.
    pub const fn new(env: Env) -> Self {
        Self { env }
    }
}

impl Gates for DurableGates {
    fn call(
        &self,
        gate: &GateName,
        request: GateRequest,
    ) -> Pending<'_, Result<GateReply, GateLost>> {
        let name = gate.as_str().to_owned();
        Box::pin(async move {
            let deadline = Delay::from(Duration::from_millis(GATE_DEADLINE_MS));
            match select(pin!(ask(&self.env, &name, &request)), deadline).await {
                Either::Left((answer, _)) => answer.map_err(|error| GateLost(error.to_string())),
                Either::Right(_) => Err(GateLost("no answer in time".to_owned())),
            }
        })
    }
}

async fn ask(env: &Env, name: &str, request: &GateRequest) -> worker::Result<GateReply> {
    let stub = env.durable_object("ACCOUNT_GATE")?.get_by_name(name)?;
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(serde_json::to_string(request)?.into()));
    let mut response = stub
        .fetch_with_request(Request::new_with_init(ADDRESS, &init)?)
        .await?;
    response.json().await
}

/// The Durable Object around a gate: an account's, or under a name of its own an app's. Its class name is part of
/// `wrangler.toml`.
#[durable_object(alarm)]
pub struct AccountGate {
    state: State,
    env: Env,
    gate: OnceLock<Gate>,
}

impl DurableObject for AccountGate {
    fn new(state: State, env: Env) -> Self {
        Self {
            state,
            env,
            gate: OnceLock::new(),
        }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let reply = match (self.gate(), request.json::<GateRequest>().await) {
            (Ok(gate), Ok(request)) => gate.ask(request).await,
            (Err(why), _) => GateReply::Failed(why),
            (_, Err(error)) => GateReply::Failed(format!("not a request to a gate: {error}")),
        };
        Response::from_json(&reply)
    }

    // Never an error: the runtime gives an alarm up after six of them. The gate sets the next one itself.
    async fn alarm(&self) -> worker::Result<Response> {
        match self.gate() {
            Ok(gate) => gate.wake().await,
            Err(why) => {
                Console.write(&json!({ "level": "error", "event": "misconfigured", "details": { "why": why } }));
                self.state.storage().set_alarm(MISCONFIGURED_RETRY).await?;
            }
        }
        Response::empty()
    }
}

impl AccountGate {
    /// The gate, made at the first request. Requests of one object share it.
    fn gate(&self) -> Result<&Gate, String> {
        if let Some(gate) = self.gate.get() {
            return Ok(gate);
        }
        let ports = GatePorts {
            config: wiring::config(&self.env)?,
            storage: Arc::new(ObjectStorage {
                sql: self.state.storage().sql(),
                storage: self.state.storage(),
            }),
            database: wiring::database(&self.env)?,
            gates: Arc::new(DurableGates::new(self.env.clone())),
            http: Arc::new(Fetcher),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            log: Arc::new(Console),
        };
        // Every object is addressed by its name, and knows it.
        let name = self.state.id().name().unwrap_or_default();
        let gate = Gate::open(&name, ports).map_err(|error| error.to_string())?;
        Ok(self.gate.get_or_init(|| gate))
    }
}

/// The object's own SQLite, and its alarm.
struct ObjectStorage {
    sql: worker::SqlStorage,
    storage: worker::Storage,
}

impl GateStorage for ObjectStorage {
    fn execute(&self, statement: Statement) -> Result<ResultSet, StorageError> {
        let params: Vec<SqlStorageValue> = statement.params.into_iter().map(parameter).collect();
        let cursor = self
            .sql
            .exec(statement.sql, params)
            .map_err(|error| rows::error(&error))?;
        let rows = cursor.to_array().map_err(|error| rows::error(&error))?;
        let changes = u64::try_from(cursor.rows_written()).unwrap_or(u64::MAX);
        Ok(ResultSet { rows, changes })
    }

    // The runtime takes the alarm at the first poll, in order with the writes before and after it. The rest of the
    // future is its confirmation, which whatever leaves the object waits for anyway.
    fn wake_at(&self, at: Option<Timestamp>) -> Result<(), StorageError> {
        let taken = match at {
            Some(at) => {
                let ms = u64::try_from(at.since(SystemClock.now())).unwrap_or(0);
                self.storage
                    .set_alarm(Duration::from_millis(ms))
                    .now_or_never()
            }
            None => self.storage.delete_alarm().now_or_never(),
        };
        taken.unwrap_or(Ok(())).map_err(|error| rows::error(&error))
    }
}

fn parameter(value: Value) -> SqlStorageValue {
    match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::Integer(number),
        Value::Text(text) => SqlStorageValue::String(text),
    }
}
