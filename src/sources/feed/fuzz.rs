//! Bytes by chance, from seeds that repeat: documents whose content is known, and what becomes of them and of real
//! ones when they are damaged. `GODWIT_FUZZ_CASES` says how many; `GODWIT_FUZZ_SEED` where to begin.

use super::tests::{DELETED_2025, DOCUMENTED, NEW_2021, NEW_2025, POLLED, STUB, UPDATE_2017};
use super::*;
use std::fmt::Write as _;

/// How many documents are damaged unless the environment says otherwise.
const CASES: u64 = 100_000;

/// Of how many of them one is generated, and read as it is, first.
const GENERATED_EVERY: u64 = 8;

fn number(variable: &str, preset: u64) -> u64 {
    std::env::var(variable).map_or(preset, |text| text.parse().expect("a number"))
}

#[test]
fn no_bytes_make_the_parser_panic_or_read_what_is_not_there() {
    let (cases, first) = (
        number("GODWIT_FUZZ_CASES", CASES),
        number("GODWIT_FUZZ_SEED", 1),
    );
    let samples = [
        NEW_2021,
        NEW_2025,
        UPDATE_2017,
        DELETED_2025,
        DOCUMENTED,
        STUB,
        POLLED.as_bytes(),
    ];
    let mut read = 0;
    for seed in first..first + cases {
        let chance = &mut Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut body = if seed % GENERATED_EVERY == 0 {
            let (feed, body) = generated(chance);
            let found = parse(body.as_bytes());
            assert_eq!(found.as_ref(), Ok(&feed), "seed {seed}: {body}");
            body.into_bytes()
        } else {
            chance.of(&samples).to_vec()
        };
        for _ in 0..=chance.below(3) {
            damage(&mut body, &samples, chance);
        }
        if let Ok(feed) = parse(&body) {
            assert_sane(&feed, &body, seed);
            read += 1;
        }
    }
    // Else the damage is such that only refusals are tested.
    assert!(read > cases / 20, "only {read} of {cases} could be read");
}

/// Nothing is read that is not written, and no more of it.
fn assert_sane(feed: &Feed, body: &[u8], seed: u64) {
    let tags = body.split(|&b| b == b'<').count() - 1;
    let skipped = usize::try_from(feed.skipped).unwrap();
    assert!(
        feed.entries.len() + feed.deleted.len() + skipped < tags,
        "seed {seed}"
    );
    let mut length = feed.title.as_ref().map_or(0, String::len);
    for entry in &feed.entries {
        let id = entry.video_id.as_str();
        assert_eq!(VideoId::parse(id).as_ref(), Some(&entry.video_id));
        if let Some(channel) = &entry.channel_id {
            assert_eq!(ChannelId::parse(channel.as_str()).as_ref(), Some(channel));
        }
        let texts = [
            Some(&entry.title),
            entry.author.as_ref(),
            entry.thumbnail.as_ref(),
        ];
        length += texts.into_iter().flatten().map(String::len).sum::<usize>();
    }
    assert!(
        length <= body.len(),
        "seed {seed}: {length} of {}",
        body.len()
    );
}

fn damage(body: &mut Vec<u8>, samples: &[&[u8]], chance: &mut Chance) {
    let at = chance.below(body.len() + 1);
    match chance.below(10) {
        0 | 1 => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        2 => body.truncate(at),
        3 => {
            let end = (at + chance.below(40)).min(body.len());
            body.drain(at..end);
        }
        4 => {
            let other = chance.of(samples);
            let from = chance.below(other.len());
            let length = chance.below(200).min(other.len() - from);
            body.splice(at..at, other[from..from + length].iter().copied());
        }
        5 => {
            // A piece from one `<` to another, some times over: often whole elements.
            let starts: Vec<usize> = (0..body.len()).filter(|&at| body[at] == b'<').collect();
            if starts.is_empty() {
                return;
            }
            let (from, to) = (chance.of(&starts), chance.of(&starts));
            let piece = body
                .get(from..to)
                .unwrap_or_default()
                .repeat(1 + chance.below(4));
            body.splice(to..to, piece);
        }
        6 => {
            body.splice(at..at, chance.text(20).into_bytes());
        }
        7 => {
            let bytes: Vec<u8> = (0..chance.below(8)).map(|_| chance.byte()).collect();
            body.splice(at..at, bytes);
        }
        8 => {
            body.splice(at..at, chance.of(&MARKUP).bytes());
        }
        _ => {
            // Where text is, not markup, so that the document stays one.
            let Some(at) = body.windows(2).position(|pair| pair == b"</") else {
                return;
            };
            body.splice(at..at, escaped(&chance.text(30), chance).into_bytes());
        }
    }
}

const MARKUP: [&str; 24] = [
    "<",
    ">",
    "&",
    "'",
    "\"",
    "/",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<a>",
    "</a>",
    "<entry>",
    "</entry>",
    "<entry/>",
    "&amp;",
    "&#x",
    ";",
    " xmlns='a'",
    " xmlns:yt=\"\"",
    "<!DOCTYPE feed [",
    "\u{feff}",
];

/// A feed, and a document that says it in one of the many ways.
fn generated(chance: &mut Chance) -> (Feed, String) {
    let [atom, yt, tombs, media] = prefixes(chance);
    let blank = chance.of(&["", " ", "\n", "\r\n  ", "\n<!-- & -->\n", "<?a b?>"]);
    let mut feed = Feed::default();
    let mut body = String::new();
    body += chance.of(&["", "\u{feff}", "\n ", "\u{feff}\r\n"]);
    body += chance.of(&[
        "",
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version=\"1.0\"?>\r\n",
    ]);
    body += blank;
    write!(body, "<{}", named(atom, "feed")).unwrap();
    for (prefix, uri) in [
        (atom, ATOM),
        (yt, YOUTUBE),
        (tombs, TOMBSTONES),
        (media, MEDIA),
    ] {
        let name = if prefix.is_empty() {
            "xmlns".to_owned()
        } else {
            format!("xmlns:{prefix}")
        };
        body += &attribute(&name, uri, chance);
    }
    body += ">";
    if chance.one_in(2) {
        let title = chance.text(20);
        body += &element(atom, "title", &title, chance);
        feed.title = Some(title);
    }
    for _ in 0..chance.below(5) {
        body += blank;
        match chance.below(5) {
            0 => body += &deleted(&mut feed, [atom, tombs], chance),
            1 => {
                body += &element(atom, "entry", "no id", chance);
                feed.skipped += 1;
            }
            _ => body += &entry(&mut feed, [atom, yt, media], blank, chance),
        }
    }
    write!(body, "{blank}</{}>{blank}", named(atom, "feed")).unwrap();
    (feed, body)
}

fn entry(
    feed: &mut Feed,
    [atom, yt, media]: [&str; 3],
    blank: &str,
    chance: &mut Chance,
) -> String {
    let video_id = VideoId::parse(&chance.id(11)).unwrap();
    let channel_id = ChannelId::parse(&format!("UC{}", chance.id(22))).unwrap();
    let (title, author) = (chance.text(60), chance.text(20));
    let (is_short, has_channel, has_author, has_picture) = (
        chance.one_in(2),
        chance.one_in(2),
        chance.one_in(2),
        chance.one_in(2),
    );
    let (published, published_text) = chance.instant();
    let (updated, updated_text) = chance.instant();
    let thumbnail = format!(
        "https://i1.ytimg.com/vi/{video_id}/hqdefault.jpg?a=<{}>&b='\"",
        chance.id(3)
    );
    let scheme = chance.of(&["http", "https"]);
    let path = if is_short { "shorts/" } else { "watch?v=" };
    let link = attribute(
        "href",
        &format!("{scheme}://www.youtube.com/{path}{video_id}"),
        chance,
    );
    let rel = attribute("rel", "alternate", chance);
    let (link, rel) = if chance.one_in(2) {
        (link, rel)
    } else {
        (rel, link)
    };
    let mut parts = vec![
        element(atom, "id", &format!("yt:video:{video_id}"), chance),
        element(atom, "title", &title, chance),
        element(atom, "published", &published_text, chance),
        element(atom, "updated", &updated_text, chance),
        format!("<{}{link}{rel}/>", named(atom, "link")),
        element(media, "title", "of another namespace", chance),
    ];
    if chance.one_in(2) {
        parts.push(element(yt, "videoId", video_id.as_str(), chance));
    }
    if has_channel {
        parts.push(element(yt, "channelId", channel_id.as_str(), chance));
    }
    if has_author {
        let name = element(atom, "name", &author, chance);
        let uri = element(
            atom,
            "uri",
            &format!("{scheme}://www.youtube.com/channel/{channel_id}"),
            chance,
        );
        let tag = named(atom, "author");
        parts.push(format!("<{tag}>{blank}{name}{uri}</{tag}>"));
    }
    if has_picture {
        let picture = named(media, "thumbnail");
        let tag = named(media, "group");
        let url = attribute("url", &thumbnail, chance);
        parts.push(format!("<{tag}><{picture}{url}></{picture}></{tag}>"));
    }
    for last in (1..parts.len()).rev() {
        parts.swap(last, chance.below(last + 1));
    }
    feed.entries.push(Entry {
        video_id,
        channel_id: (has_channel || has_author).then_some(channel_id),
        title,
        short_link: is_short,
        published: Some(published),
        updated: Some(updated),
        author: has_author.then_some(author),
        thumbnail: has_picture.then_some(thumbnail),
    });
    let tag = named(atom, "entry");
    format!("<{tag}>{}</{tag}>", parts.join(blank))
}

fn deleted(feed: &mut Feed, [atom, tombs]: [&str; 2], chance: &mut Chance) -> String {
    let video_id = VideoId::parse(&chance.id(11)).unwrap();
    let channel_id = ChannelId::parse(&format!("UC{}", chance.id(22))).unwrap();
    let (at, when) = chance.instant();
    let (tag, by) = (named(tombs, "deleted-entry"), named(tombs, "by"));
    let body = format!(
        "<{tag}{}{}><{by}>{}</{by}></{tag}>",
        attribute("ref", &format!("yt:video:{video_id}"), chance),
        attribute("when", &when, chance),
        element(
            atom,
            "uri",
            &format!("https://www.youtube.com/channel/{channel_id}"),
            chance
        ),
    );
    feed.deleted.push(Deleted {
        video_id,
        channel_id: Some(channel_id),
        at: Some(at),
    });
    body
}

/// A prefix for each of four namespaces; that of one may be empty.
fn prefixes(chance: &mut Chance) -> [&'static str; 4] {
    chance.of(&[
        ["", "yt", "at", "media"],
        ["a", "b", "c", "d"],
        ["atom", "", "é", "yt"],
        ["yt", "media", "", "_x-1.2"],
        ["media", "at", "yt", ""],
    ])
}

fn named(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}:{name}")
    }
}

fn attribute(name: &str, value: &str, chance: &mut Chance) -> String {
    let quote = chance.of(&["'", "\""]);
    let blank = chance.of(&[" ", "\n\t"]);
    format!(
        "{blank}{name}={quote}{}{quote}",
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\'', "&apos;")
            .replace('"', "&#34;")
    )
}

fn element(prefix: &str, name: &str, text: &str, chance: &mut Chance) -> String {
    let tag = named(prefix, name);
    format!("<{tag}>{}</{tag}>", escaped(text, chance))
}

/// `text` as XML, each piece of it in one of the ways that there are.
fn escaped(text: &str, chance: &mut Chance) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut xml = String::new();
    let mut rest = characters.as_slice();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + chance.below(20)).min(rest.len()));
        rest = after;
        let is_cdata = chance.one_in(4) && !piece.contains(&'\r') && !piece.contains(&']');
        if is_cdata {
            write!(xml, "<![CDATA[{}]]>", piece.iter().collect::<String>()).unwrap();
            continue;
        }
        for &c in piece {
            match c {
                '&' => xml += chance.of(&["&amp;", "&#38;", "&#x26;"]),
                '<' => xml += chance.of(&["&lt;", "&#60;", "&#x3C;", "&#x3c;"]),
                '>' => xml += "&gt;",
                '\'' => xml += chance.of(&["'", "&apos;"]),
                '"' => xml += chance.of(&["\"", "&quot;"]),
                '\r' => xml += "&#13;",
                // After a return it would be the second half of one line break.
                '\n' if xml.ends_with('\r') => xml += "\r\n",
                '\n' => xml += chance.of(&["\n", "\r\n", "\r", "&#10;"]),
                c if chance.one_in(16) => write!(xml, "&#x{:X};", u32::from(c)).unwrap(),
                c => xml.push(c),
            }
        }
        if chance.one_in(8) {
            xml += "<!-- & < -->";
        }
    }
    xml
}

/// `SplitMix64`. <https://prng.di.unimi.it/splitmix64.c>
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn id(&mut self, length: usize) -> String {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length).map(|_| char::from(self.of(alphabet))).collect()
    }

    /// Characters that XML allows, of all planes, with those that it treats in some way more often.
    fn text(&mut self, most: usize) -> String {
        let length = self.below(most + 1);
        let character = |_| match self.below(8) {
            0 => self.of(&['&', '<', '>', '\'', '"', ']', '\n', '\r', '\t', ';', '#']),
            1 => self.of(&[
                'é', '語', '🎬', '\u{200d}', '\u{301}', '\u{202e}', 'ש', '\u{feff}', '\u{85}',
                '\u{2028}',
            ]),
            2 => (0..16)
                .find_map(|_| {
                    char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap())
                        .filter(|&c| is_xml_char(c))
                })
                .unwrap_or('x'),
            _ => char::from(b' ' + u8::try_from(self.below(95)).unwrap()),
        };
        (0..length).map(character).collect()
    }

    /// An instant, and a way to write it.
    fn instant(&mut self) -> (Timestamp, String) {
        let digits = self.below(10);
        let fraction = format!("{:09}", self.below(1_000_000_000));
        let seconds =
            Timestamp::from_millis(i64::try_from(self.below(4_000_000_000)).unwrap() * 1000);
        let written = &fraction[..digits];
        let millis: i64 = format!("{written:0<3}")[..3].parse().unwrap();
        let dot = if digits > 0 { "." } else { "" };
        let text = seconds
            .to_string()
            .replace(".000Z", &format!("{dot}{written}"));
        (seconds.plus_ms(millis), text + self.of(&["Z", "+00:00"]))
    }
}
