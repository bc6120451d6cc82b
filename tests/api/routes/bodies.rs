//! Whatever a body is, the answer is a problem that names what is wrong, and nothing happens.

use super::schema::Schemas;
use super::{Asked, Ground, name, no_fault_of_ours, problem, table, with_body};
use crate::support::{Answer, SeededRandom};
use godwit::http::Route;
use godwit::http::openapi::document;
use serde_json::{Value, json};

/// What stands for a secret: no answer may show it.
const SECRET: &str = "correct horse";

/// A good request to each route with a body, and the schema of that body.
struct Case<'d> {
    what: String,
    good: Asked,
    schema: &'d Value,
    optional: bool,
}

async fn cases<'d>(
    ground: &Ground,
    document: &'d Value,
    schemas: &'d Schemas<'d>,
) -> Vec<Case<'d>> {
    let mut cases = Vec::new();
    for route in with_body() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let body = &operation["requestBody"];
        cases.push(Case {
            what: name(&route),
            good: ground.good(&route).await,
            schema: schemas.resolve(&body["content"]["application/json"]["schema"]),
            optional: body["required"] == false,
        });
    }
    cases
}

impl Case<'_> {
    /// The good body with something else in one field.
    fn with(&self, field: &str, value: Value) -> Asked {
        let mut body = self.good.value();
        body[field] = value;
        self.good.clone().json(&body)
    }

    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema["properties"].as_object().unwrap().iter()
    }
}

/// Asks, and sees that it is refused so and that nothing happens.
async fn refused(ground: &Ground, what: &str, asked: Asked, status: u16, code: &str) -> Answer {
    let before = ground.traces();
    let answer = ground.send(asked).await;
    problem(what, &answer, status, code);
    assert!(
        !answer.json.to_string().contains(SECRET),
        "{what}: {}",
        answer.json
    );
    assert_eq!(ground.traces(), before, "{what}");
    answer
}

#[tokio::test]
async fn a_body_of_another_media_type_is_415() {
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        for media_type in [
            &b""[..],
            b"text/plain",
            b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=x",
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
        if !case.optional {
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
        for (field, schema) in case.fields() {
            let quoted = format!("\"{field}\"");
            assert_eq!(
                required.contains(&quoted),
                !schemas.fits(schema, &Value::Null),
                "{}: {field}",
                case.what
            );
            if !required.contains(&quoted) {
                let answer = ground.send(case.with(field, Value::Null)).await;
                assert_eq!(
                    answer.status, case.good.success,
                    "{}: {}",
                    case.what, answer.json
                );
            }
        }
    }
}

#[tokio::test]
async fn deep_nesting_is_refused_and_overflows_no_stack() {
    const LEVELS: usize = 100_000;
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let closed = |open: &str, close: &str| open.repeat(LEVELS) + "1" + &close.repeat(LEVELS);
        let deep = [
            closed("[", "]"),
            closed("{\"a\":", "}"),
            "[".repeat(LEVELS),
            "{\"a\":".repeat(LEVELS),
            closed("[{\"a\":", "}]"),
        ];
        let text = case.good.value().to_string();
        let inner = text.strip_prefix('{').unwrap();
        for deep in deep {
            let mut bodies = vec![deep.clone(), format!("{{\"nonsense\":{deep},{inner}")];
            bodies.extend(
                case.fields()
                    .map(|(field, _)| format!("{{\"{field}\":{deep}}}")),
            );
            for body in bodies {
                let what = format!("{} with {}…", case.what, &body[..30]);
                let before = ground.traces();
                let answer = ground.send(case.good.clone().raw(body.into())).await;
                assert!(
                    [400, 422].contains(&answer.status),
                    "{what}: {}",
                    answer.json
                );
                no_fault_of_ours(&what, &answer);
                assert!(
                    answer.json.to_string().len() < 1_000,
                    "{what}: {}",
                    answer.json
                );
                assert_eq!(ground.traces(), before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn huge_numbers_and_strange_texts_are_no_fault_of_ours() {
    let document = document();
    let ground = Ground::new().await;
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let digits = "9".repeat(4_000);
        let long = format!("\"{}\"", "a".repeat(500_000));
        for (field, _) in case.fields() {
            let mut rest = case.good.value();
            rest.as_object_mut().unwrap().remove(field);
            let rest = rest.to_string();
            let rest = rest.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
            let comma = if rest.is_empty() { "" } else { "," };
            for value in [
                "1e400",
                "-1e400",
                "1e-400",
                "-0",
                "9223372036854775808",
                "0.1e1",
                &digits,
                &format!("0.{digits}"),
                &long,
                "\"\\u0000\"",
                "\"\\u0007\\u001b\"",
                "\"\\u202e\\u2066\"",
                "\"\\ufffe\\uffff\\ufeff\"",
                "\"\\ud83d\\udc26\"",
                "\"9999-12-31T23:59:59Z\"",
                "\"0000-01-01T00:00:00Z\"",
                "\"-262143-01-01T00:00:00Z\"",
                "\"+262142-12-31T23:59:59Z\"",
                "\"2026-11-21T12:00:60Z\"",
                "\"2026-02-30T00:00:00Z\"",
                "\"1e9\"",
                "\"../../etc/passwd\"",
                "[\"acct_\\u0000\"]",
                &format!("[{long}]"),
                "[\"posts:read\",\"posts:read\"]",
            ] {
                let body = format!("{{\"{field}\":{value}{comma}{rest}}}");
                let what = format!("{} with {value:.80} for {field}", case.what);
                let answer = ground.send(case.good.clone().raw(body.into())).await;
                no_fault_of_ours(&what, &answer);
                let repeats = answer.status >= 400 && answer.json.to_string().len() > 2_000;
                assert!(!repeats, "{what}: {:.3000}", answer.json.to_string());
            }
        }
        let long = format!("{{\"{}\": 1}}", "a".repeat(500_000));
        let answer = ground.send(case.good.clone().raw(long.into())).await;
        problem(&case.what, &answer, 422, "unknown_field");
        assert!(answer.json.to_string().len() < 2_000, "{}", case.what);
    }
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_413_on_every_route_that_reads_one() {
    const MIB: usize = 1024 * 1024;
    let (ground, document) = (Ground::new().await, document());
    for case in cases(&ground, &document, &Schemas::of(&document)).await {
        let padded = |length: usize| {
            let mut body = case.good.body.clone();
            body.resize(length, b' ');
            case.good.clone().raw(body)
        };
        for length in [MIB + 1, 10 * MIB] {
            refused(&ground, &case.what, padded(length), 413, "body_too_large").await;
        }
        let answer = ground.send(padded(MIB)).await;
        assert_eq!(
            answer.status, case.good.success,
            "{}: {}",
            case.what, answer.json
        );
    }
    for route in table() {
        let asked = ground.good(&route).await.raw(vec![b' '; 10 * MIB]);
        no_fault_of_ours(&name(&route), &ground.send(asked).await);
    }
}

#[tokio::test]
async fn damaged_bodies_are_no_fault_of_ours() {
    let random = SeededRandom::new(7);
    let below = |bound: usize| usize::try_from(random.below(bound as u64)).unwrap();
    let tokens = [
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        "-1",
        "1e9",
        "\\u0000",
        "\\ud800",
        "\u{1f426}",
        "\0",
        "\n",
    ];
    let ground = Ground::new().await;
    for route in with_body() {
        let good = ground.good(&route).await;
        for _ in 0..200 {
            let mut body = good.body.clone();
            for _ in 0..=below(3) {
                if body.is_empty() {
                    break;
                }
                let at = below(body.len());
                match below(4) {
                    0 => drop(body.remove(at)),
                    1 => body[at] = u8::try_from(below(256)).unwrap(),
                    2 => drop(body.splice(at..at, tokens[below(tokens.len())].bytes())),
                    _ => body.truncate(at + 1),
                }
            }
            let what = format!("{} with {:?}", name(&route), String::from_utf8_lossy(&body));
            no_fault_of_ours(&what, &ground.send(good.clone().raw(body)).await);
        }
    }
}

#[tokio::test]
async fn a_body_where_none_is_read_changes_nothing_about_the_answer() {
    for route in table()
        .into_iter()
        .filter(|route: &Route| route.body.is_none())
    {
        let ground = Ground::new().await;
        let asked = ground.good(&route).await.raw(b"\xff{".to_vec());
        let success = asked.success;
        let answer = ground.send(asked).await;
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
    }
}
