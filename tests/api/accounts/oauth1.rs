//! Connecting by OAuth 1.0a.

use super::{BROWSER, Town, outcome};
use crate::support::{Answer, Person};
use futures_util::future::join;
use godwit::time::MINUTE_MS;
use serde_json::{Value, json};

const BEGIN: &str = "/connections/x/oauth1/authorize";

async fn begin(town: &Town, person: &Person, body: Value) -> Value {
    town.begin_at(BEGIN, &person.token, body).await
}

async fn call(town: &Town, path: &str) -> Answer {
    town.world.request("GET", path, None, None).await
}

#[tokio::test]
async fn a_consent_ends_in_an_account_that_says_what_x_is_retiring() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = begin(&town, &anna, json!({ "redirect_to": "/done" })).await;
    assert_eq!(begun["deprecated"], true);
    assert!(begun["notice"].as_str().unwrap().contains("/upgrade"));
    let expires_at = town.world.app().now().plus_ms(10 * MINUTE_MS).to_string();
    assert_eq!(begun["expires_at"], expires_at);
    let path = town.consent(&begun, "godwit_demo", "authorize");
    assert!(path.starts_with("/connections/x/oauth1/callback?"));
    let outcome = outcome(&town.browse(&path).await);
    assert_eq!(
        (&outcome["status"], &outcome["state"]),
        (&json!("connected"), &begun["state"])
    );
    assert_eq!(outcome["missing_scope"], Value::Null);
    let account = &town.accounts(&anna).await[0];
    assert_eq!(account["id"], outcome["account_id"]);
    assert_eq!(
        (
            &account["external_id"],
            &account["handle"],
            &account["auth"]
        ),
        (&json!("1001"), &json!("godwit_demo"), &json!("oauth1"))
    );
    assert_eq!(
        (&account["status"], &account["token_expires_at"]),
        (&json!("active"), &Value::Null)
    );
    assert!(account["deprecated"].as_str().unwrap().contains("retire"));
    let scopes = account["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("tweet.write")) && !scopes.contains(&json!("bookmark.write")));
    // Of OAuth 2.0 there is nothing to say.
    let other = town.connect(&anna, "second_bird").await;
    let other = town.account(&anna, &other).await.expect(200);
    assert!(other.get("deprecated").is_none());
}

#[tokio::test]
async fn no_secret_is_in_the_database_the_log_or_an_answer() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    let page = town.browse(&path).await;
    assert_eq!(page.status, 200, "{}", page.json);
    let accounts = town.accounts(&anna).await;
    let tables = town.world.database.dump();
    let everything = format!(
        "{tables:?} {:?} {accounts:?} {:?}",
        town.world.log.lines(),
        page.json
    );
    let verifier = path.split("oauth_verifier=").nth(1).unwrap();
    let state = begun["state"].as_str().unwrap();
    assert!(!everything.contains(verifier) && !everything.contains(state));
    let tokens = town.tokens.lock().unwrap().clone();
    assert_eq!(
        tokens.len(),
        4,
        "a request token, a token, and their secrets"
    );
    for token in &tokens {
        assert!(!everything.contains(token));
        // What signs never travels.
        let begun = begun.to_string();
        assert!(!begun.contains(token) || *token == state);
    }
    let asked = format!("{:?}", town.world.http.requests().take());
    for secret in [tokens[1].as_str(), &tokens[3], "consumer-secret"] {
        assert!(!asked.contains(secret), "{asked}");
    }
}

#[tokio::test]
async fn a_denied_consent_connects_nothing() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "cancel");
    assert!(path.contains("denied="));
    call(&town, &path).await.refused(403, "consent_denied");
    call(&town, &path).await.refused(409, "state_used");
    let begun = begin(&town, &anna, json!({ "redirect_to": "/done" })).await;
    let path = town.consent(&begun, "godwit_demo", "cancel");
    let outcome = outcome(&town.browse(&path).await);
    assert_eq!(
        (&outcome["code"], &outcome["state"]),
        (&json!("consent_denied"), &begun["state"])
    );
    assert!(town.accounts(&anna).await.is_empty());
}

#[tokio::test]
async fn a_state_works_once_for_ten_minutes_and_for_its_own_way_only() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for forged in [
        "",
        "?oauth_token=x&oauth_verifier=y",
        "?denied=x",
        "?state=x&code=y",
    ] {
        let path = format!("/connections/x/oauth1/callback{forged}");
        call(&town, &path).await.refused(400, "state_unknown");
    }
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    // At the other callback it is no state, and is not spent there.
    let state = begun["state"].as_str().unwrap();
    let elsewhere = format!("/connections/x/callback?state={state}&code=x");
    call(&town, &elsewhere).await.refused(400, "state_unknown");
    let other = town.begin(&anna.token, json!({})).await;
    let other = other["state"].as_str().unwrap();
    let elsewhere = format!("/connections/x/oauth1/callback?oauth_token={other}&oauth_verifier=x");
    call(&town, &elsewhere).await.refused(400, "state_unknown");
    assert_eq!(call(&town, &path).await.status, 200);
    call(&town, &path).await.refused(409, "state_used");
    let begun = begin(&town, &anna, json!({})).await;
    town.world.clock.advance(10 * MINUTE_MS);
    let path = town.consent(&begun, "godwit_demo", "authorize");
    call(&town, &path).await.refused(400, "state_expired");
}

#[tokio::test]
async fn of_two_callbacks_at_the_same_moment_one_takes_the_token() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    let before = town.world.http.requests().count();
    let (one, other) = join(call(&town, &path), call(&town, &path)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    // The access token, and who it is.
    assert_eq!(town.world.http.requests().count() - before, 2);
}

#[tokio::test]
async fn what_our_own_page_began_ends_only_in_the_same_browser() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let headers = [("sec-fetch-site", "same-origin")];
    let world = &town.world;
    let answer = world
        .request_with("POST", BEGIN, Some(&anna.token), &headers, None)
        .await;
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let path = town.consent(&answer.json, "godwit_demo", "authorize");
    let done = world
        .request_with("GET", &path, None, &[BROWSER, ("cookie", &cookie)], None)
        .await;
    assert_eq!(done.status, 200, "{}", done.json);
    let answer = world
        .request_with("POST", BEGIN, Some(&anna.token), &headers, None)
        .await;
    let path = town.consent(&answer.json, "second_bird", "authorize");
    let refused = world
        .request_with("GET", &path, None, &[("cookie", &cookie)], None)
        .await;
    refused.refused(403, "state_of_other_browser");
}

#[tokio::test]
async fn what_x_refuses_or_loses_is_told_with_a_remedy_and_connects_nothing() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for (fault, status, code) in [
        (json!({ "kind": "drop_before" }), 502, "x_unreachable"),
        (json!({ "kind": "accept_then_drop" }), 502, "x_unreachable"),
        (
            json!({ "kind": "status", "name": "service_unavailable_html" }),
            502,
            "x_unreachable",
        ),
    ] {
        // First of the request token, then of the access token.
        town.script(json!({ "on": "oauth1", "do": fault }));
        let begun = town.world.request("POST", BEGIN, Some(&anna.token), None);
        begun.await.refused(status, code);
        let begun = begin(&town, &anna, json!({})).await;
        let path = town.consent(&begun, "godwit_demo", "authorize");
        town.script(json!({ "on": "oauth1", "do": fault }));
        call(&town, &path).await.refused(status, code);
        call(&town, &path).await.refused(409, "state_used");
        assert!(town.accounts(&anna).await.is_empty());
    }
    // A proof that is not X's.
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    call(&town, &format!("{path}x"))
        .await
        .refused(409, "code_refused");
    for given in ["", "&oauth_verifier="] {
        let begun = begin(&town, &anna, json!({})).await;
        let state = begun["state"].as_str().unwrap();
        let path = format!("/connections/x/oauth1/callback?oauth_token={state}{given}");
        call(&town, &path).await.refused(502, "consent_failed");
    }
    // The person begins again, and it works.
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    assert_eq!(call(&town, &path).await.status, 200);
}

#[tokio::test]
async fn an_app_that_x_does_not_take_is_the_operator_s_matter() {
    for (variables, uris, status, code) in [
        (&[("X_API_KEY", "")][..], None, 409, "x_not_configured"),
        (&[("X_API_SECRET", "wrong")], None, 503, "x_client_rejected"),
        (
            &[],
            Some(vec!["https://else.test/".to_owned()]),
            503,
            "x_callback_refused",
        ),
    ] {
        let town = Town::with(variables, |settings| {
            if let Some(uris) = uris {
                settings.redirect_uris = uris;
            }
        });
        let anna = town.world.person("anna").await;
        let begun = town.world.request("POST", BEGIN, Some(&anna.token), None);
        begun.await.refused(status, code);
    }
}

#[tokio::test]
async fn oauth2_takes_the_place_of_it_and_keeps_the_account() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = begin(&town, &anna, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    assert_eq!(call(&town, &path).await.status, 200);
    let id = town.accounts(&anna).await[0]["id"].clone();
    assert_eq!(town.connect(&anna, "godwit_demo").await, id);
    let account = &town.accounts(&anna).await[0];
    assert_eq!(account["auth"], "oauth2");
    assert!(account["token_expires_at"].is_string());
}
