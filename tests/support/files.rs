//! Small files of real kinds, made here.

/// A PNG of these dimensions, as far as its header says.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut data = Vec::new();
    data.extend(width.to_be_bytes());
    data.extend(height.to_be_bytes());
    data.extend([8, 2, 0, 0, 0]);
    for (name, data) in [
        (b"IHDR", data),
        (b"IDAT", vec![0; 16]),
        (b"IEND", Vec::new()),
    ] {
        header.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        header.extend(name);
        header.extend(data);
        header.extend([0; 4]);
    }
    header
}

/// The beginning of an MP4 of so many seconds: H.264, 1280 by 720, 30 frames a second, and AAC. Behind it comes media data
/// until the file has `bytes`.
pub fn mp4_head(seconds: u32, bytes: u64) -> Vec<u8> {
    let ms = seconds * 1_000;
    let mvhd = [
        be(&[0, 0, 0, 1_000, ms, 0x10000, 0x100_0000, 0, 0]),
        be(&MATRIX),
        be(&[0; 6]),
        be(&[3]),
    ];
    let mut picture = vec![0; 78];
    picture[7] = 1;
    picture[24..26].copy_from_slice(&1_280_u16.to_be_bytes());
    picture[26..28].copy_from_slice(&720_u16.to_be_bytes());
    let mut sound = vec![0; 28];
    sound[7] = 1;
    sound[17] = 2;
    sound[19] = 16;
    sound[24..26].copy_from_slice(&48_000_u16.to_be_bytes());
    let picture = atom(b"avc1", &picture);
    let sound = atom(b"mp4a", &sound);
    let moov = [
        atom(b"mvhd", &mvhd.concat()),
        track(1, ms, (b"vide", &picture), (1_280, 720), seconds * 30),
        // 1,024 samples of sound at 48,000 a second are in each of these.
        track(2, ms, (b"soun", &sound), (0, 0), seconds * 375 / 8),
    ];
    let ftyp = [b"isom".to_vec(), be(&[0x200]), b"isomavc1mp41".to_vec()];
    let mut head = [atom(b"ftyp", &ftyp.concat()), atom(b"moov", &moov.concat())].concat();
    let data = bytes - head.len() as u64;
    head.extend(u32::try_from(data).unwrap().to_be_bytes());
    head.extend(b"mdat");
    head
}

const MATRIX: [u32; 9] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000];

/// A track of so many samples, its kind and how it is coded, and its sides.
fn track(
    id: u32,
    ms: u32,
    (kind, entry): (&[u8; 4], &[u8]),
    (width, height): (u32, u32),
    samples: u32,
) -> Vec<u8> {
    let tkhd = [
        be(&[3, 0, 0, id, 0, ms, 0, 0, 0, 0]),
        be(&MATRIX),
        be(&[width << 16, height << 16]),
    ];
    let hdlr = [be(&[0, 0]), kind.to_vec(), be(&[0; 3]), vec![0]];
    let stbl = [
        atom(b"stsd", &[&be(&[0, 1])[..], entry].concat()),
        atom(b"stts", &be(&[0, 1, samples, ms / samples])),
        atom(b"stsc", &be(&[0, 1, 1, samples, 1])),
        atom(b"stsz", &be(&[0, 512, samples])),
        atom(b"stco", &be(&[0, 1, 2_048])),
    ];
    let mdia = [
        atom(b"mdhd", &be(&[0, 0, 0, 1_000, ms, 0])),
        atom(b"hdlr", &hdlr.concat()),
        atom(b"minf", &atom(b"stbl", &stbl.concat())),
    ];
    let trak = [atom(b"tkhd", &tkhd.concat()), atom(b"mdia", &mdia.concat())];
    atom(b"trak", &trak.concat())
}

fn be(numbers: &[u32]) -> Vec<u8> {
    let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
    bytes.collect()
}

/// The same as a whole file.
pub fn mp4(seconds: u32, bytes: usize) -> Vec<u8> {
    let mut file = mp4_head(seconds, bytes as u64);
    file.resize(bytes, 0);
    file
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "a byte string literal is a reference"
)]
fn atom(name: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + contents.len()).unwrap();
    [&size.to_be_bytes()[..], name, contents].concat()
}
