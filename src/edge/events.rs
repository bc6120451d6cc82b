//! The events of the Worker.

use super::host::Console;
use super::{stream, wiring};
use crate::http;
use crate::jobs::{self, Disposition, Message};
use crate::ports::Log as _;
use ::http::{Request, Response, StatusCode, header};
use axum::body::Body;
use send_wrapper::SendWrapper;
use serde_json::json;
use worker::{
    Context, Env, Headers, MessageBatch, MessageExt as _, QueueRetryOptionsBuilder, RawMessage,
    ScheduleContext, ScheduledEvent, event,
};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    _context: Context,
) -> worker::Result<Response<Body>> {
    Ok(match wiring::app(&env) {
        Ok(app) => http::serve(app, received(&request)?).await,
        Err(why) => misconfigured(&why),
    })
}

// In place of the SDK's conversion, whose bodies are read by the runtime's own means: see `stream`.
fn received(request: &web_sys::Request) -> worker::Result<Request<Body>> {
    let mut received = Request::builder()
        .method(request.method().as_str())
        .uri(request.url());
    let headers = Headers(request.headers());
    for (name, value) in headers.entries() {
        received = received.header(name, value);
    }
    let length = headers.get("content-length")?;
    let length = length.and_then(|length| length.parse().ok());
    let body = request.body().map_or_else(Body::empty, |body| {
        Body::from_stream(SendWrapper::new(stream::read(&body, length)))
    });
    received
        .body(body)
        .map_err(|error| worker::Error::RustError(error.to_string()))
}

// Never an error: the SDK would make it a panic, which takes down every other request of the isolate. A message that
// is neither acked nor retried here would be acked, so that each is settled.
#[event(queue)]
async fn queue(batch: MessageBatch<String>, env: Env, _context: Context) -> worker::Result<()> {
    let messages: Vec<RawMessage> = batch.raw_iter().collect();
    let read: Vec<Message> = messages.iter().map(read).collect();
    let name = batch.queue();
    let dispositions = match wiring::app(&env) {
        Ok(app) if name.ends_with("-dead") => jobs::handle_dead(&app, &name, &read).await,
        Ok(app) => jobs::handle(&app, &name, &read).await,
        // The messages stay until somebody has repaired the configuration, or the sweep sends new ones.
        Err(why) => {
            log_misconfigured(&why);
            vec![Disposition::Again { delay_seconds: 60 }; read.len()]
        }
    };
    let mut dispositions = dispositions.into_iter();
    for message in messages {
        match dispositions
            .next()
            .unwrap_or(Disposition::Again { delay_seconds: 60 })
        {
            Disposition::Done => message.ack(),
            Disposition::Again { delay_seconds } => message.retry_with_options(
                &QueueRetryOptionsBuilder::new()
                    .with_delay_seconds(delay_seconds)
                    .build(),
            ),
        }
    }
    Ok(())
}

#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match wiring::app(&env) {
        Ok(app) => jobs::tick(&app, &event.cron()).await,
        Err(why) => log_misconfigured(&why),
    }
}

// Anything that is not text is not ours; its description goes to the dead letters.
fn read(message: &RawMessage) -> Message {
    let body = message.body();
    Message {
        id: Some(message.id()),
        body: body.as_string().unwrap_or_else(|| format!("{body:?}")),
    }
}

fn log_misconfigured(why: &str) {
    Console
        .write(&json!({ "level": "error", "event": "misconfigured", "details": { "why": why } }));
}

// Says which variable is wrong, and never its value: whoever deploys must see it at once.
fn misconfigured(why: &str) -> Response<Body> {
    log_misconfigured(why);
    let problem = json!({
        "type": "urn:godwit:problem:misconfigured",
        "title": "Service Unavailable",
        "status": 503,
        "code": "misconfigured",
        "detail": format!("The configuration is not complete: {why}."),
        "remedy": "The operator sets this variable (README.md, section Configuration) and deploys again.",
    });
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let content_type = header::HeaderValue::from_static("application/problem+json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}
