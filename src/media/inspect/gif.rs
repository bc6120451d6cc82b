//! GIF: a header, then blocks, each a chain of sub-blocks of at most 255 bytes.
//! <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>

use super::fields::le_u16;
use super::window::{WALK_MAX, Window};
use super::{Flaw, Inspected, Kind, Size};

const HEADER_BYTES: u64 = 13;

/// What the blocks come to.
#[derive(Default)]
struct Played {
    frames: u32,
    /// In hundredths of a second, as the file has it. What browsers make of very short delays is not counted.
    delays: u64,
    /// Whether it was seen whole.
    is_whole: bool,
}

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let header = window.at(0, 13).await?;
    let (Some(width), Some(height), Some(&flags)) =
        (le_u16(header, 6), le_u16(header, 8), header.get(10))
    else {
        return Err(Flaw::damaged("its header is too short"));
    };
    let size = Size::new(width.into(), height.into())?;
    let played = play(window, HEADER_BYTES + colour_table_bytes(flags)).await?;
    let image = Inspected::image("image/gif", size);
    match played {
        Played { frames: 0, .. } => Err(Flaw::damaged("it has no picture")),
        Played { frames: 1, .. } => Ok(image),
        Played {
            frames,
            delays,
            is_whole,
        } => Ok(Inspected {
            kind: Kind::Gif,
            frames: is_whole.then_some(frames),
            duration_ms: is_whole.then_some(delays * 10),
            ..image
        }),
    }
}

/// Walks the blocks. A GIF that ends between two of them lacks its last byte and plays all the same.
async fn play(window: &mut Window<'_>, from: u64) -> Result<Played, Flaw> {
    let mut played = Played::default();
    let mut at = from;
    while at < WALK_MAX {
        window.step()?;
        at = match *window.up_to(at, 10).await? {
            [] | [0x3b, ..] => {
                played.is_whole = true;
                break;
            }
            // What separates the pictures: a length of 4, flags, the delay.
            [0x21, 0xf9, 4, _, low, high, ..] => {
                played.delays += u64::from(u16::from_le_bytes([low, high]));
                skip_chain(window, at + 2).await?
            }
            [0x21, _, ..] => skip_chain(window, at + 2).await?,
            [0x2c, _, _, _, _, _, _, _, _, flags] => {
                played.frames = played.frames.saturating_add(1);
                // A byte about the coding stands before the chain.
                skip_chain(window, at + 10 + colour_table_bytes(flags) + 1).await?
            }
            [0x21 | 0x2c, ..] => return Err(Flaw::damaged("it ends too early")),
            // Some programs fill up with zeros.
            [0, ..] => at + 1,
            _ => return Err(Flaw::damaged("it has a block of no known kind")),
        };
    }
    Ok(played)
}

/// The offset after a chain of sub-blocks: each begins with its length, and one of no length ends it.
async fn skip_chain(window: &mut Window<'_>, from: u64) -> Result<u64, Flaw> {
    let mut at = from;
    while at < WALK_MAX {
        window.step()?;
        match window.at(at, 1).await? {
            [0] => return Ok(at + 1),
            [length] => at += 1 + u64::from(*length),
            _ => break,
        }
    }
    Ok(at)
}

/// Three bytes for each of 2 to 256 colours, or no table.
fn colour_table_bytes(flags: u8) -> u64 {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 0x07) + 1)
    }
}
