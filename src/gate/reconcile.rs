//! Looking for an uncertain part among the account's own posts.
//!
//! Absence proves little, since timelines lag: the caller looks several times. What is found is adopted here and now,
//! so that no later question can end in a second call.

use super::account::AccountGate;
use super::journal::{self, State};
use super::model::{ReconcileAnswer, ReconcilePart, SendAnswer};
use super::send::uncertain;
use super::windows::{self, Bucket};
use crate::platforms::Class;
use crate::platforms::x::timeline::{self, Look, OwnPost, Span};
use crate::ports::StorageError;
use crate::time::SECOND_MS;

/// X's clock and ours may differ, and its `created_at` is in whole seconds.
const CLOCK_MARGIN_MS: i64 = 2 * SECOND_MS;

impl AccountGate {
    /// 1. Only what is uncertain is looked for. 2. Not before the call can no longer land. 3. The reads. 4. A find is
    ///    written to the journal.
    ///
    /// Ending anywhere here changes nothing that a repeat would not do again.
    pub(super) async fn reconcile(
        &self,
        request: ReconcilePart,
    ) -> Result<ReconcileAnswer, StorageError> {
        let storage = &*self.ports.storage;
        let grace = self.ports.config.timing.landing_grace_ms;
        // 1.
        let Some(mut entry) = journal::read(storage, &request.part)? else {
            journal::seen(storage, &request.part, request.epoch, self.now())?;
            return Ok(ReconcileAnswer::NotSent);
        };
        if entry.state == State::Sending && !self.is_alive(&request.part, entry.deadline_at) {
            journal::close(
                storage,
                &request.part,
                entry.epoch,
                State::Uncertain,
                &uncertain(&entry, grace),
            )?;
            entry.state = State::Uncertain;
        }
        match (entry.state, entry.recorded()) {
            (State::Uncertain, _) => {}
            (State::Sending, _) => {
                return Ok(later(
                    entry.deadline_at,
                    "An earlier attempt is still under way.",
                ));
            }
            (State::Sent, Some(SendAnswer::Sent { external_id, at })) => {
                return Ok(ReconcileAnswer::Found { external_id, at });
            }
            _ => {
                journal::seen(storage, &request.part, request.epoch, self.now())?;
                return Ok(ReconcileAnswer::NotSent);
            }
        }
        // 2.
        let settled_at = entry.deadline_at.plus_ms(grace);
        if self.now() < settled_at {
            return Ok(later(settled_at, "The call may still take effect at X."));
        }
        // 3.
        let since = entry.doubt_since.unwrap_or(entry.started_at);
        let span = Span {
            from: since.plus_ms(-CLOCK_MARGIN_MS),
            to: settled_at.plus_ms(CLOCK_MARGIN_MS).min(self.now()),
        };
        let posts = match self.look(&request, &span).await? {
            Ok(posts) => posts,
            Err(answer) => return Ok(answer),
        };
        // 4. The oldest match: what was sent first belongs to the earlier call.
        for post in posts
            .iter()
            .rev()
            .filter(|post| timeline::is(&request.content, post))
        {
            // It may be what another delivery with the same words is sending at this moment.
            let now = self.now();
            if journal::is_sent_elsewhere(storage, &request.part, &request.content.text, now)? {
                let at = now.plus_ms(super::rotation::RETRY_REFRESH_MS);
                return Ok(later(at, "Another post with the same words is being sent."));
            }
            if !journal::is_ours(storage, &post.external_id)? {
                let answer = SendAnswer::Sent {
                    external_id: post.external_id.clone(),
                    at: post.created_at,
                };
                journal::close(storage, &request.part, entry.epoch, State::Sent, &answer)?;
                return Ok(ReconcileAnswer::Found {
                    external_id: post.external_id.clone(),
                    at: post.created_at,
                });
            }
        }
        Ok(ReconcileAnswer::NotFound {
            doubted_before: entry.doubt_since.is_some(),
        })
    }

    /// The account's own posts of a span, or why they cannot be read now.
    async fn look(
        &self,
        request: &ReconcilePart,
        span: &Span,
    ) -> Result<Result<Vec<OwnPost>, ReconcileAnswer>, StorageError> {
        let storage = &*self.ports.storage;
        let Some(grant) = &request.grant else {
            return Ok(Err(ReconcileAnswer::Refused(super::tokens::none())));
        };
        let mut refused = None;
        loop {
            let now = self.now();
            if let Some(at) = windows::opens_at(storage, &self.ports.config, Bucket::Read, now)? {
                return Ok(Err(later(at, "The account's reads are used up for now.")));
            }
            let usable = match self.usable(grant, refused).await? {
                Ok(usable) => usable,
                Err(refusal) if refusal.class == Class::Transient => {
                    let at = now.plus_ms(super::rotation::RETRY_REFRESH_MS);
                    return Ok(Err(later(at, &refusal.detail)));
                }
                Err(refusal) => return Ok(Err(ReconcileAnswer::Refused(refusal))),
            };
            let tag = format!(
                "{}/{}/{}",
                request.part.delivery_id, request.part.position, usable.generation
            );
            windows::take(storage, Bucket::Read, self.now(), &tag)?;
            let (http, x) = (&*self.ports.http, &self.ports.config.x);
            match timeline::read(http, x, &usable.access, &request.external_id, span).await {
                Look::Posts(posts) => return Ok(Ok(posts)),
                Look::Unauthorized if refused.is_none() => refused = Some(usable.generation),
                Look::Unauthorized => {
                    return Ok(Err(ReconcileAnswer::Refused(timeline::unreadable())));
                }
                Look::Refused(refusal) => return Ok(Err(ReconcileAnswer::Refused(refusal))),
                Look::Later { at, detail } => {
                    let at =
                        at.unwrap_or_else(|| self.now().plus_ms(super::rotation::RETRY_REFRESH_MS));
                    return Ok(Err(later(at, &detail)));
                }
            }
        }
    }
}

fn later(at: crate::time::Timestamp, detail: &str) -> ReconcileAnswer {
    ReconcileAnswer::Later {
        at,
        detail: detail.to_owned(),
    }
}
