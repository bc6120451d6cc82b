//! A large video from a client through R2 to X, with the memory of the isolate watched, and workerd killed half-way.
//!
//! `GODWIT_VIDEO_MIB` says how large it is: benches/README.md, section A large video.

#![expect(clippy::disallowed_methods, reason = "workerd lives in real time")]

use crate::edge::{Edge, Memory, hex, text};
use crate::{files, media};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

const MIB: u64 = 1024 * 1024;

/// What `npm test` has time for: twelve chunks.
const DEFAULT_MIB: u64 = 48;

/// What a chunk of an upload has.
const CHUNK_BYTES: u64 = media::CHUNK_BYTES as u64;

/// The most that the isolate may ever take; Cloudflare ends it at 128 MiB
/// (<https://developers.cloudflare.com/workers/platform/limits/#memory>).
const PEAK_MAX: u64 = 64 * MIB;

/// The most while a video goes from R2 to X. Argon2 takes 19 of it, as somebody has signed in.
const SENDING_PEAK_MAX: u64 = 32 * MIB;

#[tokio::test]
async fn a_large_video_goes_to_x_in_little_memory_and_resumes_after_a_kill() {
    let mib = std::env::var("GODWIT_VIDEO_MIB").map_or(DEFAULT_MIB, |text| text.parse().unwrap());
    let video = Video::of(mib * MIB);
    let mut edge = Edge::measured().await;
    edge.sandbox.x().settings.media_processing = 1;
    let mut report = Report::new(mib);
    edge.memory().await;

    let begun = Instant::now();
    let id = video.upload(&edge).await;
    report.phase("received in chunks", begun, edge.memory().await, PEAK_MAX);
    let begun = Instant::now();
    let request = edge.client.post(edge.at(&format!("/media/{id}/complete")));
    let (_, ready) = edge.send(request).await;
    assert_eq!(
        (&ready["status"], &ready["bytes"], &ready["duration_ms"]),
        (&json!("ready"), &json!(video.bytes), &json!(600_000)),
        "{ready}"
    );
    let memory = edge.memory().await;
    report.phase("completed: looked at", begun, memory, PEAK_MAX);

    let begun = Instant::now();
    let post = edge
        .post_as(json!({ "text": "it moves", "media": [id], "accounts": [edge.account] }))
        .await;
    let half = video.chunks() / 2;
    edge.wait(async || (edge.chunks_at_x() >= half).then_some(()))
        .await;
    let memory = edge.memory().await;
    report.phase("sent to X until the kill", begun, memory, SENDING_PEAK_MAX);
    edge.kill_and_restart().await;
    let there = edge.chunks_at_x();
    assert!(there < video.chunks(), "it was killed on the way");

    let begun = Instant::now();
    edge.memory().await;
    edge.wait(async || {
        edge.tick().await;
        (edge.chunks_at_x() > there).then_some(())
    })
    .await;
    for number in there..=video.chunks() {
        edge.wait(async || (edge.chunks_at_x() >= number).then_some(()))
            .await;
    }
    edge.until_ticking(&post, "published").await;
    let memory = edge.memory().await;
    report.phase("the rest, and the post", begun, memory, SENDING_PEAK_MAX);

    let counts = edge.sandbox.x().counts().clone();
    let uploads = edge.sandbox.x().media(0);
    let [upload] = uploads.as_slice() else {
        panic!("it was announced more than once: {uploads:#?}");
    };
    let repeats = counts.media_appends - video.chunks();
    report.end(&edge, video.chunks(), repeats);
    assert_eq!(upload.segments.len() as u64, video.chunks());
    assert!(repeats <= 1, "only what was on its way may go again");
    assert_eq!(upload.sha256, Some(video.sha256()));
    assert_eq!(
        (counts.creates_received, counts.against_the_document),
        (1, 0)
    );
    assert_eq!(edge.sandbox.x().posts().len(), 1);
}

/// Bytes that are a video as far as its beginning says, made again whenever they are needed.
struct Video {
    head: Vec<u8>,
    bytes: u64,
}

impl Video {
    fn of(bytes: u64) -> Self {
        let head = files::mp4_head(600, bytes);
        Self { head, bytes }
    }

    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for number in 0..self.chunks() {
            hash.update(self.chunk(number));
        }
        hex(&hash.finalize())
    }

    fn chunks(&self) -> u64 {
        self.bytes.div_ceil(CHUNK_BYTES)
    }

    /// No two blocks are alike, so that none can stand for another.
    fn chunk(&self, number: u64) -> Vec<u8> {
        let len = CHUNK_BYTES.min(self.bytes - number * CHUNK_BYTES);
        let mut chunk = vec![0; usize::try_from(len).unwrap()];
        for (at, block) in chunk.chunks_exact_mut(64 * 1024).enumerate() {
            let name = format!("block {at} of chunk {number}");
            block[..name.len()].copy_from_slice(name.as_bytes());
        }
        if number == 0 {
            chunk[..self.head.len()].copy_from_slice(&self.head);
        }
        chunk
    }

    /// Sends all of it to Godwit, chunk by chunk; gives its id.
    async fn upload(&self, edge: &Edge) -> String {
        let request = edge.client.post(edge.at("/media"));
        let (status, begun) = edge
            .send(request.json(&json!({ "bytes": self.bytes })))
            .await;
        assert_eq!(
            (status.as_u16(), &begun["upload"]["chunks"]),
            (201, &json!(self.chunks())),
            "{begun}"
        );
        let id = text(&begun["id"]);
        for number in 0..self.chunks() {
            let request = edge
                .client
                .put(edge.at(&format!("/media/{id}/chunks/{number}")))
                .header("content-type", "application/octet-stream")
                .body(self.chunk(number));
            let (status, answer) = edge.send(request).await;
            assert_eq!(status.as_u16(), 200, "{answer}");
        }
        id
    }
}

impl Edge {
    /// How many chunks of all uploads X has.
    fn chunks_at_x(&self) -> u64 {
        let uploads = self.sandbox.x().media(0);
        uploads.iter().map(|one| one.segments.len() as u64).sum()
    }
}

/// What was measured, as a table.
struct Report {
    lines: String,
}

impl Report {
    fn new(mib: u64) -> Self {
        let lines = format!(
            "\n{mib} MiB of video | seconds | peak MiB | V8's heap | buffers | wasm | samples\n"
        );
        Self { lines }
    }

    /// Notes a part of the way, and that it took no more memory than it may.
    fn phase(&mut self, name: &str, begun: Instant, memory: Memory, most: u64) {
        let seconds = begun.elapsed().as_secs_f64();
        let [peak, heap, buffers, wasm] = [memory.peak, memory.heap, memory.buffers, memory.wasm]
            .map(|bytes| format!("{}.{}", bytes / MIB, bytes % MIB * 10 / MIB));
        let samples = memory.samples;
        writeln!(
            self.lines,
            "{name} | {seconds:.1} | {peak} | {heap} | {buffers} | {wasm} | {samples}"
        )
        .unwrap();
        assert!(memory.peak < most, "{name}: {}", self.lines);
    }

    fn end(&mut self, edge: &Edge, chunks: u64, repeats: u64) {
        writeln!(self.lines, "{chunks} chunks, {repeats} of them sent twice").unwrap();
        if let Some(bytes) = edge.process_peak() {
            writeln!(
                self.lines,
                "workerd as a whole, R2 and D1 included, after the kill: {} MiB",
                bytes / MIB
            )
            .unwrap();
        }
        // Not by a macro, whose words a test that passes does not show.
        std::io::stderr().write_all(self.lines.as_bytes()).unwrap();
    }
}
