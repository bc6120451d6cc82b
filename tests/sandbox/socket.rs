//! A stand-in behind a real socket on 127.0.0.1, on the wall clock.
//!
//! A dropped request really loses its connection without a byte, and a hung one really hangs until its client or the
//! stand-in goes away.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::{Ipv4Addr, SocketAddr},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::{Body, Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

use super::answer::Reply;

type Lost = Box<dyn Error + Send + Sync>;

/// What stands behind a socket: it handles one request at a time.
pub trait Handles: Send + 'static {
    /// One request at this time. Times do not go back.
    fn handle(&mut self, now_ms: i64, request: Request<Vec<u8>>) -> Reply;

    /// The longest body that a path takes, in bytes. What is longer is answered 413, unread.
    fn longest_body(path: &str) -> usize;
}

/// A stand-in that listens. Stops, with every connection it has, when dropped.
#[derive(Debug)]
pub struct Socket<T> {
    address: SocketAddr,
    shared: Shared<T>,
    task: JoinHandle<Infallible>,
}

/// The stand-in, and the word that it may have changed.
#[derive(Debug)]
pub struct Shared<T> {
    state: Arc<Mutex<T>>,
    changed: Arc<Notify>,
}

/// The stand-in, held: requests wait meanwhile. Whoever waits for a change hears of it when this is let go.
#[derive(Debug)]
pub struct Held<'a, T> {
    state: MutexGuard<'a, T>,
    changed: &'a Notify,
}

impl<T: Handles> Socket<T> {
    /// # Errors
    /// When the port is taken. 0 is any free port.
    pub async fn bind(port: u16, state: T) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shared = Shared {
            state: Arc::new(Mutex::new(state)),
            changed: Arc::default(),
        };
        let task = tokio::spawn(serve(listener, shared.clone()));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn shared(&self) -> &Shared<T> {
        &self.shared
    }
}

impl<T> Drop for Socket<T> {
    fn drop(&mut self) {
        // The connections are a set in this task and end with it.
        self.task.abort();
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            changed: Arc::clone(&self.changed),
        }
    }
}

impl<T> Shared<T> {
    pub fn hold(&self) -> Held<'_, T> {
        Held {
            state: self.lock(),
            changed: &self.changed,
        }
    }

    /// As [`Shared::hold`], and nobody is told.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        // A test that panicked while it held the lock has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until something may have changed since the last time this was asked.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The lock itself, to keep.
    pub fn state(&self) -> Arc<Mutex<T>> {
        Arc::clone(&self.state)
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

async fn serve<T: Handles>(listener: TcpListener, shared: Shared<T>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // A connection that failed before it was accepted is its client's affair.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // The error is either a lost client or a drop that was scripted.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error makes hyper close the connection without an answer.
async fn answer<T: Handles>(
    shared: Shared<T>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Lost> {
    let (parts, body) = request.into_parts();
    let longest = T::longest_body(parts.uri.path());
    // A declared length is believed at once; without one the limit holds while reading.
    let declared = body.size_hint().lower();
    let body = if declared > longest as u64 {
        None
    } else {
        Limited::new(body, longest).collect().await.ok()
    };
    let Some(body) = body else {
        let mut too_large = Response::new(Full::default());
        *too_large.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(too_large);
    };
    let request = Request::from_parts(parts, body.to_bytes().to_vec());
    let mut reply = shared.hold().handle(now_ms(), request);
    loop {
        match reply {
            Reply::Answer(answer) => return Ok(answer.map(|body| Full::new(body.into()))),
            Reply::Drop => return Err("dropped, as scripted".into()),
            Reply::Hang => std::future::pending().await,
            Reply::Delay(ms, inner) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                reply = *inner;
            }
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place where the sandbox meets the wall clock"
)]
pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since_epoch.as_millis()).expect("a clock before the year 292 million")
}
