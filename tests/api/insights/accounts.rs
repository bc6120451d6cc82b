//! An account's profile and how it does.

use super::{ALL_NAMES, ask, asked, like, measured, of_account, stage, written};
use crate::publishing::Stage;
use godwit::ports::{Clock as _, Statement};
use godwit::time::{HOUR_MS, MINUTE_MS};
use serde_json::{Value, json};

/// Connects an X user with followers in the place of the stage's own.
fn with_followers(stage: &mut Stage, followers: u32) {
    let profile = json!({ "username": "popular", "name": "Popular", "verified_type": "blue",
        "description": "Birds &amp; more", "followers": followers, "following": 7 });
    let profile = serde_json::from_value(profile).unwrap();
    stage.x.lock().unwrap().add_user(profile).unwrap();
    stage.account = stage.connect("popular");
}

#[tokio::test]
async fn the_profile_is_read_once_an_hour() {
    let mut stage = stage().await;
    with_followers(&mut stage, 120);
    let first = of_account(&stage, "info").await.expect(200);
    let profile = &first["profile"];
    assert_eq!(profile["handle"], "popular");
    assert_eq!(profile["description"], "Birds & more");
    assert_eq!(
        (
            &profile["followers"],
            &profile["following"],
            &profile["posts"]
        ),
        (&json!(120), &json!(7), &json!(0))
    );
    assert_eq!(
        (&profile["verified"], &first["stale"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["cached_at"], json!(stage.world.clock.now()));

    stage.world.clock.advance(HOUR_MS - 1);
    assert_eq!(of_account(&stage, "info").await.expect(200), first);
    assert_eq!(asked(&stage)[0], 1);

    stage.world.clock.advance(1);
    let second = of_account(&stage, "info").await.expect(200);
    assert_eq!(second["cached_at"], json!(stage.world.clock.now()));
    assert_eq!(asked(&stage)[0], 2);
    // What it showed is also what the account shows, without another reading.
    let account = ask(&stage, &format!("/accounts/{}", stage.account)).await;
    assert_eq!(account.expect(200)["name"], "Popular");
    assert_eq!(asked(&stage)[0], 2);
}

#[tokio::test]
async fn the_profile_is_the_same_in_all_vocabularies() {
    let mut shown = Vec::new();
    for names in ALL_NAMES {
        let stage = stage().await;
        stage.x.lock().unwrap().settings.answer_names = names;
        written(&stage, "godwit_demo", 0, "One post");
        shown.push(of_account(&stage, "info").await.expect(200)["profile"].clone());
    }
    assert_eq!(shown[0]["posts"], 1);
    assert!(shown.iter().all(|one| *one == shown[0]), "{shown:#?}");
}

#[tokio::test]
async fn an_x_that_does_not_answer_leaves_the_old_profile_and_is_not_asked_at_every_look() {
    let stage = stage().await;
    for effect in ["drop_before", "hang_before"] {
        stage.fault(&json!({ "on": "users_me", "do": { "kind": effect } }));
        of_account(&stage, "info")
            .await
            .refused(502, "x_unreachable");
    }
    let first = of_account(&stage, "info").await.expect(200);
    stage.world.clock.advance(HOUR_MS);
    let failing = json!({ "on": "users_me", "times": 100, "do": { "kind": "hang_before" } });
    stage.fault(&failing);
    let before = asked(&stage)[0];
    for _ in 0..3 {
        let old = of_account(&stage, "info").await.expect(200);
        assert_eq!(old["profile"], first["profile"]);
        assert_eq!(old["cached_at"], first["cached_at"]);
        assert_eq!(
            (&old["stale"], &old["stale_reason"]),
            (&json!(true), &json!("x_unreachable"))
        );
    }
    assert_eq!(asked(&stage)[0], before + 1);
    stage.world.clock.advance(5 * MINUTE_MS);
    of_account(&stage, "info").await.expect(200);
    assert_eq!(asked(&stage)[0], before + 2);
    stage.x.lock().unwrap().clear_faults();
    stage.world.clock.advance(5 * MINUTE_MS);
    let new = of_account(&stage, "info").await.expect(200);
    assert_eq!(
        (&new["stale"], &new["stale_reason"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn a_locked_account_is_not_shown_as_if_it_were_there() {
    let stage = stage().await;
    of_account(&stage, "info").await.expect(200);
    stage.world.clock.advance(HOUR_MS);
    stage.fault(&json!({ "on": "users_me", "do": { "kind": "status", "name": "user_locked" } }));
    of_account(&stage, "info")
        .await
        .refused(409, "x_account_locked");
    let account = ask(&stage, "/accounts").await.expect(200)["items"][0].clone();
    assert_eq!(account["status_reason"], "x_account_locked");
}

#[tokio::test]
async fn an_access_token_that_x_does_not_take_is_refreshed_once() {
    let stage = stage().await;
    stage.x.lock().unwrap().expire_tokens();
    of_account(&stage, "info").await.expect(200);
    of_account(&stage, "timeline").await.expect(200);
    assert_eq!(asked(&stage)[..2], [2, 1]);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
}

/// Three posts of these days and an old one, seen and clicked.
async fn published(stage: &Stage) -> [String; 4] {
    let old = written(stage, "popular", 40, "Long ago");
    let quiet = written(stage, "popular", 3, "Quiet");
    let best = written(stage, "popular", 2, "The best");
    let other = written(stage, "popular", 1, "Another");
    measured(stage, &old, 1_000, 0, 0);
    measured(stage, &best, 200, 5, 2);
    measured(stage, &other, 100, 1, 0);
    like(stage, &best).await;
    [old, quiet, best, other]
}

#[tokio::test]
async fn insights_are_sums_averages_the_rate_and_the_top_post_in_all_vocabularies() {
    let mut shown = Vec::new();
    for names in ALL_NAMES {
        let mut stage = stage().await;
        with_followers(&mut stage, 120);
        stage.x.lock().unwrap().settings.answer_names = names;
        let [_, _, best, _] = published(&stage).await;
        let insights = of_account(&stage, "insights").await.expect(200);
        assert_eq!(insights["days"], 28);
        assert_eq!(
            (&insights["posts_read"], &insights["posts_complete"]),
            (&json!(3), &json!(true))
        );
        let expected = json!({ "likes": 1, "reposts": 0, "replies": 0, "quotes": 0, "bookmarks": 0,
            "impressions": 300, "url_clicks": 6, "profile_clicks": 2, "engagements": 9 });
        assert_eq!(insights["totals"], expected);
        assert_eq!(insights["averages"]["impressions"], 100.0);
        assert_eq!(insights["averages"]["engagements"], 3.0);
        assert_eq!(insights["engagement_rate"], 0.03);
        assert_eq!(insights["top_post"]["external_id"], json!(best));
        assert_eq!(
            insights["top_post"]["url"],
            json!(format!("https://x.com/popular/status/{best}"))
        );
        assert_eq!(insights["followers"], json!({ "now": 120, "change": null }));
        assert_eq!(insights["posts"]["now"], 4);
        // One profile, one page of private metrics; the older ones are not asked for.
        assert_eq!(asked(&stage)[..2], [1, 1]);
        shown.push(insights["totals"].clone());
    }
    assert!(shown.iter().all(|one| *one == shown[0]));
}

#[tokio::test]
async fn older_posts_are_read_without_what_x_does_not_show_of_them() {
    let mut stage = stage().await;
    with_followers(&mut stage, 1);
    published(&stage).await;
    let insights = of_account(&stage, "insights?days=90").await.expect(200);
    assert_eq!(insights["posts_read"], 4);
    assert_eq!(insights["totals"]["impressions"], 1_300);
    assert_eq!(insights["totals"]["url_clicks"], 6);
    assert_eq!(asked(&stage)[..2], [1, 2]);
}

#[tokio::test]
async fn insights_are_kept_for_a_quarter_of_an_hour_each_for_its_days() {
    let stage = stage().await;
    written(&stage, "godwit_demo", 0, "A post");
    let first = of_account(&stage, "insights?days=7").await.expect(200);
    stage.world.clock.advance(15 * MINUTE_MS - 1);
    assert_eq!(
        of_account(&stage, "insights?days=7").await.expect(200),
        first
    );
    assert_eq!(asked(&stage)[..2], [1, 1]);
    of_account(&stage, "insights").await.expect(200);
    assert_eq!(
        asked(&stage)[..2],
        [1, 2],
        "the profile is an hour old at most"
    );
    stage.world.clock.advance(1);
    let second = of_account(&stage, "insights?days=7").await.expect(200);
    assert_eq!(asked(&stage)[..2], [1, 3]);
    assert_ne!(second["cached_at"], first["cached_at"]);
    // X does not answer: the old ones.
    stage.world.clock.advance(15 * MINUTE_MS);
    stage.fault(
        &json!({ "on": "timeline", "do": { "kind": "status", "name": "service_unavailable" } }),
    );
    let old = of_account(&stage, "insights?days=7").await.expect(200);
    assert_eq!(
        (&old["stale"], &old["cached_at"]),
        (&json!(true), &second["cached_at"])
    );
}

#[tokio::test]
async fn growth_is_since_the_first_day_that_was_read() {
    let mut stage = stage().await;
    with_followers(&mut stage, 120);
    let day = |day: &str, followers: i64| {
        stage.world.database.change(
            &Statement::new(
                "INSERT INTO account_days (workspace_id, account_id, day, followers, following, posts)
                 VALUES (?1, ?2, ?3, ?4, 5, 0)",
            )
            .bind(stage.person.workspace_id.as_str())
            .bind(stage.account.as_str())
            .bind(day)
            .bind(followers),
        );
    };
    day("2020-01-01", 1);
    day("2026-10-01", 50);
    day("2026-11-10", 100);
    day("2026-11-20", 130);
    let insights = of_account(&stage, "insights?days=14").await.expect(200);
    assert_eq!(insights["followers"], json!({ "now": 120, "change": 20 }));
    assert_eq!(insights["following"], json!({ "now": 7, "change": 2 }));
    let days: Vec<_> = insights["by_day"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["day"].clone())
        .collect();
    assert_eq!(days, ["2026-11-10", "2026-11-20", "2026-11-21"]);
    // Too old to be asked for.
    let left = stage
        .world
        .database
        .value("SELECT min(day) FROM account_days");
    assert_eq!(left, "2026-10-01");
}

#[tokio::test]
async fn no_more_pages_are_read_than_are_worth_it_and_that_is_said() {
    let stage = stage().await;
    for number in 0..501 {
        written(&stage, "godwit_demo", 0, &format!("Number {number}"));
    }
    let insights = of_account(&stage, "insights?days=1").await.expect(200);
    assert_eq!(
        (&insights["posts_read"], &insights["posts_complete"]),
        (&json!(500), &json!(false))
    );
    assert_eq!(asked(&stage)[1], 5);
}

#[tokio::test]
async fn days_are_from_one_to_ninety() {
    let stage = stage().await;
    for bad in ["0", "91", "-1", "abc", ""] {
        let answer = of_account(&stage, &format!("insights?days={bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert_eq!(
            answer.json["errors"][0]["pointer"], "days",
            "{}",
            answer.json
        );
    }
    of_account(&stage, "insights?day=1")
        .await
        .refused(422, "invalid_query");
    of_account(&stage, "info?days=1")
        .await
        .refused(422, "invalid_query");
    let nothing = of_account(&stage, "insights?days=1").await.expect(200);
    for member in ["averages", "engagement_rate", "top_post"] {
        assert_eq!(nothing[member], Value::Null, "{member}");
    }
}
