//! What a test may choose. The defaults are X as it is for a self-serve app.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    apps::{App, Permissions},
    limits::Limits,
    money::{Prices, Purse},
};

/// How this X behaves. All times are in milliseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Every token, code and t.co name comes from it.
    pub seed: u64,
    pub app_name: String,
    pub client_id: String,
    /// `None` registers a public client.
    #[serde(skip_serializing)]
    pub client_secret: Option<String>,
    /// Matched exactly. X allows at most ten.
    pub redirect_uris: Vec<String>,
    /// The app-only bearer token.
    #[serde(skip_serializing)]
    pub app_bearer: Option<String>,
    /// For OAuth 1.0a and for app-only tokens. Without them the app has neither.
    pub consumer_key: Option<String>,
    #[serde(skip_serializing)]
    pub consumer_secret: Option<String>,
    pub permissions: Permissions,
    /// What the app may spend.
    pub purse: Purse,
    pub prices: Prices,
    /// Further apps. A change of one member of one of them is a change of the list.
    pub apps: Vec<App>,
    pub code_lifetime: i64,
    pub access_token_lifetime: i64,
    /// About six months.
    pub refresh_token_lifetime: i64,
    /// Whether the use of a spent refresh token kills the whole grant. Unsettled on the real X.
    pub family_kill: bool,
    /// Whether a refresh ends the access token before it. Unsettled on the real X.
    pub refresh_ends_access_token: bool,
    /// Scopes that are asked for and never granted.
    pub withheld_scopes: Vec<String>,
    /// How long the same text by the same author is a duplicate. Undocumented on the real X.
    pub duplicate_window: i64,
    /// A post appears in timelines only when it is this old.
    pub timeline_lag: i64,
    /// What the app pays for.
    pub plan: Plan,
    /// For how long after its first version a post may be edited.
    pub edit_window: i64,
    /// How often a post may be edited.
    pub edits: usize,
    /// The names in answers: `tweet.*` (old), `post.*` (new), both in one object, or now these and now those.
    pub answer_names: Names,
    /// The names taken in queries: `tweet.fields`, `post.fields` or either.
    pub query_names: Names,
    /// X blocked @mentions for self-serve apps in February 2026 and relaxed it later: undecided on the real X.
    pub refuse_mentions: bool,
    /// Which addresses lead on, and where to.
    pub redirects: BTreeMap<String, String>,
    /// How long X works on a video or a GIF.
    pub media_processing: i64,
    /// How long a media id lives.
    pub media_lifetime: i64,
    /// The length of every video that is finalized from now on: X would look into the file.
    pub video_duration: i64,
    /// Bytes of one segment. The docs say 5 MB; X takes 8 MB.
    pub segment_limit: u64,
    /// What trends everywhere, first first.
    pub trends: Vec<String>,
    pub limits: Limits,
}

/// The vocabulary of an answer or a query.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    Old,
    New,
    Both,
    /// One name for each thing, old for some and new for others. As [`Self::Both`] in queries.
    Mixed,
}

/// Self-serve apps may not quote nor like, reply only where they are called, and use one cashtag
/// (<https://docs.x.com/changelog>, 2026-02-23 and 2026-04-16).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    SelfServe,
    Enterprise,
}

impl Plan {
    pub fn is_self_serve(self) -> bool {
        self == Self::SelfServe
    }
}

impl Names {
    pub fn has_old(self) -> bool {
        self != Self::New
    }

    pub fn has_new(self) -> bool {
        self != Self::Old
    }

    /// Whether an answer has this thing under its old and under its new name.
    pub fn of(self, old: &str) -> (bool, bool) {
        // Arbitrary, and the same in every answer.
        let is_odd = old.len() % 2 == 1;
        match self {
            Self::Mixed => (is_odd, !is_odd),
            names => (names.has_old(), names.has_new()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            app_name: "Godwit".into(),
            client_id: "sandbox-client".into(),
            client_secret: None,
            redirect_uris: vec!["http://127.0.0.1:8787/api/v1/connections/x/callback".into()],
            app_bearer: Some("sandbox-app-only".into()),
            consumer_key: None,
            consumer_secret: None,
            permissions: Permissions::ReadWrite,
            purse: Purse::default(),
            prices: Prices::default(),
            apps: Vec::new(),
            code_lifetime: 30_000,
            access_token_lifetime: 7_200_000,
            refresh_token_lifetime: 182 * 86_400_000,
            family_kill: false,
            refresh_ends_access_token: false,
            withheld_scopes: Vec::new(),
            duplicate_window: 86_400_000,
            timeline_lag: 0,
            plan: Plan::SelfServe,
            edit_window: 3_600_000,
            edits: 5,
            answer_names: Names::Old,
            query_names: Names::Both,
            refuse_mentions: false,
            redirects: BTreeMap::new(),
            media_processing: 10_000,
            media_lifetime: 86_400_000,
            video_duration: 30_000,
            segment_limit: 8_000_000,
            trends: ["#Rust", "Edge", "Godwits"].map(String::from).into(),
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// These settings with the given members in the place of their own. The secrets keep their values unless named.
    ///
    /// # Errors
    /// The text of the first member that does not fit.
    pub fn patched(&self, patch: &Value) -> Result<Self, String> {
        let mut value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        merge(&mut value, patch);
        let mut patched: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        if patch.get("client_secret").is_none() {
            patched.client_secret.clone_from(&self.client_secret);
        }
        if patch.get("consumer_secret").is_none() {
            patched.consumer_secret.clone_from(&self.consumer_secret);
        }
        if patch.get("apps").is_none() {
            patched.apps.clone_from(&self.apps);
        }
        if patch.get("app_bearer").is_none() {
            patched.app_bearer.clone_from(&self.app_bearer);
        }
        Ok(patched)
    }
}

/// Members of `patch` take the place of those of `into`, objects member by member.
pub fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}
