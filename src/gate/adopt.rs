//! Taking a person's word for where a part is: they looked, and no call of ours has to be answered for it.

use super::account::AccountGate;
use super::journal::{self, State};
use super::model::{AdoptAnswer, AdoptPart, SendAnswer};
use crate::ports::StorageError;
use crate::time::{MINUTE_MS, Timestamp};

/// How much earlier than its call a post may seem to be made, since X's clock is not ours, in ms.
const CLOCK_MARGIN_MS: i64 = MINUTE_MS;

impl AccountGate {
    /// Writes the post's id into the journal, whatever was known of the part before, unless that contradicts it: the part
    /// is there as another post, a call of it or of another part that may have made this post is under way, or the post
    /// cannot be its.
    ///
    /// No await: nothing happens to the row between the look at it and the write. From the write on every question about
    /// the part is answered with this post, and no call can leave for it.
    pub(super) fn adopt(&self, request: &AdoptPart) -> Result<AdoptAnswer, StorageError> {
        let storage = &*self.ports.storage;
        let mut first_call = request.accepted_at;
        if let Some(entry) = journal::read(storage, &request.part)? {
            match (entry.state, entry.recorded()) {
                (State::Sent, Some(SendAnswer::Sent { external_id, .. })) => {
                    return Ok(if external_id == request.external_id {
                        AdoptAnswer::Adopted
                    } else {
                        AdoptAnswer::Another { external_id }
                    });
                }
                (State::Sending, _) if self.is_alive(&request.part, entry.deadline_at) => {
                    return Ok(AdoptAnswer::Busy {
                        at: entry.deadline_at,
                    });
                }
                _ => {}
            }
            first_call = first_doubt(&entry).unwrap_or(first_call);
        }
        if journal::belongs_elsewhere(storage, &request.part, &request.external_id)? {
            return Ok(AdoptAnswer::Taken);
        }
        // The post may be what another part's call is bringing there at this moment.
        let left_by = request.created_at.plus_ms(CLOCK_MARGIN_MS);
        let until = journal::sending_elsewhere(storage, &request.part, left_by, self.now())?;
        if let Some(at) = until {
            return Ok(AdoptAnswer::Busy { at });
        }
        if request.created_at < first_call.plus_ms(-CLOCK_MARGIN_MS) {
            return Ok(AdoptAnswer::TooOld { since: first_call });
        }
        let answer = SendAnswer::Sent {
            external_id: request.external_id.clone(),
            at: request.created_at,
        };
        journal::adopt(
            storage,
            &request.part,
            &request.external_id,
            &answer,
            self.now(),
        )?;
        Ok(AdoptAnswer::Adopted)
    }
}

/// When the first call left that may have brought the part there.
fn first_doubt(entry: &journal::Entry) -> Option<Timestamp> {
    let open = matches!(entry.state, State::Sending | State::Uncertain);
    entry.doubt_since.or(open.then_some(entry.started_at))
}
