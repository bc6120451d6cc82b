//! Several apps, to each its own.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::sandbox::apps::App;

#[test]
fn tokens_belong_to_the_app_that_they_were_granted_by() {
    let other = App {
        client_id: "other-client".into(),
        client_secret: Some("other-secret".into()),
        ..App::default()
    };
    let mut world = World::with(Settings {
        apps: vec![other],
        ..Settings::default()
    });
    let refresh = world.refresh.clone();
    let basic = format!("Basic {}", STANDARD.encode("other-client:other-secret"));
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh[..]),
    ];
    let seen = world.answer(form("/2/oauth2/token", &pairs, Some(&basic)));
    assert_eq!(seen.status, 400, "another app's");
    let theirs = world.x.grant_to(START, 1, "godwit_demo", &SCOPES).unwrap();
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", theirs.refresh.as_deref().unwrap()),
    ];
    assert_eq!(
        world
            .answer(form("/2/oauth2/token", &pairs, Some(&basic)))
            .status,
        200
    );
    assert_eq!(world.refresh(&refresh).status, 200);
}

#[test]
fn each_app_has_its_own_windows_and_an_account_one_day() {
    let mut world = World::with(Settings {
        apps: vec![App {
            client_id: "other-client".into(),
            ..App::default()
        }],
        ..Settings::default()
    });
    world.x.settings.limits.create = 1;
    world.said("1");
    assert_eq!(world.say("2").status, 429);
    let other = world.x.grant_to(START, 1, "godwit_demo", &SCOPES).unwrap();
    world.access = other.access;
    let seen = world.say("2");
    assert_eq!(seen.status, 201);
    assert_eq!(seen.header("x-app-limit-24hour-remaining"), "9999");
    assert_eq!(seen.header("x-user-limit-24hour-remaining"), "2398");
    let seen = world.answer(Request::get("/_sandbox/windows").body(Vec::new()).unwrap());
    let rows = seen.body["windows"].as_array().unwrap();
    let of = |app: Value, span: &str| -> Vec<&Value> {
        let fits =
            |row: &&Value| row["app"] == app && row["span"] == span && !row["user"].is_null();
        rows.iter()
            .filter(fits)
            .map(|row| &row["requests"])
            .collect()
    };
    assert_eq!(of(1.into(), "quarter_hour"), [&Value::from(1)]);
    assert_eq!(of(Value::Null, "day"), [&Value::from(2)]);
}
