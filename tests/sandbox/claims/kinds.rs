//! Posts that are more than text: polls, quotes, edits; and what the plan does not allow.

use serde_json::json;

use super::*;
use crate::sandbox::{Names, Plan};

const PERMITTED: &str = "You are not permitted to perform this action.";

/// A world whose app is not bound by what self-serve apps are.
fn enterprise() -> World {
    World::with(Settings {
        plan: Plan::Enterprise,
        ..Settings::default()
    })
}

/// A world whose requests are those of a Premium user, and a post of that user.
fn premium() -> (World, String) {
    let mut world = World::new();
    world.become_user("long_bill");
    let id = world.said("first");
    (world, id)
}

impl World {
    fn edit(&mut self, id: &str, text: &str) -> Seen {
        self.create(&json!({"text": text, "edit_options": {"previous_post_id": id}}))
    }
}

#[test]
fn a_poll_is_shown_where_it_is_asked() {
    let mut world = World::new();
    let body = json!({"text": "which?", "poll": {"options": ["a", "b"], "duration_minutes": 60}});
    assert_eq!(world.create(&body).status, 201);
    let path = "?expansions=attachments.poll_ids&poll.fields=end_datetime,voting_status";
    let seen = world.timeline(path);
    let poll = &seen.body["includes"]["polls"][0];
    assert_eq!(seen.body["data"][0]["attachments"], Value::Null);
    assert_eq!(
        poll["options"][1],
        json!({"position": 2, "label": "b", "votes": 0})
    );
    assert_eq!(poll["end_datetime"], "2026-11-21T09:00:00.000Z");
    assert_eq!(poll["voting_status"], "open");
    world.now += HOUR;
    assert_eq!(
        world.timeline(path).body["includes"]["polls"][0]["voting_status"],
        "closed"
    );
    assert_eq!(world.x.posts()[0].poll, ["a", "b"]);
}

#[test]
fn a_poll_has_no_media_beside_it() {
    let mut world = World::new();
    let picture = world.picture();
    let poll = json!({"options": ["a", "b"], "duration_minutes": 60});
    let seen = world.create(&json!({"text": "a", "poll": poll, "media": {"media_ids": [picture]}}));
    assert!(seen.complaint().contains("only one of media"));
}

#[test]
fn self_serve_apps_quote_nobody_and_others_do() {
    let mut world = World::new();
    let own = world.said("first");
    let quote = json!({"text": "a", "quote_tweet_id": own});
    let words = "You can only reply to or quote posts where you are mentioned or are the author.";
    assert_eq!(world.create(&quote).at("/detail"), words);
    world.x.settings.plan = Plan::Enterprise;
    let seen = world.create(&quote);
    assert!(seen.at("/data/text").starts_with("a https://t.co/"));
    let seen = world.timeline("?post.fields=entities&expansions=referenced_posts");
    let post = &seen.body["data"][0];
    assert_eq!(
        post["referenced_tweets"],
        json!([{"type": "quoted", "id": own}])
    );
    assert_eq!(
        post["entities"]["urls"][0]["expanded_url"],
        format!("https://x.com/godwit_demo/status/{own}")
    );
    assert_eq!(seen.body["includes"]["tweets"][0]["id"], own);
    let seen = world.create(&json!({"text": "b", "quote_tweet_id": "7"}));
    assert_eq!((seen.status, seen.at("/detail")), (403, PERMITTED));
}

#[test]
fn other_plans_reply_to_anybody_and_use_two_cashtags() {
    let mut world = enterprise();
    let other = world.x.write_as(START, "second_bird", "quiet").unwrap();
    let reply = json!({"text": "to you", "reply": {"in_reply_to_tweet_id": other}});
    assert_eq!(world.create(&reply).status, 201);
    assert_eq!(world.say("$TWTR up, $GOOG down").status, 201);
}

#[test]
fn who_was_quoted_may_reply() {
    let mut world = enterprise();
    let own = world.said("first");
    world.become_user("second_bird");
    let quote = world.create(&json!({"text": "see", "quote_tweet_id": own}));
    let quote = quote.at("/data/id").to_owned();
    world.become_user("godwit_demo");
    world.x.settings.plan = Plan::SelfServe;
    let reply = json!({"text": "thanks", "reply": {"in_reply_to_tweet_id": quote}});
    assert_eq!(world.create(&reply).status, 201);
}

#[test]
fn an_edit_is_a_new_post_in_the_place_of_the_old() {
    let (mut world, first) = premium();
    world.now += 1000;
    let seen = world.edit(&first, "second");
    let second = seen.at("/data/id").to_owned();
    assert_ne!(first, second);
    assert_eq!(
        seen.body["data"]["edit_history_tweet_ids"],
        json!([first, second])
    );
    let seen = world.get("/2/users/1003/tweets?tweet.fields=edit_controls");
    assert_eq!(seen.body["meta"]["result_count"], 1);
    assert_eq!(
        seen.body["data"][0]["edit_controls"],
        json!({"is_edit_eligible": true, "editable_until": "2026-11-21T09:00:00.000Z", "edits_remaining": 4})
    );
    assert_eq!(
        world.get(&format!("/2/tweets/{first}")).at("/data/text"),
        "first"
    );
    assert_eq!(world.x.posts()[1].edit_of.as_deref(), Some(&first[..]));
    assert_eq!(world.delete(&second).status, 200);
    assert!(world.x.posts().iter().all(|post| post.deleted_at.is_some()));
}

#[test]
fn edits_end_after_an_hour_and_after_five() {
    let (mut world, first) = premium();
    let mut id = first;
    for edit in 0..5 {
        let seen = world.edit(&id, &format!("edit {edit}"));
        id = seen.at("/data/id").to_owned();
    }
    assert_eq!(world.edit(&id, "edit 6").at("/detail"), PERMITTED);
    let (mut world, first) = premium();
    world.now += HOUR - 1;
    let second = world.edit(&first, "late").at("/data/id").to_owned();
    world.now += 1;
    assert_eq!(world.edit(&second, "too late").at("/detail"), PERMITTED);
    world.x.settings.edit_window = 2 * HOUR;
    assert_eq!(world.edit(&second, "in time").status, 201);
}

#[test]
fn what_may_not_be_edited_is_refused() {
    let mut world = World::new();
    let own = world.said("not premium");
    assert_eq!(world.edit(&own, "a").at("/detail"), PERMITTED);
    let (mut world, first) = premium();
    world.x.settings.plan = Plan::Enterprise;
    let other = world.x.write_as(START, "second_bird", "theirs").unwrap();
    let poll = json!({"options": ["a", "b"], "duration_minutes": 5});
    let bodies = [
        json!({"text": "p", "poll": poll}),
        json!({"text": "c", "community_id": "1"}),
        json!({"text": "r", "reply": {"in_reply_to_tweet_id": other}}),
    ];
    let mut ids: Vec<String> = bodies
        .iter()
        .map(|body| world.create(body).at("/data/id").to_owned())
        .collect();
    assert_eq!(world.edit(&first, "second").status, 201);
    // An older version, another's post, and none.
    ids.extend([first.clone(), other, "7".into()]);
    for id in ids {
        assert_eq!(world.edit(&id, "a").at("/detail"), PERMITTED, "{id}");
    }
    let both = json!({"text": "a", "edit_options": {"previous_post_id": first}, "poll": poll});
    assert!(
        world
            .create(&both)
            .complaint()
            .starts_with("$.edit_options: may not be given")
    );
}

#[test]
fn what_was_said_of_a_post_is_in_the_ledger() {
    let mut world = World::new();
    world.create(
        &json!({"text": "a", "made_with_ai": true, "paid_partnership": true, "community_id": "5"}),
    );
    let row = &world.x.posts()[0];
    assert!(row.made_with_ai && row.paid_partnership);
    assert_eq!(row.community_id.as_deref(), Some("5"));
    let seen = world.timeline("?post.fields=paid_partnership,community_id");
    assert_eq!(seen.body["data"][0]["paid_partnership"], true);
    assert_eq!(seen.body["data"][0]["community_id"], "5");
}

#[test]
fn answers_may_mix_their_names() {
    let mut world = World::new();
    world.x.settings.answer_names = Names::Mixed;
    let id = world.said("hello");
    world.create(&json!({"text": "a", "reply": {"in_reply_to_tweet_id": id}}));
    let seen = world.timeline("?expansions=referenced_posts&post.fields=public_metrics");
    let post = seen.body["data"][0].as_object().unwrap();
    let old = ["edit_history_tweet_ids", "referenced_tweets"];
    let new = ["edit_history_post_ids", "referenced_posts"];
    for (old, new) in old.into_iter().zip(new) {
        assert!(post.contains_key(old) != post.contains_key(new), "{old}");
    }
    assert!(post.contains_key(old[0]) != post.contains_key(old[1]));
}
