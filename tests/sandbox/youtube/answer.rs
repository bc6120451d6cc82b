//! Answers, with exactly the headers that are named.

use http::Response;

pub type Answer = Response<Vec<u8>>;

pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(body.into())
        .expect("every header is made of what a header may hold")
}

pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    answer(
        status,
        &[("content-type", "text/html; charset=utf-8")],
        body,
    )
}

/// A redirect without a body.
pub fn redirect(status: u16, location: &str) -> Answer {
    let headers = [
        ("content-type", "application/binary"),
        ("location", location),
    ];
    answer(status, &headers, "")
}

/// The page that YouTube has for what does not exist.
pub fn not_found() -> Answer {
    html(404, "<!DOCTYPE html><title>404 Not Found</title>")
}
