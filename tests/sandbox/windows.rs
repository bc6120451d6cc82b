//! Rate limits: fixed windows that open with their first request, and the caps of a day.

use std::collections::BTreeMap;

use serde::Serialize;

/// What is counted together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    Create,
    Delete,
    UsersMe,
    Timeline,
    Lookup,
    Lookups,
    User,
    UsersBy,
    UsersSearch,
    Mentions,
    Like,
    Unlike,
    Repost,
    Unrepost,
    Bookmark,
    Unbookmark,
    Analytics,
    Trends,
    PersonalizedTrends,
    UsageTweets,
    UsageCredits,
    MediaUpload,
    MediaStatus,
    MediaInitialize,
    MediaAppend,
    MediaFinalize,
    MediaMetadata,
    SubtitlesCreate,
    SubtitlesDelete,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    QuarterHour,
    Day,
}

impl Span {
    fn ms(self) -> i64 {
        match self {
            Self::QuarterHour => 900_000,
            Self::Day => 86_400_000,
        }
    }
}

/// Whose window it is: an app and a user id; 0 for the user is the app as a whole, [`Window::EVERY_APP`] for the app
/// the user in all of them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Window {
    pub app: usize,
    pub user: u64,
    pub bucket: Bucket,
    pub span: Span,
}

impl Window {
    pub const EVERY_APP: usize = usize::MAX;
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
pub struct Windows(BTreeMap<Window, Used>);

#[derive(Debug)]
struct Used {
    opened_ms: i64,
    requests: u32,
}

/// A window as `GET /_sandbox/windows` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// None for all apps together.
    pub app: Option<usize>,
    /// None for all users of the app.
    pub user: Option<u64>,
    pub endpoint: Bucket,
    pub span: Span,
    pub requests: u32,
    pub opened_ms: i64,
}

impl Windows {
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let used = self.0.iter().filter(|(_, used)| used.requests > 0);
        used.map(|(window, used)| Row {
            app: (window.app != Window::EVERY_APP).then_some(window.app),
            user: (window.user != 0).then_some(window.user),
            endpoint: window.bucket,
            span: window.span,
            requests: used.requests,
            opened_ms: used.opened_ms,
        })
    }

    /// Where the window stands at this time, without a change.
    pub fn standing(&mut self, window: Window, limit: u32, now_ms: i64) -> Standing {
        let used = self.current(window, now_ms);
        let ends_ms = used.opened_ms + window.span.ms();
        Standing {
            limit,
            remaining: limit.saturating_sub(used.requests),
            reset: (ends_ms + 999).div_euclid(1000),
        }
    }

    pub fn charge(&mut self, window: Window, now_ms: i64) {
        self.current(window, now_ms).requests += 1;
    }

    fn current(&mut self, window: Window, now_ms: i64) -> &mut Used {
        let used = self.0.entry(window).or_insert(Used {
            opened_ms: now_ms,
            requests: 0,
        });
        // An unused window has not begun.
        if used.requests == 0 || now_ms >= used.opened_ms + window.span.ms() {
            *used = Used {
                opened_ms: now_ms,
                requests: 0,
            };
        }
        used
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
