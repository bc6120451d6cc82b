//! What X itself says of an app's usage, kept for ten minutes: X takes 50 such questions in 15 minutes.

use crate::accounts::{refused, refused_until};
use crate::app::App;
use crate::apps::{self, Chosen};
use crate::error::{Error, Kind};
use crate::identity::Caller;
use crate::platforms::x::api::{Api, Credentials};
use crate::platforms::x::ask::{Answered, Refusal};
use crate::platforms::x::usage::{self, Credits, Posts};
use crate::ports::Statement;
use crate::time::{MINUTE_MS, Timestamp, millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const KEEP_MS: i64 = 10 * MINUTE_MS;

const READ: &str = "SELECT body, read_at FROM app_usage WHERE app = ?1";
const KEEP: &str = "INSERT INTO app_usage (app, body, read_at) VALUES (?1, ?2, ?3)
  ON CONFLICT (app) DO UPDATE SET body = excluded.body, read_at = excluded.read_at
    WHERE excluded.read_at >= app_usage.read_at";

/// What X says of the app's usage.
#[derive(Debug, Serialize, JsonSchema)]
pub struct XUsage {
    /// Whose app it is: `installation` or `workspace`.
    pub app: &'static str,
    /// What it has read.
    pub posts: Posts,
    /// What is left of its money; null where X does not say.
    pub credits: Option<Credits>,
    /// Why it does not: the code of its refusal.
    pub credits_problem: Option<String>,
    /// When X said so.
    pub cached_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Said {
    posts: Posts,
    credits: Option<Credits>,
    credits_problem: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    body: String,
    #[serde(with = "millis")]
    read_at: Timestamp,
}

/// What X says of the usage of the app through which the caller's workspace connects accounts.
///
/// # Errors
/// `operator_required` where that is the installation's, whose money is the operator's; `x_not_configured` without an
/// app-only token; X's refusals.
pub async fn said(app: &App, caller: &Caller) -> Result<XUsage, Error> {
    let chosen = apps::choose(app, &caller.workspace_id).await?;
    if !chosen.is_own() && !caller.operator {
        return Err(Error::new(
            Kind::Forbidden,
            "operator_required",
            "The workspace uses the installation's X app, whose usage X counts for everybody who shares it.",
            "Ask the operator; GET /api/v1/usage shows what this workspace used. Or bring your own X app: PUT /api/v1/workspaces/{id}/apps/x.",
        ));
    }
    let read = Statement::new(READ).bind(&*chosen.name);
    let kept: Option<Kept> = app.database.run(read).await?.first()?;
    let kept = kept.filter(|kept| app.now().since(kept.read_at) < KEEP_MS);
    // What a former version wrote, in another form, is as good as none.
    let kept = kept.and_then(|kept| Some((serde_json::from_str(&kept.body).ok()?, kept.read_at)));
    let (said, cached_at): (Said, Timestamp) = match kept {
        Some(kept) => kept,
        None => (ask(app, &chosen).await?, app.now()),
    };
    Ok(XUsage {
        app: if chosen.is_own() {
            "workspace"
        } else {
            "installation"
        },
        posts: said.posts,
        credits: said.credits,
        credits_problem: said.credits_problem,
        cached_at,
    })
}

async fn ask(app: &App, chosen: &Chosen) -> Result<Said, Error> {
    let posts = call(app, chosen, async |api| usage::tweets(&api).await).await?;
    let credits = call(app, chosen, async |api| usage::credits(&api).await).await;
    let said = Said {
        posts: usage::posts(&posts),
        credits_problem: credits.as_ref().err().map(|error| error.code.to_owned()),
        credits: credits.ok().map(|answer| usage::money(&answer)),
    };
    let body =
        serde_json::to_string(&said).map_err(|error| Error::internal(format!("usage: {error}")))?;
    let keep = Statement::new(KEEP)
        .bind(&*chosen.name)
        .bind(body)
        .bind(app.now());
    // The next question asks X again.
    if let Err(error) = app.database.run(keep).await {
        app.warn("x_usage_not_kept", &json!({ "error": error.to_string() }));
    }
    Ok(said)
}

/// Asks as the app, a second time with another token where X does not take the first.
async fn call(
    app: &App,
    chosen: &Chosen,
    make: impl AsyncFn(Api<'_>) -> Result<Answered, Refusal>,
) -> Result<Value, Error> {
    let mut not_taken = None;
    loop {
        let bearer = apps::bearer(app, chosen, not_taken)
            .await
            .map_err(refused)?;
        let credentials = Credentials::App(bearer.token);
        match make(app.x(&credentials)).await {
            Ok(answered) => return Ok(answered.body),
            Err(refusal) if refusal.is_unauthorized() && not_taken.is_none() => {
                not_taken = Some(bearer.generation);
            }
            Err(refusal) => return Err(refused_until(refusal, app.now())),
        }
    }
}
