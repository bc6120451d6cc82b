//! Changing a post that nobody has begun to send.
//!
//! An edit is one transaction over the post and all its deliveries. A claim comes before it, and then the edit is
//! refused; or after it, and then the claim reads the new text. A call of an older claim that is still on its way to the
//! gate, with the older text, is turned away there: a delivery is back in a state that can be edited only when a newer
//! claim has been seen by its gate.

use super::model::{Edit, Given, Post};
use super::schedule::{self, Schedule};
use super::{content, read, store};
use crate::app::App;
use crate::config::SWEEP_AHEAD_MS;
use crate::error::{Error, Kind};
use crate::http::Call;
use crate::ids::{PostId, WorkspaceId};
use crate::ports::{ResultSet, Statement};
use crate::publish::{self, State};
use crate::time::Timestamp;

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
        "Send the ETag of the post as it was read, with its quotation marks.",
    )
}

/// Changes the text or the time of a post; what is not given stays, and so does what a delivery waits for unless a time
/// is given.
///
/// 1. The transaction. If its answer is lost, a repeat makes the same change again, as another revision.
/// 2. The nudges. If one is lost, the sweep sends another.
///
/// # Errors
/// [`Kind::NotFound`]; [`Kind::Invalid`], by field; [`Kind::Outdated`] when the post is of another revision than
/// `revisions`; [`Kind::Conflict`] when some of it has begun to be sent.
pub async fn edit(
    app: &App,
    workspace: &WorkspaceId,
    id: &PostId,
    edit: Edit,
    revisions: Option<&[u32]>,
) -> Result<Post, Error> {
    let now = app.now();
    let segments = content::segments(edit.text, edit.thread)?;
    let zone = edit.timezone.as_deref();
    let schedule = match (&edit.publish_at, zone) {
        (Given::Nothing, None) => None,
        (Given::Nothing | Given::Null, _) => Some(schedule::read(None, zone, now)?),
        (Given::Value(at), _) => Some(schedule::read(Some(at), zone, now)?),
    };
    if segments.is_none() && schedule.is_none() {
        return Err(Error::invalid_field(
            "/text",
            "missing_field",
            "There is nothing to change: neither a text, nor a thread, nor a time.",
        ));
    }
    let guard = |sql| {
        let revisions = revisions.map(|list| serde_json::to_string(list).unwrap_or_default());
        Statement::new(sql).bind(workspace).bind(id).bind(revisions)
    };
    let due = schedule
        .as_ref()
        .map(|schedule| Due::of(app, schedule, now));
    let mut statements = Vec::new();
    if let Some(due) = &due {
        statements.push(
            guard(store::EDIT_DELIVERIES)
                .bind(due.state.as_str())
                .bind(due.at)
                .bind(due.sweep_at)
                .bind(now),
        );
    }
    let new = schedule.unwrap_or_default();
    statements.push(
        guard(store::EDIT_POST)
            .bind(segments.map(|texts| serde_json::to_string(&texts).unwrap_or_default()))
            .bind(due.is_some())
            .bind(new.at)
            .bind(new.wall_clock)
            .bind(new.timezone)
            .bind(now),
    );
    statements.extend(read::post_query(workspace, id));
    // 1.
    let mut sets = app.database.batch(statements).await?;
    let moved = match &due {
        Some(_) if !sets.is_empty() => sets.remove(0),
        _ => ResultSet::default(),
    };
    let edited = sets.first().is_some_and(|post| !post.rows.is_empty());
    let post = read::found(app, sets)?;
    if !edited {
        return Err(refusal(&post, revisions));
    }
    // 2.
    if let Some(due) = due.filter(|due| due.at.since(now) <= SWEEP_AHEAD_MS) {
        publish::nudge_all(app, workspace, moved, due.at).await;
    }
    Ok(post)
}

/// When the deliveries are due from now on, and what they are until then.
struct Due {
    at: Timestamp,
    state: State,
    sweep_at: Timestamp,
}

impl Due {
    fn of(app: &App, schedule: &Schedule, now: Timestamp) -> Self {
        let (at, sweep_at) = schedule.due(now, &app.config.timing);
        let state = if at > now {
            State::Scheduled
        } else {
            State::Queued
        };
        Self {
            at,
            state,
            sweep_at,
        }
    }
}

/// Why a post was not changed.
fn refusal(post: &Post, revisions: Option<&[u32]>) -> Error {
    if revisions.is_some_and(|list| !list.contains(&post.revision)) {
        return Error::new(
            Kind::Outdated,
            "revision_changed",
            format!(
                "The post is of revision {}, which is none of those in If-Match.",
                post.revision
            ),
            "Read the post again, and decide whether the change still fits.",
        );
    }
    let begun = post
        .deliveries
        .iter()
        .any(|delivery| !delivery.state.is_final());
    if begun {
        return Error::new(
            Kind::Conflict,
            "being_published",
            "Some of the post is being sent, was sent, or may have been.",
            "GET /api/v1/posts/{id} shows what is waited for; what is on X can be deleted there.",
        );
    }
    Error::new(
        Kind::Conflict,
        "already_final",
        "The post has been published or has ended otherwise.",
        "GET /api/v1/posts/{id} shows what became of it; write it anew.",
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
