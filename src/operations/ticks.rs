//! Writing down that a cron trigger ticked. A note that is lost changes nothing but what the operator sees.

use super::store;
use crate::app::App;
use crate::ports::Statement;
use crate::time::Timestamp;
use serde_json::json;

/// A tick that is under way.
pub struct Tick<'a> {
    cron: &'a str,
    started_at: Timestamp,
}

/// Notes that a tick began. If the process dies before [`ended`], the next tick of this trigger, and whoever looks,
/// sees one without an end.
pub async fn began<'a>(app: &App, cron: &'a str) -> Tick<'a> {
    let started_at = app.now();
    note(app, cron, store::tick_began(cron, started_at)).await;
    Tick { cron, started_at }
}

/// Notes how it ended: with how much done, or with an error's code. A repeat changes nothing. A tick that ended after a
/// newer one had begun does not pass for the newer one.
pub async fn ended(app: &App, tick: &Tick<'_>, result: Result<u32, &str>) {
    let note_of = store::tick_ended(tick.cron, tick.started_at, app.now(), result);
    note(app, tick.cron, note_of).await;
}

async fn note(app: &App, cron: &str, statement: Statement) {
    if let Err(error) = app.database.run(statement).await {
        app.warn(
            "cron_not_noted",
            &json!({ "cron": cron, "error": error.to_string() }),
        );
    }
}
