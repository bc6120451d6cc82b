//! Bodies that cannot be read at all.

use super::{SECRET, cases, refused};
use crate::routes::schema::Schemas;
use crate::routes::{Ground, name, table};
use godwit::http::Route;
use godwit::http::openapi::document;
use serde_json::json;

#[tokio::test]
async fn a_body_of_another_media_type_is_415() {
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        for media_type in [
            &b""[..],
            b"text/plain",
            b"application/x-www-form-urlencoded",
            b"application/jsonp",
            b"application/json2",
            b"json",
            b"*/*",
            b"\xff",
        ] {
            let asked = case.good.clone().header("content-type", media_type);
            let what = format!("{} as {}", case.what, String::from_utf8_lossy(media_type));
            refused(&ground, &what, asked, 415, "unsupported_media_type").await;
        }
        let multipart = b"multipart/form-data; boundary=x";
        let asked = case.good.clone().header("content-type", multipart);
        if !case.what.starts_with("POST /media") {
            refused(&ground, &case.what, asked, 415, "unsupported_media_type").await;
        }
        let mut asked = case.good.clone();
        asked.headers.retain(|(name, _)| name != "content-type");
        refused(&ground, &case.what, asked, 415, "unsupported_media_type").await;
        for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
            let asked = case.good.clone().raw(b"{".to_vec());
            let asked = asked.header("content-type", media_type.as_bytes());
            refused(&ground, &case.what, asked, 400, "malformed_json").await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() {
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let good = String::from_utf8(case.good.body.clone()).unwrap();
        let inner = good.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
        let mut bodies: Vec<Vec<u8>> = [
            " ",
            "\u{feff}{}",
            "{",
            "}",
            "nonsense",
            "{'a': 1}",
            "{a: 1}",
            "// a\n{}",
            "NaN",
            "[",
            "[1",
            "\"a",
            "{}{}",
            "[] []",
            "\u{0}",
            "undefined",
            "{\"a\":1e}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
        bodies.extend([
            format!("{{{inner},}}").into_bytes(),
            format!("{good} x").into_bytes(),
            good.as_bytes()[..good.len() - 1].to_vec(),
            // Not UTF-8: a byte that never occurs, one cut off, an overlong one, half of a pair, UTF-16.
            b"{\"\xff\": 1}".to_vec(),
            b"\xff\xfe{\x00}\x00".to_vec(),
            [b"{\"", &[0xe2, 0x82][..], b"\": 1}"].concat(),
            [b"{\"", &[0xc0, 0x80][..], b"\": 1}"].concat(),
            [b"{\"", &[0xed, 0xa0, 0x80][..], b"\": 1}"].concat(),
            b"\xff".to_vec(),
        ]);
        if !case.optional {
            bodies.push(Vec::new());
        }
        for (field, _) in case.fields() {
            for value in [
                "\"\\ud800\"",
                "\"\\udc00\"",
                "\"\\ud800\\ud800\"",
                "\"\\x\"",
                "\"a\nb\"",
                "\"a\u{0}b\"",
                "\"\u{1f}\"",
            ] {
                // A field that is read before it fits no longer matters: take the others away.
                bodies.push(format!("{{\"{field}\": {value}, {inner}}}").into_bytes());
            }
        }
        for body in bodies {
            let what = format!("{} with {:?}", case.what, String::from_utf8_lossy(&body));
            refused(
                &ground,
                &what,
                case.good.clone().raw(body),
                400,
                "malformed_json",
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_422_and_is_not_repeated() {
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let good = case.good.value();
        let required = case.schema["required"].as_array();
        // serde takes a list for a struct when it has the fields in their order.
        let in_order: Vec<_> = required
            .into_iter()
            .flatten()
            .map(|field| good[field.as_str().unwrap()].clone())
            .collect();
        for body in [
            json!(null),
            json!(true),
            json!(1),
            json!(-1.5),
            json!(SECRET),
            json!([]),
            json!([good]),
            json!(in_order),
        ] {
            let what = format!("{} with {body}", case.what);
            let asked = case.good.clone().json(&body);
            let answer = refused(&ground, &what, asked, 422, "invalid_value").await;
            assert_eq!(answer.json["errors"][0]["pointer"], "", "{what}");
        }
    }
}

#[tokio::test]
async fn a_body_where_none_is_read_changes_nothing_about_the_answer() {
    for route in table()
        .into_iter()
        .filter(|route: &Route| route.body.is_none() && !route.is_streamed())
    {
        let ground = Ground::new().await;
        let asked = ground.good(&route).await.raw(b"\xff{".to_vec());
        let success = asked.success;
        let answer = ground.send(asked).await;
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
    }
}
