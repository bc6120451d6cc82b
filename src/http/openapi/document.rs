//! The document, made from the table of routes. Not part of the Worker, which serves the committed copy.

use crate::http::problem::Problem;
use crate::http::route::{Access, Parameter, Route};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The document, from the routes themselves.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for route in crate::http::routes() {
        let operation = operation(&route, &mut generator, problem.as_value());
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = methods {
            methods.insert(route.method.as_str().to_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Godwit",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Publishing to X from the edge. What is accepted is never lost and never sent twice.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session token, a JWT of a trusted issuer, or an API key (gw_…)",
                },
            },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "responses": responses(route, generator, problem),
    });
    let parameters = parameters(route);
    if let Value::Object(fields) = &mut operation {
        if !parameters.is_empty() {
            fields.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(schema) = route.body {
            let content = json!({ "application/json": { "schema": schema.schema(generator) } });
            fields.insert(
                "requestBody".to_owned(),
                json!({ "required": true, "content": content }),
            );
        }
        if route.access != Access::Public {
            fields.insert("security".to_owned(), json!([{ "bearer": [] }]));
        }
        if let Access::Scoped(scope) | Access::PersonScoped(scope) = route.access {
            fields.insert("x-godwit-scope".to_owned(), scope.as_str().into());
        }
    }
    operation
}

fn responses(route: &Route, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut responses = Map::new();
    for (status, meaning, schema) in &route.answers {
        let mut response = json!({ "description": meaning });
        if let (Some(schema), Value::Object(fields)) = (schema, &mut response) {
            let content = json!({ "application/json": { "schema": schema.schema(generator) } });
            fields.insert("content".to_owned(), content);
        }
        responses.insert(status.to_string(), response);
    }
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "A problem document (RFC 9457)",
            "content": { "application/problem+json": { "schema": problem } },
        }),
    );
    responses.into()
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let of = |parameters: &'static [Parameter], place: &'static str| {
        parameters.iter().map(move |parameter| {
            json!({
                "name": parameter.name,
                "in": place,
                "description": parameter.meaning,
                "schema": { "type": "string" },
            })
        })
    };
    in_path
        .chain(of(route.query, "query"))
        .chain(of(route.headers, "header"))
        .collect()
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
