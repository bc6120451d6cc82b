//! How files are read: in pieces, a limited number of times, and to an answer, whatever is in them.

use std::cell::Cell;

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::samples::{self, SHOT};
use super::tests::{flaw, of, told};
use super::window::WALK_MAX;
use super::*;

/// A file of which only some places are written, the rest being zeros, and which counts how it is read.
struct Sparse {
    size: u64,
    places: Vec<(u64, Vec<u8>)>,
    reads: Cell<u32>,
    read_bytes: Cell<u64>,
}

impl Sparse {
    fn new(size: u64, places: Vec<(u64, Vec<u8>)>) -> Self {
        Self {
            size,
            places,
            reads: Cell::new(0),
            read_bytes: Cell::new(0),
        }
    }
}

impl Bytes for Sparse {
    fn size_bytes(&self) -> u64 {
        self.size
    }

    fn read(&self, offset: u64, len: usize) -> Pending<'_, Result<Vec<u8>, StorageError>> {
        let len = self.size.saturating_sub(offset).min(len as u64);
        self.reads.set(self.reads.get() + 1);
        self.read_bytes.set(self.read_bytes.get() + len);
        let mut piece = vec![0; usize::try_from(len).unwrap()];
        for (at, bytes) in &self.places {
            for (index, byte) in bytes.iter().enumerate() {
                let there = (at + index as u64).checked_sub(offset);
                let there = there.and_then(|it| piece.get_mut(usize::try_from(it).ok()?));
                if let Some(there) = there {
                    *there = *byte;
                }
            }
        }
        Box::pin(std::future::ready(Ok(piece)))
    }
}

#[test]
fn the_end_of_a_jpeg_is_found_across_two_pieces() {
    // Between any two reads, wherever the file is split.
    let whole = samples::jpeg(640, 360, None);
    let head = whole[..whole.len() - 2].to_vec();
    for before in 0..3 {
        let at = 128 * 1024 * 2 - 1 + before;
        let file = Sparse::new(at + 2, vec![(0, head.clone()), (at, vec![0xff, 0xd9])]);
        assert!(of(&file).is_ok(), "{at}");
    }
}

#[test]
fn a_gif_too_large_to_be_walked_through_still_moves() {
    let frames = samples::gif(64, 36, &[10, 20]);
    let at = frames.len() as u64 - 1;
    // A comment in full sub-blocks, on and on.
    let comment = [&[0x21, 0xfe][..], &[255; 256].repeat(100_000)].concat();
    let size = at + comment.len() as u64;
    assert!(size > WALK_MAX);
    let file = Sparse::new(size, vec![(0, frames), (at, comment)]);
    // Read by a helper that is slow with large places, so as a whole.
    let whole = file
        .read(0, usize::try_from(size).unwrap())
        .now_or_never()
        .unwrap()
        .unwrap();
    let found = told(whole);
    assert_eq!(
        (found.kind, found.frames, found.duration_ms),
        (Kind::Gif, None, None)
    );
}

#[test]
fn a_video_of_sixteen_gigabytes_is_read_at_its_edges() {
    const SIZE: u64 = 16 << 30;
    let movie = samples::mp4(SHOT).split_off(20 + 48);
    assert_eq!(movie.get(4..8), Some(&b"moov"[..]));
    let at = SIZE - movie.len() as u64;
    let mut head = samples::file_type(b"isom");
    let samples_length = at - head.len() as u64;
    head.extend(b"\0\0\0\x01mdat");
    head.extend(samples_length.to_be_bytes());
    let file = Sparse::new(SIZE, vec![(0, head), (at, movie)]);
    assert_eq!(of(&file).unwrap().duration_ms, Some(2000));
    assert!(file.reads.get() <= 3, "{} reads", file.reads.get());
    assert!(
        file.read_bytes.get() < 1 << 20,
        "{} bytes",
        file.read_bytes.get()
    );
}

/// Storage that does not answer, or gives less than it promised.
struct Failing(Option<StorageError>);

impl Bytes for Failing {
    fn size_bytes(&self) -> u64 {
        1000
    }

    fn read(&self, _: u64, _: usize) -> Pending<'_, Result<Vec<u8>, StorageError>> {
        let answer = self.0.clone().map_or_else(|| Ok(b"GIF89a".to_vec()), Err);
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn what_cannot_be_read_is_not_called_damaged() {
    let error = StorageError::Transient("away".to_owned());
    assert_eq!(of(&Failing(Some(error.clone()))), Err(Flaw::Unread(error)));
    assert!(matches!(of(&Failing(None)), Err(Flaw::Damaged { .. })));
}

/// Reads whole, counting.
fn reads(bytes: Vec<u8>) -> u32 {
    let file = Sparse::new(bytes.len() as u64, vec![(0, bytes)]);
    let _ = of(&file);
    file.reads.get()
}

#[test]
fn files_of_millions_of_nothings_end_soon() {
    let boxes = b"\0\0\0\x08free".repeat(500_000);
    let gif = [
        &samples::gif(1, 1, &[])[..],
        &[0x21, 0xfe],
        &vec![1; 4_000_000],
    ]
    .concat();
    let elements = [0xec, 0x80].repeat(2_000_000);
    let segment = samples::element(&[0x18, 0x53, 0x80, 0x67], &[&elements]);
    let webm = [&samples::webm(b"webm", &[], false)[..12], &segment].concat();
    let movie = samples::atom(b"moov", &[&boxes]);
    let padding = [&[0xff, 0xd8][..], &vec![0xff; 4_000_000]].concat();
    for file in [boxes, gif, webm, movie, padding] {
        assert!(matches!(flaw(file), Flaw::Damaged { .. }));
    }
}

/// A file where every jump is a read: boxes a megabyte apart.
#[test]
fn a_file_is_read_a_limited_number_of_times() {
    let movie = [
        b"\0\0\0\x01moov".to_vec(),
        (1_u64 << 40).to_be_bytes().to_vec(),
    ]
    .concat();
    let mut places = vec![(0, samples::file_type(b"isom")), (20, movie)];
    for index in 0..1000 {
        places.push((36 + (index << 20), b"\0\x10\0\0free".to_vec()));
    }
    let file = Sparse::new((1 << 40) + 20, places);
    assert!(matches!(of(&file), Err(Flaw::Damaged { .. })));
    assert_eq!(file.reads.get(), READS_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(reads(bytes) <= 2);
    }

    #[test]
    fn any_bytes_behind_a_sound_beginning_are_answered(
        which in 0..15_usize, keep in 4..40_usize, rest in proptest::collection::vec(any::<u8>(), 0..600)
    ) {
        let file = &samples::all()[which];
        let head = &file[..keep.min(file.len())];
        prop_assert!(reads([head, &rest].concat()) <= 8);
    }

    #[test]
    fn any_damage_to_a_sound_file_is_answered(
        which in 0..15_usize,
        cut: proptest::sample::Index,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut file = samples::all()[which].clone();
        file.truncate(cut.index(file.len()) + 1);
        for (at, byte) in damage {
            let at = at.index(file.len().min(900));
            file[at] = byte;
        }
        prop_assert!(reads(file) <= 8);
    }

    #[test]
    fn what_is_cut_off_is_never_told_as_whole(which in 0..12_usize, cut: proptest::sample::Index) {
        let mut file = samples::all()[which].clone();
        // BMP and TIFF are looked at where they begin only, a GIF may lack its last byte, and a recording ends anywhere.
        prop_assume!(!matches!(which, 6 | 7 | 11));
        let whole = told(file.clone());
        file.truncate(cut.index(file.len()));
        if let Ok(found) = of(&file) {
            prop_assert_eq!(found.kind == Kind::Gif || found.media_type == "image/gif" || found == whole, true);
        }
    }
}
