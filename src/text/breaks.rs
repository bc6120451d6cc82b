//! How good a place between two characters is to cut a text.

/// How good a place is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Within a word, where one side does not stand alone: after an opening bracket, before a comma
    /// or a small kana, after a vowel that Thai writes before its consonant.
    Awkward,
    /// Within a word, or at a blank that is not to break.
    Cluster,
    /// Between words, or between characters of a script that is written without blanks.
    Word,
    /// After a full stop and the like.
    Sentence,
    /// At a line break.
    Line,
    /// At a blank line.
    Paragraph,
}

/// How many closing brackets and quotes are looked through for the end of a sentence before them.
const MAX_CLOSERS: usize = 4;

/// The rank of the place in `text` where only white space stands between `end` and `start`, or
/// nothing, and something else on both sides.
pub(super) fn rank(text: &[char], end: usize, start: usize) -> Rank {
    let (Some(&before), Some(&after)) = (
        end.checked_sub(1).and_then(|last| text.get(last)),
        text.get(start),
    ) else {
        return Rank::Cluster;
    };
    let between = text.get(end..start).unwrap_or_default();
    if between.is_empty() {
        return rank_without_blank(text, end, before, after);
    }
    match line_breaks(between) {
        0 if between.iter().all(|&c| is_no_break(c)) => Rank::Cluster,
        0 if ends_sentence(text, end, is_stop) && !after.is_lowercase() => Rank::Sentence,
        0 => Rank::Word,
        1 => Rank::Line,
        _ => Rank::Paragraph,
    }
}

fn rank_without_blank(text: &[char], end: usize, before: char, after: char) -> Rank {
    if before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric() {
        Rank::Cluster
    } else if stays_before(after) || stays_after(before) {
        Rank::Awkward
    } else if ends_sentence(text, end, is_wide_stop) {
        Rank::Sentence
    } else if before == '\u{200b}' || has_no_blanks(before) || has_no_blanks(after) {
        Rank::Word
    } else {
        Rank::Cluster
    }
}

/// How many lines end in `blank`. A paragraph separator ends one and leaves one empty.
fn line_breaks(blank: &[char]) -> usize {
    let mut breaks = 0;
    let mut last = None;
    for &c in blank {
        breaks += match c {
            '\n' if last == Some('\r') => 0,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' => 1,
            '\u{2029}' => 2,
            _ => 0,
        };
        last = Some(c);
    }
    breaks
}

/// Whether what ends at `end` ends with a stop, closing brackets and quotes after it aside.
fn ends_sentence(text: &[char], end: usize, is_stop: fn(char) -> bool) -> bool {
    let before = text.get(..end).unwrap_or_default().iter().rev();
    let mut inner = before
        .enumerate()
        .skip_while(|&(at, &c)| at < MAX_CLOSERS && is_closer(c));
    inner.next().is_some_and(|(_, &c)| is_stop(c))
}

/// Stops of all scripts that set blanks between sentences, and those that do not. Most of the
/// property `Sentence_Terminal`. <https://www.unicode.org/reports/tr29/#Sentence_Boundaries>
fn is_stop(c: char) -> bool {
    is_wide_stop(c)
        || matches!(
            c,
            '.' | '!'
                | '?'
                | '…'
                | '‼'
                | '⁇'..='⁉'
                | '\u{589}'
                | '\u{61d}'..='\u{61f}'
                | '\u{6d4}'
                | '\u{700}'..='\u{702}'
                | '\u{964}'..='\u{965}'
                | '\u{f0d}'..='\u{f0e}'
                | '\u{104a}'..='\u{104b}'
                | '\u{1362}'
                | '\u{1367}'..='\u{1368}'
                | '\u{166e}'
                | '\u{1735}'..='\u{1736}'
                | '\u{17d4}'..='\u{17d5}'
                | '\u{1803}'
                | '\u{1809}'
                | '\u{1aa8}'..='\u{1aab}'
                | '\u{1b5a}'..='\u{1b5b}'
                | '\u{1c3b}'..='\u{1c3c}'
                | '\u{a4ff}'
                | '\u{a60e}'..='\u{a60f}'
                | '\u{a92f}'
                | '\u{a9c8}'..='\u{a9c9}'
                | '\u{abeb}'
        )
}

/// Stops after which no blank is set.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '｡' | '．' | '！' | '？')
}

fn is_closer(c: char) -> bool {
    matches!(
        c,
        ')' | ']'
            | '}'
            | '"'
            | '\''
            | '’'
            | '”'
            | '»'
            | '›'
            | '）'
            | '］'
            | '｝'
            | '｣'
            | '〉'
            | '》'
            | '」'
            | '』'
            | '】'
            | '〕'
            | '〗'
            | '〙'
            | '〛'
    )
}

/// Whether `c` belongs to what is before it: no line begins with it.
fn stays_before(c: char) -> bool {
    is_closer(c)
        || is_stop(c)
        || matches!(
            c,
            ',' | ';'
                | ':'
                | '%'
                | '\u{60c}'
                | '\u{61b}'
                | '、'
                | '，'
                | '；'
                | '：'
                | '､'
                | '･'
                | '・'
                | '‥'
                | '々'
                | '〻'
                | 'ー'
                | '～'
                | '〜'
                | 'ｰ'
                | '％'
                | 'ぁ'
                | 'ぃ'
                | 'ぅ'
                | 'ぇ'
                | 'ぉ'
                | 'っ'
                | 'ゃ'
                | 'ゅ'
                | 'ょ'
                | 'ゎ'
                | 'ゝ'
                | 'ゞ'
                | 'ァ'
                | 'ィ'
                | 'ゥ'
                | 'ェ'
                | 'ォ'
                | 'ッ'
                | 'ャ'
                | 'ュ'
                | 'ョ'
                | 'ヮ'
                | 'ヵ'
                | 'ヶ'
                | 'ヽ'
                | 'ヾ'
                | '\u{31f0}'..='\u{31ff}'
                | '\u{ff67}'..='\u{ff6f}'
                | '\u{e30}'
                | '\u{e32}'..='\u{e33}'
                | '\u{e45}'..='\u{e46}'
                | '\u{eb0}'
                | '\u{eb2}'..='\u{eb3}'
                | '\u{ec6}'
        )
}

/// Whether `c` belongs to what is after it: no line ends with it.
fn stays_after(c: char) -> bool {
    matches!(
        c,
        '(' | '['
            | '{'
            | '‘'
            | '“'
            | '«'
            | '‹'
            | '（'
            | '［'
            | '｛'
            | '｢'
            | '〈'
            | '《'
            | '「'
            | '『'
            | '【'
            | '〔'
            | '〖'
            | '〘'
            | '〚'
            | '@'
            | '＠'
            | '#'
            | '＃'
            | '$'
            | '¿'
            | '¡'
            | '\u{e40}'..='\u{e44}'
            | '\u{ec0}'..='\u{ec4}'
    )
}

/// Whether `c` is of a script in which a line may end after almost any character: Han, kana,
/// bopomofo, Yi.
fn has_no_blanks(c: char) -> bool {
    matches!(
        c,
        '\u{2e80}'..='\u{2fdf}'
            | '\u{3001}'..='\u{303f}'
            | '\u{3041}'..='\u{312f}'
            | '\u{31a0}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{a4cf}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff01}'..='\u{ff0f}'
            | '\u{ff1a}'..='\u{ff20}'
            | '\u{ff3b}'..='\u{ff40}'
            | '\u{ff5b}'..='\u{ff9f}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Whether `c` is a blank that holds its neighbours together.
fn is_no_break(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}')
}
