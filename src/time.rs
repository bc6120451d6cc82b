//! Instants: epoch milliseconds inside and in the database, RFC 3339 in UTC at the API.
//!
//! Nothing here reads a clock: `now` always comes from [`Clock`](crate::ports::Clock).

use chrono::{DateTime, Datelike as _, SecondsFormat};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// One second in the unit of [`Timestamp`].
pub const SECOND_MS: i64 = 1_000;
/// One minute in the unit of [`Timestamp`].
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in the unit of [`Timestamp`].
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in the unit of [`Timestamp`].
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
///
/// In JSON it is an RFC 3339 string in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(
    with = "String",
    description = "An instant: RFC 3339, with any offset in requests, in UTC with milliseconds in answers.",
    extend("format" = "date-time", "examples" = ["2026-11-21T18:00:00.000Z"])
)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From epoch milliseconds.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// As epoch milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `ms` milliseconds (negative: earlier). Saturates instead of overflowing.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day of UTC in which it lies, such as `2026-11-21`.
    #[must_use]
    pub fn day(self) -> String {
        self.to_string().chars().take("2026-11-21".len()).collect()
    }

    /// The first instant of that day.
    #[must_use]
    pub const fn day_start(self) -> Self {
        Self(self.0.div_euclid(DAY_MS) * DAY_MS)
    }

    /// The first instant of the month of UTC in which it lies; of the day, for years that no calendar knows.
    #[must_use]
    pub fn month_start(self) -> Self {
        let first = DateTime::from_timestamp_millis(self.0)
            .and_then(|at| at.date_naive().with_day(1))
            .and_then(|day| day.and_hms_opt(0, 0, 0));
        first.map_or(self.day_start(), |at| Self(at.and_utc().timestamp_millis()))
    }

    /// Reads an RFC 3339 instant, with any offset.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|instant| Self(instant.timestamp_millis()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
            // Outside chrono's range (262,000 years): a number is still unambiguous.
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom("not an RFC 3339 instant such as 2026-11-21T18:00:00Z"))
    }
}

/// For columns of the database, where an instant is an integer: `#[serde(with = "time::millis")]`.
pub mod millis {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes epoch milliseconds.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(value: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(value.millis())
    }

    /// Reads epoch milliseconds.
    ///
    /// # Errors
    /// When the value is not an integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

/// As [`millis`], for a column that may be NULL.
pub mod optional_millis {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes epoch milliseconds or null.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(
        value: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(instant) => serializer.serialize_some(&instant.millis()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads epoch milliseconds or null.
    ///
    /// # Errors
    /// When the value is neither an integer nor null.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn an_instant_is_written_in_utc_with_milliseconds_and_read_back() {
        let instant = Timestamp::from_millis(1_795_240_461_123);
        assert_eq!(instant.to_string(), "2026-11-21T05:54:21.123Z");
        assert_eq!(
            Timestamp::parse_rfc3339(&instant.to_string()),
            Some(instant)
        );
    }

    #[test]
    fn days_and_months_begin_at_midnight_of_utc() {
        for (at, day, month) in [
            ("2026-11-21T05:54:21.123Z", "2026-11-21", "2026-11-01"),
            ("2026-11-30T23:59:59.999Z", "2026-11-30", "2026-11-01"),
            ("2026-12-01T00:00:00.000Z", "2026-12-01", "2026-12-01"),
            ("1969-12-31T23:00:00.000Z", "1969-12-31", "1969-12-01"),
        ] {
            let at = Timestamp::parse_rfc3339(at).unwrap();
            let midnight = |day: &str| format!("{day}T00:00:00.000Z");
            assert_eq!(at.day(), day);
            assert_eq!(at.day_start().to_string(), midnight(day));
            assert_eq!(at.month_start().to_string(), midnight(month));
        }
    }

    #[test]
    fn an_offset_is_understood_and_a_bare_date_is_not() {
        assert_eq!(
            Timestamp::parse_rfc3339("2026-11-21T06:54:21.123+01:00"),
            Some(Timestamp::from_millis(1_795_240_461_123))
        );
        assert_eq!(Timestamp::parse_rfc3339("2026-11-21"), None);
    }
}
