//! What X counts per app: kept by the app's gate, shared by the accounts.

mod crowd;
mod fair;
mod never;
mod posts;
