//! What was uploaded: which segments came, how long they were, what they hash to. Never the bytes.
//!
//! An upload is *open* from initialize to finalize, then *pending* and *in progress* while X works on it (videos and
//! GIFs only), then *succeeded* or *failed*. The clock alone moves it on; 24 hours after initialize it is gone
//! (<https://docs.x.com/x-api/media/quickstart/media-upload-chunked>).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::instants;

/// Bytes from the beginning that are kept, to tell what a file is.
const HEAD: usize = 32;

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Image,
    Gif,
    Video,
    Subtitles,
}

/// Why processing failed, as `processing_info.error` says it
/// (<https://github.com/PLhery/node-twitter-api-v2/issues/243>).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub code: u32,
    pub name: String,
    pub message: String,
}

impl Failure {
    pub fn invalid() -> Self {
        Self::new(1, "InvalidMedia", "file is currently unsupported")
    }

    pub fn unsupported() -> Self {
        Self::new(3, "UnsupportedMedia", "media type unrecognized")
    }

    fn new(code: u32, name: &str, message: &str) -> Self {
        Self {
            code,
            name: name.into(),
            message: message.into(),
        }
    }
}

/// Where processing stands.
#[derive(Debug, Eq, PartialEq)]
pub enum State<'a> {
    Open,
    Pending { check_after_s: i64 },
    InProgress { check_after_s: i64, percent: i64 },
    Succeeded,
    Failed(&'a Failure),
    Expired,
}

#[derive(Debug)]
pub struct Upload {
    pub id: u64,
    pub owner: u64,
    /// Who else may post it.
    pub shared_with: Vec<u64>,
    /// `media_category` as it was sent.
    pub category: String,
    pub media_type: String,
    pub kind: Kind,
    pub total_bytes: u64,
    pub expires_ms: i64,
    /// The length of a video, as the settings had it when it was finalized.
    pub duration_ms: i64,
    pub alt_text: Option<String>,
    /// By language: the media id of the track and its name.
    pub subtitles: BTreeMap<String, (u64, String)>,
    pub head: Vec<u8>,
    segments: BTreeMap<u16, Segment>,
    whole: Whole,
    finalized: Option<Finalized>,
}

#[derive(Debug, Eq, PartialEq)]
struct Segment {
    length: u64,
    sha256: [u8; 32],
}

/// The hash of the whole file, as long as its segments come one after the other.
#[derive(Clone, Debug)]
struct Whole {
    next: u16,
    hash: Option<Sha256>,
}

#[derive(Debug)]
struct Finalized {
    at_ms: i64,
    ready_ms: i64,
    failure: Option<Failure>,
}

/// An upload as `GET /_sandbox/media` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub id: String,
    pub owner: String,
    pub category: String,
    pub media_type: String,
    pub total_bytes: u64,
    pub received_bytes: u64,
    pub segments: Vec<u16>,
    /// Of the whole file; none when segments came twice with different bytes or out of order.
    pub sha256: Option<String>,
    /// `open`, `pending`, `in_progress`, `succeeded`, `failed` or `expired`.
    pub state: &'static str,
    pub expires_at: String,
    pub alt_text: Option<String>,
    pub subtitles: Vec<String>,
}

/// What initialize is told, found to be in order.
#[derive(Debug)]
pub struct Declared {
    pub owner: u64,
    pub shared_with: Vec<u64>,
    pub category: String,
    pub media_type: String,
    pub kind: Kind,
    pub total_bytes: u64,
}

impl Upload {
    pub fn new(id: u64, expires_ms: i64, declared: Declared) -> Self {
        Self {
            id,
            owner: declared.owner,
            shared_with: declared.shared_with,
            category: declared.category,
            media_type: declared.media_type,
            kind: declared.kind,
            total_bytes: declared.total_bytes,
            expires_ms,
            duration_ms: 0,
            alt_text: None,
            subtitles: BTreeMap::new(),
            head: Vec::new(),
            segments: BTreeMap::new(),
            whole: Whole {
                next: 0,
                hash: Some(Sha256::new()),
            },
            finalized: None,
        }
    }

    /// A segment that is there already is replaced.
    pub fn append(&mut self, index: u16, bytes: &[u8]) {
        let segment = Segment {
            length: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
        };
        let is_same = self.segments.get(&index) == Some(&segment);
        match &mut self.whole.hash {
            Some(hash) if index == self.whole.next => {
                hash.update(bytes);
                self.whole.next += 1;
            }
            hash if !is_same => *hash = None,
            _ => {}
        }
        if index == 0 {
            self.head = bytes[..bytes.len().min(HEAD)].to_vec();
        }
        self.segments.insert(index, segment);
    }

    /// What would be there with this segment in its place.
    pub fn bytes_with(&self, index: u16, length: u64) -> u64 {
        let replaced = self.segments.get(&index).map_or(0, |old| old.length);
        self.received_bytes() - replaced + length
    }

    pub fn received_bytes(&self) -> u64 {
        self.segments.values().map(|segment| segment.length).sum()
    }

    /// Every segment from 0 on is there, and together they are as long as was said.
    pub fn is_whole(&self) -> bool {
        let has_no_gap = (0..)
            .zip(self.segments.keys())
            .all(|(at, index)| at == *index);
        has_no_gap && self.received_bytes() == self.total_bytes
    }

    /// Ends the upload. Processing takes this long, and ends in the failure if there is one.
    pub fn finalize(&mut self, now_ms: i64, processing_ms: i64, failure: Option<Failure>) {
        self.finalized = Some(Finalized {
            at_ms: now_ms,
            ready_ms: now_ms + processing_ms,
            failure,
        });
    }

    /// Processing, which has just begun, will fail.
    pub fn fail(&mut self, processing_ms: i64, failure: Failure) {
        if let Some(finalized) = &mut self.finalized {
            finalized.ready_ms = finalized.ready_ms.max(finalized.at_ms + processing_ms);
            finalized.failure = Some(failure);
        }
    }

    /// Pending for the first quarter of the time. A client is told to ask again in 5 s, or when all is done.
    pub fn state(&self, now_ms: i64) -> State<'_> {
        let Some(finalized) = &self.finalized else {
            return if now_ms < self.expires_ms {
                State::Open
            } else {
                State::Expired
            };
        };
        let (left, total) = (
            finalized.ready_ms - now_ms,
            finalized.ready_ms - finalized.at_ms,
        );
        let check_after_s = ((left + 999) / 1000).clamp(1, 5);
        if now_ms >= self.expires_ms {
            State::Expired
        } else if left > 0 && (total - left) * 4 < total {
            State::Pending { check_after_s }
        } else if left > 0 {
            State::InProgress {
                check_after_s,
                percent: (total - left) * 100 / total,
            }
        } else {
            finalized
                .failure
                .as_ref()
                .map_or(State::Succeeded, State::Failed)
        }
    }

    /// Whether X ever has to work on it; only then has it `processing_info`.
    pub fn is_processed(&self) -> bool {
        self.finalized.as_ref().is_some_and(|finalized| {
            finalized.ready_ms > finalized.at_ms || finalized.failure.is_some()
        })
    }

    pub fn may_be_used_by(&self, user: u64) -> bool {
        self.owner == user || self.shared_with.contains(&user)
    }

    /// `3_…` for pictures, `16_…` for GIFs, `7_…` and `13_…` for videos.
    pub fn key(&self) -> String {
        let prefix = match (self.kind, self.category.as_str()) {
            (Kind::Gif, _) => 16,
            (Kind::Video, "amplify_video") => 13,
            (Kind::Video, _) => 7,
            _ => 3,
        };
        format!("{prefix}_{}", self.id)
    }

    /// Width and height, where the first bytes tell them; those of a common picture otherwise.
    pub fn size(&self) -> (u32, u32) {
        let head = &self.head;
        let from = |start: usize, length: usize| head.get(start..start + length);
        let big = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |all, byte| all << 8 | u32::from(*byte))
        };
        let known = match self.media_type.as_str() {
            "image/png" => from(16, 4).map(big).zip(from(20, 4).map(big)),
            "image/gif" => from(6, 4).map(|b| {
                let little = |b: &[u8]| u32::from(b[0]) | u32::from(b[1]) << 8;
                (little(&b[..2]), little(&b[2..]))
            }),
            _ => None,
        };
        known.unwrap_or((1200, 675))
    }

    pub fn row(&self, owner: &str, now_ms: i64) -> Row {
        let sha256 = self.whole.hash.clone().filter(|_| self.is_whole());
        Row {
            id: self.id.to_string(),
            owner: owner.into(),
            category: self.category.clone(),
            media_type: self.media_type.clone(),
            total_bytes: self.total_bytes,
            received_bytes: self.received_bytes(),
            segments: self.segments.keys().copied().collect(),
            sha256: sha256.map(|hash| hex(&hash.finalize())),
            state: match self.state(now_ms) {
                State::Open => "open",
                State::Pending { .. } => "pending",
                State::InProgress { .. } => "in_progress",
                State::Succeeded => "succeeded",
                State::Failed(_) => "failed",
                State::Expired => "expired",
            },
            expires_at: instants::format(self.expires_ms),
            alt_text: self.alt_text.clone(),
            subtitles: self.subtitles.keys().cloned().collect(),
        }
    }
}

#[derive(Debug, Default)]
pub struct Uploads(BTreeMap<u64, Upload>);

impl Uploads {
    pub fn add(&mut self, upload: Upload) -> &mut Upload {
        self.0.entry(upload.id).or_insert(upload)
    }

    pub fn get(&self, id: u64) -> Option<&Upload> {
        self.0.get(&id)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Upload> {
        self.0.get_mut(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Upload> {
        self.0.values()
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let both = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(both).collect()
}
