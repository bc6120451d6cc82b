//! Sending one part: the only place from which a create call leaves.

use super::account::AccountGate;
use super::journal::{self, State};
use super::model::{SendAnswer, SendPart};
use super::tokens;
use super::windows::{self, Bucket};
use crate::platforms::x::create::{self, Created};
use crate::platforms::{Class, NotSent, Outcome};
use crate::ports::StorageError;
use crate::time::{MINUTE_MS, Timestamp};

/// How long to wait after a 429 that does not say until when, in ms: X's window.
const UNSAID_LIMIT_MS: i64 = 15 * MINUTE_MS;

/// What the journal allows.
enum Permit {
    Go,
    Answer(SendAnswer),
}

impl AccountGate {
    /// Sends a part, or says what became of it.
    ///
    /// 1. What the journal knows is the answer. 2. An old claim, or one that ends before the platform must have
    ///    answered, is turned away; so is what is not wanted any more. 3. A closed window says when. 4. A token that ends soon is refreshed; that takes an
    ///    await, so 1 to 3 are asked again. 5. The fence is written. 6. The call leaves. 7. Its outcome is written.
    ///
    /// If the process ends before 5, nothing has happened. Between 5 and 7, the row says `sending`, and whoever asks
    /// next is told that it is uncertain. After 7, whoever asks next is told the outcome.
    pub(super) async fn send(&self, request: SendPart) -> Result<SendAnswer, StorageError> {
        if let Some(grant) = &request.grant {
            self.settle_debt(grant).await?;
        }
        let mut refused_generation = None;
        loop {
            // 1 to 3, without an await between them and 5 unless 4 needs one.
            if let Permit::Answer(answer) = self.permit(&request, refused_generation.is_some())? {
                return Ok(answer);
            }
            let Some(grant) = &request.grant else {
                return Ok(SendAnswer::Refused(tokens::none()));
            };
            let usable = match self.usable_at_once(grant, refused_generation)? {
                Some(Ok(usable)) => usable,
                Some(Err(refusal)) => return Ok(SendAnswer::Refused(refusal)),
                // 4. Others may have run meanwhile, so everything is asked again.
                None => match self.usable(grant, refused_generation).await? {
                    Ok(_) => continue,
                    Err(refusal) => return Ok(SendAnswer::Refused(refusal)),
                },
            };
            // 5.
            let now = self.now();
            let deadline_ms = self.ports.config.timing.platform_deadline_ms;
            let tag = format!(
                "{}/{}/{}",
                request.part.delivery_id, request.part.position, request.epoch
            );
            let tag = if refused_generation.is_some() {
                format!("{tag}/again")
            } else {
                tag
            };
            windows::take(&*self.ports.storage, Bucket::Post, now, &tag)?;
            journal::arm(
                &*self.ports.storage,
                &request,
                now,
                now.plus_ms(i64::from(deadline_ms)),
            )?;
            let call = self.begin_call(&request.part);
            // 6.
            let http = &*self.ports.http;
            let created = create::post(
                http,
                &self.ports.config.x,
                &usable.access,
                &request.content,
                deadline_ms,
            )
            .await;
            // 7.
            let unauthorized = matches!(created.outcome, Outcome::Unauthorized { .. });
            let answer = self.record(&request, now, created)?;
            drop(call);
            if unauthorized && refused_generation.is_none() {
                refused_generation = Some(usable.generation);
                continue;
            }
            return Ok(answer);
        }
    }

    fn permit(&self, request: &SendPart, after_401: bool) -> Result<Permit, StorageError> {
        let storage = &*self.ports.storage;
        let now = self.now();
        // 1.
        if let Some(entry) = journal::read(storage, &request.part)? {
            let uncertain = uncertain(&entry, self.ports.config.timing.landing_grace_ms);
            if entry.state == State::Sent {
                return Ok(Permit::Answer(entry.recorded().unwrap_or(uncertain)));
            }
            if request.epoch < entry.epoch {
                return Ok(Permit::Answer(SendAnswer::Stale));
            }
            let same_round = entry.round >= request.round;
            match entry.state {
                State::Sending if self.is_alive(&request.part, entry.deadline_at) => {
                    return Ok(Permit::Answer(SendAnswer::Later {
                        at: entry.deadline_at,
                        detail: "An earlier attempt is still under way.".to_owned(),
                    }));
                }
                // The gate that wrote this row died before the outcome. The doubt is made durable, so that it stays
                // one even if the round changes.
                State::Sending => {
                    journal::close(
                        storage,
                        &request.part,
                        entry.epoch,
                        State::Uncertain,
                        &uncertain,
                    )?;
                    return Ok(Permit::Answer(uncertain));
                }
                // A person has said "send it again"; what left before must not land after that.
                State::Uncertain if !same_round => {
                    let settled_at = entry
                        .deadline_at
                        .plus_ms(self.ports.config.timing.landing_grace_ms);
                    if now < settled_at {
                        return Ok(Permit::Answer(SendAnswer::Later {
                            at: settled_at,
                            detail: "The earlier call may still take effect at X.".to_owned(),
                        }));
                    }
                }
                State::Uncertain => {
                    return Ok(Permit::Answer(entry.recorded().unwrap_or(uncertain)));
                }
                State::Refused if same_round => {
                    return Ok(Permit::Answer(
                        entry.recorded().unwrap_or(SendAnswer::Stale),
                    ));
                }
                State::Free if entry.epoch == request.epoch && !after_401 => {
                    return Ok(Permit::Answer(
                        entry.recorded().unwrap_or(SendAnswer::Stale),
                    ));
                }
                _ => {}
            }
        }
        // 2. A clock that runs differently here than at the consumer can only turn away what might have been sent.
        let answered_by = now.plus_ms(i64::from(self.ports.config.timing.platform_deadline_ms));
        if answered_by > request.lease_until {
            return Ok(Permit::Answer(SendAnswer::Stale));
        }
        if request.not_after.is_some_and(|at| now > at) {
            return Ok(Permit::Answer(SendAnswer::TooLate));
        }
        // 3.
        Ok(
            match windows::opens_at(storage, &self.ports.config, Bucket::Post, now)? {
                Some(at) => Permit::Answer(SendAnswer::Later {
                    at,
                    detail: format!(
                        "This account has used up its posts for now; the next may leave at {at}."
                    ),
                }),
                None => Permit::Go,
            },
        )
    }

    fn record(
        &self,
        request: &SendPart,
        started_at: Timestamp,
        created: Created,
    ) -> Result<SendAnswer, StorageError> {
        let storage = &*self.ports.storage;
        let now = self.now();
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
                    .unwrap_or(now.plus_ms(UNSAID_LIMIT_MS));
                windows::shut(storage, Bucket::Post, now, until)?;
                let detail = format!("X allows this account no more posts before {until}.");
                (State::Free, SendAnswer::Later { at: until, detail })
            }
            // After a doubt that a person resolved with "send it again", this says that the doubtful one was there.
            Outcome::Duplicate { .. } if request.round > 1 => (
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
        "Change the text, or delete the earlier post on X.",
    )
}
