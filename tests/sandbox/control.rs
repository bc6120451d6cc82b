//! The control surface, `/_sandbox/…`: the methods of [`X`] over HTTP. It takes part in no count, log or fault.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /_sandbox/faults` | | `{"faults": [...]}`: those with something left to do |
//! | `POST /_sandbox/faults` | a [`Fault`], or an array of them | the same, 201 |
//! | `DELETE /_sandbox/faults` | | the same |
//! | `GET /_sandbox/requests` | | `{"requests": [...]}`, never with a token, code or state in it |
//! | `GET /_sandbox/posts` | | `{"posts": [...]}`, deleted ones included |
//! | `POST /_sandbox/posts` | `{"username", "text"}` | 201 `{"id"}`: written on x.com, beside the app |
//! | `POST /_sandbox/metrics` | `{"id", "impressions"?, "url_clicks"?, "profile_clicks"?}` | `{}` |
//! | `GET /_sandbox/money` | | `{"apps": [...]}`: what each spent, on what, in millionths of a dollar |
//! | `GET /_sandbox/windows` | | `{"windows": [...]}`: requests used of each limit, by app, user and endpoint |
//! | `GET /_sandbox/media` | | `{"media": [...]}`: every upload, its segments, hash and state |
//! | `GET /_sandbox/counts` | | the counts |
//! | `GET /_sandbox/users` | | `{"users": [...]}` |
//! | `POST /_sandbox/users` | `{"username", "name", "verified_type"?, "subscription_type"?}` | 201, the user |
//! | `POST /_sandbox/grants` | `{"username", "scopes": [...], "client_id"?}` | tokens as the token endpoint gives them |
//! | `POST /_sandbox/oauth1-grants` | `{"username", "client_id"?}` | `{"oauth_token", "oauth_token_secret"}` |
//! | `POST /_sandbox/revoke-user` | `{"username"}` | `{}` |
//! | `POST /_sandbox/expire-tokens` | | `{}` |
//! | `GET`, `POST /_sandbox/settings` | members of [`Settings`](super::Settings) to change | the settings, without secrets |
//! | `POST /_sandbox/reset` | | `{}` |
//!
//! Every class of request takes every effect but `fail_processing`, which is for `media_finalize`:
//! `{"on": "media_finalize", "do": {"kind": "fail_processing", "error": {"code": 3, "name": "UnsupportedMedia",
//! "message": "..."}}}`, `error` being optional. Example of another fault: `{"on": "create", "after": 1, "times": 2, "do": {"kind": "status", "name": "rate_limit",
//! "reset_after_s": 5}}`. What does not fit is answered 400 `{"error"}`, unknown members included.

use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    answer::Answer, call::Call, faults::Fault, measure::Metrics, oauth, people::Profile,
    refusals::Refusal, x::X,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    username: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    username: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    username: String,
    scopes: Vec<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OAuth1Granted {
    username: String,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct Measurement {
    id: String,
    #[serde(flatten)]
    metrics: Metrics,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

pub fn handle(x: &mut X, call: &Call) -> Answer {
    answer(x, call).unwrap_or_else(|wrong| Answer::json(400, &json!({"error": wrong})))
}

fn answer(x: &mut X, call: &Call) -> Result<Answer, String> {
    let is_get = call.method == Method::GET;
    let is_post = call.method == Method::POST;
    let body = match call.segments().get(1).copied().unwrap_or("") {
        "faults" => return faults(x, call),
        "requests" if is_get => json!({"requests": x.requests()}),
        "posts" if is_get => json!({"posts": x.posts()}),
        "posts" if is_post => {
            let Written { username, text } = body(call)?;
            let id = x.write_as(call.now_ms, &username, &text);
            return Ok(Answer::json(201, &json!({"id": known(id, &username)?})));
        }
        "metrics" if is_post => {
            let Measurement { id, metrics } = body(call)?;
            if !x.measure(&id, metrics) {
                return Err(format!("there is no post {id}"));
            }
            json!({})
        }
        "money" if is_get => json!({"apps": x.money(call.now_ms)}),
        "windows" if is_get => json!({"windows": x.windows()}),
        "media" if is_get => json!({"media": x.media(call.now_ms)}),
        "counts" if is_get => json!(x.counts()),
        "users" if is_get => json!({"users": x.users()}),
        "users" if is_post => {
            let user = x.add_user(body::<Profile>(call)?)?;
            return Ok(Answer::json(201, &json!(user)));
        }
        "grants" if is_post => {
            let Granted {
                username,
                scopes,
                client_id,
            } = body(call)?;
            let app = app(x, client_id.as_deref())?;
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let tokens = known(x.grant_to(call.now_ms, app, &username, &scopes), &username)?;
            return Ok(oauth::handed_out(&tokens));
        }
        "oauth1-grants" if is_post => {
            let OAuth1Granted {
                username,
                client_id,
            } = body(call)?;
            let app = app(x, client_id.as_deref())?;
            let (token, secret) = known(x.grant_oauth1(app, &username), &username)?;
            json!({"oauth_token": token, "oauth_token_secret": secret})
        }
        "revoke-user" if is_post => {
            let Named { username } = body(call)?;
            known(x.revoke_user(&username).then_some(()), &username)?;
            json!({})
        }
        "expire-tokens" if is_post => {
            x.expire_tokens();
            json!({})
        }
        "settings" if is_get => json!(x.settings),
        "settings" if is_post => {
            x.settings = x.settings.patched(&body(call)?)?;
            json!(x.settings)
        }
        "reset" if is_post => {
            x.reset();
            json!({})
        }
        _ => return Ok(Refusal::NotFound.answer()),
    };
    Ok(Answer::json(200, &body))
}

fn faults(x: &mut X, call: &Call) -> Result<Answer, String> {
    let status = match call.method {
        Method::GET => 200,
        Method::POST => {
            let faults = match body(call)? {
                OneOrMany::Many(faults) => faults,
                OneOrMany::One(fault) => vec![fault],
            };
            let faults = faults
                .into_iter()
                .map(serde_json::from_value)
                .collect::<Result<Vec<Fault>, _>>()
                .map_err(|error| error.to_string())?;
            for fault in faults {
                x.script(fault);
            }
            201
        }
        Method::DELETE => {
            x.clear_faults();
            200
        }
        _ => return Ok(Refusal::MethodNotAllowed.answer()),
    };
    Ok(Answer::json(status, &json!({"faults": x.faults_left()})))
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    serde_json::from_slice(&call.body).map_err(|error| error.to_string())
}

/// The app of this client id; the first without one.
fn app(x: &X, client_id: Option<&str>) -> Result<usize, String> {
    let Some(client_id) = client_id else {
        return Ok(0);
    };
    let found = x.settings.app_of_client(client_id);
    found
        .map(|app| app.index)
        .ok_or_else(|| format!("there is no client {client_id}"))
}

fn known<T>(found: Option<T>, username: &str) -> Result<T, String> {
    found.ok_or_else(|| format!("there is no user @{username}"))
}
