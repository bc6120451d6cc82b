//! The routes of identity.

use super::keys::{self, Wanted};
use super::model::Scope;
use super::sign_in::{self, Registration};
use super::views::{ApiKey, Me, NewApiKey, SignedIn};
use super::workspaces::{self, Change, WorkspaceSettings};
use super::{authenticate, me};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use crate::http::{Access, Call, Page, Parameter, Reply, Route, page};
use crate::ids::{ApiKeyId, WorkspaceId};
use crate::time::Timestamp;
use http::Method;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;

/// Where Cloudflare says who called (<https://developers.cloudflare.com/fundamentals/reference/http-headers/>); a
/// client cannot set it there. Elsewhere it may be absent, and then only identities are limited.
const ADDRESS_HEADER: &str = "cf-connecting-ip";

const MANAGE_KEYS: Access = Access::PersonScoped(Scope::Admin);

/// The routes of this part.
#[must_use]
pub fn routes() -> Vec<Route> {
    const PAGE: &[Parameter] = &[
        Parameter {
            name: "limit",
            meaning: "How many, 1 to 100; 50 unless given",
        },
        Parameter {
            name: "cursor",
            meaning: "The next_cursor of the page before",
        },
    ];
    vec![
        Route::new(
            Method::POST,
            "/auth/register",
            "Register, with a personal workspace",
            Access::Public,
            handler!(register),
        )
        .idempotent()
        .takes::<RegisterBody>()
        .gives::<SignedIn>(201, "Registered and signed in")
        .refuses(403, "Strangers may not register here: `signup_closed`")
        .refuses(409, "There is a user with this email: `email_taken`"),
        Route::new(
            Method::POST,
            "/auth/login",
            "Sign in",
            Access::Public,
            handler!(login),
        )
        .takes::<LoginBody>()
        .gives::<SignedIn>(200, "Signed in"),
        Route::new(
            Method::POST,
            "/auth/logout",
            "End this session",
            Access::OwnToken,
            handler!(logout),
        )
        .gives_nothing(204, "The session is ended, now or before"),
        Route::new(
            Method::GET,
            "/me",
            "Who calls, and which workspaces they reach",
            Access::SignedIn,
            handler!(who_am_i),
        )
        .gives::<Me>(200, "The caller"),
        Route::new(
            Method::GET,
            "/workspaces/{id}",
            "The workspace of the request, with its settings",
            Access::SignedIn,
            handler!(get_workspace),
        )
        .gives::<WorkspaceSettings>(200, "The workspace"),
        Route::new(
            Method::PATCH,
            "/workspaces/{id}",
            "Change the workspace's name and policy",
            Access::Scoped(Scope::Admin),
            handler!(change_workspace),
        )
        .takes::<Change>()
        .gives::<WorkspaceSettings>(200, "The workspace, as it is from now on"),
        Route::new(
            Method::GET,
            "/api-keys",
            "The workspace's API keys, newest first",
            MANAGE_KEYS,
            handler!(list_keys),
        )
        .with_query(PAGE)
        .gives::<Page<ApiKey>>(200, "One page"),
        Route::new(
            Method::POST,
            "/api-keys",
            "Make an API key; it is shown once",
            MANAGE_KEYS,
            handler!(create_key),
        )
        .idempotent()
        .takes::<KeyBody>()
        .gives::<NewApiKey>(201, "The key, shown to nobody else and by no other request")
        .refuses(409, "The workspace has too many: `too_many_keys`"),
        Route::new(
            Method::DELETE,
            "/api-keys/{id}",
            "Revoke an API key",
            MANAGE_KEYS,
            handler!(revoke_key),
        )
        .gives_nothing(204, "The key is revoked, now or before"),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    /// The person's address; case does not matter.
    email: String,
    /// At least 10 characters, at most 1,024 bytes.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    password: SecretString,
    /// What to call the person, 1 to 100 characters.
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LoginBody {
    /// The address that was registered.
    email: String,
    /// The password.
    #[serde(deserialize_with = "secret")]
    #[schemars(with = "String")]
    password: SecretString,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    /// What to call the key, 1 to 100 characters.
    name: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// When it ends; it does not unless given.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

// serde's own message for a wrong type repeats the value.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(SecretString::from(text)),
        _ => Err(D::Error::custom("not a string")),
    }
}

fn address(call: &Call) -> Option<IpAddr> {
    call.header(ADDRESS_HEADER)?.trim().parse().ok()
}

async fn register(app: App, call: Call) -> Result<Reply, Error> {
    let body: RegisterBody = call.json()?;
    let who = Registration {
        email: body.email,
        password: body.password,
        name: body.name,
    };
    sign_in::register(&app, who, address(&call), &call.once).await
}

async fn login(app: App, call: Call) -> Result<Reply, Error> {
    let body: LoginBody = call.json()?;
    Reply::ok(&sign_in::sign_in(&app, &body.email, &body.password, address(&call)).await?)
}

async fn logout(app: App, call: Call) -> Result<Reply, Error> {
    let session = authenticate::shown_session(&app, &call.headers)?;
    sign_in::sign_out(&app, &session).await?;
    Ok(Reply::no_content())
}

async fn who_am_i(app: App, call: Call) -> Result<Reply, Error> {
    Reply::ok(&me::me(&app, call.caller()?).await?)
}

async fn get_workspace(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("workspace", WorkspaceId::parse)?;
    Reply::ok(&workspaces::get(&app, call.caller()?, &id).await?)
}

async fn change_workspace(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("workspace", WorkspaceId::parse)?;
    Reply::ok(&workspaces::change(&app, call.caller()?, &id, &call.json()?).await?)
}

async fn list_keys(app: App, call: Call) -> Result<Reply, Error> {
    let query: KeysQuery = call.query()?;
    let limit = page::limit(query.limit)?;
    let before = page::cursor(query.cursor.as_deref(), ApiKeyId::parse)?;
    let keys = keys::list(&app, call.caller()?, before.as_ref(), limit + 1).await?;
    Page::of(keys, limit, |key| key.id.to_string()).reply(&call)
}

async fn create_key(app: App, call: Call) -> Result<Reply, Error> {
    let body: KeyBody = call.json()?;
    let wanted = Wanted {
        name: body.name,
        scopes: body.scopes,
        expires_at: body.expires_at,
    };
    keys::create(&app, call.caller()?, wanted, &call.once).await
}

async fn revoke_key(app: App, call: Call) -> Result<Reply, Error> {
    let id = call.id("API key", ApiKeyId::parse)?;
    keys::revoke(&app, call.caller()?, &id).await?;
    Ok(Reply::no_content())
}
