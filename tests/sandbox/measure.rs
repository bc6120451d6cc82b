//! How often posts were seen and clicked: what a test says, since nobody looks at posts here.
//!
//! `non_public_metrics` and `organic_metrics` are for the author alone, 30 days long
//! (<https://docs.x.com/x-api/fundamentals/metrics>). Asked of another post, the answer has an error for each field
//! and, as the stricter reading, nothing else of that post. `promoted_metrics` are nobody's: there is no advertising.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    engage::Kind,
    fields::{self, Wanted},
    instants,
    ledger::Post,
    refusals::{invalid_request, not_authorized},
    x::X,
};

const MONTH_MS: i64 = 30 * 86_400_000;

/// What `POST /_sandbox/metrics` takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    pub impressions: u64,
    pub url_clicks: u64,
    pub profile_clicks: u64,
}

#[derive(Debug, Default)]
pub struct Measured(BTreeMap<u64, Metrics>);

impl Measured {
    pub fn set(&mut self, post: u64, metrics: Metrics) {
        self.0.insert(post, metrics);
    }

    pub fn of(&self, post: u64) -> Metrics {
        self.0.get(&post).copied().unwrap_or_default()
    }
}

/// The counts of a post by the names of analytics.
struct Counted {
    metrics: Metrics,
    likes: usize,
    reposts: usize,
    bookmarks: usize,
    replies: usize,
    quotes: usize,
}

impl Counted {
    fn of(x: &X, post: &Post) -> Self {
        let (mut replies, mut quotes) = (0, 0);
        for other in x.ledger.newest_first() {
            replies += usize::from(other.reply_to == Some(post.id));
            quotes += usize::from(other.quote_of() == Some(post.id));
        }
        Self {
            metrics: x.measured.of(post.id),
            likes: x.engagements.count(post.id, Kind::Like),
            reposts: x.engagements.count(post.id, Kind::Repost),
            bookmarks: x.engagements.count(post.id, Kind::Bookmark),
            replies,
            quotes,
        }
    }

    fn engagements(&self) -> u64 {
        let counted = self.likes + self.reposts + self.bookmarks + self.replies + self.quotes;
        counted as u64 + self.metrics.url_clicks + self.metrics.profile_clicks
    }
}

/// The repost count has two names, and is given beside.
pub fn public(x: &X, post: &Post) -> (Value, usize) {
    let counted = Counted::of(x, post);
    let metrics = json!({
        "reply_count": counted.replies,
        "like_count": counted.likes,
        "quote_count": counted.quotes,
        "bookmark_count": counted.bookmarks,
        "impression_count": counted.metrics.impressions,
    });
    (metrics, counted.reposts)
}

pub fn non_public(x: &X, post: &Post) -> Value {
    let counted = Counted::of(x, post);
    json!({
        "impression_count": counted.metrics.impressions,
        "url_link_clicks": counted.metrics.url_clicks,
        "user_profile_clicks": counted.metrics.profile_clicks,
        "engagements": counted.engagements(),
    })
}

pub fn organic(x: &X, post: &Post) -> Value {
    let counted = Counted::of(x, post);
    json!({
        "impression_count": counted.metrics.impressions,
        "url_link_clicks": counted.metrics.url_clicks,
        "user_profile_clicks": counted.metrics.profile_clicks,
        "retweet_count": counted.reposts,
        "reply_count": counted.replies,
        "like_count": counted.likes,
    })
}

/// Whether the reader may see what only authors see.
pub fn is_open_to(post: &Post, wanted: &Wanted) -> bool {
    post.author == wanted.reader && wanted.now_ms < post.created_ms + MONTH_MS
}

/// The errors for the fields of this post that the reader may not see.
pub fn errors(post: &Post, wanted: &Wanted) -> Vec<Value> {
    let is_open = is_open_to(post, wanted);
    ["non_public_metrics", "organic_metrics", "promoted_metrics"]
        .into_iter()
        .filter(|field| wanted.post.contains(*field))
        .filter(|field| !is_open || *field == "promoted_metrics")
        .map(|field| {
            let id = post.id.to_string();
            json!({
                "value": id,
                "detail": format!("Sorry, you are not authorized to access '{field}' on the Tweet with id : [{id}]."),
                "title": "Field Authorization Error",
                "section": "data",
                "field": field,
                "resource_type": "tweet",
                "resource_id": id,
                "parameter": "id",
                "type": "https://api.twitter.com/2/problems/not-authorized-for-field",
            })
        })
        .collect()
}

/// `GET /2/tweets/analytics`. What a test set counts in the hour in which the post was written; only fields that were
/// asked for are there.
pub fn analytics(x: &X, call: &Call, user: u64) -> Result<Answer, Answer> {
    let time = |name: &str| call.parameter(name).and_then(instants::parse).unwrap_or(0);
    let (from_ms, to_ms) = (time("start_time"), time("end_time"));
    if from_ms >= to_ms {
        return Err(invalid_request(
            &json!({"start_time": [call.parameter("start_time")]}),
            "Invalid 'start_time': 'start_time' must be before 'end_time'",
        ));
    }
    let wanted = fields::values(call, "analytics.fields");
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for id in call.parameter("ids").unwrap_or_default().split(',') {
        let post = id.parse().ok().and_then(|id| x.ledger.get(id));
        let Some(post) = post.filter(|post| post.author == user) else {
            errors.push(not_authorized("tweet", "ids", id));
            continue;
        };
        let is_in = (from_ms..to_ms).contains(&post.created_ms);
        let metrics = asked(&Counted::of(x, post), is_in, &wanted);
        let mut row = json!({"id": id});
        if let Some(bucket_ms) = bucket_ms(call.parameter("granularity")) {
            let bucket = post.created_ms.div_euclid(bucket_ms) * bucket_ms;
            let at = instants::format(bucket);
            row["timestamped_metrics"] = if is_in {
                json!([{"timestamp": at, "metrics": metrics}])
            } else {
                json!([])
            };
        } else if let (Value::Object(metrics), Some(row)) = (metrics, row.as_object_mut()) {
            row.extend(metrics);
        }
        data.push(row);
    }
    let read = data.len();
    let mut body = json!({});
    if !data.is_empty() {
        body["data"] = data.into();
    }
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(Answer::json(200, &body).with_posts(read))
}

fn bucket_ms(granularity: Option<&str>) -> Option<i64> {
    match granularity {
        Some("hourly") => Some(3_600_000),
        Some("daily") => Some(86_400_000),
        Some("weekly") => Some(7 * 86_400_000),
        _ => None,
    }
}

fn asked(counted: &Counted, is_in: bool, wanted: &std::collections::BTreeSet<String>) -> Value {
    let known = [
        ("impressions", counted.metrics.impressions),
        ("engagements", counted.engagements()),
        ("likes", counted.likes as u64),
        ("replies", counted.replies as u64),
        ("retweets", counted.reposts as u64),
        ("quote_tweets", counted.quotes as u64),
        ("bookmarks", counted.bookmarks as u64),
        ("url_clicks", counted.metrics.url_clicks),
        ("user_profile_clicks", counted.metrics.profile_clicks),
    ];
    let mut metrics = json!({});
    let others = ["id", "timestamp", "timestamped_metrics"];
    for field in wanted {
        let value = known.iter().find(|(name, _)| name == field);
        if !others.contains(&field.as_str()) {
            let count = value.map_or(0, |(_, count)| *count);
            metrics[field] = if is_in { count } else { 0 }.into();
        }
    }
    metrics
}
