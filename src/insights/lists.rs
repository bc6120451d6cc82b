//! Timelines, mentions, users, trends: X's own lists.

use super::account::signed;
use super::model::Trends;
use super::reader::{MENTIONS, POSTS, Reader, SEARCH, TRENDS};
use crate::accounts::Asker;
use crate::app::App;
use crate::error::Error;
use crate::http::Page;
use crate::ids::{AccountId, WorkspaceId};
use crate::platforms::x::read::{self, PageOf};
use crate::platforms::x::shown::{self, Post, User};

/// What the account posted, newest first, with replies and reposts.
///
/// # Errors
/// [`Kind::NotFound`](crate::error::Kind::NotFound), X's refusals, or when the database does not answer.
pub async fn timeline(
    app: &App,
    workspace: &WorkspaceId,
    id: &AccountId,
    page: PageOf<'_>,
) -> Result<Page<Post>, Error> {
    let asker = Asker::find(app, workspace, id).await?;
    let user = asker.external_id();
    let answer = asker
        .ask(&POSTS.up_to(page.limit), async |api| {
            read::timeline(&api, user, page).await
        })
        .await?;
    let posts = shown::posts(&answer, &app.config.x.web_base).into_iter();
    let posts = posts.map(|post| signed(app, &asker, post)).collect();
    Ok(Page::of_theirs(posts, shown::next(&answer)))
}

/// What others posted with the account's name in it, newest first.
///
/// # Errors
/// As [`timeline`].
pub async fn mentions(
    app: &App,
    workspace: &WorkspaceId,
    id: &AccountId,
    page: PageOf<'_>,
) -> Result<Page<Post>, Error> {
    let asker = Asker::find(app, workspace, id).await?;
    let user = asker.external_id();
    let answer = asker
        .ask(&MENTIONS.up_to(page.limit), async |api| {
            read::mentions(&api, user, page).await
        })
        .await?;
    let posts = shown::posts(&answer, &app.config.x.web_base);
    Ok(Page::of_theirs(posts, shown::next(&answer)))
}

/// Users whom X finds by these words.
///
/// # Errors
/// `no_account`, `auth_mismatch`, and as [`timeline`].
pub async fn search_users(
    app: &App,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    words: &str,
    page: PageOf<'_>,
) -> Result<Page<User>, Error> {
    let reader = Reader::find(app, workspace, account, &SEARCH).await?;
    let answer = reader
        .ask(&SEARCH.up_to(page.limit), async |api| {
            read::search_users(&api, words, page).await
        })
        .await?;
    let users = shown::users(&answer);
    Ok(Page::of_theirs(users, shown::next(&answer)))
}

/// What is talked about at a place.
///
/// # Errors
/// As [`search_users`].
pub async fn trends(
    app: &App,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    woeid: u32,
    limit: u32,
) -> Result<Trends, Error> {
    let reader = Reader::find(app, workspace, account, &TRENDS).await?;
    let answer = reader
        .ask(&TRENDS, async |api| read::trends(&api, woeid, limit).await)
        .await?;
    Ok(Trends {
        woeid,
        items: shown::trends(&answer),
    })
}
