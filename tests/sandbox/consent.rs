//! The consent page, `GET` and `POST /i/oauth2/authorize`.
//!
//! To drive it without a browser: `POST /i/oauth2/authorize` as a form, with the parameters of the authorization URL
//! as they are (`response_type`, `client_id`, `redirect_uri`, `scope`, `state`, `code_challenge`,
//! `code_challenge_method`) and two more:
//! - `username`: who agrees, `godwit_demo` unless given;
//! - `decision`: `authorize` or `cancel`.
//!
//! The answer is a 302 to `redirect_uri` with `code` and `state`, or with `error=access_denied` and `state`. A request
//! that X would not even show is answered with a page that says why, and never redirected.

use super::{
    answer::Answer,
    call::{Call, first},
    grants::{Challenge, Consent},
    pages::{self, each, html},
    x::X,
};

/// The scopes of the docs and of spec 2.173, in words. Those that write are marked on the real page as sensitive.
const SCOPES: [(&str, &str); 29] = [
    (
        "tweet.read",
        "See all the posts you can see, including those of protected accounts.",
    ),
    ("tweet.write", "Post and repost for you."),
    (
        "tweet.moderate.write",
        "Hide and unhide replies to your posts.",
    ),
    ("users.read", "See any account you can see."),
    ("users.email", "See your email address."),
    ("users.write", "Change your profile."),
    (
        "media.write",
        "Upload media like photos and videos for you.",
    ),
    ("offline.access", "Stay connected until you revoke access."),
    ("follows.read", "See who you follow and who follows you."),
    ("follows.write", "Follow and unfollow people for you."),
    ("like.read", "See the posts you have liked."),
    ("like.write", "Like and unlike posts for you."),
    ("list.read", "See your lists."),
    ("list.write", "Create and manage lists for you."),
    ("mute.read", "See the accounts you have muted."),
    ("mute.write", "Mute and unmute accounts for you."),
    ("block.read", "See the accounts you have blocked."),
    ("block.write", "Block and unblock accounts for you."),
    ("bookmark.read", "See your bookmarks."),
    ("bookmark.write", "Bookmark posts for you."),
    ("dm.read", "See your direct messages."),
    ("dm.write", "Send direct messages for you."),
    ("space.read", "See all the Spaces you can see."),
    ("timeline.read", "See your timelines."),
    ("broadcast.read", "See your broadcasts."),
    ("broadcast.write", "Manage your broadcasts."),
    ("settings.read", "See your settings."),
    ("settings.write", "Change your settings."),
    ("developer.read", "See your developer account."),
];

const CARRIED: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// What was asked for, found to be in order.
struct Asked {
    app: usize,
    redirect_uri: String,
    state: String,
    scopes: Vec<&'static (&'static str, &'static str)>,
    challenge: Challenge,
}

pub fn page(x: &X, call: &Call) -> Answer {
    let asked = match asked(x, &call.query) {
        Ok(asked) => asked,
        Err(page) => return page,
    };
    let hidden = each(CARRIED.iter(), |name| {
        let value = html(call.parameter(name).unwrap_or_default());
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    });
    let people = each(x.people.iter().enumerate(), |(index, user)| {
        let (username, name) = (html(&user.profile.username), html(&user.profile.name));
        let checked = if index == 0 { " checked" } else { "" };
        format!(
            "<label class=\"person\"><input type=\"radio\" name=\"username\" value=\"{username}\"{checked}>\
             <span><b>{name}</b><br><small>@{username}</small></span></label>"
        )
    });
    let scopes = each(asked.scopes.iter(), |(_, words)| {
        format!("<li>{}</li>", html(words))
    });
    let sensitive = asked.scopes.iter().any(|(name, _)| name.ends_with("write"));
    let warning = if sensitive {
        "<p class=\"note\"><b>Sensitive permissions requested.</b> Authorize only an app that you trust.</p>"
    } else {
        ""
    };
    let app = html(x.settings.app(asked.app).map_or("", |app| app.name));
    Answer::html(
        200,
        pages::document(
            &format!("Authorize {app}"),
            &format!(
                "<h1>{app} wants to access your X account.</h1>\
                 <form method=\"post\" action=\"/i/oauth2/authorize\">{hidden}\
                 <h2>Sign in as</h2>{people}\
                 <h2>Things this app can do</h2><ul>{scopes}</ul>{warning}\
                 <p><button name=\"decision\" value=\"authorize\">Authorize app</button> \
                 <button class=\"quiet\" name=\"decision\" value=\"cancel\">Cancel</button></p></form>"
            ),
        ),
    )
}

pub fn decide(x: &mut X, call: &Call) -> Answer {
    let form = call.form();
    let asked = match asked(x, &form) {
        Ok(asked) => asked,
        Err(page) => return page,
    };
    let username = first(&form, "username").unwrap_or("godwit_demo");
    let Some(user) = x.people.named(username).map(|user| user.id) else {
        return refused(400, &format!("There is no user @{username}."));
    };
    match first(&form, "decision") {
        Some("authorize") => {
            let withheld = &x.settings.withheld_scopes;
            let scopes = asked
                .scopes
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .filter(|name| !withheld.contains(name))
                .collect();
            let consent = Consent {
                app: asked.app,
                user,
                scopes,
                redirect_uri: asked.redirect_uri.clone(),
                challenge: asked.challenge,
            };
            let code = x.grants.code(&mut x.ids, &x.settings, call.now_ms, consent);
            back(&asked.redirect_uri, &asked.state, "code", &code)
        }
        Some("cancel") => back(&asked.redirect_uri, &asked.state, "error", "access_denied"),
        _ => refused(400, "Choose whether to authorize the app."),
    }
}

fn asked(x: &X, given: &[(String, String)]) -> Result<Asked, Answer> {
    let settings = &x.settings;
    let get = |name| first(given, name).filter(|value| !value.is_empty());
    let app = get("client_id").and_then(|id| settings.app_of_client(id));
    let app = app.ok_or_else(|| refused(400, "Value passed for the client_id was invalid."))?;
    // Nothing may be redirected before the callback is known to belong to the client.
    let redirect_uri = get("redirect_uri")
        .filter(|uri| app.redirect_uris.iter().any(|known| known == uri))
        .ok_or_else(|| {
            refused(
                415,
                "Callback URL not approved for this client application.",
            )
        })?;
    if get("response_type") != Some("code") {
        return Err(refused(
            400,
            "Value passed for the response_type was invalid.",
        ));
    }
    let state = get("state").filter(|state| state.chars().count() <= 500);
    let state = state.ok_or_else(|| refused(400, "Value passed for the state was invalid."))?;
    let scopes = get("scope")
        .and_then(|scope| {
            scope
                .split(' ')
                .map(known_scope)
                .collect::<Option<Vec<_>>>()
        })
        .ok_or_else(|| refused(400, "Value passed for the scope was invalid."))?;
    let challenge = match (get("code_challenge"), get("code_challenge_method")) {
        (Some(challenge), Some("S256")) => Challenge::S256(challenge.into()),
        (Some(challenge), Some("plain")) => Challenge::Plain(challenge.into()),
        _ => {
            return Err(refused(
                400,
                "Value passed for the code_challenge or code_challenge_method was invalid.",
            ));
        }
    };
    Ok(Asked {
        app: app.index,
        redirect_uri: redirect_uri.into(),
        state: state.into(),
        scopes,
        challenge,
    })
}

fn known_scope(name: &str) -> Option<&'static (&'static str, &'static str)> {
    SCOPES.iter().find(|(known, _)| *known == name)
}

fn back(redirect_uri: &str, state: &str, name: &str, value: &str) -> Answer {
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("state", state)
        .append_pair(name, value)
        .finish();
    Answer::redirect(format!("{redirect_uri}{separator}{query}"))
}

fn refused(status: u16, reason: &str) -> Answer {
    Answer::html(
        status,
        pages::document(
            "Something went wrong",
            &format!(
                "<h1>Something went wrong</h1><p>You weren't able to give access to the app. Go back and try logging in \
                 again.</p><p class=\"note\">{}</p>",
                html(reason)
            ),
        ),
    )
}
