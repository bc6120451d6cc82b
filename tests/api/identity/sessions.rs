//! What a session reaches, and how it ends.

use super::{PASSWORD, login, me, text};
use crate::support::World;
use axum::body::Body;
use godwit::ports::Statement;
use http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_session_costs_one_round_trip() {
    let world = World::new();
    let ada = world.person("ada").await;
    let before = world.database.round_trips();
    world
        .request("GET", "/api-keys?limit=0", Some(&ada.token), None)
        .await
        .refused(422, "invalid_limit");
    assert_eq!(world.database.round_trips() - before, 1);
}

#[tokio::test]
async fn nothing_but_a_good_token_signs_in_and_each_refusal_says_what_to_do() {
    let world = World::new();
    let ada = world.person("ada").await;
    let code = async |headers: &[(&str, &str)]| {
        let answer = world.request_with("GET", "/me", None, headers, None).await;
        assert_eq!(answer.status, 401, "{}", answer.json);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(!answer.json["remedy"].as_str().unwrap().is_empty());
        answer.code().to_owned()
    };
    assert_eq!(code(&[]).await, "not_signed_in");
    assert_eq!(
        code(&[("authorization", "Basic YTpi")]).await,
        "malformed_authorization"
    );
    assert_eq!(
        code(&[("authorization", "Bearer ")]).await,
        "malformed_authorization"
    );
    let good = format!("Bearer {}", ada.token);
    assert_eq!(
        code(&[("authorization", &good), ("authorization", &good)]).await,
        "malformed_authorization"
    );
    assert_eq!(
        code(&[("authorization", &good[..good.len() - 4])]).await,
        "token_invalid"
    );
    assert_eq!(
        code(&[("authorization", &format!("Bearer {}", "x".repeat(20_000)))]).await,
        "token_invalid"
    );
    assert_eq!(
        code(&[("authorization", "Bearer gw_nonsense")]).await,
        "key_invalid"
    );
    world.clock.advance(7 * 24 * 3_600 * 1_000);
    assert_eq!(code(&[("authorization", &good)]).await, "token_expired");
}

#[tokio::test]
async fn another_installation_s_secret_opens_nothing() {
    let (ours, other) = (
        World::new(),
        World::with(&[("JWT_SECRET", "another secret that is long enough")]),
    );
    let stranger = other.person("ada").await;
    ours.person("ada").await;
    me(&ours, &stranger.token)
        .await
        .refused(401, "token_invalid");
}

#[tokio::test]
async fn a_session_that_was_signed_out_is_over_at_once_and_others_go_on() {
    let world = World::new();
    let ada = world.person("ada").await;
    let other = text(&login(&world, "ada@example.com", PASSWORD).await.expect(200)["token"]);
    for _ in 0..2 {
        world
            .request("POST", "/auth/logout", Some(&ada.token), None)
            .await
            .expect(204);
        me(&world, &ada.token).await.refused(401, "session_ended");
    }
    me(&world, &other).await.expect(200);
    world.clock.advance(8 * 24 * 3_600 * 1_000);
    world
        .request("POST", "/auth/logout", Some(&other), None)
        .await
        .expect(204);
}

#[tokio::test]
async fn only_a_session_can_be_signed_out() {
    let world = World::new();
    let ada = world.person("ada").await;
    let key = world.key(&ada, &["admin"]).await;
    let out = async |token: Option<&str>| world.request("POST", "/auth/logout", token, None).await;
    out(None).await.refused(401, "not_signed_in");
    out(Some("a.b.c")).await.refused(401, "token_invalid");
    out(Some(&key)).await.refused(403, "person_required");
}

#[tokio::test]
async fn x_workspace_chooses_among_memberships_and_reaches_no_other() {
    let world = World::new();
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let eve = world.person("eve").await;
    let join = "INSERT INTO memberships (user_id, workspace_id, role, created_at) VALUES (?1, ?2, 'publisher', 1)";
    world.database.change(
        &Statement::new(join)
            .bind(ada.user_id.as_str())
            .bind(bob.workspace_id.as_str()),
    );
    let ask = async |workspace: &str| {
        world
            .request_with(
                "GET",
                "/me",
                Some(&ada.token),
                &[("x-workspace", workspace)],
                None,
            )
            .await
    };

    let home = me(&world, &ada.token).await.expect(200);
    assert_eq!(
        home["workspace"]["id"],
        json!(ada.workspace_id),
        "the personal one, though the other is older"
    );
    assert_eq!(home["workspaces"].as_array().unwrap().len(), 2);
    let visiting = ask(&bob.workspace_id).await.expect(200);
    assert_eq!(
        (&visiting["workspace"]["id"], &visiting["role"]),
        (&json!(bob.workspace_id), &json!("publisher"))
    );
    for foreign in [
        eve.workspace_id.as_str(),
        "ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c",
        "nonsense",
        "",
    ] {
        ask(foreign).await.refused(404, "not_found");
    }
    // A publisher there is not an admin there.
    let keys = world
        .request_with(
            "GET",
            "/api-keys",
            Some(&ada.token),
            &[("x-workspace", &bob.workspace_id)],
            None,
        )
        .await;
    keys.refused(403, "missing_role");
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let world = World::new();
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post("https://godwit.test/api/v1/auth/login")
            .header("content-type", content_type);
        world.serve(request.body(Body::from(body)).unwrap()).await
    };
    send("text/plain", b"{}".to_vec())
        .await
        .refused(415, "unsupported_media_type");
    send("application/json", b"{".to_vec())
        .await
        .refused(400, "malformed_json");
    send("application/json", vec![b'"', 0xff, b'"'])
        .await
        .refused(400, "malformed_json");
    send("application/json", vec![b' '; 10 * 1024 * 1024])
        .await
        .refused(413, "body_too_large");
    send("application/json", b"[]".to_vec())
        .await
        .refused(422, "invalid_value");
    let twice = br#"{"email":"a@example.com","email":"b@example.com","password":"x"}"#;
    assert_eq!(send("application/json", twice.to_vec()).await.status, 422);
}

#[tokio::test]
async fn what_expired_is_cleaned_up_and_the_rest_stays() {
    let world = World::new();
    let ada = world.person("ada").await;
    login(&world, "ada@example.com", "wrong password")
        .await
        .refused(401, "wrong_credentials");
    let clean = async || {
        use godwit::ports::{Clock, Database};
        world
            .database
            .batch(godwit::identity::expired(world.clock.now()))
            .await
            .unwrap();
    };
    clean().await;
    me(&world, &ada.token).await.expect(200);
    assert_eq!(
        world
            .database
            .value("SELECT count(*) FROM sign_in_attempts"),
        1
    );
    world.clock.advance(7 * 24 * 3_600 * 1_000);
    clean().await;
    let left = "SELECT (SELECT count(*) FROM sign_in_attempts) + (SELECT count(*) FROM sessions)";
    assert_eq!(world.database.value(left), 0);
}

#[tokio::test]
async fn no_statement_of_a_request_scans_a_table() {
    let world = World::new();
    let ada = world.person("ada").await;
    login(&world, "ada@example.com", PASSWORD).await.expect(200);
    let key = world.key(&ada, &["posts:read"]).await;
    me(&world, &key).await.expect(200);
    let keys = world
        .request("GET", "/api-keys", Some(&ada.token), None)
        .await
        .expect(200);
    let id = text(&keys["items"][0]["id"]);
    world
        .request("DELETE", &format!("/api-keys/{id}"), Some(&ada.token), None)
        .await
        .expect(204);
    world
        .request("POST", "/auth/logout", Some(&ada.token), None)
        .await
        .expect(204);
    for sql in world.database.seen() {
        // Whether there is any user at all is answered by the first row.
        let any_user = sql.contains("EXISTS (SELECT 1 FROM users)");
        let scans: Vec<Value> = world
            .database
            .plan(sql)
            .into_iter()
            .filter(|step| step.starts_with("SCAN"))
            .map(Value::from)
            .collect();
        assert!(
            scans.is_empty() || any_user || scans == ["SCAN CONSTANT ROW"],
            "{sql}: {scans:?}"
        );
    }
}
