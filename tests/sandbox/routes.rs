//! Which function answers which route.

use super::{
    answer::Answer,
    apponly,
    call::{Call, Route},
    consent, create, engage, measure, oauth, oauth1, pages, read,
    refusals::Refusal,
    trends, upload, usage, users,
    x::X,
};

impl X {
    /// What the request does and is answered, now that no fault keeps it.
    pub(super) fn carry_out(&mut self, call: &Call) -> Answer {
        match &call.route {
            Route::AuthorizePage => consent::page(self, call),
            Route::AuthorizeDecision => consent::decide(self, call),
            Route::Token => oauth::token(self, call).unwrap_or_else(|refused| refused),
            Route::Revoke => oauth::revoke(self, call).unwrap_or_else(|refused| refused),
            Route::AppToken => apponly::token(self, call).unwrap_or_else(|refused| refused),
            Route::AppTokenInvalidate => {
                apponly::invalidate(self, call).unwrap_or_else(|refused| refused)
            }
            Route::RequestToken => {
                oauth1::request_token(self, call).unwrap_or_else(|refused| refused)
            }
            Route::OAuth1Page => oauth1::page(self, call),
            Route::OAuth1Decision => oauth1::decide(self, call),
            Route::AccessToken => {
                oauth1::access_token(self, call).unwrap_or_else(|refused| refused)
            }
            Route::OAuth1Invalidate => {
                oauth1::invalidate(self, call).unwrap_or_else(|refused| refused)
            }
            Route::UsersMe => self.limited(call, |x, user| users::me(x, call, user)),
            Route::Create => self.limited(call, |x, user| create::create(x, call, user)),
            Route::Delete(id) => self.limited(call, |x, user| create::delete(x, call, user, id)),
            Route::Post(id) => self.limited(call, |x, user| read::post(x, call, user, id)),
            Route::Posts => self.limited(call, |x, user| read::posts(x, call, user)),
            Route::Timeline(of) => self.limited(call, |x, user| read::timeline(x, call, user, of)),
            Route::Mentions(of) => self.limited(call, |x, user| read::mentions(x, call, user, of)),
            Route::User(id) => self.limited(call, |x, user| users::by_id(x, call, user, id)),
            Route::UsersBy => self.limited(call, |x, user| users::by_names(x, call, user)),
            Route::UsersSearch => self.limited(call, |x, user| users::search(x, call, user)),
            Route::Engage(of, kind) => {
                self.limited(call, |x, user| engage::engage(x, call, user, of, *kind))
            }
            Route::TakeBack(of, kind, id) => self.limited(call, |x, user| {
                engage::take_back(x, call, user, of, id, *kind)
            }),
            Route::Analytics => self.limited(call, |x, user| measure::analytics(x, call, user)),
            Route::Trends => self.limited(call, |x, _| Ok(trends::by_woeid(x, call))),
            Route::PersonalizedTrends => {
                self.limited(call, |x, _| Ok(trends::personalized(x, call)))
            }
            Route::UsageTweets => self.limited(call, |x, _| Ok(usage::tweets(x, call))),
            Route::UsageCredits => self.limited(call, |x, _| usage::credits(x)),
            Route::MediaUpload => self.limited(call, |x, user| upload::upload(x, call, user)),
            Route::MediaInitialize => {
                self.limited(call, |x, user| upload::initialize(x, call, user))
            }
            Route::MediaAppend(id) => {
                self.limited(call, |x, user| upload::append(x, call, user, id))
            }
            Route::MediaFinalize(id) => {
                self.limited(call, |x, user| upload::finalize(x, call, user, id))
            }
            Route::MediaStatus => self.limited(call, |x, user| upload::status(x, call, user)),
            Route::MediaMetadata => self.limited(call, |x, user| upload::metadata(x, call, user)),
            Route::SubtitlesCreate => {
                self.limited(call, |x, user| upload::add_subtitles(x, call, user))
            }
            Route::SubtitlesDelete => {
                self.limited(call, |x, user| upload::delete_subtitles(x, call, user))
            }
            Route::Page => pages::page(self, call),
            Route::WrongMethod => Refusal::MethodNotAllowed.answer(),
            Route::Unknown => Refusal::NotFound.answer(),
        }
    }
}
