//! What a file is, from its bytes. Its name and the type that somebody declared for it are not asked.
//!
//! Promises an answer for any bytes whatever: no panic, at most [`READS_MAX`] reads, memory that does not grow with the
//! file, and time that grows no faster than what was read. A number in the file is never believed for an allocation or
//! for a loop.
//!
//! Relies on [`Bytes`] giving the same bytes for the same range, and on nothing else.
//!
//! Does not decode: a file with sound headers and broken contents passes, and X finds out. What X takes is not decided
//! here either, but by [`super::rules`]; therefore kinds that X refuses are told as well as those that it takes.
//!
//! - `window`: reading in pieces, and the budget
//! - `fields`: numbers out of bytes
//! - `jpeg`, `png`, `gif`, `webp`, `bitmap`, `tiff`: pictures
//! - `boxes`, `movie`, `track`: MP4 and `QuickTime`
//! - `ebml`, `matroska`: `WebM`
//! - `subtitles`: SRT and VTT

mod bitmap;
mod boxes;
mod ebml;
mod fields;
mod gif;
mod jpeg;
mod matroska;
mod movie;
mod png;
mod subtitles;
mod tiff;
mod track;
mod webp;
mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::ports::{Pending, StorageError};
pub use window::READS_MAX;
use window::Window;

/// Bytes that can be read anywhere: an object in storage, or a few in memory.
pub trait Bytes {
    /// How many there are.
    fn size_bytes(&self) -> u64;

    /// The `len` bytes from `offset` on; fewer only where the file ends before. Reading again gives the same.
    ///
    /// # Errors
    /// What the storage says.
    fn read(&self, offset: u64, len: usize) -> Pending<'_, Result<Vec<u8>, StorageError>>;
}

impl Bytes for Vec<u8> {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Pending<'_, Result<Vec<u8>, StorageError>> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..))
            .unwrap_or_default();
        let piece = rest.get(..len).unwrap_or(rest).to_vec();
        Box::pin(std::future::ready(Ok(piece)))
    }
}

/// How X treats a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MediaKind")]
pub enum Kind {
    /// A picture. A GIF of one frame is one, too.
    Image,
    /// A GIF that moves: of two frames or more.
    Gif,
    /// A video, with or without sound.
    Video,
    /// The words spoken in a video.
    Subtitles,
}

impl Kind {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Gif => "gif",
            Self::Video => "video",
            Self::Subtitles => "subtitles",
        }
    }
}

/// What a file is. `None` is what the file does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// In X's words (`media_type` of <https://docs.x.com/x-api/media/initialize-media-upload>), where X has one.
    pub media_type: &'static str,
    /// How X treats it.
    pub kind: Kind,
    /// Width as shown, in pixels: turned as the file demands.
    pub width: Option<u32>,
    /// Height as shown, in pixels.
    pub height: Option<u32>,
    /// How long it plays.
    pub duration_ms: Option<u64>,
    /// How many pictures it has, where it is no video: more than one in a GIF, APNG or WEBP that moves.
    pub frames: Option<u32>,
    /// How the picture of a video is coded: four characters in MP4 (`avc1`), a name in `WebM` (`V_VP9`).
    pub video_codec: Option<String>,
    /// How its sound is coded; `None` also where there is none.
    pub audio_codec: Option<String>,
    /// Pictures in a thousand seconds, on average: 29,970 for NTSC.
    pub frames_per_1000_seconds: Option<u32>,
}

impl Inspected {
    fn new(media_type: &'static str, kind: Kind) -> Self {
        Self {
            media_type,
            kind,
            width: None,
            height: None,
            duration_ms: None,
            frames: None,
            video_codec: None,
            audio_codec: None,
            frames_per_1000_seconds: None,
        }
    }

    fn image(media_type: &'static str, size: Size) -> Self {
        Self {
            width: Some(size.width),
            height: Some(size.height),
            frames: Some(1),
            ..Self::new(media_type, Kind::Image)
        }
    }
}

/// Width and height in pixels, neither of them zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

impl Size {
    fn new(width: u32, height: u32) -> Result<Self, Flaw> {
        if width == 0 || height == 0 {
            return Err(Flaw::damaged("its picture has no width or no height"));
        }
        Ok(Self { width, height })
    }

    fn turned(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }
}

/// Why a file is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It is of no kind that is known here.
    Unknown,
    /// It is a video file without a picture.
    SoundOnly,
    /// It begins as a file of a known kind and goes on as none: cut off, or never sound.
    Damaged {
        /// What is wrong, as the rest of a sentence that begins with "The file is damaged:".
        what: &'static str,
    },
    /// It could not be read; nothing is known of it.
    Unread(StorageError),
}

impl Flaw {
    const fn damaged(what: &'static str) -> Self {
        Self::Damaged { what }
    }

    /// A stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "media_unknown",
            Self::SoundOnly => "media_without_picture",
            Self::Damaged { .. } => "media_damaged",
            Self::Unread(_) => "media_unread",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "The file is of no kind that X takes: JPEG, PNG, GIF, WEBP, MP4, MOV, WebM, SRT or VTT.",
            ),
            Self::SoundOnly => f.write_str("The file has sound and no picture."),
            Self::Damaged { what } => write!(f, "The file is damaged: {what}."),
            // What the storage said is for the log.
            Self::Unread(_) => f.write_str("The file could not be read."),
        }
    }
}

/// What these bytes are.
///
/// # Errors
/// Why they are of no use. [`Flaw::Unread`] alone may be another with the next try.
pub async fn inspect(bytes: &dyn Bytes) -> Result<Inspected, Flaw> {
    let mut window = Window::new(bytes);
    let head = window.up_to(0, HEAD_BYTES).await?.to_vec();
    match head.as_slice() {
        [] => Err(Flaw::damaged("it is empty")),
        [0xff, 0xd8, 0xff, ..] => jpeg::inspect(&mut window).await,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png::inspect(&mut window).await,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::inspect(&mut window).await,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => webp::inspect(&mut window).await,
        [b'B', b'M', ..] if bitmap::is_one(&head) => bitmap::inspect(&head),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => tiff::inspect(&mut window).await,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => matroska::inspect(&mut window).await,
        _ if movie::is_one(&head) => movie::inspect(&mut window, &head).await,
        _ if is_transport_stream(&head) => Ok(Inspected::new("video/mp2t", Kind::Video)),
        _ => subtitles::inspect(&mut window).await,
    }
}

/// What is looked at to know a file's kind: four packets of a transport stream.
const HEAD_BYTES: usize = 3 * TRANSPORT_PACKET_BYTES + 1;

const TRANSPORT_PACKET_BYTES: usize = 188;

/// Every packet begins with `G`, and so may a text; four in a row at this distance are no accident.
fn is_transport_stream(head: &[u8]) -> bool {
    head.len() >= HEAD_BYTES
        && head
            .iter()
            .step_by(TRANSPORT_PACKET_BYTES)
            .all(|&sync| sync == 0x47)
}

#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
