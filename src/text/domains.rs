//! Where a domain ends, and whether it may be one.
//!
//! A domain is dotted labels and a top-level domain that X's library knows. Of all places where one
//! could end, the last counts: `example.com.jp` is one domain, and in `example.com.nonsense` it is
//! the first two labels. A label is cut at its dots only, so a top-level domain may be followed by
//! letters of another script.

use super::characters::{fold, in_label, in_latin_label};
use super::tlds;

/// The longest label that DNS carries, in its ASCII form.
/// <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>
const MAX_LABEL_LENGTH: usize = 63;

/// Longest first label of an internationalised domain's ASCII form.
const PUNYCODE_PREFIX: &str = "xn--";

/// Finds where the domain that begins at a place ends.
///
/// The text is read one run at a time, a run being a stretch of label characters, hyphens,
/// underscores and dots. What a run's labels are and where each chain of them ends is worked out
/// once, from the end, and then serves every place in the run where a domain could begin; so the
/// whole text costs time in proportion to its length.
pub(super) struct Domains<'t> {
    text: &'t [char],
    start: usize,
    end: usize,
    /// The labels of the run `start..end` in order; empty if the run has no dot.
    labels: Vec<Label>,
}

struct Label {
    start: usize,
    last_underscore: Option<usize>,
    /// A dot follows, and the character before the dot may end a label.
    closed: bool,
    /// Where the top-level domain ends that this label begins with.
    tld_end: Option<usize>,
    /// Where the domain ends that begins with this whole label.
    domain_end: Option<usize>,
}

impl<'t> Domains<'t> {
    pub(super) fn new(text: &'t [char]) -> Self {
        Self {
            text,
            start: 0,
            end: 0,
            labels: Vec::new(),
        }
    }

    /// The end of the longest domain that begins at `at`.
    pub(super) fn end_from(&mut self, at: usize) -> Option<usize> {
        if !self.text.get(at).copied().is_some_and(in_label) {
            return None;
        }
        if !(self.start..self.end).contains(&at) {
            self.read_run(at);
        }
        if self.labels.is_empty() {
            return None;
        }
        let next = self.labels.partition_point(|label| label.start <= at);
        let label = self.labels.get(next.checked_sub(1)?)?;
        label.domain_end_from(at, self.labels.get(next)?)
    }

    /// Reads the run that `at` is in, from its start, so that it serves places before `at` too.
    fn read_run(&mut self, at: usize) {
        let (before, after) = self.text.split_at_checked(at).unwrap_or_default();
        let belongs = |c: &&char| in_run(**c);
        self.start = at - before.iter().rev().take_while(belongs).count();
        self.end = at + after.iter().take_while(belongs).count();
        self.labels.clear();
        let run = self.text.get(self.start..self.end).unwrap_or_default();
        if !run.contains(&'.') {
            return;
        }
        let mut start = self.start;
        for piece in run.split(|&c| c == '.') {
            let end = start + piece.len();
            self.labels.push(Label {
                start,
                last_underscore: piece
                    .iter()
                    .rposition(|&c| c == '_')
                    .map(|offset| start + offset),
                closed: end < self.end && piece.last().copied().is_some_and(in_label),
                // Nothing ends with the first label.
                tld_end: if start == self.start {
                    None
                } else {
                    tld_end(self.text, start)
                },
                domain_end: None,
            });
            start = end + 1;
        }
        let mut rest = self.labels.as_mut_slice();
        while let [before @ .., last] = rest {
            if let Some(label) = before.last_mut()
                && self.text.get(label.start).copied().is_some_and(in_label)
            {
                label.domain_end = label.domain_end_from(label.start, last);
            }
            rest = before;
        }
    }
}

impl Label {
    /// The end of the domain that begins at `at` in this label, which may begin a label, and goes
    /// on with `next`. The label right before the top-level domain has no underscore; those before
    /// it may have.
    fn domain_end_from(&self, at: usize, next: &Label) -> Option<usize> {
        if !self.closed {
            return None;
        }
        let ends_here = self
            .last_underscore
            .is_none_or(|underscore| underscore < at);
        next.domain_end
            .or(if ends_here { next.tld_end } else { None })
    }
}

fn in_run(c: char) -> bool {
    matches!(c, '.' | '-' | '_') || in_label(c)
}

/// The end of the top-level domain that begins at `at`: a known one, or any in its ASCII form. A
/// known one is followed by no ASCII letter or digit and none of `@`, `+`, `-`.
fn tld_end(text: &[char], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    rest.first().filter(|&&c| in_label(c))?;
    ascii_tld(rest)
        .or_else(|| international_tld(rest))
        .or_else(|| punycode_tld(rest))
        .map(|length| at + length)
}

/// How many characters of `text` are a top-level domain of ASCII letters.
fn ascii_tld(text: &[char]) -> Option<usize> {
    let mut name = [0_u8; 24];
    let mut length = 0;
    while let Some(c) = text.get(length).filter(|c| c.is_ascii_alphanumeric()) {
        *name.get_mut(length)? = u8::try_from(*c).ok()?.to_ascii_lowercase();
        length += 1;
    }
    let name = name.get(..length)?;
    let names = tlds::ASCII.get(length)?.as_bytes();
    let stride = length + 1;
    let (mut low, mut high) = (0, names.len() / stride);
    while low < high {
        let middle = usize::midpoint(low, high);
        match names.get(middle * stride..)?.get(..length)?.cmp(name) {
            std::cmp::Ordering::Equal => return may_follow_tld(text, length).then_some(length),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// How many characters of `text` are an internationalised top-level domain.
fn international_tld(text: &[char]) -> Option<usize> {
    // None is one letter long, so most places are settled here.
    text.get(1).filter(|&&c| in_label(c))?;
    let first = fold(*text.first()?);
    let from = tlds::INTERNATIONAL.partition_point(|name| name.chars().next() < Some(first));
    let mut candidates = tlds::INTERNATIONAL
        .iter()
        .skip(from)
        .take_while(|name| name.starts_with(first));
    candidates.find_map(|name| {
        let mut length = 0;
        for expected in name.chars() {
            text.get(length).filter(|&&c| fold(c) == expected)?;
            length += 1;
        }
        may_follow_tld(text, length).then_some(length)
    })
}

/// How many characters of `text` are a domain label in its ASCII form, known or not.
fn punycode_tld(text: &[char]) -> Option<usize> {
    let begins = PUNYCODE_PREFIX
        .chars()
        .zip(text)
        .filter(|(expected, c)| expected.eq_ignore_ascii_case(c))
        .count();
    if begins < PUNYCODE_PREFIX.len() {
        return None;
    }
    let length = text
        .iter()
        .take_while(|&&c| c == '-' || c.is_ascii_alphanumeric())
        .count();
    (length > PUNYCODE_PREFIX.len()).then_some(length)
}

fn may_follow_tld(text: &[char], length: usize) -> bool {
    text.get(length)
        .is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '@' | '+' | '-'))
}

/// The parts of the domain at `start..end` that are domains in Latin letters, each as its start and
/// end. These are the links in a domain that has no `https://` before it, since in scripts without
/// blanks the words around a link touch it.
pub(super) fn latin_domains(text: &[char], start: usize, end: usize) -> Vec<(usize, usize)> {
    let domain = text.get(..end).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = start;
    while at < end {
        let mut label = at;
        let mut domain_end = None;
        let stopped = loop {
            let length = domain
                .get(label..)
                .unwrap_or_default()
                .iter()
                .take_while(|&&c| in_latin_label(c))
                .count();
            let dot = label + length;
            if length == 0 || domain.get(dot) != Some(&'.') {
                break dot;
            }
            label = dot + 1;
            domain_end = tld_end(domain, label).or(domain_end);
        };
        // No later start in the labels just read can succeed where this one did not, so none is
        // tried.
        at = if let Some(domain_end) = domain_end {
            found.push((at, domain_end));
            domain_end
        } else {
            stopped.max(at + 1)
        };
    }
    found
}

/// Whether every label of `domain` has a length that DNS carries. `first` is the value of the first
/// character, which may be half of one (see `urls`).
pub(super) fn has_valid_labels(domain: &[char], first: u32) -> bool {
    let mut first = Some(first);
    domain.split(|&c| c == '.').all(|label| {
        let first = first.take();
        if !(1..=MAX_LABEL_LENGTH).contains(&label.len()) {
            return false;
        }
        let mut values: Vec<u32> = label.iter().map(|&c| u32::from(c)).collect();
        if let (Some(value), Some(first)) = (values.first_mut(), first) {
            *value = first;
        }
        ascii_length(&values) <= MAX_LABEL_LENGTH
    })
}

/// The length of a label in its ASCII form. The label may have dots of other scripts in it, which
/// are dots in that form.
fn ascii_length(label: &[u32]) -> usize {
    let is_dot = |value: &u32| matches!(value, 0x3002 | 0xff0e | 0xff61);
    label
        .split(is_dot)
        .map(|part| punycode_length(part) + 1)
        .sum::<usize>()
        - 1
}

/// The length of `part` in Punycode with its prefix, or as it is if it is ASCII. For at most 63
/// characters. <https://www.rfc-editor.org/rfc/rfc3492#section-6.3>
fn punycode_length(part: &[u32]) -> usize {
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    const SKEW: u32 = 38;
    const DAMP: u32 = 700;

    let basic = part.iter().filter(|&&value| value < 0x80).count();
    if basic == part.len() {
        return basic;
    }
    let mut length = PUNYCODE_PREFIX.len() + basic + usize::from(basic > 0);
    let (mut current, mut delta, mut bias, mut handled, mut is_first) =
        (0x80, 0_u32, 72, 0_u32, true);
    handled += u32::try_from(basic).unwrap_or(u32::MAX);
    while let Some(&next) = part.iter().filter(|&&value| value >= current).min() {
        if length > MAX_LABEL_LENGTH {
            break;
        }
        delta += (next - current) * (handled + 1);
        for &value in part {
            if value < next {
                delta += 1;
            } else if value == next {
                let mut left = delta;
                for k in (BASE..).step_by(BASE as usize) {
                    length += 1;
                    let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
                    if left < threshold {
                        break;
                    }
                    left = (left - threshold) / (BASE - threshold);
                }
                delta /= if is_first { DAMP } else { 2 };
                delta += delta / (handled + 1);
                bias = 0;
                while delta > (BASE - T_MIN) * T_MAX / 2 {
                    delta /= BASE - T_MIN;
                    bias += BASE;
                }
                bias += (BASE - T_MIN + 1) * delta / (delta + SKEW);
                delta = 0;
                handled += 1;
                is_first = false;
            }
        }
        delta += 1;
        current = next + 1;
    }
    length
}
