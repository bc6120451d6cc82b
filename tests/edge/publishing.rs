//! From a request to X and back into the history, on the real runtime.

use crate::edge::{Edge, text};
use crate::sandbox::{Effect, Fault, On, Refusal};
use godwit::time::Timestamp;
use serde_json::json;

#[tokio::test]
async fn a_post_goes_through_the_queue_to_x_and_into_the_history() {
    let edge = Edge::start().await;
    let request = edge
        .client
        .post(edge.at("/posts"))
        .header("prefer", "wait=10");
    let (status, post) = edge
        .send(request.json(&json!({ "text": "Hello from workerd", "accounts": [edge.account] })))
        .await;
    assert_eq!(
        (status.as_u16(), &post["status"]),
        (201, &json!("published")),
        "{post}"
    );
    let url = text(&post["deliveries"][0]["url"]);
    let (_, history) = edge.get("/history").await;
    assert_eq!(history["items"][0]["url"], url);
    let on_x = edge.sandbox.x().posts();
    assert_eq!(
        (on_x.len(), on_x[0].text.as_str()),
        (1, "Hello from workerd")
    );
    let page = edge
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("Hello from workerd"),
        "the link leads to the post"
    );
}

#[tokio::test]
async fn a_scheduled_post_is_sent_within_two_seconds_of_its_time() {
    let edge = Edge::start().await;
    let accepted = edge.post("to learn the time").await;
    edge.until(&accepted, "published").await;
    let (_, shown) = edge.get(&format!("/posts/{accepted}")).await;
    let now = Timestamp::parse_rfc3339(&text(&shown["updated_at"])).unwrap();
    let due = now.plus_ms(6_500);
    let post = edge
        .post_as(
            json!({ "text": "on time", "accounts": [edge.account], "publish_at": due.to_string() }),
        )
        .await;
    assert_eq!(edge.delivery(&post).await["state"], "scheduled");
    let delivery = edge.until(&post, "published").await;
    let sent = Timestamp::parse_rfc3339(&text(&delivery["parts"][0]["sent_at"])).unwrap();
    let received = edge
        .sandbox
        .x()
        .requests()
        .into_iter()
        .rfind(|one| one.path == "/2/tweets")
        .unwrap();
    assert!(
        received.at_ms >= due.millis(),
        "sent {} ms early",
        due.millis() - received.at_ms
    );
    assert!(sent.since(due) <= 2_000, "{} ms late", sent.since(due));
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_the_posts_go_out() {
    let edge = Edge::start().await;
    edge.sandbox.x().expire_tokens();
    let mut posts = Vec::new();
    for number in 0..5 {
        posts.push(edge.post(&format!("after the token ended: {number}")).await);
    }
    for post in posts {
        edge.until(&post, "published").await;
    }
    let x = edge.sandbox.x();
    assert_eq!((x.counts().refreshes, x.posts().len()), (1, 5));
}

#[tokio::test]
async fn a_429_waits_and_then_sends() {
    let edge = Edge::start().await;
    let limit = Effect::Status {
        name: Refusal::RateLimit,
        reset_after_s: 4,
    };
    edge.sandbox.x().script(Fault::next(On::Create, limit));
    let post = edge.post("patience").await;
    let waiting = edge.until(&post, "waiting").await;
    assert_eq!(waiting["reason"], "rate_limited");
    edge.until(&post, "published").await;
    let x = edge.sandbox.x();
    assert_eq!((x.posts().len(), x.counts().creates_received), (1, 2));
}

#[tokio::test]
async fn three_transient_refusals_end_in_failed_with_the_reason() {
    let edge = Edge::start().await;
    edge.sandbox.x().expire_tokens();
    edge.sandbox
        .x()
        .script(Fault::next(On::Refresh, Effect::status(Refusal::ServiceUnavailable)).times(9));
    let post = edge.post("unlucky").await;
    let failed = edge.until(&post, "failed").await;
    assert!(
        text(&failed["detail"]).starts_with("Refused 3 times"),
        "{failed}"
    );
    assert!(!text(&failed["remedy"]).is_empty());
    let x = edge.sandbox.x();
    assert_eq!((x.counts().refreshes, x.posts().len()), (3, 0));
}

#[tokio::test]
async fn unlinking_revokes_at_x_cancels_what_was_scheduled_and_keeps_the_history() {
    let edge = Edge::start().await;
    let sent = edge.post("before").await;
    edge.until(&sent, "published").await;
    let (_, shown) = edge.get(&format!("/posts/{sent}")).await;
    let due = Timestamp::parse_rfc3339(&text(&shown["updated_at"]))
        .unwrap()
        .plus_ms(3_600_000);
    let later = edge
        .post_as(
            json!({ "text": "never", "accounts": [edge.account], "publish_at": due.to_string() }),
        )
        .await;
    let path = format!("/accounts/{}", edge.account);
    let (status, answer) = edge.send(edge.client.delete(edge.at(&path))).await;
    assert!(status.is_success(), "{answer}");
    assert_eq!(edge.delivery(&later).await["state"], "canceled");
    assert_eq!(
        edge.get("/history").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(edge.get(&path).await.0.as_u16(), 404);
    assert!(edge.sandbox.x().counts().revokes >= 1);
    assert_eq!(
        edge.sql("SELECT count(*) AS n FROM account_tokens").await["rows"][0]["n"],
        0
    );
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up_and_the_post_is_found() {
    let edge = Edge::start().await;
    edge.sandbox
        .x()
        .script(Fault::next(On::Create, Effect::AcceptThenHang));
    let post = edge.post("taken, and not said").await;
    let doubt = edge.until(&post, "uncertain").await;
    assert_eq!(doubt["reason"], "outcome_unknown");
    edge.until_ticking(&post, "published").await;
    let x = edge.sandbox.x();
    assert_eq!((x.posts().len(), x.counts().creates_received), (1, 1));
}

#[tokio::test]
async fn refreshes_that_are_asked_for_at_once_are_one_refresh() {
    let edge = Edge::start().await;
    edge.sandbox
        .x()
        .script(Fault::next(On::Refresh, Effect::Delay { ms: 500 }));
    let refresh = || {
        let path = format!("/accounts/{}/refresh", edge.account);
        edge.send(edge.client.post(edge.at(&path)))
    };
    let answers = futures_util::future::join_all((0..5).map(|_| refresh())).await;
    for (status, answer) in answers {
        assert_eq!(status.as_u16(), 200, "{answer}");
    }
    assert_eq!(edge.sandbox.x().counts().refreshes, 1);
    let post = edge.post("with the new token").await;
    edge.until(&post, "published").await;
}
