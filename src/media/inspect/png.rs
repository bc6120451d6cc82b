//! PNG, and APNG: chunks of a length, a name, contents and a checksum.
//! <https://www.w3.org/TR/png-3/#5DataRep>

use super::fields::{be_u32, bytes};
use super::window::{WALK_MAX, Window};
use super::{Flaw, Inspected, Size};

const SIGNATURE_BYTES: u64 = 8;

/// Length, name, checksum.
const CHUNK_FRAME_BYTES: u64 = 12;

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let header = window.at(SIGNATURE_BYTES, 16).await?;
    if header.get(4..8) != Some(b"IHDR") {
        return Err(Flaw::damaged("it does not begin with its header"));
    }
    let (Some(width), Some(height)) = (be_u32(header, 8), be_u32(header, 12)) else {
        return Err(Flaw::damaged("its header is too short"));
    };
    let size = Size::new(width, height)?;
    Ok(Inspected {
        frames: Some(frames(window).await?),
        ..Inspected::image("image/png", size)
    })
}

/// How many pictures it has. Walks to the end, so that a file that was cut off is told.
async fn frames(window: &mut Window<'_>) -> Result<u32, Flaw> {
    let mut frames = 1;
    let mut at = SIGNATURE_BYTES;
    while at < WALK_MAX {
        window.step()?;
        let head = window.at(at, 8).await?;
        let (Some(length), Some(name)) = (be_u32(head, 0), bytes::<4>(head, 4)) else {
            break;
        };
        match &name {
            b"IEND" => break,
            b"acTL" => frames = be_u32(window.at(at + 8, 4).await?, 0).unwrap_or(1).max(1),
            _ => {}
        }
        at += CHUNK_FRAME_BYTES + u64::from(length);
        if at > window.size() {
            return Err(Flaw::damaged("it ends too early"));
        }
    }
    Ok(frames)
}
