//! What X says that an app has used (<https://docs.x.com/x-api/usage/introduction>): the posts that it has read in this
//! month, and what is left of the money. Asking costs nothing.

use super::api::Api;
use super::ask::{Answered, Ask, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many days are asked for: more than a month has.
const DAYS: &str = "31";

/// The posts that an app has read, as X counts them for its cap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XPostsRead")]
pub struct Posts {
    /// In this period.
    pub used: Option<u64>,
    /// How many it may.
    pub cap: Option<u64>,
    /// The day of the month on which X counts anew.
    pub cap_reset_day: Option<u64>,
    /// By day, as X lists them.
    pub days: Vec<Day>,
}

/// The posts that were read on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XPostsReadOnDay")]
pub struct Day {
    /// The day, or the instant of its beginning, as X writes it.
    pub date: String,
    /// How many.
    pub used: u64,
}

/// What is left of the money, in dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "XCredits")]
pub struct Credits {
    /// In all.
    pub total_usd: Option<f64>,
    /// What was paid for; below 0 where more was used.
    pub prepaid_usd: Option<f64>,
    /// What X gave.
    pub free_usd: Option<f64>,
}

/// `GET /2/usage/tweets`, which takes the app's own token alone.
///
/// # Errors
/// Why X did not answer.
pub async fn tweets(api: &Api<'_>) -> Result<Answered, Refusal> {
    let query = [
        ("days", DAYS),
        (
            "usage.fields",
            "cap_reset_day,daily_project_usage,project_cap,project_usage",
        ),
    ];
    Ask::get("/2/usage/tweets", &query).of(api).await
}

/// `GET /2/usage/credits`. X answers some apps with 404 (<https://github.com/xdevplatform/docs/issues/395>).
///
/// # Errors
/// Why X did not answer.
pub async fn credits(api: &Api<'_>) -> Result<Answered, Refusal> {
    Ask::get("/2/usage/credits", &[]).of(api).await
}

/// Reads an answer of [`tweets`]. X's own sample differs from what it sends: numbers come as texts or as numbers.
#[must_use]
pub fn posts(answer: &Value) -> Posts {
    let data = answer.get("data").unwrap_or(&Value::Null);
    let daily = data.get("daily_project_usage");
    // By X's document an object with a list; in its sample the list itself.
    let daily = daily.map(|daily| daily.get("usage").unwrap_or(daily));
    let daily = daily.and_then(Value::as_array);
    let day = |one: &Value| {
        Some(Day {
            date: one.get("date")?.as_str()?.to_owned(),
            used: number(one.get("usage"))?,
        })
    };
    Posts {
        used: number(data.get("project_usage")),
        cap: number(data.get("project_cap")),
        cap_reset_day: number(data.get("cap_reset_day")),
        days: daily
            .map(|days| days.iter().filter_map(day).collect())
            .unwrap_or_default(),
    }
}

/// Reads an answer of [`credits`].
#[must_use]
pub fn money(answer: &Value) -> Credits {
    let data = answer.get("data").unwrap_or(&Value::Null);
    let dollars = |name: &str| {
        let found = data.get(name)?;
        found.as_f64().or_else(|| found.as_str()?.parse().ok())
    };
    Credits {
        total_usd: dollars("total_balance"),
        prepaid_usd: dollars("prepaid_balance"),
        free_usd: dollars("free_balance"),
    }
}

fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{Day, Posts, money, posts};
    use serde_json::json;

    #[test]
    fn numbers_are_read_as_texts_and_as_numbers() {
        let day = |used| Day {
            date: "2026-11-21T00:00:00.000Z".to_owned(),
            used,
        };
        let expected = Posts {
            used: Some(7),
            cap: Some(3_000_000),
            cap_reset_day: Some(1),
            days: vec![day(7)],
        };
        let one = json!({ "date": "2026-11-21T00:00:00.000Z", "usage": "7" });
        for daily in [json!({ "project_id": "1", "usage": [one] }), json!([one])] {
            let answer = json!({ "data": {
                "cap_reset_day": 1, "project_cap": "3000000", "project_usage": 7, "daily_project_usage": daily,
            } });
            assert_eq!(posts(&answer), expected, "{answer}");
        }
        assert_eq!(posts(&json!({})), Posts::default());
        let credits =
            money(&json!({ "data": { "total_balance": 1.5, "prepaid_balance": "-0.01" } }));
        assert_eq!(
            (credits.total_usd, credits.prepaid_usd, credits.free_usd),
            (Some(1.5), Some(-0.01), None)
        );
    }
}
