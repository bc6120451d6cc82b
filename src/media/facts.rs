//! What the bytes of a file say, as it is stored for the rules of the platform.

use super::inspect::{Inspected, Kind};
use super::rules::ACCEPTED_TYPES;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Facts {
    media_type: String,
    kind: Kind,
    width: Option<u32>,
    height: Option<u32>,
    duration_ms: Option<u64>,
    frames: Option<u32>,
    video_codec: Option<String>,
    audio_codec: Option<String>,
    frames_per_1000_seconds: Option<u32>,
}

/// As it is stored.
#[must_use]
pub fn written(found: &Inspected) -> Option<String> {
    let facts = Facts {
        media_type: found.media_type.to_owned(),
        kind: found.kind,
        width: found.width,
        height: found.height,
        duration_ms: found.duration_ms,
        frames: found.frames,
        video_codec: found.video_codec.clone(),
        audio_codec: found.audio_codec.clone(),
        frames_per_1000_seconds: found.frames_per_1000_seconds,
    };
    serde_json::to_string(&facts).ok()
}

/// As it was found.
#[must_use]
pub fn read(stored: &str) -> Option<Inspected> {
    let facts: Facts = serde_json::from_str(stored).ok()?;
    // Whatever else it is, the platform does not take it.
    let media_type = ACCEPTED_TYPES
        .into_iter()
        .find(|known| *known == facts.media_type);
    Some(Inspected {
        media_type: media_type.unwrap_or("of another kind"),
        kind: facts.kind,
        width: facts.width,
        height: facts.height,
        duration_ms: facts.duration_ms,
        frames: facts.frames,
        video_codec: facts.video_codec,
        audio_codec: facts.audio_codec,
        frames_per_1000_seconds: facts.frames_per_1000_seconds,
    })
}
