//! Sending one part: the only place from which a create call leaves.

use super::account::{AccountGate, LivingCall};
use super::draws::{Drawn, Shut};
use super::journal::{self, State};
use super::model::{Closed, Grant, SendAnswer, SendPart};
use super::refusals;
use super::tokens::Usable;
use super::windows::{self, Bucket};
use crate::apps;
use crate::platforms::x::create::{self, Created};
use crate::platforms::x::limits::WINDOW_MS;
use crate::platforms::{Class, NotSent, Observed, Outcome, Span};
use crate::ports::StorageError;
use crate::time::Timestamp;

/// What the journal, the claim and the window say.
enum Permit {
    /// The call may leave.
    Go,
    /// It may not, and nothing left: whoever asked may decide that it is not sent.
    Free(SendAnswer),
    /// The answer is known, or has to be waited for.
    Answer(SendAnswer),
}

impl AccountGate {
    /// Sends a part, or says what became of it.
    ///
    /// 1. What the journal knows is the answer. 2. An old claim, or one that ends before the platform must have
    ///    answered, is turned away; so is what is not wanted any more, or is held. 3. A closed window says when. 4. A token that
    ///    ends soon is refreshed; that takes an await, so 1 to 3 are asked again. 5. What the app's accounts share is
    ///    drawn, unless a call is in hand; that takes an await too. 6. The fence is written. 7. The call leaves. 8. Its
    ///    outcome is written.
    ///
    /// If the process ends before 6, nothing has happened, though a call that was drawn is lost. Between 6 and 8, the row
    /// says `sending`, and whoever asks next is told that it is uncertain. After 8, whoever asks next is told the outcome.
    pub(super) async fn send(&self, request: SendPart) -> Result<SendAnswer, StorageError> {
        let mut refused_generation = None;
        let mut fetched: Option<Usable> = None;
        let mut in_hand = None;
        loop {
            // 1 to 3, without an await between them and 6 unless 4 or 5 needs one.
            match self.permit(&request, refused_generation.is_some())? {
                Permit::Go => {}
                Permit::Free(answer) => return self.not_sent(&request, answer),
                Permit::Answer(answer) => return Ok(answer),
            }
            let Some(grant) = &request.grant else {
                return self.not_sent(&request, SendAnswer::Refused(refusals::none()));
            };
            // A pair that was fetched for this call is used, however short it lives: fetching another would not help.
            let at_once = match fetched.take() {
                Some(_) if self.is_given_up(grant)? => Some(Err(refusals::none())),
                Some(usable) => Some(Ok(usable)),
                None => self.usable_at_once(grant, refused_generation)?,
            };
            let usable = match at_once {
                Some(Ok(usable)) => usable,
                Some(Err(refusal)) => return self.not_sent(&request, SendAnswer::Refused(refusal)),
                // 4. Others may have run meanwhile, so everything is asked again.
                None => match self.usable(grant, refused_generation).await? {
                    Ok(usable) => {
                        fetched = Some(usable);
                        continue;
                    }
                    Err(refusal) => {
                        return self.not_sent(&request, SendAnswer::Refused(refusal));
                    }
                },
            };
            let credentials = match self.credentials(grant, &usable) {
                Ok(credentials) => credentials,
                Err(refusal) => return self.not_sent(&request, SendAnswer::Refused(refusal)),
            };
            // 5.
            if !self.may_spend(grant, &usable, in_hand.take())? {
                match self.draw(grant, &usable.app, Bucket::Post, 1).await? {
                    Ok(Drawn::Block) => {}
                    Ok(Drawn::InHand(until)) => in_hand = Some(until),
                    Err(shut) => return self.not_sent(&request, later(shut)),
                }
                fetched = Some(usable);
                continue;
            }
            // 6.
            let call = self.arm(&request, refused_generation.is_some())?;
            // 7.
            let deadline_ms = self.ports.config.timing.platform_deadline_ms;
            let api = self.api(&credentials);
            let created = create::post(&api, &request.content, deadline_ms).await;
            // 8.
            let unauthorized = matches!(created.outcome, Outcome::Unauthorized { .. });
            let observed = created.observed.clone();
            let answer = self.record(&request, &call, created)?;
            drop(call);
            let app = apps::name_of(&grant.workspace_id, usable.app.as_deref());
            self.note_of_app(&app, Bucket::Post, &observed).await;
            if unauthorized && refused_generation.is_none() {
                refused_generation = Some(usable.generation);
                continue;
            }
            return Ok(answer);
        }
    }

    /// Whether one of the app's calls is this part's: one that was drawn for it until `in_hand`, or one of the block.
    fn may_spend(
        &self,
        grant: &Grant,
        usable: &Usable,
        in_hand: Option<Timestamp>,
    ) -> Result<bool, StorageError> {
        if in_hand.is_some_and(|until| self.now() < until) {
            return Ok(true);
        }
        let app = apps::name_of(&grant.workspace_id, usable.app.as_deref());
        self.has_share(&app, Bucket::Post, 1)
    }

    /// Writes the grant of the window and the fence.
    fn arm(&self, request: &SendPart, again: bool) -> Result<LivingCall<'_>, StorageError> {
        let storage = &*self.ports.storage;
        let now = self.now();
        let part = &request.part;
        let suffix = if again { "/again" } else { "" };
        let tag = format!(
            "{}/{}/{}{suffix}",
            part.delivery_id, part.position, request.epoch
        );
        windows::take(storage, Bucket::Post, now, &tag)?;
        let deadline_at = now.plus_ms(i64::from(self.ports.config.timing.platform_deadline_ms));
        journal::arm(storage, request, now, deadline_at)?;
        Ok(self.begin_call(part, now))
    }

    /// Nothing left under this claim. It is noted before it is said, so that a call of an older claim that is still on
    /// its way to this gate cannot leave after somebody has been told so.
    fn not_sent(&self, request: &SendPart, answer: SendAnswer) -> Result<SendAnswer, StorageError> {
        journal::seen(
            &*self.ports.storage,
            &request.part,
            request.epoch,
            self.now(),
        )?;
        Ok(answer)
    }

    fn permit(&self, request: &SendPart, after_401: bool) -> Result<Permit, StorageError> {
        let storage = &*self.ports.storage;
        let now = self.now();
        // 1.
        if let Some(entry) = journal::read(storage, &request.part)?
            && let Some(answer) = self.known(request, &entry, after_401)?
        {
            return Ok(Permit::Answer(answer));
        }
        // 2. A clock that runs differently here than at the consumer can only turn away what might have been sent.
        let answered_by = now.plus_ms(i64::from(self.ports.config.timing.platform_deadline_ms));
        if answered_by > request.lease_until {
            return Ok(Permit::Answer(SendAnswer::Busy {
                at: request.lease_until,
                detail: "The attempt ended before X could have answered; the next one follows."
                    .to_owned(),
            }));
        }
        if request.not_after.is_some_and(|at| now > at) {
            return Ok(Permit::Free(SendAnswer::TooLate));
        }
        if let Some(reason) = &request.hold {
            return Ok(Permit::Free(SendAnswer::Refused(reason.clone())));
        }
        // 3.
        let opens_at = windows::opens_at(storage, &self.ports.config, Bucket::Post, now)?;
        Ok(opens_at.map_or(Permit::Go, |at| {
            let detail =
                format!("This account has used up its posts for now; the next may leave at {at}.");
            Permit::Free(SendAnswer::Later {
                at,
                closed: Closed::Account,
                detail,
            })
        }))
    }

    /// What the journal's row answers; `None` when it lets the part be sent.
    fn known(
        &self,
        request: &SendPart,
        entry: &journal::Entry,
        after_401: bool,
    ) -> Result<Option<SendAnswer>, StorageError> {
        let storage = &*self.ports.storage;
        let grace_ms = self.ports.config.timing.landing_grace_ms;
        let uncertain = uncertain(entry, grace_ms);
        if entry.state == State::Sent {
            return Ok(Some(entry.recorded().unwrap_or(uncertain)));
        }
        if request.epoch < entry.epoch {
            return Ok(Some(SendAnswer::Stale));
        }
        let same_round = entry.round >= request.round;
        Ok(match entry.state {
            State::Sending if self.is_alive(&request.part, entry.deadline_at) => Some(busy(
                entry.deadline_at,
                "An earlier attempt is still under way.",
            )),
            // The gate that wrote this row died before the outcome. The doubt is made durable, so that it stays one
            // even if the round changes.
            State::Sending => {
                journal::close(
                    storage,
                    &request.part,
                    entry.epoch,
                    State::Uncertain,
                    &uncertain,
                )?;
                Some(uncertain)
            }
            State::Uncertain if same_round => Some(entry.recorded().unwrap_or(uncertain)),
            // A person has said "send it again"; what left before must not land after that.
            State::Uncertain => {
                let settled_at = entry.deadline_at.plus_ms(grace_ms);
                (self.now() < settled_at)
                    .then(|| busy(settled_at, "The earlier call may still take effect at X."))
            }
            State::Refused if same_round => entry.recorded(),
            // Without an answer, it is the note that this claim was told already that nothing was sent: what comes under it
            // now is a call that was doubled on the way, or late.
            State::Free if entry.epoch == request.epoch && !after_401 => {
                Some(entry.recorded().unwrap_or(SendAnswer::Stale))
            }
            _ => None,
        })
    }

    fn record(
        &self,
        request: &SendPart,
        call: &LivingCall<'_>,
        created: Created,
    ) -> Result<SendAnswer, StorageError> {
        let storage = &*self.ports.storage;
        let now = self.now();
        let started_at = call.started_at;
        let doubted =
            journal::read(storage, &request.part)?.is_some_and(|entry| entry.doubt_since.is_some());
        let (state, answer) = match created.outcome {
            Outcome::Sent { external_id } => (
                State::Sent,
                SendAnswer::Sent {
                    external_id,
                    at: now,
                },
            ),
            Outcome::NotSent(refusal) => {
                let state = if refusal.class == Class::Permanent {
                    State::Refused
                } else {
                    State::Free
                };
                (state, SendAnswer::Refused(refusal))
            }
            Outcome::Unauthorized { upstream } => (
                State::Free,
                SendAnswer::Refused(
                    NotSent::new(
                        Class::Token,
                        "token_refused",
                        "X refused the account's access token, and a fresh one as well.",
                        "Connect the account again.",
                    )
                    .with_upstream(upstream),
                ),
            ),
            Outcome::Limited { until } => {
                let until = until
                    .filter(|at| *at > now)
                    .unwrap_or(now.plus_ms(WINDOW_MS));
                windows::shut(storage, Bucket::Post, now, until)?;
                (State::Free, limited(until, &created.observed))
            }
            // After a doubt that a person resolved with "send it again", this says that the doubtful one is there.
            Outcome::Duplicate { .. } if doubted => (
                State::Uncertain,
                self.doubt(
                    started_at,
                    "X says that this text is already on the account.",
                ),
            ),
            Outcome::Duplicate { upstream } => (
                State::Refused,
                SendAnswer::Refused(duplicate().with_upstream(upstream)),
            ),
            Outcome::Uncertain { detail } => (State::Uncertain, self.doubt(started_at, &detail)),
        };
        journal::close(storage, &request.part, request.epoch, state, &answer)?;
        windows::correct(
            storage,
            &self.ports.config,
            Bucket::Post,
            &created.observed,
            now,
        )?;
        Ok(answer)
    }

    fn doubt(&self, since: Timestamp, detail: &str) -> SendAnswer {
        let timing = &self.ports.config.timing;
        let deadline_at = since.plus_ms(i64::from(timing.platform_deadline_ms));
        SendAnswer::Uncertain {
            since,
            settled_at: deadline_at.plus_ms(timing.landing_grace_ms),
            detail: detail.to_owned(),
        }
    }
}

/// X has refused more, for the account or for its app.
fn limited(until: Timestamp, observed: &[Observed]) -> SendAnswer {
    let used_up = |span| {
        let mut spent = observed.iter().filter(|one| one.remaining == 0);
        spent.any(|one| one.span == span)
    };
    let (closed, whom) = if used_up(Span::AppDay) {
        (Closed::App, "the accounts of this X app")
    } else {
        (Closed::Account, "this account")
    };
    SendAnswer::Later {
        at: until,
        closed,
        detail: format!("X allows {whom} no more posts before {until}."),
    }
}

fn later(shut: Shut) -> SendAnswer {
    SendAnswer::Later {
        at: shut.at,
        closed: shut.why,
        detail: shut.detail,
    }
}

fn busy(at: Timestamp, detail: &str) -> SendAnswer {
    SendAnswer::Busy {
        at,
        detail: detail.to_owned(),
    }
}

/// What to say of a call whose gate died.
pub(super) fn uncertain(entry: &journal::Entry, landing_grace_ms: i64) -> SendAnswer {
    SendAnswer::Uncertain {
        since: entry.started_at,
        settled_at: entry.deadline_at.plus_ms(landing_grace_ms),
        detail: "The process ended while X was being asked.".to_owned(),
    }
}

fn duplicate() -> NotSent {
    NotSent::new(
        Class::Permanent,
        "duplicate_content",
        "X refuses to post the same text twice on one account.",
        "Write a new post with another text, or delete the earlier one on X and retry.",
    )
}
