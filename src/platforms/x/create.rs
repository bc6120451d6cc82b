//! `POST /2/tweets`, and what its answers mean (<https://docs.x.com/x-api/posts/create-post>).
//!
//! X has no idempotency key. Certainly not created is only what X says so of, by a clean 4xx; no answer, a 5xx, or a 2xx
//! without an id may all hide a post.

use super::errors::ErrorBody;
use super::limits;
use crate::config::XConfig;
use crate::gate::Content;
use crate::platforms::{Class, NotSent, Observed, Outcome};
use crate::ports::HttpClient;
use http::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// What a create call came to, and what its headers say of limits.
pub struct Created {
    /// The outcome.
    pub outcome: Outcome,
    /// What the headers say.
    pub observed: Vec<Observed>,
}

/// Creates a post. Whatever happens is an outcome.
pub async fn post(
    http: &dyn HttpClient,
    config: &XConfig,
    access: &SecretString,
    content: &Content,
    deadline_ms: u32,
) -> Created {
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(format!("{}/2/tweets", config.api_base))
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", access.expose_secret()),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(body(content).to_string().into_bytes());
    let request = match request {
        Ok(request) => request,
        // Nothing has left: the base address or the token cannot stand in a request.
        Err(error) => {
            let refusal = NotSent::new(
                Class::Operator,
                "x_request_not_possible",
                format!("The request to X cannot be made: {error}."),
                "The operator checks X_API_BASE.",
            );
            return Created {
                outcome: Outcome::NotSent(refusal),
                observed: Vec::new(),
            };
        }
    };
    match http.send(request, deadline_ms).await {
        Ok(response) => {
            let observed = limits::observed(response.headers());
            let outcome = classify(response.status().as_u16(), response.body(), &observed);
            Created { outcome, observed }
        }
        Err(error) => Created {
            outcome: Outcome::Uncertain {
                detail: format!("X was asked, and {error}."),
            },
            observed: Vec::new(),
        },
    }
}

fn body(content: &Content) -> Value {
    let mut body = json!({ "text": content.text });
    if let (Some(id), Value::Object(fields)) = (&content.reply_to, &mut body) {
        fields.insert("reply".to_owned(), json!({ "in_reply_to_tweet_id": id }));
    }
    body
}

/// What an answer to a create call means.
#[must_use]
pub fn classify(status: u16, body: &[u8], observed: &[Observed]) -> Outcome {
    if (200..300).contains(&status) {
        return accepted(body);
    }
    let error = ErrorBody::read(status, body);
    let upstream = error.words();
    if !(400..500).contains(&status) || status == 408 {
        let said = upstream
            .map(|words| format!(": {words}"))
            .unwrap_or_default();
        return Outcome::Uncertain {
            detail: format!("X answered {status}{said}"),
        };
    }
    if status == 429 || error.kind.as_deref() == Some("usage-capped") {
        return Outcome::Limited {
            until: limits::closed_until(observed),
        };
    }
    if let Some(refusal) = error.refusal_of_the_app() {
        return Outcome::NotSent(refusal);
    }
    if status == 401 {
        return Outcome::Unauthorized { upstream };
    }
    if error.says("duplicate content") {
        return Outcome::Duplicate { upstream };
    }
    Outcome::NotSent(refusal(&error).with_upstream(upstream))
}

fn accepted(body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = answer
        .pointer("/data/id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty());
    match id {
        Some(id) => Outcome::Sent {
            external_id: id.to_owned(),
        },
        // X answers so where a field is refused: errors, and no data at all.
        None if answer.get("errors").is_some() && answer.get("data").is_none() => {
            let error = ErrorBody::read(400, body);
            let upstream = error.words();
            Outcome::NotSent(refusal(&error).with_upstream(upstream))
        }
        None => Outcome::Uncertain {
            detail: "X accepted the call without saying which post it became.".to_owned(),
        },
    }
}

// A 4xx of X is final: it may bill what it refuses, so nothing of it is tried again by itself.
fn refusal(error: &ErrorBody) -> NotSent {
    let permanent =
        |code, detail: &str, remedy: &str| NotSent::new(Class::Permanent, code, detail, remedy);
    let kind = error.kind.as_deref().unwrap_or("");
    if kind == "oauth1-permissions" || error.says("missing scope") || error.says("required scope") {
        return NotSent::new(
            Class::Token,
            "missing_scope",
            "The account has not allowed Godwit to post.",
            "Connect the account again and agree to everything that is asked.",
        );
    }
    if kind == "user-suspended" || error.says("suspended") || error.says("temporarily locked") {
        return permanent(
            "x_account_locked",
            "X has suspended or locked this account.",
            "Sign in at https://x.com with this account and follow what X asks; then retry the post.",
        );
    }
    if error.says("mentioned or") || error.says("where you are mentioned") {
        return permanent(
            "reply_not_allowed",
            "X lets an app reply only where the author has mentioned the account.",
            "Reply by hand on X, or post it as a post of its own.",
        );
    }
    if error.says("@mentions") {
        return permanent(
            "mentions_not_allowed",
            "X does not let this app's plan mention people.",
            "Take the @ out of the text, and retry as a new post.",
        );
    }
    if error.says("cashtag") {
        return permanent(
            "too_many_cashtags",
            "X allows one cashtag in a post.",
            "Leave one $TAG in the text.",
        );
    }
    if error.says("quote") {
        return permanent(
            "quote_not_allowed",
            "X does not let this app's plan quote posts.",
            "Put the link into the text instead; it costs more there.",
        );
    }
    match error.status {
        404 => permanent(
            "reply_target_missing",
            "The post that this one replies to is not there any more.",
            "Send it as a post of its own.",
        ),
        403 => permanent(
            "x_forbidden",
            "X does not permit this account to create this post.",
            "Look at X's own words; often the text is too long, or the account is restricted. Change the post and send it anew.",
        ),
        _ => permanent(
            "x_refused",
            "X does not accept this post.",
            "Look at X's own words, change the post and send it anew.",
        ),
    }
}

#[cfg(test)]
mod tests;
