//! API keys.

use super::{me, text};
use crate::support::{Person, World};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn create(world: &World, person: &Person, body: Value) -> crate::support::Answer {
    world
        .request("POST", "/api-keys", Some(&person.token), Some(body))
        .await
}

#[tokio::test]
async fn a_key_is_shown_once_kept_as_a_hash_and_signs_in_at_one_round_trip() {
    let world = World::new();
    let ada = world.person("ada").await;
    let made = create(
        &world,
        &ada,
        json!({ "name": " ci ", "scopes": ["posts:write", "posts:read", "posts:read"] }),
    )
    .await
    .expect(201);
    let key = text(&made["key"]);
    assert_eq!(key.len(), 46);
    assert!(key.starts_with(made["hint"].as_str().unwrap()) && key.starts_with("gw_"));
    assert_eq!(
        (&made["name"], &made["scopes"]),
        (&json!("ci"), &json!(["posts:read", "posts:write"]))
    );

    let before = world.database.round_trips();
    world
        .request("GET", "/api-keys", Some(&key), None)
        .await
        .refused(403, "person_required");
    assert_eq!(world.database.round_trips() - before, 1);
    let who = me(&world, &key).await.expect(200);
    assert_eq!(
        who["credential"],
        json!({ "kind": "api_key", "scopes": ["posts:read", "posts:write"] })
    );
    assert_eq!(who["workspaces"].as_array().unwrap().len(), 1);

    let kept = format!(
        "{:?}{:?}",
        world.database.look("SELECT * FROM api_keys"),
        world.log.lines()
    );
    assert!(!kept.contains(&key[10..]), "{kept}");
    let listed = world
        .request("GET", "/api-keys", Some(&ada.token), None)
        .await
        .expect(200);
    assert!(listed["items"][0].get("key").is_none());
    assert_eq!(listed["items"][0]["id"], made["id"]);
}

#[tokio::test]
async fn a_key_that_expired_or_was_revoked_is_refused_by_the_next_request() {
    let world = World::new();
    let ada = world.person("ada").await;
    let body =
        json!({ "name": "a", "scopes": ["posts:read"], "expires_at": "2026-11-21T13:00:00+01:00" });
    create(&world, &ada, body)
        .await
        .refused(422, "expiry_in_past");
    let body =
        json!({ "name": "a", "scopes": ["posts:read"], "expires_at": "2026-11-21T12:00:01Z" });
    let brief = text(&create(&world, &ada, body).await.expect(201)["key"]);
    assert_eq!(
        me(&world, &brief).await.expect(200)["credential"]["expires_at"],
        "2026-11-21T12:00:01.000Z"
    );
    world.clock.advance(1_000);
    me(&world, &brief).await.refused(401, "key_expired");

    let made = create(&world, &ada, json!({ "name": "b", "scopes": ["admin"] }))
        .await
        .expect(201);
    let (key, id) = (text(&made["key"]), text(&made["id"]));
    me(&world, &key).await.expect(200);
    world.clock.advance(1);
    for _ in 0..2 {
        world
            .request("DELETE", &format!("/api-keys/{id}"), Some(&ada.token), None)
            .await
            .expect(204);
    }
    me(&world, &key).await.refused(401, "key_revoked");
    let actions = world
        .database
        .look("SELECT action FROM audit_log WHERE subject LIKE 'key_%' ORDER BY id");
    let actions: Vec<_> = actions
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["api_key.created", "api_key.created", "api_key.revoked"]
    );
}

#[tokio::test]
async fn a_key_of_another_workspace_can_be_neither_seen_nor_revoked() {
    let world = World::new();
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let made = create(&world, &ada, json!({ "name": "a", "scopes": ["admin"] }))
        .await
        .expect(201);
    let id = text(&made["id"]);
    let list = world
        .request("GET", "/api-keys", Some(&bob.token), None)
        .await
        .expect(200);
    assert_eq!(list["items"], json!([]));
    world
        .request("DELETE", &format!("/api-keys/{id}"), Some(&bob.token), None)
        .await
        .refused(404, "not_found");
    world
        .request("DELETE", "/api-keys/nonsense", Some(&bob.token), None)
        .await
        .refused(404, "not_found");
    let key = text(&made["key"]);
    me(&world, &key).await.expect(200);
    let at_bobs = [("x-workspace", bob.workspace_id.as_str())];
    world
        .request_with("GET", "/me", Some(&key), &at_bobs, None)
        .await
        .refused(404, "not_found");
    let at_home = [("x-workspace", ada.workspace_id.as_str())];
    world
        .request_with("GET", "/me", Some(&key), &at_home, None)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_key_loses_what_its_maker_loses() {
    let world = World::new();
    let ada = world.person("ada").await;
    let key = world.key(&ada, &["admin"]).await;
    world.database.change(&godwit::ports::Statement::new(
        "UPDATE memberships SET role = 'viewer'",
    ));
    assert_eq!(me(&world, &key).await.expect(200)["role"], "viewer");
    world
        .request("GET", "/api-keys", Some(&ada.token), None)
        .await
        .refused(403, "missing_role");
    world
        .database
        .change(&godwit::ports::Statement::new("DELETE FROM memberships"));
    me(&world, &key).await.refused(401, "key_revoked");
    me(&world, &ada.token).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_key_is_named() {
    let world = World::new();
    let ada = world.person("ada").await;
    let table = [
        (json!({ "name": "", "scopes": ["admin"] }), "invalid_name"),
        (json!({ "name": "a", "scopes": [] }), "missing_scopes"),
        (
            json!({ "name": "a", "scopes": ["posts:delete"] }),
            "invalid_value",
        ),
        (json!({ "name": "a", "scopes": "admin" }), "invalid_value"),
        (
            json!({ "name": "a", "scopes": ["admin"], "expires_at": "tomorrow" }),
            "invalid_value",
        ),
        (
            json!({ "name": "a", "scopes": ["admin"], "workspace_id": "ws_1" }),
            "unknown_field",
        ),
        (json!({ "name": "a" }), "missing_field"),
        (json!({ "name": "", "scopes": [] }), "invalid_request"),
    ];
    for (body, code) in table {
        create(&world, &ada, body).await.refused(422, code);
    }
    assert_eq!(world.database.value("SELECT count(*) FROM api_keys"), 0);
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_without_gaps() {
    let world = World::new();
    let ada = world.person("ada").await;
    for n in 0..5 {
        world.clock.advance(1);
        create(
            &world,
            &ada,
            json!({ "name": format!("key {n}"), "scopes": ["admin"] }),
        )
        .await
        .expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/api-keys?limit=2".to_owned();
    loop {
        let page = world
            .request("GET", &path, Some(&ada.token), None)
            .await
            .expect(200);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| text(&item["name"])),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api-keys?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
    let list = async |query: &str| {
        world
            .request("GET", &format!("/api-keys?{query}"), Some(&ada.token), None)
            .await
    };
    list("cursor=nonsense").await.refused(422, "unknown_cursor");
    list("limit=101").await.refused(422, "invalid_limit");
    list("page=2").await.refused(422, "invalid_query");
}

#[tokio::test]
async fn a_workspace_has_at_most_a_hundred_keys_that_work() {
    let world = World::new();
    let ada = world.person("ada").await;
    let body =
        || json!({ "name": "a", "scopes": ["posts:read"], "expires_at": "2026-11-22T12:00:00Z" });
    let answers = join_all((0..105).map(|_| create(&world, &ada, body()))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        100
    );
    create(&world, &ada, body())
        .await
        .refused(409, "too_many_keys");
    // The next day they have expired; so has nothing else.
    world.clock.advance(24 * 3_600 * 1_000);
    create(
        &world,
        &ada,
        json!({ "name": "a", "scopes": ["posts:read"] }),
    )
    .await
    .expect(201);
}
