//! The SQL of what is asked of YouTube in a day, by all channels together, and of how many share it.

use crate::ports::Statement;
use crate::time::Timestamp;
use serde::Deserialize;

const COUNTS: &str = "SELECT count(*) FILTER (WHERE lease_until > ?1 AND pushes > 0) AS with_push,
    count(*) FILTER (WHERE coalesce(lease_until, 0) <= ?1 OR pushes = 0) AS without_push FROM channels
  WHERE poll_at IS NOT NULL AND (poll_good_at IS NOT NULL OR poll_failures < 4)";

/// How many channels are looked at: those whose announcements come, and the others; without those that have never answered.
#[must_use]
pub fn counts(now: Timestamp) -> Statement {
    Statement::new(COUNTS).bind(now)
}

/// What [`counts`] gives.
#[derive(Debug, Deserialize)]
pub struct Counts {
    pub with_push: u32,
    pub without_push: u32,
}

const SPEND: &str = "INSERT INTO youtube_usage (kind, day, used) SELECT ?1, ?2, ?3 WHERE ?3 <= ?4
  ON CONFLICT (kind, day) DO UPDATE SET used = used + ?3 WHERE used + ?3 <= ?4 RETURNING used";
const USED: &str = "SELECT used FROM youtube_usage WHERE kind = ?1 AND day = ?2";
const USAGE_EXPIRED: &str = "DELETE FROM youtube_usage WHERE day < ?1";

/// Takes `units` of a day's budget; gives a row if they were left.
#[must_use]
pub fn spend(kind: &str, day: &str, units: u32, budget: u32) -> Statement {
    Statement::new(SPEND)
        .bind(kind)
        .bind(day)
        .bind(units)
        .bind(budget)
}

/// What was used of a day's budget.
#[must_use]
pub fn used(kind: &str, day: &str) -> Statement {
    Statement::new(USED).bind(kind).bind(day)
}

/// What [`used`] and [`spend`] give.
#[derive(Debug, Deserialize)]
pub struct Used {
    pub used: u32,
}

/// Deletes what was used before a day.
#[must_use]
pub fn expired(day: &str) -> Statement {
    Statement::new(USAGE_EXPIRED).bind(day)
}
