//! What a source makes of a video, by its settings.

use super::{Following as _, HOUR, MINUTE, WITH_KEY, following, pair, states};
use crate::publishing::Stage;
use crate::sandbox::youtube::Video;
use godwit::ports::Clock as _;
use serde_json::{Value, json};

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
