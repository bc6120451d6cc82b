//! Registering and signing in.

use super::{PASSWORD, login, login_from, me, register, text};
use crate::support::{Fault, World};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

#[tokio::test]
async fn registering_gives_a_person_a_workspace_and_a_session_that_works() {
    let world = World::new();
    let body = register(&world, " Ada@Example.com ").await.expect(201);
    assert_eq!(body["user"]["email"], "ada@example.com");
    assert_eq!(
        (&body["workspace"]["role"], &body["workspace"]["personal"]),
        (&json!("owner"), &json!(true))
    );
    assert_eq!(body["expires_at"], "2026-11-28T12:00:00.000Z");
    let who = me(&world, &text(&body["token"])).await.expect(200);
    assert_eq!(
        (&who["user"], &who["workspace"]),
        (&body["user"], &body["workspace"])
    );
    assert_eq!(
        world.database.value("SELECT action FROM audit_log"),
        "user.registered"
    );
}

#[tokio::test]
async fn signing_in_gives_the_same_shape() {
    let world = World::new();
    let registered = register(&world, "ada@example.com").await.expect(201);
    let signed_in = login(&world, "ADA@example.com ", PASSWORD)
        .await
        .expect(200);
    assert_eq!(
        (&signed_in["user"], &signed_in["workspace"]),
        (&registered["user"], &registered["workspace"])
    );
    assert_ne!(signed_in["token"], registered["token"]);
    let who = me(&world, &text(&signed_in["token"])).await.expect(200);
    assert_eq!(
        who["credential"],
        json!({ "kind": "session", "expires_at": signed_in["expires_at"] })
    );
}

#[tokio::test]
async fn an_address_is_registered_once_whoever_is_first() {
    let world = World::new();
    let (one, other) = join(
        register(&world, "ada@example.com"),
        register(&world, "ADA@EXAMPLE.COM"),
    )
    .await;
    let mut answers = [one, other];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 201);
    answers[1].refused(409, "email_taken");
    for table in [
        "SELECT count(*) FROM users",
        "SELECT count(*) FROM workspaces",
        "SELECT count(*) FROM sessions",
    ] {
        assert_eq!(world.database.value(table), 1, "{table}");
    }
}

#[tokio::test]
async fn a_closed_installation_lets_exactly_one_first_user_in() {
    let world = World::with(&[("ALLOW_SIGNUP", "false")]);
    let emails: Vec<_> = (0..4).map(|n| format!("user{n}@example.com")).collect();
    let answers = join_all(emails.iter().map(|email| register(&world, email))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    answers
        .iter()
        .filter(|answer| answer.status != 201)
        .for_each(|answer| answer.refused(403, "signup_closed"));
    assert_eq!(world.database.value("SELECT count(*) FROM users"), 1);
    assert_eq!(world.database.value("SELECT count(*) FROM memberships"), 1);
    register(&world, &emails[0])
        .await
        .refused(403, "signup_closed");
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_named_and_the_password_never_repeated() {
    let world = World::new();
    let good = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
    let table = [
        (json!({ "email": "ada" }), "invalid_email", "/email"),
        (
            json!({ "password": "secret123" }),
            "password_too_short",
            "/password",
        ),
        (
            json!({ "password": "secret123".repeat(200) }),
            "password_too_long",
            "/password",
        ),
        (
            json!({ "password": 1_234_567_890_123_i64 }),
            "invalid_value",
            "/password",
        ),
        (
            json!({ "password": ["secret123"] }),
            "invalid_value",
            "/password",
        ),
        (json!({ "name": "a\u{0}b" }), "invalid_name", "/name"),
        (json!({ "admin": true }), "unknown_field", "/admin"),
    ];
    for (changes, code, pointer) in table {
        let mut body = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = world
            .request("POST", "/auth/register", None, Some(body))
            .await;
        answer.refused(422, code);
        assert_eq!(answer.json["errors"][0]["pointer"], pointer);
        let said = answer.json.to_string();
        assert!(
            !said.contains("secret123") && !said.contains("1234567890123"),
            "{said}"
        );
    }
    assert_eq!(world.database.value("SELECT count(*) FROM users"), 0);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let world = World::new();
    register(&world, "ada@example.com").await.expect(201);
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("bob@example.com", PASSWORD),
        ("not an address", ""),
    ] {
        let before = world.database.round_trips();
        let mut answer = login(&world, email, password).await;
        answer.refused(401, "wrong_credentials");
        answer.json["request_id"] = Value::Null;
        answers.push((answer.json, world.database.round_trips() - before));
    }
    assert!(
        answers
            .iter()
            .all(|answer| answer.1 == 1 && *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn ten_failures_close_an_identity_for_a_while_even_to_the_right_password() {
    let world = World::new();
    register(&world, "ada@example.com").await.expect(201);
    register(&world, "bob@example.com").await.expect(201);
    // All at once: each is counted before it is judged.
    let tries = (0..15).map(|_| login(&world, "ada@example.com", "wrong password"));
    let answers = join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 401).count(),
        10
    );
    let closed = login(&world, "ada@example.com", PASSWORD).await;
    closed.refused(429, "too_many_attempts");
    assert_eq!(closed.header("retry-after"), "901");
    login(&world, "bob@example.com", PASSWORD).await.expect(200);
    world.clock.advance(15 * 60 * 1_000);
    login(&world, "ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_success_forgets_the_failures_before_it() {
    let world = World::new();
    register(&world, "ada@example.com").await.expect(201);
    for _ in 0..3 {
        for _ in 0..9 {
            login(&world, "ada@example.com", "wrong password")
                .await
                .refused(401, "wrong_credentials");
        }
        login(&world, "ada@example.com", PASSWORD).await.expect(200);
    }
    assert_eq!(
        world
            .database
            .value("SELECT count(*) FROM sign_in_attempts"),
        0
    );
}

#[tokio::test]
async fn an_address_that_tries_many_identities_is_stopped_and_success_is_no_failure() {
    let world = World::new();
    register(&world, "ada@example.com").await.expect(201);
    for _ in 0..60 {
        login_from(&world, "ada@example.com", PASSWORD, Some("192.0.2.1"))
            .await
            .expect(200);
    }
    let from = |n: usize, address: &'static str| {
        let world = &world;
        async move {
            login_from(
                world,
                &format!("user{n}@example.com"),
                "wrong password",
                Some(address),
            )
            .await
            .status
        }
    };
    let network = ["2001:db8::1", "2001:db8::2"];
    let mut statuses = Vec::new();
    for n in 0..51 {
        statuses.push(from(n, network[n % 2]).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 50);
    assert_eq!(statuses[50], 429);
    assert_eq!(from(0, "192.0.2.1").await, 401, "others are not held back");
}

#[tokio::test]
async fn registrations_from_one_address_are_limited() {
    let world = World::new();
    let register = async |n: usize| {
        let body =
            json!({ "email": format!("user{n}@example.com"), "password": PASSWORD, "name": "Ada" });
        world
            .request_with(
                "POST",
                "/auth/register",
                None,
                &[("cf-connecting-ip", "192.0.2.1")],
                Some(body),
            )
            .await
    };
    for n in 0..20 {
        register(n).await.expect(201);
    }
    register(20).await.refused(429, "too_many_attempts");
    world.clock.advance(60 * 60 * 1_000);
    register(21).await.expect(201);
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_is_there_and_whole() {
    let world = World::new();
    world.database.on_batch(|statements| {
        if statements.len() > 2 {
            Fault::After
        } else {
            Fault::None
        }
    });
    let lost = register(&world, "ada@example.com").await;
    lost.refused(503, "temporarily_unavailable");
    world.database.on_batch(|_| Fault::None);
    register(&world, "ada@example.com")
        .await
        .refused(409, "email_taken");
    let token = text(&login(&world, "ada@example.com", PASSWORD).await.expect(200)["token"]);
    me(&world, &token).await.expect(200);
}

#[tokio::test]
async fn no_password_is_kept_or_logged() {
    let world = World::new();
    register(&world, "ada@example.com").await.expect(201);
    login(&world, "ada@example.com", PASSWORD).await.expect(200);
    let hash = world.database.value("SELECT password_hash FROM users");
    assert!(text(&hash).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!format!("{:?}", world.log.lines()).contains(PASSWORD));
}
