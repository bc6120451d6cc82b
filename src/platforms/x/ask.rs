//! Asking X for something that may be asked again: reads, uploads, likes and their undo. What its refusals mean is the
//! same for all of them; creating a post is another matter (`create`).

use super::api::{Api, Body, Silence, unreachable};
use super::errors::ErrorBody;
use super::limits;
use super::vocabulary;
use crate::platforms::{Class, NotSent, Observed};
use crate::time::Timestamp;
use http::Method;
use serde_json::Value;

/// How long X may take where nothing else is said, in ms.
pub const DEADLINE_MS: u32 = 10_000;

/// What X answered.
#[derive(Debug)]
pub struct Answered {
    /// The JSON of a 2xx, in the new vocabulary; null where it had no body.
    pub body: Value,
    /// What the headers say of limits.
    pub observed: Vec<Observed>,
}

/// X did not do it, or did not say so.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub why: NotSent,
    /// The status, where there was an answer.
    pub status: Option<u16>,
    /// Until when it is of no use to ask again, where X or our own window says so.
    pub until: Option<Timestamp>,
    /// What the headers say of limits.
    pub observed: Vec<Observed>,
}

impl Refusal {
    /// A refusal without an answer of X.
    #[must_use]
    pub const fn of(why: NotSent) -> Self {
        Self {
            why,
            status: None,
            until: None,
            observed: Vec::new(),
        }
    }

    /// Whether the token was not good, which another may repair.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status == Some(401) && self.why.class == Class::Token
    }
}

/// One request and what came of it.
pub struct Ask<'a> {
    /// The method.
    pub method: Method,
    /// Below the base, beginning with `/2/`.
    pub path: &'a str,
    /// The query.
    pub query: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Body<'a>,
    /// How long X may take, in ms.
    pub deadline_ms: u32,
}

impl<'a> Ask<'a> {
    /// A GET.
    #[must_use]
    pub const fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            method: Method::GET,
            path,
            query,
            body: Body::None,
            deadline_ms: DEADLINE_MS,
        }
    }

    /// A POST with JSON.
    #[must_use]
    pub const fn post(path: &'a str, json: &'a Value) -> Self {
        Self {
            method: Method::POST,
            path,
            query: &[],
            body: Body::Json(json),
            deadline_ms: DEADLINE_MS,
        }
    }

    /// A DELETE.
    #[must_use]
    pub const fn delete(path: &'a str) -> Self {
        Self {
            method: Method::DELETE,
            path,
            query: &[],
            body: Body::None,
            deadline_ms: DEADLINE_MS,
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// Why X did not do it.
    pub async fn of(self, api: &Api<'_>) -> Result<Answered, Refusal> {
        let sent = api.send(
            self.method,
            self.path,
            self.query,
            self.body,
            self.deadline_ms,
        );
        answered(sent.await)
    }
}

/// What it means, of a request that may be repeated.
///
/// # Errors
/// Why X did not do it.
pub fn answered(sent: Result<http::Response<Vec<u8>>, Silence>) -> Result<Answered, Refusal> {
    let response = sent.map_err(Silence::harmless).map_err(Refusal::of)?;
    read(&response)
}

fn read(response: &http::Response<Vec<u8>>) -> Result<Answered, Refusal> {
    let status = response.status().as_u16();
    let observed = limits::observed(response.headers());
    let error = if response.status().is_success() {
        match serde_json::from_slice(response.body()) {
            // Errors without data are a refusal that calls itself a success.
            Ok(Value::Object(body)) if body.contains_key("errors") && !has_data(&body) => {
                ErrorBody::read(400, response.body())
            }
            Ok(mut body) => {
                vocabulary::normalize(&mut body);
                return Ok(Answered { body, observed });
            }
            Err(_) if response.body().is_empty() => {
                let body = Value::Null;
                return Ok(Answered { body, observed });
            }
            Err(_) => {
                let why = unreachable("X answered something that is not JSON.".to_owned());
                return Err(Refusal::of(why));
            }
        }
    } else {
        ErrorBody::read(status, response.body())
    };
    let limited = status == 429 || error.kind.as_deref() == Some("usage-capped");
    Err(Refusal {
        why: why(&error),
        status: Some(status),
        until: limits::closed_until(&observed).filter(|_| limited),
        observed,
    })
}

fn has_data(body: &serde_json::Map<String, Value>) -> bool {
    body.contains_key("data") || body.contains_key("meta")
}

/// What a refusal means.
#[must_use]
pub fn why(error: &ErrorBody) -> NotSent {
    if let Some(refusal) = error.refusal_of_the_app() {
        return refusal;
    }
    let refusal =
        |class, code, detail: &str, remedy: &str| NotSent::new(class, code, detail, remedy);
    let kind = error.kind.as_deref().unwrap_or_default();
    let locked =
        kind == "user-suspended" || error.says("suspended") || error.says("temporarily locked");
    let scope =
        kind == "oauth1-permissions" || error.says("missing scope") || error.says("required scope");
    let refusal = match error.status {
        401 => refusal(
            Class::Token,
            "x_unauthorized",
            "X does not accept the account's access token.",
            "Connect the account again.",
        ),
        _ if error.status == 429 || kind == "usage-capped" => limited(error),
        403 if locked => refusal(
            Class::Token,
            "x_account_locked",
            "X has suspended or locked the account.",
            "Sign in at https://x.com, do what X asks there, then connect the account again.",
        ),
        403 if scope => refusal(
            Class::Token,
            "missing_scope",
            "The account has not allowed Godwit to do this.",
            "Add the scope to X_SCOPES if it is not one that posting needs, connect the account again and agree to everything that is asked.",
        ),
        403 => refusal(
            Class::Permanent,
            "x_plan_forbids",
            "X does not let this app or this account do this.",
            "Look at X's own words. Self-serve apps may neither like nor follow nor quote; a plan that includes it, or doing it by hand on X, is the way.",
        ),
        404 => refusal(
            Class::Permanent,
            "x_not_found",
            "X has nothing there: it was deleted, is protected, or never was.",
            "Check the id.",
        ),
        500.. => unreachable(format!("X answered {}.", error.status)),
        _ if matches!(kind, "resource-not-found" | "not-authorized-for-resource") => refusal(
            Class::Permanent,
            "x_not_found",
            "X has nothing there that this account may see.",
            "Check the id.",
        ),
        _ => refusal(
            Class::Permanent,
            "x_request_rejected",
            "X does not accept this request.",
            "Look at X's own words.",
        ),
    };
    refusal.with_upstream(error.words())
}

fn limited(error: &ErrorBody) -> NotSent {
    let (code, detail, remedy) = if error.kind.as_deref() == Some("usage-capped") {
        (
            "x_usage_capped",
            "X has answered as much as this app's plan includes.",
            "Wait for the next period, or raise the cap at https://console.x.com.",
        )
    } else {
        (
            "x_rate_limited",
            "X allows no more calls of this kind for now.",
            "Try again when the window opens.",
        )
    };
    NotSent::new(Class::Transient, code, detail, remedy)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::platforms::Class;
    use serde_json::Value;

    fn of(status: u16, body: &str) -> Result<Value, (Class, String)> {
        let response = http::Response::builder()
            .status(status)
            .header("x-rate-limit-limit", "900")
            .header("x-rate-limit-remaining", "0")
            .header("x-rate-limit-reset", "1800000000")
            .body(body.as_bytes().to_vec());
        match read(&response.unwrap()) {
            Ok(answered) => Ok(answered.body),
            Err(refusal) => {
                let limited = matches!(&*refusal.why.code, "x_rate_limited" | "x_usage_capped");
                assert_eq!(refusal.until.is_some(), limited, "{body}");
                Err((refusal.why.class, refusal.why.code))
            }
        }
    }

    #[test]
    fn a_success_is_what_has_data_or_no_body_at_all() {
        assert_eq!(of(204, ""), Ok(Value::Null));
        assert!(of(200, r#"{"data":{"id":"1"},"errors":[{"title":"part"}]}"#).is_ok());
        assert!(of(200, r#"{"meta":{"result_count":0}}"#).is_ok());
        let refused = of(
            200,
            r#"{"errors":[{"title":"Not Found Error","type":"https://api.x.com/2/problems/resource-not-found"}]}"#,
        );
        assert_eq!(refused, Err((Class::Permanent, "x_not_found".to_owned())));
        let html = of(200, "<html>");
        assert_eq!(html, Err((Class::Transient, "x_unreachable".to_owned())));
    }

    #[test]
    fn each_refusal_says_what_follows() {
        for (status, body, class, code) in [
            (401, "{}", Class::Token, "x_unauthorized"),
            (402, "{}", Class::Operator, "x_credits_depleted"),
            (
                403,
                r#"{"detail":"Forbidden"}"#,
                Class::Permanent,
                "x_plan_forbids",
            ),
            (
                403,
                r#"{"detail":"Your account is temporarily locked."}"#,
                Class::Token,
                "x_account_locked",
            ),
            (
                403,
                r#"{"type":"https://api.x.com/2/problems/oauth1-permissions"}"#,
                Class::Token,
                "missing_scope",
            ),
            (404, "{}", Class::Permanent, "x_not_found"),
            (400, "{}", Class::Permanent, "x_request_rejected"),
            (
                429,
                r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
                Class::Transient,
                "x_rate_limited",
            ),
            (
                429,
                r#"{"type":"https://api.twitter.com/2/problems/usage-capped","period":"Monthly"}"#,
                Class::Transient,
                "x_usage_capped",
            ),
            (503, "<html>", Class::Transient, "x_unreachable"),
        ] {
            assert_eq!(
                of(status, body),
                Err((class, code.to_owned())),
                "{status} {body}"
            );
        }
    }
}
