//! The Data API (<https://developers.google.com/youtube/v3/docs>): what a request may say, and what it costs.
//!
//! `fields` is taken and makes no difference: more comes back than was asked for.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    google,
    library::Upload,
    resources::{self, Embed},
    tube::Tube,
};

/// Ids in one request, and items on one page.
const MOST: usize = 50;

/// Parameters of every method (<https://cloud.google.com/apis/docs/system-parameters>).
const SYSTEM: [&str; 7] = [
    "key",
    "part",
    "fields",
    "alt",
    "prettyPrint",
    "quotaUser",
    "hl",
];

/// What sets one method apart.
struct Form {
    parameters: &'static [&'static str],
    parts: &'static [&'static str],
}

const CHANNELS: Form = Form {
    parameters: &["id", "forHandle", "forUsername", "maxResults", "pageToken"],
    parts: &[
        "id",
        "snippet",
        "contentDetails",
        "statistics",
        "status",
        "topicDetails",
        "brandingSettings",
        "localizations",
        "contentOwnerDetails",
        "auditDetails",
    ],
};

const PLAYLIST_ITEMS: Form = Form {
    parameters: &["id", "playlistId", "videoId", "maxResults", "pageToken"],
    parts: &["id", "snippet", "contentDetails", "status"],
};

const VIDEOS: Form = Form {
    parameters: &[
        "id",
        "chart",
        "maxResults",
        "pageToken",
        "maxHeight",
        "maxWidth",
        "regionCode",
    ],
    parts: &[
        "id",
        "snippet",
        "contentDetails",
        "status",
        "statistics",
        "player",
        "liveStreamingDetails",
        "topicDetails",
        "recordingDetails",
        "localizations",
        "paidProductPlacementDetails",
    ],
};

pub fn answer(tube: &mut Tube, call: &Call, resource: &str) -> Answer {
    read(tube, call, resource).map_or_else(|refused| *refused, |body| google::json(200, &body))
}

type Refused = Box<Answer>;

fn read(tube: &mut Tube, call: &Call, resource: &str) -> Result<Value, Refused> {
    let key = call
        .parameter("key")
        .or_else(|| call.header("x-goog-api-key"));
    match key {
        None | Some("") => return Err(google::key_missing().into()),
        Some(key) if key != tube.settings.api_key => return Err(google::key_invalid().into()),
        Some(_) if !tube.settings.api_enabled => return Err(google::api_disabled().into()),
        Some(_) => {}
    }
    if !tube.quota.take(call.now_ms, tube.settings.daily_units) {
        return Err(google::quota_exceeded().into());
    }
    tube.record.counts.units += 1;
    match resource {
        "channels" => channels(tube, call, &parts(call, &CHANNELS)?),
        "playlistItems" => playlist_items(tube, call, &parts(call, &PLAYLIST_ITEMS)?),
        "videos" => videos(tube, call, &parts(call, &VIDEOS)?),
        _ => Err(google::no_such_method().into()),
    }
}

/// The parts that are asked for, now that every parameter is one of the method's.
fn parts(call: &Call, form: &Form) -> Result<Vec<String>, Refused> {
    for (name, _) in &call.query {
        if !SYSTEM.contains(&name.as_str()) && !form.parameters.contains(&name.as_str()) {
            return Err(google::unknown_parameter(name).into());
        }
    }
    let given = list(call, "part");
    if given.is_empty() {
        return Err(google::part_missing().into());
    }
    match given
        .iter()
        .find(|part| !form.parts.contains(&part.as_str()))
    {
        Some(unknown) => Err(google::unknown_part(unknown).into()),
        None => Ok(given),
    }
}

fn channels(tube: &Tube, call: &Call, parts: &[String]) -> Result<Value, Refused> {
    let names = match (
        list(call, "id"),
        list(call, "forHandle"),
        call.parameter("forUsername"),
    ) {
        (ids, handles, None) if !ids.is_empty() && handles.is_empty() => ids,
        (ids, handles, None) if ids.is_empty() && handles.len() == 1 => {
            // An id is no handle.
            let known = tube.library.find(&handles[0]);
            known
                .filter(|channel| channel.id != handles[0])
                .map(|channel| channel.id.clone())
                .into_iter()
                .collect()
        }
        (ids, handles, Some(_)) if ids.is_empty() && handles.is_empty() => Vec::new(),
        (ids, handles, username) if ids.is_empty() && handles.is_empty() && username.is_none() => {
            return Err(google::no_filter(
                "forHandle, forUsername, id, managedByMe, mine, mySubscribers",
            )
            .into());
        }
        _ => return Err(google::invalid_filters("parameters.").into()),
    };
    if names.len() > MOST {
        return Err(google::invalid_filters("id").into());
    }
    let found = names.iter().filter_map(|name| tube.library.find(name));
    let items: Vec<Value> = found
        .filter(|channel| names.contains(&channel.id))
        .map(|channel| resources::channel(tube, channel, parts))
        .collect();
    let mut body = json!({
        "kind": "youtube#channelListResponse",
        "etag": resources::etag(&items),
        "pageInfo": {"totalResults": items.len(), "resultsPerPage": page_size(call)?},
    });
    // Without a channel there is no list at all.
    if !items.is_empty() {
        body["items"] = items.into();
    }
    Ok(body)
}

fn playlist_items(tube: &Tube, call: &Call, parts: &[String]) -> Result<Value, Refused> {
    let Some(playlist) = call.parameter("playlistId") else {
        return Err(google::no_filter("id, playlistId").into());
    };
    let size = page_size(call)?;
    let Some((_, videos)) = tube.library.playlist(playlist, call.now_ms) else {
        return Err(google::playlist_not_found().into());
    };
    let from = match call.parameter("pageToken") {
        None | Some("") => 0,
        Some(token) => offset(token, videos.len()).ok_or_else(google::invalid_page_token)?,
    };
    let page = videos.iter().enumerate().skip(from).take(size);
    let items: Vec<Value> = page
        .map(|(position, upload)| resources::playlist_item(tube, playlist, position, upload, parts))
        .collect();
    let mut body = json!({
        "kind": "youtube#playlistItemListResponse",
        "etag": resources::etag(&items),
        "items": items,
        "pageInfo": {"totalResults": videos.len(), "resultsPerPage": size},
    });
    if from + size < videos.len() {
        body["nextPageToken"] = token(from + size).into();
    }
    if from > 0 {
        body["prevPageToken"] = token(from.saturating_sub(size)).into();
    }
    Ok(body)
}

fn videos(tube: &Tube, call: &Call, parts: &[String]) -> Result<Value, Refused> {
    let ids = list(call, "id");
    if ids.is_empty() {
        return Err(google::no_filter("chart, id, myRating").into());
    }
    // Pages are for charts alone.
    if ids.len() > MOST || call.parameter("maxResults").is_some() {
        return Err(google::invalid_filters("id").into());
    }
    let embed = Embed {
        height: size(call, "maxHeight")?,
        width: size(call, "maxWidth")?,
    };
    let found = ids.iter().filter_map(|id| tube.library.upload(id));
    let items: Vec<Value> = found
        .filter(|upload| Upload::is_visible(upload))
        .map(|upload| resources::video(tube, upload, parts, &embed))
        .collect();
    Ok(json!({
        "kind": "youtube#videoListResponse",
        "etag": resources::etag(&items),
        "pageInfo": {"totalResults": items.len(), "resultsPerPage": items.len()},
        "items": items,
    }))
}

/// The values of a list: comma-separated, or the parameter repeated.
fn list(call: &Call, name: &str) -> Vec<String> {
    let given = call.query.iter().filter(|(key, _)| key == name);
    given
        .flat_map(|(_, value)| value.split(','))
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect()
}

fn page_size(call: &Call) -> Result<usize, Refused> {
    let Some(given) = call.parameter("maxResults") else {
        return Ok(5);
    };
    let size = given.parse().ok().filter(|size| *size <= MOST);
    size.ok_or_else(|| google::out_of_range("maxResults", given, (0, 50)).into())
}

/// <https://developers.google.com/youtube/v3/docs/videos/list#maxHeight>
fn size(call: &Call, name: &str) -> Result<Option<u32>, Refused> {
    let Some(given) = call.parameter(name) else {
        return Ok(None);
    };
    let size = given.parse().ok().filter(|size| (72..=8192).contains(size));
    let refused = || google::out_of_range(name, given, (72, 8192)).into();
    size.map(Some).ok_or_else(refused)
}

/// Opaque to the client.
fn token(offset: usize) -> String {
    format!("EAAa{offset:06X}")
}

fn offset(token: &str, length: usize) -> Option<usize> {
    let offset = usize::from_str_radix(token.strip_prefix("EAAa")?, 16).ok()?;
    (offset < length).then_some(offset)
}
