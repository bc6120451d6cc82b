//! Deleting at X: everything, from the end, once, whatever comes in between.

use super::Stage;
use crate::support::Answer;
use godwit::ports::Statement;
use serde_json::{Value, json};

async fn delete(stage: &Stage, post: &str) -> Answer {
    let path = format!("/posts/{post}?platform=true");
    let token = Some(stage.person.token.as_str());
    stage.world.request("DELETE", &path, token, None).await
}

async fn published(stage: &mut Stage, parts: usize) -> String {
    let texts: Vec<String> = (1..=parts).map(|n| format!("Part {n}")).collect();
    let post = stage
        .post_as(json!({ "thread": texts, "accounts": [stage.account] }))
        .await;
    stage.run(5_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    post
}

/// The texts that X still shows.
fn left(stage: &Stage) -> Vec<String> {
    let posts = stage.x.lock().unwrap().posts().into_iter();
    let there = posts.filter(|post| post.deleted_at.is_none());
    there.map(|post| post.text).collect()
}

/// What was asked of X to be deleted, in order, by the texts.
fn asked(stage: &Stage) -> Vec<String> {
    let x = stage.x.lock().unwrap();
    let posts = x.posts();
    let requests = x.requests();
    let deletes = requests.iter().filter(|one| one.method == "DELETE");
    deletes
        .map(|one| {
            let id = one.path.rsplit('/').next().unwrap();
            posts
                .iter()
                .find(|post| post.id == id)
                .unwrap()
                .text
                .clone()
        })
        .collect()
}

fn fault(stage: &Stage, after: u32, effect: &Value) {
    stage.fault(&json!({ "on": "delete", "after": after, "times": 1, "do": effect }));
}

fn change(stage: &Stage, sql: &'static str) {
    stage.world.database.change(&Statement::new(sql));
}

#[tokio::test]
async fn a_thread_is_deleted_from_its_end_and_stays_in_the_history() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 3).await;
    let begun = delete(&stage, &post).await.expect(200);
    assert_eq!(begun["status"], "published");
    assert_eq!(begun["deliveries"][0]["state"], "deleting");
    stage.run(5_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&shown["status"], &delivery["state"]),
        (&json!("deleted"), &json!("deleted"))
    );
    assert_eq!(asked(&stage), ["Part 3", "Part 2", "Part 1"]);
    assert!(left(&stage).is_empty());
    assert_eq!(delivery["parts_sent"], 0);
    for part in delivery["parts"].as_array().unwrap() {
        assert_eq!(part["state"], "deleted");
        assert!(part["external_id"].is_string() && part["url"].is_null());
    }
    assert_eq!(
        stage.get("/history").await["items"][0]["post_id"],
        json!(post)
    );
    assert_eq!(stage.get("/stats").await["deleted"], 1);
    // Once more is as good, and asks X nothing.
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    assert_eq!(asked(&stage).len(), 3);
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
}

#[tokio::test]
async fn what_is_gone_at_x_already_is_deleted() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 2).await;
    fault(&stage, 0, &json!({ "kind": "status", "name": "not_found" }));
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage), ["Part 2", "Part 1"]);
}

#[tokio::test]
async fn a_lost_answer_a_closed_window_and_a_dead_x_only_cost_time() {
    for effect in [
        json!({ "kind": "accept_then_hang" }),
        json!({ "kind": "accept_then_empty_201" }),
        json!({ "kind": "hang_before" }),
        json!({ "kind": "status", "name": "rate_limit", "reset_after_s": 300 }),
        json!({ "kind": "status", "name": "service_unavailable" }),
    ] {
        let mut stage = Stage::new().await;
        let post = published(&mut stage, 3).await;
        fault(&stage, 1, &effect);
        delete(&stage, &post).await.expect(200);
        stage.run(1_000).await;
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["state"], "deleting", "{effect}");
        assert_eq!(delivery["progress"], "2 of 3 sent", "{effect}");
        stage.run(900_000).await;
        assert_eq!(stage.delivery(&post).await["state"], "deleted", "{effect}");
        assert!(left(&stage).is_empty());
        assert_eq!(asked(&stage).len(), 4, "{effect}");
    }
}

#[tokio::test]
async fn what_x_refuses_to_delete_stays_published_and_says_why() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 2).await;
    fault(&stage, 1, &json!({ "kind": "status", "name": "forbidden" }));
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "published");
    assert_eq!(delivery["reason"], "not_deleted");
    assert_eq!(delivery["progress"], "1 of 2 sent");
    assert!(delivery["published_at"].is_string());
    assert_eq!(left(&stage), ["Part 1"]);
    // It may be tried again.
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage), ["Part 2", "Part 1", "Part 1"]);
}

#[tokio::test]
async fn repeats_of_the_message_and_lost_answers_of_the_database_delete_once() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 3).await;
    delete(&stage, &post).await.expect(200);
    let (_, message) = stage.mail()[0].clone();
    // Two at once, and one long after.
    stage.handle(vec![message.clone(), message.clone()]).await;
    stage.run(5_000).await;
    stage.handle(vec![message]).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage).len(), 3);
}

#[tokio::test]
async fn a_lost_message_is_found_by_the_sweep() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    delete(&stage, &post).await.expect(200);
    stage.lose_mail();
    stage.run(300_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert!(left(&stage).is_empty());
}

#[tokio::test]
async fn a_late_write_of_who_sent_it_does_not_undo_the_wish() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    let epoch = || {
        let deliveries = &stage.world.database.dump()["deliveries"];
        deliveries[0]["epoch"].as_i64().unwrap()
    };
    let first = epoch();
    delete(&stage, &post).await.expect(200);
    assert_eq!(epoch(), first + 1);
}

#[tokio::test]
async fn an_interrupted_thread_loses_what_was_sent_of_it_and_is_not_sent_any_more() {
    let mut stage = Stage::new().await;
    stage.fault(&json!({ "on": "create", "after": 2, "times": 1, "do": { "kind": "status", "name": "forbidden" } }));
    let body = json!({ "thread": ["Part 1", "Part 2", "Part 3"], "accounts": [stage.account] });
    let post = stage.post_as(body).await;
    stage.run(5_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "failed");
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage), ["Part 2", "Part 1"]);
    // It was never published as a whole: it is no day's publication, and the counts have it.
    let stats = stage.get("/stats").await;
    assert_eq!(
        (&stats["deleted"], &stats["by_day"]),
        (&json!(1), &json!([]))
    );
    let path = format!("/posts/{post}/retry");
    let token = Some(stage.person.token.as_str());
    let retried = stage.world.request("POST", &path, token, None).await;
    retried.refused(409, "nothing_to_retry");
    assert_eq!(stage.x.lock().unwrap().counts().creates_received, 3);
}

#[tokio::test]
async fn an_account_that_has_to_be_connected_again_is_waited_for() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "deleting");
    assert_eq!(delivery["reason"], "account_needs_reconnect");
    stage
        .walk("/connections/x/authorize", &stage.person, "godwit_demo")
        .await;
    stage.run(120_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert!(left(&stage).is_empty());
}

#[tokio::test]
async fn what_cannot_be_deleted_is_refused_with_what_to_do() {
    let mut stage = Stage::new().await;
    // An account that is gone.
    let post = published(&mut stage, 1).await;
    let unlink = format!("/accounts/{}", stage.account);
    let token = Some(stage.person.token.clone());
    let unlinked = stage
        .world
        .request("DELETE", &unlink, token.as_deref(), None);
    unlinked.await.expect(200);
    delete(&stage, &post).await.refused(409, "account_unlinked");
    // Nothing is there.
    change(&stage, "UPDATE accounts SET status = 'active'");
    change(&stage, "UPDATE deliveries SET state = 'failed'");
    change(&stage, "DELETE FROM parts");
    delete(&stage, &post)
        .await
        .refused(409, "nothing_to_delete");
    // Nobody knows.
    change(&stage, "UPDATE deliveries SET state = 'uncertain'");
    delete(&stage, &post).await.refused(409, "being_published");
    // Another's.
    let eve = stage.world.person("eve").await;
    let path = format!("/posts/{post}?platform=true");
    let hers = stage.world.request("DELETE", &path, Some(&eve.token), None);
    hers.await.refused(404, "not_found");
    assert!(asked(&stage).is_empty());
}

#[tokio::test]
async fn what_waits_is_taken_back_and_what_is_there_deleted() {
    let mut stage = Stage::new().await;
    let second = stage.connect("long_bill");
    let body = json!({ "text": "For both", "accounts": [stage.account, second] });
    stage.x.lock().unwrap().revoke_user("long_bill");
    let post = stage.post_as(body).await;
    stage.run(5_000).await;
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let shown = stage.get(&format!("/posts/{post}")).await;
    let mut states: Vec<&str> = (0..2)
        .map(|n| shown["deliveries"][n]["state"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["canceled", "deleted"]);
    assert_eq!(shown["status"], "deleted");
    assert!(left(&stage).is_empty());
}

#[tokio::test]
async fn a_paused_app_holds_deletes_back_and_a_good_one_ends_the_pause() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    fault(
        &stage,
        0,
        &json!({ "kind": "status", "name": "credits_depleted" }),
    );
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("deleting"), &json!("x_credits_depleted"))
    );
    stage.run(3_600_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage).len(), 2);
}

#[tokio::test]
async fn while_one_of_its_accounts_is_undecided_the_answer_is_not_that_all_is_deleted() {
    let mut stage = Stage::new().await;
    let second = stage.connect("long_bill");
    let body = json!({ "text": "For both", "accounts": [stage.account, second] });
    let post = stage.post_as(body).await;
    stage.run(5_000).await;
    let undecided =
        "UPDATE deliveries SET state = 'uncertain', next_attempt_at = NULL WHERE account_id <> ?1";
    let undecided = Statement::new(undecided).bind(stage.account.as_str());
    stage.world.database.change(&undecided);
    delete(&stage, &post).await.refused(409, "being_published");
    stage.run(5_000).await;
    // What could be deleted is, and the wish may be repeated when the rest is known.
    assert_eq!(asked(&stage).len(), 1);
    change(
        &stage,
        "UPDATE deliveries SET state = 'published' WHERE state = 'uncertain'",
    );
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    assert!(left(&stage).is_empty());
}

#[tokio::test]
async fn a_trouble_at_every_part_does_not_end_the_wish() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 6).await;
    for after in 0..6 {
        let effect = json!({ "kind": "status", "name": "service_unavailable" });
        fault(&stage, after, &effect);
    }
    delete(&stage, &post).await.expect(200);
    stage.run(3_600_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert!(left(&stage).is_empty());
}

#[tokio::test]
async fn an_x_that_is_away_for_hours_is_asked_until_it_is_back() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    stage.fault(&json!({ "on": "delete", "times": 12, "do": { "kind": "status", "name": "service_unavailable" } }));
    delete(&stage, &post).await.expect(200);
    stage.run(2 * 3_600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["state"], "deleting");
    assert_eq!(delivery["reason"], "x_unreachable");
    stage.run(8 * 3_600_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "deleted");
    assert_eq!(asked(&stage).len(), 13);
}

#[tokio::test]
async fn unlinking_while_it_is_being_deleted_says_what_is_left_to_do() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    fault(
        &stage,
        0,
        &json!({ "kind": "status", "name": "rate_limit", "reset_after_s": 300 }),
    );
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let unlink = format!("/accounts/{}", stage.account);
    let token = Some(stage.person.token.clone());
    let unlinked = stage
        .world
        .request("DELETE", &unlink, token.as_deref(), None);
    unlinked.await.expect(200);
    stage.run(600_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("published"), &json!("not_deleted"))
    );
    let detail = delivery["detail"].as_str().unwrap();
    assert!(detail.contains("unlinked"), "{detail}");
    assert_eq!(left(&stage).len(), 1);
}

#[tokio::test]
async fn a_part_that_nobody_could_find_is_not_called_deleted() {
    let mut stage = Stage::new().await;
    stage
        .fault(&json!({ "on": "create", "after": 1, "times": 1, "do": { "kind": "hang_before" } }));
    let body = json!({ "thread": ["Part 1", "Part 2"], "accounts": [stage.account] });
    let post = stage.post_as(body).await;
    stage.run(900_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(delivery["reason"], "needs_decision");
    let path = format!("/deliveries/{}/resolve", delivery["id"].as_str().unwrap());
    let token = Some(stage.person.token.as_str());
    let decision = Some(json!({ "outcome": "give_up" }));
    let answer = stage.world.request("POST", &path, token, decision).await;
    answer.expect(200);
    delete(&stage, &post).await.expect(200);
    stage.run(5_000).await;
    let delivery = stage.delivery(&post).await;
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("canceled"), &json!("not_deleted"))
    );
    assert_eq!(asked(&stage), ["Part 1"]);
}

#[tokio::test]
async fn an_account_that_is_only_read_deletes_nothing() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    change(&stage, "UPDATE accounts SET auth = 'app_only'");
    delete(&stage, &post).await.refused(409, "account_unlinked");
    assert!(asked(&stage).is_empty());
}

#[tokio::test]
async fn who_deleted_is_in_the_audit_log() {
    let mut stage = Stage::new().await;
    let post = published(&mut stage, 1).await;
    delete(&stage, &post).await.expect(200);
    let dump = stage.world.database.dump();
    let noted = dump["audit_log"]
        .iter()
        .find(|row| row["action"] == "post.deleted_at_platform")
        .unwrap();
    assert_eq!(noted["subject"], json!(post));
    assert_eq!(noted["actor"], json!(stage.person.user_id));
}
