//! What an operator sees and repairs: what waits, dead letters, cron ticks; and what a monitor is told.

mod crons;
mod dead_letters;
mod health;
mod operators;
mod poison;
mod queue;

use crate::publishing::Stage;
use crate::support::{Answer, World};
use godwit::jobs::Message;
use serde_json::Value;

async fn ask(stage: &Stage, method: &str, path: &str) -> Answer {
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, path, token, None).await
}

/// What `GET /admin/queue` shows to the operator.
async fn overview(stage: &Stage) -> Value {
    ask(stage, "GET", "/admin/queue").await.expect(200)
}

/// What `GET /health` answers, and how.
async fn health(world: &World) -> (u16, Value) {
    let answer = world.request("GET", "/health", None, None).await;
    (answer.status, answer.json)
}

fn message(id: &str, body: &str) -> Message {
    Message {
        id: Some(id.to_owned()),
        body: body.to_owned(),
    }
}
