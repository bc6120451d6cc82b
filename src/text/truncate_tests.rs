//! Cutting: examples, and what holds for any text.

use proptest::prelude::*;

use super::super::tests::cuttable_text;
use super::super::{STANDARD_LIMIT, entities};
use super::*;

const LINK: &str = "https://example.com/a/long/path/to/the/whole/of/it";

#[test]
fn a_text_that_fits_is_not_touched() {
    assert_eq!(truncate(" a b ", 5, Some(LINK)).unwrap(), " a b ");
    assert!(matches!(truncate("a", 5, None), Ok(Cow::Borrowed("a"))));
}

#[test]
fn the_cut_is_between_words_where_one_ends_near_enough() {
    let cases = [
        ("one two three", 10, "one two…"),
        ("one two, three", 11, "one two,…"),
        ("one two\n\nthree", 12, "one two…"),
        ("one twothreefour", 12, "one twothr…"),
        ("今日は雨。明日", 12, "今日は雨。…"),
        ("👩‍👧👩‍👧👩‍👧", 5, "👩‍👧…"),
    ];
    for (text, limit, expected) in cases {
        assert_eq!(truncate(text, limit, None).unwrap(), expected);
    }
}

#[test]
fn the_link_comes_after_a_space_and_counts_as_one() {
    let text = "word ".repeat(100);
    let cut = truncate(&text, STANDARD_LIMIT, Some(LINK)).unwrap();
    // Of 280, the ellipsis takes 2, the space 1, the link 23: room for 51 words with a blank each.
    let words = ["word"; 51].join(" ");
    assert_eq!(cut, format!("{words}… {LINK}"));
    assert_eq!(measure(&cut).weighted_length, 254 + 26);
}

#[test]
fn no_entity_is_cut_or_lost() {
    assert_eq!(
        truncate("one https://example.com/two three", 27, None).unwrap(),
        "one…"
    );
    assert_eq!(truncate("one @name/list two", 14, None).unwrap(), "one…");
    // A cashtag with an ellipsis right after it would be none.
    assert_eq!(
        truncate("one two $A three four", 13, None).unwrap(),
        "one two…"
    );
    // Neither is one made: `!@name` is no mention, and `x.combined` no link.
    assert_eq!(
        truncate("abc x.combined and", 11, None).unwrap(),
        "abc x.c…"
    );
}

#[test]
fn a_beginning_that_does_not_fit_goes_altogether() {
    assert_eq!(truncate("example.com example.com", 23, None).unwrap(), "…");
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let long = "a".repeat(300);
    assert_eq!(truncate("  ", 1, None), Err(TruncateError::Blank));
    assert_eq!(
        truncate("\u{feff}", 280, None),
        Err(TruncateError::InvalidCharacter { at: 0 })
    );
    assert_eq!(truncate(&long, 25, Some(LINK)), Err(TruncateError::NoRoom));
    assert_eq!(
        truncate(&long, 26, Some(LINK)).unwrap(),
        format!("… {LINK}")
    );
    assert_eq!(truncate(&long, 1, None), Err(TruncateError::NoRoom));
    assert_eq!(
        truncate(&long, 280, Some(" ")),
        Err(TruncateError::InvalidLink)
    );
    assert_eq!(
        truncate(&long, 280, Some("x.com/\u{feff}")),
        Err(TruncateError::InvalidLink)
    );
}

proptest! {
    #[test]
    fn what_is_left_is_valid_and_has_what_x_found_there(
        text in cuttable_text(), limit in 26..90_u32, with_link: bool
    ) {
        let whole = measure(&text);
        let link = with_link.then_some(LINK);
        let Ok(cut) = truncate(&text, limit, link) else { return Ok(()) };
        prop_assert_eq!(measure(&cut).problem(limit), None, "{:?}", &cut);
        prop_assert_eq!(&truncate(&cut, limit, link).unwrap(), &cut);
        if whole.weighted_length <= limit {
            prop_assert_eq!(&cut, &whole.text);
            return Ok(());
        }
        let end = if with_link { format!("… {LINK}") } else { "…".to_owned() };
        let kept = cut.strip_suffix(&end);
        prop_assert!(kept.is_some_and(|kept| whole.text.starts_with(kept)), "{:?}", cut);
        let kept = kept.unwrap().chars().count();
        let link_start = kept + 2;
        let mut found = entities(&cut);
        found.urls.retain(|url| url.start != link_start);
        let mut before = whole.entities();
        for list in [&mut before.urls, &mut before.mentions, &mut before.hashtags, &mut before.cashtags] {
            list.retain(|entity| entity.start < kept);
            prop_assert!(list.iter().all(|entity| entity.end <= kept));
        }
        prop_assert_eq!(found, before, "{:?}", cut);
    }
}
