use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;
use crate::sandbox::{Effect, On};

mod segments;
mod using;

const INVALID: &str = "Your media IDs are invalid.";
const DIFFER: &str = "Segments do not add up to provided total file size.";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42 and what follows";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0 and the rest";

impl World {
    fn post_json(&mut self, path: &str, body: &Value) -> Seen {
        let request = self.call("POST", path, body.to_string().into());
        self.answer(request)
    }

    fn initialize(&mut self, category: &str, media_type: &str, bytes: usize) -> Seen {
        let body =
            json!({"media_category": category, "media_type": media_type, "total_bytes": bytes});
        self.post_json("/2/media/upload/initialize", &body)
    }

    fn append(&mut self, id: &str, index: &str, bytes: &[u8]) -> Seen {
        let request = self.multipart(
            &format!("/2/media/upload/{id}/append"),
            &[("segment_index", index.as_bytes()), ("media", bytes)],
        );
        self.answer(request)
    }

    fn multipart(&self, path: &str, parts: &[(&str, &[u8])]) -> Request<Vec<u8>> {
        let mut body = Vec::new();
        for (name, content) in parts {
            body.extend(
                format!("--a-b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes(),
            );
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--a-b--\r\n");
        let mut request = self.call("POST", path, body);
        let kind = "multipart/form-data; boundary=a-b".parse().unwrap();
        request.headers_mut().insert("content-type", kind);
        request
    }

    fn finalize(&mut self, id: &str) -> Seen {
        let request = self.call(
            "POST",
            &format!("/2/media/upload/{id}/finalize"),
            Vec::new(),
        );
        self.answer(request)
    }

    fn status(&mut self, id: &str) -> Seen {
        self.get(&format!("/2/media/upload?command=STATUS&media_id={id}"))
    }

    /// Uploads these bytes in one segment, up to and with finalize.
    fn uploaded(&mut self, category: &str, media_type: &str, bytes: &[u8]) -> String {
        let opened = self.initialize(category, media_type, bytes.len());
        let id = opened.at("/data/id").to_owned();
        assert_eq!(self.append(&id, "0", bytes).status, 200);
        let finalized = self.finalize(&id);
        assert_eq!(finalized.status, 200, "{:?}", finalized.body);
        id
    }

    fn ready_video(&mut self) -> String {
        let id = self.uploaded("tweet_video", "video/mp4", MP4);
        self.now += 10_000;
        id
    }

    fn attach(&mut self, ids: &[&str]) -> Seen {
        self.create(&json!({"media": {"media_ids": ids}}))
    }
}

fn state(seen: &Seen) -> &str {
    seen.at("/data/processing_info/state")
}

#[test]
fn an_upload_goes_from_initialize_to_a_post() {
    let mut world = World::new();
    let opened = world.initialize("tweet_image", "image/png", PNG.len());
    let id = opened.at("/data/id").to_owned();
    assert_eq!(
        opened.body,
        json!({"data": {"id": id, "media_key": format!("3_{id}"), "expires_after_secs": 86_400}})
    );
    let appended = world.append(&id, "0", PNG);
    assert_eq!(
        appended.body,
        json!({"data": {"expires_at": START / 1000 + 86_400}})
    );
    world.now += 1000;
    assert_eq!(
        world.finalize(&id).body,
        json!({"data": {"id": id, "media_key": format!("3_{id}"), "size": PNG.len(), "expires_after_secs": 86_399,
            "image": {"w": 640, "h": 480, "image_type": "image/png"}}})
    );
    let seen = world.create(&json!({"text": "look", "media": {"media_ids": [id]}}));
    assert!(seen.at("/data/text").starts_with("look https://t.co/"));
}

#[test]
fn a_timeline_tells_of_media_where_it_is_asked() {
    let mut world = World::new();
    let id = world.uploaded("tweet_image", "image/png", PNG);
    let alt = json!({"id": id, "metadata": {"alt_text": {"text": "a bird"}}});
    assert_eq!(world.post_json("/2/media/metadata", &alt).status, 200);
    assert_eq!(world.attach(&[&id]).status, 201);
    let seen = world.timeline(
        "?post.fields=attachments,entities&expansions=attachments.media_keys&media.fields=alt_text,url,width",
    );
    let key = format!("3_{id}");
    let post = &seen.body["data"][0];
    assert_eq!(post["attachments"], json!({"media_keys": [key]}));
    let link = &post["entities"]["urls"][0];
    assert_eq!(link["url"], post["text"]);
    assert_eq!(link["media_key"], key);
    assert!(link["expanded_url"].as_str().unwrap().ends_with("/photo/1"));
    let url = format!("https://pbs.twimg.com/media/{id}.jpg");
    assert_eq!(
        seen.body["includes"]["media"],
        json!([{"media_key": key, "type": "photo", "alt_text": "a bird", "url": url, "width": 640}])
    );
    assert!(world.timeline("").body.get("includes").is_none());
}

#[test]
fn a_video_is_worked_on_by_the_clock() {
    let mut world = World::new();
    let id = world.uploaded("tweet_video", "video/mp4", MP4);
    let seen = world.status(&id);
    let info = &seen.body["data"]["processing_info"];
    assert_eq!(*info, json!({"state": "pending", "check_after_secs": 5}));
    assert_eq!(world.attach(&[&id]).complaint(), INVALID);
    world.now += 7_500;
    let seen = world.status(&id);
    let info = &seen.body["data"]["processing_info"];
    assert_eq!(
        *info,
        json!({"state": "in_progress", "check_after_secs": 3, "progress_percent": 75})
    );
    world.now += 2_500;
    let seen = world.status(&id);
    assert_eq!(state(&seen), "succeeded");
    assert_eq!(seen.at("/data/media_key"), format!("7_{id}"));
    assert_eq!(world.attach(&[&id]).status, 201);
}

#[test]
fn processing_fails_on_demand_and_its_media_cannot_be_posted() {
    let mut world = World::new();
    world.fault(Fault::next(
        On::MediaFinalize,
        Effect::FailProcessing {
            error: crate::sandbox::media::Failure::invalid(),
        },
    ));
    let id = world.uploaded("tweet_video", "video/mp4", MP4);
    assert_eq!(state(&world.status(&id)), "pending");
    world.now += 10_000;
    let seen = world.status(&id);
    assert_eq!(state(&seen), "failed");
    assert_eq!(seen.at("/data/processing_info/error/name"), "InvalidMedia");
    assert_eq!(world.attach(&[&id]).complaint(), INVALID);
}

#[test]
fn segments_come_in_any_order_and_a_repeat_replaces() {
    let mut world = World::new();
    let id = world.initialize("tweet_image", "image/png", PNG.len());
    let id = id.at("/data/id").to_owned();
    for (index, bytes) in [("1", &PNG[20..]), ("0", &[7; 20]), ("0", &PNG[..20])] {
        assert_eq!(world.append(&id, index, bytes).status, 200);
    }
    assert_eq!(world.finalize(&id).status, 200);
}

#[test]
fn gaps_and_other_sizes_are_refused_at_finalize() {
    let mut world = World::new();
    let opened = world.initialize("tweet_image", "image/png", 20);
    let id = opened.at("/data/id").to_owned();
    assert_eq!(world.finalize(&id).complaint(), DIFFER);
    world.append(&id, "0", &PNG[..10]);
    assert_eq!(world.finalize(&id).complaint(), DIFFER);
    world.append(&id, "2", &PNG[10..20]);
    assert_eq!(world.finalize(&id).complaint(), DIFFER, "a gap");
    assert_eq!(
        world.append(&id, "1", &PNG[..1]).complaint(),
        DIFFER,
        "too long"
    );
    assert_eq!(world.append(&id, "1", &[]).complaint(), DIFFER, "empty");
}

#[test]
fn the_hash_is_of_the_whole_file_and_no_byte_is_kept() {
    let mut world = World::new();
    let bytes: Vec<u8> = PNG
        .iter()
        .copied()
        .chain((0..=255).cycle().take(40_000))
        .collect();
    let opened = world.initialize("tweet_image", "image/png", bytes.len());
    let id = opened.at("/data/id").to_owned();
    for (index, chunk) in bytes.chunks(10_000).enumerate() {
        for _ in 0..2 {
            assert_eq!(world.append(&id, &index.to_string(), chunk).status, 200);
        }
    }
    let row = &world.x.media(world.now)[0];
    let hash = Sha256::digest(&bytes);
    let expected = hash
        .iter()
        .fold(String::new(), |all, byte| format!("{all}{byte:02x}"));
    assert_eq!(row.sha256.as_deref(), Some(expected.as_str()));
    assert_eq!(row.received_bytes, bytes.len() as u64);
    assert_eq!(row.segments, [0, 1, 2, 3, 4]);
    assert_eq!((row.state, row.owner.as_str()), ("open", "godwit_demo"));
    assert!(format!("{:?}", world.x).len() < 20_000);
}

#[test]
fn what_is_finalized_takes_nothing_more() {
    let mut world = World::new();
    let id = world.uploaded("tweet_image", "image/png", PNG);
    let words = format!("The media id [{id}] is not valid.");
    assert_eq!(world.finalize(&id).complaint(), words);
    assert_eq!(world.append(&id, "0", PNG).complaint(), words);
    assert!(
        world.status(&id).body["data"]
            .get("processing_info")
            .is_none()
    );
}

#[test]
fn initialize_is_strict() {
    let wrong = [
        (
            json!({"media_type": "image/png", "total_bytes": 1}),
            "$.media_category: is missing but it is required",
        ),
        (
            json!({"media_type": "image/png", "media_category": "tweet_image", "total_bytes": "1"}),
            "$.total_bytes: string found, integer expected",
        ),
        (
            json!({"media_type": "image/avif", "media_category": "tweet_image", "total_bytes": 1}),
            "$.media_type: does not have a value in the enumeration",
        ),
        (
            json!({"media_type": "video/mp4", "media_category": "tweet_image", "total_bytes": 1}),
            "$.media_category: tweet_image does not take video/mp4",
        ),
        (
            json!({"media_type": "image/png", "media_category": "tweet_image", "total_bytes": 5_242_881}),
            "File size must be from 1 to 5242880 bytes",
        ),
        (
            json!({"media_type": "image/gif", "media_category": "tweet_gif", "total_bytes": 15_728_641}),
            "File size must be from 1 to 15728640 bytes",
        ),
        (
            json!({"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": 8_589_934_593_u64}),
            "File size must be from 1 to 8589934592 bytes",
        ),
        (
            json!({"media_type": "image/png", "media_category": "tweet_image", "total_bytes": 1, "name": "a"}),
            "$.name: is not defined",
        ),
    ];
    for (body, expected) in wrong {
        let seen = World::new().post_json("/2/media/upload/initialize", &body);
        assert!(
            seen.complaint().starts_with(expected),
            "{body} {:?}",
            seen.body
        );
    }
}

#[test]
fn the_old_commands_are_gone() {
    let mut world = World::new();
    let seen = world.post_json("/2/media/upload?command=INIT", &json!({}));
    assert!(
        seen.complaint()
            .starts_with("The query parameter [command] is not one of")
    );
    let seen = world.get("/2/media/upload?command=INIT&media_id=1");
    assert!(seen.complaint().contains("is not one of [STATUS]"));
}

#[test]
fn one_shot_takes_pictures_only() {
    let mut world = World::new();
    let parts = [("media_category", &b"tweet_image"[..]), ("media", PNG)];
    let request = world.multipart("/2/media/upload", &parts);
    let seen = world.answer(request);
    assert_eq!(seen.at("/data/image/image_type"), "image/png");
    let id = seen.at("/data/id").to_owned();
    assert_eq!(world.attach(&[&id]).status, 201);
    for parts in [
        [("media_category", &b"tweet_image"[..]), ("media", MP4)],
        [("media_category", &b"tweet_video"[..]), ("media", MP4)],
    ] {
        let request = world.multipart("/2/media/upload", &parts);
        assert_eq!(
            world.answer(request).complaint(),
            "media type unrecognized."
        );
    }
}

#[test]
fn files_are_what_they_say() {
    let mut world = World::new();
    let opened = world.initialize("tweet_image", "image/jpeg", PNG.len());
    let id = opened.at("/data/id").to_owned();
    world.append(&id, "0", PNG);
    assert_eq!(world.finalize(&id).complaint(), "media type unrecognized.");
    let id = world.uploaded("tweet_video", "video/mp4", PNG);
    world.now += 10_000;
    assert_eq!(
        world.status(&id).at("/data/processing_info/error/name"),
        "UnsupportedMedia"
    );
}

#[test]
fn a_gif_may_be_1280_by_1080() {
    let mut world = World::new();
    for (wide, expected) in [(1280_u16, "succeeded"), (1281, "failed")] {
        let size = [wide.to_le_bytes(), 1080_u16.to_le_bytes()].concat();
        let id = world.uploaded("tweet_gif", "image/gif", &[b"GIF89a", &size[..]].concat());
        world.now += 10_000;
        assert_eq!(state(&world.status(&id)), expected);
    }
}
