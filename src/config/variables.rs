//! Every variable, as the README's table shows it.

/// One variable, as the README shows it.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its default, or why there is none.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every variable, in the order of the README's table.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "BASE_URL",
        default: "required",
        meaning: "Where Godwit is reached, such as `https://post.example.com`; the callback is `BASE_URL/api/v1/connections/x/callback`, for OAuth 1.0a `BASE_URL/api/v1/connections/x/oauth1/callback`",
    },
    Variable {
        name: "JWT_SECRET",
        default: "required, secret",
        meaning: "Signs session tokens; at least 32 characters",
    },
    Variable {
        name: "ENCRYPTION_KEYS",
        default: "required, secret",
        meaning: "Seals tokens at rest: `id:base64` of 32 bytes each, comma separated, newest first",
    },
    Variable {
        name: "X_CLIENT_ID",
        default: "none",
        meaning: "OAuth 2.0 client id of your X app; without it no account can be connected",
    },
    Variable {
        name: "X_CLIENT_SECRET",
        default: "none, secret",
        meaning: "Its secret; leave it out for a public client",
    },
    Variable {
        name: "X_API_KEY",
        default: "none",
        meaning: "Consumer key of your X app, for accounts that are connected by OAuth 1.0a, which X is retiring",
    },
    Variable {
        name: "X_API_SECRET",
        default: "none, secret",
        meaning: "Its secret",
    },
    Variable {
        name: "X_BEARER_TOKEN",
        default: "none, secret",
        meaning: "App-only token of your X app, for reads that need no account",
    },
    Variable {
        name: "X_SCOPES",
        default: "none",
        meaning: "Scopes to ask for beyond the five that posting needs, space separated",
    },
    Variable {
        name: "X_POST_LIMIT_15MIN",
        default: "`50`",
        meaning: "Posts that one account may send in 15 minutes (X allows 100)",
    },
    Variable {
        name: "X_APP_POSTS_PER_DAY",
        default: "`10000`",
        meaning: "Posts that all accounts of one X app may send in 24 hours together, shared fairly (X allows 10,000)",
    },
    Variable {
        name: "X_PRICES",
        default: "X's own",
        meaning: "JSON object of dollars by kind of call, such as `{\"post\": 0.015, \"post_with_url\": 0.2}`, where X charges you otherwise; the kinds are in `src/budgets/prices.rs`",
    },
    Variable {
        name: "X_PLAN",
        default: "`pay_per_use`",
        meaning: "The plan of your X app: `pay_per_use`, or an old one, `free`, `basic`, `pro`, `enterprise`, whose monthly posts and reads are then kept to",
    },
    Variable {
        name: "X_API_BASE",
        default: "`https://api.x.com`",
        meaning: "Base of X's API",
    },
    Variable {
        name: "X_AUTHORIZE_URL",
        default: "`https://x.com/i/oauth2/authorize`",
        meaning: "X's consent page",
    },
    Variable {
        name: "X_WEB_BASE",
        default: "`https://x.com`",
        meaning: "Base of the links to published posts",
    },
    Variable {
        name: "YOUTUBE_API_KEY",
        default: "none, secret",
        meaning: "Key of YouTube's Data API. Without it Godwit looks at public feeds alone: new videos are found later, and who may see them is not known",
    },
    Variable {
        name: "YOUTUBE_API_UNITS_PER_DAY",
        default: "`9000`",
        meaning: "Units of the Data API's daily quota that may be spent (Google gives 10,000)",
    },
    Variable {
        name: "YOUTUBE_FEED_REQUESTS_PER_DAY",
        default: "`10000`",
        meaning: "Looks at public feeds that may be made in a day, over all channels",
    },
    Variable {
        name: "YOUTUBE_BASE",
        default: "`https://www.youtube.com`",
        meaning: "Where feeds and pages of YouTube are",
    },
    Variable {
        name: "YOUTUBE_API_BASE",
        default: "`https://www.googleapis.com`",
        meaning: "Base of YouTube's Data API",
    },
    Variable {
        name: "WEBSUB_HUB_URL",
        default: "`https://pubsubhubbub.appspot.com/subscribe`",
        meaning: "The hub that announces new videos",
    },
    Variable {
        name: "FRONTEND_ORIGINS",
        default: "none",
        meaning: "Origins whose pages may call the API (CORS), and to which `redirect_to` may lead; comma separated",
    },
    Variable {
        name: "JWT_ISSUERS",
        default: "none",
        meaning: "JSON list of `{issuer, audience, jwks_url}` whose JWTs are accepted",
    },
    Variable {
        name: "ALLOW_SIGNUP",
        default: "`false`",
        meaning: "Whether anybody may register; the first user always may",
    },
    Variable {
        name: "MAX_ATTEMPTS",
        default: "`3`",
        meaning: "How many certain refusals end a delivery",
    },
    Variable {
        name: "RETRY_BACKOFF_SECONDS",
        default: "`5`",
        meaning: "First wait after such a refusal; it doubles each time",
    },
    Variable {
        name: "PLATFORM_TIMEOUT_SECONDS",
        default: "`20`",
        meaning: "How long X may take to answer before the outcome is uncertain",
    },
    Variable {
        name: "LEASE_SECONDS",
        default: "`60`",
        meaning: "How long one attempt holds a delivery; must exceed the timeout by 5 s",
    },
    Variable {
        name: "LANDING_GRACE_SECONDS",
        default: "`10`",
        meaning: "How long after its timeout a post may still appear at X",
    },
    Variable {
        name: "REQUEUE_SECONDS",
        default: "`120`",
        meaning: "When the sweep nudges again what the queue seems to have forgotten",
    },
    Variable {
        name: "RECONCILE_SECONDS",
        default: "`30,60,120,300`",
        meaning: "When to look for an uncertain post in the account's timeline, after the uncertain call",
    },
];
