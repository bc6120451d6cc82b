//! The plain page on which a connect ends when no `redirect_to` was given: self-contained, no scripts, everything
//! escaped. It never shows a code, a state or a token.

use super::callback::Connected;
use super::model::remedy_for_scopes;
use crate::error::Error;
use crate::http::Reply;
use crate::http::problem::status_of;
use crate::ids::RequestId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #16232b; --soft: #56666f; --paper: #f4f6f5; --card: #fff; --line: #d8dfdc;
  --good: #0b6e4f; --bad: #a8321f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eeeb; --soft: #a2b2ab; --paper: #10181b; --card: #182226; --line: #2c3a3f; --good: #5fd0a5; --bad: #ff9b87; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 38rem); place-content: center; padding: 1.25rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 38rem; padding: 1.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; }
h1 { margin: 0 0 .75rem; font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; }
h1.good { color: var(--good); } h1.bad { color: var(--bad); }
h2 { margin: 1.5rem 0 .25rem; font-size: 1rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .85rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--paper); font: .85rem/1.5 ui-monospace, monospace; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
footer { margin-top: 1.5rem; color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
";

/// The page after a connect that worked.
#[must_use]
pub fn connected(base_url: &str, connected: &Connected) -> Reply {
    let profile = &connected.profile;
    let who = format!(
        "<b>{}</b> (@{})",
        escape(&profile.name),
        escape(&profile.handle)
    );
    let id = escape(connected.account_id.as_str());
    let (heading, next) = if connected.missing.is_empty() {
        let line = format!(
            "curl -X POST {}/api/v1/posts \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -H \"Idempotency-Key: hello-from-godwit\" \\\n  -d '{{\"text\": \"Hello from Godwit\", \"accounts\": [\"{}\"]}}'",
            base_url, connected.account_id
        );
        let next = format!(
            "<h2>What next</h2><p>You can close this page. Your first post, with your API key or session token in \
             <code>TOKEN</code>:</p><pre tabindex=\"0\"><code>{}</code></pre>",
            escape(&line)
        );
        ("<h1 class=\"good\">Your X account is connected</h1>", next)
    } else {
        let remedy = escape(&remedy_for_scopes(&connected.missing));
        let next = format!(
            "<h2>What is missing</h2><p>X did not grant everything that posting needs, so nothing can be posted yet.</p>\
             <h2>What to do</h2><p>{remedy}</p>"
        );
        (
            "<h1 class=\"bad\">Connected, but not able to post yet</h1>",
            next,
        )
    };
    let body = format!(
        "{heading}<p>Connected as {who}.</p>{next}<footer>Account id: <code>{id}</code></footer>"
    );
    page(StatusCode::OK, "X account connected", &body)
}

/// The page after a connect that did not work.
#[must_use]
pub fn failed(error: &Error, request_id: &RequestId) -> Reply {
    // Whoever reloads the page of a connect that worked must not read that it did not.
    let heading = if error.code == "state_used" {
        "<h1>This address has been used</h1>"
    } else {
        "<h1 class=\"bad\">Your X account was not connected</h1>"
    };
    let mut body = format!("{heading}<p>{}</p>", escape(&error.detail));
    if let Some(words) = &error.upstream {
        // Writing into a String does not fail.
        let _ = write!(body, "<p>X says: “{}”</p>", escape(words));
    }
    let _ = write!(
        body,
        "<h2>What to do</h2><p>{}</p><footer>Code: <code>{}</code> · Request: <code>{}</code></footer>",
        escape(&error.remedy),
        escape(error.code),
        escape(request_id.as_str())
    );
    page(status_of(error.kind), "X account not connected", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title} · Godwit</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    // Nothing is loaded and nothing runs; the one style is named by its hash.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    Reply::bytes(status, "text/html; charset=utf-8", html.into_bytes())
        .with_header(header::CONTENT_SECURITY_POLICY, &policy)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{connected, failed};
    use crate::accounts::callback::Connected;
    use crate::error::{Error, Kind};
    use crate::http::Reply;
    use crate::ids::{AccountId, RequestId};
    use crate::platforms::Profile;

    fn text(reply: Reply) -> String {
        String::from_utf8(reply.body.unwrap().1).unwrap()
    }

    fn someone(name: &str, missing: Vec<&'static str>) -> Connected {
        Connected {
            account_id: AccountId::parse("acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap(),
            profile: Profile {
                external_id: "1001".into(),
                handle: "godwit_demo".into(),
                name: name.into(),
                avatar_url: None,
                subscription: None,
            },
            missing,
        }
    }

    #[test]
    fn it_says_who_is_connected_and_how_to_post_and_escapes_every_name() {
        let page = text(connected(
            "https://post.example.com",
            &someone("<script>alert(1)</script>&", vec![]),
        ));
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;")
                && !page.contains("<script")
        );
        assert!(page.contains("@godwit_demo"));
        assert!(page.contains("https://post.example.com/api/v1/posts"));
        assert!(page.contains("&quot;acct_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c&quot;"));
    }

    #[test]
    fn it_names_what_the_consent_did_not_cover() {
        let page = text(connected(
            "https://post.example.com",
            &someone("Bird", vec!["offline.access"]),
        ));
        assert!(page.contains("Missing: offline.access") && !page.contains("curl"));
    }

    #[test]
    fn a_failure_says_what_to_do_and_lets_nothing_in() {
        let error = Error::new(
            Kind::Forbidden,
            "consent_denied",
            "It was \"denied\".",
            "Try <again>.",
        )
        .with_upstream("<img src=x>");
        let id = RequestId::parse("req_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap();
        let reply = failed(&error, &id);
        assert_eq!(reply.status, 403);
        let policy = reply.headers[0].1.to_str().unwrap().to_owned();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-")
                && !policy.contains("unsafe")
        );
        let page = text(reply);
        assert!(page.contains("It was &quot;denied&quot;.") && page.contains("Try &lt;again&gt;."));
        assert!(page.contains("consent_denied") && !page.contains("<img"));
    }
}
