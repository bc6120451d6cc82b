//! What does not fit waits, says for what, and goes when it fits.

use super::{HOUR_MS, MINUTE_MS, only, per_day, published, waits};
use crate::publishing::Stage;
use godwit::ports::Statement;
use serde_json::json;

#[tokio::test]
async fn a_used_up_budget_stops_before_sending_names_itself_and_goes_on_the_next_day() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.03)).await;
    let posts = stage.posts(&["one", "two", "three"]).await;
    stage.run(5_000).await;
    assert_eq!(stage.on_x(), 2);
    let waiting = stage.delivery(&posts[2]).await;
    assert_eq!(stage.stands(&posts[2]).await, waits("budget_used_up"));
    assert_eq!(waiting["next_attempt_at"], "2026-11-22T00:00:00.000Z");
    let shown = waiting.to_string();
    for said in [
        "The workspace's budget for the day",
        "$0.03 of $0.03",
        "needs $0.015",
        "2026-11-22T00:00:00.000Z",
        "PUT /api/v1/workspaces/",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    stage.cost(30_000).await;
    stage.run(11 * HOUR_MS + 59 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 2);
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.stands(&posts[2]).await, published());
    let limit = only(&stage.get(&stage.budgets()).await);
    assert_eq!(
        limit,
        json!({
            "scope": "workspace", "measure": "usd", "period": "day", "amount": 0.03, "used": 0.015, "reserved": 0.0,
            "remaining": 0.015, "resets_at": "2026-11-23T00:00:00.000Z",
        })
    );
    assert_eq!(stage.reservations(), 0);
    stage.cost(45_000).await;
}

#[tokio::test]
async fn raising_a_budget_sends_what_waits_at_once() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.0)).await;
    let post = stage.post("waits").await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, waits("budget_used_up"));
    stage.limit(per_day(0.015)).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, published());
    let changes = "SELECT count(*) FROM audit_log WHERE action = 'budgets.changed'";
    assert_eq!(stage.world.database.value(changes), 2);
}

#[tokio::test]
async fn a_budget_that_is_raised_while_a_delivery_is_put_off_lets_it_go() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(0.0)).await;
    let post = stage.post("almost too late").await;
    let database = std::sync::Arc::clone(&stage.world.database);
    stage.after_next_call(move || {
        database.change(&Statement::new("UPDATE budgets SET amount = 15000"));
    });
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await, published());
}

#[tokio::test]
async fn deliveries_at_the_same_moment_never_spend_the_same_money() {
    let mut stage = Stage::new().await;
    let others = [stage.connect("second_bird"), stage.connect("long_bill")];
    stage.limit(per_day(0.03)).await;
    // Each call takes a while, so that all of them are under way at once.
    stage.fault(&json!({ "on": "create", "times": 99, "do": { "kind": "delay", "ms": 1_000 } }));
    let body = json!({ "text": "everywhere", "accounts": [stage.account, others[0], others[1]] });
    let post = stage.post_as(body).await;
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    stage.handle(bodies).await;
    assert_eq!(stage.on_x(), 2);
    stage.cost(30_000).await;
    // What others had only reserved when it asked is asked for again soon, and is spent by then.
    stage.run(3 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 2);
    let shown = stage.get(&format!("/posts/{post}")).await;
    let deliveries = shown["deliveries"].as_array().unwrap();
    let waiting: Vec<_> = deliveries
        .iter()
        .filter(|one| one["state"] == "waiting")
        .collect();
    assert_eq!(waiting.len(), 1, "{shown}");
    assert_eq!(waiting[0]["next_attempt_at"], "2026-11-22T00:00:00.000Z");
}

#[tokio::test]
async fn an_account_s_budget_binds_that_account_alone() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    let shown = stage
        .limit_account(&stage.account, json!({ "posts_per_month": 0 }))
        .await;
    let limit = only(&shown);
    assert_eq!(
        (&limit["scope"], &limit["account_id"], &limit["resets_at"]),
        (
            &json!("account"),
            &json!(stage.account),
            &json!("2026-12-01T00:00:00.000Z")
        )
    );
    let body = json!({ "text": "to both", "accounts": [stage.account, other] });
    let post = stage.post_as(body).await;
    stage.run(1_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    for delivery in shown["deliveries"].as_array().unwrap() {
        let is_bound = delivery["account_id"] == stage.account.as_str();
        let expected = if is_bound { "waiting" } else { "published" };
        assert_eq!(delivery["state"], expected, "{delivery}");
        if is_bound {
            assert_eq!(delivery["reason"], "quota_used_up");
            let said = delivery["detail"].as_str().unwrap();
            assert!(
                said.contains(&*stage.account) && said.contains("0 of 0")
                    || said.contains("0 posts of 0 posts"),
                "{said}"
            );
        }
    }
    // Null takes a limit away.
    stage
        .limit_account(&stage.account, json!({ "posts_per_month": null }))
        .await;
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
}

#[tokio::test]
async fn a_thread_that_does_not_fit_as_a_whole_is_not_begun() {
    let mut stage = Stage::new().await;
    stage
        .limit(json!({ "posts_per_day": 2, "usd_per_day": 100 }))
        .await;
    let body = json!({ "thread": ["one", "two", "three"], "accounts": [stage.account] });
    let thread = stage.post_as(body).await;
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&thread).await),
        (0, waits("quota_used_up"))
    );
    stage
        .limit(json!({ "posts_per_day": 3, "usd_per_day": 100 }))
        .await;
    let single = stage.posts(&["four"]).await.remove(0);
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&thread).await),
        (3, published())
    );
    assert_eq!(stage.stands(&single).await, waits("quota_used_up"));
    assert_eq!(stage.reservations(), 0);
    stage.cost(45_000).await;
}

#[tokio::test]
async fn a_month_ends_at_midnight_of_utc() {
    let mut stage = Stage::new().await;
    stage.jump("2026-11-30T23:58:30Z");
    stage.sign_in().await;
    stage.limit(json!({ "usd_per_month": 0.2 })).await;
    let posts = stage.posts(&["see example.com", "one more"]).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&posts[0]).await, published());
    let waiting = stage.delivery(&posts[1]).await;
    assert_eq!(
        waiting["next_attempt_at"], "2026-12-01T00:00:00.000Z",
        "{waiting}"
    );
    stage.run(80_000).await;
    assert_eq!(stage.on_x(), 1);
    stage.run(MINUTE_MS).await;
    assert_eq!(stage.stands(&posts[1]).await, published());
    assert_eq!(only(&stage.get(&stage.budgets()).await)["used"], 0.015);
    stage.cost(15_000 + 200_000).await;
}

#[tokio::test]
async fn what_waits_for_money_longer_than_it_is_wanted_is_missed_by_then() {
    let mut stage = Stage::new().await;
    stage.limit(json!({ "usd_per_month": 0 })).await;
    let post = stage.post("news").await;
    stage.run(1_000).await;
    let waiting = stage.delivery(&post).await;
    assert_eq!(
        waiting["next_attempt_at"], "2026-11-22T12:00:01.000Z",
        "{waiting}"
    );
    stage.jump("2026-11-22T11:59:00Z");
    stage.run(3 * MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await.0, "missed");
    stage.limit(json!({})).await;
    stage.run(2 * MINUTE_MS).await;
    assert_eq!(stage.on_x(), 0);
}

#[tokio::test]
async fn an_old_plan_s_quota_holds_for_all_who_share_the_app_until_the_operator_has_another() {
    let mut stage = Stage::with(&[("X_PLAN", "free")]).await;
    let eve = stage.world.person("eve").await;
    let hers = stage.connect_for(&eve, "second_bird");
    let posts = stage.posts(&["the first"]).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&posts[0]).await, published());
    // The app has posted 499 of its 500.
    let count = Statement::new("UPDATE budgets SET used = used + 498 WHERE measure = 'posts'");
    stage.world.database.change(&count);
    let body = Some(json!({ "text": "the last of the month", "accounts": [hers] }));
    let answer = stage
        .world
        .request("POST", "/posts", Some(&eve.token), body)
        .await;
    answer.expect(202);
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 2);
    let post = stage.post("one too many").await;
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), stage.stands(&post).await),
        (2, waits("quota_used_up"))
    );
    let said = stage.delivery(&post).await.to_string();
    assert!(
        said.contains("500 posts of 500 posts") && said.contains("X_PLAN"),
        "{said}"
    );
    stage.deploy(&[("X_PLAN", "basic")]);
    stage.run(HOUR_MS + MINUTE_MS).await;
    assert_eq!(stage.stands(&post).await, published());
    // Another's app has its own plan.
    assert_eq!(stage.get("/usage").await["totals"]["posts"], 2);
}

#[tokio::test]
async fn a_preview_says_what_would_wait_and_for_what() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    stage.limit_account(&stage.account, per_day(0.2)).await;
    stage.post("spends a little").await;
    stage.run(1_000).await;
    let body = json!({ "text": "see example.com", "accounts": [stage.account, other] });
    let token = Some(stage.person.token.as_str());
    let answer = stage
        .world
        .request("POST", "/posts/preview", token, Some(body))
        .await;
    let seen = answer.expect(200);
    let codes = |target: usize| -> Vec<String> {
        let warnings = seen["targets"][target]["warnings"].as_array().unwrap();
        let code = |one: &serde_json::Value| one["code"].as_str().unwrap().to_owned();
        warnings.iter().map(code).collect()
    };
    assert_eq!(codes(0), ["url_multiplies_price", "budget_used_up"]);
    assert_eq!(codes(1), ["url_multiplies_price"]);
    assert_eq!(seen["targets"][0]["valid"], true);
}

#[tokio::test]
async fn only_an_admin_sets_limits_and_only_to_amounts() {
    let stage = Stage::new().await;
    for wrong in [
        json!({ "usd_per_day": -1 }),
        json!({ "usd_per_month": 1e9 }),
        json!({ "posts_per_day": 1_000_000_001 }),
    ] {
        let pointer = format!("/{}", wrong.as_object().unwrap().keys().next().unwrap());
        let answer = stage.put(&stage.budgets(), wrong).await;
        answer.refused(422, "invalid_amount");
        assert_eq!(
            answer.json["errors"][0]["pointer"], pointer,
            "{}",
            answer.json
        );
        assert_eq!(answer.json["errors"][0]["code"], "invalid_amount");
    }
    stage
        .world
        .database
        .change(&Statement::new("UPDATE memberships SET role = 'publisher'"));
    let answer = stage.put(&stage.budgets(), per_day(1.0)).await;
    answer.refused(403, "missing_role");
    assert_eq!(stage.get(&stage.budgets()).await["limits"], json!([]));
}

#[tokio::test]
async fn a_budget_below_what_is_used_stops_what_follows_and_shows_nothing_left() {
    let mut stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    let spent = stage.posts(&["one", "two"]).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&spent[1]).await, published());
    let lowered = only(&stage.limit(per_day(0.01)).await);
    assert_eq!(
        (&lowered["used"], &lowered["remaining"]),
        (&json!(0.03), &json!(0.0))
    );
    let post = stage.post("too much").await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, waits("budget_used_up"));
    // Too little is still too little.
    stage.limit(per_day(0.044_999)).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, waits("budget_used_up"));
    stage.limit(per_day(0.045)).await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, published());
}

#[tokio::test]
async fn a_limit_of_one_measure_or_account_does_not_stop_another() {
    let mut stage = Stage::new().await;
    let other = stage.connect("second_bird");
    // The other account's money is under way.
    stage.limit_account(&stage.account, per_day(0.02)).await;
    stage.limit_account(&other, per_day(1.0)).await;
    stage.fault(&json!({ "on": "create", "do": { "kind": "drop_before" } }));
    let body = json!({ "text": "nowhere", "accounts": [other] });
    let doubtful = stage.post_as(body).await;
    stage.run(5_000).await;
    assert_eq!(stage.stands(&doubtful).await.0, "uncertain");
    stage
        .limit(json!({ "reads_per_day": 0, "usd_per_day": 1 }))
        .await;
    let post = stage.post("no read").await;
    stage.run(1_000).await;
    assert_eq!(stage.stands(&post).await, published());
    // No post is left, and a user may be read.
    stage
        .limit(json!({ "posts_per_day": 0, "reads_per_day": 0 }))
        .await;
    let token = Some(stage.person.token.as_str());
    let path = format!("/accounts/{other}/info");
    let read = stage.world.request("GET", &path, token, None).await;
    assert_eq!(read.expect(200)["stale"], false);
}

#[tokio::test]
async fn a_limit_that_is_set_late_counts_what_its_own_account_used_in_its_own_period() {
    let stage = Stage::new().await;
    let other = stage.connect("second_bird");
    for (account, day, kind, count) in [
        (&*stage.account, "2026-10-31", "post", 1),
        (&*stage.account, "2026-11-20", "post", 10),
        (&*stage.account, "2026-11-21", "post_with_url", 100),
        (&*stage.account, "2026-11-21", "post_read", 1_000),
        (&*stage.account, "2026-11-21", "user_read", 1_000_000),
        (&*other, "2026-11-21", "post", 10_000),
        ("", "2026-11-21", "trends", 100_000),
    ] {
        let sql = "INSERT INTO usage (workspace_id, account_id, day, kind, count, micros) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
        let row = Statement::new(sql)
            .bind(stage.person.workspace_id.as_str())
            .bind(account)
            .bind(day)
            .bind(kind)
            .bind(i64::from(count));
        stage.world.database.change(&row);
    }
    let all = json!({
        "usd_per_day": 100, "usd_per_month": 100, "posts_per_day": 1, "posts_per_month": 1, "reads_per_day": 1,
        "reads_per_month": 1,
    });
    let used = |shown: &serde_json::Value, scope: &str| -> Vec<(String, i64)> {
        let limits = shown["limits"].as_array().unwrap().iter();
        let mut used: Vec<(String, i64)> = limits
            .filter(|one| one["scope"] == scope)
            .map(|one| {
                let name = format!("{} {}", one["measure"], one["period"]).replace('"', "");
                let amount = if one["measure"] == "usd" {
                    super::micros(&one["used"])
                } else {
                    one["used"].as_i64().unwrap()
                };
                (name, amount)
            })
            .collect();
        used.sort();
        used
    };
    let expected = |amounts: [i64; 6]| -> Vec<(String, i64)> {
        let names = [
            "posts day",
            "posts month",
            "reads day",
            "reads month",
            "usd day",
            "usd month",
        ];
        let names = names.into_iter().map(str::to_owned);
        names.zip(amounts).collect()
    };
    let shown = stage.limit_account(&stage.account, all.clone()).await;
    assert_eq!(
        used(&shown, "account"),
        expected([100, 110, 1_000, 1_000, 1_001_100, 1_001_110])
    );
    let shown = stage.limit(all).await;
    assert_eq!(
        used(&shown, "workspace"),
        expected([10_100, 10_110, 1_000, 1_000, 1_111_100, 1_111_110])
    );
}

#[tokio::test]
async fn a_limit_that_is_none_is_refused_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.limit(per_day(1.0)).await;
    for wrong in [
        json!({ "usd_per_day": "1" }),
        json!({ "usd_per_day": true }),
        json!({ "usd_per_day": [1] }),
        json!({ "usd_per_day": 1_000_000 }),
        json!({ "usd_per_day": -0.000_001 }),
        json!({ "eur_per_day": 1 }),
        json!({ "currency": "EUR", "usd_per_day": 1 }),
        json!({ "posts_per_day": -1 }),
        json!({ "posts_per_day": 1.5 }),
        json!({ "reads_per_month": 4_294_967_296_i64 }),
        json!({ "usd_per_month": 1, "reads_per_month": "many" }),
        json!([]),
        json!(null),
    ] {
        for path in [
            stage.budgets(),
            format!("/accounts/{}/budgets", stage.account),
        ] {
            let answer = stage.put(&path, wrong.clone()).await;
            assert!(
                [400, 422].contains(&answer.status),
                "{wrong}: {} {}",
                answer.status,
                answer.json
            );
        }
    }
    let limit = only(&stage.get(&stage.budgets()).await);
    assert_eq!(limit["amount"], 1.0);
    let changes = "SELECT count(*) FROM audit_log WHERE action = 'budgets.changed'";
    assert_eq!(stage.world.database.value(changes), 1);
}
