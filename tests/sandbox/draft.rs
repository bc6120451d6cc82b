//! What a create asks for, once its body fits the document.

use serde_json::{Value, json};

use super::{answer::Answer, refusals::invalid_request};

/// The members of a create that have an effect here. Those that X only stores were checked and are not kept.
#[derive(Debug, Default)]
pub struct Create {
    pub text: String,
    pub media_ids: Vec<String>,
    pub reply_to: Option<String>,
    pub quote_of: Option<String>,
    pub edit_of: Option<String>,
    pub reply_settings: Option<String>,
    pub has_poll: bool,
    pub hidden: bool,
}

/// # Errors
/// X's answer to members that do not go together.
pub fn read(body: &Value) -> Result<Create, Answer> {
    let text_at = |pointer| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let media_ids = body.pointer("/media/media_ids").and_then(Value::as_array);
    let create = Create {
        text: text_at("/text").unwrap_or_default(),
        media_ids: media_ids
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect(),
        reply_to: text_at("/reply/in_reply_to_tweet_id"),
        quote_of: text_at("/quote_tweet_id"),
        edit_of: text_at("/edit_options/previous_post_id"),
        reply_settings: text_at("/reply_settings"),
        has_poll: body.get("poll").is_some(),
        hidden: body.get("nullcast") == Some(&Value::Bool(true)),
    };
    let attachments = [
        !create.media_ids.is_empty(),
        create.quote_of.is_some(),
        create.has_poll,
        body.get("card_uri").is_some(),
        body.get("direct_message_deep_link").is_some(),
    ];
    if attachments.into_iter().filter(|attached| *attached).count() > 1 {
        return Err(invalid_request(
            &json!({}),
            "$: only one of media, quote_tweet_id, poll, card_uri and direct_message_deep_link may be given",
        ));
    }
    // A text member that is there must say something, also beside media: such a post leaves it out.
    if create.text.trim().is_empty() && (create.media_ids.is_empty() || body.get("text").is_some())
    {
        return Err(invalid_request(
            &json!({"$.text": [create.text]}),
            "$.text: must not be empty unless media is provided",
        ));
    }
    Ok(create)
}
