//! `App`: what every operation is given, namely the ports and the configuration.

use crate::config::Config;
use crate::identity::IssuerKeys;
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::legs::Legs;
use crate::platforms::x::oauth1::Consumer;
use crate::ports::{Blobs, Clock, Database, Gates, HttpClient, JobQueue, Log, Random};
use crate::time::Timestamp;
use std::sync::Arc;

/// The ports and the configuration. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The configuration, read once.
    pub config: Arc<Config>,
    /// The database of record.
    pub database: Arc<dyn Database>,
    /// The queues.
    pub queue: Arc<dyn JobQueue>,
    /// Files.
    pub blobs: Arc<dyn Blobs>,
    /// The gates.
    pub gates: Arc<dyn Gates>,
    /// Calls out.
    pub http: Arc<dyn HttpClient>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The log.
    pub log: Arc<dyn Log>,
    /// Public keys of trusted issuers, remembered between requests.
    pub issuer_keys: Arc<IssuerKeys>,
}

impl App {
    /// The time, by the clock's port.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// X's API as whoever these credentials are of.
    #[must_use]
    pub fn x<'a>(&'a self, credentials: &'a Credentials) -> Api<'a> {
        Api {
            http: &*self.http,
            config: &self.config.x,
            credentials,
            clock: &*self.clock,
            random: &*self.random,
        }
    }

    /// X, as an app that asks for OAuth 1.0a.
    #[must_use]
    pub fn x_legs<'a>(&'a self, consumer: &'a Consumer) -> Legs<'a> {
        Legs {
            http: &*self.http,
            config: &self.config.x,
            consumer,
            clock: &*self.clock,
            random: &*self.random,
        }
    }

    /// Logs an event that somebody may have to look at. `details` must not hold secrets.
    pub fn warn(&self, event: &str, details: &serde_json::Value) {
        self.log.write(&serde_json::json!({
            "level": "warn", "event": event, "at": self.now(), "details": details,
        }));
    }

    /// Logs one line of ordinary life.
    pub fn info(&self, event: &str, details: &serde_json::Value) {
        self.log.write(&serde_json::json!({
            "level": "info", "event": event, "at": self.now(), "details": details,
        }));
    }
}
