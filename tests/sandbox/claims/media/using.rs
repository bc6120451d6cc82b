//! What may be done with what was uploaded, by whom, how long and how often.

use serde_json::json;

use super::*;
use crate::sandbox::{Effect, On};

#[test]
fn a_media_id_lives_24_hours() {
    let mut world = World::new();
    let id = world.uploaded("tweet_image", "image/png", PNG);
    world.now += 24 * HOUR - 1;
    world.become_user("godwit_demo");
    assert_eq!(world.status(&id).body["data"]["expires_after_secs"], 0);
    world.now += 1;
    assert_eq!(
        world.status(&id).complaint(),
        format!("The media id [{id}] is not valid.")
    );
    assert_eq!(world.attach(&[&id]).complaint(), INVALID);
    assert_eq!(world.x.media(world.now)[0].state, "expired");
}

#[test]
fn anothers_media_cannot_be_used_unless_it_is_shared() {
    let mut world = World::new();
    let id = world.uploaded("tweet_image", "image/png", PNG);
    let body = json!({"media_category": "tweet_image", "media_type": "image/png", "total_bytes": PNG.len(),
        "additional_owners": ["1002"]});
    let opened = world.post_json("/2/media/upload/initialize", &body);
    let shared = opened.at("/data/id").to_owned();
    world.append(&shared, "0", PNG);
    world.finalize(&shared);
    world.become_user("second_bird");
    assert_eq!(world.attach(&[&id]).complaint(), INVALID);
    assert_eq!(world.finalize(&id).status, 400);
    assert_eq!(world.status(&id).status, 400);
    assert_eq!(world.attach(&[&shared]).status, 201);
}

#[test]
fn a_post_takes_four_pictures_or_one_video_or_one_gif() {
    let mut world = World::new();
    let pictures: Vec<String> = (0..4).map(|_| world.picture()).collect();
    let four: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let video = world.ready_video();
    let direct = world.uploaded("dm_image", "image/png", PNG);
    for wrong in [
        vec![&video[..], four[0]],
        vec![four[0], four[0]],
        vec![&direct[..]],
        vec!["1"],
    ] {
        assert_eq!(world.attach(&wrong).complaint(), INVALID, "{wrong:?}");
    }
    assert_eq!(world.attach(&four).status, 201);
    assert_eq!(world.attach(&[&video]).status, 201);
}

#[test]
fn how_long_a_video_may_be_depends_on_who_posts_it() {
    let mut world = World::new();
    world.x.settings.video_duration = 20 * 60_000 + 1;
    let id = world.ready_video();
    let seen = world.attach(&[&id]);
    assert_eq!(seen.status, 403);
    assert_eq!(
        seen.at("/detail"),
        "This user is not allowed to post a video longer than 20 minutes."
    );
    world.become_user("long_bill");
    let id = world.ready_video();
    assert_eq!(world.attach(&[&id]).status, 201);
}

#[test]
fn alt_text_is_at_most_1000_characters() {
    let mut world = World::new();
    let id = world.picture();
    let mut alt = |length: usize| {
        let text = "é".repeat(length);
        let body = json!({"id": id, "metadata": {"alt_text": {"text": text}}});
        world.post_json("/2/media/metadata", &body)
    };
    assert_eq!(alt(1000).at("/data/id"), id);
    assert_eq!(
        alt(1001).complaint(),
        "$.metadata.alt_text.text: may only be 1000 characters long"
    );
}

#[test]
fn subtitles_are_added_and_deleted() {
    let mut world = World::new();
    let video = world.ready_video();
    let track = world.uploaded(
        "subtitles",
        "text/srt",
        b"1\n00:00:00,000 --> 00:00:01,000\nhi\n",
    );
    let body = json!({"id": video, "media_category": "TweetVideo",
        "subtitles": {"id": track, "language_code": "EN", "display_name": "English"}});
    let seen = world.post_json("/2/media/subtitles", &body);
    assert_eq!(seen.body["data"]["associated_subtitles"][0]["id"], track);
    assert_eq!(world.x.media(world.now)[0].subtitles, ["EN"]);
    let gone = json!({"id": video, "media_category": "TweetVideo", "language_code": "EN"});
    for deleted in [true, false] {
        let request = world.call("DELETE", "/2/media/subtitles", gone.to_string().into());
        assert_eq!(
            world.answer(request).body,
            json!({"data": {"deleted": deleted}})
        );
    }
    let wrong = json!({"id": video, "media_category": "TweetVideo",
        "subtitles": {"id": video, "language_code": "EN", "display_name": "English"}});
    assert_eq!(world.post_json("/2/media/subtitles", &wrong).status, 400);
}

#[test]
fn media_needs_its_scope_and_counts_by_endpoint() {
    let mut world = World::new();
    world.uploaded("tweet_image", "image/png", PNG);
    world.picture();
    let counts = world.x.counts().clone();
    assert_eq!(
        (
            counts.media_initializes,
            counts.media_appends,
            counts.media_finalizes,
            counts.media_uploads
        ),
        (1, 1, 1, 1)
    );
    world.access = world
        .x
        .grant(START, "godwit_demo", &["tweet.write"])
        .unwrap()
        .access;
    assert_eq!(world.initialize("tweet_image", "image/png", 1).status, 403);
    world.access = "sandbox-app-only".into();
    let seen = world.initialize("tweet_image", "image/png", 1);
    assert!(
        seen.at("/type")
            .ends_with("/problems/unsupported-authentication")
    );
}

#[test]
fn every_step_of_an_upload_can_be_lost_before_and_after() {
    type Step = fn(&mut World, &str) -> Request<Vec<u8>>;
    let steps: [(On, Step); 2] = [
        (On::MediaAppend, |world, id| {
            world.multipart(
                &format!("/2/media/upload/{id}/append"),
                &[("segment_index", b"0"), ("media", PNG)],
            )
        }),
        (On::MediaFinalize, |world, id| {
            world.call(
                "POST",
                &format!("/2/media/upload/{id}/finalize"),
                Vec::new(),
            )
        }),
    ];
    for (effect, state) in [
        (Effect::DropBefore, "open"),
        (Effect::AcceptThenDrop, "succeeded"),
    ] {
        let mut world = World::new();
        let opened = world.initialize("tweet_image", "image/png", PNG.len());
        let id = opened.at("/data/id").to_owned();
        for (on, request) in steps {
            world.fault(Fault::next(on, effect.clone()));
            let request = request(&mut world, &id);
            assert!(matches!(world.send(request), Reply::Drop));
        }
        assert_eq!(world.x.media(world.now)[0].state, state);
    }
}

#[test]
fn media_limits_are_those_of_x() {
    let mut world = World::new();
    let seen = world.initialize("tweet_image", "image/png", 20);
    assert_eq!(seen.header("x-rate-limit-limit"), "1875");
    assert_eq!(seen.header("x-app-limit-24hour-remaining"), "179999");
    let id = seen.at("/data/id").to_owned();
    assert_eq!(
        world.append(&id, "0", PNG).header("x-rate-limit-remaining"),
        "1874"
    );
    assert_eq!(world.status(&id).header("x-rate-limit-limit"), "1000");
    world.x.settings.limits.media_append.user = Some(2);
    world.append(&id, "0", PNG);
    assert_eq!(world.append(&id, "0", PNG).status, 429);
}
