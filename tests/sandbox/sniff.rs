//! What a file is, by its first bytes, and which files a category takes.

use super::media::Kind;

/// The kind of a category. `dm_…` ones upload well and fail at create.
pub fn kind(category: &str) -> Option<Kind> {
    Some(match category {
        "tweet_image" | "dm_image" => Kind::Image,
        "tweet_gif" | "dm_gif" => Kind::Gif,
        "tweet_video" | "amplify_video" | "dm_video" => Kind::Video,
        "subtitles" => Kind::Subtitles,
        _ => return None,
    })
}

/// Whether the docs name this type for this kind: JPG, PNG, GIF and WEBP are pictures
/// (<https://docs.x.com/x-api/media/quickstart/best-practices>). What else the schema lists is refused, which is the
/// stricter reading.
pub fn goes_with(kind: Kind, media_type: &str) -> bool {
    match kind {
        Kind::Image => matches!(
            media_type,
            "image/jpeg" | "image/pjpeg" | "image/png" | "image/gif" | "image/webp"
        ),
        Kind::Gif => media_type == "image/gif",
        Kind::Video => media_type.starts_with("video/"),
        Kind::Subtitles => media_type.starts_with("text/"),
    }
}

/// Whether a file that begins like this may be of this type. Text is not looked at.
pub fn is(media_type: &str, head: &[u8]) -> bool {
    let at =
        |start: usize, sign: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(sign));
    match media_type {
        "image/jpeg" | "image/pjpeg" => at(0, &[0xff, 0xd8, 0xff]),
        "image/png" => at(0, b"\x89PNG\r\n\x1a\n"),
        "image/gif" => at(0, b"GIF87a") || at(0, b"GIF89a"),
        "image/webp" => at(0, b"RIFF") && at(8, b"WEBP"),
        "video/mp4" => at(4, b"ftyp"),
        "video/quicktime" => [&b"ftyp"[..], b"moov", b"mdat", b"wide", b"free"]
            .iter()
            .any(|sign| at(4, sign)),
        "video/webm" => at(0, &[0x1a, 0x45, 0xdf, 0xa3]),
        "video/mp2t" => at(0, &[0x47]),
        _ => true,
    }
}

/// The type of a picture that came without one.
pub fn image_type(head: &[u8]) -> Option<&'static str> {
    ["image/jpeg", "image/png", "image/gif", "image/webp"]
        .into_iter()
        .find(|media_type| is(media_type, head))
}
