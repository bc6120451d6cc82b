//! Emoji as X counts them: a sequence that shows as one picture is one, however many code points it
//! takes.
//!
//! Which sequences those are is fixed by the table of twemoji-parser 11.0.2, that X's library comes
//! with: Unicode 11. A later single emoji weighs the same as any other character outside the light
//! ranges, so the age shows only in sequences; a sequence that came later (`🧑‍🚀`) counts by its
//! code points, as it does for the library. The order of the rules below is the order in which the
//! library tries them.

use Kind::{Plain, Skin, SkinText, Text};

const JOINER: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const HEART: char = '\u{2764}';
const KISS: char = '\u{1f48b}';
const MAN: char = '\u{1f468}';
const WOMAN: char = '\u{1f469}';
const BOY: char = '\u{1f466}';
const GIRL: char = '\u{1f467}';

/// The end of the emoji that begins at `at`, in code points.
pub(super) fn end_from(text: &[char], at: usize) -> Option<usize> {
    let first = *text.get(at)?;
    // Most of most texts: no table begins below U+203C but for these, nor in the scripts of Asia.
    let may_begin = match first {
        '\0'..'\u{203c}' => matches!(first, '#' | '*' | '0'..='9' | '©' | '®'),
        '\u{329a}'..'\u{e50a}' => false,
        _ => true,
    };
    if !may_begin {
        return None;
    }
    let rest = Rest { text, at: at + 1 };
    joined(first, rest)
        .or_else(|| keycap_or_styled(first, rest))
        .or_else(|| single(first, rest))
        .or_else(|| (first == EMOJI_STYLE).then_some(rest))
        .map(|rest| rest.at)
}

/// What follows what has been read.
#[derive(Clone, Copy)]
struct Rest<'t> {
    text: &'t [char],
    at: usize,
}

impl Rest<'_> {
    fn next(self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn after(self, expected: impl Fn(char) -> bool) -> Option<Self> {
        self.next().filter(|&c| expected(c)).map(|_| Self {
            at: self.at + 1,
            ..self
        })
    }

    fn after_all(self, expected: &[char]) -> Option<Self> {
        expected
            .iter()
            .try_fold(self, |rest, &expected| rest.after(|c| c == expected))
    }

    fn after_optional(self, expected: impl Fn(char) -> bool) -> Self {
        self.after(expected).unwrap_or(self)
    }

    fn after_joined(self, expected: impl Fn(char) -> bool) -> Option<Self> {
        self.after_all(&[JOINER])?.after(expected)
    }
}

/// Sequences with joiners: professions, genders, families, and a few of their own.
fn joined(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    match first {
        MAN | WOMAN => profession(rest)
            .or_else(|| couple(first, rest))
            .or_else(|| family(first, rest)),
        '\u{1f3cb}' | '\u{1f3cc}' | '\u{1f574}' | '\u{1f575}' | '\u{26f9}' => {
            gender(rest.after(|c| is_skin_tone(c) || c == EMOJI_STYLE)?)
        }
        '\u{1f46f}' | '\u{1f93c}' | '\u{1f9de}' | '\u{1f9df}' => gender(rest),
        '\u{1f3f3}' => rest.after_all(&[EMOJI_STYLE, JOINER, '\u{1f308}']),
        '\u{1f3f4}' => rest.after_all(&[JOINER, '\u{2620}', EMOJI_STYLE]),
        '\u{1f441}' => rest.after_all(&[JOINER, '\u{1f5e8}']),
        _ if takes_gender(first) => gender(rest.after_optional(is_skin_tone)),
        _ => None,
    }
}

fn gender(rest: Rest<'_>) -> Option<Rest<'_>> {
    rest.after_joined(|c| matches!(c, '\u{2640}' | '\u{2642}'))?
        .after_all(&[EMOJI_STYLE])
}

fn profession(rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.after_optional(is_skin_tone).after_all(&[JOINER])?;
    let styled = rest
        .after(|c| matches!(c, '\u{2695}' | '\u{2696}' | '\u{2708}'))
        .and_then(|rest| rest.after_all(&[EMOJI_STYLE]));
    styled.or_else(|| {
        rest.after(|c| {
            matches!(
                c,
                '\u{1f33e}'
                    | '\u{1f373}'
                    | '\u{1f393}'
                    | '\u{1f3a4}'
                    | '\u{1f3a8}'
                    | '\u{1f3eb}'
                    | '\u{1f3ed}'
                    | '\u{1f4bb}'
                    | '\u{1f4bc}'
                    | '\u{1f527}'
                    | '\u{1f52c}'
                    | '\u{1f680}'
                    | '\u{1f692}'
                    | '\u{1f9b0}'..='\u{1f9b3}'
            )
        })
    })
}

/// Two with a heart, with or without a kiss. A man comes second after either, a woman after a
/// woman.
fn couple(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest.after_all(&[JOINER, HEART, EMOJI_STYLE])?;
    let rest = rest.after_joined(|c| c == KISS).unwrap_or(rest);
    rest.after_joined(|c| c == MAN || (c == WOMAN && first == WOMAN))
}

/// One or two parents with one or two children. A man comes second after a man only, a boy before a
/// boy only.
fn family(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    let rest = rest
        .after_joined(|c| c == WOMAN || (c == MAN && first == MAN))
        .unwrap_or(rest);
    if let Some(rest) = rest.after_joined(|c| c == GIRL) {
        return Some(rest.after_joined(|c| c == GIRL || c == BOY).unwrap_or(rest));
    }
    let rest = rest.after_joined(|c| c == BOY)?;
    Some(rest.after_joined(|c| c == BOY).unwrap_or(rest))
}

/// What is an emoji only with what follows it.
fn keycap_or_styled(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    match first {
        '#' | '*' | '0'..='9' => rest
            .after_optional(|c| c == EMOJI_STYLE)
            .after_all(&[KEYCAP]),
        '©' | '®' | '\u{2122}' | '\u{265f}' => rest.after_all(&[EMOJI_STYLE]),
        _ => None,
    }
}

/// What is an emoji by itself, with its style, its skin tone or the rest of its flag.
fn single(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    let styled = |rest: Rest<'_>| match rest.next() {
        Some(TEXT_STYLE) => None,
        Some(EMOJI_STYLE) => Some(rest.at + 1),
        _ => Some(rest.at),
    };
    match kind(first)? {
        Text => Some(Rest {
            at: styled(rest)?,
            ..rest
        }),
        SkinText => Some(
            Rest {
                at: styled(rest)?,
                ..rest
            }
            .after_optional(is_skin_tone),
        ),
        Skin => Some(rest.after_optional(is_skin_tone)),
        Plain => Some(flag(first, rest).unwrap_or(rest)),
    }
}

/// The rest of a flag: the second of two letters, or the tags of a part of the United Kingdom.
fn flag(first: char, rest: Rest<'_>) -> Option<Rest<'_>> {
    let tag = |letter: u8| char::from_u32(0xe0000 + u32::from(letter));
    if first == '\u{1f3f4}' {
        return ["gbeng", "gbsct", "gbwls"].iter().find_map(|region| {
            let rest = region
                .bytes()
                .try_fold(rest, |rest, letter| rest.after(|c| Some(c) == tag(letter)))?;
            rest.after(|c| c == '\u{e007f}')
        });
    }
    let seconds = REGIONS.get(regional_letter(first)?)?;
    rest.after(|c| {
        regional_letter(c)
            .and_then(|letter| u8::try_from(letter).ok())
            .is_some_and(|letter| seconds.as_bytes().contains(&(b'A' + letter)))
    })
}

/// The place in the alphabet of a regional indicator.
fn regional_letter(c: char) -> Option<usize> {
    usize::try_from(u32::from(c).checked_sub(0x1f1e6)?)
        .ok()
        .filter(|&letter| letter < 26)
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether `c` has a form for each gender, with or without a skin tone.
fn takes_gender(c: char) -> bool {
    matches!(
        u32::from(c),
        0x1f3c3..=0x1f3c4
            | 0x1f3ca
            | 0x1f46e
            | 0x1f471
            | 0x1f473
            | 0x1f477
            | 0x1f481..=0x1f482
            | 0x1f486..=0x1f487
            | 0x1f645..=0x1f647
            | 0x1f64b
            | 0x1f64d..=0x1f64e
            | 0x1f6a3
            | 0x1f6b4..=0x1f6b6
            | 0x1f926
            | 0x1f935
            | 0x1f937..=0x1f939
            | 0x1f93d..=0x1f93e
            | 0x1f9b8..=0x1f9b9
            | 0x1f9d6..=0x1f9dd
    )
}

fn kind(c: char) -> Option<Kind> {
    let c = u32::from(c);
    let (_, end, kind) = RANGES.get(
        RANGES
            .partition_point(|&(start, ..)| start <= c)
            .checked_sub(1)?,
    )?;
    (c <= *end).then_some(*kind)
}

/// What an emoji that stands by itself may draw in of what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing; but see [`flag`].
    Plain,
    /// The selector of the emoji style. With the selector of the text style it is no emoji.
    Text,
    /// A skin tone.
    Skin,
    /// As [`Kind::Text`], then a skin tone.
    SkinText,
}

/// For each first letter of a flag, its second letters.
const REGIONS: [&str; 26] = [
    "CDEFGILMOQRSTUWXZ",
    "ABDEFGHIJLMNOQRSTVWYZ",
    "ACDFGHIKLMNOPRUVWXYZ",
    "EGJKMOZ",
    "ACEGHRSTU",
    "IJKMOR",
    "ABDEFGHILMNPQRSTUWY",
    "KMNRTU",
    "CDELMNOQRST",
    "EMOP",
    "EGHIMNPRWYZ",
    "ABCIKRSTUVY",
    "ACDEFGHKLMNOPQRSTUVWXYZ",
    "ACEFGILOPRUZ",
    "M",
    "AEFGHKLMNRSTWY",
    "A",
    "EOSUW",
    "ABCDEGHIJKLMNORSTVXYZ",
    "ACDFGHJKLMNORTVWZ",
    "AGMNSYZ",
    "ACEGINU",
    "FS",
    "K",
    "ET",
    "AMW",
];

/// The emoji that stand by themselves, in order, as ranges with both ends included.
#[rustfmt::skip]
const RANGES: &[(u32, u32, Kind)] = &[
    (0x203c, 0x203c, Text), (0x2049, 0x2049, Text), (0x2139, 0x2139, Text), (0x2194, 0x2199, Text),
    (0x21a9, 0x21aa, Text), (0x231a, 0x231b, Text), (0x2328, 0x2328, Text), (0x23cf, 0x23cf, Text),
    (0x23e9, 0x23ec, Plain), (0x23ed, 0x23ef, Text), (0x23f0, 0x23f0, Plain), (0x23f1, 0x23f2, Text),
    (0x23f3, 0x23f3, Plain), (0x23f8, 0x23fa, Text), (0x24c2, 0x24c2, Text), (0x25aa, 0x25ab, Text),
    (0x25b6, 0x25b6, Text), (0x25c0, 0x25c0, Text), (0x25fb, 0x25fe, Text), (0x2600, 0x2604, Text),
    (0x260e, 0x260e, Text), (0x2611, 0x2611, Text), (0x2614, 0x2615, Text), (0x2618, 0x2618, Text),
    (0x261d, 0x261d, SkinText), (0x2620, 0x2620, Text), (0x2622, 0x2623, Text), (0x2626, 0x2626, Text),
    (0x262a, 0x262a, Text), (0x262e, 0x262f, Text), (0x2638, 0x263a, Text), (0x2640, 0x2640, Text),
    (0x2642, 0x2642, Text), (0x2648, 0x2653, Text), (0x2660, 0x2660, Text), (0x2663, 0x2663, Text),
    (0x2665, 0x2666, Text), (0x2668, 0x2668, Text), (0x267b, 0x267b, Text), (0x267e, 0x267e, Plain),
    (0x267f, 0x267f, Text), (0x2692, 0x2697, Text), (0x2699, 0x2699, Text), (0x269b, 0x269c, Text),
    (0x26a0, 0x26a1, Text), (0x26aa, 0x26ab, Text), (0x26b0, 0x26b1, Text), (0x26bd, 0x26be, Text),
    (0x26c4, 0x26c5, Text), (0x26c8, 0x26c8, Text), (0x26ce, 0x26ce, Plain), (0x26cf, 0x26cf, Text),
    (0x26d1, 0x26d1, Text), (0x26d3, 0x26d4, Text), (0x26e9, 0x26ea, Text), (0x26f0, 0x26f5, Text),
    (0x26f7, 0x26f7, SkinText), (0x26f8, 0x26f8, Text), (0x26f9, 0x26f9, SkinText), (0x26fa, 0x26fa, Text),
    (0x26fd, 0x26fd, Text), (0x2702, 0x2702, Text), (0x2705, 0x2705, Plain), (0x2708, 0x2709, Text),
    (0x270a, 0x270b, Skin), (0x270c, 0x270d, SkinText), (0x270f, 0x270f, Text), (0x2712, 0x2712, Text),
    (0x2714, 0x2714, Text), (0x2716, 0x2716, Text), (0x271d, 0x271d, Text), (0x2721, 0x2721, Text),
    (0x2728, 0x2728, Plain), (0x2733, 0x2734, Text), (0x2744, 0x2744, Text), (0x2747, 0x2747, Text),
    (0x274c, 0x274c, Plain), (0x274e, 0x274e, Plain), (0x2753, 0x2755, Plain), (0x2757, 0x2757, Text),
    (0x2763, 0x2764, Text), (0x2795, 0x2797, Plain), (0x27a1, 0x27a1, Text), (0x27b0, 0x27b0, Plain),
    (0x27bf, 0x27bf, Plain), (0x2934, 0x2935, Text), (0x2b05, 0x2b07, Text), (0x2b1b, 0x2b1c, Text),
    (0x2b50, 0x2b50, Text), (0x2b55, 0x2b55, Text), (0x3030, 0x3030, Text), (0x303d, 0x303d, Text),
    (0x3297, 0x3297, Text), (0x3299, 0x3299, Text), (0xe50a, 0xe50a, Plain), (0x1f004, 0x1f004, Text),
    (0x1f0cf, 0x1f0cf, Plain), (0x1f170, 0x1f171, Text), (0x1f17e, 0x1f17f, Text), (0x1f18e, 0x1f18e, Plain),
    (0x1f191, 0x1f19a, Plain), (0x1f1e6, 0x1f1ff, Plain), (0x1f201, 0x1f201, Plain), (0x1f202, 0x1f202, Text),
    (0x1f21a, 0x1f21a, Text), (0x1f22f, 0x1f22f, Text), (0x1f232, 0x1f236, Plain), (0x1f237, 0x1f237, Text),
    (0x1f238, 0x1f23a, Plain), (0x1f250, 0x1f251, Plain), (0x1f300, 0x1f320, Plain), (0x1f321, 0x1f321, Text),
    (0x1f324, 0x1f32c, Text), (0x1f32d, 0x1f335, Plain), (0x1f336, 0x1f336, Text), (0x1f337, 0x1f37c, Plain),
    (0x1f37d, 0x1f37d, Text), (0x1f37e, 0x1f384, Plain), (0x1f385, 0x1f385, Skin), (0x1f386, 0x1f393, Plain),
    (0x1f396, 0x1f397, Text), (0x1f399, 0x1f39b, Text), (0x1f39e, 0x1f39f, Text), (0x1f3a0, 0x1f3c1, Plain),
    (0x1f3c2, 0x1f3c4, Skin), (0x1f3c5, 0x1f3c6, Plain), (0x1f3c7, 0x1f3c7, Skin), (0x1f3c8, 0x1f3c9, Plain),
    (0x1f3ca, 0x1f3ca, Skin), (0x1f3cb, 0x1f3cc, SkinText), (0x1f3cd, 0x1f3ce, Text), (0x1f3cf, 0x1f3d3, Plain),
    (0x1f3d4, 0x1f3df, Text), (0x1f3e0, 0x1f3f0, Plain), (0x1f3f3, 0x1f3f3, Text), (0x1f3f4, 0x1f3f4, Plain),
    (0x1f3f5, 0x1f3f5, Text), (0x1f3f7, 0x1f3f7, Text), (0x1f3f8, 0x1f43e, Plain), (0x1f43f, 0x1f43f, Text),
    (0x1f440, 0x1f440, Plain), (0x1f441, 0x1f441, Text), (0x1f442, 0x1f443, Skin), (0x1f444, 0x1f445, Plain),
    (0x1f446, 0x1f450, Skin), (0x1f451, 0x1f465, Plain), (0x1f466, 0x1f469, Skin), (0x1f46a, 0x1f46d, Plain),
    (0x1f46e, 0x1f46e, Skin), (0x1f46f, 0x1f46f, Plain), (0x1f470, 0x1f478, Skin), (0x1f479, 0x1f47b, Plain),
    (0x1f47c, 0x1f47c, Skin), (0x1f47d, 0x1f480, Plain), (0x1f481, 0x1f483, Skin), (0x1f484, 0x1f484, Plain),
    (0x1f485, 0x1f487, Skin), (0x1f488, 0x1f4a9, Plain), (0x1f4aa, 0x1f4aa, Skin), (0x1f4ab, 0x1f4fc, Plain),
    (0x1f4fd, 0x1f4fd, Text), (0x1f4ff, 0x1f53d, Plain), (0x1f549, 0x1f54a, Text), (0x1f54b, 0x1f54e, Plain),
    (0x1f550, 0x1f567, Plain), (0x1f56f, 0x1f570, Text), (0x1f573, 0x1f573, Text), (0x1f574, 0x1f575, SkinText),
    (0x1f576, 0x1f579, Text), (0x1f57a, 0x1f57a, Skin), (0x1f587, 0x1f587, Text), (0x1f58a, 0x1f58d, Text),
    (0x1f590, 0x1f590, SkinText), (0x1f595, 0x1f596, Skin), (0x1f5a4, 0x1f5a4, Plain), (0x1f5a5, 0x1f5a5, Text),
    (0x1f5a8, 0x1f5a8, Text), (0x1f5b1, 0x1f5b2, Text), (0x1f5bc, 0x1f5bc, Text), (0x1f5c2, 0x1f5c4, Text),
    (0x1f5d1, 0x1f5d3, Text), (0x1f5dc, 0x1f5de, Text), (0x1f5e1, 0x1f5e1, Text), (0x1f5e3, 0x1f5e3, Text),
    (0x1f5e8, 0x1f5e8, Text), (0x1f5ef, 0x1f5ef, Text), (0x1f5f3, 0x1f5f3, Text), (0x1f5fa, 0x1f5fa, Text),
    (0x1f5fb, 0x1f644, Plain), (0x1f645, 0x1f647, Skin), (0x1f648, 0x1f64a, Plain), (0x1f64b, 0x1f64f, Skin),
    (0x1f680, 0x1f6a2, Plain), (0x1f6a3, 0x1f6a3, Skin), (0x1f6a4, 0x1f6b3, Plain), (0x1f6b4, 0x1f6b6, Skin),
    (0x1f6b7, 0x1f6bf, Plain), (0x1f6c0, 0x1f6c0, Skin), (0x1f6c1, 0x1f6c5, Plain), (0x1f6cb, 0x1f6cb, Text),
    (0x1f6cc, 0x1f6cc, Skin), (0x1f6cd, 0x1f6cf, Text), (0x1f6d0, 0x1f6d2, Plain), (0x1f6e0, 0x1f6e5, Text),
    (0x1f6e9, 0x1f6e9, Text), (0x1f6eb, 0x1f6ec, Plain), (0x1f6f0, 0x1f6f0, Text), (0x1f6f3, 0x1f6f3, Text),
    (0x1f6f4, 0x1f6f9, Plain), (0x1f910, 0x1f917, Plain), (0x1f918, 0x1f91c, Skin), (0x1f91d, 0x1f91d, Plain),
    (0x1f91e, 0x1f91f, Skin), (0x1f920, 0x1f925, Plain), (0x1f926, 0x1f926, Skin), (0x1f927, 0x1f92f, Plain),
    (0x1f930, 0x1f939, Skin), (0x1f93a, 0x1f93a, Plain), (0x1f93c, 0x1f93c, Plain), (0x1f93d, 0x1f93e, Skin),
    (0x1f940, 0x1f945, Plain), (0x1f947, 0x1f970, Plain), (0x1f973, 0x1f976, Plain), (0x1f97a, 0x1f97a, Plain),
    (0x1f97c, 0x1f9a2, Plain), (0x1f9b4, 0x1f9b4, Plain), (0x1f9b5, 0x1f9b6, Skin), (0x1f9b7, 0x1f9b7, Plain),
    (0x1f9b8, 0x1f9b9, Skin), (0x1f9c0, 0x1f9c2, Plain), (0x1f9d0, 0x1f9d0, Plain), (0x1f9d1, 0x1f9dd, Skin),
    (0x1f9de, 0x1f9ff, Plain),
];
