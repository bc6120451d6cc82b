//! TIFF, alone and as what EXIF is made of: a directory of numbered entries, in either order of bytes.
//! <https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf>

use super::fields::{be_u16, be_u32, le_u16, le_u32};
use super::window::Window;
use super::{Flaw, Inspected, Size};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const ORIENTATION: u16 = 274;
const ENTRY_BYTES: usize = 12;

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let head = window.at(0, 8).await?.to_vec();
    let Some((is_big, start)) = start(&head) else {
        return Err(Flaw::Unknown);
    };
    let count = usize::from(u16_in(is_big, window.at(start.into(), 2).await?, 0).unwrap_or(0));
    let entries = window.at(u64::from(start) + 2, count * ENTRY_BYTES).await?;
    let directory = Directory { is_big, entries };
    let (Some(width), Some(height)) = (directory.value(WIDTH), directory.value(HEIGHT)) else {
        return Err(Flaw::damaged("it does not say how large its picture is"));
    };
    let size = Size::new(width, height)?;
    let shown = if directory.is_turned() {
        size.turned()
    } else {
        size
    };
    Ok(Inspected::image("image/tiff", shown))
}

/// The entries that describe the first picture.
pub(super) struct Directory<'d> {
    is_big: bool,
    entries: &'d [u8],
}

impl<'d> Directory<'d> {
    /// The directory that `head` points at. `None` where there is none whole.
    pub(super) fn at(head: &[u8], file: &'d [u8]) -> Option<Self> {
        let (is_big, start) = start(head)?;
        let directory = file.get(usize::try_from(start).ok()?..)?;
        let count = usize::from(u16_in(is_big, directory, 0)?);
        let entries = directory.get(2..2 + count * ENTRY_BYTES)?;
        Some(Self { is_big, entries })
    }

    /// Whether the picture is shown turned by a quarter: orientations 5 to 8.
    pub(super) fn is_turned(&self) -> bool {
        matches!(self.value(ORIENTATION), Some(5..=8))
    }

    /// The first value of an entry, of type SHORT (3) or LONG (4).
    fn value(&self, tag: u16) -> Option<u32> {
        let entry = self
            .entries
            .chunks_exact(ENTRY_BYTES)
            .find(|entry| u16_in(self.is_big, entry, 0) == Some(tag))?;
        match u16_in(self.is_big, entry, 2)? {
            3 => u16_in(self.is_big, entry, 8).map(u32::from),
            4 => u32_in(self.is_big, entry, 8),
            _ => None,
        }
    }
}

/// Whether the highest byte comes first, and where the first directory is.
fn start(head: &[u8]) -> Option<(bool, u32)> {
    let is_big = match head {
        [b'M', b'M', 0, 42, ..] => true,
        [b'I', b'I', 42, 0, ..] => false,
        _ => return None,
    };
    Some((is_big, u32_in(is_big, head, 4)?))
}

fn u16_in(is_big: bool, from: &[u8], offset: usize) -> Option<u16> {
    if is_big {
        be_u16(from, offset)
    } else {
        le_u16(from, offset)
    }
}

fn u32_in(is_big: bool, from: &[u8], offset: usize) -> Option<u32> {
    if is_big {
        be_u32(from, offset)
    } else {
        le_u32(from, offset)
    }
}
