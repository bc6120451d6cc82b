//! The settings of a source: how its videos become posts.

use super::wording::{self, Link, RenderError, Rendered, Words};
use crate::error::FieldError;
use crate::http::Given;
use crate::ids::AccountId;
use crate::text::{self, InvalidHashtag, STANDARD_LIMIT};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most words that a list of words has.
const WORDS_MAX: usize = 50;
/// The longest word, and the longest hashtag, in characters.
const WORD_MAX: usize = 100;
/// The longest template, in characters.
const TEMPLATE_MAX: usize = 2_000;
/// The most hashtags.
const HASHTAGS_MAX: usize = 10;
/// The longest delay, in seconds.
const DELAY_MAX_SECONDS: u32 = 86_400;
/// The most posts in a day that can be asked for.
const PER_DAY_MAX: u32 = 1_000;

/// What happens with the post that a video becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SourceMode")]
pub enum Mode {
    /// It is published.
    #[default]
    Publish,
    /// It waits for approval.
    Review,
    /// It is a draft.
    Draft,
}

/// Which videos become posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SourceFilter")]
pub enum Filter {
    /// Shorts.
    #[default]
    Shorts,
    /// Everything but Shorts.
    Videos,
    /// Both.
    All,
}

impl Filter {
    /// Whether it has to be known if a video is a Short.
    #[must_use]
    pub const fn needs_kind(self) -> bool {
        !matches!(self, Self::All)
    }
}

/// How a source makes posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the posts go.
    pub accounts: Vec<AccountId>,
    /// What happens with them.
    pub mode: Mode,
    /// Which videos become posts.
    pub filter: Filter,
    /// The text.
    pub template: String,
    /// Where the link goes.
    pub link: Link,
    /// What `{{hashtags}}` stands for.
    pub hashtags: Vec<String>,
    /// Only with one of these words in the title.
    pub include: Vec<String>,
    /// Not with one of these.
    pub exclude: Vec<String>,
    /// How long a post waits, in seconds.
    pub delay_seconds: u32,
    /// How many posts in a day.
    pub max_per_day: Option<u32>,
    /// Whether the video's picture goes along.
    pub thumbnail: bool,
}

/// A source to be made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// The channel: its id, its @handle, or the address of its page.
    #[schemars(length(min = 2, max = 300), extend("examples" = ["@godwit"]))]
    pub channel: String,
    /// The accounts that its posts go to.
    #[schemars(with = "Vec<AccountId>", length(min = 1, max = 50))]
    pub accounts: Vec<String>,
    /// What happens with a post.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Which videos become posts.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The text, with `{{title}}`, `{{url}}`, `{{channel}}` and `{{hashtags}}`. Titles that are too long are cut. If left out, it
    /// says what is new, a Short or, by the filter, a video.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2_000))]
    pub template: Option<String>,
    /// Where the link goes. A link makes an X post cost thirteen times as much.
    #[serde(default)]
    pub link: Option<Link>,
    /// What `{{hashtags}}` stands for, without or with `#`; if left out, `Shorts` where only those are posted.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(min = 1, max = 100)))]
    pub hashtags: Option<Vec<String>>,
    /// Only videos whose title has one of these words, in whatever case.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 100)))]
    pub include: Option<Vec<String>>,
    /// No videos whose title has one of these words.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 100)))]
    pub exclude: Option<Vec<String>>,
    /// How long to wait before a video is posted, in seconds.
    #[serde(default)]
    #[schemars(range(max = 86_400))]
    pub delay_seconds: Option<u32>,
    /// How many posts in a day (UTC) at most; what is beyond is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    pub max_per_day: Option<u32>,
    /// Whether the video's picture goes along.
    #[serde(default)]
    pub thumbnail: Option<bool>,
}

/// What a person changes about a source. Null: as if a new source left it out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SourceChange")]
pub struct Change {
    /// Another channel: what it has published so far is not posted.
    #[serde(default)]
    #[schemars(length(min = 2, max = 300))]
    pub channel: Option<String>,
    /// The accounts that its posts go to.
    #[serde(default)]
    #[schemars(with = "Option<Vec<AccountId>>", length(min = 1, max = 50))]
    pub accounts: Option<Vec<String>>,
    /// What happens with a post.
    #[serde(default)]
    #[schemars(with = "Option<Mode>")]
    pub mode: Given<Mode>,
    /// Which videos become posts.
    #[serde(default)]
    #[schemars(with = "Option<Filter>")]
    pub filter: Given<Filter>,
    /// The text; null: the usual one.
    #[serde(default)]
    #[schemars(with = "Option<String>", length(min = 1, max = 2_000))]
    pub template: Given<String>,
    /// Where the link goes.
    #[serde(default)]
    #[schemars(with = "Option<Link>")]
    pub link: Given<Link>,
    /// What `{{hashtags}}` stands for; null: the usual ones.
    #[serde(default)]
    #[schemars(
        with = "Option<Vec<String>>",
        length(max = 10),
        inner(length(min = 1, max = 100))
    )]
    pub hashtags: Given<Vec<String>>,
    /// Only videos whose title has one of these words.
    #[serde(default)]
    #[schemars(
        with = "Option<Vec<String>>",
        length(max = 50),
        inner(length(min = 1, max = 100))
    )]
    pub include: Given<Vec<String>>,
    /// No videos whose title has one of these words.
    #[serde(default)]
    #[schemars(
        with = "Option<Vec<String>>",
        length(max = 50),
        inner(length(min = 1, max = 100))
    )]
    pub exclude: Given<Vec<String>>,
    /// How long to wait before a video is posted, in seconds.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(max = 86_400))]
    pub delay_seconds: Given<u32>,
    /// How many posts in a day (UTC) at most; null: no limit.
    #[serde(default)]
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000))]
    pub max_per_day: Given<u32>,
    /// Whether the video's picture goes along.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    pub thumbnail: Given<bool>,
}

impl Change {
    /// Whether nothing is to change.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.channel.is_none()
            && self.accounts.is_none()
            && !self.mode.is_given()
            && !self.filter.is_given()
            && !self.template.is_given()
            && !self.link.is_given()
            && !self.hashtags.is_given()
            && !self.include.is_given()
            && !self.exclude.is_given()
            && !self.delay_seconds.is_given()
            && !self.max_per_day.is_given()
            && !self.thumbnail.is_given()
    }
}

impl Settings {
    /// As a new source wants them, for accounts that were read.
    #[must_use]
    pub fn of(new: &NewSource, accounts: Vec<AccountId>) -> Self {
        let filter = new.filter.unwrap_or_default();
        let hashtags = new.hashtags.clone();
        Self {
            accounts,
            mode: new.mode.unwrap_or_default(),
            filter,
            template: new
                .template
                .clone()
                .unwrap_or_else(|| usual_template(filter)),
            link: new.link.unwrap_or_default(),
            hashtags: hashtags.unwrap_or_else(|| usual_hashtags(filter)),
            include: new.include.clone().unwrap_or_default(),
            exclude: new.exclude.clone().unwrap_or_default(),
            delay_seconds: new.delay_seconds.unwrap_or(0),
            max_per_day: new.max_per_day,
            thumbnail: new.thumbnail.unwrap_or(false),
        }
    }

    /// As they are after a change, for accounts that were read. Words that were the usual ones of a filter become those of
    /// the other.
    #[must_use]
    pub fn changed(self, change: &Change, accounts: Option<Vec<AccountId>>) -> Self {
        let filter = after(&change.filter, self.filter);
        let template = Some(self.template).filter(|now| *now != usual_template(self.filter));
        let hashtags = Some(self.hashtags).filter(|now| *now != usual_hashtags(self.filter));
        let template = change.template.clone().over(template);
        let hashtags = change.hashtags.clone().over(hashtags);
        Self {
            accounts: accounts.unwrap_or(self.accounts),
            mode: after(&change.mode, self.mode),
            filter,
            template: template.unwrap_or_else(|| usual_template(filter)),
            link: after(&change.link, self.link),
            hashtags: hashtags.unwrap_or_else(|| usual_hashtags(filter)),
            include: after(&change.include, self.include),
            exclude: after(&change.exclude, self.exclude),
            delay_seconds: after(&change.delay_seconds, self.delay_seconds),
            max_per_day: change.max_per_day.clone().over(self.max_per_day),
            thumbnail: after(&change.thumbnail, self.thumbnail),
        }
    }

    /// The post of a video that has no title to speak of.
    fn shortest(&self) -> Result<Rendered, RenderError> {
        let words = Words {
            title: "",
            url: "https://www.youtube.com/shorts/AAAAAAAAAAA",
            channel: "",
            hashtags: &self.hashtags,
            link: self.link,
        };
        wording::render(&self.template, &words, STANDARD_LIMIT)
    }

    /// Every field in which they cannot be meant so.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut say = |pointer: String, code, detail: String| {
            errors.push(FieldError::new(pointer, code, detail));
        };
        if let Err(why) = wording::check(&self.template) {
            say("/template".to_owned(), "invalid_template", why.to_string());
        } else if self.template.chars().count() > TEMPLATE_MAX {
            let detail = format!("A template has up to {TEMPLATE_MAX} characters.");
            say("/template".to_owned(), "invalid_template", detail);
        } else if let Some(name) = single_braces(&self.template) {
            let detail = format!("A placeholder has two braces: {{{{{name}}}}}.");
            say("/template".to_owned(), "invalid_template", detail);
        } else if let Err(why @ RenderError::TooLong { .. }) = self.shortest() {
            say("/template".to_owned(), "template_too_long", why.to_string());
        }
        if self.hashtags.len() > HASHTAGS_MAX {
            let detail = format!("There are up to {HASHTAGS_MAX} hashtags.");
            say("/hashtags".to_owned(), "too_many_hashtags", detail);
        }
        for (index, tag) in self.hashtags.iter().enumerate() {
            if tag.chars().count() > WORD_MAX {
                let detail = format!("A hashtag has up to {WORD_MAX} characters.");
                say(format!("/hashtags/{index}"), "invalid_hashtag", detail);
            }
        }
        if let Err(InvalidHashtag { index }) = text::with_hashtags("", &self.hashtags, u32::MAX) {
            let detail = "X does not take this for a hashtag, which has letters, digits and underscores, and not only digits.";
            say(
                format!("/hashtags/{index}"),
                "invalid_hashtag",
                detail.to_owned(),
            );
        }
        for (name, words) in [("include", &self.include), ("exclude", &self.exclude)] {
            if words.len() > WORDS_MAX {
                let detail = format!("There are up to {WORDS_MAX} words.");
                say(format!("/{name}"), "too_many_words", detail);
            }
            for (index, word) in words.iter().enumerate() {
                if word.trim().is_empty() || word.chars().count() > WORD_MAX {
                    let detail = format!("A word has 1 to {WORD_MAX} characters.");
                    say(format!("/{name}/{index}"), "invalid_word", detail);
                }
            }
        }
        if self.delay_seconds > DELAY_MAX_SECONDS {
            let detail = format!("A delay is up to {DELAY_MAX_SECONDS} seconds, which are a day.");
            say("/delay_seconds".to_owned(), "invalid_delay", detail);
        }
        if self
            .max_per_day
            .is_some_and(|max| !(1..=PER_DAY_MAX).contains(&max))
        {
            let detail = format!("max_per_day is from 1 to {PER_DAY_MAX}.");
            say("/max_per_day".to_owned(), "invalid_max_per_day", detail);
        }
        errors
    }

    /// Why a title is not one of those that are wanted.
    #[must_use]
    pub fn unwanted(&self, title: &str) -> Option<&'static str> {
        let title = title.to_lowercase();
        let has = |word: &String| has_word(&title, &word.trim().to_lowercase());
        if self.exclude.iter().any(has) {
            return Some("excluded_word");
        }
        let wanted = self.include.is_empty() || self.include.iter().any(has);
        (!wanted).then_some("no_included_word")
    }
}

/// The name of a placeholder that is written with one brace on each side.
fn single_braces(template: &str) -> Option<&'static str> {
    ["title", "url", "channel", "hashtags"]
        .into_iter()
        .find(|name| {
            let doubled = template.matches(&format!("{{{{{name}}}}}")).count();
            template.matches(&format!("{{{name}}}")).count() > doubled
        })
}

/// Whether `word` stands in `text` by itself, both in lower case: not as a part of another word, where words are written apart.
fn has_word(text: &str, word: &str) -> bool {
    // Thai and what follows in Unicode up to the languages of East Asia have no spaces between words, or endings at them.
    let joins = |c: char| c.is_alphanumeric() && c < '\u{e00}';
    let begins = word.chars().next().is_some_and(joins);
    let ends = word.chars().next_back().is_some_and(joins);
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + found.len()..);
        let after = after.and_then(|text| text.chars().next());
        !(begins && before.is_some_and(joins) || ends && after.is_some_and(joins))
    })
}

/// A field after a change.
fn after<T: Clone + Default>(change: &Given<T>, before: T) -> T {
    change.clone().over(Some(before)).unwrap_or_default()
}

fn usual_template(filter: Filter) -> String {
    match filter {
        Filter::Shorts => wording::DEFAULT_TEMPLATE,
        Filter::Videos | Filter::All => wording::DEFAULT_VIDEO_TEMPLATE,
    }
    .to_owned()
}

fn usual_hashtags(filter: Filter) -> Vec<String> {
    match filter {
        Filter::Shorts => wording::DEFAULT_HASHTAGS.map(str::to_owned).to_vec(),
        Filter::Videos | Filter::All => Vec::new(),
    }
}
