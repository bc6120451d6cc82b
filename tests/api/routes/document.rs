//! `openapi.json`: current, whole, and true.

use super::schema::Schemas;
use super::{Ground, name, table};
use godwit::http::openapi::document;
use serde_json::Value;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

/// Set, the test of the committed copy writes it. `npm run openapi` does that.
const WRITE: &str = "GODWIT_WRITE_OPENAPI";

#[test]
fn the_committed_openapi_document_is_what_the_routes_say() {
    let current = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PATH, &current).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap();
    let first = committed
        .lines()
        .zip(current.lines())
        .position(|(a, b)| a != b);
    assert!(
        committed == current,
        "openapi.json differs from the routes, first in line {:?}. Run: npm run openapi",
        first.map(|line| line + 1)
    );
}

#[tokio::test]
async fn the_service_shows_its_document_to_anybody() {
    let ground = Ground::new().await;
    let shown = ground
        .world()
        .request("GET", "/openapi.json", None, None)
        .await
        .expect(200);
    assert_eq!(shown, document());
}

#[test]
fn every_route_is_in_the_document_once_with_its_own_operation_id() {
    let document = document();
    let mut ids = Vec::new();
    for route in table() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        ids.push(operation["operationId"].as_str().unwrap().to_owned());
        assert!(!operation["summary"].as_str().unwrap().is_empty());
        assert!(!operation["tags"].as_array().unwrap().is_empty());
    }
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|methods| {
            let methods = methods.as_object().unwrap().keys();
            methods.filter(|name| *name != "servers").count()
        })
        .sum::<usize>();
    assert_eq!(operations, ids.len());
    ids.sort();
    ids.dedup();
    assert_eq!(operations, ids.len());
}

#[test]
fn every_field_parameter_and_answer_says_what_it_is() {
    let mut silent = Vec::new();
    describe("", &document(), &mut silent);
    assert_eq!(silent, Vec::<String>::new());
}

fn describe(at: &str, value: &Value, silent: &mut Vec<String>) {
    let says = |value: &Value| {
        value.get("$ref").is_some()
            || value["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty() && !text.contains("[`"))
    };
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let here = format!("{at}/{key}");
                for member in ["properties", "responses", "parameters", "headers"] {
                    if key == member {
                        let each = inner.as_object().into_iter().flatten();
                        silent.extend(
                            each.filter(|(_, one)| !says(one))
                                .map(|(name, _)| format!("{here}/{name}")),
                        );
                    }
                }
                if key == "parameters" {
                    let each = inner.as_array().into_iter().flatten();
                    // What an {id} is, the path says.
                    silent.extend(
                        each.filter(|one| !says(one) && one["in"] != "path")
                            .map(|one| format!("{here}/{}", one["name"])),
                    );
                }
                describe(&here, inner, silent);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                describe(&format!("{at}/{index}"), inner, silent);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    let mut used = Vec::new();
    references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses", "parameters", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "{reference} is not used");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        }
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found.push(reference.to_owned());
            }
            fields.values().for_each(|inner| references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_good_request_to_any_route_is_answered_as_the_document_says() {
    let document = document();
    let schemas = Schemas::of(&document);
    for route in table() {
        let ground = Ground::new().await;
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let asked = ground.good(&route).await;
        if !asked.body.is_empty() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if asked.is_json() {
                schemas.check(&name(&route), schema, &asked.value());
            }
        }
        let success = asked.success;
        let answer = ground.send(asked).await;
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
        let said = &operation["responses"][success.to_string()];
        assert!(said.is_object(), "{} may not say {success}", name(&route));
        let essence = answer.header("content-type").split(';').next().unwrap();
        match said["content"].as_object() {
            None => assert_eq!(answer.json, Value::Null, "{}", name(&route)),
            Some(content) => {
                schemas.check(&name(&route), &content[essence]["schema"], &answer.json);
            }
        }
        for header in said["headers"].as_object().into_iter().flatten() {
            // Those that are there only sometimes are tried elsewhere.
            if ["X-Request-Id", "Location"].contains(&header.0.as_str()) {
                assert!(!answer.header(header.0).is_empty(), "{}", name(&route));
            }
        }
    }
}

#[tokio::test]
async fn a_problem_is_as_the_document_says() {
    let document = document();
    let schemas = Schemas::of(&document);
    let schema = &document["components"]["schemas"]["Problem"];
    let ground = Ground::new().await;
    for route in table() {
        let good = ground.good(&route).await;
        let nobody = ground.send(good.nobody().raw(b"{".to_vec())).await;
        if nobody.status >= 400 {
            schemas.check(&name(&route), schema, &nobody.json);
        }
    }
}
