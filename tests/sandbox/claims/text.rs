//! The examples come from X's documentation of counting characters.

use crate::sandbox::text;

#[track_caller]
fn assert_weighs(written: &str, expected: usize) {
    assert_eq!(text::read(written).weighted_length, expected, "{written:?}");
}

#[test]
fn lengths_are_weighted_as_x_weighs_them() {
    assert_weighs("", 0);
    assert_weighs("Hello, world! 👋", 16);
    assert_weighs("日本語", 6);
    assert_weighs("é", 1);
    assert_weighs("e\u{301}", 1);
    assert_weighs("👨‍👩‍👧‍👦", 2);
    assert_weighs("🇳🇱", 2);
    assert_weighs("“quoted” – …", 13);
}

#[test]
fn a_url_weighs_23_whatever_its_length() {
    assert_weighs("https://a.co", 23);
    assert_weighs(&format!("see https://example.com/{}", "x".repeat(300)), 27);
    assert_weighs("example.com is bare", 31);
}

#[test]
fn a_text_of_25_000_characters_is_read() {
    assert_weighs(&"word ".repeat(5_000), 25_000);
}

#[test]
fn a_long_word_is_read_in_reasonable_time() {
    assert_weighs(&"x".repeat(25_001), 25_001);
    assert_weighs(&"字".repeat(2_000), 4_000);
    assert_weighs(&format!("https://example.com/{}", "y".repeat(4_000)), 23);
}

#[test]
fn mentions_and_cashtags_are_found() {
    let reading = text::read("$TWTR and $X, says @second_bird (not me@example.com)");
    assert_eq!(reading.cashtags, 2);
    assert_eq!(reading.mentions, ["second_bird"]);
}
