//! What the table of keys betrays, and to whom.

use super::{claimed, heeding, keyed, repeats, with_other_body};
use crate::routes::{Ground, name, problem};
use crate::support::World;
use godwit::ports::Statement;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn no_secret_of_a_request_or_its_answer_is_in_the_database() {
    for route in claimed() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        let dump = json!(ground.world().database.dump()).to_string();
        let text = |name: &str| first.json[name].as_str().unwrap_or("absent").to_owned();
        let is_connect = first.json.get("authorization_url").is_some();
        let state = Some(text("state")).filter(|_| is_connect);
        let cookie = first.header("set-cookie").split(['=', ';']).nth(1);
        for secret in [
            "correct horse",
            &text("token"),
            &text("key"),
            &text("authorization_url"),
            state.as_deref().unwrap_or("absent"),
            cookie.unwrap_or("absent"),
        ] {
            assert!(!dump.contains(secret), "{}: {secret}", name(&route));
        }
    }
}

#[tokio::test]
async fn what_recognises_a_body_cannot_be_made_without_the_servers_key() {
    // A guess of the password in it could be tried on a bare hash.
    const OTHER: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for route in claimed() {
        let fingerprint = async |ring: Option<&str>| {
            let mut ground = Ground::new().await;
            let asked = keyed(&ground, &route, "once").await;
            if let Some(ring) = ring {
                ground.stage.world.config =
                    Arc::clone(&World::with(&[("ENCRYPTION_KEYS", ring)]).config);
            }
            ground.send(asked).await;
            let kept = "SELECT fingerprint FROM idempotency_keys";
            ground.world().database.value(kept)
        };
        let usual = fingerprint(None).await;
        assert!(usual.as_str().unwrap().len() == 43, "{}", name(&route));
        assert_eq!(fingerprint(None).await, usual, "{}", name(&route));
        assert_ne!(fingerprint(Some(OTHER)).await, usual, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_kept_answer_opens_in_its_own_row_alone() {
    for route in claimed() {
        let ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        ground.send(asked.clone()).await;
        let other = claimed().find(|other| other.path != route.path).unwrap();
        ground.send(keyed(&ground, &other, "other").await).await;
        let swap = "UPDATE idempotency_keys SET answer = (
            SELECT answer FROM idempotency_keys WHERE key = 'other') WHERE key = 'once'";
        ground.world().database.change(&Statement::new(swap));
        let what = name(&route);
        problem(&what, &ground.send(asked).await, 500, "internal");
    }
}

#[tokio::test]
async fn who_tries_many_bodies_under_a_key_is_shown_nothing() {
    for (guesses, shown) in [(9, true), (10, false)] {
        for route in claimed() {
            let ground = Ground::new().await;
            let asked = keyed(&ground, &route, "once").await;
            let first = ground.send(asked.clone()).await;
            let what = format!("{} after {guesses}", name(&route));
            for _ in 0..guesses {
                let answer = ground.send(with_other_body(&asked)).await;
                problem(&what, &answer, 422, "idempotency_key_reused");
            }
            let again = ground.send(asked).await;
            if shown {
                repeats(&what, &first, &again);
            } else {
                problem(&what, &again, 422, "idempotency_key_reused");
            }
        }
    }
}

#[tokio::test]
async fn a_repeat_is_known_after_a_rotation_of_the_servers_keys() {
    const RING: &str = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    for route in heeding() {
        let mut ground = Ground::new().await;
        let asked = keyed(&ground, &route, "once").await;
        let first = ground.send(asked.clone()).await;
        ground.stage.world.config = Arc::clone(&World::with(&[("ENCRYPTION_KEYS", RING)]).config);
        repeats(&name(&route), &first, &ground.send(asked).await);
    }
}
