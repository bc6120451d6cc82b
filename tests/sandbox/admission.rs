//! Who is let in: token, scopes and windows, in this order, before anything else is looked at.
//!
//! Every request that is let in counts in its window, whatever comes of it; one that is throttled does not. Only
//! accepted posts count in the caps of 24 hours. As on the real X, the headers come with every answer to a request
//! whose token was good.

use super::{
    answer::Answer,
    call::{Call, Route},
    refusals::Refusal,
    windows::{Bucket, Standing},
    x::X,
};

/// What a request must show to be let in.
struct Gate {
    bucket: Bucket,
    limit: u32,
    scopes: &'static [&'static str],
    app_only: bool,
}

const READ: &[&str] = &["tweet.read", "users.read"];
const WRITE: &[&str] = &["tweet.read", "tweet.write", "users.read"];

/// Who app-only requests count for.
const APP: u64 = 0;

impl X {
    /// Lets a request in by its token, scopes and windows, and puts the rate-limit headers on its answer.
    pub(super) fn limited(
        &mut self,
        call: &Call,
        operation: impl FnOnce(&mut Self, u64) -> Result<Answer, Answer>,
    ) -> Answer {
        let Some(gate) = self.gate(&call.route) else {
            return Refusal::NotFound.answer();
        };
        let who = match self.admit(call, &gate) {
            Ok(who) => who,
            Err(refused) => return refused,
        };
        let is_create = gate.bucket == Bucket::Create;
        let open = self.standing(who, &gate, call).remaining > 0;
        let answer = if !open {
            Refusal::RateLimit.answer()
        } else if is_create && self.days(who, call).iter().any(|day| day.remaining == 0) {
            Refusal::DayCap.answer()
        } else {
            self.windows.charge(who, gate.bucket, call.now_ms);
            operation(self, who).unwrap_or_else(|refused| refused)
        };
        if is_create && answer.status == 201 {
            self.windows.charge(who, Bucket::CreateUserDay, call.now_ms);
            self.windows.charge(APP, Bucket::CreateAppDay, call.now_ms);
        }
        self.with_windows(answer, who, &gate, call)
    }

    /// A scripted refusal. It counts in the windows, unless it is itself a throttle.
    pub(super) fn refuse(&mut self, call: &Call, refusal: Refusal, reset_after_s: u32) -> Answer {
        let answer = refusal.answer();
        let Some(gate) = self.gate(&call.route) else {
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
        match refusal {
            Refusal::RateLimit | Refusal::RateLimitCode88 => {
                answer.with_all(closed(gate.limit).quarter_hour_headers())
            }
            Refusal::DayCap => {
                let open = self.standing(who, &gate, call).quarter_hour_headers();
                let day = closed(self.settings.limits.create_user_day).user_day_headers();
                answer.with_all(open).with_all(day)
            }
            _ if refusal.is_throttle() => self.with_windows(answer, who, &gate, call),
            _ => {
                self.windows.charge(who, gate.bucket, call.now_ms);
                self.with_windows(answer, who, &gate, call)
            }
        }
    }

    fn gate(&self, route: &Route) -> Option<Gate> {
        let limits = &self.settings.limits;
        let (bucket, limit, scopes, app_only) = match route {
            Route::UsersMe => (Bucket::UsersMe, limits.users_me, READ, false),
            Route::Create => (Bucket::Create, limits.create, WRITE, false),
            Route::Delete(_) => (Bucket::Delete, limits.delete, WRITE, false),
            Route::Post(_) => (Bucket::Lookup, limits.lookup, READ, true),
            Route::Posts => (Bucket::Lookups, limits.lookups, READ, true),
            Route::Timeline(_) => (Bucket::Timeline, limits.timeline, READ, true),
            _ => return None,
        };
        Some(Gate {
            bucket,
            limit,
            scopes,
            app_only,
        })
    }

    fn admit(&self, call: &Call, gate: &Gate) -> Result<u64, Answer> {
        let token = call.bearer();
        if token.is_some() && token == self.settings.app_bearer.as_deref() {
            return if gate.app_only {
                Ok(APP)
            } else {
                Err(Refusal::AppOnly.answer())
            };
        }
        let bearer = token.and_then(|token| self.grants.bearer(token, call.now_ms));
        let bearer = bearer.ok_or_else(|| Refusal::Unauthorized.answer())?;
        let may = |scope: &&str| bearer.scopes.iter().any(|granted| granted == scope);
        if gate.scopes.iter().all(may) {
            Ok(bearer.user)
        } else {
            Err(Refusal::MissingScope.answer())
        }
    }

    fn standing(&mut self, who: u64, gate: &Gate, call: &Call) -> Standing {
        self.windows
            .standing(who, gate.bucket, gate.limit, call.now_ms)
    }

    /// The 24-hour caps of the user and of the app.
    fn days(&mut self, who: u64, call: &Call) -> [Standing; 2] {
        let limits = &self.settings.limits;
        let (user, app) = (limits.create_user_day, limits.create_app_day);
        let windows = &mut self.windows;
        [
            windows.standing(who, Bucket::CreateUserDay, user, call.now_ms),
            windows.standing(APP, Bucket::CreateAppDay, app, call.now_ms),
        ]
    }

    fn with_windows(&mut self, answer: Answer, who: u64, gate: &Gate, call: &Call) -> Answer {
        let standing = self.standing(who, gate, call);
        let answer = answer.with_all(standing.quarter_hour_headers());
        if gate.bucket != Bucket::Create {
            return answer;
        }
        let [user, app] = self.days(who, call);
        answer
            .with_all(user.user_day_headers())
            .with_all(app.app_day_headers())
    }
}
