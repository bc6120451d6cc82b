//! App-only tokens: `POST /oauth2/token` and `POST /oauth2/invalidate_token`
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only>).
//!
//! An app has one token, which it gets as often as it asks; a new one only after the old one was invalidated.

use serde_json::json;

use super::{
    answer::Answer,
    call::{Call, first},
    oauth::{basic, is},
    refusals::coded,
    x::X,
};

pub fn token(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let app = authenticate(x, call)?;
    if first(&call.form(), "grant_type") != Some("client_credentials") {
        return Err(coded(403, 170, "Missing required parameter: grant_type"));
    }
    let token = if let Some(token) = x.app_bearer(app) {
        token.to_owned()
    } else {
        let token = format!("sbx-app-{}", x.ids.word(60));
        x.oauth1.bearers.insert(app, Some(token.clone()));
        token
    };
    Ok(Answer::json(
        200,
        &json!({"token_type": "bearer", "access_token": token}),
    ))
}

pub fn invalidate(x: &mut X, call: &Call) -> Result<Answer, Answer> {
    let app = authenticate(x, call)?;
    let form = call.form();
    let token = first(&form, "access_token").filter(|token| x.app_bearer(app) == Some(token));
    let token = token.ok_or_else(|| coded(401, 89, "Invalid or expired token."))?;
    x.oauth1.bearers.insert(app, None);
    Ok(Answer::json(200, &json!({"access_token": token})))
}

impl X {
    /// The app's token, if it has one now.
    pub(super) fn app_bearer(&self, app: usize) -> Option<&str> {
        match self.oauth1.bearers.get(&app) {
            Some(token) => token.as_deref(),
            None => self.settings.app(app)?.app_bearer,
        }
    }

    /// The app that this is a token of.
    pub(super) fn app_of_bearer(&self, token: &str) -> Option<usize> {
        let mut all = self.settings.registered();
        all.find(|app| self.app_bearer(app.index) == Some(token))
            .map(|app| app.index)
    }
}

fn authenticate(x: &X, call: &Call) -> Result<usize, Answer> {
    let refused = || coded(403, 99, "Unable to verify your credentials");
    let (key, secret) = call
        .header("authorization")
        .and_then(basic)
        .ok_or_else(refused)?;
    let is_of = |known: Option<&str>, shown: &str| known.is_some_and(|known| is(shown, known));
    x.settings
        .registered()
        .find(|app| is_of(app.consumer_key, &key) && is_of(app.consumer_secret, &secret))
        .map(|app| app.index)
        .ok_or_else(refused)
}
