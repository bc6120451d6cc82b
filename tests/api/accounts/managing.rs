//! Listing, reading, testing, refreshing and unlinking connected accounts.

use super::Town;
use godwit::gate::{GateReply, GateRequest, RefreshedUntil, Window};
use godwit::platforms::{Class, NotSent, Profile};
use godwit::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use serde_json::json;

fn profile(handle: &str) -> Profile {
    Profile {
        external_id: "1001".into(),
        handle: handle.into(),
        name: "A New Name".into(),
        avatar_url: Some("https://pbs.test/a.jpg".into()),
        subscription: Some("Premium".into()),
    }
}

fn refusal(class: Class, code: &str) -> NotSent {
    NotSent::new(class, code, "It was refused.", "Do something.")
        .with_upstream(Some("X's words".into()))
}

#[tokio::test]
async fn every_account_of_another_workspace_looks_like_none() {
    let town = Town::new();
    let (anna, ben) = (
        town.world.person("anna").await,
        town.world.person("ben").await,
    );
    let id = town.connect(&anna, "godwit_demo").await;
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/refresh"),
        ("POST", "/upgrade"),
        ("GET", "/limits"),
    ] {
        for id in [
            id.as_str(),
            "acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c",
            "1",
            "%00",
        ] {
            let answer = town
                .world
                .request(
                    method,
                    &format!("/accounts/{id}{rest}"),
                    Some(&ben.token),
                    None,
                )
                .await;
            answer.refused(404, "not_found");
        }
    }
    assert!(town.accounts(&ben).await.is_empty());
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "active"
    );
    assert_eq!(town.world.gates.calls().count(), 0);
}

#[tokio::test]
async fn the_list_is_paged_newest_first_and_filtered_by_status() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let mut ids = Vec::new();
    for username in ["godwit_demo", "second_bird", "long_bill"] {
        town.world.clock.advance(1);
        ids.insert(0, town.connect(&anna, username).await);
    }
    let list = async |query: &str| {
        town.world
            .request("GET", &format!("/accounts{query}"), Some(&anna.token), None)
            .await
    };
    let first = list("?limit=2").await;
    assert!(first.header("link").contains("rel=\"next\""));
    let first = first.expect(200);
    let rest = list(&format!(
        "?limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    ))
    .await
    .expect(200);
    let seen: Vec<_> = [&first, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|account| account["id"].clone())
        .collect();
    assert_eq!(seen, ids);
    assert!(rest["next_cursor"].is_null());
    assert_eq!(
        list("?status=active").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert!(
        list("?status=needs_reconnect").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(
        list("?status=unlinked").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    for (bad, code) in [
        ("?status=x", "invalid_query"),
        ("?limit=0", "invalid_limit"),
        ("?cursor=x", "unknown_cursor"),
        ("?a=b", "invalid_query"),
    ] {
        list(bad).await.refused(422, code);
    }
}

#[tokio::test]
async fn a_profile_is_read_again_after_an_hour_and_an_old_one_serves_when_x_does_not() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    town.world.clock.advance(HOUR_MS - 1);
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["handle"],
        "godwit_demo"
    );
    assert_eq!(town.asked(), [""; 0]);
    town.world.clock.advance(1);
    town.gates_answer(GateReply::Profile(Ok(profile("renamed"))));
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(
        (&account["handle"], &account["name"]),
        (&json!("renamed"), &json!("A New Name"))
    );
    town.account(&anna, &id).await.expect(200);
    assert_eq!(town.asked(), ["profile"]);
    // X is away: it is asked again five minutes later, not at every look.
    town.world.clock.advance(HOUR_MS);
    town.gates_answer(GateReply::Profile(Err(refusal(
        Class::Transient,
        "x_unreachable",
    ))));
    for _ in 0..2 {
        assert_eq!(
            town.account(&anna, &id).await.expect(200)["handle"],
            "renamed"
        );
    }
    assert_eq!(town.asked(), ["profile"]);
    town.world.clock.advance(5 * MINUTE_MS);
    town.world
        .gates
        .on_call(|_, _| Err(godwit::ports::GateLost("by the test".into())));
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["handle"],
        "renamed"
    );
    assert_eq!(town.asked(), ["profile"]);
}

#[tokio::test]
async fn a_dead_grant_is_noticed_when_the_profile_is_read_and_not_asked_for_again() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    town.world.clock.advance(HOUR_MS);
    town.gates_answer(GateReply::Profile(Err(refusal(
        Class::Token,
        "grant_revoked",
    ))));
    let account = town.account(&anna, &id).await.expect(200);
    assert_eq!(
        (&account["status"], &account["status_reason"]),
        (&json!("needs_reconnect"), &json!("grant_revoked"))
    );
    town.account(&anna, &id).await.expect(200);
    assert_eq!(town.asked(), ["profile"]);
}

#[tokio::test]
async fn unlinking_revokes_cancels_what_was_not_sent_and_keeps_the_history() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let other = town.connect(&anna, "second_bird").await;
    for (number, state) in [
        (1, "scheduled"),
        (2, "queued"),
        (3, "waiting"),
        (4, "draft"),
        (5, "in_review"),
    ] {
        town.delivery(&anna, &id, number, state, None);
    }
    for (number, state) in [
        (6, "published"),
        (7, "failed"),
        (8, "publishing"),
        (9, "uncertain"),
    ] {
        town.delivery(&anna, &id, number, state, None);
    }
    town.delivery(&anna, &other, 10, "scheduled", None);
    town.gates_answer(GateReply::Revoke { confirmed: true });
    let path = format!("/accounts/{id}");
    let answer = town
        .world
        .request("DELETE", &path, Some(&anna.token), None)
        .await
        .expect(200);
    assert_eq!(
        (&answer["revoked_at_x"], &answer["canceled_deliveries"]),
        (&json!(true), &json!(5))
    );
    assert_eq!(town.asked(), ["revoke"]);
    let database = &town.world.database;
    let canceled = "SELECT count(*) FROM deliveries d JOIN posts p ON p.id = d.post_id WHERE d.state = 'canceled'
      AND d.reason = 'account_unlinked' AND d.sweep_at IS NULL AND p.status = 'canceled'";
    assert_eq!(database.value(canceled), 5);
    assert_eq!(
        database.value("SELECT count(*) FROM posts WHERE status = 'publishing'"),
        5
    );
    assert_eq!(database.value("SELECT count(*) FROM account_tokens"), 1);
    assert_eq!(
        database.value("SELECT count(*) FROM audit_log WHERE action = 'account.unlinked'"),
        1
    );
    town.account(&anna, &id).await.refused(404, "not_found");
    town.world
        .request("DELETE", &path, Some(&anna.token), None)
        .await
        .refused(404, "not_found");
    assert_eq!(town.accounts(&anna).await.len(), 1);
}

#[tokio::test]
async fn unlinking_works_when_x_does_not_confirm_and_says_what_is_left_to_do() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    for confirmed in [Some(false), None] {
        let id = town.connect(&anna, "godwit_demo").await;
        town.world.gates.on_call(move |_, _| match confirmed {
            Some(confirmed) => Ok(GateReply::Revoke { confirmed }),
            None => Err(godwit::ports::GateLost("by the test".into())),
        });
        let path = format!("/accounts/{id}");
        let answer = town
            .world
            .request("DELETE", &path, Some(&anna.token), None)
            .await
            .expect(200);
        assert_eq!(answer["revoked_at_x"], false);
        assert!(
            answer["detail"]
                .as_str()
                .unwrap()
                .contains("https://x.com/settings/connected_apps")
        );
        assert!(town.accounts(&anna).await.is_empty());
    }
}

#[tokio::test]
async fn an_unlink_that_is_interrupted_after_the_revoke_is_done_by_unlinking_again() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    town.gates_answer(GateReply::Revoke { confirmed: true });
    let path = format!("/accounts/{id}");
    town.world.database.on_batch(|statements| {
        if statements
            .iter()
            .any(|statement| statement.sql.starts_with("DELETE FROM account_tokens"))
        {
            crate::support::Fault::Before
        } else {
            crate::support::Fault::None
        }
    });
    town.world
        .request("DELETE", &path, Some(&anna.token), None)
        .await
        .refused(503, "temporarily_unavailable");
    assert_eq!(town.accounts(&anna).await.len(), 1);
    town.world
        .database
        .on_batch(|_| crate::support::Fault::None);
    town.world
        .request("DELETE", &path, Some(&anna.token), None)
        .await
        .expect(200);
    assert!(town.accounts(&anna).await.is_empty());
}

#[tokio::test]
async fn a_test_says_what_works_and_what_does_not_and_shows_no_secret() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let path = format!("/accounts/{id}/test");
    let test = async || {
        town.world
            .request("POST", &path, Some(&anna.token), None)
            .await
            .expect(200)
    };
    let failing = |answer: &serde_json::Value| -> Vec<String> {
        let checks = answer["checks"].as_array().unwrap().iter();
        let bad = checks
            .filter(|check| check["ok"] == false)
            .inspect(|check| assert!(check["remedy"].is_string()));
        bad.map(|check| check["name"].as_str().unwrap().to_owned())
            .collect()
    };
    town.gates_answer(GateReply::Profile(Ok(profile("renamed"))));
    let answer = test().await;
    assert_eq!(
        (&answer["can_post"], &answer["reachable"], &answer["handle"]),
        (&json!(true), &json!(true), &json!("renamed"))
    );
    assert_eq!(
        (&answer["auth"], &answer["missing_scopes"]),
        (&json!("oauth2"), &json!([]))
    );
    assert!(answer["token"]["expires_at"].is_string() && failing(&answer).is_empty());
    assert!(!answer.to_string().contains("v1.k1."));
    for (class, code, reachable, fails) in [
        (
            Class::Transient,
            "x_unreachable",
            false,
            vec!["reachable", "profile"],
        ),
        (
            Class::Operator,
            "x_credits_depleted",
            true,
            vec!["app", "profile"],
        ),
        (
            Class::Token,
            "grant_revoked",
            true,
            vec!["grant", "profile"],
        ),
    ] {
        town.gates_answer(GateReply::Profile(Err(refusal(class, code))));
        let answer = test().await;
        assert_eq!(
            (&answer["can_post"], &answer["reachable"]),
            (&json!(false), &json!(reachable)),
            "{code}"
        );
        assert_eq!(failing(&answer), fails, "{code}");
    }
    assert_eq!(
        town.account(&anna, &id).await.expect(200)["status"],
        "needs_reconnect"
    );
    // X accepts the tokens after all.
    town.gates_answer(GateReply::Profile(Ok(profile("renamed"))));
    assert_eq!(test().await["can_post"], true);
}

#[tokio::test]
async fn a_forced_refresh_says_until_when_or_why_not() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let path = format!("/accounts/{id}/refresh");
    let refresh = async || {
        town.world
            .request("POST", &path, Some(&anna.token), None)
            .await
    };
    let expires_at = town.world.app().now().plus_ms(2 * HOUR_MS);
    town.gates_answer(GateReply::Refresh(Ok(RefreshedUntil {
        expires_at,
        refreshed: true,
    })));
    let answer = refresh().await.expect(200);
    assert_eq!(
        answer,
        json!({ "refreshed": true, "expires_at": expires_at })
    );
    let calls = town.world.gates.calls().take();
    assert!(
        matches!(&calls[0], (gate, GateRequest::Refresh { force: true, .. }) if gate.as_str() == "x:1001")
    );
    for (class, code, status) in [
        (Class::Transient, "x_unreachable", 502),
        (Class::Operator, "x_client_rejected", 503),
    ] {
        town.gates_answer(GateReply::Refresh(Err(refusal(class, code))));
        let answer = refresh().await;
        answer.refused(status, code);
        assert_eq!(answer.json["upstream"], "X's words");
        assert_eq!(
            town.account(&anna, &id).await.expect(200)["status"],
            "active"
        );
    }
    town.gates_answer(GateReply::Failed("its disk is full".into()));
    let answer = refresh().await;
    answer.refused(503, "temporarily_unavailable");
    assert!(!answer.json.to_string().contains("disk"));
}

#[tokio::test]
async fn the_windows_are_those_of_the_gate() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    let window = Window {
        bucket: "post".into(),
        window_seconds: 900,
        limit: 50,
        remaining: 49,
        reset_at: None,
        counted_by: "godwit".into(),
    };
    town.gates_answer(GateReply::Limits(vec![window]));
    let answer = town
        .world
        .request(
            "GET",
            &format!("/accounts/{id}/limits"),
            Some(&anna.token),
            None,
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &answer["items"][0]["bucket"],
            &answer["items"][0]["remaining"]
        ),
        (&json!("post"), &json!(49))
    );
}

#[tokio::test]
async fn idle_grants_are_kept_alive_and_dead_ones_marked() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    assert_eq!(godwit::accounts::renew(&town.world.app()).await.unwrap(), 0);
    town.world.clock.advance(31 * DAY_MS);
    let expires_at = town.world.app().now();
    town.gates_answer(GateReply::Refresh(Ok(RefreshedUntil {
        expires_at,
        refreshed: true,
    })));
    assert_eq!(godwit::accounts::renew(&town.world.app()).await.unwrap(), 1);
    town.world.clock.advance(6 * HOUR_MS);
    town.gates_answer(GateReply::Refresh(Err(refusal(
        Class::Token,
        "grant_revoked",
    ))));
    assert_eq!(godwit::accounts::renew(&town.world.app()).await.unwrap(), 0);
    assert_eq!(town.asked(), ["refresh", "refresh"]);
    town.world.clock.advance(31 * DAY_MS);
    assert_eq!(godwit::accounts::renew(&town.world.app()).await.unwrap(), 0);
    assert_eq!(town.asked(), [""; 0]);
    let anna = town
        .world
        .request(
            "POST",
            "/auth/login",
            None,
            Some(json!({ "email": "anna@example.com", "password": "correct horse" })),
        )
        .await
        .expect(200);
    let account = town
        .world
        .request(
            "GET",
            &format!("/accounts/{id}"),
            anna["token"].as_str(),
            None,
        )
        .await
        .expect(200);
    assert_eq!(account["status"], "needs_reconnect");
}

#[tokio::test]
async fn consents_that_are_over_are_cleared_away_a_day_later() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    town.begin(&anna.token, json!({})).await;
    let clear = async || {
        godwit::jobs::tick(&town.world.app(), godwit::jobs::DAILY).await;
        town.world
            .database
            .value("SELECT count(*) FROM oauth_states")
    };
    town.world.clock.advance(HOUR_MS);
    assert_eq!(clear().await, 1);
    town.world.clock.advance(DAY_MS);
    assert_eq!(clear().await, 0);
}

#[tokio::test]
async fn no_statement_of_accounts_reads_a_whole_table() {
    let town = Town::new();
    let anna = town.world.person("anna").await;
    let id = town.connect(&anna, "godwit_demo").await;
    town.accounts(&anna).await;
    town.gates_answer(GateReply::Profile(Err(refusal(
        Class::Token,
        "grant_revoked",
    ))));
    let token = Some(anna.token.as_str());
    town.world
        .request("POST", &format!("/accounts/{id}/test"), token, None)
        .await
        .expect(200);
    town.gates_answer(GateReply::Profile(Ok(profile("renamed"))));
    town.world
        .request("POST", &format!("/accounts/{id}/test"), token, None)
        .await
        .expect(200);
    town.gates_answer(GateReply::Revoke { confirmed: true });
    town.world
        .request("DELETE", &format!("/accounts/{id}"), token, None)
        .await
        .expect(200);
    town.world.clock.advance(31 * DAY_MS);
    godwit::jobs::tick(&town.world.app(), godwit::jobs::EVERY_HALF_HOUR).await;
    for sql in town
        .world
        .database
        .seen()
        .into_iter()
        .filter(|sql| !sql.contains("users"))
    {
        for step in town.world.database.plan(sql) {
            assert!(
                // The second is the list of apps for which something waits.
                !step.starts_with("SCAN ")
                    || ["SCAN CONSTANT ROW", "SCAN waiting"].contains(&&*step),
                "{step}: {sql}"
            );
        }
    }
}
