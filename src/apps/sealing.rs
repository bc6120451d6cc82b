//! An app's credentials at rest: one envelope, which opens for its workspace alone.

use super::store;
use crate::app::App;
use crate::crypto::{DoesNotOpen, Keyring};
use crate::error::Error;
use crate::ids::WorkspaceId;
use crate::platforms::x::app::App as XApp;
use crate::platforms::{Class, NotSent};
use crate::ports::Random;

/// How many one call of [`reseal`] seals anew, under each older key.
const RESEAL_AT_ONCE: u32 = 50;

fn context(workspace: &WorkspaceId) -> String {
    format!("workspace_apps.sealed/{workspace}/x")
}

/// Seals an app for its workspace.
///
/// # Errors
/// [`DoesNotOpen`] when the cipher refuses, which no app of real size makes it do.
pub fn seal(
    keyring: &Keyring,
    random: &dyn Random,
    workspace: &WorkspaceId,
    app: &XApp,
) -> Result<String, DoesNotOpen> {
    keyring.seal(random, &context(workspace), &app.to_secret())
}

/// Opens what `seal` sealed for the same workspace.
///
/// # Errors
/// [`DoesNotOpen`], whatever the reason.
pub fn open(keyring: &Keyring, workspace: &WorkspaceId, sealed: &str) -> Result<XApp, DoesNotOpen> {
    let text = keyring.open(&context(workspace), sealed)?;
    XApp::from_secret(&text).ok_or(DoesNotOpen)
}

/// Seals with the newest key what an older one sealed, in the place of the very text that was read; gives how many. What
/// does not open stays. Repeating it goes on with the rest.
///
/// # Errors
/// When the database does not answer.
pub async fn reseal(app: &App) -> Result<u32, Error> {
    let keyring = &app.config.keyring;
    let mut done = 0;
    for key_id in keyring.older() {
        for row in store::outdated(&*app.database, key_id, RESEAL_AT_ONCE).await? {
            let context = context(&row.workspace_id);
            let anew = keyring
                .open(&context, &row.sealed)
                .and_then(|text| keyring.seal(&*app.random, &context, &text));
            if let Ok(anew) = anew {
                app.database.run(store::put_anew(&row, &anew)).await?;
                done += 1;
            }
        }
    }
    Ok(done)
}

/// The stored credentials do not open.
#[must_use]
pub fn not_readable() -> NotSent {
    NotSent::new(
        Class::Operator,
        "app_not_readable",
        "The stored credentials of the workspace's X app do not open with the configured ENCRYPTION_KEYS.",
        "Put the key that sealed them back into ENCRYPTION_KEYS, or set the app again with PUT /api/v1/workspaces/{id}/apps/x.",
    )
}

#[cfg(test)]
mod tests {
    use super::{open, seal};
    use crate::crypto::Keyring;
    use crate::ids::WorkspaceId;
    use crate::platforms::x::app::App;
    use crate::ports::Random;
    use secrecy::ExposeSecret as _;

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn an_app_opens_for_its_workspace_alone_and_whole() {
        let ring = Keyring::parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let [ours, theirs] = ["1", "2"].map(|end| {
            WorkspaceId::parse(&format!("ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6{end}")).unwrap()
        });
        let app = App {
            client_id: Some("id".to_owned()),
            client_secret: Some("secret".into()),
            ..App::default()
        };
        let sealed = seal(&ring, &Sevens, &ours, &app).unwrap();
        let opened = open(&ring, &ours, &sealed).unwrap();
        assert_eq!(opened.client_id.as_deref(), Some("id"));
        assert_eq!(opened.client_secret.unwrap().expose_secret(), "secret");
        assert!(opened.api_key.is_none());
        assert!(open(&ring, &theirs, &sealed).is_err());
        assert!(!sealed.contains("secret"));
    }
}
