//! Real notifications, a feed as it is polled, and what a document may do to its reader.

use super::*;
use std::fmt::Write as _;

pub(super) const NEW_2021: &[u8] = include_bytes!("samples/01-new-2021-freshmovietrailers.xml");
pub(super) const NEW_2025: &[u8] = include_bytes!("samples/02-new-2025-emoji-author.xml");
pub(super) const UPDATE_2017: &[u8] = include_bytes!("samples/09-update-2017-compact.xml");
pub(super) const DELETED_2025: &[u8] = include_bytes!("samples/12-deleted-2025-real.xml");
pub(super) const DOCUMENTED: &[u8] = include_bytes!("samples/14-official-doc-example.xml");
pub(super) const STUB: &[u8] = include_bytes!("samples/16-topic-stub-GET-xml-feeds.xml");

/// In the shape of `/feeds/videos.xml`, shortened to two entries; the channel's own id comes without `UC` there.
pub(super) const POLLED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
 <link rel="self" href="http://www.youtube.com/feeds/videos.xml?channel_id=UCzNWVDZQ55bjq8uILZ7_wyQ"/>
 <id>yt:channel:zNWVDZQ55bjq8uILZ7_wyQ</id>
 <yt:channelId>zNWVDZQ55bjq8uILZ7_wyQ</yt:channelId>
 <title>FRESH Movie Trailers</title>
 <link rel="alternate" href="https://www.youtube.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ"/>
 <author>
  <name>FRESH Movie Trailers</name>
  <uri>https://www.youtube.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ</uri>
 </author>
 <published>2012-11-01T12:00:00+00:00</published>
 <entry>
  <id>yt:video:-_aB3dEfGh9</id>
  <yt:videoId>-_aB3dEfGh9</yt:videoId>
  <yt:channelId>UCzNWVDZQ55bjq8uILZ7_wyQ</yt:channelId>
  <title>Tom &amp; Jerry &lt;3</title>
  <link rel="alternate" href="https://www.youtube.com/shorts/-_aB3dEfGh9"/>
  <author>
   <name>FRESH Movie Trailers</name>
   <uri>https://www.youtube.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ</uri>
  </author>
  <published>2026-11-20T18:00:07+00:00</published>
  <updated>2026-11-20T18:03:10+00:00</updated>
  <media:group>
   <media:title>Tom &amp; Jerry &lt;3</media:title>
   <media:content url="https://www.youtube.com/v/-_aB3dEfGh9?version=3" type="application/x-shockwave-flash" width="640" height="390"/>
   <media:thumbnail url="https://i3.ytimg.com/vi/-_aB3dEfGh9/hqdefault.jpg?a=1&amp;b=2" width="480" height="360"/>
   <media:description>A line
&quot;and&quot; another</media:description>
   <media:community>
    <media:starRating count="12" average="5.00" min="1" max="5"/>
    <media:statistics views="345"/>
   </media:community>
  </media:group>
 </entry>
 <entry>
  <id>yt:video:KXjiJpsl3d8</id>
  <yt:videoId>KXjiJpsl3d8</yt:videoId>
  <yt:channelId>UCzNWVDZQ55bjq8uILZ7_wyQ</yt:channelId>
  <title>SEX EDUCATION Season 3 Teaser (2021)</title>
  <link rel="alternate" href="https://www.youtube.com/watch?v=KXjiJpsl3d8"/>
  <author>
   <name>FRESH Movie Trailers</name>
   <uri>https://www.youtube.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ</uri>
  </author>
  <published>2021-07-19T15:40:30+00:00</published>
  <updated>2026-11-01T00:00:00+00:00</updated>
 </entry>
</feed>"#;

const FEED: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns:media="http://search.yahoo.com/mrss/">"#;
const ID: &str = "KXjiJpsl3d8";

fn video(id: &str) -> VideoId {
    VideoId::parse(id).unwrap()
}

fn channel(id: &str) -> Option<ChannelId> {
    ChannelId::parse(id)
}

fn at(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text)
}

/// What a feed with this content is read as.
fn content(content: &str) -> Result<Feed, Unreadable> {
    parse(format!("{FEED}{content}</feed>").as_bytes())
}

/// The one entry with this video id and, beside it, `more`.
fn entry(more: &str) -> Entry {
    let feed = content(&format!(
        "<entry><yt:videoId>{ID}</yt:videoId>{more}</entry>"
    ))
    .unwrap();
    assert_eq!((feed.entries.len(), feed.skipped), (1, 0), "{more}");
    feed.entries.into_iter().next().unwrap()
}

fn title(written: &str) -> String {
    entry(&format!("<title>{written}</title>")).title
}

/// A feed with the title of all notifications and nothing in it.
fn pushed() -> Feed {
    Feed {
        title: Some("YouTube video feed".to_owned()),
        ..Feed::default()
    }
}

#[test]
fn real_notifications_of_a_video_are_read() {
    let of_2021 = Entry {
        video_id: video(ID),
        channel_id: channel("UCzNWVDZQ55bjq8uILZ7_wyQ"),
        title: "SEX EDUCATION Season 3 Teaser (2021)".to_owned(),
        short_link: false,
        published: at("2021-07-19T15:40:30Z"),
        updated: at("2021-07-19T15:40:45.613Z"),
        author: Some("FRESH Movie Trailers".to_owned()),
        thumbnail: None,
    };
    let of_2025 = Entry {
        video_id: video("v3JMDEjXtLE"),
        channel_id: channel("UCkCCgmOBqkezhKIXJHq89zw"),
        title: "SaturdACE Super Powers!".to_owned(),
        published: at("2025-12-05T23:03:27Z"),
        updated: at("2025-12-05T23:03:30.889Z"),
        author: Some("ACE Console Repairs 🇦🇺".to_owned()),
        ..of_2021.clone()
    };
    let of_2017 = Entry {
        video_id: video("KtMyGttbyq0"),
        channel_id: channel("UC7d1wZsLdg9pcU5JxaHhNJw"),
        title: "vid".to_owned(),
        published: at("2017-12-14T15:47:14Z"),
        updated: at("2017-12-15T14:28:16.109Z"),
        author: Some("Miguel Ferrer".to_owned()),
        ..of_2021.clone()
    };
    for (body, entry) in [
        (NEW_2021, of_2021),
        (NEW_2025, of_2025),
        (UPDATE_2017, of_2017),
    ] {
        let entries = vec![entry];
        assert_eq!(
            parse(body),
            Ok(Feed {
                entries,
                ..pushed()
            })
        );
    }
}

#[test]
fn a_real_notification_of_a_deletion_is_read() {
    let deleted = Deleted {
        video_id: video("POOwHEPk3d4"),
        channel_id: channel("UCW5wxEjGHWNyatgZe-PU_tA"),
        at: at("2025-02-14T14:39:49.240Z"),
    };
    let deleted = vec![deleted];
    assert_eq!(
        parse(DELETED_2025),
        Ok(Feed {
            deleted,
            ..Feed::default()
        })
    );
}

#[test]
fn placeholders_are_no_ids_and_a_feed_may_be_empty() {
    assert_eq!(
        parse(DOCUMENTED),
        Ok(Feed {
            skipped: 1,
            ..pushed()
        })
    );
    assert_eq!(parse(STUB), Ok(pushed()));
}

#[test]
fn a_polled_feed_is_read_with_its_links_and_pictures() {
    let feed = parse(POLLED.as_bytes()).unwrap();
    let short = Entry {
        video_id: video("-_aB3dEfGh9"),
        channel_id: channel("UCzNWVDZQ55bjq8uILZ7_wyQ"),
        title: "Tom & Jerry <3".to_owned(),
        short_link: true,
        published: at("2026-11-20T18:00:07Z"),
        updated: at("2026-11-20T18:03:10Z"),
        author: Some("FRESH Movie Trailers".to_owned()),
        thumbnail: Some("https://i3.ytimg.com/vi/-_aB3dEfGh9/hqdefault.jpg?a=1&b=2".to_owned()),
    };
    assert_eq!(feed.title.as_deref(), Some("FRESH Movie Trailers"));
    assert_eq!(feed.entries.first(), Some(&short));
    let other = feed.entries.get(1).unwrap();
    assert_eq!((&other.video_id, other.short_link), (&video(ID), false));
    assert_eq!((feed.entries.len(), feed.skipped), (2, 0));
}

#[test]
fn names_mean_what_their_namespace_says() {
    let body = r#"<a:feed xmlns:a="http://www.w3.org/2005/Atom"><entry xmlns="http://www.w3.org/2005/Atom"
        xmlns:q='http://www.youtube.com/xml/schemas/2015'><q:videoId>KXjiJpsl3d8</q:videoId><a:title>yes</a:title>
        <yt:title xmlns:yt="urn:other">no</yt:title></entry>
        <x:deleted-entry xmlns:x="http://purl.org/atompub/tombstones/1.0" ref="yt:video:v3JMDEjXtLE"/></a:feed>"#;
    let feed = parse(body.as_bytes()).unwrap();
    assert_eq!(feed.entries.first().unwrap().title, "yes");
    assert_eq!(feed.deleted.first().unwrap().video_id, video("v3JMDEjXtLE"));

    // The usual prefixes, meaning something else.
    let body = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="urn:other"><entry>
        <yt:videoId>KXjiJpsl3d8</yt:videoId><id>yt:video:v3JMDEjXtLE</id></entry>
        <entry xmlns="urn:other"><id>yt:video:v3JMDEjXtLE</id></entry></feed>"#;
    let feed = parse(body.as_bytes()).unwrap();
    assert_eq!(feed.entries.len(), 1);
    assert_eq!(feed.entries.first().unwrap().video_id, video("v3JMDEjXtLE"));
}

#[test]
fn line_endings_marks_and_blanks_around_do_not_matter() {
    let plain = str::from_utf8(NEW_2021).unwrap();
    let read = parse(NEW_2021);
    for body in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("\u{feff}\r\n \t{plain}\r\n\r\n"),
        plain.replace('\'', "\""),
        plain.replace('"', "'"),
        plain.replace("?>\n", "?>\n<!-- a comment -->\n<?a instruction?>"),
        plain
            .replace("<title>", "<title ><!-- <title> -->")
            .replace("</title>", "</title\n>"),
    ] {
        assert_eq!(parse(body.as_bytes()), read, "{body}");
    }
}

#[test]
fn a_text_is_what_its_markup_says() {
    for (written, read) in [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#65;&#x42;&#x1F3AC;&#128250;", "AB🎬📺"),
        ("&amp;lt;", "&lt;"),
        ("<![CDATA[<b>&amp;</b>]]>", "<b>&amp;</b>"),
        ("a<![CDATA[]]]]><![CDATA[>]]>b", "a]]>b"),
        ("a<!-- b -->c<?d e?>f", "acf"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a&#13;&#10;b", "a\r\nb"),
        ("  a  ", "  a  "),
        ("a<b>c</b>d", "ad"),
        ("", ""),
    ] {
        assert_eq!(title(written), read, "{written}");
    }
    assert_eq!(entry("").title, "", "no title at all");
    assert_eq!(entry("<title>a</title><title>b</title>").title, "a");
    assert_eq!(entry("<x><title>a</title></x><title>b</title>").title, "b");
}

#[test]
fn a_title_may_be_long() {
    let long = "é🎬".repeat(64 * 1024 / 6);
    assert_eq!(title(&long), long);
    assert_eq!(title(&"&amp;".repeat(64 * 1024)), "&".repeat(64 * 1024));
}

#[test]
fn a_second_has_any_number_of_digits() {
    let digits = "123456789";
    for count in 0..=digits.len() {
        let dot = if count > 0 { "." } else { "" };
        let written = format!("2025-12-05T23:03:30{dot}{}+00:00", &digits[..count]);
        let millis = format!("{:0<3}", &digits[..count.min(3)]);
        let expected = at(&format!("2025-12-05T23:03:30.{millis}Z"));
        let entry = entry(&format!(
            "<published>{written}</published><updated>\n{written} </updated>"
        ));
        assert_eq!(
            (entry.published, entry.updated),
            (expected, expected),
            "{written}"
        );
    }
    let entry = entry("<published>yesterday</published><updated></updated>");
    assert_eq!((entry.published, entry.updated), (None, None));
}

#[test]
fn only_an_alternate_link_to_this_short_tells_of_one() {
    for (link, is_short) in [
        (
            "rel='alternate' href='https://www.youtube.com/shorts/KXjiJpsl3d8'",
            true,
        ),
        (
            "href='http://youtube.com/shorts/KXjiJpsl3d8?feature=share#x' rel=\"alternate\"",
            true,
        ),
        ("href=' https://m.youtube.com/shorts/KXjiJpsl3d8/ '", true),
        (
            "rel='self' href='https://www.youtube.com/shorts/KXjiJpsl3d8'",
            false,
        ),
        (
            "rel='alternate' href='https://www.youtube.com/shorts/v3JMDEjXtLE'",
            false,
        ),
        (
            "rel='alternate' href='https://www.youtube.com/watch?v=KXjiJpsl3d8'",
            false,
        ),
        (
            "rel='alternate' href='https://www.youtube.com/watch/shorts/KXjiJpsl3d8'",
            false,
        ),
        (
            "rel='alternate' href='https://example.com/shorts/KXjiJpsl3d8'",
            false,
        ),
        (
            "rel='alternate' href='https://www.youtube.com@example.com/shorts/KXjiJpsl3d8'",
            false,
        ),
        ("rel='alternate' href='/shorts/KXjiJpsl3d8'", false),
        ("rel='alternate'", false),
    ] {
        // Said before the id is.
        let written = format!("<entry><link {link}/><id>yt:video:{ID}</id></entry>");
        let feed = content(&written).unwrap();
        assert_eq!(feed.entries.first().unwrap().short_link, is_short, "{link}");
    }
}

#[test]
fn a_channel_is_told_by_its_id_or_by_its_author() {
    let id = "UCzNWVDZQ55bjq8uILZ7_wyQ";
    let by = |uri: &str| format!("<author><name>n</name><uri>{uri}</uri></author>");
    for scheme in ["http", "https"] {
        let uri = format!("{scheme}://www.youtube.com/channel/{id}");
        assert_eq!(entry(&by(&uri)).channel_id, channel(id));
    }
    let said = format!(
        "<yt:channelId>\n{id}</yt:channelId>{}",
        by("https://www.youtube.com/channel/UC7d1wZsLdg9pcU5JxaHhNJw")
    );
    assert_eq!(entry(&said).channel_id, channel(id));
    for uri in [
        "https://www.youtube.com/@name",
        "https://example.com/channel/UCzNWVDZQ55bjq8uILZ7_wyQ",
        "",
        "urn:x",
    ] {
        assert_eq!(entry(&by(uri)).channel_id, None, "{uri}");
    }
}

#[test]
fn a_picture_has_an_address_of_the_web() {
    let thumbnail = |url: &str| {
        entry(&format!("<media:group><media:thumbnail {url}/><media:thumbnail url='https://b.example/'/></media:group>"))
            .thumbnail
    };
    assert_eq!(
        thumbnail("url='https://a.example/?b&#38;c'").as_deref(),
        Some("https://a.example/?b&c")
    );
    assert_eq!(thumbnail("url='javascript:alert(1)'"), None);
    assert_eq!(
        entry("<media:thumbnail url='https://a.example/'/>").thumbnail,
        None,
        "in no group"
    );
}

#[test]
fn one_bad_entry_costs_no_other() {
    let good = |id: &str| format!("<entry><yt:videoId>{id}</yt:videoId></entry>");
    let bad = "<entry/><entry><yt:videoId>short</yt:videoId></entry>\
        <entry><yt:videoId>KXjiJpsl3d8</yt:videoId><yt:channelId>CHANNEL_ID</yt:channelId></entry>\
        <entry><yt:videoId/><id>yt:video:KXjiJpsl3d8</id></entry><entry><id>KXjiJpsl3d8</id></entry>\
        <at:deleted-entry/><at:deleted-entry ref='yt:playlist:KXjiJpsl3d8'/>";
    let feed = content(&format!(
        "{}{bad}<at:deleted-entry ref='yt:video:{ID}' when='never'/>{}{}",
        good("AAAAAAAAAAA"),
        good(ID),
        good("AAAAAAAAAAA"),
    ))
    .unwrap();
    let ids: Vec<&str> = feed
        .entries
        .iter()
        .map(|entry| entry.video_id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["AAAAAAAAAAA", ID, "AAAAAAAAAAA"],
        "in order, and twice what comes twice"
    );
    let deleted = Deleted {
        video_id: video(ID),
        channel_id: None,
        at: None,
    };
    assert_eq!(feed.deleted, [deleted]);
    assert_eq!(feed.skipped, 7);
}

#[test]
fn nothing_of_one_entry_is_taken_for_the_next() {
    let feed = content(
        "<entry><id>yt:video:AAAAAAAAAAA</id><title>a</title><link href='https://www.youtube.com/shorts/BBBBBBBBBBB'/></entry>\
         <entry><id>yt:video:BBBBBBBBBBB</id></entry><at:deleted-entry when='2025-02-14T14:39:49Z'/>\
         <at:deleted-entry ref='yt:video:BBBBBBBBBBB'><at:by/></at:deleted-entry>",
    )
    .unwrap();
    let second = feed.entries.get(1).unwrap();
    assert_eq!((second.title.as_str(), second.short_link), ("", false));
    assert_eq!(feed.deleted.first().unwrap().at, None);
}

#[test]
fn a_document_type_is_refused_whatever_it_says() {
    for doctype in [
        "<!DOCTYPE feed>",
        "<!doctype feed>",
        "<!DOCTYPE feed SYSTEM 'http://example.com/feed.dtd'>",
        "<!DOCTYPE feed [<!ENTITY a 'b'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>",
    ] {
        for start in ["", "<?xml version='1.0'?>\n", "\u{feff} <!-- a -->"] {
            let body = format!("{start}{doctype}{FEED}</feed>");
            assert_eq!(parse(body.as_bytes()), Err(Unreadable::Doctype), "{body}");
        }
    }
    assert_eq!(
        content("<!DOCTYPE feed>"),
        Err(Unreadable::Doctype),
        "out of place"
    );
    // Not even a well-formed one.
    assert!(parse(format!("<!DOCTYPE feed [{FEED}</feed>").as_bytes()).is_err());
}

#[test]
fn entities_that_xml_does_not_define_are_refused() {
    for text in [
        "&nbsp;",
        "&a;",
        "&#0;",
        "&#x1;",
        "&#xD800;",
        "&#xFFFF;",
        "&#x110000;",
        "&#;",
        "&#x;",
        "&#-1;",
        "&;",
        "&",
        "& amp;",
    ] {
        for written in [
            format!("<title>{text}</title>"),
            text.to_owned(),
            format!("<link href='{text}'/>"),
        ] {
            let feed = content(&format!("<entry>{written}</entry>"));
            assert_eq!(feed, Err(Unreadable::Malformed), "{written}");
        }
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for body in [
        "",
        " ",
        "text",
        "<feed",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'></entry></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'/><feed xmlns='http://www.w3.org/2005/Atom'/>",
        "<feed xmlns='http://www.w3.org/2005/Atom'/>text",
        "text<feed xmlns='http://www.w3.org/2005/Atom'/>",
        "<feed xmlns='http://www.w3.org/2005/Atom'/>&amp;",
        "<feed xmlns='http://www.w3.org/2005/Atom'/><![CDATA[ ]]>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link rel='a' rel='b'/></entry></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href=a/></entry></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><!-- </feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>\u{1}</title></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>\u{ffff}</title></feed>",
    ] {
        assert_eq!(parse(body.as_bytes()), Err(Unreadable::Malformed), "{body}");
    }
}

#[test]
fn what_is_no_feed_is_refused() {
    for body in [
        "<html/>",
        "<feed/>",
        "<feed xmlns='urn:other'/>",
        "<rss version='2.0'><channel/></rss>",
        "<entry xmlns='http://www.w3.org/2005/Atom'/>",
        "<a:feed xmlns='http://www.w3.org/2005/Atom'/>",
    ] {
        assert_eq!(parse(body.as_bytes()), Err(Unreadable::NotAFeed), "{body}");
    }
}

#[test]
fn only_utf_8_is_read() {
    let plain = str::from_utf8(NEW_2021).unwrap();
    let utf_16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // Half of its bytes are 0: valid UTF-8, and no feed.
    assert!(parse(&utf_16).is_err());
    assert_eq!(
        parse(&[b"\xff\xfe", utf_16.as_slice()].concat()),
        Err(Unreadable::NotUtf8)
    );
    assert_eq!(parse(b"<feed>\xe9</feed>"), Err(Unreadable::NotUtf8));
    let latin = plain.replace("UTF-8", "ISO-8859-1");
    assert_eq!(parse(latin.as_bytes()), Err(Unreadable::NotUtf8));
    for name in ["utf-8", "Utf8", "US-ASCII"] {
        assert_eq!(
            parse(plain.replace("UTF-8", name).as_bytes()),
            parse(NEW_2021)
        );
    }
}

#[test]
fn a_body_has_a_limit() {
    let fill = |length: usize| {
        let ends = FEED.len() + "</feed>".len();
        content(&" ".repeat(length - ends))
    };
    assert_eq!(fill(BODY_MAX_BYTES), Ok(Feed::default()));
    assert_eq!(fill(BODY_MAX_BYTES + 1), Err(Unreadable::TooLarge));
}

/// Each of these, with an algorithm that is quadratic in it, takes minutes, or overflows the stack.
#[test]
fn a_document_that_is_all_of_one_thing_takes_no_longer() {
    let room = BODY_MAX_BYTES - 1000;
    let repeated = |piece: &str| piece.repeat(room / piece.len());
    let numbered = |piece: &str| {
        let mut text = String::new();
        for n in 0_u32.. {
            if text.len() > room {
                break;
            }
            write!(text, " {piece}{n}='http://a'").unwrap();
        }
        text
    };
    assert_eq!(content(&repeated("<a>")), Err(Unreadable::Malformed));
    let deep = 60_000;
    let nested = format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep));
    assert_eq!(content(&nested), Ok(Feed::default()));
    assert_eq!(content(&repeated("<entry/>")).unwrap().entries, []);
    assert_eq!(
        content(&format!("<entry><link{}/></entry>", numbered("a")))
            .unwrap()
            .skipped,
        1
    );
    assert_eq!(
        content(&format!("<a{}/>", numbered("xmlns:a"))),
        Err(Unreadable::Malformed)
    );
    assert_eq!(
        content(&repeated("<a xmlns:b='c'>")),
        Err(Unreadable::Malformed)
    );
    assert!(content(&repeated("<a xmlns:b='c'/>")).is_ok());
    assert!(content(&repeated("<!---->")).is_ok());
    assert!(content(&repeated("<![CDATA[]]>")).is_ok());
    assert_eq!(title(&repeated("&#9;")).len(), room / 4);
    let links = repeated("<link href='https://www.youtube.com/shorts/AAAAAAAAAAA'/>");
    assert!(!entry(&links).short_link);
    for unfinished in [
        "<",
        "<a ",
        "<a b='",
        "<!--",
        "<![CDATA[",
        "<?",
        "&",
        "</",
        "<!DOCTYPE a [",
    ] {
        assert!(content(&repeated(unfinished)).is_err(), "{unfinished}");
    }
}
