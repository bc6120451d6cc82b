//! Posts and users as JSON, in the vocabulary of the settings.

use serde_json::{Value, json};

use super::{
    edits, fields::Wanted, instants, ledger::Post, measure, people::User, settings::Names, text,
    x::X,
};

/// Users and posts joined the sandbox's X on this day, 2024-01-01.
const JOINED_MS: i64 = 1_704_067_200_000;

pub fn post(x: &X, post: &Post, wanted: &Wanted) -> Value {
    let names = x.settings.answer_names;
    let mut value = json!({"id": post.id.to_string(), "text": text::escaped(&post.shown)});
    history(names, &mut value, post);
    let extras = post.extras.as_deref();
    let mut set = |field: &str, content: Value| {
        if wanted.has(field) {
            value[field] = content;
        }
    };
    set("created_at", instants::format(post.created_ms).into());
    set("author_id", post.author.to_string().into());
    set("conversation_id", post.conversation.to_string().into());
    set("reply_settings", post.reply_settings.clone().into());
    set("lang", "en".into());
    set("possibly_sensitive", false.into());
    if let Some(community) = extras.and_then(|extras| extras.community.clone()) {
        set("community_id", community.into());
    }
    let is_paid = extras.is_some_and(|extras| extras.paid_partnership);
    set("paid_partnership", is_paid.into());
    set("source", x.settings.app_name.clone().into());
    if let Some(poll) = extras.and_then(|extras| extras.poll.as_ref())
        && wanted.has("attachments")
    {
        value["attachments"] = json!({"poll_ids": [poll.id.to_string()]});
    }
    if wanted.has("attachments") && !post.media_ids.is_empty() {
        value["attachments"] = json!({"media_keys": post.media_keys});
    }
    if wanted.has("edit_controls") {
        value["edit_controls"] = edits::controls(x, post);
    }
    if wanted.has("entities") {
        let entities = text::entities(&post.shown);
        if entities != json!({}) {
            value["entities"] = entities;
        }
    }
    if wanted.has("public_metrics") {
        let (mut metrics, reposts) = measure::public(x, post);
        let reposts = json!(reposts);
        put(
            names,
            &mut metrics,
            "retweet_count",
            "repost_count",
            &reposts,
        );
        value["public_metrics"] = metrics;
    }
    if measure::is_open_to(post, wanted) {
        if wanted.has("non_public_metrics") {
            value["non_public_metrics"] = measure::non_public(x, post);
        }
        if wanted.has("organic_metrics") {
            value["organic_metrics"] = measure::organic(x, post);
        }
    }
    if let Some(whole) = post.note.as_ref().filter(|_| wanted.has("note_post")) {
        let mut note = json!({"text": text::escaped(whole)});
        let entities = text::entities(whole);
        if entities != json!({}) {
            note["entities"] = entities;
        }
        put(names, &mut value, "note_tweet", "note_post", &note);
    }
    let references = references(post);
    if wanted.has("referenced_posts") && !references.is_empty() {
        let references: Vec<Value> = references
            .into_iter()
            .map(|(kind, id)| json!({"type": kind, "id": id.to_string()}))
            .collect();
        put(
            names,
            &mut value,
            "referenced_tweets",
            "referenced_posts",
            &references.into(),
        );
    }
    let target = post.reply_to.and_then(|id| x.ledger.get(id));
    if let Some(target) = target.filter(|_| wanted.has("in_reply_to_user_id")) {
        value["in_reply_to_user_id"] = target.author.to_string().into();
    }
    value
}

pub fn user(x: &X, user: &User, wanted: &Wanted) -> Value {
    let names = x.settings.answer_names;
    let profile = &user.profile;
    let mut value = json!({
        "id": user.id.to_string(),
        "name": profile.name,
        "username": profile.username,
    });
    let picture = format!(
        "https://pbs.twimg.com/profile_images/{}/sandbox_normal.png",
        user.id
    );
    let mut set = |field: &str, content: Value| {
        if wanted.user.contains(field) {
            value[field] = content;
        }
    };
    set("created_at", instants::format(JOINED_MS).into());
    set("description", profile.description.clone().into());
    set("profile_image_url", picture.into());
    set("protected", profile.protected.into());
    set("verified", (profile.verified_type != "none").into());
    set("verified_type", profile.verified_type.clone().into());
    set("location", "The tidal flats".into());
    set("url", "".into());
    // X tells it to nobody else.
    if wanted.reader == user.id {
        let subscription = profile.subscription_type.clone();
        set("subscription_type", subscription.into());
    }
    if wanted.user.contains("public_metrics") {
        let is_own = |post: &&Post| post.author == user.id && post.is_current();
        let posts = x.ledger.newest_first().filter(is_own);
        let media = posts.filter(|post| !post.media_ids.is_empty()).count();
        let posts = x.ledger.newest_first().filter(is_own);
        let mut metrics = json!({
            "followers_count": profile.followers,
            "following_count": profile.following,
            "listed_count": 0,
            "like_count": x.engagements.likes_of(user.id),
            "media_count": media,
        });
        let count = json!(posts.count());
        put(names, &mut metrics, "tweet_count", "post_count", &count);
        value["public_metrics"] = metrics;
    }
    value
}

/// The posts that this one refers to, and how.
pub fn references(post: &Post) -> Vec<(&'static str, u64)> {
    let replied_to = post.reply_to.map(|id| ("replied_to", id));
    let quoted = post.quote_of().map(|id| ("quoted", id));
    let reposted = post.repost_of().map(|id| ("retweeted", id));
    [replied_to, quoted, reposted]
        .into_iter()
        .flatten()
        .collect()
}

/// The history of edits, this version included: a post that was never edited has itself in it.
pub fn history(names: Names, value: &mut Value, post: &Post) {
    let versions = post.earlier().iter().chain([&post.id]);
    let ids: Value = versions.map(ToString::to_string).collect::<Vec<_>>().into();
    put(
        names,
        value,
        "edit_history_tweet_ids",
        "edit_history_post_ids",
        &ids,
    );
}

pub fn put(names: Names, value: &mut Value, old: &str, new: &str, content: &Value) {
    let (has_old, has_new) = names.of(old);
    if has_old {
        value[old] = content.clone();
    }
    if has_new {
        value[new] = content.clone();
    }
}
