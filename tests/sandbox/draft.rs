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
    pub community: Option<String>,
    pub poll: Option<Poll>,
    pub made_with_ai: bool,
    pub paid_partnership: bool,
    pub hidden: bool,
}

#[derive(Clone, Debug)]
pub struct Poll {
    pub options: Vec<String>,
    pub minutes: i64,
}

/// # Errors
/// X's answer to members that do not go together.
pub fn read(body: &Value) -> Result<Create, Answer> {
    let text_at = |pointer| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let list_at = |pointer| -> Vec<String> {
        let list = body.pointer(pointer).and_then(Value::as_array);
        let each = list.into_iter().flatten().filter_map(Value::as_str);
        each.map(str::to_owned).collect()
    };
    let poll = body["poll"]["duration_minutes"].as_i64();
    let create = Create {
        text: text_at("/text").unwrap_or_default(),
        media_ids: list_at("/media/media_ids"),
        reply_to: text_at("/reply/in_reply_to_tweet_id"),
        quote_of: text_at("/quote_tweet_id"),
        edit_of: text_at("/edit_options/previous_post_id"),
        reply_settings: text_at("/reply_settings"),
        community: text_at("/community_id"),
        poll: poll.map(|minutes| Poll {
            options: list_at("/poll/options"),
            minutes,
        }),
        made_with_ai: body["made_with_ai"] == true,
        paid_partnership: body["paid_partnership"] == true,
        hidden: body["nullcast"] == true,
    };
    let attachments = [
        !create.media_ids.is_empty(),
        create.quote_of.is_some(),
        create.poll.is_some(),
        body.get("card_uri").is_some(),
        body.get("direct_message_deep_link").is_some(),
    ];
    if attachments.into_iter().filter(|attached| *attached).count() > 1 {
        return Err(invalid_request(
            &json!({}),
            "$: only one of media, quote_tweet_id, poll, card_uri and direct_message_deep_link may be given",
        ));
    }
    // X does not say what an edit may carry along. The stricter reading: it changes text and media, and nothing else.
    let is_more = create.poll.is_some() || create.quote_of.is_some() || create.community.is_some();
    if create.edit_of.is_some() && (is_more || create.reply_to.is_some()) {
        return Err(invalid_request(
            &json!({}),
            "$.edit_options: may not be given with reply, quote_tweet_id, poll or community_id",
        ));
    }
    // A text member that is there must say something, also beside media: such a post leaves it out.
    let text_is_needed = create.media_ids.is_empty() || body.get("text").is_some();
    if create.text.trim().is_empty() && text_is_needed {
        return Err(invalid_request(
            &json!({"$.text": [create.text]}),
            "$.text: must not be empty unless media is provided",
        ));
    }
    Ok(create)
}
