//! `GET /health`: whether the database answers and the scheduler ticks.

use super::{Access, Call, Reply, Route};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::jobs;
use crate::time::{MINUTE_MS, Timestamp};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

/// Its path, below the API's base and at the root.
pub const PATH: &str = "/health";

/// Without a tick for this long, the scheduler counts as stopped: three of its minutes.
const SILENCE_MS: i64 = 3 * MINUTE_MS;

/// How the service is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`, or `unhealthy` when a check fails.
    #[schemars(extend("enum" = ["ok", "unhealthy"]))]
    status: &'static str,
    /// The version that answers.
    version: &'static str,
    /// What does things in time.
    scheduler: Scheduler,
    /// What it stands on.
    checks: Checks,
}

/// What does things in time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthScheduler")]
struct Scheduler {
    /// When the minute's tick last ran; null before the first.
    last_tick_at: Option<Timestamp>,
    /// False when it has ticked before and then fell silent for three minutes.
    healthy: bool,
}

/// What the service stands on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthChecks")]
struct Checks {
    /// Whether the database answers.
    #[schemars(extend("enum" = ["ok", "failing"]))]
    database: &'static str,
}

/// The route of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            PATH,
            "Whether the database answers and the scheduler ticks",
            Access::Public,
            handler!(health),
        )
        .gives::<Health>(200, "All is well")
        .gives::<Health>(503, "Something that publishing needs does not work"),
    ]
}

async fn health(app: App, _call: Call) -> Result<Reply, Error> {
    let tick = jobs::last_sweep(&app).await;
    let database = tick.is_ok();
    let last_tick_at = tick.ok().flatten();
    // A fresh installation has not ticked yet, and is well.
    let ticking = last_tick_at.is_none_or(|at| app.now().since(at) < SILENCE_MS);
    let well = database && ticking;
    let health = Health {
        status: if well { "ok" } else { "unhealthy" },
        version: env!("CARGO_PKG_VERSION"),
        scheduler: Scheduler {
            last_tick_at,
            healthy: ticking,
        },
        checks: Checks {
            database: if database { "ok" } else { "failing" },
        },
    };
    Reply::json(
        if well {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        &health,
    )
}
