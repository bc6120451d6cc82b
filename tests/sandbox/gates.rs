//! What each endpoint asks of a request: tokens and scopes by the document, limits by the page
//! (<https://docs.x.com/x-api/fundamentals/rate-limits>).

use super::{
    call::{Call, Route},
    engage::Kind,
    limits::{Allowance, Limits},
    spec::{self, Security},
    windows::Bucket,
};

/// What a request must show to be let in.
pub struct Gate {
    pub bucket: Bucket,
    pub allowance: Allowance,
    pub security: &'static Security,
}

/// `None` for what is no endpoint of API v2.
pub fn gate(call: &Call, limits: &Limits) -> Option<Gate> {
    let (bucket, allowance) = window(&call.route, limits)?;
    Some(Gate {
        bucket,
        allowance,
        security: spec::security(call)?,
    })
}

fn window(route: &Route, limits: &Limits) -> Option<(Bucket, Allowance)> {
    let user = |user| Allowance::quarter(Some(user), None);
    let either = |user, app| Allowance::quarter(Some(user), Some(app));
    Some(match route {
        Route::UsersMe => (Bucket::UsersMe, user(limits.users_me)),
        Route::Create => {
            let allowance = Allowance {
                user_day: Some(limits.create_user_day),
                app_day: Some(limits.create_app_day),
                ..user(limits.create)
            };
            (Bucket::Create, allowance)
        }
        Route::Delete(_) => (Bucket::Delete, user(limits.delete)),
        Route::Post(_) => (Bucket::Lookup, either(limits.lookup, limits.lookup_app)),
        Route::Posts => (Bucket::Lookups, either(limits.lookups, limits.lookups_app)),
        Route::Timeline(_) => (
            Bucket::Timeline,
            either(limits.timeline, limits.timeline_app),
        ),
        Route::Mentions(_) => (Bucket::Mentions, limits.mentions),
        Route::User(_) => (Bucket::User, limits.users),
        Route::UsersBy => (Bucket::UsersBy, limits.users),
        Route::UsersSearch => (Bucket::UsersSearch, limits.users),
        Route::Engage(_, Kind::Like) => (Bucket::Like, limits.likes),
        Route::Engage(_, Kind::Repost) => (Bucket::Repost, limits.reposts),
        Route::Engage(_, Kind::Bookmark) => (Bucket::Bookmark, limits.bookmarks),
        Route::TakeBack(_, Kind::Like, _) => (Bucket::Unlike, limits.likes),
        Route::TakeBack(_, Kind::Repost, _) => (Bucket::Unrepost, limits.reposts),
        Route::TakeBack(_, Kind::Bookmark, _) => (Bucket::Unbookmark, limits.bookmarks),
        Route::Analytics => (Bucket::Analytics, limits.analytics),
        Route::Trends => (Bucket::Trends, limits.trends),
        Route::PersonalizedTrends => (Bucket::PersonalizedTrends, limits.personalized_trends),
        Route::UsageTweets => (Bucket::UsageTweets, limits.usage),
        Route::UsageCredits => (Bucket::UsageCredits, limits.usage),
        Route::MediaUpload => (Bucket::MediaUpload, limits.media_upload),
        Route::MediaStatus => (Bucket::MediaStatus, limits.media_status),
        Route::MediaInitialize => (Bucket::MediaInitialize, limits.media_initialize),
        Route::MediaAppend(_) => (Bucket::MediaAppend, limits.media_append),
        Route::MediaFinalize(_) => (Bucket::MediaFinalize, limits.media_finalize),
        Route::MediaMetadata => (Bucket::MediaMetadata, limits.media_metadata),
        Route::SubtitlesCreate => (Bucket::SubtitlesCreate, limits.subtitles),
        Route::SubtitlesDelete => (Bucket::SubtitlesDelete, limits.subtitles),
        _ => return None,
    })
}
