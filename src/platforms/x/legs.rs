//! The three legs of OAuth 1.0a: a request token, the person's consent, an access token
//! (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens>).
//!
//! X has announced that it will retire OAuth 1.0a, without a date
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>). Until then its tokens live
//! until they are revoked. A request token is good for one try at an access token, whatever comes of it.

use super::api::unreachable;
use super::errors::ErrorBody;
use super::oauth::DEADLINE_MS;
use super::oauth1::{Consumer, Moment, Token, authorization};
use crate::config::XConfig;
use crate::crypto::random_token;
use crate::platforms::{Class, NotSent};
use crate::ports::{Clock, HttpClient, Random};
use http::{HeaderValue, Method, Request, Response, header};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// What an account may do whose app X lets read and write, in the words of OAuth 2.0
/// (<https://docs.x.com/fundamentals/authentication/oauth-2-0/oauth-1-0a-token-exchange>). X does not say what a token
/// was granted; one of an app that may only read is refused when it is used.
pub const SCOPES: [&str; 19] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
    "tweet.moderate.write",
    "follows.read",
    "follows.write",
    "mute.read",
    "mute.write",
    "block.read",
    "block.write",
    "list.read",
    "list.write",
    "like.read",
    "like.write",
    "timeline.read",
    "broadcast.read",
    "broadcast.write",
];

/// X's code for a signature that it does not take: a wrong key or secret of the app.
pub const NOT_AUTHENTICATED: i64 = 32;
/// X's code for a callback address that the app does not name.
const CALLBACK_NOT_APPROVED: i64 = 415;
/// X's code for a timestamp that is too far off.
const OUT_OF_TIME: i64 = 135;

/// X, as one app asks it.
#[derive(Clone, Copy)]
pub struct Legs<'a> {
    /// Calls out.
    pub http: &'a dyn HttpClient,
    /// How X is reached.
    pub config: &'a XConfig,
    /// The app.
    pub consumer: &'a Consumer,
    /// The time, which is in a signature.
    pub clock: &'a dyn Clock,
    /// Randomness, which keeps a signature from being good twice.
    pub random: &'a dyn Random,
}

impl Legs<'_> {
    /// The first leg: a token to ask the person with. Repeating it gives another.
    ///
    /// # Errors
    /// [`Class::Operator`] when X does not take the app or the callback; otherwise why there is no answer.
    pub async fn request_token(&self, callback: &str) -> Result<Token, NotSent> {
        let path = "/oauth/request_token";
        let answer = self
            .post(path, None, &[("oauth_callback", callback)])
            .await?;
        let token = read_token(&answer)?;
        let confirmed = field(&answer, "oauth_callback_confirmed");
        if confirmed.as_deref() == Some("true") {
            Ok(token)
        } else {
            Err(callback_refused())
        }
    }

    /// X's consent page for a request token.
    ///
    /// # Errors
    /// [`Class::Operator`] when X's address is not a URL.
    pub fn consent_page(&self, token: &Token) -> Result<Url, NotSent> {
        let page = format!("{}/oauth/authorize", self.config.api_base);
        let mut url = Url::parse(&page).map_err(|_| misconfigured())?;
        url.query_pairs_mut()
            .append_pair("oauth_token", token.token.expose_secret());
        Ok(url)
    }

    /// The third leg: the token that acts as the person. Not repeatable: X takes a request token once.
    ///
    /// # Errors
    /// [`Class::Token`] with `code_refused`: consent must be asked again. Otherwise as [`Legs::request_token`].
    pub async fn access_token(&self, asked: &Token, verifier: &str) -> Result<Token, NotSent> {
        let path = "/oauth/access_token";
        let extra = [("oauth_verifier", verifier)];
        read_token(&self.post(path, Some(asked), &extra).await?)
    }

    /// Ends an access token at X. Repeating it is harmless.
    ///
    /// # Errors
    /// Why X did not confirm.
    pub async fn invalidate(&self, token: &Token) -> Result<(), NotSent> {
        let answer = self
            .post("/1.1/oauth/invalidate_token", Some(token), &[])
            .await;
        match answer {
            // A token that X does not know any more is what was wanted.
            Err(refusal) if refusal.class == Class::Token => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn post(
        &self,
        path: &str,
        token: Option<&Token>,
        extra: &[(&str, &str)],
    ) -> Result<Response<Vec<u8>>, NotSent> {
        let url = Url::parse(&format!("{}{path}", self.config.api_base));
        let url = url.map_err(|_| misconfigured())?;
        let moment = Moment {
            at: self.clock.now(),
            nonce: random_token(self.random, 24),
        };
        let to = (&Method::POST, &url);
        let signed = authorization(self.consumer, token, &moment, to, extra, &[]);
        let mut signed =
            HeaderValue::from_str(signed.expose_secret()).map_err(|_| misconfigured())?;
        signed.set_sensitive(true);
        let request = Request::post(url.as_str())
            .header(header::AUTHORIZATION, signed)
            .body(Vec::new())
            .map_err(|_| misconfigured())?;
        let sent = self.http.send(request, DEADLINE_MS).await;
        let answer = sent.map_err(|error| unreachable(format!("X gave no answer: {error}.")))?;
        match answer.status().as_u16() {
            200..=299 => Ok(answer),
            status => Err(classify(&ErrorBody::read(status, answer.body()))),
        }
    }
}

fn field(answer: &Response<Vec<u8>>, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(answer.body());
    fields
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

fn read_token(answer: &Response<Vec<u8>>) -> Result<Token, NotSent> {
    let secret = |name| field(answer, name).map(SecretString::from);
    match (secret("oauth_token"), secret("oauth_token_secret")) {
        (Some(token), Some(secret)) => Ok(Token { token, secret }),
        // Never its words: they may hold the half of a token.
        _ => Err(unreachable(
            "X answered something that holds no token.".to_owned(),
        )),
    }
}

fn classify(error: &ErrorBody) -> NotSent {
    if let Some(refusal) = error.refusal_of_the_app() {
        return refusal;
    }
    let refusal = match (error.status, error.code) {
        (403, Some(CALLBACK_NOT_APPROVED)) => callback_refused(),
        (_, Some(OUT_OF_TIME)) => NotSent::new(
            Class::Transient,
            "x_unreachable",
            "X does not take the time of this request: the clocks differ by minutes.",
            "Try again in a minute.",
        ),
        (400 | 401, _) => NotSent::new(
            Class::Token,
            "code_refused",
            "X did not accept the consent any more: it is good for one use and a short time.",
            "Begin connecting again.",
        ),
        (429, _) => NotSent::new(
            Class::Transient,
            "x_rate_limited",
            "X has had as many token requests as it takes for now.",
            "Try again in a few minutes.",
        ),
        (403, _) => NotSent::new(
            Class::Operator,
            "x_client_rejected",
            "X does not let this app sign in with OAuth 1.0a.",
            "The operator checks X_API_KEY and X_API_SECRET, and that user authentication is set up for the X app at https://console.x.com.",
        ),
        (status, _) => unreachable(format!("X answered {status} about the tokens.")),
    };
    refusal.with_upstream(error.words())
}

fn callback_refused() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_callback_refused",
        "The X app does not name this service's callback address for OAuth 1.0a.",
        "Add BASE_URL/api/v1/connections/x/oauth1/callback to the callback addresses of the X app at https://console.x.com.",
    )
}

fn misconfigured() -> NotSent {
    NotSent::new(
        Class::Operator,
        "x_misconfigured",
        "X's address is not one that can be called.",
        "The operator corrects X_API_BASE.",
    )
}

#[cfg(test)]
mod tests {
    use super::{Legs, SCOPES};
    use crate::platforms::Class;
    use crate::platforms::x::fake::{Answer, Fake, Still, config, json};
    use crate::platforms::x::oauth::missing_scopes;
    use crate::platforms::x::oauth1::{Consumer, Token};
    use crate::ports::HttpError;
    use secrecy::SecretString;

    fn consumer() -> Consumer {
        Consumer {
            key: "key".to_owned(),
            secret: SecretString::from("consumer-secret"),
        }
    }

    async fn access(answer: Answer) -> Result<Token, (Class, String)> {
        let fake = Fake::new(move |_| answer.clone());
        let (config, consumer) = (config(), consumer());
        let legs = Legs {
            http: &fake,
            config: &config,
            consumer: &consumer,
            clock: &Still,
            random: &Still,
        };
        let asked = Token {
            token: SecretString::from("request"),
            secret: SecretString::from("its secret"),
        };
        let answer = legs.access_token(&asked, "proof").await;
        let seen = fake.seen();
        let header = seen[0].headers()["authorization"].to_str().unwrap();
        assert!(header.contains("oauth_verifier=\"proof\"") && header.contains("oauth_token="));
        assert!(!header.contains("its secret") && !header.contains("consumer-secret"));
        answer.map_err(|refusal| (refusal.class, refusal.code))
    }

    #[tokio::test]
    async fn what_x_answers_is_told_apart_by_what_follows() {
        assert!(
            access(json(200, "oauth_token=a&oauth_token_secret=b"))
                .await
                .is_ok()
        );
        for (answer, class, code) in [
            (
                json(200, "oauth_token=a"),
                Class::Transient,
                "x_unreachable",
            ),
            (json(200, ""), Class::Transient, "x_unreachable"),
            (
                json(
                    401,
                    r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#,
                ),
                Class::Token,
                "code_refused",
            ),
            (
                json(
                    401,
                    r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#,
                ),
                Class::Operator,
                "x_client_rejected",
            ),
            (
                json(
                    403,
                    r#"{"errors":[{"code":415,"message":"Callback URL not approved"}]}"#,
                ),
                Class::Operator,
                "x_callback_refused",
            ),
            (json(429, "{}"), Class::Transient, "x_rate_limited"),
            (json(503, "<html>"), Class::Transient, "x_unreachable"),
            (Err(HttpError::Timeout), Class::Transient, "x_unreachable"),
        ] {
            let refused = access(answer).await.err();
            assert_eq!(refused, Some((class, code.to_owned())));
        }
    }

    #[test]
    fn what_it_grants_is_all_that_posting_needs() {
        assert!(missing_scopes(&SCOPES).is_empty());
    }
}
