//! What X charges for a call (<https://docs.x.com/x-api/getting-started/pricing>). Prices change often, so that each can be
//! configured.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};
use std::iter::Sum;
use std::ops::{Add, Mul};

/// Money: millionths of a US dollar. In the API it is a number of dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i64);

impl Usd {
    /// So many millionths of a dollar.
    #[must_use]
    pub const fn micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In millionths of a dollar.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From dollars; `None` where they are not a price: negative, not a number, or a million and more.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked, and a whole number below 2^53 is exact"
        )]
        (0.0..1e12).contains(&micros).then_some(Self(micros as i64))
    }

    /// In dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "amounts are far below 2^53 millionths"
        )]
        let micros = self.0 as f64;
        micros / 1e6
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Mul<u32> for Usd {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(times)))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl JsonSchema for Usd {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "description": "US dollars." })
    }
}

/// What one call costs, by its kind; of reads, what each post or user that is returned costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// Creating a post without a link.
    pub post: Usd,
    /// Creating one with a link.
    pub post_with_url: Usd,
    /// Uploading a picture or video. X's documentation names no price; its staff says that it counts as a post
    /// (<https://devcommunity.x.com/t/274646>).
    pub media_upload: Usd,
    /// Setting an alt text. Subtitles are in no price list.
    pub media_metadata: Usd,
    /// Liking or reposting.
    pub interaction: Usd,
    /// Taking that back.
    pub interaction_delete: Usd,
    /// Bookmarking. Taking it back costs as much as with a like.
    pub bookmark: Usd,
    /// Deleting a post.
    pub post_delete: Usd,
    /// A post that is read.
    pub post_read: Usd,
    /// A post or user that is read of the account that owns the app.
    pub owned_read: Usd,
    /// A user that is read.
    pub user_read: Usd,
    /// A list of trends.
    pub trends: Usd,
}

/// The same in dollars, as it is configured; what is left out costs what X's page of 2026-10 says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Configured {
    post: f64,
    post_with_url: f64,
    media_upload: f64,
    media_metadata: f64,
    interaction: f64,
    interaction_delete: f64,
    bookmark: f64,
    post_delete: f64,
    post_read: f64,
    owned_read: f64,
    user_read: f64,
    trends: f64,
}

impl Default for Configured {
    fn default() -> Self {
        Self {
            post: 0.015,
            post_with_url: 0.200,
            media_upload: 0.015,
            media_metadata: 0.005,
            interaction: 0.015,
            interaction_delete: 0.010,
            bookmark: 0.005,
            post_delete: 0.005,
            post_read: 0.005,
            owned_read: 0.001,
            user_read: 0.010,
            trends: 0.010,
        }
    }
}

impl Prices {
    /// Reads a JSON object of dollars; an empty one gives X's own prices.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &str) -> Result<Self, String> {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        let dollars: Configured =
            serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
        let price = |dollars: f64| {
            Usd::from_dollars(dollars).ok_or_else(|| format!("{dollars} is not a price in dollars"))
        };
        Ok(Self {
            post: price(dollars.post)?,
            post_with_url: price(dollars.post_with_url)?,
            media_upload: price(dollars.media_upload)?,
            media_metadata: price(dollars.media_metadata)?,
            interaction: price(dollars.interaction)?,
            interaction_delete: price(dollars.interaction_delete)?,
            bookmark: price(dollars.bookmark)?,
            post_delete: price(dollars.post_delete)?,
            post_read: price(dollars.post_read)?,
            owned_read: price(dollars.owned_read)?,
            user_read: price(dollars.user_read)?,
            trends: price(dollars.trends)?,
        })
    }

    /// What creating a post costs. What X counts as a link is not documented; the safe reading is whatever it would
    /// shorten.
    #[must_use]
    pub const fn of_post(&self, has_url: bool) -> Usd {
        if has_url {
            self.post_with_url
        } else {
            self.post
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prices, Usd};

    #[test]
    fn what_is_not_configured_costs_what_x_says_and_a_wrong_price_is_named() {
        let prices = Prices::read(r#"{ "post": 0.02 }"#).unwrap();
        assert_eq!(prices.post, Usd::micros(20_000));
        assert_eq!(prices.post_with_url, Usd::micros(200_000));
        assert_eq!(
            serde_json::to_string(&(prices.post + prices.post * 2)).unwrap(),
            "0.06"
        );
        for wrong in [
            r#"{ "post": -1 }"#,
            r#"{ "posts": 1 }"#,
            "[]",
            "",
            r#"{ "post": 1e7 }"#,
        ] {
            assert!(Prices::read(wrong).is_err(), "{wrong}");
        }
    }
}
