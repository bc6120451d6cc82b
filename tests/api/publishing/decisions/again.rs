//! To send it again, or to give it up.

use super::{
    Fault, Stage, audited, creates, decide, doubtful, fault, is_resolve, last_on_x, there,
    undecided,
};
use godwit::ports::Statement;
use serde_json::{Value, json};

#[tokio::test]
async fn sending_again_is_a_person_s_choice_once_godwit_has_looked() {
    let mut stage = Stage::new().await;
    stage.fault(&fault("create", 0, &json!({ "kind": "drop_before" })));
    let post = stage.post("lost on the way").await;
    stage.run(1_000).await;
    let delivery = stage.delivery(&post).await;
    let early = decide(&stage, &delivery, json!({ "outcome": "send_again" })).await;
    assert!(
        early.header("retry-after").parse::<u32>().unwrap() >= 28,
        "{:?}",
        early.headers
    );
    early.refused(409, "still_looking");
    stage.run(600_000).await;
    assert_eq!((creates(&stage), audited(&stage).len()), (1, 0));
    let shown = decide(&stage, &delivery, json!({ "outcome": "send_again" }))
        .await
        .expect(200);
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("queued"), &Value::Null)
    );
    assert_eq!(
        stage.get(&format!("/posts/{post}")).await["status"],
        "publishing"
    );
    decide(&stage, &delivery, json!({ "outcome": "send_again" }))
        .await
        .refused(409, "nothing_to_decide");
    stage.run(1_000).await;
    assert_eq!(
        (
            stage.on_x(),
            creates(&stage),
            &stage.delivery(&post).await["state"]
        ),
        (1, 2, &json!("published"))
    );
    assert_eq!(audited(&stage).len(), 1);
    assert_eq!(audited(&stage)[0]["action"], "delivery.sent_again");
}

#[tokio::test]
async fn a_decision_to_send_again_after_one_that_was_cut_off_sends_nothing_twice() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 1, 0).await;
    let delivery = stage.delivery(&post).await;
    let id = last_on_x(&stage);
    stage.world.database.on_batch(|statements| {
        if is_resolve(statements) {
            Fault::Before
        } else {
            Fault::None
        }
    });
    assert_eq!(decide(&stage, &delivery, there(&id)).await.status, 503);
    decide(&stage, &delivery, json!({ "outcome": "send_again" }))
        .await
        .expect(200);
    stage.run(2_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (
            &delivery["state"],
            &delivery["parts"][0]["external_id"],
            creates(&stage)
        ),
        (&json!("published"), &json!(id), 1)
    );
}

#[tokio::test]
async fn what_was_to_be_sent_again_and_waits_can_still_be_declared() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 2, 1).await;
    let id = last_on_x(&stage);
    let change = Statement::new("UPDATE accounts SET status = 'needs_reconnect'");
    stage.world.database.change(&change);
    stage.send_again(&post).await.expect(200);
    stage.run(60_000).await;
    let waiting = stage.delivery(&post).await;
    assert_eq!(waiting["state"], "waiting");
    let shown = decide(&stage, &waiting, there(&id)).await.expect(200);
    assert_eq!(shown["progress"], "2 of 2 sent");
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!((stage.on_x(), audited(&stage).len()), (2, 2));
}

#[tokio::test]
async fn a_retry_of_what_failed_is_no_decision_about_what_may_be_there() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.timeline_lag = 86_400_000;
    let other = stage.connect("second_bird");
    stage.fault(&fault("create", 0, &json!({ "kind": "accept_then_drop" })));
    stage.fault(&fault(
        "create",
        0,
        &json!({ "kind": "status", "name": "forbidden" }),
    ));
    let post = stage
        .post_as(json!({ "text": "twice?", "accounts": [stage.account, other] }))
        .await;
    stage.run(600_000).await;
    let path = format!("/posts/{post}/retry");
    let token = stage.person.token.clone();
    let retry = async |stage: &Stage| {
        let asked = stage.world.request("POST", &path, Some(&token), None);
        asked.await
    };
    retry(&stage).await.expect(202);
    stage.run(60_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    let mut states: Vec<_> = (0..2)
        .map(|at| shown["deliveries"][at]["state"].to_string())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["\"published\"", "\"uncertain\""]);
    let refused = retry(&stage).await;
    refused.refused(409, "nothing_to_retry");
    assert!(
        refused.json["remedy"]
            .as_str()
            .unwrap()
            .contains("/resolve")
    );
}

#[tokio::test]
async fn who_does_not_want_it_any_more_gives_it_up() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 2, 1).await;
    let delivery = stage.delivery(&post).await;
    for _ in 0..2 {
        let given_up = json!({ "outcome": "give_up" });
        let shown = decide(&stage, &delivery, given_up).await.expect(200);
        assert_eq!(
            (&shown["state"], &shown["reason"], &shown["progress"]),
            (
                &json!("canceled"),
                &json!("given_up"),
                &json!("1 of 2 sent")
            )
        );
    }
    assert_eq!(audited(&stage).len(), 1);
    let (path, token) = (format!("/posts/{post}/retry"), stage.person.token.clone());
    let retry = stage.world.request("POST", &path, Some(&token), None);
    retry.await.refused(409, "nothing_to_retry");
    stage.run(3_600_000).await;
    assert_eq!(creates(&stage), 2);
    // Also when it was to be sent again, and waits for its account.
    let post = undecided(&mut stage, 1, 0).await;
    let change = Statement::new("UPDATE accounts SET status = 'needs_reconnect'");
    stage.world.database.change(&change);
    stage.send_again(&post).await.expect(200);
    stage.run(60_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "waiting");
    let shown = decide(&stage, &delivery, json!({ "outcome": "give_up" })).await;
    assert_eq!(shown.expect(200)["reason"], "given_up");
}

#[tokio::test]
async fn nobody_gives_up_what_is_looked_for_or_certain() {
    let mut stage = Stage::new().await;
    let sure = stage.post("certain").await;
    stage.run(1_000).await;
    let post = doubtful(&stage, 1, 0).await;
    stage.run(2_000).await;
    for (post, code) in [(&sure, "nothing_to_decide"), (&post, "still_looking")] {
        let delivery = stage.delivery(post).await;
        decide(&stage, &delivery, json!({ "outcome": "give_up" }))
            .await
            .refused(409, code);
    }
    assert_eq!(audited(&stage).len(), 0);
}

#[tokio::test]
async fn with_an_unlinked_account_nothing_is_sent_again_until_it_is_linked_anew() {
    let mut stage = Stage::new().await;
    let post = undecided(&mut stage, 1, 0).await;
    let delivery = stage.delivery(&post).await;
    let path = format!("/accounts/{}", stage.account);
    let token = Some(stage.person.token.as_str());
    stage
        .world
        .request("DELETE", &path, token, None)
        .await
        .expect(200);
    let again = json!({ "outcome": "send_again" });
    for _ in 0..2 {
        decide(&stage, &delivery, again.clone())
            .await
            .refused(409, "account_unlinked");
    }
    assert_eq!(audited(&stage).len(), 0);
    assert_eq!(stage.delivery(&post).await["state"], "uncertain");
    let linked = "UPDATE accounts SET status = 'active' WHERE id = ?1";
    let linked = Statement::new(linked).bind(stage.account.as_str());
    stage.world.database.change(&linked);
    decide(&stage, &delivery, again).await.expect(200);
}
