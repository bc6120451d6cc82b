//! Text as X sees it: weighted length, entities, t.co, HTML entities.
//!
//! Lengths and entities come from the crate `twitter-text`, an implementation that shares nothing with Godwit's own,
//! so that the two check each other. Text is brought to NFC first, as X does.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use twitter_text::{
    entity::{Entity, Type},
    extractor::{Extract, Extractor, ValidatingExtractor},
};
use unicode_normalization::UnicodeNormalization;

/// What a post of an ordinary account may weigh; longer ones are shown cut in `text` and whole in `note_tweet`.
pub const ORDINARY_LENGTH: usize = 280;

/// Characters of a cut text before the ellipsis.
const CUT_LENGTH: usize = 274;

/// What was found in a text before anything is decided about it.
#[derive(Debug)]
pub struct Reading {
    /// In NFC.
    pub text: String,
    /// Hundredths are cut off, as in X's own library: characters of weight 1 or 2, URLs 23, emoji 2.
    pub weighted_length: usize,
    /// False when it holds a character that X takes in no post (U+FFFE, U+FEFF, U+FFFF).
    pub has_only_valid_characters: bool,
    pub mentions: Vec<String>,
    pub cashtags: usize,
    /// In code points.
    urls: Vec<(usize, usize)>,
}

/// A link in a shown text.
#[derive(Clone, Debug)]
pub struct Link {
    /// `https://t.co/…`
    pub url: String,
    pub expanded: String,
    pub display: String,
    /// Where the address leads in the end, when that is somewhere else.
    pub unwound: Option<String>,
    /// The media that it was added for.
    pub media_keys: Vec<String>,
}

/// A shown text is made of these.
#[derive(Clone, Debug)]
pub enum Piece {
    Text(String),
    Link(Link),
}

/// What the parser found in a word.
#[derive(Debug, Default)]
struct Word {
    weighted_length: usize,
    mentions: Vec<String>,
    cashtags: usize,
    /// In code points.
    urls: Vec<(usize, usize)>,
}

/// So many words are remembered. The parser takes milliseconds for some, and a simulation writes the same ones again
/// and again.
const WORDS_KEPT: usize = 10_000;

impl Word {
    fn known(word: &str) -> Rc<Self> {
        thread_local!(static WORDS: RefCell<HashMap<String, Rc<Word>>> = RefCell::default());
        WORDS.with_borrow_mut(|words| {
            if words.len() >= WORDS_KEPT {
                words.clear();
            }
            if let Some(known) = words.get(word) {
                return Rc::clone(known);
            }
            let read = Rc::new(Self::read(word));
            words.insert(word.to_owned(), Rc::clone(&read));
            read
        })
    }

    fn read(word: &str) -> Self {
        let extractor =
            ValidatingExtractor::new_with_nfc_input(twitter_text_config::config_v3(), word);
        // Not `extract_entities_with_indices`, which leaves out URLs without a scheme.
        let found = extractor.extract_urls_with_indices(word);
        let mut read = Self {
            weighted_length: usize::try_from(found.parse_results.weighted_length).unwrap_or(0),
            urls: found.entities.iter().map(span).collect(),
            ..Self::default()
        };
        for entity in Extractor::new().extract_entities_with_indices(word) {
            match entity.get_type() {
                Type::MENTION => read.mentions.push(entity.get_value().to_owned()),
                Type::CASHTAG => read.cashtags += 1,
                Type::URL | Type::HASHTAG => {}
            }
        }
        read
    }
}

/// Words are read one by one: no entity crosses white space, and the parser's time grows with the square of what it
/// is given, which a post of 25,000 characters would feel.
pub fn read(text: &str) -> Reading {
    let text: String = text.nfc().collect();
    let mut reading = Reading {
        weighted_length: 0,
        has_only_valid_characters: !text.contains(['\u{fffe}', '\u{feff}', '\u{ffff}']),
        mentions: Vec::new(),
        cashtags: 0,
        urls: Vec::new(),
        text: String::new(),
    };
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        reading.read_word(word, at);
        at += word.chars().count();
    }
    reading.text = text;
    reading
}

impl Reading {
    pub fn has_url(&self) -> bool {
        !self.urls.is_empty()
    }

    /// `at` is the offset of the word in the text.
    fn read_word(&mut self, word: &str, at: usize) {
        // ASCII without these holds no entity and weighs what it is long.
        if word.is_ascii() && !word.contains(['.', '@', '#', '$']) {
            self.weighted_length += word.len();
            return;
        }
        let word = Word::known(word);
        self.weighted_length += word.weighted_length;
        for (start, end) in &word.urls {
            self.urls.push((at + start, at + end));
        }
        self.mentions.extend(word.mentions.iter().cloned());
        self.cashtags += word.cashtags;
    }

    /// The text with each URL behind a t.co name.
    pub fn pieces(&self, mut name: impl FnMut() -> String) -> Vec<Piece> {
        let characters: Vec<char> = self.text.chars().collect();
        let mut pieces = Vec::new();
        let mut at = 0;
        for (start, end) in &self.urls {
            push_text(&mut pieces, &characters[at..*start]);
            let written: String = characters[*start..*end].iter().collect();
            pieces.push(Piece::Link(Link::new(&name(), &written)));
            at = *end;
        }
        push_text(&mut pieces, &characters[at..]);
        pieces
    }
}

impl Link {
    pub fn new(name: &str, written: &str) -> Self {
        let lower = written.to_ascii_lowercase();
        let has_scheme = lower.starts_with("http://") || lower.starts_with("https://");
        let expanded = if has_scheme {
            written.to_owned()
        } else {
            format!("http://{written}")
        };
        let bare = expanded
            .split_once("://")
            .map_or(expanded.as_str(), |parts| parts.1);
        let bare = bare.strip_prefix("www.").unwrap_or(bare);
        let (host, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
        let mut display = format!("{host}{}", path.chars().take(15).collect::<String>());
        if path.chars().count() > 15 {
            display.push('…');
        }
        Self {
            url: format!("https://t.co/{name}"),
            expanded,
            display,
            unwound: None,
            media_keys: Vec::new(),
        }
    }
}

/// The start of a long text, and a link to the whole.
pub fn cut(pieces: &[Piece], whole: Link) -> Vec<Piece> {
    let mut left = CUT_LENGTH;
    let mut kept = Vec::new();
    for piece in pieces {
        let length = plain(std::slice::from_ref(piece)).chars().count();
        if length <= left {
            left -= length;
            kept.push(piece.clone());
        } else {
            if let Piece::Text(text) = piece {
                kept.push(Piece::Text(text.chars().take(left).collect()));
            }
            break;
        }
    }
    kept.push(Piece::Text("… ".into()));
    kept.push(Piece::Link(whole));
    kept
}

/// The text as a person reads it.
pub fn plain(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Link(link) => link.url.as_str(),
        })
        .collect()
}

/// The text as the API gives it: `&`, `<` and `>` are HTML entities.
pub fn escaped(pieces: &[Piece]) -> String {
    escape(&plain(pieces))
}

/// `entities` of the escaped text. Offsets count code points of the text as given. X leaves out kinds that do not occur.
pub fn entities(pieces: &[Piece]) -> Value {
    let mut entities = json!({});
    let mut urls = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let end = at + escaped(std::slice::from_ref(piece)).chars().count();
        if let Piece::Link(link) = piece {
            let mut url = json!({
                "start": at,
                "end": end,
                "url": link.url,
                "expanded_url": link.expanded,
                "display_url": link.display,
            });
            if let Some(unwound) = &link.unwound {
                url["unwound_url"] = unwound.clone().into();
            }
            // One link for all media, and an entity for each of them.
            for key in &link.media_keys {
                url["media_key"] = key.clone().into();
                urls.push(url.clone());
            }
            if link.media_keys.is_empty() {
                urls.push(url);
            }
        }
        at = end;
    }
    let text = escaped(pieces);
    // The links are known; without one of these signs there is nothing else, and the parser is slow to say so.
    let found = if text.contains(['@', '＠', '#', '＃', '$']) {
        Extractor::new().extract_entities_with_indices(&text)
    } else {
        Vec::new()
    };
    let of = |kind, name: &str| -> Vec<Value> {
        found
            .iter()
            .filter(|entity| entity.get_type() == kind)
            .map(|entity| {
                let (start, end) = span(entity);
                json!({"start": start, "end": end, name: entity.get_value()})
            })
            .collect()
    };
    let kinds = [
        ("urls", urls),
        ("mentions", of(Type::MENTION, "username")),
        ("hashtags", of(Type::HASHTAG, "tag")),
        ("cashtags", of(Type::CASHTAG, "tag")),
    ];
    for (name, list) in kinds {
        if !list.is_empty() {
            entities[name] = list.into();
        }
    }
    entities
}

/// What X escapes in `text`. Quotes stay.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn span(entity: &Entity<'_>) -> (usize, usize) {
    (
        usize::try_from(entity.get_start()).expect("an offset"),
        usize::try_from(entity.get_end()).expect("an offset"),
    )
}

fn push_text(pieces: &mut Vec<Piece>, characters: &[char]) {
    if !characters.is_empty() {
        pieces.push(Piece::Text(characters.iter().collect()));
    }
}
