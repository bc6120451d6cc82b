//! The units of the Data API. A day ends at midnight Pacific time
//! (<https://developers.google.com/youtube/v3/getting-started#quota>).

use jiff::{Timestamp, civil::Date, tz::TimeZone};

#[derive(Debug, Default)]
pub struct Quota {
    day: Option<Date>,
    used: u32,
}

impl Quota {
    /// Takes one unit: every call that Godwit makes costs one, refused ones too. False when none is left.
    pub fn take(&mut self, now_ms: i64, daily: u32) -> bool {
        let used = self.used(now_ms);
        self.day = Some(day(now_ms));
        self.used = used + u32::from(used < daily);
        used < daily
    }

    /// The units that this day has used.
    pub fn used(&self, now_ms: i64) -> u32 {
        if self.day == Some(day(now_ms)) {
            self.used
        } else {
            0
        }
    }
}

fn day(now_ms: i64) -> Date {
    let pacific = TimeZone::get("America/Los_Angeles").expect("a time zone that is built in");
    let now = Timestamp::from_millisecond(now_ms).expect("a time of this age");
    now.to_zoned(pacific).date()
}
