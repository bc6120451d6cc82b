//! Who am I: the person, the workspace of the request, and the others.

use super::model::{Caller, Credential};
use super::store::{self, MembershipRow, PersonRow};
use super::views::{CredentialView, Me, User, Workspace};
use crate::app::App;
use crate::error::Error;
use crate::ports::ResultSet;

/// Who calls, as they see it. A key is shown its own workspace alone, whatever others its maker has.
///
/// # Errors
/// Only the database's.
pub async fn me(app: &App, caller: &Caller) -> Result<Me, Error> {
    let only = match caller.credential {
        Credential::ApiKey(..) => Some(&caller.workspace_id),
        Credential::Session(_) | Credential::Issuer => None,
    };
    let statements = vec![
        store::person(&caller.user_id),
        store::workspaces(&caller.user_id, only),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let person = sets
        .next()
        .map(ResultSet::first::<PersonRow>)
        .transpose()?
        .flatten();
    let rows: Vec<MembershipRow> = sets.next().unwrap_or_default().all()?;
    let workspaces: Vec<_> = rows.into_iter().map(Workspace::from).collect();
    // Both were there a moment ago, when the caller was looked up.
    let gone =
        || Error::unavailable("the caller's user or membership went away during the request");
    let person = person.ok_or_else(gone)?;
    let workspace = workspaces
        .iter()
        .find(|one| one.id == caller.workspace_id)
        .ok_or_else(gone)?;
    Ok(Me {
        user: User {
            id: person.user_id,
            email: person.email,
            name: person.name,
            operator: person.operator != 0,
            created_at: person.created_at,
        },
        workspace: workspace.clone(),
        role: caller.role,
        credential: CredentialView::from(caller),
        workspaces,
    })
}

impl From<MembershipRow> for Workspace {
    fn from(row: MembershipRow) -> Self {
        Self {
            id: row.workspace_id,
            name: row.name,
            role: row.role,
            personal: row.personal != 0,
        }
    }
}
