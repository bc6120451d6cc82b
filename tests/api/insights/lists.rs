//! Timelines, mentions, users and trends.

use super::{ALL_NAMES, ask, asked, of_account, stage, stage_with, written};
use crate::engagement::{connected, window};
use serde_json::{Value, json};

fn texts(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_timeline_is_walked_by_cursor_newest_first() {
    let stage = stage().await;
    for number in 0..12 {
        written(&stage, "godwit_demo", 0, &format!("Number {number}"));
    }
    let mut walked = Vec::new();
    let mut query = "timeline?limit=5".to_owned();
    for pages in 1.. {
        let answer = of_account(&stage, &query).await;
        let link = answer.header("link").to_owned();
        let page = answer.expect(200);
        walked.extend(texts(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!((pages, &*link), (3, ""));
            break;
        };
        assert!(link.contains(cursor), "{link}");
        query = format!("timeline?limit=5&cursor={cursor}");
    }
    let expected: Vec<_> = (0..12)
        .rev()
        .map(|number| format!("Number {number}"))
        .collect();
    assert_eq!(walked, expected);
    assert_eq!(asked(&stage)[1], 3);
}

#[tokio::test]
async fn a_timelines_posts_say_whose_they_are_and_what_they_refer_to_in_all_vocabularies() {
    let mut shown = Vec::new();
    for names in ALL_NAMES {
        let stage = stage().await;
        stage.x.lock().unwrap().settings.answer_names = names;
        let now = godwit::ports::Clock::now(&*stage.world.clock).millis();
        let theirs = written(&stage, "long_bill", 0, "@godwit_demo Hello");
        let whole = format!("{}the end", "a long way to ".repeat(40));
        let reply = {
            let mut x = stage.x.lock().unwrap();
            x.reply_as(now, "godwit_demo", "R&amp;B < 3", &theirs);
            x.write_as(now, "long_bill", &format!("@godwit_demo {whole}"))
                .unwrap()
        };
        let page = of_account(&stage, "timeline").await.expect(200);
        let mine = page["items"][0].clone();
        assert_eq!(mine["reply_to"], json!(theirs));
        assert_eq!(mine["author"]["handle"], "godwit_demo");
        assert_eq!(mine["metrics"]["reposts"], 0);
        // As it was written, whatever X escapes.
        assert_eq!(mine["text"], "R&amp;B < 3");

        let page = of_account(&stage, "mentions").await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let newest = &page["items"][0];
        assert_eq!(newest["external_id"], json!(reply));
        assert_eq!(newest["author"]["name"], "Long Bill");
        assert!(
            newest["url"]
                .as_str()
                .unwrap()
                .contains("/long_bill/status/")
        );
        assert!(
            newest["text"].as_str().unwrap().ends_with("the end"),
            "{newest}"
        );
        shown.push([mine, page]);
    }
    assert!(shown.iter().all(|one| *one == shown[0]), "{shown:#?}");
}

#[tokio::test]
async fn mentions_have_a_window_of_their_own() {
    let stage = stage().await;
    stage.fault(&json!({ "on": "mentions", "do": { "kind": "status", "name": "rate_limit", "reset_after_s": 120 } }));
    let answer = of_account(&stage, "mentions").await;
    answer.refused(429, "x_rate_limited");
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((119..=121).contains(&seconds), "{seconds}");
    of_account(&stage, "mentions")
        .await
        .refused(429, "rate_limited");
    assert_eq!(window(&stage, "mentions").await["remaining"], 0);
    of_account(&stage, "timeline").await.expect(200);
    assert_eq!(asked(&stage)[..4], [0, 1, 0, 1]);
    stage.world.clock.advance(121_000);
    of_account(&stage, "mentions").await.expect(200);
}

#[tokio::test]
async fn pages_have_xs_own_bounds_and_no_other_parameters() {
    let stage = stage().await;
    for list in ["timeline", "mentions"] {
        for bad in [
            "limit=4",
            "limit=101",
            "limit=x",
            "cursor=%25",
            "cursor=",
            "page=2",
            "limit=5&limit=5",
        ] {
            let answer = of_account(&stage, &format!("{list}?{bad}")).await;
            assert_eq!(answer.status, 422, "{list}?{bad}: {}", answer.json);
            let pointer = answer.json["errors"][0]["pointer"].clone();
            assert_eq!(pointer, bad.split('=').next().unwrap());
        }
        for good in ["limit=5", "limit=100"] {
            of_account(&stage, &format!("{list}?{good}"))
                .await
                .expect(200);
        }
    }
    // A cursor that X does not know.
    let made_up = of_account(&stage, "timeline?cursor=bm9uc2Vuc2U").await;
    made_up.refused(409, "x_request_rejected");
    assert!(
        made_up.json["upstream"]
            .as_str()
            .unwrap()
            .contains("pagination_token")
    );
}

#[tokio::test]
async fn users_are_found_page_by_page() {
    let stage = stage().await;
    let page = ask(&stage, "/x/users/search?query=i&limit=2")
        .await
        .expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let cursor = page["next_cursor"].as_str().unwrap();
    let path = format!("/x/users/search?query=i&limit=2&cursor={cursor}");
    let rest = ask(&stage, &path).await.expect(200);
    assert_eq!(
        (
            rest["items"].as_array().unwrap().len(),
            &rest["next_cursor"]
        ),
        (1, &Value::Null)
    );
    let one = ask(&stage, "/x/users/search?query=%40Long_Bill")
        .await
        .expect(200);
    assert_eq!(one["items"][0]["handle"], "long_bill");
    assert_eq!(one["items"][0]["followers"], 0);
    let none = ask(&stage, "/x/users/search?query=nobody")
        .await
        .expect(200);
    assert_eq!(none, json!({ "items": [], "next_cursor": null }));
    assert_eq!(asked(&stage)[4], 4);
    for bad in [
        "",
        "?query=",
        "?query=%40",
        "?query=a%2Cb",
        "?query=%F0%9F%90%A6",
        "?query=a&limit=0",
        "?query=a&limit=101",
        "?query=a&woeid=1",
    ] {
        let answer = ask(&stage, &format!("/x/users/search{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}: {}", answer.json);
    }
    let long = format!("/x/users/search?query={}", "a".repeat(51));
    ask(&stage, &long).await.refused(422, "invalid_value");
}

#[tokio::test]
async fn trends_are_those_of_a_place() {
    let stage = stage().await;
    let trends = ask(&stage, "/trends").await.expect(200);
    assert_eq!(trends["woeid"], 1);
    assert_eq!(
        trends["items"][0],
        json!({ "name": "#Rust", "posts": 22_000 })
    );
    let few = ask(&stage, "/trends?woeid=23424977&limit=1")
        .await
        .expect(200);
    assert_eq!(few["items"].as_array().unwrap().len(), 1);
    let requests = stage.x.lock().unwrap().requests();
    let last = requests.last().unwrap();
    assert!(
        last.path.starts_with("/2/trends/by/woeid/23424977"),
        "{}",
        last.path
    );
    for bad in [
        "woeid=0",
        "woeid=-1",
        "woeid=2147483648",
        "woeid=x",
        "limit=51",
        "limit=0",
    ] {
        let answer = ask(&stage, &format!("/trends?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}: {}", answer.json);
    }
    assert_eq!(asked(&stage)[5], 2);
}

#[tokio::test]
async fn an_account_that_x_does_not_take_for_a_list_is_told_so() {
    let stage = stage_with(&[("X_API_KEY", "")]).await;
    connected(&stage, "oauth1", "");
    ask(&stage, "/trends").await.refused(409, "auth_mismatch");
    connected(&stage, "app_only", "");
    ask(&stage, "/x/users/search?query=a")
        .await
        .refused(409, "auth_mismatch");
    connected(&stage, "oauth2", "tweet.write");
    ask(&stage, "/x/users/search?query=a")
        .await
        .refused(409, "x_missing_scope");
    assert_eq!(asked(&stage), [0; 6]);
    // Another one may.
    let other = stage.connect("long_bill");
    connected(&stage, "oauth1", "");
    ask(&stage, "/trends").await.expect(200);
    let path = format!("/trends?account={}", stage.account);
    ask(&stage, &path).await.refused(409, "auth_mismatch");
    let path = format!("/trends?account={other}");
    ask(&stage, &path).await.expect(200);
}
