//! Text and instants, as YouTube's XML has them.

use super::super::instants;

/// Escaped as in the real notifications: quotes stay as they are in text.
pub fn escape(text: &str) -> String {
    super::super::text::escape(text)
}

/// `2025-12-05T23:03:27+00:00`.
pub fn seconds(ms: i64) -> String {
    format!("{}+00:00", &instants::format(ms)[..19])
}

/// With nine digits of a fraction, less the zeros at its end.
pub fn exact(ms: i64, nanos: u32) -> String {
    let fraction = format!("{:03}{nanos:06}", ms.rem_euclid(1000));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}+00:00", &instants::format(ms)[..19])
}

/// With six digits of a fraction.
pub fn micros(ms: i64, nanos: u32) -> String {
    let fraction = format!("{:03}{:03}", ms.rem_euclid(1000), nanos / 1000);
    format!("{}.{fraction}+00:00", &instants::format(ms)[..19])
}

/// `2025-12-05T23:03:27Z`, as in the Data API.
pub fn utc(ms: i64) -> String {
    format!("{}Z", &instants::format(ms)[..19])
}
