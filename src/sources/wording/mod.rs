//! The text of the post for a video.
//!
//! Promises that what the template says, the link and the hashtags stand in the post whole, and that X finds link and
//! hashtags there, whatever the title is. The title alone is cut, by X's own count of the whole text. A title is text
//! and nothing else: braces in it stay braces, it is one line, and it cannot turn the order of what stands beside it.
//!
//! Does not promise that X finds nothing in the title: a link there is a link, and costs what one costs.

mod template;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::VideoId;
use crate::text::{self, InvalidHashtag};
use template::{Fill, Filled, Template};

pub use template::TemplateError;

/// The template of a source of Shorts that names none.
pub const DEFAULT_TEMPLATE: &str = "🎬 New Short: {{title}}\n\n{{hashtags}}\n{{url}}";

/// The template of a source that posts other videos, too, and names none.
pub const DEFAULT_VIDEO_TEMPLATE: &str = "🎬 New video: {{title}}\n\n{{hashtags}}\n{{url}}";

/// The hashtags of a source of Shorts that names none.
pub const DEFAULT_HASHTAGS: [&str; 1] = ["Shorts"];

/// How many cuts of a title are tried. A second is needed where the first makes one thing of the title's end and of
/// what stands after it; a title for which these are not enough is made for it, and loses all.
const CUTS_MAX: u32 = 32;

/// What stands for a title of which nothing fits.
const ELLIPSIS: &str = "…";

/// Where the link to the video goes. A post with a link costs many times what one without costs.
/// <https://docs.x.com/x-api/getting-started/pricing>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Where the template has `{{url}}`.
    #[default]
    Post,
    /// Into a reply that holds nothing else.
    Reply,
    /// Nowhere.
    None,
}

/// What a template speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Words<'w> {
    /// The video's title.
    pub title: &'w str,
    /// The video's address, as [`url()`] makes it.
    pub url: &'w str,
    /// The channel's name.
    pub channel: &'w str,
    /// With or without `#`. One that is there twice, in whatever case, counts once.
    pub hashtags: &'w [String],
    /// Where the address goes.
    pub link: Link,
}

/// The texts to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The post, and the reply to it if the link goes there. In NFC.
    pub parts: Vec<String>,
}

/// Why there is no text. It will not pass by itself: template, hashtags or the channel's name must change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderError {
    /// The template is none.
    Template(TemplateError),
    /// One of the hashtags is none.
    Hashtag(InvalidHashtag),
    /// The template is too long: without any title, too, the post would be.
    TooLong {
        /// By how much, in X's units.
        excess: u32,
    },
    /// Nothing is left of the template: it is all title and there is none, or all link and that goes elsewhere.
    Blank,
    /// The link or the hashtags are right beside something that makes something else of them.
    Joined,
}

/// The address of a video.
#[must_use]
pub fn url(video_id: &VideoId, short: bool) -> String {
    let path = if short { "shorts/" } else { "watch?v=" };
    format!("https://www.youtube.com/{path}{video_id}")
}

/// Checks that `template` is one: its placeholders are known, and link and hashtags stand apart.
///
/// # Errors
/// The first thing that is wrong with it. Whether it leaves room for a title depends on the words:
/// [`render`] without a title tells.
pub fn check(template: &str) -> Result<(), TemplateError> {
    let letters = Fill {
        title: "a",
        channel: "a",
        url: "https://www.youtube.com/shorts/AAAAAAAAAAA",
        hashtags: "#a",
    };
    match Template::parse(template)?.fill(letters).judge(u32::MAX) {
        Err(RenderError::Blank) => Err(TemplateError::Blank),
        Err(RenderError::Joined) => Err(TemplateError::Joined),
        _ => Ok(()),
    }
}

/// Renders `template` within `limit`, in weighted length, which is to have room for a link.
///
/// The placeholders are `{{title}}`, `{{channel}}`, `{{url}}` and `{{hashtags}}`. A line that held nothing but hashtags
/// or a link goes when there are none, or the link goes elsewhere; so does the white space around the text. Title and
/// channel lose line breaks, control characters and what would turn the direction of the text around them.
///
/// If the text is too long, the title is cut as [`text::truncate`] cuts, at worst to nothing.
///
/// # Errors
/// With no title at all, there is no such text.
pub fn render(template: &str, video: &Words<'_>, limit: u32) -> Result<Rendered, RenderError> {
    let template = Template::parse(template).map_err(RenderError::Template)?;
    let hashtags = text::with_hashtags("", video.hashtags, u32::MAX);
    let hashtags = hashtags.map_err(RenderError::Hashtag)?.text;
    let fill = Fill {
        title: &one_line(video.title),
        channel: &one_line(video.channel),
        url: if video.link == Link::Post {
            video.url
        } else {
            ""
        },
        hashtags: &hashtags,
    };
    let post = fitted(&template, fill, limit)?;
    let mut parts = vec![text::measure(&post.text).text.into_owned()];
    if video.link == Link::Reply {
        parts.push(video.url.to_owned());
    }
    Ok(Rendered { parts })
}

/// The template with as much of the title as leaves the rest whole.
fn fitted(template: &Template<'_>, fill: Fill<'_>, limit: u32) -> Result<Filled, RenderError> {
    let with = |title: &str| {
        let filled = template.fill(Fill { title, ..fill });
        filled.judge(limit).map(|()| filled)
    };
    let whole = with(fill.title);
    let titles = template.titles();
    if whole.is_ok() || titles == 0 || fill.title.is_empty() {
        return whole;
    }
    // The parts of a text do not always weigh what the whole does: a first guess, and what it says of the next.
    let frame = template.fill(Fill { title: "", ..fill });
    let mut room = limit.saturating_sub(text::measure(&frame.text).weighted_length) / titles;
    for _ in 0..CUTS_MAX {
        let Ok(cut) = text::truncate(fill.title, room, None) else {
            break;
        };
        let less = match with(&cut) {
            Err(RenderError::TooLong { excess }) => excess.div_ceil(titles),
            Err(_) => 1,
            found => return found,
        };
        room = room
            .min(text::measure(&cut).weighted_length)
            .saturating_sub(less);
    }
    with(ELLIPSIS).or_else(|_| with(""))
}

/// `text` as a piece of a line: what is invisible and would change more than itself is left out. Marks of direction
/// stay, which do not reach past their neighbours; embeddings, overrides and isolates reach to the end of the line.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn one_line(text: &str) -> String {
    let kept = text.chars().filter(|c| {
        !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            // X accepts these nowhere.
            && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    });
    let spaced: String = kept.map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
