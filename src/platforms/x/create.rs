//! `POST /2/tweets`, and what its answers mean (<https://docs.x.com/x-api/posts/create-post>).
//!
//! X has no idempotency key. Certainly not created is only what X says so of, by a clean 4xx; no answer, a 5xx, or a 2xx
//! without an id may all hide a post.

use super::api::{Api, Body, Silence};
use super::errors::ErrorBody;
use super::limits;
use crate::platforms::{Class, Content, NotSent, Observed, Outcome};
use http::Method;
use serde_json::{Map, Value, json};

/// X's code for an app that may only read.
const CANNOT_WRITE: i64 = 261;

/// What a create call came to, and what its headers say of limits.
pub struct Created {
    /// The outcome.
    pub outcome: Outcome,
    /// What the headers say.
    pub observed: Vec<Observed>,
}

/// Creates a post. Whatever happens is an outcome.
pub async fn post(api: &Api<'_>, content: &Content, deadline_ms: u32) -> Created {
    let body = body(content);
    let sent = api.send(
        Method::POST,
        "/2/tweets",
        &[],
        Body::Json(&body),
        deadline_ms,
    );
    let nothing_observed = |outcome| Created {
        outcome,
        observed: Vec::new(),
    };
    match sent.await {
        Ok(response) => {
            let observed = limits::observed(response.headers());
            let outcome = classify(response.status().as_u16(), response.body(), &observed);
            Created { outcome, observed }
        }
        Err(Silence::NotPossible(refusal)) => nothing_observed(Outcome::NotSent(refusal)),
        Err(Silence::Lost(error)) => nothing_observed(Outcome::Uncertain {
            detail: format!("X was asked, and {error}."),
        }),
    }
}

/// The body: `PostsCreateRequest`, which takes no other members. A text that is not there is left out, since X refuses an
/// empty one.
fn body(content: &Content) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    let extras = &content.extras;
    if !content.text.is_empty() {
        put("text", json!(content.text));
    }
    if let Some(id) = &content.reply_to {
        put("reply", json!({ "in_reply_to_tweet_id": id }));
    }
    if !content.media.is_empty() {
        let ids: Vec<&str> = content.media.iter().map(|one| one.id.as_str()).collect();
        put("media", json!({ "media_ids": ids }));
    }
    if let Some(id) = &content.replaces {
        put("edit_options", json!({ "previous_post_id": id }));
    }
    if let Some(id) = &extras.quote {
        put("quote_tweet_id", json!(id));
    }
    if let Some(poll) = &extras.poll {
        put("poll", json!(poll));
    }
    if let Some(who) = extras.reply_settings {
        put("reply_settings", json!(who.of_x()));
    }
    if let Some(id) = &extras.community_id {
        put("community_id", json!(id));
    }
    if extras.made_with_ai {
        put("made_with_ai", json!(true));
    }
    if extras.paid_partnership {
        put("paid_partnership", json!(true));
    }
    Value::Object(body)
}

/// What an answer to a create call means.
#[must_use]
pub fn classify(status: u16, body: &[u8], observed: &[Observed]) -> Outcome {
    if (200..300).contains(&status) {
        return accepted(body, observed);
    }
    let error = ErrorBody::read(status, body);
    if !(400..500).contains(&status) || status == 408 {
        let said = error
            .words()
            .map(|words| format!(": {words}"))
            .unwrap_or_default();
        return Outcome::Uncertain {
            detail: format!("X answered {status}{said}"),
        };
    }
    turned_away(&error, observed)
}

/// What X did certainly not create, and why.
fn turned_away(error: &ErrorBody, observed: &[Observed]) -> Outcome {
    let (status, upstream) = (error.status, error.words());
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
    Outcome::NotSent(refusal(error).with_upstream(upstream))
}

fn accepted(body: &[u8], observed: &[Observed]) -> Outcome {
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
            turned_away(&ErrorBody::read(400, body), observed)
        }
        None => Outcome::Uncertain {
            detail: "X accepted the call without saying which post it became.".to_owned(),
        },
    }
}

/// A missing scope, and an app that may only read, get no other words than the status's; of what is wrong with a post X
/// says more.
fn is_bare(error: &ErrorBody) -> bool {
    let says_no_more = error.words().is_some_and(|words| words == "Forbidden");
    error.status == 403 && error.kind.is_none() && says_no_more
}

// A 4xx of X is final: it may bill what it refuses, so nothing of it is tried again by itself.
fn refusal(error: &ErrorBody) -> NotSent {
    let permanent =
        |code, detail: &str, remedy: &str| NotSent::new(Class::Permanent, code, detail, remedy);
    let kind = error.kind.as_deref().unwrap_or("");
    if kind == "oauth1-permissions"
        || error.code == Some(CANNOT_WRITE)
        || error.says("missing scope")
        || error.says("required scope")
        || is_bare(error)
    {
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
