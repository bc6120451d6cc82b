//! What users have granted: codes, access tokens, refresh tokens.
//!
//! A grant is one consent. Its refresh token is single use and each refresh gives the next one.

use std::collections::BTreeMap;

use super::{ids::Ids, settings::Settings};

/// What a user agreed to on the consent page.
#[derive(Clone, Debug)]
pub struct Consent {
    pub app: usize,
    pub user: u64,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    pub challenge: Challenge,
}

#[derive(Clone, Debug)]
pub enum Challenge {
    Plain(String),
    /// Base64url without padding.
    S256(String),
}

/// What the token endpoint hands out.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    /// Only with `offline.access`.
    pub refresh: Option<String>,
    pub scopes: Vec<String>,
    pub expires_in_s: i64,
}

/// Whose request it is and what it may do.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub app: usize,
    pub user: u64,
    pub scopes: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Grants {
    codes: BTreeMap<String, (Consent, i64)>,
    all: Vec<Grant>,
    access: BTreeMap<String, Token>,
    refresh: BTreeMap<String, Token>,
}

#[derive(Debug)]
struct Grant {
    app: usize,
    user: u64,
    scopes: Vec<String>,
    /// Made from an OAuth 1.0a token.
    exchanged: bool,
    dead: bool,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    grant: usize,
    expires_ms: i64,
    spent: bool,
}

impl Grants {
    pub fn code(
        &mut self,
        ids: &mut Ids,
        settings: &Settings,
        now_ms: i64,
        consent: Consent,
    ) -> String {
        let code = format!("sbx-code-{}", ids.word(60));
        self.codes
            .insert(code.clone(), (consent, now_ms + settings.code_lifetime));
        code
    }

    /// Takes the code away, whatever comes of it: also a failed exchange ends it. `None` when it is unknown or too old.
    pub fn spend_code(&mut self, code: &str, now_ms: i64) -> Option<Consent> {
        let (consent, expires_ms) = self.codes.remove(code)?;
        (now_ms <= expires_ms).then_some(consent)
    }

    pub fn grant(
        &mut self,
        ids: &mut Ids,
        settings: &Settings,
        now_ms: i64,
        (app, user): (usize, u64),
        scopes: Vec<String>,
    ) -> Tokens {
        self.all.push(Grant {
            app,
            user,
            scopes,
            exchanged: false,
            dead: false,
        });
        self.issue(ids, settings, now_ms, self.all.len() - 1)
    }

    /// Rotates a refresh token. `None` when it is unknown, another app's, spent, expired or its grant is dead.
    pub fn refresh(
        &mut self,
        ids: &mut Ids,
        settings: &Settings,
        now_ms: i64,
        app: usize,
        token: &str,
    ) -> Option<Tokens> {
        let found = self.refresh.get_mut(token)?;
        if self.all[found.grant].app != app {
            return None;
        }
        let Token {
            grant,
            expires_ms,
            spent,
        } = *found;
        if spent && settings.family_kill {
            self.all[grant].dead = true;
        }
        if spent || now_ms >= expires_ms || self.all[grant].dead {
            return None;
        }
        found.spent = true;
        if settings.refresh_ends_access_token {
            self.access.retain(|_, token| token.grant != grant);
        }
        Some(self.issue(ids, settings, now_ms, grant))
    }

    /// Ends what this user's OAuth 1.0a token was exchanged for before.
    pub fn end_exchanged(&mut self, app: usize, user: u64) {
        for grant in &mut self.all {
            grant.dead |= grant.exchanged && grant.app == app && grant.user == user;
        }
    }

    /// The newest grant came from an OAuth 1.0a token.
    pub fn mark_exchanged(&mut self) {
        if let Some(grant) = self.all.last_mut() {
            grant.exchanged = true;
        }
    }

    /// A refresh token takes its whole grant along, an access token only itself. An unknown one is no error (RFC 7009).
    pub fn revoke(&mut self, token: &str) {
        if let Some(found) = self.refresh.get(token) {
            self.all[found.grant].dead = true;
        }
        self.access.remove(token);
    }

    /// The user takes back everything at <https://x.com/settings/connected_apps>.
    pub fn revoke_user(&mut self, user: u64) {
        for grant in &mut self.all {
            grant.dead |= grant.user == user;
        }
    }

    pub fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    pub fn bearer(&self, token: &str, now_ms: i64) -> Option<Bearer> {
        let token = self.access.get(token)?;
        let grant = &self.all[token.grant];
        (now_ms < token.expires_ms && !grant.dead).then(|| Bearer {
            app: grant.app,
            user: grant.user,
            scopes: grant.scopes.clone(),
        })
    }

    fn issue(&mut self, ids: &mut Ids, settings: &Settings, now_ms: i64, grant: usize) -> Tokens {
        let scopes = self.all[grant].scopes.clone();
        let token = |expires_ms| Token {
            grant,
            expires_ms,
            spent: false,
        };
        let access = format!("sbx-access-{}", ids.word(60));
        self.access.insert(
            access.clone(),
            token(now_ms + settings.access_token_lifetime),
        );
        let refresh = scopes
            .iter()
            .any(|scope| scope == "offline.access")
            .then(|| {
                let refresh = format!("sbx-refresh-{}", ids.word(60));
                self.refresh.insert(
                    refresh.clone(),
                    token(now_ms + settings.refresh_token_lifetime),
                );
                refresh
            });
        Tokens {
            access,
            refresh,
            scopes,
            expires_in_s: settings.access_token_lifetime / 1000,
        }
    }
}
