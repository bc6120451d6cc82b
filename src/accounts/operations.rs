//! What can be done with a connected account. Tokens are used and refreshed at the account's gate alone; nothing here
//! opens them.

use super::app_only;
use super::model::{
    Account, Auth, Check, Limits, MISSING_SCOPE, Refreshed, Status, Tested, TokenState, Unlinked,
    ends, remedy_for_scopes, scopes,
};
use super::refusals::{app_only_cannot, refused};
use super::store::{self, AccountRow, unlinking};
use crate::app::App;
use crate::apps;
use crate::budgets::{self, Charge, Payer};
use crate::error::{Error, Kind};
use crate::gate::{GateName, GateReply, GateRequest, unexpected};
use crate::http::Page;
use crate::identity::Caller;
use crate::ids::{AccountId, AuditId, WorkspaceId};
use crate::platforms::x::oauth;
use crate::platforms::{Class, NotSent, Profile};
use crate::sources;
use crate::time::{HOUR_MS, MINUTE_MS};
use futures_util::future::join;
use serde_json::json;

/// How long a profile is good for, in ms.
const PROFILE_MS: i64 = HOUR_MS;
/// When to ask again for a profile that X did not give, in ms.
const PROFILE_RETRY_MS: i64 = 5 * MINUTE_MS;

/// The workspace's accounts, newest first; unlinked ones are history and not listed.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    app: &App,
    workspace: &WorkspaceId,
    status: Option<Status>,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Page<Account>, Error> {
    let rows = store::list(&*app.database, workspace, status, after, limit).await?;
    let accounts = rows.into_iter().map(Account::from).collect();
    Ok(Page::of(accounts, limit, |account: &Account| {
        account.id.to_string()
    }))
}

/// One account. Its profile is read again when it is older than an hour; when that does not work, the old one is given.
///
/// # Errors
/// [`Kind::NotFound`], or when the database does not answer.
pub async fn get(app: &App, workspace: &WorkspaceId, id: &AccountId) -> Result<Account, Error> {
    let row = find(app, workspace, id).await?;
    let stale = app.now().since(row.profile_at) >= PROFILE_MS;
    if !stale || row.status != Status::Active {
        return Ok(row.into());
    }
    // A look at an account must not fail for want of a newer picture of it.
    if let Err(error) = read_profile(app, &row).await {
        let internal = error.internal.unwrap_or(error.detail);
        app.warn(
            "profile_not_read",
            &json!({ "account_id": id, "internal": internal }),
        );
    }
    Ok(find(app, workspace, id).await?.into())
}

/// Gives an account up.
///
/// 1. The gate revokes the tokens at X and forgets its own copies. Before anything is deleted here: the other way
///    round, an interruption would leave a grant at X that nobody holds the tokens for.
/// 2. One batch cancels what was not sent, deletes the tokens and marks the account.
///
/// Interrupted before 2, the account is still listed, its tokens are dead, and unlinking again does the whole once
/// more: X takes a second revoke. When X does not confirm, the account is unlinked all the same: who wants to be rid of
/// it shall be, and is told where to end the access at X.
///
/// # Errors
/// [`Kind::NotFound`], or when the database does not answer.
pub async fn unlink(app: &App, caller: &Caller, id: &AccountId) -> Result<Unlinked, Error> {
    let workspace = &caller.workspace_id;
    let row = find(app, workspace, id).await?;
    // 1.
    let revoked_at_x = match store::grant(&row) {
        None => false,
        Some(grant) => match ask(app, &row, GateRequest::Revoke { grant }).await {
            Ok(GateReply::Revoke { confirmed }) => confirmed,
            Ok(other) => {
                not_confirmed(app, id, &unexpected(&other));
                false
            }
            Err(error) => {
                not_confirmed(app, id, &error);
                false
            }
        },
    };
    // 2.
    let now = app.now();
    let [cancel, recompute, forget, mark] = unlinking::unlink(workspace, id, now);
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let audit = store::audit(
        workspace,
        &audit_id,
        &caller.actor(),
        "account.unlinked",
        id,
        now,
    );
    let sets = app
        .database
        .batch(vec![cancel, recompute, forget, mark, audit])
        .await?;
    Ok(Unlinked {
        id: id.clone(),
        revoked_at_x,
        canceled_deliveries: sets.first().map_or(0, |canceled| canceled.changes),
        detail: if row.auth == Auth::AppOnly {
            "The account is unlinked. It was read app-only, so that there was no access of its user to end.".to_owned()
        } else if revoked_at_x {
            "The account is unlinked, and X has ended the access.".to_owned()
        } else {
            "The account is unlinked, but X did not confirm that the access has ended. Remove the app at https://x.com/settings/connected_apps to be sure.".to_owned()
        },
    })
}

fn not_confirmed(app: &App, id: &AccountId, error: &Error) {
    app.warn(
        "revoke_not_confirmed",
        &json!({ "account_id": id, "code": error.code, "internal": error.internal }),
    );
}

/// What works with an account. Asks X once; changes the account's state when the answer shows another.
///
/// # Errors
/// [`Kind::NotFound`], or when the gate or the database does not answer.
pub async fn test(app: &App, workspace: &WorkspaceId, id: &AccountId) -> Result<Tested, Error> {
    let row = find(app, workspace, id).await?;
    let profile = read_profile(app, &row).await?;
    // Again, since the gate may have refreshed the tokens, and the answer may have changed the state.
    let row = find(app, workspace, id).await?;
    let granted = scopes(&row);
    let missing = oauth::missing_scopes(&granted);
    let reachable = !matches!(&profile, Err(refusal) if refusal.class == Class::Transient);
    Ok(Tested {
        checks: checks(&profile, reachable, &missing, row.auth),
        can_post: profile.is_ok() && row.status == Status::Active && missing.is_empty(),
        auth: row.auth,
        missing_scopes: missing.into_iter().map(str::to_owned).collect(),
        scopes: granted,
        reachable,
        handle: row.handle,
        token: TokenState {
            expires_at: ends(row.token_expires_at),
        },
    })
}

fn checks(
    profile: &Result<Profile, NotSent>,
    reachable: bool,
    missing: &[&str],
    auth: Auth,
) -> Vec<Check> {
    let check =
        |name, ok: bool, good: String, bad: Option<(String, String)>| match bad.filter(|_| !ok) {
            Some((detail, remedy)) => Check {
                name,
                ok,
                detail,
                remedy: Some(remedy),
            },
            None => Check {
                name,
                ok,
                detail: good,
                remedy: None,
            },
        };
    let refusal = profile.as_ref().err();
    let words = refusal.map(|refusal| (refusal.detail.clone(), refusal.remedy.clone()));
    let is = |class: Class| refusal.is_some_and(|refusal| refusal.class == class);
    let name = profile.as_ref().map_or("", |profile| &profile.handle);
    let scopes = if auth == Auth::AppOnly {
        let cannot = app_only_cannot("Posting");
        (cannot.detail, cannot.remedy)
    } else {
        (
            format!("Not granted: {}.", missing.join(", ")),
            remedy_for_scopes(missing),
        )
    };
    vec![
        check(
            "reachable",
            reachable,
            "X answers.".to_owned(),
            words.clone(),
        ),
        check(
            "app",
            !is(Class::Operator) && !is(Class::Permanent),
            "X does not refuse the app.".to_owned(),
            words.clone(),
        ),
        check(
            "grant",
            !is(Class::Token),
            "X does not refuse the account's tokens.".to_owned(),
            words.clone(),
        ),
        check(
            "scopes",
            missing.is_empty(),
            "Everything that posting needs is granted.".to_owned(),
            Some(scopes),
        ),
        check(
            "profile",
            profile.is_ok(),
            format!("X says that this is @{name}."),
            words,
        ),
    ]
}

/// Fetches new tokens now, even if the old ones still have time. Ones that work are left alone for ten minutes after
/// the last refresh: the answer then says until when they work, and that nothing was fetched.
///
/// # Errors
/// `account_needs_reconnect` when X does not accept the grant, which the account then says too; X's other refusals;
/// [`Kind::NotFound`].
pub async fn refresh(
    app: &App,
    workspace: &WorkspaceId,
    id: &AccountId,
) -> Result<Refreshed, Error> {
    let row = find(app, workspace, id).await?;
    if row.auth == Auth::AppOnly {
        return Err(app_only_cannot("A refresh"));
    }
    let Some(grant) = store::grant(&row) else {
        return Err(needs_reconnect(no_tokens()));
    };
    match ask(app, &row, GateRequest::Refresh { grant, force: true }).await? {
        GateReply::Refresh(Ok(until)) => {
            // Without a refresh X has said nothing of these tokens.
            if until.refreshed {
                revive(app, &row).await?;
            }
            Ok(Refreshed {
                refreshed: until.refreshed,
                expires_at: ends(Some(until.expires_at)),
            })
        }
        GateReply::Refresh(Err(refusal)) if refusal.class == Class::Token => {
            mark(app, &row, &refusal).await?;
            Err(needs_reconnect(refusal))
        }
        GateReply::Refresh(Err(refusal)) => Err(refused(refusal)),
        other => Err(unexpected(&other)),
    }
}

/// The account's windows as its gate counts them, and those that it shares with the other accounts of its app.
///
/// # Errors
/// [`Kind::NotFound`], or when the gate does not answer.
pub async fn limits(app: &App, workspace: &WorkspaceId, id: &AccountId) -> Result<Limits, Error> {
    let row = find(app, workspace, id).await?;
    let name = GateName::app(&apps::name_of(workspace, row.sealed_app.as_deref()));
    let of_account = ask(app, &row, GateRequest::Limits);
    let of_app = app.gates.call(&name, GateRequest::Limits);
    let (of_account, of_app) = join(of_account, of_app).await;
    match (of_account?, of_app?) {
        (GateReply::Limits(mut items), GateReply::Limits(shared)) => {
            items.extend(shared);
            Ok(Limits { items })
        }
        (GateReply::Limits(_), other) | (other, _) => Err(unexpected(&other)),
    }
}

pub(super) async fn find(
    app: &App,
    workspace: &WorkspaceId,
    id: &AccountId,
) -> Result<AccountRow, Error> {
    store::read(&*app.database, workspace, id)
        .await?
        .ok_or_else(|| Error::not_found("account"))
}

pub(super) async fn ask(
    app: &App,
    row: &AccountRow,
    request: GateRequest,
) -> Result<GateReply, Error> {
    Ok(app
        .gates
        .call(&GateName::x(&row.external_id), request)
        .await?)
}

// Reads the profile through the gate and keeps what it shows. Repeating it is harmless: the same answer again.
async fn read_profile(app: &App, row: &AccountRow) -> Result<Result<Profile, NotSent>, Error> {
    let reply = match (row.auth, store::grant(row)) {
        (Auth::AppOnly, _) => GateReply::Profile(app_only::profile(app, row).await),
        (_, Some(grant)) => ask(app, row, GateRequest::Profile { grant }).await?,
        (_, None) => return Ok(Err(no_tokens())),
    };
    let answer = match reply {
        GateReply::Profile(Ok(profile)) if profile.external_id != row.external_id => {
            Err(NotSent::new(
                Class::Token,
                "token_refused",
                "The account's tokens belong to another X user.",
                "Connect the account again.",
            ))
        }
        GateReply::Profile(answer) => answer,
        other => return Err(unexpected(&other)),
    };
    let now = app.now();
    match &answer {
        Ok(profile) => {
            let save = store::save_profile(&row.workspace_id, &row.id, profile, now);
            app.database.run(save).await?;
            let payer = Payer {
                workspace: &row.workspace_id,
                account: Some(&row.id),
                app: &apps::name_of(&row.workspace_id, row.sealed_app.as_deref()),
            };
            budgets::note(app, &payer, Charge::UserRead).await;
            revive(app, row).await?;
        }
        Err(refusal) if refusal.class == Class::Token => mark(app, row, refusal).await?,
        Err(_) => {
            let read_at = now.plus_ms(PROFILE_RETRY_MS - PROFILE_MS);
            let defer = store::defer_profile(&row.workspace_id, &row.id, read_at);
            app.database.run(defer).await?;
        }
    }
    Ok(answer)
}

pub(super) async fn mark(app: &App, row: &AccountRow, refusal: &NotSent) -> Result<(), Error> {
    let mark = store::mark_needs_reconnect(
        &row.workspace_id,
        &row.id,
        &refusal.code,
        row.connected_at,
        app.now(),
    );
    app.database.run(mark).await?;
    Ok(())
}

// X has just accepted the tokens of an account that counts as dead: it was locked for a while, or somebody was wrong.
pub(super) async fn revive(app: &App, row: &AccountRow) -> Result<(), Error> {
    if row.status != Status::NeedsReconnect || row.status_reason.as_deref() == Some(MISSING_SCOPE) {
        return Ok(());
    }
    let (workspace, now) = (&row.workspace_id, app.now());
    let statements = vec![
        store::revive(workspace, &row.id, now),
        store::wake_deliveries(workspace, &row.id, now),
        sources::wake(workspace, now),
    ];
    app.database.batch(statements).await?;
    Ok(())
}

pub(super) fn no_tokens() -> NotSent {
    NotSent::new(
        Class::Token,
        "token_refused",
        "There are no tokens for this account.",
        "Connect the account again.",
    )
}

/// The account must be connected again.
pub(super) fn needs_reconnect(refusal: NotSent) -> Error {
    Error {
        upstream: refusal.upstream,
        ..Error::new(
            Kind::Conflict,
            "account_needs_reconnect",
            refusal.detail,
            "Connect the account again with POST /api/v1/connections/x/authorize; what waits then goes out by itself.",
        )
    }
}
