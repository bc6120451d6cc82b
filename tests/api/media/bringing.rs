//! Bringing media to X when a post that uses them is sent.

use super::{ask, picture, video};
use crate::publishing::Stage;
use serde_json::{Value, json};

/// How many calls of each kind X received: announcements, chunks, ends, looks, labels, posts.
fn calls(stage: &Stage) -> [u64; 6] {
    let counts = stage.x.lock().unwrap().counts().clone();
    assert_eq!(counts.against_the_document, 0);
    [
        counts.media_initializes,
        counts.media_appends,
        counts.media_finalizes,
        counts.media_statuses,
        counts.media_metadata,
        counts.creates_received,
    ]
}

async fn post(stage: &Stage, text: &str, media: &[&str]) -> String {
    let body = json!({ "text": text, "accounts": [stage.account], "media": media });
    stage.post_as(body).await
}

async fn state(stage: &Stage, post: &str) -> (Value, Value) {
    let delivery = stage.delivery(post).await;
    (delivery["state"].clone(), delivery["reason"].clone())
}

#[tokio::test]
async fn a_picture_is_uploaded_once_and_labeled_and_posted_as_often_as_wanted() {
    let mut stage = Stage::new().await;
    let photo = picture(&stage).await;
    let path = format!("/media/{photo}");
    ask(
        &stage,
        "PATCH",
        &path,
        Some(json!({ "alt_text": "a bird" })),
    )
    .await
    .expect(200);
    let first = post(&stage, "one", &[&photo]).await;
    stage.run(5_000).await;
    assert_eq!(state(&stage, &first).await.0, "published");
    assert_eq!(calls(&stage), [1, 1, 1, 0, 1, 1]);
    let body = json!({ "accounts": [stage.account], "media": [photo] });
    let second = stage.post_as(body).await;
    stage.run(5_000).await;
    assert_eq!(state(&stage, &second).await.0, "published");
    assert_eq!(calls(&stage), [1, 1, 1, 0, 1, 2]);
    // What X forgets after a day is uploaded anew.
    stage.run(86_400_000).await;
    let third = post(&stage, "three", &[&photo]).await;
    stage.run(5_000).await;
    assert_eq!(state(&stage, &third).await.0, "published");
    assert_eq!(calls(&stage), [2, 2, 2, 0, 2, 3]);
}

#[tokio::test]
async fn a_video_is_waited_for_without_an_attempt_and_may_stand_in_any_part_of_a_thread() {
    let mut stage = Stage::new().await;
    let (photo, clip) = (picture(&stage).await, video(&stage, 9 * 1024 * 1024).await);
    let thread = json!({
        "thread": ["one", { "text": "two", "media": [clip] }, { "media": [photo] }], "accounts": [stage.account],
    });
    let post = stage.post_as(thread).await;
    stage.run(3_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (
            &delivery["state"],
            &delivery["reason"],
            &delivery["progress"]
        ),
        (
            &json!("waiting"),
            &json!("media_processing"),
            &json!("1 of 3 sent")
        )
    );
    stage.run(60_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["parts_sent"]),
        (&json!("published"), &json!(3))
    );
    let [announced, chunks, ended, looked, _, created] = calls(&stage);
    assert_eq!((announced, chunks, ended, created), (2, 4, 2, 3));
    assert!((1..=5).contains(&looked), "{looked}");
}

#[tokio::test]
async fn what_x_has_confirmed_is_not_sent_again_after_an_interruption() {
    let mut stage = Stage::new().await;
    let clip = video(&stage, 13 * 1024 * 1024).await;
    stage.fault(&json!({ "on": "media_append", "after": 2, "do": { "kind": "drop_before" } }));
    let post = post(&stage, "moving", &[&clip]).await;
    stage.run(2_000).await;
    assert_eq!(
        state(&stage, &post).await,
        (json!("waiting"), json!("x_unreachable"))
    );
    assert_eq!(calls(&stage)[..2], [1, 3]);
    stage.run(60_000).await;
    assert_eq!(state(&stage, &post).await.0, "published");
    // Four chunks, of which the third came twice.
    assert_eq!(calls(&stage)[..3], [1, 5, 1]);
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_the_end_of_an_upload_starts_nothing_anew() {
    let mut stage = Stage::new().await;
    let clip = video(&stage, 10_000).await;
    stage.fault(&json!({ "on": "media_finalize", "do": { "kind": "accept_then_drop" } }));
    let post = post(&stage, "moving", &[&clip]).await;
    stage.run(60_000).await;
    assert_eq!(state(&stage, &post).await.0, "published");
    assert_eq!(calls(&stage)[..3], [1, 1, 1]);
}

#[tokio::test]
async fn a_video_that_x_cannot_use_ends_the_post_with_its_words() {
    let mut stage = Stage::new().await;
    let clip = video(&stage, 10_000).await;
    stage.fault(&json!({ "on": "media_finalize", "do": { "kind": "fail_processing" } }));
    let post = post(&stage, "moving", &[&clip]).await;
    stage.run(60_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("failed"), &json!("media_not_processed"))
    );
    assert!(
        delivery["upstream"]
            .as_str()
            .is_some_and(|words| !words.is_empty()),
        "{delivery}"
    );
    assert_eq!(calls(&stage)[5], 0);
}

#[tokio::test]
async fn a_post_whose_answer_was_lost_is_recognised_by_its_media() {
    let mut stage = Stage::new().await;
    let (one, other) = (picture(&stage).await, picture(&stage).await);
    stage.fault(&json!({ "on": "create", "do": { "kind": "accept_then_drop" } }));
    let body = |media: &str| json!({ "accounts": [stage.account], "media": [media] });
    let (first, second) = (body(&one), body(&other));
    let first = stage.post_as(first).await;
    stage.run(1_000).await;
    let second = stage.post_as(second).await;
    stage.run(600_000).await;
    for post in [&first, &second] {
        assert_eq!(state(&stage, post).await.0, "published");
    }
    assert_eq!((stage.on_x(), calls(&stage)[5]), (2, 2));
}
