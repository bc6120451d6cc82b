//! Links as X finds them: `https://` and a domain, or a bare domain, with what belongs to it of
//! port, path and query.
//!
//! The library of X finds them with a pattern over UTF-16 units. This is a scanner over code points
//! that decides the same; where the units show through, a comment says so. It looks at each
//! character a bounded number of times: a domain's end is remembered ([`Domains`]), a match is
//! consumed whether or not it turns out to be a link, and what is read beyond a match's end holds
//! at most one more level of parentheses or no letter at all.

use super::characters::{ends_path, ends_query, in_path, in_query, may_precede_url};
use super::domains::{Domains, has_valid_labels, latin_domains};

/// The longest URL that is still one, in UTF-16 units, with the protocol counted once more.
const MAX_URL_LENGTH: usize = 4096;

/// The longest name of a link on t.co. A longer one makes it no link at all.
const MAX_TCO_SLUG_LENGTH: usize = 40;

/// The protocol that a bare domain is taken to have.
const DEFAULT_PROTOCOL: &str = "https://";

/// A link, by offsets in code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many UTF-16 units from the start the fixed length of a link stands for. Fewer than the
    /// link has if a bare domain goes on in another script before its path
    /// (`example.com.みんな/path`): the library then joins the Latin part and the path, and counts by
    /// the length of that.
    pub(super) units: usize,
}

/// The links in `text`, in order, none overlapping another, and what was consumed in finding them,
/// as the places of the attempt and of the next one.
pub(super) fn find(text: &[char]) -> (Vec<Url>, Vec<(usize, usize)>) {
    let (mut urls, mut consumed) = (Vec::new(), Vec::new());
    if !text.contains(&'.') {
        return (urls, consumed);
    }
    let mut scanner = Scanner::new(text);
    let mut at = 0;
    while at < text.len() {
        let end = scanner.attempt(at, at == 0, &mut urls);
        consumed.extend(end.map(|end| (at, end)));
        at = end.unwrap_or(at + 1);
    }
    (urls, consumed)
}

/// Looks for links in a text.
pub(super) struct Scanner<'t> {
    text: &'t [char],
    domains: Domains<'t>,
}

/// What looks like a link, before the rules that can still refuse it.
struct Candidate {
    /// The character before it.
    before: Option<char>,
    start: usize,
    /// It begins with the second UTF-16 unit of its first character, the first being taken as what
    /// precedes the link. Only the length of the first label depends on it.
    half: bool,
    domain: usize,
    domain_end: usize,
    has_path: bool,
    end: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t [char]) -> Self {
        Self {
            text,
            domains: Domains::new(text),
        }
    }

    /// Adds the links whose preceding character is at `at` or, if `is_start`, that begin there as if
    /// the text did. Returns where to go on if there is what looks like a link.
    pub(super) fn attempt(
        &mut self,
        at: usize,
        is_start: bool,
        urls: &mut Vec<Url>,
    ) -> Option<usize> {
        let candidate = self.candidate_at(at, is_start)?;
        self.accept(&candidate, urls);
        Some(candidate.end)
    }

    /// The candidate whose preceding character is at `at`; at the start, also one that nothing
    /// precedes.
    fn candidate_at(&mut self, at: usize, is_start: bool) -> Option<Candidate> {
        let c = *self.text.get(at)?;
        let mut found = None;
        if may_precede_url(c) {
            if c.len_utf16() == 2 {
                found = self.candidate(at, None, true);
            }
            found = found.or_else(|| self.candidate(at + 1, Some(c), false));
        }
        if is_start {
            found.or_else(|| self.candidate(at, None, false))
        } else {
            found
        }
    }

    fn candidate(&mut self, start: usize, before: Option<char>, half: bool) -> Option<Candidate> {
        let domain = start + self.protocol_length(start);
        let domain_end = self.domains.end_from(domain)?;
        let port_end = self.port_end(domain_end);
        let path_end = self.path_end(port_end);
        let end = self.query_end(path_end.unwrap_or(port_end));
        Some(Candidate {
            before,
            start,
            half,
            domain,
            domain_end,
            has_path: path_end.is_some(),
            end,
        })
    }

    /// Adds the links that `candidate` holds: one, or for a bare domain one for each part in Latin
    /// letters.
    fn accept(&self, candidate: &Candidate, urls: &mut Vec<Url>) {
        let &Candidate {
            start,
            domain,
            domain_end,
            end,
            ..
        } = candidate;
        if !self.is_valid(candidate) {
            return;
        }
        if domain > start {
            if let Some(end) = self.without_tco_tail(domain, end) {
                urls.push(Url {
                    start,
                    end,
                    units: self.units(start, end),
                });
            }
            return;
        }
        if candidate
            .before
            .is_some_and(|before| matches!(before, '-' | '_' | '.' | '/'))
        {
            return;
        }
        let first = urls.len();
        let mut from = start;
        for (latin, latin_end) in latin_domains(self.text, start, domain_end) {
            let length = latin_end - latin;
            // The library looks the part up again by its text and takes the first place where it
            // stands.
            let start = self.first_occurrence(from, latin, latin_end);
            from = start + length;
            urls.push(Url {
                start,
                end: from,
                units: length,
            });
        }
        if candidate.has_path
            && let Some(last) = urls.get_mut(first..).and_then(<[Url]>::last_mut)
        {
            last.units += end - domain_end;
            last.end = end;
        }
    }

    fn is_valid(&self, candidate: &Candidate) -> bool {
        let &Candidate {
            start,
            domain,
            domain_end,
            end,
            half,
            ..
        } = candidate;
        let protocol = if domain > start {
            domain - start
        } else {
            DEFAULT_PROTOCOL.len()
        };
        // No character has less than one unit; the rest of what looks at each need not be done.
        if end - start > MAX_URL_LENGTH
            || protocol + self.units(start, end) - usize::from(half) > MAX_URL_LENGTH
        {
            return false;
        }
        let labels = self.text.get(domain..domain_end).unwrap_or_default();
        let Some(&first) = labels.first() else {
            return false;
        };
        let first = if half {
            0xdc00 | (u32::from(first) & 0x3ff)
        } else {
            u32::from(first)
        };
        if !has_valid_labels(labels, first) {
            return false;
        }
        !labels.starts_with(&['x', 'n', '-', '-'])
            || !latin_domains(self.text, domain, domain_end).is_empty()
    }

    /// The length of `http://` or `https://` at `at`, else 0.
    fn protocol_length(&self, at: usize) -> usize {
        // Nearly every place is settled by its first character.
        if !matches!(self.text.get(at), Some('h' | 'H')) {
            return 0;
        }
        ["https://", "http://"]
            .into_iter()
            .find(|protocol| self.has(at, protocol))
            .map_or(0, str::len)
    }

    /// Whether the ASCII text `expected` stands at `at`, in any case.
    fn has(&self, at: usize, expected: &str) -> bool {
        let Some(text) = self.text.get(at..at + expected.len()) else {
            return false;
        };
        text.iter()
            .zip(expected.chars())
            .all(|(c, expected)| c.eq_ignore_ascii_case(&expected))
    }

    fn port_end(&self, at: usize) -> usize {
        let digits_end = self.skip(at + 1, |c| c.is_ascii_digit());
        if self.text.get(at) == Some(&':') && digits_end > at + 1 {
            digits_end
        } else {
            at
        }
    }

    /// The end of the path that begins at `at`. It ends in a character that can end one, or in
    /// balanced parentheses that follow one without a gap; an opening parenthesis that begins no
    /// balanced ones is not part of it.
    fn path_end(&self, at: usize) -> Option<usize> {
        self.text.get(at).filter(|&&c| c == '/')?;
        let mut next = at + 1;
        let mut end = next;
        while let Some(&c) = self.text.get(next) {
            if in_path(c) {
                next += 1;
                if ends_path(c) {
                    end = next;
                }
            } else if let Some(parentheses_end) = self.parentheses_end(next) {
                if end == next {
                    end = parentheses_end;
                }
                next = parentheses_end;
            } else {
                break;
            }
        }
        Some(end)
    }

    /// The end of the balanced parentheses that open at `at`: not empty, with at most one more pair
    /// in them, itself not empty.
    fn parentheses_end(&self, at: usize) -> Option<usize> {
        let is_at = |at: usize, c: char| self.text.get(at) == Some(&c);
        let content = at + 1;
        let content_end = self.skip(content, in_path);
        if !is_at(at, '(') {
            None
        } else if is_at(content_end, ')') {
            (content_end > content).then_some(content_end + 1)
        } else if is_at(content_end, '(') {
            let inner = content_end + 1;
            let inner_end = self.skip(inner, in_path);
            if inner_end == inner || !is_at(inner_end, ')') {
                return None;
            }
            let rest_end = self.skip(inner_end + 1, in_path);
            is_at(rest_end, ')').then_some(rest_end + 1)
        } else {
            None
        }
    }

    /// The end of the query that begins at `at`; `at` if none does.
    fn query_end(&self, at: usize) -> usize {
        if self.text.get(at) != Some(&'?') {
            return at;
        }
        let query = self
            .text
            .get(at + 1..self.skip(at + 1, in_query))
            .unwrap_or_default();
        query
            .iter()
            .rposition(|&c| ends_query(c))
            .map_or(at, |last| at + 1 + last + 1)
    }

    /// The end of the link with a protocol whose domain begins at `domain`, or none if it is on
    /// t.co with a name too long. On t.co, nothing belongs to a link but its name and a query.
    fn without_tco_tail(&self, domain: usize, end: usize) -> Option<usize> {
        let slug = domain + "t.co/".len();
        if !self.has(domain, "t.co/") {
            return Some(end);
        }
        let slug_end = self.skip(slug, |c| c.is_ascii_alphanumeric());
        match slug_end - slug {
            0 => Some(end),
            1..=MAX_TCO_SLUG_LENGTH => Some(self.query_end(slug_end)),
            _ => None,
        }
    }

    /// The first place from `from` on where the text `start..end` stands.
    fn first_occurrence(&self, from: usize, start: usize, end: usize) -> usize {
        let collect = |from, to| {
            self.text
                .get(from..to)
                .unwrap_or_default()
                .iter()
                .collect::<String>()
        };
        if from >= start {
            return start;
        }
        let haystack = collect(from, end);
        haystack
            .find(&collect(start, end))
            .and_then(|offset| haystack.get(..offset))
            .map_or(start, |before| from + before.chars().count())
    }

    /// The first place from `at` on whose character `belongs` refuses.
    fn skip(&self, at: usize, belongs: impl Fn(char) -> bool) -> usize {
        at + self
            .text
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|&&c| belongs(c))
            .count()
    }

    fn units(&self, start: usize, end: usize) -> usize {
        self.text
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|c| c.len_utf16())
            .sum()
    }
}
