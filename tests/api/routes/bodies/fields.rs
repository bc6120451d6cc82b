//! Bodies that can be read, and are not what the document says.

use super::{SECRET, cases, refused};
use crate::routes::Ground;
use crate::routes::schema::Schemas;
use godwit::http::openapi::document;
use serde_json::{Value, json};

#[tokio::test]
async fn a_value_of_a_wrong_type_is_422_and_its_field_is_named() {
    let (ground, document) = (Ground::new().await, document());
    let schemas = Schemas::of(&document);
    for case in cases(&ground, &document, &schemas).await {
        for (field, schema) in case.fields() {
            let mut tried = 0;
            for value in [
                json!(null),
                json!(true),
                json!(0),
                json!(-1),
                json!(1.5),
                json!(1e300),
                json!(u64::MAX),
                json!(i64::MIN),
                json!("\u{0}"),
                json!([]),
                json!([null]),
                json!([1]),
                json!([[]]),
                json!(["nonsense"]),
                json!({}),
                json!({ "a": 1 }),
                json!([{ "a": SECRET }]),
            ] {
                if schemas.fits(schema, &value) {
                    continue;
                }
                tried += 1;
                let what = format!("{} with {value} for {field}", case.what);
                let asked = case.with(field, value);
                let answer = ground.send(asked.clone()).await;
                let code = answer.code().to_owned();
                refused(&ground, &what, asked, 422, &code).await;
                let pointer = answer.json["errors"][0]["pointer"].as_str().unwrap();
                assert!(
                    pointer == format!("/{field}") || pointer.starts_with(&format!("/{field}/")),
                    "{what}: {}",
                    answer.json
                );
            }
            assert!(tried > 10, "{}: {field}", case.what);
        }
    }
}

#[tokio::test]
async fn a_missing_an_unknown_and_a_repeated_field_are_422_and_named() {
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let good = case.good.value();
        for field in case.schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(field);
            let what = format!("{} without {field}", case.what);
            let asked = case.good.clone().json(&body);
            let answer = refused(&ground, &what, asked, 422, "missing_field").await;
            assert_eq!(
                answer.json["errors"][0]["pointer"],
                format!("/{field}"),
                "{what}"
            );
        }
        for (unknown, pointer) in [
            ("nonsense", "/nonsense"),
            ("Text", "/Text"),
            ("", "/"),
            ("a/b~c", "/a~1b~0c"),
            ("`x`, expected", "/`x`, expected"),
            ("__proto__", "/__proto__"),
            ("workspace_id", "/workspace_id"),
            ("\u{1f426}", "/\u{1f426}"),
        ] {
            let what = format!("{} with {unknown:?}", case.what);
            let asked = case.with(unknown, json!(SECRET));
            let answer = refused(&ground, &what, asked, 422, "unknown_field").await;
            assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{what}");
        }
        let text = good.to_string();
        let inner = text.strip_prefix('{').unwrap();
        for (field, value) in good.as_object().unwrap() {
            let what = format!("{} with {field} twice", case.what);
            let asked = case
                .good
                .clone()
                .raw(format!("{{\"{field}\":{value},{inner}").into());
            let answer = refused(&ground, &what, asked, 422, "invalid_value").await;
            assert_eq!(
                answer.json["errors"][0]["pointer"],
                format!("/{field}"),
                "{what}"
            );
        }
        // A PUT of nothing takes away what there was.
        let is_whole = case.what.starts_with("PUT ") && case.schema["required"].is_null();
        if !case.optional && !is_whole {
            let asked = case.good.clone().json(&json!({}));
            refused(&ground, &case.what, asked, 422, "missing_field").await;
        }
    }
}

#[tokio::test]
async fn what_may_be_left_out_may_be_null() {
    let document = document();
    let schemas = Schemas::of(&document);
    let ground = Ground::new().await;
    for case in cases(&ground, &document, &schemas).await {
        let required = case.schema["required"].to_string();
        // Of these, one is there, or with another.
        let either = ["anyOf", "oneOf", "dependentRequired"]
            .map(|word| case.schema[word].to_string())
            .concat();
        for (field, schema) in case.fields() {
            let quoted = format!("\"{field}\"");
            assert_eq!(
                required.contains(&quoted),
                !schemas.fits(schema, &Value::Null),
                "{}: {field}",
                case.what
            );
            let needed = either.contains(&quoted) && case.good.value().get(field).is_some();
            if !required.contains(&quoted) && !needed {
                let mut asked = case.with(field, Value::Null);
                // Of sources that would post the same, there is one.
                if case.what.ends_with("/sources/youtube") && field != "exclude" {
                    let mut body = asked.value();
                    body["exclude"] = json!([field]);
                    asked = asked.json(&body);
                }
                let answer = ground.send(asked).await;
                assert_eq!(
                    answer.status, case.good.success,
                    "{}: {}",
                    case.what, answer.json
                );
            }
        }
    }
}
