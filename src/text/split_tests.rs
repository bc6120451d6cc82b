//! Splitting: examples of where it cuts, and what holds for any text.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::super::tests::cuttable_text;
use super::super::{PREMIUM_LIMIT, STANDARD_LIMIT, entities, measure};
use super::*;

fn parts(text: &str, limit: u32) -> Vec<String> {
    split(text, limit, false).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

#[test]
fn a_text_that_fits_is_one_part_as_it_stands() {
    assert_eq!(parts(" a b \n", 10), [" a b \n"]);
    assert_eq!(
        split("short", 10, true),
        Ok(vec!["short".to_owned()]),
        "one part alone has no number"
    );
}

#[test]
fn white_space_around_does_not_count_when_it_makes_a_text_too_long() {
    assert_eq!(parts(" \n one two \n\n", 7), ["one two"]);
}

#[test]
fn the_better_place_is_taken_where_it_fills_half_a_part() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "one two\n\nthree. four five",
            &["one two", "three. four", "five"],
        ),
        (
            "one two\r\n\r\nthree\r\nfour five",
            &["one two", "three\r\nfour", "five"],
        ),
        ("one. two three four", &["one. two", "three four"]),
        ("one two. three four", &["one two.", "three four"]),
        ("one (two.) three", &["one (two.)", "three"]),
        ("one e.g. three four", &["one e.g.", "three four"]),
        ("one\ntwo three four", &["one\ntwo", "three four"]),
        (
            "one two\u{a0}three four",
            &["one", "two\u{a0}three", "four"],
        ),
        ("नमस्ते। फिर मिलेंगे", &["नमस्ते।", "फिर मिलेंगे"]),
    ];
    for (text, expected) in cases {
        assert_eq!(parts(text, 12), expected, "{text:?}");
    }
}

#[test]
fn a_script_without_blanks_is_cut_at_its_sentences_and_between_its_characters() {
    assert_eq!(
        parts("今日は雨。明日は晴れ。", 12),
        ["今日は雨。", "明日は晴れ。"]
    );
    assert_eq!(parts("「雨。」明日は晴れ", 12), ["「雨。」", "明日は晴れ"]);
    // No line begins with what belongs to the character before it.
    assert_eq!(parts("これはカッターだ", 8), ["これは", "カッター", "だ"]);
    // Thai: before a vowel that is written first, not after it.
    assert_eq!(parts("กขคเก", 4), ["กขค", "เก"]);
}

#[test]
fn a_long_word_is_cut_between_grapheme_clusters() {
    assert_eq!(parts("ab cdefghijkl", 5), ["ab", "cdefg", "hijkl"]);
    assert_eq!(parts("क्षक्षक्ष", 4), ["क्ष", "क्ष", "क्ष"]);
    assert_eq!(parts("👩‍👧👋🏽🇯🇵1️⃣", 4), ["👩‍👧👋🏽", "🇯🇵1️⃣"]);
    // A letter with two marks weighs 2 here, in one code point and one mark.
    assert_eq!(parts("e\u{301}\u{332}e\u{301}\u{332}", 3), ["é\u{332}"; 2]);
}

#[test]
fn entities_are_not_cut() {
    let text = "see https://example.com/a/very/long/path and example.org";
    assert_eq!(
        parts(text, 27),
        [
            "see https://example.com/a/very/long/path",
            "and example.org"
        ]
    );
    assert_eq!(parts("aaa @name/list", 13), ["aaa", "@name/list"]);
    assert_eq!(parts("aaa #日本", 6), ["aaa", "#日本"]);
    assert_eq!(parts("aaa $BRK.A", 8), ["aaa", "$BRK.A"]);
}

#[test]
fn a_cut_makes_no_entity_of_what_is_none() {
    // Not `abcd!` and `@name`, nor `example.com` or `example.co`, nor `$A` and what follows.
    assert_eq!(parts("abcd!@name", 5), ["abc", "d!@na", "me"]);
    assert_eq!(parts("example.combined", 11), ["example.c", "ombined"]);
    assert_eq!(parts("aaa $A”bbbbb", 6), ["aaa", "$A”bbb", "bb"]);
}

#[test]
fn numbers_count_and_grow() {
    let text = "aaaa ".repeat(9);
    let numbered = split(&text, 8, true).unwrap();
    assert_eq!(numbered.first().unwrap(), "aaaa 1/9");
    assert_eq!(numbered.len(), 9);
    // The tenth part makes every number longer by one, so that four letters no longer fit.
    let numbered = split(&"aaaa ".repeat(10), 8, true).unwrap();
    assert!(
        numbered
            .iter()
            .all(|part| measure(part).weighted_length <= 8)
    );
    assert_eq!(numbered.first().unwrap(), "aaa 1/20");
    let numbered = split(&"aaaa ".repeat(10), 10, true).unwrap();
    assert_eq!(numbered.last().unwrap(), "aaaa 10/10");
}

#[test]
fn what_cannot_be_split_is_named() {
    assert_eq!(split(" \n", 9, false), Err(SplitError::Blank));
    assert_eq!(
        split("a\u{feff}", 280, false),
        Err(SplitError::InvalidCharacter { at: 1 })
    );
    assert_eq!(
        split("see example.com now", 20, false),
        Err(SplitError::Indivisible { start: 4, end: 15 })
    );
    assert_eq!(
        split("日本", 1, false),
        Err(SplitError::Indivisible { start: 0, end: 1 })
    );
    assert_eq!(
        split("ab ab", 4, true),
        Err(SplitError::Indivisible { start: 0, end: 1 })
    );
    // Two letters that show as one, of which the second begins a flag as X counts.
    assert_eq!(
        split("🇯🇯🇵", 3, false),
        Err(SplitError::Indivisible { start: 0, end: 3 })
    );
    // No link, since it begins with an underscore; cut anywhere before the dot, the rest would be one.
    let no_link = format!("_{}.com", "a".repeat(30));
    assert_eq!(
        split(&format!("ab {no_link} b"), 25, false),
        Err(SplitError::Indivisible { start: 3, end: 34 })
    );
}

#[test]
fn a_thread_has_a_hundred_parts_at_most() {
    assert_eq!(parts(&"aaaa ".repeat(100), 4).len(), 100);
    assert_eq!(
        split(&"aaaa ".repeat(101), 4, false),
        Err(SplitError::TooManyParts)
    );
    // Paragraphs that fill 60 % of a part each: 75 parts' worth of text.
    let paragraph = format!("{}\n\n{}\n\n", "word ".repeat(33), "word ".repeat(23));
    let text = paragraph.repeat(70);
    let count = parts(&text, STANDARD_LIMIT).len();
    assert!(count <= 100, "{count}");
}

/// What X finds in `text`, by kind.
fn found(text: &str) -> Vec<String> {
    let found = entities(text);
    let mut found: Vec<_> = [found.urls, found.mentions, found.hashtags, found.cashtags].concat();
    found.sort_by_key(|entity| entity.start);
    found.into_iter().map(|entity| entity.text).collect()
}

fn links(text: &str) -> Vec<String> {
    let urls = measure(text).urls;
    urls.into_iter().map(|url| url.text).collect()
}

/// The white space that is left out before `parts` and after the last, in turn; nothing if something
/// else is.
fn dropped(text: &str, parts: &[String]) -> Option<Vec<String>> {
    let mut rest = text;
    let mut dropped = Vec::new();
    for part in parts {
        let blanks = rest.len() - rest.trim_start().len();
        let at = (0..=blanks)
            .rev()
            .find(|&at| rest.get(at..).is_some_and(|rest| rest.starts_with(part)))?;
        dropped.push(rest[..at].to_owned());
        rest = &rest[at + part.len()..];
    }
    dropped.push(rest.to_owned());
    rest.trim().is_empty().then_some(dropped)
}

fn clusters(text: &str) -> Vec<&str> {
    let clusters = text.graphemes(true);
    clusters
        .filter(|cluster| !cluster.trim().is_empty())
        .collect()
}

proptest! {
    #[test]
    fn parts_are_valid_and_are_the_text(text in cuttable_text(), limit in 23..90_u32) {
        let whole = measure(&text);
        let Ok(parts) = split(&text, limit, false) else { return Ok(()) };
        for part in &parts {
            prop_assert_eq!(measure(part).problem(limit), None, "{:?}", part);
            prop_assert_eq!(&split(part, limit, false).unwrap(), std::slice::from_ref(part));
        }
        let dropped = dropped(&whole.text, &parts);
        prop_assert!(dropped.is_some(), "{:?}", parts);
        let length = |text: &String| measure(text).weighted_length;
        let sum = parts.iter().map(length).sum::<u32>();
        prop_assert_eq!(sum + dropped.unwrap().iter().map(length).sum::<u32>(), whole.weighted_length);
    }

    #[test]
    fn nothing_that_x_finds_is_broken_made_or_changed(
        text in cuttable_text(), limit in 23..90_u32, numbering: bool
    ) {
        let whole = measure(&text);
        let Ok(parts) = split(&text, limit, numbering) else { return Ok(()) };
        let of_parts = |list: fn(&str) -> Vec<String>| -> Vec<String> {
            parts.iter().flat_map(|part| list(part)).collect()
        };
        prop_assert_eq!(of_parts(found), found(&whole.text), "{:?}", &parts);
        prop_assert_eq!(of_parts(links), links(&whole.text), "{:?}", &parts);
        if !numbering {
            let of_parts: Vec<_> = parts.iter().flat_map(|part| clusters(part)).collect();
            prop_assert_eq!(of_parts, clusters(&whole.text));
        }
    }

    #[test]
    fn numbers_change_nothing_but_the_room(text in cuttable_text(), limit in 30..90_u32) {
        let Ok(parts) = split(&text, limit, true) else { return Ok(()) };
        let count = parts.len();
        let mut without = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            prop_assert_eq!(measure(part).problem(limit), None);
            let number = format!(" {}/{count}", index + 1);
            let bare = if count > 1 { part.strip_suffix(&number) } else { Some(part.as_str()) };
            prop_assert!(bare.is_some(), "{:?}", part);
            without.extend(bare.map(str::to_owned));
        }
        prop_assert!(dropped(&measure(&text).text, &without).is_some());
    }

    #[test]
    fn any_text_of_words_can_be_split(text in "([a-zé]{1,9}[ \n]){20,60}", limit in 9..40_u32) {
        prop_assert!(split(&text, limit, false).is_ok());
    }

    #[test]
    fn what_is_named_as_too_long_is_there(text in cuttable_text(), limit in 0..30_u32) {
        if let Err(SplitError::Indivisible { start, end }) = split(&text, limit, false) {
            prop_assert!(start < end && end <= measure(&text).text.chars().count());
        }
    }

    #[test]
    fn premium_takes_as_one_part_what_others_take_as_many(text in cuttable_text()) {
        let measured = measure(&text);
        if !measured.is_valid(PREMIUM_LIMIT) {
            return Ok(());
        }
        prop_assert_eq!(split(&text, PREMIUM_LIMIT, true), Ok(vec![measured.text.into_owned()]));
    }
}
