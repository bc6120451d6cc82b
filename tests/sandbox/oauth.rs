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
    authenticate(&x.settings, call, &form)?;
    let tokens = match grant_type {
        "authorization_code" => exchange(x, call, &form)?,
        "refresh_token" => {
            let token = required(&form, "refresh_token")?;
            let tokens = x
                .grants
                .refresh(&mut x.ids, &x.settings, call.now_ms, token)
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

fn exchange(x: &mut X, call: &Call, form: &Form) -> Result<Tokens, Answer> {
    let code = required(form, "code")?;
    let redirect_uri = required(form, "redirect_uri")?;
    let verifier = required(form, "code_verifier")?;
    let consent = x
        .grants
        .spend_code(code, call.now_ms)
        .filter(|consent| consent.redirect_uri == redirect_uri)
        .filter(|consent| consent.challenge.is_met_by(verifier))
        .ok_or_else(|| Refusal::CodeInvalid.answer())?;
    x.record.counts.token_exchanges_accepted += 1;
    Ok(x.grants.grant(
        &mut x.ids,
        &x.settings,
        call.now_ms,
        consent.user,
        consent.scopes,
    ))
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

fn authenticate(settings: &Settings, call: &Call, form: &Form) -> Result<(), Answer> {
    let Some(secret) = &settings.client_secret else {
        let client_id = required(form, "client_id")?;
        let is_ours = client_id == settings.client_id && call.header("authorization").is_none();
        return is_ours
            .then_some(())
            .ok_or_else(|| Refusal::BadClient.answer());
    };
    let shown = call
        .header("authorization")
        .and_then(basic)
        .is_some_and(|(id, password)| is(&id, &settings.client_id) && is(&password, secret));
    let body_agrees =
        first(form, "client_id").is_none_or(|client_id| client_id == settings.client_id);
    (shown && body_agrees)
        .then_some(())
        .ok_or_else(|| Refusal::BadClient.answer())
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// RFC 6749 2.3.1 has both halves of Basic form-encoded; many clients send them as they are. X takes either.
fn is(shown: &str, expected: &str) -> bool {
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
