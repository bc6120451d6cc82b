//! Registering, signing in, keys, trusted issuers, tenancy.

mod issuers;
mod keys;
mod sessions;
mod sign_in;
mod workspaces;

use crate::support::{Answer, World};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

async fn register(world: &World, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    world
        .request("POST", "/auth/register", None, Some(body))
        .await
}

async fn login(world: &World, email: &str, password: &str) -> Answer {
    login_from(world, email, password, None).await
}

async fn login_from(world: &World, email: &str, password: &str, address: Option<&str>) -> Answer {
    let headers: Vec<_> = address
        .map(|address| ("cf-connecting-ip", address))
        .into_iter()
        .collect();
    let body = json!({ "email": email, "password": password });
    world
        .request_with("POST", "/auth/login", None, &headers, Some(body))
        .await
}

async fn me(world: &World, token: &str) -> Answer {
    world.request("GET", "/me", Some(token), None).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
