//! Dead letters: recorded once, retried, dismissed, forgotten after a month.

use super::{Stage, ask, message, overview};
use crate::support::Fault;
use godwit::jobs::{self, Disposition, Message};
use godwit::time::DAY_MS;
use serde_json::{Value, json};

const QUEUE: &str = "godwit-publish";
const DEAD: &str = "godwit-publish-dead";

async fn bury(stage: &Stage, messages: &[Message]) -> Vec<Disposition> {
    jobs::handle_dead(&stage.world.app(), DEAD, messages).await
}

async fn letters(stage: &Stage) -> Vec<Value> {
    let shown = ask(stage, "GET", "/admin/dead-letters").await.expect(200);
    shown["items"].as_array().unwrap().clone()
}

/// Accepts a post whose message the queue gives up on; gives the post's and the letter's id.
async fn given_up(stage: &mut Stage) -> (String, String) {
    let post = stage.post("given up").await;
    let (_, body) = stage.mail()[0].clone();
    stage.lose_mail();
    bury(stage, &[message("m-1", &body)]).await;
    let letter = letters(stage).await[0]["id"].as_str().unwrap().to_owned();
    (post, letter)
}

#[tokio::test]
async fn a_message_is_recorded_once_however_often_it_is_handed_over() {
    let stage = Stage::new().await;
    let poison = message("m-1", "poison");
    for _ in 0..3 {
        let done = jobs::handle(&stage.world.app(), QUEUE, std::slice::from_ref(&poison)).await;
        assert_eq!(done, [Disposition::Done]);
    }
    // Nobody heard that it was done with, until the queue gave it up.
    assert_eq!(
        bury(&stage, std::slice::from_ref(&poison)).await,
        [Disposition::Done]
    );
    assert_eq!(letters(&stage).await.len(), 1);
    // The same words in another message are another letter; so they are where the id is not known.
    bury(&stage, &[message("m-2", "poison")]).await;
    jobs::handle_dead(
        &stage.world.app(),
        DEAD,
        &["poison".to_owned(), "poison".to_owned()],
    )
    .await;
    assert_eq!(letters(&stage).await.len(), 4);
}

#[tokio::test]
async fn one_whose_recording_is_not_confirmed_comes_again_and_is_recorded_once() {
    let stage = Stage::new().await;
    for (fault, recorded) in [(Fault::Before, 0), (Fault::After, 1)] {
        stage.world.database.on_batch(move |_| fault);
        let again = bury(&stage, &[message("m-1", "poison")]).await;
        assert_eq!(again, [Disposition::Again { delay_seconds: 30 }]);
        stage.world.database.on_batch(|_| Fault::None);
        assert_eq!(letters(&stage).await.len(), recorded);
    }
    assert_eq!(
        bury(&stage, &[message("m-1", "poison")]).await,
        [Disposition::Done]
    );
    assert_eq!(letters(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_letter_says_what_it_is_and_what_to_do() {
    let mut stage = Stage::new().await;
    let (_, id) = given_up(&mut stage).await;
    stage.world.clock.advance(1_000);
    jobs::handle(&stage.world.app(), QUEUE, &[message("m-2", "poison")]).await;
    let shown = letters(&stage).await;
    let (poison, letter) = (&shown[0], &shown[1]);
    assert_eq!(
        (
            &letter["id"],
            &letter["queue"],
            &letter["retryable"],
            &letter["retries"]
        ),
        (&json!(id), &json!(DEAD), &json!(true), &json!(0))
    );
    assert_eq!(
        (&letter["received_at"], &letter["retried_at"]),
        (&json!("2026-11-21T12:00:00.000Z"), &Value::Null)
    );
    assert!(letter["remedy"].as_str().unwrap().contains("/retry"));
    assert_eq!(
        (&poison["queue"], &poison["retryable"], &poison["body"]),
        (&json!(QUEUE), &json!(false), &json!("poison"))
    );
    assert!(
        poison["reason"]
            .as_str()
            .unwrap()
            .starts_with("not a message of Godwit: ")
    );
    assert!(
        poison["remedy"]
            .as_str()
            .unwrap()
            .contains("cannot be retried")
    );

    let open = overview(&stage).await["dead_letters"].clone();
    assert_eq!(open["open"], 2);
    assert_eq!(
        open["queues"],
        json!([
            { "queue": QUEUE, "open": 1, "oldest_at": "2026-11-21T12:00:01.000Z" },
            { "queue": DEAD, "open": 1, "oldest_at": "2026-11-21T12:00:00.000Z" },
        ])
    );
    assert_eq!(open["newest"].as_array(), Some(&shown));
}

#[tokio::test]
async fn a_retry_puts_the_message_on_its_queue_and_the_post_goes_out_once() {
    let mut stage = Stage::new().await;
    let (post, id) = given_up(&mut stage).await;
    stage.world.clock.advance(5_000);
    let path = format!("/admin/dead-letters/{id}/retry");
    for times in 1..=2 {
        let retried = ask(&stage, "POST", &path).await.expect(202);
        assert_eq!(
            (&retried["retries"], &retried["retried_at"]),
            (&json!(times), &json!("2026-11-21T12:00:05.000Z"))
        );
        assert_eq!(letters(&stage).await, [retried]);
    }
    assert_eq!(overview(&stage).await["dead_letters"]["open"], 0);
    assert_eq!(stage.mail().len(), 2);
    stage.run(1_000).await;
    assert_eq!(
        (stage.on_x(), &stage.delivery(&post).await["state"]),
        (1, &json!("published"))
    );
    let actions = stage.world.database.look(
        "SELECT actor, action, subject, workspace_id FROM audit_log WHERE subject LIKE 'dead_%' ORDER BY id",
    );
    assert_eq!(actions.len(), 2);
    assert_eq!(
        (
            &actions[0]["action"],
            &actions[0]["actor"],
            &actions[0]["subject"]
        ),
        (
            &json!("dead_letter.retried"),
            &json!(stage.person.user_id),
            &json!(id)
        )
    );
}

#[tokio::test]
async fn a_retry_that_is_cut_off_was_sent_rather_than_forgotten() {
    let mut stage = Stage::new().await;
    let (_, id) = given_up(&mut stage).await;
    let path = format!("/admin/dead-letters/{id}/retry");
    // The queue takes nothing: the letter stays open.
    stage.world.queue.refuse(1);
    ask(&stage, "POST", &path)
        .await
        .refused(503, "temporarily_unavailable");
    assert_eq!(
        (
            letters(&stage).await[0]["retries"].clone(),
            stage.mail().len()
        ),
        (json!(0), 0)
    );
    // It was sent, and could not be marked: open all the same.
    stage.world.database.on_batch(|statements| {
        let marks = statements.iter().any(|one| one.sql.contains("retries + 1"));
        if marks { Fault::Before } else { Fault::None }
    });
    ask(&stage, "POST", &path)
        .await
        .refused(503, "temporarily_unavailable");
    assert_eq!(
        (
            letters(&stage).await[0]["retries"].clone(),
            stage.mail().len()
        ),
        (json!(0), 1)
    );
    stage.world.database.on_batch(|_| Fault::None);
    ask(&stage, "POST", &path).await.expect(202);
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_retry_that_fails_again_is_a_letter_of_its_own() {
    let mut stage = Stage::new().await;
    let (_, id) = given_up(&mut stage).await;
    ask(&stage, "POST", &format!("/admin/dead-letters/{id}/retry"))
        .await
        .expect(202);
    let (_, body) = stage.mail()[0].clone();
    bury(&stage, &[message("m-2", &body)]).await;
    assert_eq!(overview(&stage).await["dead_letters"]["open"], 1);
    assert_eq!(letters(&stage).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_message_of_ours_cannot_be_retried_but_dismissed() {
    let stage = Stage::new().await;
    jobs::handle(
        &stage.world.app(),
        QUEUE,
        &[message("m-1", "{\"job\":\"dance\"}")],
    )
    .await;
    let id = letters(&stage).await[0]["id"].as_str().unwrap().to_owned();
    ask(&stage, "POST", &format!("/admin/dead-letters/{id}/retry"))
        .await
        .refused(409, "dead_letter_not_readable");
    assert_eq!(stage.world.queue.sends(), 0);
    let path = format!("/admin/dead-letters/{id}");
    ask(&stage, "DELETE", &path).await.expect(204);
    assert_eq!(letters(&stage).await, Vec::<Value>::new());
    assert_eq!(overview(&stage).await["dead_letters"]["open"], 0);
    ask(&stage, "DELETE", &path).await.refused(404, "not_found");
    assert_eq!(
        stage
            .world
            .database
            .value("SELECT count(*) FROM audit_log WHERE action = 'dead_letter.dismissed'"),
        1
    );
}

#[tokio::test]
async fn letters_are_kept_for_thirty_days() {
    let stage = Stage::new().await;
    bury(&stage, &[message("m-1", "old")]).await;
    stage.world.clock.advance(1);
    bury(&stage, &[message("m-2", "a moment younger")]).await;
    let count = || {
        stage
            .world
            .database
            .value("SELECT count(*) FROM dead_letters")
    };
    stage.world.clock.advance(30 * DAY_MS - 2);
    jobs::tick(&stage.world.app(), jobs::DAILY).await;
    assert_eq!(count(), 2);
    stage.world.clock.advance(1);
    jobs::tick(&stage.world.app(), jobs::DAILY).await;
    assert_eq!(count(), 1);
}

#[tokio::test]
async fn the_clean_up_goes_by_index() {
    let stage = Stage::new().await;
    bury(&stage, &[message("m-1", "old")]).await;
    jobs::tick(&stage.world.app(), jobs::DAILY).await;
    let seen = stage.world.database.seen();
    let delete = seen
        .iter()
        .find(|sql| sql.starts_with("DELETE FROM dead_letters"))
        .unwrap();
    let plan = stage.world.database.plan(delete);
    assert!(
        plan.iter()
            .any(|step| step.contains("dead_letters_expired")),
        "{plan:#?}"
    );
}
