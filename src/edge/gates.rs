//! [`Gates`] on Durable Objects, and the object itself.
//!
//! A request to a gate is one POST with JSON; remote procedure calls into an object are not available from Rust
//! (<https://github.com/cloudflare/workers-rs/pull/726>).

use super::fetch::Fetcher;
use super::host::{Console, SystemClock, SystemRandom};
use super::{rows, wiring};
use crate::gate::{AccountGate as Gate, GateName, GatePorts, GateReply, GateRequest};
use crate::ports::{
    GateLost, GateStorage, Gates, Pending, ResultSet, Statement, StorageError, Value,
};
use futures_util::future::{Either, select};
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

/// The Durable Object around a gate. Its class name is part of `wrangler.toml`.
#[durable_object(fetch)]
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
            }),
            database: wiring::database(&self.env)?,
            http: Arc::new(Fetcher),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            log: Arc::new(Console),
        };
        let gate = Gate::new(ports).map_err(|error| error.to_string())?;
        Ok(self.gate.get_or_init(|| gate))
    }
}

/// The object's own SQLite.
struct ObjectStorage {
    sql: worker::SqlStorage,
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
}

fn parameter(value: Value) -> SqlStorageValue {
    match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::Integer(number),
        Value::Text(text) => SqlStorageValue::String(text),
    }
}
