//! The end of a consent: `GET /connections/x/callback`, where X sends the person's browser, and for OAuth 1.0a
//! `GET /connections/x/oauth1/callback`.
//!
//! 1. Take the state: one statement, so that of two callbacks one goes on.
//! 2. Exchange the code at once: it lives 30 s and works once. Of OAuth 1.0a that is the verifier, for which X takes the
//!    request token once.
//! 3. Ask X who it is.
//! 4. Save account and tokens in one batch, and wake what waited for them.
//!
//! If the process ends after 1, the state is spent; after 2, X has given tokens that nobody holds. Either way nothing is
//! half saved, and the person connects again, which X takes as often as they like. A later consent does not need the
//! earlier one to be cleaned up.

use super::connect::{cookie_name, no_client, no_consumer, verifier_context};
use super::keep::{Granted, keep, who};
use super::model::Auth;
use super::store::connecting::{TakenState, take};
use crate::app::App;
use crate::apps::{self, Chosen};
use crate::crypto::{same, sha256};
use crate::error::{Error, Kind};
use crate::http::Call;
use crate::ids::AccountId;
use crate::platforms::Profile;
use crate::platforms::x::{oauth, oauth1};
use crate::publish;
use secrecy::SecretString;
use serde_json::json;

/// An account that was connected.
#[derive(Debug)]
pub struct Connected {
    /// The account.
    pub account_id: AccountId,
    /// Who it is.
    pub profile: Profile,
    /// What posting needs and the consent did not cover.
    pub missing: Vec<&'static str>,
}

/// How a consent ended, and where to say so.
#[derive(Debug)]
pub struct Ending {
    /// Where the browser goes.
    pub redirect_to: Option<String>,
    /// The state, if it was one of ours: it is spent now.
    pub state: Option<String>,
    /// What came of it.
    pub outcome: Result<Connected, Error>,
}

impl Ending {
    const fn nowhere(error: Error) -> Self {
        Self {
            redirect_to: None,
            state: None,
            outcome: Err(error),
        }
    }
}

/// What X appended to the callback's address.
#[derive(Debug, Default)]
struct Given {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    denied: Option<String>,
}

/// X's word for a person who refused.
const DENIED: &str = "access_denied";

impl Given {
    fn read(auth: Auth, query: &str) -> Self {
        let is_oauth1 = auth == Auth::OAuth1;
        let mut given = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "state" if !is_oauth1 => &mut given.state,
                "code" if !is_oauth1 => &mut given.code,
                "error" if !is_oauth1 => &mut given.error,
                "oauth_token" if is_oauth1 => &mut given.state,
                "oauth_verifier" if is_oauth1 => &mut given.code,
                // The request token of a person who refused.
                "denied" if is_oauth1 => &mut given.denied,
                _ => continue,
            };
            // The first counts. X's own are far shorter than this.
            if field.is_none() && !value.is_empty() && value.len() <= 2_000 {
                *field = Some(value.into_owned());
            }
        }
        if let (None, Some(token)) = (&given.state, given.denied.take()) {
            given.state = Some(token);
            given.error = Some(DENIED.to_owned());
        }
        given
    }
}

/// Ends a consent, whatever comes back.
pub async fn finish(app: &App, auth: Auth, call: &Call) -> Ending {
    let given = Given::read(auth, &call.query);
    let Some(state) = given.state.clone() else {
        return Ending::nowhere(unknown_state());
    };
    let state_hash = sha256(state.as_bytes());
    // 1. From here on the state is spent.
    let taken = match take(&*app.database, &state_hash, auth, app.now()).await {
        Ok(Ok(taken)) => taken,
        Ok(Err(None)) => return Ending::nowhere(unknown_state()),
        Ok(Err(Some(spent))) => {
            let error = if spent.used_at.is_some() {
                used_state()
            } else {
                expired_state()
            };
            return Ending {
                redirect_to: spent.redirect_to,
                state: Some(state),
                outcome: Err(error),
            };
        }
        Err(error) => return Ending::nowhere(error),
    };
    let bound = taken.binding_hash.as_deref().is_none_or(|expected| {
        call.cookie(&cookie_name(&state_hash))
            .is_some_and(|value| same(sha256(value.as_bytes()).as_bytes(), expected.as_bytes()))
    });
    let outcome = if bound {
        connect(app, auth, &taken, &state, given).await
    } else {
        Err(other_browser())
    };
    Ending {
        redirect_to: taken.redirect_to,
        state: Some(state),
        outcome,
    }
}

async fn connect(
    app: &App,
    auth: Auth,
    taken: &TakenState,
    state: &str,
    given: Given,
) -> Result<Connected, Error> {
    if let Some(error) = given.error {
        return Err(if error == DENIED {
            denied()
        } else {
            not_granted(&error)
        });
    }
    let code = given.code.ok_or_else(|| not_granted("no code"))?;
    let secret = open_verifier(app, &sha256(state.as_bytes()), &taken.verifier)?;
    let chosen = apps::named(app, &taken.workspace_id, &taken.app).await?;
    // 2.
    let granted = match auth {
        Auth::OAuth1 => granted_by_oauth1(app, &chosen, state, (secret, &code)).await?,
        Auth::OAuth2 | Auth::AppOnly => granted_by_oauth2(app, &chosen, code, &secret).await?,
    };
    // 3.
    let profile = who(app, &chosen, &granted).await?;
    // 4.
    let missing = granted.missing();
    let account_id = keep(app, taken, &profile, granted).await?;
    // What waited for this goes out now, and not at the next tick. If this is lost, the tick does it.
    if let Err(error) = publish::sweep(app).await {
        app.warn("sweep_failed", &json!({ "internal": error.internal }));
    }
    Ok(Connected {
        account_id,
        profile,
        missing,
    })
}

// X has spent the code whatever comes back; a lost answer means another consent.
async fn granted_by_oauth2(
    app: &App,
    chosen: &Chosen,
    code: String,
    verifier: &SecretString,
) -> Result<Granted, Error> {
    let (config, redirect_uri) = (&app.config.x, app.config.x_redirect_uri());
    let client = oauth::Client::of(&chosen.app).ok_or_else(|| no_client(chosen.is_own()))?;
    let (http, now) = (&*app.http, app.now());
    let pair = oauth::exchange(http, config, &client, &redirect_uri, code, verifier, now).await;
    pair.map(Granted::from)
        .map_err(|refusal| chosen.refused(refusal))
}

// The same holds for the request token.
async fn granted_by_oauth1(
    app: &App,
    chosen: &Chosen,
    request_token: &str,
    (secret, verifier): (SecretString, &str),
) -> Result<Granted, Error> {
    let consumer = chosen.app.consumer();
    let consumer = consumer.ok_or_else(|| no_consumer(chosen.is_own()))?;
    let asked = oauth1::Token {
        token: SecretString::from(request_token),
        secret,
    };
    let token = app.x_legs(&consumer).access_token(&asked, verifier).await;
    token
        .map(Granted::from)
        .map_err(|refusal| chosen.refused(refusal))
}

fn open_verifier(app: &App, state_hash: &str, sealed: &str) -> Result<SecretString, Error> {
    app.config
        .keyring
        .open(&verifier_context(state_hash), sealed)
        .map_err(|_| {
            Error::internal("a verifier does not open: was its key taken out of ENCRYPTION_KEYS?")
        })
}

fn unknown_state() -> Error {
    Error::new(
        Kind::Malformed,
        "state_unknown",
        "This address does not belong to a connect that was begun here.",
        "Begin connecting again, and use the address that you are given only once.",
    )
}

fn used_state() -> Error {
    Error::new(
        Kind::Conflict,
        "state_used",
        "This connect has already been finished; its address works once.",
        "See under your accounts whether it is connected. If it is not, begin connecting again.",
    )
}

fn expired_state() -> Error {
    Error::new(
        Kind::Malformed,
        "state_expired",
        "More than ten minutes have passed since this connect was begun.",
        "Begin connecting again.",
    )
}

fn other_browser() -> Error {
    Error::new(
        Kind::Forbidden,
        "state_of_other_browser",
        "This connect was begun in another browser, or its cookie is gone.",
        "Begin connecting again in this browser. If somebody sent you the address, do not use it: it would give them access to your X account.",
    )
}

fn denied() -> Error {
    Error::new(
        Kind::Forbidden,
        "consent_denied",
        "You did not allow the access at X, so nothing was connected.",
        "Begin connecting again if you change your mind.",
    )
}

fn not_granted(what: &str) -> Error {
    Error::new(
        Kind::Upstream,
        "consent_failed",
        "X did not give its consent and did not say that you refused.",
        "Begin connecting again; if it persists, the operator checks the X app's settings (type of app, callback address, permissions).",
    )
    .with_upstream(what.chars().filter(|c| !c.is_control()).take(100).collect::<String>())
}
