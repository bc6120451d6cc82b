//! [`X`] behind a real socket on 127.0.0.1, on the wall clock.
//!
//! A dropped request really loses its connection without a byte, and a hung one really hangs until its client or the
//! sandbox goes away.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::{Ipv4Addr, SocketAddr},
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
    task::{JoinHandle, JoinSet},
};

use super::{answer::Reply, call::longest_body, settings::Settings, x::X};

type Lost = Box<dyn Error + Send + Sync>;

/// A running X. Stops, with every connection it has, when dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    x: Arc<Mutex<X>>,
    task: JoinHandle<Infallible>,
}

impl Sandbox {
    /// With the default settings, on any free port.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        Self::bind(0, settings).await.expect("a free port")
    }

    /// # Errors
    /// When the port is taken. 0 is any free port.
    pub async fn bind(port: u16, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let x = Arc::new(Mutex::new(X::new(settings)));
        let task = tokio::spawn(serve(listener, Arc::clone(&x)));
        Ok(Self { address, x, task })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The X behind the socket. Requests wait while it is held.
    pub fn x(&self) -> MutexGuard<'_, X> {
        lock(&self.x)
    }

    /// The same, to keep and to share.
    pub fn shared(&self) -> Arc<Mutex<X>> {
        Arc::clone(&self.x)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The connections are a set in this task and end with it.
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, x: Arc<Mutex<X>>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // A connection that failed before it was accepted is its client's affair.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let x = Arc::clone(&x);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&x), request));
            // The error is either a lost client or a drop that was scripted.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error makes hyper close the connection without an answer.
async fn answer(
    x: Arc<Mutex<X>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Lost> {
    let (parts, body) = request.into_parts();
    let longest = longest_body(parts.uri.path());
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
    let mut reply = lock(&x).handle(now_ms(), request);
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

/// A test that panicked while it held the lock has failed already.
fn lock(x: &Mutex<X>) -> MutexGuard<'_, X> {
    x.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place where the sandbox meets the wall clock"
)]
fn now_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since_epoch.as_millis()).expect("a clock before the year 292 million")
}
