//! `GET /2/users/me`: who the account is at X; and other users, by name and id.
//!
//! X lets each user ask 75 times in 15 minutes (<https://docs.x.com/x-api/fundamentals/rate-limits>), and may bill
//! each answer; who calls this keeps the answer.

use super::api::{Api, Body, Silence, unreachable};
use super::ask::{Answered, Ask, Refusal};
use super::errors::ErrorBody;
use crate::platforms::{Class, NotSent, Profile};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// The code of a 401: the access token is not good.
pub const UNAUTHORIZED: &str = "x_unauthorized";

/// How long X may take to say who somebody is. People wait for it in the callback and in the account's test.
const DEADLINE_MS: u32 = 10_000;

/// Names that X itself shows are short; what is longer is cut, since it is stored and rendered.
const NAME_MAX: usize = 200;
const ADDRESS_MAX: usize = 2_000;

/// What is read of a user as the app alone: the plan of a user is theirs to show.
const PUBLIC_FIELDS: &str = "profile_image_url";

#[derive(Deserialize)]
struct Answer {
    data: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: String,
    name: String,
    profile_image_url: Option<String>,
    subscription_type: Option<String>,
}

/// Asks X who the owner of the token is. Reads only: safe to repeat.
///
/// # Errors
/// [`Class::Token`] with [`UNAUTHORIZED`] when the token is not good, which a refresh may repair; any other code of that
/// class is final. Otherwise why there is no answer.
pub async fn users_me(api: &Api<'_>) -> Result<Profile, NotSent> {
    let query = [("user.fields", "profile_image_url,subscription_type")];
    let asked = api.send(Method::GET, "/2/users/me", &query, Body::None, DEADLINE_MS);
    let answer = asked.await.map_err(Silence::harmless)?;
    let status = answer.status();
    if status == StatusCode::OK {
        let user = serde_json::from_slice::<Answer>(answer.body()).ok();
        return user
            .and_then(|answer| profile(answer.data))
            .ok_or_else(|| unreachable("X answered something that is not a user.".to_owned()));
    }
    Err(classify(&ErrorBody::read(status.as_u16(), answer.body())))
}

/// Asks X for a user by the name in their address, as whoever may read what is public. Safe to repeat.
///
/// # Errors
/// `x_not_found`; or why X did not say.
pub async fn by_name(api: &Api<'_>, username: &str) -> Result<Profile, Refusal> {
    let query = [("usernames", username), ("user.fields", PUBLIC_FIELDS)];
    let answered = Ask::get("/2/users/by", &query).of(api).await?;
    read(
        answered
            .body
            .get("data")
            .and_then(|data| data.get(0))
            .unwrap_or(&Value::Null),
    )
}

/// Asks X for a user by id, in the same way; [`read`] reads what it answers.
///
/// # Errors
/// As [`by_name`].
pub async fn by_id(api: &Api<'_>, id: &str) -> Result<Answered, Refusal> {
    let path = format!("/2/users/{id}");
    let query = [("user.fields", PUBLIC_FIELDS)];
    Ask::get(&path, &query).of(api).await
}

/// The user of an answer, or of its `data`.
///
/// # Errors
/// When there is none.
pub fn read(answer: &Value) -> Result<Profile, Refusal> {
    let user = answer.get("data").unwrap_or(answer);
    let user = User::deserialize(user).ok();
    user.and_then(profile).ok_or_else(|| {
        let detail = "X answered something that is not a user.";
        Refusal::of(unreachable(detail.to_owned()))
    })
}

fn profile(user: User) -> Option<Profile> {
    // The id names the gate and the handle stands in links: only what X's own rules allow.
    let id_is_good =
        (1..=19).contains(&user.id.len()) && user.id.bytes().all(|b| b.is_ascii_digit());
    let handle_is_good = (1..=30).contains(&user.username.len())
        && user
            .username
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (id_is_good && handle_is_good).then(|| Profile {
        external_id: user.id,
        handle: user.username,
        name: user
            .name
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME_MAX)
            .collect(),
        avatar_url: user
            .profile_image_url
            .filter(|address| address.starts_with("https://") && address.len() <= ADDRESS_MAX),
        subscription: user
            .subscription_type
            .map(|plan| plan.chars().take(NAME_MAX).collect()),
    })
}

fn classify(error: &ErrorBody) -> NotSent {
    if let Some(refusal) = error.refusal_of_the_app() {
        return refusal;
    }
    let locked = error.kind.as_deref() == Some("user-suspended")
        || error.says("suspended")
        || error.says("temporarily locked");
    let refusal = match error.status {
        401 => unauthorized(),
        429 => NotSent::new(
            Class::Transient,
            "x_rate_limited",
            "X has answered as many profile requests of this account as it allows for now.",
            "Try again in 15 minutes.",
        ),
        403 if locked => NotSent::new(
            Class::Token,
            "x_account_locked",
            "X has suspended or locked the account.",
            "Sign in at https://x.com, do what X asks there, then connect the account again.",
        ),
        403 => NotSent::new(
            Class::Token,
            "x_forbidden",
            "X does not let the app read this account's profile.",
            "Connect the account again and allow everything that the consent page lists.",
        ),
        500.. => unreachable(format!("X answered {}.", error.status)),
        status => NotSent::new(
            Class::Operator,
            "x_request_rejected",
            format!("X answered {status} to a request for the profile."),
            "The operator checks that X_API_BASE is X's API v2; if it is, report this as a bug of Godwit.",
        ),
    };
    refusal.with_upstream(error.words())
}

fn unauthorized() -> NotSent {
    NotSent::new(
        Class::Token,
        UNAUTHORIZED,
        "X does not accept the account's access token.",
        "Connect the account again.",
    )
}

#[cfg(test)]
mod tests {
    use super::users_me;
    use crate::platforms::x::api::{Api, Credentials};
    use crate::platforms::x::fake::{Answer, Fake, Still, config, json};
    use crate::platforms::{Class, NotSent, Profile};
    use crate::ports::HttpError;
    use secrecy::SecretString;

    async fn ask(answer: Answer) -> Result<Profile, NotSent> {
        let fake = Fake::new(move |_| answer.clone());
        let (config, credentials) = (config(), Credentials::Bearer(SecretString::from("token")));
        let api = Api {
            http: &fake,
            config: &config,
            credentials: &credentials,
            clock: &Still,
            random: &Still,
        };
        let asked = users_me(&api).await;
        let seen = fake.seen();
        assert_eq!(seen[0].uri().path(), "/2/users/me");
        assert_eq!(seen[0].headers()["authorization"], "Bearer token");
        asked
    }

    fn class(asked: Result<Profile, NotSent>) -> (Class, String) {
        let refusal = asked.unwrap_err();
        (refusal.class, refusal.code)
    }

    #[tokio::test]
    async fn a_user_is_read_and_what_is_unknown_is_let_be() {
        let profile = ask(json(
            200,
            r#"{"data":{"id":"1001","username":"godwit_demo","name":"Godwit","profile_image_url":"https://pbs.example/a.jpg",
                "subscription_type":"Premium","new_field":{"x":1}},"includes":{}}"#,
        ))
        .await
        .unwrap();
        assert_eq!(
            (profile.external_id.as_str(), profile.handle.as_str()),
            ("1001", "godwit_demo")
        );
        assert_eq!(profile.subscription.as_deref(), Some("Premium"));
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_a_user_is_no_answer() {
        for body in [
            "",
            "<html>",
            r#"{"errors":[{"title":"Not Found Error"}]}"#,
            r#"{"data":{"id":"../1","username":"a","name":"b"}}"#,
            r#"{"data":{"id":"1","username":"a\"b","name":"b"}}"#,
        ] {
            assert_eq!(
                class(ask(json(200, body)).await),
                (Class::Transient, "x_unreachable".into()),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn a_bad_token_is_told_from_a_refusal_and_from_silence() {
        for (answer, expected) in [
            (
                json(
                    401,
                    r#"{"title":"Unauthorized","status":401,"detail":"Unauthorized"}"#,
                ),
                (Class::Token, "x_unauthorized"),
            ),
            (
                json(403, r#"{"title":"Forbidden","detail":"Forbidden"}"#),
                (Class::Token, "x_forbidden"),
            ),
            (
                json(403, r#"{"detail":"Your account is temporarily locked."}"#),
                (Class::Token, "x_account_locked"),
            ),
            (json(402, "{}"), (Class::Operator, "x_credits_depleted")),
            (json(404, "<html>"), (Class::Operator, "x_request_rejected")),
            (
                json(
                    429,
                    r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
                ),
                (Class::Transient, "x_rate_limited"),
            ),
            (
                json(503, "<html>busy</html>"),
                (Class::Transient, "x_unreachable"),
            ),
            (Err(HttpError::Timeout), (Class::Transient, "x_unreachable")),
            (
                Err(HttpError::Lost("reset".into())),
                (Class::Transient, "x_unreachable"),
            ),
        ] {
            let (class, code) = class(ask(answer).await);
            assert_eq!((class, code.as_str()), expected);
        }
    }
}
