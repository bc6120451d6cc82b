//! Query parameters: which may be there, and what they ask for.

use std::collections::BTreeSet;

use serde_json::json;

use super::{answer::Answer, call::Call, refusals::invalid_request, settings::Names};

/// `post.fields` of spec 2.173.
const POST_FIELDS: &[&str] = &[
    "article",
    "article_title",
    "attachments",
    "card_uri",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_controls",
    "entities",
    "geo",
    "id",
    "lang",
    "matched_media_notes",
    "media_metadata",
    "non_public_metrics",
    "note_post",
    "note_request_suggestions",
    "organic_metrics",
    "paid_partnership",
    "possibly_sensitive",
    "promoted_metrics",
    "public_metrics",
    "reply_settings",
    "scopes",
    "source",
    "suggested_source_links",
    "suggested_source_links_with_counts",
    "text",
    "withheld",
];

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

const USER_FIELDS: &[&str] = &[
    "active_follower_count",
    "affiliation",
    "confirmed_email",
    "connection_status",
    "created_at",
    "description",
    "entities",
    "id",
    "is_identity_verified",
    "location",
    "most_recent_tweet_id",
    "name",
    "parody",
    "pinned_tweet_id",
    "profile_banner_url",
    "profile_image_url",
    "protected",
    "public_metrics",
    "receives_your_dm",
    "subscriber_count",
    "subscribes_to_you",
    "subscription",
    "subscription_type",
    "url",
    "username",
    "verified",
    "verified_followers_count",
    "verified_type",
    "withheld",
];

const POST_EXPANSIONS: &[&str] = &[
    "article.cover_media",
    "article.media_entities",
    "attachments.media_keys",
    "attachments.media_source_tweet",
    "attachments.poll_ids",
    "author_id",
    "edit_history_post_ids",
    "edit_history_tweet_ids",
    "entities.mentions.username",
    "geo.place_id",
    "in_reply_to_user_id",
    "referenced_posts",
    "referenced_tweets.id",
    "referenced_tweets.id.author_id",
    "username",
];

const USER_EXPANSIONS: &[&str] = &[
    "affiliation",
    "most_recent_post_id",
    "pinned_post_id",
    "pinned_tweet_id",
];

/// What an answer is to hold beyond its defaults. Fields are kept under their new names.
#[derive(Debug, Default)]
pub struct Wanted {
    pub post: BTreeSet<String>,
    pub user: BTreeSet<String>,
    pub media: BTreeSet<String>,
    pub poll: BTreeSet<String>,
    pub expansions: BTreeSet<String>,
}

impl Wanted {
    pub fn posts(names: Names, call: &Call, others: &[&str]) -> Result<Self, Answer> {
        let others = [others, &["media.fields", "poll.fields", "place.fields"]].concat();
        Self::read(names, call, &others, POST_EXPANSIONS)
    }

    pub fn users(names: Names, call: &Call) -> Result<Self, Answer> {
        Self::read(names, call, &[], USER_EXPANSIONS)
    }

    fn read(
        names: Names,
        call: &Call,
        others: &[&str],
        expansions: &[&str],
    ) -> Result<Self, Answer> {
        let mut known = [others, &["expansions", "user.fields"]].concat();
        if names.has_old() {
            known.push("tweet.fields");
        }
        if names.has_new() {
            known.push("post.fields");
        }
        only(call, &known)?;
        let mut post = list(call, "post.fields", POST_FIELDS)?;
        post.extend(list(call, "tweet.fields", TWEET_FIELDS)?);
        Ok(Self {
            post: post
                .into_iter()
                .map(|name| name.replace("tweet", "post"))
                .collect(),
            user: list(call, "user.fields", USER_FIELDS)?,
            media: values(call, "media.fields"),
            poll: values(call, "poll.fields"),
            expansions: list(call, "expansions", expansions)?
                .into_iter()
                .map(|name| name.replace("tweets.id", "posts").replace("tweet", "post"))
                .collect(),
        })
    }

    /// Whether a field of a post was asked for, as a field or as an expansion.
    pub fn has(&self, field: &str) -> bool {
        self.post.contains(field) || self.expansions.contains(field)
    }
}

/// Refuses parameters that the endpoint does not have, and any that is given twice or empty.
pub fn only(call: &Call, known: &[&str]) -> Result<(), Answer> {
    for (index, (name, value)) in call.query.iter().enumerate() {
        let complaint = if !known.contains(&name.as_str()) {
            format!(
                "The query parameter [{name}] is not one of [{}]",
                known.join(",")
            )
        } else if call.query[..index]
            .iter()
            .any(|(earlier, _)| earlier == name)
        {
            format!("Duplicate parameters are not allowed: the `{name}` query parameter")
        } else if value.is_empty() {
            format!("The {name} query parameter can not be empty")
        } else {
            continue;
        };
        return Err(invalid_request(&json!({name: [value]}), &complaint));
    }
    Ok(())
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
    let value = call.parameter(parameter).unwrap_or_default();
    value.split(',').map(str::to_owned).collect()
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
