//! Where a connect may return to: a path of this service, or a page of an allowed origin. Anything else would make the
//! callback an open redirector.

use crate::config::Config;
use crate::error::{Error, FieldError};
use url::{Position, Url};

/// The longest address, in bytes.
const LENGTH_MAX: usize = 2_000;

/// Reads `redirect_to`, in the form in which it is kept.
///
/// # Errors
/// `redirect_not_allowed`, and why.
pub fn check(config: &Config, asked: &str) -> Result<String, Error> {
    let refused = |why: &str| {
        Err(Error {
            remedy: "Give a path such as /connected, or an https address whose origin is in FRONTEND_ORIGINS.".to_owned(),
            ..Error::invalid(vec![FieldError::new("/redirect_to", "redirect_not_allowed", why)])
        })
    };
    // Browsers read a backslash as a slash, and drop tabs and line ends inside an address.
    if asked.len() > LENGTH_MAX
        || asked
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return refused(
            "An address has no spaces, backslashes or control characters, and at most 2,000 bytes.",
        );
    }
    if asked.starts_with('/') {
        return match relative(config, asked) {
            Some(path) => Ok(path),
            None => refused("A path begins with a single slash and stays on this service."),
        };
    }
    let Ok(url) = Url::parse(asked) else {
        return refused("It is neither a path nor an address.");
    };
    if !matches!(url.scheme(), "http" | "https")
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return refused("It must begin with https:// or http:// and hold no user name.");
    }
    let origin = url.origin();
    let ours = Url::parse(&config.base_url).is_ok_and(|base| base.origin() == origin);
    if ours
        || config
            .frontend_origins
            .contains(&origin.ascii_serialization())
    {
        Ok(url.into())
    } else {
        refused("Its origin is neither this service nor one of FRONTEND_ORIGINS.")
    }
}

fn relative(config: &Config, asked: &str) -> Option<String> {
    let path = asked
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if path.contains("//") || path.contains("%2f") || path.contains("%5c") {
        return None;
    }
    let base = Url::parse(&config.base_url).ok()?;
    let joined = base
        .join(asked)
        .ok()
        .filter(|joined| joined.origin() == base.origin())?;
    Some(joined[Position::BeforePath..].to_owned())
}

/// `redirect_to` with an outcome in its query. What [`check`] gave, in the same form.
#[must_use]
pub fn with_outcome(
    config: &Config,
    redirect_to: &str,
    outcome: &[(&str, &str)],
) -> Option<String> {
    let is_path = redirect_to.starts_with('/');
    let mut url = if is_path {
        Url::parse(&config.base_url).ok()?.join(redirect_to).ok()?
    } else {
        Url::parse(redirect_to).ok()?
    };
    url.query_pairs_mut().extend_pairs(outcome);
    Some(if is_path {
        url[Position::BeforePath..].to_owned()
    } else {
        url.into()
    })
}

#[cfg(test)]
mod tests {
    use super::{check, with_outcome};
    use crate::config::Config;

    fn config() -> Config {
        let variables = [
            ("BASE_URL", "https://post.example.com"),
            ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
            (
                "ENCRYPTION_KEYS",
                "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            (
                "FRONTEND_ORIGINS",
                "https://app.example.com,http://localhost:3000",
            ),
        ];
        Config::read(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn our_own_paths_and_allowed_origins_are_taken() {
        for (asked, kept) in [
            ("/", "/"),
            ("/connected?tab=1#x", "/connected?tab=1#x"),
            (
                "https://post.example.com/done",
                "https://post.example.com/done",
            ),
            ("https://app.example.com", "https://app.example.com/"),
            (
                "https://APP.example.com:443/a?b=https://else.where/",
                "https://app.example.com/a?b=https://else.where/",
            ),
            ("http://localhost:3000/x", "http://localhost:3000/x"),
        ] {
            assert_eq!(check(&config(), asked).unwrap(), kept);
        }
    }

    #[test]
    fn whatever_could_lead_elsewhere_is_refused() {
        for asked in [
            "",
            "done",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%2f%2fevil.example",
            "/a/%5c%5Cevil",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "https://evil.example/",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "https://user:pass@app.example.com/",
            "https://app.example.com:8443/",
            "http://app.example.com/",
            "http:app.example.com.evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://app.example.com/",
            // Browsers would read two of these as the allowed host.
            "https://APP.ex\u{e4}mple.com/",
            "https://\u{ff41}pp.example.com/",
            "https://app.example\u{3002}com/",
            "https://app.ex%C3%A4mple.com/",
            &format!("/{}", "a".repeat(2_000)),
        ] {
            let error = check(&config(), asked).unwrap_err();
            assert_eq!(error.code, "redirect_not_allowed", "{asked}");
        }
    }

    #[test]
    fn the_outcome_joins_the_query_before_the_fragment() {
        let outcome = [("status", "connected"), ("state", "a b&c")];
        let to = |kept| with_outcome(&config(), kept, &outcome).unwrap();
        assert_eq!(to("/x?y=1#z"), "/x?y=1&status=connected&state=a+b%26c#z");
        assert_eq!(
            to("https://app.example.com/"),
            "https://app.example.com/?status=connected&state=a+b%26c"
        );
    }
}
