//! The routes of operations.

use super::dead_letters;
use super::model::{DeadLetter, Overview};
use super::overview::{overview, resume};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Reply, Route, page};
use crate::ids::DeadLetterId;
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/admin/queue",
            "What waits and why, what was given up, and whether cron ticks, over all workspaces",
            Access::Operator,
            handler!(queue),
        )
        .gives::<Overview>(200, "How it stands"),
        Route::new(
            Method::POST,
            "/admin/queue/resume",
            "End every pause of an app; what it held goes out within a minute, and what is still refused pauses it again",
            Access::Operator,
            handler!(resume_all),
        )
        .gives::<Overview>(200, "How it stands now"),
        Route::new(
            Method::GET,
            "/admin/dead-letters",
            "Queue messages that could not be handled, newest first; kept for 30 days",
            Access::Operator,
            handler!(list),
        )
        .asks::<Listing>()
        .gives::<Page<DeadLetter>>(200, "A page of dead letters")
        .with_answer_headers(page::LINK),
        Route::new(
            Method::POST,
            "/admin/dead-letters/{id}/retry",
            "Put a dead letter back on its queue; doing so twice is harmless",
            Access::Operator,
            handler!(retry),
        )
        .gives::<DeadLetter>(202, "It is on its queue again")
        .refuses(
            409,
            "It is no message of Godwit: `dead_letter_not_readable`",
        ),
        Route::new(
            Method::DELETE,
            "/admin/dead-letters/{id}",
            "Dismiss a dead letter",
            Access::Operator,
            handler!(dismiss),
        )
        .gives_nothing(204, "It is gone"),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// How many, at most.
    #[schemars(range(min = 1, max = 100), extend("default" = 50))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]+$"))]
    cursor: Option<String>,
}

async fn queue(app: App, _call: Call) -> Result<Reply, Error> {
    Reply::ok(&overview(&app).await?)
}

async fn resume_all(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&resume(&app, call.caller()?).await?)
}

async fn list(app: App, call: Call) -> Result<Reply, Error> {
    let asked: Listing = call.query()?;
    let limit = page::limit(asked.limit)?;
    let before = page::cursor(asked.cursor.as_deref(), DeadLetterId::parse)?;
    dead_letters::list(&app, before.as_ref(), limit)
        .await?
        .reply(&call)
}

async fn retry(app: App, call: Call) -> Result<Reply, Error> {
    let letter = dead_letters::retry(&app, call.caller()?, &id(&call)?).await?;
    Reply::json(StatusCode::ACCEPTED, &letter)
}

async fn dismiss(app: App, call: Call) -> Result<Reply, Error> {
    dead_letters::dismiss(&app, call.caller()?, &id(&call)?).await?;
    Ok(Reply::no_content())
}

// What cannot be an id is answered like one that nothing has.
fn id(call: &Call) -> Result<DeadLetterId, Error> {
    call.path
        .get("id")
        .and_then(|text| DeadLetterId::parse(text))
        .ok_or_else(dead_letters::no_such_letter)
}
