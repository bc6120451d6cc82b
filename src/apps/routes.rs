//! The HTTP of workspaces' own apps.

use super::model::{NewApp, Shown};
use super::operations;
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Reply, Route};
use crate::identity::Scope;
use crate::ids::WorkspaceId;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

const ADMIN: Access = Access::Scoped(Scope::Admin);
const PATH: &str = "/workspaces/{id}/apps/x";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Force {
    /// Also when accounts are connected through the app that goes: they have to be connected again.
    #[serde(default)]
    force: bool,
}

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            PATH,
            "The workspace's own X app, by the ends of its credentials",
            ADMIN,
            handler!(show),
        )
        .gives::<Shown>(200, "The app"),
        Route::new(
            Method::PUT,
            PATH,
            "Set the workspace's own X app, or replace all of its credentials",
            ADMIN,
            handler!(set),
        )
        .takes::<NewApp>()
        .asks::<Force>()
        .gives::<Shown>(200, "The app, as it is from now on")
        .refuses(
            409,
            "It is another app, and accounts are connected through the one before: `app_in_use`",
        ),
        Route::new(
            Method::DELETE,
            PATH,
            "Remove the workspace's own X app",
            ADMIN,
            handler!(remove),
        )
        .asks::<Force>()
        .gives_nothing(
            204,
            "Connects go through the installation's app from now on",
        )
        .refuses(409, "Accounts are connected through it: `app_in_use`"),
    ]
}

async fn show(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&operations::show(&app, call.caller()?, &id(&call)?).await?)
}

async fn set(app: App, call: Call) -> Result<Reply, Error> {
    let (id, Force { force }) = (id(&call)?, call.query()?);
    let new: NewApp = call.json()?;
    Reply::ok(&operations::set(&app, call.caller()?, &id, &new, force).await?)
}

async fn remove(app: App, call: Call) -> Result<Reply, Error> {
    let (id, Force { force }) = (id(&call)?, call.query()?);
    operations::remove(&app, call.caller()?, &id, force).await?;
    Ok(Reply::no_content())
}

fn id(call: &Call) -> Result<WorkspaceId, Error> {
    call.id("workspace", WorkspaceId::parse)
}
