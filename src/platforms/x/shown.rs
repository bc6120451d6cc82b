//! Users, posts and trends as X's answers show them. What X leaves out is absent and not nought; what cannot be what it
//! should be is left out. Answers are in the new vocabulary by now (`vocabulary`).

use super::matching::decoded;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names that X itself shows are short; what is longer is cut, since it is stored and rendered.
const NAME_MAX: usize = 200;

/// A user of X.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XUser")]
pub struct User {
    /// The id that never changes.
    #[schemars(extend("pattern" = "^[0-9]{1,19}$"))]
    pub external_id: String,
    /// The name in the address, without `@`.
    pub handle: String,
    /// The name that is shown.
    pub name: String,
    /// What they say of themselves.
    pub description: Option<String>,
    /// The picture.
    #[schemars(extend("format" = "uri"))]
    pub avatar_url: Option<String>,
    /// Whether X has verified them.
    pub verified: Option<bool>,
    /// As what: `blue`, `business`, `government` or `none`.
    pub verified_type: Option<String>,
    /// Whether their posts are for followers alone.
    pub protected: Option<bool>,
    /// What they pay X for; X tells it of the account itself alone.
    pub subscription: Option<String>,
    /// When they came to X.
    pub created_at: Option<Timestamp>,
    /// How many follow them.
    pub followers: Option<u64>,
    /// How many they follow.
    pub following: Option<u64>,
    /// How many posts they have.
    pub posts: Option<u64>,
    /// In how many lists they are.
    pub listed: Option<u64>,
    /// How many posts they like.
    pub likes: Option<u64>,
}

/// Who wrote a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XAuthor")]
pub struct Author {
    /// Their id.
    #[schemars(extend("pattern" = "^[0-9]{1,19}$"))]
    pub external_id: String,
    /// The name in the address, without `@`; null where X does not say.
    pub handle: Option<String>,
    /// The name that is shown.
    pub name: Option<String>,
    /// The picture.
    #[schemars(extend("format" = "uri"))]
    pub avatar_url: Option<String>,
}

/// How a post did. Null is what X did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XMetrics")]
pub struct Metrics {
    /// Likes.
    pub likes: Option<u64>,
    /// Reposts.
    pub reposts: Option<u64>,
    /// Replies.
    pub replies: Option<u64>,
    /// Quotes.
    pub quotes: Option<u64>,
    /// Bookmarks.
    pub bookmarks: Option<u64>,
    /// How often it was seen.
    pub impressions: Option<u64>,
    /// Clicks on its links. Of own posts, for 30 days, as the next two.
    pub url_clicks: Option<u64>,
    /// Clicks on its author.
    pub profile_clicks: Option<u64>,
    /// Everything that anybody did with it, as X counts.
    pub engagements: Option<u64>,
}

impl Metrics {
    /// X's own count of what was done with the post, or else the sum of what it shows.
    #[must_use]
    pub fn engaged(&self) -> u64 {
        let shown = [
            self.likes,
            self.reposts,
            self.replies,
            self.quotes,
            self.bookmarks,
            self.url_clicks,
            self.profile_clicks,
        ];
        self.engagements
            .unwrap_or_else(|| shown.into_iter().flatten().fold(0, u64::saturating_add))
    }
}

/// A post of X.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XPost")]
pub struct Post {
    /// Its id.
    #[schemars(extend("pattern" = "^[0-9]{1,19}$"))]
    pub external_id: String,
    /// Where it is.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// Its text, the whole of it, with t.co links.
    pub text: String,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// Who wrote it; null where it is plain or X does not say.
    pub author: Option<Author>,
    /// The post that it replies to.
    pub reply_to: Option<String>,
    /// The post that it quotes.
    pub quote_of: Option<String>,
    /// The post that it reposts.
    pub repost_of: Option<String>,
    /// How it did.
    pub metrics: Metrics,
}

/// Something that is talked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "XTrend")]
pub struct Trend {
    /// What.
    pub name: String,
    /// How many posts, where X says so.
    pub posts: Option<u64>,
}

/// The user of an answer's `data`.
#[must_use]
pub fn user(answer: &Value) -> Option<User> {
    user_of(answer.get("data")?)
}

/// The users of an answer's `data`.
#[must_use]
pub fn users(answer: &Value) -> Vec<User> {
    items(answer).filter_map(user_of).collect()
}

/// The post of an answer's `data`. Links lead to `web_base`.
#[must_use]
pub fn post(answer: &Value, web_base: &str) -> Option<Post> {
    post_of(answer.get("data")?, answer, web_base)
}

/// The posts of an answer's `data`.
#[must_use]
pub fn posts(answer: &Value, web_base: &str) -> Vec<Post> {
    let each = items(answer);
    each.filter_map(|item| post_of(item, answer, web_base))
        .collect()
}

/// The trends of an answer's `data`.
#[must_use]
pub fn trends(answer: &Value) -> Vec<Trend> {
    let trend = |item: &Value| {
        Some(Trend {
            name: text(item, "trend_name")?,
            posts: item.get("post_count").and_then(Value::as_u64),
        })
    };
    items(answer).filter_map(trend).collect()
}

/// X's token for the next page.
#[must_use]
pub fn next(answer: &Value) -> Option<&str> {
    answer.pointer("/meta/next_token")?.as_str()
}

/// The metrics of the post in an answer's `data`.
#[must_use]
pub fn metrics(answer: &Value) -> Metrics {
    answer.get("data").map(metrics_of).unwrap_or_default()
}

fn items(answer: &Value) -> impl Iterator<Item = &Value> {
    let data = answer.get("data").and_then(Value::as_array);
    data.into_iter().flatten()
}

fn user_of(user: &Value) -> Option<User> {
    let metric = |name: &str| user.get("public_metrics")?.get(name)?.as_u64();
    let flag = |name: &str| user.get(name).and_then(Value::as_bool);
    Some(User {
        external_id: text(user, "id").filter(|id| is_id(id))?,
        // It stands in addresses.
        handle: text(user, "username").filter(|handle| is_handle(handle))?,
        name: name(user).unwrap_or_default(),
        description: text(user, "description").map(|text| decoded(&text)),
        avatar_url: address(user),
        verified: flag("verified"),
        verified_type: text(user, "verified_type"),
        protected: flag("protected"),
        subscription: text(user, "subscription_type"),
        created_at: instant(user),
        followers: metric("followers_count"),
        following: metric("following_count"),
        posts: metric("post_count"),
        listed: metric("listed_count"),
        likes: metric("like_count"),
    })
}

fn post_of(post: &Value, answer: &Value, web_base: &str) -> Option<Post> {
    let external_id = text(post, "id").filter(|id| is_id(id))?;
    let author = text(post, "author_id").map(|id| author_of(id, answer));
    let handle = author.as_ref().and_then(|author| author.handle.as_deref());
    let referenced = |kind: &str| {
        let all = post.get("referenced_posts")?.as_array()?;
        let one = all
            .iter()
            .find(|one| one.get("type").and_then(Value::as_str) == Some(kind));
        text(one?, "id")
    };
    let whole = post.pointer("/note_post/text").and_then(Value::as_str);
    let short = post.get("text").and_then(Value::as_str);
    Some(Post {
        url: format!("{web_base}/{}/status/{external_id}", handle.unwrap_or("i")),
        text: decoded(whole.or(short).unwrap_or_default()),
        created_at: instant(post),
        reply_to: referenced("replied_to"),
        quote_of: referenced("quoted"),
        // By the name of the rest of X's renaming, should it come.
        repost_of: referenced("retweeted").or_else(|| referenced("reposted")),
        metrics: metrics_of(post),
        author,
        external_id,
    })
}

fn author_of(id: String, answer: &Value) -> Author {
    let users = answer.pointer("/includes/users").and_then(Value::as_array);
    let mut users = users.into_iter().flatten();
    let user = users.find(|user| user.get("id").and_then(Value::as_str) == Some(&*id));
    Author {
        handle: user
            .and_then(|user| text(user, "username"))
            .filter(|handle| is_handle(handle)),
        name: user.and_then(name),
        avatar_url: user.and_then(address),
        external_id: id,
    }
}

fn metrics_of(post: &Value) -> Metrics {
    let count = |group: &str, name: &str| post.get(group)?.get(name)?.as_u64();
    let public = |name| count("public_metrics", name);
    let private = |name| count("non_public_metrics", name);
    Metrics {
        likes: public("like_count"),
        reposts: public("repost_count"),
        replies: public("reply_count"),
        quotes: public("quote_count"),
        bookmarks: public("bookmark_count"),
        impressions: public("impression_count").or_else(|| private("impression_count")),
        url_clicks: private("url_link_clicks"),
        profile_clicks: private("user_profile_clicks"),
        engagements: private("engagements"),
    }
}

fn text(item: &Value, name: &str) -> Option<String> {
    item.get(name)?.as_str().map(str::to_owned)
}

fn instant(item: &Value) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(item.get("created_at")?.as_str()?)
}

fn address(user: &Value) -> Option<String> {
    text(user, "profile_image_url").filter(|address| address.starts_with("https://"))
}

fn name(user: &Value) -> Option<String> {
    let name = user.get("name")?.as_str()?;
    Some(
        name.chars()
            .filter(|c| !c.is_control())
            .take(NAME_MAX)
            .collect(),
    )
}

fn is_handle(text: &str) -> bool {
    (1..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Metrics, post, posts, trends, user, users};
    use serde_json::json;

    const WEB: &str = "https://x.com";

    #[test]
    fn a_post_is_shown_whole_with_its_author_and_what_it_refers_to() {
        let answer = json!({
            "data": { "id": "5", "text": "short…", "note_post": { "text": "Ten &gt; nine &amp;lt;" },
                "author_id": "7", "created_at": "2026-11-21T05:54:21.000Z",
                "referenced_posts": [{ "type": "quoted", "id": "3" }, { "type": "replied_to", "id": "4" }],
                "public_metrics": { "like_count": 1, "repost_count": 2, "impression_count": 30 },
                "non_public_metrics": { "url_link_clicks": 4, "user_profile_clicks": 5, "engagements": 12 } },
            "includes": { "users": [{ "id": "8" }, { "id": "7", "username": "bird", "name": "Bird" }] },
        });
        let post = post(&answer, WEB).unwrap();
        assert_eq!(post.url, "https://x.com/bird/status/5");
        assert_eq!(post.text, "Ten > nine &lt;");
        assert_eq!(
            (post.quote_of.as_deref(), post.reply_to.as_deref()),
            (Some("3"), Some("4"))
        );
        assert_eq!(post.metrics.likes, Some(1));
        assert_eq!(post.metrics.replies, None, "not nought: X did not say");
        assert_eq!(post.metrics.engaged(), 12);
        assert_eq!(post.author.unwrap().name.as_deref(), Some("Bird"));
    }

    #[test]
    fn what_was_done_is_summed_where_x_does_not_count_it() {
        let metrics = Metrics {
            likes: Some(1),
            replies: Some(2),
            impressions: Some(100),
            ..Metrics::default()
        };
        assert_eq!(metrics.engaged(), 3);
    }

    #[test]
    fn what_cannot_be_a_post_a_user_or_a_trend_is_left_out() {
        let answer = json!({ "data": [{ "id": "../1" }, { "text": "a" }, 7, null, { "id": "5" }] });
        let shown = posts(&answer, WEB);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].url, "https://x.com/i/status/5");
        let answer =
            json!({ "data": [{ "id": "1" }, { "id": "2", "username": "b" }, { "username": "c" }] });
        assert_eq!(users(&answer).len(), 1);
        assert_eq!(user(&json!({ "data": [] })), None);
        let answer = json!({ "data": [{ "trend_name": "#Rust", "post_count": "22K" }, {}] });
        assert_eq!(trends(&answer).len(), 1);
        for nothing in [json!(null), json!({}), json!({ "data": {} }), json!([])] {
            assert_eq!(posts(&nothing, WEB), Vec::new());
            assert_eq!(users(&nothing), Vec::new());
        }
    }
}
