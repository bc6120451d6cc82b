use serde_json::json;

use super::*;
use crate::sandbox::{
    Effect, On, Refusal,
    apps::App,
    money::{Charge, Micros, Purse},
};

/// A world whose app has so many millionths of a dollar.
fn world(credits: i64) -> World {
    World::with(Settings {
        purse: Purse {
            credits: Some(Micros(credits)),
            owner: Some("godwit_demo".into()),
            ..Purse::default()
        },
        ..Settings::default()
    })
}

impl World {
    fn spent(&self) -> i64 {
        self.x.money(self.now)[0].spent.0
    }

    fn count_of(&self, charge: Charge) -> u64 {
        let lines = &self.x.money(self.now)[0].lines;
        lines.get(&charge).map_or(0, |line| line.count)
    }
}

#[test]
fn everything_has_its_price() {
    let mut world = world(10_000_000);
    let mut last = 0;
    let mut cost = |world: &World| {
        let cost = world.spent() - last;
        last += cost;
        cost
    };
    let id = world.said("plain");
    assert_eq!(cost(&world), 15_000);
    world.said("see example.com");
    assert_eq!(cost(&world), 200_000);
    let call = world
        .x
        .write_as(START, "second_bird", "hey @godwit_demo")
        .unwrap();
    world.create(&json!({"text": "yes?", "reply": {"in_reply_to_tweet_id": call}}));
    assert_eq!(cost(&world), 10_000);
    world.create(&json!({"text": "more", "reply": {"in_reply_to_tweet_id": id}}));
    assert_eq!(cost(&world), 15_000);
    world.picture();
    assert_eq!(cost(&world), 15_000);
    world.delete(&id);
    assert_eq!(cost(&world), 5_000);
    world.timeline("");
    assert_eq!(cost(&world), 3 * 1_000, "owned");
    world.get("/2/users/1002/tweets");
    assert_eq!(cost(&world), 5_000);
    world.get(&format!("/2/tweets/{call}"));
    assert_eq!(cost(&world), 5_000);
    world.get("/2/users/by?usernames=second_bird,long_bill");
    assert_eq!(cost(&world), 20_000);
    world.get("/2/trends/by/woeid/1");
    assert_eq!(cost(&world), 10_000);
    world.say("");
    world.say("more");
    assert_eq!(cost(&world), 0, "refused");
    world.x.settings.prices.create_refused = Micros(15_000);
    world.say("more");
    assert_eq!(cost(&world), 15_000);
}

#[test]
fn a_lost_answer_is_paid_for_and_a_lost_request_is_not() {
    let mut world = world(1_000_000);
    for effect in [Effect::DropBefore, Effect::AcceptThenDrop] {
        world.fault(Fault::next(On::Create, effect));
        let request = world.create_request(&json!({"text": "hello"}));
        world.send(request);
    }
    assert_eq!(world.count_of(Charge::Create), 1);
}

#[test]
fn credits_run_out_a_little_below_zero() {
    let mut world = world(20_000);
    world.said("1");
    world.said("2");
    let seen = world.get("/2/usage/credits");
    assert_eq!(seen.body["data"]["total_balance"], -0.01);
    let seen = world.say("3");
    assert_eq!((seen.status, seen.at("/title")), (402, "CreditsDepleted"));
    assert!(seen.at("/type").ends_with("/problems/credits"));
    assert_eq!(world.timeline("").status, 402);
    world.x.settings.purse.credits = Some(Micros(100_000));
    assert_eq!(world.say("3").status, 201);
}

#[test]
fn a_spend_cap_lasts_for_a_month() {
    let mut world = world(1_000_000);
    world.x.settings.purse.spend_cap = Some(Micros(15_000));
    world.said("1");
    let seen = world.say("2");
    assert_eq!(seen.status, 403);
    assert!(seen.at("/type").ends_with("/problems/spend-cap-reached"));
    // 2026-12-01T00:00:00Z.
    world.now = START + 9 * 24 * HOUR + 16 * HOUR;
    world.become_user("godwit_demo");
    assert_eq!(world.say("2").status, 201);
}

#[test]
fn a_cap_of_reads_lets_posts_through() {
    let mut world = world(1_000_000);
    world.x.settings.purse.posts_cap = 2;
    world.said("1");
    world.said("2");
    assert_eq!(world.timeline("").status, 200);
    let seen = world.timeline("");
    assert_eq!(seen.status, 429);
    assert_eq!(
        (seen.at("/period"), seen.at("/scope")),
        ("Monthly", "Product")
    );
    assert!(seen.at("/type").ends_with("/problems/usage-capped"));
    assert_eq!(world.say("3").status, 201);
    world.access = "sandbox-app-only".into();
    let seen = world.get("/2/usage/tweets?days=2&usage.fields=daily_project_usage");
    assert_eq!(seen.body["data"]["project_usage"], "2");
    assert_eq!(seen.body["data"]["project_cap"], "2");
    assert_eq!(
        seen.body["data"]["daily_project_usage"]["usage"][1],
        json!({"date": "2026-11-21T00:00:00.000Z", "usage": "2"})
    );
    assert_eq!(seen.header("x-rate-limit-limit"), "50");
}

#[test]
fn usage_is_for_apps_alone_and_credits_are_for_who_has_some() {
    let mut world = World::new();
    let seen = world.get("/2/usage/tweets");
    assert_eq!(seen.status, 403);
    assert!(
        seen.at("/detail")
            .ends_with("Supported authentication types are [OAuth 2.0 Application-Only].")
    );
    assert_eq!(world.get("/2/usage/credits").status, 404);
}

#[test]
fn each_app_pays_for_itself() {
    let mut world = world(20_000);
    world.x.settings.apps = vec![App {
        client_id: "other-client".into(),
        purse: Purse {
            credits: Some(Micros(1_000_000)),
            ..Purse::default()
        },
        ..App::default()
    }];
    world.said("1");
    world.said("2");
    assert_eq!(world.say("3").status, 402);
    world.access = world
        .x
        .grant_to(START, 1, "godwit_demo", &SCOPES)
        .unwrap()
        .access;
    assert_eq!(world.say("3").status, 201);
    let seen = world.answer(Request::get("/_sandbox/money").body(Vec::new()).unwrap());
    assert_eq!(seen.body["apps"][0]["balance"], -10_000);
    assert_eq!(
        seen.body["apps"][1]["lines"],
        json!({"create": {"count": 1, "micros": 15_000}})
    );
}

#[test]
fn money_refusals_can_be_scripted_for_every_class() {
    for on in [On::Create, On::MediaInitialize, On::Timeline, On::Users] {
        let mut world = World::new();
        world.fault(Fault::next(on, Effect::status(Refusal::CreditsDepleted)));
        let seen = match on {
            On::Create => world.say("hello"),
            On::MediaInitialize => {
                let request = world.call("POST", "/2/media/upload/initialize", b"{}".to_vec());
                world.answer(request)
            }
            On::Timeline => world.timeline(""),
            _ => world.get("/2/users/1001"),
        };
        assert_eq!(seen.status, 402, "{on:?}");
    }
}
