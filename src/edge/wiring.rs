//! From the bindings of `wrangler.toml` to an [`App`].

use super::d1::D1;
use super::fetch::Fetcher;
use super::gates::DurableGates;
use super::host::{Console, SystemClock, SystemRandom};
use super::queues::Queues;
use super::r2::R2;
use crate::app::App;
use crate::config::Config;
use crate::identity::IssuerKeys;
use crate::ports::Database;
use std::sync::{Arc, OnceLock};
use worker::Env;

// Plain data, which requests of an isolate may share; a promise they may not.
static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
static ISSUER_KEYS: OnceLock<Arc<IssuerKeys>> = OnceLock::new();

/// The configuration of this deployment, read once per isolate.
///
/// # Errors
/// One sentence that names what is wrong.
pub fn config(env: &Env) -> Result<Arc<Config>, String> {
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(Config::read(|name| {
        env.var(name).ok().map(|value| value.to_string())
    })?);
    Ok(Arc::clone(CONFIG.get_or_init(|| config)))
}

/// The database of this deployment.
///
/// # Errors
/// When the binding is missing.
pub fn database(env: &Env) -> Result<Arc<dyn Database>, String> {
    let database = env
        .d1("DB")
        .map_err(|error| format!("binding DB: {error}"))?;
    Ok(Arc::new(D1::new(database)))
}

/// Everything that an operation is given.
///
/// # Errors
/// One sentence that names what is wrong.
pub fn app(env: &Env) -> Result<App, String> {
    let queue = |name: &str| {
        env.queue(name)
            .map_err(|error| format!("binding {name}: {error}"))
    };
    let bucket = env
        .bucket("MEDIA")
        .map_err(|error| format!("binding MEDIA: {error}"))?;
    Ok(App {
        blobs: Arc::new(R2::new(bucket)),
        config: config(env)?,
        database: database(env)?,
        queue: Arc::new(Queues::new(queue("PUBLISH")?, queue("BACKGROUND")?)),
        gates: Arc::new(DurableGates::new(env.clone())),
        http: Arc::new(Fetcher),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        log: Arc::new(Console),
        issuer_keys: Arc::clone(ISSUER_KEYS.get_or_init(Arc::default)),
    })
}
