//! Wording: examples, and what holds for any title.

use proptest::prelude::*;
use std::iter;
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;
use crate::text::{STANDARD_LIMIT, entities, measure};

const URL: &str = "https://www.youtube.com/shorts/-_aB3dEfGh9";

fn tags(hashtags: &[&str]) -> Vec<String> {
    hashtags.iter().map(|&tag| tag.to_owned()).collect()
}

fn rendered(template: &str, title: &str, hashtags: &[&str], link: Link) -> Vec<String> {
    let words = Words {
        title,
        url: URL,
        channel: "A channel",
        hashtags: &tags(hashtags),
        link,
    };
    let rendered = render(template, &words, STANDARD_LIMIT);
    rendered
        .unwrap_or_else(|error| panic!("{template:?} {title:?}: {error:?}"))
        .parts
}

/// The post with the default template.
fn post(title: &str) -> String {
    rendered(DEFAULT_TEMPLATE, title, &DEFAULT_HASHTAGS, Link::Post).remove(0)
}

fn error(template: &str, title: &str, limit: u32) -> RenderError {
    let words = Words {
        title,
        url: URL,
        channel: "",
        hashtags: &tags(&DEFAULT_HASHTAGS),
        link: Link::Post,
    };
    render(template, &words, limit).unwrap_err()
}

#[test]
fn the_default_says_what_is_new() {
    assert_eq!(check(DEFAULT_TEMPLATE), Ok(()));
    assert_eq!(
        post("A title"),
        format!("🎬 New Short: A title\n\n#Shorts\n{URL}")
    );
}

#[test]
fn an_address_is_a_link_to_x_whatever_the_id() {
    for id in [
        "-_aB3dEfGh9",
        "-----------",
        "___________",
        "00000000000",
        "www-com_com",
    ] {
        let id = VideoId::parse(id).unwrap();
        assert_eq!(
            url(&id, true),
            format!("https://www.youtube.com/shorts/{id}")
        );
        assert_eq!(
            url(&id, false),
            format!("https://www.youtube.com/watch?v={id}")
        );
        for short in [true, false] {
            let url = url(&id, short);
            let found = entities(&format!("a\n{url}"));
            assert_eq!(found.urls.first().unwrap().text, url);
        }
    }
}

#[test]
fn placeholders_are_filled_wherever_they_stand() {
    let template = "{{channel}}: {{ title }} ({{  url}}) {{hashtags}}, {{title}} {not} {one}}";
    assert_eq!(check(template), Ok(()));
    assert_eq!(
        rendered(template, "T", &["a", "#b", "A"], Link::Post),
        [format!("A channel: T ({URL}) #a #b, T {{not}} {{one}}}}")]
    );
}

#[test]
fn what_a_template_may_not_be_is_named() {
    let unknown = |name: &str| TemplateError::UnknownPlaceholder {
        name: name.to_owned(),
    };
    for (template, error) in [
        ("", TemplateError::Blank),
        (" \n", TemplateError::Blank),
        ("{{titel}}", unknown("titel")),
        ("{{Title}}", unknown("Title")),
        ("{{}}", unknown("")),
        ("{{{title}}}", unknown("{title")),
        ("{{title}}\n{{url", TemplateError::Unclosed { line: 2 }),
        ("{{url\n}}", TemplateError::Unclosed { line: 1 }),
        ("ab\u{feff}", TemplateError::InvalidCharacter { at: 2 }),
        ("{{title}}{{url}}", TemplateError::Joined),
        ("{{url}}{{title}}", TemplateError::Joined),
        ("{{url}}/x", TemplateError::Joined),
        ("&{{hashtags}}", TemplateError::Joined),
        ("{{hashtags}}{{title}}", TemplateError::Joined),
    ] {
        assert_eq!(check(template), Err(error), "{template:?}");
    }
    for template in [
        "{{title}}",
        "{{url}}",
        "just this",
        "{{title}}… {{url}}.",
        "「{{title}}」{{url}} {{hashtags}}!",
        "}} { {",
    ] {
        assert_eq!(check(template), Ok(()), "{template:?}");
    }
    assert_eq!(error("{{x}}", "", 280), RenderError::Template(unknown("x")));
}

#[test]
fn a_line_of_hashtags_goes_when_there_are_none() {
    let without = |template: &str| rendered(template, "T", &[], Link::Post).remove(0);
    assert_eq!(
        without(DEFAULT_TEMPLATE),
        format!("🎬 New Short: T\n\n{URL}")
    );
    assert_eq!(
        without("{{title}}\r\n {{hashtags}} \r\n{{url}}"),
        format!("T\n{URL}")
    );
    assert_eq!(without("{{title}} {{hashtags}} end"), "T end");
    assert_eq!(
        without("{{title}} {{hashtags}}\n{{url}}"),
        format!("T\n{URL}")
    );
    assert_eq!(without("{{hashtags}} {{title}}"), "T");
    assert_eq!(without("{{hashtags}}\n\n{{title}}"), "T");
    assert_eq!(without("{{title}}, {{hashtags}}."), "T, .");
}

#[test]
fn the_link_may_go_to_a_reply_or_nowhere() {
    let with = |template: &str, link: Link| rendered(template, "T", &["Shorts"], link);
    let post = "🎬 New Short: T\n\n#Shorts";
    assert_eq!(with(DEFAULT_TEMPLATE, Link::None), [post]);
    assert_eq!(with(DEFAULT_TEMPLATE, Link::Reply), [post, URL]);
    assert_eq!(with("{{title}}", Link::Reply), ["T", URL]);
    assert_eq!(
        with("{{title}} {{url}} {{hashtags}}", Link::None),
        ["T #Shorts"]
    );
    assert_eq!(
        with("{{hashtags}}\n{{url}}\n{{title}}", Link::None),
        ["#Shorts\nT"]
    );
    let words = Words {
        title: "T",
        url: URL,
        channel: "",
        hashtags: &[],
        link: Link::None,
    };
    assert_eq!(
        render("{{url}} {{hashtags}}", &words, 280),
        Err(RenderError::Blank)
    );
}

#[test]
fn a_title_is_one_line_of_text() {
    for (title, line) in [
        (" a \r\n\n b\u{2028}c\t", "a b c"),
        ("a\u{0}b\u{7}\u{9f}c", "a b c"),
        ("a\u{202e}b\u{2066}c\u{2069}\u{feff}", "abc"),
        ("שלום\u{200f}!", "שלום\u{200f}!"),
        (
            "{{url}} {{title}} {{x}} }}{{",
            "{{url}} {{title}} {{x}} }}{{",
        ),
        ("{\u{202a}{url}}", "{{url}}"),
        ("e\u{301}", "é"),
        ("👩\u{200d}👧 #tag @name", "👩\u{200d}👧 #tag @name"),
    ] {
        assert_eq!(
            post(title),
            format!("🎬 New Short: {line}\n\n#Shorts\n{URL}"),
            "{title:?}"
        );
    }
}

#[test]
fn no_title_leaves_what_the_template_says() {
    assert_eq!(post(" \n"), format!("🎬 New Short: \n\n#Shorts\n{URL}"));
    assert_eq!(rendered("{{title}}\n{{url}}", "", &[], Link::Post), [URL]);
    assert_eq!(error("{{title}}", "\u{202e} ", 280), RenderError::Blank);
}

#[test]
fn a_long_title_is_cut_and_the_rest_is_whole() {
    // Of 280, the frame takes 47: the emoji 2, other characters 22, the link 23. And of 233, the `…` takes 2.
    for (title, kept) in [
        ("word ".repeat(100), ["word"; 46].join(" ") + "…"),
        ("語".repeat(65_536 / 3), "語".repeat(115) + "…"),
        (
            "👩\u{200d}👧".repeat(1000),
            "👩\u{200d}👧".repeat(115) + "…",
        ),
        ("x".repeat(65_536), "x".repeat(231) + "…"),
    ] {
        let post = post(&title);
        assert_eq!(post, format!("🎬 New Short: {kept}\n\n#Shorts\n{URL}"));
        assert!(measure(&post).weighted_length > 274);
    }
}

#[test]
fn a_title_in_two_places_is_cut_in_both() {
    let post = rendered(
        "{{title}} | {{title}}\n{{url}}",
        &"x".repeat(300),
        &[],
        Link::Post,
    );
    let half = "x".repeat(124) + "…";
    assert_eq!(post, [format!("{half} | {half}\n{URL}")]);
}

#[test]
fn a_title_that_would_join_the_link_is_cut_until_it_does_not() {
    // `check` refuses this template; whoever renders it all the same gets a link.
    let post = rendered("{{title}}{{url}}", "abc", &[], Link::Post);
    assert_eq!(post, [format!("…{URL}")]);
    // Here the link ends where a title of letters begins, but not where this one is.
    let post = rendered("{{url}}.{{title}}", "html", &[], Link::Post);
    assert_eq!(post, [format!("{URL}.…")]);
}

#[test]
fn a_template_without_room_is_an_error() {
    let frame = measure(&format!("🎬 New Short: \n\n#Shorts\n{URL}")).weighted_length;
    for title in ["", "T", "a long title"] {
        let excess = 1;
        assert_eq!(
            error(DEFAULT_TEMPLATE, title, frame - 1),
            RenderError::TooLong { excess }
        );
    }
    let words = Words {
        title: "a long title",
        url: URL,
        channel: "",
        hashtags: &tags(&["Shorts"]),
        link: Link::Post,
    };
    let at = |limit: u32| {
        render(DEFAULT_TEMPLATE, &words, limit)
            .unwrap()
            .parts
            .remove(0)
    };
    assert_eq!(
        at(frame),
        format!("🎬 New Short: \n\n#Shorts\n{URL}"),
        "no room for an ellipsis"
    );
    assert_eq!(at(frame + 2), format!("🎬 New Short: …\n\n#Shorts\n{URL}"));
    assert_eq!(
        at(frame + 6),
        format!("🎬 New Short: a lo…\n\n#Shorts\n{URL}")
    );
}

#[test]
fn a_hashtag_that_is_none_is_named() {
    let words = Words {
        title: "T",
        url: URL,
        channel: "",
        hashtags: &tags(&["a", "1"]),
        link: Link::Post,
    };
    let error = RenderError::Hashtag(InvalidHashtag { index: 1 });
    assert_eq!(render("{{title}}", &words, 280), Err(error));
}

/// Pieces of titles: all kinds of scripts and clusters, what X finds, and what is meant to do harm.
fn title() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 ]{1,12}",
        1 => "[àéîöűžабвгдאבגדابجدกขคงเกा्कषतहिन्दी]{1,8}",
        1 => "[日本語の動画カタカナ！？。（）Ａｂｃ　＃]{1,8}",
        1 => "[\u{300}-\u{30f}\u{200d}\u{fe0f}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}\n\t\u{0}]{1,3}",
        3 => prop::sample::select(&[
            "👩‍👩‍👧‍👦", "🏳️‍🌈", "👋🏽", "🇯🇵", "1️⃣", "🎬", "#Shorts", "#", "＃tag", "@name", "@", "$AAPL", "…", ".", ":", "/", "&",
            "https://example.com/a?b=c#d", "https://", "example.com", "www.youtube.com/", "youtube", ".com", "co.jp",
            URL, "{{url}}", "{{title}}", "}}", "{{", "e\u{301}", "क्ष", "각", "\r\n", "🧑🏿‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        ][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Templates that [`check`] lets pass.
fn template() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            DEFAULT_TEMPLATE,
            "{{title}} {{url}} {{hashtags}}",
            "{{hashtags}} {{title}}\n({{url}})",
            "{{url}}\n{{title}}",
            "New: «{{title}}» by {{channel}}. {{hashtags}}: {{url}}!",
            "{{title}}/{{title}}… {{url}}",
            "{{title}}.{{hashtags}}\n{{url}}",
        ][..],
    )
}

fn assert_right(template: &str, title: &str, link: Link, limit: u32) {
    assert_eq!(check(template), Ok(()), "{template}");
    let hashtags = tags(&["Shorts", "日本語"]);
    let words = Words {
        title,
        url: URL,
        channel: "A channel",
        hashtags: &hashtags,
        link,
    };
    let wanted = measure(&one_line(title)).text.into_owned();
    let frame = |title: &str| {
        let fill = Fill {
            title,
            channel: "A channel",
            url: if link == Link::Post { URL } else { "" },
            hashtags: "#Shorts #日本語",
        };
        Template::parse(template).unwrap().fill(fill)
    };
    let rendered = render(template, &words, limit);
    if frame(&wanted).text.is_empty() {
        assert_eq!(rendered, Err(RenderError::Blank));
        return;
    }
    let parts = rendered
        .unwrap_or_else(|error| panic!("{title:?}: {error:?}"))
        .parts;
    let (post, reply) = parts.split_first().unwrap();
    assert_eq!(
        reply,
        if link == Link::Reply {
            [URL].as_slice()
        } else {
            &[]
        }
    );
    assert_eq!(measure(post).problem(limit), None, "{post:?}");
    assert_eq!(measure(post).text, *post, "in NFC");

    // What stands around the titles is what the template says, and of each as much is there as of the others.
    let clusters: Vec<&str> = wanted.graphemes(true).collect();
    let cuts = (0..clusters.len()).rev();
    let cuts = cuts.map(|count| clusters[..count].concat().trim_end().to_owned() + ELLIPSIS);
    let mut titles = iter::once(wanted.clone())
        .chain(cuts)
        .chain([String::new()]);
    let kept = titles.find(|title| measure(&frame(title).text).text == *post);
    let kept = kept.unwrap_or_else(|| panic!("{post:?} of {wanted:?}"));
    if kept != wanted {
        assert!(
            frame(&wanted).judge(limit).is_err(),
            "cut for nothing: {post:?}"
        );
    }

    let found = entities(post);
    let count = |entities: &[text::Entity], text: &str| {
        entities.iter().filter(|entity| entity.text == text).count()
    };
    if link == Link::Post {
        assert!(count(&found.urls, URL) > 0, "{post:?}");
    }
    if template.contains("{{hashtags}}") {
        let of_title = count(&entities(&kept).hashtags, "#日本語");
        assert!(count(&found.hashtags, "#日本語") > of_title, "{post:?}");
    }
}

proptest! {
    #[test]
    fn any_title_leaves_the_rest_whole(
        title in title(), template in template(), limit in 90..300_u32,
        link in prop::sample::select(&[Link::Post, Link::Reply, Link::None][..]),
    ) {
        assert_right(template, &title, link, limit);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn so_does_a_title_of_64_kib(title in title(), template in template()) {
        let times = 65_536 / title.len().max(1);
        let long = title.repeat(times.min(65_536));
        let hashtags = tags(&["Shorts"]);
        let words = Words { title: &long, url: URL, channel: "A channel", hashtags: &hashtags, link: Link::Post };
        let post = render(template, &words, STANDARD_LIMIT).unwrap().parts.remove(0);
        prop_assert_eq!(measure(&post).problem(STANDARD_LIMIT), None);
        prop_assert!(entities(&post).urls.iter().any(|url| url.text == URL));
    }
}
