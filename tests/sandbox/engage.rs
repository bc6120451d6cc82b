//! Likes, reposts and bookmarks, and taking them back (<https://docs.x.com/x-api/posts/likes/introduction>,
//! <https://docs.x.com/x-api/posts/retweets/introduction>, <https://docs.x.com/x-api/posts/bookmarks/introduction>).
//!
//! Doing one twice, and taking back what is not there, is no error: nothing changes. Not known, and read strictly: a
//! post that is not there is a 404; self-serve apps are refused likes in the words for whatever is not permitted, and
//! taking them back as well; there are no bookmark folders, so each is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    draft::Create,
    ledger::Post,
    money::Charge,
    publish::{self, Origin},
    refusals::{Refusal, invalid_request},
    x::X,
};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    Like,
    Repost,
    Bookmark,
}

/// Who has done what to which post.
#[derive(Debug, Default)]
pub struct Engagements(BTreeSet<(u64, Kind, u64)>);

impl Engagements {
    pub fn count(&self, post: u64, kind: Kind) -> usize {
        self.0
            .range((post, kind, 0)..=(post, kind, u64::MAX))
            .count()
    }

    pub fn likes_of(&self, user: u64) -> usize {
        let each = self.0.iter();
        each.filter(|(_, kind, who)| *kind == Kind::Like && *who == user)
            .count()
    }

    pub fn has(&self, post: u64, kind: Kind, user: u64) -> bool {
        self.0.contains(&(post, kind, user))
    }
}

impl Kind {
    fn done(self) -> &'static str {
        match self {
            Self::Like => "liked",
            Self::Repost => "retweeted",
            Self::Bookmark => "bookmarked",
        }
    }
}

pub fn engage(x: &mut X, call: &Call, user: u64, of: &str, kind: Kind) -> Result<Answer, Answer> {
    may_engage(x, user, of, kind)?;
    let body = call.json().unwrap_or(&Value::Null);
    if body.get("folder_id").is_some() {
        return Err(Refusal::NotFound.answer());
    }
    let one = body["tweet_id"].as_str();
    if let (None, Some(ids)) = (one, body["tweet_ids"].as_array()) {
        return Ok(in_bulk(x, user, ids));
    }
    let id = one.unwrap_or_default();
    let post = found(x, id).ok_or_else(|| Refusal::NotFound.answer())?;
    let (post, author, text) = (post.id, post.author, post.sent.clone());
    let is_new = x.engagements.0.insert((post, kind, user));
    let mut data = json!({kind.done(): true});
    if kind == Kind::Repost {
        data["rest_id"] = id.into();
        if is_new {
            repost(x, call.now_ms, user, (post, author), &text);
        }
    }
    let charge = match kind {
        Kind::Bookmark => Charge::Bookmark,
        Kind::Like | Kind::Repost => Charge::Interaction,
    };
    Ok(Answer::json(200, &json!({"data": data})).worth(charge, 1))
}

pub fn take_back(
    x: &mut X,
    call: &Call,
    user: u64,
    of: &str,
    id: &str,
    kind: Kind,
) -> Result<Answer, Answer> {
    may_engage(x, user, of, kind)?;
    if let Ok(post) = id.parse() {
        x.engagements.0.remove(&(post, kind, user));
        let is_repost =
            |it: &&Post| it.author == user && it.repost_of() == Some(post) && kind == Kind::Repost;
        let repost = x.ledger.newest_first().find(is_repost).map(|it| it.id);
        if let Some(repost) = repost {
            x.ledger.delete(repost, call.now_ms);
        }
    }
    let answer = Answer::json(200, &json!({"data": {kind.done(): false}}));
    Ok(answer.worth(Charge::InteractionDelete, 1))
}

fn may_engage(x: &X, user: u64, of: &str, kind: Kind) -> Result<(), Answer> {
    if of != user.to_string() {
        return Err(invalid_request(
            &json!({"id": [of]}),
            &format!(
                "The `id` query parameter value [{of}] must be the same as the authenticating user [{user}]"
            ),
        ));
    }
    if kind == Kind::Like && x.plan().is_self_serve() {
        return Err(Refusal::Forbidden.answer());
    }
    Ok(())
}

/// A post of its own in the timeline of who reposts.
fn repost(x: &mut X, now_ms: i64, user: u64, (post, author): (u64, u64), text: &str) {
    let (Some(by), Some(of)) = (x.people.get(user).cloned(), x.people.get(author)) else {
        return;
    };
    let create = Create {
        text: format!("RT @{}: {text}", of.profile.username),
        ..Create::default()
    };
    publish::write(x, now_ms, &by, &create, Origin::repost_of(post));
}

/// Bookmarks only.
fn in_bulk(x: &mut X, user: u64, ids: &[Value]) -> Answer {
    let (mut done, mut errors) = (Vec::new(), Vec::new());
    for id in ids.iter().filter_map(Value::as_str) {
        if let Some(post) = found(x, id).map(|post| post.id) {
            x.engagements.0.insert((post, Kind::Bookmark, user));
            done.push(json!({"tweet_id": id, "bookmarked": true}));
        } else {
            errors.push(json!({
                "tweet_id": id,
                "title": "Not Found Error",
                "detail": format!("Could not find tweet with id: [{id}]."),
            }));
        }
    }
    let count = done.len();
    let mut body = json!({"data": done});
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Answer::json(200, &body).worth(Charge::Bookmark, count)
}

fn found<'a>(x: &'a X, id: &str) -> Option<&'a Post> {
    x.ledger.get(id.parse().ok()?)
}
