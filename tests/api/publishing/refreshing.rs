//! When tokens are refreshed, how often, and what a lost answer does.

use super::Stage;
use super::stage::LOOSE;
use futures_util::future::{join_all, poll_immediate};
use serde_json::{Value, json};

const TWO_HOURS_MS: i64 = 7_200_000;

fn once(on: &str, effect: &Value) -> Value {
    json!({ "on": on, "times": 1, "do": effect })
}

/// Token requests that X received: all of them, and those that gave a pair.
fn refreshes(stage: &Stage) -> (u64, u64) {
    let x = stage.x.lock().unwrap();
    (x.counts().refreshes, x.counts().refreshes_accepted)
}

async fn by_hand(stage: &Stage) -> crate::support::Answer {
    let path = format!("/accounts/{}/refresh", stage.account);
    stage
        .world
        .request("POST", &path, Some(&stage.person.token), None)
        .await
}

async fn status(stage: &Stage) -> Value {
    stage.get(&format!("/accounts/{}", stage.account)).await["status"].clone()
}

/// Every message that is due, each handled by a consumer of its own, all at once.
async fn all_at_once(stage: &mut Stage) {
    let bodies: Vec<String> = stage.mail().iter().map(|(_, body)| body.clone()).collect();
    stage.lose_mail();
    let app = stage.world.app();
    let one = |body| godwit::jobs::handle(&app, "godwit-publish", std::slice::from_ref(body));
    join_all(bodies.iter().map(one)).await;
}

async fn crowd(size: usize) -> Stage {
    let stage = Stage::with(&[("X_POST_LIMIT_15MIN", "2000")]).await;
    stage.x.lock().unwrap().settings.limits.create = 2_000;
    for number in 0..size {
        stage.post(&format!("one of many: {number}")).await;
    }
    stage
}

#[tokio::test]
async fn five_hundred_deliveries_at_once_refresh_once() {
    let mut stage = crowd(500).await;
    stage.world.clock.advance(TWO_HOURS_MS);
    all_at_once(&mut stage).await;
    assert_eq!(stage.on_x(), 500);
    assert_eq!(refreshes(&stage), (1, 1));
    let creates = stage.x.lock().unwrap().counts().creates_received;
    assert_eq!(creates, 500);
}

#[tokio::test]
async fn five_hundred_refused_calls_at_once_refresh_once() {
    let mut stage = crowd(500).await;
    stage.x.lock().unwrap().expire_tokens();
    all_at_once(&mut stage).await;
    assert_eq!(stage.on_x(), 500);
    assert_eq!(refreshes(&stage), (1, 1));
}

#[tokio::test]
async fn those_who_wait_for_a_refresh_that_ends_the_old_token_are_not_refused() {
    let mut stage = crowd(50).await;
    stage.x.lock().unwrap().settings.refresh_ends_access_token = true;
    stage.fault(&once("refresh", &json!({ "kind": "delay", "ms": 3_000 })));
    stage.world.clock.advance(TWO_HOURS_MS - 4 * 60_000);
    all_at_once(&mut stage).await;
    let creates = stage.x.lock().unwrap().counts().creates_received;
    assert_eq!((stage.on_x(), creates), (50, 50));
    assert_eq!(refreshes(&stage), (1, 1));
}

#[tokio::test]
async fn a_revoked_grant_is_asked_for_once_and_everything_waits_for_the_new_one() {
    let mut stage = crowd(30).await;
    stage.world.clock.advance(TWO_HOURS_MS);
    stage.x.lock().unwrap().revoke_user("godwit_demo");
    all_at_once(&mut stage).await;
    assert_eq!(refreshes(&stage), (1, 0));
    assert_eq!(stage.world.log.events("grant_refused").len(), 1);
    assert_eq!(status(&stage).await, "needs_reconnect");
    let waiting = "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND reason = 'account_needs_reconnect'";
    assert_eq!(stage.world.database.value(waiting), 30);
    stage.run(3_700_000).await;
    assert_eq!(refreshes(&stage), (1, 0), "nor by their hourly look");
    stage.reconnection("godwit_demo")();
    stage.run(61_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (30, (1, 0)));
    assert_eq!(status(&stage).await, "active");
}

#[tokio::test]
async fn a_lost_answer_costs_the_grant_only_when_x_says_so() {
    for family_kill in [false, true] {
        let mut stage = Stage::new().await;
        stage.x.lock().unwrap().settings.family_kill = family_kill;
        stage.world.clock.advance(TWO_HOURS_MS);
        stage.fault(&once("refresh", &json!({ "kind": "rotate_and_drop" })));
        let post = stage.post("the answer was lost").await;
        stage.run(1_000).await;
        assert_eq!(status(&stage).await, "active", "nobody knows yet");
        let lost = stage.world.log.events("refresh_unanswered");
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0]["details"]["more"]["lost"], 1);
        stage.run(30_000).await;
        assert_eq!(status(&stage).await, "needs_reconnect");
        assert_eq!(refreshes(&stage), (2, 1));
        let refused = stage.world.log.events("grant_refused");
        assert_eq!(
            (refused.len(), &refused[0]["details"]["more"]["lost"]),
            (1, &json!(1))
        );
        let delivery = stage.delivery(&post).await;
        assert_eq!(delivery["reason"], "account_needs_reconnect");
        assert!(
            delivery["detail"]
                .as_str()
                .unwrap()
                .contains("got no answer"),
            "{delivery}"
        );
        stage.reconnection("godwit_demo")();
        stage.run(61_000).await;
        assert_eq!(stage.on_x(), 1);
    }
}

#[tokio::test]
async fn a_question_that_never_reached_x_costs_nothing() {
    let mut stage = Stage::new().await;
    stage.world.clock.advance(TWO_HOURS_MS);
    stage.fault(&once("refresh", &json!({ "kind": "drop_before" })));
    let post = stage.post("asked again").await;
    stage.run(30_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!(refreshes(&stage), (2, 1));
    assert_eq!(stage.world.log.events("refresh_unanswered").len(), 1);
    assert_eq!(stage.world.log.events("grant_refused").len(), 0);
}

#[tokio::test]
async fn while_the_old_token_works_a_lost_answer_stops_nothing_and_is_not_asked_for_again() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.family_kill = true;
    stage.world.clock.advance(TWO_HOURS_MS - 4 * 60_000);
    stage.fault(&once("refresh", &json!({ "kind": "rotate_and_drop" })));
    for text in ["one", "two", "three"] {
        stage.post(text).await;
        stage.run(1_000).await;
    }
    assert_eq!((stage.on_x(), refreshes(&stage)), (3, (1, 1)));
    assert_eq!(status(&stage).await, "active");
    // By hand neither: it would end what works.
    let answer = by_hand(&stage).await.expect(200);
    assert_eq!(answer["refreshed"], false);
    assert_eq!(refreshes(&stage), (1, 1));
    stage.run(5 * 60_000).await;
    stage.post("now it has to be asked").await;
    stage.run(30_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (3, (2, 1)));
    assert_eq!(status(&stage).await, "needs_reconnect");
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_not_asked_by_everybody() {
    let mut stage = crowd(40).await;
    stage.world.clock.advance(TWO_HOURS_MS);
    stage.fault(&once(
        "refresh",
        &json!({ "kind": "status", "name": "service_unavailable" }),
    ));
    all_at_once(&mut stage).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (0, (1, 0)));
    stage.run(60_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (40, (2, 1)));
}

#[tokio::test]
async fn a_token_that_works_is_not_rotated_twice_in_ten_minutes_whoever_asks() {
    let mut stage = Stage::new().await;
    let first = by_hand(&stage).await.expect(200);
    assert_eq!(first["refreshed"], true);
    stage.run(599_000).await;
    let second = by_hand(&stage).await.expect(200);
    assert_eq!(
        second,
        json!({ "refreshed": false, "expires_at": first["expires_at"] })
    );
    assert_eq!(refreshes(&stage), (1, 1));
    stage.kill_gates();
    assert_eq!(by_hand(&stage).await.expect(200)["refreshed"], false);
    stage.run(1_000).await;
    assert_eq!(by_hand(&stage).await.expect(200)["refreshed"], true);
    assert_eq!(refreshes(&stage), (2, 2));
}

#[tokio::test]
async fn tokens_that_live_shorter_than_the_floor_are_used_to_their_end_and_then_refreshed() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().settings.access_token_lifetime = 120_000;
    by_hand(&stage).await.expect(200);
    for minute in 0..10 {
        stage.post(&format!("minute {minute}")).await;
        stage.run(60_000).await;
    }
    assert_eq!(stage.on_x(), 10);
    // In ten minutes, each of five tokens worked for its two.
    let (asked, accepted) = refreshes(&stage);
    assert_eq!((asked, accepted), (5, 5));
    assert_eq!(status(&stage).await, "active");
}

#[tokio::test]
async fn an_x_that_refuses_every_token_is_asked_for_one_new_pair_and_not_for_more() {
    let mut stage = crowd(20).await;
    stage.fault(&json!({ "on": "create", "times": 1000, "do": { "kind": "status", "name": "unauthorized" } }));
    all_at_once(&mut stage).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (0, (1, 1)));
    assert_eq!(status(&stage).await, "needs_reconnect");
    stage.run(300_000).await;
    assert_eq!(refreshes(&stage), (1, 1));
    stage.x.lock().unwrap().clear_faults();
    stage.reconnection("godwit_demo")();
    stage.run(61_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (20, (1, 1)));
}

#[tokio::test]
async fn a_refused_pair_of_a_new_connect_may_be_rotated_at_once() {
    let mut stage = Stage::new().await;
    stage.x.lock().unwrap().expire_tokens();
    stage.post("one").await;
    stage.run(1_000).await;
    stage.reconnection("godwit_demo")();
    stage.x.lock().unwrap().expire_tokens();
    stage.post("two").await;
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (2, (2, 2)));
}

#[tokio::test]
async fn idle_accounts_are_refreshed_once_a_month_and_each_once() {
    let mut stage = Stage::new().await;
    for username in ["second_bird", "long_bill"] {
        stage.connect(username);
    }
    let days = 86_400_000;
    let tick = async |stage: &Stage| {
        godwit::jobs::tick(&stage.world.app(), godwit::jobs::EVERY_HALF_HOUR).await;
        refreshes(stage)
    };
    stage.world.clock.advance(30 * days - 1);
    assert_eq!(tick(&stage).await, (0, 0));
    stage.world.clock.advance(1);
    // Two ticks at once do the work of one.
    tokio::join!(tick(&stage), tick(&stage));
    assert_eq!(refreshes(&stage), (3, 3));
    assert_eq!(tick(&stage).await, (3, 3));
    stage.world.clock.advance(30 * days);
    assert_eq!(tick(&stage).await, (6, 6));
    // Who posts needs no renewal.
    stage.world.clock.advance(20 * days);
    let again = json!({ "email": "ada@example.com", "password": "correct horse" });
    let signed_in = stage
        .world
        .request("POST", "/auth/login", None, Some(again))
        .await;
    stage.person.token = signed_in.expect(200)["token"].as_str().unwrap().to_owned();
    stage.post("alive").await;
    stage.run(1_000).await;
    assert_eq!(refreshes(&stage), (7, 7));
    stage.world.clock.advance(11 * days);
    assert_eq!(tick(&stage).await, (9, 9));
}

/// A gate call that stands at the token endpoint, and that nobody polls any more.
async fn abandon_a_refresh(stage: &mut Stage, effect: &Value) -> String {
    stage.world.clock.advance(TWO_HOURS_MS);
    stage.fault(&once("refresh", effect));
    stage.detach_next_call(20);
    let post = stage.post("abandoned on the way").await;
    stage.run(1_000).await;
    assert_eq!(refreshes(stage).0, 1);
    post
}

async fn finish_loose() {
    for mut call in LOOSE.with_borrow_mut(std::mem::take) {
        for _ in 0..1_000 {
            if poll_immediate(&mut call).await.is_some() {
                break;
            }
        }
    }
}

/// When X received each token request.
fn asked_at(stage: &Stage) -> Vec<i64> {
    let x = stage.x.lock().unwrap();
    let requests = x.requests().into_iter();
    requests
        .filter(|request| request.path == "/2/oauth2/token")
        .map(|request| request.at_ms)
        .collect()
}

#[tokio::test]
async fn a_refresh_that_was_abandoned_is_taken_over_when_it_can_no_longer_be_under_way() {
    let mut stage = Stage::new().await;
    let post = abandon_a_refresh(&mut stage, &json!({ "kind": "hang_before" })).await;
    let other = stage.post("behind it").await;
    stage.run(40_000).await;
    for post in [&post, &other] {
        assert_eq!(stage.delivery(post).await["state"], "published");
    }
    let at = asked_at(&stage);
    assert_eq!(at.len(), 2);
    assert!((10_000..=16_000).contains(&(at[1] - at[0])), "{at:?}");
    let gates = stage.world.gates.calls().count();
    assert!(gates <= 4, "{gates} gate calls: somebody waited in vain");
    // It comes back to life, and finds everything done.
    finish_loose().await;
    stage.run(300_000).await;
    assert_eq!((stage.on_x(), refreshes(&stage)), (2, (2, 1)));
    let generation = "SELECT generation FROM account_tokens";
    assert_eq!(stage.world.database.value(generation), 2);
}

#[tokio::test]
async fn the_late_answer_of_an_abandoned_refresh_is_kept_when_it_is_the_only_good_one() {
    let mut stage = Stage::new().await;
    let post = abandon_a_refresh(&mut stage, &json!({ "kind": "delay", "ms": 5_000 })).await;
    // X has rotated; whoever takes over presents a spent token.
    stage.run(40_000).await;
    assert_eq!(status(&stage).await, "needs_reconnect");
    assert_eq!(refreshes(&stage), (2, 1));
    finish_loose().await;
    assert_eq!(stage.world.log.events("late_refresh_kept").len(), 1);
    let generation = "SELECT generation FROM account_tokens";
    assert_eq!(stage.world.database.value(generation), 2);
    // The person tries it and finds that it works, and what waits goes out.
    let path = format!("/accounts/{}/test", stage.account);
    let token = Some(stage.person.token.as_str());
    let tested = stage.world.request("POST", &path, token, None).await;
    assert_eq!(tested.expect(200)["can_post"], true);
    stage.run(120_000).await;
    assert_eq!(stage.delivery(&post).await["state"], "published");
    assert_eq!((stage.on_x(), refreshes(&stage)), (1, (2, 1)));
}

#[tokio::test]
async fn the_late_answer_of_an_abandoned_refresh_does_not_undo_a_new_connect() {
    let mut stage = Stage::new().await;
    abandon_a_refresh(&mut stage, &json!({ "kind": "delay", "ms": 5_000 })).await;
    stage.reconnection("godwit_demo")();
    let connected = stage.world.database.look("SELECT * FROM account_tokens");
    stage.run(40_000).await;
    finish_loose().await;
    stage.run(120_000).await;
    assert_eq!(
        stage.world.database.look("SELECT * FROM account_tokens"),
        connected
    );
    stage.post("with the new pair").await;
    stage.run(1_000).await;
    assert_eq!((stage.on_x(), status(&stage).await), (2, json!("active")));
}
