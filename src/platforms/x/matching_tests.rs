//! What X rewrites, one thing at a time.

use super::super::timeline::{Link, OwnPost, ReplyTo};
use super::{Likeness, canonical, likeness};
use crate::platforms::{Attached, Content, Extras};
use crate::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn shown(text: &str, links: &[(&str, &str)]) -> OwnPost {
    OwnPost {
        external_id: "1".to_owned(),
        text: text.to_owned(),
        is_cut: false,
        created_at: Timestamp::from_millis(0),
        links: links
            .iter()
            .map(|(short, long)| link(short, &[long]))
            .collect(),
        media: 0,
        media_ids: BTreeSet::new(),
        reply_to: ReplyTo::Nobody,
    }
}

fn link(short: &str, long: &[&str]) -> Link {
    Link {
        short: short.to_owned(),
        long: long.iter().map(|long| (*long).to_owned()).collect(),
        is_attached: false,
    }
}

fn meant(text: &str) -> Content {
    Content::of(text)
}

#[track_caller]
fn same(text: &str, shown_text: &str, links: &[(&str, &str)]) {
    let found = likeness(&meant(text), &shown(shown_text, links));
    assert_eq!(found, Some(Likeness::Whole), "{text:?} as {shown_text:?}");
}

#[track_caller]
fn other(text: &str, shown_text: &str, links: &[(&str, &str)]) {
    let found = likeness(&meant(text), &shown(shown_text, links));
    assert_eq!(found, None, "{text:?} as {shown_text:?}");
}

#[test]
fn links_are_what_they_lead_to() {
    let short = "https://t.co/abc";
    let cases = [
        (
            "https://example.com/a?b=1&c=2",
            "https://example.com/a?b=1&c=2",
        ),
        (
            "https://example.com/?a=1&lt;=2",
            "https://example.com/?a=1&lt;=2",
        ),
        ("http://example.com/a", "https://example.com/a"),
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("example.com", "http://example.com/"),
        ("Example.com/Path", "http://example.com/Path"),
        ("example.com?q=1", "http://example.com/?q=1"),
        ("https://example.com/a/", "https://example.com/a"),
        (
            "https://ru.wikipedia.org/wiki/Россия",
            "https://ru.wikipedia.org/wiki/%D0%A0%D0%BE%D1%81%D1%81%D0%B8%D1%8F",
        ),
        ("https://example.com/caf%c3%a9", "https://example.com/café"),
        (
            "https://example.com/cafe\u{301}",
            "https://example.com/caf%C3%A9",
        ),
        ("https://example.com/100%", "https://example.com/100%"),
        ("https://example.com/%ff", "https://example.com/%FF"),
        ("https://münchen.de/x", "https://xn--mnchen-3ya.de/x"),
        ("https://MÜNCHEN.de", "http://xn--mnchen-3ya.de/"),
        ("https://twitter.com/a/status/1", "https://x.com/a/status/1"),
        ("a.newtld/x", "http://a.newtld/x"),
    ];
    for (typed, expanded) in cases {
        for (before, after) in [
            ("", ""),
            ("see ", ""),
            ("(", ")."),
            ("a ", " b"),
            ("見て", ""),
        ] {
            let text = format!("{before}{typed}{after}");
            same(
                &text,
                &format!("{before}{short}{after}"),
                &[(short, expanded)],
            );
        }
    }
    other(
        "see https://example.com/a",
        "see https://t.co/abc",
        &[(short, "https://example.com/b")],
    );
    other(
        "see https://example.com/a",
        "see https://t.co/abc",
        &[(short, "https://example.com/A")],
    );
    other("see https://example.com/a", "see", &[]);
}

#[test]
fn several_links_keep_their_places_and_none_is_taken_for_the_beginning_of_another() {
    let links = [
        ("https://t.co/ab", "https://example.com/1"),
        ("https://t.co/abc", "https://example.com/2"),
    ];
    same(
        "https://example.com/2 then https://example.com/1",
        "https://t.co/abc then https://t.co/ab",
        &links,
    );
    other(
        "https://example.com/1 then https://example.com/2",
        "https://t.co/abc then https://t.co/ab",
        &links,
    );
}

#[test]
fn a_link_that_leads_on_is_known_by_either_end_and_a_t_co_link_by_itself() {
    let mut post = shown("see https://t.co/abc", &[]);
    post.links = vec![link(
        "https://t.co/abc",
        &["https://bit.ly/x", "https://example.com/long"],
    )];
    for text in [
        "see bit.ly/x",
        "see https://example.com/long",
        "see https://t.co/abc",
    ] {
        assert_eq!(
            likeness(&meant(text), &post),
            Some(Likeness::Whole),
            "{text}"
        );
    }
    assert_eq!(likeness(&meant("see https://example.com"), &post), None);
}

#[test]
fn entities_are_decoded_once() {
    same("a & b < c > d", "a &amp; b &lt; c &gt; d", &[]);
    same("write &lt; for <", "write &amp;lt; for &lt;", &[]);
    same("&amp;", "&amp;amp;", &[]);
    same("&amp;amp;", "&amp;amp;amp;", &[]);
    other("&lt;", "&lt;", &[]);
    other("<", "&amp;lt;", &[]);
    same("AT&T; &c", "AT&amp;T; &amp;c", &[]);
}

#[test]
fn the_form_of_characters_and_white_space_do_not_count_and_letters_do() {
    same("cafe\u{301}", "café", &[]);
    same("가", "\u{1100}\u{1161}", &[]);
    same("\n  a  b\n\n", "a b", &[]);
    same("a\u{a0}b\u{3000}", "a b", &[]);
    other("Hello", "hello", &[]);
    other("a b", "ab", &[]);
    other("1.5 %", "1.6 %", &[]);
    other("", "a", &[]);
}

#[test]
fn a_post_with_media_is_not_one_that_was_sent_without() {
    let mut post = shown("look https://t.co/pic", &[]);
    post.links = vec![Link {
        is_attached: true,
        ..link("https://t.co/pic", &["https://x.com/a/status/1/photo/1"])
    }];
    post.media = 2;
    assert_eq!(likeness(&meant("look"), &post), None);
    let with = |text: &str, ids: &[&str]| Content {
        media: ids
            .iter()
            .map(|id| Attached {
                id: (*id).to_owned(),
                key: format!("3_{id}"),
            })
            .collect(),
        ..meant(text)
    };
    let whole = Some(Likeness::Whole);
    assert_eq!(likeness(&with("look", &["7", "8"]), &post), whole);
    assert_eq!(likeness(&with("look", &["7"]), &post), None);
    assert_eq!(likeness(&with("look away", &["7", "8"]), &post), None);
    // Where X says which they are, the words do not matter alone.
    post.media_ids = ["7", "8"].map(str::to_owned).into();
    assert_eq!(likeness(&with("look", &["8", "7"]), &post), whole);
    assert_eq!(likeness(&with("look", &["8", "9"]), &post), None);
}

#[test]
fn the_link_that_x_adds_for_a_quoted_post_does_not_count_and_a_typed_one_does() {
    let quoting = |text: &str| Content {
        extras: Extras {
            quote: Some("5".to_owned()),
            ..Extras::default()
        },
        ..meant(text)
    };
    let links = [("https://t.co/q", "https://twitter.com/a/status/5")];
    let added = shown("look https://t.co/q", &links);
    assert_eq!(likeness(&quoting("look"), &added), Some(Likeness::Whole));
    assert_eq!(likeness(&meant("look"), &added), None);
    let typed = "look https://twitter.com/a/status/5";
    assert_eq!(likeness(&quoting(typed), &added), Some(Likeness::Whole));
    assert_eq!(
        likeness(&quoting("look"), &shown("look", &[])),
        Some(Likeness::Whole)
    );
}

#[test]
fn a_reply_is_looked_for_under_its_post_and_anything_else_is_no_reply() {
    let reply = Content {
        reply_to: Some("9".to_owned()),
        ..meant("Hello")
    };
    let place = |reply_to: ReplyTo| OwnPost {
        reply_to,
        ..shown("Hello", &[])
    };
    let other = ReplyTo::Post("8".to_owned());
    for (content, reply_to, found) in [
        (&reply, ReplyTo::Post("9".to_owned()), true),
        (&reply, other.clone(), false),
        (&reply, ReplyTo::Nobody, false),
        (&reply, ReplyTo::Somebody, true),
        (&meant("Hello"), ReplyTo::Nobody, true),
        (&meant("Hello"), other, false),
        (&meant("Hello"), ReplyTo::Somebody, false),
    ] {
        assert_eq!(
            likeness(content, &place(reply_to.clone())).is_some(),
            found,
            "{reply_to:?}"
        );
    }
    let mentioned = OwnPost {
        text: "@ada @ben Hello".to_owned(),
        ..place(ReplyTo::Post("9".to_owned()))
    };
    assert!(likeness(&reply, &mentioned).is_some());
    let of_nobody = OwnPost {
        reply_to: ReplyTo::Nobody,
        ..mentioned
    };
    assert!(likeness(&meant("Hello"), &of_nobody).is_none());
}

#[test]
fn the_beginning_of_a_long_text_stands_for_it_where_x_has_cut_it() {
    let long = "word ".repeat(100);
    let cut = |text: &str| OwnPost {
        is_cut: true,
        ..shown(text, &[])
    };
    let beginning = "word ".repeat(54) + "wo";
    let alike = |text: &str, post: &OwnPost| likeness(&meant(text), post);
    assert_eq!(alike(&long, &cut(&beginning)), Some(Likeness::Beginning));
    assert_eq!(
        alike(&long, &shown(&beginning, &[])),
        None,
        "not marked as cut"
    );
    assert_eq!(alike(&long, &cut("word word")), None, "too short to tell");
    assert_eq!(
        alike(&beginning, &cut(&beginning)),
        None,
        "it was not to be cut"
    );
    assert_eq!(
        alike(&("other ".to_owned() + &long), &cut(&beginning)),
        None
    );
    let unbroken = "字".repeat(300);
    assert_eq!(
        alike(&unbroken, &cut(&"字".repeat(137))),
        Some(Likeness::Beginning)
    );
    assert_eq!(
        alike(&("あ".to_owned() + &unbroken), &cut(&"字".repeat(137))),
        None
    );
}

proptest! {
    #[test]
    fn any_text_has_a_form_that_is_its_own(text in "\\PC{0,40}") {
        let once = canonical(&text);
        prop_assert_eq!(canonical(&text), once.clone());
        prop_assert!(likeness(&meant(&text), &shown(&text.replace('&', "&amp;").replace('<', "&lt;"), &[])).is_some());
    }

    #[test]
    fn no_bytes_make_it_panic(text in any::<String>(), shown_text in any::<String>(), long in any::<String>()) {
        let post = shown(&shown_text, &[("https://t.co/a", &long)]);
        let _ = likeness(&meant(&text), &post);
        let cut = OwnPost { is_cut: true, ..post };
        let _ = likeness(&meant(&text), &cut);
    }
}
