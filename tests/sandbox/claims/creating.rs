use serde_json::json;

use super::*;

const PERMITTED: &str = "You are not permitted to perform this action.";
const TWICE: &str = "You are not allowed to create a Tweet with duplicate content.";

#[track_caller]
fn assert_forbidden(seen: &Seen, detail: &str) {
    assert_eq!(seen.status, 403, "{:?}", seen.body);
    assert_eq!(
        seen.body,
        json!({"detail": detail, "type": "about:blank", "title": "Forbidden", "status": 403})
    );
}

#[test]
fn a_post_has_an_id_of_19_digits_made_from_its_time() {
    let mut world = World::new();
    let seen = world.say("hello");
    assert_eq!(seen.status, 201);
    let id = seen.at("/data/id").to_owned();
    assert_eq!(id.len(), 19);
    let made_ms = (id.parse::<i64>().unwrap() >> 22) + 1_288_834_974_657;
    assert_eq!(made_ms, START);
    assert_eq!(
        seen.body,
        json!({"data": {"id": id, "text": "hello", "edit_history_tweet_ids": [id]}})
    );
    assert!(world.said("again") > id);
}

#[test]
fn the_same_calls_give_the_same_answers() {
    let answers = [(); 2].map(|()| {
        let mut world = World::new();
        (world.say("https://example.com").text, world.access)
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn urls_come_back_as_t_co_and_html_is_escaped() {
    let mut world = World::new();
    let seen = world.say("a < b & https://example.com/x?a=1&b=2, example.org");
    let text = seen.at("/data/text");
    let words: Vec<&str> = text.split(' ').collect();
    assert_eq!(words[..4], ["a", "&lt;", "b", "&amp;"]);
    for link in [words[4].trim_end_matches(','), words[5]] {
        let name = link.strip_prefix("https://t.co/").unwrap();
        assert_eq!(name.len(), 10);
    }
    assert_ne!(words[4].trim_end_matches(','), words[5]);
}

#[test]
fn media_end_a_text_with_a_link_and_need_no_text() {
    let mut world = World::new();
    let pictures = [world.picture(), world.picture()];
    let seen = world.create(&json!({"text": "look", "media": {"media_ids": pictures}}));
    assert!(seen.at("/data/text").starts_with("look https://t.co/"));
    let seen = world.create(&json!({"media": {"media_ids": [pictures[0]]}}));
    assert!(seen.at("/data/text").starts_with("https://t.co/"));
}

#[test]
fn unknown_members_are_refused_at_every_level() {
    let wrong = [
        ("$.textt", json!({"textt": "a"})),
        (
            "$.reply.id",
            json!({"text": "a", "reply": {"in_reply_to_tweet_id": "1", "id": "1"}}),
        ),
        (
            "$.media.ids",
            json!({"media": {"media_ids": ["1"], "ids": []}}),
        ),
        ("$.poll.title", json!({"text": "a", "poll": {"title": "p"}})),
        (
            "$.media.call_to_actions.visit_site.to",
            json!({"media": {"media_ids": ["1"],
            "call_to_actions": {"visit_site": {"url": "https://a.b", "to": "x"}}}}),
        ),
        ("$.schedule_at", json!({"text": "a", "schedule_at": 1})),
    ];
    for (at, body) in wrong {
        let expected = format!(
            "{at}: is not defined in the schema and the schema does not allow additional properties"
        );
        assert_eq!(World::new().create(&body).complaint(), expected);
    }
}

#[test]
fn what_does_not_fit_the_schema_is_refused_in_xs_words() {
    let wrong = [
        (json!({"text": 1}), "$.text: integer found, string expected"),
        (json!({"text": null}), "$.text: null found, string expected"),
        (json!([]), "$: array found, object expected"),
        (
            json!({"text": "a", "reply": {}}),
            "$.reply.in_reply_to_tweet_id: is missing but it is required",
        ),
        (
            json!({"text": "a", "reply": {"in_reply_to_tweet_id": 1}}),
            "$.reply.in_reply_to_tweet_id: integer found, string expected",
        ),
        (
            json!({"text": "a", "reply": {"in_reply_to_tweet_id": "x1"}}),
            "$.reply.in_reply_to_tweet_id: does not match the regex pattern ^[0-9]{1,19}$",
        ),
        (
            json!({"media": {"media_ids": []}}),
            "$.media.media_ids: there must be a minimum of 1 items in the array",
        ),
        (
            json!({"media": {"media_ids": ["1", "2", "3", "4", "5"]}}),
            "$.media.media_ids: there must be a maximum of 4 items in the array",
        ),
        (
            json!({"media": {"media_ids": ["1", "12345678901234567890"]}}),
            "$.media.media_ids[1]: does not match the regex pattern ^[0-9]{1,19}$",
        ),
        (
            json!({"text": "a", "poll": {"options": ["a", "b"]}}),
            "$.poll.duration_minutes: is missing but it is required",
        ),
        (
            json!({"text": "a", "poll": {"options": ["a", "b"], "duration_minutes": 4}}),
            "$.poll.duration_minutes: must have a minimum value of 5",
        ),
        (
            json!({"text": "a", "poll": {"options": ["a", "b"], "duration_minutes": 10081}}),
            "$.poll.duration_minutes: must have a maximum value of 10080",
        ),
        (
            json!({"text": "a", "poll": {"options": ["a", "12345678901234567890123456"], "duration_minutes": 5}}),
            "$.poll.options[1]: may only be 25 characters long",
        ),
        (
            json!({"text": "a", "reply_settings": "everyone"}),
            "$.reply_settings: does not have a value in the enumeration [following, mentionedUsers, subscribers, verified]",
        ),
        (
            json!({"text": "a", "nullcast": "yes"}),
            "$.nullcast: string found, boolean expected",
        ),
    ];
    for (body, expected) in wrong {
        assert_eq!(World::new().create(&body).complaint(), expected, "{body}");
    }
}

#[test]
fn every_member_of_the_schema_is_taken() {
    let mut world = World::new();
    let parent = world.said("parent");
    let picture = world.picture();
    let bodies = [
        json!({"text": "1", "poll": {"options": ["a", "b"], "duration_minutes": 5, "reply_settings": "verified"}}),
        json!({"text": "2", "reply": {"in_reply_to_tweet_id": parent, "exclude_reply_user_ids": ["9"], "auto_populate_reply_metadata": true}}),
        json!({"text": "3", "reply_settings": "mentionedUsers", "geo": {"place_id": "p"}, "community_id": "1", "made_with_ai": true,
            "paid_partnership": false, "for_super_followers_only": false, "share_with_followers": false}),
        json!({"media": {"media_ids": [picture], "tagged_user_ids": ["2"], "title": "t", "description": "d", "embeddable": true,
            "preview_media_id": "3", "call_to_actions": {"watch_now": {"url": "https://a.b"}}}}),
    ];
    for body in bodies {
        let seen = world.create(&body);
        assert_eq!(seen.status, 201, "{body} {:?}", seen.body);
    }
}

#[test]
fn attachments_exclude_each_other() {
    let both = json!({"text": "a", "media": {"media_ids": ["1"]}, "quote_tweet_id": "1"});
    assert!(
        World::new()
            .create(&both)
            .complaint()
            .contains("only one of media")
    );
}

#[test]
fn an_empty_text_is_refused_also_beside_media() {
    for body in [
        json!({}),
        json!({"text": ""}),
        json!({"text": " \n"}),
        json!({"text": "", "media": {"media_ids": ["1"]}}),
    ] {
        let seen = World::new().create(&body);
        assert!(
            seen.complaint().starts_with("$.text: must not be empty"),
            "{body}"
        );
    }
}

#[test]
fn only_json_that_is_declared_as_json_is_read() {
    let mut world = World::new();
    let mut request = world.create_request(&json!({"text": "a"}));
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let complaint = "Requests with bodies must have content-type of application/json.";
    assert_eq!(world.answer(request).complaint(), complaint);
    for body in [&b"{"[..], b"", b"{\"text\":\"\xff\"}"] {
        let request = world.call("POST", "/2/tweets", body.into());
        world.answer(request).complaint();
    }
}

#[test]
fn a_create_takes_no_query() {
    let mut world = World::new();
    let request = world.call(
        "POST",
        "/2/tweets?x=1",
        json!({"text": "a"}).to_string().into(),
    );
    assert!(
        world
            .answer(request)
            .complaint()
            .starts_with("The query parameter [x] is not one of")
    );
}

#[test]
fn over_280_is_refused_and_280_is_not() {
    let mut world = World::new();
    assert_eq!(world.say(&"x".repeat(280)).status, 201);
    assert_forbidden(&world.say(&"x".repeat(281)), PERMITTED);
    assert_eq!(world.say(&"字".repeat(140)).status, 201);
    assert_forbidden(&world.say(&"字".repeat(141)), PERMITTED);
    assert_eq!(
        world
            .say(&format!(
                "{} https://example.com/{}",
                "x".repeat(256),
                "y".repeat(99)
            ))
            .status,
        201
    );
}

#[test]
fn premium_writes_25_000() {
    let mut world = World::new();
    world.become_user("long_bill");
    assert_eq!(world.say(&"x".repeat(25_000)).status, 201);
    assert_forbidden(&world.say(&"y".repeat(25_001)), PERMITTED);
}

#[test]
fn the_same_text_twice_in_a_day_is_a_duplicate() {
    let mut world = World::new();
    let id = world.said("caf\u{e9} au lait");
    assert_forbidden(&world.say(" cafe\u{301}  au lait\n"), TWICE);
    assert_eq!(world.say("Café au lait").status, 201, "case differs");
    world.now += 24 * HOUR - 1;
    world.become_user("godwit_demo");
    assert_forbidden(&world.say("café au lait"), TWICE);
    world.now += 1;
    assert_ne!(world.said("café au lait"), id);
}

#[test]
fn a_deleted_post_is_no_duplicate_and_nor_is_anothers() {
    let mut world = World::new();
    let id = world.said("hello");
    world.delete(&id);
    assert_eq!(world.say("hello").status, 201);
    world.become_user("second_bird");
    assert_eq!(world.say("hello").status, 201);
}

#[test]
fn the_duplicate_window_can_be_set() {
    let mut world = World::new();
    world.x.settings.duplicate_window = 1000;
    world.said("hello");
    world.now += 1000;
    assert_eq!(world.say("hello").status, 201);
}

#[test]
fn two_cashtags_are_refused() {
    let mut world = World::new();
    assert_eq!(world.say("$TWTR up").status, 201);
    let seen = world.say("$TWTR up, $GOOG down");
    assert_eq!(seen.status, 403);
    assert!(seen.at("/detail").contains("cashtag"));
}

#[test]
fn mentions_are_refused_if_so_set() {
    let mut world = World::new();
    assert_eq!(world.say("hello @second_bird").status, 201);
    world.x.settings.refuse_mentions = true;
    let words = "Creating posts with @mentions is not allowed for your access package.";
    assert_forbidden(&world.say("bye @second_bird"), words);
}

#[test]
fn one_replies_to_oneself_and_to_who_called() {
    let mut world = World::new();
    let own = world.said("first");
    let other = world.x.write_as(START, "second_bird", "quiet").unwrap();
    let call = world
        .x
        .write_as(START, "second_bird", "hey @Godwit_Demo")
        .unwrap();
    let reply =
        |to: &str| json!({"text": format!("to {to}"), "reply": {"in_reply_to_tweet_id": to}});
    assert_eq!(world.create(&reply(&own)).status, 201);
    assert_eq!(world.create(&reply(&call)).status, 201);
    let words = "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by \
                 the author of the post you are replying to.";
    assert_forbidden(&world.create(&reply(&other)), words);
}

#[test]
fn a_reply_to_what_is_gone_is_refused() {
    let mut world = World::new();
    let gone = world.said("first");
    world.delete(&gone);
    for target in [gone.as_str(), "7"] {
        let body = json!({"text": "a", "reply": {"in_reply_to_tweet_id": target}});
        let words = "You attempted to reply to a Tweet that is deleted or not visible to you.";
        assert_forbidden(&world.create(&body), words);
    }
}

#[test]
fn a_refused_create_leaves_no_post() {
    let mut world = World::new();
    world.say("");
    world.say(&"x".repeat(281));
    assert!(world.x.posts().is_empty());
    assert_eq!(world.x.counts().creates_received, 2);
    assert_eq!(world.x.counts().creates_accepted, 0);
}

#[test]
fn an_own_post_is_deleted_as_often_as_asked() {
    let mut world = World::new();
    let id = world.said("hello");
    for _ in 0..2 {
        let seen = world.delete(&id);
        assert_eq!(
            (seen.status, seen.body),
            (200, json!({"data": {"deleted": true}}))
        );
    }
    assert!(world.x.posts()[0].deleted_at.is_some());
}

#[test]
fn anothers_post_and_none_are_not_deleted() {
    let mut world = World::new();
    let other = world.x.write_as(START, "second_bird", "mine").unwrap();
    assert_forbidden(&world.delete(&other), PERMITTED);
    assert_eq!(world.delete("7").status, 404);
    assert_eq!(world.delete("x").status, 400);
    assert!(world.x.posts()[0].deleted_at.is_none());
}
