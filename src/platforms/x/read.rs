//! Reading users, posts with their metrics, and trends: the requests. What is in the answers is read by `shown`.
//!
//! X bills each post ($0.005) and user ($0.010) that it returns, and each list of trends ($0.010)
//! (<https://docs.x.com/x-api/getting-started/pricing>): nothing is asked for that is not shown.

use super::api::Api;
use super::ask::{Answered, Ask, Refusal};
use crate::time::{SECOND_MS, Timestamp};

/// What X asks of OAuth 2.0 tokens for all of these, by its OpenAPI document.
pub const SCOPES: &[&str] = &["tweet.read", "users.read"];

const USER_FIELDS: &str = "created_at,description,profile_image_url,protected,public_metrics,subscription_type,verified,verified_type";
const AUTHOR_FIELDS: &str = "profile_image_url,verified,verified_type";
const POST_FIELDS: &str = "conversation_id,created_at,note_post,public_metrics";

/// A part of a list of posts.
#[derive(Debug, Clone, Copy, Default)]
pub struct PageOf<'a> {
    /// How many, at most: 5 to 100.
    pub limit: u32,
    /// X's token for this page.
    pub next: Option<&'a str>,
}

/// Which of the own posts are measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// From here on, in whole seconds.
    pub from: Timestamp,
    /// Until before here; `None`: until now.
    pub to: Option<Timestamp>,
    /// With what X shows to the author alone, for 30 days.
    pub with_private: bool,
}

/// `GET /2/users/me` (<https://docs.x.com/x-api/users/get-my-user>).
///
/// # Errors
/// Why X did not answer.
pub async fn me(api: &Api<'_>) -> Result<Answered, Refusal> {
    let query = [("user.fields", USER_FIELDS)];
    Ask::get("/2/users/me", &query).of(api).await
}

/// `GET /2/users/{id}` (<https://docs.x.com/x-api/users/get-user-by-id>), which takes an app-only token too.
///
/// # Errors
/// Why X did not answer.
pub async fn user(api: &Api<'_>, user_id: &str) -> Result<Answered, Refusal> {
    let query = [("user.fields", USER_FIELDS)];
    Ask::get(&format!("/2/users/{user_id}"), &query)
        .of(api)
        .await
}

/// `GET /2/users/search` (<https://docs.x.com/x-api/users/search-users>).
///
/// # Errors
/// Why X did not answer.
pub async fn search_users(
    api: &Api<'_>,
    words: &str,
    page: PageOf<'_>,
) -> Result<Answered, Refusal> {
    let limit = page.limit.to_string();
    let mut query = vec![
        ("query", words),
        ("max_results", &*limit),
        ("user.fields", USER_FIELDS),
    ];
    query.extend(page.next.map(|token| ("next_token", token)));
    Ask::get("/2/users/search", &query).of(api).await
}

/// `GET /2/users/{id}/tweets` (<https://docs.x.com/x-api/users/get-posts>), newest first, with reposts and replies.
///
/// # Errors
/// Why X did not answer.
pub async fn timeline(api: &Api<'_>, user_id: &str, page: PageOf<'_>) -> Result<Answered, Refusal> {
    let limit = page.limit.to_string();
    let mut query = vec![
        ("max_results", &*limit),
        ("post.fields", POST_FIELDS),
        ("expansions", "referenced_posts"),
    ];
    query.extend(page.next.map(|token| ("pagination_token", token)));
    Ask::get(&format!("/2/users/{user_id}/tweets"), &query)
        .of(api)
        .await
}

/// `GET /2/users/{id}/mentions` (<https://docs.x.com/x-api/users/get-mentions>), newest first, with their authors.
///
/// # Errors
/// Why X did not answer.
pub async fn mentions(api: &Api<'_>, user_id: &str, page: PageOf<'_>) -> Result<Answered, Refusal> {
    let limit = page.limit.to_string();
    let mut query = vec![
        ("max_results", &*limit),
        ("post.fields", POST_FIELDS),
        ("expansions", "author_id,referenced_posts"),
        ("user.fields", AUTHOR_FIELDS),
    ];
    query.extend(page.next.map(|token| ("pagination_token", token)));
    Ask::get(&format!("/2/users/{user_id}/mentions"), &query)
        .of(api)
        .await
}

/// The user's own posts with their metrics, newest first. Without reposts, which are somebody else's: X refuses to show
/// private metrics of those, and the public ones are not the user's.
///
/// # Errors
/// Why X did not answer.
pub async fn measured(
    api: &Api<'_>,
    user_id: &str,
    which: Measured,
    page: PageOf<'_>,
) -> Result<Answered, Refusal> {
    let limit = page.limit.to_string();
    let (from, to) = (whole_seconds(which.from), which.to.map(whole_seconds));
    let fields = if which.with_private {
        "created_at,non_public_metrics,note_post,public_metrics"
    } else {
        "created_at,note_post,public_metrics"
    };
    let mut query = vec![
        ("max_results", &*limit),
        ("start_time", &*from),
        ("exclude", "retweets"),
        ("post.fields", fields),
    ];
    query.extend(to.as_deref().map(|to| ("end_time", to)));
    query.extend(page.next.map(|token| ("pagination_token", token)));
    Ask::get(&format!("/2/users/{user_id}/tweets"), &query)
        .of(api)
        .await
}

/// `GET /2/tweets/{id}` (<https://docs.x.com/x-api/posts/get-post-by-id>), with its author and public metrics.
///
/// # Errors
/// Why X did not answer.
pub async fn post(api: &Api<'_>, post_id: &str) -> Result<Answered, Refusal> {
    let query = [
        ("post.fields", POST_FIELDS),
        ("expansions", "author_id,referenced_posts"),
        ("user.fields", AUTHOR_FIELDS),
    ];
    Ask::get(&format!("/2/tweets/{post_id}"), &query)
        .of(api)
        .await
}

/// What X shows of a post to its author alone. Asked for by itself: X answers with errors where it is not the author, or
/// the post is older than 30 days (<https://docs.x.com/x-api/fundamentals/metrics>).
///
/// # Errors
/// Why X did not answer.
pub async fn private_metrics(api: &Api<'_>, post_id: &str) -> Result<Answered, Refusal> {
    let query = [("post.fields", "non_public_metrics")];
    Ask::get(&format!("/2/tweets/{post_id}"), &query)
        .of(api)
        .await
}

/// `GET /2/trends/by/woeid/{woeid}` (<https://docs.x.com/x-api/trends/get-trends-by-woeid>).
///
/// # Errors
/// Why X did not answer.
pub async fn trends(api: &Api<'_>, woeid: u32, limit: u32) -> Result<Answered, Refusal> {
    let limit = limit.to_string();
    let query = [
        ("max_trends", &*limit),
        ("trend.fields", "trend_name,tweet_count"),
    ];
    Ask::get(&format!("/2/trends/by/woeid/{woeid}"), &query)
        .of(api)
        .await
}

// X takes whole seconds here.
fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_millis(at.millis().div_euclid(SECOND_MS) * SECOND_MS)
        .to_string()
        .replace(".000Z", "Z")
}
