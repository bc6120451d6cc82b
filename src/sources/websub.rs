//! The subscription at YouTube's hub: asking for it, its verification, its renewal and its end.
//!
//! One for each channel, with a secret and an address of its own, whatever the number of sources. What the hub answers to
//! a request decides nothing: a 503 may be verified minutes later, and a 202 never. The verification does
//! (<https://www.w3.org/TR/websub/#hub-verifies-intent>). A lease that lives is not touched by what becomes of its
//! renewal. While a renewal is under way, old and new secret are both good.
//!
//! | the hub … | and so |
//! |---|---|
//! | accepts (2xx) | `pending`: its verification is to come; asked again after [`SILENCE_MS`] |
//! | fails or stalls | `unknown`: its verification may come; asked again, each time later |
//! | refuses (4xx) | `refused`: asked again, each time later |
//! | verifies | the lease is what it says; renewed from its half on |
//! | denies | `denied`, the lease is over; asked again after hours |

use super::ids::ChannelId;
use super::store::channels::{self, Ask, ChannelRow};
use super::store::hub;
use crate::app::App;
use crate::crypto;
use crate::error::Error;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use http::{Request, Response, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use url::form_urlencoded;

/// How long the hub may take, in ms: it stalls for 20 s before it says that it failed.
const DEADLINE_MS: u32 = 30_000;
/// How long whoever asks has the request to itself, in ms.
const HOLD_MS: i64 = 2 * MINUTE_MS;
/// The lease that is asked for, in seconds: the longest that Google's hub grants.
const LEASE_SECONDS: u32 = 864_000;
/// The longest lease that is believed, in ms.
const LEASE_MAX_MS: i64 = 90 * DAY_MS;
/// How long after a request its verification is taken, in ms.
const VERIFY_MS: i64 = DAY_MS;
/// How long after a renewal the old secret is good for what was on its way, in ms.
const OLD_SECRET_MS: i64 = 10 * MINUTE_MS;
/// When to ask again where an accepted request is not verified, in ms.
pub const SILENCE_MS: i64 = 10 * MINUTE_MS;
/// The first wait after a failure, in ms, and the longest after a failure and after a refusal.
const BACKOFF_MS: (i64, i64, i64) = (2 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS);
/// The wait after a denial, in ms.
const DENIED_MS: i64 = 6 * HOUR_MS;
/// The bytes of a secret, and of an address. As text they are well under the 200 bytes that a secret may have.
const SECRET_BYTES: usize = 32;
const CALLBACK_BYTES: usize = 24;
/// What the hub's words are cut to.
const NOTE_CHARS: usize = 200;

/// What a channel's notifications are called at the hub, to the letter.
#[must_use]
pub fn topic(channel: &ChannelId) -> String {
    format!("https://www.youtube.com/xml/feeds/videos.xml?channel_id={channel}")
}

/// A new address for a channel.
#[must_use]
pub fn new_callback(app: &App) -> String {
    crypto::random_token(&*app.random, CALLBACK_BYTES)
}

/// A new secret for a channel, sealed.
///
/// # Errors
/// When the cipher refuses, which it does not.
pub fn new_secret(app: &App, channel: &ChannelId) -> Result<String, Error> {
    let secret = SecretString::from(crypto::random_token(&*app.random, SECRET_BYTES));
    let sealed = app
        .config
        .keyring
        .seal(&*app.random, &context(channel), &secret);
    sealed.map_err(|_| Error::internal("a secret could not be sealed"))
}

fn context(channel: &ChannelId) -> String {
    format!("channels.secret/{channel}")
}

/// The secrets with which the hub may sign now. One that does not open signs nothing.
#[must_use]
pub fn secrets(app: &App, row: &ChannelRow, now: Timestamp) -> Vec<SecretString> {
    let last = row.last_secret.as_ref();
    let last = last.filter(|_| row.last_secret_until.is_some_and(|until| until > now));
    [Some(&row.secret), row.next_secret.as_ref(), last]
        .into_iter()
        .flatten()
        .filter_map(|sealed| open(app, &row.channel_id, sealed))
        .collect()
}

fn open(app: &App, channel: &ChannelId, sealed: &str) -> Option<SecretString> {
    app.config.keyring.open(&context(channel), sealed).ok()
}

/// What the hub said.
struct Said {
    ask: Ask,
    note: Option<String>,
    failed: bool,
    wait_ms: i64,
}

/// Asks the hub for a channel's subscription, or for its end, if that is due.
///
/// 1. The request is taken. If the process ends after it, it is due again when the hold is over.
/// 2. It is written down with its secret before it leaves: its verification may come first.
/// 3. It leaves. It may leave twice; each is the same subscription.
/// 4. The answer. If it is lost, the request counts as pending and is asked again when the hold is over.
///
/// # Errors
/// When the database does not answer.
pub async fn ask(app: &App, channel: &ChannelId) -> Result<(), Error> {
    let now = app.now();
    // 1.
    let taken = channels::take_ask(channel, now, now.plus_ms(HOLD_MS));
    let Some(row): Option<ChannelRow> = app.database.run(taken).await?.first()? else {
        return Ok(());
    };
    // 2.
    let (sealed, secret) = secret_to_ask_with(app, &row)?;
    let asking = hub::asking(channel, now, now.plus_ms(VERIFY_MS), &sealed);
    app.database.run(asking).await?;
    // 3.
    let body = form(app, &row, &secret);
    let said = judge(app, send(app, &body).await, row.ask_failures);
    // 4.
    let next = now.plus_ms(said.wait_ms);
    let note = said.note.as_deref();
    let answered = hub::answered(channel, now, said.ask, note, said.failed, next);
    app.database.run(answered).await?;
    if said.failed {
        let details = json!({ "channel": channel, "said": said.note, "again_at": next });
        app.info("hub_did_not_accept", &details);
    }
    Ok(())
}

/// The secret of a request, sealed and open. One that was asked for already stays, since an earlier request may yet be
/// verified; one that a key has left is replaced.
fn secret_to_ask_with(app: &App, row: &ChannelRow) -> Result<(String, SecretString), Error> {
    let channel = &row.channel_id;
    if let Some(sealed) = &row.next_secret
        && let Some(secret) = open(app, channel, sealed)
    {
        return Ok((sealed.clone(), secret));
    }
    let sealed = new_secret(app, channel)?;
    let secret = open(app, channel, &sealed);
    let secret = secret.ok_or_else(|| Error::internal("a new secret does not open"))?;
    Ok((sealed, secret))
}

fn form(app: &App, row: &ChannelRow, secret: &SecretString) -> String {
    let callback = format!("{}/hooks/websub/{}", app.config.base_url, row.callback);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("hub.callback", &callback)
        .append_pair("hub.topic", &topic(&row.channel_id))
        .append_pair("hub.verify", "async");
    if row.followed == 0 {
        return form.append_pair("hub.mode", "unsubscribe").finish();
    }
    form.append_pair("hub.mode", "subscribe")
        .append_pair("hub.secret", secret.expose_secret())
        .append_pair("hub.lease_seconds", &LEASE_SECONDS.to_string())
        .finish()
}

/// Repeated where the hub says that it has moved, with the same body (<https://www.w3.org/TR/websub/#subscriber-sends-subscription-request>).
async fn send(app: &App, body: &str) -> Result<Response<Vec<u8>>, String> {
    let mut address = app.config.youtube.hub_url.clone();
    for _ in 0..3 {
        let request = Request::post(address.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::USER_AGENT, "Godwit")
            .body(body.as_bytes().to_vec())
            .map_err(|error| error.to_string())?;
        let answer = app.http.send(request, DEADLINE_MS).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !matches!(answer.status().as_u16(), 307 | 308) {
            return Ok(answer);
        }
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).unwrap_or("");
        let next = url::Url::parse(&address).and_then(|base| base.join(location));
        let next = next.map_err(|error| error.to_string())?;
        // The secret goes along, and not in the clear.
        if next.scheme() != "https" && address.starts_with("https:") {
            return Err("it leads on to an address that is not https".to_owned());
        }
        address = next.into();
    }
    Err("it leads on and on".to_owned())
}

fn judge(app: &App, answer: Result<Response<Vec<u8>>, String>, failures: u32) -> Said {
    let later = |longest: i64| {
        let grown = BACKOFF_MS.0.saturating_mul(1 << failures.min(10));
        jittered(app, grown.min(longest))
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => {
            return Said {
                ask: Ask::Unknown,
                note: Some(why),
                failed: true,
                wait_ms: later(BACKOFF_MS.1),
            };
        }
    };
    let status = answer.status();
    let words = String::from_utf8_lossy(answer.body());
    let words: String = words.trim().chars().take(NOTE_CHARS).collect();
    let note = Some(format!("{} {words}", status.as_u16()).trim().to_owned());
    if status.is_success() {
        Said {
            ask: Ask::Pending,
            note: None,
            failed: false,
            wait_ms: jittered(app, SILENCE_MS),
        }
    } else if status.is_client_error() {
        Said {
            ask: Ask::Refused,
            note,
            failed: true,
            wait_ms: later(BACKOFF_MS.2),
        }
    } else {
        let asked = answer.headers().get(header::RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
        let least = asked.unwrap_or(0).clamp(0, 3_600) * 1_000;
        Said {
            ask: Ask::Unknown,
            note,
            failed: true,
            wait_ms: later(BACKOFF_MS.1).max(least),
        }
    }
}

/// Three quarters to five quarters of it.
fn jittered(app: &App, ms: i64) -> i64 {
    let mut byte = [0];
    app.random.fill(&mut byte);
    ms / 4 * 3 + ms / 2 * i64::from(byte[0]) / 255
}

/// What the hub asks of us.
#[derive(Debug, Default)]
pub struct Verification {
    mode: String,
    topic: String,
    challenge: String,
    lease_seconds: Option<i64>,
    reason: String,
}

impl Verification {
    /// Reads the query of the hub's GET; of what is named twice, the first.
    #[must_use]
    pub fn read(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let into = match &*name {
                "hub.mode" => &mut read.mode,
                "hub.topic" => &mut read.topic,
                "hub.challenge" => &mut read.challenge,
                "hub.reason" => &mut read.reason,
                "hub.lease_seconds" => {
                    let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
                    read.lease_seconds = read.lease_seconds.or(seconds);
                    continue;
                }
                _ => continue,
            };
            if into.is_empty() {
                *into = value.into_owned();
            }
        }
        read
    }
}

/// Answers the hub: with the text to send back, which is empty where there is nothing to confirm; `None`, and so 404,
/// unless it is about what was asked for. Any number of times.
///
/// # Errors
/// When the database does not answer: the hub may come again.
pub async fn verify(app: &App, token: &str, asked: &Verification) -> Result<Option<String>, Error> {
    let now = app.now();
    let row = channels::by_callback(token);
    let Some(row): Option<ChannelRow> = app.database.run(row).await?.first()? else {
        return Ok(None);
    };
    let channel = &row.channel_id;
    if asked.topic != topic(channel) {
        return Ok(None);
    }
    let confirmed = match &*asked.mode {
        "denied" => {
            let reason: String = asked.reason.chars().take(NOTE_CHARS).collect();
            let again = now.plus_ms(jittered(app, DENIED_MS));
            app.database
                .run(hub::denied(channel, &reason, again))
                .await?;
            return Ok(Some(String::new()));
        }
        _ if asked.challenge.is_empty() => return Ok(None),
        "subscribe" => {
            let Some(seconds) = asked.lease_seconds else {
                return Ok(None);
            };
            let lease = seconds.saturating_mul(1_000).min(LEASE_MAX_MS);
            let renew = lease / 2 + jittered(app, lease / 10);
            let (until, renew) = (now.plus_ms(lease), now.plus_ms(renew));
            hub::verified(channel, now, until, renew, now.plus_ms(OLD_SECRET_MS))
        }
        "unsubscribe" => hub::unsubscribed(channel),
        _ => return Ok(None),
    };
    let confirmed = app.database.run(confirmed).await?;
    Ok((!confirmed.rows.is_empty()).then(|| asked.challenge.clone()))
}

/// How the hub stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has promised to announce what is new.
    Verified,
    /// It was asked, and has not said anything.
    Pending,
    /// It failed; it may have taken the request all the same.
    Unknown,
    /// It refuses.
    Denied,
    /// Its promise has run out, and was not renewed.
    Expired,
}

/// How the hub stands with a channel.
#[must_use]
pub fn standing(row: &ChannelRow, now: Timestamp) -> Standing {
    match row.ask {
        _ if row.has_lease(now) => Standing::Verified,
        Ask::Denied | Ask::Refused => Standing::Denied,
        Ask::Unknown => Standing::Unknown,
        Ask::None | Ask::Pending if row.lease_until.is_some() => Standing::Expired,
        Ask::None | Ask::Pending => Standing::Pending,
    }
}
