//! Cloudflare: the events, and the adapters that implement `ports` on D1, Queues, Durable Objects and fetch.
//!
//! Files here wire; they do not decide. Nothing outside this folder knows the platform.

mod d1;
mod events;
mod fetch;
mod gates;
mod host;
mod queues;
mod r2;
mod rows;
mod stream;
mod wiring;
