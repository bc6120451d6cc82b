//! Each limit, at it and beyond it.

use super::*;
use crate::media::inspect::{Bytes, inspect};

fn file(media_type: &'static str, kind: Kind) -> Inspected {
    Inspected {
        media_type,
        kind,
        width: Some(1280),
        height: Some(720),
        duration_ms: (kind == Kind::Video).then_some(1000),
        frames: None,
        video_codec: None,
        audio_codec: None,
        frames_per_1000_seconds: None,
    }
}

fn codes(file: &Inspected, size_bytes: u64, plan: Plan) -> Vec<&'static str> {
    check(file, size_bytes, plan)
        .into_iter()
        .map(|problem| problem.code)
        .collect()
}

#[test]
fn an_image_has_five_megabytes_with_any_plan() {
    let image = file("image/jpeg", Kind::Image);
    for plan in [Plan::Standard, Plan::Premium] {
        assert!(codes(&image, 5 * MB, plan).is_empty());
        assert_eq!(codes(&image, 5 * MB + 1, plan), ["media_too_large"]);
    }
    let [problem] = &check(&image, 6_000_000, Plan::Standard)[..] else {
        panic!()
    };
    assert_eq!(
        problem.detail,
        "The image has 6000000 bytes; X takes at most 5242880."
    );
}

#[test]
fn a_gif_is_limited_in_bytes_sides_frames_and_pixels() {
    let gif = Inspected {
        width: Some(1280),
        height: Some(1080),
        frames: Some(200),
        ..file("image/gif", Kind::Gif)
    };
    assert!(codes(&gif, 15 * MB, Plan::Standard).is_empty());
    assert_eq!(
        codes(&gif, 15 * MB + 1, Plan::Standard),
        ["media_too_large"]
    );
    let wide = Inspected {
        width: Some(1281),
        height: Some(10),
        ..gif.clone()
    };
    assert_eq!(
        codes(&wide, 1, Plan::Standard),
        ["gif_dimensions_too_large"]
    );
    let high = Inspected {
        width: Some(10),
        height: Some(1081),
        ..gif.clone()
    };
    assert_eq!(
        codes(&high, 1, Plan::Standard),
        ["gif_dimensions_too_large"]
    );
    let small = Inspected {
        width: Some(10),
        frames: Some(350),
        ..gif.clone()
    };
    assert!(codes(&small, 1, Plan::Standard).is_empty());
    let long = Inspected {
        frames: Some(351),
        ..small
    };
    assert_eq!(codes(&long, 1, Plan::Standard), ["gif_too_many_frames"]);
    // 1280 x 1080 x 217 is 299,980,800.
    let full = Inspected {
        frames: Some(217),
        ..gif.clone()
    };
    assert!(codes(&full, 1, Plan::Standard).is_empty());
    let beyond = Inspected {
        frames: Some(218),
        ..gif
    };
    assert_eq!(codes(&beyond, 1, Plan::Standard), ["gif_too_many_pixels"]);
}

#[test]
fn a_still_gif_is_held_to_the_limits_of_images() {
    let still = Inspected {
        width: Some(2000),
        frames: Some(1),
        ..file("image/gif", Kind::Image)
    };
    assert!(codes(&still, 5 * MB, Plan::Standard).is_empty());
    assert_eq!(codes(&still, 6 * MB, Plan::Standard), ["media_too_large"]);
}

#[test]
fn a_video_may_be_longer_and_larger_with_premium() {
    let of = |ms| Inspected {
        duration_ms: Some(ms),
        ..file("video/mp4", Kind::Video)
    };
    for (plan, minutes, bytes) in [(Plan::Standard, 20, 8 * GB), (Plan::Premium, 125, 16 * GB)] {
        let max = minutes * 60_000;
        assert!(codes(&of(max), bytes, plan).is_empty());
        assert_eq!(codes(&of(max + 1), bytes, plan), ["video_too_long"]);
        assert_eq!(codes(&of(max), bytes + 1, plan), ["media_too_large"]);
        assert!(codes(&of(500), 1, plan).is_empty());
        assert_eq!(codes(&of(499), 1, plan), ["video_too_short"]);
    }
    let [problem] = &check(&of(1_200_001), 1, Plan::Standard)[..] else {
        panic!()
    };
    assert_eq!(
        problem.detail,
        "The video is 1200.001 seconds long; X takes at most 1200 from this account (7500 with Premium)."
    );
}

#[test]
fn a_video_is_limited_in_its_proportion_and_speed() {
    let of = |width, height| Inspected {
        width: Some(width),
        height: Some(height),
        ..file("video/mp4", Kind::Video)
    };
    for (width, height) in [(300, 100), (100, 300), (3840, 2160)] {
        assert!(
            codes(&of(width, height), 1, Plan::Standard).is_empty(),
            "{width}x{height}"
        );
    }
    for (width, height) in [(301, 100), (100, 301)] {
        assert_eq!(
            codes(&of(width, height), 1, Plan::Standard),
            ["video_proportion"]
        );
    }
    let fast = |rate| Inspected {
        frames_per_1000_seconds: Some(rate),
        ..of(1280, 720)
    };
    assert!(codes(&fast(60_020), 1, Plan::Standard).is_empty());
    assert_eq!(
        codes(&fast(120_000), 1, Plan::Standard),
        ["video_too_many_frames_per_second"]
    );
}

#[test]
fn what_a_file_does_not_say_is_not_held_against_it() {
    let unknown = Inspected {
        width: None,
        height: None,
        duration_ms: None,
        ..file("video/mp2t", Kind::Video)
    };
    assert!(codes(&unknown, 1, Plan::Standard).is_empty());
    assert!(codes(&file("text/srt", Kind::Subtitles), 1, Plan::Standard).is_empty());
}

#[test]
fn a_type_that_x_does_not_know_is_refused() {
    let matroska = file("video/x-matroska", Kind::Video);
    assert_eq!(
        codes(&matroska, 1, Plan::Premium),
        ["media_type_not_accepted"]
    );
}

#[test]
fn a_part_takes_four_images_or_one_gif_or_one_video() {
    use Kind::{Gif, Image, Subtitles, Video};
    let sets: [(&[Kind], &[&str]); 11] = [
        (&[], &[]),
        (&[Image; 4], &[]),
        (&[Image; 5], &["too_many_images"]),
        (&[Gif], &[]),
        (&[Gif, Gif], &["too_many_gifs"]),
        (&[Video], &[]),
        (&[Video, Video], &["too_many_videos"]),
        (&[Image, Gif], &["media_mixed"]),
        (&[Video, Image], &["media_mixed"]),
        (&[Video, Gif], &["media_mixed"]),
        (&[Video, Subtitles], &["subtitles_attached"]),
    ];
    for (set, expected) in sets {
        let codes: Vec<_> = check_set(set)
            .into_iter()
            .map(|problem| problem.code)
            .collect();
        assert_eq!(codes, expected, "{set:?}");
    }
}

#[tokio::test]
async fn all_that_is_inspected_has_a_category_and_subtitles_pass() {
    let file = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n".to_vec();
    let found = inspect(&file).await.unwrap();
    assert!(check(&found, file.size_bytes(), Plan::Standard).is_empty());
    assert_eq!(category(found.kind), "subtitles");
    assert_eq!(category(Kind::Image), "tweet_image");
    assert_eq!(category(Kind::Gif), "tweet_gif");
    assert_eq!(category(Kind::Video), "tweet_video");
}
