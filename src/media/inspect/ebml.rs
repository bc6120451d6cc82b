//! The elements that Matroska and `WebM` files are made of: a name and a length, each of one to eight bytes, then
//! contents, which may be elements. RFC 8794, section 4: <https://www.rfc-editor.org/rfc/rfc8794>

use super::Flaw;
use super::fields::bytes;
use super::window::Window;

/// A name has at most four bytes, a length eight.
const HEAD_BYTES_MAX: usize = 12;

/// One element: where its contents begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    /// With the bits that mark its length, as the specification writes it.
    pub(super) name: u32,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether it says where it ends. What is written while it is recorded does not.
    pub(super) is_closed: bool,
}

impl Element {
    pub(super) fn children(&self) -> Elements {
        Elements::new(self.start, self.end)
    }

    /// A number of at most eight bytes, the highest first.
    pub(super) async fn number(&self, window: &mut Window<'_>) -> Result<u64, Flaw> {
        let contents = self.contents(window, 8).await?;
        Ok(contents
            .iter()
            .fold(0, |number, &byte| (number << 8) | u64::from(byte)))
    }

    /// A number with a fraction, of four or eight bytes.
    pub(super) async fn fraction(&self, window: &mut Window<'_>) -> Result<Option<f64>, Flaw> {
        let contents = self.contents(window, 8).await?;
        Ok(match contents.len() {
            4 => bytes(contents, 0).map(|it| f32::from_be_bytes(it).into()),
            8 => bytes(contents, 0).map(f64::from_be_bytes),
            _ => None,
        })
    }

    /// A text of at most 32 characters; what cannot be printed is left out.
    pub(super) async fn text(&self, window: &mut Window<'_>) -> Result<String, Flaw> {
        let contents = self.contents(window, 32).await?;
        let printable = contents.iter().filter(|byte| matches!(byte, 0x20..=0x7e));
        Ok(printable.map(|&byte| char::from(byte)).collect())
    }

    async fn contents<'w>(&self, window: &'w mut Window<'_>, max: usize) -> Result<&'w [u8], Flaw> {
        let whole = self.end.saturating_sub(self.start);
        let len = usize::try_from(whole).map_or(max, |whole| whole.min(max));
        window.at(self.start, len).await
    }
}

/// Elements one after another.
pub(super) struct Elements {
    at: u64,
    end: u64,
}

impl Elements {
    pub(super) fn new(at: u64, end: u64) -> Self {
        Self { at, end }
    }

    /// The next one. One that says it ends behind what it is in is an error; one that leaves its end open has that end.
    pub(super) async fn next(&mut self, window: &mut Window<'_>) -> Result<Option<Element>, Flaw> {
        if self.at >= self.end {
            return Ok(None);
        }
        window.step()?;
        let head = window.up_to(self.at, HEAD_BYTES_MAX).await?;
        let (name, name_bytes) = name(head).ok_or(NO_ELEMENT)?;
        let rest = head.get(name_bytes..).unwrap_or_default();
        let (length, length_bytes) = length(rest).ok_or(NO_ELEMENT)?;
        let start = self.at + (name_bytes + length_bytes) as u64;
        let end = match length {
            Some(length) => start.saturating_add(length),
            None => self.end,
        };
        if end > self.end || start > self.end {
            return Err(Flaw::damaged("an element goes on beyond the end"));
        }
        self.at = end;
        Ok(Some(Element {
            name,
            start,
            end,
            is_closed: length.is_some(),
        }))
    }
}

const NO_ELEMENT: Flaw = Flaw::damaged("it has something in it that is no element");

/// The zeros before the first one tell how many bytes follow; the one is kept.
fn name(head: &[u8]) -> Option<(u32, usize)> {
    let zeros = head.first()?.leading_zeros() as usize;
    if zeros >= 4 {
        return None;
    }
    let whole = head.get(..=zeros)?;
    let name = whole
        .iter()
        .fold(0, |name, &byte| (name << 8) | u32::from(byte));
    Some((name, zeros + 1))
}

/// The same with up to eight bytes, without the first one. All ones: the end is open.
fn length(head: &[u8]) -> Option<(Option<u64>, usize)> {
    let zeros = head.first()?.leading_zeros() as usize;
    if zeros >= 8 {
        return None;
    }
    let whole = head.get(..=zeros)?;
    let number = whole
        .iter()
        .fold(0, |number, &byte| (number << 8) | u64::from(byte));
    let ones = (1_u64 << (7 * (zeros + 1))) - 1;
    let length = number & ones;
    Some(((length != ones).then_some(length), zeros + 1))
}
