//! The media of a post: whether they are there, and whether the platform takes them.

use crate::error::FieldError;
use crate::ids::MediaId;
use crate::media::inspect::Inspected;
use crate::media::rules::{self, Plan};
use crate::media::store::MediaRow;
use crate::media::{Kind, Status, facts};
use crate::publish::content::Written;

/// What is not there, or not ready to be posted.
#[must_use]
pub fn missing(written: &Written, files: &[MediaRow]) -> Vec<FieldError> {
    let wrong = |id: &MediaId| {
        let file = files.iter().find(|file| file.id == *id);
        match file.map(|file| (file.status, file.kind)) {
            Some((Status::Ready, Some(Kind::Subtitles))) => Some((
                "subtitles_alone",
                "Subtitles belong to a video: PATCH /api/v1/media/{id} of the video.".to_owned(),
            )),
            Some((Status::Ready, _)) => None,
            Some((Status::Uploading, _)) => Some((
                "media_not_ready",
                format!("The file {id} is not complete yet (POST /api/v1/media/{id}/complete)."),
            )),
            Some((Status::Failed, _)) | None => Some((
                "unknown_media",
                format!("There is no file {id} in this workspace; POST /api/v1/media uploads one."),
            )),
        }
    };
    each(written, |id| wrong(id).into_iter().collect())
}

/// What the platform does not take of an account with this plan.
#[must_use]
pub fn not_taken(written: &Written, files: &[MediaRow], plan: Plan) -> Vec<FieldError> {
    let mut errors = each(written, |id| {
        let file = files.iter().find(|file| file.id == *id);
        let problems =
            file.and_then(|file| Some(rules::check(&inspected(file)?, file.bytes, plan)));
        problems
            .unwrap_or_default()
            .into_iter()
            .map(|problem| (problem.code, problem.detail))
            .collect()
    });
    for (index, segment) in written.segments.iter().enumerate() {
        let kinds: Vec<Kind> = segment
            .media
            .iter()
            .filter_map(|id| files.iter().find(|file| file.id == *id)?.kind)
            .collect();
        let problems = rules::check_set(&kinds).into_iter();
        errors.extend(
            problems.map(|problem| {
                FieldError::new(pointer(written, index), problem.code, problem.detail)
            }),
        );
    }
    errors
}

fn inspected(row: &MediaRow) -> Option<Inspected> {
    facts::read(row.facts.as_deref()?)
}

fn each(
    written: &Written,
    wrong: impl Fn(&MediaId) -> Vec<(&'static str, String)>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, segment) in written.segments.iter().enumerate() {
        for (place, id) in segment.media.iter().enumerate() {
            let pointer = format!("{}/{place}", pointer(written, index));
            let found = wrong(id).into_iter();
            errors
                .extend(found.map(|(code, detail)| FieldError::new(pointer.clone(), code, detail)));
        }
    }
    errors
}

/// Where in a request the media of a part stand.
fn pointer(written: &Written, index: usize) -> String {
    if written.is_thread {
        format!("/thread/{index}/media")
    } else {
        "/media".to_owned()
    }
}
