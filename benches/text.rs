//! How long the rules of text take, natively and optimised; see README.md.
//!
//! A plain loop and a median: what is measured takes microseconds, waits for nothing and shares nothing.

mod common;

use std::hint::black_box;

use common::median;
use godwit::text;

/// Kinds of text, each as the piece that is repeated until the text has the length wanted.
const KINDS: [(&str, &str); 5] = [
    ("Latin", "The quick brown fox jumps over the lazy dog. "),
    (
        "accents",
        "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich, très émus. ",
    ),
    (
        "CJK",
        "親譲りの無鉄砲で小供の時から損ばかりしている。小学校に居る時分",
    ),
    (
        "mixed",
        "Größe 👩‍👧 日本語、สวัสดีครับ שלום #тег @name नमस्ते 🇯🇵👋🏽 $AAPL e\u{301} ",
    ),
    (
        "links",
        "see https://example.com/a/b_(c)?d=e#f and example.co.jp, x.com/é or 日本例え.jpです ",
    ),
];

fn main() {
    println!("median, in µs");
    println!(
        "{:<8}{:>8}{:>10}{:>10}{:>10}{:>10}",
        "text", "length", "measure", "entities", "split", "truncate"
    );
    for (kind, piece) in KINDS {
        for length in [text::STANDARD_LIMIT, text::PREMIUM_LIMIT] {
            // Into three parts, or as many as a thread of the longest text may have.
            let limit = (length / 80).max(text::STANDARD_LIMIT / 3);
            let text = repeated(piece, length);
            println!(
                "{kind:<8}{length:>8}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
                median(|| text::measure(black_box(&text))),
                median(|| text::entities(black_box(&text))),
                median(|| text::split(black_box(&text), limit, true)),
                median(|| text::truncate(black_box(&text), length - 30, None)),
            );
        }
    }
}

/// `piece` as often as it fits into `length`.
fn repeated(piece: &str, length: u32) -> String {
    let times = length / text::measure(piece).weighted_length;
    piece.repeat(usize::try_from(times).unwrap_or(1))
}
