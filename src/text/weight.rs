//! The weight of a text by X's configuration 3, the one in force.
//! <https://docs.x.com/fundamentals/counting-characters>

use super::characters::is_invalid;
use super::emoji;
use super::urls::Url;

/// Weights are in hundredths of a unit of length.
const SCALE: u64 = 100;

/// The weight of an emoji, and of a character outside the light ranges.
const DEFAULT_WEIGHT: u64 = 200;

/// The weight of a character in the light ranges: scripts from Latin to Georgian, and general
/// punctuation.
const LIGHT_WEIGHT: u64 = 100;

/// What X makes of a link, whatever its length: 23 characters (`https://t.co/` and ten more).
const URL_WEIGHT: u64 = 23 * SCALE;

/// The weighted length of `text`, which is in NFC and has the links `urls`.
pub(super) fn weighted_length(text: &[char], urls: &[Url]) -> u32 {
    let mut weight = 0;
    count(text, urls, |_, _, more| weight += more);
    to_length(weight)
}

/// The weighted length of what is before each place in `text`, its end included, and whether the
/// place is within an emoji.
pub(super) fn running_lengths(text: &[char], urls: &[Url]) -> Vec<(u32, bool)> {
    let mut weight = 0;
    let mut lengths = Vec::with_capacity(text.len() + 1);
    lengths.push((0, false));
    count(text, urls, |from, to, more| {
        weight += more;
        lengths.extend((from + 1..to).map(|_| (to_length(weight), true)));
        lengths.push((to_length(weight), false));
    });
    lengths
}

/// Calls `add` with start, end and weight of each piece of `text`: an emoji, or a character, the
/// first of a link having the weight of the link.
fn count(text: &[char], urls: &[Url], mut add: impl FnMut(usize, usize, u64)) {
    let mut urls = urls.iter().peekable();
    // How many UTF-16 units from here on are part of a link that has been counted.
    let mut counted_units = 0;
    let mut at = 0;
    let mut emoji_end = 0;
    while let Some(&c) = text.get(at) {
        // Emoji are looked for in links too: one that begins with a link's last character (`/1` and
        // a keycap) is then taken, and what is left of it is no emoji.
        let emoji = if at >= emoji_end {
            emoji::end_from(text, at)
        } else {
            None
        };
        emoji_end = emoji.unwrap_or(emoji_end);
        let mut weight = 0;
        if let Some(url) = urls.next_if(|url| url.start == at) {
            weight = URL_WEIGHT;
            counted_units = url.units;
        }
        let mut end = at + 1;
        if counted_units == 0 {
            weight += emoji.map_or_else(|| weight_of(c), |_| DEFAULT_WEIGHT);
            end = emoji.unwrap_or(end);
        } else {
            if c.len_utf16() > counted_units {
                // The link's units end in the middle of this character (see `Url::units`); its
                // second unit counts by itself.
                weight += DEFAULT_WEIGHT;
            }
            counted_units = counted_units.saturating_sub(c.len_utf16());
        }
        add(at, end, weight);
        at = end;
    }
}

fn to_length(weight: u64) -> u32 {
    u32::try_from(weight / SCALE).unwrap_or(u32::MAX)
}

/// The place of the first character that X accepts in no text.
pub(super) fn first_invalid(text: &[char]) -> Option<usize> {
    text.iter().position(|&c| is_invalid(c))
}

fn weight_of(c: char) -> u64 {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => LIGHT_WEIGHT,
        _ => DEFAULT_WEIGHT,
    }
}
