use serde_json::json;

use super::*;
use crate::sandbox::Names;

fn ids(seen: &Seen) -> Vec<String> {
    assert_eq!(seen.status, 200, "{:?}", seen.body);
    let posts = seen.body["data"].as_array().cloned().unwrap_or_default();
    posts
        .iter()
        .map(|post| post["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Posts a second apart, newest first, as a timeline has them.
fn several(world: &mut World, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = (0..count)
        .map(|number| {
            world.now += 1000;
            world.said(&format!("post {number}"))
        })
        .collect();
    ids.reverse();
    ids
}

#[test]
fn users_me_gives_what_is_asked_for_and_no_more() {
    let mut world = World::new();
    let plain = world.get("/2/users/me");
    let expected = json!({"id": "1001", "name": "Godwit Demo", "username": "godwit_demo"});
    assert_eq!(plain.body, json!({"data": expected}));
    world.become_user("long_bill");
    let more = world
        .get("/2/users/me?user.fields=profile_image_url,subscription_type,verified,verified_type");
    assert_eq!(more.at("/data/subscription_type"), "Premium");
    assert_eq!(more.at("/data/verified_type"), "blue");
    assert_eq!(more.body["data"]["verified"], true);
    assert!(more.at("/data/profile_image_url").starts_with("https://"));
}

#[test]
fn unknown_parameters_and_fields_are_refused_in_xs_words() {
    let mut world = World::new();
    let cases = [
        (
            "/2/users/me?fields=id",
            "The query parameter [fields] is not one of [",
        ),
        (
            "/2/users/me?user.fields=shoe_size",
            "The `user.fields` query parameter value [shoe_size] is not one of [",
        ),
        (
            "/2/users/me?user.fields=id&user.fields=name",
            "Duplicate parameters are not allowed: the `user.fields` query parameter",
        ),
        (
            "/2/users/me?user.fields=",
            "The user.fields query parameter can not be empty",
        ),
        (
            "/2/users/1001/tweets?max_results=4",
            "The `max_results` query parameter value [4] is not between 5 and 100",
        ),
        (
            "/2/users/1001/tweets?max_results=101",
            "The `max_results` query parameter value [101] is not between 5 and 100",
        ),
        (
            "/2/users/1001/tweets?since_id=x",
            "The `since_id` query parameter value [x] is not valid",
        ),
        (
            "/2/users/1001/tweets?start_time=yesterday",
            "The `start_time` query parameter value [yesterday] is not valid",
        ),
        (
            "/2/users/1001/tweets?end_time=2026-02-30T00:00:00Z",
            "The `end_time` query parameter value [2026-02-30T00:00:00Z] is not valid",
        ),
        (
            "/2/users/1001/tweets?pagination_token=7",
            "The `pagination_token` query parameter value [7] is not valid",
        ),
        (
            "/2/users/1001/tweets?exclude=likes",
            "The `exclude` query parameter value [likes] is not one of [",
        ),
        (
            "/2/users/x/tweets",
            "The `id` query parameter value [x] is not valid",
        ),
        (
            "/2/tweets/x",
            "The `id` query parameter value [x] is not valid",
        ),
        ("/2/tweets", "The `ids` query parameter can not be empty"),
    ];
    for (path, expected) in cases {
        let seen = world.get(path);
        assert!(
            seen.complaint().starts_with(expected),
            "{path}: {}",
            seen.complaint()
        );
    }
}

#[test]
fn a_post_is_read_with_its_entities_where_they_are() {
    let mut world = World::new();
    let id = world.said("a & b: https://www.example.com/a/very/long/path #日本 @second_bird $X 👋");
    let seen = world.get(&format!(
        "/2/tweets/{id}?tweet.fields=created_at,entities,text"
    ));
    assert_eq!(seen.at("/data/created_at"), "2026-11-21T08:00:00.000Z");
    let text: Vec<char> = seen.at("/data/text").chars().collect();
    let of = |kind: &str| {
        let entity = &seen.body["data"]["entities"][kind][0];
        let edge = |name: &str| usize::try_from(entity[name].as_u64().unwrap()).unwrap();
        (
            entity.clone(),
            text[edge("start")..edge("end")].iter().collect::<String>(),
        )
    };
    let (url, shown) = of("urls");
    assert_eq!(url["url"], shown);
    assert_eq!(
        url["expanded_url"],
        "https://www.example.com/a/very/long/path"
    );
    assert_eq!(url["display_url"], "example.com/a/very/long/pa…");
    assert_eq!(of("hashtags"), (of("hashtags").0, "#日本".to_owned()));
    assert_eq!(of("mentions").1, "@second_bird");
    assert_eq!(of("cashtags").1, "$X");
}

#[test]
fn a_missing_post_is_a_200_with_errors_and_no_data() {
    let mut world = World::new();
    let id = world.said("hello");
    world.delete(&id);
    let seen = world.get(&format!("/2/tweets/{id}"));
    assert_eq!(seen.status, 200);
    assert_eq!(seen.body.get("data"), None);
    assert_eq!(
        seen.at("/errors/0/detail"),
        format!("Could not find tweet with id: [{id}].")
    );
    assert!(
        seen.at("/errors/0/type")
            .ends_with("/problems/resource-not-found")
    );
}

#[test]
fn posts_by_ids_gives_those_that_are_there() {
    let mut world = World::new();
    let id = world.said("hello");
    let seen = world.get(&format!("/2/tweets?ids={id},7"));
    assert_eq!(ids(&seen), [id]);
    assert_eq!(seen.at("/errors/0/resource_id"), "7");
    let many = vec!["1"; 101].join(",");
    world.get(&format!("/2/tweets?ids={many}")).complaint();
}

#[test]
fn a_timeline_is_the_users_own_newest_first() {
    let mut world = World::new();
    world.x.write_as(START, "second_bird", "not mine").unwrap();
    let posts = several(&mut world, 3);
    let seen = world.timeline("");
    assert_eq!(ids(&seen), posts);
    assert_eq!(
        seen.body["meta"],
        json!({"result_count": 3, "newest_id": posts[0], "oldest_id": posts[2]})
    );
}

#[test]
fn an_empty_page_has_no_data() {
    let seen = World::new().timeline("?max_results=5");
    assert_eq!(seen.body, json!({"meta": {"result_count": 0}}));
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let mut world = World::new();
    let posts = several(&mut world, 12);
    let first = world.timeline("?max_results=5");
    let mut read = ids(&first);
    let mut next = first.at("/meta/next_token").to_owned();
    // A new post does not shift the pages.
    world.now += 1000;
    world.said("meanwhile");
    let second = world.timeline(&format!("?max_results=5&pagination_token={next}"));
    read.extend(ids(&second));
    next = second.at("/meta/next_token").to_owned();
    let third = world.timeline(&format!("?max_results=5&pagination_token={next}"));
    read.extend(ids(&third));
    assert_eq!(read, posts);
    assert_eq!(third.body["meta"].get("next_token"), None);
}

#[test]
fn a_timeline_is_cut_by_ids_and_times() {
    let mut world = World::new();
    // Posted at 08:00:01 to 08:00:04.
    let posts = several(&mut world, 4);
    let since = world.timeline(&format!("?since_id={}", posts[2]));
    assert_eq!(ids(&since), posts[..2]);
    let until = world.timeline(&format!("?until_id={}", posts[1]));
    assert_eq!(ids(&until), posts[2..]);
    let between =
        world.timeline("?start_time=2026-11-21T08:00:02Z&end_time=2026-11-21T08:00:04.000Z");
    assert_eq!(ids(&between), posts[1..3]);
    let never = world.timeline("?start_time=2026-11-21T08:00:04Z&end_time=2026-11-21T08:00:04Z");
    never.complaint();
}

#[test]
fn replies_can_be_excluded() {
    let mut world = World::new();
    let id = world.said("first");
    world.create(&json!({"text": "second", "reply": {"in_reply_to_tweet_id": id}}));
    assert_eq!(ids(&world.timeline("?exclude=replies,retweets")), [id]);
    assert_eq!(ids(&world.timeline("?exclude=retweets")).len(), 2);
}

#[test]
fn a_post_is_in_no_timeline_before_the_lag_and_read_by_id_at_once() {
    let mut world = World::new();
    world.x.settings.timeline_lag = 5000;
    let id = world.said("hello");
    world.now += 4999;
    assert_eq!(world.timeline("").body["meta"]["result_count"], 0);
    assert_eq!(world.get(&format!("/2/tweets/{id}")).at("/data/id"), id);
    world.now += 1;
    assert_eq!(ids(&world.timeline("")), [id]);
}

#[test]
fn deleted_and_nullcast_posts_are_in_no_timeline() {
    let mut world = World::new();
    let id = world.said("hello");
    world.delete(&id);
    world.create(&json!({"text": "hidden", "nullcast": true}));
    assert_eq!(world.timeline("").body["meta"]["result_count"], 0);
}

#[test]
fn an_unknown_user_has_errors_in_the_place_of_a_timeline() {
    let seen = World::new().get("/2/users/77/tweets");
    assert_eq!(
        (seen.status, seen.at("/errors/0/resource_type")),
        (200, "user")
    );
}

#[test]
fn the_vocabulary_can_be_old_new_or_both() {
    for (names, old, new) in [
        (Names::Old, true, false),
        (Names::New, false, true),
        (Names::Both, true, true),
    ] {
        let mut world = World::new();
        world.x.settings.answer_names = names;
        let first = world.said("first");
        let reply =
            world.create(&json!({"text": "second", "reply": {"in_reply_to_tweet_id": first}}));
        let has = |value: &Value, name: &str| value.get(name).is_some();
        assert_eq!(has(&reply.body["data"], "edit_history_tweet_ids"), old);
        assert_eq!(has(&reply.body["data"], "edit_history_post_ids"), new);
        let seen = world.timeline(
            "?tweet.fields=referenced_tweets,public_metrics&expansions=referenced_tweets.id",
        );
        let post = &seen.body["data"][0];
        assert_eq!(has(post, "referenced_tweets"), old);
        assert_eq!(has(post, "referenced_posts"), new);
        assert_eq!(has(&post["public_metrics"], "retweet_count"), old);
        assert_eq!(has(&post["public_metrics"], "repost_count"), new);
        assert_eq!(has(&seen.body["includes"], "tweets"), old);
        assert_eq!(has(&seen.body["includes"], "posts"), new);
    }
}

#[test]
fn the_names_taken_in_queries_can_be_old_new_or_both() {
    for (names, old, new) in [
        (Names::Old, 200, 400),
        (Names::New, 400, 200),
        (Names::Both, 200, 200),
    ] {
        let mut world = World::new();
        world.x.settings.query_names = names;
        assert_eq!(world.timeline("?tweet.fields=created_at").status, old);
        assert_eq!(world.timeline("?post.fields=created_at").status, new);
    }
}

#[test]
fn an_author_is_a_field_by_the_old_name_and_an_expansion_by_either() {
    let mut world = World::new();
    world.said("hello");
    assert_eq!(
        world
            .timeline("?tweet.fields=author_id")
            .at("/data/0/author_id"),
        "1001"
    );
    world.timeline("?post.fields=author_id").complaint();
    let seen = world.timeline("?expansions=author_id&post.fields=created_at");
    assert_eq!(seen.at("/data/0/author_id"), "1001");
    assert_eq!(seen.at("/includes/users/0/username"), "godwit_demo");
}

#[test]
fn a_long_post_is_cut_in_text_and_whole_in_its_note() {
    let mut world = World::new();
    world.become_user("long_bill");
    let long = "word ".repeat(100).trim_end().to_owned();
    let id = world.said(&long);
    let seen = world.get(&format!("/2/tweets/{id}?tweet.fields=note_tweet,entities"));
    assert!(seen.at("/data/text").contains("… https://t.co/"));
    assert!(seen.at("/data/text").chars().count() < 310);
    assert_eq!(seen.at("/data/note_tweet/text"), long);
    let link = seen.at("/data/entities/urls/0/expanded_url");
    assert_eq!(link, format!("https://x.com/i/web/status/{id}"));
}

#[test]
fn media_have_one_link_an_entity_each_and_keys() {
    let mut world = World::new();
    let [one, two] = [(); 2].map(|()| world.picture());
    let seen = world.create(&json!({"text": "look", "media": {"media_ids": [one, two]}}));
    let id = seen.at("/data/id").to_owned();
    let seen = world.get(&format!("/2/tweets/{id}?post.fields=attachments,entities"));
    assert_eq!(
        seen.body["data"]["attachments"],
        json!({"media_keys": [format!("3_{one}"), format!("3_{two}")]})
    );
    let urls = seen.body["data"]["entities"]["urls"].as_array().unwrap();
    assert_eq!(urls.len(), 2);
    assert_eq!(
        (&urls[0]["url"], &urls[0]["media_key"]),
        (&urls[1]["url"], &json!(format!("3_{one}")))
    );
    let leads_to = format!("https://x.com/godwit_demo/status/{id}/photo/1");
    assert_eq!(urls[1]["expanded_url"], leads_to);
    assert!(
        seen.at("/data/text")
            .ends_with(urls[0]["url"].as_str().unwrap())
    );
    let plain = world.said("no media");
    let seen = world.get(&format!("/2/tweets/{plain}?post.fields=attachments"));
    assert_eq!(seen.body["data"].get("attachments"), None);
}

#[test]
fn an_address_that_leads_on_is_shown_with_where_it_ends() {
    let mut world = World::new();
    let (from, to) = ("http://bit.ly/x", "https://example.com/long");
    world.x.settings.redirects.insert(from.into(), to.into());
    let id = world.said("bit.ly/x and https://example.com/else");
    let seen = world.get(&format!("/2/tweets/{id}?post.fields=entities"));
    let urls = &seen.body["data"]["entities"]["urls"];
    assert_eq!(
        (&urls[0]["expanded_url"], &urls[0]["unwound_url"]),
        (&json!(from), &json!(to))
    );
    assert_eq!(urls[1].get("unwound_url"), None);
}

#[test]
fn a_text_is_shown_without_the_white_space_around_it() {
    let mut world = World::new();
    let id = world.said("\n  inside  stays \n");
    let seen = world.get(&format!("/2/tweets/{id}"));
    assert_eq!(seen.at("/data/text"), "inside  stays");
}

#[test]
fn people_can_look_at_posts_and_deleted_ones_are_gone() {
    let mut world = World::new();
    let id = world.said("<script> & https://example.com");
    let page = world.get(&format!("/godwit_demo/status/{id}"));
    assert_eq!(page.status, 200);
    assert!(
        page.text
            .contains("&lt;script&gt; &amp; <a href=\"https://example.com\"")
    );
    assert!(world.get("/godwit_demo").text.contains("example.com"));
    assert!(world.get("/").text.contains("stand-in"));
    world.delete(&id);
    assert_eq!(world.get(&format!("/godwit_demo/status/{id}")).status, 404);
    assert_eq!(world.get("/nobody").status, 404);
}
