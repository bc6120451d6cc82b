//! The gates: the only door to a platform's create call.
//!
//! One gate per connected X user (`AccountGate`). It keeps the journal of every part it was asked to send (`journal`,
//! `attribution`), counts calls in
//! sliding windows (`windows`) and is the only place where the account's tokens are opened and refreshed (`tokens`,
//! `rotation`, `exchange`, `revoke`, `debts`). What a platform counts per app is kept by one gate per X app (`AppGate`), on
//! which the accounts' gates draw (`draws`). The logic is here, over a small storage port; the Durable Object around it is in `edge/`.

mod account;
mod adopt;
mod appgate;
mod apps;
mod attribution;
mod debts;
mod draws;
mod exchange;
mod journal;
mod kinds;
mod lend;
mod model;
mod reconcile;
mod refusals;
mod revoke;
mod rotation;
mod send;
mod tokens;
mod turns;
mod windows;

pub use account::{AccountGate, GatePorts};
pub use appgate::{AppGate, Draw, DrawAnswer, Returned, Seen};
pub use kinds::Gate;
pub use model::{
    AdoptAnswer, AdoptPart, Closed, GateName, GateReply, GateRequest, Grant, Lend, LendAnswer,
    Observe, PartKey, ReconcileAnswer, ReconcilePart, RefreshedUntil, SendAnswer, SendPart, Window,
    unexpected,
};
pub use refusals::none as no_tokens;
pub use windows::Bucket;
