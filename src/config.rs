//! The environment → typed configuration. A missing or malformed value is one clear error that names it.
//!
//! [`VARIABLES`] is the table that the README shows.

mod variables;

pub use variables::{VARIABLES, Variable};

use crate::budgets::{Plan, Prices};
use crate::crypto::Keyring;
use crate::platforms::x::app::App;
use crate::time::{MINUTE_MS, SECOND_MS};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// Everything that can be configured.
pub struct Config {
    /// Where this service is reached, without a trailing slash.
    pub base_url: String,
    /// Origins whose pages may call the API, and to which a connect may return.
    pub frontend_origins: Vec<String>,
    /// Signs session tokens.
    pub jwt_secret: SecretString,
    /// Trusted issuers of other tokens.
    pub jwt_issuers: Vec<Issuer>,
    /// Seals secrets at rest.
    pub keyring: Keyring,
    /// Whether strangers may register.
    pub allow_signup: bool,
    /// How X is reached.
    pub x: XConfig,
    /// How YouTube and its hub are reached.
    pub youtube: YouTubeConfig,
    /// The clockwork of publishing.
    pub timing: Timing,
}

/// An issuer whose JWTs are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The exact `iss`.
    pub issuer: String,
    /// The exact `aud`.
    pub audience: String,
    /// Where its public keys are.
    pub jwks_url: Url,
}

/// How X is reached.
pub struct XConfig {
    /// Base of the API, without a trailing slash.
    pub api_base: String,
    /// The consent page.
    pub authorize_url: Url,
    /// Base of the links to published posts.
    pub web_base: String,
    /// The installation's X app.
    pub app: App,
    /// Scopes asked for beyond the ones that posting needs.
    pub extra_scopes: Vec<String>,
    /// Posts that one account may send in 15 minutes.
    pub post_limit_15min: u32,
    /// Posts that all accounts of one X app may send in 24 hours together.
    pub app_posts_per_day: u32,
    /// What calls cost.
    pub prices: Prices,
    /// The plan of the installation's app.
    pub plan: Plan,
}

/// How YouTube and its hub are reached.
pub struct YouTubeConfig {
    /// Base of feeds and pages, without a trailing slash.
    pub web_base: String,
    /// Base of the Data API.
    pub api_base: String,
    /// The key of the Data API.
    pub api_key: Option<SecretString>,
    /// Where subscriptions are asked for.
    pub hub_url: String,
    /// Looks at feeds in a day.
    pub feed_requests_per_day: u32,
    /// Units of the Data API in a day.
    pub api_units_per_day: u32,
}

/// The clockwork of publishing, in milliseconds.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a claim lasts. Longer than the platform's deadline and a grace.
    pub lease_ms: i64,
    /// How long the platform may take to answer a create call.
    pub platform_deadline_ms: u32,
    /// After its deadline, how long a create call may still land at the platform.
    pub landing_grace_ms: i64,
    /// When a delivery that was sent to the queue counts as forgotten by it.
    pub requeue_after_ms: i64,
    /// First wait after a certain refusal; doubled each time.
    pub backoff_ms: i64,
    /// How many certain refusals end a delivery.
    pub max_attempts: u32,
    /// When to read the account's posts after an uncertain call, in ms after it; each entry is one read.
    pub reconcile_after_ms: Vec<i64>,
}

impl Config {
    /// Reads the configuration through `get`, which gives the value of a variable if it is set.
    ///
    /// # Errors
    /// One sentence that names the variable and what it should be. Never the value of a secret.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let env = Environment { get: &get };
        let timing = Timing::read(&env)?;
        let jwt_secret = env.required("JWT_SECRET")?;
        if jwt_secret.len() < 32 {
            return Err("JWT_SECRET must have at least 32 characters".to_owned());
        }
        Ok(Self {
            base_url: env.base("BASE_URL", None)?,
            frontend_origins: env.origins("FRONTEND_ORIGINS")?,
            jwt_secret: SecretString::from(jwt_secret),
            jwt_issuers: match env.optional("JWT_ISSUERS") {
                None => Vec::new(),
                Some(text) => serde_json::from_str(&text).map_err(|error| {
                    format!(
                        "JWT_ISSUERS must be a JSON list of {{issuer, audience, jwks_url}}: {error}"
                    )
                })?,
            },
            keyring: Keyring::parse(&env.required("ENCRYPTION_KEYS")?)
                .map_err(|why| format!("ENCRYPTION_KEYS: {why}"))?,
            allow_signup: env.flag("ALLOW_SIGNUP")?,
            x: XConfig::read(&env)?,
            youtube: YouTubeConfig::read(&env)?,
            timing,
        })
    }

    /// Where X sends the browser after consent; it must be registered in the X app, to the letter.
    #[must_use]
    pub fn x_redirect_uri(&self) -> String {
        format!("{}/api/v1/connections/x/callback", self.base_url)
    }

    /// The same for OAuth 1.0a.
    #[must_use]
    pub fn x_oauth1_redirect_uri(&self) -> String {
        format!("{}/api/v1/connections/x/oauth1/callback", self.base_url)
    }
}

impl XConfig {
    fn read(env: &Environment<'_>) -> Result<Self, String> {
        let authorize = env
            .optional("X_AUTHORIZE_URL")
            .unwrap_or_else(|| "https://x.com/i/oauth2/authorize".to_owned());
        Ok(Self {
            api_base: env.base("X_API_BASE", Some("https://api.x.com"))?,
            authorize_url: Url::parse(&authorize)
                .map_err(|error| format!("X_AUTHORIZE_URL is not a URL: {error}"))?,
            web_base: env.base("X_WEB_BASE", Some("https://x.com"))?,
            app: App {
                client_id: env.optional("X_CLIENT_ID"),
                client_secret: env.secret("X_CLIENT_SECRET"),
                api_key: env.optional("X_API_KEY"),
                api_secret: env.secret("X_API_SECRET"),
                bearer_token: env.secret("X_BEARER_TOKEN"),
            },
            extra_scopes: env
                .optional("X_SCOPES")
                .map(|text| text.split_whitespace().map(str::to_owned).collect())
                .unwrap_or_default(),
            app_posts_per_day: env.number("X_APP_POSTS_PER_DAY", 10_000, 1..=100_000_000)?,
            post_limit_15min: env.number("X_POST_LIMIT_15MIN", 50, 1..=1_000_000)?,
            prices: Prices::read(env.optional("X_PRICES").as_deref().unwrap_or("{}")).map_err(
                |why| format!("X_PRICES must be a JSON object of dollars by kind of call: {why}"),
            )?,
            plan: plan(env)?,
        })
    }
}

impl YouTubeConfig {
    fn read(env: &Environment<'_>) -> Result<Self, String> {
        let hub = "https://pubsubhubbub.appspot.com/subscribe";
        Ok(Self {
            web_base: env.base("YOUTUBE_BASE", Some("https://www.youtube.com"))?,
            api_base: env.base("YOUTUBE_API_BASE", Some("https://www.googleapis.com"))?,
            api_key: env.secret("YOUTUBE_API_KEY"),
            hub_url: env.base("WEBSUB_HUB_URL", Some(hub))?,
            feed_requests_per_day: env.number(
                "YOUTUBE_FEED_REQUESTS_PER_DAY",
                10_000,
                1..=100_000_000,
            )?,
            api_units_per_day: env.number("YOUTUBE_API_UNITS_PER_DAY", 9_000, 0..=100_000_000)?,
        })
    }
}

fn plan(env: &Environment<'_>) -> Result<Plan, String> {
    let Some(name) = env.optional("X_PLAN") else {
        return Ok(Plan::PayPerUse);
    };
    Plan::parse(&name).ok_or_else(|| {
        let known = Plan::ALL.map(|(name, _)| name).join(", ");
        format!("X_PLAN must be one of {known}, not {name}")
    })
}

impl Timing {
    fn read(env: &Environment<'_>) -> Result<Self, String> {
        let timeout = env.number("PLATFORM_TIMEOUT_SECONDS", 20, 1..=120)?;
        let lease = env.number("LEASE_SECONDS", 60, 2..=900)?;
        if lease < timeout.saturating_add(5) {
            return Err(format!(
                "LEASE_SECONDS ({lease}) must exceed PLATFORM_TIMEOUT_SECONDS ({timeout}) by at least 5, so that a call ends before its lease"
            ));
        }
        let reconcile = env
            .optional("RECONCILE_SECONDS")
            .unwrap_or_else(|| "30,60,120,300".to_owned());
        let reconcile_after_ms = reconcile
            .split(',')
            .map(|entry| entry.trim().parse::<u32>().map(|s| i64::from(s) * SECOND_MS))
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|reads| (2..=10).contains(&reads.len()) && reads.is_sorted())
            .ok_or("RECONCILE_SECONDS must be 2 to 10 rising whole numbers, comma separated: one missing read proves nothing")?;
        Ok(Self {
            lease_ms: i64::from(lease) * SECOND_MS,
            platform_deadline_ms: timeout * 1_000,
            landing_grace_ms: i64::from(env.number("LANDING_GRACE_SECONDS", 10, 0..=600)?)
                * SECOND_MS,
            requeue_after_ms: i64::from(env.number("REQUEUE_SECONDS", 120, 1..=3_600)?) * SECOND_MS,
            backoff_ms: i64::from(env.number("RETRY_BACKOFF_SECONDS", 5, 1..=3_600)?) * SECOND_MS,
            max_attempts: env.number("MAX_ATTEMPTS", 3, 1..=20)?,
            reconcile_after_ms,
        })
    }
}

/// How far ahead the sweep hands deliveries to the queue: a minute's tick, and half of one in reserve.
pub const SWEEP_AHEAD_MS: i64 = MINUTE_MS + MINUTE_MS / 2;

struct Environment<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    // Pasted secrets often carry a line end; X answers 401 to it.
    fn optional(&self, name: &str) -> Option<String> {
        (self.get)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.optional(name).map(SecretString::from)
    }

    fn required(&self, name: &str) -> Result<String, String> {
        self.optional(name)
            .ok_or_else(|| format!("{name} is not set"))
    }

    fn base(&self, name: &str, default: Option<&str>) -> Result<String, String> {
        let text = match default {
            None => self.required(name)?,
            Some(default) => self.optional(name).unwrap_or_else(|| default.to_owned()),
        };
        let url = Url::parse(&text).map_err(|error| format!("{name} is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!("{name} must begin with https:// or http://"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }

    fn origins(&self, name: &str) -> Result<Vec<String>, String> {
        self.optional(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(|origin| {
                Url::parse(origin)
                    .map(|url| url.origin().ascii_serialization())
                    .map_err(|error| format!("{name}: {origin} is not an origin: {error}"))
            })
            .collect()
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        match self.optional(name).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(format!("{name} must be true or false")),
        }
    }

    fn number(
        &self,
        name: &str,
        default: u32,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, String> {
        let Some(text) = self.optional(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                format!(
                    "{name} must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn with_base_url(base_url: &str) -> Result<Config, String> {
        Config::read(|name| match name {
            "BASE_URL" => Some(base_url.to_owned()),
            "JWT_SECRET" => Some("0123456789abcdef0123456789abcdef".to_owned()),
            "ENCRYPTION_KEYS" => Some("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
            _ => None,
        })
    }

    // Unicode tables for host names are left out of the build (idna_adapter in Cargo.toml).
    #[test]
    fn a_host_beyond_ascii_is_refused_in_words_and_taken_in_its_xn_form() {
        for host in [
            "post.ex\u{e4}mple.com",
            "POST.EX\u{c4}MPLE.com",
            "\u{65e5}\u{672c}.test",
        ] {
            let error = with_base_url(&format!("https://{host}")).err().unwrap();
            assert_eq!(
                error, "BASE_URL is not a URL: invalid international domain name",
                "{host}"
            );
        }
        let config = with_base_url("https://post.xn--exmple-cua.com").unwrap();
        assert_eq!(config.base_url, "https://post.xn--exmple-cua.com");
    }
}
