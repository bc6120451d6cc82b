//! A strict stand-in for X: its consent pages, its token endpoints and the part of API v2 that Godwit uses.
//!
//! What it promises:
//! - The bodies, texts and headers are X's own, from its documentation and from reports of its users; what X refuses is
//!   refused here (unknown fields, unknown parameters, spent refresh tokens, codes older than 30 s, duplicate content,
//!   segments that do not add up, ...). Where X's behaviour is not known, the stricter reading was taken and the
//!   module or the function says so.
//! - [`X`] is pure: time comes in as a parameter and every id and token from a seed, so the same calls give the same
//!   answers. A simulation drives it with a virtual clock; [`Sandbox`] puts it behind a real socket.
//! - Everything that can go wrong on the way can be scripted ([`Fault`]), above all the outcomes that a client cannot
//!   tell apart: lost before the effect, and lost after it.
//! - Every request of API v2 is checked against X's OpenAPI document, before anything else looks into it.
//! - It counts what it received, so that a test can say "exactly one".
//! - Of uploaded media it keeps lengths and hashes, never the bytes.
//! - It knows all the ways to sign: OAuth 2.0 for users and for apps alone, OAuth 1.0a to the letter, and the exchange
//!   of one for the other; and several apps, to each its own.
//! - Requests cost what X takes for them; credits run out, and caps hold, where the settings say so.
//!
//! What it does not do: look into pictures and videos beyond their first bytes, bookmark folders, follows, lists, messages and webhooks.
//!
//! | file | holds |
//! |---|---|
//! | `x.rs`, `routes.rs` | [`X`]: the state, and what every request goes through |
//! | `call.rs` | a request, read once: route, query, form, JSON |
//! | `answer.rs`, `refusals.rs` | answers; X's refusals by name |
//! | `settings.rs`, `ids.rs`, `instants.rs`, `people.rs`, `ledger.rs` | what X is made of |
//! | `consent.rs`, `grants.rs`, `oauth.rs` | authorization: the page, the grants, the token endpoints |
//! | `oauth1.rs`, `signature.rs`, `sha1.rs`, `apponly.rs`, `apps.rs` | OAuth 1.0a, app-only tokens, the apps |
//! | `spec.rs`, `spec/openapi.json`, `schema.rs` | the document, and the check of requests by it |
//! | `draft.rs`, `create.rs`, `attach.rs`, `edits.rs`, `publish.rs`, `text.rs` | creating a post |
//! | `upload.rs`, `media.rs`, `sniff.rs`, `multipart.rs` | uploading media |
//! | `read.rs`, `users.rs`, `trends.rs`, `fields.rs`, `render.rs`, `includes.rs` | reading posts, users, trends |
//! | `engage.rs`, `measure.rs` | likes, reposts, bookmarks; metrics and analytics |
//! | `admission.rs`, `gates.rs`, `limits.rs`, `windows.rs` | who is let in: tokens, scopes, rate limits |
//! | `money.rs`, `usage.rs` | prices, credits, caps, and what X tells of them |
//! | `faults.rs`, `record.rs`, `control.rs` | scripted faults, counts and log, control surface |
//! | `pages.rs` | pages for people |
//! | `server.rs`, `socket.rs`, `main.rs` | the socket and the program |
//! | `youtube/` | the stand-in for YouTube and its hub |
#![allow(
    dead_code,
    reason = "each target that includes the sandbox uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test support: a panic here is a failed test, never a failed service"
)]

pub mod admission;
pub mod answer;
pub mod apponly;
pub mod apps;
pub mod attach;
pub mod call;
pub mod consent;
pub mod control;
pub mod create;
pub mod draft;
pub mod edits;
pub mod engage;
pub mod faults;
pub mod fields;
pub mod gates;
pub mod grants;
pub mod ids;
pub mod includes;
pub mod instants;
pub mod ledger;
pub mod limits;
pub mod measure;
pub mod media;
pub mod money;
pub mod multipart;
pub mod oauth;
pub mod oauth1;
pub mod pages;
pub mod people;
pub mod publish;
pub mod read;
pub mod record;
pub mod refusals;
pub mod render;
pub mod routes;
pub mod schema;
pub mod server;
pub mod settings;
pub mod sha1;
pub mod signature;
pub mod sniff;
pub mod socket;
pub mod spec;
pub mod text;
pub mod trends;
pub mod upload;
pub mod usage;
pub mod users;
pub mod windows;
pub mod x;
pub mod youtube;

#[allow(
    unused_imports,
    reason = "each target that includes the sandbox uses a part of it"
)]
pub use {
    answer::Reply,
    faults::{Effect, Fault, On},
    refusals::Refusal,
    server::Sandbox,
    settings::{Names, Plan, Settings},
    x::X,
    youtube::{Tube, YouTube},
};
