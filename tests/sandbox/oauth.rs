//! `POST /2/oauth2/token` and `POST /2/oauth2/revoke`.
//!
//! Only a form is read. A confidential client shows itself by `Authorization: Basic` and never by a secret in the
//! body; a public client by `client_id` in the body.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    answer::Answer,
    apps::Permissions,
    call::{Call, first},
    grants::{Challenge, Tokens},
    refusals::{Refusal, missing_parameter, oauth},
    settings::Settings,
    x::X,
};

type Form = [(String, String)];

pub fn token(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let form = call.form();
    let grant_type = required(&form, "grant_type")?;
    let app = authenticate(&x.settings, call, &form)?;
    let tokens = match grant_type {
        "authorization_code" => exchange(x, call, app, &form)?,
        "urn:ietf:params:oauth:grant-type:token-exchange" => from_oauth1(x, call, app, &form)?,
        "refresh_token" => {
            let token = required(&form, "refresh_token")?;
            let tokens = x
                .grants
                .refresh(&mut x.ids, &x.settings, call.now_ms, app, token)
                .ok_or_else(|| Refusal::TokenInvalid.answer())?;
            x.record.counts.refreshes_accepted += 1;
            tokens
        }
        _ => {
            return Err(oauth(
                400,
                "invalid_request",
                "Value passed for the grant type was invalid.",
            ));
        }
    };
    Ok(handed_out(&tokens))
}

pub fn revoke(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let form = call.form();
    let token = required(&form, "token")?;
    authenticate(&x.settings, call, &form)?;
    x.grants.revoke(token);
    Ok(Answer::json(200, &json!({"revoked": true})))
}

fn exchange(x: &mut X, call: &Call, app: usize, form: &Form) -> Result<Tokens, Answer> {
    let code = required(form, "code")?;
    let redirect_uri = required(form, "redirect_uri")?;
    let verifier = required(form, "code_verifier")?;
    let consent = x
        .grants
        .spend_code(code, call.now_ms)
        .filter(|consent| consent.app == app && consent.redirect_uri == redirect_uri)
        .filter(|consent| consent.challenge.is_met_by(verifier))
        .ok_or_else(|| Refusal::CodeInvalid.answer())?;
    x.record.counts.token_exchanges_accepted += 1;
    Ok(x.grants.grant(
        &mut x.ids,
        &x.settings,
        call.now_ms,
        (app, consent.user),
        consent.scopes,
    ))
}

/// What an OAuth 1.0a token may be exchanged for, by its permissions
/// (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>).
fn scopes_of(permissions: Permissions) -> Vec<&'static str> {
    const READ: &str = "tweet.read users.read follows.read mute.read block.read list.read like.read timeline.read \
                        broadcast.read";
    const WRITE: &str = "tweet.write tweet.moderate.write follows.write like.write list.write mute.write block.write \
                         media.write broadcast.write";
    let mut scopes: Vec<&str> = READ.split(' ').collect();
    if permissions != Permissions::Read {
        scopes.extend(WRITE.split(' '));
    }
    if permissions == Permissions::ReadWriteMessages {
        scopes.extend(["dm.read", "dm.write"]);
    }
    scopes.push("offline.access");
    scopes
}

/// The OAuth 1.0a token stays good. A repeat ends the pair before it.
fn from_oauth1(x: &mut X, call: &Call, app: usize, form: &Form) -> Result<Tokens, Answer> {
    let kind = required(form, "subject_token_type")?;
    let token = required(form, "subject_token")?;
    let secret = required(form, "oauth_token_secret")?;
    let granted = x
        .oauth1
        .get(token)
        .filter(|_| kind == "urn:x:params:oauth:token-type:oauth1_token")
        .filter(|granted| granted.secret == secret && granted.app == app)
        .cloned()
        .ok_or_else(|| Refusal::InvalidGrant.answer())?;
    let all = scopes_of(granted.permissions);
    let asked: Vec<&str> = match first(form, "scope").filter(|scope| !scope.is_empty()) {
        Some(scope) => scope.split(' ').collect(),
        None => all.clone(),
    };
    if asked.iter().any(|scope| !all.contains(scope)) {
        return Err(oauth(
            400,
            "invalid_scope",
            "The requested scope exceeds what was granted.",
        ));
    }
    let mut scopes: Vec<String> = asked.into_iter().map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "offline.access") {
        scopes.push("offline.access".into());
    }
    x.grants.end_exchanged(app, granted.user);
    let who = (app, granted.user);
    let (ids, settings) = (&mut x.ids, &x.settings);
    let tokens = x.grants.grant(ids, settings, call.now_ms, who, scopes);
    x.grants.mark_exchanged();
    Ok(tokens)
}

impl Challenge {
    fn is_met_by(&self, verifier: &str) -> bool {
        // RFC 7636 4.1: 43 to 128 unreserved characters.
        let well_formed = (43..=128).contains(&verifier.len())
            && verifier
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        well_formed
            && match self {
                Self::Plain(challenge) => challenge == verifier,
                Self::S256(challenge) => {
                    *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
                }
            }
    }
}

/// Which app this is.
fn authenticate(settings: &Settings, call: &Call, form: &Form) -> Result<usize, Answer> {
    let refused = || Refusal::BadClient.answer();
    let named = first(form, "client_id").filter(|id| !id.is_empty());
    let Some(header) = call.header("authorization") else {
        let Some(id) = named else {
            let has_public = settings.registered().any(|app| app.client_secret.is_none());
            return Err(if has_public {
                missing_parameter("client_id")
            } else {
                refused()
            });
        };
        let app = settings.app_of_client(id).ok_or_else(refused)?;
        let is_public = app.client_secret.is_none();
        return is_public.then_some(app.index).ok_or_else(refused);
    };
    let (id, password) = basic(header).ok_or_else(refused)?;
    settings
        .registered()
        .find(|app| is(&id, app.client_id))
        .filter(|app| {
            app.client_secret
                .is_some_and(|secret| is(&password, secret))
        })
        .filter(|app| named.is_none_or(|named| named == app.client_id))
        .map(|app| app.index)
        .ok_or_else(refused)
}

pub fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// RFC 6749 2.3.1 has both halves of Basic form-encoded; many clients send them as they are. X takes either.
pub fn is(shown: &str, expected: &str) -> bool {
    let encoded: String = form_urlencoded::byte_serialize(expected.as_bytes()).collect();
    shown == expected || shown == encoded
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Answer> {
    first(form, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| missing_parameter(name))
}

pub fn handed_out(tokens: &Tokens) -> Answer {
    let mut body = json!({
        "token_type": "bearer",
        "expires_in": tokens.expires_in_s,
        "access_token": tokens.access,
        "scope": tokens.scopes.join(" "),
    });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = refresh.clone().into();
    }
    Answer::json(200, &body)
}
