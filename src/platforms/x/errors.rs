//! X's error bodies, read into one form.
//!
//! X answers in three families of JSON, and in HTML when something in front of it answers
//! (<https://docs.x.com/x-api/fundamentals/response-codes-and-errors>):
//! - a problem: `{title, type, detail, status}`, some with `reason` or `period`;
//! - a list: `{errors: [{code, message}]}`;
//! - both: `{errors: [{parameters, message}], title, detail, type}`.
//!
//! Nothing here is an error of its own: whatever the bytes are, the status remains, and the rest is left out.

use super::legs::NOT_AUTHENTICATED;
use crate::platforms::{Class, NotSent};
use serde_json::Value;

/// How much of the platform's words is kept, in characters. Theirs fit in it; a page of HTML or an attack does not.
const WORDS_MAX: usize = 300;

/// What X said when it did not do what it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The HTTP status.
    pub status: u16,
    /// `title`: the status in words.
    pub title: Option<String>,
    /// `detail`, and the first `message` of the list where that says more.
    pub detail: Option<String>,
    /// The last segment of `type`, such as `usage-capped`. The host before it changes between `api.x.com` and
    /// `api.twitter.com`; `about:blank` says nothing and is left out.
    pub kind: Option<String>,
    /// The first `code` of the list, such as 88.
    pub code: Option<i64>,
    /// `reason`, such as `client-not-enrolled`.
    pub reason: Option<String>,
}

impl ErrorBody {
    /// Reads an answer's body, whatever it is.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Self {
                status,
                ..Self::default()
            };
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).and_then(shortened);
        let first = body.get("errors").and_then(|errors| errors.get(0));
        let message =
            text(first.and_then(|error| error.get("message").or_else(|| error.get("detail"))));
        let detail = match (text(body.get("detail")), message) {
            // "One or more parameters to your request was invalid." is not what a person needs to know.
            (Some(detail), Some(message)) if detail != message => {
                shortened(&format!("{detail} {message}"))
            }
            (detail, message) => detail.or(message),
        };
        Self {
            status,
            title: text(
                body.get("title")
                    .or_else(|| first.and_then(|error| error.get("title"))),
            ),
            detail,
            kind: body
                .get("type")
                .or_else(|| first.and_then(|error| error.get("type")))
                .and_then(Value::as_str)
                .and_then(|kind| kind.trim_end_matches('/').rsplit_once('/'))
                .and_then(|(_, last)| shortened(last)),
            code: first
                .and_then(|error| error.get("code"))
                .and_then(Value::as_i64),
            reason: text(body.get("reason")),
        }
    }

    /// For an answer in another form, whose words are already found.
    #[must_use]
    pub fn from_words(status: u16, words: Option<&str>) -> Self {
        Self {
            status,
            detail: words.and_then(shortened),
            ..Self::default()
        }
    }

    /// X's own words for a person; `None` when it used none.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        self.detail.clone().or_else(|| self.title.clone())
    }

    /// Whether the words contain this, in any case. X's texts vary in case over the years.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        [&self.detail, &self.title]
            .into_iter()
            .flatten()
            .any(|words| words.to_ascii_lowercase().contains(&text))
    }

    /// A refusal that is about the app and not about this request: money, enrolment, spend cap. It holds for every
    /// endpoint and account, so that each classification asks here first.
    #[must_use]
    pub fn refusal_of_the_app(&self) -> Option<NotSent> {
        let kind = self.kind.as_deref();
        let operator = |code, detail, remedy| {
            Some(NotSent::new(Class::Operator, code, detail, remedy).with_upstream(self.words()))
        };
        match (self.status, kind) {
            (402, _) | (_, Some("credits")) => operator(
                "x_credits_depleted",
                "X refuses the app's calls, because the credits of its developer account are used up.",
                "The operator buys credits at https://console.x.com; what waits then goes out by itself.",
            ),
            (_, Some("spend-cap-reached")) => operator(
                "x_spend_cap_reached",
                "X refuses the app's calls, because its spending limit for this cycle is reached.",
                "The operator raises the limit at https://console.x.com, or waits for the next cycle; what waits then goes out by itself.",
            ),
            (_, Some("client-forbidden")) => operator(
                "x_app_not_enrolled",
                "X does not accept this app.",
                "The operator moves the X app into the Pay-per-use package and the Production environment at https://console.x.com; what waits then goes out by itself.",
            ),
            (_, Some("unsupported-authentication")) => operator(
                "x_authentication_unsupported",
                "X does not take this kind of credentials here.",
                "The operator checks that X_API_BASE is X's API v2 and that the X app has user authentication (OAuth 2.0) set up.",
            ),
            // Signed with OAuth 1.0a. A token that is not good has another code, 89.
            (401, _) if self.code == Some(NOT_AUTHENTICATED) => operator(
                "x_client_rejected",
                "X does not accept the app's API key and secret.",
                "The operator checks X_API_KEY and X_API_SECRET: the consumer key of OAuth 1.0a, not the client id. Accounts stay connected.",
            ),
            _ => None,
        }
    }
}

/// One line without control characters, of at most [`WORDS_MAX`] characters; `None` when nothing is left.
fn shortened(text: &str) -> Option<String> {
    let line = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => line.get(..end).map(|kept| format!("{kept}…")),
        None => Some(line).filter(|line| !line.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorBody, WORDS_MAX};
    use crate::platforms::Class;

    fn read(status: u16, body: &str) -> ErrorBody {
        ErrorBody::read(status, body.as_bytes())
    }

    #[test]
    fn a_problem_is_read_by_its_members() {
        let error = read(
            403,
            r#"{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","title":"Forbidden","status":403}"#,
        );
        assert_eq!(
            error.words().as_deref(),
            Some("You are not allowed to create a Tweet with duplicate content.")
        );
        assert_eq!(error.kind, None, "about:blank is no kind");
        assert!(error.says("Duplicate Content"));
    }

    #[test]
    fn the_host_of_a_type_does_not_matter() {
        for host in [
            "https://api.x.com",
            "https://api.twitter.com",
            "https://x.com/elsewhere",
        ] {
            let error = read(
                429,
                &format!(r#"{{"title":"T","type":"{host}/2/problems/usage-capped"}}"#),
            );
            assert_eq!(error.kind.as_deref(), Some("usage-capped"), "{host}");
            assert_eq!(
                error.words().as_deref(),
                Some("T"),
                "the title stands in for a detail"
            );
        }
    }

    #[test]
    fn a_list_gives_its_first_code_and_message() {
        let error = read(
            429,
            r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
        );
        assert_eq!(
            (error.code, error.words().as_deref()),
            (Some(88), Some("Rate limit exceeded"))
        );
    }

    #[test]
    fn of_an_invalid_request_the_message_is_kept_beside_the_general_words() {
        let error = read(
            400,
            r#"{"errors":[{"parameters":{"x":["y"]},"message":"The x query parameter value [y] is not valid"}],
                "title":"Invalid Request","detail":"One or more parameters to your request was invalid.",
                "type":"https://api.twitter.com/2/problems/invalid-request"}"#,
        );
        assert_eq!(error.kind.as_deref(), Some("invalid-request"));
        assert!(error.says("one or more parameters") && error.says("[y] is not valid"));
    }

    #[test]
    fn the_reason_of_a_refused_app_is_kept_and_is_the_operators_matter() {
        let error = read(
            403,
            r#"{"title":"Client Forbidden","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}"#,
        );
        assert_eq!(error.reason.as_deref(), Some("client-not-enrolled"));
        let refusal = error.refusal_of_the_app().unwrap();
        assert_eq!(
            (refusal.class, refusal.code.as_str()),
            (Class::Operator, "x_app_not_enrolled")
        );
        assert_eq!(refusal.upstream.as_deref(), Some("Client Forbidden"));
    }

    #[test]
    fn money_is_the_operators_matter_whatever_the_status() {
        let credits = read(402, "");
        assert_eq!(
            credits.refusal_of_the_app().unwrap().code,
            "x_credits_depleted"
        );
        let cap = read(
            403,
            r#"{"title":"Forbidden","type":"https://api.x.com/2/problems/spend-cap-reached"}"#,
        );
        assert_eq!(
            cap.refusal_of_the_app().unwrap().code,
            "x_spend_cap_reached"
        );
        let duplicate = read(403, r#"{"title":"Forbidden","type":"about:blank"}"#);
        assert_eq!(duplicate.refusal_of_the_app(), None);
    }

    #[test]
    fn html_nothing_and_nonsense_leave_the_status() {
        for body in [
            "<html><h1>503</h1></html>",
            "",
            "null",
            "[]",
            "\"text\"",
            "{\"errors\":3}",
            "{\"type\":7}",
        ] {
            let error = read(503, body);
            assert_eq!(
                error,
                ErrorBody {
                    status: 503,
                    ..ErrorBody::default()
                },
                "{body}"
            );
            assert_eq!(error.words(), None);
        }
        assert_eq!(ErrorBody::read(500, &[0xff, 0xfe]).status, 500);
    }

    #[test]
    fn long_and_dirty_words_become_one_short_line() {
        let error = read(
            400,
            &format!(r#"{{"detail":"a\u0000b\n\n{}"}}"#, "é".repeat(5_000)),
        );
        let words = error.words().unwrap();
        assert!(words.starts_with("a b é") && words.ends_with('…'));
        assert_eq!(words.chars().count(), WORDS_MAX + 1);
    }
}
