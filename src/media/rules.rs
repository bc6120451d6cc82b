//! X's limits on media, as far as X's documentation is certain.
//!
//! Promises to name all that X refuses for certain, before a byte is uploaded. What it lets pass X may still refuse:
//! X looks at the samples, and its page contradicts itself on the dimensions and the bitrate of videos (32x32 to
//! 1280x1024 beside a recommended 720x1280) and lists formats for images that its API accepts more of. Of these nothing
//! is refused here. What a file does not say of itself is not held against it.
//!
//! Source: <https://docs.x.com/x-api/media/quickstart/best-practices>, as changed on 2026-09-01.

use super::inspect::{Inspected, Kind};

/// One MB. The page does not say which; X's own refusals do: `File size exceeds 5242880 bytes.` of an image that is larger
/// than 5 MB (<https://github.com/tweepy/tweepy/issues/2002>).
pub const MB: u64 = 1024 * 1024;

/// One GB: the API takes uploads of up to 17,179,869,184 bytes, which is 16 of them
/// (<https://docs.x.com/x-api/media/initialize-media-upload>).
pub const GB: u64 = 1024 * MB;

/// The largest image, in bytes.
pub const IMAGE_MAX_BYTES: u64 = 5 * MB;

/// The largest GIF that moves, in bytes.
pub const GIF_MAX_BYTES: u64 = 15 * MB;

/// The widest GIF that moves, in pixels.
pub const GIF_MAX_WIDTH: u32 = 1280;

/// The highest GIF that moves, in pixels.
pub const GIF_MAX_HEIGHT: u32 = 1080;

/// The most frames of a GIF.
pub const GIF_MAX_FRAMES: u32 = 350;

/// The most pixels of a GIF, in all frames together.
pub const GIF_MAX_PIXELS: u64 = 300_000_000;

/// The shortest video, in milliseconds.
pub const VIDEO_MIN_MS: u64 = 500;

/// The largest proportion of a video's longer side to its shorter one.
pub const VIDEO_MAX_PROPORTION: u64 = 3;

/// The most frames of a video in a second.
pub const VIDEO_MAX_FRAMES_PER_SECOND: u32 = 60;

/// The most images of a post.
pub const IMAGES_MAX: usize = 4;

/// What [`Inspected::frames_per_1000_seconds`] may show for a video of 60 frames in a second: a telephone's clock is not
/// exact, and a short video has its last frame counted and its duration cut. Above it the file claims 61 or more.
const FRAMES_PER_1000_SECONDS_MAX: u32 = (VIDEO_MAX_FRAMES_PER_SECOND + 1) * 1000;

/// What X accepts as `media_type` (<https://docs.x.com/x-api/media/initialize-media-upload>), as far as it is told by
/// [`super::inspect::inspect`].
pub const ACCEPTED_TYPES: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/mp2t",
    "text/srt",
    "text/vtt",
];

/// What the account that posts may upload. The limits follow it, and not the file's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// An ordinary account.
    Standard,
    /// An account with Premium, or verified.
    Premium,
}

impl Plan {
    /// The longest video, in milliseconds: 20 minutes, or 125.
    #[must_use]
    pub const fn video_max_ms(self) -> u64 {
        match self {
            Self::Standard => 20 * 60_000,
            Self::Premium => 125 * 60_000,
        }
    }

    /// The largest video, in bytes.
    #[must_use]
    pub const fn video_max_bytes(self) -> u64 {
        match self {
            Self::Standard => 8 * GB,
            Self::Premium => 16 * GB,
        }
    }

    /// What to add to a limit that is another for the other plan.
    const fn instead(self, of_premium: &'static str) -> &'static str {
        match self {
            Self::Standard => of_premium,
            Self::Premium => "",
        }
    }
}

/// Why X does not take a file, or a set of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable word.
    pub code: &'static str,
    /// A sentence for a person: what it is, and what it may be.
    pub detail: String,
}

impl Problem {
    fn new(code: &'static str, detail: String) -> Self {
        Self { code, detail }
    }
}

/// X's `media_category` for a post's media. A wrong one uploads, and fails when the post is created.
#[must_use]
pub const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "tweet_image",
        Kind::Gif => "tweet_gif",
        Kind::Video => "tweet_video",
        Kind::Subtitles => "subtitles",
    }
}

/// All that X has against a file of this many bytes, posted by an account with this plan.
#[must_use]
pub fn check(file: &Inspected, size_bytes: u64, plan: Plan) -> Vec<Problem> {
    if !ACCEPTED_TYPES.contains(&file.media_type) {
        let detail = format!(
            "The file is of type {}; X takes {}.",
            file.media_type,
            ACCEPTED_TYPES.join(", ")
        );
        return vec![Problem::new("media_type_not_accepted", detail)];
    }
    match file.kind {
        Kind::Image => too_large("image", size_bytes, IMAGE_MAX_BYTES, "")
            .into_iter()
            .collect(),
        Kind::Gif => gif(file, size_bytes),
        Kind::Video => video(file, size_bytes, plan),
        // X states no limit for them.
        Kind::Subtitles => Vec::new(),
    }
}

/// All that X has against these files together in one post: up to four images, or a GIF, or a video.
#[must_use]
pub fn check_set(kinds: &[Kind]) -> Vec<Problem> {
    let count = |kind| kinds.iter().filter(|&&one| one == kind).count();
    let (images, gifs, videos) = (count(Kind::Image), count(Kind::Gif), count(Kind::Video));
    let mut problems = Vec::new();
    if count(Kind::Subtitles) > 0 {
        let detail = "Subtitles belong to a video, and cannot be attached to a post.".to_owned();
        problems.push(Problem::new("subtitles_attached", detail));
    }
    if [images, gifs, videos]
        .iter()
        .filter(|&&count| count > 0)
        .count()
        > 1
    {
        let detail = format!(
            "The part has {images} images, {gifs} GIFs and {videos} videos; X takes up to {IMAGES_MAX} images, or 1 GIF, or 1 video, not mixed."
        );
        problems.push(Problem::new("media_mixed", detail));
        return problems;
    }
    for (code, name, count, max) in [
        ("too_many_images", "images", images, IMAGES_MAX),
        ("too_many_gifs", "GIFs", gifs, 1),
        ("too_many_videos", "videos", videos, 1),
    ] {
        if count > max {
            let detail = format!("The part has {count} {name}; X takes at most {max}.");
            problems.push(Problem::new(code, detail));
        }
    }
    problems
}

fn gif(file: &Inspected, size_bytes: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(too_large("GIF", size_bytes, GIF_MAX_BYTES, ""));
    if let (Some(width), Some(height)) = (file.width, file.height) {
        if width > GIF_MAX_WIDTH || height > GIF_MAX_HEIGHT {
            let detail = format!(
                "The GIF is {width}x{height} pixels; X takes at most {GIF_MAX_WIDTH}x{GIF_MAX_HEIGHT}."
            );
            problems.push(Problem::new("gif_dimensions_too_large", detail));
        }
        let pixels = u64::from(width) * u64::from(height);
        let pixels = pixels.saturating_mul(file.frames.unwrap_or(1).into());
        if pixels > GIF_MAX_PIXELS {
            let detail = format!(
                "The GIF has {pixels} pixels in all its frames together; X takes at most {GIF_MAX_PIXELS}."
            );
            problems.push(Problem::new("gif_too_many_pixels", detail));
        }
    }
    if let Some(frames) = file.frames.filter(|&frames| frames > GIF_MAX_FRAMES) {
        let detail = format!("The GIF has {frames} frames; X takes at most {GIF_MAX_FRAMES}.");
        problems.push(Problem::new("gif_too_many_frames", detail));
    }
    problems
}

fn video(file: &Inspected, size_bytes: u64, plan: Plan) -> Vec<Problem> {
    let mut problems = Vec::new();
    let premium = plan.instead(" (16 GB with Premium)");
    problems.extend(too_large(
        "video",
        size_bytes,
        plan.video_max_bytes(),
        premium,
    ));
    problems.extend(file.duration_ms.and_then(|it| video_duration(it, plan)));
    if let (Some(width), Some(height)) = (file.width, file.height) {
        let (short, long) = (u64::from(width.min(height)), u64::from(width.max(height)));
        if long > short * VIDEO_MAX_PROPORTION {
            let detail = format!(
                "The video is {width}x{height} pixels; X takes proportions from 1:{VIDEO_MAX_PROPORTION} to {VIDEO_MAX_PROPORTION}:1."
            );
            problems.push(Problem::new("video_proportion", detail));
        }
    }
    let rate = file.frames_per_1000_seconds;
    if let Some(rate) = rate.filter(|&rate| rate >= FRAMES_PER_1000_SECONDS_MAX) {
        let detail = format!(
            "The video has {}.{:03} frames per second; X takes at most {VIDEO_MAX_FRAMES_PER_SECOND}.",
            rate / 1000,
            rate % 1000
        );
        problems.push(Problem::new("video_too_many_frames_per_second", detail));
    }
    problems
}

fn video_duration(duration_ms: u64, plan: Plan) -> Option<Problem> {
    let max = plan.video_max_ms();
    if duration_ms < VIDEO_MIN_MS {
        let detail = format!(
            "The video is {} seconds long; X takes no less than {}.",
            seconds(duration_ms),
            seconds(VIDEO_MIN_MS)
        );
        return Some(Problem::new("video_too_short", detail));
    }
    if duration_ms <= max {
        return None;
    }
    let detail = format!(
        "The video is {} seconds long; X takes at most {} from this account{}.",
        seconds(duration_ms),
        max / 1000,
        plan.instead(" (7500 with Premium)"),
    );
    Some(Problem::new("video_too_long", detail))
}

fn too_large(name: &str, size_bytes: u64, max_bytes: u64, instead: &str) -> Option<Problem> {
    let detail =
        format!("The {name} has {size_bytes} bytes; X takes at most {max_bytes}{instead}.");
    (size_bytes > max_bytes).then(|| Problem::new("media_too_large", detail))
}

/// With three digits of a fraction, so that a video of a thousandth too much is not said to be as long as allowed.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
