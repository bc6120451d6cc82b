//! A template: lines of text with slots in them.

use super::RenderError;
use crate::text::{self, Entity, Problem};

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// There is nothing in it.
    Blank,
    /// It has a character that X accepts nowhere.
    InvalidCharacter {
        /// Its code point offset in the template in NFC.
        at: usize,
    },
    /// A `{{` has no `}}` on its line.
    Unclosed {
        /// The line, from 1.
        line: usize,
    },
    /// Between `{{` and `}}` stands none of `title`, `url`, `channel` and `hashtags`.
    UnknownPlaceholder {
        /// What does.
        name: String,
    },
    /// The link or the hashtags are right beside something that makes something else of them.
    Joined,
}

/// What stands in a template for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Title,
    Channel,
    Url,
    Hashtags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Slot(Slot),
}

/// A template, read.
pub(super) struct Template<'t> {
    lines: Vec<Vec<Piece<'t>>>,
}

/// What goes into the slots. An address or hashtags that are empty leave nothing behind, not even their line.
#[derive(Clone, Copy)]
pub(super) struct Fill<'f> {
    pub(super) title: &'f str,
    pub(super) channel: &'f str,
    pub(super) url: &'f str,
    /// Each after a blank.
    pub(super) hashtags: &'f str,
}

/// A template with its slots filled.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) text: String,
    /// The byte offset and the text of what X is to find.
    links: Vec<(usize, String)>,
    hashtags: Vec<(usize, String)>,
}

impl Slot {
    fn named(name: &str) -> Result<Self, TemplateError> {
        match name {
            "title" => Ok(Self::Title),
            "channel" => Ok(Self::Channel),
            "url" => Ok(Self::Url),
            "hashtags" => Ok(Self::Hashtags),
            _ => Err(TemplateError::UnknownPlaceholder {
                name: name.to_owned(),
            }),
        }
    }
}

impl<'t> Template<'t> {
    pub(super) fn parse(template: &'t str) -> Result<Self, TemplateError> {
        if let Some(Problem::InvalidCharacter { at }) = text::measure(template).problem(u32::MAX) {
            return Err(TemplateError::InvalidCharacter { at });
        }
        let lines = template.lines().zip(1..);
        let lines = lines
            .map(|(text, line)| pieces(text, line))
            .collect::<Result<_, _>>()?;
        Ok(Self { lines })
    }

    /// In how many places the title stands.
    pub(super) fn titles(&self) -> u32 {
        let pieces = self.lines.iter().flatten();
        let titles = pieces
            .filter(|&&piece| piece == Piece::Slot(Slot::Title))
            .count();
        u32::try_from(titles).unwrap_or(u32::MAX)
    }

    pub(super) fn fill(&self, fill: Fill<'_>) -> Filled {
        let mut filled = Filled::default();
        let lines = self.lines.iter().filter(|line| !goes(line, fill));
        for (index, line) in lines.enumerate() {
            if index > 0 {
                filled.text.push('\n');
            }
            filled.add_line(line, fill);
        }
        filled.trimmed()
    }
}

fn pieces(mut text: &str, line: usize) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut pieces = Vec::new();
    while let Some((before, after)) = text.split_once("{{") {
        let (name, rest) = after
            .split_once("}}")
            .ok_or(TemplateError::Unclosed { line })?;
        pieces.extend([Piece::Text(before), Piece::Slot(Slot::named(name.trim())?)]);
        text = rest;
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// Whether nothing stands in a line any more where something was to stand.
fn goes(line: &[Piece<'_>], fill: Fill<'_>) -> bool {
    line.len() > 1
        && line.iter().all(|&piece| match piece {
            Piece::Text(text) => text.trim().is_empty(),
            Piece::Slot(slot) => fill.is_left_out(slot),
        })
}

impl<'f> Fill<'f> {
    fn of(self, slot: Slot) -> &'f str {
        match slot {
            Slot::Title => self.title,
            Slot::Channel => self.channel,
            Slot::Url => self.url,
            Slot::Hashtags => self.hashtags,
        }
    }

    fn is_left_out(self, slot: Slot) -> bool {
        matches!(slot, Slot::Url | Slot::Hashtags) && self.of(slot).is_empty()
    }
}

impl Filled {
    fn add_line(&mut self, line: &[Piece<'_>], fill: Fill<'_>) {
        let start = self.text.len();
        // Of the blanks on both sides of what is left out one side goes.
        let mut is_gap = false;
        for &piece in line {
            match piece {
                Piece::Text(text) => {
                    let before = self.text.get(start..).unwrap_or_default();
                    let is_apart = before.is_empty() || before.ends_with(char::is_whitespace);
                    self.text += if is_gap && is_apart {
                        text.trim_start()
                    } else {
                        text
                    };
                    is_gap &= text.trim().is_empty();
                }
                Piece::Slot(slot) if fill.is_left_out(slot) => is_gap = true,
                Piece::Slot(slot) => {
                    self.add(slot, fill.of(slot));
                    is_gap = false;
                }
            }
        }
        if is_gap {
            let line = self.text.get(start..).unwrap_or_default();
            let end = start + line.trim_end().len();
            self.text.truncate(end);
        }
    }

    fn add(&mut self, slot: Slot, text: &str) {
        let at = self.text.len();
        match slot {
            Slot::Title | Slot::Channel => {}
            Slot::Url => self.links.push((at, text.to_owned())),
            Slot::Hashtags => {
                let mut at = at;
                for hashtag in text.split(' ') {
                    self.hashtags.push((at, hashtag.to_owned()));
                    at += hashtag.len() + 1;
                }
            }
        }
        self.text += text;
    }

    /// Without the blanks around it all.
    fn trimmed(mut self) -> Self {
        self.text.truncate(self.text.trim_end().len());
        let blank = self.text.len() - self.text.trim_start().len();
        self.text.drain(..blank);
        for (at, _) in self.links.iter_mut().chain(&mut self.hashtags) {
            *at -= blank;
        }
        self
    }

    /// Whether it can be posted where `limit` holds, with links and hashtags where they were put.
    pub(super) fn judge(&self, limit: u32) -> Result<(), RenderError> {
        let measured = text::measure(&self.text);
        match measured.problem(limit) {
            None => {}
            Some(Problem::Blank) => return Err(RenderError::Blank),
            Some(Problem::TooLong { excess }) => return Err(RenderError::TooLong { excess }),
            // What the template says has none, nor have title and channel: it is in the link.
            Some(Problem::InvalidCharacter { .. }) => return Err(RenderError::Joined),
        }
        let found = measured.entities();
        let is_found = |(at, text): &(usize, String), entities: &[Entity]| {
            // Both kinds begin with a character of ASCII, which combines with nothing before it: what is before can be
            // brought into NFC, the form that offsets are of, by itself.
            let before = text::measure(self.text.get(..*at).unwrap_or_default());
            let start = before.text.chars().count();
            entities
                .iter()
                .any(|entity| entity.start == start && entity.text == *text)
        };
        let are_found = self.links.iter().all(|link| is_found(link, &found.urls))
            && self
                .hashtags
                .iter()
                .all(|hashtag| is_found(hashtag, &found.hashtags));
        are_found.then_some(()).ok_or(RenderError::Joined)
    }
}
