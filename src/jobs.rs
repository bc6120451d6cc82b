//! The messages on the queues and the cron table, each with the operation that handles it.
//!
//! A message is a nudge that carries ids; the truth is in the database. Losing one, or handling one twice, changes
//! nothing but the time at which something happens.

use crate::accounts;
use crate::app::App;
use crate::error::Error;
use crate::http::idempotency;
use crate::ids::{AccountId, DeliveryId, WorkspaceId};
use crate::sources::ids::{ChannelId, VideoId};
use crate::time::{DAY_MS, SECOND_MS, Timestamp, millis};
use crate::{budgets, identity, media, operations, publish, sources};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// A message on a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    /// Look whether this delivery can be moved forward.
    Deliver {
        /// The delivery.
        delivery_id: DeliveryId,
        /// Its workspace.
        workspace_id: WorkspaceId,
        /// Its account: messages of one account are handled in order, those of different accounts at once.
        account_id: AccountId,
        /// Nothing is to happen before; a queue's delays are whole seconds.
        #[serde(with = "millis")]
        not_before: Timestamp,
    },
    /// Look at these videos of a channel, and make posts of those that are to be ones.
    Look {
        /// The channel.
        channel_id: ChannelId,
        /// The videos.
        video_ids: Vec<VideoId>,
    },
    /// Look at a channel, if that is due.
    Poll {
        /// The channel.
        channel_id: ChannelId,
    },
    /// Ask the hub for a channel's announcements, if that is due.
    Subscribe {
        /// The channel.
        channel_id: ChannelId,
    },
}

impl Job {
    /// Whether it is one of publishing, which nothing else may slow down.
    #[must_use]
    pub const fn is_publishing(&self) -> bool {
        matches!(self, Self::Deliver { .. })
    }

    /// Messages of one lane are handled in order, those of different lanes at once.
    fn lane(&self) -> String {
        match self {
            Self::Deliver { account_id, .. } => account_id.to_string(),
            Self::Look { channel_id, .. } => channel_id.to_string(),
            // What waits for the hub, which stalls, holds nothing else up.
            Self::Poll { channel_id } => format!("poll {channel_id}"),
            Self::Subscribe { channel_id } => format!("subscribe {channel_id}"),
        }
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is done with.
    Done,
    /// It comes again after this many seconds.
    Again {
        /// At most 12 hours.
        delay_seconds: u32,
    },
}

impl Disposition {
    /// Again after `ms` milliseconds, rounded up to seconds, at most 12 hours.
    #[must_use]
    pub fn again_in(ms: i64) -> Self {
        let seconds = (ms.clamp(0, DAY_MS / 2) + SECOND_MS - 1) / SECOND_MS;
        Self::Again {
            delay_seconds: u32::try_from(seconds).unwrap_or(0),
        }
    }
}

/// A message as a queue delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue's own id of it, the same whenever it comes again; `None` where it is not known.
    pub id: Option<String>,
    /// The JSON of a [`Job`], unless it is not ours.
    pub body: String,
}

/// A message of which only the body is known, as whoever plays the queue has it.
impl From<String> for Message {
    fn from(body: String) -> Self {
        Self { id: None, body }
    }
}

/// The messages of one lane, or those that cannot be read, each with its place in the batch.
type Lane = Vec<(usize, Message, Result<Job, String>)>;

/// Handles a batch of messages and says of each, in order, what becomes of it. Never fails as a whole.
///
/// Different accounts and channels are handled at once, so that one account's closed window or slow answer delays nobody
/// else; the messages of one are handled in the order in which they came. What cannot be read becomes a dead letter.
pub async fn handle<M: Into<Message> + Clone>(
    app: &App,
    queue: &str,
    messages: &[M],
) -> Vec<Disposition> {
    let mut lanes: BTreeMap<Option<String>, Lane> = BTreeMap::new();
    for (index, message) in messages.iter().cloned().enumerate() {
        let message: Message = message.into();
        let job = serde_json::from_str::<Job>(&message.body).map_err(|error| error.to_string());
        let lane = job.as_ref().ok().map(Job::lane);
        lanes.entry(lane).or_default().push((index, message, job));
    }
    let lanes = lanes.into_values().map(async |lane| {
        let mut dispositions = Vec::new();
        for (index, message, job) in lane {
            let disposition = match job {
                Ok(job) => perform(app, job).await,
                Err(why) => {
                    let reason = format!("not a message of Godwit: {why}");
                    operations::bury(app, queue, &message, &reason).await
                }
            };
            dispositions.push((index, disposition));
        }
        dispositions
    });
    let mut dispositions: Vec<(usize, Disposition)> =
        join_all(lanes).await.into_iter().flatten().collect();
    dispositions.sort_unstable_by_key(|(index, _)| *index);
    dispositions
        .into_iter()
        .map(|(_, disposition)| disposition)
        .collect()
}

async fn perform(app: &App, job: Job) -> Disposition {
    let (channel, result) = match job {
        Job::Deliver {
            delivery_id,
            workspace_id,
            not_before,
            ..
        } => return publish::deliver(app, &workspace_id, &delivery_id, not_before).await,
        Job::Look {
            channel_id,
            video_ids,
        } => {
            let result = sources::look(app, &channel_id, &video_ids).await;
            (channel_id, result)
        }
        Job::Poll { channel_id } => {
            let result = sources::poll(app, &channel_id).await;
            (channel_id, result)
        }
        Job::Subscribe { channel_id } => {
            let result = sources::subscribe(app, &channel_id).await;
            (channel_id, result)
        }
    };
    // What was not done is due again when its hold is over: the sweep brings it back.
    if let Err(error) = result {
        let why = error.internal.as_ref().unwrap_or(&error.detail);
        app.warn(
            "source_job_failed",
            &json!({ "channel": channel, "error": why }),
        );
    }
    Disposition::Done
}

/// Handles a batch that a queue gave up on: recorded, and done with. The sweep looks after the deliveries themselves.
pub async fn handle_dead<M: Into<Message> + Clone>(
    app: &App,
    queue: &str,
    messages: &[M],
) -> Vec<Disposition> {
    const REASON: &str = "not settled after all of the queue's retries";
    let mut dispositions = Vec::new();
    for message in messages.iter().cloned() {
        dispositions.push(operations::bury(app, queue, &message.into(), REASON).await);
    }
    dispositions
}

/// Every minute: what is due, what is stuck.
pub const EVERY_MINUTE: &str = "* * * * *";
/// Every half hour: tokens of idle accounts, and those that are sealed with an older key.
pub const EVERY_HALF_HOUR: &str = "*/30 * * * *";
/// Daily at 02:00 UTC: clean-up.
pub const DAILY: &str = "0 2 * * *";

/// The cron triggers, each with what it does.
pub const CRONS: [(&str, &str); 3] = [
    (
        EVERY_MINUTE,
        "The sweep: nudges what is due or stuck, channels that are to be looked at included",
    ),
    (EVERY_HALF_HOUR, "Renews the tokens of idle accounts"),
    (DAILY, "Deletes what has expired"),
];

/// Runs what belongs to a cron trigger. A tick may come late, twice or not at all, and may still run when the next one
/// begins: each operation looks at what is there, so that two ticks at once do the work of one.
///
/// 1. Its start is noted. If the process ends after it, the next tick, and the operator, see that it had no end.
/// 2. The operation. If the process ends in it, the next tick goes on where it stopped.
/// 3. Its end is noted. If that is lost, it looks as if it had died.
pub async fn tick(app: &App, cron: &str) {
    // 1.
    let tick = operations::began(app, cron).await;
    // 2.
    let result = match cron {
        EVERY_MINUTE => sweep(app).await,
        EVERY_HALF_HOUR => accounts::tend(app).await,
        DAILY => clean_up(app).await,
        other => Err(Error::internal(format!(
            "no operation belongs to the cron trigger {other}"
        ))),
    };
    match &result {
        Ok(done) => app.info("cron", &json!({ "cron": cron, "done": done })),
        Err(error) => {
            let why = error.internal.as_ref().unwrap_or(&error.detail);
            app.warn("cron_failed", &json!({ "cron": cron, "error": why }));
        }
    }
    // 3.
    let result = result.map_err(|error| error.code);
    operations::ended(app, &tick, result).await;
}

/// What is due or stuck, of posts and of sources: neither keeps the other back.
async fn sweep(app: &App) -> Result<u32, Error> {
    let nudged = publish::sweep(app).await;
    let looked = sources::sweep(app).await;
    Ok(nudged?.saturating_add(looked?))
}

/// Deletes what has expired. Each statement stands for itself, so a repeat goes on where the last one stopped.
async fn clean_up(app: &App) -> Result<u32, Error> {
    let now = app.now();
    let mut deleted = 0;
    for statement in [
        identity::expired(now),
        accounts::store::expired(now),
        idempotency::store::expired(now),
        operations::expired(now),
        budgets::expired(now),
        sources::expired(now),
    ]
    .concat()
    {
        let changes = app.database.run(statement).await?.changes;
        deleted += u32::try_from(changes).unwrap_or(u32::MAX);
    }
    Ok(deleted.saturating_add(media::clear_unfinished(app).await?))
}
