//! What the hub delivers: checked, noted, and looked at from the queue.
//!
//! The answer is sent when what was seen is in the database, so that nothing is lost from then on; the hub is told of a
//! failure of ours, and brings it again. Whatever is not signed with the channel's secret, or cannot be read, is answered
//! as if it were good, counted, and has no effect (<https://www.w3.org/TR/websub/#authenticated-content-distribution>).

use super::feed::{self, Entry, Feed};
use super::ids::{ChannelId, VideoId};
use super::model::SeenBy;
use super::sight::{self, Sighting};
use super::store::channels::{self, ChannelRow};
use super::store::hub;
use super::{signature, websub};
use crate::app::App;
use crate::error::Error;
use crate::time::Timestamp;
use serde_json::json;

/// What the hub is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It has arrived (2xx), whatever it was worth.
    Yes,
    /// There is nothing at this address (404).
    Unknown,
    /// Nobody wants this any more (410).
    Gone,
}

/// Takes a notification. Any number of times, with the effect of one. Two round trips to the database, one to the queue.
///
/// # Errors
/// When the database does not answer: nothing was noted, and the hub has to bring it again.
pub async fn receive(
    app: &App,
    token: &str,
    signed: Option<&str>,
    body: &[u8],
) -> Result<Received, Error> {
    let now = app.now();
    let row: Option<ChannelRow> = app
        .database
        .run(channels::by_callback(token))
        .await?
        .first()?;
    let Some(row) = row else {
        return Ok(Received::Unknown);
    };
    let channel = &row.channel_id;
    if row.followed == 0 {
        return Ok(Received::Gone);
    }
    let secrets = websub::secrets(app, &row, now);
    if secrets.is_empty() {
        // The key that sealed them has left the ring: with a new secret the hub is understood again.
        app.warn(
            "channel_secret_not_readable",
            &json!({ "channel": channel }),
        );
        app.database.run(hub::ask_now(channel, now)).await?;
    }
    if !signature::is_by(secrets.iter(), signed, body) {
        return ignore(app, channel, "not_signed").await;
    }
    let feed = match feed::parse(body) {
        Ok(feed) => feed,
        Err(why) => return ignore(app, channel, &why.to_string()).await,
    };
    let (seen, gone) = about(channel, feed, now);
    sight::note(
        app,
        channel,
        seen,
        gone,
        SeenBy::Push,
        vec![hub::pushed(channel, now)],
    )
    .await?;
    Ok(Received::Yes)
}

async fn ignore(app: &App, channel: &ChannelId, why: &str) -> Result<Received, Error> {
    app.database.run(hub::ignored(channel, app.now())).await?;
    app.info(
        "notification_ignored",
        &json!({ "channel": channel, "why": why }),
    );
    Ok(Received::Yes)
}

/// What it says of this channel: the hub signs for one channel, and speaks of no other.
fn about(channel: &ChannelId, feed: Feed, now: Timestamp) -> (Vec<Sighting>, Vec<VideoId>) {
    let seen = feed
        .entries
        .into_iter()
        .filter(|entry: &Entry| entry.channel_id.as_ref() == Some(channel))
        .map(|entry| Sighting::of(entry, now))
        .collect();
    let gone = feed
        .deleted
        .into_iter()
        .filter(|one| one.channel_id.as_ref().is_none_or(|of| of == channel))
        .map(|one| one.video_id)
        .collect();
    (seen, gone)
}
