//! Posts as people name them: by their link, or by their id.

use crate::error::Error;
use crate::time::Timestamp;
use url::Url;

/// The hosts under which X's web client is reached.
const HOSTS: [&str; 6] = [
    "x.com",
    "www.x.com",
    "mobile.x.com",
    "twitter.com",
    "www.twitter.com",
    "mobile.twitter.com",
];

/// Where the time in X's ids begins (<https://docs.x.com/fundamentals/x-ids>), in epoch ms.
const IDS_SINCE_MS: i64 = 1_288_834_974_657;

/// A post of X, as a link names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub external_id: String,
    /// Whose it is said to be; `None` where the link does not say. X itself goes by the id alone.
    pub handle: Option<String>,
    /// When X made it: an id holds its milliseconds above its lowest 22 bits.
    pub created_at: Timestamp,
}

/// Reads a link (`https://x.com/<handle>/status/<id>`, with what X's clients append) or a bare id. Links below
/// `web_base` are taken as X's own.
#[must_use]
pub fn read(text: &str, web_base: &str) -> Option<Status> {
    let text = text.trim();
    if let Some(status) = of(text, None) {
        return Some(status);
    }
    let url = Url::parse(text).ok()?;
    let of_x = url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| HOSTS.contains(&host));
    let of_base = Url::parse(web_base).is_ok_and(|base| base.origin() == url.origin());
    if !(of_x || of_base) || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let segments: Vec<&str> = url
        .path_segments()?
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments.as_slice() {
        ["i", "web", "status", id, rest @ ..] if is_medium(rest) => of(id, None),
        ["i", "status", id, rest @ ..] if is_medium(rest) => of(id, None),
        [handle, "status", id, rest @ ..] if is_handle(handle) && is_medium(rest) => {
            of(id, Some((*handle).to_owned()))
        }
        _ => None,
    }
}

/// The id of the post that the segment `post` of an address names.
///
/// # Errors
/// `not_a_post_link`.
pub fn named(text: &str, web_base: &str) -> Result<String, Error> {
    read(text, web_base)
        .map(|status| status.external_id)
        .ok_or_else(|| {
            Error::invalid_field(
                "post",
                "not_a_post_link",
                "This is neither the id of a post of X nor its link.",
            )
        })
}

fn of(id: &str, handle: Option<String>) -> Option<Status> {
    let digits = id.bytes().all(|b| b.is_ascii_digit()) && !id.starts_with('0');
    let number: i64 = id.parse().ok().filter(|_| digits)?;
    Some(Status {
        external_id: id.to_owned(),
        handle,
        created_at: Timestamp::from_millis((number >> 22) + IDS_SINCE_MS),
    })
}

// A link that was copied from a picture ends in `/photo/1`.
fn is_medium(rest: &[&str]) -> bool {
    match rest {
        [] => true,
        ["photo" | "video", number] => number.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    }
}

fn is_handle(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Status, read};
    use crate::time::Timestamp;

    fn id(text: &str) -> Option<String> {
        read(text, "http://127.0.0.1:9000").map(|status| status.external_id)
    }

    #[test]
    fn links_of_all_clients_and_bare_ids_are_read() {
        for text in [
            "1212092628029698048",
            " https://x.com/XDevelopers/status/1212092628029698048 ",
            "https://twitter.com/XDevelopers/status/1212092628029698048?s=20&t=abc",
            "https://www.x.com/XDevelopers/status/1212092628029698048/",
            "https://mobile.twitter.com/XDevelopers/status/1212092628029698048#m",
            "https://X.com/XDevelopers/status/1212092628029698048/photo/1",
            "https://x.com/i/web/status/1212092628029698048",
            "https://x.com/i/status/1212092628029698048",
            "http://127.0.0.1:9000/XDevelopers/status/1212092628029698048",
        ] {
            assert_eq!(id(text).as_deref(), Some("1212092628029698048"), "{text}");
        }
    }

    #[test]
    fn what_is_no_post_of_x_is_not_read() {
        for text in [
            "",
            "0",
            "-1",
            "0123",
            "12345678901234567890",
            "1212092628029698048x",
            "x.com/XDevelopers/status/1212092628029698048",
            "http://x.com/XDevelopers/status/1212092628029698048",
            "https://x.com:8443/XDevelopers/status/1212092628029698048",
            "https://x.com@evil.example/a/status/1212092628029698048",
            "https://user:word@x.com/a/status/1212092628029698048",
            "https://x.com.evil.example/a/status/1212092628029698048",
            "https://evilx.com/a/status/1212092628029698048",
            "https://x.com/a/status/",
            "https://x.com/a/status/abc",
            "https://x.com/a/status/1212092628029698048/likes",
            "https://x.com/a/likes/1212092628029698048",
            "https://x.com/a b/status/1212092628029698048",
            "https://x.com/a_name_that_is_too_long/status/1212092628029698048",
            "https://x.com/1212092628029698048",
            "javascript:1212092628029698048",
        ] {
            assert_eq!(id(text), None, "{text}");
        }
    }

    // The example of X's own documentation: https://docs.x.com/x-api/posts/lookup/quickstart
    #[test]
    fn an_id_tells_when_x_made_the_post() {
        let status = read(
            "https://x.com/XDevelopers/status/1212092628029698048",
            "https://x.com",
        );
        let created_at = Timestamp::parse_rfc3339("2019-12-31T19:26:16.771Z").unwrap();
        let expected = Status {
            external_id: "1212092628029698048".to_owned(),
            handle: Some("XDevelopers".to_owned()),
            created_at,
        };
        assert_eq!(status, Some(expected));
    }
}
