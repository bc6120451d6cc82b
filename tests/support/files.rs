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

/// The beginning of an MP4 of so many seconds, 1280 by 720, 30 frames a second; behind it comes media data until the file
/// has `bytes`.
pub fn mp4_head(seconds: u32, bytes: u64) -> Vec<u8> {
    let be = |numbers: &[u32]| -> Vec<u8> {
        let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
        bytes.collect()
    };
    let matrix = be(&[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]);
    let ms = seconds * 1_000;
    let mvhd = [
        be(&[0, 0, 0, 1_000, ms, 0x10000, 0x100_0000, 0, 0]),
        matrix.clone(),
        be(&[0; 6]),
        be(&[2]),
    ];
    let tkhd = [
        be(&[3, 0, 0, 1, 0, ms, 0, 0, 0, 0]),
        matrix,
        be(&[1_280 << 16, 720 << 16]),
    ];
    let times = be(&[0, 0, 0, 1_000, ms, 0]);
    let hdlr = [be(&[0, 0]), b"vide".to_vec(), be(&[0; 3]), vec![0]];
    let mut entry = [
        be(&[86]),
        b"avc1".to_vec(),
        vec![0; 6],
        vec![0, 1],
        vec![0; 16],
    ]
    .concat();
    entry.extend(1_280_u16.to_be_bytes());
    entry.extend(720_u16.to_be_bytes());
    entry.resize(86, 0);
    let stsd = [be(&[0, 1]), entry];
    let stts = be(&[0, 1, seconds * 30, 33]);
    let stbl = [atom(b"stsd", &stsd.concat()), atom(b"stts", &stts)].concat();
    let minf = atom(b"stbl", &stbl);
    let mdia = [
        atom(b"mdhd", &times),
        atom(b"hdlr", &hdlr.concat()),
        atom(b"minf", &minf),
    ];
    let trak = [atom(b"tkhd", &tkhd.concat()), atom(b"mdia", &mdia.concat())];
    let moov = [atom(b"mvhd", &mvhd.concat()), atom(b"trak", &trak.concat())];
    let ftyp = [b"isom".to_vec(), be(&[0x200]), b"isomavc1mp41".to_vec()];
    let mut head = [atom(b"ftyp", &ftyp.concat()), atom(b"moov", &moov.concat())].concat();
    let data = bytes - head.len() as u64;
    head.extend(u32::try_from(data).unwrap().to_be_bytes());
    head.extend(b"mdat");
    head
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
