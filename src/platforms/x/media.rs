//! Uploading media in chunks (<https://docs.x.com/x-api/media/quickstart/media-upload-chunked>): announce, append, finalize,
//! ask whether it is processed, describe.
//!
//! None of these makes a post. Repeating an append replaces the same chunk; an id is good for 24 hours from its
//! announcement.

use super::api::{Api, Body, WithPiece};
use super::ask::{Answered, Ask, Refusal, answered};
use crate::platforms::{Class, NotSent};
use crate::ports::{Around, Blobs, StorageError};
use crate::time::{SECOND_MS, Timestamp};
use http::Method;
use serde_json::{Value, json};

/// How long X may take for one step, in ms: a chunk of 4 MiB goes over a slow line in that time.
pub const DEADLINE_MS: u32 = 40_000;

/// Of an id whose answer does not say, in seconds.
const LIFETIME_DEFAULT_S: i64 = 86_400;

/// When to ask again where X does not say, in seconds.
const CHECK_DEFAULT_S: i64 = 5;

/// A file that is to be uploaded.
#[derive(Debug, Clone)]
pub struct File {
    /// Its media type, such as `video/mp4`.
    pub media_type: String,
    /// X's category, such as `tweet_video`.
    pub category: &'static str,
    /// Its size.
    pub bytes: u64,
}

/// What X calls a file that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Its id.
    pub id: String,
    /// Its key, by which posts name it.
    pub key: String,
    /// When X forgets it.
    pub expires_at: Timestamp,
}

/// How far X is with a file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processing {
    /// It may be posted.
    Done,
    /// Ask again at this time.
    Until(Timestamp),
    /// X cannot use it.
    Failed(NotSent),
}

/// Announces a file. Repeated, it is announced twice, and one of the two is forgotten.
///
/// # Errors
/// Why X did not take it.
pub async fn initialize(api: &Api<'_>, file: &File, now: Timestamp) -> Result<Announced, Refusal> {
    let body = json!({
        "media_type": file.media_type,
        "media_category": file.category,
        "total_bytes": file.bytes,
    });
    let answered = Ask::post("/2/media/upload/initialize", &body)
        .of(api)
        .await?;
    let text = |pointer: &str| {
        let value = answered.body.pointer(pointer)?;
        value.as_str().map(str::to_owned)
    };
    let id = text("/data/id").filter(|id| is_id(id)).ok_or_else(odd)?;
    let lifetime = answered.body.pointer("/data/expires_after_secs");
    let lifetime = lifetime
        .and_then(Value::as_i64)
        .unwrap_or(LIFETIME_DEFAULT_S);
    Ok(Announced {
        key: text("/data/media_key").unwrap_or_else(|| format!("0_{id}")),
        expires_at: now.plus_ms(lifetime.clamp(0, 30 * LIFETIME_DEFAULT_S) * SECOND_MS),
        id,
    })
}

/// Sends one chunk, which lies in the bucket as `key`. Repeated, it takes the place of itself. `None`: it is not there.
///
/// # Errors
/// Outside, why X did not take it. Inside, that the bucket did not give it.
pub async fn append(
    api: &Api<'_>,
    id: &str,
    segment: u32,
    (blobs, key): (&dyn Blobs, &str),
    boundary: &str,
) -> Result<Result<Option<()>, StorageError>, Refusal> {
    let path = format!("/2/media/upload/{id}/append");
    let body = WithPiece {
        media_type: &format!("multipart/form-data; boundary={boundary}"),
        blobs,
        key,
        around: form(segment, boundary),
    };
    match api.send_piece(&path, body, DEADLINE_MS).await {
        Ok(Some(sent)) => answered(sent).map(|_| Ok(Some(()))),
        Ok(None) => Ok(Ok(None)),
        Err(error) => Ok(Err(error)),
    }
}

/// The form around a chunk.
fn form(segment: u32, boundary: &str) -> Around {
    let before = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n{segment}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"chunk\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    Around {
        before: before.into_bytes(),
        after: format!("\r\n--{boundary}--\r\n").into_bytes(),
    }
}

/// Says that all chunks are there.
///
/// # Errors
/// Why X does not think so.
pub async fn finalize(api: &Api<'_>, id: &str, now: Timestamp) -> Result<Processing, Refusal> {
    let path = format!("/2/media/upload/{id}/finalize");
    let ask = Ask {
        method: Method::POST,
        path: &path,
        query: &[],
        body: Body::None,
        deadline_ms: DEADLINE_MS,
    };
    ask.of(api).await.map(|answered| processing(&answered, now))
}

/// Asks how far X is with a file.
///
/// # Errors
/// Why X does not say.
pub async fn status(api: &Api<'_>, id: &str, now: Timestamp) -> Result<Processing, Refusal> {
    let query = [("command", "STATUS"), ("media_id", id)];
    let answered = Ask::get("/2/media/upload", &query).of(api).await?;
    Ok(processing(&answered, now))
}

// What has no `processing_info` is ready.
fn processing(answered: &Answered, now: Timestamp) -> Processing {
    let Some(info) = answered.body.pointer("/data/processing_info") else {
        return Processing::Done;
    };
    match info.get("state").and_then(Value::as_str) {
        Some("succeeded") => Processing::Done,
        Some("failed") => {
            let words = info
                .pointer("/error/message")
                .or_else(|| info.pointer("/error/name"));
            let words = words
                .and_then(Value::as_str)
                .map(|words| words.chars().take(300).collect());
            let refusal = NotSent::new(
                Class::Permanent,
                "media_not_processed",
                "X could not process the picture or video.",
                "Convert it (video: H.264 with AAC in MP4; see X's own words), upload it anew and write the post again.",
            );
            Processing::Failed(refusal.with_upstream(words))
        }
        _ => {
            let wait = info.get("check_after_secs").and_then(Value::as_i64);
            let wait = wait.unwrap_or(CHECK_DEFAULT_S).clamp(1, 600);
            Processing::Until(now.plus_ms(wait * SECOND_MS))
        }
    }
}

/// Gives a file its alt text (at most 1,000 characters).
///
/// # Errors
/// Why X did not take it.
pub async fn describe(api: &Api<'_>, id: &str, alt_text: &str) -> Result<(), Refusal> {
    let body = json!({ "id": id, "metadata": { "alt_text": { "text": alt_text } } });
    Ask::post("/2/media/metadata", &body)
        .of(api)
        .await
        .map(drop)
}

/// Gives a video its subtitles in one language.
///
/// # Errors
/// Why X did not take them.
pub async fn subtitle(
    api: &Api<'_>,
    video: &str,
    subtitles: &str,
    language_code: &str,
    display_name: &str,
) -> Result<(), Refusal> {
    let body = json!({
        "id": video,
        "media_category": "TweetVideo",
        "subtitles": { "id": subtitles, "language_code": language_code, "display_name": display_name },
    });
    Ask::post("/2/media/subtitles", &body)
        .of(api)
        .await
        .map(drop)
}

fn is_id(id: &str) -> bool {
    (1..=19).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

fn odd() -> Refusal {
    Refusal::of(super::api::unreachable(
        "X took the file without saying under which id.".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::{Processing, form, processing};
    use crate::platforms::x::ask::Answered;
    use crate::time::Timestamp;
    use serde_json::{Value, json};

    fn of(body: Value) -> Processing {
        let answered = Answered {
            body,
            observed: Vec::new(),
        };
        processing(&answered, Timestamp::from_millis(0))
    }

    #[test]
    fn what_says_nothing_of_processing_is_ready_and_what_failed_says_why() {
        assert_eq!(of(json!({ "data": { "id": "1" } })), Processing::Done);
        let info = |info: Value| of(json!({ "data": { "processing_info": info } }));
        assert_eq!(info(json!({ "state": "succeeded" })), Processing::Done);
        assert_eq!(
            info(json!({ "state": "in_progress", "check_after_secs": 7 })),
            Processing::Until(Timestamp::from_millis(7_000))
        );
        assert_eq!(
            info(json!({ "state": "pending" })),
            Processing::Until(Timestamp::from_millis(5_000))
        );
        let failed = info(
            json!({ "state": "failed", "error": { "code": 3, "name": "UnsupportedMedia", "message": "no" } }),
        );
        assert!(
            matches!(&failed, Processing::Failed(why) if why.upstream.as_deref() == Some("no")),
            "{failed:?}"
        );
    }

    #[test]
    fn a_chunk_is_a_form_with_its_number_and_its_bytes() {
        let form = form(3, "b");
        let text = String::from_utf8_lossy(&form.before);
        assert!(text.starts_with(
            "--b\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n3\r\n--b\r\n"
        ));
        assert!(text.ends_with("\r\n\r\n"));
        assert_eq!(form.after, b"\r\n--b--\r\n");
    }
}
