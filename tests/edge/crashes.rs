//! workerd is ended with SIGKILL in the middle of a post, and started again on what it had written.

use crate::edge::Edge;
use crate::sandbox::{Effect, Fault, On};

#[tokio::test]
async fn killed_while_x_is_being_asked_the_post_is_found_and_not_sent_again() {
    let mut edge = Edge::start().await;
    // X takes the post and stays silent: the gate's journal says `sending`.
    edge.sandbox
        .x()
        .script(Fault::next(On::Create, Effect::AcceptThenHang));
    let post = edge.post("in doubt").await;
    edge.wait(async || (edge.sandbox.x().counts().creates_accepted == 1).then_some(()))
        .await;
    edge.kill_and_restart().await;
    edge.until_ticking(&post, "published").await;
    let x = edge.sandbox.x();
    assert_eq!((x.posts().len(), x.counts().creates_received), (1, 1));
    assert!(x.counts().timeline_reads >= 1, "it was reconciled");
}

#[tokio::test]
async fn killed_between_x_s_answer_and_the_settle_the_journal_answers() {
    let mut edge = Edge::start().await;
    // The settle cannot be written, until workerd is gone.
    edge.sql(
        "CREATE TRIGGER no_settle BEFORE UPDATE ON deliveries WHEN NEW.state = 'published'
         BEGIN SELECT RAISE(ABORT, 'injected'); END",
    )
    .await;
    let post = edge.post("answered").await;
    edge.wait(async || (edge.sandbox.x().counts().creates_accepted == 1).then_some(()))
        .await;
    assert_eq!(edge.delivery(&post).await["state"], "publishing");
    edge.kill_and_restart().await;
    edge.sql("DROP TRIGGER no_settle").await;
    edge.until_ticking(&post, "published").await;
    let x = edge.sandbox.x();
    assert_eq!((x.posts().len(), x.counts().creates_received), (1, 1));
    assert_eq!(x.counts().timeline_reads, 0, "X did not have to be asked");
}

#[tokio::test]
async fn killed_with_posts_in_the_queue_every_one_arrives_once() {
    let mut edge = Edge::start().await;
    let mut posts = Vec::new();
    for number in 0..12 {
        posts.push(edge.post(&format!("number {number}")).await);
    }
    edge.kill_and_restart().await;
    for post in &posts {
        edge.until_ticking(post, "published").await;
    }
    let x = edge.sandbox.x();
    let mut texts: Vec<String> = x.posts().into_iter().map(|post| post.text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), x.posts().len()), (12, 12));
}

#[tokio::test]
async fn a_grant_of_a_window_survives_a_restart() {
    let mut edge = Edge::with(&[("X_POST_LIMIT_15MIN", "1")]).await;
    let first = edge.post("the only one").await;
    edge.until(&first, "published").await;
    edge.kill_and_restart().await;
    let second = edge.post("one too many").await;
    let waiting = edge.until(&second, "waiting").await;
    assert_eq!(waiting["reason"], "rate_limited");
    let (_, limits) = edge
        .get(&format!("/accounts/{}/limits", edge.account))
        .await;
    let post = limits["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|window| window["bucket"] == "post" && window["window_seconds"] == 900);
    assert_eq!(
        (&post.unwrap()["limit"], &post.unwrap()["remaining"]),
        (&1.into(), &0.into())
    );
    assert_eq!(edge.sandbox.x().counts().creates_received, 1);
}
