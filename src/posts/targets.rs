//! What each account gets of what was written: the checks and cuts that depend on the account.

use super::store;
use super::{edit_of, files, fit};
use crate::app::App;
use crate::error::{Error, FieldError};
use crate::ids::{AccountId, WorkspaceId};
use crate::media;
use crate::media::rules::Plan;
use crate::media::store::MediaRow;
use crate::ports::Statement;
use crate::publish::content::{Segment, Written};
use crate::text;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An account as far as it decides what may be posted.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Which.
    pub id: AccountId,
    /// Its status: `active`, or why it cannot post.
    pub status: String,
    /// How it is connected.
    pub auth: String,
    /// The plan of the user at the platform.
    pub subscription: Option<String>,
    /// The X app through which it is connected, by name.
    pub app: String,
}

impl Target {
    /// What its user has paid X for, as far as it matters here.
    #[must_use]
    pub fn plan(&self) -> Plan {
        fit::plan(self.subscription.as_deref())
    }

    /// How long its posts may be, in weighted length.
    #[must_use]
    pub fn limit(&self) -> u32 {
        fit::limit(self.subscription.as_deref())
    }
}

/// The parts of each account that gets something else than what was written.
pub type Fitted = BTreeMap<AccountId, Vec<Segment>>;

/// Makes what was written fit each account; `errors` is what is wrong with it for all of them. One round trip, or none where it fits everybody as it is. Accounts that are
/// not there are passed over: whoever writes the post finds them missing.
///
/// # Errors
/// Names every part that an account cannot post.
pub async fn fitted(
    app: &App,
    workspace: &WorkspaceId,
    accounts: &[AccountId],
    written: &Written,
    mut errors: Vec<FieldError>,
) -> Result<Fitted, Error> {
    let mut fitted = Fitted::new();
    let (targets, files) = if fits_everybody(written) {
        (Vec::new(), Vec::new())
    } else {
        read_with_media(app, workspace, accounts, written).await?
    };
    errors.extend(files::missing(written, &files));
    for target in targets {
        errors.extend(files::not_taken(written, &files, target.plan()));
        errors.extend(edit_of::not_by(written, &target));
        match fit::fit(written, target.limit()) {
            Ok(parts) if parts == written.segments => {}
            Ok(parts) => {
                fitted.insert(target.id, parts);
            }
            Err(found) => errors.extend(found),
        }
    }
    // Several accounts say the same of one part, and the first thing that is wrong with it is enough.
    let mut named = BTreeSet::new();
    errors.retain(|error| named.insert(error.pointer.clone()));
    errors.sort_by_key(|error| place(&error.pointer));
    if errors.is_empty() {
        Ok(fitted)
    } else {
        Err(Error::invalid(errors))
    }
}

/// Orders what is wrong with parts as the parts are.
fn place(pointer: &str) -> (String, Option<u32>) {
    let (list, index) = pointer.rsplit_once('/').unwrap_or((pointer, ""));
    match index.parse() {
        Ok(index) => (list.to_owned(), Some(index)),
        Err(_) => (pointer.to_owned(), None),
    }
}

fn fits_everybody(written: &Written) -> bool {
    let fits =
        |segment: &Segment| text::measure(&segment.text).weighted_length <= text::STANDARD_LIMIT;
    written.options.hashtags.is_empty()
        && written.options.edit_of.is_none()
        && written.media().next().is_none()
        && written.segments.iter().all(fits)
}

/// The accounts of a workspace among these, and the media of what was written. One round trip.
///
/// # Errors
/// When the database does not answer.
pub async fn read_with_media(
    app: &App,
    workspace: &WorkspaceId,
    accounts: &[AccountId],
    written: &Written,
) -> Result<(Vec<Target>, Vec<MediaRow>), Error> {
    let list = serde_json::to_string(accounts).unwrap_or_default();
    let statements = vec![
        Statement::new(store::ACCOUNTS).bind(workspace).bind(list),
        media::store::read_many(workspace, written.media()),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    Ok((next().all()?, next().all()?))
}
