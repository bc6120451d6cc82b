//! Who is not known is told so, whatever they ask for, and nothing happens.

use super::{Ground, guarded, name, problem};
use crate::support::issuer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use godwit::http::Access;
use godwit::ports::Statement;
use godwit::time::DAY_MS;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// The secret of the tests' world, with which these tests sign what they forge.
const SECRET: &[u8] = b"a secret for tests, long enough to be one";

/// A good token with another header or other claims, signed with `secret`, or not at all.
fn forge(good: &str, header: &Value, claims: &Value, secret: Option<&[u8]>) -> String {
    let part = |index: usize, changes: &Value| {
        let bytes = URL_SAFE_NO_PAD.decode(good.split('.').nth(index).unwrap());
        let mut part: Value = serde_json::from_slice(&bytes.unwrap()).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            part[name] = value.clone();
        }
        URL_SAFE_NO_PAD.encode(part.to_string())
    };
    let message = format!("{}.{}", part(0, header), part(1, claims));
    let signature = secret.map_or(String::new(), |secret| {
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap()
    });
    format!("{message}.{signature}")
}

fn forgeries(good: &str, other: &str) -> Vec<(&'static str, String)> {
    let same = json!({});
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (_, claims) = head.split_once('.').unwrap();
    let others_claims = other.split('.').nth(1).unwrap();
    let alg = |name: &str| json!({ "alg": name });
    vec![
        ("alg none", forge(good, &alg("none"), &same, None)),
        ("alg None", forge(good, &alg("None"), &same, None)),
        (
            "alg none, signed",
            forge(good, &alg("none"), &same, Some(SECRET)),
        ),
        ("no alg", forge(good, &alg(""), &same, Some(SECRET))),
        (
            "another alg",
            forge(good, &alg("HS512"), &same, Some(SECRET)),
        ),
        (
            "an asymmetric alg",
            forge(good, &alg("RS256"), &same, Some(SECRET)),
        ),
        (
            "another type",
            forge(good, &json!({ "typ": "JWT" }), &same, Some(SECRET)),
        ),
        (
            "a wrong key",
            forge(
                good,
                &same,
                &same,
                Some(b"another secret, long enough to be one"),
            ),
        ),
        ("an empty key", forge(good, &same, &same, Some(b""))),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("another's claims", good.replace(claims, others_claims)),
        (
            "another audience",
            forge(good, &same, &json!({ "aud": "else" }), Some(SECRET)),
        ),
        (
            "another issuer",
            forge(
                good,
                &same,
                &json!({ "iss": "https://else.test" }),
                Some(SECRET),
            ),
        ),
        (
            "no session",
            forge(good, &same, &json!({ "sid": null }), Some(SECRET)),
        ),
        (
            "a stranger's session",
            forge(
                good,
                &same,
                &json!({ "sid": "sess_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c" }),
                Some(SECRET),
            ),
        ),
        (
            "another's session",
            forge(
                good,
                &same,
                &json!({ "sub": "user_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c" }),
                Some(SECRET),
            ),
        ),
        (
            "an issuer that nobody trusts",
            issuer::token("k1", &json!({ "sub": "x", "exp": 9_000_000_000_u64 })),
        ),
        ("not base64", "a.b.c!".to_owned()),
        ("nonsense", "nonsense".to_owned()),
        ("no such key", format!("gw_{}", "A".repeat(43))),
        ("half a key", "gw_half".to_owned()),
        ("nine thousand letters", "a".repeat(9_000)),
    ]
}

#[tokio::test]
async fn without_authorization_every_guarded_route_says_401_and_does_nothing() {
    let ground = Ground::new().await;
    for route in guarded() {
        let good = ground.good(&route).await;
        let before = ground.traces();
        let answer = ground.send(good.nobody()).await;
        problem(&name(&route), &answer, 401, "not_signed_in");
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_malformed_authorization_is_401_and_does_nothing() {
    let ground = Ground::new().await;
    let token = ground.stage.person.token.clone();
    for route in guarded() {
        let good = ground.good(&route).await;
        let before = ground.traces();
        for header in [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Basic YWRhOnBhc3N3b3Jk",
            token.as_bytes(),
            format!("Bearer {token} {token}").as_bytes(),
            format!("Bearer {token},").as_bytes(),
            format!("Token {token}").as_bytes(),
            b"Bearer \xff\xfe",
        ] {
            let answer = ground
                .send(good.clone().header("authorization", header))
                .await;
            let what = format!("{} with {}", name(&route), String::from_utf8_lossy(header));
            problem(&what, &answer, 401, "malformed_authorization");
        }
        let mut twice = good.clone();
        twice
            .headers
            .push(("authorization".to_owned(), format!("Bearer {token}").into()));
        problem(
            &name(&route),
            &ground.send(twice).await,
            401,
            "malformed_authorization",
        );
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn no_forged_token_opens_any_route() {
    let ground = Ground::new().await;
    let forgeries = forgeries(&ground.stage.person.token, &ground.eve.token);
    for route in guarded() {
        let good = ground.good(&route).await;
        let before = ground.traces();
        for (flaw, token) in &forgeries {
            // Who only ends a session need not have one that lives: see below.
            let session = flaw.ends_with("session") && route.access == Access::OwnToken;
            if session && !flaw.starts_with("no ") {
                continue;
            }
            let answer = ground.send(good.clone().bearer(token)).await;
            let what = format!("{} with {flaw}", name(&route));
            if flaw.ends_with(" key")
                && token.starts_with("gw_")
                && route.access == Access::OwnToken
            {
                problem(&what, &answer, 403, "person_required");
                continue;
            }
            let code = match *flaw {
                "a stranger's session" | "another's session" => "session_ended",
                "no such key" | "half a key" => "key_invalid",
                _ => "token_invalid",
            };
            problem(&what, &answer, 401, code);
        }
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_forged_sign_out_ends_nobodys_session() {
    let ground = Ground::new().await;
    let before = ground.traces();
    for claims in [
        json!({ "sid": "sess_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c" }),
        json!({ "sub": ground.eve.user_id }),
    ] {
        let token = forge(
            &ground.stage.person.token,
            &json!({}),
            &claims,
            Some(SECRET),
        );
        let world = ground.world();
        world
            .request("POST", "/auth/logout", Some(&token), None)
            .await
            .expect(204);
    }
    assert_eq!(ground.traces(), before);
}

#[tokio::test]
async fn an_expired_token_opens_no_route_but_the_way_out() {
    let ground = Ground::new().await;
    let mut asked = Vec::new();
    for route in guarded() {
        asked.push((ground.good(&route).await, route));
    }
    ground.world().clock.advance(8 * DAY_MS);
    let before = ground.traces();
    let (out, closed): (Vec<_>, Vec<_>) = asked
        .into_iter()
        .partition(|(_, route)| route.access == Access::OwnToken);
    for (good, route) in closed {
        problem(
            &name(&route),
            &ground.send(good).await,
            401,
            "token_expired",
        );
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
    for (good, route) in out {
        assert_eq!(ground.send(good).await.status, 204, "{}", name(&route));
    }
}

#[tokio::test]
async fn an_ended_session_opens_no_route() {
    let ground = Ground::new().await;
    let token = ground.stage.person.token.clone();
    let world = ground.world();
    let consented = world
        .request("POST", "/auth/logout", Some(&token), None)
        .await;
    consented.expect(204);
    for route in guarded().filter(|route| route.access != Access::OwnToken) {
        let good = ground.good(&route).await;
        let before = ground.traces();
        problem(
            &name(&route),
            &ground.send(good).await,
            401,
            "session_ended",
        );
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_revoked_or_expired_key_opens_no_route() {
    let ground = Ground::new().await;
    let key = ground.world().key(&ground.stage.person, &["admin"]).await;
    for (column, code) in [("revoked_at", "key_revoked"), ("expires_at", "key_expired")] {
        let sql = match column {
            "revoked_at" => "UPDATE api_keys SET revoked_at = 1",
            _ => "UPDATE api_keys SET revoked_at = NULL, expires_at = 1",
        };
        ground.world().database.change(&Statement::new(sql));
        for route in guarded().filter(|route| route.access != Access::OwnToken) {
            let good = ground.good(&route).await.bearer(&key);
            let before = ground.traces();
            problem(&name(&route), &ground.send(good).await, 401, code);
            assert_eq!(ground.traces(), before, "{}", name(&route));
        }
    }
}

#[tokio::test]
async fn a_stranger_cannot_make_us_read_a_body() {
    let ground = Ground::new().await;
    for route in guarded() {
        let good = ground.good(&route).await;
        let asked = good.nobody().raw(vec![b' '; 10 * 1024 * 1024]);
        let answer = ground.send(asked).await;
        // Where the token is read by the operation itself, the size is looked at first.
        if route.access == Access::OwnToken {
            problem(&name(&route), &answer, 413, "body_too_large");
        } else {
            problem(&name(&route), &answer, 401, "not_signed_in");
        }
    }
}
