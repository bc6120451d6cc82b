//! One track of a movie: what it is, how large, how coded, how fast.

use super::boxes::Atom;
use super::fields::{be_u16, be_u32, be_u64, bytes, milliseconds};
use super::window::Window;
use super::{Flaw, Size};

/// What a track holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sort {
    Video,
    Sound,
    #[default]
    Other,
}

/// One track.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) sort: Sort,
    /// Whether it is meant to be shown.
    pub(super) is_shown: bool,
    /// As shown.
    pub(super) size: Option<Size>,
    pub(super) duration_ms: Option<u64>,
    pub(super) codec: Option<String>,
    pub(super) frames_per_1000_seconds: Option<u32>,
}

/// Reads a `trak` box.
pub(super) async fn read(window: &mut Window<'_>, whole: Atom) -> Result<Track, Flaw> {
    let mut track = Track::default();
    let mut header = None;
    let mut media = None;
    let mut children = whole.children();
    while let Some(child) = children.next(window).await? {
        match &child.name {
            b"tkhd" => header = Some(TrackHeader::read(child.contents(window, 96).await?)),
            b"mdia" => media = media.or(Some(child)),
            _ => {}
        }
    }
    if let Some(media) = media {
        read_media(window, media, &mut track).await?;
    }
    if let Some(header) = header {
        track.is_shown = header.is_shown;
        // What the header says of the size is what is shown; the samples may have pixels that are no squares.
        let size = header.size.or(track.size);
        track.size = size.map(|size| {
            if header.is_turned {
                size.turned()
            } else {
                size
            }
        });
    }
    Ok(track)
}

async fn read_media(window: &mut Window<'_>, media: Atom, track: &mut Track) -> Result<(), Flaw> {
    let mut time = None;
    let mut information = None;
    let mut children = media.children();
    while let Some(child) = children.next(window).await? {
        match &child.name {
            b"mdhd" => time = duration(child.contents(window, 32).await?),
            b"hdlr" => {
                let handler = bytes::<4>(child.contents(window, 12).await?, 8);
                track.sort = match handler.as_ref() {
                    Some(b"vide") => Sort::Video,
                    Some(b"soun") => Sort::Sound,
                    _ => Sort::Other,
                }
            }
            b"minf" => information = information.or(Some(child)),
            _ => {}
        }
    }
    let Some((duration, scale)) = time else {
        return Err(Flaw::damaged("a track does not say how long it is"));
    };
    track.duration_ms = duration.and_then(|duration| milliseconds(duration, scale));
    let Some(information) = information.filter(|_| track.sort != Sort::Other) else {
        return Ok(());
    };
    if let Some(table) = information.child(window, b"stbl").await? {
        let samples = read_table(window, table, track).await?;
        track.frames_per_1000_seconds = duration.and_then(|it| rate(samples?, it, scale));
    }
    Ok(())
}

/// Reads how samples are coded, and says how many there are: in the first field of the table of their sizes, while the
/// table of their times would have to be read whole.
async fn read_table(
    window: &mut Window<'_>,
    table: Atom,
    track: &mut Track,
) -> Result<Option<u32>, Flaw> {
    let mut samples = None;
    let mut children = table.children();
    while let Some(child) = children.next(window).await? {
        match &child.name {
            b"stsd" => {
                // Version and number of entries, then the first entry: length, name, and for a video 24 bytes more
                // before its sides.
                let description = child.contents(window, 44).await?;
                track.codec = bytes(description, 12).map(four_characters);
                let sides = be_u16(description, 40).zip(be_u16(description, 42));
                if let Some((width, height)) = sides.filter(|_| track.sort == Sort::Video) {
                    track.size = Size::new(width.into(), height.into()).ok();
                }
            }
            b"stsz" | b"stz2" => samples = be_u32(child.contents(window, 12).await?, 8),
            _ => {}
        }
    }
    Ok(samples)
}

/// The duration, unless the file leaves it open, and how many of its units are a second: of `mvhd` and `mdhd`, which
/// begin alike. `None` where the box is too short or the unit is nothing.
pub(super) fn duration(header: &[u8]) -> Option<(Option<u64>, u32)> {
    let (scale, duration) = match header.first()? {
        1 => (
            be_u32(header, 20)?,
            Some(be_u64(header, 24)?).filter(|&it| it != u64::MAX),
        ),
        _ => (
            be_u32(header, 12)?,
            Some(be_u32(header, 16)?)
                .filter(|&it| it != u32::MAX)
                .map(u64::from),
        ),
    };
    // A movie in fragments has none of its own, and says zero.
    (scale > 0).then_some((duration.filter(|&it| it > 0), scale))
}

struct TrackHeader {
    is_shown: bool,
    size: Option<Size>,
    is_turned: bool,
}

impl TrackHeader {
    /// Version and flags; times, in 32 or 64 bits; 16 bytes about layers and sound; the matrix; the sides, with a
    /// fraction of 16 bits.
    fn read(header: &[u8]) -> Self {
        let matrix = if header.first() == Some(&1) { 52 } else { 40 };
        let pixels = |offset| be_u32(header, offset).map(|pixels| pixels >> 16);
        let cell = |offset| be_u32(header, offset).unwrap_or(0);
        let sides = pixels(matrix + 36).zip(pixels(matrix + 40));
        Self {
            is_shown: header.get(3).is_some_and(|flags| flags & 1 != 0),
            size: sides.and_then(|(width, height)| Size::new(width, height).ok()),
            // By a quarter: x comes from y alone, and y from x.
            is_turned: cell(matrix) == 0
                && cell(matrix + 16) == 0
                && cell(matrix + 4) != 0
                && cell(matrix + 12) != 0,
        }
    }
}

fn rate(samples: u32, duration: u64, scale: u32) -> Option<u32> {
    let thousandths = u128::from(samples) * u128::from(scale) * 1000;
    u32::try_from(thousandths.checked_div(duration.into())?)
        .ok()
        .filter(|&rate| rate > 0)
}

/// Four characters as text; what cannot be printed is a question mark.
fn four_characters(name: [u8; 4]) -> String {
    name.iter()
        .map(|&byte| {
            if matches!(byte, 0x20..=0x7e) {
                byte.into()
            } else {
                '?'
            }
        })
        .collect()
}
