//! [`Tube`] behind a socket of its own, and the client that performs what its hub sends.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use reqwest::{Client, redirect::Policy};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use super::{
    super::socket::{self, Held, Shared, Socket},
    outgoing::Outgoing,
    settings::Settings,
    tube::Tube,
};

/// How long the hub waits for a subscriber. Google says nothing of it; this is `MAX_FETCH_SECONDS` of its published hub.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many of the hub's requests are on their way at once. The others wait in its queue, as at any hub that has one.
const AT_ONCE: usize = 50;

/// Without anything to do: until something changes.
const LONG: Duration = Duration::from_hours(1);

/// A running YouTube. Stops, with every connection it has, when dropped.
#[derive(Debug)]
pub struct YouTube {
    socket: Socket<Tube>,
    driver: JoinHandle<Infallible>,
}

impl YouTube {
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
        let socket = Socket::bind(port, Tube::new(settings)).await?;
        let driver = tokio::spawn(drive(socket.shared().clone()));
        Ok(Self { socket, driver })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end: the value of `YOUTUBE_BASE` and of `YOUTUBE_API_BASE`.
    pub fn url(&self) -> String {
        self.socket.url()
    }

    /// The value of `WEBSUB_HUB_URL`.
    pub fn hub_url(&self) -> String {
        format!("{}/subscribe", self.url())
    }

    /// The YouTube behind the socket. Requests wait while it is held; what the hub has to send leaves when it is let go.
    pub fn tube(&self) -> Held<'_, Tube> {
        self.socket.shared().hold()
    }

    /// The time that the methods of [`Tube`] want.
    pub fn now_ms() -> i64 {
        socket::now_ms()
    }
}

impl Drop for YouTube {
    fn drop(&mut self) {
        // What is on its way is a set in this task and ends with it.
        self.driver.abort();
    }
}

async fn drive(shared: Shared<Tube>) -> Infallible {
    let client = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .expect("a client");
    let mut calls = JoinSet::new();
    let free = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        while calls.try_join_next().is_some() {}
        let now_ms = socket::now_ms();
        // Not held but locked: this is no change that anybody waits for.
        let (due, next_at) = {
            let mut tube = shared.lock();
            (tube.due(now_ms), tube.next_at())
        };
        for outgoing in due {
            calls.spawn(perform(
                client.clone(),
                shared.clone(),
                free.clone(),
                outgoing,
            ));
        }
        let wait = next_at.map_or(LONG, |at| {
            Duration::from_millis(u64::try_from(at - now_ms).unwrap_or(0))
        });
        tokio::select! {
            () = shared.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn perform(client: Client, shared: Shared<Tube>, free: Arc<Semaphore>, outgoing: Outgoing) {
    let id = outgoing.id;
    // It is never closed.
    let _permit = free.acquire_owned().await;
    let (status, body) = match send(&client, outgoing).await {
        Ok((status, body)) => (Some(status), body),
        Err(_) => (None, Vec::new()),
    };
    shared.hold().answered(socket::now_ms(), id, status, &body);
}

async fn send(client: &Client, outgoing: Outgoing) -> reqwest::Result<(u16, Vec<u8>)> {
    let mut request = client.request(outgoing.method, outgoing.url);
    // Google's hub unpacks what it says that it takes; this client unpacks nothing, and workerd packs whatever it may.
    let headers = outgoing.headers.into_iter();
    for (name, value) in headers.filter(|(name, _)| *name != "accept-encoding") {
        request = request.header(name, value);
    }
    let answer = request.body(outgoing.body).send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.bytes().await?.to_vec()))
}
