//! Videos that go away, and items that wait, while somebody changes their mind.

use super::{CHANNEL, Following as _, HOUR, MINUTE, WITH_KEY, following, pair, states};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Mood, Privacy, Signed, Video, notice};
use godwit::ports::{Clock as _, Statement};
use serde_json::json;

fn delete(stage: &Stage, video: &str) {
    let now = stage.world.clock.now().millis();
    assert!(stage.tube.lock().unwrap().delete(now, video));
}

fn accounts_are(stage: &Stage, status: &'static str) {
    let sql = "UPDATE accounts SET status = ?1,
      status_reason = CASE ?1 WHEN 'active' THEN NULL ELSE 'grant_revoked' END";
    let change = Statement::new(sql).bind(status);
    stage.world.database.change(&change);
}

async fn state(stage: &Stage, source: &str) -> (String, String) {
    let states = states(stage, source).await;
    assert_eq!(states.len(), 1, "{states:?}");
    states.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_post_that_waits_is_taken_back_when_its_video_goes() {
    for settings in [json!({ "mode": "review" }), json!({ "mode": "draft" })] {
        let (mut stage, source) = following(&[], settings.clone()).await;
        let video = stage.publish(Video::short("Not like this"));
        stage.run(10 * MINUTE).await;
        let post = stage.items(&source).await[0]["post_id"].clone();
        let path = format!("/posts/{}", post.as_str().unwrap());
        delete(&stage, &video);
        stage.run(10 * MINUTE).await;
        let shown = stage.get(&path).await;
        let delivery = &shown["deliveries"][0];
        assert_eq!(shown["status"], "canceled", "{settings}: {shown}");
        assert_eq!(delivery["reason"], "video_removed", "{shown}");
        assert_eq!(
            delivery["detail"],
            "Taken back before it was sent. Its video was deleted or made private."
        );
        stage.run(2 * HOUR).await;
        assert_eq!(stage.on_x(), 0);
    }
}

#[tokio::test]
async fn a_post_that_is_out_stays_when_its_video_goes() {
    let (mut stage, source) = following(&[], json!({})).await;
    let video = stage.publish(Video::short("Seen by many"));
    stage.run(MINUTE).await;
    delete(&stage, &video);
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 1);
    assert_eq!(state(&stage, &source).await, pair("posted", ""));
    let post = stage.items(&source).await[0]["post_id"].clone();
    let path = format!("/posts/{}", post.as_str().unwrap());
    assert_eq!(stage.get(&path).await["status"], "published");
}

#[tokio::test]
async fn a_video_whose_end_is_told_before_its_beginning_is_not_posted() {
    for (variables, comes_back) in [(&[][..], false), (WITH_KEY, false), (WITH_KEY, true)] {
        let (mut stage, source) = following(variables, json!({})).await;
        // What the hub says arrives the wrong way round.
        stage.tube.lock().unwrap().settings.hub.distribution.on = false;
        let video = stage.publish(Video::short("Gone at once"));
        let now = stage.world.clock.now().millis();
        let (removed, changed) = {
            let mut tube = stage.tube.lock().unwrap();
            let channels = tube.channels();
            let channel = channels.iter().find(|one| one.id == CHANNEL).unwrap();
            let upload = tube.video(&video).unwrap().clone();
            let told = notice::changed(channel, &upload, upload.shown_published(true));
            if !comes_back {
                tube.delete(now, &video);
            }
            (notice::removed(channel, &upload), told)
        };
        for body in [removed, changed] {
            let now = stage.world.clock.now().millis();
            let to = {
                let mut tube = stage.tube.lock().unwrap();
                tube.distribute(now, CHANNEL, body, Signed::Right)
            };
            assert_eq!(to, 1);
            stage.run(2_000).await;
        }
        stage.run(75 * MINUTE).await;
        let (expected, on_x) = if comes_back {
            (pair("posted", ""), 1)
        } else {
            (pair("left_out", "removed"), 0)
        };
        assert_eq!(state(&stage, &source).await, expected);
        stage.run(7 * HOUR).await;
        assert_eq!(stage.on_x(), on_x, "{variables:?}");
    }
}

#[tokio::test]
async fn what_waits_for_an_account_is_dropped_when_nobody_wants_it_any_more() {
    for (who, expected) in [
        ("the creator", pair("left_out", "removed")),
        ("the owner", pair("left_out", "paused")),
        ("nobody", pair("posted", "")),
    ] {
        let (mut stage, source) = following(&[], json!({ "max_per_day": 1 })).await;
        accounts_are(&stage, "needs_reconnect");
        let video = stage.publish(Video::short("In good time"));
        stage.run(20 * MINUTE).await;
        assert_eq!(
            state(&stage, &source).await,
            pair("pending", "account_needs_reconnect")
        );
        let pause = format!("/sources/{source}/pause");
        match who {
            "the creator" => delete(&stage, &video),
            "the owner" => drop(stage.ask("POST", &pause, None).await.expect(200)),
            _ => {}
        }
        stage.run(MINUTE).await;
        accounts_are(&stage, "active");
        stage.run(HOUR).await;
        assert_eq!(state(&stage, &source).await, expected, "{who}");
        assert_eq!(stage.on_x(), usize::from(who == "nobody"), "{who}");
    }
}

#[tokio::test]
async fn a_premiere_is_waited_for_from_its_beginning() {
    let settings = json!({ "filter": "all", "delay_seconds": 3_600 });
    let (mut stage, source) = following(WITH_KEY, settings).await;
    let now = stage.world.clock.now().millis();
    stage.publish(Video::premiere("The day after tomorrow", now + 40 * HOUR));
    stage.run(40 * HOUR).await;
    assert_eq!(state(&stage, &source).await, pair("pending", "upcoming"));
    accounts_are(&stage, "needs_reconnect");
    // It goes on for ten minutes, and what is announced is the video that remains.
    stage.run(30 * MINUTE).await;
    assert_eq!(state(&stage, &source).await, pair("pending", "delayed"));
    stage.run(HOUR).await;
    assert_eq!(
        state(&stage, &source).await,
        pair("pending", "account_needs_reconnect")
    );
    accounts_are(&stage, "active");
    stage.run(20 * MINUTE).await;
    assert_eq!(state(&stage, &source).await, pair("posted", ""));
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn what_is_hidden_before_its_post_is_waited_for_where_youtube_can_say_that_it_is_back() {
    for (variables, expected) in [
        (&[][..], pair("left_out", "removed")),
        (WITH_KEY, pair("posted", "")),
    ] {
        let (mut stage, source) = following(variables, json!({})).await;
        accounts_are(&stage, "needs_reconnect");
        let video = stage.publish(Video::short("Typpo"));
        stage.run(3 * MINUTE).await;
        for privacy in [Privacy::Private, Privacy::Public] {
            let now = stage.world.clock.now().millis();
            let done = stage.tube.lock().unwrap().set_privacy(now, &video, privacy);
            assert!(done);
            stage.run(5 * MINUTE).await;
        }
        accounts_are(&stage, "active");
        stage.run(HOUR).await;
        assert_eq!(state(&stage, &source).await, expected, "{variables:?}");
    }
}

#[tokio::test]
async fn the_post_of_a_source_that_follows_another_channel_by_now_is_taken_back_too() {
    let (mut stage, source) = following(&[], json!({ "mode": "review" })).await;
    stage.follow(json!({ "exclude": ["Gone"] })).await;
    stage.run(MINUTE).await;
    let video = stage.publish(Video::short("Gone"));
    stage.run(MINUTE).await;
    let post = stage.items(&source).await[0]["post_id"].clone();
    let elsewhere = json!({ "channel": "UC0000000000000000000000" });
    stage
        .ask("PATCH", &format!("/sources/{source}"), Some(elsewhere))
        .await
        .expect(200);
    delete(&stage, &video);
    stage.run(MINUTE).await;
    let path = format!("/posts/{}", post.as_str().unwrap());
    assert_eq!(stage.get(&path).await["status"], "canceled");
}

#[tokio::test]
async fn what_waits_for_its_delay_is_dropped_when_nobody_wants_it_any_more() {
    for who in ["the creator", "the owner", "another channel", "nobody"] {
        let (mut stage, source) = following(&[], json!({ "delay_seconds": 3_600 })).await;
        let video = stage.publish(Video::short("Not like this"));
        stage.run(10 * MINUTE).await;
        assert_eq!(state(&stage, &source).await, pair("pending", "delayed"));
        let path = format!("/sources/{source}");
        let elsewhere = json!({ "channel": "UC0000000000000000000000" });
        match who {
            "the creator" => delete(&stage, &video),
            "the owner" => {
                let pause = format!("{path}/pause");
                stage.ask("POST", &pause, None).await.expect(200);
            }
            "another channel" => {
                stage.ask("PATCH", &path, Some(elsewhere)).await.expect(200);
            }
            _ => {}
        }
        stage.run(2 * HOUR).await;
        assert_eq!(stage.on_x(), usize::from(who == "nobody"), "{who}");
    }
}

#[tokio::test]
async fn what_waits_for_an_account_goes_out_when_it_is_connected_again() {
    let (mut stage, source) = following(&[], json!({})).await;
    accounts_are(&stage, "needs_reconnect");
    stage.publish(Video::short("In good time"));
    stage.run(17 * MINUTE + 10_000).await;
    let summary = stage.get(&format!("/sources/{source}")).await["health"]["summary"].clone();
    assert!(
        summary.as_str().unwrap().contains("cannot post"),
        "{summary}"
    );
    let next = stage.items(&source).await[0]["next_look_at"].clone();
    let refresh = format!("/accounts/{}/refresh", stage.account);
    let account = stage.ask("POST", &refresh, None).await.expect(200);
    assert_eq!(account["refreshed"], true);
    stage.run(MINUTE).await;
    let now = serde_json::to_value(stage.world.clock.now()).unwrap();
    assert!(now.as_str() < next.as_str(), "{now}, {next}");
    assert_eq!(state(&stage, &source).await, pair("posted", ""));
}

#[tokio::test]
async fn what_is_made_private_and_public_again_is_posted_once() {
    let (mut stage, source) = following(WITH_KEY, json!({})).await;
    let video = stage.publish(Video::short("Now you see it"));
    stage.run(MINUTE).await;
    for privacy in [Privacy::Private, Privacy::Public] {
        let now = stage.world.clock.now().millis();
        let done = stage.tube.lock().unwrap().set_privacy(now, &video, privacy);
        assert!(done);
        stage.run(HOUR).await;
    }
    assert_eq!(stage.on_x(), 1);
    assert_eq!(state(&stage, &source).await, pair("posted", ""));
}

#[tokio::test]
async fn with_a_key_what_is_gone_after_its_delay_is_not_posted_though_nobody_told() {
    for gone in ["deleted", "private", "mended", "not at all"] {
        let mut stage = Stage::with(WITH_KEY).await;
        stage.tube.lock().unwrap().settings.hub.mood = Mood::Silent;
        let source = stage.follow(json!({ "delay_seconds": 3_600 })).await;
        stage.run(MINUTE).await;
        let video = stage.publish(Video::short("A typpo"));
        stage.run(30 * MINUTE).await;
        assert_eq!(state(&stage, &source).await, pair("pending", "delayed"));
        let now = stage.world.clock.now().millis();
        match gone {
            "deleted" => delete(&stage, &video),
            "not at all" => {}
            _ => {
                let mut tube = stage.tube.lock().unwrap();
                assert!(tube.set_privacy(now, &video, Privacy::Private));
            }
        }
        stage.run(2 * HOUR).await;
        assert_eq!(stage.on_x(), usize::from(gone == "not at all"), "{gone}");
        if gone == "mended" {
            let now = stage.world.clock.now().millis();
            let mut tube = stage.tube.lock().unwrap();
            assert!(tube.set_privacy(now, &video, Privacy::Public));
        }
        stage.run(30 * HOUR).await;
        // Of a private one, YouTube says no more than of one that is deleted.
        let (expected, posts) = match gone {
            "deleted" | "private" => (pair("left_out", "removed"), 0),
            _ => (pair("posted", ""), 1),
        };
        assert_eq!(state(&stage, &source).await, expected, "{gone}");
        assert_eq!(stage.on_x(), posts, "{gone}");
    }
}
