use serde_json::json;

use super::*;

const UNAUTHORIZED: &str =
    r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;

fn rate(seen: &Seen) -> [&str; 3] {
    ["limit", "remaining", "reset"].map(|name| seen.header(&format!("x-rate-limit-{name}")))
}

fn day<'a>(seen: &'a Seen, who: &str) -> [&'a str; 3] {
    ["limit", "remaining", "reset"].map(|name| seen.header(&format!("x-{who}-limit-24hour-{name}")))
}

#[test]
fn every_window_is_as_wide_as_xs() {
    let mut world = World::new();
    let id = world.said("hello");
    let widths = [
        (world.get("/2/users/me"), "75"),
        (world.timeline(""), "900"),
        (world.get(&format!("/2/tweets/{id}")), "900"),
        (world.get(&format!("/2/tweets?ids={id}")), "5000"),
        (world.delete(&id), "50"),
        (world.say("again"), "100"),
    ];
    for (seen, width) in &widths {
        assert_eq!(rate(seen)[0], *width);
        // The window of 15 minutes opens with its first request.
        assert_eq!(rate(seen)[2], (START / 1000 + 900).to_string());
    }
}

#[test]
fn the_window_closes_and_opens_again() {
    let mut world = World::new();
    world.x.settings.limits.create = 2;
    assert_eq!(rate(&world.say("1"))[1], "1");
    assert_eq!(rate(&world.say("2"))[1], "0");
    let refused = world.say("3");
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.body,
        json!({"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429})
    );
    assert_eq!(rate(&refused)[1], "0");
    assert_eq!(world.x.counts().creates_accepted, 2);
    assert_eq!(world.x.counts().throttled, 1);
    world.now += 899_999;
    assert_eq!(world.say("3").status, 429);
    world.now += 1;
    assert_eq!(rate(&world.say("3"))[1], "1");
}

#[test]
fn a_window_is_of_one_user_and_one_endpoint() {
    let mut world = World::new();
    world.x.settings.limits.create = 1;
    world.said("1");
    assert_eq!(world.say("2").status, 429);
    assert_eq!(world.get("/2/users/me").status, 200);
    world.become_user("second_bird");
    assert_eq!(world.say("2").status, 201);
}

#[test]
fn refused_creates_count_in_the_window_and_not_in_the_day() {
    let mut world = World::new();
    assert_eq!(world.say("").status, 400);
    let seen = world.say("hello");
    assert_eq!(rate(&seen)[1], "98");
    assert_eq!(day(&seen, "user")[1], "2399");
}

#[test]
fn a_create_shows_the_caps_of_the_day() {
    let mut world = World::new();
    let seen = world.say("hello");
    let tomorrow = (START / 1000 + 86_400).to_string();
    assert_eq!(day(&seen, "app"), ["10000", "9999", tomorrow.as_str()]);
    assert_eq!(day(&seen, "user"), ["2400", "2399", tomorrow.as_str()]);
    assert_eq!(day(&world.get("/2/users/me"), "app"), [""; 3]);
}

#[test]
fn a_spent_day_is_a_429_with_the_window_open() {
    let mut world = World::new();
    world.x.settings.limits.create_user_day = 1;
    world.said("1");
    world.now += HOUR;
    let seen = world.say("2");
    assert_eq!(seen.status, 429);
    assert_eq!(rate(&seen)[1], "100");
    assert_eq!(day(&seen, "user")[1], "0");
    assert_eq!(day(&seen, "user")[2], (START / 1000 + 86_400).to_string());
    world.now = START + 24 * HOUR;
    world.access = world
        .x
        .grant(world.now, "godwit_demo", &SCOPES)
        .unwrap()
        .access;
    assert_eq!(world.say("2").status, 201);
}

#[test]
fn the_apps_day_is_shared_by_its_users() {
    let mut world = World::new();
    world.x.settings.limits.create_app_day = 1;
    world.said("1");
    world.become_user("second_bird");
    let seen = world.say("2");
    assert_eq!((seen.status, day(&seen, "app")[1]), (429, "0"));
}

#[test]
fn no_token_and_a_wrong_one_are_unauthorized() {
    let mut world = World::new();
    for value in ["Bearer nonsense", "Basic abc", ""] {
        let request = http::Request::get("/2/users/me").header("authorization", value);
        let seen = world.answer(request.body(Vec::new()).unwrap());
        let expected: Value = serde_json::from_str(UNAUTHORIZED).unwrap();
        assert_eq!((seen.status, seen.body), (401, expected));
    }
}

#[test]
fn scopes_are_needed() {
    let mut world = World::new();
    world.access = world
        .x
        .grant(START, "godwit_demo", &["users.read", "tweet.read"])
        .unwrap()
        .access;
    assert_eq!(world.get("/2/users/me").status, 200);
    let seen = world.say("hello");
    assert_eq!((seen.status, seen.at("/detail")), (403, "Forbidden"));
    world.access = world
        .x
        .grant(START, "godwit_demo", &["users.read"])
        .unwrap()
        .access;
    assert_eq!(world.get("/2/users/me").status, 403);
}

#[test]
fn app_only_reads_posts_and_nothing_of_a_user() {
    let mut world = World::new();
    world.access = "sandbox-app-only".into();
    assert_eq!(world.timeline("").status, 200);
    for seen in [
        world.get("/2/users/me"),
        world.say("hello"),
        world.delete("1"),
    ] {
        assert_eq!(seen.status, 403);
        assert!(
            seen.at("/type")
                .ends_with("/problems/unsupported-authentication")
        );
        assert!(seen.at("/detail").contains("for this endpoint.  Supported"));
    }
}

#[test]
fn every_answer_of_the_api_has_a_transaction_id_of_its_own() {
    let mut world = World::new();
    let refresh = world.refresh.clone();
    let answers = [
        world.get("/2/users/me"),
        world.say(""),
        world.refresh(&refresh),
        world.get("/2/nothing"),
        world.get("/1.1/statuses/update.json"),
    ];
    let mut ids: Vec<&str> = answers
        .iter()
        .map(|seen| seen.header("x-transaction-id"))
        .collect();
    assert!(ids.iter().all(|id| id.len() == 16));
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn another_method_is_a_405() {
    let mut world = World::new();
    let request = world.call("PUT", "/2/tweets", Vec::new());
    assert_eq!(world.answer(request).status, 405);
}
