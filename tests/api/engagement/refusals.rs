//! What X refuses, and how that is said.

use super::{KINDS, ask, asked, connected, stage, stage_with, window};
use crate::sandbox::Plan;
use godwit::time::MINUTE_MS;
use serde_json::json;

#[tokio::test]
async fn where_the_plan_does_not_include_it_the_problem_says_so_in_xs_words_and_what_to_do() {
    let (stage, post) = stage().await;
    stage.x.lock().unwrap().settings.plan = Plan::SelfServe;
    for method in ["PUT", "DELETE"] {
        let answer = ask(&stage, method, "likes", &post).await;
        answer.refused(403, "x_plan_forbids");
        assert_eq!(
            answer.json["upstream"],
            "You are not permitted to perform this action."
        );
        assert!(answer.json["remedy"].as_str().unwrap().contains("plan"));
    }
    assert_eq!(asked(&stage), [2, 0, 0], "a refusal is not repeated");
    // The plan has the others.
    ask(&stage, "PUT", "reposts", &post).await.expect(200);
    ask(&stage, "PUT", "bookmarks", &post).await.expect(200);
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_named_without_asking_x() {
    let (stage, post) = stage().await;
    connected(
        &stage,
        "oauth2",
        "tweet.read tweet.write users.read media.write offline.access",
    );
    for (what, scope) in [("likes", "like.write"), ("bookmarks", "bookmark.write")] {
        let answer = ask(&stage, "PUT", what, &post).await;
        answer.refused(409, "x_missing_scope");
        for (member, needed) in [("detail", scope), ("remedy", scope), ("remedy", "X_SCOPES")] {
            let text = answer.json[member].as_str().unwrap();
            assert!(text.contains(needed), "{member}: {text}");
        }
    }
    assert_eq!(asked(&stage), [0, 0, 0]);
    ask(&stage, "PUT", "reposts", &post).await.expect(200);
}

#[tokio::test]
async fn a_scope_that_is_asked_for_by_now_needs_no_operator() {
    let (stage, post) = stage_with(&[("X_SCOPES", "like.write")]).await;
    connected(
        &stage,
        "oauth2",
        "tweet.read tweet.write users.read media.write offline.access",
    );
    let answer = ask(&stage, "PUT", "likes", &post).await;
    answer.refused(409, "x_missing_scope");
    let remedy = answer.json["remedy"].as_str().unwrap();
    assert!(
        remedy.starts_with("connect") && !remedy.contains("X_SCOPES"),
        "{remedy}"
    );
}

#[tokio::test]
async fn accounts_that_x_does_not_take_here_are_told_how_to_connect() {
    let (stage, post) = stage().await;
    connected(&stage, "oauth1", "");
    ask(&stage, "PUT", "bookmarks", &post)
        .await
        .refused(409, "auth_mismatch");
    connected(&stage, "app_only", "");
    for (what, _) in KINDS {
        ask(&stage, "PUT", what, &post)
            .await
            .refused(409, "auth_mismatch");
    }
    assert_eq!(asked(&stage), [0, 0, 0]);
}

#[tokio::test]
async fn a_closed_window_is_429_with_retry_after_and_x_is_not_asked_again_before() {
    for (what, kind) in KINDS {
        let (stage, post) = stage().await;
        stage.fault(&json!({ "on": kind, "do": { "kind": "status", "name": "rate_limit", "reset_after_s": 240 } }));
        let answer = ask(&stage, "PUT", what, &post).await;
        answer.refused(429, "x_rate_limited");
        let seconds: i64 = answer.header("retry-after").parse().unwrap();
        assert!((239..=241).contains(&seconds), "{seconds}");
        let shut = window(&stage, kind).await;
        assert_eq!(
            (&shut["remaining"], &shut["counted_by"]),
            (&json!(0), &json!("x"))
        );

        let before = asked(&stage);
        let answer = ask(&stage, "DELETE", what, &post).await;
        answer.refused(429, "rate_limited");
        assert!(answer.header("retry-after").parse::<i64>().unwrap() <= seconds);
        assert_eq!(asked(&stage), before);

        stage.world.clock.advance(4 * MINUTE_MS + 1_000);
        ask(&stage, "PUT", what, &post).await.expect(200);
    }
}

#[tokio::test]
async fn other_refusals_keep_their_meaning() {
    for (fault, status, code) in [
        ("credits_depleted", 503, "x_credits_depleted"),
        ("spend_cap", 503, "x_spend_cap_reached"),
        ("client_not_enrolled", 503, "x_app_not_enrolled"),
        ("user_locked", 409, "x_account_locked"),
        ("not_found", 404, "x_not_found"),
        ("service_unavailable", 502, "x_unreachable"),
    ] {
        let (stage, post) = stage().await;
        stage.fault(&json!({ "on": "repost", "do": { "kind": "status", "name": fault } }));
        let answer = ask(&stage, "PUT", "reposts", &post).await;
        answer.refused(status, code);
        assert_eq!(asked(&stage), [0, 1, 0], "{fault}");
    }
    let (stage, _) = stage().await;
    ask(&stage, "PUT", "reposts", "1")
        .await
        .refused(404, "x_not_found");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_said_to_be_lost_and_the_same_request_again_is_safe() {
    for effect in ["accept_then_drop", "drop_before", "accept_then_hang"] {
        for (what, kind) in KINDS {
            let (stage, post) = stage().await;
            stage.fault(&json!({ "on": kind, "do": { "kind": effect } }));
            let answer = ask(&stage, "PUT", what, &post).await;
            answer.refused(502, "x_unreachable");
            assert_eq!(
                ask(&stage, "PUT", what, &post).await.expect(200)["active"],
                true
            );
        }
    }
}
