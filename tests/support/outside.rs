//! Stand-ins for what lies outside the process: the queues, the gates, HTTP, the log.

use super::yield_once;
use godwit::gate::{GateName, GateReply, GateRequest};
use godwit::jobs::Job;
use godwit::ports::{
    Blobs, GateLost, Gates, HttpClient, HttpError, JobQueue, Log, Pending, QueueError, StorageError,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

/// Keeps what was sent until the test takes it.
#[derive(Default)]
pub struct RecordingQueue {
    sent: Mutex<Vec<(Job, u32)>>,
    sends: Mutex<u64>,
    refusals: Mutex<u32>,
}

impl RecordingQueue {
    /// Takes what was sent: each job with its delay in seconds.
    pub fn take(&self) -> Vec<(Job, u32)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// How often `send` was called.
    pub fn sends(&self) -> u64 {
        *self.sends.lock().unwrap()
    }

    /// The next `times` sends fail, and nothing of them arrives.
    pub fn refuse(&self, times: u32) {
        *self.refusals.lock().unwrap() = times;
    }
}

impl JobQueue for RecordingQueue {
    fn send(&self, jobs: Vec<(Job, u32)>) -> Pending<'_, Result<(), QueueError>> {
        Box::pin(async move {
            yield_once().await;
            *self.sends.lock().unwrap() += 1;
            let mut refusals = self.refusals.lock().unwrap();
            if *refusals > 0 {
                *refusals -= 1;
                return Err(QueueError("refused by the test".to_owned()));
            }
            self.sent.lock().unwrap().extend(jobs);
            Ok(())
        })
    }
}

type GateAnswer = Result<GateReply, GateLost>;
type AskGate = Arc<dyn Fn(GateName, GateRequest) -> Pending<'static, GateAnswer> + Send + Sync>;

/// Gates that a closure plays. A call that no closure expects stops the test.
#[derive(Default)]
pub struct StubGates {
    ask: Mutex<Option<AskGate>>,
    calls: Calls<(GateName, GateRequest)>,
}

impl StubGates {
    /// From now on `answer` plays every gate.
    pub fn on_call(
        &self,
        answer: impl Fn(&GateName, &GateRequest) -> GateAnswer + Send + Sync + 'static,
    ) {
        let answer = Arc::new(answer);
        self.on_call_async(move |gate, request| {
            let answer = Arc::clone(&answer);
            async move {
                yield_once().await;
                answer(&gate, &request)
            }
        });
    }

    /// As [`StubGates::on_call`], where the answer takes its time, or is the real gate's.
    pub fn on_call_async<F>(
        &self,
        answer: impl Fn(GateName, GateRequest) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = GateAnswer> + 'static,
    {
        *self.ask.lock().unwrap() = Some(Arc::new(move |gate, request| {
            Box::pin(answer(gate, request))
        }));
    }

    /// Nobody plays the gates any more.
    pub fn forget(&self) {
        *self.ask.lock().unwrap() = None;
    }

    /// What was asked so far.
    pub const fn calls(&self) -> &Calls<(GateName, GateRequest)> {
        &self.calls
    }
}

impl Gates for StubGates {
    fn call(&self, gate: &GateName, request: GateRequest) -> Pending<'_, GateAnswer> {
        self.calls.push((gate.clone(), request.clone()));
        let ask = self.ask.lock().unwrap().clone();
        ask.unwrap_or_else(|| panic!("nobody expected this call of gate {gate}: {request:?}"))(
            gate.clone(),
            request,
        )
    }
}

/// Files in memory.
#[derive(Default)]
pub struct Bucket {
    pieces: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What was asked so far: `put key`, `get key offset len`, `delete key`.
    calls: Calls<String>,
}

impl Bucket {
    /// The keys that are there.
    pub fn keys(&self) -> Vec<String> {
        self.pieces.lock().unwrap().keys().cloned().collect()
    }

    /// What was asked so far.
    pub const fn calls(&self) -> &Calls<String> {
        &self.calls
    }
}

impl Blobs for Bucket {
    fn put(&self, key: &str, bytes: Vec<u8>) -> Pending<'_, Result<(), StorageError>> {
        self.calls.push(format!("put {key}"));
        let key = key.to_owned();
        Box::pin(async move {
            yield_once().await;
            self.pieces.lock().unwrap().insert(key, bytes);
            Ok(())
        })
    }

    fn get(
        &self,
        key: &str,
        offset: u64,
        len: u64,
    ) -> Pending<'_, Result<Option<Vec<u8>>, StorageError>> {
        self.calls.push(format!("get {key} {offset} {len}"));
        let key = key.to_owned();
        Box::pin(async move {
            yield_once().await;
            let pieces = self.pieces.lock().unwrap();
            Ok(pieces.get(&key).map(|bytes| {
                let whole = |number: u64| usize::try_from(number).unwrap();
                let (offset, len) = (whole(offset), whole(len));
                let rest = bytes.get(offset..).unwrap_or_default();
                rest[..len.min(rest.len())].to_vec()
            }))
        })
    }

    fn delete(&self, keys: Vec<String>) -> Pending<'_, Result<(), StorageError>> {
        Box::pin(async move {
            yield_once().await;
            for key in keys {
                self.calls.push(format!("delete {key}"));
                self.pieces.lock().unwrap().remove(&key);
            }
            Ok(())
        })
    }
}

type HttpAnswer = Result<http::Response<Vec<u8>>, HttpError>;
type SendHttp =
    Arc<dyn Fn(http::Request<Vec<u8>>, u32) -> Pending<'static, HttpAnswer> + Send + Sync>;

/// The world that a closure plays. A request that no closure expects stops the test.
#[derive(Default)]
pub struct Outbound {
    send: Mutex<Option<SendHttp>>,
    requests: Calls<String>,
}

impl Outbound {
    /// From now on `answer` plays everybody; it is given the request and the deadline in ms.
    pub fn on_request(
        &self,
        answer: impl Fn(&http::Request<Vec<u8>>, u32) -> HttpAnswer + Send + Sync + 'static,
    ) {
        let answer = Arc::new(answer);
        self.on_request_async(move |request, deadline_ms| {
            let answer = Arc::clone(&answer);
            async move {
                yield_once().await;
                answer(&request, deadline_ms)
            }
        });
    }

    /// As [`Outbound::on_request`], where the answer takes its time.
    pub fn on_request_async<F>(
        &self,
        answer: impl Fn(http::Request<Vec<u8>>, u32) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = HttpAnswer> + 'static,
    {
        *self.send.lock().unwrap() = Some(Arc::new(move |request, deadline_ms| {
            Box::pin(answer(request, deadline_ms))
        }));
    }

    /// Nobody plays the world any more.
    pub fn forget(&self) {
        *self.send.lock().unwrap() = None;
    }

    /// What was asked so far, each as `METHOD url`.
    pub const fn requests(&self) -> &Calls<String> {
        &self.requests
    }
}

impl HttpClient for Outbound {
    fn send(&self, request: http::Request<Vec<u8>>, deadline_ms: u32) -> Pending<'_, HttpAnswer> {
        let name = format!("{} {}", request.method(), request.uri());
        self.requests.push(name.clone());
        let send = self.send.lock().unwrap().clone();
        send.unwrap_or_else(|| panic!("nobody expected this request: {name}"))(request, deadline_ms)
    }
}

/// A JSON answer of a platform.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what a closure of `on_request` gives"
)]
pub fn json_answer(status: u16, body: &serde_json::Value) -> HttpAnswer {
    Ok(http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(serde_json::to_vec(body).unwrap())
        .unwrap())
}

/// What was called, in order.
pub struct Calls<T>(Mutex<Vec<T>>);

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> Calls<T> {
    fn push(&self, call: T) {
        self.0.lock().unwrap().push(call);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Takes them; counting begins anew.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Keeps the log.
#[derive(Default)]
pub struct RecordingLog(Mutex<Vec<serde_json::Value>>);

impl RecordingLog {
    /// Every line so far.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        self.0.lock().unwrap().clone()
    }

    /// The lines of one event.
    pub fn events(&self, event: &str) -> Vec<serde_json::Value> {
        self.lines()
            .into_iter()
            .filter(|line| line["event"] == event)
            .collect()
    }
}

impl Log for RecordingLog {
    fn write(&self, line: &serde_json::Value) {
        self.0.lock().unwrap().push(line.clone());
    }
}
