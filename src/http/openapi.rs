//! The OpenAPI document. `openapi.json` is its committed copy, and a test holds it to the routes.

#[cfg(not(target_arch = "wasm32"))]
mod answers;
#[cfg(not(target_arch = "wasm32"))]
mod document;
#[cfg(not(target_arch = "wasm32"))]
mod schemas;

#[cfg(not(target_arch = "wasm32"))]
pub use document::document;

use super::{Access, Call, Reply, Route};
use crate::app::App;
use crate::error::Error;
use crate::handler;
use http::{Method, StatusCode};

/// The route of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/openapi.json",
            "This document",
            Access::Public,
            handler!(serve),
        )
        .gives_other(200, "The OpenAPI document", "application/json"),
    ]
}

async fn serve(_app: App, _call: Call) -> Result<Reply, Error> {
    Ok(Reply::bytes(
        StatusCode::OK,
        "application/json",
        include_bytes!("../../openapi.json").to_vec(),
    ))
}
