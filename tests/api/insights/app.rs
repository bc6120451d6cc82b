//! A workspace without an account.

use super::{ask, asked, stage_with, written};
use crate::publishing::Stage;
use godwit::ports::Statement;
use serde_json::json;

async fn without_account(variables: &[(&str, &str)]) -> Stage {
    let stage = stage_with(variables).await;
    let unlink = Statement::new("UPDATE accounts SET status = 'unlinked'");
    stage.world.database.change(&unlink);
    stage
}

const BEARER: (&str, &str) = ("X_BEARER_TOKEN", "sandbox-app-only");

#[tokio::test]
async fn nothing_can_be_read_without_any_credentials() {
    let stage = without_account(&[("X_API_KEY", "")]).await;
    for path in ["/x/posts/1/insights", "/x/users/search?query=a", "/trends"] {
        let answer = ask(&stage, path).await;
        answer.refused(409, "no_account");
        assert!(
            answer.json["remedy"]
                .as_str()
                .unwrap()
                .contains("X_BEARER_TOKEN")
        );
    }
    assert_eq!(asked(&stage), [0; 6]);
}

#[tokio::test]
async fn posts_and_trends_are_read_as_the_app_and_users_are_not() {
    let stage = without_account(&[BEARER]).await;
    let post = written(&stage, "long_bill", 0, "Seen by all");
    let shown = ask(&stage, &format!("/x/posts/{post}/insights"))
        .await
        .expect(200);
    assert_eq!(shown["private_metrics"], "not_yours");
    assert_eq!(shown["author"]["handle"], "long_bill");
    assert_eq!(
        ask(&stage, "/trends").await.expect(200)["items"][0]["name"],
        "#Rust"
    );
    ask(&stage, "/x/users/search?query=a")
        .await
        .refused(409, "no_account");
    assert_eq!(asked(&stage), [0, 0, 1, 0, 0, 1]);
    assert_eq!(
        stage.world.gates.calls().count(),
        0,
        "no account's window is used"
    );
}

#[tokio::test]
async fn what_x_refuses_the_app_is_the_operators_matter() {
    let stage = without_account(&[("X_BEARER_TOKEN", "another")]).await;
    let answer = ask(&stage, "/trends").await;
    answer.refused(503, "x_client_rejected");
    assert!(
        answer.json["remedy"]
            .as_str()
            .unwrap()
            .contains("X_BEARER_TOKEN")
    );
    let stage = without_account(&[BEARER]).await;
    stage.fault(&json!({ "on": "trends", "do": { "kind": "status", "name": "rate_limit", "reset_after_s": 30 } }));
    let answer = ask(&stage, "/trends").await;
    answer.refused(429, "x_rate_limited");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 31);
}

#[tokio::test]
async fn an_account_that_may_not_gives_way_to_the_app() {
    let stage = stage_with(&[BEARER]).await;
    crate::engagement::connected(&stage, "oauth1", "");
    ask(&stage, "/trends").await.expect(200);
    assert_eq!(stage.world.gates.calls().count(), 0);
}
