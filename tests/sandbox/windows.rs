//! Rate limits: fixed windows that open with their first request, and the caps of a day.

use std::collections::BTreeMap;

const QUARTER_HOUR_MS: i64 = 900_000;
const DAY_MS: i64 = 86_400_000;

/// What is counted together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Bucket {
    Create,
    CreateUserDay,
    CreateAppDay,
    Delete,
    UsersMe,
    Timeline,
    Lookup,
    Lookups,
}

impl Bucket {
    fn length_ms(self) -> i64 {
        match self {
            Self::CreateUserDay | Self::CreateAppDay => DAY_MS,
            _ => QUARTER_HOUR_MS,
        }
    }
}

/// Where a window stands, as the headers tell it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Epoch seconds, rounded up: at that second the window is certainly open.
    pub reset: i64,
}

#[derive(Debug, Default)]
pub struct Windows(BTreeMap<(u64, Bucket), Window>);

#[derive(Debug)]
struct Window {
    opened_ms: i64,
    used: u32,
}

impl Windows {
    /// The window of `who` (a user id; 0 is the app) at this time, without a change.
    pub fn standing(&mut self, who: u64, bucket: Bucket, limit: u32, now_ms: i64) -> Standing {
        let window = self.current(who, bucket, now_ms);
        let ends_ms = window.opened_ms + bucket.length_ms();
        Standing {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset: (ends_ms + 999).div_euclid(1000),
        }
    }

    pub fn charge(&mut self, who: u64, bucket: Bucket, now_ms: i64) {
        self.current(who, bucket, now_ms).used += 1;
    }

    fn current(&mut self, who: u64, bucket: Bucket, now_ms: i64) -> &mut Window {
        let window = self.0.entry((who, bucket)).or_insert(Window {
            opened_ms: now_ms,
            used: 0,
        });
        // An unused window has not begun.
        if window.used == 0 || now_ms >= window.opened_ms + bucket.length_ms() {
            *window = Window {
                opened_ms: now_ms,
                used: 0,
            };
        }
        window
    }
}

impl Standing {
    pub fn quarter_hour_headers(self) -> [(&'static str, String); 3] {
        self.headers([
            "x-rate-limit-limit",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
        ])
    }

    pub fn user_day_headers(self) -> [(&'static str, String); 3] {
        self.headers([
            "x-user-limit-24hour-limit",
            "x-user-limit-24hour-remaining",
            "x-user-limit-24hour-reset",
        ])
    }

    pub fn app_day_headers(self) -> [(&'static str, String); 3] {
        self.headers([
            "x-app-limit-24hour-limit",
            "x-app-limit-24hour-remaining",
            "x-app-limit-24hour-reset",
        ])
    }

    fn headers(self, names: [&'static str; 3]) -> [(&'static str, String); 3] {
        let [limit, remaining, reset] = names;
        [
            (limit, self.limit.to_string()),
            (remaining, self.remaining.to_string()),
            (reset, self.reset.to_string()),
        ]
    }
}
