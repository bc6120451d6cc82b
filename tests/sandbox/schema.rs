//! Strict reading of a create's JSON, by the schema `CreatePostsRequest` of spec 2.173.
//!
//! `additionalProperties` is false at every level. The messages are those of X's validator, as seen live
//! (<https://github.com/plhery/node-twitter-api-v2/issues/583>).

use serde_json::{Map, Value, json};

use super::{answer::Answer, refusals::invalid_request};

/// A create that fits the schema. Members that X only stores are checked and not kept.
#[derive(Debug, Default)]
pub struct Create {
    pub text: String,
    pub media_ids: Vec<String>,
    pub reply_to: Option<String>,
    pub quote_of: Option<String>,
    pub edit_of: Option<String>,
    pub reply_settings: Option<String>,
    pub has_poll: bool,
    /// Posts with `card_uri` or `direct_message_deep_link`.
    pub has_card: bool,
    pub hidden: bool,
}

/// What a member must be.
enum Kind {
    Text,
    Flag,
    Id,
    OneOf(&'static [&'static str]),
    Number(i64, i64),
    /// Length of the list, then its items.
    List(usize, usize, &'static Kind),
    /// Length in characters.
    Short(usize, usize),
    Object(&'static [(&'static str, Kind)], &'static [&'static str]),
}

const WHO_REPLIES: Kind = Kind::OneOf(&["following", "mentionedUsers", "subscribers", "verified"]);

const LINK: Kind = Kind::Object(&[("url", Kind::Text)], &["url"]);

const CALLS_TO_ACTION: Kind = Kind::Object(
    &[
        (
            "app_install",
            Kind::Object(
                &[
                    ("app_store_id", Kind::Text),
                    ("ipad_app_store_id", Kind::Text),
                    ("play_store_id", Kind::Text),
                ],
                &[],
            ),
        ),
        ("visit_site", LINK),
        ("watch_now", LINK),
    ],
    &[],
);

const MEDIA: Kind = Kind::Object(
    &[
        ("call_to_actions", CALLS_TO_ACTION),
        ("description", Kind::Text),
        ("embeddable", Kind::Flag),
        ("media_ids", Kind::List(1, 4, &Kind::Id)),
        ("preview_media_id", Kind::Id),
        ("tagged_user_ids", Kind::List(0, 10, &Kind::Id)),
        ("title", Kind::Text),
    ],
    &["media_ids"],
);

const POLL: Kind = Kind::Object(
    &[
        ("duration_minutes", Kind::Number(5, 10_080)),
        ("options", Kind::List(2, 4, &Kind::Short(1, 25))),
        ("reply_settings", WHO_REPLIES),
    ],
    &["options", "duration_minutes"],
);

const REPLY: Kind = Kind::Object(
    &[
        ("auto_populate_reply_metadata", Kind::Flag),
        (
            "exclude_reply_user_ids",
            Kind::List(0, usize::MAX, &Kind::Text),
        ),
        ("in_reply_to_tweet_id", Kind::Id),
    ],
    &["in_reply_to_tweet_id"],
);

const CREATE: Kind = Kind::Object(
    &[
        ("card_uri", Kind::Text),
        ("community_id", Kind::Id),
        ("direct_message_deep_link", Kind::Text),
        (
            "edit_options",
            Kind::Object(&[("previous_post_id", Kind::Id)], &["previous_post_id"]),
        ),
        ("for_super_followers_only", Kind::Flag),
        (
            "geo",
            Kind::Object(&[("place_id", Kind::Text)], &["place_id"]),
        ),
        ("made_with_ai", Kind::Flag),
        ("media", MEDIA),
        ("nullcast", Kind::Flag),
        ("paid_partnership", Kind::Flag),
        ("poll", POLL),
        ("quote_tweet_id", Kind::Id),
        ("reply", REPLY),
        ("reply_settings", WHO_REPLIES),
        ("share_with_followers", Kind::Flag),
        ("text", Kind::Text),
    ],
    &[],
);

/// # Errors
/// X's answer to a body that does not fit.
pub fn read(body: &Value) -> Result<Create, Answer> {
    check("$", body, &CREATE)?;
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
        has_card: body.get("card_uri").is_some() || body.get("direct_message_deep_link").is_some(),
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

fn check(at: &str, value: &Value, kind: &Kind) -> Result<(), Answer> {
    let refuse = |wrong: String| {
        Err(invalid_request(
            &json!({at: [shown_as(value)]}),
            &format!("{at}: {wrong}"),
        ))
    };
    let wrong_type = |expected: &str| refuse(format!("{} found, {expected} expected", name(value)));
    match kind {
        Kind::Text if !value.is_string() => wrong_type("string"),
        Kind::Flag if !value.is_boolean() => wrong_type("boolean"),
        Kind::Text | Kind::Flag => Ok(()),
        Kind::Id => match value.as_str() {
            None => wrong_type("string"),
            Some(id) if is_id(id) => Ok(()),
            Some(_) => refuse("does not match the regex pattern ^[0-9]{1,19}$".into()),
        },
        Kind::OneOf(choices) => match value.as_str() {
            None => wrong_type("string"),
            Some(choice) if choices.contains(&choice) => Ok(()),
            Some(_) => refuse(format!(
                "does not have a value in the enumeration [{}]",
                choices.join(", ")
            )),
        },
        Kind::Number(least, most) => match value.as_i64() {
            None => wrong_type("integer"),
            Some(number) if number < *least => {
                refuse(format!("must have a minimum value of {least}"))
            }
            Some(number) if number > *most => {
                refuse(format!("must have a maximum value of {most}"))
            }
            Some(_) => Ok(()),
        },
        Kind::Short(least, most) => match value.as_str().map(|text| text.chars().count()) {
            None => wrong_type("string"),
            Some(length) if length < *least => {
                refuse(format!("must be at least {least} characters long"))
            }
            Some(length) if length > *most => refuse(format!("may only be {most} characters long")),
            Some(_) => Ok(()),
        },
        Kind::List(least, most, item) => match value.as_array() {
            None => wrong_type("array"),
            Some(items) if items.len() < *least => refuse(format!(
                "there must be a minimum of {least} items in the array"
            )),
            Some(items) if items.len() > *most => refuse(format!(
                "there must be a maximum of {most} items in the array"
            )),
            Some(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, each)| check(&format!("{at}[{index}]"), each, item)),
        },
        Kind::Object(members, required) => match value.as_object() {
            None => wrong_type("object"),
            Some(object) => check_object(at, object, members, required),
        },
    }
}

fn check_object(
    at: &str,
    object: &Map<String, Value>,
    members: &[(&str, Kind)],
    required: &[&str],
) -> Result<(), Answer> {
    let whole = Value::Object(object.clone());
    for (name, value) in object {
        let Some((_, kind)) = members.iter().find(|(known, _)| known == name) else {
            return Err(invalid_request(
                &json!({format!("{at}.{name}"): [shown_as(value)]}),
                &format!(
                    "{at}.{name}: is not defined in the schema and the schema does not allow additional properties"
                ),
            ));
        };
        check(&format!("{at}.{name}"), value, kind)?;
    }
    for name in required {
        if !object.contains_key(*name) {
            return Err(invalid_request(
                &json!({at: [shown_as(&whole)]}),
                &format!("{at}.{name}: is missing but it is required"),
            ));
        }
    }
    Ok(())
}

pub fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// `parameters` holds strings only.
fn shown_as(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
