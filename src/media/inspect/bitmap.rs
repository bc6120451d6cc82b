//! BMP: a header of 14 bytes, then one of several, told apart by their length.
//! <https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage>

use super::fields::{bytes, le_u16, le_u32};
use super::{Flaw, Inspected, Size};

const OLDEST_HEADER_BYTES: u32 = 12;

/// Two letters are weak evidence: a text may begin so. The length of the second header is better.
pub(super) fn is_one(head: &[u8]) -> bool {
    matches!(
        le_u32(head, 14),
        Some(OLDEST_HEADER_BYTES | 40 | 52 | 56 | 64 | 108 | 124)
    )
}

pub(super) fn inspect(head: &[u8]) -> Result<Inspected, Flaw> {
    let size = if le_u32(head, 14) == Some(OLDEST_HEADER_BYTES) {
        le_u16(head, 18)
            .zip(le_u16(head, 20))
            .map(|(w, h)| (w.into(), h.into()))
    } else {
        // A height below zero is of a picture that is stored from the top.
        let side = |offset| bytes(head, offset).map(|side| i32::from_le_bytes(side).unsigned_abs());
        side(18).zip(side(22))
    };
    let Some((width, height)) = size else {
        return Err(Flaw::damaged("it ends too early"));
    };
    Ok(Inspected::image("image/bmp", Size::new(width, height)?))
}
