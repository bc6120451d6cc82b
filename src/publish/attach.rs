//! Media of a part: what the platform has of them, and bringing what it does not have.
//!
//! A gate that has not seen a claim may still be asked for the part by an older one. So the gate is asked first, with a
//! hold: what its journal knows is the answer, and only what it knows nothing of is uploaded. What it was told under one
//! epoch is final for that epoch, so that the part is sent by the next claim, which finds the media there.

use super::settlement::{self as rules, Settlement};
use super::store::{self, Loaded};
use crate::accounts::Acting;
use crate::app::App;
use crate::gate::{Closed, SendAnswer};
use crate::ids::MediaId;
use crate::media::deliver::{self, Brought, Work};
use crate::platforms::{Attached, Class, NotSent};
use crate::ports::ResultSet;
use crate::time::{SECOND_MS, Timestamp};
use serde_json::json;

/// The code of the hold under which a gate is asked while media are missing.
pub const MEDIA_PENDING: &str = "media_pending";

/// Why a part is held whose media are not at the platform yet.
#[must_use]
pub fn pending() -> NotSent {
    NotSent::new(
        Class::Transient,
        MEDIA_PENDING,
        "The pictures or videos are on their way to X.",
        "Nothing to do: it is posted when they are there.",
    )
}

/// What the platform has of a part's media.
pub enum Media {
    /// All of them, for this post.
    There(Vec<Attached>),
    /// Not all; by these a post that was made before is recognised.
    Missing(Vec<Attached>),
}

/// Looks what the platform has. `None`: the database did not answer.
pub async fn look(app: &App, delivery: &Loaded, media: &[MediaId]) -> Option<Media> {
    if media.is_empty() {
        return Some(Media::There(Vec::new()));
    }
    let (workspace, account) = (&delivery.workspace_id, &delivery.account_id);
    let read = crate::media::store::uploads(workspace, account, media);
    let uploads = app.database.run(read).await.and_then(ResultSet::all);
    match uploads {
        Ok(uploads) => Some(match deliver::attached(media, &uploads, app.now()) {
            Some(there) => Media::There(there),
            None => Media::Missing(deliver::remembered(media, &uploads)),
        }),
        Err(error) => {
            app.warn(
                "uploads_not_read",
                &json!({ "delivery": delivery.id, "error": error.to_string() }),
            );
            None
        }
    }
}

/// What a claim comes to that has brought media.
pub enum Brings {
    /// This ends it.
    Settle(Settlement),
    /// It is as if the gate had answered so.
    Answer(SendAnswer),
    /// There is a newer claim.
    Gone,
}

/// Brings them, and nothing further after `until`.
pub async fn bring(app: &App, delivery: &Loaded, media: &[MediaId], until: Timestamp) -> Brings {
    let standing = delivery.standing();
    let Some(grant) = delivery.grant() else {
        return Brings::Answer(SendAnswer::Refused(crate::gate::no_tokens()));
    };
    let work = Work {
        workspace_id: &delivery.workspace_id,
        account_id: &delivery.account_id,
        payer: delivery.payer(),
        acting: Acting::with(app, &delivery.external_id, grant),
        claim: format!("{}/{}", delivery.id, delivery.epoch),
        renew: &|until, now| store::renew(delivery, until, now),
        until,
    };
    let brought = match deliver::bring(app, &work, media).await {
        Ok(brought) => brought,
        Err(error) => {
            app.warn(
                "media_not_brought",
                &json!({ "delivery": delivery.id, "error": error.to_string() }),
            );
            Brought::Later(app.now().plus_ms(10 * SECOND_MS), pending())
        }
    };
    let now = app.now();
    match brought {
        Brought::All | Brought::More => Brings::Settle(rules::to_be_continued(standing, now)),
        Brought::Later(at, why) => Brings::Settle(rules::waits_for_media(standing, at, why, now)),
        Brought::Gone => Brings::Gone,
        Brought::Refused(refusal) => Brings::Answer(match refusal.until {
            Some(at) => SendAnswer::Later {
                at,
                closed: Closed::of(&refusal.why.code),
                detail: refusal.why.detail,
            },
            None => SendAnswer::Refused(refusal.why),
        }),
    }
}
