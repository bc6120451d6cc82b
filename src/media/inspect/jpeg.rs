//! JPEG: segments of a marker and a length, up to the coded picture, which ends with a marker of its own.
//! ITU-T T.81, annex B: <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>

use super::fields::be_u16;
use super::tiff::Directory;
use super::window::{WALK_MAX, Window};
use super::{Flaw, Inspected, Size};

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let mut size = None;
    let mut turned = None;
    let mut at = 2;
    loop {
        window.step()?;
        let marker = match window.at(at, 2).await? {
            // Any number of 0xff may stand before a marker.
            [0xff, 0xff] => {
                at += 1;
                continue;
            }
            [0xff, marker] => *marker,
            _ => return Err(Flaw::damaged("a segment does not begin with a marker")),
        };
        at += 2;
        match marker {
            // They stand alone, without a length.
            0x01 | 0xd0..=0xd8 => continue,
            0xda => break,
            0xd9 => return Err(Flaw::damaged("it ends before its picture")),
            _ => {}
        }
        let length = be_u16(window.at(at, 2).await?, 0).unwrap_or(0);
        if length < 2 {
            return Err(Flaw::damaged("a segment is shorter than its own length"));
        }
        if is_frame(marker) && size.is_none() {
            size = Some(frame_size(window.at(at, usize::from(length)).await?)?);
        }
        if marker == 0xe1 && turned.is_none() {
            turned = is_turned(window.at(at, usize::from(length)).await?);
        }
        at += u64::from(length);
    }
    let Some(size) = size else {
        return Err(Flaw::damaged("its picture has no header"));
    };
    find_end(window, at).await?;
    let shown = if turned == Some(true) {
        size.turned()
    } else {
        size
    };
    Ok(Inspected::image("image/jpeg", shown))
}

/// Start of a frame: every coding but tables (C4), extensions (C8) and arithmetic conditioning (CC), which lie between.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Length, precision, height, width.
fn frame_size(segment: &[u8]) -> Result<Size, Flaw> {
    match (be_u16(segment, 5), be_u16(segment, 3)) {
        (Some(width), Some(height)) => Size::new(width.into(), height.into()),
        _ => Err(Flaw::damaged("the header of its picture is too short")),
    }
}

/// Whether EXIF says that the picture lies on its side. `None` where the segment is not EXIF, or says nothing.
fn is_turned(segment: &[u8]) -> Option<bool> {
    let exif = segment.get(2..)?.strip_prefix(b"Exif\0\0")?;
    let directory = Directory::at(exif, exif)?;
    Some(directory.is_turned())
}

/// A picture that was cut off on its way has no end, and shows grey from there on. What follows the end is left alone:
/// telephones append a video.
async fn find_end(window: &mut Window<'_>, from: u64) -> Result<(), Flaw> {
    let size = window.size();
    let mut at = from;
    let mut before = 0;
    while at < size.min(WALK_MAX) {
        let piece = window.piece(at).await?;
        if piece.is_empty() {
            break;
        }
        for &byte in piece {
            if before == 0xff && byte == 0xd9 {
                return Ok(());
            }
            before = byte;
        }
        at += piece.len() as u64;
    }
    if at >= WALK_MAX {
        return Ok(());
    }
    Err(Flaw::damaged("its picture has no end"))
}
