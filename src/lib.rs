//! Godwit: publishing to X from the edge. What it accepts is never lost and never sent twice.

pub mod accounts; // connecting, tokens, profile, unlinking
pub mod app; // what every operation is given
pub mod apps; // the X apps of workspaces
pub mod budgets; // what calls to X cost
pub mod config; // the environment, typed
pub mod crypto; // sealing, hashes, constant-time comparison
#[cfg(target_arch = "wasm32")]
mod edge; // the only code that knows Cloudflare
pub mod engagement; // likes, reposts, bookmarks
pub mod error; // what went wrong, by what it means to the caller
pub mod gate; // the only door to a platform's create call
pub mod http; // router, problem documents, pagination, OpenAPI
pub mod identity; // users, sign-in, keys, workspaces
pub mod ids; // <kind>_<uuid v7>
pub mod insights; // profiles, metrics, timelines, trends
pub mod jobs; // messages on the queues, the cron table
pub mod media; // pictures and videos
pub mod operations; // what the operator sees and repairs
pub mod platforms; // how to speak to X, and what its answers mean
pub mod ports; // what Godwit needs from the world
pub mod posts; // compose, validate, schedule, cancel, list
pub mod publish; // deliveries: claim, send, settle, reconcile, sweep
pub mod sources; // YouTube channels whose videos become posts
pub mod text; // text as X counts it
pub mod time; // instants
