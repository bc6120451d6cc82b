//! `GET /usage` is X's own bill.

use super::micros;
use crate::publishing::Stage;
use crate::sandbox::{Names, Plan};
use godwit::ports::{Clock as _, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// X's name of what Godwit calls by another.
fn at_x(kind: &str) -> &str {
    match kind {
        "post" => "create",
        "post_with_url" => "create_with_url",
        "post_delete" => "delete",
        kind => kind,
    }
}

fn lines(bill: &Value, name: impl Fn(&Value) -> Option<String>) -> BTreeMap<String, (u64, i64)> {
    let lines = bill.as_array().unwrap().iter();
    let line = |one: &Value| {
        let money = micros(&one["spend_usd"]);
        Some((name(one)?, (one["count"].as_u64()?, money)))
    };
    lines.filter_map(line).collect()
}

/// All kinds of things, as two accounts.
async fn a_day(stage: &mut Stage) {
    let other = stage
        .walk("/connections/x/authorize", &stage.person, "second_bird")
        .await;
    let photo = stage.picture().await;
    let token = stage.person.token.clone();
    for body in [
        json!({ "text": "plain", "accounts": [stage.account, other] }),
        json!({ "text": "see example.com", "accounts": [stage.account] }),
        json!({ "thread": ["one", "two https://example.org", "three"], "accounts": [other] }),
        json!({ "text": "a bird", "accounts": [stage.account], "media": [photo] }),
        json!({ "text": "the bird again", "accounts": [other], "media": [photo] }),
    ] {
        stage.post_as(body).await;
        stage.run(2_000).await;
    }
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
    stage.post("found again").await;
    stage.run(600_000).await;
    let post = stage.x.lock().unwrap().posts()[0].id.clone();
    let (account, world) = (&stage.account, &stage.world);
    for (method, path) in [
        ("PUT", format!("/accounts/{account}/likes/{post}")),
        ("DELETE", format!("/accounts/{account}/likes/{post}")),
        ("PUT", format!("/accounts/{account}/bookmarks/{post}")),
        ("DELETE", format!("/accounts/{account}/bookmarks/{post}")),
        ("PUT", format!("/accounts/{other}/reposts/{post}")),
        ("GET", format!("/accounts/{account}/info")),
        ("GET", format!("/accounts/{account}/info")),
        ("GET", format!("/accounts/{other}/insights")),
        ("GET", format!("/accounts/{account}/timeline?limit=5")),
        ("GET", format!("/accounts/{account}/mentions")),
        ("GET", format!("/x/posts/{post}/insights?account={account}")),
        ("GET", "/x/users/search?query=bird".to_owned()),
        ("GET", "/trends".to_owned()),
        ("POST", format!("/accounts/{account}/test")),
    ] {
        let answer = world.request(method, &path, Some(&token), None).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.json);
    }
}

#[tokio::test]
async fn what_godwit_counts_is_what_x_bills() {
    let mut stage = Stage::new().await;
    {
        let mut x = stage.x.lock().unwrap();
        x.settings.query_names = Names::New;
        x.settings.plan = Plan::Enterprise;
        let now = stage.world.clock.now().millis();
        x.write_as(now, "long_bill", "hello @godwit_demo").unwrap();
    }
    a_day(&mut stage).await;
    let usage = stage.get("/usage").await;
    let ours = lines(&usage["totals"]["kinds"], |one| {
        Some(at_x(one["kind"].as_str()?).to_owned())
    });
    let now = stage.world.clock.now().millis();
    let bill = serde_json::to_value(stage.x.lock().unwrap().money(now)).unwrap();
    let theirs: BTreeMap<String, (u64, i64)> = bill[0]["lines"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, line)| {
            let line = (
                line["count"].as_u64().unwrap(),
                line["micros"].as_i64().unwrap(),
            );
            (name.clone(), line)
        })
        .collect();
    assert_eq!(ours, theirs);
    assert!(ours.len() >= 10, "{ours:?}");
    stage.cost(stage.billed()).await;
    // The days are the whole.
    let days = usage["items"].as_array().unwrap();
    assert_eq!(days.len(), 2, "{usage}");
    let sum: i64 = days.iter().map(|day| micros(&day["spend_usd"])).sum();
    assert_eq!(sum, stage.billed());
    let reads: u64 = days.iter().map(|day| day["reads"].as_u64().unwrap()).sum();
    assert_eq!(usage["totals"]["reads"], reads);
    assert_eq!(usage["totals"]["posts"], 9);
    let of_one = stage
        .get(&format!("/usage?account={}", stage.account))
        .await;
    assert_eq!(of_one["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        of_one["totals"]["spend_usd"],
        of_one["items"][0]["spend_usd"]
    );
    // Setting a limit late counts what was used before it.
    let limits = stage
        .limit(json!({ "usd_per_month": 100, "posts_per_day": 100, "reads_per_day": 1000 }))
        .await;
    for limit in limits["limits"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["scope"] == "workspace")
    {
        match limit["measure"].as_str().unwrap() {
            "usd" => assert_eq!(micros(&limit["used"]), stage.billed()),
            "posts" => assert_eq!(limit["used"], 9),
            _ => assert_eq!(limit["used"], reads),
        }
    }
}

#[tokio::test]
async fn a_range_of_days_is_shown_and_no_other() {
    let stage = Stage::new().await;
    for (day, micros) in [
        ("2026-10-31", 1),
        ("2026-11-01", 10),
        ("2026-11-20", 100),
        ("2026-11-21", 1_000),
    ] {
        let sql = "INSERT INTO usage (workspace_id, account_id, day, kind, count, micros) VALUES (?1, ?2, ?3, 'post', 1, ?4)";
        let row = Statement::new(sql)
            .bind(stage.person.workspace_id.as_str())
            .bind(stage.account.as_str())
            .bind(day)
            .bind(i64::from(micros));
        stage.world.database.change(&row);
    }
    for (query, expected) in [
        ("", 1_110),
        ("?from=2026-10-31", 1_111),
        ("?from=2026-10-01&to=2026-10-31", 1),
        ("?from=2026-11-20&to=2026-11-20", 100),
        ("?to=2026-11-20", 110),
        ("?limit=1", 1_110),
    ] {
        let usage = stage.get(&format!("/usage{query}")).await;
        assert_eq!(micros(&usage["totals"]["spend_usd"]), expected, "{query}");
    }
    for wrong in [
        "from=yesterday",
        "from=2026-11-22",
        "from=2024-11-21",
        "to=2026-13-01",
        "limit=0",
        "day=1",
    ] {
        let token = Some(stage.person.token.as_str());
        let answer = stage
            .world
            .request("GET", &format!("/usage?{wrong}"), token, None)
            .await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.json);
    }
}

#[tokio::test]
async fn nobody_sees_what_another_workspace_spends() {
    let mut stage = Stage::new().await;
    stage.post("ada's").await;
    stage.run(1_000).await;
    let eve = stage.world.person("eve").await;
    let ask = async |method: &str, path: String, body: Option<Value>| {
        stage
            .world
            .request(method, &path, Some(&eve.token), body)
            .await
    };
    let usage = ask("GET", "/usage".to_owned(), None).await.expect(200);
    assert_eq!(
        (&usage["totals"]["spend_usd"], &usage["items"]),
        (&json!(0.0), &json!([]))
    );
    for path in [
        stage.budgets(),
        format!("/accounts/{}/budgets", stage.account),
    ] {
        ask("GET", path.clone(), None)
            .await
            .refused(404, "not_found");
        let body = Some(json!({ "posts_per_day": 0 }));
        ask("PUT", path, body).await.refused(404, "not_found");
    }
    ask("GET", format!("/usage?account={}", stage.account), None)
        .await
        .refused(404, "not_found");
    assert_eq!(stage.get(&stage.budgets()).await["limits"], json!([]));
}

#[tokio::test]
async fn pages_of_days_hold_each_account_s_day_once() {
    let stage = Stage::new().await;
    let other = stage.connect("second_bird");
    let mut expected = Vec::new();
    for day in ["2026-11-19", "2026-11-20", "2026-11-21"] {
        for account in ["", &*stage.account, &*other] {
            let sql = "INSERT INTO usage (workspace_id, account_id, day, kind, count, micros) VALUES (?1, ?2, ?3, 'post', 1, 1)";
            let row = Statement::new(sql)
                .bind(stage.person.workspace_id.as_str())
                .bind(account)
                .bind(day);
            stage.world.database.change(&row);
            expected.push((day.to_owned(), account.to_owned()));
        }
    }
    expected.sort();
    expected.reverse();
    for limit in [1, 2, 4, 9] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = stage.get(&format!("/usage?limit={limit}{cursor}")).await;
            assert_eq!(page["totals"]["posts"], 9);
            for day in page["items"].as_array().unwrap() {
                let account = day["account_id"].as_str().unwrap_or_default();
                seen.push((day["day"].as_str().unwrap().to_owned(), account.to_owned()));
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{limit}");
    }
}
