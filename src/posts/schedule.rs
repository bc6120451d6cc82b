//! When a post is wanted: an instant, or a wall clock in a time zone.

use crate::config::{SWEEP_AHEAD_MS, Timing};
use crate::error::Error;
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time that has just passed is taken as "now": a person's form was open for a moment. In ms.
const PAST_GRACE_MS: i64 = MINUTE_MS;
/// How far ahead a post may be scheduled, in ms.
const AHEAD_MAX_MS: i64 = 366 * DAY_MS;

/// When a post is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    /// The instant; `None`: at once.
    pub at: Option<Timestamp>,
    /// The wall clock that was chosen, where one was.
    pub wall_clock: Option<String>,
    /// Its IANA time zone.
    pub timezone: Option<String>,
}

impl Schedule {
    /// When its deliveries are due, and from when on the sweep looks after them.
    #[must_use]
    pub fn due(&self, now: Timestamp, timing: &Timing) -> (Timestamp, Timestamp) {
        let at = self.at.unwrap_or(now).max(now);
        // What is nudged right away is left to the sweep only when that nudge seems to be lost.
        let sweep_at = if at.since(now) > SWEEP_AHEAD_MS {
            at.plus_ms(-SWEEP_AHEAD_MS)
        } else {
            at.plus_ms(timing.requeue_after_ms)
        };
        (at, sweep_at)
    }
}

/// Reads when a post is wanted.
///
/// A wall clock that a change to summer time skips means the instant as long after the change as it is after the gap's
/// beginning; one that occurs twice means its first occurrence.
///
/// # Errors
/// Names the field: unknown zone, unreadable time, a time in the past or more than a year ahead.
pub fn read(
    publish_at: Option<&str>,
    timezone: Option<&str>,
    now: Timestamp,
) -> Result<Schedule, Error> {
    let zone = timezone.map(zone).transpose()?;
    let Some(text) = publish_at else {
        return match zone {
            None => Ok(Schedule::default()),
            Some(_) => Err(Error::invalid_field(
                "/publish_at",
                "missing_field",
                "timezone says where, but publish_at does not say when.",
            )),
        };
    };
    let (at, wall_clock) = match (Timestamp::parse_rfc3339(text), zone) {
        (Some(instant), _) => (instant, None),
        (None, Some(zone)) => {
            let civil = wall_clock(text).ok_or_else(unreadable)?;
            let zoned = civil.to_zoned(zone).map_err(|_| unreadable())?;
            (
                Timestamp::from_millis(zoned.timestamp().as_millisecond()),
                Some(civil.to_string()),
            )
        }
        (None, None) if wall_clock(text).is_some() => {
            return Err(Error::invalid_field(
                "/timezone",
                "missing_field",
                "publish_at is a wall clock; timezone must say where, or publish_at must end in Z or an offset.",
            ));
        }
        (None, None) => return Err(unreadable()),
    };
    if at.since(now) < -PAST_GRACE_MS {
        return Err(Error::invalid_field(
            "/publish_at",
            "publish_at_past",
            format!("{at} is past. Leave publish_at out to publish at once."),
        ));
    }
    if at.since(now) > AHEAD_MAX_MS {
        return Err(Error::invalid_field(
            "/publish_at",
            "publish_at_too_far",
            format!("{at} is more than a year ahead."),
        ));
    }
    Ok(Schedule {
        at: Some(at),
        wall_clock,
        timezone: timezone.map(str::to_owned),
    })
}

/// A date and a time of day, and nothing else. jiff alone would take a date for its midnight, and would drop an offset
/// that does not fit RFC 3339: either way a post would go out at a time that nobody chose.
fn wall_clock(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let only = |text: &str, others: &[char]| {
        text.chars()
            .all(|c| c.is_ascii_digit() || others.contains(&c))
    };
    (only(date, &['-']) && only(time, &[':', '.'])).then(|| text.parse().ok())?
}

fn zone(name: &str) -> Result<TimeZone, Error> {
    // A name that is not in the database is refused, and so is a fixed offset: it is no place, and would not follow
    // summer time.
    TimeZone::get(name).map_err(|_| {
        Error::invalid_field(
            "/timezone",
            "unknown_timezone",
            "This is not an IANA time zone such as Europe/Rome or America/New_York.",
        )
    })
}

fn unreadable() -> Error {
    Error::invalid_field(
        "/publish_at",
        "invalid_value",
        "Not a time such as 2026-12-01T09:00:00+01:00, or 2026-12-01T09:00:00 with timezone.",
    )
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::time::Timestamp;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap()
    }

    fn code(publish_at: Option<&str>, timezone: Option<&str>) -> &'static str {
        read(publish_at, timezone, now()).unwrap_err().code
    }

    #[test]
    fn a_wall_clock_means_its_zone_in_winter_and_in_summer() {
        for (wall, utc) in [
            ("2026-12-01T09:00:00", "2026-12-01T08:00:00Z"),
            ("2027-07-01T09:00", "2027-07-01T07:00:00Z"),
            // 02:30 does not exist on that night, and 02:30 occurs twice on the other.
            ("2027-03-28T02:30:00", "2027-03-28T01:30:00Z"),
            ("2027-10-31T02:30:00", "2027-10-31T00:30:00Z"),
        ] {
            let schedule = read(Some(wall), Some("Europe/Rome"), now()).unwrap();
            assert_eq!(schedule.at, Timestamp::parse_rfc3339(utc), "{wall}");
            assert!(schedule.wall_clock.is_some());
        }
    }

    #[test]
    fn an_instant_stands_for_itself_whatever_the_zone() {
        let schedule = read(
            Some("2026-12-01T09:00:00-05:00"),
            Some("Europe/Rome"),
            now(),
        )
        .unwrap();
        assert_eq!(
            schedule.at,
            Timestamp::parse_rfc3339("2026-12-01T14:00:00Z")
        );
        assert_eq!(schedule.wall_clock, None);
    }

    #[test]
    fn the_past_the_far_future_and_unknown_zones_are_refused_by_name() {
        assert_eq!(code(Some("2026-11-21T11:58:00Z"), None), "publish_at_past");
        assert!(read(Some("2026-11-21T11:59:30Z"), None, now()).is_ok());
        assert_eq!(
            code(Some("2027-12-01T00:00:00Z"), None),
            "publish_at_too_far"
        );
        for zone in ["Mars/Olympus", "", "+02:00", "Europe/../etc/passwd"] {
            assert_eq!(
                code(Some("2026-12-01T09:00:00"), Some(zone)),
                "unknown_timezone",
                "{zone}"
            );
        }
        assert_eq!(code(Some("2026-12-01T09:00:00"), None), "missing_field");
        assert_eq!(code(None, Some("Europe/Rome")), "missing_field");
        for time in [
            "tomorrow",
            "2026-12-01",
            "2026-12-01T",
            "2026-12-01T09:00+05:00",
            "2026-12-01T09:00:00+05:00[Europe/Rome]",
            "2026-12-01T09Z",
        ] {
            assert_eq!(
                code(Some(time), Some("Europe/Rome")),
                "invalid_value",
                "{time}"
            );
            assert_eq!(code(Some(time), None), "invalid_value", "{time}");
        }
        assert_eq!(code(Some("99999-01-01T00:00:00Z"), None), "invalid_value");
    }
}
