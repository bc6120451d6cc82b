//! Accounts that are read as the X app alone: `POST /connections/x/app-only`.
//!
//! They have no user's tokens, so that nothing of them ends and nobody has to connect them again; X lets them be read,
//! and not posted to. A connect as the user makes the same account one that can post.

use super::acting::Acting;
use super::model::Account;
use super::operations::find;
use super::refusals::refused;
use super::store::{AccountRow, app_only as store};
use crate::app::App;
use crate::apps;
use crate::budgets::{self, Charge, Payer};
use crate::error::{Error, FieldError, Kind};
use crate::gate::Bucket;
use crate::identity::Caller;
use crate::ids::{AccountId, AuditId};
use crate::platforms::x::api::Credentials;
use crate::platforms::x::ask::Refusal;
use crate::platforms::x::profile::{by_id, by_name};
use crate::platforms::{NotSent, Profile};
use schemars::JsonSchema;
use serde::Deserialize;

/// The longest name that X gives, in characters
/// (<https://help.x.com/en/managing-your-account/x-username-rules>).
const USERNAME_MAX: usize = 15;

/// Whom to read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConnectAppOnly")]
pub struct AppOnly {
    /// The name in the address at X, with or without `@`.
    pub username: String,
}

/// Adds a user of X to the workspace as an account that is only read. One that is there already as such stays, and is
/// read anew: repeating it is harmless.
///
/// # Errors
/// `invalid_username`; `x_user_not_found`; `account_already_connected` as its user; X's refusals of the app.
pub async fn connect(app: &App, caller: &Caller, asked: &AppOnly) -> Result<Account, Error> {
    let name = asked.username.trim();
    let name = name.strip_prefix('@').unwrap_or(name);
    let is_name = (1..=USERNAME_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        let detail = "A name at X is 1 to 15 letters, digits and underscores.";
        let error = FieldError::new("/username", "invalid_username", detail);
        return Err(Error::invalid(vec![error]));
    }
    let workspace = &caller.workspace_id;
    let chosen = apps::choose(app, workspace).await?;
    let profile = look_up(app, &chosen, name).await?;
    let id = AccountId::new(&*app.clock, &*app.random);
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let connect = store::Connect {
        id: &id,
        caller,
        profile: &profile,
        app: &chosen.name,
        audit_id: &audit_id,
        now: app.now(),
    };
    match store::connect(&*app.database, &connect).await? {
        Some(id) => {
            let payer = Payer {
                workspace,
                account: Some(&id),
                app: &chosen.name,
            };
            budgets::note(app, &payer, Charge::UserRead).await;
            Ok(find(app, workspace, &id).await?.into())
        }
        None => Err(Error::new(
            Kind::Conflict,
            "account_already_connected",
            format!(
                "@{} is connected as its user, who may do all that app-only access may.",
                profile.handle
            ),
            "Use the account as it is, or unlink it first.",
        )),
    }
}

// A second try with another token where X does not take the first.
async fn look_up(app: &App, chosen: &apps::Chosen, name: &str) -> Result<Profile, Error> {
    let mut refused_one = None;
    loop {
        let bearer = apps::bearer(app, chosen, refused_one)
            .await
            .map_err(refused)?;
        let credentials = Credentials::App(bearer.token);
        match by_name(&app.x(&credentials), name).await {
            Ok(profile) => return Ok(profile),
            Err(refusal) if refusal.is_unauthorized() && refused_one.is_none() => {
                refused_one = Some(bearer.generation);
            }
            Err(refusal) if refusal.why.code == "x_not_found" => return Err(not_found(name)),
            Err(refusal) => {
                return Err(chosen.refused(super::acting::of_the_app(refusal).why));
            }
        }
    }
}

fn not_found(name: &str) -> Error {
    Error::new(
        Kind::NotFound,
        "x_user_not_found",
        format!("X has no user @{name}, or does not show them."),
        "Check the name.",
    )
}

/// Who the account is now. By its id: the name may have changed.
///
/// # Errors
/// Why X does not say.
pub async fn profile(app: &App, row: &AccountRow) -> Result<Profile, NotSent> {
    let acting = Acting::of(app, row)?;
    let answered = acting
        .call(Bucket::Read, async |api| {
            by_id(&api, &row.external_id).await
        })
        .await
        .map_err(|refusal| refusal.why)?;
    crate::platforms::x::profile::read(&answered.body).map_err(|refusal: Refusal| refusal.why)
}
