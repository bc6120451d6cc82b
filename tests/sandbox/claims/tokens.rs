use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;

const DEAD: &str = "Value passed for the token was invalid.";
const DEAD_CODE: &str = "Value passed for the authorization code was invalid.";

/// A code for `VERIFIER`, by S256.
fn code(world: &mut World, scope: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let seen = world.form(
        "/i/oauth2/authorize",
        &[
            ("response_type", "code"),
            ("client_id", "sandbox-client"),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("decision", "authorize"),
        ],
    );
    let location = seen.header("location").to_owned();
    location.split_once("code=").expect("a code").1.to_owned()
}

fn exchange(world: &mut World, code: &str, redirect_uri: &str, verifier: &str) -> Seen {
    world.form(
        "/2/oauth2/token",
        &exchange_pairs(code, redirect_uri, verifier),
    )
}

fn exchange_pairs<'a>(code: &'a str, uri: &'a str, verifier: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", uri),
        ("code_verifier", verifier),
        ("client_id", "sandbox-client"),
    ]
}

fn confidential() -> World {
    World::with(Settings {
        client_secret: Some("a secret+/=%".into()),
        ..Settings::default()
    })
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[track_caller]
fn assert_error(seen: &Seen, status: u16, error: &str, description: &str) {
    assert_eq!(seen.status, status, "{:?}", seen.body);
    assert_eq!(
        seen.body,
        json!({"error": error, "error_description": description})
    );
}

#[test]
fn an_exchange_gives_two_hours_and_the_granted_scopes() {
    let mut world = World::new();
    let code = code(&mut world, "tweet.read users.read offline.access");
    let seen = exchange(&mut world, &code, CALLBACK, VERIFIER);
    assert_eq!(seen.status, 200);
    assert_eq!(seen.at("/token_type"), "bearer");
    assert_eq!(seen.body["expires_in"], 7200);
    assert_eq!(seen.at("/scope"), "tweet.read users.read offline.access");
    assert!(!seen.at("/refresh_token").is_empty());
}

#[test]
fn without_offline_access_there_is_no_refresh_token() {
    let mut world = World::new();
    let code = code(&mut world, "tweet.read users.read");
    let seen = exchange(&mut world, &code, CALLBACK, VERIFIER);
    assert_eq!(seen.status, 200);
    assert_eq!(seen.body.get("refresh_token"), None);
}

#[test]
fn withheld_scopes_are_not_granted() {
    let mut world = World::new();
    world.x.settings.withheld_scopes = vec!["tweet.write".into()];
    let code = code(&mut world, "tweet.read tweet.write users.read");
    let seen = exchange(&mut world, &code, CALLBACK, VERIFIER);
    assert_eq!(seen.at("/scope"), "tweet.read users.read");
}

#[test]
fn a_code_older_than_30_s_is_refused() {
    let mut world = World::new();
    let young = code(&mut world, "tweet.read");
    world.now += 30_000;
    assert_eq!(exchange(&mut world, &young, CALLBACK, VERIFIER).status, 200);
    let old = code(&mut world, "tweet.read");
    world.now += 30_001;
    let seen = exchange(&mut world, &old, CALLBACK, VERIFIER);
    assert_error(&seen, 400, "invalid_request", DEAD_CODE);
}

#[test]
fn a_code_is_used_once() {
    let mut world = World::new();
    let code = code(&mut world, "tweet.read");
    assert_eq!(exchange(&mut world, &code, CALLBACK, VERIFIER).status, 200);
    let seen = exchange(&mut world, &code, CALLBACK, VERIFIER);
    assert_error(&seen, 400, "invalid_request", DEAD_CODE);
}

#[test]
fn a_wrong_verifier_or_callback_is_refused() {
    let mut world = World::new();
    let other = VERIFIER.replace('a', "b");
    for (uri, verifier) in [(CALLBACK, other.as_str()), ("http://127.0.0.1/", VERIFIER)] {
        let code = code(&mut world, "tweet.read");
        let seen = exchange(&mut world, &code, uri, verifier);
        assert_error(&seen, 400, "invalid_request", DEAD_CODE);
    }
}

#[test]
fn a_missing_parameter_is_named() {
    let mut world = World::new();
    let all = exchange_pairs("c", CALLBACK, VERIFIER);
    for (index, (name, _)) in all.iter().enumerate() {
        let mut pairs = all.to_vec();
        pairs.remove(index);
        let seen = world.form("/2/oauth2/token", &pairs);
        let words = format!("Missing required parameter [{name}].");
        assert_error(&seen, 400, "invalid_request", &words);
    }
}

#[test]
fn only_a_form_is_read() {
    let mut world = World::new();
    let refresh = world.refresh.clone();
    let body = json!({"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "sandbox-client"});
    let request = world.call("POST", "/2/oauth2/token", body.to_string().into());
    let seen = world.answer(request);
    assert_error(
        &seen,
        400,
        "invalid_request",
        "Missing required parameter [grant_type].",
    );
}

#[test]
fn a_refresh_token_is_spent_by_its_use() {
    let mut world = World::new();
    let first = world.refresh.clone();
    let seen = world.refresh(&first);
    assert_eq!(seen.status, 200);
    let second = seen.at("/refresh_token").to_owned();
    assert_ne!(first, second);
    assert_error(&world.refresh(&first), 400, "invalid_request", DEAD);
    assert_eq!(world.refresh(&second).status, 200, "the family lives");
}

#[test]
fn reuse_kills_the_family_if_so_set() {
    let mut world = World::new();
    world.x.settings.family_kill = true;
    let first = world.refresh.clone();
    let seen = world.refresh(&first);
    world.access = seen.at("/access_token").into();
    assert_eq!(world.get("/2/users/me").status, 200);
    assert_eq!(world.refresh(&first).status, 400);
    assert_error(
        &world.refresh(seen.at("/refresh_token")),
        400,
        "invalid_request",
        DEAD,
    );
    assert_eq!(world.get("/2/users/me").status, 401);
}

#[test]
fn a_refresh_token_lives_about_half_a_year() {
    let mut world = World::new();
    world.now += 182 * 24 * HOUR;
    let token = world.refresh.clone();
    assert_error(&world.refresh(&token), 400, "invalid_request", DEAD);
}

#[test]
fn an_access_token_lives_two_hours() {
    let mut world = World::new();
    world.now += 2 * HOUR - 1;
    assert_eq!(world.get("/2/users/me").status, 200);
    world.now += 1;
    assert_eq!(world.get("/2/users/me").status, 401);
}

#[test]
fn a_refresh_ends_the_access_token_before_it_only_if_so_set() {
    for (ends, status) in [(false, 200), (true, 401)] {
        let mut world = World::new();
        world.x.settings.refresh_ends_access_token = ends;
        let token = world.refresh.clone();
        world.refresh(&token);
        assert_eq!(world.get("/2/users/me").status, status);
    }
}

#[test]
fn a_confidential_client_must_use_basic() {
    let mut world = confidential();
    let token = world.refresh.clone();
    let words = "Missing valid authorization header";
    let mut in_body = refresh_pairs(&token).to_vec();
    in_body.push(("client_secret", "a secret+/=%"));
    let seen = world.form("/2/oauth2/token", &in_body);
    assert_error(&seen, 401, "unauthorized_client", words);
    let wrong = basic("sandbox-client", "another");
    let seen = world.answer(form(
        "/2/oauth2/token",
        &refresh_pairs(&token),
        Some(&wrong),
    ));
    assert_error(&seen, 401, "unauthorized_client", words);
}

#[test]
fn basic_is_taken_plain_and_form_encoded() {
    for secret in ["a secret+/=%", "a+secret%2B%2F%3D%25"] {
        let mut world = confidential();
        let token = world.refresh.clone();
        let header = basic("sandbox-client", secret);
        let seen = world.answer(form(
            "/2/oauth2/token",
            &refresh_pairs(&token),
            Some(&header),
        ));
        assert_eq!(seen.status, 200, "{secret}");
    }
}

#[test]
fn a_public_client_must_not_use_basic() {
    let mut world = World::new();
    let token = world.refresh.clone();
    let header = basic("sandbox-client", "");
    let seen = world.answer(form(
        "/2/oauth2/token",
        &refresh_pairs(&token),
        Some(&header),
    ));
    assert_eq!(seen.status, 401);
}

#[test]
fn a_bad_client_does_not_spend_the_token() {
    let mut world = confidential();
    let token = world.refresh.clone();
    assert_eq!(world.refresh(&token).status, 401);
    let header = basic("sandbox-client", "a secret+/=%");
    let seen = world.answer(form(
        "/2/oauth2/token",
        &refresh_pairs(&token),
        Some(&header),
    ));
    assert_eq!(seen.status, 200);
}

#[test]
fn revoking_the_refresh_token_ends_the_grant() {
    let mut world = World::new();
    let token = world.refresh.clone();
    let seen = world.form(
        "/2/oauth2/revoke",
        &[("token", &token), ("client_id", "sandbox-client")],
    );
    assert_eq!((seen.status, seen.body), (200, json!({"revoked": true})));
    assert_eq!(world.get("/2/users/me").status, 401);
    assert_error(&world.refresh(&token), 400, "invalid_request", DEAD);
}

#[test]
fn revoking_what_is_unknown_is_no_error() {
    let mut world = World::new();
    let pairs = [("token", "unknown"), ("client_id", "sandbox-client")];
    assert_eq!(world.form("/2/oauth2/revoke", &pairs).status, 200);
    assert_eq!(world.get("/2/users/me").status, 200);
}

#[test]
fn a_user_who_revokes_the_app_ends_every_grant_of_theirs_only() {
    let mut world = World::new();
    let others = world.x.grant(START, "second_bird", &SCOPES).unwrap();
    assert!(world.x.revoke_user("godwit_demo"));
    assert_eq!(world.get("/2/users/me").status, 401);
    let token = world.refresh.clone();
    assert_error(&world.refresh(&token), 400, "invalid_request", DEAD);
    world.access = others.access;
    assert_eq!(world.get("/2/users/me").status, 200);
}

#[test]
fn expired_access_tokens_can_be_refreshed() {
    let mut world = World::new();
    world.x.expire_tokens();
    assert_eq!(world.get("/2/users/me").status, 401);
    let token = world.refresh.clone();
    world.access = world.refresh(&token).at("/access_token").into();
    assert_eq!(world.get("/2/users/me").status, 200);
}
