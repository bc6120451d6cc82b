//! Segments, as forms and as JSON.

use serde_json::json;

use super::*;
use crate::sandbox::multipart;

#[test]
fn a_form_must_be_whole() {
    let good = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    let parts = multipart::read(good.as_bytes(), "b").unwrap();
    assert_eq!(
        (parts[0].name.as_str(), parts[0].text(good.as_bytes())),
        ("a", "1")
    );
    for wrong in [
        good.trim_end_matches("--\r\n"),
        &good[2..],
        &good.replace("; name=\"a\"", ""),
        &good.replace("form-data", "attachment"),
        &good.replace("\r\n\r\n", "\r\n"),
        &format!("{good}more"),
        "",
    ] {
        assert!(multipart::read(wrong.as_bytes(), "b").is_none(), "{wrong}");
    }
    assert_eq!(
        multipart::boundary("multipart/form-data; boundary=\"x y\""),
        Some("x y")
    );
    assert_eq!(multipart::boundary("multipart/form-data"), None);
}

#[test]
fn a_boundary_may_be_in_what_it_bounds() {
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\n".to_vec();
    let content = b"\r\r\n--\r\n-b --b \r";
    body.extend(content);
    body.extend(b"\r\n--b--");
    let parts = multipart::read(&body, "b").unwrap();
    assert_eq!(parts[0].bytes(&body), content);
}

#[test]
fn append_is_strict() {
    let mut world = World::new();
    let opened = world.initialize("tweet_image", "image/png", 100);
    let id = opened.at("/data/id").to_owned();
    let path = format!("/2/media/upload/{id}/append");
    let complaint = |world: &mut World, parts: &[(&str, &[u8])]| {
        let request = world.multipart(&path, parts);
        world.answer(request).complaint().to_owned()
    };
    assert_eq!(
        complaint(&mut world, &[("segment_index", b"10000"), ("media", PNG)]),
        "$.segment_index: must have a maximum value of 9999"
    );
    assert_eq!(
        complaint(&mut world, &[("segment_index", b"x"), ("media", PNG)]),
        "$.segment_index: string found, integer expected"
    );
    assert!(complaint(&mut world, &[("media", PNG)]).contains("$.segment_index: is missing"));
    assert!(complaint(&mut world, &[("segment_index", b"0")]).contains("$.media: is missing"));
    assert!(
        complaint(
            &mut world,
            &[
                ("segment_index", b"0"),
                ("media", PNG),
                ("command", b"APPEND")
            ]
        )
        .starts_with("$.command: is not defined")
    );
    let seen = world.append("77", "0", PNG);
    assert_eq!(seen.complaint(), "The media id [77] is not valid.");
}

#[test]
fn a_segment_may_be_json_too() {
    let mut world = World::new();
    let opened = world.initialize("tweet_image", "image/png", 8);
    let id = opened.at("/data/id").to_owned();
    let path = format!("/2/media/upload/{id}/append");
    let body = json!({"segment_index": 0, "media": "iVBORw0KGgo="});
    assert_eq!(world.post_json(&path, &body).status, 200);
    assert_eq!(world.finalize(&id).status, 200);
    let wrong = json!({"segment_index": 0, "media": "?"});
    assert_eq!(
        world.post_json(&path, &wrong).complaint(),
        "$.media: is not base64"
    );
}

#[test]
fn a_segment_of_more_than_8_mb_is_too_large() {
    let mut world = World::new();
    let opened = world.initialize("tweet_video", "video/mp4", 20_000_000);
    let id = opened.at("/data/id").to_owned();
    assert_eq!(world.append(&id, "0", &vec![0; 8_000_000]).status, 200);
    assert_eq!(world.append(&id, "1", &vec![0; 8_000_001]).status, 413);
}
