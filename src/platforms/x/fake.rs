//! An [`HttpClient`] that answers from a closure and remembers what it was sent.

use crate::ports::{HttpClient, HttpError, Pending};
use http::{Request, Response};
use std::sync::{Mutex, PoisonError};

pub(super) type Answer = Result<Response<Vec<u8>>, HttpError>;

/// Answers each request by the closure.
pub(super) struct Fake<F> {
    answer: F,
    seen: Mutex<Vec<Request<Vec<u8>>>>,
}

impl<F: Fn(&Request<Vec<u8>>) -> Answer + Send + Sync> Fake<F> {
    pub(super) const fn new(answer: F) -> Self {
        Self {
            answer,
            seen: Mutex::new(Vec::new()),
        }
    }

    /// What was sent so far, taken out.
    pub(super) fn seen(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Fn(&Request<Vec<u8>>) -> Answer + Send + Sync> HttpClient for Fake<F> {
    fn send(&self, request: Request<Vec<u8>>, _deadline_ms: u32) -> Pending<'_, Answer> {
        let answer = (self.answer)(&request);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        Box::pin(async move { answer })
    }
}

/// A JSON answer.
#[expect(
    clippy::unnecessary_wraps,
    reason = "in the form in which a client gives it"
)]
pub(super) fn json(status: u16, body: &str) -> Answer {
    Ok(Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(body.as_bytes().to_vec())
        .unwrap())
}

/// A clock and a die that a bearer token does not need.
pub(super) struct Still;

impl crate::ports::Clock for Still {
    fn now(&self) -> crate::time::Timestamp {
        crate::time::Timestamp::from_millis(0)
    }

    fn sleep(&self, _ms: u32) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}

impl crate::ports::Random for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// What a fake X app is configured with.
pub(super) fn config() -> crate::config::XConfig {
    crate::config::XConfig {
        api_base: "https://api.x.test".to_owned(),
        authorize_url: url::Url::parse("https://x.test/i/oauth2/authorize").unwrap(),
        web_base: "https://x.test".to_owned(),
        app: super::app::App {
            client_id: Some("client".to_owned()),
            ..super::app::App::default()
        },
        extra_scopes: vec!["like.write".to_owned(), "tweet.read".to_owned()],
        post_limit_15min: 50,
        app_posts_per_day: 10_000,
        prices: crate::budgets::Prices::read("{}").unwrap(),
        plan: crate::budgets::Plan::PayPerUse,
    }
}
