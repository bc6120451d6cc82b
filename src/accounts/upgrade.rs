//! From OAuth 1.0a to OAuth 2.0, in one call: `POST /accounts/{id}/upgrade`.

use super::model::{Account, Auth};
use super::operations::{ask, find, mark, needs_reconnect, no_tokens, revive};
use super::refusals::{app_only_cannot, refused};
use super::store;
use crate::app::App;
use crate::error::Error;
use crate::gate::{GateReply, GateRequest, unexpected};
use crate::identity::Caller;
use crate::ids::{AccountId, AuditId};
use crate::platforms::Class;
use serde_json::json;

/// Exchanges the account's OAuth 1.0a token at its gate. The account keeps its id and its history; one of OAuth 2.0
/// stays as it is.
///
/// 1. The gate has the pair, and hands it to the database with the account's new way, in one transaction. 2. What the
///    account waited for is woken. 3. The log.
///
/// Ending anywhere, or losing X's answer, is made good by asking again: X's exchange may be repeated, and a gate that
/// has the pair says so. Only the entry of the log is not written then.
///
/// # Errors
/// `account_needs_reconnect`; `auth_mismatch` of an account that has no user's tokens; X's refusals; or that the
/// database has not got the pair yet, which passes by itself.
pub async fn upgrade(app: &App, caller: &Caller, id: &AccountId) -> Result<Account, Error> {
    let workspace = &caller.workspace_id;
    let row = find(app, workspace, id).await?;
    match row.auth {
        Auth::OAuth2 => return Ok(row.into()),
        Auth::AppOnly => return Err(app_only_cannot("An exchange")),
        Auth::OAuth1 => {}
    }
    let Some(grant) = store::grant(&row) else {
        return Err(needs_reconnect(no_tokens()));
    };
    // 1.
    match ask(app, &row, GateRequest::Exchange { grant }).await? {
        GateReply::Exchange(Ok(_)) => {}
        GateReply::Exchange(Err(refusal)) if refusal.class == Class::Token => {
            mark(app, &row, &refusal).await?;
            return Err(needs_reconnect(refusal));
        }
        GateReply::Exchange(Err(refusal)) => return Err(refused(refusal)),
        other => return Err(unexpected(&other)),
    }
    let now = find(app, workspace, id).await?;
    if now.auth != Auth::OAuth2 {
        return Err(Error::unavailable(
            "the gate has a pair of OAuth 2.0 that the database does not have yet",
        ));
    }
    // 2. X has just accepted the account.
    revive(app, &now).await?;
    // 3.
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let (actor, at) = (caller.actor(), app.now());
    let audit = store::audit(workspace, &audit_id, &actor, "account.upgraded", id, at);
    if let Err(error) = app.database.run(audit).await {
        app.warn("audit_lost", &json!({ "error": error.to_string() }));
    }
    Ok(find(app, workspace, id).await?.into())
}
