//! `If-Match`: for which revisions a change is meant.

use super::Call;
use crate::error::{Error, Kind};

/// The revisions for which a change is meant, from `If-Match` (RFC 9110, section 13.1.1); `None`: for any.
///
/// # Errors
/// [`Kind::Malformed`] when the header is no list of entity tags.
pub fn revisions(call: &Call) -> Result<Option<Vec<u32>>, Error> {
    let mut revisions = Vec::new();
    let mut values = call
        .headers
        .get_all(http::header::IF_MATCH)
        .iter()
        .peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    for value in values {
        for tag in value.to_str().map_err(|_| malformed())?.split(',') {
            let tag = tag.trim();
            if tag == "*" {
                return Ok(None);
            }
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque = strong
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .ok_or_else(malformed)?;
            // A weak tag, or one that is none of ours, matches nothing.
            let revision = opaque.parse::<u32>().ok();
            let is_ours = |revision: &u32| strong == tag && revision.to_string() == opaque;
            revisions.extend(revision.filter(is_ours));
        }
    }
    Ok(Some(revisions))
}

fn malformed() -> Error {
    Error::new(
        Kind::Malformed,
        "invalid_if_match",
        "If-Match is no list of entity tags.",
        "Send the ETag of the thing as it was read, with its quotation marks.",
    )
}

#[cfg(test)]
mod tests {
    use super::revisions;
    use crate::http::Call;
    use crate::ids::RequestId;
    use http::{HeaderMap, HeaderValue, header};

    fn read(values: &[&'static str]) -> Result<Option<Vec<u32>>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        let call = Call {
            request_id: RequestId::parse("req_019a9b1c-7d2e-7c11-8f00-3b5a1e2f4d6c").unwrap(),
            who: None,
            path: std::collections::BTreeMap::new(),
            query: String::new(),
            headers,
            body: Vec::new(),
            stream: None,
            target: String::new(),
            once: crate::http::idempotency::Once::default(),
        };
        revisions(&call).map_err(|error| error.code)
    }

    #[test]
    fn if_match_is_read_as_a_list_of_strong_tags() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(None));
        assert_eq!(read(&["\"3\""]), Ok(Some(vec![3])));
        assert_eq!(read(&["\"3\" , \"4\"", "\"5\""]), Ok(Some(vec![3, 4, 5])));
        assert_eq!(read(&["W/\"3\""]), Ok(Some(vec![])));
        for another in ["\"another\"", "\"+3\"", "\"03\""] {
            assert_eq!(read(&[another]), Ok(Some(vec![])), "{another}");
        }
        for wrong in ["3", "", "\"3", "\"3\",", "W/3"] {
            assert_eq!(read(&[wrong]), Err("invalid_if_match"), "{wrong}");
        }
    }
}
