//! Likes, reposts and bookmarks, through the real gate to the sandbox's X, which checks every request by X's own
//! document.

mod refusals;

use crate::publishing::Stage;
use crate::sandbox::{Names, Plan};
use crate::support::Answer;
use godwit::ports::{Clock as _, Statement};
use serde_json::{Value, json};

pub const KINDS: [(&str, &str); 3] = [
    ("likes", "like"),
    ("reposts", "repost"),
    ("bookmarks", "bookmark"),
];

/// A stage where X allows everything, and the id of a post of somebody else.
pub async fn stage() -> (Stage, String) {
    stage_with(&[]).await
}

pub async fn stage_with(variables: &[(&str, &str)]) -> (Stage, String) {
    let stage = Stage::with(variables).await;
    let now = stage.world.clock.now().millis();
    let post = {
        let mut x = stage.x.lock().unwrap();
        x.settings.plan = Plan::Enterprise;
        // Nothing but what the document of today has.
        x.settings.query_names = Names::New;
        x.write_as(now, "long_bill", "A post to like").unwrap()
    };
    (stage, post)
}

pub async fn ask(stage: &Stage, method: &str, what: &str, post: &str) -> Answer {
    let path = format!("/accounts/{}/{what}/{post}", stage.account);
    let token = &stage.person.token;
    stage.world.request(method, &path, Some(token), None).await
}

/// How often X was asked for likes, reposts and bookmarks. Nothing that was asked is against X's document.
pub fn asked(stage: &Stage) -> [u64; 3] {
    let x = stage.x.lock().unwrap();
    let counts = x.counts();
    assert_eq!(counts.against_the_document, 0);
    [counts.likes, counts.reposts, counts.bookmarks]
}

/// Which of these the account has done, by its own reading at X.
fn metrics(stage: &Stage, post: &str) -> Value {
    let now = stage.world.clock.now().millis();
    let mut x = stage.x.lock().unwrap();
    let token = x
        .grant(now, "second_bird", &["tweet.read", "users.read"])
        .unwrap();
    let request = http::Request::builder()
        .uri(format!(
            "https://api.x.test/2/tweets/{post}?post.fields=public_metrics"
        ))
        .header("authorization", format!("Bearer {}", token.access))
        .body(Vec::new());
    let answer = x.handle(now, request.unwrap()).answer().unwrap();
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["data"]["public_metrics"].clone()
}

fn counts(stage: &Stage, post: &str) -> [Value; 3] {
    let metrics = metrics(stage, post);
    ["like_count", "retweet_count", "bookmark_count"].map(|name| metrics[name].clone())
}

#[tokio::test]
async fn each_is_done_once_however_often_it_is_asked_for_and_is_taken_back() {
    let (stage, post) = stage().await;
    for (index, (what, kind)) in KINDS.into_iter().enumerate() {
        let mut wanted = [json!(0), json!(0), json!(0)];
        for (method, active, times) in [("PUT", true, 2), ("DELETE", false, 2)] {
            wanted[index] = json!(u8::from(active));
            for _ in 0..times {
                let answer = ask(&stage, method, what, &post).await.expect(200);
                let expected = json!({
                    "account_id": stage.account, "kind": kind, "external_id": post,
                    "url": format!("https://x.com/i/status/{post}"), "active": active,
                });
                assert_eq!(answer, expected);
                assert_eq!(counts(&stage, &post), wanted, "{method} {what}");
            }
        }
    }
    assert_eq!(asked(&stage), [4, 4, 4]);
}

#[tokio::test]
async fn a_repost_is_in_the_accounts_timeline_at_x_until_it_is_taken_back() {
    let (stage, post) = stage().await;
    ask(&stage, "PUT", "reposts", &post).await.expect(200);
    assert_eq!(stage.on_x(), 2);
    let mine = |stage: &Stage| {
        let posts = stage.x.lock().unwrap().posts();
        let mine = posts.into_iter().map(|row| json!(row));
        mine.filter(|row| row["text"].as_str().unwrap().starts_with("RT @long_bill"))
            .filter(|row| row["deleted_at"].is_null())
            .count()
    };
    assert_eq!(mine(&stage), 1);
    ask(&stage, "DELETE", "reposts", &post).await.expect(200);
    assert_eq!(counts(&stage, &post)[1], 0);
}

#[tokio::test]
async fn what_is_no_post_is_refused_before_anything_is_asked() {
    let (stage, post) = stage().await;
    let too_long = format!("{post}00000000000000");
    for bad in [
        "abc",
        "0",
        "-1",
        "1x",
        &*too_long,
        "https:%2F%2Fevil.example%2Fa%2Fstatus%2F1",
    ] {
        for (what, _) in KINDS {
            for method in ["PUT", "DELETE"] {
                let answer = ask(&stage, method, what, bad).await;
                answer.refused(422, "not_a_post_link");
                assert_eq!(answer.json["errors"][0]["pointer"], "post");
            }
        }
    }
    let dry = format!("{post}?dry_run=true");
    ask(&stage, "PUT", "likes", &dry)
        .await
        .refused(422, "invalid_query");
    assert_eq!(stage.world.gates.calls().count(), 0);
    // A link names a post too.
    let link = format!("https:%2F%2Fx.com%2Flong_bill%2Fstatus%2F{post}");
    let liked = ask(&stage, "PUT", "likes", &link).await.expect(200);
    assert_eq!(liked["external_id"], json!(post));
}

#[tokio::test]
async fn with_anothers_account_nothing_can_be_done() {
    let (stage, post) = stage().await;
    let eve = stage.world.person("eve").await;
    for (what, _) in KINDS {
        for method in ["PUT", "DELETE"] {
            let path = format!("/accounts/{}/{what}/{post}", stage.account);
            let answer = stage
                .world
                .request(method, &path, Some(&eve.token), None)
                .await;
            answer.refused(404, "not_found");
        }
    }
    assert_eq!(asked(&stage), [0, 0, 0]);
    assert_eq!(stage.world.gates.calls().count(), 0);
}

#[tokio::test]
async fn an_access_token_that_x_does_not_take_is_refreshed_once_and_the_call_repeated() {
    let (stage, post) = stage().await;
    stage.x.lock().unwrap().expire_tokens();
    for (what, _) in KINDS {
        ask(&stage, "PUT", what, &post).await.expect(200);
    }
    // The first found the token refused; the others were lent the new one.
    assert_eq!(asked(&stage), [2, 1, 1]);
    assert_eq!(stage.x.lock().unwrap().counts().refreshes, 1);
    assert_eq!(counts(&stage, &post), [json!(1), json!(1), json!(1)]);
}

#[tokio::test]
async fn an_account_whose_grant_is_dead_says_so_from_then_on() {
    let (stage, post) = stage().await;
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    let answer = ask(&stage, "PUT", "likes", &post).await;
    assert_eq!(answer.status, 409, "{}", answer.json);
    let account = stage.get("/accounts").await["items"][0].clone();
    assert_eq!(account["status"], "needs_reconnect");
    assert_eq!(account["status_reason"], answer.json["code"]);
}

#[tokio::test]
async fn the_calls_count_in_the_accounts_windows() {
    let (stage, post) = stage().await;
    for (what, kind) in KINDS {
        ask(&stage, "PUT", what, &post).await.expect(200);
        ask(&stage, "DELETE", what, &post).await.expect(200);
        assert_eq!(window(&stage, kind).await["remaining"], 48);
    }
}

/// The window of a quarter of an hour of a bucket.
pub async fn window(stage: &Stage, bucket: &str) -> Value {
    let path = format!("/accounts/{}/limits", stage.account);
    let shown = stage.get(&path).await;
    let mut all = shown["items"].as_array().unwrap().iter();
    let found = all.find(|one| one["bucket"] == bucket && one["window_seconds"] == 900);
    found.unwrap().clone()
}

/// Makes the account one that was connected otherwise.
pub fn connected(stage: &Stage, auth: &str, scopes: &str) {
    stage.world.database.change(
        &Statement::new("UPDATE accounts SET auth = ?1, scopes = ?2 WHERE id = ?3")
            .bind(auth)
            .bind(scopes)
            .bind(stage.account.as_str()),
    );
}
