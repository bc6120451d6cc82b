//! From an HTTP request to its operation and back.

use super::call::{BODY_LIMIT_BYTES, Call, Reply, is_json, media_type};
use super::idempotency::{self, Begun, Idempotency, Once};
use super::route::{Access, Route};
use super::{cors, health, openapi, problem};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ids::RequestId;
use crate::{
    accounts, apps, budgets, engagement, identity, insights, media, operations, posts, sources,
};
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::routing::{MethodFilter, on};
use axum::{Extension, Router};
use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use http_body_util::BodyExt as _;
use send_wrapper::SendWrapper;
use serde_json::json;
use std::sync::{Arc, LazyLock};
use tower_service::Service as _;

/// Every route of the API.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        identity::routes(),
        accounts::routes(),
        apps::routes(),
        posts::routes(),
        media::routes(),
        engagement::routes(),
        sources::routes(),
        insights::routes(),
        budgets::routes(),
        operations::routes(),
        health::routes(),
        openapi::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Answers one request. Never fails: what goes wrong becomes a problem document.
pub async fn serve(app: App, mut request: Request) -> Response<Body> {
    let id = RequestId::new(&*app.clock, &*app.random);
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        Reply::no_content().into_response()
    } else {
        let context = Context {
            app: app.clone(),
            id: id.clone(),
        };
        // The ports belong to one thread, and an isolate has only one; axum cannot know that.
        request.extensions_mut().insert(SendWrapper::new(context));
        match ROUTER.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };
    let headers = response.headers_mut();
    cors::allow(&app.config.frontend_origins, origin.as_ref(), headers);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert("x-request-id", id);
    }
    response
}

type Given = Extension<SendWrapper<Context>>;
type Params = Result<RawPathParams, RawPathParamsRejection>;

/// What travels with a request to its operation.
#[derive(Clone)]
struct Context {
    app: App,
    id: RequestId,
}

/// Built once in an isolate: that takes longer than most requests.
static ROUTER: LazyLock<Router> = LazyLock::new(router);

fn router() -> Router {
    let mut router = Router::new();
    for route in routes() {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else {
            continue;
        };
        let route_path = route.path;
        let base = if route.is_at_the_root { "" } else { "/api/v1" };
        let path = format!("{base}{route_path}");
        let route = Arc::new(route);
        // So do the SDK's futures.
        let run = move |context: Given, params: Params, request: Request| {
            SendWrapper::new(run(context.0.take(), Arc::clone(&route), params, request))
        };
        router = router.route(&path, on(filter, run.clone()));
        // Where monitors look for it, whatever the version of the API.
        if route_path == health::PATH {
            router = router.route(health::PATH, on(filter, run));
        }
    }
    router
        .fallback(async |context: Given| problem::render(no_such_route(), context.0.take().id))
        .method_not_allowed_fallback(async |context: Given| {
            problem::render(wrong_method_error(), context.0.take().id)
        })
}

async fn run(
    Context { app, id }: Context,
    route: Arc<Route>,
    params: Params,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let log = app.clone();
    match answer(app, id.clone(), &route, params, parts, body).await {
        Ok(reply) => reply.into_response(),
        Err(error) => {
            if let Some(internal) = &error.internal {
                log.warn(
                    "request_failed",
                    &json!({ "request_id": id, "route": route.path, "code": error.code, "internal": internal }),
                );
            }
            problem::render(error, id)
        }
    }
}

async fn answer(
    app: App,
    request_id: RequestId,
    route: &Route,
    params: Params,
    parts: Parts,
    body: Body,
) -> Result<Reply, Error> {
    // Before the body is read: a stranger may not make us hold a megabyte.
    let who = match route.access {
        Access::Public | Access::OwnToken => None,
        access => {
            let caller = identity::authenticate(&app, &parts.headers).await?;
            caller.require(access)?;
            Some(caller)
        }
    };
    // A segment that is not UTF-8 names nothing.
    let params = params.map_err(|_| no_such_route())?;
    let (body, stream) = if route.is_streamed() && !is_json(&parts.headers) {
        if !route.streams_type(media_type(&parts.headers)) {
            return Err(no_such_body(route));
        }
        (Vec::new(), Some(body))
    } else {
        (read(body).await?, None)
    };
    let mut call = Call {
        request_id,
        who,
        path: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        target: format!("{} {}", parts.method, parts.uri.path()),
        headers: parts.headers,
        body,
        stream,
        once: Once::default(),
    };
    if route.idempotency == Some(Idempotency::Claimed) {
        match idempotency::begin(&app, &call).await? {
            Begun::First(once) => call.once = once,
            Begun::Again(reply) => return Ok(reply),
        }
    }
    let once = call.once.clone();
    let result = (route.handler)(app.clone(), call).await;
    if result.is_err() {
        once.release(&app).await;
    }
    result
}

/// How much of a body that is too large is read and thrown away before it is refused, in bytes: many clients do not
/// look at an answer before they have sent everything, and would see a broken connection.
const DRAIN_LIMIT_BYTES: usize = 64 * 1024 * 1024;

async fn read(mut body: Body) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| broke_off())?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= BODY_LIMIT_BYTES {
            bytes.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT_BYTES {
            break;
        }
    }
    if length > BODY_LIMIT_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

fn broke_off() -> Error {
    Error::new(
        Kind::Malformed,
        "body_broke_off",
        "The request's body ended before it was complete.",
        "Send the request again.",
    )
}

fn no_such_body(route: &Route) -> Error {
    let json = route.body.map(|_| "application/json");
    let streams = route.streams.iter().map(|stream| stream.name);
    let types: Vec<&str> = json.into_iter().chain(streams).collect();
    Error::new(
        Kind::UnsupportedMedia,
        "unsupported_media_type",
        "The body's Content-Type is missing, or none that this address takes.",
        format!("Send one of {} and say which.", types.join(", ")),
    )
}

fn too_large() -> Error {
    Error::new(
        Kind::TooLarge,
        "body_too_large",
        format!("The body is larger than {BODY_LIMIT_BYTES} bytes."),
        "Send less in one request.",
    )
}

fn no_such_route() -> Error {
    Error::new(
        Kind::NotFound,
        "no_such_route",
        "There is nothing at this address.",
        "GET /api/v1/openapi.json lists every address.",
    )
}

fn wrong_method_error() -> Error {
    Error::new(
        Kind::MethodNotAllowed,
        "method_not_allowed",
        "This address does not take this method.",
        "The Allow header names the methods that it takes; so does /api/v1/openapi.json.",
    )
}
