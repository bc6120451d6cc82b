//! Posts that edit another one at X (<https://docs.x.com/x-api/posts/edit-posts>).
//!
//! An edit is a post like any other: it has its delivery, its fence and its history. X makes a new post of it, which takes
//! the place of the older one. What X would refuse is refused here, as far as that is known without asking.

use super::targets::Target;
use super::wording::Wording;
use crate::error::FieldError;
use crate::media::rules::Plan;
use crate::platforms::x::status;
use crate::publish::content::{Overflow, Written};
use crate::time::{HOUR_MS, Timestamp};

/// How long after its first version a post may be edited, in ms (the changelog of 2025-10-03 at
/// <https://docs.x.com/changelog>; the page about edits says 30 minutes). Of a version that is an edit itself, X knows when
/// the first one was.
const WINDOW_MS: i64 = HOUR_MS;

/// The member of a request that names the older post.
const POINTER: &str = "/edit_of";

/// What X does not take in an edit.
#[must_use]
pub fn not_together(wording: &Wording) -> Option<FieldError> {
    wording.edit_of.as_ref()?;
    let parts = wording.thread.as_ref().map_or(1, Vec::len);
    let given = [
        ("/thread", parts > 1),
        ("/overflow", wording.overflow == Overflow::Thread),
        ("/reply_to", wording.reply_to.is_some()),
        ("/quote", wording.quote.is_some()),
        ("/poll", wording.poll.is_some()),
        ("/community_id", wording.community_id.is_some()),
    ];
    let (pointer, _) = given.into_iter().find(|(_, is_given)| *is_given)?;
    let detail = "An edit is one post; it is no reply, and has no quote, poll or community.";
    Some(FieldError::new(pointer, "not_together", detail))
}

/// Why it cannot be an edit on so many accounts, or at this time.
#[must_use]
pub fn not_possible(
    written: &Written,
    accounts: usize,
    due_at: Timestamp,
    web_base: &str,
) -> Option<FieldError> {
    let older = written.options.edit_of.as_deref()?;
    if accounts > 1 {
        let detail = "The older post is one account's, and this goes to several.";
        return Some(FieldError::new("/accounts", "edit_of_one_account", detail));
    }
    let created_at = status::read(older, web_base)?.created_at;
    (due_at.since(created_at) > WINDOW_MS).then(|| {
        let detail = format!(
            "X takes edits within an hour; that post is of {created_at}. Delete it and write it anew, or leave it."
        );
        FieldError::new(POINTER, "edit_too_late", detail)
    })
}

/// Why this account cannot edit, if X has said which plan it has.
#[must_use]
pub fn not_by(written: &Written, target: &Target) -> Option<FieldError> {
    written.options.edit_of.as_ref()?;
    let is_known = target.subscription.is_some();
    (is_known && target.plan() == Plan::Standard).then(|| {
        let detail = "X lets accounts with X Premium edit, and this account has none.";
        FieldError::new(POINTER, "edit_needs_premium", detail)
    })
}
