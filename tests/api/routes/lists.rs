//! Lists: every item once, newest first, and no parameter that is not understood.

use super::schema::Schemas;
use super::{Ground, name, problem, table};
use crate::support::Answer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use godwit::http::Route;
use godwit::http::openapi::document;
use godwit::ports::{Clock as _, Statement};
use godwit::time::SECOND_MS;
use serde_json::{Value, json};

const MANY: usize = 7;

/// The query parameters of a route, as the document has them.
fn parameters(document: &Value, route: &Route) -> Vec<Value> {
    let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|one| one["in"] == "query").cloned().collect()
}

/// Whether the list is X's own, with X's limits and tokens: `insights` tries those.
fn is_of_x(route: &Route) -> bool {
    let path = route.path;
    let of_account = path.ends_with("/timeline") || path.ends_with("/mentions");
    of_account || path.starts_with("/x/") || path == "/trends"
}

/// The routes that give a page.
fn lists(document: &Value) -> Vec<Route> {
    let lists: Vec<_> = table()
        .into_iter()
        .filter(|route| {
            let parameters = parameters(document, route);
            parameters.iter().any(|one| one["name"] == "limit") && !is_of_x(route)
        })
        .collect();
    assert!(lists.len() >= 4);
    lists
}

async fn list(ground: &Ground, path: &str) -> Answer {
    let token = &ground.stage.person.token;
    ground.world().request("GET", path, Some(token), None).await
}

/// Makes Ada's list of this route hold `MANY` items, each a second younger than the one before.
async fn fill(ground: &mut Ground, route: &Route) {
    for number in 0..MANY {
        ground.world().clock.advance(SECOND_MS);
        add(ground, route, number).await;
    }
}

async fn add(ground: &mut Ground, route: &Route, number: usize) {
    let token = ground.stage.person.token.clone();
    let account = ground.ours.account.clone();
    let world = ground.world();
    let post = async |path: &str, body: Value| {
        let answer = world.request("POST", path, Some(&token), Some(body)).await;
        assert!(answer.status < 300, "{}", answer.json);
    };
    match route.path {
        "/api-keys" => post("/api-keys", json!({ "name": "k", "scopes": ["admin"] })).await,
        "/media" => post("/media", json!({ "bytes": 10 })).await,
        "/posts" => {
            let body = json!({ "text": format!("{number}"), "accounts": [account], "publish_at": "2026-12-24T18:00:00Z" });
            post("/posts", body).await;
        }
        "/history" => {
            post(
                "/posts",
                json!({ "text": format!("{number}"), "accounts": [account] }),
            )
            .await;
            ground.stage.run(SECOND_MS).await;
        }
        "/accounts" => {
            let id = ground.stage.connect("long_bill");
            // Each somebody else at X: of one person there is one account in a workspace.
            let sql = "UPDATE accounts SET external_id = ?1, handle = ?1 WHERE id = ?2";
            let other = Statement::new(sql).bind(format!("9{number}")).bind(id);
            world.database.change(&other);
        }
        "/admin/dead-letters" => {
            let body = format!("the letter number {number}");
            godwit::jobs::handle_dead(&world.app(), "godwit-publish-dead", &[body]).await;
        }
        "/usage" => {
            let sql = "INSERT INTO usage (workspace_id, account_id, day, kind, count, micros)
              VALUES (?1, ?2, ?3, 'post', 1, 15000) ON CONFLICT DO NOTHING";
            let used = Statement::new(sql)
                .bind(ground.ours.workspace.as_str())
                .bind(account.as_str())
                .bind(format!("2026-11-{}", 11 + number.min(10)));
            world.database.change(&used);
        }
        "/sources" => {
            let channel = crate::sandbox::youtube::DEMO_CHANNEL;
            post(
                "/sources/youtube",
                json!({ "channel": channel, "accounts": [account], "exclude": [number.to_string()] }),
            )
            .await;
        }
        "/sources/{id}/items" => {
            let sql = "INSERT INTO source_items (source_id, video_id, workspace_id, channel_id, state, seen_at, seen_by)
              SELECT id, ?2, workspace_id, channel_id, 'pending', ?3, 'push' FROM sources WHERE id = ?1";
            let seen = Statement::new(sql)
                .bind(ground.ours.source.as_str())
                .bind(format!("video-{number:05}"))
                .bind(world.clock.now());
            world.database.change(&seen);
        }
        other => panic!("Say how {other} is filled, so that it is walked through."),
    }
}

fn key(item: &Value) -> String {
    if let (Some(at), Some(video)) = (item["seen_at"].as_str(), item["video_id"].as_str()) {
        return format!("{at} {video}");
    }
    let key = item.get("delivery_id").or_else(|| item.get("day"));
    let key = key.unwrap_or(&item["id"]);
    key.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn walking_a_list_by_cursor_gives_every_item_once_newest_first() {
    let document = document();
    for route in lists(&document) {
        let mut ground = Ground::new().await;
        fill(&mut ground, &route).await;
        let whole = list(&ground, &Ground::address(&route, &ground.ours))
            .await
            .expect(200);
        let all: Vec<_> = whole["items"].as_array().unwrap().iter().map(key).collect();
        assert!(all.len() >= MANY, "{}: {}", name(&route), all.len());
        assert_eq!(whole["next_cursor"], Value::Null);
        let mut sorted = all.clone();
        sorted.sort();
        sorted.reverse();
        assert_eq!(all, sorted, "{}: newest first", name(&route));

        let (mut by_cursor, mut by_link) = (Vec::new(), Vec::new());
        let mut path = format!("{}?limit=3", Ground::address(&route, &ground.ours));
        let mut link = path.clone();
        for page in 1.. {
            let shown = list(&ground, &path).await;
            let followed = list(&ground, &link).await;
            assert_eq!(shown.json, followed.json, "{}", name(&route));
            let items = shown.json["items"].as_array().unwrap();
            by_cursor.extend(items.iter().map(key));
            by_link.extend(followed.json["items"].as_array().unwrap().iter().map(key));
            let Some(cursor) = shown.json["next_cursor"].as_str() else {
                assert_eq!(shown.header("link"), "", "{}", name(&route));
                break;
            };
            assert_eq!(items.len(), 3, "{}", name(&route));
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            );
            path = format!(
                "{}?limit=3&cursor={cursor}",
                Ground::address(&route, &ground.ours)
            );
            let header = followed.header("link");
            let relative = header
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix(">; rel=\"next\""))
                .unwrap_or_else(|| panic!("{}: {header}", name(&route)));
            assert!(relative.starts_with('?'), "{relative}");
            link = format!("{}{relative}", Ground::address(&route, &ground.ours));
            assert!(page < 10, "{}: there is no end", name(&route));
        }
        assert_eq!(by_cursor, all, "{}", name(&route));
        assert_eq!(by_link, all, "{}", name(&route));
    }
}

#[tokio::test]
async fn what_is_added_during_a_walk_neither_repeats_nor_hides_an_item() {
    let document = document();
    for route in lists(&document) {
        let mut ground = Ground::new().await;
        fill(&mut ground, &route).await;
        let whole = list(&ground, &Ground::address(&route, &ground.ours))
            .await
            .expect(200);
        let all: Vec<_> = whole["items"].as_array().unwrap().iter().map(key).collect();
        let mut walked = Vec::new();
        let mut path = format!("{}?limit=2", Ground::address(&route, &ground.ours));
        loop {
            let shown = list(&ground, &path).await.expect(200);
            walked.extend(shown["items"].as_array().unwrap().iter().map(key));
            let Some(cursor) = shown["next_cursor"].as_str() else {
                break;
            };
            path = format!(
                "{}?limit=2&cursor={cursor}",
                Ground::address(&route, &ground.ours)
            );
            ground.world().clock.advance(SECOND_MS);
            add(&mut ground, &route, 100 + walked.len()).await;
        }
        assert_eq!(walked, all, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_page_holds_up_to_a_hundred_and_no_other_limit_is_taken() {
    let document = document();
    let ground = Ground::new().await;
    for route in lists(&document) {
        for good in ["1", "100", "050"] {
            let path = format!("{}?limit={good}", Ground::address(&route, &ground.ours));
            list(&ground, &path).await.expect(200);
        }
        for bad in [
            "0",
            "101",
            "-1",
            "abc",
            "",
            "1.5",
            "1e1",
            "%201",
            "4294967297",
            "99999999999999999999",
            "%FF",
            "%zz",
            "%",
        ] {
            let path = format!("{}?limit={bad}", Ground::address(&route, &ground.ours));
            let answer = list(&ground, &path).await;
            let code = answer.code().to_owned();
            assert!(
                ["invalid_limit", "invalid_query"].contains(&code.as_str()),
                "{path}"
            );
            problem(&path, &answer, 422, &code);
            assert_eq!(answer.json["errors"][0]["pointer"], "limit", "{path}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_no_page_of_this_list_gave_is_refused_by_name() {
    let document = document();
    let ground = Ground::new().await;
    let encoded = |key: &str| URL_SAFE_NO_PAD.encode(key);
    let uuid = "019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c";
    for route in lists(&document) {
        let own = match route.path {
            "/api-keys" => "key",
            "/accounts" => "acct",
            "/posts" => "post",
            "/admin/dead-letters" => "dead",
            _ => "",
        };
        let mut bad: Vec<String> = ["", "abc", "!!!", "%25%25", "%FF", "AAAA", "null", "0"]
            .map(str::to_owned)
            .to_vec();
        bad.extend(
            ["key", "acct", "post", "dlv", "dead"]
                .into_iter()
                .filter(|kind| *kind != own)
                .map(|kind| encoded(&format!("{kind}_{uuid}"))),
        );
        bad.push(format!("{}=", encoded(&format!("{own}_{uuid}"))));
        for key in [
            format!("{own}_"),
            format!("{own}_~"),
            format!("{own}_{uuid}' OR 1=1"),
            "9223372036854775807 x".to_owned(),
            format!("9223372036854775807 dlv_{uuid}"),
            format!("-9223372036854775808 dlv_{uuid}"),
            format!("9007199254740993 dlv_{uuid}"),
            format!("1 post_{uuid}"),
            "1 ~".to_owned(),
            "1".to_owned(),
            " ".to_owned(),
            "a b".to_owned(),
            "1 ".to_owned(),
        ] {
            bad.push(encoded(&key));
        }
        bad.push(encoded(&"a".repeat(20_000)));
        for cursor in bad {
            let path = format!("{}?cursor={cursor}", Ground::address(&route, &ground.ours));
            let answer = list(&ground, &path).await;
            problem(&path, &answer, 422, "unknown_cursor");
            assert_eq!(answer.json["errors"][0]["pointer"], "cursor", "{path}");
        }
    }
}

#[tokio::test]
async fn a_parameter_that_is_not_understood_is_refused_by_name() {
    let document = document();
    let schemas = Schemas::of(&document);
    let ground = Ground::new().await;
    for route in lists(&document) {
        let mut bad = Vec::new();
        for parameter in parameters(&document, &route) {
            let name = parameter["name"].as_str().unwrap().to_owned();
            for value in ["nonsense", "", "%FF", "%zz", "2026-11-21", "%00", "🐦"] {
                if !schemas.fits(&parameter["schema"], &json!(value)) {
                    bad.push((format!("{name}={value}"), name.clone()));
                }
            }
            let twice = format!("{name}=1&{name}=1");
            if name != "cursor" {
                bad.push((twice, name));
            }
        }
        for (query, name) in [
            ("nonsense=1", "nonsense"),
            ("page=2", "page"),
            ("Limit=1", "Limit"),
            ("offset", "offset"),
            ("=1", ""),
            ("%FF=1", "\u{fffd}"),
            ("%zz=1", "%zz"),
            ("limit%5B%5D=1", "limit[]"),
            ("workspace_id=1", "workspace_id"),
        ] {
            bad.push((query.to_owned(), name.to_owned()));
        }
        assert!(bad.len() > 12, "{}", super::name(&route));
        for (query, name) in bad {
            let path = format!("{}?{query}", Ground::address(&route, &ground.ours));
            let answer = list(&ground, &path).await;
            let code = answer.code().to_owned();
            problem(&path, &answer, 422, &code);
            assert_eq!(
                answer.json["errors"][0]["pointer"], name,
                "{path}: {}",
                answer.json
            );
        }
    }
}

#[tokio::test]
async fn the_filters_of_posts_and_history_give_what_they_name() {
    let mut ground = Ground::new().await;
    let published = ground.stage.post("Out at once").await;
    ground.stage.run(SECOND_MS).await;
    let at = ground.stage.get("/history").await["items"][0]["published_at"].clone();
    let at = at.as_str().unwrap();
    let ids = async |path: &str| {
        let shown = ground.stage.get(path).await;
        let of = |item: &Value| item.get("post_id").unwrap_or(&item["id"]).clone();
        let items = shown["items"].as_array().unwrap().iter().map(of);
        items.collect::<Vec<_>>()
    };
    let (post, waiting, failed) = (
        json!(published),
        json!(ground.ours.post),
        json!(ground.ours.failed),
    );
    assert_eq!(
        ids("/posts?status=published").await,
        std::slice::from_ref(&post)
    );
    assert_eq!(ids("/posts?status=scheduled").await, [waiting]);
    assert_eq!(ids("/posts?status=failed").await, [failed]);
    assert_eq!(ids("/posts?source=api").await.len(), 5);
    assert_eq!(
        ids(&format!("/posts?account={}", ground.ours.account))
            .await
            .len(),
        5
    );
    assert_eq!(
        ids("/posts?from=2026-11-21T12:00:00Z&to=2026-11-22T12:00:00%2B01:00")
            .await
            .len(),
        5
    );
    assert_eq!(ids("/posts?to=2026-11-21T12:00:00Z").await.len(), 0);
    assert_eq!(ids("/posts?from=9999-12-31T23:59:59Z").await.len(), 0);
    assert_eq!(ids(&format!("/history?from={at}")).await, [post]);
    assert_eq!(ids(&format!("/history?to={at}")).await.len(), 0);
    assert_eq!(
        ids(&format!("/history?account={}", ground.ours.account))
            .await
            .len(),
        1
    );
}
