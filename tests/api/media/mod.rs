//! Media: taken in, kept, brought to X, and posted.

mod bringing;
mod taking;

use crate::publishing::Stage;
use crate::support::world::BASE_URL;
use crate::support::{Answer, files};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

/// Uploads a file as it is.
async fn upload(stage: &Stage, media_type: &str, bytes: Vec<u8>) -> Answer {
    send(stage, "POST", "/media", media_type, bytes).await
}

async fn send(stage: &Stage, method: &str, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE_URL}/api/v1{path}"))
        .header("authorization", format!("Bearer {}", stage.person.token))
        .header("content-type", media_type)
        .header("content-length", bytes.len());
    stage
        .world
        .serve(request.body(Body::from(bytes)).unwrap())
        .await
}

async fn ask(stage: &Stage, method: &str, path: &str, body: Option<Value>) -> Answer {
    let token = Some(stage.person.token.as_str());
    stage.world.request(method, path, token, body).await
}

/// A picture that is there; its id.
async fn picture(stage: &Stage) -> String {
    let answer = upload(stage, "image/png", files::png(640, 480))
        .await
        .expect(201);
    answer["id"].as_str().unwrap().to_owned()
}

/// A video of so many bytes that is there; its id.
async fn video(stage: &Stage, bytes: usize) -> String {
    let announced = ask(stage, "POST", "/media", Some(json!({ "bytes": bytes })))
        .await
        .expect(201);
    let id = announced["id"].as_str().unwrap().to_owned();
    let size = usize::try_from(announced["upload"]["chunk_bytes"].as_u64().unwrap()).unwrap();
    for (number, chunk) in files::mp4(30, bytes).chunks(size).enumerate() {
        put_chunk(stage, &id, number, chunk.to_vec())
            .await
            .expect(200);
    }
    let path = format!("/media/{id}/complete");
    let whole = ask(stage, "POST", &path, None).await.expect(200);
    assert_eq!(
        (&whole["status"], &whole["kind"]),
        (&json!("ready"), &json!("video"))
    );
    id
}

async fn put_chunk(stage: &Stage, id: &str, number: usize, bytes: Vec<u8>) -> Answer {
    let path = format!("/media/{id}/chunks/{number}");
    send(stage, "PUT", &path, "application/octet-stream", bytes).await
}
