//! What a repeat is answered, and what takes a key.

use super::{claimed, heeding, keyed, keys_kept, made, repeats, with_other_body};
use crate::routes::{Ground, name, problem};
use godwit::http::openapi::document;
use godwit::http::{Access, Idempotency};
use godwit::jobs;
use godwit::ports::Statement;
use godwit::time::DAY_MS;
use serde_json::json;

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte_and_makes_nothing_more() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let before = made(&ground, &route);
        let first = ground.send(asked.clone()).await;
        let what = name(&route);
        assert_eq!(first.status, asked.success, "{what}: {}", first.json);
        assert_eq!(first.header("idempotency-replayed"), "", "{what}");
        for later_ms in [0, 120_000, DAY_MS - 120_001] {
            ground.world().clock.advance(later_ms);
            repeats(&what, &first, &ground.send(asked.clone()).await);
        }
        assert_eq!(made(&ground, &route), before + 1, "{what}");
        assert_eq!(keys_kept(&ground), 1, "{what}");
    }
}

#[tokio::test]
async fn another_body_under_the_key_is_refused_and_does_nothing() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        let before = made(&ground, &route);
        let what = name(&route);
        let answer = ground.send(with_other_body(&asked)).await;
        problem(&what, &answer, 422, "idempotency_key_reused");
        assert_eq!(made(&ground, &route), before, "{what}");
        repeats(&what, &first, &ground.send(asked).await);
    }
}

#[tokio::test]
async fn one_key_on_two_routes_stands_for_the_first() {
    let ground = Ground::new().await;
    let routes: Vec<_> = heeding()
        .into_iter()
        .filter(|route| route.access != Access::Public)
        .collect();
    for first in &routes {
        let key = first.path;
        let asked = keyed(&ground, first, key).await;
        assert_eq!(ground.send(asked.clone()).await.status, asked.success);
        for second in routes.iter().filter(|second| second.path != first.path) {
            let what = format!("{} after {}", name(second), name(first));
            let answer = ground.send(keyed(&ground, second, key).await).await;
            problem(&what, &answer, 422, "idempotency_key_reused");
        }
    }
}

#[tokio::test]
async fn what_was_refused_takes_no_key() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let what = name(&route);
        for bad in [&b"{"[..], b"{\"nonsense\": 1}", b"[]"] {
            let answer = ground.send(asked.clone().raw(bad.to_vec())).await;
            assert!([400, 422].contains(&answer.status), "{what}");
            assert_eq!(keys_kept(&ground), 0, "{what}");
        }
        let answer = ground.send(asked.clone()).await;
        assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
    }
}

#[tokio::test]
async fn what_the_database_refuses_takes_no_key_either() {
    let ground = Ground::new().await;
    let route = |path| heeding().into_iter().find(|route| route.path == path);
    let register = keyed(&ground, &route("/auth/register").unwrap(), "a").await;
    let mut taken = register.value();
    taken["email"] = json!("ada@example.com");
    let answer = ground.send(register.clone().json(&taken)).await;
    problem("the address", &answer, 409, "email_taken");
    assert_eq!(keys_kept(&ground), 0);
    assert_eq!(ground.send(register).await.status, 201);
    // A hundred keys work at once; one more is refused, until one is revoked.
    let api_key = keyed(&ground, &route("/api-keys").unwrap(), "b").await;
    for _ in 0..99 {
        ground.world().key(&ground.stage.person, &["admin"]).await;
    }
    let answer = ground.send(api_key.clone()).await;
    problem("the hundredth and first", &answer, 409, "too_many_keys");
    assert_eq!(keys_kept(&ground), 1, "that of the registration");
    ground.world().database.change(
        &Statement::new("UPDATE api_keys SET revoked_at = 1 WHERE id = ?1")
            .bind(ground.ours.key.as_str()),
    );
    let answer = ground.send(api_key).await.expect(201);
    let key = answer["key"].as_str().unwrap();
    let shown = ground.world().request("GET", "/me", Some(key), None).await;
    shown.expect(200);
}

#[tokio::test]
async fn the_same_key_of_another_workspace_is_another_key() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        if route.access == Access::Public {
            continue;
        }
        let mut hers = asked.clone().bearer(&ground.eve.token);
        if route.path == "/posts" {
            let body = json!({ "text": "A post", "accounts": [ground.hers.account] });
            hers = hers.json(&body);
        }
        if route.path == "/sources/youtube" {
            let mut body = hers.value();
            body["accounts"] = json!([ground.hers.account]);
            hers = hers.json(&body);
        }
        let before = made(&ground, &route);
        let eves = ground.send(hers.clone()).await;
        let what = name(&route);
        assert_eq!(eves.status, hers.success, "{what}: {}", eves.json);
        assert_eq!(eves.header("idempotency-replayed"), "", "{what}");
        assert_ne!(eves.body, first.body, "{what}");
        assert_eq!(made(&ground, &route), before + 1, "{what}");
        repeats(&what, &eves, &ground.send(hers).await);
        repeats(&what, &first, &ground.send(asked).await);
    }
}

#[tokio::test]
async fn an_answer_with_a_secret_is_not_shown_to_another_member() {
    for route in heeding() {
        if route.access == Access::Public {
            continue;
        }
        let ground = Ground::new().await;
        let sql = "INSERT INTO memberships (user_id, workspace_id, role, created_at) VALUES (?1, ?2, 'admin', 1)";
        let join = Statement::new(sql)
            .bind(ground.eve.user_id.as_str())
            .bind(ground.stage.person.workspace_id.as_str());
        ground.world().database.change(&join);
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        let before = made(&ground, &route);
        let hers = asked
            .bearer(&ground.eve.token)
            .header("x-workspace", ground.stage.person.workspace_id.as_bytes());
        let answer = ground.send(hers).await;
        let what = name(&route);
        if route.idempotency == Some(Idempotency::Claimed) {
            problem(&what, &answer, 422, "idempotency_key_reused");
        } else {
            // A post is the workspace's: whoever repeats it must not send it twice.
            repeats(&what, &first, &answer);
        }
        assert_eq!(made(&ground, &route), before, "{what}");
    }
}

#[tokio::test]
async fn a_key_is_one_to_255_visible_characters() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let before = ground.traces();
        for bad in [
            &b""[..],
            b" ",
            "a".repeat(256).as_bytes(),
            b"\xff",
            "\u{1f426}".as_bytes(),
            b"a\tb",
        ] {
            let answer = ground.send(asked.clone().header("idempotency-key", bad));
            let what = format!("{} with {}", name(&route), String::from_utf8_lossy(bad));
            problem(&what, &answer.await, 400, "invalid_idempotency_key");
        }
        let mut twice = asked.clone();
        twice
            .headers
            .push(("idempotency-key".to_owned(), b"two".into()));
        let answer = ground.send(twice).await;
        problem(&name(&route), &answer, 400, "invalid_idempotency_key");
        assert_eq!(ground.traces(), before);
        let longest = asked.header("idempotency-key", "a".repeat(255).as_bytes());
        let success = longest.success;
        assert_eq!(ground.send(longest).await.status, success);
    }
}

#[tokio::test]
async fn after_24_hours_a_key_stands_for_nothing_and_is_cleaned_up() {
    for route in heeding() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        ground.world().clock.advance(DAY_MS - 1);
        let what = name(&route);
        jobs::tick(&ground.world().app(), jobs::DAILY).await;
        // The clean-up takes other things that have expired.
        let before = made(&ground, &route);
        repeats(&what, &first, &ground.send(asked.clone()).await);
        ground.world().clock.advance(1);
        let answer = ground.send(asked.clone()).await;
        let taken = match route.path {
            "/auth/register" => Some("email_taken"),
            "/sources/youtube" => Some("source_exists"),
            _ => None,
        };
        if let Some(code) = taken {
            problem(&what, &answer, 409, code);
        } else {
            assert_eq!(answer.status, asked.success, "{what}: {}", answer.json);
            assert_eq!(answer.header("idempotency-replayed"), "", "{what}");
            assert_eq!(made(&ground, &route), before + 1, "{what}");
        }
        ground.world().clock.advance(DAY_MS);
        jobs::tick(&ground.world().app(), jobs::DAILY).await;
        assert_eq!(keys_kept(&ground), 0, "{what}");
    }
}

#[tokio::test]
async fn no_query_for_a_key_reads_other_keys() {
    let ground = Ground::new().await;
    for route in heeding() {
        let asked = keyed(&ground, &route, route.path).await;
        ground.send(asked.clone().raw(b"{".to_vec())).await;
        ground.send(asked).await;
    }
    let database = &ground.world().database;
    let seen = database.seen();
    let of_keys = seen.iter().filter(|sql| sql.contains("idempotency_keys"));
    let mut looked = 0;
    for sql in of_keys {
        let plan = database.plan(sql);
        assert!(
            !plan
                .iter()
                .any(|step| step.starts_with("SCAN idempotency_keys")),
            "{sql}\n{plan:#?}"
        );
        looked += 1;
    }
    assert!(looked >= 6, "{looked}");
}

#[test]
fn the_document_says_of_each_that_it_heeds_a_key() {
    let document = document();
    let text_of = |value: &serde_json::Value| {
        let found = value["$ref"]
            .as_str()
            .map_or(Some(value), |at| document.pointer(&at[1..]));
        found.unwrap().to_string()
    };
    for route in heeding() {
        let operation = &document["paths"][route.path]["post"];
        let parameters = operation["parameters"].as_array().unwrap();
        let what = name(&route);
        assert!(
            parameters
                .iter()
                .any(|one| text_of(one).contains("\"Idempotency-Key\"")),
            "{what}"
        );
        let reused = text_of(&operation["responses"]["422"]);
        assert!(reused.contains("idempotency_key_reused"), "{what}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let says = text_of(answer).contains("Idempotency-Replayed");
            assert_eq!(says, status.starts_with('2'), "{what}: {status}");
        }
    }
    for route in claimed() {
        let answer = text_of(&document["paths"][route.path]["post"]["responses"]["409"]);
        assert!(
            answer.contains("idempotency_in_progress") && answer.contains("Retry-After"),
            "{}",
            name(&route)
        );
    }
}
