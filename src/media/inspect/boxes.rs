//! The boxes that MP4 and `QuickTime` files are made of: a length, a name of four characters, contents, which may be
//! boxes. ISO/IEC 14496-12, section 4.2; <https://developer.apple.com/documentation/quicktime-file-format>

use super::Flaw;
use super::fields::{be_u32, be_u64, bytes};
use super::window::Window;

const HEAD_BYTES: u64 = 8;

/// A head with a length of 64 bits behind the name.
const LONG_HEAD_BYTES: u64 = 16;

/// One box: where its contents begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) name: [u8; 4],
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Atom {
    /// The first `len` bytes of the contents, or as many as there are.
    pub(super) async fn contents<'w>(
        &self,
        window: &'w mut Window<'_>,
        len: usize,
    ) -> Result<&'w [u8], Flaw> {
        let whole = self.end.saturating_sub(self.start);
        let len = usize::try_from(whole).map_or(len, |whole| whole.min(len));
        window.at(self.start, len).await
    }

    /// The boxes in it.
    pub(super) fn children(&self) -> Row {
        Row::new(self.start, self.end)
    }

    /// The first box of this name in it.
    pub(super) async fn child(
        &self,
        window: &mut Window<'_>,
        name: &[u8; 4],
    ) -> Result<Option<Self>, Flaw> {
        let mut children = self.children();
        while let Some(child) = children.next(window).await? {
            if child.name == *name {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }
}

/// Boxes one after another.
pub(super) struct Row {
    at: u64,
    end: u64,
}

impl Row {
    pub(super) fn new(at: u64, end: u64) -> Self {
        Self { at, end }
    }

    /// The next one. What is left at the end and too short for a box is none: `QuickTime` ends some rows with a zero.
    pub(super) async fn next(&mut self, window: &mut Window<'_>) -> Result<Option<Atom>, Flaw> {
        let left = self.end.saturating_sub(self.at);
        if left < HEAD_BYTES {
            return Ok(None);
        }
        window.step()?;
        let head = window.up_to(self.at, 16).await?;
        let (Some(length), Some(name)) = (be_u32(head, 0), bytes(head, 4)) else {
            return Err(ENDS_TOO_EARLY);
        };
        let (head_bytes, length) = match length {
            // To the end of what it is in.
            0 => (HEAD_BYTES, left),
            1 => (LONG_HEAD_BYTES, be_u64(head, 8).ok_or(ENDS_TOO_EARLY)?),
            length => (HEAD_BYTES, length.into()),
        };
        if length < head_bytes {
            return Err(Flaw::damaged("a box is shorter than its own head"));
        }
        if length > left {
            return Err(ENDS_TOO_EARLY);
        }
        let found = Atom {
            name,
            start: self.at + head_bytes,
            end: self.at + length,
        };
        self.at = found.end;
        Ok(Some(found))
    }
}

const ENDS_TOO_EARLY: Flaw = Flaw::damaged("a box goes on beyond the end");
