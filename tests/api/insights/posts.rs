//! How one post does.

use super::{ALL_NAMES, ask, asked, like, measured, stage, written};
use crate::publishing::Stage;
use serde_json::{Value, json};

async fn insights(stage: &Stage, post: &str, account: Option<&str>) -> Value {
    let query = account.map_or(String::new(), |account| format!("?account={account}"));
    ask(stage, &format!("/x/posts/{post}/insights{query}"))
        .await
        .expect(200)
}

#[tokio::test]
async fn own_posts_have_clicks_and_those_of_others_have_not_in_all_vocabularies() {
    for names in ALL_NAMES {
        let stage = stage().await;
        stage.x.lock().unwrap().settings.answer_names = names;
        let (own, theirs) = (
            written(&stage, "godwit_demo", 0, "Mine"),
            written(&stage, "long_bill", 0, "Theirs"),
        );
        for post in [&own, &theirs] {
            measured(&stage, post, 100, 3, 2);
            like(&stage, post).await;
        }
        let shown = insights(&stage, &own, None).await;
        let expected = json!({ "likes": 1, "reposts": 0, "replies": 0, "quotes": 0, "bookmarks": 0,
            "impressions": 100, "url_clicks": 3, "profile_clicks": 2, "engagements": 6 });
        assert_eq!(shown["metrics"], expected);
        assert_eq!(
            (&shown["private_metrics"], &shown["engagement_rate"]),
            (&json!("shown"), &json!(0.06))
        );
        assert_eq!(
            shown["url"],
            json!(format!("https://x.com/godwit_demo/status/{own}"))
        );
        assert_eq!(asked(&stage)[2], 2);

        let shown = insights(&stage, &theirs, None).await;
        assert_eq!(shown["metrics"]["likes"], 1);
        assert_eq!(shown["metrics"]["url_clicks"], Value::Null);
        assert_eq!(
            (&shown["private_metrics"], &shown["engagement_rate"]),
            (&json!("not_yours"), &json!(0.01))
        );
        assert_eq!(asked(&stage)[2], 3);
    }
}

#[tokio::test]
async fn a_post_of_any_account_of_the_workspace_is_read_as_that_account() {
    let stage = stage().await;
    let post = written(&stage, "godwit_demo", 0, "Mine");
    // The newest is asked first, and is not the author.
    let newest = stage.connect("long_bill");
    assert_eq!(
        insights(&stage, &post, None).await["private_metrics"],
        "shown"
    );
    let readers = stage.x.lock().unwrap().requests();
    let asked_as: Vec<_> = readers
        .iter()
        .filter_map(|one| one.username.clone())
        .collect();
    assert_eq!(asked_as, ["long_bill", "godwit_demo"]);
    // Who names an account means that one.
    let named = insights(&stage, &post, Some(&newest)).await;
    assert_eq!(named["private_metrics"], "not_yours");
    let named = insights(&stage, &post, Some(&stage.account)).await;
    assert_eq!(named["private_metrics"], "shown");
}

#[tokio::test]
async fn what_x_shows_for_thirty_days_is_not_asked_for_later() {
    let stage = stage().await;
    let post = written(&stage, "godwit_demo", 30, "Mine");
    let shown = insights(&stage, &post, None).await;
    assert_eq!(shown["private_metrics"], "too_old");
    assert_eq!(shown["metrics"]["likes"], 0);
    assert_eq!(asked(&stage)[2], 1);
}

#[tokio::test]
async fn public_metrics_are_shown_where_the_others_cannot_be_read_now() {
    let stage = stage().await;
    let post = written(&stage, "godwit_demo", 0, "Mine");
    stage.fault(&json!({ "on": "lookup", "after": 1, "do": { "kind": "status", "name": "service_unavailable" } }));
    let shown = insights(&stage, &post, None).await;
    assert_eq!(shown["private_metrics"], "not_readable");
    assert_eq!(shown["metrics"]["likes"], 0);
    assert_eq!(stage.world.log.events("private_metrics_not_read").len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_no_post_is_refused() {
    let stage = stage().await;
    ask(&stage, "/x/posts/1/insights")
        .await
        .refused(404, "x_not_found");
    for bad in ["abc", "0", "post_1"] {
        ask(&stage, &format!("/x/posts/{bad}/insights"))
            .await
            .refused(422, "not_a_post_link");
    }
    ask(&stage, "/x/posts/1/insights?account=acct_1")
        .await
        .refused(422, "invalid_query");
    ask(&stage, "/x/posts/1/insights?days=1")
        .await
        .refused(422, "invalid_query");
    assert_eq!(asked(&stage)[2], 1);
}

#[tokio::test]
async fn a_closed_window_is_429_with_retry_after() {
    let stage = stage().await;
    let post = written(&stage, "godwit_demo", 0, "Mine");
    stage.fault(&json!({ "on": "lookup", "do": { "kind": "status", "name": "rate_limit_code88", "reset_after_s": 60 } }));
    let answer = ask(&stage, &format!("/x/posts/{post}/insights")).await;
    answer.refused(429, "x_rate_limited");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 61);
}
