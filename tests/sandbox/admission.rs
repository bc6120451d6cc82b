//! Who is let in: token, scopes, windows, money and the document, in this order, before anything else is looked at.
//!
//! Every request that is let in counts in its windows, whatever comes of it; one that is throttled does not. Only
//! accepted posts count in the caps of 24 hours of creates. As on the real X, the headers come with every answer to a
//! request whose token was good.

use super::{
    answer::Answer,
    call::Call,
    gates::{Gate, gate},
    oauth1,
    refusals::{Refusal, unsupported_authentication},
    spec::{self, Security},
    windows::{Bucket, Span, Standing, Window},
    x::X,
};

/// The user of an app-only request.
const NOBODY: u64 = 0;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    pub app: usize,
    /// 0 for an app-only token.
    pub user: u64,
}

impl X {
    /// Lets a request in by its token, scopes, windows and form, and puts the rate-limit headers on its answer.
    pub(super) fn limited(
        &mut self,
        call: &Call,
        operation: impl FnOnce(&mut Self, u64) -> Result<Answer, Answer>,
    ) -> Answer {
        let Some(gate) = gate(call, &self.settings.limits) else {
            return Refusal::NotFound.answer();
        };
        let who = match self.admit(call, &gate) {
            Ok(who) => who,
            Err(refused) => return refused,
        };
        self.asking = who.app;
        let is_create = gate.bucket == Bucket::Create;
        let is_spent = |standing: &(Span, Standing)| standing.1.remaining == 0;
        let standings = self.standings(who, &gate, call);
        let answer = match standings.iter().find(|standing| is_spent(standing)) {
            Some((Span::QuarterHour, _)) => Refusal::RateLimit.answer(),
            Some((Span::Day, _)) => Refusal::DayCap.answer(),
            None => {
                self.charge(who, &gate, call, |span| {
                    !is_create || span == Span::QuarterHour
                });
                let names = self.settings.query_names;
                self.may_pay(who, call)
                    .and_then(|()| spec::refusal(call, names).map_err(|wrong| wrong.answer()))
                    .and_then(|()| operation(self, who.user))
                    .unwrap_or_else(|refused| refused)
            }
        };
        self.bill(who, call, &answer);
        if is_create && answer.status == 201 {
            self.charge(who, &gate, call, |span| span == Span::Day);
        }
        self.with_windows(answer, who, &gate, call)
    }

    /// A scripted refusal. It counts in the windows, unless it is itself a throttle.
    pub(super) fn refuse(&mut self, call: &Call, refusal: Refusal, reset_after_s: u32) -> Answer {
        let answer = refusal.answer();
        let Some(gate) = gate(call, &self.settings.limits) else {
            return answer;
        };
        let Ok(who) = self.admit(call, &gate) else {
            return answer;
        };
        let reset = call.now_ms.div_euclid(1000) + i64::from(reset_after_s);
        let closed = |limit: u32| Standing {
            limit,
            remaining: 0,
            reset,
        };
        let limit = gate.allowance.user.or(gate.allowance.app).unwrap_or(0);
        match refusal {
            Refusal::RateLimit | Refusal::RateLimitCode88 => {
                answer.with_all(closed(limit).quarter_hour_headers())
            }
            Refusal::DayCap => {
                let open = self.standing(who, &gate, call);
                let day = closed(self.settings.limits.create_user_day).user_day_headers();
                let open = open.map(Standing::quarter_hour_headers);
                answer.with_all(open.into_iter().flatten()).with_all(day)
            }
            _ if refusal.is_throttle() => self.with_windows(answer, who, &gate, call),
            _ => {
                self.charge(who, &gate, call, |span| {
                    gate.bucket != Bucket::Create || span == Span::QuarterHour
                });
                self.with_windows(answer, who, &gate, call)
            }
        }
    }

    fn admit(&mut self, call: &Call, gate: &Gate) -> Result<Who, Answer> {
        let security = gate.security;
        let is_signed = call
            .header("authorization")
            .is_some_and(|header| header.to_ascii_lowercase().starts_with("oauth "));
        if is_signed {
            let who = oauth1::signer(self, call)?;
            return if security.takes_oauth1 {
                Ok(who)
            } else {
                Err(unsupported("OAuth 1.0a User Context", security))
            };
        }
        let token = call.bearer();
        if let Some(app) = token.and_then(|token| self.app_of_bearer(token)) {
            let who = Who { app, user: NOBODY };
            return if security.takes_app_only {
                Ok(who)
            } else {
                Err(unsupported("OAuth 2.0 Application-Only", security))
            };
        }
        let bearer = token.and_then(|token| self.grants.bearer(token, call.now_ms));
        let bearer = bearer.ok_or_else(|| Refusal::Unauthorized.answer())?;
        let Some(scopes) = &security.scopes else {
            return Err(unsupported("OAuth 2.0 User Context", security));
        };
        if scopes.iter().all(|scope| bearer.scopes.contains(scope)) {
            Ok(Who {
                app: bearer.app,
                user: bearer.user,
            })
        } else {
            Err(Refusal::MissingScope.answer())
        }
    }

    /// The windows that hold for this request, with their limits. The first is the one that the headers tell of.
    fn windows_of(who: Who, gate: &Gate) -> impl Iterator<Item = (Window, u32)> + use<> {
        let Gate {
            bucket, allowance, ..
        } = *gate;
        let is_app_only = who.user == NOBODY;
        let window = move |app, user, span, limit: Option<u32>| {
            let window = Window {
                app,
                user,
                bucket,
                span,
            };
            limit.map(|limit| (window, limit))
        };
        let user = allowance.user.filter(|_| !is_app_only);
        let counts_all = !gate.security.takes_app_only || allowance.user.is_none();
        let app = allowance.app.filter(|_| is_app_only || counts_all);
        // An account's posts count whichever client they come from.
        let user_day_app = if bucket == Bucket::Create {
            Window::EVERY_APP
        } else {
            who.app
        };
        let user_day = allowance.user_day.filter(|_| !is_app_only);
        [
            window(who.app, who.user, Span::QuarterHour, user),
            window(who.app, NOBODY, Span::QuarterHour, app),
            window(user_day_app, who.user, Span::Day, user_day),
            window(who.app, NOBODY, Span::Day, allowance.app_day),
        ]
        .into_iter()
        .flatten()
    }

    fn charge(&mut self, who: Who, gate: &Gate, call: &Call, counts: impl Fn(Span) -> bool) {
        for (window, _) in Self::windows_of(who, gate) {
            if counts(window.span) {
                self.windows.charge(window, call.now_ms);
            }
        }
    }

    fn standings(&mut self, who: Who, gate: &Gate, call: &Call) -> Vec<(Span, Standing)> {
        Self::windows_of(who, gate)
            .map(|(window, limit)| {
                let standing = self.windows.standing(window, limit, call.now_ms);
                (window.span, standing)
            })
            .collect()
    }

    fn standing(&mut self, who: Who, gate: &Gate, call: &Call) -> Option<Standing> {
        let (_, standing) = self.standings(who, gate, call).into_iter().next()?;
        Some(standing)
    }

    fn with_windows(&mut self, mut answer: Answer, who: Who, gate: &Gate, call: &Call) -> Answer {
        let mut has_quarter_hour = false;
        for (window, limit) in Self::windows_of(who, gate) {
            let standing = self.windows.standing(window, limit, call.now_ms);
            answer = match (window.span, window.user) {
                (Span::QuarterHour, _) if has_quarter_hour => answer,
                (Span::QuarterHour, _) => answer.with_all(standing.quarter_hour_headers()),
                (Span::Day, NOBODY) => answer.with_all(standing.app_day_headers()),
                (Span::Day, _) => answer.with_all(standing.user_day_headers()),
            };
            has_quarter_hour = true;
        }
        answer
    }
}

fn unsupported(kind: &str, security: &Security) -> Answer {
    let supported: Vec<&str> = [
        ("OAuth 1.0a User Context", security.takes_oauth1),
        ("OAuth 2.0 User Context", security.scopes.is_some()),
        ("OAuth 2.0 Application-Only", security.takes_app_only),
    ]
    .into_iter()
    .filter_map(|(name, is_supported)| is_supported.then_some(name))
    .collect();
    unsupported_authentication(kind, &supported.join(", "))
}
