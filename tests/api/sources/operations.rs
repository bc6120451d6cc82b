//! Sources as people make, change and end them.

use super::{CHANNEL, Following as _, HOUR, MINUTE, WITH_KEY, following, pair, states};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Mood, Video};
use godwit::ports::{Clock as _, Statement};
use serde_json::{Value, json};

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
    let ended = "SELECT state, reason FROM source_items WHERE state IN ('posted', 'left_out')";
    let ended = stage.world.database.look(ended);
    assert_eq!(ended.len(), 30);
    let drafts = ended.iter().filter(|item| item["state"] == "posted");
    assert_eq!(drafts.count(), 1, "{ended:?}");
    for number in 30..100 {
        stage.follow(other(number)).await;
    }
    let body = json!({ "channel": CHANNEL, "accounts": [stage.account] });
    let one_more = stage.ask("POST", "/sources/youtube", Some(body)).await;
    one_more.refused(409, "too_many_sources");
    let last = "DELETE FROM sources WHERE id = (SELECT max(id) FROM sources)";
    stage.world.database.change(&Statement::new(last));
    let at_once = (0..5).map(|number| {
        let mut body = json!({ "channel": CHANNEL, "accounts": [stage.account] });
        body["exclude"] = json!([format!("late{number}")]);
        stage.ask("POST", "/sources/youtube", Some(body))
    });
    let answers = futures_util::future::join_all(at_once.collect::<Vec<_>>()).await;
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(made.count(), 1);
}

#[tokio::test]
async fn a_channel_that_has_nothing_yet_is_looked_at_like_any_other_and_one_that_is_none_rarely() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let shown = stage.get(&format!("/sources/{source}")).await;
    let poll = &shown["health"]["poll"];
    assert_eq!(
        (&poll["state"], &poll["by"]),
        (&json!("working"), &json!("api")),
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
        let body = json!({ "channel": CHANNEL, "accounts": [stage.account], "max_per_day": "5" });
        let answer = stage.ask("POST", "/sources/youtube", Some(body)).await;
        let detail = answer.json["errors"][0]["detail"].as_str().unwrap();
        assert!(
            detail.ends_with("expected a whole number, 0 or more"),
            "{detail}"
        );
    }
}

/// What is on the audit log of sources.
fn noted(stage: &Stage) -> usize {
    let sql = "SELECT id FROM audit_log WHERE action LIKE 'source.%'";
    stage.world.database.look(sql).len()
}

#[tokio::test]
async fn two_sources_that_would_post_each_video_twice_are_refused() {
    let stage = Stage::new().await;
    let first = stage.follow(json!({})).await;
    let follow = |settings: Value| {
        let stage = &stage;
        async move {
            let mut body = json!({ "channel": CHANNEL, "accounts": [stage.account] });
            for (name, value) in settings.as_object().unwrap() {
                body[name] = value.clone();
            }
            stage.ask("POST", "/sources/youtube", Some(body)).await
        }
    };
    let before = noted(&stage);
    for same in [
        json!({}),
        json!({ "channel": "@godwit", "template": "{{title}}", "mode": "draft" }),
        json!({ "filter": "all" }),
    ] {
        let refused = follow(same.clone()).await;
        refused.refused(409, "source_exists");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(&first), "{same}: {detail}");
    }
    let (one, other) = tokio::join!(
        follow(json!({ "filter": "videos" })),
        follow(json!({ "filter": "videos" }))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let words = follow(json!({ "include": ["recipe"] })).await.expect(201);
    assert_eq!(noted(&stage), before + 2);

    let path = format!("/sources/{}", words["id"].as_str().unwrap());
    let same = json!({ "include": [] });
    let refused = stage.ask("PATCH", &path, Some(same.clone())).await;
    refused.refused(409, "source_exists");
    assert_eq!(stage.get(&path).await["include"], json!(["recipe"]));
    assert_eq!(noted(&stage), before + 2);
    let first = format!("/sources/{first}");
    // One that is itself the same is not another.
    let unchanged = json!({ "filter": "shorts" });
    stage
        .ask("PATCH", &first, Some(unchanged))
        .await
        .expect(200);
    assert_eq!(stage.ask("DELETE", &first, None).await.status, 204);
    stage.ask("PATCH", &path, Some(same)).await.expect(200);
    assert_eq!(noted(&stage), before + 5);
}

#[tokio::test]
async fn a_video_that_two_sources_want_is_posted_by_one_of_them() {
    let (mut stage, first) = following(&[], json!({ "template": "{{title}}" })).await;
    let words = json!({ "include": ["birds"], "template": "Birds: {{title}}" });
    let second = stage.follow(words).await;
    stage.run(MINUTE).await;
    stage.publish(Video::short("Three birds"));
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 1);
    let mut both = states(&stage, &first).await;
    both.extend(states(&stage, &second).await);
    both.sort();
    assert_eq!(
        both,
        [pair("left_out", "another_source"), pair("posted", "")]
    );
}

#[tokio::test]
async fn a_video_is_posted_once_though_accounts_change_hands_while_it_waits() {
    let (mut stage, first) = following(&[], json!({ "template": "{{title}}" })).await;
    let other = stage.connect_for(&stage.person, "long_bill");
    let later = json!({ "accounts": [other], "template": "B: {{title}}", "delay_seconds": 3_600 });
    let second = stage.follow(later).await;
    stage.run(MINUTE).await;
    stage.publish(Video::short("Once"));
    stage.run(MINUTE).await;
    assert_eq!(stage.on_x(), 1);
    for (source, change) in [
        (&first, json!({ "accounts": [other], "filter": "videos" })),
        (&second, json!({ "accounts": [stage.account] })),
    ] {
        let path = format!("/sources/{source}");
        stage.ask("PATCH", &path, Some(change)).await.expect(200);
    }
    stage.run(2 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(
        states(&stage, &second).await,
        [pair("left_out", "another_source")]
    );
}

#[tokio::test]
async fn a_delay_that_is_made_shorter_is_heeded_by_what_waits() {
    let (mut stage, source) = following(&[], json!({ "delay_seconds": 86_400 })).await;
    stage.publish(Video::short("Now, please"));
    stage.run(10 * MINUTE).await;
    let at_once = json!({ "delay_seconds": 0 });
    let path = format!("/sources/{source}");
    stage.ask("PATCH", &path, Some(at_once)).await.expect(200);
    stage.run(2 * MINUTE).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn who_begins_again_and_again_takes_nobody_elses_looks() {
    let variables = [("YOUTUBE_FEED_REQUESTS_PER_DAY", "200")];
    for attack in ["resume", "repoint", "refused"] {
        let (mut stage, _) = following(&variables, json!({})).await;
        stage.tube.lock().unwrap().settings.hub.distribution.on = false;
        let eve = stage.world.person("eve").await;
        let channels = ["UC0000000000000000000000", "UC0000000000000000000001"];
        let body =
            json!({ "channel": channels[0], "accounts": [stage.connect_for(&eve, "long_bill")] });
        let token = eve.token.clone();
        let ask = async |stage: &Stage, method: &str, path: &str, body: Option<Value>| {
            stage.world.request(method, path, Some(&token), body).await
        };
        let made = ask(&stage, "POST", "/sources/youtube", Some(body.clone()))
            .await
            .expect(201);
        let path = format!("/sources/{}", made["id"].as_str().unwrap());
        for number in 1..=250 {
            match attack {
                "resume" => {
                    for what in ["pause", "resume"] {
                        ask(&stage, "POST", &format!("{path}/{what}"), None)
                            .await
                            .expect(200);
                    }
                }
                "repoint" => {
                    let change = json!({ "channel": channels[number % 2] });
                    ask(&stage, "PATCH", &path, Some(change)).await.expect(200);
                }
                _ => ask(&stage, "POST", "/sources/youtube", Some(body.clone()))
                    .await
                    .refused(409, "source_exists"),
            }
            stage.run(2_000).await;
        }
        stage.publish(Video::short("Looked for all the same"));
        stage.run(7 * HOUR).await;
        assert_eq!(stage.on_x(), 1, "{attack}");
    }
}

#[tokio::test]
async fn null_is_as_if_it_were_left_out_and_the_usual_words_go_with_the_filter() {
    let (mut stage, source) = following(&[], json!({ "include": ["x"], "exclude": ["y"] })).await;
    let path = format!("/sources/{source}");
    let change = json!({ "include": null, "exclude": null, "filter": "all" });
    let shown = stage.ask("PATCH", &path, Some(change)).await.expect(200);
    for (field, value) in [
        ("include", json!([])),
        ("exclude", json!([])),
        ("hashtags", json!([])),
    ] {
        assert_eq!(shown[field], value, "{shown}");
    }
    stage.publish(Video::long("A film"));
    stage.run(HOUR).await;
    let texts = stage.texts_on_x();
    assert!(
        texts[0].starts_with("🎬 New video: A film\n\nhttps://"),
        "{texts:?}"
    );
    let change = json!({ "filter": null });
    let shown = stage.ask("PATCH", &path, Some(change)).await.expect(200);
    assert_eq!(
        shown["template"],
        "🎬 New Short: {{title}}\n\n{{hashtags}}\n{{url}}"
    );
    assert_eq!(shown["hashtags"], json!(["Shorts"]));
    let change = json!({ "template": "Mine: {{title}}", "filter": "videos" });
    let shown = stage.ask("PATCH", &path, Some(change)).await.expect(200);
    assert_eq!(shown["template"], "Mine: {{title}}");
}

#[tokio::test]
async fn with_a_key_the_first_video_of_a_channel_is_found_within_minutes() {
    let mut stage = Stage::with(WITH_KEY).await;
    stage.tube.lock().unwrap().settings.hub.mood = Mood::Silent;
    let source = stage.follow(json!({})).await;
    stage.run(1_000).await;
    let poll = stage.get(&format!("/sources/{source}")).await["health"]["poll"].clone();
    let detail = poll["detail"].as_str().unwrap();
    assert!(
        detail.contains("looked for in YouTube's Data API;"),
        "{poll}"
    );
    stage.run(10 * MINUTE).await;
    let poll = stage.get(&format!("/sources/{source}")).await["health"]["poll"].clone();
    assert_eq!(
        (&poll["state"], &poll["by"]),
        (&json!("working"), &json!("api"))
    );
    stage.publish(Video::short("The first"));
    stage.run(7 * MINUTE).await;
    assert_eq!(stage.on_x(), 1, "{poll}");
}

#[tokio::test]
async fn of_a_channel_that_youtube_never_showed_nothing_good_is_said() {
    let mut stage = Stage::new().await;
    let invented = json!({ "channel": "UCGodwitSandboxChannel01" });
    let source = stage.follow(invented).await;
    stage.run(HOUR).await;
    let health = stage.get(&format!("/sources/{source}")).await["health"].clone();
    assert_eq!(health["push"]["state"], "verified", "{health}");
    let summary = health["summary"].as_str().unwrap();
    assert!(summary.contains("check that its id is right"), "{summary}");
}

#[tokio::test]
async fn who_changes_a_source_again_and_again_asks_youtube_nothing() {
    let delayed = |seconds: u32| json!({ "filter": "all", "delay_seconds": seconds });
    let (mut stage, source) = following(&[], delayed(86_400)).await;
    stage.publish(Video::short("In a day"));
    stage.run(MINUTE).await;
    let used = "SELECT used FROM youtube_usage WHERE kind = 'feed'";
    let before = stage.world.database.value(used).as_i64().unwrap();
    for minute in 0..30 {
        let path = format!("/sources/{source}");
        let change = delayed(86_400 - minute);
        stage.ask("PATCH", &path, Some(change)).await.expect(200);
        stage.run(MINUTE).await;
    }
    let after = stage.world.database.value(used).as_i64().unwrap();
    // The looks at the channel itself.
    assert!(after - before <= 3, "{before} to {after}");
}
