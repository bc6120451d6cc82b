//! Reading in pieces: one piece is held, and the next is read when something beyond it is asked for.

use super::{Bytes, Flaw};

/// How often one file is read at most. Each is a call to storage, of which a request has 1,000.
/// <https://developers.cloudflare.com/workers/platform/limits/#subrequests>
pub const READS_MAX: u32 = 200;

/// How much is read at once: a larger file has fewer pieces than [`READS_MAX`] as far as [`WALK_MAX`].
const PIECE_BYTES: usize = 128 * 1024;

/// How far a walk through the whole of a picture goes, beyond all that X takes. What lies behind is not looked at.
pub(super) const WALK_MAX: u64 = 20 * 1024 * 1024;

/// How many boxes, chunks and blocks are looked at in one file. A GIF as large as [`WALK_MAX`] has 82,000 full blocks.
const STEPS_MAX: u32 = 1_000_000;

/// A file, and the piece of it that was read last.
pub(super) struct Window<'b> {
    bytes: &'b dyn Bytes,
    /// The offset of what is held.
    start: u64,
    held: Vec<u8>,
    reads_left: u32,
    steps_left: u32,
}

impl<'b> Window<'b> {
    pub(super) fn new(bytes: &'b dyn Bytes) -> Self {
        Self {
            bytes,
            start: 0,
            held: Vec::new(),
            reads_left: READS_MAX,
            steps_left: STEPS_MAX,
        }
    }

    /// The size of the file.
    pub(super) fn size(&self) -> u64 {
        self.bytes.size_bytes()
    }

    /// Exactly these bytes. `len` is never a number out of a file, unless one of at most 20 bits.
    pub(super) async fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Flaw> {
        let found = self.up_to(offset, len).await?;
        if found.len() < len {
            return Err(Flaw::damaged("it ends too early"));
        }
        Ok(found)
    }

    /// These bytes, or fewer where the file ends.
    pub(super) async fn up_to(&mut self, offset: u64, len: usize) -> Result<&[u8], Flaw> {
        let left = self.size().saturating_sub(offset);
        let len = usize::try_from(left).map_or(len, |left| left.min(len));
        if self.held_at(offset, len).is_none() {
            self.reads_left = self.reads_left.checked_sub(1).ok_or(TOO_MANY_PIECES)?;
            self.held = self
                .bytes
                .read(offset, len.max(PIECE_BYTES))
                .await
                .map_err(Flaw::Unread)?;
            self.start = offset;
        }
        // Storage that gives less than its size promised is as good as a file that was cut off.
        Ok(self.held_at(offset, len).unwrap_or_default())
    }

    /// All that is held from `offset` on, and at least a byte, unless the file ends there.
    pub(super) async fn piece(&mut self, offset: u64) -> Result<&[u8], Flaw> {
        self.up_to(offset, 1).await?;
        let skipped = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        Ok(self.held.get(skipped..).unwrap_or_default())
    }

    /// Counts something that was looked at, for a file may be made of millions of nothings.
    pub(super) fn step(&mut self) -> Result<(), Flaw> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(TOO_MANY_PIECES)?;
        Ok(())
    }

    fn held_at(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.held.get(from..from.checked_add(len)?)
    }
}

const TOO_MANY_PIECES: Flaw = Flaw::damaged("it is made of more pieces than a sound file");
