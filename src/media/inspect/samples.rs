//! Small files of every kind, built byte by byte.
#![expect(clippy::cast_possible_truncation, reason = "they are small")]

pub(super) fn jpeg(width: u16, height: u16, orientation: Option<u16>) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    if let Some(orientation) = orientation {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        exif.extend(orientation.to_be_bytes());
        exif.extend([0; 6]);
        segment(&mut file, 0xe1, &exif);
    }
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.extend([1, 1, 0x11, 0]);
    segment(&mut file, 0xc4, &[0; 17]);
    segment(&mut file, 0xc2, &frame);
    segment(&mut file, 0xda, &[1, 1, 0, 0, 63, 0]);
    file.extend([0x12, 0xff, 0x00, 0x34, 0xff, 0xd9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, contents: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((contents.len() as u16 + 2).to_be_bytes());
    file.extend(contents);
}

pub(super) fn png(width: u32, height: u32, frames: Option<u32>) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(&mut file, b"IHDR", &[&sides[..], &[8, 6, 0, 0, 0]].concat());
    if let Some(frames) = frames {
        let control = [frames.to_be_bytes(), [0; 4]].concat();
        chunk(&mut file, b"acTL", &control);
    }
    chunk(&mut file, b"IDAT", &[0; 10]);
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8], contents: &[u8]) {
    file.extend((contents.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(contents);
    file.extend([0; 4]);
}

/// A GIF with a picture for each delay, in hundredths of a second.
pub(super) fn gif(width: u16, height: u16, delays: &[u16]) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    // A table of two colours for all.
    file.extend([0x80, 0, 0]);
    file.extend([0; 6]);
    file.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
    for delay in delays {
        file.extend([0x21, 0xf9, 4, 0]);
        file.extend(delay.to_le_bytes());
        file.extend([0, 0]);
        file.extend([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x81]);
        // Its own table of four, the coding, and two sub-blocks that look like other blocks.
        file.extend([0x2c; 12]);
        file.extend([2, 2, 0x3b, 0x2c, 1, 0x21, 0]);
    }
    file.push(0x3b);
    file
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let size = (chunks.len() as u32 + 4).to_le_bytes();
    [b"RIFF", &size[..], b"WEBP", chunks].concat()
}

fn riff_chunk(name: &[u8], contents: &[u8]) -> Vec<u8> {
    let mut chunk = [name, &(contents.len() as u32).to_le_bytes(), contents].concat();
    if contents.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

pub(super) fn webp_lossy(width: u16, height: u16) -> Vec<u8> {
    let mut contents = vec![0, 0, 0, 0x9d, 1, 0x2a];
    // The two highest bits are a scale.
    contents.extend((width | 0x4000).to_le_bytes());
    contents.extend(height.to_le_bytes());
    riff(&riff_chunk(b"VP8 ", &contents))
}

pub(super) fn webp_lossless(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | ((height - 1) << 14) | (1 << 28);
    let mut contents = vec![0x2f];
    contents.extend(bits.to_le_bytes());
    contents.extend([0; 5]);
    riff(&riff_chunk(b"VP8L", &contents))
}

pub(super) fn webp_moving(width: u32, height: u32, durations_ms: &[u32]) -> Vec<u8> {
    let mut header = vec![0x02, 0, 0, 0];
    header.extend(&(width - 1).to_le_bytes()[..3]);
    header.extend(&(height - 1).to_le_bytes()[..3]);
    let mut chunks = riff_chunk(b"VP8X", &header);
    for duration in durations_ms {
        let mut frame = vec![0; 12];
        frame.extend(&duration.to_le_bytes()[..3]);
        frame.extend([0; 10]);
        chunks.extend(riff_chunk(b"ANMF", &frame));
    }
    riff(&chunks)
}

pub(super) fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut file = b"BM".to_vec();
    file.extend([0; 12]);
    file.extend(40_u32.to_le_bytes());
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend([0; 28]);
    file
}

pub(super) fn tiff(width: u16, height: u16, orientation: u16) -> Vec<u8> {
    let mut file = b"II\x2a\0\x08\0\0\0\x03\0".to_vec();
    for (tag, value) in [(256_u16, width), (257, height), (274, orientation)] {
        file.extend(tag.to_le_bytes());
        file.extend([3, 0, 1, 0, 0, 0]);
        file.extend(value.to_le_bytes());
        file.extend([0, 0]);
    }
    file.extend([0; 4]);
    file
}

/// A box with the contents given in pieces.
pub(super) fn atom(name: &[u8], contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = (contents.len() as u32 + 8).to_be_bytes();
    [&length[..], name, &contents].concat()
}

/// `mvhd` and `mdhd`, in version 0 or 1.
pub(super) fn time_header(name: &[u8], version: u8, scale: u32, duration: u64) -> Vec<u8> {
    let mut contents = vec![version, 0, 0, 0];
    if version == 1 {
        contents.extend([0; 16]);
        contents.extend(scale.to_be_bytes());
        contents.extend(duration.to_be_bytes());
    } else {
        contents.extend([0; 8]);
        contents.extend(scale.to_be_bytes());
        contents.extend((duration as u32).to_be_bytes());
    }
    contents.extend([0; 80]);
    atom(name, &[&contents])
}

const UPRIGHT: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];
const ON_ITS_SIDE: [u32; 9] = [0, 1 << 16, 0, u32::MAX << 16, 0, 0, 0, 0, 1 << 30];

/// What a video track is made of.
#[derive(Clone, Copy)]
pub(super) struct Shot {
    pub(super) version: u8,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) turned: bool,
    pub(super) shown: bool,
    pub(super) samples: u32,
    /// Of which 600 are a second.
    pub(super) duration: u64,
    pub(super) codec: [u8; 4],
}

pub(super) const SHOT: Shot = Shot {
    version: 0,
    width: 640,
    height: 360,
    turned: false,
    shown: true,
    samples: 60,
    duration: 1200,
    codec: *b"avc1",
};

fn track_header(shot: Shot) -> Vec<u8> {
    let mut contents = vec![shot.version, 0, 0, u8::from(shot.shown)];
    contents.extend(vec![0; if shot.version == 1 { 48 } else { 36 }]);
    let matrix = if shot.turned { ON_ITS_SIDE } else { UPRIGHT };
    contents.extend(matrix.iter().flat_map(|cell| cell.to_be_bytes()));
    contents.extend((shot.width << 16).to_be_bytes());
    contents.extend((shot.height << 16).to_be_bytes());
    atom(b"tkhd", &[&contents])
}

fn media(shot: Shot, handler: &[u8], entry: &[u8]) -> Vec<u8> {
    let sizes = [[0; 4], [0; 4], shot.samples.to_be_bytes()].concat();
    let table = atom(
        b"stbl",
        &[
            &atom(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], entry]),
            &atom(b"stsz", &[&sizes, &[0; 16]]),
        ],
    );
    atom(
        b"mdia",
        &[
            &time_header(b"mdhd", shot.version, 600, shot.duration),
            &atom(b"hdlr", &[&[0; 8], handler, &[0; 12]]),
            &atom(b"minf", &[&table]),
        ],
    )
}

pub(super) fn video_track(shot: Shot) -> Vec<u8> {
    let sides = [
        (shot.width as u16).to_be_bytes(),
        (shot.height as u16).to_be_bytes(),
    ];
    let entry = atom(&shot.codec, &[&[0; 24], &sides.concat(), &[0; 50]]);
    atom(
        b"trak",
        &[&track_header(shot), &media(shot, b"vide", &entry)],
    )
}

pub(super) fn sound_track() -> Vec<u8> {
    let shot = Shot {
        width: 0,
        height: 0,
        ..SHOT
    };
    let entry = atom(b"mp4a", &[&[0; 28]]);
    atom(
        b"trak",
        &[&track_header(shot), &media(shot, b"soun", &entry)],
    )
}

pub(super) fn file_type(brand: &[u8]) -> Vec<u8> {
    atom(b"ftyp", &[brand, &[0, 0, 2, 0], b"isom"])
}

/// A movie of two seconds, its description behind the samples, as cameras write it.
pub(super) fn mp4(shot: Shot) -> Vec<u8> {
    let movie = atom(
        b"moov",
        &[
            &time_header(b"mvhd", shot.version, 1000, 2000),
            &sound_track(),
            &video_track(shot),
        ],
    );
    [file_type(b"isom"), atom(b"mdat", &[&[0; 40]]), movie].concat()
}

/// A movie in fragments, of which the description has no length of its own.
pub(super) fn mp4_in_fragments(duration: Option<u32>) -> Vec<u8> {
    let shot = Shot {
        duration: 0,
        samples: 0,
        ..SHOT
    };
    let header = duration.map_or_else(Vec::new, |it| atom(b"mehd", &[&[0; 4], &it.to_be_bytes()]));
    let movie = atom(
        b"moov",
        &[
            &time_header(b"mvhd", 0, 1000, 0),
            &video_track(shot),
            &atom(b"mvex", &[&header, &atom(b"trex", &[&[0; 24]])]),
        ],
    );
    let fragment = [atom(b"moof", &[&[0; 16]]), atom(b"mdat", &[&[0; 16]])].concat();
    [file_type(b"iso6"), movie, fragment.repeat(300)].concat()
}

/// An element with a length of one byte, or of eight where it is long.
pub(super) fn element(name: &[u8], contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let mut element = name.to_vec();
    if contents.len() < 127 {
        element.push(0x80 | contents.len() as u8);
    } else {
        element.extend((contents.len() as u64 | 1 << 56).to_be_bytes());
    }
    element.extend(contents);
    element
}

pub(super) fn webm(doc_type: &[u8], tracks: &[&[u8]], open: bool) -> Vec<u8> {
    let header = element(
        &[0x1a, 0x45, 0xdf, 0xa3],
        &[&element(&[0x42, 0x82], &[doc_type])],
    );
    let info = element(
        &[0x15, 0x49, 0xa9, 0x66],
        &[
            &element(&[0x2a, 0xd7, 0xb1], &[&1_000_000_u32.to_be_bytes()]),
            &element(&[0x44, 0x89], &[&2500.5_f64.to_be_bytes()]),
        ],
    );
    let tracks = element(&[0x16, 0x54, 0xae, 0x6b], tracks);
    let contents = if open {
        // A recording: neither the segment nor its cluster says where it ends.
        let cluster = [&[0x1f, 0x43, 0xb6, 0x75, 0xff][..], &[0; 30]].concat();
        let segment = [
            0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255,
        ];
        [&segment[..], &info, &tracks, &cluster].concat()
    } else {
        let cluster = element(&[0x1f, 0x43, 0xb6, 0x75], &[&[0; 30]]);
        element(&[0x18, 0x53, 0x80, 0x67], &[&info, &tracks, &cluster])
    };
    [header, contents].concat()
}

pub(super) fn webm_video() -> Vec<u8> {
    let sides = [
        element(&[0xb0], &[&[2, 128]]),
        element(&[0xba], &[&[1, 104]]),
    ]
    .concat();
    element(
        &[0xae],
        &[
            &element(&[0x83], &[&[1]]),
            &element(&[0x86], &[b"V_VP9"]),
            &element(&[0x23, 0xe3, 0x83], &[&33_366_666_u32.to_be_bytes()]),
            &element(&[0xe0], &[&sides]),
        ],
    )
}

pub(super) fn webm_sound() -> Vec<u8> {
    element(
        &[0xae],
        &[&element(&[0x83], &[&[2]]), &element(&[0x86], &[b"A_OPUS"])],
    )
}

pub(super) fn transport_stream() -> Vec<u8> {
    let mut packet = vec![0x47];
    packet.resize(188, 0);
    packet.repeat(4)
}

pub(super) const VTT: &str =
    "WEBVTT - of a film\r\n\r\nfirst\r\n00:01.000 --> 00:02.500 align:start\r\nHello\r\n";

pub(super) const SRT: &str =
    "\u{feff}1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n01:00:00,000 --> 01:00:01,000\nEnd\n";

/// One of each kind.
pub(super) fn all() -> Vec<Vec<u8>> {
    vec![
        jpeg(640, 360, Some(6)),
        png(640, 360, Some(3)),
        gif(64, 36, &[10, 20, 30]),
        webp_lossy(640, 360),
        webp_lossless(640, 360),
        webp_moving(640, 360, &[100, 200]),
        bmp(640, -360),
        tiff(640, 360, 8),
        mp4(SHOT),
        mp4_in_fragments(Some(4000)),
        webm(b"webm", &[&webm_sound(), &webm_video()], false),
        webm(b"webm", &[&webm_video()], true),
        transport_stream(),
        VTT.into(),
        SRT.into(),
    ]
}
