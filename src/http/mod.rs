//! The HTTP surface: one table of routes, one way in.
//!
//! [`serve`] reads a request, finds its route, looks up the caller, runs the operation and renders the answer or the
//! problem. Tenancy is enforced here once: an operation learns its workspace from [`Call::caller`] and from nowhere
//! else. Handlers are thin: extract, call one operation, render.

pub mod call;
mod cors;
mod given;
pub mod health;
pub mod idempotency;
pub mod if_match;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod route;
mod router;

pub use call::{Call, Reply};
pub use given::Given;
pub use idempotency::Idempotency;
pub use page::Page;
pub use route::{Access, Parameter, Route};
pub use router::{routes, serve};
