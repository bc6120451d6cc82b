//! The ports: all that Godwit needs from the world, in its own words.
//!
//! The adapters for Cloudflare are in `edge/`, those for native tests in `tests/support/`. Futures are not `Send`:
//! a Worker's isolate has one thread, and so have the tests that drive these.

use crate::gate::{GateName, GateReply, GateRequest};
use crate::jobs::Job;
use crate::time::Timestamp;
use axum::body::Bytes;
use futures_util::stream::once;
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;

/// What every port call returns: the answer, when it is there.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A value bound to a statement. Integers are exact to 2^53, since D1 carries them as doubles
/// (<https://developers.cloudflare.com/d1/worker-api/#type-conversion>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// An integer of at most 53 bits.
    Integer(i64),
    /// UTF-8 text.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Integer(instant.millis())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One SQL statement with its parameters `?1`, `?2`, … in order.
///
/// The text is `'static`, so that no query can be built from what a user sent.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text, in the dialect of D1.
    pub sql: &'static str,
    /// The parameters; D1 takes at most 100 (<https://developers.cloudflare.com/d1/platform/limits/>).
    pub params: Vec<Value>,
}

impl Statement {
    /// A statement that has no parameters yet.
    #[must_use]
    pub const fn new(sql: &'static str) -> Self {
        Self {
            sql,
            params: Vec::new(),
        }
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }
}

/// What one statement gave.
#[derive(Debug, Default)]
pub struct ResultSet {
    /// The rows, each a map from column name to value.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
    /// How many rows an INSERT, UPDATE or DELETE changed.
    pub changes: u64,
}

impl ResultSet {
    /// All rows as `T`, whose fields are the columns.
    ///
    /// # Errors
    /// [`StorageError::Failed`] when a row does not have the shape of `T`.
    pub fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, StorageError> {
        self.rows
            .into_iter()
            .map(|row| serde_json::from_value(serde_json::Value::Object(row)))
            .collect::<Result<_, _>>()
            .map_err(|error| StorageError::Failed(format!("a row does not fit: {error}")))
    }

    /// The first row as `T`.
    ///
    /// # Errors
    /// As [`ResultSet::all`].
    pub fn first<T: DeserializeOwned>(mut self) -> Result<Option<T>, StorageError> {
        self.rows.truncate(1);
        Ok(self.all()?.pop())
    }
}

/// Why storage did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageError {
    /// A constraint (unique, check, foreign key) refused it; nothing was changed.
    Constraint(String),
    /// It may work later. A write may or may not have taken effect.
    Transient(String),
    /// It will not work: a bug, or a schema that does not fit.
    Failed(String),
}

impl StorageError {
    /// True when the unique constraint over `columns` (as `SQLite` names it: `table.column, table.column`) refused it.
    #[must_use]
    pub fn violates_unique(&self, columns: &str) -> bool {
        matches!(self, Self::Constraint(text) if text.contains("UNIQUE") && text.contains(columns))
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraint(text) => write!(f, "constraint: {text}"),
            Self::Transient(text) => write!(f, "transient: {text}"),
            Self::Failed(text) => write!(f, "failed: {text}"),
        }
    }
}

/// The database of record.
pub trait Database: Send + Sync {
    /// Runs the statements in order as one transaction and one round trip; the answer has one set per statement.
    ///
    /// On an error nothing was changed, except that a [`StorageError::Transient`] leaves it open. A statement that
    /// changes no row is not an error: the caller decides by [`ResultSet::changes`].
    fn batch(
        &self,
        statements: Vec<Statement>,
    ) -> Pending<'_, Result<Vec<ResultSet>, StorageError>>;
}

impl dyn Database + '_ {
    /// Runs one statement, as a batch of its own.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn run(&self, statement: Statement) -> Result<ResultSet, StorageError> {
        Ok(self.batch(vec![statement]).await?.pop().unwrap_or_default())
    }
}

/// The storage of one gate: private to it, small, synchronous.
///
/// What is written here is durable before any call that the gate makes afterwards leaves it. That is what makes
/// the journal a fence (<https://developers.cloudflare.com/durable-objects/reference/in-memory-state/>).
pub trait GateStorage: Send + Sync {
    /// Runs one statement. Between two calls without an await nothing else runs.
    ///
    /// # Errors
    /// As [`Database::batch`]; never transient.
    fn execute(&self, statement: Statement) -> Result<ResultSet, StorageError>;

    /// Has the gate woken at this time, or some time after it, even if nobody asks it anything and its process ends
    /// before; `None` takes that back. There is one such time: a later call replaces it. It may wake more than once
    /// (<https://developers.cloudflare.com/durable-objects/api/alarms/>).
    ///
    /// # Errors
    /// When it could not be noted.
    fn wake_at(&self, at: Option<Timestamp>) -> Result<(), StorageError>;
}

/// Sends nudges to the queues.
pub trait JobQueue: Send + Sync {
    /// Sends each job, to arrive at the earliest after its delay in seconds (at most 12 hours). At least once, in no order.
    ///
    /// An error leaves open which of them were sent; sending one again is harmless.
    fn send(&self, jobs: Vec<(Job, u32)>) -> Pending<'_, Result<(), QueueError>>;
}

/// The queue did not confirm.
#[derive(Debug, Clone)]
pub struct QueueError(pub String);

/// The gates, each addressed by its name.
pub trait Gates: Send + Sync {
    /// Asks a gate. Asking again for the same part is safe: the gate's journal answers.
    fn call(
        &self,
        gate: &GateName,
        request: GateRequest,
    ) -> Pending<'_, Result<GateReply, GateLost>>;
}

/// The gate could not be asked, or its answer was lost. What it did is in its journal.
#[derive(Debug, Clone)]
pub struct GateLost(pub String);

/// Files in pieces, each under a key of its own.
pub trait Blobs: Send + Sync {
    /// Keeps a piece, in place of what was there. Repeating it changes nothing.
    fn put(&self, key: &str, bytes: Vec<u8>) -> Pending<'_, Result<(), StorageError>>;

    /// As [`Blobs::put`], of a piece of exactly `len` bytes that is still arriving. If it has another length, or breaks
    /// off, nothing is changed.
    ///
    /// A bucket that can, keeps what has arrived and never holds the whole. This one gathers it.
    fn put_arriving<'a>(
        &'a self,
        key: &'a str,
        len: u64,
        mut arriving: Arriving,
    ) -> Pending<'a, Result<Result<(), NotWhole>, StorageError>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            while let Some(more) = arriving.next().await {
                match more {
                    Ok(more) => bytes.extend_from_slice(&more),
                    Err(why) => return Ok(Err(NotWhole::BrokeOff(why))),
                }
                if bytes.len() as u64 > len {
                    return Ok(Err(NotWhole::OtherLength));
                }
            }
            if bytes.len() as u64 != len {
                return Ok(Err(NotWhole::OtherLength));
            }
            self.put(key, bytes).await.map(Ok)
        })
    }

    /// Reads up to `len` bytes of a piece from `offset` on, fewer at its end; `None`: there is no such piece.
    fn get(
        &self,
        key: &str,
        offset: u64,
        len: u64,
    ) -> Pending<'_, Result<Option<Vec<u8>>, StorageError>>;

    /// Forgets pieces. Those that are not there are forgotten already.
    fn delete(&self, keys: Vec<String>) -> Pending<'_, Result<(), StorageError>>;

    /// Sends a request with a whole piece in the middle of its body, and gives what [`HttpClient::send`] would. `None`:
    /// there is no such piece. Of that, and of an error of the storage itself, nothing has left.
    ///
    /// A bucket that can, has the piece flow into the request without ever holding it. This one reads it, and has it sent
    /// by `http`.
    fn send<'a>(
        &'a self,
        key: &'a str,
        request: http::Request<Around>,
        http: &'a dyn HttpClient,
        deadline_ms: u32,
    ) -> Pending<'a, Result<Option<HttpAnswer>, StorageError>> {
        Box::pin(async move {
            let Some(piece) = self.get(key, 0, u64::from(u32::MAX)).await? else {
                return Ok(None);
            };
            let request = request.map(|around| [around.before, piece, around.after].concat());
            Ok(Some(http.send(request, deadline_ms).await))
        })
    }
}

/// A piece on its way in; an error says why no more of it comes.
pub type Arriving = Pin<Box<dyn Stream<Item = Result<Bytes, String>>>>;

/// Why a piece was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWhole {
    /// It ended before its end.
    BrokeOff(String),
    /// It was shorter or longer than was said.
    OtherLength,
}

/// What stands before and behind a piece in the body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// Before it.
    pub before: Vec<u8>,
    /// Behind it.
    pub after: Vec<u8>,
}

/// What a call out comes to.
pub type HttpAnswer = Result<http::Response<Vec<u8>>, HttpError>;

/// Bytes as they arrive.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Vec<u8>, HttpError>>>>;

/// Calls out over HTTP.
pub trait HttpClient: Send + Sync {
    /// Sends a request and reads the whole answer (at most 4 MiB), within `deadline_ms`. Redirects are not followed.
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
        deadline_ms: u32,
    ) -> Pending<'_, Result<http::Response<Vec<u8>>, HttpError>>;

    /// As [`HttpClient::send`], for an answer of any length, which is read as it arrives, all of it within `deadline_ms`.
    fn open(
        &self,
        request: http::Request<Vec<u8>>,
        deadline_ms: u32,
    ) -> Pending<'_, Result<http::Response<ByteStream>, HttpError>> {
        Box::pin(async move {
            let answer = self.send(request, deadline_ms).await?;
            Ok(answer.map(|bytes| Box::pin(once(ready(Ok(bytes)))) as ByteStream))
        })
    }
}

/// No whole answer came. The request may or may not have taken effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The deadline passed; the connection was given up.
    Timeout,
    /// The connection could not be made, or broke, or the answer was not readable.
    Lost(String),
}

impl std::error::Error for HttpError {}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer within the deadline"),
            Self::Lost(text) => write!(f, "the connection broke ({text})"),
        }
    }
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Returns after `ms` milliseconds.
    fn sleep(&self, ms: u32) -> Pending<'_, ()>;
}

/// Randomness fit for keys.
pub trait Random: Send + Sync {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Where log lines go.
pub trait Log: Send + Sync {
    /// Writes one line, which is one JSON object.
    fn write(&self, line: &serde_json::Value);
}
