//! What a medium is, to the API and to itself.

use super::inspect::Kind;
use super::store::MediaRow;
use crate::ids::MediaId;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The size of a piece in the bucket, and of a chunk that is uploaded, in bytes: what X takes at once, with room below
/// its 5 MB (<https://docs.x.com/x-api/media/quickstart/media-upload-chunked>).
pub const CHUNK_BYTES: u64 = 4 * 1024 * 1024;

/// The largest file, in bytes: what X takes of an account with Premium.
pub const BYTES_MAX: u64 = 16_000_000_000;

/// The longest alt text, in characters (<https://docs.x.com/x-api/media/metadata-create>).
pub const ALT_TEXT_MAX: usize = 1_000;

/// Where a medium stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MediaStatus")]
pub enum Status {
    /// Its bytes are still to come.
    Uploading,
    /// It may be posted.
    Ready,
    /// It is nothing that can be posted.
    Failed,
}

impl Status {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// Where a medium stands at a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Its chunks are being sent.
    Uploading,
    /// They are there, and the platform works on them.
    Processing,
    /// It may be posted.
    Ready,
    /// The platform cannot use it.
    Failed,
}

impl UploadState {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// A picture, a video, or subtitles.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// Where it stands.
    pub status: Status,
    /// What it is, by its bytes.
    pub kind: Option<Kind>,
    /// Its media type, by its bytes.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// How long it lasts, in ms.
    pub duration_ms: Option<u64>,
    /// How many frames it has.
    pub frames: Option<u32>,
    /// What it shows, for those who do not see it.
    pub alt_text: Option<String>,
    /// Of a video, its subtitles.
    pub subtitles: Vec<Subtitles>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// While it is uploading, how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<InChunks>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
}

/// How a large file is uploaded: each chunk by `PUT /media/{id}/chunks/{number}`, in any order, each as often as needed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "MediaChunks")]
pub struct InChunks {
    /// The size of each in bytes; the last may be smaller.
    pub chunk_bytes: u64,
    /// How many there are, numbered from 0.
    pub chunks: u32,
    /// Those that are there.
    pub received: Vec<u32>,
}

/// Subtitles of a video, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subtitles {
    /// A file of subtitles (SRT or VTT) that was uploaded.
    pub media_id: MediaId,
    /// Its language, two capital letters: `EN`.
    #[schemars(extend("pattern" = "^[A-Z]{2}$"))]
    pub language_code: String,
    /// The language's name, as X shows it: `English`.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
}

impl From<MediaRow> for Media {
    fn from(row: MediaRow) -> Self {
        let upload = (row.status == Status::Uploading).then(|| InChunks {
            chunk_bytes: CHUNK_BYTES,
            chunks: chunks(row.bytes),
            received: serde_json::from_str(&row.received).unwrap_or_default(),
        });
        Self {
            subtitles: subtitles(&row),
            upload,
            id: row.id,
            status: row.status,
            kind: row.kind,
            media_type: row.media_type,
            bytes: row.bytes,
            width: row.width,
            height: row.height,
            duration_ms: row.duration_ms,
            frames: row.frames,
            alt_text: row.alt_text,
            problem: row.problem,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The subtitles that a video was given.
#[must_use]
pub fn subtitles(row: &MediaRow) -> Vec<Subtitles> {
    let stored = row.subtitles.as_deref();
    stored
        .and_then(|list| serde_json::from_str(list).ok())
        .unwrap_or_default()
}

/// How many chunks a file has.
#[must_use]
pub fn chunks(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(CHUNK_BYTES)).unwrap_or(u32::MAX)
}

/// The size of a chunk of a file, in bytes; 0 behind its end.
#[must_use]
pub fn chunk_len(bytes: u64, chunk: u32) -> u64 {
    let from = u64::from(chunk).saturating_mul(CHUNK_BYTES);
    bytes.saturating_sub(from).min(CHUNK_BYTES)
}

/// Where a piece of a file lies in the bucket.
#[must_use]
pub fn piece(id: &MediaId, chunk: u32) -> String {
    format!("media/{id}/{chunk:05}")
}

#[cfg(test)]
mod tests {
    use super::{CHUNK_BYTES, chunk_len, chunks};

    #[test]
    fn chunks_cover_a_file_to_the_byte() {
        for bytes in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            512 << 20,
            16_000_000_000,
        ] {
            let all: u64 = (0..chunks(bytes))
                .map(|chunk| chunk_len(bytes, chunk))
                .sum();
            assert_eq!(all, bytes);
            assert_eq!(chunk_len(bytes, chunks(bytes)), 0);
        }
    }
}
