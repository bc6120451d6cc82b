//! Which media a create may take.
//!
//! Four pictures, or one GIF, or one video, each finished, unexpired and the author's own
//! (<https://docs.x.com/x-api/media/quickstart/best-practices>). What has the wrong category uploads well and is
//! refused here. An id may be used again while it lives; whether X allows that is not known.

use serde_json::json;

use super::{
    answer::Answer,
    media::{Kind, State, Upload},
    people::User,
    refusals::{Refusal, invalid_request, video_too_long},
    upload::GB,
    x::X,
};

/// What a post keeps of its media.
#[derive(Debug, Default)]
pub struct Attached {
    pub keys: Vec<String>,
    pub is_video: bool,
}

pub fn may_attach(x: &X, now_ms: i64, author: &User, ids: &[String]) -> Result<Attached, Answer> {
    let uploads: Vec<&Upload> = ids
        .iter()
        .filter_map(|id| x.uploads.get(id.parse().ok()?))
        .filter(|upload| upload.may_be_used_by(author.id))
        .filter(|upload| upload.state(now_ms) == State::Succeeded)
        .filter(|upload| {
            upload.category.starts_with("tweet_") || upload.category == "amplify_video"
        })
        .collect();
    let is_one_thing = uploads.len() <= 1 || uploads.iter().all(|one| one.kind == Kind::Image);
    let has_twins = (1..ids.len()).any(|index| ids[..index].contains(&ids[index]));
    if uploads.len() != ids.len() || !is_one_thing || has_twins {
        return Err(invalid_request(
            &json!({"media.media_ids": ids}),
            "Your media IDs are invalid.",
        ));
    }
    let minutes = if author.profile.has_longer_media() {
        125
    } else {
        20
    };
    for upload in &uploads {
        if upload.kind == Kind::Video && upload.duration_ms > minutes * 60_000 {
            return Err(video_too_long(minutes));
        }
        if upload.total_bytes > 8 * GB && !author.profile.has_longer_media() {
            return Err(Refusal::Forbidden.answer());
        }
    }
    Ok(Attached {
        keys: uploads.iter().map(|upload| upload.key()).collect(),
        is_video: uploads.iter().any(|upload| upload.kind == Kind::Video),
    })
}
