//! SRT and VTT: text in UTF-8, of which some lines say from when to when the following is shown.
//! <https://www.w3.org/TR/webvtt1/#file-structure>; SRT has no specification.

use super::window::Window;
use super::{Flaw, Inspected, Kind};

/// The longest text that is taken for subtitles. A film of three hours has about 200 kB of them.
pub const SUBTITLES_MAX_BYTES: usize = 2 * 1024 * 1024;

pub(super) async fn inspect(window: &mut Window<'_>) -> Result<Inspected, Flaw> {
    let is_short = usize::try_from(window.size()).is_ok_and(|size| size <= SUBTITLES_MAX_BYTES);
    let head = window.up_to(0, 256).await?;
    let is_vtt = is_vtt(head);
    if !is_vtt && !is_srt(head) {
        return Err(Flaw::Unknown);
    }
    if !is_short {
        return Err(Flaw::damaged(
            "its text is longer than any subtitles (2 MiB)",
        ));
    }
    let whole = window.up_to(0, SUBTITLES_MAX_BYTES).await?;
    let text = std::str::from_utf8(whole).map_err(|_| Flaw::damaged("its text is not UTF-8"))?;
    let media_type = if is_vtt { "text/vtt" } else { "text/srt" };
    let last_ms = text
        .lines()
        .filter_map(|line| times(line, is_vtt))
        .map(|(_, to)| to)
        .max();
    if last_ms.is_none() {
        return Err(Flaw::damaged("it has no line that says from when to when"));
    }
    Ok(Inspected {
        duration_ms: last_ms,
        ..Inspected::new(media_type, Kind::Subtitles)
    })
}

fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
}

fn is_vtt(head: &[u8]) -> bool {
    let rest = without_mark(head).strip_prefix(b"WEBVTT");
    matches!(rest, Some([] | [b' ' | b'\t' | b'\r' | b'\n', ..]))
}

/// A line with a number, then one with times.
fn is_srt(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(without_mark(head));
    let mut lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty());
    let is_number = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    lines.next().is_some_and(is_number)
        && lines
            .next()
            .is_some_and(|line| times(line, false).is_some())
}

/// `00:00:01,500 --> 00:00:04,000`, in thousandths of a second. VTT has a point for the comma, may leave out the hours,
/// and may say more behind.
fn times(line: &str, is_vtt: bool) -> Option<(u64, u64)> {
    let (from, to) = line.split_once("-->")?;
    let to = to.split_whitespace().next()?;
    Some((time(from.trim(), is_vtt)?, time(to, is_vtt)?))
}

fn time(text: &str, is_vtt: bool) -> Option<u64> {
    let (whole, thousandths) = text.split_once(if is_vtt { '.' } else { ',' })?;
    let mut parts = whole.rsplit(':');
    let seconds = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let hours = match parts.next() {
        Some(hours) => digits(hours, 5)?,
        None if is_vtt => 0,
        None => return None,
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + digits(thousandths, 3)?)
}

fn digits(text: &str, at_most: usize) -> Option<u64> {
    let is_number =
        (1..=at_most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
