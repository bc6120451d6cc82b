//! Two at once: what one of them began, the other finds half done, or does not know of.

use super::{Following as _, HOUR, MINUTE, following, pair, states};
use crate::publishing::Stage;
use crate::sandbox::youtube::{Mood, Video};
use godwit::ports::{Clock as _, Statement};
use serde_json::json;

/// What somebody else has read just before an item was settled: it is being posted, and due.
const AS_READ_BEFORE: &str = "UPDATE source_items SET state = 'posting', settled_at = NULL";
const DUE: &str = "UPDATE videos SET look_at = 0";

async fn announced(stage: &mut Stage) -> String {
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    stage.publish(Video::short("It flies"));
    stage.run(1_000).await;
    assert_eq!(stage.on_x(), 1);
    source
}

fn change(stage: &Stage, sql: &'static str) {
    stage.world.database.change(&Statement::new(sql));
}

#[tokio::test]
async fn a_post_that_is_accepted_again_while_its_account_is_broken_goes_out_once() {
    let mut stage = Stage::new().await;
    announced(&mut stage).await;
    change(&stage, AS_READ_BEFORE);
    change(&stage, DUE);
    change(&stage, "UPDATE accounts SET status = 'needs_reconnect'");
    stage.run(2 * MINUTE).await;
    change(&stage, "UPDATE accounts SET status = 'active'");
    stage.run(HOUR).await;
    let deliveries = stage.world.database.look("SELECT id FROM deliveries");
    assert_eq!(deliveries.len(), 1);
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn an_item_that_is_a_post_already_is_not_left_out_by_who_finds_its_source_paused() {
    let mut stage = Stage::new().await;
    let source = announced(&mut stage).await;
    change(&stage, AS_READ_BEFORE);
    change(&stage, DUE);
    change(&stage, "UPDATE sources SET state = 'paused'");
    stage.run(2 * MINUTE).await;
    let items = stage.items(&source).await;
    assert_eq!(items[0]["state"], "posted", "{items:?}");
}

#[tokio::test]
async fn what_a_second_source_claims_during_a_look_for_the_first_is_looked_at() {
    let mut stage = Stage::new().await;
    stage.follow(json!({})).await;
    let second = stage.follow(json!({ "include": ["flies"] })).await;
    stage.run(MINUTE).await;
    let paused = format!("/sources/{second}/pause");
    stage.ask("POST", &paused, None).await.expect(200);
    // It is resumed, and a sighting claims the video for it, while the first one's post is being made.
    stage.world.database.script(
        "CREATE TRIGGER meanwhile AFTER UPDATE ON source_items WHEN NEW.state = 'posted' AND OLD.state = 'posting'
           AND NOT EXISTS (SELECT 1 FROM sources s JOIN source_items i ON i.source_id = s.id WHERE i.source_id <> NEW.source_id)
         BEGIN
           UPDATE sources SET state = 'active' WHERE state = 'paused';
           INSERT INTO source_items (source_id, video_id, workspace_id, channel_id, state, seen_at, seen_by)
             SELECT id, NEW.video_id, workspace_id, channel_id, 'pending', NEW.seen_at, 'push' FROM sources
             WHERE id <> NEW.source_id;
         END",
    );
    stage.publish(Video::short("It flies"));
    stage.run(10 * MINUTE).await;
    let items = stage.items(&second).await;
    assert_eq!(items[0]["reason"], "another_source", "{items:?}");
}

#[tokio::test]
async fn what_others_saw_between_a_sources_baseline_and_its_beginning_is_not_lost_on_it() {
    let mut stage = Stage::new().await;
    stage.tube.lock().unwrap().settings.hub.mood = Mood::Silent;
    stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    stage.publish(Video::short("It flies"));
    stage.run(7 * HOUR).await;
    assert_eq!(stage.on_x(), 1);
    // The second source was asked for before that, and its process was slow to write it down.
    stage.world.database.script(
        "CREATE TRIGGER slow AFTER INSERT ON sources BEGIN
           UPDATE sources SET baseline_at = baseline_at - 28800000 WHERE id = NEW.id;
         END",
    );
    let second = stage.follow(json!({ "include": ["flies"] })).await;
    stage.run(7 * HOUR).await;
    let items = stage.items(&second).await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["reason"], "another_source", "{items:?}");
}

#[tokio::test]
async fn what_is_being_posted_when_its_video_goes_away_comes_to_its_end() {
    let mut stage = Stage::new().await;
    let source = stage.follow(json!({ "filter": "all" })).await;
    stage.run(MINUTE).await;
    // Whoever had taken the item ended before the post was made.
    stage.world.database.script(
        "CREATE TRIGGER ended BEFORE INSERT ON posts WHEN NEW.source = 'youtube' BEGIN SELECT RAISE(ROLLBACK, 'ended'); END",
    );
    let video = stage.publish(Video::short("It flies"));
    stage.run(1_000).await;
    stage.world.database.script("DROP TRIGGER ended");
    assert_eq!(stage.items(&source).await[0]["state"], "posting");
    let now = stage.world.clock.now().millis();
    stage.tube.lock().unwrap().delete(now, &video);
    stage.run(10 * MINUTE).await;
    let items = stage.items(&source).await;
    assert_eq!(items[0]["state"], "left_out", "{items:?}");
    assert_eq!(items[0]["reason"], "removed", "{items:?}");
    assert_eq!(stage.on_x(), 0);
}

/// Whoever takes an item ends before its post is made.
const ENDED: &str = "CREATE TRIGGER ended BEFORE INSERT ON posts WHEN NEW.source = 'youtube'
  BEGIN SELECT RAISE(ROLLBACK, 'ended'); END";

#[tokio::test]
async fn what_is_being_posted_when_its_source_is_paused_is_dropped() {
    let mut stage = Stage::new().await;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    stage.world.database.script(ENDED);
    stage.publish(Video::short("No more"));
    stage.run(1_000).await;
    stage.world.database.script("DROP TRIGGER ended");
    assert_eq!(stage.items(&source).await[0]["state"], "posting");
    let path = format!("/sources/{source}/pause");
    stage.ask("POST", &path, None).await.expect(200);
    stage.run(HOUR).await;
    let items = stage.items(&source).await;
    assert_eq!(items[0]["reason"], "paused", "{items:?}");
    assert_eq!(stage.on_x(), 0);
}

#[tokio::test]
async fn nothing_is_posted_of_an_item_that_was_taken_away_meanwhile() {
    for meanwhile in [
        "DELETE FROM source_items; DELETE FROM sources;",
        "UPDATE source_items SET state = 'left_out';",
        "UPDATE source_items SET state = 'pending';",
    ] {
        let mut stage = Stage::new().await;
        stage.follow(json!({})).await;
        stage.run(MINUTE).await;
        // Between the two round trips of whoever makes the post.
        stage.world.database.script(&format!(
            "CREATE TRIGGER meanwhile AFTER UPDATE ON source_items WHEN NEW.state = 'posting' BEGIN {meanwhile} END"
        ));
        stage.publish(Video::short("No more"));
        stage.run(10 * MINUTE).await;
        assert_eq!(stage.on_x(), 0, "{meanwhile}");
        let posts = stage.world.database.look("SELECT id FROM posts");
        assert_eq!(posts.len(), 0, "{meanwhile}");
    }
}

#[tokio::test]
async fn what_is_seen_of_a_video_during_a_look_at_it_is_kept() {
    let mut stage = Stage::new().await;
    stage.tube.lock().unwrap().settings.recognition = 30 * MINUTE;
    let source = stage.follow(json!({})).await;
    stage.run(MINUTE).await;
    // A notification arrives between the look's beginning and its end.
    stage.world.database.script(
        "CREATE TRIGGER meanwhile AFTER UPDATE OF look_at ON videos
           WHEN OLD.evidence NOT LIKE '%feed_link%' AND NEW.look_at > OLD.look_at AND NEW.evidence = OLD.evidence
         BEGIN
           UPDATE videos SET title = 'Its new name', evidence = json_set(evidence, '$.feed_link', first_seen_at)
           WHERE channel_id = NEW.channel_id AND video_id = NEW.video_id;
         END",
    );
    let video = Video {
        short_link: false,
        ..Video::short("Its old name")
    };
    stage.publish(video);
    stage.run(15 * MINUTE).await;
    let items = stage.items(&source).await;
    assert_eq!(items[0]["decided_by"], "feed_link", "{items:?}");
    assert_eq!(items[0]["title"], "Its new name", "{items:?}");
    assert_eq!(stage.on_x(), 1);
}

#[tokio::test]
async fn what_goes_while_it_is_looked_at_is_not_posted() {
    let (mut stage, source) = following(&[], json!({})).await;
    // What the hub's word writes, while YouTube is asked.
    stage.world.database.script(
        "CREATE TRIGGER meanwhile AFTER UPDATE ON youtube_usage
           WHEN EXISTS (SELECT 1 FROM videos WHERE look_at IS NOT NULL AND json_extract(evidence, '$.deleted') IS NULL)
         BEGIN
           UPDATE videos SET evidence = json_set(evidence, '$.deleted', first_seen_at + 500), verdict = 'undecided',
             reason = 'absent', look_at = look_at + 500;
           UPDATE source_items SET state = 'pending', claimed_on = NULL, reason = NULL, detail = NULL
             WHERE state IN ('pending', 'posting');
         END",
    );
    stage.publish(Video::short("Gone at once"));
    stage.run(HOUR).await;
    assert_eq!(stage.on_x(), 0);
    assert_eq!(states(&stage, &source).await, [pair("left_out", "removed")]);
}

#[tokio::test]
async fn a_change_during_a_look_is_heeded() {
    for (change, posts) in [
        ("settings = json_set(settings, '$.mode', 'draft')", 0),
        (
            "settings = json_set(settings, '$.exclude', json('[\"flies\"]'))",
            0,
        ),
        ("settings = json_set(settings, '$.delay_seconds', 3600)", 0),
        (
            "settings = json_set(settings, '$.template', 'New words')",
            1,
        ),
    ] {
        let (mut stage, _) = following(&[], json!({})).await;
        // After the look has read the item and before it takes it: while YouTube is asked.
        stage.world.database.script(&format!(
            "CREATE TRIGGER meanwhile AFTER UPDATE ON youtube_usage
               WHEN EXISTS (SELECT 1 FROM source_items WHERE state = 'pending') AND (SELECT revision FROM sources) = 1
             BEGIN UPDATE sources SET {change}, revision = revision + 1; END"
        ));
        stage.publish(Video::short("It flies"));
        stage.run(10 * MINUTE).await;
        let texts = stage.texts_on_x();
        assert_eq!(texts.len(), posts, "{change}: {texts:?}");
        assert!(texts.iter().all(|text| text == "New words"), "{texts:?}");
    }
}

#[tokio::test]
async fn what_another_source_is_only_about_to_post_is_waited_for() {
    let (mut stage, first) = following(&[], json!({})).await;
    let second = stage.follow(json!({ "include": ["flies"] })).await;
    stage.run(MINUTE).await;
    let database = &stage.world.database;
    database.script(
        "CREATE TRIGGER down BEFORE INSERT ON posts BEGIN SELECT RAISE(ABORT, 'down'); END",
    );
    stage.publish(Video::short("It flies"));
    stage.run(10_000).await;
    let taken = "SELECT source_id FROM source_items WHERE state = 'posting'";
    let taken = stage.world.database.value(taken);
    let waits = if taken == first.as_str() {
        second
    } else {
        first
    };
    assert_eq!(states(&stage, &waits).await, [pair("pending", "")]);
    let pause = format!("/sources/{}/pause", taken.as_str().unwrap());
    stage.ask("POST", &pause, None).await.expect(200);
    stage.world.database.script("DROP TRIGGER down");
    stage.run(10 * MINUTE).await;
    assert_eq!(states(&stage, &waits).await, [pair("posted", "")]);
    assert_eq!(stage.on_x(), 1);
}
