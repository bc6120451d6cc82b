//! Posts and users as JSON, in the vocabulary of the settings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    edits,
    fields::Wanted,
    instants,
    ledger::{Poll, Post},
    media::{Kind, Upload},
    people::User,
    settings::Names,
    text,
    x::X,
};

/// Users and posts joined the sandbox's X on this day, 2024-01-01.
const JOINED_MS: i64 = 1_704_067_200_000;

/// The answer to a read of posts: `data` as given, and `includes` if expansions ask for any.
pub fn with_includes(x: &X, now_ms: i64, posts: &[&Post], wanted: &Wanted, data: &Value) -> Value {
    let mut body = json!({"data": data});
    let mut people = BTreeSet::new();
    let mut referenced = Vec::new();
    let mut media = Vec::new();
    let mut polls = Vec::new();
    for post in posts {
        if wanted.expansions.contains("author_id") {
            people.insert(post.author);
        }
        if wanted.expansions.contains("attachments.media_keys") {
            let ids = post.media_ids.iter().filter_map(|id| id.parse().ok());
            let uploads = ids.filter_map(|id| x.uploads.get(id));
            media.extend(uploads.map(|upload| self::media(upload, wanted)));
        }
        let target = post.reply_to.and_then(|id| x.ledger.get(id));
        if wanted.expansions.contains("in_reply_to_user_id") {
            people.extend(target.map(|post| post.author));
        }
        if wanted.expansions.contains("referenced_posts") {
            let targets = references(post).into_iter();
            let targets = targets.filter_map(|(_, id)| x.ledger.get(id));
            referenced.extend(targets.map(|target| self::post(x, target, wanted)));
        }
        let poll = post.extras.as_ref().and_then(|extras| extras.poll.as_ref());
        if let Some(poll) = poll.filter(|_| wanted.expansions.contains("attachments.poll_ids")) {
            polls.push(self::poll(poll, wanted, now_ms));
        }
    }
    let users: Vec<Value> = people
        .into_iter()
        .filter_map(|id| x.people.get(id))
        .map(|person| user(x, person, wanted))
        .collect();
    if !users.is_empty() {
        body["includes"]["users"] = users.into();
    }
    if !media.is_empty() {
        body["includes"]["media"] = media.into();
    }
    if !polls.is_empty() {
        body["includes"]["polls"] = polls.into();
    }
    if !referenced.is_empty() {
        let names = x.settings.answer_names;
        put(
            names,
            &mut body["includes"],
            "tweets",
            "posts",
            &referenced.into(),
        );
    }
    body
}

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
        let replies = x
            .ledger
            .newest_first()
            .filter(|p| p.reply_to == Some(post.id));
        let mut metrics = json!({
            "reply_count": replies.count(),
            "like_count": 0,
            "quote_count": 0,
            "bookmark_count": 0,
            "impression_count": 0,
        });
        put(
            names,
            &mut metrics,
            "retweet_count",
            "repost_count",
            &json!(0),
        );
        value["public_metrics"] = metrics;
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

fn media(upload: &Upload, wanted: &Wanted) -> Value {
    let kind = match upload.kind {
        Kind::Gif => "animated_gif",
        Kind::Video => "video",
        Kind::Image | Kind::Subtitles => "photo",
    };
    let mut value = json!({"media_key": upload.key(), "type": kind});
    let mut set = |field: &str, content: Value| {
        if wanted.media.contains(field) {
            value[field] = content;
        }
    };
    let (width, height) = upload.size();
    let picture = format!("https://pbs.twimg.com/media/{}.jpg", upload.id);
    set("width", width.into());
    set("height", height.into());
    if let Some(text) = &upload.alt_text {
        set("alt_text", text.clone().into());
    }
    if upload.kind == Kind::Image {
        set("url", picture.into());
    } else {
        set("preview_image_url", picture.into());
        set("duration_ms", upload.duration_ms.into());
        set("public_metrics", json!({"view_count": 0}));
        let video = format!("https://video.twimg.com/{}.mp4", upload.id);
        set(
            "variants",
            json!([{"bit_rate": 832_000, "content_type": "video/mp4", "url": video}]),
        );
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
    set("description", "A user of the sandbox.".into());
    set("profile_image_url", picture.into());
    set("protected", false.into());
    set("verified", (profile.verified_type != "none").into());
    set("verified_type", profile.verified_type.clone().into());
    set(
        "subscription_type",
        profile.subscription_type.clone().into(),
    );
    if wanted.user.contains("public_metrics") {
        let posts = x.ledger.newest_first().filter(|p| p.author == user.id);
        let mut metrics = json!({
            "followers_count": 0,
            "following_count": 0,
            "listed_count": 0,
            "like_count": 0,
            "media_count": 0,
        });
        let count = json!(posts.count());
        put(names, &mut metrics, "tweet_count", "post_count", &count);
        value["public_metrics"] = metrics;
    }
    value
}

/// The posts that this one refers to, and how.
fn references(post: &Post) -> Vec<(&'static str, u64)> {
    let replied_to = post.reply_to.map(|id| ("replied_to", id));
    let quoted = post.quote_of().map(|id| ("quoted", id));
    replied_to.into_iter().chain(quoted).collect()
}

fn poll(poll: &Poll, wanted: &Wanted, now_ms: i64) -> Value {
    let each = poll.options.iter().enumerate();
    let options: Vec<Value> = each
        .map(|(index, label)| json!({"position": index + 1, "label": label, "votes": 0}))
        .collect();
    let mut value = json!({"id": poll.id.to_string(), "options": options});
    let mut set = |field: &str, content: Value| {
        if wanted.poll.contains(field) {
            value[field] = content;
        }
    };
    let status = if now_ms < poll.ends_ms {
        "open"
    } else {
        "closed"
    };
    set("duration_minutes", poll.minutes.into());
    set("end_datetime", instants::format(poll.ends_ms).into());
    set("voting_status", status.into());
    value
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

fn put(names: Names, value: &mut Value, old: &str, new: &str, content: &Value) {
    let (has_old, has_new) = names.of(old);
    if has_old {
        value[old] = content.clone();
    }
    if has_new {
        value[new] = content.clone();
    }
}
