//! Channels, playlist items and videos, as the Data API renders them. Numbers that may be long are strings there.

use serde_json::{Value, json};

use super::{
    library::{Channel, Kind, Upload},
    signing::digest,
    tube::Tube,
    xml::utc,
};

/// How large a player may be. Without either the answer says nothing of its size.
pub struct Embed {
    pub height: Option<u32>,
    pub width: Option<u32>,
}

pub fn channel(tube: &Tube, channel: &Channel, parts: &[String]) -> Value {
    let made = |part: &str| match part {
        "snippet" => Some(json!({
            "title": channel.title,
            "description": channel.description,
            "customUrl": format!("@{}", channel.handle.to_lowercase()),
            "publishedAt": utc(channel.created_ms),
            "thumbnails": pictures(tube, &channel.id, &[("default", 88, 88), ("medium", 240, 240), ("high", 800, 800)]),
            "localized": {"title": channel.title, "description": channel.description},
        })),
        "contentDetails" => Some(json!({
            "relatedPlaylists": {"likes": "", "uploads": channel.id.replacen("UC", "UU", 1)},
        })),
        "statistics" => Some(json!({
            "viewCount": "0",
            "subscriberCount": "0",
            "hiddenSubscriberCount": false,
            "videoCount": tube.library.public(channel).count().to_string(),
        })),
        "status" => Some(
            json!({"privacyStatus": "public", "isLinked": true, "longUploadsStatus": "longUploadsUnspecified"}),
        ),
        _ => None,
    };
    resource("youtube#channel", &channel.id, parts, made)
}

pub fn playlist_item(
    tube: &Tube,
    playlist: &str,
    position: usize,
    upload: &Upload,
    parts: &[String],
) -> Value {
    let published = upload.published_ms.unwrap_or(upload.uploaded_ms);
    let made = |part: &str| match part {
        "snippet" => {
            let mut snippet = snippet(tube, upload);
            snippet["playlistId"] = playlist.into();
            snippet["position"] = position.into();
            snippet["resourceId"] = json!({"kind": "youtube#video", "videoId": upload.id});
            Some(snippet)
        }
        "contentDetails" => Some(json!({
            "videoId": upload.id,
            "videoPublishedAt": utc(published),
        })),
        "status" => Some(json!({"privacyStatus": upload.video.privacy})),
        _ => None,
    };
    let id = digest(format!("{playlist}.{}", upload.id).as_bytes());
    resource("youtube#playlistItem", &id, parts, made)
}

pub fn video(tube: &Tube, upload: &Upload, parts: &[String], embed: &Embed) -> Value {
    let made = |part: &str| match part {
        "snippet" => {
            let mut snippet = snippet(tube, upload);
            snippet["categoryId"] = "22".into();
            snippet["liveBroadcastContent"] = upload.broadcast().into();
            snippet["localized"] = json!({
                "title": upload.video.title,
                "description": upload.video.description,
            });
            Some(snippet)
        }
        "contentDetails" => Some(json!({
            "duration": duration(upload),
            "dimension": "2d",
            "definition": "hd",
            "caption": "false",
            "licensedContent": false,
            "contentRating": {},
            "projection": "rectangular",
        })),
        "status" => Some(json!({
            "uploadStatus": "processed",
            "privacyStatus": upload.video.privacy,
            "license": "youtube",
            "embeddable": true,
            "publicStatsViewable": true,
            "madeForKids": false,
        })),
        "statistics" if upload.video.members_only => {
            // The one trace of it, as far as anybody has reported (unverified).
            Some(json!({"likeCount": "0", "favoriteCount": "0", "commentCount": "0"}))
        }
        "statistics" => Some(json!({
            "viewCount": "0",
            "likeCount": "0",
            "favoriteCount": "0",
            "commentCount": "0",
        })),
        "player" => Some(player(upload, embed)),
        "liveStreamingDetails" => broadcast(upload),
        _ => None,
    };
    resource("youtube#video", &upload.id, parts, made)
}

pub fn etag(of: &[Value]) -> String {
    digest(Value::from(of).to_string().as_bytes())[..27].into()
}

fn resource(kind: &str, id: &str, parts: &[String], made: impl Fn(&str) -> Option<Value>) -> Value {
    let mut resource = json!({"kind": kind, "id": id});
    for part in parts {
        if let Some(made) = made(part) {
            resource[part] = made;
        }
    }
    resource["etag"] = etag(std::slice::from_ref(&resource)).into();
    resource
}

fn snippet(tube: &Tube, upload: &Upload) -> Value {
    let published = upload.published_ms.unwrap_or(upload.uploaded_ms);
    let channel = tube.library.find(&upload.channel);
    json!({
        "publishedAt": utc(published),
        "channelId": upload.channel,
        "title": upload.video.title,
        "description": upload.video.description,
        "thumbnails": pictures(
            tube,
            &upload.id,
            &[("default", 120, 90), ("medium", 320, 180), ("high", 480, 360)],
        ),
        "channelTitle": channel.map(|channel| &channel.title),
    })
}

fn pictures(tube: &Tube, id: &str, sizes: &[(&str, u32, u32)]) -> Value {
    let base = &tube.settings.thumbnail_base;
    let pictures = sizes.iter().map(|(name, width, height)| {
        let prefix = match *name {
            "medium" => "mq",
            "high" => "hq",
            _ => "",
        };
        let url = format!("{base}/vi/{id}/{prefix}default.jpg");
        (
            (*name).to_owned(),
            json!({"url": url, "width": width, "height": height}),
        )
    });
    Value::Object(pictures.collect())
}

/// ISO 8601; `P0D` before a broadcast is over.
fn duration(upload: &Upload) -> String {
    if upload.broadcast() != "none" {
        return "P0D".into();
    }
    let seconds = upload.video.duration();
    let parts = [
        (seconds / 3600, 'H'),
        (seconds / 60 % 60, 'M'),
        (seconds % 60, 'S'),
    ];
    let mut said = String::from("PT");
    for (count, unit) in parts.into_iter().filter(|(count, _)| *count > 0) {
        said.extend([count.to_string(), unit.to_string()]);
    }
    if seconds == 0 {
        said += "0S";
    }
    said
}

fn broadcast(upload: &Upload) -> Option<Value> {
    if !matches!(upload.video.kind, Kind::Live | Kind::Premiere) {
        return None;
    }
    let mut details = json!({});
    for (name, at) in [
        (
            "scheduledStartTime",
            upload.video.starts_at.or(upload.started_ms),
        ),
        ("actualStartTime", upload.started_ms),
        ("actualEndTime", upload.ended_ms),
    ] {
        if let Some(at) = at {
            details[name] = utc(at).into();
        }
    }
    Some(details)
}

/// The largest player of the video's shape that fits, if a size was asked for at all.
fn player(upload: &Upload, embed: &Embed) -> Value {
    let id = &upload.id;
    let html = format!(
        "<iframe width=\"480\" height=\"270\" src=\"//www.youtube.com/embed/{id}\" frameborder=\"0\" \
         allowfullscreen></iframe>"
    );
    let mut player = json!({"embedHtml": html});
    let (width, height) = upload.video.dimensions();
    // Both may be a few thousands: their product is far below the limit.
    let by_width = embed.width.map(|most| (most, most * height / width));
    let by_height = embed.height.map(|most| (most * width / height, most));
    let fitting = match (by_width, by_height) {
        (Some(wide), Some(high)) => Some(if wide.1 <= high.1 { wide } else { high }),
        (one, other) => one.or(other),
    };
    if let Some((width, height)) = fitting {
        player["embedWidth"] = width.to_string().into();
        player["embedHeight"] = height.to_string().into();
    }
    player
}
