//! The control surface, `/_sandbox/…`: the methods of [`Tube`] over HTTP. It takes part in no count, log or outage.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /_sandbox/channels` | | `{"channels": [...]}` |
//! | `POST /_sandbox/channels` | `{"handle", "title", "id"?}` | 201, the channel |
//! | `GET /_sandbox/videos` | | `{"videos": [...]}`, deleted ones included |
//! | `POST /_sandbox/videos` | `{"channel"}`, and members of [`Video`] | 201 `{"id"}`: a public Short unless said otherwise |
//! | `POST /_sandbox/edit` | `{"id", "title"?, "description"?}`; without either it is announced again | `{}` |
//! | `POST /_sandbox/privacy` | `{"id", "privacy"}` | `{}` |
//! | `POST /_sandbox/start`, `/end`, `/delete` | `{"id"}` | `{}` |
//! | `POST /_sandbox/reschedule` | `{"id", "starts_at"}` | `{}` |
//! | `POST /_sandbox/publish` | a form: `channel`, `title` | a Short, and the way back to the page |
//! | `GET`, `DELETE /_sandbox/outages` | | `{"outages": [...]}`: those that are not over |
//! | `POST /_sandbox/outages` | an [`Outage`], or an array of them; `"ms"` in the place of `"until"` counts from now | the same, 201 |
//! | `POST /_sandbox/distribute` | `{"channel", "body", "signed"?}`: `right`, `wrong` or `missing` | `{"subscriptions"}` |
//! | `POST /_sandbox/deny` | `{"channel", "reason"?}` | `{"subscriptions"}`: as many end |
//! | `GET /_sandbox/subscriptions` | | `{"subscriptions": [...]}`, never with a secret in it |
//! | `GET /_sandbox/sent` | | `{"sent": [...]}`: what the hub sent, and the answers |
//! | `GET /_sandbox/requests` | | `{"requests": [...]}`, never with a key in it |
//! | `GET /_sandbox/counts` | | the counts, and `units_today` |
//! | `GET`, `POST /_sandbox/settings` | members of [`Settings`](super::Settings) to change, `{"hub": {"mood": "outage"}}` | the settings |
//! | `POST /_sandbox/reset` | | `{}` |
//!
//! Channels are named by id or by handle. What does not fit is answered 400 `{"error"}`, unknown members included.

use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    super::call::first,
    answer::{Answer, answer, not_found, redirect},
    call::Call,
    distribution::Signed,
    library::{Privacy, Video},
    outages::Outage,
    tube::Tube,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewChannel {
    handle: String,
    title: String,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    id: String,
    title: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    id: String,
    privacy: Privacy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rescheduled {
    id: String,
    starts_at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Distributed {
    channel: String,
    body: String,
    #[serde(default = "right")]
    signed: Signed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denied {
    channel: String,
    #[serde(default)]
    reason: String,
}

fn right() -> Signed {
    Signed::Right
}

pub fn handle(tube: &mut Tube, call: &Call) -> Answer {
    answered(tube, call).unwrap_or_else(|wrong| json_answer(400, &json!({"error": wrong})))
}

fn answered(tube: &mut Tube, call: &Call) -> Result<Answer, String> {
    let name = call.path.trim_start_matches("/_sandbox").trim_matches('/');
    match call.method {
        Method::GET => Ok(shown(tube, call, name)),
        Method::POST if name == "publish" => publish_by_form(tube, call),
        Method::POST => commanded(tube, call, name),
        Method::DELETE if name == "outages" => {
            tube.clear_outages();
            Ok(shown(tube, call, name))
        }
        _ => Ok(not_found()),
    }
}

fn shown(tube: &mut Tube, call: &Call, name: &str) -> Answer {
    let body = match name {
        "channels" => json!({"channels": tube.channels()}),
        "videos" => json!({"videos": tube.videos()}),
        "outages" => json!({"outages": tube.outages.left(call.now_ms)}),
        "subscriptions" => json!({"subscriptions": tube.subscriptions(call.now_ms)}),
        "sent" => json!({"sent": tube.sent()}),
        "requests" => json!({"requests": tube.requests()}),
        "settings" => json!(tube.settings),
        "counts" => {
            let mut counts = json!(tube.counts());
            counts["units_today"] = tube.units(call.now_ms).into();
            counts
        }
        _ => return not_found(),
    };
    json_answer(200, &body)
}

fn commanded(tube: &mut Tube, call: &Call, name: &str) -> Result<Answer, String> {
    let now_ms = call.now_ms;
    let (id, done) = match name {
        "channels" => {
            let NewChannel { handle, title, id } = body(call)?;
            let channel = tube.add_channel(now_ms, id, &handle, &title)?;
            return Ok(json_answer(201, &json!(channel)));
        }
        "videos" => return publish(tube, call),
        "outages" => return outages(tube, call),
        "distribute" => {
            let Distributed {
                channel,
                body,
                signed,
            } = body(call)?;
            known(tube, &channel)?;
            let subscriptions = tube.distribute(now_ms, &channel, body, signed);
            return Ok(json_answer(200, &json!({"subscriptions": subscriptions})));
        }
        "deny" => {
            let Denied { channel, reason } = body(call)?;
            known(tube, &channel)?;
            let subscriptions = tube.deny(now_ms, &channel, &reason);
            return Ok(json_answer(200, &json!({"subscriptions": subscriptions})));
        }
        "settings" => {
            tube.settings = tube.settings.patched(&body(call)?)?;
            return Ok(json_answer(200, &json!(tube.settings)));
        }
        "reset" => {
            tube.reset();
            return Ok(json_answer(200, &json!({})));
        }
        "edit" => edit(tube, now_ms, body(call)?),
        "privacy" => {
            let Shown { id, privacy } = body(call)?;
            let done = tube.set_privacy(now_ms, &id, privacy);
            (id, done)
        }
        "reschedule" => {
            let Rescheduled { id, starts_at } = body(call)?;
            let done = tube.reschedule(now_ms, &id, starts_at);
            (id, done)
        }
        "start" | "end" | "delete" => {
            let Named { id } = body(call)?;
            let done = match name {
                "start" => tube.start(now_ms, &id),
                "end" => tube.end(now_ms, &id),
                _ => tube.delete(now_ms, &id),
            };
            (id, done)
        }
        _ => return Ok(not_found()),
    };
    if done {
        Ok(json_answer(200, &json!({})))
    } else {
        Err(format!("there is no video {id}"))
    }
}

fn edit(tube: &mut Tube, now_ms: i64, edited: Edited) -> (String, bool) {
    let Edited {
        id,
        title,
        description,
    } = edited;
    let mut done = true;
    if title.is_none() && description.is_none() {
        done = tube.touch(now_ms, &id);
    }
    if let Some(title) = title {
        done &= tube.edit(now_ms, &id, &title);
    }
    if let Some(description) = description {
        done &= tube.describe(now_ms, &id, &description);
    }
    (id, done)
}

fn publish(tube: &mut Tube, call: &Call) -> Result<Answer, String> {
    let mut members: serde_json::Map<String, Value> = body(call)?;
    let channel = members.remove("channel");
    let channel = channel.as_ref().and_then(Value::as_str).unwrap_or("");
    let video: Video = serde_json::from_value(members.into()).map_err(|error| error.to_string())?;
    let id = tube.publish(call.now_ms, channel, video);
    let id = id.ok_or_else(|| no_channel(channel))?;
    Ok(json_answer(201, &json!({"id": id})))
}

fn publish_by_form(tube: &mut Tube, call: &Call) -> Result<Answer, String> {
    let form = call.form().ok_or("expected a form")?;
    let channel = first(&form, "channel").unwrap_or("");
    let title = first(&form, "title").filter(|title| !title.trim().is_empty());
    let title = title.ok_or("a Short needs a title")?;
    let id = tube.publish(call.now_ms, channel, Video::short(title));
    id.ok_or_else(|| no_channel(channel))?;
    Ok(redirect(303, "/"))
}

fn outages(tube: &mut Tube, call: &Call) -> Result<Answer, String> {
    let given = match body(call)? {
        Value::Array(outages) => outages,
        one => vec![one],
    };
    let read = |mut outage: Value| {
        if let Some(ms) = outage.get("ms").and_then(Value::as_i64) {
            let members = outage.as_object_mut().expect("it has a member");
            members.remove("ms");
            members.insert("until".into(), (call.now_ms + ms).into());
        }
        serde_json::from_value(outage).map_err(|error| error.to_string())
    };
    let outages: Vec<Outage> = given.into_iter().map(read).collect::<Result<_, _>>()?;
    for outage in outages {
        tube.begin(outage);
    }
    let left = tube.outages.left(call.now_ms);
    Ok(json_answer(201, &json!({"outages": left})))
}

fn known(tube: &Tube, channel: &str) -> Result<(), String> {
    let found = tube.library.find(channel);
    found.map(|_| ()).ok_or_else(|| no_channel(channel))
}

fn no_channel(channel: &str) -> String {
    format!("there is no channel {channel}")
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    serde_json::from_slice(&call.body).map_err(|error| error.to_string())
}

fn json_answer(status: u16, body: &Value) -> Answer {
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "no-store"),
    ];
    answer(status, &headers, body.to_string())
}
