//! Which of several uncertain parts with the same words a post is.
//!
//! Two posts with the same words may be in doubt at the same time, and then what X shows could be either's. Posts are
//! given out from the oldest on, each to the part whose time ends first: so as many parts as possible get one (it is the
//! matching of points to intervals). Were each part to take the oldest post of its time, one could take what only
//! another could have become, and that other would be sent again.

use crate::platforms::x::timeline::Span;
use crate::time::{HOUR_MS, Timestamp};

/// How far before a part's own time it is looked for what others may have become, in ms.
const REACH_MS: i64 = HOUR_MS;

/// The span to be read for a part that may have become any post of `mine`: as far back as parts in doubt overlap.
#[must_use]
pub fn reach(mine: &Span, others: &[Span]) -> Span {
    let mut from = mine.from;
    loop {
        let earlier = others
            .iter()
            .filter(|other| other.to >= from && other.from <= mine.to)
            .map(|other| other.from)
            .min()
            .unwrap_or(from);
        if earlier >= from {
            break;
        }
        from = earlier;
    }
    Span {
        from: from.max(mine.from.plus_ms(-REACH_MS)),
        to: mine.to,
    }
}

/// What the posts are to a part in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This one, by its place, is the part.
    Mine(usize),
    /// One could be, and is another's as far as can be told.
    Anothers,
    /// None could be.
    Nobodys,
}

/// Which of `posts`, by when they were made and in that order, is the part's whose time is `mine`.
#[must_use]
pub fn attributed(mine: &Span, others: &[Span], posts: &[Timestamp]) -> Whose {
    let mut open: Vec<(&Span, bool)> = others.iter().map(|other| (other, false)).collect();
    open.push((mine, true));
    for (index, at) in posts.iter().enumerate() {
        let first = open
            .iter()
            .enumerate()
            .filter(|(_, (span, _))| (span.from..=span.to).contains(at))
            .min_by_key(|(_, (span, is_mine))| (span.to, span.from, !is_mine))
            .map(|(place, (_, is_mine))| (place, *is_mine));
        match first {
            Some((_, true)) => return Whose::Mine(index),
            Some((place, false)) => {
                open.swap_remove(place);
            }
            None => {}
        }
    }
    if posts.iter().any(|at| (mine.from..=mine.to).contains(at)) {
        Whose::Anothers
    } else {
        Whose::Nobodys
    }
}

#[cfg(test)]
mod tests {
    use super::Whose::{Anothers, Mine, Nobodys};
    use super::{attributed, reach};
    use crate::platforms::x::timeline::Span;
    use crate::time::{HOUR_MS, Timestamp};

    fn span(from: i64, to: i64) -> Span {
        Span {
            from: Timestamp::from_millis(from),
            to: Timestamp::from_millis(to),
        }
    }

    fn at(posts: &[i64]) -> Vec<Timestamp> {
        posts.iter().copied().map(Timestamp::from_millis).collect()
    }

    #[test]
    fn a_post_is_that_ones_whose_time_ends_first() {
        let (earlier, later) = (span(0, 30), span(20, 60));
        // Both could be the first; only the later one could be the second.
        let posts = at(&[25, 50]);
        assert_eq!(attributed(&earlier, &[later], &posts), Mine(0));
        assert_eq!(attributed(&later, &[earlier], &posts), Mine(1));
        // With one post, the other is not there.
        assert_eq!(attributed(&later, &[earlier], &at(&[25])), Anothers);
        assert_eq!(attributed(&earlier, &[later], &at(&[50])), Nobodys);
        assert_eq!(attributed(&later, &[], &at(&[25])), Mine(0));
    }

    #[test]
    fn it_is_read_as_far_back_as_doubts_overlap_and_no_further_than_an_hour() {
        let mine = span(100, 130);
        let others = [span(80, 105), span(60, 85), span(10, 40), span(125, 160)];
        assert_eq!(reach(&mine, &others).from.millis(), 60);
        assert_eq!(reach(&mine, &others).to.millis(), 130);
        let old = span(-10 * HOUR_MS, 101);
        assert_eq!(reach(&mine, &[old]).from.millis(), 100 - HOUR_MS);
    }

    /// How many of the spans can have a post of their own, by trying everything.
    fn most(spans: &[Span], posts: &[Timestamp]) -> usize {
        let Some((span, rest)) = spans.split_first() else {
            return 0;
        };
        let without = most(rest, posts);
        let mut best = without;
        for (index, at) in posts.iter().enumerate() {
            if (span.from..=span.to).contains(at) {
                let mut left = posts.to_vec();
                left.remove(index);
                best = best.max(1 + most(rest, &left));
            }
        }
        best
    }

    #[test]
    fn as_many_as_possible_get_one_in_whatever_order_they_ask() {
        let mut seed = 7_u64;
        let mut below = |limit: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((seed >> 33) % limit).unwrap()
        };
        for _ in 0..3_000 {
            let mut spans = Vec::new();
            for _ in 0..=below(4) {
                let from = below(8);
                spans.push(span(from, from + below(5)));
            }
            let mut times: Vec<i64> = (0..below(5)).map(|_| below(12)).collect();
            times.sort_unstable();
            let mut posts = at(&times);
            let possible = most(&spans, &posts);
            let mut found = 0;
            while !spans.is_empty() {
                let place = usize::try_from(below(spans.len() as u64)).unwrap();
                let mine = spans.remove(place);
                if let Mine(index) = attributed(&mine, &spans, &posts) {
                    posts.remove(index);
                    found += 1;
                }
            }
            assert_eq!(found, possible, "{times:?}");
        }
    }
}
