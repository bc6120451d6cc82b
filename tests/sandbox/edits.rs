//! Which posts may be edited, and by whom (<https://docs.x.com/x-api/posts/edit-posts>).
//!
//! An edit makes a new post with a new id; the versions before it stay readable by their ids and leave the timelines.
//! Premium users edit their own posts, within an hour of the first version (the changelog of 2025-10-03; the page
//! still says 30 minutes) and five times; both are settings. Polls, replies to others and community posts are never
//! edited. Only the newest version can be: whether X takes an older one is not known.

use serde_json::{Value, json};

use super::{answer::Answer, instants, ledger::Post, people::User, refusals::Refusal, x::X};

/// The version that is edited.
pub fn may_edit<'a>(x: &'a X, now_ms: i64, author: &User, id: &str) -> Result<&'a Post, Answer> {
    let before = id.parse().ok().and_then(|id| x.ledger.get(id));
    before
        .filter(|post| post.author == author.id && author.profile.is_premium())
        .filter(|post| is_eligible(x, post) && now_ms < editable_until(x, post))
        .filter(|post| remaining(x, post) > 0 && post.replaced_by.is_none())
        .ok_or_else(|| Refusal::Forbidden.answer())
}

/// `edit_controls` of a post.
pub fn controls(x: &X, post: &Post) -> Value {
    let is_premium = x
        .people
        .get(post.author)
        .is_some_and(|author| author.profile.is_premium());
    json!({
        "is_edit_eligible": is_premium && is_eligible(x, post),
        "editable_until": instants::format(editable_until(x, post)),
        "edits_remaining": remaining(x, post),
    })
}

fn is_eligible(x: &X, post: &Post) -> bool {
    let is_to_another = post.reply_to.is_some_and(|target| {
        let target = x.ledger.ever(target);
        target.is_some_and(|target| target.author != post.author)
    });
    let extras = post.extras.as_deref();
    let is_other = extras.is_some_and(|extras| extras.poll.is_some() || extras.community.is_some());
    !is_to_another && !is_other
}

fn editable_until(x: &X, post: &Post) -> i64 {
    let first = post.earlier().first().and_then(|id| x.ledger.ever(*id));
    first.unwrap_or(post).created_ms + x.settings.edit_window
}

fn remaining(x: &X, post: &Post) -> usize {
    x.settings.edits.saturating_sub(post.earlier().len())
}
