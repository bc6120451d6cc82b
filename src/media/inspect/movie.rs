//! MP4 and `QuickTime`. Only heads of boxes and a few fixed fields are read, wherever the movie box is; the tables of
//! samples, which may be megabytes, are passed over.

use super::boxes::{Atom, Row};
use super::fields::{be_u32, be_u64, bytes, milliseconds};
use super::track::{self, Sort, Track};
use super::window::Window;
use super::{Flaw, Inspected, Kind};

/// How many boxes of the outermost row are looked at: behind them a file in fragments has no news.
const OUTER_BOXES_MAX: u32 = 100;

/// Whether a file begins as a movie. Old `QuickTime` files have no box that tells their type.
pub(super) fn is_one(head: &[u8]) -> bool {
    match bytes::<4>(head, 4).as_ref() {
        Some(b"ftyp") => bytes(head, 8).is_none_or(|brand| !is_picture(brand)),
        Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot") => true,
        _ => false,
    }
}

/// Pictures of telephones and of the web come in the same boxes: HEIF and AVIF.
fn is_picture(brand: [u8; 4]) -> bool {
    matches!(
        &brand,
        b"avif" | b"avis" | b"mif1" | b"msf1" | b"crx " | [b'h', b'e', b'i' | b'v', _]
    )
}

fn media_type(head: &[u8]) -> &'static str {
    let is_mp4 = bytes::<4>(head, 4) == Some(*b"ftyp") && bytes::<4>(head, 8) != Some(*b"qt  ");
    if is_mp4 {
        "video/mp4"
    } else {
        "video/quicktime"
    }
}

/// What the movie box says of the whole.
#[derive(Default)]
struct Movie {
    duration_ms: Option<u64>,
    video: Option<Track>,
    audio: Option<Track>,
}

pub(super) async fn inspect(window: &mut Window<'_>, head: &[u8]) -> Result<Inspected, Flaw> {
    let Some(whole) = find_movie(window).await? else {
        return Err(Flaw::damaged("it has no description of its movie"));
    };
    let movie = read_movie(window, whole).await?;
    let Some(video) = movie.video else {
        return Err(Flaw::SoundOnly);
    };
    Ok(Inspected {
        width: video.size.map(|size| size.width),
        height: video.size.map(|size| size.height),
        duration_ms: movie.duration_ms.or(video.duration_ms),
        video_codec: video.codec,
        audio_codec: movie.audio.and_then(|audio| audio.codec),
        frames_per_1000_seconds: video.frames_per_1000_seconds,
        ..Inspected::new(media_type(head), Kind::Video)
    })
}

/// Finds the movie box, and goes on to the end of the file: a file that was cut off in its samples is told by a box
/// that is longer than what is left.
async fn find_movie(window: &mut Window<'_>) -> Result<Option<Atom>, Flaw> {
    let mut movie = None;
    let mut outer = Row::new(0, window.size());
    for _ in 0..OUTER_BOXES_MAX {
        match outer.next(window).await? {
            Some(found) if found.name == *b"moov" => movie = movie.or(Some(found)),
            Some(_) => {}
            None => break,
        }
    }
    Ok(movie)
}

async fn read_movie(window: &mut Window<'_>, whole: Atom) -> Result<Movie, Flaw> {
    let mut movie = Movie::default();
    let mut scale = None;
    let mut children = whole.children();
    while let Some(child) = children.next(window).await? {
        match &child.name {
            b"mvhd" => {
                let header = child.contents(window, 32).await?;
                let (duration, units) = track::duration(header)
                    .ok_or(Flaw::damaged("the header of its movie is too short"))?;
                scale = Some(units);
                movie.duration_ms = duration.and_then(|duration| milliseconds(duration, units));
            }
            b"mvex" => {
                let extended = extended_duration(window, child).await?;
                let of_fragments = extended.and_then(|it| milliseconds(it, scale?));
                movie.duration_ms = of_fragments.or(movie.duration_ms);
            }
            b"trak" => {
                let track = track::read(window, child).await?;
                match track.sort {
                    Sort::Video if is_better(&track, movie.video.as_ref()) => {
                        movie.video = Some(track);
                    }
                    Sort::Sound if movie.audio.is_none() => movie.audio = Some(track),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if scale.is_none() {
        return Err(Flaw::damaged("its movie has no header"));
    }
    Ok(movie)
}

/// The first track that is shown; a still picture for a list of files is a track, too, that is not.
fn is_better(track: &Track, than: Option<&Track>) -> bool {
    than.is_none_or(|than| track.is_shown && !than.is_shown)
}

/// How long a movie in fragments is, in its units, where it says so.
async fn extended_duration(window: &mut Window<'_>, extends: Atom) -> Result<Option<u64>, Flaw> {
    let Some(header) = extends.child(window, b"mehd").await? else {
        return Ok(None);
    };
    let header = header.contents(window, 12).await?;
    Ok(match header.first() {
        Some(1) => be_u64(header, 4),
        _ => be_u32(header, 4).map(u64::from),
    })
}
