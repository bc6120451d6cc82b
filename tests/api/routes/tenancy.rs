//! Nothing of one workspace can be read, changed, or told from what does not exist, out of another.

use super::{Ground, anonymous, guarded, name, problem, table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use godwit::http::{Access, Route};
use serde_json::json;

fn with_id() -> impl Iterator<Item = Route> {
    table()
        .into_iter()
        .filter(|route| route.path.contains("{id}"))
}

/// Everything that tells of Eve.
fn hers(ground: &Ground) -> [&str; 7] {
    let (eve, hers) = (&ground.eve, &ground.hers);
    [
        &eve.user_id,
        &eve.workspace_id,
        &hers.account,
        &hers.key,
        &hers.post,
        &hers.failed,
        "second_bird",
    ]
}

/// The rows that have anything to do with Eve.
fn her_rows(ground: &Ground) -> Vec<String> {
    let hers = hers(ground);
    let rows = ground
        .world()
        .database
        .dump()
        .into_iter()
        .flat_map(|(table, rows)| {
            rows.into_iter()
                .map(move |row| format!("{table}: {}", json!(row)))
        });
    rows.filter(|row| hers.iter().any(|id| row.contains(id)))
        .collect()
}

#[tokio::test]
async fn a_malformed_an_unknown_and_anothers_id_cannot_be_told_apart() {
    let ground = Ground::new().await;
    for route in with_id() {
        let good = ground.good(&route).await;
        let (own, foreign) = (
            Ground::address(&route, &ground.ours),
            Ground::address(&route, &ground.hers).replace(&ground.hers.on_x, &ground.ours.on_x),
        );
        let path = route.path.replace("{post}", &ground.ours.on_x);
        let path = path.replace("{number}", "0");
        let (prefix, suffix) = path.split_once("{id}").unwrap();
        let id = own
            .strip_prefix(prefix)
            .unwrap()
            .strip_suffix(suffix)
            .unwrap();
        let kind = id.split('_').next().unwrap();
        let uuid = id.split('_').nth(1).unwrap();
        let at = |id: &str| format!("{prefix}{id}{suffix}");
        let mut others = vec![
            ("another's", foreign),
            (
                "unknown",
                at(&format!("{kind}_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c")),
            ),
            ("the kind alone", at(&format!("{kind}_"))),
            ("the uuid alone", at(uuid)),
            ("upper case", at(&id.to_uppercase())),
            ("one letter more", at(&format!("{id}0"))),
            ("one letter less", at(&id[..id.len() - 1])),
            ("a blank before", at(&format!("%20{id}"))),
            ("a blank after", at(&format!("{id}%20"))),
            ("a zero byte after", at(&format!("{id}%00"))),
            ("two", at(&format!("{id},{id}"))),
            ("a number", at("1")),
            ("a wildcard", at("%25")),
            ("a quote", at("'%20OR%201=1--")),
            ("an emoji", at("%F0%9F%90%A6")),
            ("two dots", at("..")),
            ("two dots, escaped", at("%2e%2e")),
            ("a slash, escaped", at("a%2Fb")),
            ("null", at("null")),
            ("four thousand letters", at(&"a".repeat(4_000))),
        ];
        for other in ["post", "acct", "key", "user", "ws", "dlv", "sess"] {
            if other != kind {
                others.push(("another kind of id", at(&format!("{other}_{uuid}"))));
            }
        }
        let before = ground.traces();
        let first = anonymous(&ground.send(good.clone().at(&others[0].1)).await);
        for (what, path) in others {
            let what = format!("{} with {what}", name(&route));
            let answer = ground.send(good.clone().at(path)).await;
            problem(&what, &answer, 404, "not_found");
            assert_eq!(anonymous(&answer), first, "{what}");
        }
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_workspace_that_one_is_no_member_of_is_not_there() {
    let ground = Ground::new().await;
    let key = ground.world().key(&ground.stage.person, &["admin"]).await;
    let routes = || guarded().filter(|route| route.access != Access::OwnToken);
    let mut asked = Vec::new();
    for route in routes() {
        let good = ground.good(&route).await;
        asked.push((name(&route), good.clone()));
        asked.push((format!("{} with a key", name(&route)), good.bearer(&key)));
    }
    let before = ground.traces();
    for (what, good) in asked {
        for workspace in [
            ground.eve.workspace_id.as_str(),
            "ws_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c",
            &ground.stage.person.user_id,
            "mine",
            "",
        ] {
            let asked = good.clone().header("x-workspace", workspace.as_bytes());
            let what = format!("{what} in {workspace:?}");
            problem(&what, &ground.send(asked).await, 404, "not_found");
        }
        let mut twice = good;
        for workspace in [&ground.stage.person.workspace_id, &ground.eve.workspace_id] {
            twice
                .headers
                .push(("x-workspace".to_owned(), workspace.clone().into()));
        }
        problem(&what, &ground.send(twice).await, 404, "not_found");
    }
    assert_eq!(ground.traces(), before);
}

#[tokio::test]
async fn ones_own_workspace_may_be_named() {
    for route in guarded() {
        let ground = Ground::new().await;
        let good = ground.good(&route).await;
        let own = ground.stage.person.workspace_id.clone();
        let success = good.success;
        let answer = ground
            .send(good.header("x-workspace", own.as_bytes()))
            .await;
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
    }
}

#[tokio::test]
async fn nothing_of_anothers_is_in_any_answer_and_none_of_her_rows_changes() {
    for route in table() {
        let ground = Ground::new().await;
        let before = her_rows(&ground);
        assert!(before.len() > 10, "{before:#?}");
        let good = ground.good(&route).await;
        let success = good.success;
        let answer = ground.send(good).await;
        assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
        let shown = format!("{} {:?}", answer.json, answer.headers);
        for id in hers(&ground) {
            assert!(!shown.contains(id), "{} shows {id}: {shown}", name(&route));
        }
        assert_eq!(her_rows(&ground), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn no_filter_and_no_cursor_leads_into_anothers_workspace() {
    let mut ground = Ground::new().await;
    let body = json!({ "text": "Published by Eve", "accounts": [ground.hers.account] });
    let token = ground.eve.token.clone();
    ground
        .world()
        .request("POST", "/posts", Some(&token), Some(body))
        .await
        .expect(202);
    ground.stage.run(1_000).await;
    let delivery = ground
        .world()
        .database
        .value("SELECT id FROM deliveries WHERE state = 'published'");
    // What comes before these in Eve's lists.
    let cursor = |key: &str| URL_SAFE_NO_PAD.encode(key);
    let last = |id: &str| {
        let (kind, _) = id.split_once('_').unwrap();
        cursor(&format!("{kind}_ffffffff-ffff-7fff-bfff-ffffffffffff"))
    };
    let after = format!("9000000000000 {}", delivery.as_str().unwrap());
    for path in [
        format!("/posts?account={}", ground.hers.account),
        format!("/posts?cursor={}", last(&ground.hers.post)),
        format!("/history?account={}", ground.hers.account),
        format!("/history?cursor={}", cursor(&after)),
        format!("/accounts?cursor={}", last(&ground.hers.account)),
        format!("/api-keys?cursor={}", last(&ground.hers.key)),
    ] {
        let shown = ground.stage.get(&path).await.to_string();
        for id in hers(&ground) {
            assert!(!shown.contains(id), "{path} shows {id}: {shown}");
        }
    }
    let hers = ground
        .world()
        .request("GET", "/history", Some(&token), None)
        .await
        .expect(200);
    assert_eq!(hers["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_post_to_anothers_account_is_refused_like_one_to_no_account() {
    let ground = Ground::new().await;
    let ask = async |account: &str| {
        let accounts = [&ground.ours.account, account];
        let body = json!({ "text": "Mine?", "accounts": accounts });
        let token = &ground.stage.person.token;
        ground
            .world()
            .request("POST", "/posts", Some(token), Some(body))
            .await
    };
    let before = ground.traces();
    let foreign = ask(&ground.hers.account).await;
    let unknown = ask("acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").await;
    let malformed = ask("acct_").await;
    problem("another's account", &foreign, 422, "unknown_account");
    assert_eq!(foreign.json["errors"][0]["pointer"], "/accounts/1");
    assert_eq!(anonymous(&foreign), anonymous(&unknown));
    assert_eq!(anonymous(&foreign), anonymous(&malformed));
    assert_eq!(ground.traces(), before);
}
