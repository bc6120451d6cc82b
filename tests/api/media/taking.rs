//! Taking files in.

use super::{ask, picture, put_chunk, send, upload, video};
use crate::publishing::Stage;
use crate::support::files;
use godwit::ports::{HttpError, Statement};
use serde_json::{Value, json};

fn form(boundary: &str, file: &[u8], alt_text: &str) -> Vec<u8> {
    let mut form = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"alt_text\"\r\n\r\n{alt_text}\r\n--{boundary}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"x.exe\"\r\nContent-Type: text/plain\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(file);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    form
}

#[tokio::test]
async fn a_picture_in_a_form_is_known_by_its_bytes_and_kept_in_pieces() {
    let stage = Stage::new().await;
    let body = form("b0", &files::png(640, 480), "a bird");
    let shown = send(
        &stage,
        "POST",
        "/media",
        "multipart/form-data; boundary=b0",
        body,
    )
    .await
    .expect(201);
    assert_eq!(
        (
            &shown["status"],
            &shown["kind"],
            &shown["media_type"],
            &shown["alt_text"]
        ),
        (
            &json!("ready"),
            &json!("image"),
            &json!("image/png"),
            &json!("a bird")
        )
    );
    assert_eq!(
        (&shown["width"], &shown["height"]),
        (&json!(640), &json!(480))
    );
    let id = shown["id"].as_str().unwrap();
    assert_eq!(stage.world.bucket.keys(), [format!("media/{id}/00000")]);
    let listed = ask(&stage, "GET", "/media", None).await.expect(200);
    assert_eq!(listed["items"][0], shown);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_cleared_away_within_a_day() {
    let stage = Stage::new().await;
    for bytes in [
        b"<html>".to_vec(),
        Vec::new(),
        files::png(1, 1)[..20].to_vec(),
    ] {
        let answer = upload(&stage, "image/png", bytes).await;
        assert_eq!(answer.status, 422, "{}", answer.json);
        assert_eq!(answer.json["errors"][0]["pointer"], "/file");
    }
    let left = stage
        .world
        .database
        .value("SELECT count(*) FROM media WHERE status = 'failed'");
    assert_eq!(left, 3);
    stage.world.clock.advance(90_000_000);
    godwit::jobs::tick(&stage.world.app(), godwit::jobs::DAILY).await;
    assert_eq!(stage.world.database.value("SELECT count(*) FROM media"), 0);
    assert_eq!(stage.world.bucket.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_large_file_comes_in_chunks_in_any_order_and_each_as_often_as_needed() {
    let stage = Stage::new().await;
    let bytes = 9 * 1024 * 1024;
    let shown = ask(
        &stage,
        "POST",
        "/media",
        Some(json!({ "bytes": bytes, "alt_text": "it moves" })),
    )
    .await
    .expect(201);
    let id = shown["id"].as_str().unwrap().to_owned();
    assert_eq!(
        shown["upload"],
        json!({ "chunk_bytes": 4_194_304, "chunks": 3, "received": [] })
    );
    let file = files::mp4(30, bytes);
    let chunks: Vec<Vec<u8>> = file.chunks(4_194_304).map(<[u8]>::to_vec).collect();
    put_chunk(&stage, &id, 2, chunks[2].clone())
        .await
        .expect(200);
    put_chunk(&stage, &id, 0, chunks[0].clone())
        .await
        .expect(200);
    let shown = put_chunk(&stage, &id, 0, chunks[0].clone())
        .await
        .expect(200);
    assert_eq!(shown["upload"]["received"], json!([0, 2]));
    put_chunk(&stage, &id, 1, chunks[2].clone())
        .await
        .refused(400, "wrong_chunk");
    put_chunk(&stage, &id, 3, chunks[2].clone())
        .await
        .refused(404, "not_found");
    let complete = format!("/media/{id}/complete");
    ask(&stage, "POST", &complete, None)
        .await
        .refused(409, "chunks_missing");
    put_chunk(&stage, &id, 1, chunks[1].clone())
        .await
        .expect(200);
    for _ in 0..2 {
        let shown = ask(&stage, "POST", &complete, None).await.expect(200);
        assert_eq!(
            (
                &shown["status"],
                &shown["duration_ms"],
                &shown["bytes"],
                &shown["upload"]
            ),
            (&json!("ready"), &json!(30_000), &json!(bytes), &Value::Null)
        );
    }
    put_chunk(&stage, &id, 1, chunks[1].clone())
        .await
        .refused(409, "not_uploading");
}

#[tokio::test]
async fn a_file_is_fetched_from_where_everybody_can_reach_it_and_from_nowhere_else() {
    let stage = Stage::new().await;
    stage.world.http.on_request(|request, _| {
        let answer = |status: u16, location: &str, body: Vec<u8>| {
            let answer = http::Response::builder().status(status);
            Ok(answer.header("location", location).body(body).unwrap())
        };
        match request.uri().to_string().as_str() {
            "https://pictures.example/a.png" => answer(200, "", files::png(3, 4)),
            "https://pictures.example/moved" => answer(302, "/a.png", Vec::new()),
            "https://pictures.example/inside" => {
                answer(302, "https://169.254.169.254/x", Vec::new())
            }
            "https://pictures.example/round" => answer(301, "/round", Vec::new()),
            "https://pictures.example/gone" => answer(404, "", Vec::new()),
            _ => Err(HttpError::Timeout),
        }
    });
    let fetch = async |url: &str| ask(&stage, "POST", "/media", Some(json!({ "url": url }))).await;
    for url in [
        "https://pictures.example/a.png",
        "https://pictures.example/moved",
    ] {
        let shown = fetch(url).await.expect(201);
        assert_eq!((&shown["width"], &shown["height"]), (&json!(3), &json!(4)));
    }
    for url in [
        "https://pictures.example/gone",
        "https://pictures.example/silent",
    ] {
        fetch(url).await.refused(502, "url_unreachable");
    }
    fetch("https://pictures.example/round")
        .await
        .refused(422, "too_many_redirects");
    let asked = stage.world.http.requests().count();
    for url in [
        "http://pictures.example/a.png",
        "https://localhost/a.png",
        "https://10.0.0.1/a.png",
    ] {
        let answer = fetch(url).await;
        assert_eq!(
            (answer.status, answer.json["errors"][0]["pointer"].as_str()),
            (422, Some("/url"))
        );
    }
    assert_eq!(
        stage.world.http.requests().count(),
        asked,
        "something was asked all the same"
    );
    assert_eq!(fetch("https://pictures.example/inside").await.status, 422);
    let urls = stage.world.http.requests().take();
    assert!(urls.iter().all(|url| !url.contains("169.254")), "{urls:?}");
}

#[tokio::test]
async fn a_repeat_under_a_key_makes_no_second_medium() {
    let stage = Stage::new().await;
    let token = Some(stage.person.token.as_str());
    let body = json!({ "bytes": 100 });
    let headers = [("idempotency-key", "one")];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let world = &stage.world;
        let answer = world
            .request_with("POST", "/media", token, &headers, Some(body.clone()))
            .await;
        ids.push(answer.expect(201)["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(stage.world.database.value("SELECT count(*) FROM media"), 1);
}

#[tokio::test]
async fn a_medium_is_described_and_is_gone_when_nothing_needs_it() {
    let mut stage = Stage::new().await;
    let (photo, clip) = (picture(&stage).await, video(&stage, 10_000).await);
    let path = format!("/media/{photo}");
    let shown = ask(&stage, "PATCH", &path, Some(json!({ "alt_text": "ä" })))
        .await
        .expect(200);
    assert_eq!(shown["alt_text"], "ä");
    ask(
        &stage,
        "PATCH",
        &path,
        Some(json!({ "alt_text": "a".repeat(1_001) })),
    )
    .await
    .refused(422, "alt_text_too_long");
    ask(&stage, "PATCH", &path, Some(json!({})))
        .await
        .refused(422, "missing_field");
    let subtitles = upload(
        &stage,
        "text/vtt",
        b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n".to_vec(),
    )
    .await
    .expect(201);
    let list =
        json!([{ "media_id": subtitles["id"], "language_code": "EN", "display_name": "English" }]);
    ask(&stage, "PATCH", &path, Some(json!({ "subtitles": list })))
        .await
        .refused(422, "no_video");
    let of_video = format!("/media/{clip}");
    let shown = ask(
        &stage,
        "PATCH",
        &of_video,
        Some(json!({ "subtitles": list })),
    )
    .await
    .expect(200);
    assert_eq!(shown["subtitles"], list);
    let post = stage
        .post_as(json!({
            "text": "later", "accounts": [stage.account], "media": [photo], "publish_at": "2026-11-22T12:00:00Z",
        }))
        .await;
    ask(&stage, "DELETE", &path, None)
        .await
        .refused(409, "media_in_use");
    ask(&stage, "DELETE", &format!("/posts/{post}"), None)
        .await
        .expect(200);
    assert_eq!(ask(&stage, "DELETE", &path, None).await.status, 204);
    ask(&stage, "GET", &path, None)
        .await
        .refused(404, "not_found");
    let keys = stage.world.bucket.keys();
    assert!(keys.iter().all(|key| !key.contains(&photo)), "{keys:?}");
    stage.run(1_000).await;
}

#[tokio::test]
async fn media_that_x_would_not_take_are_named_before_anything_is_sent() {
    let stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    let (photo, clip) = (picture(&stage).await, video(&stage, 10_000).await);
    let large = video(&stage, 20_000).await;
    let longer = "UPDATE media SET facts = replace(facts, '30000', '9000000') WHERE id = ?1";
    stage
        .world
        .database
        .change(&Statement::new(longer).bind(large.as_str()));
    let hers = stage
        .world
        .request(
            "POST",
            "/media",
            Some(&eve.token),
            Some(json!({ "bytes": 5 })),
        )
        .await
        .expect(201);
    let unfinished = ask(&stage, "POST", "/media", Some(json!({ "bytes": 5 })))
        .await
        .expect(201);
    for (media, code, pointer) in [
        (json!([photo, clip]), "media_mixed", "/media"),
        (json!([photo, photo]), "too_many_media", "/media"),
        (json!([large]), "video_too_long", "/media/0"),
        (json!([hers["id"]]), "unknown_media", "/media/0"),
        (json!([unfinished["id"]]), "media_not_ready", "/media/0"),
    ] {
        let body = json!({ "text": "words", "accounts": [stage.account], "media": media });
        let answer = ask(&stage, "POST", "/posts", Some(body)).await;
        answer.refused(422, code);
        assert_eq!(answer.json["errors"][0]["pointer"], pointer, "{code}");
    }
    assert_eq!(stage.world.database.value("SELECT count(*) FROM posts"), 0);
}
