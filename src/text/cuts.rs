//! Where a text may be cut, and what a cut would change.
//!
//! No cut is made in a link, a mention, a hashtag, a cashtag, an emoji or a grapheme cluster; the
//! white space at a cut goes. That alone does not keep what X finds: cut before `bined`,
//! `example.combined` ends in a link; cut after `!`, `!@name` begins with a mention; and a cut in the
//! host of `_a.b.example.com`, which is no link, may leave one. So each cut is tried before it is
//! made: both sides must have the links and entities that they have in the whole text. What is
//! looked at for that is what the cut may touch, not the whole text: white space begins everything
//! anew, and after the cut a scanner that has come to a place where the scanner of the whole text
//! also makes an attempt finds the same from there on.

use unicode_segmentation::UnicodeSegmentation;

use super::breaks::{self, Rank};
use super::entities::{self, Match, SIGNED, Scan, Span};
use super::urls::{self, Url};
use super::weight;

/// How many cuts may be tried in vain, so that no text takes long. In what people write that happens
/// a few times; a text with so many places at which a cut would make another entity is taken as one
/// that cannot be cut there.
const MAX_FAILURES: usize = 1000;

/// A place to cut. What is between end and start is white space, which goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Where what is before ends.
    pub(super) end: usize,
    /// Where what is after starts.
    pub(super) start: usize,
    rank: Rank,
}

/// A text and the places where it may be cut.
pub(super) struct Cuttable<'t> {
    text: &'t [char],
    /// Without a dot there is no link, nor will there be one.
    has_dot: bool,
    scan: Scan,
    links: urls::Scanner<'t>,
    /// The weighted length of what is before each place.
    lengths: Vec<(u32, bool)>,
    cuts: Vec<Cut>,
    /// How many cuts were tried in vain.
    failures: usize,
    /// Where the white space before everything ends, and that after everything starts.
    content: (usize, usize),
}

impl<'t> Cuttable<'t> {
    /// `text` is in NFC, and `characters` are its characters.
    pub(super) fn new(text: &str, characters: &'t [char]) -> Self {
        let scan = entities::scan(characters);
        let lengths = weight::running_lengths(characters, &scan.urls);
        let mut is_inside: Vec<bool> = lengths.iter().map(|&(_, inside)| inside).collect();
        let links = scan.urls.iter().map(|url| (url.start, url.end));
        let spans = scan.spans.iter().map(|span| (span.start, span.end));
        for (start, end) in links.chain(spans) {
            if let Some(inside) = is_inside.get_mut(start + 1..end) {
                inside.fill(true);
            }
        }
        let may_cut = |at: usize| is_inside.get(at) == Some(&false);
        let mut cuts = Vec::new();
        let mut content = None;
        let mut at = 0;
        for cluster in text.graphemes(true) {
            let end = at + cluster.chars().count();
            if !cluster.chars().all(char::is_whitespace) {
                let (first, last) = content.unwrap_or((at, at));
                if content.is_some() && may_cut(last) && may_cut(at) {
                    cuts.push(Cut {
                        end: last,
                        start: at,
                        rank: breaks::rank(characters, last, at),
                    });
                }
                content = Some((first, end));
            }
            at = end;
        }
        Self {
            text: characters,
            has_dot: characters.contains(&'.'),
            scan,
            links: urls::Scanner::new(characters),
            lengths,
            cuts,
            failures: 0,
            content: content.unwrap_or((0, at)),
        }
    }

    /// Where the white space before everything ends, and that after everything starts.
    pub(super) fn content(&self) -> (usize, usize) {
        self.content
    }

    /// The weighted length of `start..end`, each of which is a place to cut.
    pub(super) fn length(&self, start: usize, end: usize) -> u32 {
        let before = |at: usize| self.lengths.get(at).map_or(0, |&(length, _)| length);
        before(end).saturating_sub(before(start))
    }

    /// The characters `start..end`.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'t [char] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The best cut to end what starts at `from`, of those that leave a part of at most `room` that
    /// `holds`. Of the wishes the first that can be fulfilled counts, and of the cuts that fulfil it
    /// the last: a cut of at least that rank that fills at least so many hundredths of the room.
    pub(super) fn best(
        &mut self,
        from: usize,
        room: u32,
        wishes: &[(Rank, u32)],
        mut holds: impl FnMut(&mut Self, Cut) -> bool,
    ) -> Option<Cut> {
        let (first, behind) = self.within(from, room);
        let mut tried = vec![false; behind - first];
        for &(rank, hundredths) in wishes {
            let least = u64::from(room) * u64::from(hundredths) / 100;
            for index in (first..behind).rev() {
                let cut = *self.cuts.get(index)?;
                if u64::from(self.length(from, cut.end)) < least {
                    break;
                }
                let tried = tried.get_mut(index - first)?;
                if cut.rank < rank || *tried {
                    continue;
                }
                if holds(self, cut) {
                    return Some(cut);
                }
                *tried = true;
                self.failures += 1;
                if self.failures > MAX_FAILURES {
                    return None;
                }
            }
        }
        None
    }

    /// Where what starts at `from` and cannot be cut within `room` ends.
    pub(super) fn indivisible_end(&mut self, from: usize, room: u32) -> usize {
        let (_, behind) = self.within(from, room);
        for index in behind..self.cuts.len() {
            if let Some(&cut) = self.cuts.get(index)
                && (self.failures > MAX_FAILURES || self.keeps_after(cut.start))
            {
                return cut.end;
            }
            self.failures += 1;
        }
        self.content.1
    }

    /// The first cut after `from`, and the first behind that which leaves more than `room`.
    fn within(&self, from: usize, room: u32) -> (usize, usize) {
        let first = self.cuts.partition_point(|cut| cut.end <= from);
        let behind = self
            .cuts
            .partition_point(|cut| self.length(from, cut.end) <= room);
        (first, behind.max(first))
    }

    /// Whether `start..end`, as a text that begins there and has `tail` after it, has the links and
    /// entities at its end that it has in the whole text. Those at its start are assumed to be the
    /// same ([`Cuttable::keeps_after`]).
    pub(super) fn keeps_before(&self, start: usize, end: usize, tail: &[char]) -> bool {
        let last_blank = self
            .slice(start, end)
            .iter()
            .rposition(|c| c.is_whitespace());
        let from = start + last_blank.unwrap_or(0);
        let mut alone = self.slice(from, end).to_vec();
        alone.extend_from_slice(tail);
        let alone = entities::scan(&alone);
        let urls = within(&self.scan.urls, from, end, |url| (url.start, url.end));
        let spans = within(&self.scan.spans, from, end, |span| (span.start, span.end));
        urls.iter()
            .map(|url| Url {
                start: url.start - from,
                end: url.end - from,
                ..*url
            })
            .eq(alone.urls.iter().copied())
            && spans
                .iter()
                .map(|span| Span {
                    start: span.start - from,
                    end: span.end - from,
                    ..*span
                })
                .eq(alone.spans.iter().copied())
    }

    /// Whether what is from `start` on, as a text that begins there, has the links and entities that
    /// it has in the whole text.
    pub(super) fn keeps_after(&mut self, start: usize) -> bool {
        let Self {
            text,
            has_dot,
            scan,
            links,
            ..
        } = self;
        let keeps_links = !*has_dot
            || resumes(
                start,
                |at| is_consumed(&scan.url_matches, at, |&found| found),
                |at, found| links.attempt(at, at == start, found),
                |found, at| found == within(&scan.urls, start, at, |url| (url.start, url.end)),
            );
        keeps_links
            && SIGNED.iter().zip(&scan.matches).all(|(signed, matches)| {
                resumes(
                    start,
                    |at| is_consumed(matches, at, |found| (found.at, found.end)),
                    |at, entities: &mut Vec<Match>| {
                        let found = (signed.attempt)(text, at, at == start)?;
                        entities.extend(found.entity.map(|_| found));
                        Some(found.end)
                    },
                    |found, at| {
                        let found = found.iter().filter_map(|found| found.entity);
                        let before = matches.iter().filter_map(|found| found.entity);
                        found.eq(before.filter(|&(from, to)| start <= from && to <= at))
                    },
                )
            })
    }
}

/// Makes attempts from `start` on until one at a place that the whole text's scanner had not
/// `consumed`, where both go on alike, and asks whether what was found up to there `is_same`.
fn resumes<E>(
    start: usize,
    is_consumed: impl Fn(usize) -> bool,
    mut attempt: impl FnMut(usize, &mut Vec<E>) -> Option<usize>,
    is_same: impl Fn(&[E], usize) -> bool,
) -> bool {
    let mut found = Vec::new();
    let mut at = start;
    while at == start || is_consumed(at) {
        at = attempt(at, &mut found).unwrap_or(at + 1);
    }
    is_same(&found, at)
}

/// Whether `at` is within one of `matches`, so that no attempt was made there.
fn is_consumed<T>(matches: &[T], at: usize, place: impl Fn(&T) -> (usize, usize)) -> bool {
    let after = matches.partition_point(|found| place(found).0 < at);
    after
        .checked_sub(1)
        .and_then(|before| matches.get(before))
        .is_some_and(|found| at < place(found).1)
}

/// Those of `list`, which is in order, that are in `start..end`.
fn within<T>(list: &[T], start: usize, end: usize, place: impl Fn(&T) -> (usize, usize)) -> &[T] {
    let first = list.partition_point(|item| place(item).0 < start);
    let behind = list.partition_point(|item| place(item).1 <= end);
    list.get(first..behind).unwrap_or_default()
}
