//! What holds for every route, tried on every route of the table `godwit::http::routes()`.
//!
//! The tests go through the table, so that a route cannot be forgotten: one that has no sample in `ground.rs` stops
//! every one of them.

mod addresses;
mod bodies;
mod credentials;
mod document;
mod faults;
mod ground;
mod idempotency;
mod lists;
mod posting;
mod schema;
mod scopes;
mod tenancy;

pub use ground::{Asked, Ground};

use crate::support::Answer;
use godwit::http::{Access, Route};
use serde_json::Value;

/// The whole table.
fn table() -> Vec<Route> {
    godwit::http::routes()
}

/// The routes that somebody must be known for.
fn guarded() -> impl Iterator<Item = Route> {
    table()
        .into_iter()
        .filter(|route| route.access != Access::Public)
}

/// The routes that take a body.
fn with_body() -> impl Iterator<Item = Route> {
    table().into_iter().filter(|route| route.body.is_some())
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// Stops the test unless this is a whole problem document of this status and code.
#[track_caller]
fn problem(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{what}: {}",
        answer.json
    );
    whole(what, answer);
}

/// Stops the test unless this is a whole problem document.
#[track_caller]
fn whole(what: &str, answer: &Answer) {
    let body = &answer.json;
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{what}: {body}"
    );
    assert_eq!(body["status"], answer.status, "{what}: {body}");
    let code = text("code");
    assert!(
        code.starts_with(|c: char| c.is_ascii_lowercase())
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
        "{what}: {body}"
    );
    assert_eq!(text("type"), format!("urn:godwit:problem:{code}"), "{what}");
    for member in ["title", "detail", "remedy", "request_id"] {
        assert!(!text(member).is_empty(), "{what}: no {member}: {body}");
    }
    assert_eq!(text("request_id"), answer.header("x-request-id"), "{what}");
    for error in body["errors"].as_array().unwrap_or(&Vec::new()) {
        assert!(error["pointer"].is_string(), "{what}: {body}");
        assert!(!error["code"].as_str().unwrap().is_empty(), "{what}");
        assert!(!error["detail"].as_str().unwrap().is_empty(), "{what}");
    }
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    if answer.status == 401 {
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    }
}

/// Stops the test unless the answer is a success or a whole problem that is not our own fault.
#[track_caller]
fn no_fault_of_ours(what: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what}: {}", answer.json);
    if answer.status >= 400 {
        whole(what, answer);
    }
}

/// The answer's body without what differs from request to request.
fn anonymous(answer: &Answer) -> Value {
    let mut body = answer.json.clone();
    body["request_id"] = Value::Null;
    body
}
