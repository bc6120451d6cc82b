//! What small files are.

use futures_util::FutureExt as _;

use super::samples::{self, SHOT, Shot};
use super::*;

pub(super) fn of(bytes: &dyn Bytes) -> Result<Inspected, Flaw> {
    inspect(bytes).now_or_never().expect("nothing waits")
}

pub(super) fn told(bytes: impl Into<Vec<u8>>) -> Inspected {
    of(&bytes.into()).unwrap_or_else(|flaw| panic!("{flaw:?}"))
}

pub(super) fn flaw(bytes: impl Into<Vec<u8>>) -> Flaw {
    of(&bytes.into()).expect_err("it is of no use")
}

fn sides(bytes: impl Into<Vec<u8>>) -> (u32, u32) {
    let found = told(bytes);
    (found.width.unwrap(), found.height.unwrap())
}

fn kind(bytes: impl Into<Vec<u8>>) -> (&'static str, Kind) {
    let found = told(bytes);
    (found.media_type, found.kind)
}

#[test]
fn a_jpeg_is_shown_as_its_orientation_demands() {
    assert_eq!(
        kind(samples::jpeg(640, 360, None)),
        ("image/jpeg", Kind::Image)
    );
    assert_eq!(sides(samples::jpeg(640, 360, None)), (640, 360));
    for (orientation, shown) in [
        (1, (640, 360)),
        (4, (640, 360)),
        (5, (360, 640)),
        (8, (360, 640)),
        (9, (640, 360)),
    ] {
        assert_eq!(
            sides(samples::jpeg(640, 360, Some(orientation))),
            shown,
            "{orientation}"
        );
    }
}

#[test]
fn a_jpeg_may_have_anything_behind_its_end_but_must_have_one() {
    let whole = samples::jpeg(640, 360, None);
    assert_eq!(sides([&whole[..], b"a video"].concat()), (640, 360));
    let cut = whole[..whole.len() - 2].to_vec();
    assert_eq!(flaw(cut), Flaw::damaged("its picture has no end"));
    assert_eq!(
        flaw([0xff, 0xd8, 0xff, 0xd9]),
        Flaw::damaged("it ends before its picture")
    );
}

#[test]
fn a_png_tells_how_many_pictures_it_has() {
    let still = told(samples::png(640, 360, None));
    assert_eq!(
        (still.media_type, still.kind, still.frames),
        ("image/png", Kind::Image, Some(1))
    );
    assert_eq!((still.width, still.height), (Some(640), Some(360)));
    let moving = told(samples::png(640, 360, Some(12)));
    assert_eq!((moving.kind, moving.frames), (Kind::Image, Some(12)));
    let whole = samples::png(640, 360, None);
    assert_eq!(
        flaw(&whole[..whole.len() - 14]),
        Flaw::damaged("it ends too early")
    );
    assert!(matches!(
        flaw(samples::png(0, 360, None)),
        Flaw::Damaged { .. }
    ));
}

#[test]
fn a_gif_of_one_frame_is_an_image_and_of_two_is_not() {
    let still = told(samples::gif(64, 36, &[50]));
    assert_eq!(
        (still.media_type, still.kind, still.frames),
        ("image/gif", Kind::Image, Some(1))
    );
    assert_eq!(still.duration_ms, None);
    let moving = told(samples::gif(64, 36, &[10, 0, 30]));
    assert_eq!(
        (moving.kind, moving.frames, moving.duration_ms),
        (Kind::Gif, Some(3), Some(400))
    );
    assert_eq!((moving.width, moving.height), (Some(64), Some(36)));
    assert_eq!(
        flaw(samples::gif(64, 36, &[])),
        Flaw::damaged("it has no picture")
    );
}

#[test]
fn a_gif_without_its_last_byte_plays_and_one_cut_in_a_block_does_not() {
    let mut file = samples::gif(64, 36, &[10, 20]);
    file.pop();
    assert_eq!(told(file.clone()).frames, Some(2));
    file.pop();
    assert_eq!(flaw(file), Flaw::damaged("it ends too early"));
}

#[test]
fn a_webp_has_three_forms() {
    assert_eq!(
        kind(samples::webp_lossy(640, 360)),
        ("image/webp", Kind::Image)
    );
    assert_eq!(sides(samples::webp_lossy(640, 360)), (640, 360));
    assert_eq!(sides(samples::webp_lossless(640, 360)), (640, 360));
    let moving = told(samples::webp_moving(16_384, 360, &[100, 250]));
    assert_eq!((moving.width, moving.height), (Some(16_384), Some(360)));
    assert_eq!((moving.frames, moving.duration_ms), (Some(2), Some(350)));
    let mut cut = samples::webp_moving(640, 360, &[100, 250]);
    cut.pop();
    assert_eq!(flaw(cut), Flaw::damaged("it ends too early"));
}

#[test]
fn bitmaps_and_tiffs_tell_their_size() {
    assert_eq!(kind(samples::bmp(640, 360)), ("image/bmp", Kind::Image));
    assert_eq!(sides(samples::bmp(640, -360)), (640, 360));
    assert_eq!(
        kind(samples::tiff(640, 360, 1)),
        ("image/tiff", Kind::Image)
    );
    assert_eq!(sides(samples::tiff(640, 360, 6)), (360, 640));
    assert_eq!(flaw("BM is how a text may begin, too"), Flaw::Unknown);
}

#[test]
fn an_mp4_tells_what_is_in_it() {
    for version in [0, 1] {
        let found = told(samples::mp4(Shot { version, ..SHOT }));
        let expected = Inspected {
            width: Some(640),
            height: Some(360),
            duration_ms: Some(2000),
            video_codec: Some("avc1".to_owned()),
            audio_codec: Some("mp4a".to_owned()),
            frames_per_1000_seconds: Some(30_000),
            ..Inspected::new("video/mp4", Kind::Video)
        };
        assert_eq!(found, expected, "version {version}");
    }
}

#[test]
fn a_video_taken_upright_is_higher_than_wide() {
    for version in [0, 1] {
        let shot = Shot {
            turned: true,
            version,
            ..SHOT
        };
        assert_eq!(sides(samples::mp4(shot)), (360, 640), "version {version}");
    }
}

#[test]
fn the_track_that_is_shown_counts() {
    let cover = Shot {
        codec: *b"jpeg",
        width: 100,
        shown: false,
        ..SHOT
    };
    let movie = samples::atom(
        b"moov",
        &[
            &samples::time_header(b"mvhd", 0, 1000, 2000),
            &samples::video_track(cover),
            &samples::video_track(SHOT),
        ],
    );
    let found = told([samples::file_type(b"qt  "), movie].concat());
    assert_eq!(found.media_type, "video/quicktime");
    assert_eq!(
        (found.width, found.video_codec.as_deref()),
        (Some(640), Some("avc1"))
    );
}

#[test]
fn a_movie_in_fragments_is_as_long_as_it_says_if_it_does() {
    assert_eq!(
        told(samples::mp4_in_fragments(Some(4000))).duration_ms,
        Some(4000)
    );
    let open = told(samples::mp4_in_fragments(None));
    assert_eq!((open.duration_ms, open.width), (None, Some(640)));
}

#[test]
fn a_movie_cut_off_in_its_samples_is_damaged_wherever_its_description_is() {
    let movie = samples::atom(
        b"moov",
        &[
            &samples::time_header(b"mvhd", 0, 1000, 2000),
            &samples::video_track(SHOT),
        ],
    );
    let mut early = [
        samples::file_type(b"isom"),
        movie,
        samples::atom(b"mdat", &[&[0; 40]]),
    ]
    .concat();
    assert!(of(&early.clone()).is_ok());
    early.pop();
    assert_eq!(flaw(early), Flaw::damaged("a box goes on beyond the end"));
    let late = samples::mp4(SHOT);
    assert_eq!(
        flaw(&late[..60]),
        Flaw::damaged("a box goes on beyond the end")
    );
    assert_eq!(
        flaw(samples::file_type(b"isom")),
        Flaw::damaged("it has no description of its movie")
    );
}

#[test]
fn a_file_of_sound_is_no_video() {
    let movie = samples::atom(
        b"moov",
        &[
            &samples::time_header(b"mvhd", 0, 1000, 2000),
            &samples::sound_track(),
        ],
    );
    assert_eq!(
        flaw([samples::file_type(b"M4A "), movie].concat()),
        Flaw::SoundOnly
    );
    assert_eq!(
        flaw(samples::webm(b"webm", &[&samples::webm_sound()], false)),
        Flaw::SoundOnly
    );
}

#[test]
fn webm_and_matroska_are_told_apart() {
    for open in [false, true] {
        let tracks = [samples::webm_sound(), samples::webm_video()].concat();
        let found = told(samples::webm(b"webm", &[&tracks], open));
        let expected = Inspected {
            width: Some(640),
            height: Some(360),
            duration_ms: Some(2500),
            video_codec: Some("V_VP9".to_owned()),
            audio_codec: Some("A_OPUS".to_owned()),
            frames_per_1000_seconds: Some(29_970),
            ..Inspected::new("video/webm", Kind::Video)
        };
        assert_eq!(found, expected, "open: {open}");
    }
    let video = samples::webm_video();
    assert_eq!(
        told(samples::webm(b"matroska", &[&video], false)).media_type,
        "video/x-matroska"
    );
    assert_eq!(
        flaw(samples::webm(b"other", &[&video], false)),
        Flaw::Unknown
    );
    let mut cut = samples::webm(b"webm", &[&video], false);
    cut.pop();
    assert_eq!(
        flaw(cut),
        Flaw::damaged("an element goes on beyond the end")
    );
}

#[test]
fn a_transport_stream_is_known_by_four_packets() {
    assert_eq!(
        kind(samples::transport_stream()),
        ("video/mp2t", Kind::Video)
    );
    assert_eq!(flaw(&samples::transport_stream()[..400]), Flaw::Unknown);
}

#[test]
fn subtitles_are_known_by_their_lines_and_must_have_times() {
    let vtt = told(samples::VTT);
    assert_eq!(
        (vtt.media_type, vtt.kind, vtt.duration_ms),
        ("text/vtt", Kind::Subtitles, Some(2500))
    );
    let srt = told(samples::SRT);
    assert_eq!(
        (srt.media_type, srt.kind, srt.duration_ms),
        ("text/srt", Kind::Subtitles, Some(3_601_000))
    );
    assert!(matches!(flaw("WEBVTT\n\nHello\n"), Flaw::Damaged { .. }));
    assert_eq!(flaw("WEBVTTX\n\n00:01.000 --> 00:02.000\n"), Flaw::Unknown);
    assert_eq!(flaw("1\nHello\n"), Flaw::Unknown);
    let latin = [samples::SRT.as_bytes(), b"\xe9"].concat();
    assert_eq!(flaw(latin), Flaw::damaged("its text is not UTF-8"));
}

#[test]
fn other_files_are_unknown() {
    let others: [&[u8]; 8] = [
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"ID3\x04\0",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    ];
    for other in others {
        assert_eq!(flaw(other), Flaw::Unknown, "{}", other.escape_ascii());
    }
    assert_eq!(flaw([]), Flaw::damaged("it is empty"));
}
