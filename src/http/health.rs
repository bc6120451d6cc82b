//! `GET /health`: whether the database answers, the scheduler ticks, and no delivery is left lying.

use super::{Access, Call, Reply, Route};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::operations;
use crate::time::Timestamp;
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

/// Its path, below the API's base and at the root.
pub const PATH: &str = "/health";

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
    /// When the minute's tick last ended well; null before the first.
    last_tick_at: Option<Timestamp>,
    /// False when no tick has ended well for three minutes, counted from the first one if none ever did, or from the first
    /// person's registration where none was ever seen.
    healthy: bool,
}

/// What the service stands on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthChecks")]
struct Checks {
    /// Whether the database answers.
    #[schemars(extend("enum" = ["ok", "failing"]))]
    database: &'static str,
    /// `overdue` when the scheduler should have taken a delivery more than three minutes ago and has not: something is
    /// stuck, and `GET /admin/queue` says what. `unknown` when the database does not answer.
    #[schemars(extend("enum" = ["ok", "overdue", "unknown"]))]
    deliveries: &'static str,
}

/// The route of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            PATH,
            "Whether the database answers, the scheduler ticks and no delivery is left lying",
            Access::Public,
            handler!(health),
        )
        .gives::<Health>(200, "All is well")
        .gives::<Health>(503, "Something that publishing needs does not work"),
    ]
}

async fn health(app: App, _call: Call) -> Result<Reply, Error> {
    let now = app.now();
    let pulse = operations::pulse(&app).await;
    let (database, deliveries) = match &pulse {
        Ok(pulse) if pulse.is_overdue(now) => ("ok", "overdue"),
        Ok(_) => ("ok", "ok"),
        Err(_) => ("failing", "unknown"),
    };
    // Of a database that does not answer nothing else can be known, and it is bad enough.
    let pulse = pulse.unwrap_or_default();
    let scheduler = Scheduler {
        last_tick_at: pulse.last_tick_at,
        healthy: pulse.is_ticking(now),
    };
    let well = database == "ok" && deliveries == "ok" && scheduler.healthy;
    let health = Health {
        status: if well { "ok" } else { "unhealthy" },
        version: env!("CARGO_PKG_VERSION"),
        scheduler,
        checks: Checks {
            database,
            deliveries,
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
