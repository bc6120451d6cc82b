//! [`X`] behind a socket of its own.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use http::Request;

use super::{
    answer::Reply,
    call::longest_body,
    settings::Settings,
    socket::{Handles, Socket},
    x::X,
};

/// A running X. Stops, with every connection it has, when dropped.
#[derive(Debug)]
pub struct Sandbox(Socket<X>);

impl Handles for X {
    fn handle(&mut self, now_ms: i64, request: Request<Vec<u8>>) -> Reply {
        Self::handle(self, now_ms, request)
    }

    fn longest_body(path: &str) -> usize {
        longest_body(path)
    }
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
        Socket::bind(port, X::new(settings)).await.map(Self)
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The X behind the socket. Requests wait while it is held.
    pub fn x(&self) -> MutexGuard<'_, X> {
        self.0.shared().lock()
    }

    /// The same, to keep and to share.
    pub fn shared(&self) -> Arc<Mutex<X>> {
        self.0.shared().state()
    }
}
