//! OAuth 1.0a: the three legs, and who signs a request
//! (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens>).
//!
//! Access tokens live until they are revoked or invalidated. A timestamp may be five minutes off (not documented; X is
//! known to refuse more), and a nonce counts once. To drive the page without a browser: `POST /oauth/authorize` as a
//! form with `oauth_token`, `username` and `decision` (`authorize` or `cancel`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    admission::Who,
    answer::Answer,
    apps::Permissions,
    call::{Call, first},
    ids::Ids,
    pages::{self, each, html},
    refusals::coded,
    signature::{Header, encode},
    x::X,
};

const LEEWAY_S: i64 = 300;

#[derive(Debug, Default)]
pub struct Tokens {
    asked: BTreeMap<String, Asked>,
    granted: BTreeMap<String, Granted>,
    /// With their timestamps, as long as these are good.
    nonces: BTreeSet<(i64, String)>,
    /// App-only tokens by app: made here, or none after it was invalidated. Before, the settings' own holds.
    pub bearers: BTreeMap<usize, Option<String>>,
}

/// A request token.
#[derive(Debug)]
struct Asked {
    secret: String,
    app: usize,
    callback: String,
    /// Who agreed, and the proof.
    agreed: Option<(u64, String)>,
}

#[derive(Clone, Debug)]
pub struct Granted {
    pub secret: String,
    pub app: usize,
    pub user: u64,
    pub permissions: Permissions,
}

impl Tokens {
    /// A token and its secret.
    pub fn grant(
        &mut self,
        ids: &mut Ids,
        user: u64,
        app: usize,
        permissions: Permissions,
    ) -> (String, String) {
        let (token, secret) = (format!("{user}-{}", ids.word(40)), ids.word(45));
        let granted = Granted {
            secret: secret.clone(),
            app,
            user,
            permissions,
        };
        self.granted.insert(token.clone(), granted);
        (token, secret)
    }

    pub fn get(&self, token: &str) -> Option<&Granted> {
        self.granted.get(token)
    }

    pub fn revoke_user(&mut self, user: u64) {
        self.granted.retain(|_, granted| granted.user != user);
    }
}

/// Who signed a request of API v2, if the app may do such a thing.
///
/// # Errors
/// X's refusal of the signature.
pub fn signer(x: &mut X, call: &Call) -> Result<Who, Answer> {
    let header = Header::read(call).ok_or_else(not_authenticated)?;
    let token = header.get("oauth_token").unwrap_or_default();
    let granted = x.oauth1.get(token).cloned().ok_or_else(dead_token)?;
    let app = verify(x, call, &header, &granted.secret)?;
    if app != granted.app {
        return Err(dead_token());
    }
    if granted.permissions == Permissions::Read && call.method != http::Method::GET {
        return Err(super::refusals::oauth1_permissions());
    }
    Ok(Who {
        app,
        user: granted.user,
    })
}

/// Whose token the header carries, signed or not.
pub fn claimed(x: &X, call: &Call) -> Option<u64> {
    let header = Header::read(call)?;
    Some(x.oauth1.get(header.get("oauth_token")?)?.user)
}

pub fn request_token(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let header = Header::read(call).ok_or_else(not_authenticated)?;
    let app = verify(x, call, &header, "")?;
    let form = call.form();
    let callback = header
        .get("oauth_callback")
        .or_else(|| first(&form, "oauth_callback"))
        .unwrap_or_default();
    let known = x.settings.app(app).map_or(&[][..], |app| app.redirect_uris);
    if callback != "oob" && !known.iter().any(|uri| uri == callback) {
        return Err(coded(
            403,
            415,
            "Callback URL not approved for this client application. Approved callback URLs can be adjusted in your \
             application settings",
        ));
    }
    let (token, secret) = (x.ids.word(27), x.ids.word(32));
    let asked = Asked {
        secret: secret.clone(),
        app,
        callback: callback.into(),
        agreed: None,
    };
    x.oauth1.asked.insert(token.clone(), asked);
    Ok(as_form(&[
        ("oauth_token", &token),
        ("oauth_token_secret", &secret),
        ("oauth_callback_confirmed", "true"),
    ]))
}

pub fn page(x: &X, call: &Call) -> Answer {
    let token = call.parameter("oauth_token").unwrap_or_default();
    let Some(asked) = x.oauth1.asked.get(token) else {
        return gone();
    };
    let app = html(x.settings.app(asked.app).map_or("", |app| app.name));
    let people = each(x.people.iter().enumerate(), |(index, user)| {
        let (username, name) = (html(&user.profile.username), html(&user.profile.name));
        let checked = if index == 0 { " checked" } else { "" };
        format!(
            "<label class=\"person\"><input type=\"radio\" name=\"username\" value=\"{username}\"{checked}>\
             <span><b>{name}</b><br><small>@{username}</small></span></label>"
        )
    });
    let body = format!(
        "<h1>Authorize {app} to access your account?</h1><form method=\"post\" action=\"/oauth/authorize\">\
         <input type=\"hidden\" name=\"oauth_token\" value=\"{}\"><h2>Sign in as</h2>{people}\
         <p><button name=\"decision\" value=\"authorize\">Authorize app</button> \
         <button class=\"quiet\" name=\"decision\" value=\"cancel\">Cancel</button></p></form>",
        html(token)
    );
    Answer::html(200, pages::document(&format!("Authorize {app}"), &body))
}

pub fn decide(x: &mut X, call: &Call) -> Answer {
    let form = call.form();
    let get = |name| first(&form, name).unwrap_or_default();
    let token = get("oauth_token");
    let user = x.people.named(get("username")).map(|user| user.id);
    let verifier = x.ids.word(32);
    let (Some(asked), Some(user)) = (x.oauth1.asked.get_mut(token), user) else {
        return gone();
    };
    let back = |query: String| {
        let separator = if asked.callback.contains('?') {
            '&'
        } else {
            '?'
        };
        Answer::redirect(format!("{}{separator}{query}", asked.callback))
    };
    if get("decision") != "authorize" {
        let answer = back(format!("denied={}", encode(token)));
        x.oauth1.asked.remove(token);
        return answer;
    }
    let answer = if asked.callback == "oob" {
        let words = format!("<h1>Enter this PIN</h1><p><code>{verifier}</code></p>");
        Answer::html(200, pages::document("PIN", &words))
    } else {
        back(format!(
            "oauth_token={}&oauth_verifier={verifier}",
            encode(token)
        ))
    };
    asked.agreed = Some((user, verifier));
    answer
}

/// Takes the request token away, whatever comes of it, once it is signed.
pub fn access_token(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let header = Header::read(call).ok_or_else(not_authenticated)?;
    let token = header.get("oauth_token").unwrap_or_default();
    let secret = x.oauth1.asked.get(token).map(|asked| asked.secret.clone());
    let app = verify(x, call, &header, &secret.ok_or_else(dead_token)?)?;
    let asked = x.oauth1.asked.remove(token).ok_or_else(dead_token)?;
    let form = call.form();
    let shown = header
        .get("oauth_verifier")
        .or_else(|| first(&form, "oauth_verifier"));
    let agreed = asked
        .agreed
        .filter(|(_, verifier)| Some(verifier.as_str()) == shown);
    let (user, _) = agreed.filter(|_| asked.app == app).ok_or_else(dead_token)?;
    let permissions = x
        .settings
        .app(app)
        .map_or(Permissions::Read, |app| app.permissions);
    let (token, secret) = x.oauth1.grant(&mut x.ids, user, app, permissions);
    let name = x.people.get(user).map_or("", |user| &user.profile.username);
    Ok(as_form(&[
        ("oauth_token", &token),
        ("oauth_token_secret", &secret),
        ("user_id", &user.to_string()),
        ("screen_name", name),
    ]))
}

pub fn invalidate(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let header = Header::read(call).ok_or_else(not_authenticated)?;
    let token = header.get("oauth_token").unwrap_or_default();
    let granted = x.oauth1.get(token).cloned().ok_or_else(dead_token)?;
    verify(x, call, &header, &granted.secret)?;
    x.oauth1.granted.remove(token);
    Ok(Answer::json(200, &json!({"access_token": token})))
}

/// The app whose request this is, by key, signature, time and nonce.
fn verify(x: &mut X, call: &Call, header: &Header, token_secret: &str) -> Result<usize, Answer> {
    let key = header.get("oauth_consumer_key");
    let app = x
        .settings
        .registered()
        .find(|app| app.consumer_key.is_some() && app.consumer_key == key)
        .ok_or_else(not_authenticated)?;
    let secret = app.consumer_secret.unwrap_or_default();
    let is_as_it_must_be = header.get("oauth_signature_method") == Some("HMAC-SHA1")
        && header
            .get("oauth_version")
            .is_none_or(|version| version == "1.0")
        && header.is_signed_by(call, secret, token_secret);
    let nonce = header.get("oauth_nonce").filter(|nonce| !nonce.is_empty());
    let nonce = nonce
        .filter(|_| is_as_it_must_be)
        .ok_or_else(not_authenticated)?;
    let time = header
        .get("oauth_timestamp")
        .and_then(|time| time.parse().ok());
    let time: i64 = time.ok_or_else(not_authenticated)?;
    let now = call.now_ms.div_euclid(1000);
    if (now - time).abs() > LEEWAY_S {
        return Err(coded(401, 135, "Timestamp out of bounds."));
    }
    let app = app.index;
    let nonces = &mut x.oauth1.nonces;
    *nonces = nonces.split_off(&(now - LEEWAY_S, String::new()));
    let token = header.get("oauth_token").unwrap_or_default();
    if !nonces.insert((time, format!("{app} {token} {nonce}"))) {
        return Err(not_authenticated());
    }
    Ok(app)
}

fn as_form(pairs: &[(&str, &str)]) -> Answer {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Answer::html(200, form)
}

fn not_authenticated() -> Answer {
    coded(401, 32, "Could not authenticate you.")
}

fn dead_token() -> Answer {
    coded(401, 89, "Invalid or expired token.")
}

fn gone() -> Answer {
    let words = "<h1>Whoa there!</h1><p>The request token for this page is invalid. It may have already been used, or \
                 expired because it is too old.</p>";
    Answer::html(401, pages::document("Something is wrong", words))
}
