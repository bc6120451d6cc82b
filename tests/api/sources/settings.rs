//! What a source makes of a video, by its settings.

use super::{CHANNEL, Following as _, HOUR, MINUTE, WITH_KEY};
use crate::publishing::Stage;
use crate::sandbox::youtube::{On, Outage, Privacy, Video};
use godwit::ports::Clock as _;
use serde_json::{Value, json};

async fn following(variables: &[(&str, &str)], settings: Value) -> (Stage, String) {
    let mut stage = Stage::with(variables).await;
    stage.run(1_000).await;
    let source = stage.follow(settings).await;
    stage.run(MINUTE).await;
    (stage, source)
}

async fn states(stage: &Stage, source: &str) -> Vec<(String, String)> {
    let mut states: Vec<_> = stage.items(source).await;
    states.reverse();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    states
        .iter()
        .map(|item| (text(&item["state"]), text(&item["reason"])))
        .collect()
}

fn pair(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn shorts_videos_or_both() {
    for variables in [&[][..], WITH_KEY] {
        for (filter, wanted) in [
            ("shorts", [true, false]),
            ("videos", [false, true]),
            ("all", [true, true]),
        ] {
            let (mut stage, source) = following(
                variables,
                json!({ "filter": filter, "template": "{{title}}" }),
            )
            .await;
            stage.publish(Video::short("A Short"));
            stage.run(1_000).await;
            stage.publish(Video::long("A film"));
            stage.run(HOUR).await;
            let posted: Vec<String> = stage.texts_on_x();
            let expected: Vec<&str> = ["A Short", "A film"]
                .into_iter()
                .zip(wanted)
                .filter_map(|(title, wanted)| wanted.then_some(title))
                .collect();
            assert_eq!(posted, expected, "{filter}");
            let left = [pair("left_out", "a_short"), pair("left_out", "not_a_short")];
            let expected: Vec<_> = wanted
                .into_iter()
                .zip(left)
                .map(|(wanted, left)| if wanted { pair("posted", "") } else { left })
                .collect();
            assert_eq!(states(&stage, &source).await, expected, "{filter}");
        }
    }
}

#[tokio::test]
async fn a_short_that_does_not_read_as_one_yet_is_asked_about_again() {
    for variables in [&[][..], WITH_KEY] {
        let (mut stage, source) = following(variables, json!({})).await;
        stage.tube.lock().unwrap().settings.recognition = 5 * MINUTE;
        let video = Video {
            short_link: false,
            ..Video::short("Slowly")
        };
        stage.publish(video);
        stage.run(1_000).await;
        if variables.is_empty() {
            assert_eq!(
                states(&stage, &source).await,
                [pair("pending", "kind_unknown")]
            );
        }
        stage.run(15 * MINUTE).await;
        assert_eq!(stage.on_x(), 1, "{:?}", stage.items(&source).await);
    }
}

#[tokio::test]
async fn a_channel_that_has_nothing_yet_is_looked_at_like_any_other_and_one_that_is_none_rarely() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let shown = stage.get(&format!("/sources/{source}")).await;
    let poll = &shown["health"]["poll"];
    assert_eq!(
        (&poll["state"], &poll["by"]),
        (&json!("working"), &json!("feed")),
        "{shown}"
    );
    let invented = json!({ "channel": "UC0000000000000000000000" });
    let path = format!("/sources/{source}");
    stage.ask("PATCH", &path, Some(invented)).await.expect(200);
    stage.run(30 * HOUR).await;
    let used = "SELECT coalesce(sum(used), 0) FROM youtube_usage WHERE kind = 'feed'";
    let before = stage.world.database.value(used).as_i64().unwrap();
    let shown = stage.get(&path).await;
    assert_eq!(shown["health"]["poll"]["state"], "failing", "{shown}");
    stage.run(36 * HOUR).await;
    let looks = stage.world.database.value(used).as_i64().unwrap() - before;
    assert!((2..=6).contains(&looks), "{looks} looks in 36 hours");
}

#[tokio::test]
async fn many_sources_of_one_channel_are_all_served_a_few_at_a_time_and_there_is_an_end_to_them() {
    let mut stage = Stage::new().await;
    let other = |number: u32| json!({ "mode": "draft", "exclude": [format!("word{number}")] });
    for number in 0..30 {
        stage.follow(other(number)).await;
    }
    stage.run(MINUTE).await;
    stage.publish(Video::short("For all of them"));
    stage.run(2 * MINUTE).await;
    let drafts = "SELECT count(*) FROM posts WHERE status = 'draft'";
    assert_eq!(stage.world.database.value(drafts), 30);
    for number in 30..100 {
        stage.follow(other(number)).await;
    }
    let body = json!({ "channel": CHANNEL, "accounts": [stage.account] });
    let one_more = stage.ask("POST", "/sources/youtube", Some(body)).await;
    one_more.refused(409, "too_many_sources");
}

#[tokio::test]
async fn words_in_titles_decide() {
    let words = json!({ "include": ["Bird", "godwit"], "exclude": ["cat"] });
    let (mut stage, source) = following(&[], words).await;
    for title in ["A BIRD", "A bird and a Cat", "A dog"] {
        stage.publish(Video::short(title));
        stage.run(1_000).await;
    }
    let expected = [
        pair("posted", ""),
        pair("left_out", "excluded_word"),
        pair("left_out", "no_included_word"),
    ];
    assert_eq!(states(&stage, &source).await, expected);
}

#[tokio::test]
async fn no_more_in_a_day_than_asked_for() {
    let (mut stage, source) = following(&[], json!({ "max_per_day": 2 })).await;
    for number in 0..4 {
        stage.publish(Video::short(&format!("Number {number}")));
    }
    stage.run(MINUTE).await;
    assert_eq!(stage.on_x(), 2);
    let full = states(&stage, &source).await;
    assert_eq!(
        full.iter()
            .filter(|one| **one == pair("left_out", "max_per_day"))
            .count(),
        2,
        "{full:?}"
    );
    // START is at noon.
    stage.run(13 * HOUR).await;
    stage.publish(Video::short("The next day"));
    stage.run(MINUTE).await;
    assert_eq!(stage.on_x(), 3);
}

#[tokio::test]
async fn a_delay_is_kept_and_what_waits_for_a_person_goes_when_they_say_so() {
    let (mut stage, _) = following(&[], json!({ "delay_seconds": 600 })).await;
    stage.publish(Video::short("Later"));
    stage.run(590_000).await;
    assert_eq!(stage.on_x(), 0);
    // The sweep takes it with the next minute.
    stage.run(75_000).await;
    assert_eq!(stage.on_x(), 1);
    for mode in ["review", "draft"] {
        let (mut stage, source) = following(&[], json!({ "mode": mode })).await;
        stage.publish(Video::short("Held"));
        stage.run(HOUR).await;
        assert_eq!(stage.on_x(), 0, "{mode}");
        let post = stage.items(&source).await[0]["post_id"].clone();
        let path = format!("/posts/{}", post.as_str().unwrap());
        let held = stage.get(&path).await;
        assert_eq!(
            held["status"],
            if mode == "review" {
                "in_review"
            } else {
                "draft"
            },
            "{held}"
        );
        let token = Some(stage.person.token.as_str());
        let approve = format!("{path}/approve");
        let other =
            stage
                .world
                .request_with("POST", &approve, token, &[("if-match", "\"7\"")], None);
        other.await.refused(412, "revision_changed");
        for _ in 0..2 {
            let approved =
                stage
                    .world
                    .request_with("POST", &approve, token, &[("if-match", "\"1\"")], None);
            approved.await.expect(202);
        }
        stage.run(1_000).await;
        assert_eq!(stage.on_x(), 1, "{mode}");
        let audit = stage
            .world
            .database
            .value("SELECT count(*) FROM audit_log WHERE action = 'post.approved'");
        assert_eq!(audit, 1);
    }
}

#[tokio::test]
async fn the_link_goes_where_it_is_wanted_and_long_titles_are_cut() {
    let (mut stage, _) = following(&[], json!({ "link": "reply" })).await;
    let video = stage.publish(Video::short("Short and sweet"));
    stage.run(MINUTE).await;
    let link = format!("https://www.youtube.com/shorts/{video}");
    assert_eq!(
        stage.texts_on_x(),
        ["🎬 New Short: Short and sweet\n\n#Shorts", &*link]
    );
    let (mut stage, _) = following(&[], json!({ "link": "none", "hashtags": [] })).await;
    stage.publish(Video::short("No link"));
    stage.run(MINUTE).await;
    assert_eq!(stage.texts_on_x(), ["🎬 New Short: No link"]);
    let (mut stage, _) = following(&[], json!({})).await;
    let video = stage.publish(Video::short(&"\u{1f426}\u{200d}\u{2b1b} ".repeat(200)));
    stage.run(MINUTE).await;
    let text = stage.texts_on_x().remove(0);
    assert!(
        text.ends_with(&format!(
            "…\n\n#Shorts\nhttps://www.youtube.com/shorts/{video}"
        )),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_not_public_waits_and_what_stays_so_is_left_out() {
    let (mut stage, source) = following(
        WITH_KEY,
        json!({ "filter": "all", "template": "{{title}}" }),
    )
    .await;
    let now = stage.world.clock.now().millis();
    stage.publish(Video::premiere("A premiere", now + 2 * HOUR));
    stage.run(1_000).await;
    let live = stage.publish(Video::live("A stream"));
    stage.run(1_000).await;
    let hidden = stage.publish(Video::long("Hidden at once"));
    let now = stage.world.clock.now().millis();
    stage
        .tube
        .lock()
        .unwrap()
        .set_privacy(now, &hidden, Privacy::Unlisted);
    stage.run(HOUR).await;
    assert_eq!(stage.texts_on_x(), [""; 0]);
    let waiting: Vec<String> = states(&stage, &source)
        .await
        .into_iter()
        .map(|(state, _)| state)
        .collect();
    assert_eq!(waiting, ["pending", "pending", "pending"]);
    let now = stage.world.clock.now().millis();
    stage.tube.lock().unwrap().end(now, &live);
    stage.run(30 * HOUR).await;
    let mut posted = stage.texts_on_x();
    posted.sort();
    assert_eq!(posted, ["A premiere", "A stream"]);
    let last = states(&stage, &source).await.pop();
    assert_eq!(last, Some(pair("left_out", "unlisted")));
}

#[tokio::test]
async fn what_is_for_members_alone_is_left_out() {
    for variables in [&[][..], WITH_KEY] {
        let (mut stage, source) = following(variables, json!({ "filter": "all" })).await;
        let video = Video {
            members_only: true,
            ..Video::short("For members")
        };
        stage.publish(video);
        stage.run(HOUR).await;
        assert_eq!(stage.on_x(), 0);
        let left_out = [pair("left_out", "members_only")];
        assert_eq!(states(&stage, &source).await, left_out);
        stage.publish(Video::short("For everybody"));
        stage.run(HOUR).await;
        assert_eq!(stage.on_x(), 1);
    }
}

#[tokio::test]
async fn a_video_that_was_uploaded_long_ago_and_goes_public_now_is_news() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let now = stage.world.clock.now().millis();
    let video = Video {
        public_at: Some(now + 72 * HOUR),
        ..Video::short("Scheduled")
    };
    stage.publish(video);
    stage.run(73 * HOUR).await;
    assert_eq!(stage.on_x(), 1, "{:?}", stage.items(&source).await);
}

#[tokio::test]
async fn pausing_resuming_and_repointing_begin_anew() {
    let (mut stage, source) = following(&[], json!({})).await;
    let path = format!("/sources/{source}");
    for _ in 0..2 {
        let paused = stage
            .ask("POST", &format!("{path}/pause"), None)
            .await
            .expect(200);
        assert_eq!(paused["state"], "paused");
    }
    stage.publish(Video::short("While paused"));
    stage.run(HOUR).await;
    stage
        .ask("POST", &format!("{path}/resume"), None)
        .await
        .expect(200);
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 0);
    stage.publish(Video::short("Resumed"));
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 1);
    let other = {
        let now = stage.world.clock.now().millis();
        let mut tube = stage.tube.lock().unwrap();
        let other = tube.add_channel(now, None, "other", "Other").unwrap().id;
        tube.publish(now, &other, Video::short("Old there"))
            .unwrap();
        other
    };
    stage.run(2_000).await;
    let change = stage
        .ask("PATCH", &path, Some(json!({ "channel": "@other" })))
        .await
        .expect(200);
    assert_eq!(change["channel"]["id"], json!(other));
    stage.run(HOUR).await;
    stage.publish(Video::short("Nobody follows this any more"));
    let now = stage.world.clock.now().millis();
    stage
        .tube
        .lock()
        .unwrap()
        .publish(now, &other, Video::short("New there"));
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 2, "{:?}", stage.texts_on_x());
    let followed = stage
        .world
        .database
        .look("SELECT channel_id FROM channels WHERE followed");
    assert_eq!(followed.len(), 1, "{followed:?}");
}

#[tokio::test]
async fn an_account_that_cannot_post_is_waited_for() {
    let (mut stage, source) = following(&[], json!({})).await;
    let broken = godwit::ports::Statement::new("UPDATE accounts SET status = 'needs_reconnect'");
    stage.world.database.change(&broken);
    stage.publish(Video::short("Patience"));
    stage.run(HOUR).await;
    assert_eq!(
        states(&stage, &source).await,
        [pair("pending", "account_needs_reconnect")]
    );
    let repaired = godwit::ports::Statement::new("UPDATE accounts SET status = 'active'");
    stage.world.database.change(&repaired);
    stage.run(10 * MINUTE).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn accounts_that_can_post_do_not_wait_long_for_one_that_cannot() {
    let mut stage = Stage::new().await;
    stage.run(1_000).await;
    let other = stage.connect("long_bill");
    let source = stage
        .follow(json!({ "accounts": [other, stage.account] }))
        .await;
    stage.run(MINUTE).await;
    let broken = godwit::ports::Statement::new(
        "UPDATE accounts SET status = 'needs_reconnect' WHERE id = ?1",
    );
    stage.world.database.change(&broken.bind(other.as_str()));
    stage.publish(Video::short("Without him"));
    stage.run(5 * MINUTE).await;
    assert_eq!(stage.on_x(), 0);
    stage.run(20 * MINUTE).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(
        states(&stage, &source).await,
        [pair("posted", "accounts_left_out")]
    );
}

#[tokio::test]
async fn with_a_key_nothing_is_posted_before_the_data_api_has_spoken() {
    let (mut stage, source) = following(WITH_KEY, json!({ "filter": "all" })).await;
    let hour = stage.world.clock.now().millis() + HOUR;
    let away = Outage::status(On::Api, 503).until(hour);
    stage.tube.lock().unwrap().begin(away);
    let now = stage.world.clock.now().millis();
    stage.publish(Video::premiere("Not begun", now + 20 * HOUR));
    stage.run(50 * MINUTE).await;
    assert_eq!(stage.on_x(), 0, "{:?}", stage.items(&source).await);
    stage.run(2 * HOUR).await;
    assert_eq!(states(&stage, &source).await, [pair("pending", "upcoming")]);
    assert_eq!(stage.on_x(), 0);
}

#[tokio::test]
async fn the_videos_picture_goes_along_where_it_is_wanted() {
    for wanted in [true, false] {
        let (mut stage, _) = following(&[], json!({ "thumbnail": wanted })).await;
        stage.publish(Video::short("With a picture"));
        stage.run(10 * MINUTE).await;
        let x = stage.x.lock().unwrap();
        let posts = x.posts();
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].media_ids.len(), usize::from(wanted));
    }
}

#[tokio::test]
async fn words_are_words_and_not_parts_of_others() {
    for (title, expected) in [
        ("Start here", pair("posted", "")),
        ("Modern ART!", pair("left_out", "excluded_word")),
        ("#art", pair("left_out", "excluded_word")),
        ("art", pair("left_out", "excluded_word")),
        ("新しい猫の動画", pair("left_out", "excluded_word")),
        ("Über Hünde", pair("posted", "")),
        ("Der Hund", pair("left_out", "excluded_word")),
    ] {
        let words = json!({ "exclude": ["art", "猫", "hund"] });
        let (mut stage, source) = following(&[], words).await;
        stage.publish(Video::short(title));
        stage.run(MINUTE).await;
        assert_eq!(states(&stage, &source).await, [expected], "{title}");
    }
}

#[tokio::test]
async fn a_title_that_is_mended_in_the_delay_is_the_one_that_is_posted() {
    let settings = json!({ "delay_seconds": 600, "template": "{{title}}" });
    let (mut stage, source) = following(&[], settings).await;
    let video = stage.publish(Video::short("Tpyo"));
    stage.run(5 * MINUTE).await;
    assert_eq!(states(&stage, &source).await, [pair("pending", "delayed")]);
    let now = stage.world.clock.now().millis();
    assert!(stage.tube.lock().unwrap().edit(now, &video, "Typo"));
    stage.run(10 * MINUTE).await;
    assert_eq!(stage.texts_on_x(), ["Typo"]);
}

#[tokio::test]
async fn an_item_says_what_it_waits_for_and_how_its_post_stands() {
    let (mut stage, source) = following(WITH_KEY, json!({ "filter": "all" })).await;
    stage.publish(Video::live("On the air"));
    stage.run(MINUTE).await;
    let items = stage.items(&source).await;
    assert_eq!(items[0]["reason"], "live");
    assert_eq!(
        items[0]["detail"],
        "It is live; it is looked at again when it has ended."
    );
    assert_eq!(items[0]["post_status"], Value::Null);
    stage.publish(Video::short("It flies"));
    stage.run(MINUTE).await;
    assert_eq!(stage.items(&source).await[0]["post_status"], "published");
}

#[tokio::test]
async fn a_test_shows_the_newest_and_sends_nothing() {
    let mut stage = Stage::new().await;
    let source = stage.follow(json!({})).await;
    let path = format!("/sources/{source}/test");
    stage
        .ask("POST", &path, None)
        .await
        .refused(404, "nothing_to_test");
    stage.publish(Video::short("The newest"));
    for _ in 0..2 {
        let shown = stage.ask("POST", &path, None).await.expect(200);
        assert_eq!(shown["would_post"], true, "{shown}");
        let target = &shown["preview"]["targets"][0];
        assert!(
            target["parts"][0]["text"]
                .as_str()
                .unwrap()
                .contains("The newest")
        );
        assert_eq!(target["price_usd"], 0.2, "{target}");
        stage.run(MINUTE).await;
    }
    assert_eq!(stage.on_x(), 1, "the source itself has posted it");
    let change = json!({ "link": "reply", "exclude": ["newest"] });
    stage
        .ask("PATCH", &format!("/sources/{source}"), Some(change))
        .await
        .expect(200);
    let shown = stage.ask("POST", &path, None).await.expect(200);
    assert_eq!(
        (&shown["would_post"], &shown["reason"]),
        (&json!(false), &json!("excluded_word"))
    );
}

#[tokio::test]
async fn what_people_ask_for_leaves_the_looks_their_part_of_the_day() {
    let (mut stage, source) =
        following(&[("YOUTUBE_FEED_REQUESTS_PER_DAY", "100")], json!({})).await;
    stage.tube.lock().unwrap().settings.hub.distribution.on = false;
    let path = format!("/sources/{source}/test");
    let mut asked = 0;
    loop {
        let answer = stage.ask("POST", &path, None).await;
        if answer.status == 502 {
            answer.refused(502, "youtube_unreachable");
            break;
        }
        answer.refused(404, "nothing_to_test");
        asked += 1;
    }
    // Beside them, the source was looked up, and looked at once.
    let used = stage
        .world
        .database
        .value("SELECT used FROM youtube_usage WHERE kind = 'feed'")
        .as_i64()
        .unwrap();
    assert!((50..=90).contains(&used), "{asked} asked, {used} used");
    stage.publish(Video::short("Found all the same"));
    stage.run(7 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn a_channel_is_found_by_its_names_and_bad_settings_are_named() {
    for variables in [&[][..], WITH_KEY] {
        let stage = Stage::with(variables).await;
        for name in [
            "@godwit",
            "https://www.youtube.com/@godwit",
            "youtube.com/channel/UCGodwitSandboxChannel00",
        ] {
            let body = json!({ "channel": name, "accounts": [stage.account] });
            let made = stage
                .ask("POST", "/sources/youtube", Some(body))
                .await
                .expect(201);
            assert_eq!(made["channel"]["id"], CHANNEL);
            let path = format!("/sources/{}", made["id"].as_str().unwrap());
            assert_eq!(stage.ask("DELETE", &path, None).await.status, 204);
        }
        for (channel, code) in [
            ("@nobody.there", "unknown_channel"),
            ("https://example.com/@godwit", "invalid_channel"),
        ] {
            let body = json!({ "channel": channel, "accounts": [stage.account] });
            stage
                .ask("POST", "/sources/youtube", Some(body))
                .await
                .refused(422, code);
        }
        for (field, value) in [
            ("template", json!("{{titel}}")),
            ("template", json!("   ")),
            ("template", json!("New: {title}")),
            ("template", json!("a".repeat(290))),
            ("hashtags", json!(["123"])),
            ("hashtags", json!(["a".repeat(101)])),
            ("include", json!([" "])),
            ("delay_seconds", json!(86_401)),
            ("max_per_day", json!(0)),
        ] {
            let mut body = json!({ "channel": CHANNEL, "accounts": [stage.account] });
            body[field] = value.clone();
            let answer = stage.ask("POST", "/sources/youtube", Some(body)).await;
            assert_eq!(answer.status, 422, "{field} {value}");
            let pointer = answer.json["errors"][0]["pointer"].as_str().unwrap();
            assert!(pointer.starts_with(&format!("/{field}")), "{}", answer.json);
        }
    }
}
