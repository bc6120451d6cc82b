//! The claims, and how they speak to [`X`].

use http::{Request, Response};
use serde_json::Value;

use crate::sandbox::{Fault, Reply, Settings, X};

mod apps;
mod consent;
mod control;
mod creating;
mod engaging;
mod faults;
mod kinds;
mod limits;
mod media;
mod money;
mod people;
mod reading;
mod signing;
mod socket;
mod spec;
mod text;
mod tokens;
mod youtube;

/// 2026-11-21T08:00:00Z.
const START: i64 = 1_795_248_000_000;
const HOUR: i64 = 3_600_000;
const CALLBACK: &str = "http://127.0.0.1:8787/api/v1/connections/x/callback";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters_0123456789";
const SCOPES: [&str; 5] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
];

/// An X with a clock, and with tokens for `@godwit_demo`.
struct World {
    x: X,
    now: i64,
    access: String,
    refresh: String,
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut x = X::new(settings);
        let tokens = x.grant(START, "godwit_demo", &SCOPES).unwrap();
        Self {
            x,
            now: START,
            access: tokens.access,
            refresh: tokens.refresh.unwrap(),
        }
    }

    /// From now on requests carry a token of this user.
    fn become_user(&mut self, username: &str) {
        self.access = self.x.grant(self.now, username, &SCOPES).unwrap().access;
    }

    fn fault(&mut self, fault: Fault) {
        self.x.script(fault);
    }

    fn send(&mut self, request: Request<Vec<u8>>) -> Reply {
        self.x.handle(self.now, request)
    }

    fn answer(&mut self, request: Request<Vec<u8>>) -> Seen {
        let reply = self.send(request);
        Seen::of(reply.answer().expect("an answer"))
    }

    fn call(&self, method: &str, path: &str, body: Vec<u8>) -> Request<Vec<u8>> {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.access))
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    }

    fn get(&mut self, path: &str) -> Seen {
        let request = self.call("GET", path, Vec::new());
        self.answer(request)
    }

    fn create_request(&self, body: &Value) -> Request<Vec<u8>> {
        self.call("POST", "/2/tweets", body.to_string().into())
    }

    fn create(&mut self, body: &Value) -> Seen {
        let request = self.create_request(body);
        self.answer(request)
    }

    fn say(&mut self, text: &str) -> Seen {
        self.create(&serde_json::json!({"text": text}))
    }

    /// The id of a new post.
    fn said(&mut self, text: &str) -> String {
        let seen = self.say(text);
        assert_eq!(seen.status, 201, "{:?}", seen.body);
        seen.at("/data/id").to_owned()
    }

    /// The id of a picture that is ready.
    fn picture(&mut self) -> String {
        let body = serde_json::json!({"media_category": "tweet_image", "media": "iVBORw0KGgo="});
        let request = self.call("POST", "/2/media/upload", body.to_string().into());
        let seen = self.answer(request);
        assert_eq!(seen.status, 200, "{:?}", seen.body);
        seen.at("/data/id").to_owned()
    }

    fn delete(&mut self, id: &str) -> Seen {
        let request = self.call("DELETE", &format!("/2/tweets/{id}"), Vec::new());
        self.answer(request)
    }

    fn form(&mut self, path: &str, pairs: &[(&str, &str)]) -> Seen {
        self.answer(form(path, pairs, None))
    }

    fn refresh(&mut self, token: &str) -> Seen {
        self.form("/2/oauth2/token", &refresh_pairs(token))
    }

    /// The path of the timeline of the token's owner.
    fn timeline(&mut self, query: &str) -> Seen {
        let path = format!("/2/users/1001/tweets{query}");
        self.get(&path)
    }
}

fn refresh_pairs(token: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", "sandbox-client"),
    ]
}

fn form(path: &str, pairs: &[(&str, &str)], authorization: Option<&str>) -> Request<Vec<u8>> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs);
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    request.body(body.finish().into_bytes()).unwrap()
}

/// An answer, read.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: http::HeaderMap,
    /// Null when it is not JSON.
    body: Value,
    text: String,
}

impl Seen {
    fn of(response: Response<Vec<u8>>) -> Self {
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body).unwrap();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// The string at a JSON pointer.
    fn at(&self, pointer: &str) -> &str {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("nothing at {pointer} of {:?}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The only message of error family (c).
    fn complaint(&self) -> &str {
        assert_eq!(self.status, 400, "{:?}", self.body);
        assert_eq!(self.at("/title"), "Invalid Request");
        assert!(self.at("/type").ends_with("/problems/invalid-request"));
        self.at("/errors/0/message")
    }
}
