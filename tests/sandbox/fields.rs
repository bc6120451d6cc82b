//! Query parameters: what they ask for. That they are in the document was checked before.

use std::collections::BTreeSet;

use serde_json::json;

use super::{answer::Answer, call::Call, refusals::invalid_request, settings::Names};

/// `tweet.fields`, the name before spec 2.167, which took some that are expansions now.
const TWEET_FIELDS: &[&str] = &[
    "article",
    "attachments",
    "author_id",
    "card_uri",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_controls",
    "edit_history_tweet_ids",
    "entities",
    "geo",
    "id",
    "in_reply_to_user_id",
    "lang",
    "media_metadata",
    "non_public_metrics",
    "note_tweet",
    "organic_metrics",
    "paid_partnership",
    "possibly_sensitive",
    "promoted_metrics",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
    "scopes",
    "source",
    "text",
    "withheld",
];

/// What an answer is to hold beyond its defaults, and who reads it when. Fields are kept under their new names.
#[derive(Debug, Default)]
pub struct Wanted {
    pub post: BTreeSet<String>,
    pub user: BTreeSet<String>,
    pub media: BTreeSet<String>,
    pub poll: BTreeSet<String>,
    pub expansions: BTreeSet<String>,
    /// 0 for an app-only token.
    pub reader: u64,
    pub now_ms: i64,
}

impl Wanted {
    /// # Errors
    /// When a parameter or a field has a name that is not taken now.
    pub fn read(names: Names, call: &Call, reader: u64) -> Result<Self, Answer> {
        if let Some(value) = call.parameter("post.fields").filter(|_| !names.has_new()) {
            return Err(invalid_request(
                &json!({"post.fields": [value]}),
                "The query parameter [post.fields] is not one of [tweet.fields]",
            ));
        }
        let mut post = values(call, "post.fields");
        post.extend(list(call, "tweet.fields", TWEET_FIELDS)?);
        let expansions = values(call, "expansions").into_iter();
        Ok(Self {
            post: post
                .into_iter()
                .map(|name| name.replace("tweet", "post"))
                .collect(),
            user: values(call, "user.fields"),
            media: values(call, "media.fields"),
            poll: values(call, "poll.fields"),
            expansions: expansions
                .map(|name| name.replace("tweets.id", "posts").replace("tweet", "post"))
                .collect(),
            reader,
            now_ms: call.now_ms,
        })
    }

    /// Whether a field of a post was asked for, as a field or as an expansion.
    pub fn has(&self, field: &str) -> bool {
        self.post.contains(field) || self.expansions.contains(field)
    }
}

/// A parameter that does not have the form it must have.
pub fn not_valid(name: &str, value: &str) -> Answer {
    invalid_request(
        &json!({name: [value]}),
        &format!("The `{name}` query parameter value [{value}] is not valid"),
    )
}

/// The values of a comma separated parameter that the document has checked.
pub fn values(call: &Call, parameter: &str) -> BTreeSet<String> {
    let value = call.parameter(parameter).into_iter();
    value
        .flat_map(|value| value.split(','))
        .map(str::to_owned)
        .collect()
}

/// The values of a comma separated parameter, each one of `known`.
pub fn list(call: &Call, parameter: &str, known: &[&str]) -> Result<BTreeSet<String>, Answer> {
    let Some(value) = call.parameter(parameter) else {
        return Ok(BTreeSet::new());
    };
    value
        .split(',')
        .map(|item| {
            known
                .contains(&item)
                .then(|| item.to_owned())
                .ok_or_else(|| {
                    invalid_request(
                        &json!({parameter: [value]}),
                        &format!(
                            "The `{parameter}` query parameter value [{item}] is not one of [{}]",
                            known.join(",")
                        ),
                    )
                })
        })
        .collect()
}
