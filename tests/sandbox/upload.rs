//! The endpoints under `/2/media` (<https://docs.x.com/x-api/media/introduction>).
//!
//! Where X's behaviour is not known:
//! - `media_type`, `media_category` and `total_bytes` must all be there, although the document requires none;
//! - a segment for, or a second finalize of, what is finalized is refused, and so is `STATUS` before finalize: a
//!   client that lost the answer to finalize asks for the status, and finalizes again only if that is refused;
//! - an unknown, an expired and another user's media id are refused alike;
//! - a file whose first bytes are of another type than was declared is refused at finalize, or fails in processing.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    media::{Declared, Failure, Kind, State, Upload},
    money::Charge,
    people::User,
    refusals::{Refusal, invalid_request},
    schema::missing_member,
    sniff,
    x::X,
};

/// X's own words count so: `File size exceeds 5242880 bytes.` (<https://github.com/tweepy/tweepy/issues/2002>).
const MB: u64 = 1024 * 1024;

/// The document's greatest `total_bytes` is 16 of them.
pub const GB: u64 = 1024 * MB;

/// Width and height of a GIF at most.
const GIF_PIXELS: (u32, u32) = (1280, 1080);

pub fn initialize(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let owner = owner(x, user)?;
    let body = call.json().ok_or_else(|| Refusal::NotFound.answer())?;
    for name in ["media_type", "media_category", "total_bytes"] {
        if body.get(name).is_none() {
            return Err(missing_member("$", body, name).answer());
        }
    }
    let media_type = body["media_type"].as_str().unwrap_or_default();
    let category = body["media_category"].as_str().unwrap_or_default();
    let kind = sniff::kind(category).filter(|kind| sniff::goes_with(*kind, media_type));
    let kind = kind.ok_or_else(|| {
        refused(
            "media_category",
            category,
            &format!("$.media_category: {category} does not take {media_type}"),
        )
    })?;
    let total_bytes = body["total_bytes"].as_u64().unwrap_or(0);
    may_be_so_long(&owner, category, kind, total_bytes)?;
    let others = body["additional_owners"].as_array();
    let shared_with = others.into_iter().flatten().filter_map(Value::as_str);
    let declared = Declared {
        owner: user,
        shared_with: shared_with.filter_map(|id| id.parse().ok()).collect(),
        category: category.into(),
        media_type: media_type.into(),
        kind,
        total_bytes,
    };
    let upload = open(x, call, declared);
    let data = json!({
        "id": upload.id.to_string(),
        "media_key": upload.key(),
        "expires_after_secs": (upload.expires_ms - call.now_ms) / 1000,
    });
    Ok(answer(&data))
}

pub fn append(x: &mut X, call: &Call, user: u64, id: &str) -> Result<Answer, Answer> {
    let limit = x.settings.segment_limit;
    let (index, bytes) = segment(call)?;
    let upload = mine(x, call, user, id)?;
    let length = bytes.len() as u64;
    if length > limit {
        return Err(Refusal::TooLarge.answer());
    }
    if upload.state(call.now_ms) != State::Open {
        return Err(not_usable(id));
    }
    if length == 0 || upload.bytes_with(index, length) > upload.total_bytes {
        return Err(sizes_differ(id));
    }
    upload.append(index, &bytes);
    let expires_at = upload.expires_ms / 1000;
    Ok(answer(&json!({"expires_at": expires_at})))
}

pub fn finalize(x: &mut X, call: &Call, user: u64, id: &str) -> Result<Answer, Answer> {
    let (processing, duration) = (x.settings.media_processing, x.settings.video_duration);
    let upload = mine(x, call, user, id)?;
    if upload.state(call.now_ms) != State::Open {
        return Err(not_usable(id));
    }
    if !upload.is_whole() {
        return Err(sizes_differ(id));
    }
    end(upload, call.now_ms, processing, duration)?;
    Ok(answer(&shown(upload, call.now_ms)).worth(Charge::MediaUpload, 1))
}

pub fn status(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let id = call.parameter("media_id").unwrap_or_default().to_owned();
    let upload = mine(x, call, user, &id)?;
    if upload.state(call.now_ms) == State::Open {
        return Err(not_usable(&id));
    }
    Ok(answer(&shown(upload, call.now_ms)))
}

/// One shot. The docs call it "Simple (images only)", and only pictures and subtitles are taken.
pub fn upload(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let owner = owner(x, user)?;
    let category = member(call, "media_category").unwrap_or_default();
    let bytes = media(call)?;
    let kind = sniff::kind(&category).filter(|kind| matches!(kind, Kind::Image | Kind::Subtitles));
    let media_type = match kind {
        Some(Kind::Image) => sniff::image_type(&bytes),
        Some(_) => Some("text/srt"),
        None => None,
    };
    let (Some(kind), Some(media_type)) = (kind, media_type) else {
        return Err(unrecognized(&category));
    };
    may_be_so_long(&owner, &category, kind, bytes.len() as u64)?;
    let shared_with = member(call, "additional_owners").unwrap_or_default();
    let declared = Declared {
        owner: user,
        shared_with: shared_with
            .split(',')
            .filter_map(|id| id.parse().ok())
            .collect(),
        category,
        media_type: media_type.into(),
        kind,
        total_bytes: bytes.len() as u64,
    };
    let upload = open(x, call, declared);
    upload.append(0, &bytes);
    end(upload, call.now_ms, 0, 0)?;
    Ok(answer(&shown(upload, call.now_ms)).worth(Charge::MediaUpload, 1))
}

/// Alt text is what this X keeps of it.
pub fn metadata(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let body = call.json().ok_or_else(|| Refusal::NotFound.answer())?;
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let upload = mine(x, call, user, &id)?;
    if !matches!(upload.kind, Kind::Image | Kind::Gif) && body["metadata"].get("alt_text").is_some()
    {
        return Err(not_usable(&id));
    }
    if let Some(text) = body["metadata"]["alt_text"]["text"].as_str() {
        upload.alt_text = Some(text.into());
    }
    let data = json!({"id": id, "associated_metadata": body["metadata"]});
    Ok(answer(&data).worth(Charge::MediaMetadata, 1))
}

/// All of `subtitles` must be there, and its `id` a track of the same user.
pub fn add_subtitles(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let body = call.json().ok_or_else(|| Refusal::NotFound.answer())?;
    let track = &body["subtitles"];
    let text = |name: &str| {
        track[name]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| missing_member("$.subtitles", track, name).answer())
    };
    let (track_id, language, name) = (text("id")?, text("language_code")?, text("display_name")?);
    let track = mine(x, call, user, &track_id)?;
    let (track, is_track) = (track.id, track.kind == Kind::Subtitles);
    if !is_track {
        return Err(not_usable(&track_id));
    }
    let video = captioned(x, call, user, body)?;
    video.subtitles.insert(language, (track, name));
    let all: Vec<Value> = video
        .subtitles
        .iter()
        .map(|(language, (id, name))| {
            json!({"id": id.to_string(), "language_code": language, "display_name": name})
        })
        .collect();
    Ok(answer(&json!({
        "id": body["id"],
        "media_category": body["media_category"],
        "associated_subtitles": all,
    })))
}

pub fn delete_subtitles(x: &mut X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let body = call.json().ok_or_else(|| Refusal::NotFound.answer())?;
    let video = captioned(x, call, user, body)?;
    let language = body["language_code"].as_str().unwrap_or_default();
    let deleted = video.subtitles.remove(language).is_some();
    Ok(answer(&json!({"deleted": deleted})))
}

/// Whatever is wrong with the id, X says the same.
pub fn not_usable(id: &str) -> Answer {
    invalid_request(
        &json!({"media_id": [id]}),
        &format!("The media id [{id}] is not valid."),
    )
}

fn captioned<'a>(
    x: &'a mut X,
    call: &Call,
    user: u64,
    body: &Value,
) -> Result<&'a mut Upload, Answer> {
    let id = body["id"].as_str().unwrap_or_default();
    let category = match body["media_category"].as_str() {
        Some("AmplifyVideo") => "amplify_video",
        _ => "tweet_video",
    };
    let video = mine(x, call, user, id)?;
    if video.category == category {
        Ok(video)
    } else {
        Err(not_usable(id))
    }
}

fn owner(x: &X, user: u64) -> Result<User, Answer> {
    let owner = x.people.get(user).cloned();
    owner.ok_or_else(|| Refusal::Unauthorized.answer())
}

fn open<'a>(x: &'a mut X, call: &Call, declared: Declared) -> &'a mut Upload {
    let id = x.ids.post(call.now_ms);
    let expires_ms = call.now_ms + x.settings.media_lifetime;
    x.uploads.add(Upload::new(id, expires_ms, declared))
}

/// An upload of this user that has not expired.
fn mine<'a>(x: &'a mut X, call: &Call, user: u64, id: &str) -> Result<&'a mut Upload, Answer> {
    let found = id.parse().ok().and_then(|id| x.uploads.get_mut(id));
    found
        .filter(|upload| upload.owner == user && upload.state(call.now_ms) != State::Expired)
        .ok_or_else(|| not_usable(id))
}

fn end(upload: &mut Upload, now_ms: i64, processing: i64, duration: i64) -> Result<(), Answer> {
    let is_as_declared = sniff::is(&upload.media_type, &upload.head);
    let (width, height) = upload.size();
    let is_too_wide = width > GIF_PIXELS.0 || height > GIF_PIXELS.1;
    match upload.kind {
        Kind::Image | Kind::Subtitles if !is_as_declared => {
            return Err(unrecognized(&upload.media_type));
        }
        Kind::Image | Kind::Subtitles => upload.finalize(now_ms, 0, None),
        _ if !is_as_declared => upload.finalize(now_ms, processing, Some(Failure::unsupported())),
        Kind::Gif if is_too_wide => upload.finalize(now_ms, processing, Some(Failure::invalid())),
        // Shorter than half a second.
        Kind::Video if duration < 500 => {
            upload.finalize(now_ms, processing, Some(Failure::invalid()));
        }
        Kind::Gif | Kind::Video => upload.finalize(now_ms, processing, None),
    }
    upload.duration_ms = duration;
    Ok(())
}

fn may_be_so_long(owner: &User, category: &str, kind: Kind, bytes: u64) -> Result<(), Answer> {
    let has_more = owner.profile.has_longer_media();
    let most = match kind {
        Kind::Image | Kind::Subtitles => 5 * MB,
        Kind::Gif => 15 * MB,
        Kind::Video if category == "dm_video" => {
            if has_more {
                GB
            } else {
                512 * MB
            }
        }
        Kind::Video => {
            if has_more {
                16 * GB
            } else {
                8 * GB
            }
        }
    };
    if (1..=most).contains(&bytes) {
        return Ok(());
    }
    Err(refused(
        "total_bytes",
        &bytes.to_string(),
        &format!("File size must be from 1 to {most} bytes for {category}."),
    ))
}

fn segment(call: &Call) -> Result<(u16, Cow<'_, [u8]>), Answer> {
    let index = member(call, "segment_index").and_then(|index| index.parse().ok());
    let index = index.ok_or_else(|| Refusal::NotFound.answer())?;
    Ok((index, media(call)?))
}

/// A member of the body, whichever way it came.
fn member(call: &Call, name: &str) -> Option<String> {
    if let Some(parts) = call.parts() {
        let part = parts.iter().find(|part| part.name == name)?;
        return Some(part.text(&call.body).to_owned());
    }
    let value = call.json()?.get(name)?;
    Some(
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    )
}

fn media(call: &Call) -> Result<Cow<'_, [u8]>, Answer> {
    if let Some(parts) = call.parts() {
        let part = parts.iter().find(|part| part.name == "media");
        return Ok(part.map_or(&[][..], |part| part.bytes(&call.body)).into());
    }
    let encoded = call.json().and_then(|body| body["media"].as_str());
    STANDARD
        .decode(encoded.unwrap_or_default())
        .map(Cow::Owned)
        .map_err(|_| refused("$.media", "", "$.media: is not base64"))
}

fn shown(upload: &Upload, now_ms: i64) -> Value {
    let mut data = json!({
        "id": upload.id.to_string(),
        "media_key": upload.key(),
        "size": upload.total_bytes,
        "expires_after_secs": (upload.expires_ms - now_ms) / 1000,
    });
    let (width, height) = upload.size();
    match upload.kind {
        Kind::Image | Kind::Gif => {
            data["image"] = json!({"w": width, "h": height, "image_type": upload.media_type});
        }
        Kind::Video => data["video"] = json!({"video_type": upload.media_type}),
        Kind::Subtitles => {}
    }
    if upload.is_processed() {
        data["processing_info"] = match upload.state(now_ms) {
            State::Pending { check_after_s } => {
                json!({"state": "pending", "check_after_secs": check_after_s})
            }
            State::InProgress {
                check_after_s,
                percent,
            } => json!({
                "state": "in_progress",
                "check_after_secs": check_after_s,
                "progress_percent": percent,
            }),
            State::Failed(failure) => {
                json!({"state": "failed", "progress_percent": 0, "error": failure})
            }
            _ => json!({"state": "succeeded", "progress_percent": 100}),
        };
    }
    data
}

fn answer(data: &Value) -> Answer {
    Answer::json(200, &json!({"data": data}))
}

fn refused(name: &str, value: &str, message: &str) -> Answer {
    invalid_request(&json!({name: [value]}), message)
}

/// The words of v1.1.
fn sizes_differ(id: &str) -> Answer {
    refused(
        "media_id",
        id,
        "Segments do not add up to provided total file size.",
    )
}

/// The words of v1.1.
fn unrecognized(media_type: &str) -> Answer {
    refused("media_type", media_type, "media type unrecognized.")
}
