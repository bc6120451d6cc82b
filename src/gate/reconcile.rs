//! Looking for an uncertain part among the account's own posts.
//!
//! Absence proves little, since timelines lag: the caller looks several times. What is found is adopted here and now,
//! so that no later question can end in a second call.

use super::account::AccountGate;
use super::attribution::{self, Whose};
use super::journal::{self, State};
use super::model::{ReconcileAnswer, ReconcilePart, SendAnswer};
use super::rotation::RETRY_REFRESH_MS;
use super::send::uncertain;
use super::windows::{self, Bucket};
use crate::platforms::Class;
use crate::platforms::x::matching::{self, Likeness};
use crate::platforms::x::timeline::{self, Look, OwnPost, Span};
use crate::ports::StorageError;
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};

/// X's clock and ours may differ, and its `created_at` is in whole seconds.
const CLOCK_MARGIN_MS: i64 = 2 * SECOND_MS;

/// What a look at the account's posts came to.
enum Found<'a> {
    /// This is the part.
    Post(&'a OwnPost),
    /// There is one that could be, which another part in doubt is.
    Anothers,
    /// There is none, or none that is certainly it.
    Nothing,
}

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
                return Ok(ReconcileAnswer::Found {
                    external_id,
                    at,
                    read: 0,
                });
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
        let mine = self.span(
            entry.doubt_since.unwrap_or(entry.started_at),
            entry.deadline_at,
        );
        let reach = attribution::reach(&mine, &self.spans_elsewhere(&request)?);
        let posts = match self.look(&request, &reach).await? {
            Ok(posts) => posts,
            Err(answer) => return Ok(answer),
        };
        let read = u32::try_from(posts.len()).unwrap_or(u32::MAX);
        // A person may have said meanwhile where it is, or a newer claim have sent it.
        match journal::read(storage, &request.part)? {
            Some(now) if now.state == State::Uncertain && now.epoch == entry.epoch => {}
            Some(now) => {
                return Ok(match (now.state, now.recorded()) {
                    (State::Sent, Some(SendAnswer::Sent { external_id, at })) => {
                        ReconcileAnswer::Found {
                            external_id,
                            at,
                            read,
                        }
                    }
                    _ => later(self.now().plus_ms(RETRY_REFRESH_MS), "It has changed."),
                });
            }
            None => {}
        }
        // 4.
        let now = self.now();
        let post = match self.unclaimed(&request, &mine, &posts)? {
            Found::Post(post) => post,
            // Not "not found", which a workspace may answer by sending it again: the other may still turn out to be elsewhere.
            Found::Anothers => {
                let at = now.plus_ms(MINUTE_MS);
                return Ok(later(
                    at,
                    "A post with the same words is on X, and may be another that is in doubt as well.",
                ));
            }
            Found::Nothing => {
                return Ok(ReconcileAnswer::NotFound {
                    doubted_before: entry.doubt_since.is_some(),
                    read,
                });
            }
        };
        // It may be what another delivery with the same words is sending at this moment.
        if journal::is_sent_elsewhere(storage, &request.part, &request.content, now)? {
            let at = now.plus_ms(RETRY_REFRESH_MS);
            return Ok(later(at, "Another post with the same words is being sent."));
        }
        let answer = SendAnswer::Sent {
            external_id: post.external_id.clone(),
            at: post.created_at,
        };
        journal::close(storage, &request.part, entry.epoch, State::Sent, &answer)?;
        Ok(ReconcileAnswer::Found {
            external_id: post.external_id.clone(),
            at: post.created_at,
            read,
        })
    }

    /// When what a call has made may have been made.
    fn span(&self, since: Timestamp, deadline_at: Timestamp) -> Span {
        let settled_at = deadline_at.plus_ms(self.ports.config.timing.landing_grace_ms);
        Span {
            from: since.plus_ms(-CLOCK_MARGIN_MS),
            to: settled_at.plus_ms(CLOCK_MARGIN_MS).min(self.now()),
        }
    }

    /// The same of other parts that a post may be as well.
    fn spans_elsewhere(&self, request: &ReconcilePart) -> Result<Vec<Span>, StorageError> {
        let storage = &*self.ports.storage;
        let doubts =
            journal::doubts_elsewhere(storage, &request.part, &request.content, self.now())?;
        let spans = doubts
            .iter()
            .map(|one| self.span(one.since, one.deadline_at));
        Ok(spans.collect())
    }

    /// The post that is what was meant and belongs to no other part: of several the one that [`attribution`] gives to
    /// this part, and of beginnings of long texts one that is alone.
    fn unclaimed<'a>(
        &self,
        request: &ReconcilePart,
        mine: &Span,
        posts: &'a [OwnPost],
    ) -> Result<Found<'a>, StorageError> {
        let mut alike: Vec<(&OwnPost, Likeness)> = posts
            .iter()
            .filter_map(|post| Some((post, matching::likeness(&request.content, post)?)))
            .collect();
        let ids: Vec<&str> = alike.iter().map(|(post, _)| &*post.external_id).collect();
        let ours = journal::ours(&*self.ports.storage, &ids)?;
        alike.retain(|(post, _)| !ours.contains(&post.external_id));
        // X's ids rise with time; of the same length they do as text.
        alike.sort_by_key(|(post, _)| (post.created_at, post.external_id.len(), &post.external_id));
        let whole: Vec<&OwnPost> = alike
            .iter()
            .filter(|(_, likeness)| *likeness == Likeness::Whole)
            .map(|(post, _)| *post)
            .collect();
        if whole.is_empty() {
            alike.retain(|(post, _)| (mine.from..=mine.to).contains(&post.created_at));
            return Ok(match alike.as_slice() {
                [(post, _)] => Found::Post(post),
                _ => Found::Nothing,
            });
        }
        let times: Vec<Timestamp> = whole.iter().map(|post| post.created_at).collect();
        let others = self.spans_elsewhere(request)?;
        Ok(match attribution::attributed(mine, &others, &times) {
            Whose::Mine(index) => whole
                .get(index)
                .map_or(Found::Nothing, |post| Found::Post(post)),
            Whose::Anothers => Found::Anothers,
            Whose::Nobodys => Found::Nothing,
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
            return Ok(Err(ReconcileAnswer::Refused(super::refusals::none())));
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
                    let at = now.plus_ms(RETRY_REFRESH_MS);
                    return Ok(Err(later(at, &refusal.detail)));
                }
                Err(refusal) => return Ok(Err(ReconcileAnswer::Refused(refusal))),
            };
            let credentials = match self.credentials(grant, &usable) {
                Ok(credentials) => credentials,
                Err(refusal) => return Ok(Err(ReconcileAnswer::Refused(refusal))),
            };
            let tag = format!(
                "{}/{}/{}",
                request.part.delivery_id, request.part.position, usable.generation
            );
            windows::take(storage, Bucket::Read, self.now(), &tag)?;
            let api = self.api(&credentials);
            match timeline::read(&api, &request.external_id, span).await {
                Look::Posts(posts) => return Ok(Ok(posts)),
                Look::Unauthorized if refused.is_none() => refused = Some(usable.generation),
                Look::Unauthorized => {
                    return Ok(Err(ReconcileAnswer::Refused(timeline::unreadable())));
                }
                Look::Refused(refusal) => return Ok(Err(ReconcileAnswer::Refused(refusal))),
                Look::Later { at, detail } => {
                    let at = at.unwrap_or_else(|| self.now().plus_ms(RETRY_REFRESH_MS));
                    return Ok(Err(later(at, &detail)));
                }
            }
        }
    }
}

fn later(at: Timestamp, detail: &str) -> ReconcileAnswer {
    ReconcileAnswer::Later {
        at,
        detail: detail.to_owned(),
    }
}
