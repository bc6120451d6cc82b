//! What a post says after a change: what was given over what was there.

use super::model::Edit;
use super::wording::{ThreadPart, Wording};
use crate::publish::content::Written;

impl Edit {
    /// Whether it changes what is said.
    #[must_use]
    pub const fn changes_the_words(&self) -> bool {
        self.text.is_some()
            || self.thread.is_some()
            || self.media.is_some()
            || self.reply_to.is_given()
            || self.quote.is_given()
            || self.poll.is_given()
            || self.reply_settings.is_given()
            || self.community_id.is_given()
            || self.made_with_ai.is_some()
            || self.paid_partnership.is_some()
            || self.hashtags.is_some()
            || self.overflow.is_some()
            || self.numbering.is_some()
            || self.link.is_given()
    }

    /// What is then said. A text or a thread takes the place of all texts; the media of the first part stay with a text.
    #[must_use]
    pub fn over(self, before: Written) -> Wording {
        let Written {
            segments, options, ..
        } = before;
        let extras = options.extras;
        let first_media = segments.first().map(|first| first.media.clone());
        let (text, thread, media) = match (self.text, self.thread) {
            (text @ Some(_), thread) => {
                let media = self.media.or(first_media).unwrap_or_default();
                (text, thread, media)
            }
            (None, thread @ Some(_)) => (None, thread, self.media.unwrap_or_default()),
            (None, None) if segments.len() > 1 => {
                let mut parts: Vec<ThreadPart> = segments
                    .into_iter()
                    .map(|segment| ThreadPart {
                        text: segment.text,
                        media: segment.media,
                    })
                    .collect();
                if let (Some(media), Some(first)) = (self.media, parts.first_mut()) {
                    first.media = media;
                }
                (None, Some(parts), Vec::new())
            }
            (None, None) => {
                let text = segments.into_iter().next().map(|segment| segment.text);
                let media = self.media.or(first_media).unwrap_or_default();
                (text, None, media)
            }
        };
        Wording {
            text,
            thread,
            media,
            reply_to: self.reply_to.over(options.reply_to),
            edit_of: options.edit_of,
            quote: self.quote.over(extras.quote),
            poll: self.poll.over(extras.poll),
            reply_settings: self.reply_settings.over(extras.reply_settings),
            community_id: self.community_id.over(extras.community_id),
            made_with_ai: self.made_with_ai.unwrap_or(extras.made_with_ai),
            paid_partnership: self.paid_partnership.unwrap_or(extras.paid_partnership),
            hashtags: self.hashtags.unwrap_or(options.hashtags),
            overflow: self.overflow.unwrap_or(options.overflow),
            numbering: self.numbering.unwrap_or(options.numbering),
            link: self.link.over(options.link),
        }
    }
}
