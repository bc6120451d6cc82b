use serde_json::json;

use super::*;
use crate::sandbox::{Effect, On, Refusal};

fn is_drop(reply: &Reply) -> bool {
    matches!(reply, Reply::Drop)
}

fn is_hang(reply: &Reply) -> bool {
    matches!(reply, Reply::Hang)
}

/// What becomes of one create, and whether the post is there.
fn create_under(effect: Effect) -> (World, Reply) {
    let mut world = World::new();
    world.fault(Fault::next(On::Create, effect));
    let request = world.create_request(&json!({"text": "hello"}));
    let reply = world.send(request);
    (world, reply)
}

#[test]
fn before_leaves_nothing_and_after_leaves_a_post() {
    let before = [
        Effect::DropBefore,
        Effect::HangBefore,
        Effect::status(Refusal::ServiceUnavailable),
    ];
    for effect in before {
        let (world, _) = create_under(effect.clone());
        assert!(world.x.posts().is_empty(), "{effect:?}");
        assert_eq!(world.x.counts().creates_received, 1);
    }
    let after = [
        Effect::AcceptThenDrop,
        Effect::AcceptThenHang,
        Effect::AcceptThenEmpty201,
        Effect::AcceptThenStatus {
            name: Refusal::ServiceUnavailable,
        },
        Effect::Delay { ms: 5 },
    ];
    for effect in after {
        let (world, _) = create_under(effect.clone());
        assert_eq!(world.x.posts().len(), 1, "{effect:?}");
        assert_eq!(world.x.counts().creates_accepted, 1);
    }
}

#[test]
fn each_effect_looks_as_it_should_from_outside() {
    assert!(is_drop(&create_under(Effect::DropBefore).1));
    assert!(is_drop(&create_under(Effect::AcceptThenDrop).1));
    assert!(is_hang(&create_under(Effect::HangBefore).1));
    assert!(is_hang(&create_under(Effect::AcceptThenHang).1));
    let (_, reply) = create_under(Effect::AcceptThenEmpty201);
    let seen = Seen::of(reply.answer().unwrap());
    assert_eq!((seen.status, seen.text.as_str()), (201, ""));
    let (_, reply) = create_under(Effect::AcceptThenStatus {
        name: Refusal::ServiceUnavailableHtml,
    });
    let seen = Seen::of(reply.answer().unwrap());
    assert_eq!(
        (seen.status, seen.header("content-type")),
        (503, "text/html; charset=utf-8")
    );
    let (_, reply) = create_under(Effect::Delay { ms: 7 });
    assert!(matches!(reply, Reply::Delay(7, ref inner) if matches!(**inner, Reply::Answer(_))));
}

#[test]
fn a_create_can_land_when_its_client_has_given_up() {
    let (mut world, reply) = create_under(Effect::LandLater { ms: 30_000 });
    assert!(is_hang(&reply));
    world.now += 29_999;
    assert_eq!(world.timeline("").body["meta"]["result_count"], 0);
    world.now += 1;
    assert_eq!(world.timeline("").body["meta"]["result_count"], 1);
    assert_eq!(world.x.posts()[0].created_at, "2026-11-21T08:00:30.000Z");
    assert_eq!(world.x.counts().creates_received, 1);
}

#[test]
fn a_refresh_can_be_rotated_and_lost() {
    let mut world = World::new();
    world.fault(Fault::next(On::Refresh, Effect::RotateAndDrop));
    let token = world.refresh.clone();
    assert!(is_drop(&world.send(form(
        "/2/oauth2/token",
        &refresh_pairs(&token),
        None
    ))));
    assert_eq!(world.refresh(&token).status, 400, "spent");
    assert_eq!(world.x.counts().refreshes_accepted, 1);
    assert_eq!(world.x.counts().refreshes, 2);
}

#[test]
fn a_rule_skips_counts_and_ends() {
    let mut world = World::new();
    let fault = Fault::next(On::Create, Effect::status(Refusal::ServerError));
    world.fault(fault.after(1).times(2));
    let statuses: Vec<u16> = (0..4).map(|n| world.say(&n.to_string()).status).collect();
    assert_eq!(statuses, [201, 500, 500, 201]);
    assert!(world.x.faults_left().is_empty());
    assert_eq!(world.x.counts().faults, 2);
}

#[test]
fn rules_queue_up() {
    let mut world = World::new();
    for name in [Refusal::ServerError, Refusal::ServiceUnavailable] {
        world.fault(Fault::next(On::Any, Effect::status(name)));
    }
    assert_eq!(world.get("/2/users/me").status, 500);
    assert_eq!(world.timeline("").status, 503);
    assert_eq!(world.timeline("").status, 200);
}

#[test]
fn a_rule_takes_only_its_class_text_and_user() {
    let mut world = World::new();
    let refused = Effect::status(Refusal::ServerError);
    world.fault(Fault::next(On::Timeline, refused.clone()));
    world.fault(Fault::next(On::Any, refused.clone()).text_contains("boom"));
    world.fault(Fault::next(On::Create, refused).username("second_bird"));
    assert_eq!(world.say("quiet").status, 201);
    assert_eq!(world.get("/2/users/me").status, 200);
    assert_eq!(world.say("a boom b").status, 500);
    world.become_user("second_bird");
    assert_eq!(world.say("quiet").status, 500);
    assert_eq!(world.timeline("").status, 500);
    assert!(world.x.faults_left().is_empty());
}

#[test]
fn every_class_can_be_refused() {
    let classes = [
        On::Token,
        On::Refresh,
        On::Revoke,
        On::UsersMe,
        On::Create,
        On::Delete,
        On::Lookup,
        On::Timeline,
    ];
    for class in classes {
        let mut world = World::new();
        world.fault(Fault::next(class, Effect::status(Refusal::ServerError)));
        let codes = [("grant_type", "authorization_code")];
        let refused = [
            world.form("/2/oauth2/token", &codes),
            world.refresh("x"),
            world.form("/2/oauth2/revoke", &[]),
            world.get("/2/users/me"),
            world.say("a"),
            world.delete("1"),
            world.get("/2/tweets/1"),
            world.timeline(""),
        ]
        .map(|seen| seen.status == 500);
        let expected = classes.map(|each| each == class);
        assert_eq!(refused, expected, "{class:?}");
    }
}

#[test]
fn a_scripted_throttle_says_when_it_ends_and_is_not_counted() {
    let mut world = World::new();
    let effect = Effect::Status {
        name: Refusal::RateLimit,
        reset_after_s: 5,
    };
    world.fault(Fault::next(On::Create, effect));
    let seen = world.say("hello");
    assert_eq!(seen.status, 429);
    assert_eq!(seen.header("x-rate-limit-remaining"), "0");
    assert_eq!(
        seen.header("x-rate-limit-reset"),
        (START / 1000 + 5).to_string()
    );
    assert_eq!(world.say("hello").header("x-rate-limit-remaining"), "99");
}

#[test]
fn a_scripted_day_cap_leaves_the_window_open() {
    let mut world = World::new();
    let effect = Effect::Status {
        name: Refusal::DayCap,
        reset_after_s: 60,
    };
    world.fault(Fault::next(On::Create, effect));
    let seen = world.say("hello");
    assert_eq!(
        (seen.status, seen.header("x-rate-limit-remaining")),
        (429, "100")
    );
    assert_eq!(seen.header("x-user-limit-24hour-remaining"), "0");
    assert_eq!(
        seen.header("x-user-limit-24hour-reset"),
        (START / 1000 + 60).to_string()
    );
}

#[test]
fn the_refusals_have_xs_statuses_and_words() {
    let expected = [
        (
            "rate_limit_code88",
            429,
            "/errors/0/message",
            "Rate limit exceeded",
        ),
        ("usage_cap", 429, "/title", "UsageCapExceeded"),
        ("server_error", 500, "/title", "Internal Server Error"),
        ("service_unavailable", 503, "/detail", "Service Unavailable"),
        ("credits_depleted", 402, "/title", "CreditsDepleted"),
        (
            "spend_cap",
            403,
            "/detail",
            "Your monthly spend cap has been reached.",
        ),
        ("client_not_enrolled", 403, "/reason", "client-not-enrolled"),
        (
            "forbidden",
            403,
            "/detail",
            "You are not permitted to perform this action.",
        ),
        (
            "duplicate",
            403,
            "/detail",
            "You are not allowed to create a Tweet with duplicate content.",
        ),
        (
            "invalid_url",
            400,
            "/detail",
            "The Tweet contains an invalid URL.",
        ),
        (
            "user_suspended",
            403,
            "/type",
            "https://api.twitter.com/2/problems/user-suspended",
        ),
        ("unauthorized", 401, "/detail", "Unauthorized"),
        ("missing_scope", 403, "/detail", "Forbidden"),
        (
            "token_invalid",
            400,
            "/error_description",
            "Value passed for the token was invalid.",
        ),
        ("bad_client", 401, "/error", "unauthorized_client"),
        ("token_rate_limited", 429, "/error", "rate_limited"),
        (
            "temporarily_unavailable",
            503,
            "/error",
            "temporarily_unavailable",
        ),
    ];
    for (name, status, pointer, words) in expected {
        let name = serde_json::from_value(json!(name)).unwrap();
        let mut world = World::new();
        world.fault(Fault::next(On::Create, Effect::status(name)));
        let seen = world.say("hello");
        assert_eq!((seen.status, seen.at(pointer)), (status, words));
    }
}

#[test]
fn the_log_tells_the_fate_of_each_request_and_holds_no_secret() {
    let mut world = World::new();
    world.fault(Fault::next(On::Create, Effect::AcceptThenDrop));
    let request = world.create_request(&json!({"text": "hello"}));
    world.send(request);
    let token = world.refresh.clone();
    world.refresh(&token);
    let log = json!(world.x.requests());
    assert_eq!(log[0]["fate"], "dropped");
    assert_eq!(log[0]["status"], 201);
    assert_eq!(log[0]["fault"], "accept_then_drop");
    assert_eq!(log[0]["username"], "godwit_demo");
    assert_eq!(log[0]["path"], "/2/tweets");
    assert_eq!(
        (&log[1]["on"], &log[1]["status"]),
        (&json!("refresh"), &json!(200))
    );
    let text = log.to_string();
    assert!(!text.contains(&token) && !text.contains(&world.access));
}
