//! `WebM`, and the Matroska that it is a part of. Read up to the first cluster of samples.
//! RFC 9559: <https://www.rfc-editor.org/rfc/rfc9559>

use super::ebml::{Element, Elements};
use super::window::Window;
use super::{Flaw, Inspected, Kind, Size};

const HEADER: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const DEFAULT_DURATION: u32 = 0x23_e383;
const VIDEO: u32 = 0xe0;
const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const CLUSTER: u32 = 0x1f43_b675;

/// Nanoseconds in a unit of time, where the file does not say.
const TIMESTAMP_SCALE_DEFAULT: u64 = 1_000_000;

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let mut outer = Elements::new(0, window.size());
    let mut media_type = None;
    while let Some(element) = outer.next(window).await? {
        match element.name {
            HEADER => media_type = doc_type(window, element).await?,
            SEGMENT => {
                let media_type = media_type.ok_or(Flaw::Unknown)?;
                return read_segment(window, element, media_type).await;
            }
            _ => {}
        }
    }
    Err(Flaw::damaged("it has no segment"))
}

async fn doc_type(window: &mut Window<'_>, header: Element) -> Result<Option<&'static str>, Flaw> {
    let mut children = header.children();
    while let Some(child) = children.next(window).await? {
        if child.name == DOC_TYPE {
            return Ok(match child.text(window).await?.as_str() {
                "webm" => Some("video/webm"),
                "matroska" => Some("video/x-matroska"),
                _ => None,
            });
        }
    }
    Ok(None)
}

async fn read_segment(
    window: &mut Window<'_>,
    segment: Element,
    media_type: &'static str,
) -> Result<Inspected, Flaw> {
    let mut found = Inspected::new(media_type, Kind::Video);
    let mut has_tracks = false;
    let mut children = segment.children();
    while let Some(child) = children.next(window).await? {
        match child.name {
            INFO => found.duration_ms = duration(window, child).await?,
            TRACKS => {
                has_tracks = true;
                read_tracks(window, child, &mut found).await?;
            }
            // All that is wanted stands before the first; where it is not closed, there is no way past it.
            CLUSTER => break,
            _ if !child.is_closed => break,
            _ => {}
        }
    }
    match (has_tracks, &found.video_codec) {
        (false, _) => Err(Flaw::damaged("it has no tracks")),
        (true, None) => Err(Flaw::SoundOnly),
        (true, Some(_)) => Ok(found),
    }
}

async fn duration(window: &mut Window<'_>, of: Element) -> Result<Option<u64>, Flaw> {
    let mut scale = TIMESTAMP_SCALE_DEFAULT;
    let mut duration = None;
    let mut children = of.children();
    while let Some(child) = children.next(window).await? {
        match child.name {
            TIMESTAMP_SCALE => scale = child.number(window).await?,
            DURATION => duration = child.fraction(window).await?,
            _ => {}
        }
    }
    Ok(duration.and_then(|duration| milliseconds(duration, scale)))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast to an integer ends at its bounds, and a duration needs no more than 52 bits"
)]
fn milliseconds(duration: f64, scale: u64) -> Option<u64> {
    let ms = duration * scale as f64 / 1e6;
    (ms.is_finite() && ms > 0.0).then_some(ms as u64)
}

/// What a track is that comes with a picture, or with sound.
#[derive(Default)]
struct Track {
    kind: u64,
    codec: Option<String>,
    size: Option<Size>,
    /// In nanoseconds.
    frame_duration: u64,
}

async fn read_tracks(
    window: &mut Window<'_>,
    tracks: Element,
    found: &mut Inspected,
) -> Result<(), Flaw> {
    let mut children = tracks.children();
    while let Some(child) = children.next(window).await? {
        if child.name != TRACK_ENTRY {
            continue;
        }
        let track = read_track(window, child).await?;
        match track.kind {
            1 if found.video_codec.is_none() => {
                let codec = track.codec.unwrap_or_default();
                found.video_codec = Some(codec);
                found.width = track.size.map(|size| size.width);
                found.height = track.size.map(|size| size.height);
                let rate = 1_000_000_000_000_u64.checked_div(track.frame_duration);
                found.frames_per_1000_seconds = rate.and_then(|rate| u32::try_from(rate).ok());
            }
            2 if found.audio_codec.is_none() => found.audio_codec = track.codec,
            _ => {}
        }
    }
    Ok(())
}

async fn read_track(window: &mut Window<'_>, entry: Element) -> Result<Track, Flaw> {
    let mut track = Track::default();
    let mut children = entry.children();
    while let Some(child) = children.next(window).await? {
        match child.name {
            TRACK_TYPE => track.kind = child.number(window).await?,
            CODEC_ID => track.codec = Some(child.text(window).await?),
            DEFAULT_DURATION => track.frame_duration = child.number(window).await?,
            VIDEO => track.size = video_size(window, child).await?,
            _ => {}
        }
    }
    Ok(track)
}

async fn video_size(window: &mut Window<'_>, video: Element) -> Result<Option<Size>, Flaw> {
    let (mut width, mut height) = (0, 0);
    let mut children = video.children();
    while let Some(child) = children.next(window).await? {
        match child.name {
            PIXEL_WIDTH => width = child.number(window).await?,
            PIXEL_HEIGHT => height = child.number(window).await?,
            _ => {}
        }
    }
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    Ok(sides.and_then(|(width, height)| Size::new(width, height).ok()))
}
