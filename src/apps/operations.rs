//! Choosing an app, and what a workspace does with its own.

use super::model::{Hints, NewApp, REMOVED, REPLACED, Shown, addressed, hints, own};
use super::sealing::{not_readable, open, seal};
use super::store::{self, AppRow};
use crate::accounts::refused;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::identity::Caller;
use crate::ids::{AuditId, WorkspaceId};
use crate::platforms::NotSent;
use crate::platforms::x::app::{App as XApp, INSTALLATION};
use crate::publish::pause;

/// The app through which something is done.
pub struct Chosen {
    /// Its name: the installation's, or a workspace's own.
    pub name: String,
    /// Its credentials.
    pub app: XApp,
}

impl Chosen {
    /// Whether it is the workspace's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.name != INSTALLATION
    }

    /// A refusal of it as an error of the API, told to whoever can do something about it.
    #[must_use]
    pub fn refused(&self, refusal: NotSent) -> Error {
        refused(addressed(refusal, self.is_own()))
    }
}

/// The app through which a workspace connects accounts: its own, if it has one.
///
/// # Errors
/// When the database does not answer, or the app does not open.
pub async fn choose(app: &App, workspace: &WorkspaceId) -> Result<Chosen, Error> {
    let name = own(workspace);
    Ok(match find(app, workspace, &name).await? {
        Some(row) => Chosen {
            app: opened(app, workspace, &row)?,
            name,
        },
        None => installation(app),
    })
}

/// The app of this name, as it is now: for what was begun through it.
///
/// # Errors
/// As [`choose`]; `app_removed` when the workspace has none any more.
pub async fn named(app: &App, workspace: &WorkspaceId, name: &str) -> Result<Chosen, Error> {
    if name == INSTALLATION {
        return Ok(installation(app));
    }
    match find(app, workspace, name).await? {
        Some(row) if name == own(workspace) => Ok(Chosen {
            app: opened(app, workspace, &row)?,
            name: name.to_owned(),
        }),
        _ => Err(Error::new(
            Kind::Conflict,
            REMOVED,
            "The X app through which this was begun was removed from the workspace.",
            "Begin connecting again.",
        )),
    }
}

fn installation(app: &App) -> Chosen {
    Chosen {
        name: INSTALLATION.to_owned(),
        app: app.config.x.app.clone(),
    }
}

async fn find(app: &App, workspace: &WorkspaceId, name: &str) -> Result<Option<AppRow>, Error> {
    let read = store::read(workspace, name);
    Ok(app.database.run(read).await?.first()?)
}

fn opened(app: &App, workspace: &WorkspaceId, row: &AppRow) -> Result<XApp, Error> {
    open(&app.config.keyring, workspace, &row.sealed).map_err(|_| refused(not_readable()))
}

/// The workspace's own app, by hints.
///
/// # Errors
/// [`Kind::NotFound`] when it has none, or the workspace is not the caller's.
pub async fn show(app: &App, caller: &Caller, workspace: &WorkspaceId) -> Result<Shown, Error> {
    check(caller, workspace)?;
    let name = own(workspace);
    let row = find(app, workspace, &name).await?;
    let row = row.ok_or_else(|| Error::not_found("app"))?;
    let hints: Hints = serde_json::from_str(&row.hints)
        .map_err(|error| Error::internal(format!("hints of an app: {error}")))?;
    Ok(Shown {
        platform: "x",
        app: name,
        hints,
        set_at: row.set_at,
        accounts: row.oauth2 + row.oauth1 + row.app_only,
        callbacks: vec![
            app.config.x_redirect_uri(),
            app.config.x_oauth1_redirect_uri(),
        ],
    })
}

/// Sets the workspace's own app, or replaces it as a whole. One transaction; it also ends the app's pause, so that what
/// wrong credentials held goes out with the next sweep. Repeating it is harmless.
///
/// Another client id, or API key, is another app: X takes no token of the one from the other. Accounts that are
/// connected through the old one stand in the way, unless `force` says that they are to be connected again.
///
/// # Errors
/// [`Kind::NotFound`] when the workspace is not the caller's; [`Kind::Invalid`] names what cannot be a credential;
/// `app_in_use`.
pub async fn set(
    app: &App,
    caller: &Caller,
    workspace: &WorkspaceId,
    new: &NewApp,
    force: bool,
) -> Result<Shown, Error> {
    check(caller, workspace)?;
    let new = new.read()?;
    let (name, now) = (own(workspace), app.now());
    let sealed = seal(&app.config.keyring, &*app.random, workspace, &new)
        .map_err(|_| Error::internal("an app could not be sealed"))?;
    let hints = serde_json::to_string(&hints(&new)).unwrap_or_default();
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let actor = caller.actor();
    let mut statements = vec![
        store::put(workspace, &sealed, &hints, now),
        store::audit(workspace, &audit_id, &actor, "app.set", &name, true, now),
        pause::end(&name),
    ];
    if let Some(row) = find(app, workspace, &name).await? {
        // What does not open any more is replaced whatever it was.
        let old = open(&app.config.keyring, workspace, &row.sealed).ok();
        let old = old.as_ref();
        let other_client = old.is_some_and(|old| old.client_id != new.client_id);
        let other_key = old.is_some_and(|old| old.api_key != new.api_key);
        for (is_other, accounts, auth) in [
            (other_client, row.oauth2, "oauth2"),
            (other_key, row.oauth1, "oauth1"),
        ] {
            if !is_other {
                continue;
            }
            if accounts > 0 && !force {
                return Err(in_use(accounts));
            }
            let disconnect = store::disconnect(workspace, &name, auth, REPLACED, now);
            statements.push(disconnect);
        }
    }
    app.database.batch(statements).await?;
    show(app, caller, workspace).await
}

/// Removes the workspace's own app; connects go through the installation's from then on. One transaction. `force`: the
/// accounts that are connected through it have to be connected again.
///
/// # Errors
/// [`Kind::NotFound`] when there is none; `app_in_use`.
pub async fn remove(
    app: &App,
    caller: &Caller,
    workspace: &WorkspaceId,
    force: bool,
) -> Result<(), Error> {
    check(caller, workspace)?;
    let (name, now) = (own(workspace), app.now());
    let audit_id = AuditId::new(&*app.clock, &*app.random);
    let actor = caller.actor();
    let mut statements = vec![
        store::read(workspace, &name),
        store::audit(
            workspace,
            &audit_id,
            &actor,
            "app.removed",
            &name,
            force,
            now,
        ),
        store::remove(workspace, &name, force),
        store::forget_pause(workspace, &name),
    ];
    if force {
        statements.extend([
            store::disconnect(workspace, &name, "oauth2", REMOVED, now),
            store::disconnect(workspace, &name, "oauth1", REMOVED, now),
            store::release(workspace, &name, now),
        ]);
    }
    let mut sets = app.database.batch(statements).await?.into_iter();
    let before: Option<AppRow> = sets.next().unwrap_or_default().first()?;
    let removed = sets.nth(1).is_some_and(|removed| removed.changes > 0);
    match before {
        Some(_) if removed => Ok(()),
        Some(row) => Err(in_use(row.oauth2 + row.oauth1 + row.app_only)),
        None => Err(Error::not_found("app")),
    }
}

fn in_use(accounts: u32) -> Error {
    Error::new(
        Kind::Conflict,
        "app_in_use",
        format!("Accounts are connected through this X app: {accounts}."),
        "Unlink them first; or repeat the request with ?force=true, and connect them again.",
    )
}

// Whoever may not see a workspace must not learn that it is there.
fn check(caller: &Caller, workspace: &WorkspaceId) -> Result<(), Error> {
    if caller.workspace_id == *workspace {
        Ok(())
    } else {
        Err(Error::not_found("workspace"))
    }
}
