//! Files through the real runtime: streamed in, kept in R2, brought to X.

use crate::edge::{Edge, hex, text};
use crate::files;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// What a chunk of an upload has.
pub const CHUNK_BYTES: usize = 4 * 1024 * 1024;

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
    let put = async |number: usize, chunk: Vec<u8>| {
        let at = edge.at(&format!("/media/{id}/chunks/{number}"));
        let request = edge.client.put(at).body(chunk);
        let request = request.header("content-type", "application/octet-stream");
        edge.send(request).await
    };
    for (number, chunk) in file.chunks(CHUNK_BYTES).enumerate() {
        // What has another length is not kept, and takes no other's place.
        for odd in [0, 7, chunk.len() - 1, chunk.len() + 1, 2 * chunk.len()] {
            let (status, answer) = put(number, vec![1; odd]).await;
            let refused = (status.as_u16(), &answer["code"]);
            assert_eq!(refused, (400, &json!("wrong_chunk")), "{odd} bytes");
        }
        let (status, answer) = put(number, chunk.to_vec()).await;
        assert_eq!(status.as_u16(), 200, "{answer}");
        let received: Vec<usize> = (0..=number).collect();
        assert_eq!(answer["upload"]["received"], json!(received));
        let (status, _) = put(number, vec![1; chunk.len() - 1]).await;
        assert_eq!(status.as_u16(), 400);
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
    let uploads = edge.sandbox.x().media(0);
    let sha256 = |file: &[u8]| hex(&Sha256::digest(file));
    let there: Vec<String> = uploads.into_iter().filter_map(|one| one.sha256).collect();
    assert_eq!(there, [sha256(&files::png(64, 48)), sha256(&file)]);
}
