//! What a test may choose. The defaults are the real services on a good day, and without their delays.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{super::settings::merge, signing::Method};

/// How this YouTube behaves. All times are in milliseconds unless named otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Every id, challenge and chance comes from it.
    pub seed: u64,
    pub api_key: String,
    /// Whether the project of the key has the API switched on.
    pub api_enabled: bool,
    /// <https://developers.google.com/youtube/v3/determine_quota_cost>
    pub daily_units: u32,
    /// Whether the feed offers `ETag` and `Last-Modified`, and answers 304.
    pub validators: bool,
    /// How long after its upload nothing knows a Short as one.
    pub recognition: i64,
    /// Whether feed and notifications call the time of the upload `published`, also of what went public later.
    pub odd_published: bool,
    /// Where the feed says that pictures are.
    pub thumbnail_base: String,
    pub hub: HubSettings,
}

/// How the hub behaves.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubSettings {
    pub mood: Mood,
    /// Until a good answer. About 300 on the real one.
    pub answers_after: u64,
    /// Until the 503 of an outage.
    pub stall: u64,
    /// In an outage: the share of requests that are accepted all the same.
    pub accepted_share: f64,
    /// In an outage: the share of the others that are verified later.
    pub verified_share: f64,
    /// How much later, after the 503.
    pub late_verification: i64,
    pub verifies: Verifies,
    /// Until the verification that comes after the answer.
    pub verifies_after: i64,
    /// What a denial gives as its reason; nothing if empty.
    pub denial_reason: String,
    pub default_lease_s: i64,
    pub longest_lease_s: i64,
    /// Whether callbacks need a port that Google's hub calls, which no local server has.
    pub strict_ports: bool,
    pub distribution: Distribution,
}

/// How notifications go out.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distribution {
    /// Off: channels are verified and never delivered.
    pub on: bool,
    pub method: Method,
    /// Until a notification leaves.
    pub delay: i64,
    /// On top, anything from 0 to this: what changed first may arrive last.
    pub spread: i64,
    /// The share of notifications that go out twice.
    pub duplicate_share: f64,
    /// The share of notifications beside which somebody sends one of his own, about a video that does not exist, with a
    /// wrong signature.
    pub forged_share: f64,
    /// The same without a signature.
    pub unsigned_share: f64,
    /// Until the second attempt; twice as long until each further one.
    pub retry: i64,
    pub attempts: u32,
}

/// The mood of the hub.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Healthy,
    /// As since September 2026: a long stall, then 503, and some of those requests are verified nevertheless.
    Outage,
    /// Accepts, and never verifies.
    Silent,
    /// Accepts, and denies.
    Denies,
}

/// When the verification comes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verifies {
    /// Before the subscribe call returns.
    Before,
    After,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            api_key: "sandbox-api-key".into(),
            api_enabled: true,
            daily_units: 10_000,
            validators: true,
            recognition: 0,
            odd_published: true,
            thumbnail_base: "https://i.ytimg.com".into(),
            hub: HubSettings::default(),
        }
    }
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            mood: Mood::Healthy,
            answers_after: 0,
            stall: 20_200,
            accepted_share: 0.05,
            verified_share: 0.1,
            late_verification: 120_000,
            verifies: Verifies::After,
            verifies_after: 0,
            denial_reason: "Restricted topic".into(),
            default_lease_s: 432_000,
            longest_lease_s: 864_000,
            strict_ports: false,
            distribution: Distribution::default(),
        }
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            on: true,
            method: Method::Sha1,
            delay: 0,
            spread: 0,
            duplicate_share: 0.0,
            forged_share: 0.0,
            unsigned_share: 0.0,
            // DELIVERY_RETRY_PERIOD and MAX_DELIVERY_FAILURES of
            // https://github.com/pubsubhubbub/PubSubHubbub/blob/master/hub/main.py
            retry: 30_000,
            attempts: 4,
        }
    }
}

impl Settings {
    /// These settings with the given members in the place of their own.
    ///
    /// # Errors
    /// The text of the first member that does not fit.
    pub fn patched(&self, patch: &Value) -> Result<Self, String> {
        let mut value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        merge(&mut value, patch);
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}
