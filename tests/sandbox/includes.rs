//! What expansions bring along: users, posts, media and polls, in `includes`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    fields::Wanted,
    instants,
    ledger::{Poll, Post},
    media::{Kind, Upload},
    render,
    x::X,
};

/// The answer to a read of posts: `data` as given, and `includes` if expansions ask for any.
pub fn with_includes(x: &X, posts: &[&Post], wanted: &Wanted, data: &Value) -> Value {
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
            let targets = render::references(post).into_iter();
            let targets = targets.filter_map(|(_, id)| x.ledger.get(id));
            referenced.extend(targets.map(|target| render::post(x, target, wanted)));
        }
        let poll = post.extras.as_ref().and_then(|extras| extras.poll.as_ref());
        if let Some(poll) = poll.filter(|_| wanted.expansions.contains("attachments.poll_ids")) {
            polls.push(self::poll(poll, wanted));
        }
    }
    let users: Vec<Value> = people
        .into_iter()
        .filter_map(|id| x.people.get(id))
        .map(|person| render::user(x, person, wanted))
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
        render::put(
            names,
            &mut body["includes"],
            "tweets",
            "posts",
            &referenced.into(),
        );
    }
    body
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

fn poll(poll: &Poll, wanted: &Wanted) -> Value {
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
    let status = if wanted.now_ms < poll.ends_ms {
        "open"
    } else {
        "closed"
    };
    set("duration_minutes", poll.minutes.into());
    set("end_datetime", instants::format(poll.ends_ms).into());
    set("voting_status", status.into());
    value
}
