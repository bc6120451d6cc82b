//! A request, read once: which operation it is, its query, its form.

use http::{HeaderMap, Method, Request};

use super::{super::call, outages::On};

/// The operation that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Route {
    Home,
    Feed,
    Stub,
    /// `/shorts/{id}`.
    Probe(String),
    Watch,
    /// A page of a channel, by its id.
    ChannelPage(String),
    /// A page of a channel, by a handle or an older name.
    NamedPage(String),
    Picture(String),
    /// A resource of the Data API.
    Api(String),
    Subscribe,
    HubPage,
    WrongMethod,
    Unknown,
}

#[derive(Debug)]
pub struct Call {
    pub now_ms: i64,
    pub method: Method,
    pub path: String,
    /// Decoded, in order, repeats kept.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub route: Route,
}

impl Call {
    pub fn read(now_ms: i64, request: Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        Self {
            now_ms,
            route: route(&parts.method, &path),
            method: parts.method,
            path,
            query: call::pairs(parts.uri.query().unwrap_or("").as_bytes()),
            headers: parts.headers,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        call::first(&self.query, name)
    }

    /// The form in the body; `None` when the body is declared to be something else.
    pub fn form(&self) -> Option<Vec<(String, String)>> {
        let declared = self.header("content-type")?.split(';').next()?.trim();
        declared
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            .then(|| call::pairs(&self.body))
    }

    /// Whether its path or query has this text in it.
    pub fn names(&self, text: &str) -> bool {
        self.path.contains(text) || self.query.iter().any(|(_, value)| value.contains(text))
    }

    /// The class under which outages and counts know this request.
    pub fn class(&self) -> Option<On> {
        Some(match self.route {
            Route::Feed => On::Feed,
            Route::Stub => On::Stub,
            Route::Probe(_) => On::Probe,
            Route::ChannelPage(_) | Route::NamedPage(_) => On::Page,
            Route::Picture(_) => On::Picture,
            Route::Api(_) => On::Api,
            Route::Subscribe => On::Hub,
            _ => return None,
        })
    }
}

fn route(method: &Method, path: &str) -> Route {
    let is_get = method == Method::GET || method == Method::HEAD;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let id = |id: &str| id.to_owned();
    match segments.as_slice() {
        ["" | "subscribe"] if method == Method::POST => Route::Subscribe,
        [""] if is_get => Route::Home,
        ["subscribe"] if is_get => Route::HubPage,
        ["feeds", "videos.xml"] if is_get => Route::Feed,
        ["xml", "feeds", "videos.xml"] if is_get => Route::Stub,
        ["shorts", video] if is_get => Route::Probe(id(video)),
        ["watch"] if is_get => Route::Watch,
        ["channel", channel, ..] if is_get => Route::ChannelPage(id(channel)),
        ["c" | "user", name, ..] if is_get => Route::NamedPage(id(name)),
        [handle, ..] if is_get && handle.starts_with('@') => Route::NamedPage(id(handle)),
        ["vi", video, _] if is_get => Route::Picture(id(video)),
        ["youtube", "v3", resource] if method == Method::GET => Route::Api(id(resource)),
        ["" | "subscribe" | "watch"]
        | ["feeds", "videos.xml"]
        | ["xml", "feeds", "videos.xml"]
        | ["shorts", _] => Route::WrongMethod,
        _ => Route::Unknown,
    }
}
