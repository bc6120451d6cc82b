//! A request, read once: which operation it is, its query, its form, its JSON.

use std::cell::OnceCell;

use http::{HeaderMap, Method, Request, Uri};
use serde_json::Value;

use super::{
    engage::Kind,
    faults::On,
    instants,
    multipart::{self, Part},
};

/// The operation that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Route {
    AuthorizePage,
    AuthorizeDecision,
    Token,
    Revoke,
    AppToken,
    AppTokenInvalidate,
    RequestToken,
    OAuth1Page,
    OAuth1Decision,
    AccessToken,
    OAuth1Invalidate,
    UsersMe,
    Create,
    Delete(String),
    Post(String),
    Posts,
    Timeline(String),
    Mentions(String),
    User(String),
    UsersBy,
    UsersSearch,
    Engage(String, Kind),
    TakeBack(String, Kind, String),
    Analytics,
    Trends,
    PersonalizedTrends,
    UsageTweets,
    UsageCredits,
    MediaUpload,
    MediaInitialize,
    MediaAppend(String),
    MediaFinalize(String),
    MediaStatus,
    MediaMetadata,
    SubtitlesCreate,
    SubtitlesDelete,
    /// A page for people.
    Page,
    WrongMethod,
    /// A path of the API that this X does not have.
    Unknown,
}

#[derive(Debug)]
pub struct Call {
    pub now_ms: i64,
    pub method: Method,
    pub path: String,
    uri: Uri,
    /// Decoded, in order, repeats kept.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub route: Route,
    /// Whether the document allows it, once that was looked at: nobody has to look again.
    pub fits: bool,
    json: OnceCell<Option<Value>>,
    parts: OnceCell<Option<Vec<Part>>>,
}

impl Call {
    pub fn read(now_ms: i64, request: Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query = pairs(parts.uri.query().unwrap_or("").as_bytes());
        let route = route(&parts.method, &path);
        Self {
            now_ms,
            method: parts.method,
            path,
            uri: parts.uri,
            query,
            headers: parts.headers,
            body,
            route,
            fits: false,
            json: OnceCell::new(),
            parts: OnceCell::new(),
        }
    }

    pub fn segments(&self) -> Vec<&str> {
        segments(&self.path)
    }

    /// Where it was sent, without the query: what OAuth 1.0a signs. A request that names no host is one to the socket.
    pub fn address(&self) -> Option<String> {
        let (scheme, host) = match self.uri.authority() {
            Some(host) => (self.uri.scheme_str()?, host.as_str()),
            None => ("http", self.header("host")?),
        };
        let host = host.to_ascii_lowercase();
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        Some(format!("{scheme}://{host}{}", self.path))
    }

    pub fn now(&self) -> String {
        instants::format(self.now_ms)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body, without its parameters.
    pub fn content_type(&self) -> String {
        let value = self.header("content-type").unwrap_or("");
        value
            .split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase()
    }

    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The form in the body; empty when the body is declared to be something else.
    pub fn form(&self) -> Vec<(String, String)> {
        if self.content_type() == "application/x-www-form-urlencoded" {
            pairs(&self.body)
        } else {
            Vec::new()
        }
    }

    pub fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(&self.body).ok())
            .as_ref()
    }

    /// The parts of a multipart form; `None` when the body is not one.
    pub fn parts(&self) -> Option<&[Part]> {
        let read = || {
            multipart::read(
                &self.body,
                multipart::boundary(self.header("content-type")?)?,
            )
        };
        self.parts.get_or_init(read).as_deref()
    }

    /// The class under which faults and counts know this request.
    pub fn class(&self) -> Option<On> {
        match self.route {
            Route::Token => match first(&self.form(), "grant_type") {
                Some("refresh_token") => Some(On::Refresh),
                _ => Some(On::Token),
            },
            Route::Revoke => Some(On::Revoke),
            Route::AppToken | Route::AppTokenInvalidate => Some(On::AppToken),
            Route::RequestToken | Route::AccessToken | Route::OAuth1Invalidate => Some(On::OAuth1),
            Route::UsersMe => Some(On::UsersMe),
            Route::Create => Some(On::Create),
            Route::Delete(_) => Some(On::Delete),
            Route::Post(_) | Route::Posts => Some(On::Lookup),
            Route::Timeline(_) => Some(On::Timeline),
            Route::Mentions(_) => Some(On::Mentions),
            Route::User(_) | Route::UsersBy | Route::UsersSearch => Some(On::Users),
            Route::Engage(_, kind) | Route::TakeBack(_, kind, _) => Some(match kind {
                Kind::Like => On::Like,
                Kind::Repost => On::Repost,
                Kind::Bookmark => On::Bookmark,
            }),
            Route::Analytics => Some(On::Analytics),
            Route::Trends | Route::PersonalizedTrends => Some(On::Trends),
            Route::UsageTweets | Route::UsageCredits => Some(On::Usage),
            Route::MediaUpload => Some(On::MediaUpload),
            Route::MediaInitialize => Some(On::MediaInitialize),
            Route::MediaAppend(_) => Some(On::MediaAppend),
            Route::MediaFinalize(_) => Some(On::MediaFinalize),
            Route::MediaStatus => Some(On::MediaStatus),
            Route::MediaMetadata => Some(On::MediaMetadata),
            Route::SubtitlesCreate | Route::SubtitlesDelete => Some(On::Subtitles),
            _ => None,
        }
    }

    /// Whether it is answered also when there is nothing left to pay it with.
    pub fn is_free(&self) -> bool {
        matches!(self.route, Route::UsageTweets | Route::UsageCredits)
    }

    pub fn reads_posts(&self) -> bool {
        matches!(
            self.route,
            Route::Post(_)
                | Route::Posts
                | Route::Timeline(_)
                | Route::Mentions(_)
                | Route::Analytics
        )
    }

    /// The user whose posts or mentions are read.
    pub fn timeline_of(&self) -> Option<&String> {
        match &self.route {
            Route::Timeline(user) | Route::Mentions(user) => Some(user),
            _ => None,
        }
    }

    /// Whether this is the API rather than a page for people.
    pub fn is_api(&self) -> bool {
        !matches!(
            self.route,
            Route::Page
                | Route::AuthorizePage
                | Route::AuthorizeDecision
                | Route::OAuth1Page
                | Route::OAuth1Decision
        )
    }
}

/// The longest body that a path takes, in bytes. Base64 makes 8 MB of a segment 10.7 MB; nothing else that X takes here
/// is near 1 MiB.
pub fn longest_body(path: &str) -> usize {
    if path.starts_with("/2/media/upload") {
        11 << 20
    } else {
        1 << 20
    }
}

pub fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

pub fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').skip(1).collect()
}

fn route(method: &Method, path: &str) -> Route {
    let (get, post, delete) = (&Method::GET, &Method::POST, &Method::DELETE);
    match segments(path).as_slice() {
        ["i", "oauth2", "authorize"] if method == get => Route::AuthorizePage,
        ["i", "oauth2", "authorize"] if method == post => Route::AuthorizeDecision,
        ["oauth2", "token"] if method == post => Route::AppToken,
        ["oauth2", "invalidate_token"] if method == post => Route::AppTokenInvalidate,
        ["oauth", "request_token"] if method == post => Route::RequestToken,
        ["oauth", "access_token"] if method == post => Route::AccessToken,
        ["oauth", "authorize" | "authenticate"] if method == get => Route::OAuth1Page,
        ["oauth", "authorize"] if method == post => Route::OAuth1Decision,
        ["1.1", "oauth", "invalidate_token"] if method == post => Route::OAuth1Invalidate,
        ["2", "oauth2", "token"] if method == post => Route::Token,
        ["2", "oauth2", "revoke"] if method == post => Route::Revoke,
        ["2", "users", rest @ ..] => user_route(method, rest),
        ["2", "usage", "tweets"] if method == get => Route::UsageTweets,
        ["2", "usage", "credits"] if method == get => Route::UsageCredits,
        ["2", "trends", "by", "woeid", _] if method == get => Route::Trends,
        ["2", "tweets", "analytics"] if method == get => Route::Analytics,
        ["2", "tweets"] if method == post => Route::Create,
        ["2", "tweets"] if method == get => Route::Posts,
        ["2", "tweets", id] if method == get => Route::Post((*id).into()),
        ["2", "tweets", id] if method == delete => Route::Delete((*id).into()),
        ["2", "media", rest @ ..] => media_route(method, rest),
        ["i", "oauth2", "authorize"]
        | ["2", "oauth2", "token" | "revoke"]
        | ["2", "tweets"]
        | ["2", "trends", "by", "woeid", _]
        | ["2", "usage", "tweets" | "credits"]
        | ["2", "tweets", _] => Route::WrongMethod,
        ["2" | "1.1" | "oauth" | "oauth2", ..] => Route::Unknown,
        _ if method == get => Route::Page,
        _ => Route::Unknown,
    }
}

fn user_route(method: &Method, rest: &[&str]) -> Route {
    let (is_get, is_post) = (method == Method::GET, method == Method::POST);
    let engagement = |name: &str| {
        Some(match name {
            "likes" => Kind::Like,
            "retweets" => Kind::Repost,
            "bookmarks" => Kind::Bookmark,
            _ => return None,
        })
    };
    match rest {
        ["me"] if is_get => Route::UsersMe,
        ["by"] if is_get => Route::UsersBy,
        ["search"] if is_get => Route::UsersSearch,
        ["personalized_trends"] if is_get => Route::PersonalizedTrends,
        [id] if is_get => Route::User((*id).into()),
        [id, "tweets"] if is_get => Route::Timeline((*id).into()),
        [id, "mentions"] if is_get => Route::Mentions((*id).into()),
        [id, name] if is_post && engagement(name).is_some() => {
            Route::Engage((*id).into(), engagement(name).expect("just seen"))
        }
        [id, name, post] if method == Method::DELETE && engagement(name).is_some() => {
            let kind = engagement(name).expect("just seen");
            Route::TakeBack((*id).into(), kind, (*post).into())
        }
        [_]
        | [
            _,
            "tweets" | "mentions" | "likes" | "retweets" | "bookmarks",
        ] => Route::WrongMethod,
        _ => Route::Unknown,
    }
}

fn media_route(method: &Method, rest: &[&str]) -> Route {
    let (get, post, delete) = (&Method::GET, &Method::POST, &Method::DELETE);
    match rest {
        ["upload"] if method == post => Route::MediaUpload,
        ["upload"] if method == get => Route::MediaStatus,
        ["upload", "initialize"] if method == post => Route::MediaInitialize,
        ["upload", id, "append"] if method == post => Route::MediaAppend((*id).into()),
        ["upload", id, "finalize"] if method == post => Route::MediaFinalize((*id).into()),
        ["metadata"] if method == post => Route::MediaMetadata,
        ["subtitles"] if method == post => Route::SubtitlesCreate,
        ["subtitles"] if method == delete => Route::SubtitlesDelete,
        ["upload" | "metadata" | "subtitles"]
        | ["upload", "initialize"]
        | ["upload", _, "append" | "finalize"] => Route::WrongMethod,
        _ => Route::Unknown,
    }
}
