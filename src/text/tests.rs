//! Checked against what X's own library finds, and by properties.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Texts with the length, validity and links that X's own library finds (npm twitter-text 3.1.0 on
/// Node 20), each `[rule, text, length, valid, [[start, end], …]]`. A text with a long run in it is a
/// list of pieces, a run being `[character, times]`. Blank texts, which the library calls valid, are
/// marked as X takes them.
const CASES: &str = include_str!("cases.json");

type Row = (String, Value, u32, bool, Vec<(usize, usize)>);

struct Case {
    rule: String,
    text: String,
    weighted_length: u32,
    is_valid: bool,
    urls: Vec<(usize, usize)>,
}

fn cases() -> Vec<Case> {
    let rows: Vec<Row> =
        serde_json::from_str(CASES).expect("cases.json has the form that CASES tells");
    let case = |(rule, text, weighted_length, is_valid, urls): Row| Case {
        rule,
        text: spelled_out(&text),
        weighted_length,
        is_valid,
        urls,
    };
    rows.into_iter().map(case).collect()
}

fn spelled_out(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(pieces) => match pieces.as_slice() {
            [Value::String(run), Value::Number(times)] => run.repeat(
                times
                    .as_u64()
                    .and_then(|times| times.try_into().ok())
                    .unwrap(),
            ),
            pieces => pieces.iter().map(spelled_out).collect(),
        },
        other => panic!("no text: {other}"),
    }
}

/// Pieces that meet every rule of the scanner when put side by side.
const PIECES: &[&str] = &[
    "a",
    "b1",
    ".",
    ".com",
    ".jp",
    ".みんな",
    "com",
    "co.uk",
    "/",
    "(",
    ")",
    "?",
    "=",
    "!",
    ",",
    ":",
    "80",
    "@",
    "#",
    "$",
    "-",
    "_",
    " ",
    "\n",
    "http://",
    "https://t.co/",
    "xn--",
    "é",
    "e\u{301}",
    "ι",
    "日本",
    "。",
    "한국",
    "م",
    "भारत",
    "😀",
    "👩",
    "\u{200d}",
    "👧",
    "\u{fe0f}",
    "\u{fe0e}",
    "🏽",
    "1️⃣",
    "🇯",
    "🇵",
    "❤",
    "\u{20e3}",
    "\u{feff}",
    "–",
    "𠮷",
    "\u{85}",
];

pub(super) fn any_text() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(PIECES).prop_map(str::to_owned);
    let piece = prop_oneof![4 => piece, 1 => any::<char>().prop_map(String::from)];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Texts with more in them to cut: words, sentences, lines, entities and what is nearly one.
pub(super) fn cuttable_text() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(CUTTABLE_PIECES).prop_map(str::to_owned);
    let piece = prop_oneof![6 => piece, 1 => any_text()];
    // Nothing is done with a text that has a character in it that X refuses.
    proptest::collection::vec(piece, 0..60)
        .prop_map(|pieces| pieces.concat().replace('\u{feff}', ""))
}

/// Pieces that meet every rule of cutting when put side by side.
#[rustfmt::skip]
const CUTTABLE_PIECES: &[&str] = &[
    " ", " ", " ", " ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\u{a0}", "\u{3000}", "\u{85}", "\u{2029}",
    "\u{200b}", "word", "words", "A", "é", "e\u{301}", "\u{301}", ". ", "! ", "?”", "。", "」", "「", "、",
    "日本語", "ッ", "ー", "ไทย", "เก", "हिन्दी", "क्ष", "한국", "שָׁלוֹם", "مرحبا", "\u{200f}", "\u{202e}",
    "@name", "@name/list", "!@no", "＠no", "rt:", "@", "#tag", "#日本", "#a#b", "&#no", "#", "$A", "$BRK.A", "$A”",
    "$", "x.com", "x.combined", "_a.b.com", "https://x.com/a_(b)", "https://t.co/abc", "-x.jp", "日x.com/é", ".co",
    "m/", "😀", "👩‍👧", "🧑‍🚀", "🇯🇵", "🇯", "1️⃣", "👋🏽", "☺︎", "\u{fe0f}",
];

#[test]
fn every_case_is_counted_as_the_library_of_x_counts_it() {
    for case in cases() {
        let measured = measure(&case.text);
        let found = (measured.weighted_length, measured.is_valid(STANDARD_LIMIT));
        assert_eq!(
            found,
            (case.weighted_length, case.is_valid),
            "{}: {:?}",
            case.rule,
            case.text
        );
    }
}

#[test]
fn every_case_has_the_links_that_the_library_of_x_finds() {
    for case in cases() {
        let found: Vec<_> = urls(&case.text)
            .iter()
            .map(|url| (url.start, url.end))
            .collect();
        assert_eq!(found, case.urls, "{}: {:?}", case.rule, case.text);
    }
}

#[test]
fn a_problem_says_what_is_wrong() {
    assert_eq!(
        measure(" \n\u{3000}").problem(STANDARD_LIMIT),
        Some(Problem::Blank)
    );
    assert_eq!(
        measure("e\u{301}\u{feff}").problem(STANDARD_LIMIT),
        Some(Problem::InvalidCharacter { at: 1 })
    );
    let long = "日".repeat(150);
    assert_eq!(
        measure(&long).problem(STANDARD_LIMIT),
        Some(Problem::TooLong { excess: 20 })
    );
    assert_eq!(measure(&long).problem(PREMIUM_LIMIT), None);
}

#[test]
fn offsets_are_those_of_the_normalised_text() {
    let measured = measure("cafe\u{301} a.com");
    assert_eq!(measured.text, "café a.com");
    assert_eq!(
        measured.urls,
        [Entity {
            text: "a.com".to_owned(),
            start: 5,
            end: 10
        }]
    );
}

#[test]
fn a_text_in_nfc_is_not_copied() {
    assert!(matches!(measure("日本 café").text, Cow::Borrowed(_)));
}

#[test]
fn every_top_level_domain_ends_a_link_in_any_case() {
    let ascii = tlds::ASCII
        .iter()
        .flat_map(|names| names.split_whitespace());
    let mut known = 0;
    for name in ascii.chain(tlds::INTERNATIONAL.iter().copied()) {
        known += 1;
        for name in [name.to_lowercase(), name.to_uppercase()] {
            let url = format!("https://x.{name}");
            let end = url.chars().count();
            assert_eq!(
                urls(&format!("{url}!")),
                [Entity {
                    text: url,
                    start: 0,
                    end
                }]
            );
        }
    }
    assert_eq!(known, 1574);
}

#[test]
fn the_tables_are_in_the_order_that_searching_them_needs() {
    for (length, names) in tlds::ASCII.iter().enumerate() {
        assert!(names.split_whitespace().is_sorted(), "{names}");
        assert!(
            names.split_whitespace().all(|name| name.len() == length),
            "{names}"
        );
        assert_eq!(names.len() % (length + 1), 0);
    }
    assert!(
        tlds::INTERNATIONAL
            .iter()
            .all(|name| name.chars().nth(1).is_some())
    );
    assert!(tlds::INTERNATIONAL.is_sorted_by_key(|name| name.chars().next()));
    for (at, name) in tlds::INTERNATIONAL.iter().enumerate() {
        assert!(name.chars().all(|c| characters::fold(c) == c), "{name}");
        let later = &tlds::INTERNATIONAL[at + 1..];
        assert!(
            later.iter().all(|later| !later.starts_with(name)),
            "{name} hides a longer one"
        );
    }
}

proptest! {
    #[test]
    fn links_stand_where_they_say_in_order_and_apart(text in any_text()) {
        let measured = measure(&text);
        let characters: Vec<char> = measured.text.chars().collect();
        let mut free = 0;
        for url in &measured.urls {
            prop_assert!(free <= url.start && url.start < url.end && url.end <= characters.len());
            prop_assert_eq!(url.text.chars().collect::<Vec<_>>(), &characters[url.start..url.end]);
            free = url.end;
        }
    }

    #[test]
    fn a_text_is_composed_as_a_whole(
        text in "([a-zé가각힣ᄀ-ᄃ\u{1161}-\u{1163}\u{11a8}-\u{11aa}\u{300}-\u{31f}\u{5b0}-\u{5c2}ש\
            \u{93c}क\u{dcf}\u{dca}ෙ\u{3099}かÅ]|\\PC){0,24}"
    ) {
        prop_assert_eq!(measure(&text).text, text.nfc().collect::<String>());
    }

    #[test]
    fn the_form_of_a_text_does_not_change_its_length(text in any_text()) {
        let composed: String = text.nfc().collect();
        let decomposed: String = text.nfd().collect();
        prop_assert_eq!(measure(&composed).weighted_length, measure(&text).weighted_length);
        prop_assert_eq!(measure(&decomposed).weighted_length, measure(&text).weighted_length);
    }

    #[test]
    fn a_text_weighs_as_much_as_its_lines(first in any_text(), second in any_text()) {
        // A break ends every link and emoji, and precedes a link as the start of a text does where
        // its first character is none that may itself precede one; a letter sees to that.
        let lines = [format!("a{first}"), format!("a{second}")];
        let sum: u32 = lines.iter().map(|line| measure(line).weighted_length).sum();
        prop_assert_eq!(measure(&lines.join("\n")).weighted_length, sum + 1);
    }

    #[test]
    fn a_text_without_a_dot_has_no_link(text in any_text()) {
        prop_assert!(urls(&text.replace('.', "")).is_empty());
    }

    #[test]
    fn remembering_where_domains_end_changes_nothing(text in any_text()) {
        let characters: Vec<char> = text.chars().collect();
        let mut remembering = domains::Domains::new(&characters);
        for at in 0..characters.len() {
            let afresh = domains::Domains::new(&characters).end_from(at);
            prop_assert_eq!(remembering.end_from(at), afresh, "at {}", at);
        }
    }
}
