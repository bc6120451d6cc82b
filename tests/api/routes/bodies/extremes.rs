//! Bodies that are too large, too deep, or damaged.

use super::{cases, refused};
use crate::routes::schema::Schemas;
use crate::routes::{Ground, name, no_fault_of_ours, problem, table, with_body};
use crate::support::SeededRandom;
use godwit::http::openapi::document;

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
