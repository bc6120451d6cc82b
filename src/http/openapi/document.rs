//! The document, made from the table of routes. Not part of the Worker, which serves the committed copy.
//!
//! What a route says of itself is taken from the table; what holds for every route of a kind (who may call, how bodies
//! and addresses are refused) is said here once, by `answers`. Schemas come from the very types that are read and
//! written, so that the document cannot promise another shape.

use super::answers;
use super::schemas::Schemas;
use crate::http::route::{Access, Parameter, Route};
use crate::identity::Scope;
use crate::ids::{AccountId, ApiKeyId, DeadLetterId, MediaId, PostId, SourceId, WorkspaceId};
use serde_json::{Map, Value, json};

const TAGS: [(&str, &str, &[&str]); 11] = [
    (
        "Identity",
        "Registering, signing in and out, who calls, and the workspace",
        &["auth", "me", "workspaces"],
    ),
    ("API keys", "Keys with scopes, for programs", &["api-keys"]),
    (
        "Accounts",
        "Connecting X accounts and looking after them",
        &["connections", "accounts"],
    ),
    (
        "Posts",
        "Posting, now or later, and what became of it",
        &["posts", "deliveries", "history", "stats"],
    ),
    (
        "Sources",
        "YouTube channels whose videos become posts by themselves",
        &["sources"],
    ),
    ("Media", "Pictures and videos for posts", &["media"]),
    (
        "X",
        "What X shows of posts, users and trends",
        &["x", "trends"],
    ),
    ("Usage", "What X was paid for", &["usage"]),
    (
        "Operations",
        "For the operator: the whole installation, across its workspaces",
        &["admin"],
    ),
    ("Service", "The service itself", &["health", "openapi.json"]),
    (
        "Hooks",
        "For other services, which call them by themselves",
        &["hooks"],
    ),
];

/// The document, from the routes themselves.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for route in crate::http::routes() {
        let operation = operation(&route, &mut schemas);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = methods {
            if route.is_at_the_root {
                methods.insert("servers".to_owned(), json!([{ "url": "/" }]));
            }
            methods.insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    let workspace = json!({
        "name": "X-Workspace",
        "in": "header",
        "description": "Which workspace is meant, where these credentials reach several; the personal one unless given",
        "schema": schemas.answer::<WorkspaceId>(),
    });
    let idempotency_key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Made before the first try, best a UUID, and kept for its repeats: for 24 hours a repeat with the same body is given the first answer and makes nothing more. It belongs to the workspace. A request that is refused keeps no key",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "examples": ["9f1c2b7a-3f43-4c0e-9d5e-0b9f6a0d8a11"],
        },
    });
    let responses = answers::shared(&mut schemas);
    let tags =
        TAGS.map(|(name, description, _)| json!({ "name": name, "description": description }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Godwit",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Publishing to X from the edge",
            "description": "What is accepted is never lost and never sent twice.\n\nEvery answer that is not a success is a problem document (RFC 9457) with a stable `code`, a `remedy` that a person can follow and the `request_id` to ask the operator about. Instants are RFC 3339. Members may be added to answers. Bodies with members that are not listed here are refused, and so are lists with parameters that are not.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.take(),
            "responses": responses,
            "headers": { "RequestId": answers::request_id() },
            "parameters": { "IdempotencyKey": idempotency_key, "Workspace": workspace },
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session token of POST /auth/login, a JWT of a trusted issuer, or an API key (gw_…)",
                },
            },
        },
    })
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = Map::new();
    let mut put = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    put("operationId", operation_id(route).into());
    put("tags", json!([tag(route)]));
    put("summary", route.summary.into());
    if let Some(text) = who_may(route.access) {
        put("description", text.into());
    }
    if let Some(scope) = scope(route.access) {
        put("x-godwit-scope", scope.as_str().into());
    }
    // An empty list says that nothing is needed.
    put(
        "security",
        match route.access {
            Access::Public => json!([]),
            _ => json!([{ "bearer": [] }]),
        },
    );
    let parameters = parameters(route, schemas);
    if !parameters.is_empty() {
        put("parameters", parameters.into());
    }
    if route.body.is_some() || route.is_streamed() {
        let mut content = Map::new();
        if let Some(body) = route.body {
            let schema = schemas.body(body);
            content.insert("application/json".to_owned(), json!({ "schema": schema }));
        }
        for stream in route.streams {
            let schema = json!({ "description": stream.meaning });
            content.insert(stream.name.to_owned(), json!({ "schema": schema }));
        }
        put(
            "requestBody",
            json!({ "required": !route.body_may_be_missing, "content": content }),
        );
    }
    put("responses", answers::of(route, schemas));
    operation.into()
}

fn tag(route: &Route) -> &'static str {
    let first = route.path.split('/').nth(1).unwrap_or_default();
    TAGS.iter()
        .find(|(_, _, segments)| segments.contains(&first))
        .map_or("Service", |(name, _, _)| name)
}

fn scope(access: Access) -> Option<Scope> {
    match access {
        Access::Scoped(scope) | Access::PersonScoped(scope) => Some(scope),
        Access::Operator => Some(Scope::Operator),
        Access::Public | Access::SignedIn | Access::Person | Access::OwnToken => None,
    }
}

fn who_may(access: Access) -> Option<String> {
    Some(match access {
        Access::Public => return None,
        Access::SignedIn => "For signed-in persons and any API key.".to_owned(),
        Access::Person => "For signed-in persons; API keys are refused.".to_owned(),
        Access::OwnToken => {
            "For whoever shows a session token of ours, even one that has ended.".to_owned()
        }
        Access::Operator => format!(
            "For operators of the installation (`operator` in `GET /me`), and API keys that one of them made with the scope `{}`.",
            Scope::Operator.as_str()
        ),
        Access::Scoped(scope) => format!(
            "For persons whose role, and API keys whose scopes, include `{}`.",
            scope.as_str()
        ),
        Access::PersonScoped(scope) => format!(
            "For signed-in persons whose role includes `{}`; API keys are refused.",
            scope.as_str()
        ),
    })
}

fn parameters(route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let mut all: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": segment_schema(name, route, schemas),
            })
        })
        .collect();
    if let Some(asked) = route.asked {
        all.extend(schemas.parameters(asked));
    }
    for (place, named) in [("query", route.query), ("header", route.headers)] {
        all.extend(named.iter().map(|parameter| {
            json!({
                "name": parameter.name,
                "in": place,
                "description": parameter.meaning,
                "schema": schema_by_name(parameter),
            })
        }));
    }
    if route.idempotency.is_some() {
        all.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    if !matches!(route.access, Access::Public | Access::OwnToken) {
        all.push(json!({ "$ref": "#/components/parameters/Workspace" }));
    }
    all
}

fn segment_schema(name: &str, route: &Route, schemas: &mut Schemas) -> Value {
    match name {
        // Of X, as in `platforms::x::status`.
        "number" => json!({ "type": "integer", "minimum": 0 }),
        "post" => json!({ "type": "string", "examples": ["1346889436626259968"] }),
        _ => id_schema(route, schemas),
    }
}

fn id_schema(route: &Route, schemas: &mut Schemas) -> Value {
    match route.path.split('/').nth(1) {
        Some("posts") => schemas.answer::<PostId>(),
        Some("accounts") => schemas.answer::<AccountId>(),
        Some("api-keys") => schemas.answer::<ApiKeyId>(),
        Some("workspaces") => schemas.answer::<WorkspaceId>(),
        Some("admin") => schemas.answer::<DeadLetterId>(),
        Some("media") => schemas.answer::<MediaId>(),
        Some("sources") => schemas.answer::<SourceId>(),
        _ => json!({ "type": "string" }),
    }
}

// Words that mean the same wherever they stand.
fn schema_by_name(parameter: &Parameter) -> Value {
    match parameter.name {
        "limit" => json!({
            "type": "integer",
            "minimum": 1,
            "maximum": crate::http::page::LIMIT_MAX,
            "default": crate::http::page::LIMIT_DEFAULT,
        }),
        "cursor" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        "Prefer" => json!({ "type": "string", "examples": ["wait=10"] }),
        _ => json!({ "type": "string" }),
    }
}

// "GET /accounts/{id}/limits" → "get_accounts_id_limits".
fn operation_id(route: &Route) -> String {
    let mut id = route.method.as_str().to_lowercase();
    for segment in route.path.split('/').filter(|segment| !segment.is_empty()) {
        id.push('_');
        id.extend(segment.chars().filter_map(|c| match c {
            'a'..='z' | '0'..='9' => Some(c),
            '-' | '.' => Some('_'),
            _ => None,
        }));
    }
    id
}
