//! From a consent to an account.

use super::{BROWSER, Town, outcome};
use futures_util::future::join;
use godwit::time::MINUTE_MS;
use serde_json::{Value, json};

#[tokio::test]
async fn a_consent_ends_in_an_account_and_on_a_page_that_says_what_next() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = town.begin(&anna.token, json!({})).await;
    assert_eq!(
        begun["expires_at"],
        town.world.app().now().plus_ms(10 * MINUTE_MS).to_string()
    );
    let page = town
        .browse(&town.consent(&begun, "godwit_demo", "authorize"))
        .await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let accounts = town.accounts(&anna).await;
    let [account] = accounts.as_slice() else {
        panic!("{accounts:?}")
    };
    assert_eq!(account["handle"], "godwit_demo");
    assert_eq!(account["external_id"], "1001");
    assert_eq!(
        (&account["platform"], &account["status"], &account["auth"]),
        (&json!("x"), &json!("active"), &json!("oauth2"))
    );
    assert_eq!(
        account["scopes"],
        json!([
            "tweet.read",
            "tweet.write",
            "users.read",
            "media.write",
            "offline.access"
        ])
    );
    let shown = page.json.as_str().unwrap();
    assert!(shown.contains("@godwit_demo") && shown.contains(account["id"].as_str().unwrap()));
    assert_eq!(town.x().counts().token_exchanges_accepted, 1);
}

#[tokio::test]
async fn a_public_client_connects_without_a_secret() {
    let town = Town::with(&[("X_CLIENT_SECRET", "")], |settings| {
        settings.client_secret = None;
    });
    let anna = town.world.person("anna").await;
    town.connect(&anna, "godwit_demo").await;
}

#[tokio::test]
async fn configured_scopes_are_asked_for_and_kept() {
    let town = Town::with(&[("X_SCOPES", "like.write tweet.read")], |_| ());
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(account["scopes"].as_array().unwrap().len(), 6);
    assert_eq!(account["scopes"][5], "like.write");
}

#[tokio::test]
async fn the_browser_returns_to_where_it_was_asked_to_with_the_outcome() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = town
        .begin(
            &anna.token,
            json!({ "redirect_to": "https://app.test/done?tab=x" }),
        )
        .await;
    let answer = town
        .browse(&town.consent(&begun, "second_bird", "authorize"))
        .await;
    assert!(
        answer
            .header("location")
            .starts_with("https://app.test/done?tab=x&status=connected&")
    );
    let outcome = outcome(&answer);
    assert_eq!(outcome["state"], begun["state"]);
    assert_eq!(outcome["account_id"], town.accounts(&anna).await[0]["id"]);
}

#[tokio::test]
async fn no_secret_is_in_the_database_the_log_or_an_answer() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = town.begin(&anna.token, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    let page = town.browse(&path).await;
    let accounts = town.accounts(&anna).await;
    let code = path
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let state = begun["state"].as_str().unwrap();
    let sealed = town
        .world
        .database
        .look("SELECT sealed FROM account_tokens");
    let states = town.world.database.look("SELECT * FROM oauth_states");
    let everything = format!(
        "{sealed:?} {states:?} {:?} {accounts:?} {:?}",
        town.world.log.lines(),
        page.json
    );
    assert!(sealed[0]["sealed"].as_str().unwrap().starts_with("v1.k1."));
    assert!(
        states[0]["verifier"]
            .as_str()
            .unwrap()
            .starts_with("v1.k1.")
    );
    assert!(!everything.contains(code) && !everything.contains(state));
    let tokens = town.tokens.lock().unwrap().clone();
    assert_eq!(tokens.len(), 2, "an access and a refresh token");
    assert!(tokens.iter().all(|token| !everything.contains(token)));
}

#[tokio::test]
async fn a_denied_consent_connects_nothing_and_says_so_in_the_form_that_is_understood() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let walk = async |body: Value, headers: &[(&str, &str)]| {
        let begun = town.begin(&anna.token, body).await;
        let path = town.consent(&begun, "godwit_demo", "cancel");
        town.world
            .request_with("GET", &path, None, headers, None)
            .await
    };
    let page = walk(json!({}), &[BROWSER]).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (403, "text/html; charset=utf-8")
    );
    assert!(
        page.json
            .as_str()
            .unwrap()
            .contains("You did not allow the access at X")
    );
    walk(json!({}), &[]).await.refused(403, "consent_denied");
    let outcome = outcome(&walk(json!({ "redirect_to": "/done" }), &[BROWSER]).await);
    assert_eq!(
        (&outcome["status"], &outcome["code"]),
        (&json!("failed"), &json!("consent_denied"))
    );
    assert!(town.accounts(&anna).await.is_empty());
    assert_eq!(town.x().counts().token_exchanges, 0);
}

#[tokio::test]
async fn a_state_works_once_for_ten_minutes_and_only_if_it_was_given() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let call = async |path: &str| town.world.request("GET", path, None, None).await;
    for forged in [
        "",
        "?code=x",
        "?state=",
        "?state=forged&code=x",
        "?state=a&state=b",
        "?code=%ff&state=%ff",
    ] {
        call(&format!("/connections/x/callback{forged}"))
            .await
            .refused(400, "state_unknown");
    }
    let begun = town.begin(&anna.token, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    assert_eq!(call(&path).await.status, 200);
    call(&path).await.refused(409, "state_used");
    let begun = town.begin(&anna.token, json!({})).await;
    town.world.clock.advance(10 * MINUTE_MS);
    let path = town.consent(&begun, "godwit_demo", "authorize");
    call(&path).await.refused(400, "state_expired");
    assert_eq!(town.x().counts().token_exchanges, 1);
}

#[tokio::test]
async fn of_two_callbacks_at_the_same_moment_one_exchanges_the_code() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = town.begin(&anna.token, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    let (one, other) = join(
        town.world.request("GET", &path, None, None),
        town.world.request("GET", &path, None, None),
    )
    .await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(town.x().counts().token_exchanges, 1);
}

#[tokio::test]
async fn a_state_without_a_code_is_spent_and_explained() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for given in ["", "&code=", "&error=server_error"] {
        let begun = town.begin(&anna.token, json!({})).await;
        let path = format!(
            "/connections/x/callback?state={}{given}",
            begun["state"].as_str().unwrap()
        );
        town.world
            .request("GET", &path, None, None)
            .await
            .refused(502, "consent_failed");
        town.world
            .request("GET", &path, None, None)
            .await
            .refused(409, "state_used");
    }
}

#[tokio::test]
async fn what_our_own_page_began_ends_only_in_the_same_browser() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begin = async |site: &str| {
        let headers = [("sec-fetch-site", site)];
        town.world
            .request_with(
                "POST",
                "/connections/x/authorize",
                Some(&anna.token),
                &headers,
                None,
            )
            .await
    };
    let answer = begin("same-origin").await;
    let line = answer.header("set-cookie").to_owned();
    let (cookie, attributes) = line.split_once(';').unwrap();
    assert_eq!(
        attributes,
        " Path=/api/v1/connections; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
    );
    let path = town.consent(&answer.json, "godwit_demo", "authorize");
    let done = town
        .world
        .request_with("GET", &path, None, &[BROWSER, ("cookie", cookie)], None)
        .await;
    assert_eq!(done.status, 200, "{}", done.json);
    assert!(done.header("set-cookie").contains("Max-Age=0"));

    let stolen = begin("same-origin").await;
    let other = begin("same-origin").await;
    let path = town.consent(&stolen.json, "second_bird", "authorize");
    let foreign = other
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let refused = town
        .world
        .request_with("GET", &path, None, &[("cookie", &foreign)], None)
        .await;
    refused.refused(403, "state_of_other_browser");
    assert_eq!(town.accounts(&anna).await.len(), 1);
    for site in ["same-site", "cross-site", "none"] {
        assert_eq!(begin(site).await.header("set-cookie"), "", "{site}");
    }
}

#[tokio::test]
async fn a_redirect_leads_to_allowed_places_only() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for bad in [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test/",
        "https://app.test@evil.test/",
        "javascript:alert(1)",
        "x",
    ] {
        let body = json!({ "redirect_to": bad });
        let answer = town
            .world
            .request(
                "POST",
                "/connections/x/authorize",
                Some(&anna.token),
                Some(body),
            )
            .await;
        answer.refused(422, "redirect_not_allowed");
        assert_eq!(answer.json["errors"][0]["pointer"], "/redirect_to");
    }
    for (body, code) in [
        (json!({ "redirect_to": 7 }), "invalid_value"),
        (json!({ "next": "/" }), "unknown_field"),
    ] {
        let answer = town
            .world
            .request(
                "POST",
                "/connections/x/authorize",
                Some(&anna.token),
                Some(body),
            )
            .await;
        answer.refused(422, code);
    }
    assert_eq!(
        town.world
            .database
            .value("SELECT count(*) FROM oauth_states"),
        0
    );
}

#[tokio::test]
async fn without_an_x_app_the_operator_is_told_what_to_set() {
    let town = Town::with(&[("X_CLIENT_ID", "")], |_| ());
    let anna = town.world.person("anna").await;
    let answer = town
        .world
        .request("POST", "/connections/x/authorize", Some(&anna.token), None)
        .await;
    answer.refused(409, "x_not_configured");
    assert!(
        answer.json["remedy"]
            .as_str()
            .unwrap()
            .contains("X_CLIENT_ID")
    );
}

#[tokio::test]
async fn only_credentials_that_may_change_accounts_begin_a_connect() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let reader = town.world.key(&anna, &["accounts:read"]).await;
    let path = "/connections/x/authorize";
    town.world
        .request("POST", path, None, None)
        .await
        .expect(401);
    town.world
        .request("POST", path, Some(&reader), None)
        .await
        .refused(403, "missing_scope");
    let writer = town.world.key(&anna, &["accounts:write"]).await;
    town.world
        .request("POST", path, Some(&writer), None)
        .await
        .expect(200);
}

#[tokio::test]
async fn what_x_refuses_or_loses_is_told_with_a_remedy_and_connects_nothing() {
    let cases = [
        (
            json!({ "on": "token", "do": { "kind": "drop_before" } }),
            502,
            "x_unreachable",
        ),
        (
            json!({ "on": "token", "do": { "kind": "accept_then_drop" } }),
            502,
            "x_unreachable",
        ),
        (
            json!({ "on": "token", "do": { "kind": "status", "name": "service_unavailable_html" } }),
            502,
            "x_unreachable",
        ),
        (
            json!({ "on": "token", "do": { "kind": "status", "name": "token_rate_limited" } }),
            502,
            "x_rate_limited",
        ),
        (
            json!({ "on": "token", "do": { "kind": "status", "name": "bad_client" } }),
            503,
            "x_client_rejected",
        ),
        (
            json!({ "on": "token", "do": { "kind": "status", "name": "code_invalid" } }),
            409,
            "code_refused",
        ),
        (
            json!({ "on": "users_me", "times": 2, "do": { "kind": "drop_before" } }),
            502,
            "x_unreachable",
        ),
        (
            json!({ "on": "users_me", "do": { "kind": "status", "name": "client_not_enrolled" } }),
            503,
            "x_app_not_enrolled",
        ),
        (
            json!({ "on": "users_me", "do": { "kind": "status", "name": "credits_depleted" } }),
            503,
            "x_credits_depleted",
        ),
    ];
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for (fault, status, code) in cases {
        town.script(fault.clone());
        let begun = town.begin(&anna.token, json!({})).await;
        let path = town.consent(&begun, "godwit_demo", "authorize");
        let answer = town.world.request("GET", &path, None, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{fault} {}",
            answer.json
        );
        answer.refused(status, code);
        assert!(town.accounts(&anna).await.is_empty());
    }
    assert!(town.x().faults_left().is_empty());
}

#[tokio::test]
async fn a_code_that_is_older_than_x_allows_asks_to_begin_again() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let begun = town.begin(&anna.token, json!({})).await;
    let path = town.consent(&begun, "godwit_demo", "authorize");
    town.world.clock.advance(31_000);
    town.world
        .request("GET", &path, None, None)
        .await
        .refused(409, "code_refused");
}

#[tokio::test]
async fn a_profile_that_is_lost_once_does_not_lose_the_consent() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    town.script(json!({ "on": "users_me", "do": { "kind": "drop_before" } }));
    town.connect(&anna, "godwit_demo").await;
}

#[tokio::test]
async fn a_consent_that_is_too_narrow_connects_and_says_what_is_missing() {
    let town = Town::with(&[], |settings| {
        settings.withheld_scopes = vec!["offline.access".into()];
    });
    let anna = town.world.person("anna").await;
    let begun = town
        .begin(&anna.token, json!({ "redirect_to": "/done" }))
        .await;
    let outcome = outcome(
        &town
            .browse(&town.consent(&begun, "godwit_demo", "authorize"))
            .await,
    );
    assert_eq!(
        (&outcome["status"], &outcome["missing_scope"]),
        (&json!("connected"), &json!("offline.access"))
    );
    let account = &town.accounts(&anna).await[0];
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("needs_reconnect"), &json!("missing_scope"))
    );
    assert!(
        account["remedy"]
            .as_str()
            .unwrap()
            .contains("offline.access")
    );
    let begun = town.begin(&anna.token, json!({})).await;
    let page = town
        .browse(&town.consent(&begun, "godwit_demo", "authorize"))
        .await;
    assert!(
        page.json
            .as_str()
            .unwrap()
            .contains("Missing: offline.access")
    );
    assert_eq!(page.status, 200);
}
