//! What the half-hourly tick does for all accounts: it renews what is idle, and has sealed anew what is under an older
//! key.

use super::operations::{ask, mark};
use super::store::care::{self, Due, Outdated};
use super::{model::Status, store};
use crate::app::App;
use crate::apps;
use crate::error::Error;
use crate::gate::{GateName, GateReply, GateRequest, unexpected};
use crate::platforms::Class;
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// How many accounts one tick renews: one after the other and at 10 s each at worst, they end before the next tick. In
/// a month, that is 72,000.
const RENEW_AT_ONCE: u32 = 50;

/// How many tokens one tick has sealed anew.
const RESEAL_AT_ONCE: u32 = 300;

/// How many gates are asked at the same time: as many connections as an invocation has
/// (<https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections>).
const GATES_AT_ONCE: usize = 6;

/// What an older key still holds.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SealedByKey")]
pub struct Sealed {
    /// The key's id in `ENCRYPTION_KEYS`.
    pub key_id: String,
    /// Whether `ENCRYPTION_KEYS` has it. If not, what it holds cannot be opened.
    pub configured: bool,
    /// How many accounts' tokens.
    pub tokens: u64,
    /// How many connects that were begun in the last ten minutes.
    pub consents: u64,
    /// How many workspaces' own X apps.
    pub apps: u64,
}

/// Renews, and seals anew; gives how many were done. Each is tried whatever becomes of the other.
///
/// # Errors
/// When the database did not answer one of them.
pub async fn tend(app: &App) -> Result<u32, Error> {
    let renewed = renew(app).await;
    let resealed = reseal(app).await;
    let apps = apps::reseal(app).await;
    let left = sealed_by_key(app).await;
    if let Ok(left) = &left
        && !left.is_empty()
    {
        app.info("sealed_with_older_keys", &json!({ "keys": left }));
    }
    let done = renewed?.saturating_add(resealed?).saturating_add(apps?);
    left.map(|_| done)
}

/// Keeps the grants of idle accounts alive: X's refresh tokens end after about six months without use. Asks the gate for
/// new tokens where the last are a month old; gives how many were fetched.
///
/// Every account is put off before it is asked for. If the process ends in between, or the database or X does not
/// answer, its turn comes again six hours later, and those behind it are not kept waiting; two ticks at once take
/// different ones.
///
/// # Errors
/// When the database does not answer.
pub async fn renew(app: &App) -> Result<u32, Error> {
    let mut renewed = 0;
    for due in care::take_due(&*app.database, app.now(), RENEW_AT_ONCE).await? {
        match renew_one(app, &due).await {
            Ok(true) => renewed += 1,
            Ok(false) => {}
            Err(error) => app.warn(
                "tokens_not_renewed",
                &json!({ "account_id": due.account_id, "code": error.code, "internal": error.internal }),
            ),
        }
    }
    Ok(renewed)
}

// Whether a new pair was fetched; the gate has then put the account off for a month, together with saving the pair.
async fn renew_one(app: &App, due: &Due) -> Result<bool, Error> {
    let row = store::read(&*app.database, &due.workspace_id, &due.account_id).await?;
    let active = row.filter(|row| row.status == Status::Active);
    let Some((row, grant)) = active.and_then(|row| store::grant(&row).map(|grant| (row, grant)))
    else {
        // A new connect begins a new month.
        app.database.run(care::put_off(due, app.now())).await?;
        return Ok(false);
    };
    let request = GateRequest::Refresh {
        grant,
        force: false,
    };
    match ask(app, &row, request).await? {
        GateReply::Refresh(Ok(until)) if until.refreshed => Ok(true),
        GateReply::Refresh(Ok(_)) => {
            app.database.run(care::put_off(due, app.now())).await?;
            Ok(false)
        }
        GateReply::Refresh(Err(refusal)) => {
            if refusal.class == Class::Token {
                mark(app, &row, &refusal).await?;
                app.database.run(care::put_off(due, app.now())).await?;
            }
            app.warn(
                "tokens_not_renewed",
                &json!({ "account_id": row.id, "code": refusal.code }),
            );
            Ok(false)
        }
        other => Err(unexpected(&other)),
    }
}

/// Has tokens that an older key sealed sealed with the newest one, a portion at a time; gives how many were.
///
/// Their gates do it, since nothing else opens tokens, and each in the place of the very text that was read here, so
/// that a refresh or a new connect in between is never lost. The next tick goes on behind the last one, and begins
/// anew at the end: what does not open, or whose gate does not answer, stands in nobody's way. Ending anywhere, or
/// running twice at once, only repeats what changes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn reseal(app: &App) -> Result<u32, Error> {
    let database = &*app.database;
    let mut resealed = 0;
    let mut left = RESEAL_AT_ONCE;
    for key_id in app.config.keyring.older() {
        let cursor = format!("reseal/{key_id}");
        let after = care::cursor(database, &cursor).await?;
        let found = care::outdated(database, key_id, &after, left).await?;
        let count = u32::try_from(found.len()).unwrap_or(left);
        // Moved before the gates are asked: a portion on which the process ends is not begun with again.
        let next = match found.last() {
            Some(last) if count >= left => last.grant.account_id.as_str(),
            _ => "",
        };
        if next != after {
            database.run(care::move_cursor(&cursor, next)).await?;
        }
        for some in found.chunks(GATES_AT_ONCE) {
            let asked = join_all(some.iter().map(|one| reseal_one(app, one))).await;
            let done = asked.into_iter().filter(|done| *done).count();
            resealed += u32::try_from(done).unwrap_or(0);
        }
        left = left.saturating_sub(count);
        if left == 0 {
            break;
        }
    }
    Ok(resealed)
}

async fn reseal_one(app: &App, outdated: &Outdated) -> bool {
    let request = GateRequest::Reseal {
        grant: outdated.grant.clone(),
    };
    let gate = GateName::x(&outdated.external_id);
    let why = match app.gates.call(&gate, request).await {
        Ok(GateReply::Reseal(Ok(done))) => return done,
        Ok(GateReply::Reseal(Err(refusal))) => refusal.code,
        Ok(other) => unexpected(&other).code.to_owned(),
        Err(lost) => lost.0,
    };
    app.warn(
        "tokens_not_resealed",
        &json!({ "account_id": outdated.grant.account_id, "why": why }),
    );
    false
}

/// What is still sealed with other keys than the newest; a key that is not named holds nothing any more. It may be
/// taken out of `ENCRYPTION_KEYS` a few minutes after it has vanished here: a gate that holds tokens which the database
/// does not have yet wakes every minute and seals them anew.
///
/// # Errors
/// When the database does not answer.
pub async fn sealed_by_key(app: &App) -> Result<Vec<Sealed>, Error> {
    let keyring = &app.config.keyring;
    let [tokens, consents, apps] =
        care::sealed_by_other_keys(&*app.database, keyring.newest(), app.now()).await?;
    let mut keys = BTreeMap::<String, (u64, u64, u64)>::new();
    for count in tokens {
        keys.entry(count.key_id).or_default().0 = count.sealed;
    }
    for count in consents {
        keys.entry(count.key_id).or_default().1 = count.sealed;
    }
    for count in apps {
        keys.entry(count.key_id).or_default().2 = count.sealed;
    }
    let sealed = keys
        .into_iter()
        .map(|(key_id, (tokens, consents, apps))| Sealed {
            configured: keyring.older().any(|known| known == key_id),
            key_id,
            tokens,
            consents,
            apps,
        });
    Ok(sealed.collect())
}
