//! Files through the real runtime: streamed in, kept in R2, brought to X.

use crate::edge::{Edge, text};
use crate::files;
use serde_json::json;

#[tokio::test]
async fn a_picture_in_a_form_and_a_video_in_chunks_are_posted() {
    let mut edge = Edge::start().await;
    edge.sandbox.x().settings.media_processing = 1;
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"
        .to_owned();
    let form = [form.as_bytes(), &files::png(64, 48), b"\r\n--b--\r\n"].concat();
    let request = edge.client.post(edge.at("/media")).body(form);
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    let (status, picture) = edge.send(request).await;
    assert_eq!(
        (status.as_u16(), &picture["width"]),
        (201, &json!(64)),
        "{picture}"
    );

    let file = files::mp4(30, 9 * 1024 * 1024);
    let request = edge.client.post(edge.at("/media"));
    let (_, video) = edge
        .send(request.json(&json!({ "bytes": file.len() })))
        .await;
    let id = text(&video["id"]);
    for (number, chunk) in file.chunks(4 * 1024 * 1024).enumerate() {
        let at = edge.at(&format!("/media/{id}/chunks/{number}"));
        let request = edge.client.put(at).body(chunk.to_vec());
        let request = request.header("content-type", "application/octet-stream");
        let (status, answer) = edge.send(request).await;
        assert_eq!(status.as_u16(), 200, "{answer}");
    }
    let request = edge.client.post(edge.at(&format!("/media/{id}/complete")));
    let (_, video) = edge.send(request).await;
    assert_eq!(
        (&video["status"], &video["duration_ms"]),
        (&json!("ready"), &json!(30_000)),
        "{video}"
    );

    let thread = json!({
        "thread": [{ "text": "look", "media": [picture["id"]] }, { "text": "it moves", "media": [id] }],
        "accounts": [edge.account],
    });
    let post = edge.post_as(thread).await;
    // What was kept is there after a restart too.
    edge.kill_and_restart().await;
    edge.until_ticking(&post, "published").await;
    let counts = edge.sandbox.x().counts().clone();
    assert_eq!(
        (counts.creates_received, counts.against_the_document),
        (2, 0)
    );
    assert_eq!(edge.sandbox.x().posts().len(), 2);
}
