//! Trends: those of a place and those of a user, the same few here for everybody
//! (<https://docs.x.com/x-api/trends/introduction>).

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, fields, money::Charge, x::X};

/// Without `tweet_count` unless it is asked for; the document still has it, the docs do not.
pub fn by_woeid(x: &X, call: &Call) -> Answer {
    let wanted = fields::values(call, "trend.fields");
    let most = call
        .parameter("max_trends")
        .and_then(|most| most.parse().ok());
    let data: Vec<Value> = trends(x)
        .take(most.unwrap_or(20))
        .map(|(rank, name)| {
            let mut trend = json!({"trend_name": name});
            if wanted.contains("tweet_count") {
                trend["tweet_count"] = (22_000 / rank).into();
            }
            trend
        })
        .collect();
    Answer::json(200, &json!({"data": data})).worth(Charge::Trends, 1)
}

/// Counts and times are texts, as on the real X.
pub fn personalized(x: &X, call: &Call) -> Answer {
    let wanted = fields::values(call, "personalized_trend.fields");
    let data: Vec<Value> = trends(x)
        .map(|(rank, name)| {
            let whole = json!({
                "trend_name": name,
                "category": "Technology",
                "post_count": format!("{}K posts", 22 / rank),
                "trending_since": "Trending now",
            });
            let mut trend = json!({"trend_name": name});
            for field in &wanted {
                trend[field] = whole[field].clone();
            }
            trend
        })
        .collect();
    Answer::json(200, &json!({"data": data})).worth(Charge::Trends, 1)
}

/// With their ranks, from 1.
fn trends(x: &X) -> impl Iterator<Item = (usize, &String)> {
    (1..).zip(&x.settings.trends)
}
