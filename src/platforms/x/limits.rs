//! What X's answers say of its limits.
//!
//! `x-rate-limit-*` for 15 minutes are documented (<https://docs.x.com/x-api/fundamentals/rate-limits>); the 24-hour
//! headers of the user and of the app are seen live.

use crate::platforms::{Observed, Span};
use crate::time::{MINUTE_MS, SECOND_MS, Timestamp};
use http::HeaderMap;

/// When to come back where X does not say, in ms: its windows are a quarter of an hour.
pub const WINDOW_MS: i64 = 15 * MINUTE_MS;

/// Everything that the headers say.
#[must_use]
pub fn observed(headers: &HeaderMap) -> Vec<Observed> {
    [
        read(headers, "x-rate-limit", Span::Quarter),
        read(headers, "x-user-limit-24hour", Span::Day),
        read(headers, "x-app-limit-24hour", Span::AppDay),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Until when a 429 closes the window. One that leaves calls in the 15 minutes is about the day.
#[must_use]
pub fn closed_until(observed: &[Observed]) -> Option<Timestamp> {
    observed
        .iter()
        .filter(|one| one.remaining == 0)
        .map(|one| one.reset_at)
        .max()
}

fn read(headers: &HeaderMap, prefix: &str, span: Span) -> Option<Observed> {
    let number = |name: &str| {
        headers
            .get(format!("{prefix}-{name}"))?
            .to_str()
            .ok()?
            .trim()
            .parse::<u32>()
            .ok()
    };
    Some(Observed {
        span,
        limit: number("limit")?,
        remaining: number("remaining")?,
        reset_at: Timestamp::from_millis(i64::from(number("reset")?) * SECOND_MS),
    })
}

#[cfg(test)]
mod tests {
    use super::{closed_until, observed};
    use crate::platforms::Span;
    use crate::time::Timestamp;
    use http::HeaderMap;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_429_with_calls_left_in_the_quarter_waits_for_the_day() {
        let seen = observed(&headers(&[
            ("x-rate-limit-limit", "100"),
            ("x-rate-limit-remaining", "77"),
            ("x-rate-limit-reset", "1000"),
            ("x-user-limit-24hour-limit", "17"),
            ("x-user-limit-24hour-remaining", "0"),
            ("x-user-limit-24hour-reset", "86400"),
            ("x-app-limit-24hour-limit", "10000"),
            ("x-app-limit-24hour-remaining", "9000"),
            ("x-app-limit-24hour-reset", "90000"),
        ]));
        let spans: Vec<Span> = seen.iter().map(|one| one.span).collect();
        assert_eq!(spans, [Span::Quarter, Span::Day, Span::AppDay]);
        assert_eq!(
            closed_until(&seen),
            Some(Timestamp::from_millis(86_400_000))
        );
    }

    #[test]
    fn headers_that_are_missing_or_no_numbers_say_nothing() {
        assert_eq!(
            observed(&headers(&[("x-rate-limit-limit", "100")])),
            Vec::new()
        );
        let odd = [
            ("x-rate-limit-limit", "many"),
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", "1000"),
        ];
        assert_eq!(observed(&headers(&odd)), Vec::new());
        assert_eq!(closed_until(&[]), None);
    }
}
