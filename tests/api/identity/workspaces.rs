//! A workspace's settings.

use super::{me, text};
use crate::support::{Answer, Person, World};
use godwit::ports::Statement;
use serde_json::{Value, json};

async fn get(world: &World, token: &str, id: &str) -> Answer {
    let path = format!("/workspaces/{id}");
    world.request("GET", &path, Some(token), None).await
}

async fn patch(world: &World, token: &str, id: &str, body: Value) -> Answer {
    let path = format!("/workspaces/{id}");
    world.request("PATCH", &path, Some(token), Some(body)).await
}

async fn ada(world: &World) -> (Person, String) {
    let ada = world.person("ada").await;
    let workspace = ada.workspace_id.clone();
    (ada, workspace)
}

fn changes_logged(world: &World) -> Vec<(String, String)> {
    let log = "SELECT actor, subject FROM audit_log WHERE action = 'workspace.changed' ORDER BY id";
    let rows = world.database.look(log);
    rows.iter()
        .map(|row| (text(&row["actor"]), text(&row["subject"])))
        .collect()
}

#[tokio::test]
async fn a_new_workspace_asks_and_waits_a_day() {
    let world = World::new();
    let (ada, id) = ada(&world).await;
    let shown = get(&world, &ada.token, &id).await.expect(200);
    assert_eq!(
        shown,
        json!({
            "id": id, "name": "ada", "uncertain_policy": "ask", "missed_after_seconds": 86_400,
            "created_at": "2026-11-21T12:00:00.000Z",
        })
    );
}

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let world = World::new();
    let (ada, id) = ada(&world).await;
    let mut expected = get(&world, &ada.token, &id).await.expect(200);
    for (field, value) in [
        ("name", json!("Ada & Co")),
        ("uncertain_policy", json!("resend")),
        ("missed_after_seconds", json!(3_600)),
        ("uncertain_policy", json!("ask")),
    ] {
        expected[field] = value.clone();
        let mut body = json!({});
        body[field] = value;
        let changed = patch(&world, &ada.token, &id, body).await.expect(200);
        assert_eq!(changed, expected);
        assert_eq!(get(&world, &ada.token, &id).await.expect(200), expected);
    }
    let who = me(&world, &ada.token).await.expect(200);
    assert_eq!(who["workspace"]["name"], "Ada & Co");
    let row = &world.database.look("SELECT * FROM workspaces")[0];
    assert_eq!(row["missed_after_ms"], 3_600_000);
}

#[tokio::test]
async fn a_change_is_logged_once_with_who_made_it() {
    let world = World::new();
    let (ada, id) = ada(&world).await;
    let key = world.key(&ada, &["admin"]).await;
    let resend = || json!({ "uncertain_policy": "resend" });
    for _ in 0..2 {
        patch(&world, &ada.token, &id, resend()).await.expect(200);
    }
    assert_eq!(changes_logged(&world), [(ada.user_id.clone(), id.clone())]);
    world.clock.advance(1);
    let later = json!({ "missed_after_seconds": 60, "uncertain_policy": "resend" });
    patch(&world, &key, &id, later).await.expect(200);
    let key_id = text(&world.database.value("SELECT id FROM api_keys"));
    assert_eq!(changes_logged(&world)[1], (key_id, id));
}

#[tokio::test]
async fn values_that_are_not_allowed_are_named_and_nothing_changes() {
    let world = World::new();
    let (ada, id) = ada(&world).await;
    let before = world.database.dump();
    for (body, code, pointer) in [
        (json!({}), "missing_field", ""),
        (
            json!({ "name": null, "uncertain_policy": null }),
            "missing_field",
            "",
        ),
        (json!({ "name": " " }), "invalid_name", "/name"),
        (json!({ "name": "a".repeat(101) }), "invalid_name", "/name"),
        (
            json!({ "missed_after_seconds": 59 }),
            "invalid_missed_after",
            "/missed_after_seconds",
        ),
        (
            json!({ "missed_after_seconds": 2_592_001 }),
            "invalid_missed_after",
            "/missed_after_seconds",
        ),
        (
            json!({ "uncertain_policy": "forget" }),
            "invalid_value",
            "/uncertain_policy",
        ),
    ] {
        let answer = patch(&world, &ada.token, &id, body.clone()).await;
        answer.refused(422, code);
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(world.database.dump(), before);
    for seconds in [60, 2_592_000] {
        let body = json!({ "missed_after_seconds": seconds });
        patch(&world, &ada.token, &id, body).await.expect(200);
    }
}

#[tokio::test]
async fn every_member_and_key_may_read_it_and_only_admins_change_it() {
    let world = World::new();
    let (ada, id) = ada(&world).await;
    let change = || json!({ "name": "Other" });
    let key = world.key(&ada, &["posts:read"]).await;
    get(&world, &key, &id).await.expect(200);
    patch(&world, &key, &id, change())
        .await
        .refused(403, "missing_scope");
    for role in ["viewer", "author", "publisher"] {
        world
            .database
            .change(&Statement::new("UPDATE memberships SET role = ?1").bind(role));
        get(&world, &ada.token, &id).await.expect(200);
        patch(&world, &ada.token, &id, change())
            .await
            .refused(403, "missing_role");
    }
    assert_eq!(changes_logged(&world), []);
}

#[tokio::test]
async fn another_workspace_is_not_there() {
    let world = World::new();
    let (ada, _) = ada(&world).await;
    let eve = world.person("eve").await;
    get(&world, &ada.token, &eve.workspace_id)
        .await
        .refused(404, "not_found");
    let body = json!({ "uncertain_policy": "resend" });
    patch(&world, &ada.token, &eve.workspace_id, body)
        .await
        .refused(404, "not_found");
    let asks = "SELECT count(*) FROM workspaces WHERE uncertain_policy = 'ask'";
    assert_eq!(world.database.value(asks), 2);
}
