//! What X shows of accounts and posts, through the real gate from the sandbox's X, which checks every request by X's own
//! document.

mod accounts;
mod app;
mod lists;
mod posts;

use crate::publishing::Stage;
use crate::sandbox::measure::Metrics;
use crate::sandbox::{Names, Plan};
use crate::support::Answer;
use godwit::ports::Clock as _;
use godwit::time::DAY_MS;
use serde_json::json;

/// A stage whose X takes nothing but what the document of today has.
async fn stage() -> Stage {
    stage_with(&[]).await
}

async fn stage_with(variables: &[(&str, &str)]) -> Stage {
    let stage = Stage::with(variables).await;
    {
        let mut x = stage.x.lock().unwrap();
        x.settings.query_names = Names::New;
        x.settings.plan = Plan::Enterprise;
    }
    stage
}

async fn ask(stage: &Stage, path: &str) -> Answer {
    let token = &stage.person.token;
    stage.world.request("GET", path, Some(token), None).await
}

/// Below the account.
async fn of_account(stage: &Stage, what: &str) -> Answer {
    ask(stage, &format!("/accounts/{}/{what}", stage.account)).await
}

/// How often X was asked so far: for the own profile, for timelines, for posts, for mentions, for users, for trends.
/// Nothing that was asked is against X's document.
fn asked(stage: &Stage) -> [u64; 6] {
    let x = stage.x.lock().unwrap();
    let counts = x.counts();
    assert_eq!(counts.against_the_document, 0);
    [
        counts.users_me,
        counts.timeline_reads,
        counts.lookups,
        counts.mentions_reads,
        counts.users_reads,
        counts.trends,
    ]
}

/// Somebody writes on x.com, some days ago. Older ones first: X's ids rise.
fn written(stage: &Stage, username: &str, days_ago: i64, text: &str) -> String {
    let at = stage.world.clock.now().plus_ms(-days_ago * DAY_MS);
    let mut x = stage.x.lock().unwrap();
    x.write_as(at.millis(), username, text).unwrap()
}

fn measured(stage: &Stage, post: &str, impressions: u64, url_clicks: u64, profile_clicks: u64) {
    let metrics = Metrics {
        impressions,
        url_clicks,
        profile_clicks,
    };
    assert!(stage.x.lock().unwrap().measure(post, metrics));
}

/// The account likes a post.
async fn like(stage: &Stage, post: &str) {
    let path = format!("/accounts/{}/likes/{post}", stage.account);
    let token = &stage.person.token;
    let answer = stage.world.request("PUT", &path, Some(token), None).await;
    answer.expect(200);
}

const ALL_NAMES: [Names; 4] = [Names::Old, Names::New, Names::Both, Names::Mixed];

#[tokio::test]
async fn with_anothers_account_nothing_can_be_read() {
    let stage = stage().await;
    let eve = stage.world.person("eve").await;
    let hers = stage.connect_for(&eve, "second_bird");
    let post = written(&stage, "long_bill", 0, "Seen by all");
    for path in [
        format!("/accounts/{hers}/info"),
        format!("/accounts/{hers}/insights"),
        format!("/accounts/{hers}/timeline"),
        format!("/accounts/{hers}/mentions"),
        format!("/x/posts/{post}/insights?account={hers}"),
        format!("/x/users/search?query=bird&account={hers}"),
        format!("/trends?account={hers}"),
    ] {
        ask(&stage, &path).await.refused(404, "not_found");
    }
    assert_eq!(asked(&stage), [0; 6]);
    assert_eq!(stage.world.gates.calls().count(), 0);
}

#[tokio::test]
async fn what_x_refuses_is_said_with_what_to_do() {
    let stage = stage().await;
    for (what, on) in [
        ("info", "users_me"),
        ("timeline", "timeline"),
        ("mentions", "mentions"),
    ] {
        for (fault, status, code) in [
            ("forbidden", 403, "x_plan_forbids"),
            ("credits_depleted", 503, "x_credits_depleted"),
            ("usage_cap", 429, "x_usage_capped"),
            ("service_unavailable_html", 502, "x_unreachable"),
        ] {
            stage.fault(&json!({ "on": on, "do": { "kind": "status", "name": fault, "reset_after_s": 60 } }));
            let answer = of_account(&stage, what).await;
            answer.refused(status, code);
            stage.world.clock.advance(61_000);
        }
    }
}
