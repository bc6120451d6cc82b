//! WEBP: chunks in RIFF; the first tells which of three forms it is.
//! <https://developers.google.com/speed/webp/docs/riff_container>

use super::fields::{bytes, le_u16, le_u24, le_u32};
use super::window::{WALK_MAX, Window};
use super::{Flaw, Inspected, Size};

/// `RIFF`, the size, `WEBP`.
const HEADER_BYTES: u64 = 12;

/// A chunk's name and length.
const CHUNK_HEAD_BYTES: u64 = 8;

const TOO_SHORT: Flaw = Flaw::damaged("the header of its picture is too short");

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let head = window.at(0, 30).await?;
    // The size counts from behind itself.
    let whole = u64::from(le_u32(head, 4).unwrap_or(0)) + 8;
    let contents = head.get(20..).unwrap_or_default();
    let (size, moves) = match bytes::<4>(head, 12).as_ref() {
        Some(b"VP8 ") => (lossy(contents)?, false),
        Some(b"VP8L") => (lossless(contents)?, false),
        Some(b"VP8X") => extended(contents)?,
        _ => return Err(Flaw::damaged("it begins with no picture")),
    };
    if whole > window.size() {
        return Err(Flaw::damaged("it ends too early"));
    }
    let image = Inspected::image("image/webp", size);
    if !moves {
        return Ok(image);
    }
    let (frames, duration_ms) = play(window, whole).await?.unzip();
    Ok(Inspected {
        duration_ms,
        frames,
        ..image
    })
}

/// Three bytes of tag, three that are always the same, the sides in 14 bits each.
fn lossy(contents: &[u8]) -> Result<Size, Flaw> {
    if contents.get(3..6) != Some(&[0x9d, 0x01, 0x2a]) {
        return Err(Flaw::damaged("its picture does not begin as one"));
    }
    let side = |offset| le_u16(contents, offset).map(|side| u32::from(side & 0x3fff));
    let (width, height) = side(6).zip(side(8)).ok_or(TOO_SHORT)?;
    Size::new(width, height)
}

/// A byte that is always the same, then the sides less one, in 14 bits each.
fn lossless(contents: &[u8]) -> Result<Size, Flaw> {
    if contents.first() != Some(&0x2f) {
        return Err(Flaw::damaged("its picture does not begin as one"));
    }
    let bits = le_u32(contents, 1).ok_or(TOO_SHORT)?;
    Size::new((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
}

/// Flags, three bytes, the sides less one in 24 bits each. And whether it moves.
fn extended(contents: &[u8]) -> Result<(Size, bool), Flaw> {
    let flags = contents.first().ok_or(TOO_SHORT)?;
    let side = |offset| le_u24(contents, offset).map(|side| side + 1);
    let (width, height) = side(4).zip(side(7)).ok_or(TOO_SHORT)?;
    Ok((Size::new(width, height)?, flags & 0x02 != 0))
}

/// How many pictures, and for how long, where it was seen whole.
async fn play(window: &mut Window<'_>, whole: u64) -> Result<Option<(u32, u64)>, Flaw> {
    let (mut frames, mut duration_ms) = (0_u32, 0_u64);
    let mut at = HEADER_BYTES;
    while at + CHUNK_HEAD_BYTES <= whole {
        if at >= WALK_MAX {
            return Ok(None);
        }
        window.step()?;
        let head = window.at(at, 8).await?;
        let length = u64::from(le_u32(head, 4).unwrap_or(0));
        if head.starts_with(b"ANMF") {
            frames += 1;
            // Place and size before it, in 24 bits each.
            let duration = le_u24(window.at(at + CHUNK_HEAD_BYTES, 15).await?, 12);
            duration_ms += u64::from(duration.unwrap_or(0));
        }
        // Contents of an odd length are followed by a byte of nothing.
        at += CHUNK_HEAD_BYTES + length + length % 2;
    }
    if frames == 0 {
        return Err(Flaw::damaged("it has no picture"));
    }
    Ok(Some((frames, duration_ms)))
}
