use serde_json::json;

use super::*;

fn control(world: &mut World, method: &str, name: &str, body: &Value) -> Seen {
    let request = world.call(
        method,
        &format!("/_sandbox/{name}"),
        body.to_string().into(),
    );
    world.answer(request)
}

fn post(world: &mut World, name: &str, body: &Value) -> Seen {
    control(world, "POST", name, body)
}

fn get(world: &mut World, name: &str) -> Value {
    control(world, "GET", name, &Value::Null).body
}

#[test]
fn faults_are_scripted_one_or_many_listed_and_cleared() {
    let mut world = World::new();
    let one =
        json!({"on": "create", "do": {"kind": "accept_then_empty_201"}, "text_contains": "x"});
    assert_eq!(post(&mut world, "faults", &one).status, 201);
    let many = json!([
        {"on": "refresh", "after": 1, "times": 2, "do": {"kind": "rotate_and_drop"}},
        {"on": "any", "do": {"kind": "status", "name": "rate_limit", "reset_after_s": 5}},
        {"on": "timeline", "do": {"kind": "accept_then_status"}},
        {"on": "create", "do": {"kind": "land_later", "ms": 3}},
    ]);
    assert_eq!(post(&mut world, "faults", &many).status, 201);
    assert_eq!(
        get(&mut world, "faults")["faults"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    control(&mut world, "DELETE", "faults", &Value::Null);
    assert_eq!(get(&mut world, "faults"), json!({"faults": []}));
}

#[test]
fn a_fault_that_does_not_fit_is_refused_and_none_of_its_batch_is_kept() {
    let good = json!({"on": "create", "do": {"kind": "drop_before"}});
    let wrong = [
        json!({"on": "creates", "do": {"kind": "drop_before"}}),
        json!({"on": "create", "do": {"kind": "explode"}}),
        json!({"on": "create", "do": {"kind": "status", "name": "teapot"}}),
        json!({"on": "create", "skip": 1, "do": {"kind": "drop_before"}}),
        json!([good, {"on": "create"}]),
    ];
    for body in wrong {
        let mut world = World::new();
        let seen = post(&mut world, "faults", &body);
        assert_eq!(seen.status, 400, "{body}");
        assert!(!seen.at("/error").is_empty());
        assert!(world.x.faults_left().is_empty());
    }
}

#[test]
fn a_fault_scripted_over_http_works() {
    let mut world = World::new();
    post(
        &mut world,
        "faults",
        &json!({"on": "create", "do": {"kind": "status", "name": "credits_depleted"}}),
    );
    assert_eq!(world.say("hello").status, 402);
}

#[test]
fn the_ledger_holds_what_was_sent_and_what_is_shown() {
    let mut world = World::new();
    let first = world.said("see https://example.com");
    world.now += 1000;
    world.create(&json!({"text": "second", "reply": {"in_reply_to_tweet_id": first}}));
    world.delete(&first);
    let posts = get(&mut world, "posts");
    let row = &posts["posts"][0];
    assert_eq!(row["id"], first);
    assert_eq!(row["author"], "godwit_demo");
    assert_eq!(row["text"], "see https://example.com");
    assert!(
        row["text_shown"]
            .as_str()
            .unwrap()
            .starts_with("see https://t.co/")
    );
    assert_eq!(row["created_at"], "2026-11-21T08:00:00.000Z");
    assert_eq!(row["deleted_at"], "2026-11-21T08:00:01.000Z");
    assert_eq!(posts["posts"][1]["reply_to"], first);
}

#[test]
fn counts_tell_received_from_accepted() {
    let mut world = World::new();
    world.said("1");
    world.say("");
    world.timeline("");
    world.get("/2/users/me");
    let counts = get(&mut world, "counts");
    for (name, count) in [
        ("creates_received", 2),
        ("creates_accepted", 1),
        ("timeline_reads", 1),
        ("users_me", 1),
    ] {
        assert_eq!(counts[name], count, "{name}");
    }
}

#[test]
fn the_control_surface_is_in_no_log() {
    let mut world = World::new();
    world.said("1");
    get(&mut world, "counts");
    assert_eq!(
        get(&mut world, "requests")["requests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn users_are_added_and_names_are_checked() {
    let mut world = World::new();
    let user =
        json!({"username": "new_bird", "name": "New <Bird>", "subscription_type": "Premium"});
    let seen = post(&mut world, "users", &user);
    assert_eq!((seen.status, seen.at("/username")), (201, "new_bird"));
    world.become_user("new_bird");
    assert_eq!(world.say(&"x".repeat(281)).status, 201);
    for username in ["NEW_BIRD", "", "sixteen_letters_", "a b"] {
        let user = json!({"username": username, "name": "n"});
        assert_eq!(post(&mut world, "users", &user).status, 400, "{username}");
    }
}

#[test]
fn tokens_posts_and_revocations_are_there_without_a_browser() {
    let mut world = World::new();
    let asked = json!({"username": "second_bird", "scopes": ["tweet.read", "users.read"]});
    let granted = post(&mut world, "grants", &asked);
    world.access = granted.at("/access_token").into();
    assert_eq!(world.get("/2/users/me").at("/data/username"), "second_bird");
    let written = post(
        &mut world,
        "posts",
        &json!({"username": "second_bird", "text": "mine"}),
    );
    assert_eq!(
        world
            .get(&format!("/2/tweets/{}", written.at("/id")))
            .at("/data/text"),
        "mine"
    );
    assert_eq!(world.x.counts().creates_received, 0);
    assert_eq!(
        post(
            &mut world,
            "revoke-user",
            &json!({"username": "second_bird"})
        )
        .status,
        200
    );
    assert_eq!(world.get("/2/users/me").status, 401);
    assert_eq!(
        post(&mut world, "revoke-user", &json!({"username": "nobody"})).status,
        400
    );
}

#[test]
fn settings_change_by_members_and_keep_their_secrets() {
    let mut world = World::with(Settings {
        client_secret: Some("hush".into()),
        ..Settings::default()
    });
    let seen = post(
        &mut world,
        "settings",
        &json!({"limits": {"create": 1}, "answer_names": "both"}),
    );
    assert_eq!(seen.status, 200);
    assert!(!seen.text.contains("hush") && !seen.text.contains("sandbox-app-only"));
    assert_eq!(world.x.settings.limits.create, 1);
    assert_eq!(world.x.settings.limits.users_me, 75);
    assert_eq!(world.x.settings.client_secret.as_deref(), Some("hush"));
    assert_eq!(
        post(&mut world, "settings", &json!({"limit": 1})).status,
        400
    );
    post(&mut world, "settings", &json!({"client_secret": null}));
    assert_eq!(world.x.settings.client_secret, None);
}

#[test]
fn access_tokens_expire_on_demand() {
    let mut world = World::new();
    assert_eq!(post(&mut world, "expire-tokens", &json!({})).status, 200);
    assert_eq!(world.get("/2/users/me").status, 401);
}

#[test]
fn a_reset_forgets_everything_but_settings_and_repeats_no_id() {
    let mut world = World::new();
    world.x.settings.limits.create = 7;
    let id = world.said("hello");
    let old = world.access.clone();
    post(&mut world, "reset", &json!({}));
    assert!(world.x.posts().is_empty() && world.x.requests().is_empty());
    assert_eq!(world.x.settings.limits.create, 7);
    assert_eq!(world.get("/2/users/me").status, 401);
    world.become_user("godwit_demo");
    assert_ne!(world.access, old);
    assert_ne!(world.said("hello"), id);
}

#[test]
fn what_the_control_surface_does_not_have_is_a_404() {
    assert_eq!(
        control(&mut World::new(), "GET", "nothing", &Value::Null).status,
        404
    );
    assert_eq!(
        control(&mut World::new(), "GET", "reset", &Value::Null).status,
        404
    );
}
