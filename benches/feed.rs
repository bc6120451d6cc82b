//! How long reading what YouTube sends takes, natively and optimised; see README.md.
//!
//! A plain loop and a median, as in text.rs: what is measured waits for nothing and shares nothing.

mod common;

use std::fmt::Write as _;
use std::hint::black_box;

use common::median;
use godwit::sources::feed;

fn main() {
    println!("median, in µs");
    println!("{:<44}{:>9}{:>10}", "body", "bytes", "parse");
    let cases = [
        ("notification of 1 entry", notification(1, "A title")),
        ("notification of 10 entries", notification(10, "A title")),
        (
            "notification of 10 entries, titles of 64 KiB",
            notification(10, &"&amp; 題".repeat(7_300)),
        ),
        ("feed of 15 entries, polled", polled(15)),
        ("1 MiB of elements", filled("<a/>")),
        ("1 MiB of attributes", format!("{}/>", filled_start())),
        ("1 MiB of nesting", filled("<a>")),
        ("1 MiB of references", filled("&lt;")),
    ];
    for (kind, body) in cases {
        let body = body.as_bytes();
        let time = median(|| feed::parse(black_box(body)));
        println!("{kind:<44}{:>9}{time:>10.1}", body.len());
    }
}

/// What the hub sends, with `count` videos.
fn notification(count: usize, title: &str) -> String {
    document(count, title, "")
}

/// What is polled: with pictures and descriptions.
fn polled(count: usize) -> String {
    let media = format!(
        "<media:group><media:title>A title</media:title>\
         <media:content url=\"https://www.youtube.com/v/KXjiJpsl3d8?version=3\" width=\"640\" height=\"390\"/>\
         <media:thumbnail url=\"https://i1.ytimg.com/vi/KXjiJpsl3d8/hqdefault.jpg\" width=\"480\" height=\"360\"/>\
         <media:description>{}</media:description></media:group>",
        "A line of the description &amp; a link: https://example.com/\n".repeat(30)
    );
    document(count, "A title", &media)
}

fn document(count: usize, title: &str, media: &str) -> String {
    let mut body = ROOT.to_owned();
    for n in 0..count {
        let _ = write!(
            body,
            "<entry>\n  <id>yt:video:KXjiJpsl{n:03}</id>\n  <yt:videoId>KXjiJpsl{n:03}</yt:videoId>\n  \
             <yt:channelId>UCzNWVDZQ55bjq8uILZ7_wyQ</yt:channelId>\n  <title>{title}</title>\n  \
             <link rel=\"alternate\" href=\"https://www.youtube.com/watch?v=KXjiJpsl{n:03}\"/>\n  <author>\n   \
             <name>FRESH Movie Trailers</name>\n   \
             <uri>https://www.youtube.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ</uri>\n  </author>\n  \
             <published>2021-07-19T15:40:30+00:00</published>\n  \
             <updated>2021-07-19T15:40:45.613264165+00:00</updated>\n {media}</entry>"
        );
    }
    body + "</feed>"
}

/// As much of `piece` as is read.
fn filled(piece: &str) -> String {
    let room = feed::BODY_MAX_BYTES - ROOT.len() - "</feed>".len();
    format!("{ROOT}{}</feed>", piece.repeat(room / piece.len()))
}

/// An element with as many attributes as are read, each with a name of its own.
fn filled_start() -> String {
    let mut body = format!("{ROOT}<entry><link");
    let mut n = 0;
    while body.len() + 20 < feed::BODY_MAX_BYTES {
        let _ = write!(body, " a{n}=''");
        n += 1;
    }
    body
}

const ROOT: &str = "<?xml version='1.0' encoding='UTF-8'?>\n\
    <feed xmlns:yt=\"http://www.youtube.com/xml/schemas/2015\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
    xmlns=\"http://www.w3.org/2005/Atom\"><title>YouTube video feed</title>";
