use super::{Client, SCOPES, TokenPair, begin, exchange, missing_scopes, refresh, revoke, scopes};
use crate::platforms::x::fake::{Answer, Fake, config, json};
use crate::platforms::{Class, NotSent};
use crate::ports::{HttpError, Random};
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use url::form_urlencoded;

struct Sevens;
impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const REDIRECT: &str = "http://127.0.0.1:8787/api/v1/connections/x/callback";
const GIVEN: &str = r#"{"token_type":"bearer","expires_in":7200,"access_token":"a2","scope":"tweet.read users.read","refresh_token":"r2"}"#;

fn public() -> Client {
    Client {
        id: "client".to_owned(),
        secret: None,
    }
}

fn confidential() -> Client {
    Client {
        id: "cl:ient".to_owned(),
        secret: Some(SecretString::from("s/cret +")),
    }
}

fn form(request: &Request<Vec<u8>>) -> HashMap<String, String> {
    form_urlencoded::parse(request.body())
        .into_owned()
        .collect()
}

async fn refreshed(answer: Answer) -> Result<TokenPair, NotSent> {
    let fake = Fake::new(move |_| answer.clone());
    refresh(&fake, &config(), &public(), &SecretString::from("r1"), NOW).await
}

#[test]
fn the_consent_page_is_asked_with_pkce_and_each_scope_once() {
    let begin = begin(&config(), &public(), REDIRECT, "state-1", &Sevens).unwrap();
    let query: HashMap<String, String> = begin.url.query_pairs().into_owned().collect();
    let verifier = begin.verifier.expose_secret();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], "client");
    assert_eq!(query["redirect_uri"], REDIRECT);
    assert_eq!(query["state"], "state-1");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(
        query["code_challenge"],
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
    );
    assert_eq!(query["scope"], format!("{} like.write", SCOPES.join(" ")));
    assert!(
        begin
            .url
            .as_str()
            .contains("scope=tweet.read%20tweet.write")
    );
    assert_eq!(verifier.len(), 43);
    assert!(!begin.url.as_str().contains(verifier));
}

#[test]
fn what_is_not_granted_is_named() {
    assert_eq!(missing_scopes(&scopes(&config())), Vec::<&str>::new());
    assert_eq!(
        missing_scopes(&["tweet.read", "tweet.write", "users.read", "media.write"]),
        ["offline.access"]
    );
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_body() {
    let fake = Fake::new(|_| json(200, GIVEN));
    let verifier = SecretString::from("v".repeat(43));
    let pair = exchange(
        &fake,
        &config(),
        &public(),
        REDIRECT,
        "c+de".into(),
        &verifier,
        NOW,
    )
    .await
    .unwrap();
    let seen = fake.seen();
    let sent = form(&seen[0]);
    assert_eq!(seen[0].uri(), "https://api.x.test/2/oauth2/token");
    assert_eq!(sent["grant_type"], "authorization_code");
    assert_eq!(sent["code"], "c+de");
    assert_eq!(sent["redirect_uri"], REDIRECT);
    assert_eq!(sent["code_verifier"], *verifier.expose_secret());
    assert_eq!(sent["client_id"], "client");
    assert!(seen[0].headers().get("authorization").is_none());
    assert_eq!(pair.access.expose_secret(), "a2");
    assert_eq!(pair.expires_at, NOW.plus_ms(7_200_000));
    assert_eq!(pair.scopes, ["tweet.read", "users.read"]);
}

#[tokio::test]
async fn a_confidential_client_shows_its_secret_in_the_header_alone() {
    let expected = format!("Basic {}", STANDARD.encode("cl%3Aient:s%2Fcret+%2B"));
    let fake = Fake::new(|request| {
        json(
            200,
            if request.uri().path().ends_with("revoke") {
                "{}"
            } else {
                GIVEN
            },
        )
    });
    refresh(
        &fake,
        &config(),
        &confidential(),
        &SecretString::from("r1"),
        NOW,
    )
    .await
    .unwrap();
    revoke(
        &fake,
        &config(),
        &confidential(),
        &SecretString::from("a1"),
        None,
    )
    .await
    .unwrap();
    for request in fake.seen() {
        assert_eq!(
            request.headers()["authorization"].to_str().unwrap(),
            expected
        );
        assert!(!form(&request).contains_key("client_secret"));
        assert!(!request.uri().to_string().contains("cret"));
    }
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let kept = refreshed(json(200, r#"{"token_type":"bearer","access_token":"a2"}"#))
        .await
        .unwrap();
    assert_eq!(kept.refresh.unwrap().expose_secret(), "r1");
    assert_eq!(
        kept.expires_at,
        NOW.plus_ms(7_200_000),
        "a lifetime that is not given is X's usual one"
    );
    assert!(kept.scopes.is_empty(), "not named means unchanged");
    let changed = refreshed(json(200, GIVEN)).await.unwrap();
    assert_eq!(changed.refresh.unwrap().expose_secret(), "r2");
}

#[tokio::test]
async fn a_code_that_is_answered_without_scope_grants_what_was_asked() {
    let fake = Fake::new(|_| json(200, r#"{"token_type":"bearer","access_token":"a2"}"#));
    let pair = exchange(
        &fake,
        &config(),
        &public(),
        REDIRECT,
        "c".into(),
        &SecretString::from("v"),
        NOW,
    )
    .await;
    let pair = pair.unwrap();
    assert_eq!(pair.scopes, scopes(&config()));
    assert!(pair.refresh.is_none());
}

// The table of X's answers (docs, and what clients report): status, body, what follows.
#[tokio::test]
async fn each_refusal_falls_into_its_class() {
    let request =
        |words: &str| format!(r#"{{"error":"invalid_request","error_description":"{words}"}}"#);
    let of = |code: &str| {
        format!(r#"{{"error":"{code}","error_description":"Missing valid authorization header"}}"#)
    };
    let cases = [
        (
            400,
            request("Value passed for the token was invalid."),
            Class::Token,
            "grant_revoked",
        ),
        (400, of("invalid_grant"), Class::Token, "grant_revoked"),
        (401, of("invalid_grant"), Class::Token, "grant_revoked"),
        (
            401,
            of("unauthorized_client"),
            Class::Operator,
            "x_client_rejected",
        ),
        (
            400,
            of("unauthorized_client"),
            Class::Operator,
            "x_client_rejected",
        ),
        (
            401,
            of("invalid_client"),
            Class::Operator,
            "x_client_rejected",
        ),
        (
            400,
            request("Missing required parameter [refresh_token]."),
            Class::Operator,
            "x_request_rejected",
        ),
        (
            400,
            request("Missing required parameter [client_id]."),
            Class::Operator,
            "x_request_rejected",
        ),
        (
            400,
            of("unsupported_grant_type"),
            Class::Operator,
            "x_request_rejected",
        ),
        (429, of("rate_limited"), Class::Transient, "x_rate_limited"),
        (429, "{}".to_owned(), Class::Transient, "x_rate_limited"),
        (
            503,
            of("temporarily_unavailable"),
            Class::Transient,
            "x_unreachable",
        ),
        (503, of("invalid_grant"), Class::Transient, "x_unreachable"),
        (
            503,
            "<html>busy</html>".to_owned(),
            Class::Transient,
            "x_unreachable",
        ),
        (500, String::new(), Class::Transient, "x_unreachable"),
        (
            403,
            "<html>blocked</html>".to_owned(),
            Class::Transient,
            "x_unreachable",
        ),
        (402, "{}".to_owned(), Class::Operator, "x_credits_depleted"),
        (200, String::new(), Class::Transient, "x_unreachable"),
        (
            200,
            r#"{"access_token":"a2","#.to_owned(),
            Class::Transient,
            "x_unreachable",
        ),
    ];
    for (status, body, class, code) in cases {
        let refusal = refreshed(json(status, &body)).await.unwrap_err();
        assert_eq!(
            (refusal.class, refusal.code.as_str()),
            (class, code),
            "{status} {body}"
        );
        assert!(
            !format!("{refusal:?}").contains("a2"),
            "a half answer is not shown"
        );
    }
    for error in [HttpError::Timeout, HttpError::Lost("reset".into())] {
        assert_eq!(
            refreshed(Err(error)).await.unwrap_err().class,
            Class::Transient
        );
    }
}

#[tokio::test]
async fn a_spent_code_asks_to_begin_again() {
    let fake = Fake::new(|_| {
        json(
            400,
            r#"{"error":"invalid_request","error_description":"Value passed for the authorization code was invalid."}"#,
        )
    });
    let verifier = SecretString::from("v");
    let refusal = exchange(
        &fake,
        &config(),
        &public(),
        REDIRECT,
        "c".into(),
        &verifier,
        NOW,
    )
    .await
    .unwrap_err();
    assert_eq!(
        (refusal.class, refusal.code.as_str()),
        (Class::Token, "code_refused")
    );
    assert_eq!(
        refusal.upstream.as_deref(),
        Some("Value passed for the authorization code was invalid.")
    );
}

#[tokio::test]
async fn the_refresh_token_is_revoked_before_the_access_token() {
    let fake = Fake::new(|_| json(200, r#"{"revoked":true}"#));
    let (access, token) = (SecretString::from("a1"), SecretString::from("r1"));
    revoke(&fake, &config(), &public(), &access, Some(&token))
        .await
        .unwrap();
    let sent: Vec<_> = fake.seen().iter().map(form).collect();
    assert_eq!(
        sent.iter()
            .map(|form| form["token"].as_str())
            .collect::<Vec<_>>(),
        ["r1", "a1"]
    );
    assert!(sent.iter().all(|form| form["client_id"] == "client"));
}

#[tokio::test]
async fn a_revoke_that_fails_once_still_tries_the_other_token_and_says_so() {
    let fake = Fake::new(|request| {
        if form(request)["token"] == "r1" {
            Err(HttpError::Timeout)
        } else {
            json(200, "{}")
        }
    });
    let (access, token) = (SecretString::from("a1"), SecretString::from("r1"));
    let outcome = revoke(&fake, &config(), &public(), &access, Some(&token)).await;
    assert_eq!(outcome.unwrap_err().class, Class::Transient);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_dead_already_counts_as_revoked() {
    let fake = Fake::new(|_| {
        json(
            400,
            r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#,
        )
    });
    assert!(
        revoke(&fake, &config(), &public(), &SecretString::from("a1"), None)
            .await
            .is_ok()
    );
}
