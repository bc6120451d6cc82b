//! The account's own recent posts, as X shows them.
//!
//! `GET /2/users/{id}/tweets` (<https://docs.x.com/x-api/users/get-posts>): newest first, 900 reads in 15 minutes.

use super::api::{Api, Body, Silence};
use super::errors::ErrorBody;
use super::{limits, vocabulary};
use crate::platforms::{Class, NotSent};
use crate::time::Timestamp;
use http::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// How long one page may take, in ms.
const PAGE_DEADLINE_MS: u32 = 10_000;
/// The most that X gives on one page.
const PAGE_SIZE: u32 = 100;
/// How many pages are read: X shows no more than 3,200 posts of an account.
const PAGES_MAX: usize = 32;

/// A post as the account's timeline shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPost {
    /// Its id.
    pub external_id: String,
    /// The text, with t.co links and entities.
    pub text: String,
    /// Whether the text is only the beginning.
    pub is_cut: bool,
    /// When it was created, to the second.
    pub created_at: Timestamp,
    /// The t.co links.
    pub links: Vec<Link>,
    /// How many media are attached.
    pub media: usize,
    /// The ids of those that X names.
    pub media_ids: BTreeSet<String>,
    /// What it replies to.
    pub reply_to: ReplyTo,
}

/// A t.co link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As it stands in the text.
    pub short: String,
    /// Where it leads: as it was typed, with a scheme, and where that led in the end, if X says so.
    pub long: Vec<String>,
    /// X added it for the media of the post.
    pub is_attached: bool,
}

/// What a post replies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyTo {
    /// It is no reply.
    Nobody,
    /// This post.
    Post(String),
    /// It is a reply, and X does not say to what.
    Somebody,
}

/// What a look gave.
pub enum Look {
    /// All posts since then, newest first.
    Posts(Vec<OwnPost>),
    /// The access token is not good.
    Unauthorized,
    /// It cannot be read until somebody repairs this.
    Refused(NotSent),
    /// Not now.
    Later {
        /// When, if X says so.
        at: Option<Timestamp>,
        /// Why, for a person.
        detail: String,
    },
}

/// A span of time.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// From here on.
    pub from: Timestamp,
    /// Until here.
    pub to: Timestamp,
}

/// Reads all that the account posted in a span. Whatever was not read whole is not [`Look::Posts`]: a post must not be
/// called absent by who did not look.
pub async fn read(api: &Api<'_>, user_id: &str, span: &Span) -> Look {
    let mut posts = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = match ask(api, user_id, span, next.as_deref()).await {
            Ok(response) => match page(&response) {
                Ok(page) => page,
                Err(look) => return look,
            },
            Err(Silence::NotPossible(_)) => return Look::Refused(unreadable()),
            Err(Silence::Lost(error)) => {
                return later(&format!(
                    "X was asked for the account's posts, and {error}."
                ));
            }
        };
        let data = page.get("data").and_then(Value::as_array);
        posts.extend(data.into_iter().flatten().filter_map(own_post));
        next = page
            .pointer("/meta/next_token")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if next.is_none() {
            return Look::Posts(posts);
        }
    }
    later("The account has posted more than X shows at once.")
}

fn later(detail: &str) -> Look {
    Look::Later {
        at: None,
        detail: detail.to_owned(),
    }
}

async fn ask(
    api: &Api<'_>,
    user_id: &str,
    span: &Span,
    next: Option<&str>,
) -> Result<http::Response<Vec<u8>>, Silence> {
    // X takes whole seconds here: down at the beginning, up at the end.
    let whole = |ms: i64| {
        Timestamp::from_millis(ms.div_euclid(1_000) * 1_000)
            .to_string()
            .replace(".000Z", "Z")
    };
    let (from, to) = (whole(span.from.millis()), whole(span.to.millis() + 999));
    let size = PAGE_SIZE.to_string();
    let mut query = vec![
        ("max_results", &*size),
        ("start_time", &*from),
        ("end_time", &*to),
        ("exclude", "retweets"),
        (
            "post.fields",
            "attachments,conversation_id,created_at,entities,note_post",
        ),
        ("expansions", "referenced_posts"),
    ];
    query.extend(next.map(|token| ("pagination_token", token)));
    let path = format!("/2/users/{user_id}/tweets");
    api.send(Method::GET, &path, &query, Body::None, PAGE_DEADLINE_MS)
        .await
}

fn page(response: &http::Response<Vec<u8>>) -> Result<Value, Look> {
    let status = response.status().as_u16();
    if status == 200 {
        let mut page: Option<Value> = serde_json::from_slice(response.body()).ok();
        page.iter_mut().for_each(vocabulary::normalize);
        // An empty page says so by its count; errors without data are a refusal that calls itself a success.
        return page
            .filter(|page| {
                page.get("data").is_some()
                    || page.pointer("/meta/result_count") == Some(&Value::from(0))
            })
            .ok_or_else(|| later("X's answer did not show the account's posts."));
    }
    let error = ErrorBody::read(status, response.body());
    Err(match status {
        401 if error.refusal_of_the_app().is_none() => Look::Unauthorized,
        429 => Look::Later {
            at: limits::closed_until(&limits::observed(response.headers())),
            detail: "X allows no more reads of this account for now.".to_owned(),
        },
        _ if !(400..500).contains(&status) => Look::Later {
            at: None,
            detail: format!("X answered {status} when asked for the account's posts."),
        },
        _ => Look::Refused(
            error
                .refusal_of_the_app()
                .unwrap_or_else(|| unreadable().with_upstream(error.words())),
        ),
    })
}

/// The account's posts cannot be read.
#[must_use]
pub fn unreadable() -> NotSent {
    NotSent::new(
        Class::Token,
        "timeline_not_readable",
        "X does not let Godwit read this account's own posts.",
        "Connect the account again and agree to everything that is asked.",
    )
}

fn own_post(post: &Value) -> Option<OwnPost> {
    let text = |pointer: &str| post.pointer(pointer).and_then(Value::as_str);
    let id = text("/id")?;
    let links: Vec<Link> = ["/entities/urls", "/note_post/entities/urls"]
        .into_iter()
        .filter_map(|pointer| post.pointer(pointer)?.as_array())
        .flatten()
        .filter_map(|link| own_link(id, link))
        .collect();
    // One link stands for all media, and is there once for each.
    let keys = post
        .pointer("/attachments/media_keys")
        .and_then(Value::as_array);
    // A key is the kind of medium and the id that it got when it was uploaded.
    let media_ids = keys
        .into_iter()
        .flatten()
        .filter_map(|key| Some(key.as_str()?.rsplit_once('_')?.1.to_owned()))
        .collect();
    let attached = links.iter().filter(|link| link.is_attached).count();
    let note = text("/note_post/text");
    let shown = text("/text").unwrap_or_default();
    let beginning = match note {
        Some(_) => None,
        None => beginning(id, shown, &links),
    };
    Some(OwnPost {
        external_id: id.to_owned(),
        text: note.or(beginning).unwrap_or(shown).to_owned(),
        is_cut: beginning.is_some(),
        created_at: Timestamp::parse_rfc3339(text("/created_at")?)?,
        links,
        media: keys.map_or(0, Vec::len).max(attached),
        media_ids,
        reply_to: reply_to(id, post),
    })
}

fn own_link(id: &str, link: &Value) -> Option<Link> {
    let text = |name: &str| link.get(name).and_then(Value::as_str);
    let long: Vec<String> = ["expanded_url", "unwound_url"]
        .into_iter()
        .filter_map(text)
        .map(str::to_owned)
        .collect();
    // A typed link to the picture of another post looks much the same, but leads to that one.
    let leads_to_own_media = long.iter().any(|long| {
        let media = after_status(id, long);
        media.is_some_and(|rest| rest.starts_with("/photo/") || rest.starts_with("/video/"))
    });
    let has_key = text("media_key").is_some();
    Some(Link {
        short: text("url")?.to_owned(),
        is_attached: leads_to_own_media || (has_key && long.is_empty()),
        long,
    })
}

/// What follows in an address of X behind a post's own id.
pub(super) fn after_status<'a>(id: &str, address: &'a str) -> Option<&'a str> {
    let (_, rest) = address.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let is_x = ["x.com", "twitter.com"]
        .iter()
        .any(|name| host.trim_start_matches("www.").eq_ignore_ascii_case(name));
    let (_, behind) = path.split_once("/status/").filter(|_| is_x)?;
    let rest = behind.strip_prefix(id)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What is shown of a long text, when that is all there is: X ends it with an ellipsis and a link to the whole.
fn beginning<'a>(id: &str, text: &'a str, links: &[Link]) -> Option<&'a str> {
    let whole = links.iter().find(|link| {
        let mut long = link.long.iter();
        long.any(|long| long.contains("/i/web/status/") && after_status(id, long) == Some(""))
    })?;
    let text = text.trim_end().strip_suffix(whole.short.as_str())?;
    text.trim_end().strip_suffix('…')
}

fn reply_to(id: &str, post: &Value) -> ReplyTo {
    let others = post.get("referenced_posts").and_then(Value::as_array);
    let target = others
        .into_iter()
        .flatten()
        .find(|other| other.get("type").and_then(Value::as_str) == Some("replied_to"))
        .and_then(|other| other.get("id")?.as_str());
    let conversation = post.get("conversation_id").and_then(Value::as_str);
    match (target, conversation) {
        (Some(target), _) => ReplyTo::Post(target.to_owned()),
        (None, Some(conversation)) if conversation != id => ReplyTo::Somebody,
        _ => ReplyTo::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnPost, ReplyTo, own_post};
    use serde_json::{Value, json};

    fn read(mut post: Value) -> OwnPost {
        post["created_at"] = json!("2026-11-21T05:54:21.000Z");
        super::vocabulary::normalize(&mut post);
        own_post(&post).unwrap()
    }

    #[test]
    fn both_vocabularies_are_read() {
        for (note, references) in [
            ("note_tweet", "referenced_tweets"),
            ("note_post", "referenced_posts"),
        ] {
            let post = read(json!({
                "id": "5", "text": "short…",
                note: { "text": "the whole long text" },
                references: [{ "type": "quoted", "id": "3" }, { "type": "replied_to", "id": "4" }],
            }));
            assert_eq!(post.text, "the whole long text");
            assert_eq!(post.reply_to, ReplyTo::Post("4".to_owned()));
        }
    }

    #[test]
    fn a_reply_shows_by_its_conversation_when_x_does_not_name_what_it_replies_to() {
        for (conversation, expected) in [
            (json!("5"), ReplyTo::Nobody),
            (json!("4"), ReplyTo::Somebody),
            (json!(null), ReplyTo::Nobody),
        ] {
            let post = read(json!({ "id": "5", "text": "a", "conversation_id": conversation }));
            assert_eq!(post.reply_to, expected);
        }
    }

    #[test]
    fn media_are_counted_and_their_link_is_told_from_typed_ones() {
        let media = |number: u32| {
            json!({ "url": "https://t.co/pic", "media_key": format!("3_{number}"),
            "expanded_url": "https://x.com/a/status/5/photo/1", "display_url": "pic.x.com/pic" })
        };
        let of_another = json!({ "url": "https://t.co/other", "media_key": "3_9",
            "expanded_url": "https://x.com/b/status/4/photo/1", "display_url": "pic.x.com/other" });
        let post = read(
            json!({ "id": "5", "text": "a https://t.co/other https://t.co/pic",
            "entities": { "urls": [media(1), media(2), of_another] } }),
        );
        assert_eq!(post.media, 2);
        let attached: Vec<_> = post.links.iter().map(|link| link.is_attached).collect();
        assert_eq!(attached, [true, true, false]);
        let keys_alone =
            read(json!({ "id": "5", "text": "a", "attachments": { "media_keys": ["3_1"] } }));
        assert_eq!(keys_alone.media, 1);
    }

    #[test]
    fn only_what_x_marks_as_cut_is_cut() {
        let cut = |text: &str, leads_to: &str| {
            let urls = json!([{ "url": "https://t.co/more", "expanded_url": leads_to }]);
            read(json!({ "id": "5", "text": text, "entities": { "urls": urls } }))
        };
        for leads_to in [
            "https://x.com/i/web/status/5",
            "https://twitter.com/i/web/status/5",
        ] {
            let post = cut("the beginning… https://t.co/more", leads_to);
            assert_eq!((post.text.as_str(), post.is_cut), ("the beginning", true));
        }
        assert!(!cut("typed… https://t.co/more", "https://x.com/i/web/status/4").is_cut);
        assert!(!cut("typed https://t.co/more", "https://x.com/i/web/status/5").is_cut);
        assert!(!cut("typed…", "https://x.com/i/web/status/5").is_cut);
    }
}
