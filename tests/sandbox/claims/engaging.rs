use serde_json::json;

use super::*;
use crate::sandbox::Plan;

const ALL: [&str; 5] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "like.write",
    "bookmark.write",
];

/// A world whose app may like, with a post of another's.
fn world() -> (World, String) {
    let mut world = World::new();
    world.x.settings.plan = Plan::Enterprise;
    world.access = world.x.grant(START, "godwit_demo", &ALL).unwrap().access;
    let id = world
        .x
        .write_as(START, "second_bird", "mine & yours")
        .unwrap();
    (world, id)
}

impl World {
    fn engage(&mut self, kind: &str, id: &str) -> Seen {
        let body = json!({"tweet_id": id}).to_string().into();
        let request = self.call("POST", &format!("/2/users/1001/{kind}"), body);
        self.answer(request)
    }

    fn take_back(&mut self, kind: &str, id: &str) -> Seen {
        let path = format!("/2/users/1001/{kind}/{id}");
        let request = self.call("DELETE", &path, Vec::new());
        self.answer(request)
    }

    fn public_metrics(&mut self, id: &str) -> Value {
        let seen = self.get(&format!("/2/tweets/{id}?post.fields=public_metrics"));
        seen.body["data"]["public_metrics"].clone()
    }
}

#[test]
fn what_is_done_twice_is_done_once_and_can_be_taken_back() {
    let (mut world, id) = world();
    for (kind, done, count) in [
        ("likes", "liked", "like_count"),
        ("retweets", "retweeted", "retweet_count"),
        ("bookmarks", "bookmarked", "bookmark_count"),
    ] {
        for _ in 0..2 {
            let seen = world.engage(kind, &id);
            assert_eq!(seen.body["data"][done], true, "{:?}", seen.body);
        }
        assert_eq!(world.public_metrics(&id)[count], 1, "{kind}");
        for _ in 0..2 {
            let seen = world.take_back(kind, &id);
            assert_eq!(seen.body, json!({"data": {done: false}}));
        }
        assert_eq!(world.public_metrics(&id)[count], 0, "{kind}");
        assert_eq!(world.engage(kind, "7").status, 404);
    }
}

#[test]
fn a_repost_is_a_post_in_the_timeline() {
    let (mut world, id) = world();
    assert_eq!(world.engage("retweets", &id).at("/data/rest_id"), id);
    let seen = world.timeline("?expansions=referenced_posts");
    assert_eq!(seen.at("/data/0/text"), "RT @second_bird: mine &amp; yours");
    assert_eq!(
        seen.body["data"][0]["referenced_tweets"],
        json!([{"type": "retweeted", "id": id}])
    );
    assert_eq!(
        world.timeline("?exclude=retweets").body["meta"]["result_count"],
        0
    );
    world.take_back("retweets", &id);
    assert_eq!(world.timeline("").body["meta"]["result_count"], 0);
}

#[test]
fn self_serve_apps_like_nothing() {
    let (mut world, id) = world();
    world.x.settings.plan = Plan::SelfServe;
    assert_eq!(world.engage("likes", &id).status, 403);
    assert_eq!(world.take_back("likes", &id).status, 403);
    assert_eq!(world.engage("retweets", &id).status, 200);
}

#[test]
fn one_engages_as_oneself() {
    let (mut world, id) = world();
    let body = json!({"tweet_id": id}).to_string().into();
    let request = world.call("POST", "/2/users/1002/retweets", body);
    assert_eq!(
        world.answer(request).complaint(),
        "The `id` query parameter value [1002] must be the same as the authenticating user [1001]"
    );
}

#[test]
fn bookmarks_come_in_bulk_and_need_their_scope() {
    let (mut world, id) = world();
    let body = json!({"tweet_ids": [id, "7"]}).to_string();
    let request = world.call("POST", "/2/users/1001/bookmarks", body.clone().into());
    let seen = world.answer(request);
    assert_eq!(
        seen.body["data"],
        json!([{"tweet_id": id, "bookmarked": true}])
    );
    assert_eq!(seen.at("/errors/0/tweet_id"), "7");
    world.become_user("godwit_demo");
    let request = world.call("POST", "/2/users/1001/bookmarks", body.into());
    assert_eq!(world.answer(request).status, 403);
}

#[test]
fn engagement_has_the_windows_of_x() {
    let (mut world, id) = world();
    let seen = world.engage("likes", &id);
    assert_eq!(seen.header("x-rate-limit-limit"), "50");
    assert_eq!(seen.header("x-user-limit-24hour-remaining"), "999");
    assert_eq!(
        world
            .engage("retweets", &id)
            .header("x-user-limit-24hour-limit"),
        ""
    );
    world.x.settings.limits.likes.user_day = Some(1);
    let seen = world.engage("likes", &id);
    assert_eq!(
        (seen.status, seen.header("x-rate-limit-remaining")),
        (429, "49")
    );
}
