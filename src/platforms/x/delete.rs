//! `DELETE /2/tweets/{id}` (<https://docs.x.com/x-api/posts/delete-post>).

use super::api::Api;
use super::ask::{Answered, Ask, Refusal};

/// Deletes a post of the account. Repeating it is harmless: of one that is gone X says so, or that there is none.
///
/// # Errors
/// Why X did not; `x_not_found` when there is no such post.
pub async fn post(api: &Api<'_>, id: &str) -> Result<Answered, Refusal> {
    let path = format!("/2/tweets/{id}");
    Ask::delete(&path).of(api).await
}
