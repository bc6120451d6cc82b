//! Looking at channels by ourselves: what makes it certain that no video is missed, whatever the hub does.
//!
//! With a key, the Data API lists a channel's uploads; without one, or when its day is spent, the public feed does. Each
//! look takes its part of a day's budget before it leaves, so that no number of channels exceeds it; when to look next is
//! decided by when the channel publishes ([`super::rhythm`]).

use super::data_api;
use super::ids::ChannelId;
use super::model::SeenBy;
use super::rhythm::{self, Rhythm, Turn};
use super::sight::{self, Sighting};
use super::store::channels::{self, ChannelRow, Polled};
use super::store::usage::{self, Counts, Used};
use super::store::videos::{self, PublishedRow};
use super::youtube::{self, FeedAnswer, Trouble};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::ports::Random;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use serde_json::json;

/// How long whoever looks has the channel to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
/// How often at most a feed is looked at, in ms: its answers are cached for so long
/// (<https://kevincox.ca/2021/12/16/youtube-websub>).
pub const FEED_LEAST_MS: i64 = 15 * MINUTE_MS;
/// How often at most the Data API is asked about one channel, in ms: the scheduler ticks no faster.
const API_LEAST_MS: i64 = MINUTE_MS;
/// How rarely at least any channel is looked at, in ms.
const MOST_MS: i64 = 6 * HOUR_MS;
/// The same for one that has never answered, which may not exist: from a few failures on, it has no part of the day either.
const MOST_UNSEEN_MS: i64 = 12 * HOUR_MS;
/// Google counts its quota by this clock (<https://developers.google.com/youtube/v3/getting-started#quota>).
const QUOTA_ZONE: &str = "America/Los_Angeles";

/// By which way a channel is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Its public feed.
    Feed,
    /// The Data API.
    Api,
}

impl Way {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Api => "api",
        }
    }

    const fn least_ms(self) -> i64 {
        match self {
            Self::Feed => FEED_LEAST_MS,
            Self::Api => API_LEAST_MS,
        }
    }

    fn budget(self, app: &App) -> u32 {
        match self {
            Self::Feed => app.config.youtube.feed_requests_per_day,
            Self::Api => app.config.youtube.api_units_per_day,
        }
    }
}

/// A day as a budget counts it: its name, and which part of it is left, from 1 to 0.
fn day(way: Way, now: Timestamp) -> (String, f64) {
    let zone = match way {
        Way::Feed => TimeZone::UTC,
        Way::Api => TimeZone::get(QUOTA_ZONE).unwrap_or(TimeZone::UTC),
    };
    let instant = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let here = instant.to_zoned(zone);
    let name = here.date().to_string();
    let one: Span = 1.day();
    let end = here.start_of_day().and_then(|start| start.checked_add(one));
    let left = end.map_or(0, |end| end.timestamp().as_millisecond() - now.millis());
    #[expect(
        clippy::cast_precision_loss,
        reason = "a day has fewer ms than an f64 has digits"
    )]
    let part = left as f64 / DAY_MS as f64;
    (name, part)
}

/// Takes a unit of the day's budget, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn spend(app: &App, way: Way, units: u32) -> Result<bool, Error> {
    let (day, _) = day(way, app.now());
    let spend = usage::spend(way.as_str(), &day, units, way.budget(app));
    Ok(!app.database.run(spend).await?.rows.is_empty())
}

/// Takes a unit of the day's budget for what a person asks for, if there is one: looking at channels keeps at least half of
/// what the rest of the day would have, whatever people ask for.
///
/// # Errors
/// When the database does not answer.
pub async fn spend_for_person(app: &App, way: Way) -> Result<bool, Error> {
    let (day, part_left) = day(way, app.now());
    let whole = way.budget(app);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of the budget, rounded down"
    )]
    let kept = (f64::from(whole) * part_left.clamp(0.0, 1.0) / 2.0) as u32;
    let spend = usage::spend(way.as_str(), &day, 1, whole.saturating_sub(kept));
    Ok(!app.database.run(spend).await?.rows.is_empty())
}

/// What a person is told for whom nothing is left of the day.
#[must_use]
pub fn used_up() -> Error {
    Error::new(
        Kind::Upstream,
        "youtube_unreachable",
        "The day's budget for looking at YouTube is used up, but for what new videos are found with.",
        "Try again in some hours; the operator can raise YOUTUBE_FEED_REQUESTS_PER_DAY.",
    )
}

/// Looks at a channel, if that is due.
///
/// 1. The look is taken. If the process ends after it, it is due again when the hold is over.
/// 2. Its part of the budget is taken; what is lost with the process is lost for the day.
/// 3. YouTube is asked. Any number of times.
/// 4. What was seen is noted, with the time of the next look, in one transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn poll(app: &App, channel: &ChannelId) -> Result<(), Error> {
    let now = app.now();
    // 1.
    let taken = channels::take_poll(channel, now, now.plus_ms(HOLD_MS));
    let Some(row): Option<ChannelRow> = app.database.run(taken).await?.first()? else {
        return Ok(());
    };
    // 2.
    let with_key = app.config.youtube.api_key.is_some();
    let way = if with_key && spend(app, Way::Api, 1).await? {
        Way::Api
    } else if spend(app, Way::Feed, 1).await? {
        Way::Feed
    } else {
        let next = now.plus_ms(HOUR_MS);
        let note = "The day's budget for looking at YouTube is used up (YOUTUBE_API_UNITS_PER_DAY, YOUTUBE_FEED_REQUESTS_PER_DAY).";
        app.database
            .run(channels::not_polled(channel, now, note, next))
            .await?;
        return Ok(());
    };
    // 3.
    let (way, looked) = look_somehow(app, &row, way).await?;
    // 4.
    let failures = if looked.is_ok() {
        0
    } else {
        row.poll_failures.saturating_add(1)
    };
    let next = next(app, &row, way, failures).await?;
    match looked {
        Ok(look) => {
            let polled = Polled {
                by: way.as_str(),
                unchanged: look.unchanged,
                etag: look.etag,
                modified: look.modified,
                title: look.title,
                next,
            };
            let polled = vec![channels::polled(channel, now, polled)];
            sight::note(app, channel, look.seen, Vec::new(), look.by, polled).await
        }
        Err(trouble) => {
            let note = trouble.to_string();
            app.info(
                "channel_not_polled",
                &json!({ "channel": channel, "why": note, "again_at": next }),
            );
            app.database
                .run(channels::not_polled(channel, now, &note, next))
                .await?;
            Ok(())
        }
    }
}

/// Looks at a channel this way, and at its feed for what the Data API does not say; gives which way works, and what was seen.
async fn look_somehow(
    app: &App,
    row: &ChannelRow,
    way: Way,
) -> Result<(Way, Result<Look, Trouble>), Error> {
    let trouble = match look(app, row, way).await {
        Err(trouble) if way == Way::Api => trouble,
        looked => return Ok((way, looked)),
    };
    let channel = &row.channel_id;
    // A channel that has published nothing has no list of uploads; that there is such a channel, its feed says.
    let mut has_none = false;
    if matches!(trouble, Trouble::Refused(404, _)) {
        let known = app.database.run(videos::history(channel, 1)).await?;
        has_none = known.rows.is_empty();
        if has_none && row.poll_good_at.is_some() {
            return Ok((way, Ok(Look::nothing(SeenBy::Api))));
        }
    }
    if !has_none {
        app.warn(
            "youtube_api_failed",
            &json!({ "channel": channel, "why": trouble.to_string() }),
        );
    }
    if !spend(app, Way::Feed, 1).await? {
        return Ok((way, Err(trouble)));
    }
    let looked = look(app, row, Way::Feed).await;
    let way = if has_none && looked.is_ok() {
        Way::Api
    } else {
        Way::Feed
    };
    Ok((way, looked))
}

struct Look {
    seen: Vec<Sighting>,
    by: SeenBy,
    unchanged: bool,
    etag: Option<String>,
    modified: Option<String>,
    title: Option<String>,
}

impl Look {
    const fn nothing(by: SeenBy) -> Self {
        Self {
            seen: Vec::new(),
            by,
            unchanged: false,
            etag: None,
            modified: None,
            title: None,
        }
    }
}

async fn look(app: &App, row: &ChannelRow, way: Way) -> Result<Look, Trouble> {
    let (channel, now) = (&row.channel_id, app.now());
    let mut look = Look::nothing(SeenBy::Api);
    if way == Way::Api {
        let uploads = data_api::uploads(app, channel).await?;
        look.seen = uploads
            .into_iter()
            .map(|one| Sighting::uploaded(one, now))
            .collect();
        return Ok(look);
    }
    look.by = SeenBy::Feed;
    let known = (row.etag.as_deref(), row.modified.as_deref());
    if let FeedAnswer::Feed {
        feed,
        etag,
        modified,
    } = youtube::feed(app, channel, known).await?
    {
        let of_channel = |of: &Option<ChannelId>| of.as_ref().is_none_or(|of| of == channel);
        let entries = feed
            .entries
            .into_iter()
            .filter(|entry| of_channel(&entry.channel_id));
        look.seen = entries.map(|entry| Sighting::of(entry, now)).collect();
        look.etag = etag;
        look.modified = modified;
        look.title = feed.title;
    } else {
        look.unchanged = true;
    }
    Ok(look)
}

/// When to look at a channel next: one round trip.
async fn next(app: &App, row: &ChannelRow, way: Way, failures: u32) -> Result<Timestamp, Error> {
    let now = app.now();
    let (day, part_left) = day(way, now);
    let history = u32::try_from(rhythm::HISTORY_MAX).unwrap_or(u32::MAX);
    let statements = vec![
        usage::counts(now),
        usage::used(way.as_str(), &day),
        videos::history(&row.channel_id, history),
    ];
    let mut sets = app.database.batch(statements).await?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let counts: Option<Counts> = next().first()?;
    let used: Option<Used> = next().first()?;
    let published: Vec<PublishedRow> = next().all()?;
    let published: Vec<Timestamp> = published.into_iter().map(|row| row.published_at).collect();
    let (without, with) = counts.map_or((1, 0), |counts| (counts.without_push, counts.with_push));
    let share = rhythm::share(
        f64::from(way.budget(app)),
        f64::from(used.map_or(0, |used| used.used)),
        part_left,
        without,
        with,
        // A lease under which nothing has ever come is only a promise.
        row.has_lease(now) && row.pushes > 0,
    );
    let turn = Turn {
        now,
        share,
        least_ms: way.least_ms(),
        most_ms: if row.poll_good_at.is_none() && failures > 0 {
            MOST_UNSEEN_MS
        } else {
            MOST_MS
        },
        random: chance(&*app.random),
        failures,
    };
    Ok(Rhythm::learn(now, &published).next(&turn))
}

/// Evenly from 0 to 1.
fn chance(random: &dyn Random) -> f64 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
