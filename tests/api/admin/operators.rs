//! Who is an operator, and what that opens.

use crate::support::issuer::{JWT_ISSUERS, key_set, token};
use crate::support::outside::json_answer;
use crate::support::{Person, World};
use futures_util::future::join;
use godwit::ports::{Clock, Statement};
use rusqlite::Connection;
use serde_json::{Value, json};

async fn queue(world: &World, token: &str) -> crate::support::Answer {
    world
        .request("GET", "/admin/queue", Some(token), None)
        .await
}

async fn is_operator(world: &World, token: &str) -> Value {
    let me = world.request("GET", "/me", Some(token), None).await;
    me.expect(200)["user"]["operator"].clone()
}

fn make_operator(world: &World, person: &Person) {
    let change = Statement::new("UPDATE users SET operator = 1 WHERE id = ?1");
    world.database.change(&change.bind(person.user_id.as_str()));
}

async fn register(world: &World, name: &str) -> crate::support::Answer {
    let body = json!({ "email": format!("{name}@example.com"), "password": "correct horse", "name": name });
    world
        .request("POST", "/auth/register", None, Some(body))
        .await
}

#[tokio::test]
async fn the_first_who_registers_is_the_operator_and_nobody_after_them() {
    let world = World::new();
    let first = register(&world, "ada").await.expect(201);
    let second = register(&world, "eve").await.expect(201);
    assert_eq!(
        (&first["user"]["operator"], &second["user"]["operator"]),
        (&json!(true), &json!(false))
    );
    let (ada, eve) = (
        first["token"].as_str().unwrap(),
        second["token"].as_str().unwrap(),
    );
    assert_eq!(is_operator(&world, ada).await, true);
    assert_eq!(is_operator(&world, eve).await, false);
    queue(&world, ada).await.expect(200);
    let refused = queue(&world, eve).await;
    refused.refused(403, "operator_required");
    assert!(
        refused.json["remedy"]
            .as_str()
            .unwrap()
            .contains("GET /api/v1/me")
    );
    let login = json!({ "email": "ada@example.com", "password": "correct horse" });
    let signed_in = world
        .request("POST", "/auth/login", None, Some(login))
        .await;
    assert_eq!(signed_in.expect(200)["user"]["operator"], true);
}

#[tokio::test]
async fn of_two_who_are_first_at_once_one_is_the_operator_and_both_are_told_so() {
    let world = World::new();
    let (one, other) = join(register(&world, "ada"), register(&world, "eve")).await;
    let told = [one, other].map(|answer| answer.expect(201)["user"].clone());
    for user in &told {
        let sql = "SELECT id FROM users WHERE operator = 1";
        let is = world.database.value(sql) == user["id"];
        assert_eq!(user["operator"], is, "{told:?}");
    }
    assert_eq!(world.database.value("SELECT sum(operator) FROM users"), 1);
}

#[tokio::test]
async fn where_strangers_may_not_register_one_of_two_who_are_first_is_refused() {
    let world = World::with(&[("ALLOW_SIGNUP", "")]);
    let (one, other) = join(register(&world, "ada"), register(&world, "eve")).await;
    let refused = if one.status == 201 { other } else { one };
    refused.refused(403, "signup_closed");
    assert_eq!(world.database.value("SELECT sum(operator) FROM users"), 1);
    assert_eq!(world.database.value("SELECT count(*) FROM users"), 1);
}

#[tokio::test]
async fn a_person_of_an_issuer_is_one_only_if_their_row_says_so() {
    let world = World::with(&[("JWT_ISSUERS", JWT_ISSUERS)]);
    world
        .http
        .on_request(|_, _| json_answer(200, &key_set(&["k"])));
    let expires = world.clock.now().millis() / 1_000 + 300;
    let jwt = token("k", &json!({ "sub": "ada", "exp": expires }));
    // The very first of the installation, and yet.
    assert_eq!(is_operator(&world, &jwt).await, false);
    queue(&world, &jwt).await.refused(403, "operator_required");
    let registered = world.person("eve").await;
    assert_eq!(is_operator(&world, &registered.token).await, false);
    world.database.change(&Statement::new(
        "UPDATE users SET operator = 1 WHERE subject = 'ada'",
    ));
    assert_eq!(is_operator(&world, &jwt).await, true);
    queue(&world, &jwt).await.expect(200);
}

#[tokio::test]
async fn only_an_operator_can_grant_operator_and_only_such_a_key_reaches_it() {
    let world = World::new();
    let ada = world.person("ada").await;
    let eve = world.person("eve").await;
    let asked = || Some(json!({ "name": "k", "scopes": ["posts:read", "operator"] }));
    let refused = world
        .request("POST", "/api-keys", Some(&eve.token), asked())
        .await;
    refused.refused(422, "scope_not_allowed");
    assert_eq!(refused.json["errors"][0]["pointer"], "/scopes");
    assert_eq!(world.database.value("SELECT count(*) FROM api_keys"), 0);

    let key = world.key(&ada, &["operator"]).await;
    queue(&world, &key).await.expect(200);
    world
        .request("GET", "/posts", Some(&key), None)
        .await
        .refused(403, "missing_scope");
    let admin = world.key(&ada, &["admin"]).await;
    queue(&world, &admin).await.refused(403, "missing_scope");

    // A key is worth what its maker is, each time anew.
    world
        .database
        .change(&Statement::new("UPDATE users SET operator = 0"));
    queue(&world, &key).await.refused(403, "operator_required");
    make_operator(&world, &eve);
    queue(&world, &key).await.refused(403, "operator_required");
    make_operator(&world, &ada);
    queue(&world, &key).await.expect(200);
}

#[tokio::test]
async fn an_operator_reads_nobodys_posts() {
    let world = World::new();
    let ada = world.person("ada").await;
    let eve = world.person("eve").await;
    let elsewhere = [("x-workspace", eve.workspace_id.as_str())];
    for path in ["/posts", "/accounts", "/admin/queue"] {
        world
            .request_with("GET", path, Some(&ada.token), &elsewhere, None)
            .await
            .refused(404, "not_found");
    }
}

/// The operators after the migration of an installation with these users: id, whether they have a password, age.
fn operators_after_migration(users: &[(&str, bool, i64)]) -> Vec<String> {
    let migration = |name: &str| {
        let path = format!("{}/migrations/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch(&migration("0001_foundation.sql"))
        .unwrap();
    for (id, password, created_at) in users {
        let hash = password.then_some("hash");
        let issuer = (!password).then_some("https://id.test");
        let sql = "INSERT INTO users (id, name, password_hash, issuer, subject, created_at) VALUES (?1, 'a', ?2, ?3, ?4, ?5)";
        let subject = issuer.map(|_| *id);
        database
            .execute(sql, (id, hash, issuer, subject, created_at))
            .unwrap();
    }
    database
        .execute_batch(&migration("0003_operations.sql"))
        .unwrap();
    let mut found = database
        .prepare("SELECT id FROM users WHERE operator = 1")
        .unwrap();
    let ids = found.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

#[test]
fn in_an_installation_in_use_whoever_registered_first_becomes_the_operator() {
    assert_eq!(operators_after_migration(&[]), Vec::<String>::new());
    let of = |users| operators_after_migration(users);
    assert_eq!(of(&[("b", true, 2), ("a", true, 3), ("c", true, 1)]), ["c"]);
    assert_eq!(of(&[("b", true, 1), ("a", true, 1)]), ["a"]);
    assert_eq!(of(&[("issued", false, 1), ("a", true, 2)]), ["a"]);
    assert_eq!(of(&[("issued", false, 1)]), Vec::<String>::new());
}
