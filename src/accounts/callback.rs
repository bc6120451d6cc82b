//! The end of a consent: `GET /connections/x/callback`, where X sends the person's browser.
//!
//! 1. Take the state: one statement, so that of two callbacks one goes on.
//! 2. Exchange the code at once: it lives 30 s and works once.
//! 3. Ask X who it is.
//! 4. Save account and tokens in one batch, and wake what waited for them.
//!
//! If the process ends after 1, the state is spent; after 2, X has given tokens that nobody holds. Either way nothing is
//! half saved, and the person connects again, which X takes as often as they like. A later consent does not need the
//! earlier one to be cleaned up.

use super::connect::{cookie_name, not_configured, verifier_context};
use super::model::MISSING_SCOPE;
use super::refusals::refused;
use super::store::connecting::{Connected as NewAccount, TakenState, known, save, take};
use super::{store, tokens};
use crate::app::App;
use crate::crypto::{same, sha256};
use crate::error::{Error, Kind};
use crate::http::Call;
use crate::ids::{AccountId, AuditId, UserId};
use crate::platforms::x::api::Credentials;
use crate::platforms::x::{oauth, profile};
use crate::platforms::{Class, NotSent, Profile};
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
}

impl Given {
    fn read(query: &str) -> Self {
        let mut given = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "state" => &mut given.state,
                "code" => &mut given.code,
                "error" => &mut given.error,
                _ => continue,
            };
            // The first counts. X's own are far shorter than this.
            if field.is_none() && !value.is_empty() && value.len() <= 2_000 {
                *field = Some(value.into_owned());
            }
        }
        given
    }
}

/// Ends a consent, whatever comes back.
pub async fn finish(app: &App, call: &Call) -> Ending {
    let given = Given::read(&call.query);
    let Some(state) = given.state.clone() else {
        return Ending::nowhere(unknown_state());
    };
    let state_hash = sha256(state.as_bytes());
    // 1. From here on the state is spent.
    let taken = match take(&*app.database, &state_hash, app.now()).await {
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
        connect(app, &taken, &state_hash, given).await
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
    taken: &TakenState,
    state_hash: &str,
    given: Given,
) -> Result<Connected, Error> {
    if let Some(error) = given.error {
        return Err(if error == "access_denied" {
            denied()
        } else {
            not_granted(&error)
        });
    }
    let code = given.code.ok_or_else(|| not_granted("no code"))?;
    let client = oauth::Client::of(&app.config.x.app).ok_or_else(not_configured)?;
    let verifier = open_verifier(app, state_hash, &taken.verifier)?;
    let redirect_uri = app.config.x_redirect_uri();
    // 2. X has spent the code whatever comes back; a lost answer means another consent.
    let pair = oauth::exchange(
        &*app.http,
        &app.config.x,
        &client,
        &redirect_uri,
        code,
        &verifier,
        app.now(),
    )
    .await
    .map_err(refused)?;
    // 3.
    let profile = who(app, &Credentials::Bearer(pair.access.clone()))
        .await
        .map_err(refused)?;
    let mut missing = oauth::missing_scopes(&pair.scopes);
    if pair.refresh.is_none() && !missing.contains(&"offline.access") {
        missing.push("offline.access");
    }
    // 4.
    let account_id = keep(app, taken, &profile, pair, !missing.is_empty()).await?;
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

fn open_verifier(app: &App, state_hash: &str, sealed: &str) -> Result<SecretString, Error> {
    app.config
        .keyring
        .open(&verifier_context(state_hash), sealed)
        .map_err(|_| {
            Error::internal("a verifier does not open: was its key taken out of ENCRYPTION_KEYS?")
        })
}

// A second try for one that got no answer: a consent is a person's effort, and the question is free to repeat.
async fn who(app: &App, credentials: &Credentials) -> Result<Profile, NotSent> {
    let api = app.x(credentials);
    match profile::users_me(&api).await {
        Err(refusal) if refusal.class == Class::Transient => profile::users_me(&api).await,
        answer => answer,
    }
}

async fn keep(
    app: &App,
    taken: &TakenState,
    profile: &Profile,
    pair: oauth::TokenPair,
    lacking: bool,
) -> Result<AccountId, Error> {
    let workspace = &taken.workspace_id;
    let scopes = pair.scopes.join(" ");
    let tokens = tokens::Pair {
        access: pair.access,
        refresh: pair.refresh,
        secret: None,
    };
    // More than once only when another callback made the account in between: see `store::connecting`.
    for _ in 0..3 {
        let id = known(&*app.database, workspace, &profile.external_id)
            .await?
            .unwrap_or_else(|| AccountId::new(&*app.clock, &*app.random));
        let sealed = tokens::seal(&app.config.keyring, &*app.random, workspace, &id, &tokens)
            .map_err(|_| Error::internal("tokens could not be sealed"))?;
        let now = app.now();
        let [account, put_tokens] = save(&NewAccount {
            id: &id,
            workspace_id: workspace,
            user_id: taken.user_id.as_ref(),
            profile,
            lacking: lacking.then_some(MISSING_SCOPE),
            scopes: &scopes,
            sealed: &sealed,
            token_expires_at: pair.expires_at,
            now,
        });
        let actor = taken.user_id.as_ref().map_or("system", UserId::as_str);
        let audit_id = AuditId::new(&*app.clock, &*app.random);
        let statements = vec![
            account,
            put_tokens,
            store::wake_deliveries(workspace, &id, now),
            store::audit(workspace, &audit_id, actor, "account.connected", &id, now),
        ];
        let sets = app.database.batch(statements).await?;
        if sets.get(1).is_some_and(|tokens| !tokens.rows.is_empty()) {
            return Ok(id);
        }
    }
    Err(Error::unavailable(
        "an account was connected by somebody else at the same moment, three times",
    ))
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
