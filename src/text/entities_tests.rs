//! Entities, by examples that X's own library answers the same way and by properties.

use proptest::prelude::*;

use super::super::tests::any_text;
use super::super::{Entity, entities, measure};

/// Texts with the mentions, hashtags, cashtags and links in them, in order. The expectations are
/// what npm twitter-text 3.1.0 finds; many of the texts are of the kinds that its conformance suite
/// names. <https://github.com/twitter/twitter-text/tree/master/conformance>
const EXAMPLES: &[(&str, &[&str])] = &[
    ("", &[]),
    ("@", &[]),
    ("@name at the start", &["@name"]),
    ("mention @name_1", &["@name_1"]),
    ("mention @12345", &["@12345"]),
    ("の@nameに", &["@name"]),
    ("full width ＠name", &["＠name"]),
    ("@one @two\n@three", &["@one", "@two", "@three"]),
    (
        "@abcdefghijklmnopqrst and @abcdefghijklmnopqrstu",
        &["@abcdefghijklmnopqrst", "@abcdefghijklmnopqrst"],
    ),
    ("no mail to me@example.org", &[]),
    ("@_@ (cc: @name)", &["@name"]),
    ("@aliceìnheiro and @x\u{301}", &[]),
    ("@test@example", &[]),
    ("@http://example.com", &[]),
    ("RT@a RT:@b rt @c xRT@d -rt@e", &["@a", "@b", "@c"]),
    ("!rt@a !@b", &["@a"]),
    ("f!@a f@@b f#@c f$@d f%@e f&@f f*@g f_@h", &[]),
    ("f.@a f-@b f+@c f/@d f😀@e", &["@a", "@b", "@c", "@d", "@e"]),
    ("@name/list-1_a is a list", &["@name/list-1_a"]),
    ("@name/1list @name/ @name/-a", &["@name", "@name", "@name"]),
    (
        "@n/abcdefghijklmnopqrstuvwxyz",
        &["@n/abcdefghijklmnopqrstuvwxy"],
    ),
    ("@name/list@x", &[]),
    ("#tag at the start", &["#tag"]),
    ("full width ＃tag", &["＃tag"]),
    ("#one #two\n#three", &["#one", "#two", "#three"]),
    ("#1st #1 #123 #_ #_1 #_a", &["#1st", "#_a"]),
    ("a#tag 1#tag _#tag é#tag", &[]),
    ("&#tag &amp;#tag", &["#tag"]),
    (".#a (#b) \"#c\" 、#d。", &["#a", "#b", "#c", "#d"]),
    ("##a", &["#a"]),
    ("#a#b #c#d e", &[]),
    ("#a＃b", &[]),
    ("#http://example.com", &[]),
    ("#tag.com", &["#tag"]),
    ("#️⃣ #⃣ 😀#a ☺️#b ☺︎#c", &["#a", "#b", "#c"]),
    ("#été #straße #naïve", &["#été", "#straße", "#naïve"]),
    ("#тег #ტეგი #ετικέτα", &["#тег", "#ტეგი", "#ετικέτα"]),
    ("#עִבְרִית #عربى", &["#עִבְרִית", "#عربى"]),
    (
        "#हिन्दी #ไทย #বাংলা #မြန်မာ",
        &["#हिन्दी", "#ไทย", "#বাংলা", "#မြန်မာ"],
    ),
    (
        "#ハッシュタグ #日本語、#한국어",
        &["#ハッシュタグ", "#日本語", "#한국어"],
    ),
    (
        "#カ・タ #a·b #次〜 #々",
        &["#カ・タ", "#a·b", "#次〜", "#々"],
    ),
    (
        "#נו\u{5be}ש #ג\u{5f3} #می\u{200c}خواهم",
        &["#נו\u{5be}ש", "#ג\u{5f3}", "#می\u{200c}خواهم"],
    ),
    ("#１２３ #٣ #ａ１９ #a٠٩", &["#ａ１９", "#a٠٩"]),
    // Letters that came after Unicode 7, but for those whose other case was there.
    (
        "#\u{1f5}a #\u{10d60} #\u{1c90}",
        &["#\u{1f5}a", "#\u{1c90}"],
    ),
    ("#𠮷野 #𝐚", &["#𠮷野", "#𝐚"]),
    ("#a’s #a-b #a!b", &["#a", "#a", "#a"]),
    ("$TWTR $t", &["$TWTR", "$t"]),
    ("$ABCDEF $ABCDEFG $A1 $1 $$ $", &["$ABCDEF"]),
    (
        "$BRK.A $BRK_b $A.BC $A.BCD $A. $A.1",
        &["$BRK.A", "$BRK_b", "$A.BC", "$A", "$A", "$A"],
    ),
    ("x$A ($B) .$C \u{3000}$D", &["$D"]),
    ("$A, $B! $C) $D' $E\u{a0}", &["$A", "$B", "$C", "$D", "$E"]),
    ("$A” $B\" $C。 $Dé $E… $F\u{85}", &[]),
    ("$A$B", &["$A"]),
    ("https://x.com/@name/#tag", &["https://x.com/@name/#tag"]),
    ("x.com/$A x.com#tag", &["x.com/$A", "x.com"]),
    ("x.com @a #b $C", &["x.com", "@a", "#b", "$C"]),
    ("#あa.com", &["#あa"]),
    ("@a.com @a/x.com $a.com", &["@a", "@a/x", "$a"]),
];

#[test]
fn every_example_has_the_entities_that_the_library_of_x_finds() {
    for (text, expected) in EXAMPLES {
        let found: Vec<String> = in_order(text).into_iter().map(|found| found.text).collect();
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn entities_are_listed_by_kind_with_their_signs_and_offsets() {
    let found = entities("日本 @a/b #é x.com $Z");
    let entity = |text: &str, start, end| Entity {
        text: text.to_owned(),
        start,
        end,
    };
    assert_eq!(found.mentions, [entity("@a/b", 3, 7)]);
    assert_eq!(found.hashtags, [entity("#é", 8, 10)]);
    assert_eq!(found.urls, [entity("x.com", 11, 16)]);
    assert_eq!(found.cashtags, [entity("$Z", 17, 19)]);
}

#[test]
fn a_measured_text_has_the_entities_of_its_normal_form() {
    let text = "cafe\u{301} #e\u{301}";
    let (as_given, sent) = (entities(text), measure(text).entities());
    assert_eq!(as_given.hashtags.first().map(|tag| tag.start), Some(6));
    assert_eq!(sent.hashtags.first().map(|tag| tag.start), Some(5));
}

#[test]
fn a_link_in_a_hashtag_weighs_as_a_link_and_is_no_entity() {
    let measured = measure("#あa.com");
    assert_eq!(measured.weighted_length, 1 + 2 + 23);
    assert!(measured.entities().urls.is_empty());
}

fn in_order(text: &str) -> Vec<Entity> {
    let found = entities(text);
    let lists = [found.urls, found.mentions, found.hashtags, found.cashtags];
    let mut all = lists.concat();
    all.sort_by_key(|entity| entity.start);
    all
}

proptest! {
    #[test]
    fn entities_stand_where_they_say_and_apart(text in any_text()) {
        let characters: Vec<char> = text.chars().collect();
        let mut free = 0;
        for found in in_order(&text) {
            prop_assert!(free <= found.start && found.start < found.end);
            prop_assert_eq!(
                found.text.chars().collect::<Vec<_>>(),
                &characters[found.start..found.end]
            );
            free = found.end;
        }
    }

    #[test]
    fn white_space_ends_every_entity(first in any_text(), second in any_text()) {
        let lines = [format!("a{first}"), format!("\n{second}")];
        let offset = lines[0].chars().count();
        let mut apart = in_order(&lines[0]);
        apart.extend(in_order(&lines[1]).into_iter().map(|found| Entity {
            start: found.start + offset,
            end: found.end + offset,
            ..found
        }));
        prop_assert_eq!(in_order(&lines.concat()), apart);
    }
}
