//! The ordinary way, from the creator's click to X.

use super::{Following as _, HOUR, MINUTE, WITH_KEY};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Mood, Video};
use serde_json::json;

fn announcement(title: &str, video: &str) -> String {
    format!("🎬 New Short: {title}\n\n#Shorts\nhttps://www.youtube.com/shorts/{video}")
}

#[tokio::test]
async fn a_short_is_announced_by_the_hub_and_on_x_at_once() {
    let mut stage = Stage::new().await;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    let shown = stage.get(&format!("/sources/{source}")).await;
    assert_eq!(shown["health"]["push"]["state"], "verified", "{shown}");
    assert_eq!(shown["health"]["poll"]["state"], "working", "{shown}");
    let video = stage.publish(Video::short("It flies"));
    stage.run(1_000).await;
    assert_eq!(stage.texts_on_x(), [announcement("It flies", &video)]);
    let items = stage.items(&source).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["video_id"], json!(video));
    assert_eq!(items[0]["state"], "posted", "{items:?}");
    assert_eq!(items[0]["seen_by"], "push");
    assert_eq!(items[0]["is_short"], true);
    let post = stage
        .get(&format!("/posts/{}", items[0]["post_id"].as_str().unwrap()))
        .await;
    assert_eq!(post["source"], "youtube");
    assert_eq!(post["status"], "published");
    // Nothing comes of the looks of the next days.
    stage.run(48 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn with_the_hub_dead_the_looks_alone_bring_every_short_and_none_twice() {
    for variables in [&[][..], WITH_KEY] {
        let mut stage = Stage::with(variables).await;
        {
            let mut tube = stage.tube.lock().unwrap();
            tube.settings.hub.mood = Mood::Outage;
            tube.settings.hub.accepted_share = 0.0;
            tube.settings.hub.verified_share = 0.0;
        }
        stage.publish(Video::short("Before"));
        stage.run(1_000).await;
        let source = stage.follow(json!({})).await;
        stage.run(10 * MINUTE).await;
        let mut wanted = Vec::new();
        for number in 0..5 {
            let title = format!("Number {number}");
            let video = stage.publish(Video::short(&title));
            wanted.push(announcement(&title, &video));
            stage.run(7 * HOUR).await;
        }
        assert_eq!(stage.texts_on_x(), wanted);
        let shown = stage.get(&format!("/sources/{source}")).await;
        assert_eq!(shown["health"]["push"]["state"], "unknown", "{shown}");
        let items = stage.items(&source).await;
        assert_eq!(items.len(), 6, "{items:?}");
        assert_eq!(items[5]["state"], "recorded");
        assert_eq!(items[5]["reason"], "before_baseline");
    }
}
