//! The account's own recent posts, and whether one of them is what was to be sent.
//!
//! `GET /2/users/{id}/tweets` (<https://docs.x.com/x-api/users/get-posts>): newest first, 900 reads in 15 minutes. X
//! rewrites what it is given: links become t.co, `&`, `<` and `>` become entities, and the text is NFC.

use super::errors::ErrorBody;
use super::limits;
use crate::config::XConfig;
use crate::gate::Content;
use crate::platforms::{Class, NotSent};
use crate::ports::HttpClient;
use crate::text;
use crate::time::Timestamp;
use http::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

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
    /// When it was created, to the second.
    pub created_at: Timestamp,
    /// Each t.co link, and what it stands for.
    pub links: Vec<(String, String)>,
    /// What it replies to.
    pub reply_to: Option<String>,
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
pub async fn read(
    http: &dyn HttpClient,
    config: &XConfig,
    access: &SecretString,
    user_id: &str,
    span: &Span,
) -> Look {
    let mut posts = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let Some(request) = request(config, access, user_id, span, next.as_deref()) else {
            return Look::Refused(unreadable());
        };
        let page = match http.send(request, PAGE_DEADLINE_MS).await {
            Ok(response) => match page(&response) {
                Ok(page) => page,
                Err(look) => return look,
            },
            Err(error) => {
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

fn request(
    config: &XConfig,
    access: &SecretString,
    user_id: &str,
    span: &Span,
    next: Option<&str>,
) -> Option<http::Request<Vec<u8>>> {
    let mut url = url::Url::parse(&format!("{}/2/users/{user_id}/tweets", config.api_base)).ok()?;
    // X takes whole seconds here: down at the beginning, up at the end.
    let whole = |ms: i64| {
        Timestamp::from_millis(ms.div_euclid(1_000) * 1_000)
            .to_string()
            .replace(".000Z", "Z")
    };
    url.query_pairs_mut()
        .append_pair("max_results", &PAGE_SIZE.to_string())
        .append_pair("start_time", &whole(span.from.millis()))
        .append_pair("end_time", &whole(span.to.millis() + 999))
        .append_pair("exclude", "retweets")
        .append_pair("post.fields", "created_at,entities,note_post")
        .append_pair("expansions", "referenced_posts");
    if let Some(token) = next {
        url.query_pairs_mut().append_pair("pagination_token", token);
    }
    http::Request::builder()
        .method(Method::GET)
        .uri(url.as_str())
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", access.expose_secret()),
        )
        .body(Vec::new())
        .ok()
}

fn page(response: &http::Response<Vec<u8>>) -> Result<Value, Look> {
    let status = response.status().as_u16();
    if status == 200 {
        let page: Option<Value> = serde_json::from_slice(response.body()).ok();
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
        401 => Look::Unauthorized,
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
    let links = [
        "/entities/urls",
        "/note_tweet/entities/urls",
        "/note_post/entities/urls",
    ]
    .into_iter()
    .filter_map(|pointer| post.pointer(pointer)?.as_array())
    .flatten()
    .filter_map(|link| {
        let short = link.get("url")?.as_str()?;
        let long = link
            .get("unwound_url")
            .or_else(|| link.get("expanded_url"))?
            .as_str()?;
        Some((short.to_owned(), long.to_owned()))
    })
    .collect();
    let reply_to = ["referenced_posts", "referenced_tweets"]
        .into_iter()
        .filter_map(|name| post.get(name)?.as_array())
        .flatten()
        .find(|other| other.get("type").and_then(Value::as_str) == Some("replied_to"))
        .and_then(|other| other.get("id")?.as_str().map(str::to_owned));
    Some(OwnPost {
        external_id: text("/id")?.to_owned(),
        text: text("/note_post/text")
            .or_else(|| text("/note_tweet/text"))
            .or_else(|| text("/text"))?
            .to_owned(),
        created_at: Timestamp::parse_rfc3339(text("/created_at")?)?,
        links,
        reply_to,
    })
}

/// Whether a post of the timeline is what was to be sent.
#[must_use]
pub fn is(content: &Content, post: &OwnPost) -> bool {
    let same_place = content.reply_to.is_none() || content.reply_to == post.reply_to;
    same_place && comparable(&content.text) == comparable(&expand(post))
}

/// The text as it was given to X, as far as X tells.
fn expand(post: &OwnPost) -> String {
    let mut text = post.text.clone();
    for (short, long) in &post.links {
        text = text.replace(short.as_str(), long);
    }
    // In this order, so that a text that shows an entity ("&amp;lt;") is not decoded twice.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// A form in which the same text is the same: NFC, white space single, links without scheme and closing slash, since
/// X adds these to bare domains.
fn comparable(text: &str) -> String {
    let text: String = text.nfc().collect();
    let mut canonical = String::new();
    let mut characters = text.chars().enumerate().peekable();
    for link in text::urls(&text) {
        while let Some((_, c)) = characters.next_if(|(at, _)| *at < link.start) {
            canonical.push(c);
        }
        while characters.next_if(|(at, _)| *at < link.end).is_some() {}
        let bare = link
            .text
            .split_once("://")
            .map_or(link.text.as_str(), |(_, rest)| rest);
        canonical.push_str(&bare.trim_end_matches('/').to_lowercase());
    }
    canonical.extend(characters.map(|(_, c)| c));
    canonical.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{OwnPost, is, own_post};
    use crate::gate::Content;
    use crate::time::Timestamp;
    use serde_json::json;

    fn shown(text: &str, links: &[(&str, &str)]) -> OwnPost {
        OwnPost {
            external_id: "1".to_owned(),
            text: text.to_owned(),
            created_at: Timestamp::from_millis(0),
            links: links
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
            reply_to: None,
        }
    }

    fn meant(text: &str) -> Content {
        Content {
            text: text.to_owned(),
            reply_to: None,
        }
    }

    #[test]
    fn what_x_rewrites_is_still_recognised() {
        let link = [("https://t.co/abc", "https://example.com/a?b=1")];
        assert!(is(
            &meant("See https://example.com/a?b=1 & <now>"),
            &shown("See https://t.co/abc &amp; &lt;now&gt;", &link)
        ));
        assert!(is(
            &meant("go to example.com."),
            &shown(
                "go to https://t.co/abc.",
                &[("https://t.co/abc", "http://example.com/")]
            )
        ));
        assert!(is(&meant("cafe\u{301}"), &shown("café", &[])));
        assert!(is(&meant("a  b\n"), &shown("a b", &[])));
        assert!(is(
            &meant("write &lt; for <"),
            &shown("write &amp;lt; for &lt;", &[])
        ));
    }

    #[test]
    fn another_text_another_link_or_another_place_is_not_it() {
        let link = [("https://t.co/abc", "https://example.com/other")];
        assert!(!is(
            &meant("See https://example.com/a"),
            &shown("See https://t.co/abc", &link)
        ));
        assert!(!is(&meant("Hello"), &shown("hello", &[])));
        let reply = Content {
            text: "Hello".to_owned(),
            reply_to: Some("9".to_owned()),
        };
        assert!(!is(&reply, &shown("Hello", &[])));
    }

    #[test]
    fn both_vocabularies_are_read() {
        for (note, references) in [
            ("note_tweet", "referenced_tweets"),
            ("note_post", "referenced_posts"),
        ] {
            let post = own_post(&json!({
                "id": "5", "text": "short…", "created_at": "2026-11-21T05:54:21.000Z",
                note: { "text": "the whole long text" },
                references: [{ "type": "replied_to", "id": "4" }],
            }));
            let post = post
                .as_ref()
                .map(|post| (post.text.as_str(), post.reply_to.as_deref()));
            assert_eq!(post, Some(("the whole long text", Some("4"))));
        }
    }
}
