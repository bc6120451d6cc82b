//! How much of each endpoint one user and one app may have
//! (<https://docs.x.com/x-api/fundamentals/rate-limits>, read 2026-09-11).

use serde::{Deserialize, Serialize};

/// The limits of an endpoint; what is left out does not apply. Where an endpoint takes app-only tokens, `app` counts
/// the requests that carry one; elsewhere it counts those of all users of the app.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allowance {
    /// Of one user, in 15 minutes.
    pub user: Option<u32>,
    /// Of the app, in 15 minutes.
    pub app: Option<u32>,
    /// Of one user, in 24 hours.
    pub user_day: Option<u32>,
    /// Of the app, in 24 hours.
    pub app_day: Option<u32>,
}

impl Allowance {
    pub const fn quarter(user: Option<u32>, app: Option<u32>) -> Self {
        Self {
            user,
            app,
            user_day: None,
            app_day: None,
        }
    }

    const fn and_days(self, user_day: Option<u32>, app_day: Option<u32>) -> Self {
        Self {
            user_day,
            app_day,
            ..self
        }
    }
}

/// Plain numbers are requests per user and 15 minutes, unless the name says otherwise.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub create: u32,
    /// Accepted posts of one account, all clients together.
    pub create_user_day: u32,
    /// Accepted posts of the app.
    pub create_app_day: u32,
    pub delete: u32,
    pub users_me: u32,
    pub timeline: u32,
    pub timeline_app: u32,
    pub lookup: u32,
    pub lookup_app: u32,
    pub lookups: u32,
    pub lookups_app: u32,
    /// By id, by name, and search, each.
    pub users: Allowance,
    pub mentions: Allowance,
    /// Doing it and taking it back, each, as with the next two.
    pub likes: Allowance,
    pub reposts: Allowance,
    pub bookmarks: Allowance,
    pub analytics: Allowance,
    pub trends: Allowance,
    pub personalized_trends: Allowance,
    /// Of posts and of credits, each. X documents none for credits.
    pub usage: Allowance,
    pub media_upload: Allowance,
    pub media_status: Allowance,
    pub media_initialize: Allowance,
    pub media_append: Allowance,
    pub media_finalize: Allowance,
    pub media_metadata: Allowance,
    /// Adding and deleting, each.
    pub subtitles: Allowance,
}

impl Default for Limits {
    fn default() -> Self {
        let per_user = |user| Allowance::quarter(Some(user), None);
        let media = |user, app_day| per_user(user).and_days(None, Some(app_day));
        Self {
            create: 100,
            create_user_day: 2_400,
            create_app_day: 10_000,
            delete: 50,
            users_me: 75,
            timeline: 900,
            timeline_app: 10_000,
            lookup: 900,
            lookup_app: 450,
            lookups: 5_000,
            lookups_app: 3_500,
            users: Allowance::quarter(Some(900), Some(300)),
            mentions: Allowance::quarter(Some(300), Some(450)),
            likes: per_user(50).and_days(Some(1_000), None),
            reposts: per_user(50),
            bookmarks: per_user(50),
            analytics: Allowance::quarter(Some(300), Some(300)),
            trends: Allowance::quarter(None, Some(75)),
            personalized_trends: Allowance::quarter(Some(10), Some(200))
                .and_days(Some(100), Some(200)),
            usage: Allowance::quarter(None, Some(50)),
            media_upload: media(500, 50_000),
            media_status: media(1_000, 100_000),
            media_initialize: media(1_875, 180_000),
            media_append: media(1_875, 180_000),
            media_finalize: media(1_875, 180_000),
            media_metadata: media(500, 50_000),
            subtitles: media(100, 10_000),
        }
    }
}
