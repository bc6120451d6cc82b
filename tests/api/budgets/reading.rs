//! Budgets and quotas of what is read and done beside posting.

use super::{HOUR_MS, per_day};
use crate::publishing::Stage;
use crate::sandbox::{Names, Plan};
use crate::support::Answer;
use godwit::ports::Clock as _;
use serde_json::json;

/// Somebody has written so many posts, and X allows everything.
async fn stage(posts: u32) -> Stage {
    let stage = Stage::new().await;
    {
        let mut x = stage.x.lock().unwrap();
        x.settings.query_names = Names::New;
        x.settings.plan = Plan::Enterprise;
        let now = stage.world.clock.now().millis();
        for number in 0..posts {
            let at = now - i64::from(posts - number) * 60_000;
            x.write_as(at, "godwit_demo", &format!("number {number}"))
                .unwrap();
        }
    }
    stage
}

async fn ask(stage: &Stage, method: &str, what: &str) -> Answer {
    let path = format!("/accounts/{}/{what}", stage.account);
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, &path, token, None).await
}

#[tokio::test]
async fn a_used_up_quota_of_reads_stops_before_x_is_asked_and_says_until_when() {
    let stage = stage(6).await;
    stage.limit(json!({ "reads_per_day": 10 })).await;
    ask(&stage, "GET", "timeline?limit=6").await.expect(200);
    // What X may give is what has to fit.
    let refused = ask(&stage, "GET", "timeline?limit=5").await;
    refused.refused(429, "quota_used_up");
    assert_eq!(
        refused.header("retry-after"),
        (12 * HOUR_MS / 1_000).to_string()
    );
    let said = refused.json["detail"].as_str().unwrap();
    assert!(
        said.contains("6 posts read of 10 posts read") && said.contains("needs 5"),
        "{said}"
    );
    assert_eq!(stage.x.lock().unwrap().counts().timeline_reads, 1);
    stage.limit(json!({ "reads_per_day": 11 })).await;
    ask(&stage, "GET", "timeline?limit=5").await.expect(200);
    assert_eq!(stage.get("/usage").await["totals"]["reads"], 11);
    assert_eq!(stage.reservations(), 0);
    stage.cost(55_000).await;
}

#[tokio::test]
async fn what_x_refuses_to_show_is_not_booked() {
    let stage = stage(1).await;
    stage.limit(per_day(1.0)).await;
    stage.fault(&json!({ "on": "timeline", "do": { "kind": "status", "name": "forbidden" } }));
    ask(&stage, "GET", "timeline")
        .await
        .refused(403, "x_plan_forbids");
    assert_eq!(stage.reservations(), 0);
    stage.cost(0).await;
}

#[tokio::test]
async fn an_empty_purse_likes_nothing_and_shows_what_was_read_before() {
    let stage = stage(1).await;
    let read = ask(&stage, "GET", "info").await.expect(200);
    stage.limit_account(&stage.account, per_day(0.0)).await;
    let post = stage.x.lock().unwrap().posts()[0].id.clone();
    let liked = ask(&stage, "PUT", &format!("likes/{post}")).await;
    liked.refused(429, "budget_used_up");
    assert_eq!(stage.x.lock().unwrap().counts().likes, 0);
    stage.world.clock.advance(2 * HOUR_MS);
    let old = ask(&stage, "GET", "info").await.expect(200);
    assert_eq!(
        (&old["stale"], &old["stale_reason"]),
        (&json!(true), &json!("budget_used_up"))
    );
    assert_eq!(old["cached_at"], read["cached_at"]);
    stage.cost(10_000).await;
}

#[tokio::test]
async fn a_reading_whose_process_ended_frees_its_money_by_itself() {
    let stage = stage(1).await;
    stage.limit(per_day(0.1)).await;
    {
        // It is dropped while X is being asked.
        stage.fault(&json!({ "on": "timeline", "do": { "kind": "hang_before" } }));
        let mut reading = Box::pin(ask(&stage, "GET", "timeline?limit=20"));
        while stage.reservations() == 0 {
            assert!(
                futures_util::future::poll_immediate(&mut reading)
                    .await
                    .is_none()
            );
        }
    }
    godwit::jobs::tick(&stage.world.app(), godwit::jobs::DAILY).await;
    ask(&stage, "GET", "timeline?limit=20")
        .await
        .refused(429, "budget_used_up");
    stage.world.clock.advance(121_000);
    ask(&stage, "GET", "timeline?limit=20").await.expect(200);
}

#[tokio::test]
async fn the_app_s_own_readings_count_for_the_workspace() {
    let stage = Stage::with(&[("X_BEARER_TOKEN", "sandbox-app-only")]).await;
    let unlink = godwit::ports::Statement::new("UPDATE accounts SET status = 'unlinked'");
    stage.world.database.change(&unlink);
    stage.x.lock().unwrap().settings.query_names = Names::New;
    let trends = stage.get("/trends").await;
    assert!(!trends["items"].as_array().unwrap().is_empty());
    let usage = stage.get("/usage").await;
    assert_eq!(usage["items"][0]["account_id"], json!(null));
    assert_eq!(
        usage["items"][0]["kinds"],
        json!([{ "kind": "trends", "count": 1, "spend_usd": 0.01 }])
    );
    stage.limit(per_day(0.01)).await;
    let token = Some(stage.person.token.as_str());
    let refused = stage.world.request("GET", "/trends", token, None).await;
    refused.refused(429, "budget_used_up");
    stage.cost(10_000).await;
}
