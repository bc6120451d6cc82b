//! An app's own token, for reads that need no user: the one that is configured, or one that is fetched with the API key
//! and kept, sealed.
//!
//! What is kept is a cache, which any app's call may fill and replace: losing it, or filling it twice, costs a request.

use super::operations::Chosen;
use crate::app::App;
use crate::platforms::NotSent;
use crate::platforms::x::apponly;
use crate::platforms::x::oauth1::Consumer;
use crate::ports::Statement;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

/// A token, and which one it is.
pub struct Bearer {
    /// The token.
    pub token: SecretString,
    /// 0 for the configured one, otherwise when it was fetched.
    pub generation: i64,
}

#[derive(Deserialize)]
struct Kept {
    sealed: String,
    made_with: String,
    fetched_at: i64,
}

const READ: &str = "SELECT sealed, made_with, fetched_at FROM app_bearers WHERE app = ?1";
const KEEP: &str =
    "INSERT INTO app_bearers (app, sealed, made_with, fetched_at) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (app) DO UPDATE SET sealed = excluded.sealed, made_with = excluded.made_with,
    fetched_at = max(app_bearers.fetched_at + 1, excluded.fetched_at)";

/// The app's token. `refused` is the generation that X did not take.
///
/// # Errors
/// Why there is none, told to whoever can do something about it.
pub async fn bearer(app: &App, chosen: &Chosen, refused: Option<i64>) -> Result<Bearer, NotSent> {
    if let (Some(token), None) = (&chosen.app.bearer_token, refused) {
        return Ok(Bearer {
            token: token.clone(),
            generation: 0,
        });
    }
    let Some(consumer) = chosen.app.consumer() else {
        let why = match refused {
            Some(_) => apponly::refused(),
            None => apponly::none(),
        };
        return Err(super::addressed(why, chosen.is_own()));
    };
    let made_with = made_with(app, &consumer);
    if let Some(kept) = kept(app, chosen, &made_with).await
        && refused != Some(kept.generation)
    {
        return Ok(kept);
    }
    let fetched = apponly::fetch(&*app.http, &app.config.x, &consumer).await;
    let token = fetched.map_err(|why| super::addressed(why, chosen.is_own()))?;
    let generation = app.now().millis();
    keep(app, chosen, &token, &made_with).await;
    Ok(Bearer { token, generation })
}

fn context(name: &str) -> String {
    format!("app_bearers.sealed/{name}")
}

// After a key is put before the others it differs: then the token is fetched once more.
fn made_with(app: &App, consumer: &Consumer) -> String {
    let message = format!("{}\n{}", consumer.key, consumer.secret.expose_secret());
    let macs = app
        .config
        .keyring
        .macs("app_bearers.made_with", message.as_bytes());
    macs.into_iter().next().unwrap_or_default()
}

async fn kept(app: &App, chosen: &Chosen, made_with: &str) -> Option<Bearer> {
    let read = Statement::new(READ).bind(&*chosen.name);
    let kept: Option<Kept> = app.database.run(read).await.ok()?.first().ok()?;
    let kept = kept.filter(|kept| kept.made_with == made_with)?;
    let context = context(&chosen.name);
    Some(Bearer {
        token: app.config.keyring.open(&context, &kept.sealed).ok()?,
        generation: kept.fetched_at,
    })
}

async fn keep(app: &App, chosen: &Chosen, token: &SecretString, made_with: &str) {
    let context = context(&chosen.name);
    let Ok(sealed) = app.config.keyring.seal(&*app.random, &context, token) else {
        return;
    };
    let keep = Statement::new(KEEP)
        .bind(&*chosen.name)
        .bind(sealed)
        .bind(made_with)
        .bind(app.now());
    // The next call fetches it again.
    if let Err(error) = app.database.run(keep).await {
        app.warn("bearer_not_kept", &json!({ "error": error.to_string() }));
    }
}
