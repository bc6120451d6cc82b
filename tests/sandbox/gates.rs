//! What each endpoint asks of a request: kinds of tokens, scopes, limits
//! (the `security` of the document, and <https://docs.x.com/x-api/fundamentals/rate-limits>).

use super::{
    call::Route,
    limits::{Allowance, Limits},
    windows::Bucket,
};

/// What a request must show to be let in.
pub struct Gate {
    pub bucket: Bucket,
    pub allowance: Allowance,
    pub scopes: &'static [&'static str],
    pub takes_app_only: bool,
}

const READ: &[&str] = &["tweet.read", "users.read"];
const WRITE: &[&str] = &["tweet.read", "tweet.write", "users.read"];
const MEDIA: &[&str] = &["media.write"];

/// `None` for what is no endpoint of API v2.
pub fn gate(route: &Route, limits: &Limits) -> Option<Gate> {
    let user = |user| Allowance::quarter(Some(user), None);
    let either = |user, app| Allowance::quarter(Some(user), Some(app));
    let (bucket, allowance, scopes, takes_app_only) = match route {
        Route::UsersMe => (Bucket::UsersMe, user(limits.users_me), READ, false),
        Route::Create => {
            let allowance = Allowance {
                user_day: Some(limits.create_user_day),
                app_day: Some(limits.create_app_day),
                ..user(limits.create)
            };
            (Bucket::Create, allowance, WRITE, false)
        }
        Route::Delete(_) => (Bucket::Delete, user(limits.delete), WRITE, false),
        Route::Post(_) => {
            let allowance = either(limits.lookup, limits.lookup_app);
            (Bucket::Lookup, allowance, READ, true)
        }
        Route::Posts => {
            let allowance = either(limits.lookups, limits.lookups_app);
            (Bucket::Lookups, allowance, READ, true)
        }
        Route::Timeline(_) => {
            let allowance = either(limits.timeline, limits.timeline_app);
            (Bucket::Timeline, allowance, READ, true)
        }
        Route::MediaUpload => (Bucket::MediaUpload, limits.media_upload, MEDIA, false),
        Route::MediaStatus => (Bucket::MediaStatus, limits.media_status, MEDIA, false),
        Route::MediaInitialize => (
            Bucket::MediaInitialize,
            limits.media_initialize,
            MEDIA,
            false,
        ),
        Route::MediaAppend(_) => (Bucket::MediaAppend, limits.media_append, MEDIA, false),
        Route::MediaFinalize(_) => (Bucket::MediaFinalize, limits.media_finalize, MEDIA, false),
        Route::MediaMetadata => (Bucket::MediaMetadata, limits.media_metadata, MEDIA, false),
        Route::SubtitlesCreate => (Bucket::SubtitlesCreate, limits.subtitles, MEDIA, false),
        Route::SubtitlesDelete => (Bucket::SubtitlesDelete, limits.subtitles, MEDIA, false),
        _ => return None,
    };
    Some(Gate {
        bucket,
        allowance,
        scopes,
        takes_app_only,
    })
}
