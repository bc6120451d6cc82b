//! Pages for people: what this is, a user's posts, one post.

use super::{
    answer::Answer,
    call::Call,
    instants,
    ledger::Post,
    people::User,
    text::{Link, Piece},
    x::X,
};

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
    color:#14171a;background:#fff}h1{font-size:1.5rem}h2{font-size:1rem;margin-top:1.5rem}a{color:#1a6fb5}\
    small,.note{color:#5b6770}.note{border:1px solid #d5dce1;border-radius:.6rem;padding:.7rem 1rem}\
    .person{display:flex;gap:.7rem;align-items:center;padding:.5rem 0}\
    article{border:1px solid #d5dce1;border-radius:.8rem;padding:1rem 1.2rem;margin:1rem 0}\
    article p{white-space:pre-wrap;overflow-wrap:anywhere}\
    button{font:inherit;font-weight:600;padding:.6rem 1.4rem;border:0;border-radius:2rem;background:#14171a;color:#fff;\
    cursor:pointer}button.quiet{background:#eef1f3;color:#14171a}\
    input{font:inherit;padding:.55rem .8rem;border:1px solid #d5dce1;border-radius:.6rem;background:none;color:inherit}\
    @media(prefers-color-scheme:dark){body{background:#14171a;color:#e8ecef}a{color:#7bbcf0}small,.note{color:#9aa7b0}\
    .note,article,input{border-color:#38424a}button{background:#e8ecef;color:#14171a}\
    button.quiet{background:#2a3238;color:#e8ecef}}";

/// Text made safe for HTML, in elements and in quoted attributes.
pub fn html(text: &str) -> String {
    super::text::escape(text)
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A whole page. `title` and `body` are HTML already.
pub fn document(title: &str, body: &str) -> String {
    document_beside("X", title, body)
}

/// A whole page of the stand-in for this service.
pub fn document_beside(service: &str, title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main>\
         <footer><small>This is the sandbox of Godwit, not {service}. <a href=\"/\">What is this?</a></small></footer></body></html>"
    )
}

/// One piece of HTML for each item.
pub fn each<T>(items: impl Iterator<Item = T>, show: impl Fn(T) -> String) -> String {
    items.fold(String::new(), |all, item| all + &show(item))
}

pub fn page(x: &X, call: &Call) -> Answer {
    match call.segments().as_slice() {
        [""] => home(x),
        [username] => x
            .people
            .named(username)
            .map_or_else(missing, |user| timeline(x, user)),
        // The name in the address does not matter, as on the real X.
        [_, "status", id] | ["i", "web", "status", id] => {
            let post = id.parse().ok().and_then(|id| x.ledger.get(id));
            post.map_or_else(missing, |post| single(x, post))
        }
        _ => missing(),
    }
}

fn home(x: &X) -> Answer {
    let people = each(x.people.iter(), |user| {
        let (username, name) = (html(&user.profile.username), html(&user.profile.name));
        format!("<li><a href=\"/{username}\">{name}</a> <small>@{username}</small></li>")
    });
    let names = ["counts", "posts", "requests", "faults", "users", "settings"];
    let links = each(names.iter(), |name| {
        format!("<li><a href=\"/_sandbox/{name}\">/_sandbox/{name}</a></li>")
    });
    Answer::html(
        200,
        document(
            "The sandbox",
            &format!(
                "<h1>A stand-in for X</h1><p>It answers as X's API does, as strictly, and posts nothing anywhere. Connect \
                 an account in Godwit, choose one of these users, and see its posts here.</p><h2>Users</h2>\
                 <ul>{people}</ul><h2>For tests</h2><ul>{links}</ul>"
            ),
        ),
    )
}

fn timeline(x: &X, user: &User) -> Answer {
    let posts: String = x
        .ledger
        .newest_first()
        .filter(|post| post.author == user.id && post.is_current())
        .take(100)
        .map(|post| article(post, user))
        .collect();
    let posts = if posts.is_empty() {
        "<p class=\"note\">Nothing posted yet.</p>".into()
    } else {
        posts
    };
    let (username, name) = (html(&user.profile.username), html(&user.profile.name));
    Answer::html(
        200,
        document(
            &format!("{name} (@{username})"),
            &format!("<h1>{name} <small>@{username}</small></h1>{posts}"),
        ),
    )
}

fn single(x: &X, post: &Post) -> Answer {
    let Some(author) = x.people.get(post.author) else {
        return missing();
    };
    let name = html(&author.profile.name);
    Answer::html(
        200,
        document(&format!("{name} on X"), &article(post, author)),
    )
}

fn missing() -> Answer {
    Answer::html(
        404,
        document(
            "Not found",
            "<h1>This page doesn't exist</h1><p>If it was a post, it has been deleted.</p>",
        ),
    )
}

fn article(post: &Post, author: &User) -> String {
    let (username, name) = (html(&author.profile.username), html(&author.profile.name));
    let pieces = post.note.as_ref().unwrap_or(&post.shown);
    let text: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => html(text),
            Piece::Link(link) => anchor(link),
        })
        .collect();
    let reply = post.reply_to.map_or_else(String::new, |id| {
        format!("<small>In reply to <a href=\"/{username}/status/{id}\">{id}</a></small>")
    });
    let (id, time) = (post.id, instants::format(post.created_ms));
    format!(
        "<article><b>{name}</b> <a href=\"/{username}\"><small>@{username}</small></a><br>{reply}<p>{text}</p>\
         <small><a href=\"/{username}/status/{id}\"><time datetime=\"{time}\">{time}</time></a></small></article>"
    )
}

/// Only http and https ever get here: nothing else is found as a URL in a text.
fn anchor(link: &Link) -> String {
    format!(
        "<a href=\"{}\" rel=\"nofollow noopener\">{}</a>",
        html(&link.expanded),
        html(&link.display)
    )
}
