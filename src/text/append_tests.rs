//! Hashtags at the end of a text.

use proptest::prelude::*;

use super::super::tests::cuttable_text;
use super::super::{PREMIUM_LIMIT, STANDARD_LIMIT};
use super::*;

fn list(hashtags: &[&str]) -> Vec<String> {
    hashtags.iter().map(|&tag| tag.to_owned()).collect()
}

#[test]
fn hashtags_come_in_order_with_or_without_their_sign() {
    let tagged = with_hashtags("news", &list(&["Rust", "#wasm", "＃日本"]), STANDARD_LIMIT);
    assert_eq!(tagged.unwrap().text, "news #Rust #wasm #日本");
    let tagged = with_hashtags("", &list(&["a"]), STANDARD_LIMIT).unwrap();
    assert_eq!(tagged.text, "#a");
    let tagged = with_hashtags("news\n\n", &list(&["a", "b"]), STANDARD_LIMIT).unwrap();
    assert_eq!(tagged.text, "news\n\n#a #b");
}

#[test]
fn one_that_is_there_is_not_added() {
    let given = list(&["rust", "ÉTÉ", "new", "New"]);
    let tagged = with_hashtags("#Rust ＃été #newer", &given, STANDARD_LIMIT).unwrap();
    assert_eq!(tagged.text, "#Rust ＃été #newer #new");
    assert!(tagged.omitted.is_empty());
}

#[test]
fn those_that_do_not_fit_are_named_and_a_shorter_one_still_comes() {
    let given = list(&["abc", "longer", "#longer", "d"]);
    let tagged = with_hashtags("text", &given, 13).unwrap();
    assert_eq!(tagged.text, "text #abc #d");
    assert_eq!(tagged.omitted, ["#longer"]);
    let tagged = with_hashtags("too long", &given, 5).unwrap();
    assert_eq!(tagged.text, "too long");
    assert_eq!(tagged.omitted, ["#abc", "#longer", "#d"]);
}

#[test]
fn what_is_no_hashtag_is_refused() {
    let refused = [
        "",
        "#",
        "123",
        "a b",
        "a-b",
        "a#b",
        "##a",
        "a.com",
        " a",
        "😀",
        "\u{fe0f}a",
        "a\u{feff}",
    ];
    for given in refused {
        let result = with_hashtags("", &list(&["fine", given]), STANDARD_LIMIT);
        assert_eq!(result, Err(InvalidHashtag { index: 1 }), "{given:?}");
    }
}

proptest! {
    #[test]
    fn those_added_are_what_x_finds_more(
        text in cuttable_text(), tags in proptest::collection::vec("[a-c]{1,3}|日本|[é1]x", 0..6), limit in 0..200_u32
    ) {
        let before = measure(&text);
        let tagged = with_hashtags(&text, &tags, limit).unwrap();
        let after = measure(&tagged.text);
        prop_assert!(tagged.text.starts_with(before.text.as_ref()));
        prop_assert!(after.weighted_length <= limit.max(before.weighted_length));
        let (mut found, before) = (after.entities(), before.entities());
        let added = found.hashtags.split_off(before.hashtags.len());
        prop_assert_eq!(&found, &before);
        for tag in tags {
            let is = |found: &str| folded(found) == folded(&tag);
            let places = [
                before.hashtags.iter().filter(|found| is(&found.text)).count().min(1),
                added.iter().filter(|found| is(&found.text)).count(),
                tagged.omitted.iter().filter(|found| is(found)).count(),
            ];
            prop_assert_eq!(places.iter().sum::<usize>(), 1, "{} {:?}", tag, places);
        }
        let all = with_hashtags(&text, &tagged.omitted, PREMIUM_LIMIT).unwrap();
        prop_assert!(all.omitted.is_empty());
    }
}
